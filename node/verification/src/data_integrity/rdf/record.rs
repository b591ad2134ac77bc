//! Comprehensive Learner Records, whose two types each bring a vocabulary (JSON-LD 1.1, §4.1.8). `oxjsonld` 0.2.7 uses
//! only one of them; what the other brings is put into the record's own contexts, where it means the same.
//!
//! It then holds in the inner objects, too, where another processor finds these terms undefined: there, a signature by
//! software that dropped them does not match, so nothing that a signer did not cover is ever called covered.

use serde_json::{Map, Value};

use crate::{badge::types, contexts};

/// The type of a record.
pub(super) const KIND: &str = "ClrCredential";
/// The other of its two types.
const CREDENTIAL: &str = "VerifiableCredential";

pub(super) fn is_record(object: &Map<String, Value>) -> bool {
    types(object.get("type")).any(|kind| kind == KIND)
}

/// Adds what the type of a record brings to its contexts.
pub(super) fn bring(object: &mut Map<String, Value>, contexts: &mut Vec<Value>) {
    if !is_record(object) || !types(object.get("type")).any(|kind| kind == CREDENTIAL) {
        return;
    }
    let brought: Vec<Value> = contexts.iter().filter_map(of_record).collect();
    contexts.extend(brought);
    // The order of types says nothing; the library takes the last.
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.sort_by_key(|kind| kind.as_str() == Some(CREDENTIAL));
    }
}

/// The terms that a context's definition of a record brings, less those that every context has.
fn of_record(context: &Value) -> Option<Value> {
    let found = contexts::find(context.as_str()?)?;
    let json: Value = serde_json::from_str(found.json).ok()?;
    let mut terms = json.get("@context")?.get(KIND)?.get("@context")?.as_object()?.clone();
    terms.retain(|name, _| !matches!(name.as_str(), "id" | "type"));
    (!terms.is_empty()).then_some(Value::Object(terms))
}
