//! Presentations, and chains of proofs.

use serde_json::{Value, json};

use super::*;

/// Signs a presentation the way holders do.
fn shown(change: impl FnOnce(&mut Value, &mut Value)) -> Value {
    let mut presentation = json!({
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": did(&key().public_key()),
        "verifiableCredential": [signed(&plain())],
    });
    let (_, method) = multikey::did_key(&key().public_key());
    let mut proof = json!({
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2026-11-23T14:00:00Z",
        "verificationMethod": method, "proofPurpose": "authentication", "challenge": "once", "domain": "nc.example",
    });
    change(&mut presentation, &mut proof);
    let object = presentation.as_object().unwrap();
    let value = data_integrity::tests::proof_value(object, proof.as_object().unwrap(), AllowedTerms::Any, &key());
    proof["proofValue"] = json!(value);
    presentation["proof"] = proof;
    presentation
}

fn presented(presentation: Value, challenge: Option<&str>, domain: Option<&str>) -> Vec<String> {
    let presentation = read_presentation(presentation).unwrap();
    let answer = verify_presentation(&presentation, challenge, domain, &question());
    answer
        .errors
        .into_iter()
        .map(|finding| finding.code.as_str().to_owned())
        .collect()
}

#[test]
fn a_presentation_is_its_holders_and_for_the_challenge_that_was_given() {
    let none = [] as [&str; 0];
    let good = || shown(|_, _| {});
    assert_eq!(presented(good(), None, None), none);
    assert_eq!(presented(good(), Some("once"), Some("nc.example")), none);
    assert_eq!(presented(good(), Some("twice"), None), ["proof.invalid"]);
    assert_eq!(presented(good(), None, Some("sc.example")), ["proof.invalid"]);
    let mut changed = good();
    changed["holder"] = json!("did:example:alice");
    assert_eq!(presented(changed, None, None), ["proof.invalid"]);
    let stranger = did(&IssuerSigningKey::from_seed(&[8; 32]).unwrap().public_key());
    let stolen = shown(|presentation, _| presentation["holder"] = json!({"id": stranger}));
    assert_eq!(presented(stolen, None, None), ["proof.invalid"]);
    let for_another_use = shown(|_, proof| proof["proofPurpose"] = json!("assertionMethod"));
    assert_eq!(presented(for_another_use, None, None), ["proof.invalid"]);
    let mut unsigned = good();
    unsigned.as_object_mut().unwrap().remove("proof");
    assert_eq!(presented(unsigned.clone(), None, None), none);
    assert_eq!(presented(unsigned, Some("once"), None), ["proof.missing"]);
    for change in [
        json!({"type": ["VerifiableCredential"]}),
        json!({"@context": ["https://example.org/v1"]}),
        json!({"id": "no url"}),
        json!({"holder": {"name": "Acme"}}),
        json!({"holder": "nobody"}),
        json!({"verifiableCredential": ["eyJhbGciOiJFUzI1NiJ9.e30.e30"]}),
    ] {
        let mut presentation = good();
        presentation.as_object_mut().unwrap().remove("proof");
        for (key, value) in change.as_object().unwrap() {
            presentation[key] = value.clone();
        }
        assert_eq!(presented(presentation, None, None), ["structure.invalid"], "{change}");
    }
}

/// A credential with two proofs, the second of which covers the first.
fn chained(previous: Value) -> Value {
    let credential = plain();
    let mut before = credential.clone();
    let (_, method) = multikey::did_key(&key().public_key());
    let options = |more: Value| {
        let mut proof = json!({
            "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2026-11-23T14:00:00Z",
            "verificationMethod": method, "proofPurpose": "assertionMethod",
        });
        for (name, value) in more.as_object().unwrap() {
            proof[name] = value.clone();
        }
        proof
    };
    let sign = |document: &Value, mut proof: Value| {
        let (document, options) = (document.as_object().unwrap(), proof.as_object().unwrap().clone());
        proof["proofValue"] = json!(data_integrity::tests::proof_value(
            document,
            &options,
            AllowedTerms::Any,
            &key()
        ));
        proof
    };
    let first = sign(&credential, options(json!({"id": "urn:uuid:first"})));
    before["proof"] = json!([first]);
    let second = sign(&before, options(json!({"previousProof": previous})));
    let mut chain = credential;
    chain["proof"] = json!([first, second]);
    chain
}

/// That others' chains are read alike, the W3C's suite shows: see `tests/w3c`.
#[test]
fn each_link_of_a_chain_of_proofs_holds_and_is_there() {
    for previous in [json!("urn:uuid:first"), json!(["urn:uuid:first"])] {
        let chain = chained(previous.clone());
        assert_eq!(errors(&chain, NOTHING_ELSE), [] as [&str; 0], "{previous}");
        for link in [0, 1] {
            let mut broken = chain.clone();
            broken["proof"][link]["created"] = json!("2023-02-26T22:00:00Z");
            assert_eq!(errors(&broken, NOTHING_ELSE), ["proof.invalid"], "{previous}");
        }
        let mut alone = chain.clone();
        alone["proof"] = chain["proof"][1].clone();
        assert_eq!(errors(&alone, NOTHING_ELSE), ["proof.invalid"], "{previous}");
        let mut loose = chain.clone();
        loose["proof"][1].as_object_mut().unwrap().remove("previousProof");
        assert_eq!(errors(&loose, NOTHING_ELSE), ["proof.invalid"], "{previous}");
        let mut unknown = chain.clone();
        unknown["proof"][0]["cryptosuite"] = json!("ecdsa-sd-2023");
        assert_eq!(errors(&unknown, NOTHING_ELSE), ["proof.invalid"], "{previous}");
        let mut twice = chain.clone();
        twice["proof"] = json!([chain["proof"][0], chain["proof"][0], chain["proof"][1]]);
        assert_eq!(errors(&twice, NOTHING_ELSE), ["proof.invalid"], "{previous}");
    }
    for previous in [
        json!("urn:uuid:second"),
        json!(["urn:uuid:first", "urn:uuid:second"]),
        json!([]),
        json!(7),
    ] {
        assert_eq!(
            errors(&chained(previous.clone()), NOTHING_ELSE),
            ["proof.invalid"],
            "{previous}"
        );
    }
}
