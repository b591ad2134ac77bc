//! The world: sites with disks, and a network that loses, delays and reorders.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    Batch, CallId, Checkpoint, Effect, Event, Hash, Heartbeat, Held, KeyLog, Replica, Root, Settings, Signed,
    SignedEnvelope, SigningKey, Verified,
    key_log::{Founding, WriterKey, found},
    replica::Stored,
    status_list,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use registry_schema::{Reason, Timestamp};

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000);

/// What survives a crash.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) key_logs: BTreeMap<Hash, KeyLog>,
    checkpoints: BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)>,
    held: BTreeMap<Hash, Signed<Held>>,
    pub(crate) envelopes: Vec<(Hash, SignedEnvelope)>,
    heartbeats: BTreeMap<(Hash, [u8; 32]), Signed<Heartbeat>>,
    pub(crate) rows: BTreeMap<(Hash, String, String), Vec<Vec<u8>>>,
}

impl Disk {
    pub(crate) fn write(&mut self, batch: Batch) {
        for log in batch.key_logs {
            self.key_logs.insert(log.genesis(), log);
        }
        for (checkpoint, pages) in batch.checkpoints {
            self.checkpoints.insert(checkpoint.get().agency, (checkpoint, pages));
        }
        for held in batch.held {
            self.held.insert(held.get().agency, held.signed().clone());
        }
        for envelope in batch.envelopes {
            self.envelopes.push((envelope.header().agency, envelope.signed()));
        }
        for row in batch.rows.into_iter().chain(batch.history) {
            let place = (row.agency, row.document.to_string(), row.key);
            if row.values.is_empty() {
                self.rows.remove(&place);
            } else {
                self.rows.insert(place, row.values);
            }
        }
        for heartbeat in batch.heartbeats {
            let h = heartbeat.get();
            self.heartbeats
                .insert((h.agency, h.writer.0), heartbeat.signed().clone());
        }
    }
}

pub(crate) struct Site {
    seed: [u8; 32],
    pub(crate) home: Hash,
    pub(crate) disk: Disk,
    pub(crate) backup: Option<Disk>,
    pub(crate) replica: Replica,
    pub(crate) acknowledged: BTreeSet<u32>,
}

pub(crate) enum Message {
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

pub(crate) struct World {
    rng: StdRng,
    now: Timestamp,
    pub(crate) sites: Vec<Site>,
    pub(crate) pinned: BTreeSet<Hash>,
    flying: Vec<(i64, Message)>,
    /// Pairs that cannot reach each other.
    cut: BTreeSet<(usize, usize)>,
    /// Answers that a replica owes: its own name for the call → who asked, under which name.
    owed: BTreeMap<(usize, CallId), (usize, CallId)>,
    calls: u64,
    /// How often a backup is restored, of a hundred acts; and whether links are cut and messages lost.
    pub(crate) restores: u32,
    pub(crate) bad_network: bool,
    pub(crate) forks: usize,
}

pub(crate) fn founding(seed: [u8; 32], name: &str) -> KeyLog {
    let key = SigningKey::from_seed(&seed).unwrap();
    let founding = Founding {
        agency: name.parse().unwrap(),
        name: name.into(),
        url: format!("https://{name}.example"),
        root: Root::single(key.public()),
        next_root: Hash([0; 32]),
        writers: vec![WriterKey::of_all(key.public())],
        badge_keys: vec![],
    };
    found(founding, &[&key], START).unwrap()
}

pub(crate) fn restore(disk: &Disk, seed: [u8; 32], home: Hash, pinned: &BTreeSet<Hash>) -> Replica {
    let settings = Settings {
        pinned: pinned.clone(),
        home,
        key: SigningKey::from_seed(&seed).unwrap(),
        former_keys: vec![],
        heartbeat_every: 60,
        heartbeat_term: 3600,
        exchange_every: 10,
        checkpoint_every: 16,
    };
    let heartbeats = disk.heartbeats.iter();
    let checkpoints = disk.checkpoints.values();
    let stored = Stored {
        key_logs: disk.key_logs.values().cloned().collect(),
        envelopes: disk.envelopes.clone(),
        heartbeats: heartbeats
            .map(|((agency, _), signed)| (*agency, signed.clone()))
            .collect(),
        checkpoints: checkpoints
            .map(|(c, pages)| (c.get().agency, c.signed().clone(), pages.clone()))
            .collect(),
        held: disk.held.iter().map(|(holder, held)| (*holder, held.clone())).collect(),
    };
    Replica::restore(settings, stored).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64, agencies: usize) -> Self {
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
                    key_logs: BTreeMap::from([(home, log)]),
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
                    world.happen(i, Event::Connected { peer, agency: peer });
                }
            }
        }
        world
    }

    pub(crate) fn site_of(&self, home: Hash) -> usize {
        self.sites.iter().position(|site| site.home == home).unwrap()
    }

    pub(crate) fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }

    /// Carries an event's effects out, but for a crash at some boundary between them. Says whether all were.
    pub(crate) fn happen(&mut self, at: usize, event: Event) -> bool {
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
                Effect::Disputed { agency, .. } => panic!("nobody disputes the key log of {agency}"),
                Effect::FalseCheckpoint { agency } => panic!("an honest checkpoint of {agency} is called false"),
                Effect::Expel { peer, why } => panic!("an honest peer {peer:?} was expelled: {why}"),
            }
        }
        true
    }

    pub(crate) fn send(&mut self, message: Message) {
        let at = self.now.0 + self.rng.random_range(1..5_000);
        self.flying.push((at, message));
    }

    /// The process dies; it starts again from its disk and meets its peers anew.
    pub(crate) fn crash(&mut self, at: usize) {
        let site = &self.sites[at];
        let replica = restore(&site.disk, site.seed, site.home, &self.pinned);
        self.sites[at].replica = replica;
        self.owed.retain(|(who, _), _| *who != at);
        for other in (0..self.sites.len()).filter(|other| *other != at) {
            self.reconnect(at, other);
        }
    }

    /// The connection between two ends; what was under way on the old one is gone with it.
    pub(crate) fn reconnect(&mut self, a: usize, b: usize) {
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
                    .handle(Event::Connected { peer, agency: peer }, self.now, &mut self.rng)
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

    pub(crate) fn deliver(&mut self, message: Message, loss: f64) {
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

    pub(crate) fn pass(&mut self, milliseconds: i64, loss: f64) {
        for start in (0..milliseconds).step_by(2_500) {
            self.pass_at_once((milliseconds - start).min(2_500), loss);
        }
    }

    pub(crate) fn pass_at_once(&mut self, milliseconds: i64, loss: f64) {
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

    pub(crate) fn act(&mut self) {
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
    pub(crate) fn restore_backup(&mut self, at: usize) {
        if let Some(backup) = self.sites[at].backup.clone() {
            self.sites[at].disk = backup;
            self.crash(at);
        }
    }

    /// No answer's freshness runs ahead of what was applied: all that the counted heartbeat names is kept.
    pub(crate) fn assert_freshness(&self) {
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

    pub(crate) fn kept(&self) -> usize {
        self.sites.iter().map(|site| site.disk.envelopes.len()).sum()
    }

    pub(crate) fn settle(&mut self) {
        for (a, b) in std::mem::take(&mut self.cut) {
            self.reconnect(a, b);
        }
        for _ in 0..60 {
            self.pass(11_000, 0.0);
        }
    }
}
