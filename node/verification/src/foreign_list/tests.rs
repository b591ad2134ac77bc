use std::io::Write as _;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::*;
use crate::{
    IssuerSigningKey,
    bitstring::MIN_ENTRIES,
    credential::{NewStatusList, status_list},
    jwt,
};

const URL: &str = "https://badges.example/status/1";

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[9; 32]).unwrap()
}

fn unsigned(list: Bitstring) -> Value {
    status_list(&NewStatusList {
        id: URL.to_owned(),
        issuer_id: multikey().0,
        purpose: "revocation".to_owned(),
        list,
        valid_from: "2026-11-01T00:00:00Z".parse().unwrap(),
        valid_until: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        ttl: 60_000,
    })
}

fn multikey() -> (String, String) {
    crate::multikey::did_key(&key().public_key())
}

fn sign(document: Value) -> Vec<u8> {
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    let signed = data_integrity::sign(document, &key(), &multikey().1, at).unwrap();
    signed.to_string().into_bytes()
}

fn bits(set: &[u32]) -> Bitstring {
    let mut bits = Bitstring::new(MIN_ENTRIES);
    assert!(set.iter().all(|index| bits.set(*index)));
    bits
}

fn entry(index: u32) -> StatusEntry {
    StatusEntry {
        kind: "BitstringStatusListEntry".to_owned(),
        purpose: Some("revocation".to_owned()),
        list: URL.to_owned(),
        index: Some(index),
        size: Some(1),
        messages: BTreeMap::new(),
    }
}

fn read_it(bytes: &[u8]) -> Result<ExternalStatusList, StatusListError> {
    read(bytes, crate::multikey::key_in_method)
}

fn value(list: &ExternalStatusList, entry: &StatusEntry) -> Result<u32, StatusListError> {
    list.look_up(Some("urn:uuid:1"), entry, MIN_ENTRIES)
        .map(|found| found.value)
}

#[test]
fn a_list_says_which_places_are_set_whether_it_is_a_document_or_a_token() {
    let document = unsigned(bits(&[0, 4_711, 131_071]));
    let token = jwt::sign(
        document.clone(),
        &key(),
        &multikey().1,
        "2026-11-01T00:00:00Z".parse().unwrap(),
    )
    .unwrap();
    for bytes in [sign(document), token.into_bytes()] {
        let list = read_it(&bytes).unwrap();
        assert_eq!((list.issuer.as_str(), list.ttl), (multikey().0.as_str(), Some(60_000)));
        assert_eq!(list.valid_until, Some("2026-12-01T00:00:00Z".parse().unwrap()));
        for (index, set) in [(0, 1), (1, 0), (4_711, 1), (131_070, 0), (131_071, 1)] {
            assert_eq!(value(&list, &entry(index)), Ok(set), "{index}");
        }
        assert_eq!(
            value(&list, &entry(131_072)),
            Err(StatusListError::Range { place: 131_072 })
        );
        assert_eq!(
            value(&list, &entry(u32::MAX)),
            Err(StatusListError::Range { place: u32::MAX })
        );
    }
}

#[test]
fn a_status_of_more_bits_is_read_left_to_right_and_has_its_message() {
    let mut bits = Bitstring::new(MIN_ENTRIES * 2);
    // Place 3 of 2 bits each: bits 6 and 7, here 10.
    assert!(bits.set(6));
    let mut document = unsigned(bits);
    document["credentialSubject"]["statusPurpose"] = json!(["message", "revocation"]);
    let list = read_it(&sign(document)).unwrap();
    let mut two = entry(3);
    two.purpose = Some("message".to_owned());
    two.size = Some(2);
    // Each value needs its meaning.
    two.messages = [(2, "pending review".to_owned())].into();
    assert!(matches!(value(&list, &two), Err(StatusListError::Malformed { .. })));
    two.messages = (0..256).map(|status| (status, format!("meaning {status}"))).collect();
    two.messages.insert(2, "pending review".to_owned());
    let found = list.look_up(None, &two, MIN_ENTRIES).unwrap();
    assert_eq!((found.value, found.message.as_deref()), (2, Some("pending review")));
    // Dividing counts: 8 bits each leave too few entries; and sizes that are none.
    two.size = Some(8);
    assert_eq!(
        value(&list, &two),
        Err(StatusListError::Length {
            has: 32_768,
            least: MIN_ENTRIES
        })
    );
    for size in [Some(0), Some(9), None] {
        two.size = size;
        assert!(
            matches!(value(&list, &two), Err(StatusListError::Malformed { .. })),
            "{size:?}"
        );
    }
}

/// Every error of the specification, and what brings it about.
#[test]
fn a_list_that_proves_nothing_says_nothing() {
    let good = unsigned(bits(&[1]));
    let signed: Value = serde_json::from_slice(&sign(good.clone())).unwrap();
    let changed = |pointer: &str, to: Value| {
        let mut changed = signed.clone();
        *changed.pointer_mut(pointer).unwrap() = to;
        changed.to_string().into_bytes()
    };
    let otherwise = |change: fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        sign(document)
    };
    let mut empty = signed.clone();
    empty.as_object_mut().unwrap().remove("proof");
    let fresh = bitstring::encode(&bits(&[]));
    for (name, bytes) in [
        ("other bits", changed("/credentialSubject/encodedList", json!(fresh))),
        (
            "another issuer's name",
            changed("/issuer", json!("did:web:other.example")),
        ),
        ("a longer term", changed("/validUntil", json!("2036-01-01T00:00:00Z"))),
        ("no proof", empty.to_string().into_bytes()),
        ("no list", b"<html></html>".to_vec()),
        ("nothing", vec![]),
        (
            "another type",
            otherwise(|d| d["type"] = json!(["VerifiableCredential"])),
        ),
        (
            "no gzip",
            otherwise(|d| d["credentialSubject"]["encodedList"] = json!("uAAAA")),
        ),
        (
            "no multibase",
            otherwise(|d| d["credentialSubject"]["encodedList"] = json!("H4sI")),
        ),
        (
            "ttl in words",
            otherwise(|d| d["credentialSubject"]["ttl"] = json!("soon")),
        ),
        ("dates in words", otherwise(|d| d["validUntil"] = json!("2026-12-01"))),
    ] {
        assert!(
            matches!(read_it(&bytes), Err(StatusListError::Verification { .. })),
            "{name}: {:?}",
            read_it(&bytes)
        );
    }
    let list = read_it(&sign(good)).unwrap();
    let with = |change: fn(&mut StatusEntry)| {
        let mut entry = entry(1);
        change(&mut entry);
        value(&list, &entry)
    };
    assert_eq!(with(|_| {}), Ok(1));
    assert!(matches!(
        with(|e| e.purpose = Some("suspension".into())),
        Err(StatusListError::Verification { .. })
    ));
    assert!(matches!(
        with(|e| e.list = "https://badges.example/2".into()),
        Err(StatusListError::Verification { .. })
    ));
    assert!(matches!(
        with(|e| e.index = None),
        Err(StatusListError::Malformed { .. })
    ));
    assert!(matches!(
        with(|e| e.kind = "1EdTechRevocationList".into()),
        Err(StatusListError::Verification { .. })
    ));
    // Too short, by the standard; an operator may know better.
    let short = read_it(&sign(unsigned(Bitstring::new(100_000)))).unwrap();
    let too_short = StatusListError::Length {
        has: 100_000,
        least: MIN_ENTRIES,
    };
    assert_eq!(value(&short, &entry(5)), Err(too_short));
    assert_eq!(short.look_up(None, &entry(5), 100_000).map(|f| f.value), Ok(0));
}

#[test]
fn lists_of_2021_are_read_in_each_base64_that_they_were_written_in() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut bytes = vec![0; 16_384];
    bytes[1] = 0x40;
    packed.write_all(&bytes).unwrap();
    let packed = packed.finish().unwrap();
    let standard = STANDARD.encode(&packed);
    let url_safe = standard
        .replace('+', "-")
        .replace('/', "_")
        .trim_end_matches('=')
        .to_owned();
    for encoded in [standard, url_safe] {
        let document = json!({
            "@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"],
            "id": URL,
            "type": ["VerifiableCredential", "StatusList2021Credential"],
            "issuer": multikey().0,
            "issuanceDate": "2026-11-01T00:00:00Z",
            "credentialSubject": {"id": format!("{URL}#list"), "type": "StatusList2021", "statusPurpose": "revocation", "encodedList": encoded},
        });
        // Signed by hand: this crate makes tokens of badges alone.
        let header = json!({"alg": "EdDSA", "kid": multikey().1}).to_string();
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", part(header), part(document.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(key().sign(message.as_bytes()).unwrap());
        let token = format!("{message}.{signature}");
        let list = read_it(token.as_bytes()).unwrap();
        let mut entry = entry(9);
        entry.kind = "StatusList2021Entry".to_owned();
        assert_eq!(value(&list, &entry), Ok(1));
        entry.index = Some(8);
        assert_eq!(value(&list, &entry), Ok(0));
    }
}

/// Signed by npm's `@digitalbazaar/vc`, with a name and a description, which the list's second type alone defines.
#[test]
fn a_list_of_2021_with_a_data_integrity_proof_is_read_and_believed_only_as_it_was_signed() {
    let text = include_str!("../../fixtures/digitalbazaar-status-list-2021.json");
    let list = read_it(text.as_bytes()).unwrap();
    assert_eq!(list.signatures.len(), 1);
    let mut entry = entry(5);
    entry.kind = "StatusList2021Entry".to_owned();
    assert_eq!(value(&list, &entry), Ok(1));
    entry.index = Some(4);
    assert_eq!(value(&list, &entry), Ok(0));
    for (what, with) in [
        ("Revocations", "Suspensions"),
        ("revocation\"", "suspension\""),
        ("badges of", "badge of"),
    ] {
        let altered = text.replacen(what, with, 1);
        assert_ne!(altered, text);
        assert!(
            matches!(read_it(altered.as_bytes()), Err(StatusListError::Verification { .. })),
            "{what}"
        );
    }
}

#[test]
fn a_revocation_list_of_1edtech_names_the_revoked() {
    let list = json!({
        "id": URL,
        "issuer": {"id": "https://badges.example"},
        "revokedCredentials": [
            {"id": "urn:uuid:1", "revoked": true, "revocationReason": "issued twice"},
            {"id": "urn:uuid:2", "revoked": false},
            {"id": "urn:uuid:3"},
        ],
    });
    let list = read_it(list.to_string().as_bytes()).unwrap();
    let mut entry = entry(0);
    entry.kind = "1EdTechRevocationList".to_owned();
    for (id, value) in [
        ("urn:uuid:1", 1),
        ("urn:uuid:2", 0),
        ("urn:uuid:3", 1),
        ("urn:uuid:4", 0),
    ] {
        let found = list.look_up(Some(id), &entry, 0).unwrap();
        assert_eq!((found.value, found.signatures.len()), (value, 0), "{id}");
    }
    assert!(matches!(
        list.look_up(None, &entry, 0),
        Err(StatusListError::Malformed { .. })
    ));
    // It is no list for places.
    let mut place = entry.clone();
    place.kind = "BitstringStatusListEntry".to_owned();
    assert!(matches!(
        list.look_up(Some("urn:uuid:4"), &place, 0),
        Err(StatusListError::Verification { .. })
    ));
    for bad in [
        json!({"issuer": "a", "revokedCredentials": {}}),
        json!({"issuer": "a", "revokedCredentials": [{"revoked": true}]}),
        json!({"revokedCredentials": []}),
    ] {
        assert!(
            matches!(
                read_it(bad.to_string().as_bytes()),
                Err(StatusListError::Verification { .. })
            ),
            "{bad}"
        );
    }
}
