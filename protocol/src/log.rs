//! The log of one agency, as this node holds it: key log, kept envelopes, heartbeats, and the documents that
//! follow from them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use registry_schema::Timestamp;

use crate::{
    document::{Broken, Clock, Documents, Place, Row},
    envelope::{DocumentId, Envelope, MAX_PARENTS, SignedEnvelope},
    heartbeat::{Heartbeat, MAX_AHEAD_SECONDS},
    key_log::KeyLog,
    signed::{Hash, PublicKey, Verified},
};

/// One agency's log.
pub struct AgencyLog {
    key_log: KeyLog,
    kept: HashMap<Hash, Kept>,
    /// The kept envelopes, each after its parents.
    order: Vec<Hash>,
    /// The kept envelopes that no kept envelope names as a parent.
    heads: BTreeSet<Hash>,
    /// How many envelopes of the same writer name this one as a parent: two are a fork.
    own_children: HashMap<Hash, Vec<Hash>>,
    /// Each writer's envelopes that follow none of its own: two are a fork as well.
    beginnings: HashMap<PublicKey, Vec<Hash>>,
    branches: Vec<Hash>,
    documents: Documents,
    beats: BTreeMap<PublicKey, Beats>,
}

struct Kept {
    envelope: Envelope,
    place: Place,
}

#[derive(Default)]
struct Beats {
    /// The newest heartbeat of which all heads are kept.
    counted: Option<Verified<Heartbeat>>,
    /// The oldest newer one of which some are not: a laggard that catches up with it gains freshness.
    pending: Option<Verified<Heartbeat>>,
}

/// What came of an envelope.
#[derive(Debug)]
pub enum Keeping {
    /// It is kept, and altered these rows.
    Kept {
        /// The rows, as they are now.
        rows: Vec<Row>,
        /// Two envelopes of one writer that do not know of each other: this one and another.
        fork: Option<(Hash, Hash)>,
    },
    /// It was kept before.
    Known,
    /// These parents are not kept yet.
    Missing(Vec<Hash>),
}

/// What came of a heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// All that it names is kept: the log is as fresh as it says.
    Counted,
    /// These envelopes that it names are not kept yet.
    Missing(Vec<Hash>),
    /// Nothing new.
    Old,
    /// Too far ahead of our clock to be believed yet.
    Ahead,
}

impl AgencyLog {
    /// A log with nothing in it.
    #[must_use]
    pub fn new(key_log: KeyLog) -> Self {
        Self {
            key_log,
            kept: HashMap::new(),
            order: Vec::new(),
            heads: BTreeSet::new(),
            own_children: HashMap::new(),
            beginnings: HashMap::new(),
            branches: Vec::new(),
            documents: Documents::default(),
            beats: BTreeMap::new(),
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

    /// The newest envelopes, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<Hash> {
        self.heads.iter().copied().collect()
    }

    /// The newest envelopes that a writer names as parents and as heads: all of them, or its own and some others while
    /// more branches are open than an envelope can join. Sorted.
    #[must_use]
    pub fn newest_for(&self, writer: &PublicKey) -> Vec<Hash> {
        let is_others = |hash: &Hash| {
            self.kept
                .get(hash)
                .is_none_or(|kept| kept.envelope.header().writer != *writer)
        };
        let mut newest = self.heads();
        newest.sort_by_key(is_others);
        newest.truncate(MAX_PARENTS);
        newest.sort_unstable();
        newest
    }

    /// Each document's automerge heads.
    #[must_use]
    pub fn document_heads(&self) -> BTreeMap<DocumentId, Vec<Hash>> {
        self.documents.heads()
    }

    /// Keeps a verified envelope, once its parents are kept, and builds the documents on.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be built: the log must then be built again from the store.
    pub fn keep(&mut self, envelope: Envelope) -> Result<Keeping, Broken> {
        let hash = envelope.hash();
        if self.holds(&hash) {
            return Ok(Keeping::Known);
        }
        let missing: Vec<Hash> = envelope
            .header()
            .parents
            .iter()
            .filter(|p| !self.holds(p))
            .copied()
            .collect();
        if !missing.is_empty() {
            return Ok(Keeping::Missing(missing));
        }
        for parent in &envelope.header().parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.order.push(hash);

        let fork = self.note_family(hash, &envelope);
        let rows = if fork.is_some() {
            // A fork renames the branches behind it, so the documents are built again.
            let place = self.place(hash, &envelope);
            self.kept.insert(hash, Kept { envelope, place });
            self.rebuild()?
        } else {
            let place = self.place(hash, &envelope);
            let rows = self.documents.build(&envelope, &place)?;
            self.kept.insert(hash, Kept { envelope, place });
            rows
        };
        self.count_pending();
        Ok(Keeping::Kept { rows, fork })
    }

    /// Notes whose child of its own writer an envelope is; gives the sibling that makes it one half of a fork.
    fn note_family(&mut self, hash: Hash, envelope: &Envelope) -> Option<(Hash, Hash)> {
        let own = self.own_parents(envelope);
        if own.is_empty() {
            let beginnings = self.beginnings.entry(envelope.header().writer).or_default();
            beginnings.push(hash);
            return beginnings
                .first()
                .filter(|first| **first != hash)
                .map(|first| (*first, hash));
        }
        let mut sibling = None;
        for parent in own {
            let children = self.own_children.entry(parent).or_default();
            children.push(hash);
            sibling = sibling.or_else(|| children.first().filter(|first| **first != hash).copied());
        }
        sibling.map(|sibling| (sibling, hash))
    }

    fn own_parents(&self, envelope: &Envelope) -> Vec<Hash> {
        let writer = envelope.header().writer;
        let is_own = |parent: &&Hash| {
            self.kept
                .get(parent)
                .is_some_and(|kept| kept.envelope.header().writer == writer)
        };
        envelope.header().parents.iter().filter(is_own).copied().collect()
    }

    /// Finds the place of an envelope whose parents have theirs.
    fn place(&mut self, hash: Hash, envelope: &Envelope) -> Place {
        let own = self.own_parents(envelope);
        let only = match own.as_slice() {
            [parent]
                if self
                    .own_children
                    .get(parent)
                    .is_some_and(|children| children.len() == 1) =>
            {
                self.kept.get(parent).map(|kept| kept.place.clone())
            }
            _ => None,
        };
        let (branch, branch_name, position) = match only {
            Some(before) => (before.branch, before.branch_name, before.position + 1),
            None => {
                let branch = u32::try_from(self.branches.len()).unwrap_or(u32::MAX);
                self.branches.push(hash);
                (branch, hash, 0)
            }
        };
        let mut clock = Clock::new();
        for parent in &envelope.header().parents {
            for (branch, reach) in self.kept.get(parent).iter().flat_map(|kept| kept.place.clock.iter()) {
                let known = clock.entry(*branch).or_insert(*reach);
                *known = (*known).max(*reach);
            }
        }
        clock.insert(branch, position);
        Place {
            branch,
            branch_name,
            position,
            clock: Arc::new(clock),
        }
    }

    /// Builds all documents from the kept envelopes; gives all rows.
    fn rebuild(&mut self) -> Result<Vec<Row>, Broken> {
        self.documents = Documents::default();
        self.branches.clear();
        for hash in self.order.clone() {
            let Some(kept) = self.kept.get(&hash) else { continue };
            let envelope = kept.envelope.clone();
            let place = self.place(hash, &envelope);
            self.documents.build(&envelope, &place)?;
            if let Some(kept) = self.kept.get_mut(&hash) {
                kept.place = place;
            }
        }
        self.documents.rows(self.key_log.genesis())
    }

    /// All rows.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, Broken> {
        self.documents.rows(self.key_log.genesis())
    }

    /// The same rows from the parents alone, without automerge: a put survives while no later one replaced it.
    /// Slow; for tests and for diagnosis.
    #[must_use]
    pub fn fold_without_automerge(&self) -> Vec<Row> {
        let puts: Vec<(&Place, &DocumentId, &str, &[u8])> = self
            .order
            .iter()
            .filter_map(|hash| self.kept.get(hash))
            .flat_map(|kept| kept.envelope.puts().map(move |(d, k, v)| (&kept.place, d, k, v)))
            .filter(|(_, document, key, value)| crate::document::admits(document, key, value))
            .collect();
        let mut standing: Vec<(&Place, &DocumentId, &str, &[u8])> = Vec::new();
        for put in puts {
            let (place, document, key, _) = put;
            let replaced =
                |old: &(&Place, &DocumentId, &str, &[u8])| old.1 == document && old.2 == key && place.covers(old.0);
            let write_once = matches!(document, DocumentId::StatusList(_)) && crate::status_list::is_write_once(key);
            if write_once && standing.iter().any(replaced) {
                continue;
            }
            standing.retain(|old| !replaced(old));
            standing.push(put);
        }
        let mut rows: BTreeMap<(DocumentId, String), BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (_, document, key, value) in standing {
            rows.entry((document.clone(), key.to_owned()))
                .or_default()
                .insert(value.to_vec());
        }
        let agency = self.key_log.genesis();
        rows.into_iter()
            .map(|((document, key), values)| Row {
                agency,
                document,
                key,
                values: values.into_iter().collect(),
            })
            .collect()
    }

    /// Takes in a verified heartbeat.
    pub fn hear(&mut self, heartbeat: Verified<Heartbeat>, now: Timestamp) -> Heard {
        let issued = heartbeat.get().issued;
        if issued > now.plus_seconds(MAX_AHEAD_SECONDS) {
            return Heard::Ahead;
        }
        let missing: Vec<Hash> = heartbeat
            .get()
            .heads
            .iter()
            .filter(|h| !self.holds(h))
            .copied()
            .collect();
        let beats = self.beats.entry(heartbeat.get().writer).or_default();
        if beats
            .counted
            .as_ref()
            .is_some_and(|counted| counted.get().issued >= issued)
        {
            return Heard::Old;
        }
        if missing.is_empty() {
            beats.counted = Some(heartbeat);
            beats.pending.take_if(|pending| pending.get().issued <= issued);
            return Heard::Counted;
        }
        if beats
            .pending
            .as_ref()
            .is_none_or(|pending| issued < pending.get().issued)
        {
            beats.pending = Some(heartbeat);
        }
        Heard::Missing(missing)
    }

    fn count_pending(&mut self) {
        for beats in self.beats.values_mut() {
            let all_kept = |h: &mut Verified<Heartbeat>| h.get().heads.iter().all(|head| self.kept.contains_key(head));
            if let Some(heartbeat) = beats.pending.take_if(all_kept) {
                beats.counted = Some(heartbeat);
            }
        }
    }

    /// The counted heartbeats.
    pub fn counted(&self) -> impl Iterator<Item = &Verified<Heartbeat>> {
        self.beats.values().filter_map(|beats| beats.counted.as_ref())
    }

    /// How many envelopes are known to exist and are not kept.
    #[must_use]
    pub fn missing(&self) -> usize {
        let pending = self.beats.values().filter_map(|beats| beats.pending.as_ref());
        pending
            .flat_map(|h| &h.get().heads)
            .filter(|head| !self.holds(head))
            .count()
    }

    /// How fresh the log is: the oldest counted heartbeat among the writers, `(as of, good until)`. None, if a
    /// writer was never heard.
    #[must_use]
    pub fn freshness(&self) -> Option<(Timestamp, Timestamp)> {
        let mut oldest: Option<(Timestamp, Timestamp)> = None;
        for writer in self.key_log.writers() {
            let counted = self.beats.get(writer)?.counted.as_ref()?.get();
            let this = (counted.issued, counted.good_until());
            oldest = Some(oldest.map_or(this, |(as_of, until)| (as_of.min(this.0), until.min(this.1))));
        }
        oldest
    }

    /// The ancestors of `want` (and `want`) that are neither `have` nor their ancestors, each after its parents, up
    /// to a page; and whether there are more.
    #[must_use]
    pub fn page(&self, want: &[Hash], have: &[Hash], max_bytes: usize) -> (Vec<SignedEnvelope>, bool) {
        let places = |hashes: &[Hash]| -> Vec<Place> {
            hashes
                .iter()
                .filter_map(|hash| self.kept.get(hash))
                .map(|kept| kept.place.clone())
                .collect()
        };
        let (want, have) = (places(want), places(have));
        let mut page = Vec::new();
        let mut bytes = 0;
        for kept in self.order.iter().filter_map(|hash| self.kept.get(hash)) {
            let wanted = want.iter().any(|place| place.covers(&kept.place));
            if !wanted || have.iter().any(|place| place.covers(&kept.place)) {
                continue;
            }
            let signed = kept.envelope.signed();
            bytes += signed.bytes();
            if bytes > max_bytes && !page.is_empty() {
                return (page, true);
            }
            page.push(signed);
        }
        (page, false)
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
