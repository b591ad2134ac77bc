//! Badges that no agency here issued: by strangers, and by those who pretend.

use registry_schema::Achievement;
use serde_json::Value;
use verification::{IssuerSigningKey, credential, data_integrity, multikey};

const DATE: &str = "2026-01-15T09:00:00Z";

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[42; 32]).expect("a key")
}

fn sign(unsigned: Value, method: &str) -> Vec<u8> {
    let date = DATE.parse().expect("a date");
    data_integrity::sign(unsigned, &key(), method, date)
        .expect("a signature")
        .to_string()
        .into_bytes()
}

/// A badge of an issuer that nobody registers, genuine in itself; `status` is where its status lists are said to be.
pub fn by_a_stranger(status: Option<&str>) -> Vec<u8> {
    let (issuer_id, method) = multikey::did_key(&key().public_key());
    let lists = |base: &str| credential::StatusLocation {
        revocation_list: format!("{base}/revocation"),
        suspension_list: format!("{base}/suspension"),
        index: 4711,
    };
    let unsigned = credential::build(&credential::CredentialContent {
        id: "urn:uuid:0d9f2f7e-1c1f-4a0e-9a55-3b7f0d2e6a42".into(),
        issuer_id,
        issuer_name: "Example <Badges> & \"Co\"".into(),
        issuer_url: status.map(|base| format!("{base}/about")),
        subject_name: "Alex Jordan".into(),
        subject_id: None,
        achievement: Achievement {
            id: "https://badges.example/a/1".into(),
            name: "Anything".into(),
            description: "Anything.".into(),
            criteria: "None.".into(),
            alignment: vec![],
            clock_hours: None,
            assessed_blind: None,
        },
        valid_from: DATE.parse().expect("a date"),
        valid_until: None,
        status: status.map(lists),
    });
    sign(unsigned, &method)
}

/// The key of somebody whom nobody registers.
pub fn strangers_key() -> IssuerSigningKey {
    key()
}

/// Makes a badge by an issuer of this id and name, not signed yet.
///
/// # Panics
/// If our own badge is none.
pub fn in_the_name_of(name: &str, id: &str) -> Value {
    let mut badge: Value = serde_json::from_slice(&by_a_stranger(None)).expect("JSON");
    badge.as_object_mut().expect("an object").remove("proof");
    badge["issuer"]["name"] = Value::from(name);
    badge["issuer"]["id"] = Value::from(id);
    badge
}

/// A badge in this name, signed by the key of somebody whom nobody registers, whose identifier that key is.
pub fn borrows_the_name(name: &str) -> Vec<u8> {
    let (id, method) = multikey::did_key(&key().public_key());
    sign(in_the_name_of(name, &id), &method)
}

/// A badge of another's, signed again by a key that is not its issuer's; in the name of `method`, or of its own.
///
/// # Panics
/// If the document is no object.
pub fn signed_by_another(document: &Value, method: Option<&str>) -> Vec<u8> {
    let own = multikey::did_key(&key().public_key()).1;
    let mut unsigned = document.clone();
    unsigned.as_object_mut().expect("an object").remove("proof");
    sign(unsigned, method.unwrap_or(&own))
}
