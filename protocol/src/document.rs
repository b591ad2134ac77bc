//! Builds automerge documents from puts. The only file that names automerge.
//!
//! A change's sequence number, dependencies and operations follow from the envelopes' parents, its actor from the first
//! envelope of its branch here. So every node has the same rows, whatever the order of arrival, and no byte of
//! automerge's ever crosses the wire. Nothing that comes later renames what was built: no fork makes a document anew.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    num::NonZeroU64,
    sync::Arc,
};

use automerge::{ActorId, Automerge, Change, ChangeHash, ExpandedChange, ROOT, ReadDoc, ScalarValue, legacy};

use crate::{
    blob_store::BlobStoreError,
    envelope::{DocumentId, Envelope},
    mutant::mutant,
    policy,
    signed::Hash,
    status_list, trust_list,
};

/// The reach of each branch among some envelopes and their ancestors: branch → position.
pub(crate) type VectorClock = BTreeMap<u32, u32>;

/// The place of an envelope among its agency's envelopes, as they came to this node.
#[derive(Clone, Debug)]
pub(crate) struct EnvelopePosition {
    /// Its branch: a line of one writer's envelopes, each the first child of the one before it that came here.
    pub(crate) branch: u32,
    /// The hash of the branch's first envelope.
    pub(crate) branch_name: Hash,
    /// Its place in the branch, from 0.
    pub(crate) position: u32,
    /// Its ancestors in other branches. Shared along a branch for as long as nobody else is named.
    pub(crate) others: Arc<VectorClock>,
}

impl EnvelopePosition {
    /// Returns true if the envelope at `other` is this one or an ancestor of it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.branch == other.branch {
            return self.position >= other.position;
        }
        let reach = self.others.get(&other.branch);
        reach.is_some_and(|reach| *reach >= other.position)
    }

    /// Its ancestors and itself: how far each branch reaches.
    pub(crate) fn reaches(&self) -> impl Iterator<Item = (u32, u32)> {
        let others = self.others.iter().map(|(branch, reach)| (*branch, *reach));
        others.chain([(self.branch, self.position)])
    }
}

/// The surviving values of one key after folding: one, or several that were put without knowing of each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentRow {
    /// The agency whose row it is.
    pub agency: Hash,
    /// The document that the key is in.
    pub document: DocumentId,
    /// The key.
    pub key: String,
    /// The values, sorted.
    pub values: Vec<Vec<u8>>,
}

/// The reason why an agency's log cannot be read or built on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A change that we built ourselves was not accepted. It concerns the one agency whose puts it was built from.
    #[error("a document cannot be built: {0}")]
    Document(String),
    /// The scratch place of this process failed. It concerns all that this process holds.
    #[error(transparent)]
    Scratch(#[from] BlobStoreError),
}

impl From<automerge::AutomergeError> for LogError {
    fn from(error: automerge::AutomergeError) -> Self {
        Self::Document(error.to_string())
    }
}

/// A count of what building documents took, since the log began: figures that are the same on any machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuildCounters {
    /// Puts that were built into documents.
    pub puts: u64,
    /// Documents that were built again from their first change.
    pub rebuilt: u64,
    /// Envelopes that were fetched from where they lie, to build documents again.
    pub fetched: u64,
}

/// A document takes in what is due once that is more than this share of what it has, and more than this: so all its
/// changes together cost what a few passes over it cost.
const DUE_SHARE: usize = 4;
const DUE_AT_LEAST: usize = 8;

/// The documents of one agency. A cache: all of it follows from the kept envelopes.
#[derive(Default)]
pub(crate) struct AgencyDocuments {
    all: BTreeMap<DocumentId, CrdtDocument>,
    /// Puts that were built, ever.
    puts: u64,
}

#[derive(Default)]
struct CrdtDocument {
    automerge: Automerge,
    /// Changes that automerge does not have yet: taking in many at once costs it hardly more than one. Each of their
    /// keys is put once, and automerge has none of them; so both together can be read without taking them in.
    due: Vec<Change>,
    /// The keys and values of the changes that are due.
    due_values: BTreeMap<String, Vec<u8>>,
    /// The number of operations that automerge has.
    operations: usize,
    /// The number of changes that each branch has here.
    changes: HashMap<u32, u64>,
    /// The changes of each branch, in the order of their positions.
    touches: HashMap<u32, Vec<AppliedChange>>,
}

#[derive(Clone)]
struct AppliedChange {
    place: EnvelopePosition,
    change: ChangeHash,
    last_op: u64,
}

impl AgencyDocuments {
    /// Builds one envelope's changes, once its ancestors' are built, in those documents that `concerns` names. Gives the
    /// rows that it altered.
    pub(crate) fn build(
        &mut self,
        envelope: &Envelope,
        place: &EnvelopePosition,
        concerns: &dyn Fn(&DocumentId) -> bool,
        may_put: &dyn Fn(&DocumentId, &str, &[u8]) -> bool,
    ) -> Result<Vec<DocumentRow>, LogError> {
        let mut by_document: BTreeMap<&DocumentId, Vec<(&str, &[u8])>> = BTreeMap::new();
        let counts = |(d, k, v): &(&DocumentId, &str, &[u8])| concerns(d) && admits(d, k, v) && may_put(d, k, v);
        for (document, key, value) in envelope.puts().filter(counts) {
            by_document.entry(document).or_default().push((key, value));
        }
        let agency = envelope.header().agency;
        let mut rows = Vec::new();
        for (id, puts) in by_document {
            self.puts += puts.len() as u64;
            if mutant!(DocumentsBreak) && puts.iter().any(|(key, _)| *key == "r/11") {
                return Err(LogError::Document("a fault that a test switched on".into()));
            }
            let document = self.all.entry(id.clone()).or_default();
            let mut keys = document.build(id, &puts, place)?;
            // A tombstone alters what stands at the keys that it hides.
            let hidden: Vec<String> = keys.iter().flat_map(|key| document.hidden_by(id, key)).collect();
            keys.extend(hidden);
            for key in keys {
                let values = document.values(id, &key)?;
                rows.push(DocumentRow {
                    agency,
                    document: id.clone(),
                    key,
                    values,
                });
            }
        }
        Ok(rows)
    }

    /// All rows of all documents.
    pub(crate) fn rows(&self, agency: Hash) -> Result<Vec<DocumentRow>, LogError> {
        self.rows_of(agency, |_| true)
    }

    /// All rows of some documents.
    pub(crate) fn rows_of(
        &self,
        agency: Hash,
        which: impl Fn(&DocumentId) -> bool,
    ) -> Result<Vec<DocumentRow>, LogError> {
        let mut rows = Vec::new();
        for (id, document) in self.all.iter().filter(|(id, _)| which(id)) {
            for key in document.keys() {
                let values = document.values(id, &key)?;
                rows.push(DocumentRow {
                    agency,
                    document: id.clone(),
                    key,
                    values,
                });
            }
        }
        Ok(rows)
    }

    /// Drops some documents, to be built again.
    pub(crate) fn forget(&mut self, which: impl Fn(&DocumentId) -> bool) {
        self.all.retain(|id, _| !which(id));
    }

    /// The number of documents.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns true if there is one of this name.
    pub(crate) fn has(&self, id: &DocumentId) -> bool {
        self.all.contains_key(id)
    }

    /// The number of puts that were built, ever.
    pub(crate) const fn puts(&self) -> u64 {
        self.puts
    }

    /// Each document's automerge heads, for comparing a log with itself in tests and diagnosis. Two nodes that met a fork's
    /// branches in another order have other heads, and the same rows.
    pub(crate) fn heads(&self) -> BTreeMap<DocumentId, Vec<Hash>> {
        let documents = self.all.iter();
        documents.map(|(id, document)| (id.clone(), document.heads())).collect()
    }
}

/// Checks that a put obeys the rules of its document. One that does not is void: kept, but it makes no operation.
pub(crate) fn admits(document: &DocumentId, key: &str, value: &[u8]) -> bool {
    match document {
        DocumentId::StatusList(_) => status_list::admits(key, value),
        DocumentId::TrustList => trust_list::admits(key, value),
        DocumentId::Policy => policy::admits(key, value),
        DocumentId::Unknown(_) => false,
    }
}

impl CrdtDocument {
    /// Makes the one change that an envelope is to this document, unless all its puts are void; gives the keys put.
    fn build(
        &mut self,
        id: &DocumentId,
        puts: &[(&str, &[u8])],
        place: &EnvelopePosition,
    ) -> Result<Vec<String>, LogError> {
        let nearest = self.nearest_ancestors(place);
        let mut deps: Vec<ChangeHash> = nearest.iter().map(|touch| touch.change).collect();
        deps.sort_unstable();
        let start_op = nearest.iter().map(|touch| touch.last_op).max().unwrap_or(0) + 1;

        let mut operations = Vec::new();
        let mut keys = Vec::new();
        let mut are_new = true;
        for (key, value) in puts {
            let mut known = Vec::new();
            if self.has(key)? {
                are_new = false;
                self.take_in()?;
                known = self.automerge.get_all_at(ROOT, *key, &deps)?;
            }
            let write_once = matches!(id, DocumentId::StatusList(_)) && status_list::is_write_once(key);
            let arrived = mutant!(FirstToArriveWins) && self.has(key)?;
            if write_once && (!known.is_empty() || arrived) {
                continue;
            }
            let pred: Result<Vec<legacy::OpId>, LogError> =
                known.iter().map(|(_, op)| op_id(&op.to_string())).collect();
            operations.push(legacy::Op {
                action: legacy::OpType::Put(ScalarValue::Bytes(value.to_vec())),
                obj: legacy::ObjectId::Root,
                key: legacy::Key::Map((*key).into()),
                pred: legacy::SortedVec::from(pred?),
                insert: false,
            });
            keys.push((*key).to_owned());
        }
        if operations.is_empty() {
            return Ok(keys);
        }

        let last_op = start_op + operations.len() as u64 - 1;
        let seq = self.changes.entry(place.branch).or_default();
        *seq += 1;
        let actor = Hash::of(&[id.to_string().as_bytes(), &[0], &place.branch_name.0]);
        let change = Change::from(ExpandedChange {
            operations,
            actor_id: ActorId::from(actor.0.iter().take(16).copied().collect::<Vec<u8>>()),
            hash: None,
            seq: *seq,
            start_op: NonZeroU64::new(start_op)
                .ok_or_else(|| LogError::Document("an operation has no number".into()))?,
            time: 0,
            message: None,
            deps,
            extra_bytes: vec![],
            author: None,
        });
        let touch = AppliedChange {
            place: place.clone(),
            change: change.hash(),
            last_op,
        };
        self.touches.entry(place.branch).or_default().push(touch);
        self.due.push(change);
        if are_new {
            let values = puts.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec()));
            self.due_values.extend(values);
        }
        if !are_new || self.due_values.len() > DUE_AT_LEAST.max(self.operations / DUE_SHARE) {
            self.take_in()?;
        }
        Ok(keys)
    }

    /// Gives automerge the changes that are due.
    fn take_in(&mut self) -> Result<(), LogError> {
        let due = std::mem::take(&mut self.due);
        self.operations += due.iter().map(Change::len).sum::<usize>();
        self.due_values.clear();
        Ok(self.automerge.apply_changes(due)?)
    }

    /// Returns true if anything was ever put at this key.
    fn has(&self, key: &str) -> Result<bool, LogError> {
        Ok(self.due_values.contains_key(key) || self.automerge.get(ROOT, key)?.is_some())
    }

    /// All keys.
    fn keys(&self) -> impl Iterator<Item = String> {
        self.automerge.keys(ROOT).chain(self.due_values.keys().cloned())
    }

    /// The newest changes, sorted.
    fn heads(&self) -> Vec<Hash> {
        let mut heads: BTreeSet<ChangeHash> = self.automerge.get_heads().into_iter().collect();
        for change in &self.due {
            for dep in change.deps() {
                heads.remove(dep);
            }
            heads.insert(change.hash());
        }
        heads.into_iter().map(|hash| Hash(hash.0)).collect()
    }

    /// The ancestors of `place` that touch this document and are no ancestors of each other.
    fn nearest_ancestors(&self, place: &EnvelopePosition) -> Vec<AppliedChange> {
        let last_known = |(branch, reach): (u32, u32)| {
            let touches = self.touches.get(&branch)?;
            let known = touches.partition_point(|touch| touch.place.position <= reach);
            touches.get(known.checked_sub(1)?).cloned()
        };
        let candidates: Vec<AppliedChange> = place.reaches().filter_map(last_known).collect();
        let is_nearest = |touch: &&AppliedChange| {
            let others = candidates.iter().filter(|other| other.change != touch.change);
            !others.into_iter().any(|other| other.place.covers(&touch.place))
        };
        candidates.iter().filter(is_nearest).cloned().collect()
    }

    /// The keys that exist and are hidden by the tombstone at this key, if it is one.
    fn hidden_by(&self, id: &DocumentId, key: &str) -> Vec<String> {
        let index = key
            .strip_prefix("x/")
            .filter(|_| matches!(id, DocumentId::StatusList(_)));
        let keys = index
            .into_iter()
            .flat_map(|index| [format!("r/{index}"), format!("s/{index}")]);
        keys.filter(|key| matches!(self.has(key), Ok(true))).collect()
    }

    /// The surviving values of a key; of one that a tombstone hides, what is left of them.
    fn values(&self, id: &DocumentId, key: &str) -> Result<Vec<Vec<u8>>, LogError> {
        let slot = status_list::slot_of(key).filter(|_| matches!(id, DocumentId::StatusList(_)));
        if let Some(slot) = slot {
            let tombstones = self.standing(&format!("x/{slot}"))?;
            if !tombstones.is_empty() {
                return Ok(status_list::behind_tombstone(key, &tombstones));
            }
        }
        self.standing(key)
    }

    fn standing(&self, key: &str) -> Result<Vec<Vec<u8>>, LogError> {
        if let Some(value) = self.due_values.get(key) {
            return Ok(vec![value.clone()]);
        }
        let found = self.automerge.get_all(ROOT, key)?;
        let mut values: Vec<Vec<u8>> = found
            .iter()
            .filter_map(|(value, _)| value.as_bytes().map(<[u8]>::to_vec))
            .collect();
        values.sort();
        values.dedup();
        Ok(values)
    }
}

/// Automerge shows an operation's id only as text: `12@0a1b…`.
fn op_id(text: &str) -> Result<legacy::OpId, LogError> {
    let bad = || LogError::Document(format!("an operation's id has another form: {text}"));
    let (counter, actor) = text.split_once('@').ok_or_else(bad)?;
    let actor = ActorId::try_from(actor).map_err(|_| bad())?;
    Ok(legacy::OpId::new(counter.parse().map_err(|_| bad())?, &actor))
}
