//! The choice among several entries at one place: which are passed on, and where the log ends.
//!
//! Whoever has the root's keys can sign any number of entries at one place. Four of each sort are passed on, those with the
//! smallest names, so that every node ends with the same four, whatever came first. One that was here before four smaller
//! ones came stays in the store, for envelopes that are kept may name it; it counts no more, nor does what follows it.

use std::collections::BTreeSet;

use super::{Hash, KeyAuthority, KeyLog, KeyLogRecord, MAX_HELD, MAX_RIVALS};
use crate::mutant::mutant;

impl KeyLog {
    fn is_rotation(&self, hash: &Hash) -> bool {
        let held = self.held.get(hash);
        held.is_some_and(|held| held.entry.get().act.is_rotation())
    }

    /// Returns true if an entry of this name after `before` would not be passed on, or too many are here.
    pub(super) fn is_crowded(&self, before: &KeyLogRecord, name: &Hash, is_rotation: bool) -> bool {
        let of_its_sort = |hash: &&Hash| self.is_rotation(hash) == is_rotation;
        let rivals = before.after.iter().filter(of_its_sort);
        let earlier = rivals.filter(|rival| *rival < name || mutant!(FirstRivalsStay)).count();
        earlier >= MAX_RIVALS
            || !self.shown.contains(&before.entry.hash())
            || (self.order.len() >= MAX_HELD && self.order.iter().filter(of_its_sort).count() >= MAX_HELD)
    }

    /// The entries after one that are passed on: the rotations, and the others. Sorted.
    fn rivals_after(&self, held: &KeyLogRecord) -> (Vec<Hash>, Vec<Hash>) {
        let (mut rotations, mut others): (Vec<Hash>, Vec<Hash>) =
            held.after.iter().partition(|hash| self.is_rotation(hash));
        rotations.truncate(MAX_RIVALS);
        others.truncate(MAX_RIVALS);
        (rotations, others)
    }

    /// The authority at the end of each history that the root signed: one, unless the log is in dispute.
    pub(crate) fn histories(&self) -> Vec<&KeyAuthority> {
        let mut histories = Vec::new();
        let mut open = vec![self.head];
        while let Some(held) = open.pop().and_then(|hash| self.held.get(&hash)) {
            let (rotations, others) = self.rivals_after(held);
            let next = if rotations.is_empty() { others } else { rotations };
            if next.is_empty() {
                histories.push(&held.authority);
            }
            open.extend(next);
        }
        histories
    }

    /// Finds what is passed on, and the last entry that counts.
    pub(super) fn settle(&mut self) {
        let mut shown = BTreeSet::from([self.genesis]);
        // Each comes after the one before it.
        for held in self.order.iter().filter_map(|hash| self.held.get(hash)) {
            if shown.contains(&held.entry.hash()) {
                let (rotations, others) = self.rivals_after(held);
                shown.extend(rotations.into_iter().chain(others));
            }
        }
        self.shown = shown;
        let mut head = self.genesis;
        self.disputed = None;
        while let Some(held) = self.held.get(&head) {
            let (rotations, others) = self.rivals_after(held);
            let next = if rotations.is_empty() { others } else { rotations };
            match next.as_slice() {
                [] => break,
                [only] => head = *only,
                [one, other, ..] => {
                    self.disputed = Some((*one, *other));
                    break;
                }
            }
        }
        self.head = head;
        if let Some(held) = self.held.get(&head) {
            self.authority = held.authority.clone();
        }
    }
}
