//! Which envelopes come before which: branches, forks, and the grants that wait for a fork to be joined.

use registry_schema::Timestamp;

use super::{AgencyLog, Arc, BTreeSet, Broken, Clock, Envelope, Hash, MAX_PARENTS, Place, PublicKey};
use crate::document::admits;

/// A writer's run of envelopes without fork or join.
#[derive(Debug)]
pub(super) struct Branch {
    /// The hash of the first, which names the branch everywhere.
    name: Hash,
    writer: PublicKey,
    /// The number of the first.
    first: u32,
    pub(super) envelopes: Vec<Hash>,
}

/// Takes another's reach into a clock.
pub(super) fn extend(clock: &mut Clock, other: &Clock) {
    for (branch, reach) in other {
        let known = clock.entry(*branch).or_insert(*reach);
        *known = (*known).max(*reach);
    }
}

impl AgencyLog {
    pub(super) fn branch(&self, branch: u32) -> Option<&Branch> {
        self.branches.get(branch as usize)
    }

    /// The newest envelopes that a writer names as parents and as heads: all of them, or its own and some others while
    /// more branches are open than an envelope can join. Sorted.
    #[must_use]
    pub fn newest_for(&self, writer: &PublicKey) -> Vec<Hash> {
        let is_others = |hash: &Hash| {
            let kept = self.kept.get(hash);
            kept.is_none_or(|kept| kept.writer != *writer)
        };
        let mut newest = self.heads();
        newest.sort_by_key(is_others);
        newest.truncate(MAX_PARENTS);
        newest.sort_unstable();
        newest
    }

    /// What a writer's next envelope begins with: its number, and its parents.
    #[must_use]
    pub fn next_for(&self, writer: &PublicKey) -> (u32, Vec<Hash>) {
        let parents = self.newest_for(writer);
        (self.next_sequence(writer, &parents), parents)
    }

    /// How many of a writer's own envelopes, one after the other, are among these and their ancestors.
    pub(super) fn next_sequence(&self, writer: &PublicKey, parents: &[Hash]) -> u32 {
        let clocks = parents.iter().filter_map(|parent| self.kept.get(parent));
        let reaches = clocks.flat_map(|kept| kept.place.clock.iter());
        let own = reaches.filter_map(|(branch, reach)| {
            let branch = self.branch(*branch).filter(|branch| branch.writer == *writer)?;
            Some(branch.first + reach + 1)
        });
        own.max().unwrap_or(0)
    }

    /// The last envelopes of a writer's branches, of those at such a time, that no other of them holds.
    pub(super) fn tips_of(&self, writer: &PublicKey, at: impl Fn(Timestamp) -> bool) -> Vec<Hash> {
        let own = self.branches.iter().filter(|branch| branch.writer == *writer);
        let newest = |branch: &Branch| {
            let mut newest_first = branch
                .envelopes
                .iter()
                .rev()
                .filter_map(|hash| Some((*hash, self.kept.get(hash)?)));
            newest_first.find(|(_, kept)| at(kept.time))
        };
        let tips: Vec<(Hash, &Place)> = own.filter_map(newest).map(|(hash, kept)| (hash, &kept.place)).collect();
        let is_last =
            |(hash, place): &&(Hash, &Place)| !tips.iter().any(|(other, by)| other != hash && by.covers(place));
        tips.iter().filter(is_last).map(|(hash, _)| *hash).collect()
    }

    /// Notes whose child of its own writer an envelope is; says whether that makes a fork, which renames branches.
    pub(super) fn note_family(&mut self, hash: Hash, envelope: &Envelope) -> bool {
        let own = self.own_before(envelope);
        if own.is_empty() {
            let beginnings = self.beginnings.entry(envelope.header().writer).or_default();
            beginnings.push(hash);
            return beginnings.len() > 1;
        }
        let mut forks = false;
        for parent in own {
            let children = self.own_children.entry(parent).or_default();
            children.push(hash);
            forks |= children.len() > 1;
        }
        forks
    }

    /// Another envelope of the same writer with the same number: the two prove two histories.
    pub(super) fn twin(&self, envelope: &Envelope, hash: Hash) -> Option<Hash> {
        let header = envelope.header();
        let same_writer = self.branches.iter().filter(|branch| branch.writer == header.writer);
        let mut same_number = same_writer.filter_map(|branch| {
            let position = header.sequence.checked_sub(branch.first)?;
            branch.envelopes.get(position as usize)
        });
        same_number.find(|twin| **twin != hash).copied()
    }

    /// The newest of the writer's own envelopes before this one: none, one, or several that it joins. They need not be its
    /// parents: where another writer's envelope descends from them, that one is.
    fn own_before(&self, envelope: &Envelope) -> Vec<Hash> {
        let header = envelope.header();
        let mut clock = Clock::new();
        for kept in header.parents.iter().filter_map(|parent| self.kept.get(parent)) {
            extend(&mut clock, &kept.place.clock);
        }
        let newest = clock.iter().filter_map(|(branch, reach)| {
            let branch = self.branch(*branch).filter(|branch| branch.writer == header.writer)?;
            let hash = branch.envelopes.get(*reach as usize)?;
            Some((*hash, &self.kept.get(hash)?.place))
        });
        let newest: Vec<(Hash, &Place)> = newest.collect();
        let is_last =
            |(hash, place): &&(Hash, &Place)| !newest.iter().any(|(other, by)| other != hash && by.covers(place));
        newest.iter().filter(is_last).map(|(hash, _)| *hash).collect()
    }

    /// Finds the place of an envelope whose parents have theirs.
    pub(super) fn place(&mut self, hash: Hash, envelope: &Envelope) -> Place {
        let own = self.own_before(envelope);
        let is_only_child = |parent: &Hash| {
            self.own_children
                .get(parent)
                .is_some_and(|children| children.len() == 1)
        };
        let before = match own.as_slice() {
            [parent] if is_only_child(parent) => self.kept.get(parent).map(|kept| kept.place.clone()),
            _ => None,
        };
        let (branch, branch_name, position) = match before {
            Some(before) => (before.branch, before.branch_name, before.position + 1),
            None => {
                self.branches.push(Branch {
                    name: hash,
                    writer: envelope.header().writer,
                    first: envelope.header().sequence,
                    envelopes: vec![],
                });
                (u32::try_from(self.branches.len() - 1).unwrap_or(u32::MAX), hash, 0)
            }
        };
        if let Some(branch) = self.branches.get_mut(branch as usize) {
            branch.envelopes.push(hash);
        }
        let mut clock = Clock::new();
        for parent in &envelope.header().parents {
            if let Some(kept) = self.kept.get(parent) {
                extend(&mut clock, &kept.place.clock);
            }
        }
        clock.insert(branch, position);
        Place {
            branch,
            branch_name,
            position,
            clock: Arc::new(clock),
        }
    }

    /// Finds the grants that wait: an envelope of their writer is neither before nor after them, and none joins both.
    pub(super) fn note_waiting(&mut self) -> Result<(), Broken> {
        self.waiting.clear();
        if self.forks.is_empty() || self.heads.len() < 2 {
            return Ok(());
        }
        let tips: Vec<(PublicKey, Place)> = self
            .branches
            .iter()
            .filter_map(|branch| Some((branch.writer, self.kept.get(branch.envelopes.last()?)?.place.clone())))
            .collect();
        let heads: Vec<Place> = self
            .heads
            .iter()
            .filter_map(|head| Some(self.kept.get(head)?.place.clone()))
            .collect();
        let is_open = |writer: &PublicKey, place: &Place| {
            tips.iter().any(|(of, tip)| {
                let apart = of == writer && !tip.covers(place) && !place.covers(tip);
                apart && !heads.iter().any(|head| head.covers(tip) && head.covers(place))
            })
        };
        let mut waiting = BTreeSet::new();
        for kept in self.kept.values().filter(|kept| kept.grants) {
            if is_open(&kept.writer, &kept.place) {
                let envelope = self.fetch(kept)?;
                let puts = envelope.puts();
                let grants =
                    puts.filter(|(document, key, value)| document.is_grant(key) && admits(document, key, value));
                waiting.extend(grants.map(|(document, key, _)| (document.clone(), key.to_owned())));
            }
        }
        self.waiting = waiting;
        Ok(())
    }

    /// The name of the branch that an envelope is in, for diagnosis.
    #[must_use]
    pub fn branch_of(&self, hash: &Hash) -> Option<Hash> {
        let place = &self.kept.get(hash)?.place;
        self.branch(place.branch).map(|branch| branch.name)
    }
}
