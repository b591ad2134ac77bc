//! The short way against the long one: the same bytes, or none.

#![expect(clippy::print_stdout, reason = "seeds, so that chance can be had again, and shares")]

mod documents;

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::*;
use crate::{
    contexts,
    data_integrity::rdf::{AllowedTerms, HashAlgorithm, by_libraries, walk},
};
use documents::DocumentRng;

const FIXTURES: [&str; 4] = [
    include_str!("../../../../fixtures/digitalbazaar-ob-3.0.3.json"),
    include_str!("../../../../fixtures/digitalbazaar-ob-3.0.2.json"),
    include_str!("../../../../fixtures/digitalbazaar-vcdm-1.1.json"),
    include_str!("../../../../../../tests/fixtures/digitalbazaar-ob3.json"),
];

/// The short way, less one entry.
fn canonical(document: &Map<String, Value>, without: Option<&str>) -> Option<String> {
    super::canonical(RdfInput {
        without,
        ..RdfInput::whole(document, AllowedTerms::Known)
    })
}

fn passes_the_walk(document: &Map<String, Value>) -> bool {
    walk::check(RdfInput::whole(document, AllowedTerms::Known)).is_ok()
}

fn passes_the_walk_without_its_proof(document: &Map<String, Value>) -> bool {
    walk::check(RdfInput {
        without: Some("proof"),
        ..RdfInput::whole(document, AllowedTerms::Known)
    })
    .is_ok()
}

/// A seed, printed; `COMITY_TEST_SEED=n` sets another.
fn chance(test: &str) -> DocumentRng {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(20_261_123);
    println!("{test}: COMITY_TEST_SEED={seed}");
    DocumentRng(seed)
}

/// Content and options of a signed document, as they are hashed.
fn halves(text: &str) -> [Map<String, Value>; 2] {
    let mut document: Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut proof = document.remove("proof").unwrap();
    let options = proof.as_object_mut().unwrap();
    options.remove("proofValue");
    let context = document["@context"].clone();
    options.entry("@context").or_insert(context);
    [document, options.clone()]
}

/// Returns true if the short way was taken, after it was found to be the same.
fn compare(document: &Map<String, Value>) -> bool {
    if !passes_the_walk(document) {
        return false;
    }
    let Some(short) = canonical(document, None) else {
        return false;
    };
    match by_libraries(document.clone(), HashAlgorithm::Sha256) {
        Ok(long) => assert_eq!(short, long, "{}", Value::Object(document.clone())),
        Err(_) => panic!("the long way refuses {}", Value::Object(document.clone())),
    }
    true
}

#[test]
fn fixtures_take_the_short_way_to_the_same_lines() {
    for text in FIXTURES {
        for half in halves(text) {
            assert!(compare(&half), "declined: {}", Value::Object(half));
        }
    }
}

#[test]
fn one_entry_may_be_left_out_of_the_outermost_object_only() {
    let [content, _] = halves(FIXTURES[3]);
    let mut signed = content.clone();
    signed.insert("proof".to_owned(), json!({"type": "DataIntegrityProof", "": ["_:b"]}));
    assert_eq!(canonical(&signed, Some("proof")), canonical(&content, None));
    assert!(passes_the_walk_without_its_proof(&signed) && !passes_the_walk(&signed));
    let mut inner = Value::Object(content);
    inner["issuer"]["proof"] = json!({"": 1});
    let inner = inner.as_object().unwrap();
    assert_eq!(canonical(inner, Some("proof")), None);
    assert!(!passes_the_walk_without_its_proof(inner));
}

#[test]
fn ordinary_badges_never_take_the_long_way() {
    let mut chance = chance("ordinary badges");
    for i in 0..400 {
        let badge = documents::ordinary(&mut chance);
        assert!(compare(&badge), "declined at {i}: {}", Value::Object(badge));
    }
}

#[test]
fn wild_documents_give_the_same_lines_or_none() {
    let mut chance = chance("wild documents");
    let start = Instant::now();
    let count = 2_500;
    let short = (0..count).filter(|_| compare(&documents::wild(&mut chance))).count();
    println!("{short} of {count} took the short way; {:?}", start.elapsed());
    assert!(short > count / 4, "hardly any took the short way: {short}");
}

#[test]
fn no_mutation_makes_it_panic_or_differ() {
    let mut chance = chance("mutations");
    let halves: Vec<_> = FIXTURES.into_iter().flat_map(halves).collect();
    let (mut short, mut compared) = (0, 0);
    for i in 0..20_000 {
        let mut document = chance.pick(&halves).clone();
        for _ in 0..=chance.below(3) {
            documents::mutate(&mut document, &mut chance);
        }
        if passes_the_walk(&document) && canonical(&document, None).is_some() {
            short += 1;
            if i % 20 == 0 {
                assert!(compare(&document));
                compared += 1;
            }
        }
    }
    println!("{short} of 20000 took the short way, {compared} of them compared");
    assert!(short > 2_000 && compared > 100, "{short}, {compared}");
}

#[test]
fn it_declines_what_it_does_not_know() {
    let [plain, _] = halves(FIXTURES[3]);
    assert!(canonical(&plain, None).is_some());
    type DocumentEdit = fn(&mut Value);
    let cases: [(&str, DocumentEdit); 17] = [
        ("twins", |d| {
            let twin = json!({"type": ["Alignment"], "targetName": "x", "targetUrl": "https://a.example"});
            d["credentialSubject"]["achievement"]["alignment"] = json!([twin, twin]);
        }),
        ("a value object", |d| {
            d["name"] = json!({"@value": "x", "@language": "en"})
        }),
        ("a keyword", |d| d["@included"] = json!([])),
        ("a graph", |d| d["proof"] = json!({})),
        ("JSON", |d| d["_sd"] = json!({"a": 1})),
        ("a term with a vocabulary of its own", |d| {
            d["cnf"] = json!({"kid": "urn:x"})
        }),
        ("an inner context", |d| {
            d["issuer"]["@context"] = json!("https://www.w3.org/ns/credentials/v2")
        }),
        ("an undefined term", |d| d["colour"] = json!(null)),
        ("an undefined type", |d| {
            d["type"] = json!(["VerifiableCredential", "Colour"])
        }),
        ("a keyword as a type", |d| {
            d["type"] = json!(["VerifiableCredential", "id"])
        }),
        ("a relative IRI", |d| d["id"] = json!("x")),
        ("no IRI", |d| d["id"] = json!("urn:a b")),
        ("an undefined IRI", |d| d["id"] = json!("urn:undefined:x")),
        ("a number too fine", |d| d["name"] = json!(0.1 + 0.2)),
        ("a number too large", |d| d["name"] = json!(1e21)),
        ("a noncharacter", |d| d["name"] = json!("\u{fffe}")),
        ("an array in an array", |d| d["name"] = json!([["x"]])),
    ];
    for (what, change) in cases {
        let mut document = Value::Object(plain.clone());
        change(&mut document);
        assert_eq!(canonical(document.as_object().unwrap(), None), None, "{what}");
    }
}
