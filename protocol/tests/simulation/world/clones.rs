//! Copies of sites that run beside them, with their keys, and what becomes of both.

use std::{collections::BTreeSet, sync::Arc};

use protocol::{Hash, WriteBatch};
use rand::RngExt as _;

use super::{FlakyBlobStore, SimulatedNode, SimulatedWorld, key_of};
use crate::audit::hold;

impl SimulatedWorld {
    /// Copies a site's disk and keys, and starts the copy beside it: with the same peers, and not with the site itself.
    pub(crate) fn clone_site(&mut self, at: usize) {
        let site = &self.sites[at];
        if site.hostile || site.stopped || self.live_copies(at).count() > 0 || self.sites.len() > 200 {
            return;
        }
        let home = site.home;
        let peers = self.network.linked_to(at);
        self.truth.rewound.insert(home);
        self.truth.cloned += 1;
        let name = Hash([self.sites.len() as u8 + 1; 32]);
        let copy = self.sites[at].copied(name);
        self.sites.push(copy);
        let copy = self.sites.len() - 1;
        for peer in peers {
            self.network.link(copy, peer);
        }
        self.crash(copy);
    }

    /// The other sites that run with this one's key.
    fn live_copies(&self, at: usize) -> impl Iterator<Item = usize> {
        let key = self.sites[at].key;
        let sites = self.sites.iter().enumerate();
        sites
            .filter(move |(other, site)| *other != at && site.key == key && !site.stopped)
            .map(|(other, _)| other)
    }

    /// Now and then the operator of a site that stopped stops the others that run with its key, and vouches for its store.
    pub(super) fn operators_look(&mut self) {
        let stopped = |site: &SimulatedNode| !site.hostile && !site.stopped && site.replica.is_written_elsewhere();
        let due: Vec<usize> = (0..self.sites.len()).filter(|at| stopped(&self.sites[*at])).collect();
        for at in due {
            if self.rng.random_bool(0.1) {
                self.stop_the_copies_of(at);
                self.vouch(at);
            }
        }
    }

    /// Ends the other sites that run with a site's key.
    pub(crate) fn stop_the_copies_of(&mut self, at: usize) {
        for copy in self.live_copies(at).collect::<Vec<_>>() {
            self.sites[copy].stopped = true;
            for peer in self.network.linked_to(copy) {
                self.disconnect(copy, peer);
            }
        }
    }

    /// A site's operator vouches for its store.
    pub(crate) fn vouch(&mut self, at: usize) {
        let now = self.clock(at);
        self.begins(at);
        let site = &mut self.sites[at];
        site.replica.accept_own_log(now);
        site.alone_since = Some(now);
        site.disk.written_elsewhere = false;
        site.disk.is_beside_another = false;
    }

    /// Returns true if a site knows what it wrote itself, so that what else is signed with its key is another's.
    pub(super) fn watches_its_key(&self, at: usize) -> bool {
        let site = &self.sites[at];
        let log = &site.replica.logs()[&site.home];
        let is_live = log.key_log().writers().contains(&key_of(&site.key).public());
        let knows = site.replica.knows_own_log() || site.has_written;
        is_live && knows && !site.disk.written_elsewhere
    }

    /// Notes, of what was just written to a site's disk, whether it shows that another site writes with its key.
    pub(super) fn note_what_another_wrote(&mut self, at: usize, batch: &WriteBatch) {
        let site = &self.sites[at];
        let writer = key_of(&site.key).public();
        let is_shown = batch.envelopes.iter().any(|envelope| {
            let header = envelope.header();
            let by = self.truth.sealed.get(&envelope.hash()).and_then(|sealed| sealed.by);
            let is_of_now = site.alone_since.is_some_and(|since| header.time > since);
            header.writer == writer && by != Some(at) && is_of_now
        });
        self.sites[at].disk.is_beside_another |= is_shown;
    }

    /// Asserts that a site that writes was not shown that another one writes with its key.
    pub(super) fn assert_writes_alone(&self, at: usize) {
        let site = &self.sites[at];
        hold!(
            15,
            site.hostile || !site.disk.is_beside_another,
            "{:?} writes beside another site that writes with its key",
            site.name
        );
    }

    /// Asserts that a site stopped for what another wrote. What it wrote itself and lost looks so where its clock went back.
    pub(super) fn assert_stops_by_right(&mut self, at: usize, envelope: Hash) {
        let by = self.truth.sealed.get(&envelope).and_then(|sealed| sealed.by);
        hold!(
            15,
            by != Some(at) || self.plan.clock_jumps,
            "{:?} stopped for what it wrote itself",
            self.sites[at].name
        );
        self.truth.stopped += 1;
    }
}

impl SimulatedNode {
    /// The same store and keys, under another name for the network.
    fn copied(&mut self, name: Hash) -> Self {
        let loft = std::mem::replace(&mut self.loft, Arc::new(FlakyBlobStore::whole()));
        let replica = self.read();
        let its_own = std::mem::replace(&mut self.loft, loft);
        Self {
            name,
            home: self.home,
            key: self.key,
            pinned: self.pinned.clone(),
            disk: self.disk.clone(),
            backup: None,
            replica,
            loft: its_own,
            ahead: self.ahead,
            shown: self.shown.clone(),
            started_with: None,
            words: self.words.clone(),
            words_before: self.words.clone(),
            holders: self.holders.clone(),
            began: None,
            told_by: BTreeSet::new(),
            was_told_enough: false,
            hostile: false,
            stopped: false,
            alone_since: None,
            has_written: false,
            has_own_peers: self.has_own_peers,
        }
    }
}
