//! What counts: which of a writer's envelopes stand under which of its terms.
//!
//! A pure function of the kept envelopes and the key log. A term that was closed ends with envelopes that the root
//! named; it holds them and their ancestors. While one of them is not here, the term cuts nothing yet, and the log is
//! not fresh: what a thief wrote may still stand, but nothing that an honest writer revoked comes back by our not
//! knowing enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{DocumentId, Hash, KeyLog, Place, PublicKey};
use crate::mutant::mutant;
use crate::{key_log::WriterScope, status_list};

/// What each writer may put, and where in its history.
#[derive(Debug)]
pub(super) struct Cuts {
    writers: BTreeMap<PublicKey, Vec<Term>>,
    missing: BTreeSet<Hash>,
}

#[derive(Debug)]
struct Term {
    scope: WriterScope,
    /// The places of its last envelopes; none while it is open, or while one of them is not here.
    last: Option<Vec<Place>>,
}

/// The same scope, up to the same envelopes.
impl PartialEq for Term {
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

impl Cuts {
    pub(super) fn of(key_log: &KeyLog, place: impl Fn(&Hash) -> Option<Place>) -> Self {
        let mut missing = BTreeSet::new();
        let mut term = |term: &Arc<crate::key_log::Term>| {
            let last = term.last.as_ref().and_then(|last| {
                let away = last.iter().filter(|hash| place(hash).is_none());
                missing.extend(away.copied());
                last.iter().map(&place).collect()
            });
            Term {
                scope: term.scope.clone(),
                last,
            }
        };
        let authority = key_log.authority();
        let writers = authority
            .writers()
            .iter()
            .map(|(key, writer)| (*key, writer.terms.iter().map(&mut term).collect()))
            .collect();
        Self { writers, missing }
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

    /// Whether a put by this writer at this place of its history counts.
    pub(super) fn may_put(
        &self,
        key_log: &KeyLog,
        writer: &PublicKey,
        place: &Place,
        document: &DocumentId,
        key: &str,
    ) -> bool {
        let holds_it = |term: &&Term| {
            let last = term.last.as_ref();
            mutant!(CutsCutNothing) || last.is_none_or(|last| last.iter().any(|last| last.covers(place)))
        };
        let terms = self.writers.get(writer);
        let term = terms.and_then(|terms| terms.iter().find(holds_it));
        let lets = term.is_some_and(|term| term.scope.holds(document));
        // Two histories of the root: a revocation counts if either authorizes it.
        let is_revocation = matches!(document, DocumentId::StatusList(_)) && status_list::is_write_once(key);
        lets || (key_log.disputed().is_some() && is_revocation && key_log.ever_lets_write(writer, document))
    }
}
