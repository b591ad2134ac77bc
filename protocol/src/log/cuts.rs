//! The cuts in the writers' histories: which of a writer's envelopes stand under which of its terms, and so what counts.
//!
//! A pure function of the kept envelopes and the key log. A term that was closed ends with envelopes that the root
//! named; it holds them and their ancestors. While one of them is not here, the term cuts nothing yet, and the log is
//! not fresh: what a thief wrote may still stand, but nothing that an honest writer revoked comes back by our not
//! knowing enough.
//!
//! A key that was retired is not distrusted, only done with: who ended it may not have known all that it wrote. So what it
//! restricts beyond its last envelopes counts all the same (revocations, suspensions, reservations of slots), and nothing
//! else that it wrote there does. Of a compromised key nothing does.
//!
//! Where the root signs two histories, a revocation counts if any of them lets it, whichever came first: what all of them
//! cut stays cut, and what one of them lets is not brought back by another. Nothing of such a log is fresh.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{DocumentId, EnvelopePosition, Hash, KeyLog, PublicKey};
use crate::{
    key_log::{KeyAuthority, KeyEnd, WriterRights, WriterScope},
    mutant::mutant,
    status_list,
};

/// The terms under which each writer may put, and where in its history.
#[derive(Debug)]
pub(super) struct WriterValidity {
    writers: BTreeMap<PublicKey, ResolvedTerms>,
    /// While the key log is in dispute: the terms of each writer in each history, where they differ.
    histories: Option<BTreeMap<PublicKey, Vec<ResolvedTerms>>>,
    missing: BTreeSet<Hash>,
    /// The envelopes that end a term in any history and are not here.
    wanted: BTreeSet<Hash>,
}

/// A writer's terms, the oldest first.
#[derive(Debug, PartialEq, Eq)]
struct ResolvedTerms {
    all: Vec<ResolvedTerm>,
    /// True if the key was retired, so that beyond its terms what restricts still counts.
    is_retired: bool,
}

#[derive(Debug)]
struct ResolvedTerm {
    scope: WriterScope,
    /// The places of its last envelopes; none while it is open, or while one of them is not here.
    last: Option<Vec<EnvelopePosition>>,
}

impl Eq for ResolvedTerm {}

/// The same scope, up to the same envelopes.
impl PartialEq for ResolvedTerm {
    fn eq(&self, other: &Self) -> bool {
        let ends = |term: &Self| {
            let last = term.last.as_ref()?;
            Some(
                last.iter()
                    .map(|place| (place.branch, place.position))
                    .collect::<Vec<_>>(),
            )
        };
        self.scope == other.scope && ends(self) == ends(other)
    }
}

impl WriterValidity {
    pub(super) fn of(key_log: &KeyLog, place: impl Fn(&Hash) -> Option<EnvelopePosition>) -> Self {
        let terms = |writer: &WriterRights| -> ResolvedTerms {
            let term = |term: &Arc<crate::key_log::WriterTerm>| ResolvedTerm {
                scope: term.scope.clone(),
                last: term.last.as_ref().and_then(|last| last.iter().map(&place).collect()),
            };
            ResolvedTerms {
                all: writer.terms.iter().map(term).collect(),
                is_retired: writer.end == Some(KeyEnd::Retired),
            }
        };
        let authority = key_log.authority();
        let missing_of = |authority: &KeyAuthority| -> BTreeSet<Hash> {
            let ends = authority.writers().values().flat_map(|writer| &writer.terms);
            let ends = ends.filter_map(|term| term.last.as_ref()).flatten();
            ends.filter(|hash| place(hash).is_none()).copied().collect()
        };
        let missing = missing_of(authority);
        let mut wanted = missing.clone();
        let writers = authority.writers().iter();
        let writers = writers.map(|(key, writer)| (*key, terms(writer))).collect();
        let histories = key_log.disputed().map(|_| {
            let mut histories: BTreeMap<PublicKey, Vec<ResolvedTerms>> = BTreeMap::new();
            for authority in key_log.histories() {
                wanted.extend(missing_of(authority));
                for (key, writer) in authority.writers() {
                    let (known, these) = (histories.entry(*key).or_default(), terms(writer));
                    if !known.contains(&these) {
                        known.push(these);
                    }
                }
            }
            histories
        });
        Self {
            writers,
            histories,
            missing,
            wanted,
        }
    }

    /// Returns true if it is unknown, for want of this envelope, where a term ends.
    pub(super) fn wants(&self, hash: &Hash) -> bool {
        self.wanted.contains(hash)
    }

    /// Returns true if the key log's histories let the same.
    pub(super) fn has_same_histories(&self, other: &Self) -> bool {
        self.histories == other.histories
    }

    /// The writers whose puts may count otherwise than under these other cuts.
    pub(super) fn differing(&self, other: &Self) -> BTreeSet<PublicKey> {
        let both = self.writers.keys().chain(other.writers.keys());
        let differs = |writer: &&PublicKey| self.writers.get(writer) != other.writers.get(writer);
        both.filter(differs).copied().collect()
    }

    /// The envelopes that end a term and are not here.
    pub(super) const fn missing(&self) -> &BTreeSet<Hash> {
        &self.missing
    }

    /// Returns true if a put by this writer at this place of its history counts.
    pub(super) fn may_put(
        &self,
        writer: &PublicKey,
        place: &EnvelopePosition,
        (document, key, value): (&DocumentId, &str, &[u8]),
    ) -> bool {
        let holds_it = |term: &&ResolvedTerm| {
            let last = term.last.as_ref();
            mutant!(CutsCutNothing) || last.is_none_or(|last| last.iter().any(|last| last.covers(place)))
        };
        let is_of_a_list = matches!(document, DocumentId::StatusList(_));
        let restricts = is_of_a_list && (status_list::restricts(key, value) || status_list::reserves(key));
        let lets = |terms: &ResolvedTerms| {
            let beyond = terms
                .all
                .last()
                .filter(|_| terms.is_retired && restricts && !mutant!(RetiredIsForgotten));
            let term = terms.all.iter().find(holds_it).or(beyond);
            term.is_some_and(|term| term.scope.holds(document))
        };
        let is_revocation = is_of_a_list && status_list::is_write_once(key);
        match &self.histories {
            Some(histories) if is_revocation => histories.get(writer).is_some_and(|all| all.iter().any(lets)),
            _ => self.writers.get(writer).is_some_and(lets),
        }
    }
}
