//! Every parser of this crate meets damaged and rearranged bytes: an answer each time, in bounded time, and *accepted*
//! only for what was signed. The sequence follows from a seed; `COMITY_FUZZ_ROUNDS` makes it longer.

use std::time::{Duration, Instant};

use super::*;
use crate::{bitstring, bulk, did, foreign_list, jwt, vcdm};

/// Splitmix64: the same everywhere, for ever.
struct FuzzRng(u64);

impl FuzzRng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }
}

/// The words that change how a reader goes on.
const WORDS: [&[u8]; 20] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"\\u0000",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\"@context\":",
    b"\"proof\":[",
    b"\"id\":\"\",",
    b"]]>",
    b"<!ENTITY",
    b"\xff\xff\xff\xff",
    b"PK\x01\x02",
    b"IEND",
];

fn mutate(bytes: &mut Vec<u8>, chance: &mut FuzzRng) {
    for _ in 0..=chance.below(3) {
        let at = chance.below(bytes.len());
        let end = at + chance.below((bytes.len() - at).min(64));
        match chance.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << chance.below(8),
            1 if !bytes.is_empty() => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            4 => {
                let word = WORDS[chance.below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            _ if chance.below(8) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
}

type ParserFn<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

/// A parser, and something that it reads.
struct ParserTarget<'a> {
    name: &'static str,
    sample: Vec<u8>,
    /// Reads; says whether it took it for what it should be.
    reads: ParserFn<'a>,
}

fn target<'a>(name: &'static str, sample: impl Into<Vec<u8>>, reads: impl Fn(&[u8]) -> bool + 'a) -> ParserTarget<'a> {
    ParserTarget {
        name,
        sample: sample.into(),
        reads: Box::new(reads),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Reads and judges: accepted is only what says the same as what was signed.
fn judged(world: &JudgeFixture, original: &Value, bytes: &[u8]) -> bool {
    let Ok(badge) = formats::read(bytes) else { return false };
    let verdict = judge(&badge, &world.evidence, &world.question);
    audit("fuzz", &verdict);
    if let Some(at_once) = try_judge_fast(&badge, &world.evidence, &world.question) {
        assert_eq!(at_once, verdict, "another answer at once");
    }
    let accepted = verdict.verdict == VerdictKind::Accepted;
    if accepted {
        let unsigned = |document: &Value| {
            let mut document = document.clone();
            document.as_object_mut().unwrap().remove("proof");
            document
        };
        assert_eq!(
            unsigned(&badge.document),
            unsigned(original),
            "something else was accepted"
        );
    }
    accepted
}

const PICTURE: &[u8] = include_bytes!("../../../../assets/badge.png");
const DRAWING: &str = include_str!("../../../../assets/badge.svg");

fn targets(world: &JudgeFixture) -> Vec<ParserTarget<'_>> {
    let created = t("2026-01-15T09:00:00Z");
    let document = data_integrity::sign(world.unsigned.clone(), &world.signer, &world.method, created).unwrap();
    let json = document.to_string();
    let token = jwt::sign(world.unsigned.clone(), &world.signer, &world.method, created).unwrap();
    let of_token = formats::read(token.as_bytes()).unwrap().document;
    let png = formats::bake_png(PICTURE, &json).unwrap();
    let svg = formats::bake_svg(DRAWING, &json).unwrap();
    let (one, two, three) = (document.clone(), document.clone(), document);
    let key = multikey::encode(&key().public_key());
    let web = serde_json::json!({"id": "did:web:badges.example", "assertionMethod": [{"id": "did:web:badges.example#1",
        "type": "Multikey", "controller": "did:web:badges.example", "publicKeyMultibase": key}]});
    let list = bitstring::encode(&bitstring::Bitstring::new(bitstring::MIN_ENTRIES));
    let bits = list.clone();
    let listing = serde_json::json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "id": "https://badges.example/1",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"], "issuer": multikey::did_key(&world.signer.public_key()).0,
        "credentialSubject": {"id": "https://badges.example/1#list", "type": "BitstringStatusList",
        "statusPurpose": "revocation", "encodedList": list}});
    let listing = data_integrity::sign(listing, &world.signer, &world.method, created).unwrap();
    let shown = serde_json::json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": "VerifiablePresentation",
        "verifiableCredential": [one.clone()]});
    let many = format!("name,code\nAna,NC-4K2M9-QXR7T-3\nBo,\"{}\"\n", "x\"\"y");
    let history = include_str!("../../../fixtures/didwebvh/basic-create/java-eecc.jsonl");
    let first: Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    let subject = first["state"]["id"].as_str().unwrap().to_owned();
    vec![
        target("json", json.clone(), move |b| judged(world, &one, b)),
        target("png", png, move |b| judged(world, &two, b)),
        target("svg", svg, move |b| judged(world, &three, b)),
        target("token", token, move |b| judged(world, &of_token, b)),
        target("did:web", web.to_string(), |b| {
            did::read("did:web:badges.example", b, None, t("2026-11-23")).is_ok()
        }),
        target("did:webvh", history, move |b| {
            did::read(&subject, b, None, t("2026-11-23")).is_ok()
        }),
        target("status list", listing.to_string(), |b| {
            foreign_list::read(b, multikey::key_in_method).is_ok()
        }),
        target("bitstring", bits, |b| {
            bitstring::decode(text(b), bitstring::MIN_ENTRIES).is_ok()
        }),
        target("key", key, |b| multikey::decode(text(b)).is_ok()),
        target("method", world.method.clone(), |b| {
            multikey::key_in_method(text(b)).is_some()
        }),
        target("did", "did:web:badges.example%3A8443:issuers:1", |b| {
            matches!(did::on_the_web(text(b)), Some(Ok(_)))
        }),
        target("presentation", shown.to_string(), |b| {
            vcdm::read_json(b).is_ok_and(|value| vcdm::read_presentation(value).is_ok())
        }),
        target("csv", many, |b| bulk::rows(b, bulk::BulkFormat::Csv).is_ok()),
        target("lines", format!("{json}\n{json}\n"), |b| {
            let whole = |row: &bulk::BulkRow| row.content.as_ref().is_ok_and(|line| vcdm::read_json(line).is_ok());
            bulk::rows(b, bulk::BulkFormat::Lines).is_ok_and(|rows| rows.len() == 2 && rows.iter().all(whole))
        }),
        target(
            "zip",
            bulk::tests::packed(&[("a.json", json.as_bytes()), ("b.json", b"{}")]),
            |b| bulk::rows(b, bulk::BulkFormat::Zip).is_ok(),
        ),
    ]
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn damaged_bytes_give_an_answer_in_time_and_never_another_badge() {
    let (rounds, seed) = (number("COMITY_FUZZ_ROUNDS", 150), number("COMITY_FUZZ_SEED", 1));
    let world = world();
    for target in targets(&world) {
        assert!(
            (target.reads)(&target.sample),
            "{}: the sample itself is refused",
            target.name
        );
        let mut refused = 0;
        for round in 0..rounds {
            // Printed if this test fails: libtest shows what was said.
            let at = format!("{} with COMITY_FUZZ_SEED={}", target.name, seed + round);
            let mut chance = FuzzRng(seed + round);
            let mut bytes = target.sample.clone();
            mutate(&mut bytes, &mut chance);
            let start = Instant::now();
            let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (target.reads)(&bytes)));
            assert!(start.elapsed() < Duration::from_secs(5), "slow: {at}");
            let read = read.unwrap_or_else(|_| panic!("a panic: {at}"));
            refused += u64::from(!read);
        }
        assert!(
            refused * 20 > rounds,
            "{}: {refused} of {rounds} were refused: is anything damaged?",
            target.name
        );
    }
}
