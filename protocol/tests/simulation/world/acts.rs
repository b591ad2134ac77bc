//! The acts of a schedule.

use protocol::{
    DocumentId, Put, ReplicaEvent,
    status_list::{self, SlotSpan},
    trust_list,
};
use rand::{RngExt as _, seq::IndexedRandom as _};
use registry_schema::{Issuer, StatusReason};

use super::SimulatedWorld;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl SimulatedWorld {
    pub(crate) fn act(&mut self) {
        let at = self.rng.random_range(0..self.sites.len());
        let other = self.rng.random_range(0..self.sites.len());
        self.operators_look();
        let plan = self.plan.clone();
        let loss = if plan.bad_network { 0.1 } else { 0.0 };
        match self.rng.random_range(0..100) {
            _ if self.sites[at].stopped => self.pass(1_000, loss),
            _ if self.sites[at].hostile && self.rng.random_bool(0.7) => self.do_harm(at),
            0..45 => self.write(at),
            45..52 if at != other && plan.bad_network => {
                if self.network.linked_to(at).contains(&other) {
                    self.toggle(at, other);
                }
            }
            52..55 => self.crash(at),
            55..59 => self.sites[at].backup = Some(self.sites[at].disk.clone()),
            dice @ 59..66 if dice < 59 + plan.restores => self.restore_backup(at),
            66..74 if plan.ceremonies => self.hold_ceremony(at),
            74..76 if plan.clock_jumps => {
                let hours: i64 = self.rng.random_range(-3..=3);
                self.sites[at].ahead = hours * HOUR / 2 + self.rng.random_range(-90_000..90_000);
            }
            76..78 if plan.joiners && self.sites.len() < plan.agencies + 3 => self.found_agency(),
            78..80 if plan.unpins => self.unpin(at),
            80 if plan.tombstones => {
                for _ in 0..4 {
                    self.leap(2 * DAY, loss);
                }
            }
            81..84 => {
                // A long silence, in which words run out.
                let hours = self.rng.random_range(1..4);
                for _ in 0..2 {
                    self.leap(hours * HOUR / 2, loss);
                }
            }
            84..87 if plan.clones => self.clone_site(at),
            _ => {
                let wait = self.rng.random_range(1..30_000);
                self.pass(wait, loss);
            }
        }
        self.assert_at_any_time();
    }

    /// One site writes, and some time goes by.
    pub(crate) fn act_of(&mut self, at: usize) {
        self.write(at);
        let wait = self.rng.random_range(1..10_000);
        self.pass(wait, 0.0);
        self.assert_at_any_time();
    }

    fn write(&mut self, at: usize) {
        let now = self.clock(at);
        if !self.sites[at].replica.may_write(now) {
            return;
        }
        let count = if self.rng.random_bool(0.2) { 4 } else { 1 };
        let mut puts: Vec<Put> = (0..count).map(|_| self.some_put(at)).collect();
        puts.sort_by_key(|put| put.key.clone());
        puts.dedup_by_key(|put| put.key.clone());
        if !self.sites[at].replica.may_put(&puts) {
            return;
        }
        let home = self.sites[at].home;
        let places: Vec<(DocumentId, String)> = puts.iter().map(|p| (p.document.clone(), p.key.clone())).collect();
        if self.happen(at, ReplicaEvent::Authored(puts)) && !self.sites[at].hostile {
            let Some((_, envelope, _)) = self.sites[at].disk.envelopes.last() else {
                return;
            };
            for (document, key) in places.into_iter().filter(|(_, key)| key.starts_with("r/")) {
                self.truth.acknowledged.push((home, *envelope, document, key));
            }
        }
    }

    pub(super) fn some_put(&mut self, at: usize) -> Put {
        let now = self.clock(at);
        let index = self.rng.random_range(0..12);
        let reason = *StatusReason::ALL.choose(&mut self.rng).unwrap();
        match self.rng.random_range(0..20) {
            0..9 => status_list::revoke(0, index, reason, now),
            9..15 => status_list::suspend(0, index, self.rng.random(), reason, now),
            15..17 if self.plan.tombstones => status_list::expunge(0, index, self.rng.random(), now),
            17 => status_list::reserve(0, SlotSpan::Unit(index), Some(u64::from(index)), now),
            18 => Put {
                document: "catalog/7".parse().unwrap(),
                key: format!("c/{index}"),
                value: vec![index as u8],
            },
            _ => trust_list::register(&Issuer {
                id: format!("https://issuer-{}.example", index % 3),
                name: format!("Issuer {now:?}"),
                agency: "US-NC".parse().unwrap(),
                verification_methods: vec![],
                url: None,
                provider: None,
                own_keys: None,
            }),
        }
    }

    fn unpin(&mut self, at: usize) {
        let home = self.sites[at].home;
        let others: Vec<_> = self.roots.keys().filter(|agency| **agency != home).copied().collect();
        let Some(agency) = others.choose(&mut self.rng).copied() else {
            return;
        };
        if self.sites[at].pinned.remove(&agency) {
            self.happen(at, ReplicaEvent::Unpinned(agency));
        } else {
            self.sites[at].pinned.insert(agency);
            self.happen(at, ReplicaEvent::Pinned(agency));
        }
    }
}
