//! From JSON to the hash of its canonical form (RFC 8785), refusing numbers that this form does not keep.

use serde_json::{Map, Number, Value};

use super::{
    AllowedTerms, HashingError, InvalidProof, ProofProblem, Undecidable, malformed,
    rdf::RdfInput,
    suite::{Digest, HashAlgorithm},
};
use crate::contexts;

/// Above this, two whole numbers may have the same canonical form (RFC 7493, §2.2).
const MAX_WHOLE: u64 = (1 << 53) - 1;

/// SHA-256 of the object's canonical JSON.
pub(super) fn hash(object: &Map<String, Value>) -> Result<Digest, HashingError> {
    object.values().try_for_each(numbers)?;
    let canonical = serde_json_canonicalizer::to_vec(object).map_err(|_| malformed(ProofProblem::NoCanonicalJson))?;
    Ok(HashAlgorithm::Sha256.of(&canonical))
}

/// The signature covers every character, so an unknown vocabulary hides nothing; but what the terms mean is not known.
pub(super) fn check(content: RdfInput<'_>) -> Result<(), HashingError> {
    if content.terms == AllowedTerms::Any {
        // What terms mean is the asker's to judge; here the signature alone is asked about.
        return Ok(());
    }
    match contexts::unknown_in(content.object) {
        Some(vocabulary) => Err(HashingError::Doubt(Undecidable::UnknownContext { vocabulary })),
        None => Ok(()),
    }
}

fn numbers(value: &Value) -> Result<(), HashingError> {
    match value {
        Value::Number(number) if !is_exact(number) => Err(HashingError::Invalid(InvalidProof::Uncovered {
            what: number.to_string(),
        })),
        Value::Array(items) => items.iter().try_for_each(numbers),
        Value::Object(object) => object.values().try_for_each(numbers),
        _ => Ok(()),
    }
}

fn is_exact(number: &Number) -> bool {
    match (number.as_u64(), number.as_i64()) {
        (Some(whole), _) => whole <= MAX_WHOLE,
        (None, Some(negative)) => negative.unsigned_abs() <= MAX_WHOLE,
        (None, None) => true,
    }
}
