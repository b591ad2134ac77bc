//! Links, messages under way, and time.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{CallId, Hash, ReplicaEvent, SyncRequest, SyncResponse, key_log::SignedKeyLogEntry};
use rand::RngExt as _;
use registry_schema::Timestamp;

use super::SimulatedWorld;
use crate::audit::violated;

pub(crate) enum SimulatedMessage {
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

impl SimulatedMessage {
    fn ends(&self) -> (usize, usize) {
        let (Self::Request { from, to, .. } | Self::Response { from, to, .. }) = self;
        ordered(*from, *to)
    }
}

fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

#[derive(Default)]
pub(crate) struct SimulatedNetwork {
    flying: BTreeMap<(i64, u64), SimulatedMessage>,
    sent: u64,
    /// Pairs that know of each other.
    links: BTreeSet<(usize, usize)>,
    /// Pairs that cannot reach each other.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Pairs that are connected now.
    connected: BTreeSet<(usize, usize)>,
    /// Answers that a replica owes: its own name for the call → who asked, under which name.
    owed: BTreeMap<(usize, CallId), (usize, CallId)>,
    /// Calls under way that ask for something: who asks, whom.
    asking: BTreeMap<(usize, CallId), usize>,
    calls: u64,
    /// Some requests as they flew by, to be played again.
    pub(crate) overheard: Vec<Vec<u8>>,
    /// The entry that a site is told instead of its peer's answer, when it next asks for this agency's key log.
    pub(super) slipped: Option<(usize, Hash, SignedKeyLogEntry)>,
}

impl SimulatedNetwork {
    pub(crate) fn link(&mut self, a: usize, b: usize) {
        self.links.insert(ordered(a, b));
    }

    pub(crate) fn linked_to(&self, at: usize) -> Vec<usize> {
        let ends = self.links.iter().filter(|(a, b)| *a == at || *b == at);
        ends.map(|(a, b)| if *a == at { *b } else { *a }).collect()
    }

    fn forget(&mut self, pair: (usize, usize)) {
        self.flying.retain(|_, message| message.ends() != pair);
        self.owed
            .retain(|(answers, _), (asked, _)| ordered(*answers, *asked) != pair);
        self.asking.retain(|(asks, _), asked| ordered(*asks, *asked) != pair);
        self.connected.remove(&pair);
    }
}

impl SimulatedWorld {
    pub(crate) fn is_cut(&self, a: usize, b: usize) -> bool {
        self.network.cut.contains(&ordered(a, b))
    }

    /// Cuts a link, or mends it.
    pub(crate) fn toggle(&mut self, a: usize, b: usize) {
        let pair = ordered(a, b);
        if !self.network.cut.remove(&pair) {
            self.network.cut.insert(pair);
        }
        self.reconnect(a, b);
    }

    pub(crate) fn send(&mut self, message: SimulatedMessage) {
        let at = self.now.0 + self.rng.random_range(1..5_000);
        self.network.sent += 1;
        self.network.flying.insert((at, self.network.sent), message);
    }

    pub(super) fn call(&mut self, at: usize, peer: Hash, call: CallId, bytes: Vec<u8>) {
        let to = self.site_named(peer);
        // Pushes and countersignatures tell; all others ask, and are bounded for each peer.
        let asks = !matches!(bytes.get(1), Some(3 | 7));
        if asks {
            self.network.asking.insert((at, call), to);
            let open = self
                .network
                .asking
                .iter()
                .filter(|((who, _), whom)| *who == at && **whom == to);
            let bound = 2 + 5 * self.roots.len();
            if !self.sites[at].hostile && open.count() > bound {
                violated(10, format!("more than {bound} calls to one peer are under way"));
            }
        }
        if self.network.overheard.len() < 64 || self.rng.random_bool(0.05) {
            let place = self.rng.random_range(0..=self.network.overheard.len().min(63));
            self.network.overheard.insert(place, bytes.clone());
            self.network.overheard.truncate(64);
        }
        if let Some((_, asked, entry)) = self.network.slipped.take_if(|(whom, ..)| *whom == at)
            && matches!(SyncRequest::read(&bytes), Ok(SyncRequest::KeyLog { agency, .. }) if agency == asked)
        {
            let response = SyncResponse::KeyLog {
                entries: vec![entry],
                more: false,
            };
            self.send(SimulatedMessage::Response {
                from: to,
                to: at,
                call,
                bytes: response.to_bytes(),
            });
            return;
        }
        self.send(SimulatedMessage::Request {
            from: at,
            to,
            call,
            bytes,
        });
    }

    pub(super) fn answer(&mut self, at: usize, call: CallId, bytes: Vec<u8>) {
        let Some((to, call)) = self.network.owed.remove(&(at, call)) else {
            return;
        };
        let bytes = if self.sites[at].hostile {
            self.twisted(at, bytes)
        } else {
            bytes
        };
        self.send(SimulatedMessage::Response {
            from: at,
            to,
            call,
            bytes,
        });
    }

    /// The connection between two ends is gone, and all that was under way on it.
    pub(crate) fn disconnect(&mut self, a: usize, b: usize) {
        self.network.forget(ordered(a, b));
        for (here, there) in [(a, b), (b, a)] {
            let peer = self.sites[there].name;
            self.begins(here);
            let now = self.clock(here);
            let left = self.sites[here]
                .replica
                .handle(ReplicaEvent::Disconnected(peer), now, &mut self.rng);
            assert!(left.unwrap().is_empty(), "one who left is still talked to");
        }
    }

    /// A new connection between two ends, if nothing is between them.
    pub(crate) fn reconnect(&mut self, a: usize, b: usize) {
        self.disconnect(a, b);
        if self.is_cut(a, b) || self.sites[a].stopped || self.sites[b].stopped {
            return;
        }
        self.network.connected.insert(ordered(a, b));
        for (here, there) in [(a, b), (b, a)] {
            let (peer, agency) = (self.sites[there].name, self.sites[there].home);
            let now = self.clock(here);
            let connected = ReplicaEvent::Connected { peer, agency };
            let effects = self.sites[here].replica.handle(connected, now, &mut self.rng).unwrap();
            for effect in effects {
                self.carry_out(here, effect);
            }
            // One that was turned away is not connected any more.
            if !self.network.connected.contains(&ordered(a, b)) {
                return;
            }
        }
    }

    pub(crate) fn ask(&mut self, from: usize, to: usize, call: CallId, bytes: Vec<u8>) {
        if self.sites[to].stopped {
            return;
        }
        self.network.calls += 1;
        let name = CallId(self.network.calls);
        self.network.owed.insert((to, name), (from, call));
        let peer = self.sites[from].name;
        let asked = ReplicaEvent::Asked {
            peer,
            call: name,
            request: bytes,
        };
        self.happen(to, asked);
    }

    fn deliver(&mut self, message: SimulatedMessage, loss: f64) {
        let lost = self.rng.random_bool(loss);
        let twice = self.plan.repeats && self.rng.random_bool(0.03);
        match message {
            SimulatedMessage::Request { from, to, call, bytes } => {
                if lost || self.is_cut(from, to) {
                    let peer = self.sites[to].name;
                    self.network.asking.remove(&(from, call));
                    let failed = ReplicaEvent::Answered {
                        peer,
                        call,
                        response: None,
                    };
                    self.happen(from, failed);
                    return;
                }
                if twice {
                    self.ask(from, to, call, bytes.clone());
                }
                if self.network.connected.contains(&ordered(from, to)) {
                    self.ask(from, to, call, bytes);
                }
            }
            SimulatedMessage::Response { from, to, call, bytes } => {
                let response = (!lost && !self.is_cut(from, to)).then_some(bytes);
                let peer = self.sites[from].name;
                self.network.asking.remove(&(to, call));
                if twice {
                    let response = response.clone();
                    self.happen(to, ReplicaEvent::Answered { peer, call, response });
                }
                self.happen(to, ReplicaEvent::Answered { peer, call, response });
            }
        }
    }

    /// Time goes by, with a tick every few seconds.
    pub(crate) fn pass(&mut self, milliseconds: i64, loss: f64) {
        for start in (0..milliseconds).step_by(5_000) {
            self.leap((milliseconds - start).min(5_000), loss);
        }
    }

    /// Time goes by at once: all that was to arrive arrives, then everybody looks at the clock.
    pub(crate) fn leap(&mut self, milliseconds: i64, loss: f64) {
        let until = self.now.0 + milliseconds;
        while let Some(next) = self.network.flying.first_entry() {
            let at = next.key().0;
            if at > until {
                break;
            }
            let message = next.remove();
            self.now = Timestamp(self.now.0.max(at));
            self.deliver(message, loss);
        }
        self.now = Timestamp(until);
        for at in (0..self.sites.len())
            .filter(|at| !self.sites[*at].stopped)
            .collect::<Vec<_>>()
        {
            self.happen(at, ReplicaEvent::Tick);
        }
    }

    /// All links are mended, everybody listens to everybody, nobody does harm any more, and time goes by until
    /// nothing is left to be said.
    pub(crate) fn settle(&mut self) {
        self.plan.crashes = false;
        self.plan.failing_stores = false;
        for at in 0..self.sites.len() {
            self.sites[at].ahead = 0;
            let missing: Vec<Hash> = self.roots.keys().copied().collect();
            for agency in missing {
                if self.sites[at].pinned.insert(agency) {
                    self.happen(at, ReplicaEvent::Pinned(agency));
                }
            }
        }
        // Those who are left find each other, whoever stood between them.
        let is_left = |at: &usize| !self.sites[*at].hostile && !self.sites[*at].stopped;
        let honest: Vec<usize> = (0..self.sites.len()).filter(is_left).collect();
        for pair in honest.windows(2) {
            self.network.link(pair[0], pair[1]);
        }
        for (a, b) in self.network.links.clone() {
            let is_gone = |at: usize| self.sites[at].hostile || self.sites[at].stopped;
            if is_gone(a) || is_gone(b) {
                self.network.cut.insert((a, b));
                self.disconnect(a, b);
            } else if self.network.cut.remove(&(a, b)) || !self.network.connected.contains(&(a, b)) {
                self.reconnect(a, b);
            }
        }
        for _ in 0..60 {
            self.leap(16_000, 0.0);
            if self.is_settled() {
                break;
            }
        }
        // Once more around, so that what was heard last is told on.
        self.leap(16_000, 0.0);
        self.leap(16_000, 0.0);
    }

    /// Returns true if all honest sites hold the same, and may write or stopped. Only to stop waiting early: the audit judges.
    fn is_settled(&self) -> bool {
        let now = self.now;
        let mut of_first = None;
        self.honest().all(|site| {
            let logs = site.replica.logs().iter();
            let reach: Vec<_> = logs
                .map(|(agency, log)| (*agency, log.heads(), log.key_log().leaves(), log.missing()))
                .collect();
            let whole = site.replica.logs().values().all(|log| log.base().is_none());
            let same = *of_first.get_or_insert_with(|| reach.clone()) == reach;
            same && whole && (site.replica.may_write(now) || site.replica.is_written_elsewhere())
        })
    }
}
