//! The log of one agency, as this node holds it: key log, kept envelopes, heartbeats, and the documents that
//! follow from them.
//!
//! What is *kept* follows from an envelope's bytes and ancestors alone, so all honest nodes keep the same. What
//! *counts* is a pure function of the kept envelopes and the key log ([`cuts`]): a key that ended, or got another scope,
//! makes the documents be built again.

mod base;
mod beats;
mod cuts;
mod expunging;
mod family;
mod fold;
mod kept;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use registry_schema::Timestamp;

use crate::{
    attic::{Attic, Memory},
    cosigned::Cosigned,
    document::{Broken, Clock, Documents, Place, Row},
    envelope::{DocumentId, Envelope, MAX_PARENTS, SignedEnvelope},
    key_log::{AddedLot, ForkProof, KeyLog, KeyLogEntry, MAX_CHECKS},
    mutant::mutant,
    signed::{Hash, PublicKey, Refused},
};
use base::Base;
pub use base::Compared;
use beats::Beats;
pub use beats::Heard;
use cuts::Cuts;
use family::Branch;
use kept::{Kept, sum};

/// One agency's log.
pub struct AgencyLog {
    key_log: KeyLog,
    /// Where the bytes of the kept envelopes lie.
    attic: Arc<dyn Attic>,
    kept: HashMap<Hash, Kept>,
    /// The kept envelopes, each after its parents.
    order: Vec<Hash>,
    /// The kept envelopes that no kept envelope names as a parent.
    heads: BTreeSet<Hash>,
    /// Which envelopes of the same writer name this one as a parent: two are a fork.
    own_children: HashMap<Hash, Vec<Hash>>,
    /// Each writer's envelopes that follow none of its own: two are a fork as well.
    beginnings: HashMap<PublicKey, Vec<Hash>>,
    branches: Vec<Branch>,
    documents: Documents,
    cuts: Cuts,
    beats: BTreeMap<PublicKey, Beats>,
    /// Pairs of envelopes of one writer with one number, as they were found.
    forks: Vec<(Hash, Hash)>,
    /// Grants that do not count while a fork of their writer is open.
    waiting: BTreeSet<(DocumentId, String)>,
    /// Kept envelopes of which a value is missing that no tombstone explains.
    gaps: BTreeSet<Hash>,
    /// The checkpoint that stands in for the history, while it is not here.
    base: Option<Base>,
    /// Revocations and suspensions from after that checkpoint, by their envelopes, which are not kept yet.
    above: BTreeMap<Hash, Vec<Row>>,
    /// Which slots were expunged when this many envelopes were kept.
    expunged: Option<(usize, BTreeSet<(DocumentId, u32)>)>,
}

/// What came of an envelope.
#[derive(Debug)]
pub enum Keeping {
    /// It is kept, and altered these rows.
    Kept {
        /// The rows, as they are now; one without values is gone.
        rows: Vec<Row>,
        /// Two envelopes of one writer with one number, found by this one.
        fork: Option<(Hash, Hash)>,
        /// What the history said of the checkpoint that stood in for it, once it reaches it.
        compared: Option<Compared>,
        /// Whether the answers are to be made anew: what counted before its time is kept now.
        renewed: bool,
    },
    /// It was kept before.
    Known,
    /// It was kept before, with values missing that are here now; these rows altered.
    Filled(Vec<Row>),
    /// These parents are not kept yet.
    Missing(Vec<Hash>),
    /// It can never be kept.
    Refused(Refused),
}

impl AgencyLog {
    /// A log with nothing in it, all of which will be in memory.
    #[must_use]
    pub fn new(key_log: KeyLog) -> Self {
        Self::within(key_log, Arc::new(Memory::default()))
    }

    /// A log with nothing in it, whose envelopes' bytes will be in this attic.
    #[must_use]
    pub fn within(key_log: KeyLog, attic: Arc<dyn Attic>) -> Self {
        Self {
            attic,
            cuts: Cuts::of(&key_log, |_| None),
            key_log,
            kept: HashMap::new(),
            order: Vec::new(),
            heads: BTreeSet::new(),
            own_children: HashMap::new(),
            beginnings: HashMap::new(),
            branches: Vec::new(),
            documents: Documents::default(),
            beats: BTreeMap::new(),
            forks: Vec::new(),
            waiting: BTreeSet::new(),
            gaps: BTreeSet::new(),
            base: None,
            above: BTreeMap::new(),
            expunged: None,
        }
    }

    /// Who the agency is.
    #[must_use]
    pub const fn key_log(&self) -> &KeyLog {
        &self.key_log
    }

    /// How many envelopes are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether this envelope is kept.
    #[must_use]
    pub fn holds(&self, hash: &Hash) -> bool {
        self.kept.contains_key(hash)
    }

    /// Whether an envelope of this name is kept whole: another copy brings nothing, whatever its signature.
    pub(crate) fn needs_nothing_of(&self, signed: &SignedEnvelope) -> bool {
        let known = self.kept.get(&signed.name());
        known.is_some_and(|known| !known.has_gaps)
    }

    /// How many envelopes of a writer are kept that are neither these nor before one of them.
    #[must_use]
    pub fn count_beyond(&self, writer: &PublicKey, last: &[Hash]) -> usize {
        let last: Vec<&Place> = last
            .iter()
            .filter_map(|hash| self.kept.get(hash))
            .map(|kept| &kept.place)
            .collect();
        let own = self.kept.values().filter(|kept| kept.writer == *writer);
        own.filter(|kept| !last.iter().any(|place| place.covers(&kept.place)))
            .count()
    }

    /// The newest envelopes, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<Hash> {
        self.heads.iter().copied().collect()
    }

    /// Each document's automerge heads.
    #[must_use]
    pub fn document_heads(&self) -> BTreeMap<DocumentId, Vec<Hash>> {
        self.documents.heads()
    }

    /// All rows.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, Broken> {
        self.documents.rows(self.key_log.genesis())
    }

    /// Grants that do not count: a fork of their writer is open, and nobody has joined it.
    #[must_use]
    pub const fn waiting(&self) -> &BTreeSet<(DocumentId, String)> {
        &self.waiting
    }

    /// Whether all grants wait: the key log has two histories.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.key_log.disputed().is_some()
    }

    /// Adds entries to the key log, up to [`MAX_CHECKS`] signatures; gives the rows that altered, for what a key may do can
    /// have changed, and what came of the entries. The documents are built again once, however many entries came.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be built again.
    pub fn add_entries(&mut self, entries: Vec<Cosigned<KeyLogEntry>>) -> Result<(Vec<Row>, AddedLot), Broken> {
        let lot = self.key_log.add_some(entries, MAX_CHECKS);
        let rows = if lot.any { self.rebuild()? } else { vec![] };
        Ok((rows, lot))
    }

    /// The rows that would stand after an act of the root.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be built.
    pub fn rows_after(&self, key_log: KeyLog) -> Result<Vec<Row>, Broken> {
        let mut supposed = Self::new(key_log);
        for envelope in self.envelopes() {
            supposed.keep(envelope?)?;
        }
        supposed.rows()
    }

    /// A writer's newest envelopes: those that no other of its envelopes descends from. Sorted, at most 16.
    #[must_use]
    pub fn last_of(&self, writer: &PublicKey) -> Vec<Hash> {
        let mut last: Vec<Hash> = self.tips_of(writer, |_| true).into_iter().take(MAX_PARENTS).collect();
        last.sort_unstable();
        last
    }

    /// The newest of a writer's envelopes that it dated before a moment.
    #[must_use]
    pub fn last_of_before(&self, writer: &PublicKey, before: Timestamp) -> Vec<Hash> {
        let mut last: Vec<Hash> = self
            .tips_of(writer, |time| time < before)
            .into_iter()
            .take(MAX_PARENTS)
            .collect();
        last.sort_unstable();
        last
    }

    /// Keeps a verified envelope, once its parents are kept, and builds the documents on.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be built: the log must then be built again from the store.
    pub fn keep(&mut self, envelope: Envelope) -> Result<Keeping, Broken> {
        let hash = envelope.hash();
        if let Some(known) = self.kept.get(&hash) {
            if !known.has_gaps {
                return Ok(Keeping::Known);
            }
            let mut filled = self.fetch(known)?;
            if !filled.fill(&envelope) {
                return Ok(Keeping::Known);
            }
            self.replace(&filled)?;
            // What was expunged may be back.
            self.expunged = None;
            return Ok(Keeping::Filled(self.rebuild()?));
        }
        let parents = &envelope.header().parents;
        let missing: Vec<Hash> = parents.iter().filter(|p| !self.holds(p)).copied().collect();
        if !missing.is_empty() {
            return Ok(Keeping::Missing(missing));
        }
        if self.next_sequence(&envelope.header().writer, parents) != envelope.header().sequence {
            return Ok(Keeping::Refused(Refused::Rule(
                "an envelope's number counts its writer's own envelopes before it",
            )));
        }
        let bytes = envelope.packed();
        let spot = self.attic.put(&bytes)?;
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.order.push(hash);

        let renames = self.note_family(hash, &envelope);
        let place = self.place(hash, &envelope);
        let twin = self.twin(&envelope, hash);
        let fork = twin
            .filter(|_| renames && !mutant!(ForksGoUnnoted))
            .map(|twin| (twin, hash));
        self.forks.extend(fork);
        let closes_a_cut = self.cuts.missing().contains(&hash);
        let has_gaps = envelope.gaps().next().is_some();
        let kept = Kept {
            place: place.clone(),
            index: self.order.len() - 1,
            writer: envelope.header().writer,
            time: envelope.header().time,
            spot,
            sum: sum(&bytes),
            has_gaps,
            grants: envelope.grants(),
        };
        self.kept.insert(hash, kept);
        let rows = if renames || closes_a_cut || has_gaps {
            // A fork renames the branches behind it, and a cut takes away what stood: the documents are built again.
            self.rebuild()?
        } else {
            let rows = self.build(&envelope, &place)?;
            self.note_tombstones(&rows)?;
            rows
        };
        self.count_pending();
        self.note_waiting()?;
        let renewed = self.above.remove(&hash).is_some();
        let compared = self.leave_base()?;
        Ok(Keeping::Kept {
            rows,
            fork,
            compared,
            renewed,
        })
    }

    fn build(&mut self, envelope: &Envelope, place: &Place) -> Result<Vec<Row>, Broken> {
        let (cuts, key_log) = (&self.cuts, &self.key_log);
        let writer = envelope.header().writer;
        let may_put = |document: &DocumentId, key: &str| cuts.may_put(key_log, &writer, place, document, key);
        self.documents.build(envelope, place, &may_put)
    }

    /// Builds all documents from the kept envelopes; gives all rows, and without values those that are gone.
    fn rebuild(&mut self) -> Result<Vec<Row>, Broken> {
        let before = self.rows()?;
        self.documents = Documents::default();
        self.branches.clear();
        for hash in self.order.clone() {
            let Some(kept) = self.kept.get(&hash) else { continue };
            let envelope = self.fetch(kept)?;
            let place = self.place(hash, &envelope);
            if let Some(kept) = self.kept.get_mut(&hash) {
                kept.place = place;
            }
        }
        let kept = &self.kept;
        self.cuts = Cuts::of(&self.key_log, |hash| kept.get(hash).map(|kept| kept.place.clone()));
        for hash in self.order.clone() {
            let Some(kept) = self.kept.get(&hash) else { continue };
            let (envelope, place) = (self.fetch(kept)?, kept.place.clone());
            self.build(&envelope, &place)?;
        }
        let mut rows = self.rows()?;
        let now: BTreeSet<(&DocumentId, &str)> = rows.iter().map(|row| (&row.document, row.key.as_str())).collect();
        let is_gone = |row: &Row| !now.contains(&(&row.document, row.key.as_str()));
        let gone: Vec<Row> = before
            .into_iter()
            .filter(is_gone)
            .map(|row| Row { values: vec![], ..row })
            .collect();
        if !mutant!(GoneRowsStay) {
            rows.extend(gone);
        }
        self.note_gaps()?;
        self.note_waiting()?;
        Ok(rows)
    }

    /// How many kept envelopes are neither among these nor before one of them; all of them, if none of these is here.
    #[must_use]
    pub fn beyond(&self, heads: &[Hash]) -> usize {
        let mut reach = Clock::new();
        for kept in heads.iter().filter_map(|hash| self.kept.get(hash)) {
            family::extend(&mut reach, &kept.place.clock);
        }
        let before: usize = reach.values().map(|last| *last as usize + 1).sum();
        self.order.len().saturating_sub(before)
    }

    /// The pairs of envelopes of one writer with one number, as they were found.
    #[must_use]
    pub fn forks(&self) -> &[(Hash, Hash)] {
        &self.forks
    }

    /// The proof that two kept envelopes are a fork; none, if one of them is not kept.
    #[must_use]
    pub fn fork_proof(&self, pair: &(Hash, Hash)) -> Option<ForkProof> {
        let mut pair = [&pair.0, &pair.1];
        pair.sort_unstable();
        let headers = pair
            .into_iter()
            .map(|hash| Some(self.envelope(hash).ok()??.signed_header()));
        Some(ForkProof {
            headers: headers.collect::<Option<_>>()?,
            key_log: self.key_log.signed(),
        })
    }

    /// The proofs that this log's writers have two histories.
    #[must_use]
    pub fn fork_proofs(&self) -> Vec<ForkProof> {
        self.forks.iter().filter_map(|pair| self.fork_proof(pair)).collect()
    }
}

impl std::fmt::Debug for AgencyLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgencyLog")
            .field("genesis", &self.key_log.genesis())
            .field("kept", &self.order.len())
            .finish_non_exhaustive()
    }
}
