//! The world: sites with disks and clocks, and a network that loses, delays, reorders and repeats.

mod acts;
mod clones;
mod disk;
mod drowning;
mod hostile;
mod network;
mod roots;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

pub(crate) use disk::{DiskRowKey, FlakyBlobStore, SimulatedDisk};
pub(crate) use network::SimulatedNetwork;
use protocol::{
    DocumentId, Hash, KeyLog, PublicKey, Replica, ReplicaEffect, ReplicaEvent, ReplicaSettings, RootKeySet, SigningKey,
    WriteBatch,
    key_log::{Founding, WriterKey, found},
    log::{LogUsage, Quota},
    replica::{AskedAgencies, ReplicaFailure},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use registry_schema::Timestamp;

use crate::{audit::violated, plan::SimulationPlan};

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000);
/// The time that a heartbeat holds here, in seconds.
pub(crate) const TERM: i64 = 3600;

/// The most that one agency may cost here. What the honest do is far below it.
pub(crate) const SHARES: Quota = Quota {
    most: LogUsage {
        bytes: 1 << 20,
        puts: 3000,
        documents: 16,
        branches: 120,
        marks: 50_000,
    },
    bytes_a_day: 1 << 20,
    checkpoint_bytes: 1 << 20,
    checkpoint_rows: 3000,
    work_at_once: 6000,
    work_a_second: 200,
};

/// One store with one writer key: a node.
pub(crate) struct SimulatedNode {
    /// The drivers' name for it.
    pub(crate) name: Hash,
    pub(crate) home: Hash,
    pub(crate) key: [u8; 32],
    pub(crate) pinned: BTreeSet<Hash>,
    pub(crate) disk: SimulatedDisk,
    pub(crate) backup: Option<SimulatedDisk>,
    pub(crate) replica: Replica,
    /// The place of its envelopes' bytes.
    pub(crate) loft: Arc<FlakyBlobStore>,
    /// The time by which its clock is ahead of the world's, in milliseconds.
    pub(crate) ahead: i64,
    /// The rows that it answers from, as its driver keeps them.
    pub(crate) shown: BTreeMap<DiskRowKey, Vec<Vec<u8>>>,
    /// The date of its newest heartbeat when it started.
    pub(crate) started_with: Option<Timestamp>,
    /// The dates of all heartbeats that it ever signed.
    pub(crate) words: BTreeSet<Timestamp>,
    /// Those of them that it had signed when it started.
    pub(crate) words_before: BTreeSet<Timestamp>,
    /// The agencies that it knew then to hold its agency's log.
    pub(crate) holders: BTreeSet<Hash>,
    /// The time of its first event since, by its own clock.
    pub(crate) began: Option<Timestamp>,
    /// The agencies that have told it anything since.
    pub(crate) told_by: BTreeSet<Hash>,
    /// True if, at any time since, enough of those who held its agency's log and were followed then had.
    pub(crate) was_told_enough: bool,
    /// Driven by somebody who wants harm: nothing is promised of what it holds.
    pub(crate) hostile: bool,
    /// Its operator ended it for good.
    pub(crate) stopped: bool,
    /// The moment, by its own clock, from which on it alone writes with its key: its first event since it started, or its
    /// operator's word.
    pub(crate) alone_since: Option<Timestamp>,
    /// True if it wrote since it started.
    pub(crate) has_written: bool,
    /// True if other stores of the agency are known to be peers of it.
    pub(crate) has_own_peers: bool,
}

/// The knowledge that the world has and no replica does.
#[derive(Default)]
pub(crate) struct GroundTruth {
    /// Every envelope that a holder of a writer's key sealed.
    pub(crate) sealed: BTreeMap<Hash, SealedEnvelope>,
    /// The agency of each writer key.
    pub(crate) keys: BTreeMap<PublicKey, Hash>,
    /// Revocations that a site answered for: agency, envelope, document, key.
    pub(crate) acknowledged: Vec<(Hash, Hash, DocumentId, String)>,
    /// The latest time that each writer ever dated a heartbeat.
    pub(crate) latest: BTreeMap<PublicKey, Timestamp>,
    /// Agencies whose writers have, or may have, two histories.
    pub(crate) rewound: BTreeSet<Hash>,
    /// Agencies whose root signed two histories.
    pub(crate) disputed: BTreeSet<Hash>,
    /// Agencies that showed more than is taken in.
    pub(crate) drowned: BTreeSet<Hash>,
    /// The number of sites that were copied beside themselves.
    pub(crate) cloned: usize,
    /// The number of times that a site stopped because another one wrote with its key.
    pub(crate) stopped: usize,
    /// The number of times that a store failed, or lost its reply.
    pub(crate) store_failures: usize,
    pub(crate) forks: usize,
    pub(crate) adopted: usize,
    pub(crate) expelled: usize,
    /// The number of times that a scratch place failed.
    pub(crate) lost: usize,
}

#[derive(Clone)]
pub(crate) struct SealedEnvelope {
    pub(crate) agency: Hash,
    pub(crate) writer: PublicKey,
    /// From when on its writer's heartbeats vouch for it; none for a thief's.
    pub(crate) stamp: Option<Timestamp>,
    /// The site that sealed it; none, if a thief did.
    pub(crate) by: Option<usize>,
}

/// The keys that speak for an agency: its root, and the one committed to.
pub(crate) struct RootSeeds {
    pub(crate) root: [u8; 32],
    pub(crate) next: [u8; 32],
}

pub(crate) struct SimulatedWorld {
    pub(crate) rng: StdRng,
    pub(crate) now: Timestamp,
    pub(crate) plan: SimulationPlan,
    pub(crate) sites: Vec<SimulatedNode>,
    pub(crate) roots: BTreeMap<Hash, RootSeeds>,
    pub(crate) network: SimulatedNetwork,
    pub(crate) truth: GroundTruth,
}

/// Returns true if a driver goes on after a write failed, and keeps its replica: the fault that no invariant saw.
fn driver_carries_on() -> bool {
    #[cfg(feature = "mutants")]
    return protocol::mutant::is_on(protocol::mutant::Mutant::DriversCarryOn);
    #[cfg(not(feature = "mutants"))]
    false
}

pub(crate) fn key_of(seed: &[u8; 32]) -> SigningKey {
    SigningKey::from_seed(seed).unwrap()
}

pub(crate) fn founding(name: &str, writers: &[PublicKey], keys: &RootSeeds) -> KeyLog {
    let root = key_of(&keys.root);
    let founding = Founding {
        agency: name.parse().unwrap(),
        name: name.into(),
        url: format!("https://{name}.example"),
        root: RootKeySet::single(root.public()),
        next_root: RootKeySet::single(key_of(&keys.next).public()).commitment(),
        writers: writers.iter().map(|key| WriterKey::of_all(*key)).collect(),
        badge_keys: vec![],
    };
    found(founding, &[&root], START).unwrap()
}

impl SimulatedNode {
    /// The replica as the disk has it.
    fn read(&self) -> Replica {
        let settings = ReplicaSettings {
            pinned: self.pinned.clone(),
            home: self.home,
            key: key_of(&self.key),
            former_keys: vec![],
            has_own_peers: self.has_own_peers,
            heartbeat_every: 300,
            heartbeat_term: TERM,
            exchange_every: 15,
            checkpoint_every: 3,
            blobs: self.loft.clone(),
            quota: SHARES,
        };
        let mut replica = Replica::restore(settings, self.disk.stored())
            .unwrap_or_else(|failed| violated(5, format!("a store cannot be read again: {failed}")));
        if self.disk.written_elsewhere {
            replica.stop_beside_another();
        }
        replica
    }

    /// The replica as the disk has it after a start.
    fn restored(&mut self) -> Replica {
        self.loft = Arc::new(FlakyBlobStore::whole());
        let replica = self.read();
        let holders = self.disk.held.keys().filter(|holder| self.pinned.contains(holder));
        self.holders = holders.copied().collect();
        self.started_with = self.own_word(&replica);
        self.words_before.clone_from(&self.words);
        self.told_by.clear();
        self.was_told_enough = false;
        self.began = None;
        self.alone_since = None;
        self.has_written = false;
        replica
    }
}

impl SimulatedNode {
    /// True if so few have told it anything since it started, of those who hold its agency's log, that it may not vouch for it.
    pub(crate) fn is_in_the_dark(&self) -> bool {
        let asked = self.holders.iter().filter(|holder| self.pinned.contains(holder));
        let told = asked.clone().filter(|holder| self.told_by.contains(holder));
        let (told, asked) = (told.count(), asked.count());
        let gap = self
            .began
            .zip(self.started_with)
            .map(|(began, word)| began.seconds_since(word));
        // A word so young that little can be missing.
        let is_young = gap.is_some_and(|gap| (0..=600).contains(&gap));
        let needed = if is_young { 1 } else { asked / 2 + 1 };
        asked > 0 && told < needed
    }

    /// The date of its own newest heartbeat that this replica counts.
    pub(crate) fn own_word(&self, replica: &Replica) -> Option<Timestamp> {
        let counted = replica.logs().get(&self.home)?.counted_of(&key_of(&self.key).public());
        Some(counted?.get().issued)
    }
}

impl SimulatedWorld {
    pub(crate) fn new(seed: u64, plan: SimulationPlan) -> Self {
        let mut world = Self {
            rng: StdRng::seed_from_u64(seed),
            now: START,
            sites: vec![],
            roots: BTreeMap::new(),
            network: SimulatedNetwork::default(),
            truth: GroundTruth::default(),
            plan,
        };
        for _ in 0..world.plan.agencies {
            world.found_agency();
        }
        if world.plan.second_writers {
            let home = world.sites[0].home;
            let key = world.rng.random();
            world.add_site(home, key);
        }
        for at in 0..world.plan.hostile {
            world.sites[at + 1].hostile = true;
            let home = world.sites[at + 1].home;
            world.truth.rewound.insert(home);
        }
        world
    }

    /// A new agency with one site, which everybody pins.
    pub(crate) fn found_agency(&mut self) {
        let keys = RootSeeds {
            root: self.rng.random(),
            next: self.rng.random(),
        };
        let key: [u8; 32] = self.rng.random();
        let number = self.roots.len();
        let name = format!("US-{}{}", char::from(b'A' + (number / 10) as u8), number % 10);
        let log = founding(&name, &[key_of(&key).public()], &keys);
        let home = log.genesis();
        self.roots.insert(home, keys);
        for at in 0..self.sites.len() {
            self.sites[at].pinned.insert(home);
            self.happen(at, ReplicaEvent::Pinned(home));
        }
        self.add_site_with(log, key);
    }

    /// Another store of an agency that is there already.
    pub(crate) fn add_site(&mut self, home: Hash, key: [u8; 32]) {
        let of = self.sites.iter().find(|site| site.home == home).unwrap();
        let log = of.disk.key_logs[&home].clone();
        self.add_site_with(log, key);
    }

    fn add_site_with(&mut self, log: KeyLog, key: [u8; 32]) {
        let home = log.genesis();
        self.truth.keys.insert(key_of(&key).public(), home);
        let disk = SimulatedDisk {
            key_logs: BTreeMap::from([(home, log)]),
            ..SimulatedDisk::default()
        };
        let settings = ReplicaSettings {
            pinned: BTreeSet::new(),
            home,
            key: key_of(&key),
            former_keys: vec![],
            has_own_peers: true,
            heartbeat_every: 300,
            heartbeat_term: TERM,
            exchange_every: 15,
            checkpoint_every: 3,
            blobs: Arc::new(protocol::blob_store::MemoryBlobStore::default()),
            quota: SHARES,
        };
        let mut site = SimulatedNode {
            name: Hash([self.sites.len() as u8 + 1; 32]),
            home,
            key,
            pinned: self.roots.keys().copied().collect(),
            replica: Replica::restore(settings, disk.stored()).unwrap(),
            disk,
            backup: None,
            loft: Arc::new(FlakyBlobStore::whole()),
            ahead: 0,
            shown: BTreeMap::new(),
            started_with: None,
            words: BTreeSet::new(),
            words_before: BTreeSet::new(),
            holders: BTreeSet::new(),
            began: None,
            told_by: BTreeSet::new(),
            was_told_enough: false,
            hostile: false,
            stopped: false,
            alone_since: None,
            has_written: false,
            has_own_peers: self.plan.own_peers,
        };
        site.replica = site.restored();
        self.sites.push(site);
        let at = self.sites.len() - 1;
        for other in 0..at {
            let last = self.plan.links_each;
            if at - other <= last || self.rng.random_bool((last as f64 / at as f64).min(1.0)) {
                self.network.link(at, other);
                self.reconnect(at, other);
            }
        }
    }

    /// Returns the time that the clock of a site shows.
    pub(crate) fn clock(&self, at: usize) -> Timestamp {
        Timestamp(self.now.0 + self.sites[at].ahead)
    }

    /// Notes when a site had its first event.
    fn begins(&mut self, at: usize) {
        let now = self.clock(at);
        self.sites[at].began.get_or_insert(now);
        self.sites[at].alone_since.get_or_insert(now);
    }

    /// Carries an event's effects out, but for a crash at some boundary between them. Says whether all were.
    pub(crate) fn happen(&mut self, at: usize, event: ReplicaEvent) -> bool {
        self.begins(at);
        let is_own_act = matches!(event, ReplicaEvent::Authored(_));
        if is_own_act {
            self.assert_writes_alone(at);
        }
        let watches = self.watches_its_key(at);
        if let ReplicaEvent::Asked { peer, .. }
        | ReplicaEvent::Answered {
            peer,
            response: Some(_),
            ..
        } = &event
        {
            let teller = self.sites[self.site_named(*peer)].home;
            self.sites[at].told_by.insert(teller);
        }
        let site = &mut self.sites[at];
        site.was_told_enough |= !site.is_in_the_dark();
        let now = self.clock(at);
        if self.plan.crashes && self.rng.random_bool(0.02) {
            let after = self.rng.random_range(0..4);
            self.sites[at].loft.fails_after.store(after, Ordering::Relaxed);
        }
        let handled = self.sites[at].replica.handle(event, now, &mut self.rng);
        // Before anything of it can be told: what a crash then takes from the disk may come back from a peer.
        let word = self.sites[at].own_word(&self.sites[at].replica);
        self.sites[at].words.extend(word);
        let effects = match handled {
            Ok(effects) => effects,
            // As the driver does: the replica is made again from the store.
            Err(ReplicaFailure::Broken(_)) if self.sites[at].loft.failed.load(Ordering::Relaxed) > 0 => {
                self.truth.lost += 1;
                self.crash(at);
                return false;
            }
            Err(failed) => violated(10, format!("a replica cannot go on: {failed}")),
        };
        self.sites[at].loft.fails_after.store(-1, Ordering::Relaxed);
        for effect in effects {
            if self.plan.crashes && self.rng.random_bool(0.002) {
                self.crash(at);
                return false;
            }
            if let ReplicaEffect::Persist(batch) = &effect
                && !self.persist(at, batch, is_own_act, watches)
                && !driver_carries_on()
            {
                // Nothing after it is done, and what is in memory is worth nothing: the disk says how it stands.
                self.crash(at);
                return false;
            }
            self.carry_out(at, effect);
        }
        true
    }

    fn carry_out(&mut self, at: usize, effect: ReplicaEffect) {
        let agency = self.sites[at].home;
        let honest = !self.sites[at].hostile;
        match effect {
            ReplicaEffect::Persist(_) => {}
            ReplicaEffect::Call { peer, call, request } => {
                if honest {
                    self.assert_asked_by_right(at, &request);
                }
                self.call(at, peer, call, request);
            }
            ReplicaEffect::Answer { call, response } => {
                if honest {
                    self.assert_answered_by_right(at, &response);
                }
                self.answer(at, call, response);
            }
            ReplicaEffect::Forked { agency, .. } => {
                self.truth.forks += 1;
                if !self.truth.rewound.contains(&agency) {
                    violated(6, format!("a fork of {agency}, whose writers have one history each"));
                }
            }
            ReplicaEffect::Disputed { agency, .. } => {
                if !self.truth.disputed.contains(&agency) {
                    violated(2, format!("nobody disputes the key log of {agency}"));
                }
            }
            ReplicaEffect::FalseCheckpoint { agency } => {
                if !self.is_hostile(agency) {
                    violated(9, format!("an honest checkpoint of {agency} is called false"));
                }
            }
            ReplicaEffect::Quarantined { agency, why } => {
                violated(10, format!("{agency} is in quarantine at a site: {why}"));
            }
            ReplicaEffect::Deferred { agency, limit } => {
                if !self.truth.rewound.contains(&agency) {
                    violated(13, format!("{agency}, which does no harm, is deferred: {limit}"));
                }
                self.truth.drowned.insert(agency);
            }
            ReplicaEffect::Released { .. } => {}
            ReplicaEffect::WrittenElsewhere { envelope } => self.assert_stops_by_right(at, envelope),
            ReplicaEffect::TurnAway { peer, .. } => {
                let other = self.site_named(peer);
                self.disconnect(at, other);
            }
            ReplicaEffect::Expel { peer, why, .. } => {
                let other = self.site_named(peer);
                if !self.sites[other].hostile && !self.sites[at].hostile {
                    violated(10, format!("{agency} expelled an honest peer: {why}"));
                }
                self.truth.expelled += 1;
                self.disconnect(at, other);
            }
        }
    }

    /// Writes a batch; says whether the store says that it is written. One whose reply was lost may be.
    fn persist(&mut self, at: usize, batch: &WriteBatch, is_own_act: bool, watches: bool) -> bool {
        let fails = self.plan.failing_stores && self.rng.random_bool(0.01);
        if !fails || self.rng.random_bool(0.5) {
            self.write_down(at, batch, is_own_act);
            if watches && !is_own_act {
                self.note_what_another_wrote(at, batch);
            }
        }
        self.truth.store_failures += usize::from(fails);
        if !fails && !self.sites[at].hostile {
            self.assert_batch(at, batch);
            self.show(at, batch);
        }
        !fails
    }

    fn write_down(&mut self, at: usize, batch: &WriteBatch, is_own_act: bool) {
        let key = key_of(&self.sites[at].key).public();
        let home = self.sites[at].home;
        for beat in batch.heartbeats.iter().filter(|beat| beat.get().writer == key) {
            let latest = self.truth.latest.entry(key).or_insert_with(|| beat.get().issued);
            *latest = (*latest).max(beat.get().issued);
        }
        let latest = self.truth.latest.get(&key).copied();
        for envelope in batch.envelopes.iter().filter(|_| is_own_act) {
            if envelope.header().writer == key {
                let mut beats = batch.heartbeats.iter();
                let vouches = beats.any(|beat| beat.get().heads.contains(&envelope.hash()));
                let sealed = SealedEnvelope {
                    agency: home,
                    writer: key,
                    // Where no heartbeat goes with it, the next one vouches for it.
                    stamp: latest.map(|latest| Timestamp(latest.0 + i64::from(!vouches))),
                    by: Some(at),
                };
                self.sites[at].has_written = true;
                self.truth.sealed.insert(envelope.hash(), sealed);
            }
        }
        self.sites[at].disk.write(batch);
    }

    pub(crate) fn is_hostile(&self, agency: Hash) -> bool {
        self.sites.iter().any(|site| site.hostile && site.home == agency)
    }

    pub(crate) fn honest(&self) -> impl Iterator<Item = &SimulatedNode> {
        self.sites.iter().filter(|site| !site.hostile && !site.stopped)
    }

    pub(crate) fn site_named(&self, name: Hash) -> usize {
        usize::from(name.0[0]) - 1
    }

    /// The process dies; it starts again from its disk and meets its peers anew.
    pub(crate) fn crash(&mut self, at: usize) {
        let replica = self.sites[at].restored();
        let site = &mut self.sites[at];
        site.replica = replica;
        site.shown.clear();
        for (agency, log) in site.replica.logs() {
            for row in log.answers().unwrap() {
                site.shown
                    .insert((*agency, row.document.to_string(), row.key), row.values);
            }
        }
        for other in self.network.linked_to(at) {
            self.reconnect(at, other);
        }
    }

    /// The disk is lost, and an older one put in its place.
    pub(crate) fn restore_backup(&mut self, at: usize) {
        if let Some(backup) = self.sites[at].backup.clone() {
            self.sites[at].disk = backup;
            let home = self.sites[at].home;
            self.truth.rewound.insert(home);
            self.crash(at);
        }
    }

    /// The disk is lost, and made again from the files of one peer, which know nothing of who holds the log.
    pub(crate) fn rebuild(&mut self, at: usize, from: usize) {
        let files = self.sites[from].disk.clone();
        self.sites[at].disk = files.without_countersignatures();
        let home = self.sites[at].home;
        self.truth.rewound.insert(home);
        self.crash(at);
        self.sites[at].replica.await_own_log(AskedAgencies::AllFollowed);
    }

    pub(crate) fn kept(&self) -> usize {
        self.sites.iter().map(|site| site.disk.envelopes.len()).sum()
    }
}
