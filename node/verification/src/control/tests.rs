use registry_schema::Achievement;
use serde_json::{Map, json};

use super::*;
use crate::{IssuerSigningKey, credential, formats, jwt};

const DID: &str = "did:web:badges.example";
const CHALLENGE: &str = "comity-proof-5a5a5a5a5a5a5a5a";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(number: u8) -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[number; 32]).unwrap()
}

fn method(name: &str, key: &IssuerSigningKey) -> VerificationMethod {
    VerificationMethod {
        id: format!("{DID}#{name}"),
        public_key_multibase: multikey::encode(&key.public_key()),
        from: None,
        until: None,
        compromised: None,
    }
}

/// Key 1 issues; key 2 may not; key 3 did once.
fn keys() -> ResolvedKeys {
    let retired = VerificationMethod {
        until: Some(at("2026-06-01")),
        ..method("3", &key(3))
    };
    ResolvedKeys {
        issuing: vec![retired, method("1", &key(1))],
        other: vec![method("2", &key(2))],
        ttl: None,
    }
}

fn unsigned(description: &str, earner: &str) -> Value {
    credential::build(&credential::CredentialContent {
        id: "urn:uuid:0d9f2f7e-1c1f-4a0e-9a55-3b7f0d2e6a42".into(),
        issuer_id: DID.into(),
        issuer_name: "Example".into(),
        issuer_url: None,
        subject_name: earner.into(),
        subject_id: None,
        achievement: Achievement {
            id: "https://badges.example/a/1".into(),
            name: "A trial".into(),
            description: description.into(),
            criteria: "None.".into(),
            alignment: vec![],
            clock_hours: None,
            assessed_blind: None,
        },
        valid_from: at("2026-11-01"),
        valid_until: None,
        status: None,
    })
}

fn signed(unsigned: Value, name: &str, key: &IssuerSigningKey) -> Vec<u8> {
    let method = format!("{DID}#{name}");
    let signed = data_integrity::sign(unsigned, key, &method, at("2026-11-02")).unwrap();
    signed.to_string().into_bytes()
}

fn asks(bytes: &[u8]) -> Result<(), ControlError> {
    proves(&formats::read(bytes).unwrap(), &keys(), CHALLENGE, at("2026-11-03"))
}

fn trial() -> Value {
    unsigned(&format!("A trial for {CHALLENGE}."), "Nobody")
}

#[test]
fn a_trial_badge_by_a_key_that_issues_proves_control_in_every_form() {
    let badge = signed(trial(), "1", &key(1));
    assert_eq!(asks(&badge), Ok(()));
    let text = String::from_utf8(badge).unwrap();
    let pixel = include_bytes!("../../../../tests/fixtures/plain.png");
    assert_eq!(asks(&formats::bake_png(pixel, &text).unwrap()), Ok(()));
    let token = jwt::sign(trial(), &key(1), &format!("{DID}#1"), at("2026-11-02")).unwrap();
    assert_eq!(asks(token.as_bytes()), Ok(()));
    // A credential that is no badge, with the challenge in its own name.
    let plain = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": DID,
        "name": CHALLENGE, "credentialSubject": {"id": "did:example:1"},
    });
    assert_eq!(asks(&signed(plain, "1", &key(1))), Ok(()));
}

#[test]
fn what_another_key_signed_proves_nothing() {
    for (what, name, by) in [
        ("a stranger's", "1", 9),
        ("one that may not issue", "2", 2),
        ("a retired one", "3", 3),
        ("a stranger's, under its own name", "9", 9),
    ] {
        let said = asks(&signed(trial(), name, &key(by))).unwrap_err();
        assert!(!matches!(said, ControlError::NoChallenge { .. }), "{what}: {said:?}");
    }
    let other = multikey::did_key(&key(9).public_key()).1;
    let by_name = data_integrity::sign(trial(), &key(9), &other, at("2026-11-02")).unwrap();
    let said = asks(by_name.to_string().as_bytes()).unwrap_err();
    assert!(matches!(said, ControlError::AnotherKey { .. }), "{said:?}");
    let mut unsigned_one = signed(trial(), "1", &key(1));
    let mut document: Map<String, Value> = serde_json::from_slice(&unsigned_one).unwrap();
    document.remove("proof");
    unsigned_one = Value::Object(document).to_string().into_bytes();
    let said = asks(&unsigned_one).unwrap_err();
    assert!(matches!(said, ControlError::Signature { .. }), "{said:?}");
}

/// Whoever writes the challenge into a signed badge afterwards, or gets it in as an earner, holds no key.
#[test]
fn the_challenge_counts_only_where_the_issuer_wrote_it() {
    let without = signed(unsigned("Anything.", "Nobody"), "1", &key(1));
    assert_eq!(
        asks(&without),
        Err(ControlError::NoChallenge {
            challenge: CHALLENGE.into()
        })
    );
    let as_earner = signed(unsigned("Anything.", CHALLENGE), "1", &key(1));
    assert_eq!(
        asks(&as_earner),
        Err(ControlError::NoChallenge {
            challenge: CHALLENGE.into()
        })
    );
    let mut with_evidence = unsigned("Anything.", "Nobody");
    with_evidence["evidence"] = json!([{"type": ["Evidence"], "narrative": CHALLENGE}]);
    assert_eq!(
        asks(&signed(with_evidence, "1", &key(1))),
        Err(ControlError::NoChallenge {
            challenge: CHALLENGE.into()
        })
    );
    let written_in = String::from_utf8(without).unwrap().replace("Anything.", CHALLENGE);
    let said = asks(written_in.as_bytes()).unwrap_err();
    assert!(matches!(said, ControlError::Signature { .. }), "{said:?}");
    let badge = formats::read(&signed(trial(), "1", &key(1))).unwrap();
    let nothing = proves(&badge, &keys(), "", at("2026-11-03"));
    assert!(nothing.is_err(), "no challenge is none");
}
