//! A seeded world of replicas with a bad network: loss, delay, reorder, partitions, crashes at every effect boundary,
//! restored backups. What must hold is asserted at the end of every schedule.
//!
//! `COMITY_SEED=7 cargo test -p protocol --test simulation` plays one schedule again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    Batch, CallId, Effect, Event, Hash, Heartbeat, KeyLog, KeyLogEntry, Replica, Row, Settings, Signed, SignedEnvelope,
    SigningKey,
    key_log::{Act, Founding},
    log::{AgencyLog, Keeping},
    status_list,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use registry_schema::{Reason, Timestamp};

const START: Timestamp = Timestamp(1_700_000_000_000);

/// What survives a crash.
#[derive(Clone, Default)]
struct Disk {
    key_logs: Vec<KeyLog>,
    envelopes: Vec<(Hash, SignedEnvelope)>,
    heartbeats: BTreeMap<(Hash, [u8; 32]), Signed<Heartbeat>>,
    rows: BTreeMap<(Hash, String, String), Vec<Vec<u8>>>,
}

impl Disk {
    fn write(&mut self, batch: Batch) {
        self.key_logs.extend(batch.key_logs);
        for envelope in batch.envelopes {
            self.envelopes.push((envelope.header().agency, envelope.signed()));
        }
        for row in batch.rows {
            self.rows
                .insert((row.agency, row.document.to_string(), row.key), row.values);
        }
        for heartbeat in batch.heartbeats {
            let h = heartbeat.get();
            self.heartbeats
                .insert((h.agency, h.writer.0), heartbeat.signed().clone());
        }
    }
}

struct Site {
    seed: [u8; 32],
    home: Hash,
    disk: Disk,
    backup: Option<Disk>,
    replica: Replica,
    acknowledged: BTreeSet<u32>,
}

enum Message {
    Request {
        from: usize,
        to: usize,
        call: CallId,
        bytes: Vec<u8>,
    },
    Response {
        from: usize,
        to: usize,
        call: CallId,
        bytes: Vec<u8>,
    },
}

struct World {
    rng: StdRng,
    now: Timestamp,
    sites: Vec<Site>,
    pinned: BTreeSet<Hash>,
    flying: Vec<(i64, Message)>,
    /// Pairs that cannot reach each other.
    cut: BTreeSet<(usize, usize)>,
    /// Answers that a replica owes: its own name for the call → who asked, under which name.
    owed: BTreeMap<(usize, CallId), (usize, CallId)>,
    calls: u64,
    /// How often a backup is restored, of a hundred acts; and whether links are cut and messages lost.
    restores: u32,
    bad_network: bool,
    forks: usize,
}

fn founding(seed: [u8; 32], name: &str) -> KeyLog {
    let key = SigningKey::from_seed(&seed).unwrap();
    let founding = Founding {
        agency: name.parse().unwrap(),
        name: name.into(),
        url: format!("https://{name}.example"),
        root: key.public(),
        next_root: Hash([0; 32]),
        writers: vec![key.public()],
        badge_keys: vec![],
    };
    let entry = KeyLogEntry {
        version: 1,
        position: 0,
        previous: None,
        time: START,
        act: Act::Founded(founding),
    };
    KeyLog::read(vec![key.sign(&entry).unwrap().signed().clone()]).unwrap()
}

fn restore(disk: &Disk, seed: [u8; 32], home: Hash, pinned: &BTreeSet<Hash>) -> Replica {
    let settings = Settings {
        pinned: pinned.clone(),
        home,
        key: SigningKey::from_seed(&seed).unwrap(),
        heartbeat_every: 60,
        heartbeat_term: 3600,
        exchange_every: 10,
    };
    let heartbeats = disk
        .heartbeats
        .iter()
        .map(|((agency, _), signed)| (*agency, signed.clone()))
        .collect();
    Replica::restore(settings, disk.key_logs.clone(), disk.envelopes.clone(), heartbeats).unwrap()
}

impl World {
    fn new(seed: u64, agencies: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let founded: Vec<([u8; 32], KeyLog)> = (0..agencies)
            .map(|i| {
                let key: [u8; 32] = rng.random();
                (
                    key,
                    founding(key, &format!("US-{}{}", char::from(b'A' + i as u8), i % 10)),
                )
            })
            .collect();
        let pinned: BTreeSet<Hash> = founded.iter().map(|(_, log)| log.genesis()).collect();
        let sites = founded
            .into_iter()
            .map(|(seed, log)| {
                let home = log.genesis();
                let disk = Disk {
                    key_logs: vec![log],
                    ..Disk::default()
                };
                let replica = restore(&disk, seed, home, &pinned);
                Site {
                    seed,
                    home,
                    disk,
                    backup: None,
                    replica,
                    acknowledged: BTreeSet::new(),
                }
            })
            .collect();
        let mut world = Self {
            rng,
            now: START,
            sites,
            pinned,
            flying: vec![],
            cut: BTreeSet::new(),
            owed: BTreeMap::new(),
            calls: 0,
            restores: 0,
            bad_network: true,
            forks: 0,
        };
        for i in 0..agencies {
            for j in 0..agencies {
                if i != j {
                    let peer = world.sites[j].home;
                    world.happen(i, Event::Connected(peer));
                }
            }
        }
        world
    }

    fn site_of(&self, home: Hash) -> usize {
        self.sites.iter().position(|site| site.home == home).unwrap()
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }

    /// Carries an event's effects out, but for a crash at some boundary between them. Says whether all were.
    fn happen(&mut self, at: usize, event: Event) -> bool {
        let effects = self.sites[at].replica.handle(event, self.now, &mut self.rng).unwrap();
        for effect in effects {
            if self.rng.random_bool(0.002) {
                self.crash(at);
                return false;
            }
            match effect {
                Effect::Persist(batch) => self.sites[at].disk.write(batch),
                Effect::Call { peer, call, request } => {
                    let to = self.site_of(peer);
                    self.send(Message::Request {
                        from: at,
                        to,
                        call,
                        bytes: request,
                    });
                }
                Effect::Answer { call, response } => {
                    if let Some((to, call)) = self.owed.remove(&(at, call)) {
                        self.send(Message::Response {
                            from: at,
                            to,
                            call,
                            bytes: response,
                        });
                    }
                }
                Effect::Forked { .. } => self.forks += 1,
                Effect::Expel { peer, why } => panic!("an honest peer {peer:?} was expelled: {why}"),
            }
        }
        true
    }

    fn send(&mut self, message: Message) {
        let at = self.now.0 + self.rng.random_range(1..5_000);
        self.flying.push((at, message));
    }

    /// The process dies; it starts again from its disk and meets its peers anew.
    fn crash(&mut self, at: usize) {
        let site = &self.sites[at];
        let replica = restore(&site.disk, site.seed, site.home, &self.pinned);
        self.sites[at].replica = replica;
        self.owed.retain(|(who, _), _| *who != at);
        for other in (0..self.sites.len()).filter(|other| *other != at) {
            self.reconnect(at, other);
        }
    }

    /// The connection between two ends; what was under way on the old one is gone with it.
    fn reconnect(&mut self, a: usize, b: usize) {
        self.flying.retain(|(_, message)| {
            let (Message::Request { from, to, .. } | Message::Response { from, to, .. }) = message;
            (*from, *to) != (a, b) && (*from, *to) != (b, a)
        });
        self.owed
            .retain(|(answers, _), (asked, _)| (*answers, *asked) != (a, b) && (*answers, *asked) != (b, a));
        for (here, there) in [(a, b), (b, a)] {
            let peer = self.sites[there].home;
            self.sites[here]
                .replica
                .handle(Event::Disconnected(peer), self.now, &mut self.rng)
                .unwrap();
            if !self.is_cut(a, b) {
                let effects = self.sites[here]
                    .replica
                    .handle(Event::Connected(peer), self.now, &mut self.rng)
                    .unwrap();
                for effect in effects {
                    if let Effect::Call { call, request, .. } = effect {
                        self.send(Message::Request {
                            from: here,
                            to: there,
                            call,
                            bytes: request,
                        });
                    }
                }
            }
        }
    }

    fn deliver(&mut self, message: Message, loss: f64) {
        let lost = self.rng.random_bool(loss);
        match message {
            Message::Request { from, to, call, bytes } => {
                if lost || self.is_cut(from, to) {
                    let peer = self.sites[to].home;
                    self.happen(
                        from,
                        Event::Answered {
                            peer,
                            call,
                            response: None,
                        },
                    );
                    return;
                }
                self.calls += 1;
                let name = CallId(self.calls);
                self.owed.insert((to, name), (from, call));
                let peer = self.sites[from].home;
                self.happen(
                    to,
                    Event::Asked {
                        peer,
                        call: name,
                        request: bytes,
                    },
                );
            }
            Message::Response { from, to, call, bytes } => {
                let response = (!lost && !self.is_cut(from, to)).then_some(bytes);
                let peer = self.sites[from].home;
                self.happen(to, Event::Answered { peer, call, response });
            }
        }
    }

    fn pass(&mut self, milliseconds: i64, loss: f64) {
        for start in (0..milliseconds).step_by(2_500) {
            self.pass_at_once((milliseconds - start).min(2_500), loss);
        }
    }

    fn pass_at_once(&mut self, milliseconds: i64, loss: f64) {
        self.now = Timestamp(self.now.0 + milliseconds);
        loop {
            let now = self.now.0;
            let Some(next) = self.flying.iter().position(|(at, _)| *at <= now) else {
                break;
            };
            let (_, message) = self.flying.swap_remove(next);
            self.deliver(message, loss);
        }
        for at in 0..self.sites.len() {
            self.happen(at, Event::Tick);
        }
    }

    fn act(&mut self) {
        let at = self.rng.random_range(0..self.sites.len());
        let other = self.rng.random_range(0..self.sites.len());
        match self.rng.random_range(0..100) {
            0..55 if self.sites[at].replica.may_write(self.now) => {
                let index = self.rng.random_range(0..40);
                let put = if self.rng.random_bool(0.5) {
                    status_list::revoke(0, index, *Reason::ALL.choose(&mut self.rng).unwrap(), self.now)
                } else {
                    status_list::suspend(0, index, self.rng.random(), Reason::Administrative, self.now)
                };
                let revokes = put.key.starts_with("r/");
                if self.happen(at, Event::Authored(vec![put])) && revokes {
                    self.sites[at].acknowledged.insert(index);
                }
            }
            55..65 if at != other && self.bad_network => {
                let pair = (at.min(other), at.max(other));
                if !self.cut.remove(&pair) {
                    self.cut.insert(pair);
                }
                self.reconnect(at, other);
            }
            65..70 => self.crash(at),
            70..75 => self.sites[at].backup = Some(self.sites[at].disk.clone()),
            dice @ 75..90 if dice < 75 + self.restores => self.restore_backup(at),
            _ => {
                let wait = self.rng.random_range(1..30_000);
                self.pass(wait, if self.bad_network { 0.1 } else { 0.0 });
            }
        }
        self.assert_freshness();
    }

    /// The disk is lost, and an older one put in its place.
    fn restore_backup(&mut self, at: usize) {
        if let Some(backup) = self.sites[at].backup.clone() {
            self.sites[at].disk = backup;
            self.crash(at);
        }
    }

    /// No answer's freshness runs ahead of what was applied: all that the counted heartbeat names is kept.
    fn assert_freshness(&self) {
        for site in &self.sites {
            for log in site.replica.logs().values() {
                for heartbeat in log.counted() {
                    assert!(
                        heartbeat.get().heads.iter().all(|head| log.holds(head)),
                        "fresh beyond what is kept"
                    );
                }
            }
        }
    }

    fn kept(&self) -> usize {
        self.sites.iter().map(|site| site.disk.envelopes.len()).sum()
    }

    fn settle(&mut self) {
        for (a, b) in std::mem::take(&mut self.cut) {
            self.reconnect(a, b);
        }
        for _ in 0..60 {
            self.pass(11_000, 0.0);
        }
    }

    fn assert_all_agree(&self) {
        for agency in &self.pinned {
            let mut rows: Option<Vec<Row>> = None;
            let mut heads = None;
            for site in &self.sites {
                let log = site.replica.logs().get(agency).expect("every site knows every agency");
                let mut built = log.rows().unwrap();
                let mut folded = log.fold_without_automerge();
                built.sort();
                folded.sort();
                assert_eq!(built, folded, "automerge and the fold without it differ");
                let on_disk: Vec<&Vec<Vec<u8>>> = site
                    .disk
                    .rows
                    .iter()
                    .filter(|((a, _, _), _)| a == agency)
                    .map(|(_, values)| values)
                    .collect();
                let mut by_place = built.clone();
                by_place.sort_by_key(|row| (row.document.to_string(), row.key.clone()));
                assert_eq!(
                    by_place.iter().map(|row| &row.values).collect::<Vec<_>>(),
                    on_disk,
                    "the disk's rows differ"
                );
                assert_eq!(
                    rows.get_or_insert_with(|| built.clone()),
                    &built,
                    "two sites differ in rows"
                );
                assert_eq!(
                    heads.get_or_insert_with(|| log.document_heads()),
                    &log.document_heads(),
                    "in automerge heads"
                );
                let stored: BTreeSet<Vec<u8>> = site
                    .disk
                    .envelopes
                    .iter()
                    .map(|(_, envelope)| protocol::signed::encode(envelope))
                    .collect();
                assert_eq!(stored.len(), site.disk.envelopes.len(), "an envelope is stored twice");
            }
        }
    }

    fn assert_nothing_acknowledged_is_lost(&self) {
        for site in &self.sites {
            for other in &self.sites {
                let rows = other.replica.logs()[&site.home].rows().unwrap();
                for index in &site.acknowledged {
                    let key = format!("r/{index}");
                    assert!(
                        rows.iter().any(|row| row.key == key),
                        "a revocation that was acknowledged is gone"
                    );
                }
            }
        }
    }
}

/// The seeds to play: one, if asked for; otherwise `count` new ones, printed when they fail.
fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("COMITY_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..count).collect(),
    }
}

struct PrintSeed(u64);

impl Drop for PrintSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("play it again with COMITY_SEED={}", self.0);
        }
    }
}

fn play(seed: u64, restores: u32) -> World {
    let _print = PrintSeed(seed);
    let agencies = 3 + (seed as usize) % 3;
    let mut world = World::new(seed, agencies);
    world.restores = restores;
    for _ in 0..120 {
        world.act();
    }
    world.settle();
    world.assert_all_agree();
    if restores == 0 {
        assert_eq!(world.forks, 0, "a fork where no backup was restored");
        world.assert_nothing_acknowledged_is_lost();
    }
    world
}

fn is_one_schedule() -> bool {
    std::env::var("COMITY_SEED").is_ok()
}

#[test]
fn when_partitions_heal_all_agree_and_nothing_acknowledged_is_lost() {
    let kept: usize = seeds(60).into_iter().map(|seed| play(seed, 0).kept()).sum();
    assert!(
        kept > 1_000 || is_one_schedule(),
        "the schedules wrote hardly anything: {kept}"
    );
}

#[test]
fn restored_backups_fork_the_log_and_all_agree_all_the_same() {
    let forks: usize = seeds(60).into_iter().map(|seed| play(seed, 6).forks).sum();
    assert!(forks > 10 || is_one_schedule(), "the schedules hardly forked: {forks}");
}

#[test]
fn a_restored_backup_takes_in_its_own_log_from_abroad_before_it_writes() {
    for seed in seeds(30) {
        let _print = PrintSeed(seed);
        let mut world = World::new(seed, 3);
        world.bad_network = false;
        world.settle();
        let old = world.sites[0].disk.clone();
        for _ in 0..20 {
            world.act();
        }
        world.settle();
        world.sites[0].backup = Some(old);
        world.restore_backup(0);
        for _ in 0..20 {
            world.act();
        }
        world.settle();
        world.assert_all_agree();
        world.assert_nothing_acknowledged_is_lost();
        assert_eq!(world.forks, 0, "it wrote before it knew its own log");
    }
}

/// The control: an order of arrival that the rules forbid is noticed.
#[test]
fn an_envelope_before_its_parents_is_not_kept() {
    let seed = [7; 32];
    let key = SigningKey::from_seed(&seed).unwrap();
    let key_log = founding(seed, "US-NC");
    let mut rng = StdRng::seed_from_u64(1);
    let mut seal = |parents: Vec<Hash>, index| {
        let put = status_list::revoke(0, index, Reason::IssuedInError, START);
        protocol::Envelope::seal(&key, &key_log, parents, START, vec![put], &mut rng).unwrap()
    };
    let first = seal(vec![], 1);
    let second = seal(vec![first.hash()], 2);
    let mut log = AgencyLog::new(key_log.clone());
    assert!(matches!(log.keep(second.clone()).unwrap(), Keeping::Missing(parents) if parents == [first.hash()]));
    assert!(matches!(log.keep(first).unwrap(), Keeping::Kept { fork: None, .. }));
    assert!(matches!(
        log.keep(second.clone()).unwrap(),
        Keeping::Kept { fork: None, .. }
    ));
    assert!(matches!(log.keep(second).unwrap(), Keeping::Known));
    assert!(matches!(
        log.keep(seal(vec![], 3)).unwrap(),
        Keeping::Kept { fork: Some(_), .. }
    ));
}
