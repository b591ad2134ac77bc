//! Real things, from which the targets begin.

use std::{collections::BTreeSet, sync::LazyLock};

use registry_schema::CredentialCode;
use serde_json::{Value, json};
use verification::{
    bitstring, credential,
    data_integrity::{self, Cryptosuite},
    did, formats, multikey,
};

use super::scene::{SCENE, t};

const PICTURE: &[u8] = include_bytes!("../../../assets/badge.png");
const DRAWING: &str = include_str!("../../../assets/badge.svg");

/// Badges, tokens and records of other software.
const FOREIGN: [(&str, &[u8]); 15] = [
    ("ob-3.0.3", include_bytes!("../../fixtures/digitalbazaar-ob-3.0.3.json")),
    ("ob-3.0.2", include_bytes!("../../fixtures/digitalbazaar-ob-3.0.2.json")),
    ("vcdm-1.1", include_bytes!("../../fixtures/digitalbazaar-vcdm-1.1.json")),
    (
        "eddsa-jcs",
        include_bytes!("../../fixtures/digitalbazaar-eddsa-jcs.json"),
    ),
    (
        "ecdsa-p256",
        include_bytes!("../../fixtures/digitalbazaar-ecdsa-p256.json"),
    ),
    (
        "ecdsa-p384",
        include_bytes!("../../fixtures/digitalbazaar-ecdsa-p384.json"),
    ),
    ("endorsement", include_bytes!("../../fixtures/1edtech-endorsement.json")),
    ("clr", include_bytes!("../../fixtures/1edtech-clr-2.0.1.json")),
    ("clr-token", include_bytes!("../../fixtures/1edtech-clr.jwt")),
    (
        "status-list-2021",
        include_bytes!("../../fixtures/digitalbazaar-status-list-2021.json"),
    ),
    ("jose-eddsa", include_bytes!("../../fixtures/jose-eddsa.jwt")),
    ("jose-es256", include_bytes!("../../fixtures/jose-es256.jwt")),
    ("jose-did-jwk", include_bytes!("../../fixtures/jose-did-jwk.jwt")),
    ("jose-rs256", include_bytes!("../../fixtures/jose-1edtech-rs256.jwt")),
    ("jose-vcdm-1.1", include_bytes!("../../fixtures/jose-vcdm-1.1.jwt")),
];

/// Histories of did:webvh, with the witnesses' approvals where there are some.
const HISTORIES: [(&[u8], Option<&[u8]>); 6] = [
    (include_bytes!("../../fixtures/didwebvh/basic-update/ts.jsonl"), None),
    (
        include_bytes!("../../fixtures/didwebvh/key-rotation/python.jsonl"),
        None,
    ),
    (
        include_bytes!("../../fixtures/didwebvh/pre-rotation-consume/rust.jsonl"),
        None,
    ),
    (
        include_bytes!("../../fixtures/didwebvh/deactivate/java-eecc.jsonl"),
        None,
    ),
    (
        include_bytes!("../../fixtures/didwebvh/witness-threshold/ts.jsonl"),
        Some(include_bytes!(
            "../../fixtures/didwebvh/witness-threshold/ts.witness.json"
        )),
    ),
    (
        include_bytes!("../../fixtures/didwebvh/witness-update/rust.jsonl"),
        Some(include_bytes!(
            "../../fixtures/didwebvh/witness-update/rust.witness.json"
        )),
    ),
];

const CASE: [&[u8]; 2] = [
    include_bytes!("../../../policy/fixtures/case-1.1-wrapped.json"),
    include_bytes!("../../../policy/fixtures/opensalt-item-type.json"),
];

/// The honest file with this name, as text.
#[expect(clippy::expect_used, reason = "written here")]
pub fn text(name: &str) -> String {
    let found = SCENE
        .honest
        .iter()
        .find(|one| one.name == name)
        .expect("an honest file");
    String::from_utf8_lossy(&found.bytes).into_owned()
}

/// The DID of each history, and every key that any of its entries names.
pub fn histories() -> &'static [(String, BTreeSet<String>)] {
    static ALL: LazyLock<Vec<(String, BTreeSet<String>)>> = LazyLock::new(|| {
        let all = HISTORIES.iter().map(|(log, witnesses)| {
            let mut keys = BTreeSet::new();
            let mut subject = String::new();
            for line in String::from_utf8_lossy(log).lines() {
                let entry: Value = serde_json::from_str(line).unwrap_or_default();
                texts(&entry, &mut keys);
                if let Some(id) = entry.pointer("/state/id").and_then(Value::as_str) {
                    id.clone_into(&mut subject);
                }
            }
            let read = did::read(&subject, log, *witnesses, t("2026-11-23T14:02:00Z"));
            assert!(read.is_ok(), "the honest history is refused: {read:?}");
            (subject, keys)
        });
        all.collect()
    });
    &ALL
}

/// Every text in a value.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

/// What takes a seed, by name.
type Add<'a> = &'a mut dyn FnMut(&str, &[u8]);

/// The seeds of a target, by name.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| seeds.push((name.to_owned(), bytes.to_vec()));
    match target {
        "badge" => badges(&mut add),
        "json" => odd_json(&mut add),
        "quads" => quads(&mut add),
        "token" => headers_and_payloads(&mut add),
        "picture" => pictures(&mut add),
        "proof" => proofs(&mut add),
        "status_list" => status_lists(&mut add),
        "did" => dids(&mut add),
        "bulk" => bulk_files(&mut add),
        "framework" => frameworks(&mut add),
        "presentation" => presentations(&mut add),
        _ => short_texts(&mut add),
    }
    seeds
}

/// Honest badges, ours and those of other software.
fn badges(add: Add<'_>) {
    SCENE.honest.iter().for_each(|one| add(one.name, &one.bytes));
    FOREIGN.iter().for_each(|(name, bytes)| add(name, bytes));
}

/// A badge, and JSON that is hard to read.
fn odd_json(add: Add<'_>) {
    add("badge", &text("rdf").into_bytes());
    for odd in [
        r#"{"a":1,"a":2}"#,
        "[1e-7,-0.0,18446744073709551615,1.5E300]",
        r#""\ud83d\ude00\u0000""#,
        "[[[]]]",
    ] {
        add("odd", odd.as_bytes());
    }
}

/// Documents to be written as quads.
fn quads(add: Add<'_>) {
    for (name, bytes) in &FOREIGN {
        add(name, bytes);
    }
    add("unsigned", SCENE.unsigned.to_string().as_bytes());
    add("record", text("record").as_bytes());
    add("list", SCENE.list.to_string().as_bytes());
}

/// Headers, each with a payload of either form.
fn headers_and_payloads(add: Add<'_>) {
    let payload = SCENE.unsigned.to_string();
    for header in [
        json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": SCENE.method}),
        json!({"alg": "EdDSA", "typ": "JWT"}),
        json!({"alg": "EdDSA", "kid": "#1", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}),
        json!({"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
    ] {
        add("2.0", format!("{header}\n{payload}").as_bytes());
        let inner = json!({"iss": SCENE.did, "nbf": 1_768_467_600, "exp": 1_926_234_000, "jti": "urn:uuid:1", "vc": SCENE.unsigned});
        add("1.1", format!("{header}\n{inner}").as_bytes());
    }
}

/// Pictures with a badge and without.
fn pictures(add: Add<'_>) {
    add("png", PICTURE);
    add("svg", DRAWING.as_bytes());
    for name in ["rdf", "token"] {
        let inside = text(name);
        add("baked-png", &formats::bake_png(PICTURE, &inside).unwrap_or_default());
        add(
            "baked-svg",
            formats::bake_svg(DRAWING, &inside).unwrap_or_default().as_bytes(),
        );
    }
    add("small", b"<svg xmlns='http://www.w3.org/2000/svg' xmlns:o='https://purl.imsglobal.org/ob/v3p0'><o:credential verify='e'/></svg>");
}

/// Proofs: one, two, of the other cryptosuite, and one after another.
fn proofs(add: Add<'_>) {
    for name in ["rdf", "two-proofs"] {
        let document: Value = serde_json::from_str(&text(name)).unwrap_or_default();
        add(
            name,
            document
                .get("proof")
                .cloned()
                .unwrap_or_default()
                .to_string()
                .as_bytes(),
        );
    }
    let jcs = data_integrity::sign_with(
        Cryptosuite::EddsaJcs2022,
        SCENE.unsigned.clone(),
        &SCENE.key,
        &SCENE.method,
        t("2026-01-15T09:00:00Z"),
    );
    add("jcs", jcs.unwrap_or_default()["proof"].to_string().as_bytes());
    let chained = json!([{"id": "urn:1", "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "previousProof": ["urn:2"],
        "proofPurpose": "assertionMethod", "verificationMethod": SCENE.method, "created": "2026-01-15T09:00:00Z", "proofValue": "z1"}]);
    add("chained", chained.to_string().as_bytes());
}

/// Status lists of every kind.
fn status_lists(add: Add<'_>) {
    add("ours", SCENE.list.to_string().as_bytes());
    add(
        "packed",
        bitstring::encode(&bitstring::Bitstring::new(8_192)).as_bytes(),
    );
    add(
        "2021",
        include_bytes!("../../fixtures/digitalbazaar-status-list-2021.json"),
    );
    let revoked = json!({"id": super::scene::LIST, "type": "1EdTechRevocationList", "issuer": SCENE.did,
        "revokedCredential": ["urn:uuid:1", {"id": "urn:uuid:2", "revoked": true, "revocationReason": "misuse"}]});
    add("1edtech", revoked.to_string().as_bytes());
}

/// Histories, documents and names.
fn dids(add: Add<'_>) {
    for (log, witnesses) in HISTORIES {
        let mut bytes = log.to_vec();
        if let Some(witnesses) = witnesses {
            bytes.push(0);
            bytes.extend_from_slice(witnesses);
        }
        add("history", &bytes);
    }
    let key = multikey::encode(&SCENE.key.public_key());
    let document = json!({"id": "did:web:badges.example", "verificationMethod": [{"id": "#1", "type": "Multikey",
        "controller": "did:web:badges.example", "publicKeyMultibase": key, "expires": "2027-01-01T00:00:00Z"}],
        "assertionMethod": ["#1"]});
    add("document", document.to_string().as_bytes());
    for name in [
        key.as_str(),
        &SCENE.did,
        &SCENE.method,
        "did:web:badges.example%3A8443:issuers:1",
        "did:webvh:QmS:a.example",
    ] {
        add("name", name.as_bytes());
    }
}

/// Many badges in a file: a table, lines, an archive.
fn bulk_files(add: Add<'_>) {
    add("csv", b"name,code\nAna,NC-4K2M9-QXR7T-3\nBo,\"x\"\"y\"\n");
    add("lines", format!("{0}\n{0}\n", text("jcs")).as_bytes());
    add("zip", &zipped());
}

/// Frameworks of others, and the texts that ours are made of.
fn frameworks(add: Add<'_>) {
    CASE.iter().for_each(|case| add("case", case));
    add(
        "mint",
        policy::framework::mint::sample("US-NC")
            .unwrap_or("[framework]\ntitle = \"A\"")
            .as_bytes(),
    );
    add("policy", policy::samples::of("US-NC").unwrap_or_default().as_bytes());
}

/// Presentations, signed and unsigned, and badges.
fn presentations(add: Add<'_>) {
    let inner: Value = serde_json::from_str(&text("rdf")).unwrap_or_default();
    let shown = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": "VerifiablePresentation",
        "holder": SCENE.did, "verifiableCredential": [inner]});
    add("unsigned", shown.to_string().as_bytes());
    let signed = data_integrity::sign(shown, &SCENE.key, &SCENE.method, t("2026-01-15T09:00:00Z"));
    add("signed", signed.unwrap_or_default().to_string().as_bytes());
    SCENE.honest.iter().for_each(|one| add(one.name, &one.bytes));
}

/// Codes, names, dates, and the entries of a status list.
fn short_texts(add: Add<'_>) {
    add(
        "code",
        CredentialCode::new(*b"NC", 4_711_000_815).to_string().as_bytes(),
    );
    for short in [
        "US-CO:aurora",
        "2026-11-23T14:02:11.5+01:00",
        "2026-08-15",
        "1.5",
        "renewal",
    ] {
        add("short", short.as_bytes());
    }
    add(
        "status",
        credential::status_entries(&credential::StatusLocation {
            revocation_list: String::new(),
            suspension_list: String::new(),
            index: 1,
        })
        .to_string()
        .as_bytes(),
    );
}

/// A ZIP archive of two stored files, written by hand (APPNOTE 6.3.10, §4.3).
fn zipped() -> Vec<u8> {
    let (mut files, mut directory) = (Vec::new(), Vec::new());
    let contents = [("a.json", text("jcs").into_bytes()), ("b.json", b"{}".to_vec())];
    for (name, content) in &contents {
        let number = |n: usize| u32::try_from(n).unwrap_or_default().to_le_bytes();
        let at = number(files.len());
        let sizes = [crc(content).to_le_bytes(), number(content.len()), number(content.len())].concat();
        let lengths = [number(name.len())[..2].to_vec(), vec![0, 0]].concat();
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes, &lengths].concat();
        files.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat());
        directory.extend([&b"PK\x01\x02\x14\x00"[..], &common, &[0; 10], &at, name.as_bytes()].concat());
    }
    let [at, size] = [files.len(), directory.len()].map(|n| u32::try_from(n).unwrap_or_default().to_le_bytes());
    files.extend([&directory[..], b"PK\x05\x06\0\0\0\0\x02\0\x02\0", &size, &at, &[0, 0]].concat());
    files
}

/// CRC-32 (ISO 3309), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}
