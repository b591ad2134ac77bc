//! The acts of an agency's root: keys added, scoped and ended, itself rotated, and signed by a thief.

use protocol::{
    CallId, Hash, PublicKey, ReplicaEvent, RootKeySet, SyncRequest,
    key_log::{KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterKey, WriterScope},
    message::LogSummary,
};
use rand::RngExt as _;

use super::{SimulatedNode, SimulatedWorld, key_of};

impl SimulatedWorld {
    /// The root of the first agency lets its second store write.
    pub(crate) fn admit_second_store(&mut self) {
        self.settle();
        let key = key_of(&self.sites[1].key).public();
        self.enter(0, KeyLogAct::WriterAdded(WriterKey::of_all(key)));
        assert!(
            self.sites[0].replica.logs()[&self.sites[0].home]
                .key_log()
                .writers()
                .contains(&key)
        );
    }

    /// The root of a site's agency does something there.
    pub(super) fn hold_ceremony(&mut self, at: usize) {
        let now = self.clock(at);
        let site = &self.sites[at];
        if site.hostile || !site.replica.may_write(now) {
            return;
        }
        let home = site.home;
        let log = &site.replica.logs()[&home];
        let known = self.sites.iter().filter_map(|other| other.replica.logs().get(&home));
        let mut entries = known.flat_map(|known| known.key_log().leaves());
        let is_behind = entries.any(|entry| !log.key_log().holds(&entry));
        // A ceremony held on an old key log signs a second history. Now and then somebody who has the root does.
        if log.key_log().disputed().is_some() {
            if self.rng.random_bool(0.5) {
                self.rotate(at);
            }
            return;
        }
        if is_behind {
            return;
        }
        if self.rng.random_bool(0.15) {
            return self.use_a_stolen_root(at);
        }
        if self.rng.random_bool(0.2) {
            self.rotate(at);
        } else {
            let act = self.some_act(at);
            self.enter(at, act);
        }
    }

    /// Two acts of one root at one place, of which one reaches this site and the other somebody else.
    fn use_a_stolen_root(&mut self, at: usize) {
        let home = self.sites[at].home;
        let Some(elsewhere) = self
            .sites
            .iter()
            .position(|site| !site.hostile && site.name != self.sites[at].name)
        else {
            return;
        };
        let mut rival: [u8; 32] = self.rng.random();
        rival[0] |= 1;
        let now = self.clock(at);
        let act = KeyLogAct::WriterAdded(WriterKey::of_all(key_of(&rival).public()));
        let Ok(mut entry) = self.sites[at].replica.logs()[&home].key_log().propose(act, now) else {
            return;
        };
        entry.sign(&key_of(&self.roots[&home].root));
        self.truth.disputed.insert(home);
        self.truth.keys.insert(key_of(&rival).public(), home);
        let act = self.some_act(at);
        self.enter(at, act);
        self.slip_in(elsewhere, at, home, entry);
    }

    /// Gives a site an entry of a key log as the answer to the next question that it asks for one.
    fn slip_in(&mut self, to: usize, as_if_from: usize, agency: Hash, entry: SignedKeyLogEntry) {
        let log = self.sites[to].replica.logs().get(&agency);
        let previous = entry.claim().unwrap().previous.unwrap();
        let follows = log.is_some_and(|log| log.key_log().holds(&previous));
        if !follows || !self.network.linked_to(to).contains(&as_if_from) || self.is_cut(to, as_if_from) {
            return;
        }
        let summary = LogSummary {
            agency,
            key_log: vec![entry.name()],
            heads: vec![],
            heartbeats: vec![],
        };
        self.network.slipped = Some((to, agency, entry));
        self.ask(
            as_if_from,
            to,
            CallId(0),
            SyncRequest::Exchange(vec![summary]).to_bytes(),
        );
        self.network.slipped = None;
    }

    fn some_act(&mut self, at: usize) -> KeyLogAct {
        let dice = self.rng.random_range(0..10);
        let new_key: [u8; 32] = self.rng.random();
        let site = &self.sites[at];
        let key = key_of(&site.key).public();
        let last = newest_by(site, &key);
        match dice {
            // A new key for whoever has none; the second store's first.
            _ if !site.replica.is_writer() || dice < 3 => {
                let known = site.replica.logs()[&site.home].key_log().authority().writer(&key);
                let idle = self
                    .sites
                    .iter()
                    .position(|other| other.home == site.home && !other.replica.is_writer());
                let key = match idle {
                    Some(idle) if known.is_some() || idle != at => self.renew(idle, new_key),
                    _ if known.is_none() => key,
                    _ => self.renew(at, new_key),
                };
                KeyLogAct::WriterAdded(WriterKey::of_all(key))
            }
            3..5 => KeyLogAct::WriterScoped {
                key,
                scope: WriterScope::Kinds(vec!["status-list".into()]),
                last,
            },
            5 => KeyLogAct::WriterScoped {
                key,
                scope: WriterScope::All,
                last,
            },
            6 => {
                // Whoever ends a key need not know all that it wrote.
                let last = if self.rng.random() {
                    last
                } else {
                    self.good_by(at, &key)
                };
                KeyLogAct::WriterEnded {
                    key,
                    last,
                    end: KeyEnd::Retired,
                }
            }
            _ => {
                // Not its newest: the thief's may be among them.
                let last = self.good_by(at, &key);
                KeyLogAct::WriterEnded {
                    key,
                    last,
                    end: KeyEnd::Compromised,
                }
            }
        }
    }

    /// A site writes with another key from now on.
    fn renew(&mut self, at: usize, key: [u8; 32]) -> PublicKey {
        self.sites[at].key = key;
        self.sites[at].replica.use_key(key_of(&key));
        let public = key_of(&key).public();
        self.truth.keys.insert(public, self.sites[at].home);
        public
    }

    /// An envelope of a writer that is known to be good: one of its newest three.
    fn good_by(&mut self, at: usize, key: &PublicKey) -> Vec<Hash> {
        let back = self.rng.random_range(0..3);
        let site = &self.sites[at];
        let log = &site.replica.logs()[&site.home];
        let own: Vec<Hash> = log
            .envelopes()
            .map(Result::unwrap)
            .filter(|envelope| envelope.header().writer == *key)
            .map(|envelope| envelope.hash())
            .collect();
        own.iter()
            .rev()
            .nth(back)
            .or_else(|| own.first())
            .copied()
            .into_iter()
            .collect()
    }

    fn rotate(&mut self, at: usize) {
        let home = self.sites[at].home;
        let after: [u8; 32] = self.rng.random();
        let keys = &self.roots[&home];
        let act = KeyLogAct::RootRotated {
            root: RootKeySet::single(key_of(&keys.next).public()),
            next_root: RootKeySet::single(key_of(&after).public()).commitment(),
        };
        let next = keys.next;
        if self.enter_signed(at, act, next) {
            let keys = self.roots.get_mut(&home).unwrap();
            keys.root = keys.next;
            keys.next = after;
        }
    }

    fn enter(&mut self, at: usize, act: KeyLogAct) {
        let home = self.sites[at].home;
        let root = self.roots[&home].root;
        self.enter_signed(at, act, root);
    }

    fn enter_signed(&mut self, at: usize, act: KeyLogAct, root: [u8; 32]) -> bool {
        let now = self.clock(at);
        let site = &self.sites[at];
        let Ok(mut entry) = site.replica.logs()[&site.home].key_log().propose(act, now) else {
            return false;
        };
        entry.sign(&key_of(&root));
        if self.sites[at].replica.check_entry(&entry).is_err() {
            return false;
        }
        let before = self.sites[at].disk.key_logs[&self.sites[at].home].leaves();
        self.happen(at, ReplicaEvent::Entered(entry));
        self.sites[at].disk.key_logs[&self.sites[at].home].leaves() != before
    }
}

fn newest_by(site: &SimulatedNode, key: &PublicKey) -> Vec<Hash> {
    let log = &site.replica.logs()[&site.home];
    let named: std::collections::BTreeSet<Hash> = log
        .envelopes()
        .map(Result::unwrap)
        .filter(|envelope| envelope.header().writer == *key)
        .flat_map(|envelope| envelope.header().parents.clone())
        .collect();
    let mut newest: Vec<Hash> = log
        .envelopes()
        .map(Result::unwrap)
        .filter(|envelope| envelope.header().writer == *key && !named.contains(&envelope.hash()))
        .map(|envelope| envelope.hash())
        .collect();
    newest.sort_unstable();
    newest
}
