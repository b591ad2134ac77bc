//! The contents of one agency's lists: its issuers, its recognitions, its status lists, its policy.
//!
//! The next snapshot of the registry copies what changes and shares the rest, so each part that grows is an `Arc`.

mod status;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use policy::Policy;
use protocol::{
    DocumentId, DocumentRow,
    status_list::{self, SlotSpan},
    trust_list,
};
use registry_schema::{
    AgencyId, Issuer, PolicyEntry, Recognition, RecognitionWithdrawal, StatusChange, Timestamp,
    policy::MAX_ENTRIES,
    recognition::{AgencyRecognition, AgencyRecognitionEntry, RecognitionEntry, Registration},
};
use verification::names::{FoldedName, NameSimilarity, SimilarName};

use super::recognitions::Recognitions;

/// The contents of one agency's lists.
#[derive(Clone, Debug)]
pub struct AgencyState {
    /// Its name, as this node pinned it.
    pub id: AgencyId,
    /// Its name for people, as it gives it.
    pub name: String,
    /// The address at which its node answers.
    pub url: String,
    /// The number of envelopes that are known to exist and are not here yet.
    pub missing: usize,
    /// The number of pairs of envelopes that prove that a writer of it has two histories.
    pub forks: usize,
    pub(super) heard: Option<(Timestamp, Timestamp)>,
    /// The same without this node's own writer: for its own agency, which may have others.
    pub(super) others_heard: Option<(Timestamp, Timestamp)>,
    /// Grants that do not count: a fork of their writer is open.
    pub(super) waiting: BTreeSet<(DocumentId, String)>,
    /// True if no grant counts: the agency's root signs two histories.
    pub(super) disputed: bool,
    /// True if a checkpoint stands in for its history, so that its rows are not in the store.
    pub(super) begun: bool,
    issuers: Arc<BTreeMap<String, Issuer>>,
    /// Their names as a reader may take one for another, by the issuers' ids.
    folded: Arc<BTreeMap<String, FoldedName>>,
    recognitions: Arc<Recognitions>,
    withdrawals: Arc<BTreeMap<String, RecognitionWithdrawal>>,
    agency_recognitions: Arc<BTreeMap<String, AgencyRecognition>>,
    /// The standings of its issuers, by [`trust_list::issuer_key`].
    registrations: Arc<BTreeMap<String, Registration>>,
    lists: BTreeMap<u32, Arc<StatusList>>,
    /// Its policy's entries by key: several versions, where its writers contradict each other.
    entries: Arc<BTreeMap<String, Vec<PolicyEntry>>>,
    /// Those that count, indexed.
    policy: Option<Arc<Policy>>,
    policy_changed: bool,
    /// Another number after each change of what its trust list says, and never the same one again in this process.
    revision: u64,
}

/// A number that was not given before.
fn next_revision() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The content of one status list.
#[derive(Clone, Debug, Default)]
pub struct StatusList {
    revoked: BTreeMap<u32, StatusChange>,
    suspended: BTreeMap<u32, StatusChange>,
    /// The reservations, with the start that alone made each.
    reserved: BTreeMap<SlotSpan, Option<u64>>,
}

impl AgencyState {
    pub(super) fn new(id: AgencyId, name: String, url: String) -> Self {
        Self {
            id,
            name,
            url,
            missing: 0,
            forks: 0,
            heard: None,
            others_heard: None,
            waiting: BTreeSet::new(),
            disputed: false,
            begun: false,
            issuers: Arc::default(),
            folded: Arc::default(),
            recognitions: Arc::default(),
            withdrawals: Arc::default(),
            agency_recognitions: Arc::default(),
            registrations: Arc::default(),
            lists: BTreeMap::new(),
            entries: Arc::default(),
            policy: None,
            policy_changed: false,
            revision: next_revision(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.issuers = Arc::default();
        self.folded = Arc::default();
        self.recognitions = Arc::default();
        self.withdrawals = Arc::default();
        self.agency_recognitions = Arc::default();
        self.registrations = Arc::default();
        self.lists.clear();
        self.entries = Arc::default();
        self.policy_changed = true;
    }

    /// Takes away what a row said that is gone: a key ended, and what it wrote is void.
    fn forget(&mut self, row: &DocumentRow) {
        let Some((kind, rest)) = row.key.split_once('/') else {
            return;
        };
        match &row.document {
            DocumentId::TrustList => match kind {
                "i" => {
                    Arc::make_mut(&mut self.issuers).retain(|id, _| trust_list::issuer_key(id) != rest);
                    Arc::make_mut(&mut self.folded).retain(|id, _| trust_list::issuer_key(id) != rest);
                }
                "g" => Arc::make_mut(&mut self.recognitions).remove(rest),
                "a" => drop(Arc::make_mut(&mut self.agency_recognitions).remove(rest)),
                "e" => drop(Arc::make_mut(&mut self.registrations).remove(rest)),
                _ => drop(Arc::make_mut(&mut self.withdrawals).remove(rest)),
            },
            DocumentId::StatusList(number) => {
                let (Some(list), Ok(slot)) = (self.lists.get_mut(number).map(Arc::make_mut), rest.parse()) else {
                    return;
                };
                match kind {
                    "r" => drop(list.revoked.remove(&slot)),
                    "s" => drop(list.suspended.remove(&slot)),
                    // Slots that were handed out once are not handed out again.
                    _ => {}
                }
            }
            DocumentId::Policy => {
                Arc::make_mut(&mut self.entries).remove(&row.key);
                self.policy_changed = true;
            }
            DocumentId::Unknown(_) => {}
        }
    }

    pub(super) fn set(&mut self, row: &DocumentRow) {
        if row.document == DocumentId::TrustList {
            self.revision = next_revision();
        }
        if row.values.is_empty() {
            return self.forget(row);
        }
        match &row.document {
            DocumentId::TrustList => match trust_list::fold(&row.key, &row.values) {
                // An agency's list is of its own issuers: nobody speaks in another's name.
                Some(trust_list::TrustListEntry::Issuer(issuer)) if issuer.agency == self.id => {
                    let folded = FoldedName::new(&issuer.name);
                    Arc::make_mut(&mut self.folded).insert(issuer.id.clone(), folded);
                    Arc::make_mut(&mut self.issuers).insert(issuer.id.clone(), issuer);
                }
                Some(trust_list::TrustListEntry::Issuer(issuer)) => {
                    Arc::make_mut(&mut self.issuers).remove(&issuer.id);
                    Arc::make_mut(&mut self.folded).remove(&issuer.id);
                }
                Some(trust_list::TrustListEntry::Recognition(id, Some(recognition))) => {
                    Arc::make_mut(&mut self.recognitions).insert(id, recognition);
                }
                Some(trust_list::TrustListEntry::Recognition(id, None)) => {
                    Arc::make_mut(&mut self.recognitions).remove(&id);
                }
                Some(trust_list::TrustListEntry::Withdrawal(id, withdrawal)) => {
                    Arc::make_mut(&mut self.withdrawals).insert(id, withdrawal);
                }
                Some(trust_list::TrustListEntry::Agency(id, Some(recognition))) => {
                    Arc::make_mut(&mut self.agency_recognitions).insert(id, recognition);
                }
                Some(trust_list::TrustListEntry::Agency(id, None)) => {
                    drop(Arc::make_mut(&mut self.agency_recognitions).remove(&id))
                }
                Some(trust_list::TrustListEntry::Registration(said)) => {
                    Arc::make_mut(&mut self.registrations).insert(trust_list::issuer_key(&said.issuer), said);
                }
                None => {}
            },
            DocumentId::StatusList(number) => {
                let list = Arc::make_mut(self.lists.entry(*number).or_default());
                match status_list::fold(&row.key, &row.values) {
                    Some(status_list::StatusListEntry::Revoked { index, change }) => {
                        list.revoked.insert(index, change);
                    }
                    Some(status_list::StatusListEntry::Suspended { index, change }) => {
                        list.suspended.insert(index, change);
                    }
                    Some(status_list::StatusListEntry::Reserved { span, start }) => {
                        list.reserved.insert(span, start);
                    }
                    Some(status_list::StatusListEntry::Expunged { .. }) | None => {}
                }
            }
            DocumentId::Policy => {
                self.policy_changed = true;
                let versions = protocol::policy::fold(&row.key, &row.values);
                if versions.is_empty() {
                    Arc::make_mut(&mut self.entries).remove(&row.key);
                } else {
                    Arc::make_mut(&mut self.entries).insert(row.key.clone(), versions);
                }
            }
            DocumentId::Unknown(_) => {}
        }
    }

    /// Sets which grants wait.
    pub(super) fn wait_for(&mut self, waiting: &BTreeSet<(DocumentId, String)>, disputed: bool) {
        if self.waiting != *waiting || self.disputed != disputed {
            self.revision = next_revision();
            self.waiting.clone_from(waiting);
            self.disputed = disputed;
            self.policy_changed = true;
        }
    }

    /// Indexes the policy again, if its entries, or which of them count, changed.
    pub(super) fn index_policy(&mut self) {
        if !std::mem::take(&mut self.policy_changed) {
            return;
        }
        let counts = |key: &String| !self.disputed && !self.waiting.contains(&(DocumentId::Policy, key.clone()));
        let counting = self
            .entries
            .iter()
            .filter(|(key, _)| counts(key))
            .flat_map(|(_, versions)| versions);
        let policy = Policy::new(counting.take(MAX_ENTRIES).cloned());
        self.policy = (!self.entries.is_empty()).then(|| Arc::new(policy));
    }

    /// The policy: what it accepts and what that counts for; none, if it has published nothing.
    #[must_use]
    pub const fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// The entries of its policy, ended ones included; several of one key are versions that contradict each other.
    pub fn policy_entries(&self) -> impl Iterator<Item = &PolicyEntry> {
        self.entries.values().flatten()
    }

    /// Returns true if its root signs two histories.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.disputed
    }

    /// Its issuers.
    pub fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.issuers.values()
    }

    /// Its own name, or its id if that is what stands there, and the names of its issuers, that this one is like.
    pub fn like_names<'a>(&'a self, claimed: &'a FoldedName) -> impl Iterator<Item = SimilarName> + 'a {
        let like_own = |text: &str| SimilarName::new(claimed, &self.name, &FoldedName::new(text), &self.id, true);
        // An id is short: what is but similar means nothing.
        let like_id = || like_own(self.id.as_str()).filter(|like| like.likeness == NameSimilarity::Same);
        let own = like_own(&self.name).or_else(like_id);
        let issuers = self.issuers.values().zip(self.folded.values());
        let like =
            move |(issuer, folded): (&Issuer, _)| SimilarName::new(claimed, &issuer.name, folded, &self.id, false);
        own.into_iter().chain(issuers.filter_map(like))
    }

    /// Its own issuer with this id.
    #[must_use]
    pub fn issuer(&self, id: &str) -> Option<&Issuer> {
        self.issuers.get(id)
    }

    /// Its recognitions, ended ones included.
    pub fn recognitions(&self) -> impl Iterator<Item = RecognitionEntry> {
        self.recognitions.values().map(|recognition| self.entry(recognition))
    }

    /// Its recognitions of one issuer.
    pub fn recognitions_of(&self, issuer: &str) -> impl Iterator<Item = RecognitionEntry> {
        self.recognitions.of_issuer(issuer).map(|one| self.entry(one))
    }

    /// Returns true if it ever recognized this issuer.
    pub fn names_issuer(&self, issuer: &str) -> bool {
        self.recognitions.names_issuer(issuer)
    }

    /// The number of what its trust list says now.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Its recognition with this id.
    #[must_use]
    pub fn recognition(&self, id: &str) -> Option<RecognitionEntry> {
        self.recognitions.get(id).map(|recognition| self.entry(recognition))
    }

    fn entry(&self, recognition: &Recognition) -> RecognitionEntry {
        RecognitionEntry {
            agency: self.id.clone(),
            recognition: recognition.clone(),
            withdrawn: self.withdrawals.get(&recognition.id).cloned(),
            waits: self.waits(|| format!("g/{}", recognition.id)),
        }
    }

    fn waits(&self, key: impl Fn() -> String) -> bool {
        self.disputed || (!self.waiting.is_empty() && self.waiting.contains(&(DocumentId::TrustList, key())))
    }

    /// Its recognitions of other agencies, ended ones included.
    pub fn agency_recognitions(&self) -> impl Iterator<Item = AgencyRecognitionEntry> {
        self.agency_recognitions
            .values()
            .map(|recognition| AgencyRecognitionEntry {
                agency: self.id.clone(),
                recognition: recognition.clone(),
                withdrawn: self.withdrawals.get(&recognition.id).cloned(),
                waits: self.waits(|| format!("a/{}", recognition.id)),
            })
    }

    /// The standing of its own issuer with this id, if it ever stated one beyond registering it.
    #[must_use]
    pub fn registration(&self, issuer: &str) -> Option<&Registration> {
        self.registration_at(&trust_list::issuer_key(issuer))
    }

    /// The same by the issuer's [`trust_list::issuer_key`], which is a hash, for who asks many agencies.
    pub(crate) fn registration_at(&self, key: &str) -> Option<&Registration> {
        self.registrations.get(key)
    }

    /// The standings of its own issuers, as it last stated them.
    pub fn registrations(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.values()
    }

    /// The numbers of its status lists.
    pub fn list_numbers(&self) -> impl Iterator<Item = u32> {
        self.lists.keys().copied()
    }

    /// The list with this number; none, if nothing was ever put in it.
    #[must_use]
    pub fn list(&self, number: u32) -> Option<&StatusList> {
        self.lists.get(&number).map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests;
