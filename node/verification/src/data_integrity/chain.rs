//! Proofs that cover other proofs (VC Data Integrity 1.0, §2.1.2 and §4.5).

use serde_json::{Map, Value};

use super::{HashingError, ProofProblem, malformed};

/// The proofs that this one covers as well, as they stand in what it signed; none if it is no link of a chain. That
/// they hold themselves is checked where all proofs of a document are.
pub(super) fn before(proof: &Map<String, Value>, all: &[Value]) -> Result<Option<Value>, HashingError> {
    let wanted = match proof.get("previousProof") {
        None => return Ok(None),
        Some(Value::Array(many)) if !many.is_empty() => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut found = Vec::new();
    for id in wanted {
        let id = id.as_str().ok_or_else(|| malformed(ProofProblem::PreviousNoText))?;
        let own = proof.get("id").and_then(Value::as_str);
        let mut named = all
            .iter()
            .filter(|other| own != Some(id) && other.get("id").and_then(Value::as_str) == Some(id));
        match (named.next(), named.next()) {
            (Some(one), None) if super::suite_of(one).is_ok() => found.push(one.clone()),
            (Some(_), None) => return Err(malformed(ProofProblem::PreviousUnknown)),
            (Some(_), Some(_)) => return Err(malformed(ProofProblem::PreviousTwice)),
            (None, _) => return Err(malformed(ProofProblem::PreviousMissing)),
        }
    }
    Ok(Some(Value::Array(found)))
}
