//! The registry: what the lists of all agencies say now, in memory, for answering.
//!
//! It follows from the rows that a replica gives, and from nothing else; a lost one is made again from the log.
//! Readers never see half of a batch: it is applied to a copy, which is published whole, after the batch is on disk.
//! In a process that does not hold the lease it follows from the rows in the store ([`Registry::follow`]).

mod hindrance;
mod links;
mod lists;
mod past;
mod pins;
mod recognitions;
mod shared;
mod standing;
pub(crate) mod thinning;
mod version;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use protocol::{DocumentRow, Hash, KeyLog, Replica, WriteBatch, heartbeat::MAX_AHEAD_SECONDS};
use registry_schema::{AgencyId, Timestamp};
use verification::evidence::Freshness;

use crate::{health::ReplicationHealth, peer_set::PeerSet};
pub use hindrance::{Hindrance, HindranceCause};
pub use lists::{AgencyState, StatusList};
pub use past::{RegistryHistory, status_then};
use platform::clock::ClockReading;
pub use shared::SharedRegistry;
pub(crate) use standing::LogStatus;

/// All agencies of the federation, as this node knows them.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The agency to which this node's operator pinned each name.
    roster: PeerSet,
    agencies: BTreeMap<Hash, Arc<AgencyState>>,
    /// The agencies of which a node is connected, and by which transport.
    connected: BTreeMap<Hash, String>,
    /// The agencies whose nodes ended the last connections as soon as they were made.
    turned_away: BTreeSet<Hash>,
    own: OwnListsFreshness,
    /// Set while it is not known whether this is what is on disk.
    frozen: Option<Freeze>,
    /// True if the store came back without part of our own log.
    lacks_own: bool,
    /// The hindrances that keep more of agencies from being taken in, or anything of them from being fresh.
    hindrances: BTreeMap<Hash, Hindrance>,
    /// The reason to doubt the clock, if there is one: then nothing is fresh.
    clock_doubt: Option<String>,
    /// The reason why the store may lack what this agency wrote, if it may.
    store_doubt: Option<String>,
    /// True if another process writes with the writer key of the process that writes for this agency.
    is_written_elsewhere: bool,
}

/// A moment up to which this registry is what is on disk; what came after it is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freeze {
    pub(crate) moment: ClockReading,
    /// True if something may have been written to this agency's own lists that is not in here.
    pub(crate) own_unknown: bool,
    /// For how many seconds a heartbeat holds.
    pub(crate) term_seconds: i64,
}

/// Up to when this process knows its own agency's lists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OwnListsFreshness {
    /// No other process can write them: they are as they are now.
    Sole,
    /// Not yet.
    Unknown,
    /// As they were at a moment. Nobody else can have written for so long after it; without word, they hold as long as a
    /// heartbeat's term.
    AsOf {
        moment: ClockReading,
        sure_for: Duration,
        term_seconds: i64,
    },
}

impl Registry {
    /// A registry that knows nobody yet.
    #[must_use]
    pub const fn empty(roster: PeerSet) -> Self {
        Self {
            roster,
            agencies: BTreeMap::new(),
            connected: BTreeMap::new(),
            turned_away: BTreeSet::new(),
            own: OwnListsFreshness::Unknown,
            frozen: None,
            lacks_own: false,
            hindrances: BTreeMap::new(),
            clock_doubt: None,
            store_doubt: None,
            is_written_elsewhere: false,
        }
    }

    /// The registry that follows from a replica.
    ///
    /// # Errors
    /// If a document cannot be read.
    pub fn new(roster: PeerSet, replica: &Replica) -> Result<Self, protocol::document::LogError> {
        let mut registry = Self::empty(roster);
        for log in replica.logs().values() {
            let batch = WriteBatch {
                key_logs: vec![log.key_log().clone()],
                rows: log.answers()?,
                ..WriteBatch::default()
            };
            registry.apply(&batch, replica);
        }
        Ok(registry)
    }

    /// The lists of an agency, to be changed in this copy of the registry alone.
    fn lists_mut(&mut self, agency: &Hash) -> Option<&mut AgencyState> {
        self.agencies.get_mut(agency).map(Arc::make_mut)
    }

    fn apply(&mut self, batch: &WriteBatch, replica: &Replica) {
        for log in &batch.key_logs {
            self.add(log);
        }
        for row in batch.rows.iter().chain(&batch.restrictions) {
            if let Some(lists) = self.lists_mut(&row.agency) {
                lists.set(row);
            }
        }
        for agency in &batch.renewed {
            let rows = replica.logs().get(agency).map(|log| log.answers());
            match (self.lists_mut(agency), rows) {
                (Some(lists), Some(Ok(rows))) => {
                    lists.clear();
                    rows.iter().for_each(|row| lists.set(row));
                }
                (_, Some(Err(error))) => tracing::error!(%agency, %error, "an agency's rows cannot be read"),
                _ => {}
            }
        }
        self.hindrances = hindrance::of(replica);
        for (agency, log) in replica.logs() {
            if let Some(lists) = self.lists_mut(agency) {
                lists.heard = log.freshness();
                // Far ahead of any clock: what this node writes itself holds back nothing, once it is known that all of it
                // is here.
                lists.others_heard = if replica.knows_own_log() {
                    log.freshness_at_home(&replica.writer(), Timestamp(i64::MAX / 2))
                } else {
                    log.freshness()
                };
                lists.begun = log.base().is_some();
                lists.missing = log.missing();
                lists.wait_for(log.waiting(), log.is_disputed());
                lists.forks = log.count_forks();
                lists.index_policy();
            }
        }
    }

    /// Adds an agency, if it is called what this node pinned it as.
    fn add(&mut self, log: &KeyLog) {
        let founding = log.founding();
        if self.roster.genesis(&founding.agency) != Some(&log.genesis()) {
            tracing::warn!(agency = %founding.agency, genesis = %log.genesis(), "an agency calls itself what another was pinned as");
            return;
        }
        let lists = AgencyState::new(founding.agency.clone(), founding.name.clone(), founding.url.clone());
        self.agencies.entry(log.genesis()).or_insert_with(|| Arc::new(lists));
    }

    /// The registry as it would be if these rows were as they are here.
    pub(crate) fn supposing(&self, rows: &[DocumentRow]) -> Self {
        let mut supposed = self.clone();
        for row in rows {
            if let Some(lists) = supposed.lists_mut(&row.agency) {
                lists.set(row);
            }
        }
        for lists in supposed.agencies.values_mut() {
            Arc::make_mut(lists).index_policy();
        }
        supposed
    }

    /// The agency with this name.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&AgencyState> {
        self.agencies.get(self.roster.genesis(id)?).map(Arc::as_ref)
    }

    /// This node's own agency.
    #[must_use]
    pub fn home(&self) -> Option<&AgencyState> {
        self.agencies.get(&self.roster.own().genesis).map(Arc::as_ref)
    }

    /// The agency to which this node pinned the name.
    #[must_use]
    pub fn pin(&self, id: &AgencyId) -> Option<Hash> {
        self.roster.genesis(id).copied()
    }

    /// The identity of this node's own agency: the hash of its first key-log entry.
    #[must_use]
    pub const fn home_hash(&self) -> Hash {
        self.roster.own().genesis
    }

    /// This node's own agency's name.
    #[must_use]
    pub const fn home_id(&self) -> &AgencyId {
        &self.roster.own().agency
    }

    /// The agencies that this node follows.
    #[must_use]
    pub const fn roster(&self) -> &PeerSet {
        &self.roster
    }

    /// The hindrance that keeps more of an agency from being taken in, or anything of it from being fresh, if there is one.
    #[must_use]
    pub fn hindrance(&self, agency: &Hash) -> Option<&Hindrance> {
        self.hindrances.get(agency)
    }

    /// The agencies in quarantine, this one first, then by name, and why.
    pub fn quarantined(&self) -> impl Iterator<Item = (&AgencyId, &HindranceCause)> {
        let others = self.roster.others().map(|(id, known)| (id, &known.genesis));
        let all = std::iter::once((self.home_id(), &self.roster.own().genesis)).chain(others);
        all.filter_map(|(id, genesis)| Some((id, self.hindrances.get(genesis)?.quarantined.as_ref()?)))
    }

    /// All agencies that are known, this one first, then by name.
    #[must_use]
    pub fn agencies(&self) -> Vec<&AgencyState> {
        let mut all: Vec<(bool, &AgencyState)> = Vec::with_capacity(self.agencies.len());
        let home = self.roster.own().genesis;
        all.extend(
            self.agencies
                .iter()
                .map(|(hash, lists)| (*hash != home, lists.as_ref())),
        );
        all.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        all.into_iter().map(|(_, lists)| lists).collect()
    }

    /// The agency as whose issuer one counts here, where several list it: this agency itself, one that it recognizes as the
    /// issuer's home, one that another agency does, or any; of those, whose name comes first.
    #[must_use]
    pub fn registering(&self, issuer: &str) -> Option<&AgencyState> {
        let all = self.agencies();
        let homes = |lists: &AgencyState| {
            let named = lists.recognitions_of(issuer).filter(|entry| entry.withdrawn.is_none());
            named.map(|entry| entry.recognition.issuer.agency).collect::<Vec<_>>()
        };
        let here = self.home().map(homes).unwrap_or_default();
        let elsewhere = all.iter().flat_map(|lists| {
            let by = lists.id.clone();
            homes(lists).into_iter().filter(move |home| *home != by)
        });
        let elsewhere: Vec<AgencyId> = elsewhere.collect();
        let listing = all.into_iter().filter(|lists| lists.issuer(issuer).is_some());
        listing.min_by_key(|lists| {
            let is_own = lists.id == *self.home_id();
            (!is_own, !here.contains(&lists.id), !elsewhere.contains(&lists.id))
        })
    }

    /// The agencies that this node's operators know, followed or not, heard or not, with whether their node is connected.
    pub fn peers(&self) -> impl Iterator<Item = (&AgencyId, Option<&AgencyState>, bool)> {
        let others = self.roster.others().map(|(id, known)| (id, &known.genesis));
        others.map(|(id, hash)| {
            (
                id,
                self.agencies.get(hash).map(Arc::as_ref),
                self.connected.contains_key(hash),
            )
        })
    }

    /// Takes the lists of another registry, which is of the disk as it is now; who is connected and the clock stay.
    pub(crate) fn replace(&mut self, made: &Self) {
        self.agencies.clone_from(&made.agencies);
        self.hindrances.clone_from(&made.hindrances);
        self.frozen = None;
    }

    /// Follows these agencies from here on.
    pub(crate) fn pin_as(&mut self, roster: PeerSet) {
        self.roster = roster;
    }

    /// The newest time that an agency of the federation was heard at.
    pub(crate) fn newest_time(&self) -> Option<Timestamp> {
        let heard = self.agencies.values().filter_map(|lists| lists.heard);
        heard.map(|(as_of, _)| as_of).max()
    }

    /// Says that from this moment on it is not known whether this is what is on disk; or that it is again.
    pub(crate) const fn freeze(&mut self, freeze: Option<Freeze>) {
        self.frozen = freeze;
    }

    /// Says why the store may lack what this agency wrote, or that it does not; whether so much speaks for it that nothing of this
    /// agency is called good; and whether another process writes with its key.
    pub(crate) fn doubt_store(&mut self, health: &ReplicationHealth) {
        self.store_doubt = health.store_doubt();
        self.lacks_own = health.lacks_own();
        self.is_written_elsewhere = health.is_written_elsewhere();
    }

    /// Returns true if this already says of the store what the health of the replication says.
    pub(crate) fn doubts_store_as(&self, health: &ReplicationHealth) -> bool {
        self.store_doubt == health.store_doubt()
            && self.lacks_own == health.lacks_own()
            && self.is_written_elsewhere == health.is_written_elsewhere()
    }

    /// Returns true if another process writes with the writer key of the process that writes for this agency.
    pub const fn is_written_elsewhere(&self) -> bool {
        self.is_written_elsewhere
    }

    /// Returns true if nothing of this agency is called good, as the store is likely to lack part of what it wrote.
    pub(crate) const fn lacks_own(&self) -> bool {
        self.lacks_own
    }

    /// The reason why the store may lack what this agency wrote, if it may.
    pub fn store_doubt(&self) -> Option<&str> {
        self.store_doubt.as_deref()
    }

    /// Doubts the clock for this reason, or believes it.
    pub(crate) fn doubt_clock(&mut self, doubt: Option<String>) {
        self.clock_doubt = doubt;
    }

    /// Returns true if the clock is in doubt.
    #[must_use]
    pub const fn clock_is_in_doubt(&self) -> bool {
        self.clock_doubt.is_some()
    }

    /// Up to when this process knows its own agency's lists.
    pub(crate) const fn know_own(&mut self, own: OwnListsFreshness) {
        self.own = own;
    }

    /// The freshness of an agency's lists here. Our own are as fresh as the agency's other writers, and while only this
    /// process can write with its key.
    #[must_use]
    pub fn freshness(&self, lists: &AgencyState, now: Timestamp) -> Freshness {
        if self.clock_doubt.is_some() {
            return Freshness::ClockInDoubt;
        }
        let is_home = self.home().is_some_and(|home| home.id == lists.id);
        match (is_home, lists.heard) {
            (true, _) => self.own_freshness(lists, now),
            // Whoever signed it, or whoever believed it, had another time: it tells nothing of now.
            (false, Some((as_of, _))) if as_of > now.plus_seconds(MAX_AHEAD_SECONDS) => Freshness::Never,
            (false, Some((as_of, good_until))) => Freshness::Heard {
                // What came after the question was asked is as good as what was there then.
                as_of: as_of.min(now),
                good_until,
            },
            (false, None) if self.is_quarantined(lists) => Freshness::IncompleteHere,
            (false, None) => Freshness::Never,
        }
    }

    fn is_quarantined(&self, lists: &AgencyState) -> bool {
        let hindrance = self.pin(&lists.id).and_then(|genesis| self.hindrances.get(&genesis));
        hindrance.is_some_and(|hindrance| hindrance.quarantined.is_some())
    }

    /// As of when an agency was heard last, whether that still counts or not.
    pub fn last_heard(&self, lists: &AgencyState) -> Option<Timestamp> {
        lists.heard.map(|(as_of, _)| as_of)
    }

    fn own_freshness(&self, lists: &AgencyState, now: Timestamp) -> Freshness {
        if self.lacks_own || self.is_quarantined(lists) {
            return Freshness::IncompleteHere;
        }
        let Some((others, others_until)) = lists.others_heard else {
            return Freshness::Never;
        };
        let own = match self.frozen {
            Some(Freeze { own_unknown: true, .. }) => OwnListsFreshness::Unknown,
            Some(Freeze {
                moment, term_seconds, ..
            }) => OwnListsFreshness::AsOf {
                moment,
                sure_for: Duration::ZERO,
                term_seconds,
            },
            None => self.own,
        };
        match own {
            OwnListsFreshness::Unknown => Freshness::IncompleteHere,
            OwnListsFreshness::AsOf {
                moment,
                sure_for,
                term_seconds,
            } if moment.age(now) >= sure_for => Freshness::Heard {
                as_of: moment.at.min(now).min(others),
                good_until: moment.at.plus_seconds(term_seconds).min(others_until),
            },
            OwnListsFreshness::Sole | OwnListsFreshness::AsOf { .. } => Freshness::Heard {
                as_of: now.min(others),
                // What this node writes itself it knows at each moment: where others write too, their words alone run out.
                good_until: match others < now {
                    true => others_until,
                    false => others_until.min(now.plus_seconds(1)),
                },
            },
        }
    }

    /// An agency that calls the status list at this URL its own, and the list's number.
    #[must_use]
    pub fn status_list(&self, url: &str) -> Option<(&AgencyState, u32)> {
        self.status_lists(url).next()
    }

    /// The same for a badge by this issuer. Where several agencies say that they are at one URL, it is the issuer's home of
    /// them, and otherwise nobody's: no agency says in another's place what is revoked.
    #[must_use]
    pub fn status_list_of(&self, url: &str, issuer: &str) -> Option<(&AgencyState, u32)> {
        let mut found = self.status_lists(url);
        let first = found.next()?;
        if found.next().is_none() {
            return Some(first);
        }
        let home = self.registering(issuer)?;
        self.status_lists(url).find(|(lists, _)| lists.id == home.id)
    }

    fn status_lists(&self, url: &str) -> impl Iterator<Item = (&AgencyState, u32)> {
        self.agencies.values().filter_map(move |lists| {
            let name = url
                .strip_prefix(lists.url.as_str())?
                .strip_prefix("/v1/status-lists/")?;
            let (number, purpose) = name.split_once('-')?;
            let known = matches!(purpose, "revocation" | "suspension");
            known
                .then(|| number.parse().ok())
                .flatten()
                .map(|number| (lists.as_ref(), number))
        })
    }
}
