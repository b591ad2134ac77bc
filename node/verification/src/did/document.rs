//! The keys in a DID document (DID 1.0, §5.2 and §5.3; Controlled Identifiers 1.0, §2.2 and §2.3).

use registry_schema::{Timestamp, VerificationMethod};
use serde_json::{Map, Value};

use super::BadDidDocument;
use crate::{VerificationKey, badge::moment, jwk, multikey};

/// More keys than this are no issuer's.
const MAX_METHODS: usize = 64;

/// The keys that may issue, and those that may not. Keys of kinds that are not used here are left out.
pub(super) fn keys(
    document: &Value,
    did: &str,
) -> Result<(Vec<VerificationMethod>, Vec<VerificationMethod>), BadDidDocument> {
    let object = document.as_object().ok_or(BadDidDocument::NoObject)?;
    if object.get("id").and_then(Value::as_str) != Some(did) {
        return Err(BadDidDocument::AnotherDocument);
    }
    let listed = list(object, "verificationMethod")?;
    let relations = list(object, "assertionMethod")?;
    let methods: Vec<VerificationMethod> = listed.iter().filter_map(|method| read(method, did)).collect();
    let named = |id: &str| {
        relations
            .iter()
            .any(|r| r.as_str().is_some_and(|r| absolute(r, did) == id))
    };
    let (mut issuing, other): (Vec<_>, Vec<_>) = methods.into_iter().partition(|method| named(&method.id));
    // A key may stand in the relation itself.
    issuing.extend(relations.iter().filter_map(|method| read(method, did)));
    // Two keys by one name would leave it to chance which of them is meant.
    let mut names: Vec<&str> = issuing.iter().chain(&other).map(|method| method.id.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    if names.len() != count {
        return Err(BadDidDocument::TwoKeysOfOneName);
    }
    Ok((issuing, other))
}

fn list<'a>(object: &'a Map<String, Value>, name: &'static str) -> Result<&'a [Value], BadDidDocument> {
    let all = match object.get(name) {
        None => return Ok(&[]),
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if all.len() > MAX_METHODS {
        return Err(BadDidDocument::TooManyEntries {
            name,
            most: MAX_METHODS,
        });
    }
    Ok(all)
}

fn absolute(id: &str, did: &str) -> String {
    if id.starts_with('#') {
        format!("{did}{id}")
    } else {
        id.to_owned()
    }
}

/// A key of this DID's own, with its end if it has one.
fn read(method: &Value, did: &str) -> Option<VerificationMethod> {
    let method = method.as_object()?;
    let text = |name: &str| method.get(name).and_then(Value::as_str);
    let id = absolute(text("id")?, did);
    // Another's key may be named here, but what it signs is that other's. Some writers leave the controller out.
    if !id.strip_prefix(did).is_some_and(|rest| rest.starts_with('#'))
        || text("controller").is_some_and(|controller| controller != did)
    {
        return None;
    }
    let until = [text("expires"), text("revoked")]
        .into_iter()
        .flatten()
        .map(moment)
        .min();
    // An end that cannot be read is no reason to think that there is none.
    let until: Option<Timestamp> = match until {
        None => None,
        Some(Some(until)) => Some(until),
        Some(None) => return None,
    };
    Some(VerificationMethod {
        id,
        public_key_multibase: multikey::encode(&key(method)?),
        from: None,
        until,
        compromised: None,
    })
}

fn key(method: &Map<String, Value>) -> Option<VerificationKey> {
    let text = |name: &str| method.get(name).and_then(Value::as_str);
    if let Some(key) = text("publicKeyMultibase") {
        return multikey::decode(key).ok();
    }
    if let Some(jwk) = method.get("publicKeyJwk") {
        return jwk::read(jwk).ok();
    }
    let bytes = text("publicKeyBase58").filter(|_| text("type") == Some("Ed25519VerificationKey2018"))?;
    let bytes = bs58::decode(Some(bytes).filter(|b| b.len() <= 64)?).into_vec().ok()?;
    VerificationKey::from_bytes(&bytes).ok()
}
