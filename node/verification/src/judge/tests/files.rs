//! One row for each way to deceive or to wear out the reader of a file: the bytes, the verdict, and the code that must
//! be among the findings. Tokens have a table of their own.

use std::time::{Duration, Instant};

use flate2::{Compression, write::ZlibEncoder};
use serde_json::json;

use super::*;
use crate::{bitstring, foreign_list, foreign_list::StatusListError};

type FileAttack = (&'static str, Vec<u8>, VerdictKind, &'static str);

const PICTURE: &[u8] = include_bytes!("../../../../assets/badge.png");

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [kind.as_slice(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
}

/// The picture with this behind its header.
fn picture_with(chunks: &[u8]) -> Vec<u8> {
    [&PICTURE[..33], chunks, &PICTURE[33..]].concat()
}

fn deflated(megabytes: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; megabytes * 1024 * 1024]).unwrap();
    packed.finish().unwrap()
}

fn drawing(inside: &str) -> Vec<u8> {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:o=\"https://purl.imsglobal.org/ob/v3p0\">{inside}</svg>")
        .into()
}

/// The same badge under a key of small order, and the issuer's id: the neutral point, and the signature that fits every
/// message under it (R the neutral point, S zero) wherever that is not looked for.
fn under_a_weak_key(mut badge: Value) -> (String, Value) {
    let neutral = |length: usize| {
        let mut bytes = vec![0; length];
        bytes[0] = 1;
        bytes
    };
    let multibase = |bytes: Vec<u8>| format!("z{}", bs58::encode(bytes).into_string());
    let key = multibase([&[0xed, 0x01], neutral(32).as_slice()].concat());
    let did = format!("did:key:{key}");
    badge["issuer"]["id"] = json!(did);
    badge["proof"]["verificationMethod"] = json!(format!("{did}#{key}"));
    badge["proof"]["proofValue"] = json!(multibase(neutral(64)));
    (did, badge)
}

fn rows(world: &JudgeFixture) -> Vec<FileAttack> {
    use VerdictKind::{CouldNotCheck, NotValid, Unreadable};
    let created = t("2026-01-15T09:00:00Z");
    let sign = |document| data_integrity::sign(document, &world.signer, &world.method, created).unwrap();
    let signed = sign(world.unsigned.clone()).to_string();
    // What is put in front of the signed text's own first key.
    let before = |more: &str| format!("{{{more},{}", &signed[1..]).into_bytes();
    let changed = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from}");
        signed.replacen(from, to, 1).into_bytes()
    };
    let small_order = under_a_weak_key(sign(world.unsigned.clone())).1;
    let (baked, other) = (sign(world.unsigned.clone()).to_string(), changed("2026-", "2025-"));
    let itxt = |text: &[u8]| chunk(b"iTXt", &[b"openbadgecredential\0\0\0\0\0".as_slice(), text].concat());
    let cdata = |text: &str| format!("<o:credential><![CDATA[{text}]]></o:credential>");
    let nested = |depth: usize| changed("{", &format!("{{\"x\":{}1{},", "[".repeat(depth), "]".repeat(depth)));
    let entities = (1..40)
        .map(|i| format!("<!ENTITY e{i} \"&e{};&e{};\">", i - 1, i - 1))
        .collect::<String>();
    vec![
        ("a key twice", before("\"id\":\"urn:uuid:another\""), Unreadable, "structure.unreadable"),
        ("a key twice, once in escapes", before("\"i\\u0064\":\"urn:uuid:another\""), Unreadable, "structure.unreadable"),
        ("a key twice, deep inside", changed("\"achievement\":{", "\"achievement\":{\"name\":\"A\",\"name\":\"B\","), Unreadable, "structure.unreadable"),
        ("a term that no signature covers", before("\"grade\":\"A\""), NotValid, "proof.uncovered_field"),
        ("another context in front", changed("\"@context\":[", "\"@context\":[{\"name\":\"urn:x\"},"), NotValid, "structure.unknown_context"),
        ("nested too deeply", nested(70), Unreadable, "structure.unreadable"),
        ("nested without end", b"[".repeat(2_000_000), Unreadable, "structure.unreadable"),
        ("too many values", changed("{", &format!("{{\"x\":[{}1],", "1,".repeat(60_000))), Unreadable, "structure.unreadable"),
        ("a number without end", changed("{", &format!("{{\"x\":{},", "9".repeat(1_000_000))), Unreadable, "structure.unreadable"),
        ("a key of small order", small_order.to_string().into(), CouldNotCheck, "proof.unknown_key"),
        ("a PNG with two badges", picture_with(&[itxt(baked.as_bytes()), itxt(&other)].concat()), Unreadable, "structure.unreadable"),
        ("a PNG with a compressed badge that unpacks to 64 MiB", picture_with(&chunk(b"iTXt", &[b"openbadgecredential\0\x01\0\0\0".as_slice(), &deflated(64)].concat())), Unreadable, "structure.unreadable"),
        ("a PNG with a bomb beside the badge", picture_with(&[chunk(b"zTXt", &[b"x\0\0".as_slice(), &deflated(64)].concat()), itxt(&other)].concat()), NotValid, "proof.invalid"),
        ("a PNG of a hundred thousand chunks", picture_with(&chunk(b"tEXt", b"").repeat(100_000)), Unreadable, "structure.unreadable"),
        ("an SVG with two badges", drawing(&[cdata(&baked), cdata(&baked)].concat()), Unreadable, "structure.unreadable"),
        ("an SVG with a badge in its attribute and another inside", drawing(&format!("<o:credential verify=\"eyJhbGciOiJub25lIn0.e30.\">{baked}</o:credential>")), Unreadable, "structure.unreadable"),
        ("an SVG that laughs a billion times", format!("<!DOCTYPE s [<!ENTITY e0 \"ha\">{entities}]>{}", String::from_utf8(drawing("<o:credential>&e39;</o:credential>")).unwrap()).into(), Unreadable, "structure.unreadable"),
        ("an SVG that includes a file", b"<!DOCTYPE s [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><svg xmlns:o=\"https://purl.imsglobal.org/ob/v3p0\"><o:credential>&f;</o:credential></svg>".to_vec(), Unreadable, "structure.unreadable"),
        ("an SVG nested without end", b"<g>".repeat(600_000), Unreadable, "structure.unreadable"),
        ("an archive in place of a badge", crate::bulk::tests::packed(&[("a.json", baked.as_bytes())]), Unreadable, "structure.unreadable"),
        ("a changed status index", changed("\"statusListIndex\":\"", "\"statusListIndex\":\"9"), NotValid, "proof.invalid"),
    ]
}

#[test]
fn each_file_made_to_deceive_has_its_verdict_in_time() {
    let world = world();
    let created = t("2026-01-15T09:00:00Z");
    let signed = data_integrity::sign(world.unsigned.clone(), &world.signer, &world.method, created).unwrap();
    let verdict = |bytes: &[u8]| match formats::read(bytes) {
        Ok(badge) => judge(&badge, &world.evidence, &world.question),
        Err(why) => unreadable(&why, &world.question),
    };
    // The control: none of this is so without the attack.
    let good = [
        signed.to_string().into_bytes(),
        formats::bake_png(PICTURE, &signed.to_string()).unwrap(),
        drawing(&format!("<o:credential><![CDATA[{signed}]]></o:credential>")),
    ];
    for bytes in good {
        assert_eq!(verdict(&bytes).verdict, VerdictKind::Accepted);
    }
    let mut wrong = Vec::new();
    for (name, bytes, kind, code) in rows(&world) {
        let start = Instant::now();
        let verdict = verdict(&bytes);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{name} took {:?}",
            start.elapsed()
        );
        if verdict.verdict != kind || !verdict.findings.iter().any(|f| f.code == code) {
            let told: Vec<&str> = verdict.findings.iter().map(|f| f.code.as_str()).collect();
            wrong.push(format!("{name}: {} {told:?}", verdict.sentence));
        }
        audit(name, &verdict);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_key_of_small_order_signs_nothing_even_if_an_agency_lists_it() {
    let signer = world();
    let created = t("2026-01-15T09:00:00Z");
    let signed = data_integrity::sign(signer.unsigned.clone(), &signer.signer, &signer.method, created).unwrap();
    let (did, forged) = under_a_weak_key(signed);
    let mut world = world_of(&did);
    let key = did.trim_start_matches("did:key:").to_owned();
    world.evidence.issuers[0].verification_methods[0].id = format!("{did}#{key}");
    world.evidence.issuers[0].verification_methods[0].public_key_multibase = key;
    for entry in &mut world.evidence.recognitions {
        entry.recognition.issuer = world.evidence.issuers[0].clone();
    }
    let badge = formats::read(forged.to_string().as_bytes()).unwrap();
    let verdict = judge(&badge, &world.evidence, &world.question);
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{:?}", verdict.findings);
    assert!(verdict.findings.iter().all(|f| f.code != "proof.valid"));
}

#[test]
fn a_status_list_that_unpacks_without_end_is_no_list() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 64 * 1024 * 1024]).unwrap();
    let bomb = format!("u{}", URL_SAFE_NO_PAD.encode(packed.finish().unwrap()));
    let start = Instant::now();
    assert!(bitstring::decode(&bomb, bitstring::MIN_ENTRIES).is_err());
    let (did, method) = multikey::did_key(&key().public_key());
    let list = |encoded: &str| {
        let list = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "id": "https://badges.example/1",
            "type": ["VerifiableCredential", "BitstringStatusListCredential"], "issuer": did,
            "credentialSubject": {"id": "https://badges.example/1#list", "type": "BitstringStatusList",
                "statusPurpose": "revocation", "encodedList": encoded}});
        let signed = data_integrity::sign(list, &key(), &method, t("2026-01-15T09:00:00Z")).unwrap();
        foreign_list::read(signed.to_string().as_bytes(), multikey::key_in_method)
    };
    let short = bitstring::encode(&bitstring::Bitstring::new(bitstring::MIN_ENTRIES));
    assert!(list(&short).is_ok(), "the control");
    assert!(
        matches!(
            list(&bomb),
            Err(StatusListError::Malformed { .. } | StatusListError::Verification { .. })
        ),
        "{:?}",
        list(&bomb)
    );
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
