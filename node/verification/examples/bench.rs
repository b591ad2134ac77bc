//! What one verification costs, on one thread: `bench [SECONDS]` prints medians in microseconds as one line of JSON.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers; a broken fixture ends it"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, UnparsedPublicKey},
};
use registry_schema::{
    AgencyId, Issuer, Purpose, Recognition, Scope, Timestamp, VerdictKind, VerificationMethod,
    recognition::RecognitionEntry,
};
use serde_json::{Map, Value, json};
use verification::{
    Evidence, Freshness, Question, SigningKey, StatusEvidence,
    data_integrity::{self, ProofOutcome, rdf},
    formats, judge, multikey,
};

const BADGE: &str = include_str!("../../../tests/fixtures/digitalbazaar-ob3.json");

/// The median time of one call in microseconds, over batches of at least 100 µs.
fn median(time: Duration, mut call: impl FnMut()) -> f64 {
    let warm_up = Instant::now();
    let mut calls = 0_u32;
    while warm_up.elapsed() < time / 4 {
        call();
        calls += 1;
    }
    let one = warm_up.elapsed() / calls;
    let batch = (Duration::from_micros(100).as_nanos() / one.as_nanos().max(1)).max(1);
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < time {
        let from = Instant::now();
        for _ in 0..batch {
            call();
        }
        times.push(from.elapsed().as_secs_f64() * 1e6 / batch as f64);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The key that the fixture's README publishes.
fn key() -> SigningKey {
    let mut seed = [0; 32];
    for (byte, value) in seed.iter_mut().zip(0..) {
        *byte = value;
    }
    SigningKey::from_seed(&seed).unwrap()
}

fn at() -> Timestamp {
    "2026-11-23T14:02:11Z".parse().unwrap()
}

/// The fixture with two status entries, signed again.
fn badge() -> Value {
    let mut badge: Value = serde_json::from_str(BADGE).unwrap();
    badge.as_object_mut().unwrap().remove("proof");
    let entry = |list: u32, purpose: &str| {
        let list = format!("https://learn.example.org/v1/status-lists/{list}");
        json!({
            "id": format!("{list}#94567"), "type": "BitstringStatusListEntry", "statusPurpose": purpose,
            "statusListIndex": "94567", "statusListCredential": list,
        })
    };
    badge["credentialStatus"] = json!([entry(1, "revocation"), entry(2, "suspension")]);
    let (_, method) = multikey::did_key(&key().public_key());
    data_integrity::sign(badge, &key(), &method, at()).unwrap()
}

fn evidence(issuer_id: &str) -> (Evidence, Question) {
    let (home, here): (AgencyId, AgencyId) = ("US-SC".parse().unwrap(), "US-NC".parse().unwrap());
    let fresh = Freshness::Heard {
        as_of: at(),
        good_until: "2026-11-23T14:17:11Z".parse().unwrap(),
    };
    let (_, method) = multikey::did_key(&key().public_key());
    let issuer = Issuer {
        id: issuer_id.to_owned(),
        name: "Palmetto Academy".to_owned(),
        agency: home.clone(),
        verification_methods: vec![VerificationMethod {
            id: method,
            public_key_multibase: multikey::encode(&key().public_key()),
            from: None,
            until: None,
        }],
        url: None,
    };
    let recognition = Recognition {
        id: "1".to_owned(),
        issuer: issuer.clone(),
        scope: Scope::All,
        purposes: vec![Purpose::Renewal],
        from: "2026-01-01".parse().unwrap(),
        until: None,
        accepts_without_status: false,
    };
    let listed = StatusEvidence::Listed {
        agency: home.clone(),
        revoked: None,
        suspended: None,
        freshness: fresh,
    };
    let evidence = Evidence {
        agency_names: [
            (home, "South Carolina".to_owned()),
            (here.clone(), "North Carolina".to_owned()),
        ]
        .into(),
        issuers: vec![issuer],
        recognitions: vec![RecognitionEntry {
            agency: here.clone(),
            recognition,
            withdrawn: None,
        }],
        trust_lists: [(here.clone(), fresh)].into(),
        status: vec![listed.clone(), listed],
        code: None,
    };
    let question = Question {
        agency: here,
        purpose: Some(Purpose::Renewal),
        at: at(),
        now: at(),
    };
    (evidence, question)
}

/// What is signed, by either way.
fn message(
    content: &Map<String, Value>,
    options: &Map<String, Value>,
    way: fn(&Map<String, Value>) -> Option<String>,
) -> Vec<u8> {
    let hash = |document| digest(&SHA256, way(document).unwrap().as_bytes());
    [hash(options).as_ref(), hash(content).as_ref()].concat()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().map_or(2.0, |text| text.parse().unwrap());
    let time = Duration::from_secs_f64(seconds);
    let document = badge();
    let text = document.to_string();
    if let Some(file) = arguments.next() {
        std::fs::write(file, &text).unwrap();
    }
    let mut content = document.as_object().unwrap().clone();
    let mut options = content.remove("proof").unwrap().as_object().unwrap().clone();
    let signature = options.remove("proofValue").unwrap();
    let signature = bs58::decode(&signature.as_str().unwrap()[1..]).into_vec().unwrap();
    options.insert("@context".to_owned(), content["@context"].clone());
    let signed = message(&content, &options, rdf::canonical_fast);
    let public = *key().public_key().as_bytes();
    let holds = |message: &[u8]| {
        UnparsedPublicKey::new(&ED25519, public)
            .verify(message, &signature)
            .unwrap()
    };
    let parsed = formats::read(text.as_bytes()).unwrap();
    let (evidence, question) = evidence(&parsed.issuer_id);
    let verdict = judge(&parsed, &evidence, &question);
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:?}", verdict.findings);

    let ed25519 = median(time, || holds(black_box(&signed)));
    let proof = median(time, || {
        let outcome = data_integrity::verify(black_box(&document), multikey::key_in_method);
        assert!(matches!(outcome, ProofOutcome::Valid(_)));
    });
    let libraries = median(time, || {
        holds(&message(black_box(&content), &options, rdf::canonical_by_libraries))
    });
    let judged = median(time, || {
        black_box(judge(black_box(&parsed), &evidence, &question));
    });
    let verdict = median(time, || {
        let badge = formats::read(black_box(text.as_bytes())).unwrap();
        assert_eq!(judge(&badge, &evidence, &question).verdict, VerdictKind::Accepted);
    });
    println!(
        "{}",
        json!({
            "bytes": text.len(), "ed25519": ed25519, "proof": proof, "proof_by_libraries": libraries,
            "judge": judged, "verdict": verdict,
        })
    );
}
