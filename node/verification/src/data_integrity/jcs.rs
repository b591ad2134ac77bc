//! From JSON to the hash of its canonical form (RFC 8785), refusing numbers that this form does not keep.

use serde_json::{Map, Number, Value};

use super::{
    Doubt, Invalid, Stop, Terms,
    rdf::Document,
    suite::{Digest, Hash},
};
use crate::contexts;

/// Above this, two whole numbers may have the same canonical form (RFC 7493, §2.2).
const MAX_WHOLE: u64 = (1 << 53) - 1;

/// SHA-256 of the object's canonical JSON.
pub(super) fn hash(object: &Map<String, Value>) -> Result<Digest, Stop> {
    object.values().try_for_each(numbers)?;
    let canonical = serde_json_canonicalizer::to_vec(object)
        .map_err(|_| Stop::Invalid(Invalid::Malformed("the badge has no canonical JSON".to_owned())))?;
    Ok(Hash::Sha256.of(&canonical))
}

/// The signature covers every character, so an unknown vocabulary hides nothing; but what the terms mean is not known.
pub(super) fn check(content: Document<'_>) -> Result<(), Stop> {
    if content.terms == Terms::Any {
        // What terms mean is the asker's to judge; here the signature alone is asked about.
        return Ok(());
    }
    match contexts::unknown_in(content.object) {
        Some(name) => Err(Stop::Doubt(Doubt::UnknownContext(name))),
        None => Ok(()),
    }
}

fn numbers(value: &Value) -> Result<(), Stop> {
    match value {
        Value::Number(number) if !is_exact(number) => Err(Stop::Invalid(Invalid::Uncovered(number.to_string()))),
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
