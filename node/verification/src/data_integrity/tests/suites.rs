//! The suites beside `eddsa-rdfc-2022`: what others signed with them, what we sign, and what is refused.

use super::*;
use crate::keys::KeyKind;

const OF_OTHERS: [(&str, &str); 3] = [
    (
        "eddsa-jcs-2022",
        include_str!("../../../fixtures/digitalbazaar-eddsa-jcs.json"),
    ),
    (
        "ecdsa-rdfc-2019, P-256",
        include_str!("../../../fixtures/digitalbazaar-ecdsa-p256.json"),
    ),
    (
        "ecdsa-rdfc-2019, P-384",
        include_str!("../../../fixtures/digitalbazaar-ecdsa-p384.json"),
    ),
];

fn ours(suite: Cryptosuite, key: &IssuerSigningKey) -> Value {
    let document = credential::build(&credential::tests::example(key));
    let (_, method) = multikey::did_key(&key.public_key());
    sign_with(suite, document, key, &method, "2026-01-15T09:00:00Z".parse().unwrap()).unwrap()
}

fn keys() -> [(Cryptosuite, IssuerSigningKey); 3] {
    [
        (Cryptosuite::EddsaJcs2022, key()),
        (
            Cryptosuite::EcdsaRdfc2019,
            IssuerSigningKey::from_secret(KeyKind::P256, &[7; 32]).unwrap(),
        ),
        (
            Cryptosuite::EcdsaRdfc2019,
            IssuerSigningKey::from_secret(KeyKind::P384, &[7; 48]).unwrap(),
        ),
    ]
}

#[test]
fn what_others_signed_verifies_and_every_change_is_noticed() {
    for (name, text) in OF_OTHERS {
        let document = json::read(text.as_bytes()).unwrap();
        assert!(is_valid(&document), "{name}: {:?}", check(&document));
        for (what, changed) in changed(&document, "") {
            assert!(!is_valid(&changed), "{name}: not noticed: {what}");
        }
    }
}

#[test]
fn what_we_sign_verifies() {
    for (suite, key) in keys() {
        let document = ours(suite, &key);
        let ProofOutcome::Valid(signatures) = check(&document) else {
            panic!("{suite:?}: {:?}", check(&document))
        };
        assert_eq!(signatures[0].key, key.public_key());
    }
}

#[test]
fn the_key_decides_and_the_suite_must_fit_it() {
    for (suite, key) in keys() {
        let document = ours(suite, &key);
        for (_, other) in keys() {
            if other.kind() == key.kind() {
                continue;
            }
            let mut confused = document.clone();
            confused["proof"]["verificationMethod"] = json!(multikey::did_key(&other.public_key()).1);
            assert!(
                matches!(check(&confused), ProofOutcome::Invalid(_)),
                "{suite:?}, {:?}: {:?}",
                other.kind(),
                check(&confused)
            );
        }
        for name in ["eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019"] {
            let mut confused = document.clone();
            confused["proof"]["cryptosuite"] = json!(name);
            assert_eq!(is_valid(&confused), name == suite.as_str(), "{suite:?} as {name}");
        }
    }
    let rsa = VerificationKey::from_modulus(&[0xc1; 256], &[1, 0, 1]).unwrap();
    let outcome = verify(&signed(), |_| Some(rsa.clone()));
    assert!(
        matches!(outcome, ProofOutcome::Invalid(InvalidProof::Malformed { .. })),
        "{outcome:?}"
    );
    let [_, (_, p256), _] = keys();
    let refused = sign_with(Cryptosuite::EddsaJcs2022, json!({}), &p256, "x:y", Timestamp(0));
    assert_eq!(refused, Err(SignError::OtherKind("P-256")));
}

/// RFC 8785, §3.2.2 and §3.2.3: the examples of the standard itself.
#[test]
fn canonical_json_is_that_of_the_standard() {
    let canonical = |text: &str| serde_json_canonicalizer::to_string(&json::read(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        canonical(r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0,1.0],"a":null}"#),
        r#"{"a":null,"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1]}"#
    );
    assert_eq!(
        canonical(r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}"
    );
    assert!(json::read(br#"{"a":"\ud800"}"#).is_err());
}

#[test]
fn numbers_that_canonical_json_confuses_are_refused() {
    let (suite, key) = (Cryptosuite::EddsaJcs2022, key());
    for (number, fits) in [
        (json!(9_007_199_254_740_991_u64), true),
        (json!(9_007_199_254_740_992_u64), false),
        (json!(-9_007_199_254_740_993_i64), false),
        (json!(u64::MAX), false),
        (json!(1e300), true),
    ] {
        let document = json!({"parameters": [number]});
        let signed = sign_with(suite, document, &key, "did:example:a#b", Timestamp(0));
        assert_eq!(signed.is_ok(), fits, "{number}");
    }
}

/// A did:webvh log entry has no context at all.
#[test]
fn plain_json_is_signed_as_it_is() {
    let (_, method) = multikey::did_key(&key().public_key());
    let document = json!({"versionId": "1-x", "parameters": {}});
    let signed = sign_with(Cryptosuite::EddsaJcs2022, document, &key(), &method, Timestamp(0)).unwrap();
    assert!(signed["proof"].get("@context").is_none());
    assert!(is_valid(&signed), "{:?}", check(&signed));
}

#[test]
fn the_contexts_of_a_json_proof_begin_the_documents() {
    let document = ours(Cryptosuite::EddsaJcs2022, &key());
    let change = |place: &str, contexts: Value| {
        let mut changed = document.clone();
        match place {
            "proof" => changed["proof"]["@context"] = contexts,
            _ => changed["@context"] = contexts,
        }
        check(&changed)
    };
    let [first, second] = [&document["@context"][0], &document["@context"][1]];
    let status = "https://www.w3.org/ns/credentials/status/v1";
    // §3.3.2: a context after those of the proof is not the proof's affair, if it is one that we know.
    assert!(matches!(
        change("", json!([first, second, status])),
        ProofOutcome::Valid(_)
    ));
    for contexts in [json!([second, first]), json!([first]), json!([status, first, second])] {
        assert!(
            matches!(change("", contexts.clone()), ProofOutcome::Invalid(_)),
            "{contexts}"
        );
    }
    for unknown in [json!("https://a.example/c"), json!({"validUntil": "urn:x"})] {
        let outcome = change("", json!([first, second, unknown]));
        assert!(
            matches!(outcome, ProofOutcome::CouldNotCheck(Undecidable::UnknownContext { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(
        change("proof", json!([first])),
        ProofOutcome::Invalid(InvalidProof::Mismatch)
    );
}

#[test]
fn a_set_of_different_suites_holds_if_each_does() {
    let mut both = signed();
    let with_jcs = ours(Cryptosuite::EddsaJcs2022, &key());
    both["proof"] = json!([both["proof"], with_jcs["proof"]]);
    let ProofOutcome::Valid(signatures) = check(&both) else {
        panic!("{:?}", check(&both))
    };
    assert_eq!(signatures.len(), 2);
    both["proof"][1]["created"] = json!("2026-01-16T09:00:00Z");
    assert_eq!(check(&both), ProofOutcome::Invalid(InvalidProof::Mismatch));
}
