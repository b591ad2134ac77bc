//! The descent of envelopes: branches, forks, and the grants that wait for a fork to be joined.
//!
//! A branch is how *this node* lays a writer's envelopes in lines: the first child that came goes on in its parent's line,
//! and each further one begins a line of its own. So nothing that comes later renames a line, and a fork costs no more than
//! any other envelope. What is kept, and what the rows are, does not depend on it.

use registry_schema::Timestamp;

use super::{
    AgencyLog, Arc, BTreeSet, DocumentId, Envelope, EnvelopePosition, Hash, LogError, MAX_PARENTS, PublicKey,
    VectorClock,
};
use crate::document::admits;

/// A line of one writer's envelopes, each the first child of the one before it that came here, numbered without a gap.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) writer: PublicKey,
    /// The number of the first.
    first: u32,
    pub(super) envelopes: Vec<Hash>,
    /// The documents that they put something in, as far as documents are built.
    pub(super) documents: BTreeSet<DocumentId>,
}

/// Takes the reach of an envelope into a clock.
pub(super) fn extend(clock: &mut VectorClock, place: &EnvelopePosition) {
    for (branch, reach) in place.reaches() {
        let known = clock.entry(branch).or_insert(reach);
        *known = (*known).max(reach);
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

    /// The beginning of a writer's next envelope: its number, and its parents.
    #[must_use]
    pub fn next_for(&self, writer: &PublicKey) -> (u32, Vec<Hash>) {
        let parents = self.newest_for(writer);
        (self.next_sequence(writer, &parents), parents)
    }

    /// The number of a writer's own envelopes, one after the other, among these and their ancestors.
    pub(super) fn next_sequence(&self, writer: &PublicKey, parents: &[Hash]) -> u32 {
        let kept = parents.iter().filter_map(|parent| self.kept.get(parent));
        let reaches = kept.flat_map(|kept| kept.place.reaches());
        let own = reaches.filter_map(|(branch, reach)| {
            let branch = self.branch(branch).filter(|branch| branch.writer == *writer)?;
            Some(branch.first.saturating_add(reach).saturating_add(1))
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
        let tips: Vec<(Hash, &EnvelopePosition)> =
            own.filter_map(newest).map(|(hash, kept)| (hash, &kept.place)).collect();
        let is_last = |(hash, place): &&(Hash, &EnvelopePosition)| {
            !tips.iter().any(|(other, by)| other != hash && by.covers(place))
        };
        tips.iter().filter(is_last).map(|(hash, _)| *hash).collect()
    }

    /// Notes whose child of its own writer an envelope is; gives the envelopes that now stand beside another: itself, and the
    /// one that was alone before it.
    pub(super) fn note_family(&mut self, hash: Hash, envelope: &Envelope) -> BTreeSet<Hash> {
        let own = self.own_before(envelope);
        let mut parts = BTreeSet::new();
        let mut join = |family: &mut Vec<Hash>| {
            family.push(hash);
            if let [.., _, _] = family.as_slice() {
                parts.extend(family.first().copied());
                parts.insert(hash);
            }
        };
        if own.is_empty() {
            join(self.beginnings.entry(envelope.header().writer).or_default());
        }
        for parent in own {
            join(self.own_children.entry(parent).or_default());
        }
        parts
    }

    /// Notes the forks that an envelope makes, or joins; gives two envelopes that prove one, if it is new. A fork is told at
    /// each number that an envelope has which stands beside another, by all envelopes of that number: so it does not matter
    /// which came first.
    pub(super) fn note_forks(
        &mut self,
        hash: Hash,
        envelope: &Envelope,
        parts: &BTreeSet<Hash>,
    ) -> Option<(Hash, Hash)> {
        let writer = envelope.header().writer;
        let mut found = None;
        if let Some(apart) = self.forks.get_mut(&(writer, envelope.header().sequence)) {
            let twin = apart.first().copied();
            if let Err(at) = apart.binary_search(&hash) {
                apart.insert(at, hash);
                found = twin.filter(|_| parts.contains(&hash)).map(|twin| (twin, hash));
            }
        }
        let numbers: Vec<u32> = parts.iter().filter_map(|part| self.number_of(part)).collect();
        for number in numbers {
            if self.forks.contains_key(&(writer, number)) {
                continue;
            }
            let apart = self.with_number(&writer, number);
            if let [one, other, ..] = apart.as_slice() {
                found = found.or(Some((*one, *other)));
            }
            self.forks.insert((writer, number), apart);
        }
        found
    }

    /// The number of a kept envelope among its writer's own.
    fn number_of(&self, hash: &Hash) -> Option<u32> {
        let place = &self.kept.get(hash)?.place;
        Some(self.branch(place.branch)?.first.saturating_add(place.position))
    }

    /// All envelopes of a writer with a number, sorted.
    fn with_number(&self, writer: &PublicKey, number: u32) -> Vec<Hash> {
        let own = self.branches.iter().filter(|branch| branch.writer == *writer);
        let with = own.filter_map(|branch| {
            let position = number.checked_sub(branch.first)?;
            branch.envelopes.get(position as usize).copied()
        });
        let mut all: Vec<Hash> = with.collect();
        all.sort_unstable();
        all
    }

    /// The newest of the writer's own envelopes before this one: none, one, or several that it joins. They need not be its
    /// parents: where another writer's envelope descends from them, that one is.
    fn own_before(&self, envelope: &Envelope) -> Vec<Hash> {
        let header = envelope.header();
        let mut clock = VectorClock::new();
        for kept in header.parents.iter().filter_map(|parent| self.kept.get(parent)) {
            extend(&mut clock, &kept.place);
        }
        let newest = clock.iter().filter_map(|(branch, reach)| {
            let branch = self.branch(*branch).filter(|branch| branch.writer == header.writer)?;
            let hash = branch.envelopes.get(*reach as usize)?;
            Some((*hash, &self.kept.get(hash)?.place))
        });
        let newest: Vec<(Hash, &EnvelopePosition)> = newest.collect();
        let is_last = |(hash, place): &&(Hash, &EnvelopePosition)| {
            !newest.iter().any(|(other, by)| other != hash && by.covers(place))
        };
        newest.iter().filter(is_last).map(|(hash, _)| *hash).collect()
    }

    /// The envelopes of the same writer beside which this one would stand: children of the same own envelope, or
    /// beginnings. None, if it joins several lines.
    pub(super) fn siblings(&self, envelope: &Envelope) -> &[Hash] {
        let siblings = match self.own_before(envelope).as_slice() {
            [] => self.beginnings.get(&envelope.header().writer),
            [parent] => self.own_children.get(parent),
            _ => None,
        };
        siblings.map_or(&[], Vec::as_slice)
    }

    /// Returns true if an envelope would begin a line of its own, as far as its number goes on in its parent's.
    pub(super) fn opens_a_line(&self, envelope: &Envelope) -> bool {
        self.own_before(envelope).len() != 1 || !self.siblings(envelope).is_empty()
    }

    /// Finds the place of an envelope whose parents have theirs.
    pub(super) fn place(&mut self, hash: Hash, envelope: &Envelope) -> EnvelopePosition {
        let header = envelope.header();
        let own = self.own_before(envelope);
        let before = match own.as_slice() {
            [parent] => self.kept.get(parent).map(|kept| kept.place.clone()),
            _ => None,
        };
        // It goes on in a line if it is the next of it, in place and in number.
        let goes_on = |before: &EnvelopePosition| {
            self.branch(before.branch).is_some_and(|branch| {
                let length = u32::try_from(branch.envelopes.len()).unwrap_or(u32::MAX);
                before.position + 1 == length && branch.first.checked_add(length) == Some(header.sequence)
            })
        };
        let before = before.filter(goes_on);
        let is_alone = before.is_some() && header.parents == own;
        let (branch, branch_name, position) = match &before {
            Some(before) => (before.branch, before.branch_name, before.position + 1),
            None => {
                self.branches.push(Branch {
                    writer: header.writer,
                    first: header.sequence,
                    envelopes: vec![],
                    documents: BTreeSet::new(),
                });
                (u32::try_from(self.branches.len() - 1).unwrap_or(u32::MAX), hash, 0)
            }
        };
        if let Some(branch) = self.branches.get_mut(branch as usize) {
            branch.envelopes.push(hash);
            let built = envelope
                .puts()
                .map(|(document, ..)| document)
                .filter(|document| !matches!(document, DocumentId::Unknown(_)));
            for document in built {
                if !branch.documents.contains(document) {
                    branch.documents.insert(document.clone());
                }
            }
        }
        let others = match before.filter(|_| is_alone) {
            Some(before) => before.others,
            None => {
                let mut others = VectorClock::new();
                for kept in header.parents.iter().filter_map(|parent| self.kept.get(parent)) {
                    extend(&mut others, &kept.place);
                }
                others.remove(&branch);
                self.usage.marks += others.len() as u64;
                Arc::new(others)
            }
        };
        EnvelopePosition {
            branch,
            branch_name,
            position,
            others,
        }
    }

    /// Finds the grants that wait: an envelope of their writer is neither before nor after them, and none joins both.
    pub(super) fn note_waiting(&mut self) -> Result<(), LogError> {
        if self.forks.is_empty() || self.heads.len() < 2 {
            self.waiting.clear();
            return Ok(());
        }
        let tips: Vec<(PublicKey, EnvelopePosition)> = self
            .branches
            .iter()
            .filter_map(|branch| Some((branch.writer, self.kept.get(branch.envelopes.last()?)?.place.clone())))
            .collect();
        let heads: Vec<EnvelopePosition> = self
            .heads
            .iter()
            .filter_map(|head| Some(self.kept.get(head)?.place.clone()))
            .collect();
        let is_open = |writer: &PublicKey, place: &EnvelopePosition| {
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

    /// The first envelope of the line that an envelope is in here, for diagnosis.
    #[must_use]
    pub fn branch_of(&self, hash: &Hash) -> Option<Hash> {
        Some(self.kept.get(hash)?.place.branch_name)
    }
}
