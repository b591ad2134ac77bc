//! The check of a badge's proofs, whichever of the issuer's keys made them.

use std::cell::Cell;

use super::{super::JudgeContext, KnownKey};
use crate::{
    VerificationKey,
    data_integrity::{self, ExpectedProof, InvalidProof, ProofOutcome},
    multikey,
};

/// The most keys of one name that are tried.
const MAX_OF_ONE_NAME: usize = 8;

impl JudgeContext<'_> {
    /// The outcome of checking the proofs. An issuer may have given a new key the name of an earlier one: then each key of
    /// that name is tried, and the first that fits counts; whether it was the issuer's at that time is asked afterwards.
    pub(super) fn outcome(&self, known: &[KnownKey<'_>]) -> ProofOutcome {
        let mut first = None;
        for turn in 0..MAX_OF_ONE_NAME {
            let more = Cell::new(false);
            let key_of = |method: &str| {
                let mut named: Vec<&VerificationKey> = Vec::new();
                for k in known.iter().filter(|k| k.method == method) {
                    if !named.contains(&&k.key) {
                        named.push(&k.key);
                    }
                }
                more.set(more.get() || named.len() > turn + 1);
                let listed = named.get(turn).or_else(|| named.last()).map(|key| (*key).clone());
                listed
                    .or_else(|| self.other_key(method))
                    .or_else(|| multikey::key_in_method(method))
            };
            let outcome = match &self.badge.token {
                Some(token) => token.verify(&self.badge.document, &self.badge.issuer_id, key_of),
                None => data_integrity::verify_as(
                    &self.badge.document,
                    &ExpectedProof {
                        terms: self.terms,
                        way: self.way,
                        ..ExpectedProof::BADGE
                    },
                    key_of,
                ),
            };
            if !more.get() || matches!(outcome, ProofOutcome::Valid(_)) {
                return match (outcome, first) {
                    (valid @ ProofOutcome::Valid(_), _) | (valid, None) => valid,
                    (_, Some(first)) => first,
                };
            }
            first.get_or_insert(outcome);
        }
        first.unwrap_or(ProofOutcome::Invalid(InvalidProof::Missing))
    }
}
