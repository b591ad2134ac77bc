//! The registry: what the lists of all agencies say now, in memory, for answering.
//!
//! It follows from the rows that a replica gives, and from nothing else; a lost one is made again from the log.
//! Readers never see half of a batch: [`Registry::apply`] runs under the write lock, after the batch is on disk.
//! In a process that does not hold the lease it follows from the rows in the store ([`Registry::follow`]).

mod standing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use policy::Policy;
use protocol::{Batch, DocumentId, Hash, KeyLog, Replica, Row, status_list, trust_list};
use registry_schema::{
    AgencyId, Issuer, PolicyEntry, Recognition, StatusChange, StatusState, Timestamp, Withdrawal,
    policy::MAX_ENTRIES,
    recognition::{AgencyRecognition, AgencyRecognitionEntry, RecognitionEntry, Registration},
};
use verification::evidence::Freshness;

use crate::clock::Moment;

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

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn apply(&self, batch: &Batch, replica: &Replica) {
        self.write().apply(batch, replica);
    }

    pub(crate) fn set_connected(&self, agency: Hash, connected: bool) {
        let mut registry = self.write();
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
    own: OwnLists,
}

/// Up to when this process knows its own agency's lists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OwnLists {
    /// No other process can write them: they are as they are now.
    Sole,
    /// Not yet.
    Unknown,
    /// As they were at a moment. Nobody else can have written for so long after it; without word, they hold as long as a
    /// heartbeat's term.
    AsOf {
        moment: Moment,
        sure_for: Duration,
        term_seconds: i64,
    },
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
    /// The same without this node's own writer: for its own agency, which may have others.
    others_heard: Option<(Timestamp, Timestamp)>,
    /// Grants that do not count: a fork of their writer is open.
    waiting: BTreeSet<(DocumentId, String)>,
    /// Whether no grant counts: the agency's root signs two histories.
    disputed: bool,
    /// Whether a checkpoint stands in for its history, so that its rows are not in the store.
    begun: bool,
    issuers: BTreeMap<String, Issuer>,
    recognitions: BTreeMap<String, Recognition>,
    withdrawals: BTreeMap<String, Withdrawal>,
    agency_recognitions: BTreeMap<String, AgencyRecognition>,
    /// How its issuers stand, by [`trust_list::issuer_key`].
    registrations: BTreeMap<String, Registration>,
    lists: BTreeMap<u32, StatusList>,
    /// Its policy's entries by key: several versions, where its writers contradict each other.
    entries: BTreeMap<String, Vec<PolicyEntry>>,
    /// Those that count, indexed.
    policy: Option<Arc<Policy>>,
    policy_changed: bool,
}

/// What one status list says.
#[derive(Debug, Default)]
pub struct StatusList {
    revoked: BTreeMap<u32, StatusChange>,
    suspended: BTreeMap<u32, StatusChange>,
    reserved: BTreeSet<u32>,
}

impl Registry {
    /// A registry that knows nobody yet.
    #[must_use]
    pub const fn empty(home: Hash, home_id: AgencyId, pins: BTreeMap<AgencyId, Hash>) -> Self {
        Self {
            home,
            home_id,
            pins,
            agencies: BTreeMap::new(),
            connected: BTreeSet::new(),
            own: OwnLists::Unknown,
        }
    }

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
        let mut registry = Self::empty(home, home_id, pins);
        for log in replica.logs().values() {
            let batch = Batch {
                key_logs: vec![log.key_log().clone()],
                rows: log.answers()?,
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
        for row in batch.rows.iter().chain(&batch.restrictions) {
            if let Some(lists) = self.agencies.get_mut(&row.agency) {
                lists.set(row);
            }
        }
        for agency in &batch.renewed {
            let rows = replica.logs().get(agency).map(|log| log.answers());
            match (self.agencies.get_mut(agency), rows) {
                (Some(lists), Some(Ok(rows))) => {
                    lists.clear();
                    rows.iter().for_each(|row| lists.set(row));
                }
                (_, Some(Err(error))) => tracing::error!(%agency, %error, "an agency's rows cannot be read"),
                _ => {}
            }
        }
        for (agency, log) in replica.logs() {
            if let Some(lists) = self.agencies.get_mut(agency) {
                lists.heard = log.freshness();
                // Far ahead of any clock: what this node writes itself holds back nothing.
                lists.others_heard = log.freshness_at_home(&replica.writer(), Timestamp(i64::MAX / 2));
                lists.begun = log.base().is_some();
                lists.missing = log.missing();
                lists.wait_for(log.waiting(), log.is_disputed());
                lists.index_policy();
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
        let lists = AgencyLists::new(founding.agency.clone(), founding.name.clone(), founding.url.clone());
        self.agencies.entry(log.genesis()).or_insert(lists);
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

    /// Which agency this node pinned the name to.
    #[must_use]
    pub fn pin(&self, id: &AgencyId) -> Option<Hash> {
        self.pins.get(id).copied()
    }

    /// Who this node's own agency is: the hash of its first key-log entry.
    #[must_use]
    pub const fn home_hash(&self) -> Hash {
        self.home
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

    /// Up to when this process knows its own agency's lists.
    pub(crate) const fn know_own(&mut self, own: OwnLists) {
        self.own = own;
    }

    pub(crate) const fn own(&self) -> OwnLists {
        self.own
    }

    /// How fresh the lists of an agency are here. Our own are as fresh as the agency's other writers, and while only
    /// this process can write with its key.
    #[must_use]
    pub fn freshness(&self, lists: &AgencyLists, now: Timestamp) -> Freshness {
        let is_home = self.home().is_some_and(|home| home.id == lists.id);
        match (is_home, lists.heard) {
            (true, _) => self.own_freshness(lists, now),
            (false, Some((as_of, good_until))) => Freshness::Heard { as_of, good_until },
            (false, None) => Freshness::Never,
        }
    }

    fn own_freshness(&self, lists: &AgencyLists, now: Timestamp) -> Freshness {
        let Some((others, others_until)) = lists.others_heard else {
            return Freshness::Never;
        };
        match self.own {
            OwnLists::Unknown => Freshness::Never,
            OwnLists::AsOf {
                moment,
                sure_for,
                term_seconds,
            } if moment.age(now) >= sure_for => Freshness::Heard {
                as_of: moment.at.min(now).min(others),
                good_until: moment.at.plus_seconds(term_seconds).min(others_until),
            },
            OwnLists::Sole | OwnLists::AsOf { .. } => Freshness::Heard {
                as_of: now.min(others),
                good_until: now.plus_seconds(1).min(others_until),
            },
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
    const fn new(id: AgencyId, name: String, url: String) -> Self {
        Self {
            id,
            name,
            url,
            missing: 0,
            heard: None,
            others_heard: None,
            waiting: BTreeSet::new(),
            disputed: false,
            begun: false,
            issuers: BTreeMap::new(),
            recognitions: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            agency_recognitions: BTreeMap::new(),
            registrations: BTreeMap::new(),
            lists: BTreeMap::new(),
            entries: BTreeMap::new(),
            policy: None,
            policy_changed: false,
        }
    }

    fn clear(&mut self) {
        self.issuers.clear();
        self.recognitions.clear();
        self.withdrawals.clear();
        self.agency_recognitions.clear();
        self.registrations.clear();
        self.lists.clear();
        self.entries.clear();
        self.policy_changed = true;
    }

    /// Takes away what a row said that is gone: a key ended, and what it wrote is void.
    fn forget(&mut self, row: &Row) {
        let Some((kind, rest)) = row.key.split_once('/') else {
            return;
        };
        match &row.document {
            DocumentId::TrustList => match kind {
                "i" => self.issuers.retain(|id, _| trust_list::issuer_key(id) != rest),
                "g" => drop(self.recognitions.remove(rest)),
                "a" => drop(self.agency_recognitions.remove(rest)),
                "e" => drop(self.registrations.remove(rest)),
                _ => drop(self.withdrawals.remove(rest)),
            },
            DocumentId::StatusList(number) => {
                let (Some(list), Ok(slot)) = (self.lists.get_mut(number), rest.parse()) else {
                    return;
                };
                match kind {
                    "r" => drop(list.revoked.remove(&slot)),
                    "s" => drop(list.suspended.remove(&slot)),
                    // A block that was handed out once is not handed out again.
                    _ => {}
                }
            }
            DocumentId::Policy => {
                self.entries.remove(&row.key);
                self.policy_changed = true;
            }
            DocumentId::Unknown(_) => {}
        }
    }

    fn set(&mut self, row: &Row) {
        if row.values.is_empty() {
            return self.forget(row);
        }
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
                Some(trust_list::Entry::Agency(id, Some(recognition))) => {
                    self.agency_recognitions.insert(id, recognition);
                }
                Some(trust_list::Entry::Agency(id, None)) => drop(self.agency_recognitions.remove(&id)),
                Some(trust_list::Entry::Registration(said)) => {
                    self.registrations.insert(trust_list::issuer_key(&said.issuer), said);
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
                    Some(status_list::Entry::Expunged { .. }) | None => {}
                }
            }
            DocumentId::Policy => {
                self.policy_changed = true;
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

    /// Which grants wait.
    fn wait_for(&mut self, waiting: &BTreeSet<(DocumentId, String)>, disputed: bool) {
        if self.waiting != *waiting || self.disputed != disputed {
            self.waiting.clone_from(waiting);
            self.disputed = disputed;
            self.policy_changed = true;
        }
    }

    /// Indexes the policy again, if its entries, or which of them count, changed.
    fn index_policy(&mut self) {
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

    /// How its own issuer with this id stands, if it ever said so beyond registering it.
    #[must_use]
    pub fn registration(&self, issuer: &str) -> Option<&Registration> {
        self.registrations.get(&trust_list::issuer_key(issuer))
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
