//! Comprehensive Learner Records, and status lists of 2021, whose two types each bring a vocabulary (JSON-LD 1.1, §4.1.8).
//! `oxjsonld` 0.2.7 uses only one of them; what the other brings is put into the document's own contexts, where it means
//! the same.
//!
//! It then holds in the inner objects, too, where another processor finds these terms undefined: there, a signature by
//! software that dropped them does not match, so nothing that a signer did not cover is ever called covered.

use serde_json::{Map, Value};

use crate::{badge::types, contexts};

/// The type of a record.
pub(super) const KIND: &str = "ClrCredential";
/// Types that stand beside [`CREDENTIAL`] and bring a vocabulary as it does.
const BESIDE: [&str; 2] = [KIND, "StatusList2021Credential"];
/// The other of the two types.
const CREDENTIAL: &str = "VerifiableCredential";

pub(super) fn is_record(object: &Map<String, Value>) -> bool {
    types(object.get("type")).any(|kind| kind == KIND)
}

/// Returns true if a type is one of those whose vocabulary is brought here: beside a credential's, in an object with contexts
/// of its own.
pub(super) fn is_brought(object: &Map<String, Value>, kind: &str) -> bool {
    BESIDE.contains(&kind) && object.contains_key("@context")
}

/// Adds what such a type brings to the object's contexts.
pub(super) fn bring(object: &mut Map<String, Value>, contexts: &mut Vec<Value>) {
    let has = |name: &str| types(object.get("type")).any(|kind| kind == name);
    let kind = BESIDE.into_iter().find(|kind| has(kind));
    let Some(kind) = kind.filter(|_| has(CREDENTIAL)) else {
        return;
    };
    let brought: Vec<Value> = contexts.iter().filter_map(|context| of_type(context, kind)).collect();
    contexts.extend(brought);
    // The order of types says nothing; the library takes the last.
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.sort_by_key(|kind| kind.as_str() == Some(CREDENTIAL));
    }
}

/// The terms that a context's definition of a type brings, less those that every context has.
fn of_type(context: &Value, kind: &str) -> Option<Value> {
    let found = contexts::find(context.as_str()?)?;
    let json: Value = serde_json::from_str(found.json).ok()?;
    let mut terms = json.get("@context")?.get(kind)?.get("@context")?.as_object()?.clone();
    terms.retain(|name, _| !matches!(name.as_str(), "id" | "type" | "@protected"));
    (!terms.is_empty()).then_some(Value::Object(terms))
}
