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
mod keeping;
mod kept;
mod orphans;
mod usage;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use registry_schema::Timestamp;

use crate::{
    blob_store::{BlobStore, MemoryBlobStore},
    cosigned::Cosigned,
    document::{AgencyDocuments, BuildCounters, DocumentRow, EnvelopePosition, LogError, VectorClock},
    envelope::{DocumentId, Envelope, MAX_PARENTS, SignedEnvelope},
    key_log::{EntryBatchOutcome, ForkProof, KeyLog, KeyLogEntry, MAX_CHECKS},
    signed::{Hash, InvalidStatement, PublicKey},
};
use base::CheckpointBase;
pub use base::CheckpointComparison;
pub use beats::HeartbeatOutcome;
use beats::WriterHeartbeats;
use cuts::WriterValidity;
use family::Branch;
pub use keeping::AppendOutcome;
use keeping::BuildFailure;
use kept::{KeptEnvelope, sum};
use orphans::OrphanPool;
pub use usage::{LogUsage, MAX_SIBLINGS, Quota, QuotaLimit};

/// One agency's log.
pub struct AgencyLog {
    key_log: KeyLog,
    /// The store of the bytes of the kept envelopes.
    blobs: Arc<dyn BlobStore>,
    kept: HashMap<Hash, KeptEnvelope>,
    /// The kept envelopes, each after its parents.
    order: Vec<Hash>,
    /// The kept envelopes that no kept envelope names as a parent.
    heads: BTreeSet<Hash>,
    /// The envelopes of the same writer that name this one as a parent: two are a fork.
    own_children: HashMap<Hash, Vec<Hash>>,
    /// Each writer's envelopes that follow none of its own: two are a fork as well.
    beginnings: HashMap<PublicKey, Vec<Hash>>,
    branches: Vec<Branch>,
    documents: AgencyDocuments,
    cuts: WriterValidity,
    beats: BTreeMap<PublicKey, WriterHeartbeats>,
    /// The envelopes of one writer with one number, where its lines part; sorted.
    forks: BTreeMap<(PublicKey, u32), Vec<Hash>>,
    /// Grants that do not count while a fork of their writer is open.
    waiting: BTreeSet<(DocumentId, String)>,
    /// Kept envelopes of which a value is missing that no tombstone explains.
    gaps: BTreeSet<Hash>,
    /// The checkpoint that stands in for the history, while it is not here.
    base: Option<CheckpointBase>,
    /// Revocations and suspensions from after that checkpoint, by their envelopes, which are not kept yet.
    above: BTreeMap<Hash, Vec<DocumentRow>>,
    /// The number of bytes of the envelopes that those are from.
    above_bytes: usize,
    /// Envelopes that were kept once and wait for parents that are not here any more.
    orphans: OrphanPool,
    /// The slots that were expunged when this many envelopes were kept.
    expunged: Option<(usize, BTreeSet<(DocumentId, u32)>)>,
    /// The slots that a tombstone hides: a value that is missing there is explained.
    explained: BTreeSet<(DocumentId, u32)>,
    /// Documents that are to be built again when the lot is over.
    stale: BTreeSet<DocumentId>,
    /// True if the missing values are to be looked at when the lot is over.
    gaps_due: bool,
    /// True if the grants that wait are to be found when the lot is over.
    waiting_due: bool,
    /// Parents of envelopes that join several histories and wait for them.
    joined: BTreeSet<Hash>,
    /// The slots at which any kept envelope puts a tombstone, void or not.
    buried: BTreeSet<(DocumentId, u32)>,
    usage: LogUsage,
    work: BuildCounters,
    failure: Option<BuildFailure>,
    /// True if nothing of it is called fresh: it is in quarantine.
    held_back: bool,
}

impl AgencyLog {
    /// A log with nothing in it, all of which will be in memory.
    #[must_use]
    pub fn new(key_log: KeyLog) -> Self {
        Self::within(key_log, Arc::new(MemoryBlobStore::default()))
    }

    /// A log with nothing in it, whose envelopes' bytes will be in this blob store.
    #[must_use]
    pub fn within(key_log: KeyLog, blobs: Arc<dyn BlobStore>) -> Self {
        Self {
            blobs,
            cuts: WriterValidity::of(&key_log, |_| None),
            key_log,
            kept: HashMap::new(),
            order: Vec::new(),
            heads: BTreeSet::new(),
            own_children: HashMap::new(),
            beginnings: HashMap::new(),
            branches: Vec::new(),
            documents: AgencyDocuments::default(),
            beats: BTreeMap::new(),
            forks: BTreeMap::new(),
            waiting: BTreeSet::new(),
            gaps: BTreeSet::new(),
            base: None,
            above: BTreeMap::new(),
            above_bytes: 0,
            orphans: OrphanPool::default(),
            expunged: None,
            explained: BTreeSet::new(),
            stale: BTreeSet::new(),
            gaps_due: false,
            waiting_due: false,
            joined: BTreeSet::new(),
            buried: BTreeSet::new(),
            usage: LogUsage::default(),
            work: BuildCounters::default(),
            failure: None,
            held_back: false,
        }
    }

    /// The agency's key log, which says who the agency is.
    #[must_use]
    pub const fn key_log(&self) -> &KeyLog {
        &self.key_log
    }

    /// The number of kept envelopes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns true if no envelope is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns true if this envelope is kept.
    #[must_use]
    pub fn holds(&self, hash: &Hash) -> bool {
        self.kept.contains_key(hash)
    }

    /// Returns true if an envelope of this name is kept whole: another copy brings nothing, whatever its signature.
    pub(crate) fn needs_nothing_of(&self, signed: &SignedEnvelope) -> bool {
        let name = signed.name();
        self.kept.contains_key(&name) && !self.gaps.contains(&name)
    }

    /// The number of a writer's kept envelopes that are neither these nor before one of them.
    #[must_use]
    pub fn count_beyond(&self, writer: &PublicKey, last: &[Hash]) -> usize {
        let last: Vec<&EnvelopePosition> = last
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

    /// The work that building the documents took, since this log began.
    #[must_use]
    pub const fn work(&self) -> BuildCounters {
        BuildCounters {
            puts: self.documents.puts(),
            ..self.work
        }
    }

    /// All rows.
    ///
    /// # Errors
    /// [`LogError::Scratch`], if an envelope is not where it was put.
    pub fn rows(&self) -> Result<Vec<DocumentRow>, LogError> {
        let built = self
            .failure
            .is_none()
            .then(|| self.documents.rows(self.key_log.genesis()));
        match built {
            Some(Ok(rows)) => Ok(rows),
            Some(Err(LogError::Scratch(lost))) => Err(lost.into()),
            Some(Err(LogError::Document(_))) | None => self.fold_without_automerge(),
        }
    }

    /// Grants that do not count: a fork of their writer is open, and nobody has joined it.
    #[must_use]
    pub const fn waiting(&self) -> &BTreeSet<(DocumentId, String)> {
        &self.waiting
    }

    /// Returns true if all grants wait: the key log has two histories.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.key_log.disputed().is_some()
    }

    /// Adds entries to the key log, up to [`MAX_CHECKS`] signatures; gives the rows that altered, for what a key may do can
    /// have changed, and what came of the entries. The documents are built again once, however many entries came.
    ///
    /// # Errors
    /// [`LogError`], if a document cannot be built again.
    pub fn add_entries(
        &mut self,
        entries: Vec<Cosigned<KeyLogEntry>>,
    ) -> Result<(Vec<DocumentRow>, EntryBatchOutcome), LogError> {
        let lot = self.key_log.add_some(entries, MAX_CHECKS);
        if lot.any {
            self.take_key_log();
        }
        Ok((self.settle()?, lot))
    }

    /// The rows that would stand after an act of the root.
    ///
    /// # Errors
    /// [`LogError`], if a document cannot be built.
    pub fn rows_after(&self, key_log: KeyLog) -> Result<Vec<DocumentRow>, LogError> {
        self.under(key_log)?.rows()
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

    /// The number of kept envelopes neither among these nor before one of them; all of them, if none of these is here.
    #[must_use]
    pub fn beyond(&self, heads: &[Hash]) -> usize {
        let mut reach = VectorClock::new();
        for kept in heads.iter().filter_map(|hash| self.kept.get(hash)) {
            family::extend(&mut reach, &kept.place);
        }
        let before: usize = reach.values().map(|last| *last as usize + 1).sum();
        self.order.len().saturating_sub(before)
    }

    /// The pairs of envelopes of one writer with one number that prove its forks, whatever came first: where its lines part,
    /// the one with the smallest name with each other. In the order of writers and numbers.
    pub fn forks(&self) -> impl Iterator<Item = (Hash, Hash)> {
        let pairs = |apart: &[Hash]| {
            let (first, others) = apart.split_first()?;
            Some(others.iter().map(|other| (*first, *other)).collect::<Vec<_>>())
        };
        self.forks.values().filter_map(move |apart| pairs(apart)).flatten()
    }

    /// The number of such pairs.
    #[must_use]
    pub fn count_forks(&self) -> usize {
        self.forks.values().map(|apart| apart.len().saturating_sub(1)).sum()
    }

    /// The proof that two kept envelopes are a fork; none, if one of them is not kept.
    #[must_use]
    pub fn fork_proof(&self, pair: &(Hash, Hash)) -> Option<ForkProof> {
        let mut pair = [&pair.0, &pair.1];
        pair.sort_unstable();
        let envelopes = pair.into_iter().map(|hash| self.envelope(hash).ok()?);
        let envelopes: Vec<Envelope> = envelopes.collect::<Option<_>>()?;
        let named: Vec<Hash> = envelopes.iter().map(|envelope| envelope.header().key_log).collect();
        Some(ForkProof {
            key_log: self.key_log.path_to(&named),
            headers: envelopes.iter().map(Envelope::signed_header).collect(),
        })
    }

    /// The proofs that this log's writers have two histories.
    #[must_use]
    pub fn fork_proofs(&self) -> Vec<ForkProof> {
        self.forks().filter_map(|pair| self.fork_proof(&pair)).collect()
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
