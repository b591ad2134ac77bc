//! The cost of one verification, on one thread: `bench [SECONDS]` prints medians in microseconds as one line of JSON.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
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
    AgencyId, Issuer, Purpose, Recognition, RecognitionScope, Timestamp, VerdictKind, VerificationMethod,
    recognition::RecognitionEntry,
};
use serde_json::{Map, Value, json};
use verification::{
    Evidence, Freshness, IssuerSigningKey, StatusEvidence, VerificationQuestion, bulk,
    data_integrity::{self, ProofOutcome, rdf},
    formats, judge, multikey,
};

/// As in `comityd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BADGE: &str = include_str!("../../../tests/fixtures/digitalbazaar-ob3.json");

/// The median times of each call in microseconds, over batches of at least 100 µs. They take turns, so that whatever
/// else the machine does meets all of them.
fn medians(time: Duration, calls: &mut [(&str, &mut dyn FnMut())]) -> Map<String, Value> {
    let mut times = vec![Vec::new(); calls.len()];
    let start = Instant::now();
    while start.elapsed() < time || times.iter().any(|t| t.len() < 10) {
        for ((_, call), times) in calls.iter_mut().zip(&mut times) {
            let turn = Instant::now();
            while turn.elapsed() < Duration::from_millis(20) {
                let batch = Instant::now();
                let mut count = 0;
                while batch.elapsed() < Duration::from_micros(100) {
                    call();
                    count += 1;
                }
                times.push(batch.elapsed().as_secs_f64() * 1e6 / f64::from(count));
            }
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let names = calls.iter().map(|(name, _)| (*name).to_owned());
    names.zip(times.iter_mut().map(|t| Value::from(median(t)))).collect()
}

/// The key that the fixture's README publishes.
fn key() -> IssuerSigningKey {
    let mut seed = [0; 32];
    for (byte, value) in seed.iter_mut().zip(0..) {
        *byte = value;
    }
    IssuerSigningKey::from_seed(&seed).unwrap()
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

fn evidence(issuer_id: &str) -> (Evidence, VerificationQuestion) {
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
            compromised: None,
        }],
        url: None,
        provider: None,
        own_keys: None,
    };
    let recognition = Recognition {
        id: "1".to_owned(),
        issuer: issuer.clone(),
        scope: RecognitionScope::All,
        purposes: vec![Purpose::Renewal],
        from: "2026-01-01".parse().unwrap(),
        until: None,
        accepts_without_status: false,
        basis: registry_schema::recognition::RecognitionBasis::default(),
    };
    let listed = StatusEvidence::Listed {
        agency: home.clone(),
        revoked: None,
        suspended: None,
        freshness: fresh,
    };
    let evidence = Evidence {
        policy: None,
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
            waits: false,
        }],
        agency_recognitions: vec![],
        registrations: [].into(),
        trust_lists: [(here.clone(), fresh)].into(),
        resolved: None,
        confirmed: None,
        status: vec![listed.clone(), listed],
        above: Vec::new(),
        unplaced: Vec::new(),
        expelled: [].into(),
        left: [].into(),
        code: None,
        endorsements: vec![],
        endorsers: vec![],
        like_names: vec![],
        parts: vec![],
    };
    let question = VerificationQuestion {
        agency: here,
        purpose: Some(Purpose::Renewal),
        at: at(),
        known: None,
        now: at(),
        clock_in_doubt: false,
    };
    (evidence, question)
}

/// The bytes that are signed, by either way.
fn message(
    content: &Map<String, Value>,
    options: &Map<String, Value>,
    way: fn(&Map<String, Value>) -> Option<String>,
) -> Vec<u8> {
    let hash = |document| digest(&SHA256, way(document).unwrap().as_bytes());
    [hash(options).as_ref(), hash(content).as_ref()].concat()
}

/// The number of badges in a bulk check.
const MANY: u32 = 10_000;

/// The time that ten thousand different badges take, from one upload of JSON lines to verdicts written as JSON, on all cores:
/// the median of five, in microseconds.
fn bulk(evidence: &Evidence, question: &VerificationQuestion) -> f64 {
    let (_, method) = multikey::did_key(&key().public_key());
    let mut upload = String::new();
    for i in 0..MANY {
        let mut badge = badge();
        badge.as_object_mut().unwrap().remove("proof");
        badge["id"] = json!(format!("urn:uuid:{i:08x}-0000-4000-8000-000000000000"));
        upload.push_str(&data_integrity::sign(badge, &key(), &method, at()).unwrap().to_string());
        upload.push('\n');
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let rows = bulk::rows(upload.as_bytes(), bulk::BulkFormat::Lines).unwrap();
            let written: usize = std::thread::scope(|scope| {
                let shares: Vec<_> = rows.chunks(rows.len().div_ceil(cores)).collect();
                let working = shares.into_iter().map(|share| {
                    scope.spawn(move || {
                        let verdicts = share.iter().map(|row| {
                            let badge = formats::read(row.content.as_ref().unwrap()).unwrap();
                            let verdict = judge(&badge, evidence, question);
                            assert_eq!(verdict.verdict, VerdictKind::Accepted);
                            serde_json::to_vec(&verdict.in_words(&words::Language::English))
                                .unwrap()
                                .len()
                        });
                        verdicts.sum::<usize>()
                    })
                });
                let working: Vec<_> = working.collect();
                working.into_iter().map(|share| share.join().unwrap()).sum()
            });
            black_box(written);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
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
    let public = key().public_key().as_bytes().to_vec();
    let holds = |message: &[u8]| {
        UnparsedPublicKey::new(&ED25519, public.as_slice())
            .verify(message, &signature)
            .unwrap()
    };
    let parsed = formats::read(text.as_bytes()).unwrap();
    let (evidence, question) = evidence(&parsed.issuer_id);
    let verdict = judge(&parsed, &evidence, &question);
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:?}", verdict.findings);

    let mut measured = medians(
        time,
        &mut [
            ("ed25519", &mut || holds(black_box(&signed))),
            ("proof", &mut || {
                let outcome = data_integrity::verify(black_box(&document), multikey::key_in_method);
                assert!(matches!(outcome, ProofOutcome::Valid(_)));
            }),
            ("proof_by_libraries", &mut || {
                holds(&message(black_box(&content), &options, rdf::canonical_by_libraries));
            }),
            ("judge", &mut || {
                black_box(judge(black_box(&parsed), &evidence, &question));
            }),
            ("verdict", &mut || {
                let badge = formats::read(black_box(text.as_bytes())).unwrap();
                let verdict = judge(&badge, &evidence, &question);
                assert_eq!(verdict.verdict, VerdictKind::Accepted);
            }),
        ],
    );
    measured.insert("bytes".to_owned(), json!(text.len()));
    measured.insert("bulk".to_owned(), json!(bulk(&evidence, &question)));
    println!("{}", Value::Object(measured));
}
