//! The canonical form of a document is what a signature covers. jsonld.js, which shares no code with the two ways in which
//! Comity makes it, makes the same bytes of thousands of documents made by chance.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};
use verification::{
    contexts,
    data_integrity::rdf::{canonical_by_libraries, canonical_fast},
};

#[path = "../../node/verification/src/data_integrity/rdf/fast/tests/documents.rs"]
mod documents;

use documents::DocumentRng;

/// A learner record with some ordinary badges; the long way is the only one for these.
fn record(chance: &mut DocumentRng) -> Map<String, Value> {
    let mut badges: Vec<Value> = Vec::new();
    while badges.len() <= chance.below(3) {
        // Under terms that are protected, those of another version may not be defined.
        let badge = documents::ordinary(chance);
        if badge["@context"][1] == contexts::OPEN_BADGES {
            badges.push(Value::Object(badge));
        }
    }
    let mut record = json!({
        "@context": [
            contexts::CREDENTIALS_V2,
            "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
            contexts::OPEN_BADGES,
        ],
        "id": format!("urn:uuid:{}", chance.below(1_000_000)),
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": badges[0]["issuer"],
        "validFrom": "2026-01-01T00:00:00Z",
        "partial": chance.below(2) == 0,
        "credentialSubject": {"id": "did:example:learner", "type": ["ClrSubject"], "verifiableCredential": badges},
    });
    if chance.below(2) == 0 {
        record["type"] = json!(["ClrCredential", "VerifiableCredential"]);
    }
    record.as_object().expect("an object").clone()
}

/// Returns what jsonld.js makes of each document: a hash, or why there is none.
async fn by_jsonld_js(documents: &[Map<String, Value>]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages are not there: run tests/run, or `npm ci` in tests/interop"
    );
    let own = tempfile::tempdir().expect("a folder");
    let known: BTreeMap<&str, Value> = contexts::ALL
        .iter()
        .map(|context| (context.url, serde_json::from_str(context.json).expect("JSON")))
        .collect();
    let file = own.path().join("contexts.json");
    std::fs::write(&file, serde_json::to_vec(&known).expect("JSON")).expect("a file is written");
    let mut lines = Vec::new();
    for document in documents {
        serde_json::to_writer(&mut lines, document).expect("JSON");
        lines.push(b'\n');
    }
    let mut child = Command::new("node")
        .arg(folder.join("canonicalize.mjs"))
        .arg(&file)
        .kill_on_drop(true)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js runs");
    let mut input = child.stdin.take().expect("its input");
    // What it says while it is still being told must be read, or both wait for ever.
    let telling = tokio::spawn(async move { input.write_all(&lines).await });
    let ended = child.wait_with_output().await.expect("it ends");
    telling.await.expect("it was told").expect("all of it");
    assert!(ended.status.success(), "{ended:?}");
    let said = String::from_utf8(ended.stdout).expect("text");
    let said: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(said.len(), documents.len(), "an answer each");
    said
}

fn hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RDFC-1.0 (§4.4.3) sorts lines by code points; `rdf-canonize` sorts as JavaScript does, by UTF-16 code units. The two
/// differ where a character above U+FFFF stands against one from U+E000 on; then Comity is right, and told apart here.
fn sorted_as_javascript_does(text: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
    lines.concat()
}

#[derive(Debug, Default)]
struct CanonicalizationCount {
    /// The short way was taken, and jsonld.js agrees.
    short: usize,
    /// The long way alone was taken, and jsonld.js agrees.
    long: usize,
    /// Comity refuses what jsonld.js does.
    refused: usize,
    /// Both refuse.
    refused_by_both: usize,
    /// The lines are the same, in another order.
    sorted_otherwise: usize,
    differ: Vec<String>,
}

/// The long way takes tens of milliseconds in a build for tests, so not all documents go it.
async fn compare(documents: Vec<Map<String, Value>>, long_every: usize) -> CanonicalizationCount {
    let theirs = by_jsonld_js(&documents).await;
    let mut count = CanonicalizationCount::default();
    for (i, (document, theirs)) in documents.iter().zip(&theirs).enumerate() {
        let short = canonical_fast(document);
        let is_short = short.is_some();
        let long = (i % long_every == 0).then(|| canonical_by_libraries(document));
        let all: Vec<Option<String>> = short.into_iter().map(Some).chain(long).collect();
        for ours in &all {
            match (ours, theirs.strip_prefix("refused: ")) {
                (Some(ours), None) if hash(ours) == *theirs => match is_short {
                    true => count.short += 1,
                    false => count.long += 1,
                },
                (Some(ours), None) if hash(&sorted_as_javascript_does(ours)) == *theirs => count.sorted_otherwise += 1,
                (Some(ours), _) => {
                    let document = Value::Object(document.clone());
                    count.differ.push(format!("they: {theirs}\nwe:\n{ours}of {document}"));
                }
                (None, None) => count.refused += 1,
                (None, Some(_)) => count.refused_by_both += 1,
            }
        }
    }
    println!(
        "{} by the short way, {} by the long way alone; sorted otherwise {}, refused here alone {}, by both {}, \
         different {}",
        count.short,
        count.long,
        count.sorted_otherwise,
        count.refused,
        count.refused_by_both,
        count.differ.len()
    );
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn jsonld_js_makes_the_same_canonical_form_or_the_short_way_is_not_taken() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or(20_261_123);
    println!("COMITY_TEST_SEED={seed}");
    let mut chance = DocumentRng(seed);

    let ordinary: Vec<_> = (0..1_000).map(|_| documents::ordinary(&mut chance)).collect();
    let wild: Vec<_> = (0..4_000).map(|_| documents::wild(&mut chance)).collect();
    let mutated: Vec<_> = (0..2_000)
        .map(|i| {
            let mut document = ordinary[i % ordinary.len()].clone();
            documents::mutate(&mut document, &mut chance);
            document
        })
        .collect();
    let records: Vec<_> = (0..40).map(|_| record(&mut chance)).collect();

    let mut wrong = Vec::new();
    for (kind, documents, long_every, least) in [
        ("ordinary badges", ordinary, 20, 1_000),
        ("wild documents", wild, 20, 1_000),
        ("mutated badges", mutated, 20, 500),
        ("records", records, 1, 30),
    ] {
        print!("{kind}: ");
        let count = compare(documents, long_every).await;
        wrong.extend(count.differ.into_iter().take(10));
        let compared = count.short + count.long;
        if compared < least {
            wrong.push(format!("{kind}: hardly any were compared: {compared}"));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // That it would be seen: one byte of one document changed after it was hashed here.
    let document = documents::ordinary(&mut chance);
    let ours = canonical_fast(&document).expect("the short way");
    let mut altered = document.clone();
    altered["name"] = json!("another");
    let theirs = by_jsonld_js(&[document, altered]).await;
    assert_eq!(theirs[0], hash(&ours));
    assert_ne!(theirs[1], hash(&ours));
}
