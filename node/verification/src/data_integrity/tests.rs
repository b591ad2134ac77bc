mod suites;

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;
use crate::{credential, json, multikey};

const FIXTURES: [(&str, &str); 3] = [
    ("ob-3.0.3", include_str!("../../fixtures/digitalbazaar-ob-3.0.3.json")),
    ("ob-3.0.2", include_str!("../../fixtures/digitalbazaar-ob-3.0.2.json")),
    ("vcdm-1.1", include_str!("../../fixtures/digitalbazaar-vcdm-1.1.json")),
];

/// A signature over a document and these options, whatever they are.
pub(crate) fn proof_value(
    document: &Map<String, Value>,
    options: &Map<String, Value>,
    terms: AllowedTerms,
    key: &IssuerSigningKey,
) -> String {
    let Ok(message) = Cryptosuite::EddsaRdfc2022.message(RdfInput::whole(document, terms), options, Some(key.kind()))
    else {
        panic!("no canonical form")
    };
    format!("z{}", bs58::encode(key.sign(message.as_ref()).unwrap()).into_string())
}

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[7; 32]).unwrap()
}

fn signed() -> Value {
    let document = credential::build(&credential::tests::example(&key()));
    let (_, method) = multikey::did_key(&key().public_key());
    sign(document, &key(), &method, "2026-01-15T09:00:00.5Z".parse().unwrap()).unwrap()
}

fn check(document: &Value) -> ProofOutcome {
    verify(document, multikey::key_in_method)
}

fn is_valid(document: &Value) -> bool {
    matches!(check(document), ProofOutcome::Valid(_))
}

/// A change to a document, and what it was.
type DocumentVariants = Vec<(String, Value)>;

/// Every document that differs from this one in one place: a value changed, a key removed, a key added.
fn changed(value: &Value, place: &str) -> DocumentVariants {
    let mut all = Vec::new();
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let here = format!("{place}/{key}");
                for (what, other) in changed(inner, &here) {
                    let mut copy = object.clone();
                    copy.insert(key.clone(), other);
                    all.push((what, Value::Object(copy)));
                }
                let mut copy = object.clone();
                copy.remove(key);
                all.push((format!("{here} removed"), Value::Object(copy)));
            }
            let mut copy = object.clone();
            copy.insert("surprise".to_owned(), json!("boo"));
            all.push((format!("{place}/surprise added"), Value::Object(copy)));
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                for (what, other) in changed(inner, &format!("{place}/{i}")) {
                    let mut copy = items.clone();
                    copy[i] = other;
                    all.push((what, Value::Array(copy)));
                }
                let mut copy = items.clone();
                copy.remove(i);
                all.push((format!("{place}/{i} removed"), Value::Array(copy)));
            }
        }
        Value::String(text) => all.push((format!("{place} changed"), json!(format!("{text}x")))),
        Value::Bool(b) => all.push((format!("{place} changed"), json!(!b))),
        Value::Number(n) => all.push((format!("{place} changed"), json!(n.as_f64().unwrap() + 1.0))),
        Value::Null => {}
    }
    all
}

#[test]
fn what_digitalbazaar_signed_verifies_here() {
    for (name, text) in FIXTURES {
        let document = json::read(text.as_bytes()).unwrap();
        assert!(is_valid(&document), "{name}: {:?}", check(&document));
    }
}

#[test]
fn what_we_sign_verifies() {
    let ProofOutcome::Valid(signatures) = check(&signed()) else {
        panic!("{:?}", check(&signed()))
    };
    assert_eq!(signatures.len(), 1);
    assert_eq!(signatures[0].key, key().public_key());
    assert_eq!(signatures[0].created.unwrap().to_string(), "2026-01-15T09:00:00Z");
    assert_eq!(sign(signed(), &key(), "x:y", Timestamp(0)), Err(SignError::Signed));
    assert_eq!(sign(json!([]), &key(), "x:y", Timestamp(0)), Err(SignError::NoObject));
}

#[test]
fn every_single_change_is_noticed() {
    let fixture = json::read(FIXTURES[0].1.as_bytes()).unwrap();
    for document in [fixture, signed()] {
        let changes = changed(&document, "");
        assert!(changes.len() > 80, "{}", changes.len());
        for (what, changed) in changes {
            // A proof's own type is read before anything is hashed: then the suite is unknown, never valid.
            assert!(!is_valid(&changed), "not noticed: {what}");
        }
    }
}

#[test]
fn another_key_does_not_fit() {
    let mut document = signed();
    let other = IssuerSigningKey::from_seed(&[9; 32]).unwrap().public_key();
    document["proof"]["verificationMethod"] = json!(multikey::did_key(&other).1);
    assert_eq!(check(&document), ProofOutcome::Invalid(InvalidProof::Mismatch));
    assert_eq!(
        verify(&signed(), |_| Some(other.clone())),
        ProofOutcome::Invalid(InvalidProof::Mismatch)
    );
    assert!(matches!(
        verify(&signed(), |_| None),
        ProofOutcome::CouldNotCheck(Undecidable::UnknownKey { .. })
    ));
}

/// Each of these makes the *same* RDF statements, so that a signature alone would not notice; but a reader of the
/// JSON would no longer see the end date.
#[test]
fn an_end_date_cannot_be_hidden_in_json_ld() {
    let iri = "https://www.w3.org/2018/credentials#validUntil";
    let until = signed()["validUntil"].clone();
    let without = || {
        let mut document = signed();
        document.as_object_mut().unwrap().remove("validUntil");
        document
    };
    let typed = json!({"@value": until, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"});
    let mut as_iri = without();
    as_iri[iri] = typed.clone();
    let mut nested = without();
    nested["@nest"] = json!({"validUntil": until});
    let mut renamed = without();
    renamed["@context"]
        .as_array_mut()
        .unwrap()
        .push(json!({"x": {"@id": iri, "@type": typed["@type"]}}));
    renamed["x"] = until;
    for hidden in [as_iri, nested] {
        assert!(
            matches!(check(&hidden), ProofOutcome::Invalid(InvalidProof::Uncovered { .. })),
            "{:?}",
            check(&hidden)
        );
    }
    assert!(matches!(
        check(&renamed),
        ProofOutcome::CouldNotCheck(Undecidable::UnknownContext { .. })
    ));
    let mut value = signed();
    value["validUntil"] = typed;
    let badge = crate::badge::parse(value, crate::formats::BadgeFormat::Json).unwrap();
    assert!(
        badge.faults.iter().any(|f| f.place == "validUntil"),
        "{:?}",
        badge.faults
    );
}

#[test]
fn an_end_date_cannot_be_moved_into_an_endorsement() {
    let mut unsigned = credential::build(&credential::tests::example(&key()));
    let id = unsigned["id"].clone();
    let endorsement = json!({
        "id": "urn:uuid:6d1a0f62-4f0e-4a8c-8a70-0d5fb2b0a002",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": {"id": "https://peer.example", "type": ["Profile"]},
        "credentialSubject": {"id": id, "type": ["EndorsementSubject"], "endorsementComment": "Well done."},
    });
    unsigned["endorsement"] = json!([endorsement]);
    let (_, method) = multikey::did_key(&key().public_key());
    let mut document = sign(unsigned, &key(), &method, Timestamp(0)).unwrap();
    assert!(is_valid(&document), "{:?}", check(&document));
    let until = document.as_object_mut().unwrap().remove("validUntil").unwrap();
    let subject = &mut document["endorsement"][0]["credentialSubject"];
    subject["type"] = json!(["EndorsementSubject", "VerifiableCredential"]);
    subject["validUntil"] = until;
    let ProofOutcome::Invalid(InvalidProof::Malformed { why }) = check(&document) else {
        panic!("{:?}", check(&document))
    };
    assert_eq!(why, ProofProblem::InnerStatement { key: "validUntil" });
}

#[test]
fn undefined_terms_and_relative_iris_are_refused() {
    let unsigned = || credential::build(&credential::tests::example(&key()));
    let refused = |document: Value, term: &str| {
        let error = sign(document, &key(), "did:example:a#b", Timestamp(0)).unwrap_err();
        let Some(SignError::Invalid(InvalidProof::Uncovered { what: found })) = Some(error.clone()) else {
            panic!("{error}")
        };
        assert_eq!(found, term);
    };
    let mut term = unsigned();
    term["credentialSubject"]["favouriteColour"] = json!("blue");
    refused(term, "favouriteColour");
    let mut kind = unsigned();
    kind["type"].as_array_mut().unwrap().push(json!("SuperCredential"));
    refused(kind, "SuperCredential");
    let mut relative = unsigned();
    relative["credentialSubject"]["achievement"]["image"] = json!({"id": "picture.png", "type": "Image"});
    refused(relative, "picture.png");
    let mut broken = unsigned();
    broken["credentialSubject"]["id"] = json!("https://a.example/with space");
    refused(broken, "https://a.example/with space");
    let mut redefined = unsigned();
    redefined["@context"]
        .as_array_mut()
        .unwrap()
        .push(json!("https://www.w3.org/2018/credentials/v1"));
    let error = sign(redefined, &key(), "did:example:a#b", Timestamp(0)).unwrap_err();
    assert!(
        matches!(error, SignError::Invalid(InvalidProof::Malformed { .. })),
        "{error}"
    );
}

#[test]
fn two_vocabularies_on_one_object_are_not_called_altered() {
    let mut document = credential::build(&credential::tests::example(&key()));
    document["issuer"]["type"] = json!(["Profile", "Achievement"]);
    let error = sign(document, &key(), "did:example:a#b", Timestamp(0)).unwrap_err();
    assert!(
        matches!(error, SignError::Doubt(Undecidable::TooComplex { .. })),
        "{error}"
    );
}

#[test]
fn what_we_do_not_know_is_said() {
    let mut suite = signed();
    suite["proof"]["cryptosuite"] = json!("ecdsa-sd-2023");
    assert_eq!(
        check(&suite),
        ProofOutcome::CouldNotCheck(Undecidable::UnknownSuite {
            name: "ecdsa-sd-2023".to_owned()
        })
    );
    let mut context = signed();
    context["@context"][1] = json!("https://purl.imsglobal.org/spec/ob/v3p0/context-9.9.9.json");
    let ProofOutcome::CouldNotCheck(Undecidable::UnknownContext {
        vocabulary: UnknownVocabulary::Named { url },
    }) = check(&context)
    else {
        panic!()
    };
    assert!(url.ends_with("9.9.9.json"));
    let mut none = signed();
    none.as_object_mut().unwrap().remove("proof");
    assert_eq!(check(&none), ProofOutcome::Invalid(InvalidProof::Missing));
    none["proof"] = json!([]);
    assert_eq!(check(&none), ProofOutcome::Invalid(InvalidProof::Missing));
    let mut purpose = signed();
    purpose["proof"]["proofPurpose"] = json!("authentication");
    assert!(matches!(
        check(&purpose),
        ProofOutcome::Invalid(InvalidProof::Malformed { .. })
    ));
}

#[test]
fn in_a_set_each_proof_that_we_know_must_hold() {
    let good = signed()["proof"].clone();
    let mut unknown = good.clone();
    unknown["cryptosuite"] = json!("ecdsa-sd-2023");
    let mut bad = good.clone();
    bad["created"] = json!("2026-01-16T09:00:00Z");
    let with = |proofs: Value| {
        let mut document = signed();
        document["proof"] = proofs;
        check(&document)
    };
    assert!(matches!(with(json!([good, unknown])), ProofOutcome::Valid(_)));
    assert_eq!(with(json!([good, bad])), ProofOutcome::Invalid(InvalidProof::Mismatch));
    assert!(matches!(
        with(json!([unknown])),
        ProofOutcome::CouldNotCheck(Undecidable::UnknownSuite { .. })
    ));
    assert!(matches!(
        with(json!([good, 7])),
        ProofOutcome::Invalid(InvalidProof::Malformed { .. })
    ));
    let many = vec![good; 9];
    assert!(matches!(
        with(json!(many)),
        ProofOutcome::CouldNotCheck(Undecidable::TooComplex { .. })
    ));
}

#[test]
fn poisoned_and_huge_documents_are_answered_fast() {
    let quick = |document: &Value| {
        let start = Instant::now();
        let outcome = check(document);
        assert!(start.elapsed() < Duration::from_secs(20), "slow: {:?}", start.elapsed());
        assert!(
            matches!(outcome, ProofOutcome::CouldNotCheck(Undecidable::TooComplex { .. })),
            "{outcome:?}"
        );
    };
    let alignment = json!({"type": ["Alignment"], "targetName": "x", "targetUrl": "https://a.example"});
    let mut same = signed();
    same["credentialSubject"]["achievement"]["alignment"] = json!(vec![alignment.clone(); 12]);
    quick(&same);
    let mut many = signed();
    many["credentialSubject"]["achievement"]["alignment"] = json!(vec![alignment; 600]);
    quick(&many);
    let mut blank = signed();
    blank["credentialSubject"]["id"] = json!("_:b0");
    quick(&blank);
    let mut contexts = signed();
    contexts["@context"] = json!(vec![crate::contexts::CREDENTIALS_V2; 100]);
    quick(&contexts);
    // At the limits, and valid JSON-LD: slow is allowed, very slow is not.
    let mut typed = signed();
    let levels: Vec<Value> = (0..450)
        .map(|i| json!({"id": format!("urn:x:{i}"), "type": ["Achievement"]}))
        .collect();
    typed["credentialSubject"]["achievement"]["related"] = json!(levels);
    let start = Instant::now();
    assert!(!is_valid(&typed));
    assert!(start.elapsed() < Duration::from_secs(20), "slow: {:?}", start.elapsed());
}
