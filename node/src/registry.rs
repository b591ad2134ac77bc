//! The registry: what the lists of all agencies say now, in memory, for answering.
//!
//! It follows from the rows that a replica gives, and from nothing else; a lost one is made again from the log.
//! Readers never see half of a batch: [`Registry::apply`] runs under the write lock, after the batch is on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock, RwLockReadGuard},
};

use policy::Policy;
use protocol::{Batch, DocumentId, Hash, KeyLog, Replica, Row, status_list, trust_list};
use registry_schema::{
    AgencyId, Issuer, PolicyEntry, Recognition, StatusChange, StatusState, Timestamp, Withdrawal, policy::MAX_ENTRIES,
    recognition::RecognitionEntry,
};
use verification::evidence::Freshness;

/// All agencies of the federation, as this node knows them. Clones share one registry.
#[derive(Clone, Debug)]
pub struct SharedRegistry(Arc<RwLock<Registry>>);

impl SharedRegistry {
    /// A registry to share.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self(Arc::new(RwLock::new(registry)))
    }

    /// For a short look; never held across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn apply(&self, batch: &Batch, replica: &Replica) {
        self.0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .apply(batch, replica);
    }

    pub(crate) fn set_connected(&self, agency: Hash, connected: bool) {
        let mut registry = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if connected {
            registry.connected.insert(agency);
        } else {
            registry.connected.remove(&agency);
        }
    }
}

/// All agencies of the federation, as this node knows them.
#[derive(Debug)]
pub struct Registry {
    home: Hash,
    home_id: AgencyId,
    /// Which agency each name was pinned to by this node's operator.
    pins: BTreeMap<AgencyId, Hash>,
    agencies: BTreeMap<Hash, AgencyLists>,
    connected: BTreeSet<Hash>,
}

/// What one agency's lists say.
#[derive(Debug)]
pub struct AgencyLists {
    /// Its name, as this node pinned it.
    pub id: AgencyId,
    /// Its name for people, as it gives it.
    pub name: String,
    /// Where its node answers.
    pub url: String,
    /// How many envelopes are known to exist and are not here yet.
    pub missing: usize,
    heard: Option<(Timestamp, Timestamp)>,
    issuers: BTreeMap<String, Issuer>,
    recognitions: BTreeMap<String, Recognition>,
    withdrawals: BTreeMap<String, Withdrawal>,
    lists: BTreeMap<u32, StatusList>,
    /// Its policy's entries by key: several versions, where its writers contradict each other.
    entries: BTreeMap<String, Vec<PolicyEntry>>,
    /// The same, indexed.
    policy: Option<Arc<Policy>>,
}

/// What one status list says.
#[derive(Debug, Default)]
pub struct StatusList {
    revoked: BTreeMap<u32, StatusChange>,
    suspended: BTreeMap<u32, StatusChange>,
    reserved: BTreeSet<u32>,
}

impl Registry {
    /// The registry that follows from a replica.
    ///
    /// # Errors
    /// If a document cannot be read.
    pub fn new(
        home: Hash,
        home_id: AgencyId,
        pins: BTreeMap<AgencyId, Hash>,
        replica: &Replica,
    ) -> Result<Self, protocol::document::Broken> {
        let mut registry = Self {
            home,
            home_id,
            pins,
            agencies: BTreeMap::new(),
            connected: BTreeSet::new(),
        };
        for log in replica.logs().values() {
            let batch = Batch {
                key_logs: vec![log.key_log().clone()],
                rows: log.rows()?,
                ..Batch::default()
            };
            registry.apply(&batch, replica);
        }
        Ok(registry)
    }

    fn apply(&mut self, batch: &Batch, replica: &Replica) {
        for log in &batch.key_logs {
            self.add(log);
        }
        let mut changed = BTreeSet::new();
        for row in &batch.rows {
            if let Some(lists) = self.agencies.get_mut(&row.agency) {
                lists.set(row);
                changed.extend((row.document == DocumentId::Policy).then_some(row.agency));
            }
        }
        for agency in changed {
            if let Some(lists) = self.agencies.get_mut(&agency) {
                lists.policy = lists.indexed();
            }
        }
        for (agency, log) in replica.logs() {
            if let Some(lists) = self.agencies.get_mut(agency) {
                lists.heard = log.freshness();
                lists.missing = log.missing();
            }
        }
    }

    /// Adds an agency, if it is called what this node pinned it as.
    fn add(&mut self, log: &KeyLog) {
        let founding = log.founding();
        if self.pins.get(&founding.agency) != Some(&log.genesis()) {
            tracing::warn!(agency = %founding.agency, genesis = %log.genesis(), "an agency calls itself what another was pinned as");
            return;
        }
        let lists = AgencyLists {
            id: founding.agency.clone(),
            name: founding.name.clone(),
            url: founding.url.clone(),
            missing: 0,
            heard: None,
            issuers: BTreeMap::new(),
            recognitions: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            lists: BTreeMap::new(),
            entries: BTreeMap::new(),
            policy: None,
        };
        self.agencies.insert(log.genesis(), lists);
    }

    /// The agency with this name.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&AgencyLists> {
        self.agencies.get(self.pins.get(id)?)
    }

    /// This node's own agency.
    #[must_use]
    pub fn home(&self) -> Option<&AgencyLists> {
        self.agencies.get(&self.home)
    }

    /// This node's own agency's name.
    #[must_use]
    pub const fn home_id(&self) -> &AgencyId {
        &self.home_id
    }

    /// All agencies that are known, this one first, then by name.
    #[must_use]
    pub fn agencies(&self) -> Vec<&AgencyLists> {
        let mut all: Vec<(&Hash, &AgencyLists)> = self.agencies.iter().collect();
        all.sort_by_key(|(hash, lists)| (**hash != self.home, lists.id.clone()));
        all.into_iter().map(|(_, lists)| lists).collect()
    }

    /// The agencies that this node pinned, known or not, with whether their node is connected.
    pub fn peers(&self) -> impl Iterator<Item = (&AgencyId, Option<&AgencyLists>, bool)> {
        let others = self.pins.iter().filter(|(_, hash)| **hash != self.home);
        others.map(|(id, hash)| (id, self.agencies.get(hash), self.connected.contains(hash)))
    }

    /// How fresh the lists of an agency are here. Our own are always fresh: this node writes them.
    #[must_use]
    pub fn freshness(&self, lists: &AgencyLists, now: Timestamp) -> Freshness {
        let is_home = self.home().is_some_and(|home| home.id == lists.id);
        match lists.heard {
            _ if is_home => Freshness::Heard {
                as_of: now,
                good_until: now.plus_seconds(1),
            },
            Some((as_of, good_until)) => Freshness::Heard { as_of, good_until },
            None => Freshness::Never,
        }
    }

    /// The agency whose node keeps the status list at this URL, and the list's number.
    #[must_use]
    pub fn status_list(&self, url: &str) -> Option<(&AgencyLists, u32)> {
        self.agencies.values().find_map(|lists| {
            let name = url
                .strip_prefix(lists.url.as_str())?
                .strip_prefix("/v1/status-lists/")?;
            let (number, purpose) = name.split_once('-')?;
            let known = matches!(purpose, "revocation" | "suspension");
            known
                .then(|| number.parse().ok())
                .flatten()
                .map(|number| (lists, number))
        })
    }
}

impl AgencyLists {
    fn set(&mut self, row: &Row) {
        match &row.document {
            DocumentId::TrustList => match trust_list::fold(&row.key, &row.values) {
                Some(trust_list::Entry::Issuer(issuer)) => {
                    self.issuers.insert(issuer.id.clone(), issuer);
                }
                Some(trust_list::Entry::Recognition(id, Some(recognition))) => {
                    self.recognitions.insert(id, recognition);
                }
                Some(trust_list::Entry::Recognition(id, None)) => {
                    self.recognitions.remove(&id);
                }
                Some(trust_list::Entry::Withdrawal(id, withdrawal)) => {
                    self.withdrawals.insert(id, withdrawal);
                }
                None => {}
            },
            DocumentId::StatusList(number) => {
                let list = self.lists.entry(*number).or_default();
                match status_list::fold(&row.key, &row.values) {
                    Some(status_list::Entry::Revoked { index, change }) => {
                        list.revoked.insert(index, change);
                    }
                    Some(status_list::Entry::Suspended { index, change }) => {
                        list.suspended.insert(index, change);
                    }
                    Some(status_list::Entry::Reserved { block }) => {
                        list.reserved.insert(block);
                    }
                    None => {}
                }
            }
            DocumentId::Policy => {
                let versions = protocol::policy::fold(&row.key, &row.values);
                if versions.is_empty() {
                    self.entries.remove(&row.key);
                } else {
                    self.entries.insert(row.key.clone(), versions);
                }
            }
            DocumentId::Unknown(_) => {}
        }
    }

    fn indexed(&self) -> Option<Arc<Policy>> {
        let entries = self.policy_entries().take(MAX_ENTRIES).cloned();
        (!self.entries.is_empty()).then(|| Arc::new(Policy::new(entries)))
    }

    /// What it accepts and what that counts for; none, if it has published nothing.
    #[must_use]
    pub const fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// The entries of its policy, ended ones included; several of one key are versions that contradict each other.
    pub fn policy_entries(&self) -> impl Iterator<Item = &PolicyEntry> {
        self.entries.values().flatten()
    }

    /// Its issuers.
    pub fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.issuers.values()
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
        }
    }

    /// The list with this number; none, if nothing was ever put in it.
    #[must_use]
    pub fn list(&self, number: u32) -> Option<&StatusList> {
        self.lists.get(&number)
    }
}

impl StatusList {
    /// The revocation of a slot.
    #[must_use]
    pub fn revoked(&self, index: u32) -> Option<StatusChange> {
        self.revoked.get(&index).copied()
    }

    /// The last suspension or reinstatement of a slot.
    #[must_use]
    pub fn suspended(&self, index: u32) -> Option<StatusChange> {
        self.suspended.get(&index).copied()
    }

    /// The slots that are revoked.
    pub fn all_revoked(&self) -> impl Iterator<Item = u32> {
        self.revoked.keys().copied()
    }

    /// The slots that are suspended.
    pub fn all_suspended(&self) -> impl Iterator<Item = u32> {
        self.suspended
            .iter()
            .filter(|(_, change)| change.state == StatusState::Suspended)
            .map(|(index, _)| *index)
    }

    /// The blocks that are taken.
    #[must_use]
    pub const fn reserved(&self) -> &BTreeSet<u32> {
        &self.reserved
    }

    /// What a slot's status is, and since when.
    #[must_use]
    pub fn state(&self, index: u32) -> (StatusState, Option<StatusChange>) {
        match (self.revoked(index), self.suspended(index)) {
            (Some(change), _) => (StatusState::Revoked, Some(change)),
            (None, Some(change)) => (change.state, Some(change)),
            (None, None) => (StatusState::Active, None),
        }
    }
}
