mod more_proofs;

use registry_schema::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    VerificationKey, contexts::CREDENTIALS_V2, data_integrity::InvalidProof, judge::judge, keys::KeyKind, multikey,
};

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[7; 32]).unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T14:02:11Z".parse().unwrap()
}

fn question() -> VerificationQuestion {
    VerificationQuestion {
        agency: "US-NC".parse().unwrap(),
        purpose: None,
        at: now(),
        known: None,
        now: now(),
        clock_in_doubt: false,
    }
}

fn did(key: &VerificationKey) -> String {
    multikey::did_key(key).0
}

fn plain() -> Value {
    json!({
        "@context": [CREDENTIALS_V2],
        "id": "urn:uuid:6d1a0f62-4f0e-4a8c-8a70-0d5fb2b0a001",
        "type": ["VerifiableCredential"],
        "issuer": did(&key().public_key()),
        "credentialSubject": {"id": "did:example:subject", "name": "Alice"},
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut credential = plain();
    change(&mut credential);
    credential
}

fn signed_by(key: &IssuerSigningKey, credential: &Value) -> Result<Value, SignError> {
    let (_, method) = multikey::did_key(&key.public_key());
    let suite = Cryptosuite::of(key.kind()).unwrap();
    sign(credential.as_object().unwrap().clone(), suite, key, &method, now())
}

fn signed(credential: &Value) -> Value {
    signed_by(&key(), credential).unwrap()
}

fn verified(credential: &Value, checks: RequestedChecks) -> VerificationFindings {
    let badge = read_credential(credential.clone()).unwrap();
    verify_credential(&badge, &Evidence::default(), &question(), checks)
}

fn errors(credential: &Value, checks: RequestedChecks) -> Vec<String> {
    let codes = verified(credential, checks)
        .errors
        .into_iter()
        .map(|finding| finding.code.as_str().to_owned());
    codes.collect()
}

const NOTHING_ELSE: RequestedChecks = RequestedChecks {
    dates: false,
    status: false,
};

#[test]
fn what_was_signed_is_verified_whatever_it_is_about() {
    for kind in [KeyKind::Ed25519, KeyKind::P256, KeyKind::P384] {
        let secret = vec![7; if kind == KeyKind::P384 { 48 } else { 32 }];
        let key = IssuerSigningKey::from_secret(kind, &secret).unwrap();
        let credential = with(|c| c["issuer"] = json!(did(&key.public_key())));
        let mut credential = signed_by(&key, &credential).unwrap();
        assert_eq!(errors(&credential, RequestedChecks::ALL), [] as [&str; 0], "{kind:?}");
        credential["credentialSubject"]["name"] = json!("Bob");
        assert_eq!(errors(&credential, RequestedChecks::ALL), ["proof.invalid"], "{kind:?}");
    }
}

#[test]
fn a_credential_of_vcdm_1_1_gets_the_terms_that_its_proof_needs() {
    let old = with(|c| {
        c["@context"] = json!([CREDENTIALS_V1]);
        c["credentialSubject"] = json!({"id": "did:example:subject"});
        c["issuanceDate"] = json!("2026-01-15T09:00:00Z");
    });
    let signed = signed(&old);
    assert_eq!(signed["@context"], json!([CREDENTIALS_V1, DATA_INTEGRITY_V2]));
    assert_eq!(errors(&signed, RequestedChecks::ALL), [] as [&str; 0]);
}

/// Terms of a document's own are for these endpoints; the same document is no badge that anybody is told is good.
#[test]
fn a_document_may_name_terms_here_and_not_in_a_badge() {
    let own = with(|c| {
        c["@context"] = json!([CREDENTIALS_V2, {"Pilot": "https://example.org/#Pilot"}]);
        c["type"] = json!(["VerifiableCredential", "Pilot"]);
    });
    let examples = with(|c| {
        c["@context"] = json!([CREDENTIALS_V2, "https://www.w3.org/ns/credentials/examples/v2"]);
        c["type"] = json!(["VerifiableCredential", "AlumniCredential"]);
        c["credentialSubject"]["alumniOf"] = json!("The School of Examples");
    });
    for credential in [own, examples] {
        let credential = signed(&credential);
        assert_eq!(errors(&credential, RequestedChecks::ALL), [] as [&str; 0]);
        let badge = read_credential(credential).unwrap();
        let verdict = judge(&badge, &Evidence::default(), &question());
        let codes: Vec<_> = verdict.findings.iter().map(|f| f.code.as_str()).collect();
        assert!(codes.contains(&"structure.unknown_context"), "{codes:?}");
        assert!(codes.contains(&"proof.not_checked"), "{codes:?}");
    }
}

#[test]
fn contexts_in_a_document_name_things_and_nothing_else() {
    for context in [
        json!({"@base": "https://evil.example/"}),
        json!({"@import": "https://evil.example/"}),
        json!({"until": "@id"}),
        json!({"until": "id"}),
        json!({"until": "_:b"}),
        json!({"until": {"@id": "_:"}}),
        json!({"@vocab": "_:"}),
        json!({"until": {"@id": "https://example.org/#u", "@container": "@graph"}}),
        json!({"until": {"@id": "https://example.org/#u", "@context": {}}}),
        json!({"until": {"@reverse": "https://example.org/#u"}}),
        json!({"@context": {"@base": "https://evil.example/"}}),
        json!(["https://www.w3.org/ns/credentials/v2"]),
        json!(7),
        json!("https://evil.example/v1"),
    ] {
        let credential = with(|c| c["@context"] = json!([CREDENTIALS_V2, context.clone()]));
        assert!(signed_by(&key(), &credential).is_err(), "{context}");
    }
}

#[test]
fn no_undefined_or_redefined_term_is_signed_or_verified() {
    for change in [
        json!({"credentialSubject": {"id": "did:example:s", "undefinedTerm": "x"}}),
        json!({"type": ["VerifiableCredential", "Undefined"]}),
        json!({"@context": [CREDENTIALS_V2, {"@vocab": null}], "type": ["VerifiableCredential", "Undefined"]}),
        json!({"@context": [CREDENTIALS_V2, {"@vocab": "https://a.example/#"}, {"@vocab": null}], "undefined": 1}),
        json!({"@context": [CREDENTIALS_V2, {"VerifiableCredential": "https://example.org/#Bad"}]}),
        json!({"@context": [CREDENTIALS_V2, {"Pilot": "https ://no-url#Pilot"}], "type": ["VerifiableCredential", "Pilot"]}),
    ] {
        let credential = with(|c| {
            for (key, value) in change.as_object().unwrap() {
                c[key] = value.clone();
            }
        });
        assert!(signed_by(&key(), &credential).is_err(), "{change}");
        let mut later = signed(&plain());
        for (key, value) in change.as_object().unwrap() {
            later[key] = value.clone();
        }
        assert!(!verified(&later, NOTHING_ELSE).is_verified(), "{change}");
    }
}

/// Undefined members would be dropped without a word where a term resets the vocabulary.
#[test]
fn nothing_is_dropped_from_a_credential_in_a_presentation() {
    let inner = with(|c| c["credentialSubject"]["undefinedTerm"] = json!("x"));
    let presentation = json!({
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [inner],
    });
    let error = signed_by(&key(), &presentation).unwrap_err();
    let uncovered = InvalidProof::Uncovered {
        what: "undefinedTerm".to_owned(),
    };
    assert!(
        matches!(&error, SignError::Invalid(why) if *why == uncovered),
        "{error}"
    );
    let mut fine = presentation;
    fine["verifiableCredential"] = json!([plain()]);
    assert!(signed_by(&key(), &fine).is_ok());
}

#[test]
fn each_rule_of_the_data_model_gives_its_fault() {
    let digest = "WZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ";
    let v2 = CREDENTIALS_V2;
    let rows = [
        ("@context", json!({"@context": ["https://example.org/v1", v2]})),
        ("@context", json!({"@context": [v2, 7]})),
        ("@context", json!({"@context": [v2, "https ://no-url"]})),
        ("type", json!({"type": []})),
        ("type", json!({"type": ["Other"]})),
        ("id", json!({"id": null})),
        ("id", json!({"id": ["urn:a:b", "urn:a:c"]})),
        ("id", json!({"id": "no url"})),
        ("issuer", json!({"issuer": null})),
        ("issuer", json!({"issuer": "nobody"})),
        ("issuer.id", json!({"issuer": {}})),
        ("issuer.id", json!({"issuer": {"id": null}})),
        (
            "issuer.name",
            json!({"issuer": {"id": "did:a:b", "name": {"@value": "x", "url": "did:a:b"}}}),
        ),
        ("credentialSubject", json!({"credentialSubject": []})),
        ("credentialSubject", json!({"credentialSubject": {}})),
        (
            "credentialSubject",
            json!({"credentialSubject": [{"id": "did:a:b"}, {}]}),
        ),
        ("credentialSubject", json!({"credentialSubject": "did:a:b"})),
        (
            "credentialSubject.id",
            json!({"credentialSubject": {"id": ["did:a:b"]}}),
        ),
        ("validFrom", json!({"validFrom": "Sat 25 Feb 2023"})),
        ("validUntil", json!({"validUntil": 7})),
        (
            "validUntil",
            json!({"validFrom": "2026-01-02T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"}),
        ),
        ("issuanceDate", json!({"@context": [CREDENTIALS_V1]})),
        ("credentialStatus.type", json!({"credentialStatus": {"id": "did:a:b"}})),
        ("credentialStatus.type", json!({"credentialStatus": {"type": 2}})),
        (
            "credentialStatus.id",
            json!({"credentialStatus": {"type": "A", "id": ["did:a:b", "did:a:c"]}}),
        ),
        ("credentialSchema.id", json!({"credentialSchema": {"type": "A"}})),
        (
            "credentialSchema.type",
            json!({"credentialSchema": [{"id": "did:a:b", "type": "A"}, {"id": "did:a:b"}]}),
        ),
        ("refreshService.type", json!({"refreshService": {"id": "did:a:b"}})),
        ("termsOfUse.type", json!({"termsOfUse": {}})),
        ("evidence.type", json!({"evidence": [{}]})),
        ("evidence", json!({"evidence": "x"})),
        ("name", json!({"name": 7})),
        ("description", json!({"description": {"@language": "en"}})),
        ("relatedResource", json!({"relatedResource": [v2]})),
        ("relatedResource", json!({"relatedResource": {"id": v2}})),
        (
            "relatedResource.id",
            json!({"relatedResource": {"digestMultibase": format!("u{digest}")}}),
        ),
        (
            "relatedResource.digestMultibase",
            json!({"relatedResource": {"id": v2, "digestMultibase": format!("u{}", digest.replace('W', "X"))}}),
        ),
        (
            "relatedResource.digestSRI",
            json!({"relatedResource": {"id": v2, "digestSRI": "sha384-_rCVIV7f"}}),
        ),
        (
            "relatedResource",
            json!({"relatedResource": [
                {"id": v2, "digestMultibase": format!("u{digest}")}, {"id": v2, "digestMultibase": format!("u{digest}")}
            ]}),
        ),
    ];
    for (place, change) in rows {
        let credential = with(|c| {
            for (key, value) in change.as_object().unwrap() {
                c[key] = value.clone();
            }
        });
        let found = faults(credential.as_object().unwrap());
        assert!(
            found.iter().any(|fault| fault.place == place),
            "{place}: {change}: {found:?}"
        );
    }
    for missing in ["@context", "type", "issuer", "credentialSubject"] {
        let mut credential = plain();
        credential.as_object_mut().unwrap().remove(missing);
        let found = faults(credential.as_object().unwrap());
        assert!(found.iter().any(|fault| fault.place == missing), "{missing}: {found:?}");
    }
    for fine in [
        json!({}),
        json!({"name": {"@value": "x", "@language": "en", "@direction": "ltr"}}),
        json!({"name": [{"@value": "x", "@language": "en"}, {"@value": "y", "@language": "fr"}]}),
        json!({"relatedResource": {"id": v2, "digestMultibase": format!("u{digest}")}}),
        json!({"relatedResource": {"id": v2,
            "digestSRI": "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"}}),
        json!({"relatedResource": {"id": "https://example.org/elsewhere", "digestMultibase": format!("u{digest}")}}),
    ] {
        let credential = with(|c| {
            for (key, value) in fine.as_object().unwrap() {
                c[key] = value.clone();
            }
        });
        assert_eq!(faults(credential.as_object().unwrap()), [], "{fine}");
    }
}

#[test]
fn dates_and_status_count_when_they_are_asked_for() {
    let expired = signed(&with(|c| c["validUntil"] = json!("2026-01-01T00:00:00Z")));
    assert_eq!(errors(&expired, RequestedChecks::ALL), ["dates.expired"]);
    let answer = verified(&expired, NOTHING_ELSE);
    assert!(answer.is_verified() && answer.warnings.iter().any(|f| f.code.as_str() == "dates.expired"));
    let listed = signed(&with(|c| {
        c["credentialStatus"] = json!({
            "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
            "statusListCredential": "https://elsewhere.example/1",
        });
    }));
    assert_eq!(errors(&listed, RequestedChecks::ALL), ["status.unreachable"]);
    assert!(verified(&listed, NOTHING_ELSE).is_verified());
}

#[test]
fn a_key_that_is_another_issuers_is_an_error_and_an_unknown_issuer_a_warning() {
    let another = IssuerSigningKey::from_seed(&[8; 32]).unwrap();
    let forged = signed_by(&another, &plain()).unwrap();
    assert_eq!(errors(&forged, NOTHING_ELSE), ["issuer.key_not_issuers"]);
    let unknown = signed(&with(|c| c["issuer"] = json!("https://vc.example/issuers/5678")));
    let answer = verified(&unknown, NOTHING_ELSE);
    assert!(answer.is_verified());
    assert!(
        answer.warnings.iter().any(|f| f.code.as_str() == "issuer.unresolvable"),
        "{answer:?}"
    );
}

#[test]
fn what_is_no_credential_is_refused() {
    for value in [
        json!(null),
        json!("{}"),
        json!("eyJhbGciOiJub25lIn0.e30."),
        json!([]),
        json!({"type": "Pilot"}),
    ] {
        assert!(read_credential(value.clone()).is_err(), "{value}");
    }
    for value in [
        json!("x"),
        json!([]),
        json!({"verifiableCredential": [{"type": "Pilot"}]}),
    ] {
        assert!(read_presentation(value.clone()).is_err(), "{value}");
    }
    let many = json!({"verifiableCredential": vec![plain(); 33]});
    assert!(read_presentation(many).is_err());
}
