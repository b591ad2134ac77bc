use verification::IssuerSigningKey;

use super::*;

const DID: &str = "did:web:badges.example";

fn key(name: &str) -> VerificationMethod {
    let key = IssuerSigningKey::from_seed(&[7; 32]).unwrap();
    VerificationMethod {
        id: name.into(),
        public_key_multibase: multikey::encode(&key.public_key()),
        from: None,
        until: None,
        compromised: None,
    }
}

#[test]
fn an_identifier_is_a_did_or_an_https_url() {
    for good in [
        DID,
        "did:webvh:Qm:badges.example:dids",
        "did:key:z6Mk",
        "https://badges.example/issuers/1",
    ] {
        assert!(is_identifier(good), "{good}");
    }
    let long = format!("did:web:{}", "a".repeat(MAX_ID_BYTES));
    for bad in [
        "",
        "did:",
        "did:web",
        "did:web:",
        "did:Web:a",
        "did:web:a#1",
        "did:web:a b",
        "http://a.example",
        "https://",
        "https://user@a.example",
        "https://a.example/#1",
        "Palmetto",
        &long,
    ] {
        assert!(!is_identifier(bad), "{bad}");
    }
}

#[test]
fn keys_are_the_issuers_own_and_can_be_used() {
    let says = |id: &str, keys: &[VerificationMethod]| are_keys(id, keys).map_err(|error| error.to_string());
    let name = format!("{DID}#1");
    assert_eq!(says(DID, &[key(&name)]), Ok(()));
    assert_eq!(says("https://a.example/i", &[key("https://a.example/k#1")]), Ok(()));
    let ends_first = VerificationMethod {
        from: Some(Timestamp(2)),
        until: Some(Timestamp(2)),
        ..key(&name)
    };
    let unreadable = VerificationMethod {
        public_key_multibase: "z6Mk".into(),
        ..key(&name)
    };
    for (keys, told) in [
        (vec![], "has no key"),
        (vec![key("did:web:badges.example.evil#1")], "does not name a key"),
        (vec![key(DID)], "does not name a key"),
        (vec![key("did:web:other.example#1")], "does not name a key"),
        (vec![ends_first], "ends before it begins"),
        (vec![unreadable], "cannot be used"),
        (vec![key(&name), key(&name)], "named twice"),
    ] {
        let said = says(DID, &keys).unwrap_err();
        assert!(said.contains(told), "{said}");
    }
    let (own, method) = multikey::did_key(&IssuerSigningKey::from_seed(&[8; 32]).unwrap().public_key());
    let said = says(&own, &[key(&method)]).unwrap_err();
    assert!(said.contains("holds its key"), "{said}");
}

#[test]
fn status_lists_are_few_and_over_https() {
    let url = |i: usize| format!("https://badges.example/lists/{i}");
    let twice = lists(vec![url(1), format!(" {} ", url(1)), url(2)]).unwrap();
    assert_eq!(twice, [url(1), url(2)]);
    assert!(lists((0..MAX_STATUS_LISTS).map(url).collect()).is_ok());
    assert!(lists((0..=MAX_STATUS_LISTS).map(url).collect()).is_err());
    for bad in [
        "http://badges.example/1".to_owned(),
        "ftp://a".to_owned(),
        format!("{}{}", url(1), "x".repeat(MAX_STATUS_LIST_BYTES)),
    ] {
        assert!(lists(vec![bad.clone()]).is_err(), "{bad}");
    }
}

#[test]
fn every_case_has_a_challenge_of_its_own() {
    let row = |id: &str, token: u8| ApplicationRow {
        id: id.into(),
        name: String::new(),
        url: None,
        contact: String::new(),
        token_hash: vec![token; 32],
        applied_at: 0,
        phase: String::new(),
    };
    let [sc, nc]: [AgencyId; 2] = ["US-SC", "US-NC"].map(|id| id.parse().unwrap());
    let mut all = vec![
        challenge(&sc, &row("app-1", 1)),
        challenge(&nc, &row("app-1", 1)),
        challenge(&sc, &row("app-2", 1)),
        challenge(&sc, &row("app-1", 2)),
    ];
    assert!(all.iter().all(|one| one.len() == 45), "{all:?}");
    assert_eq!(challenge(&sc, &row("app-1", 1)), *all.first().unwrap(), "it stays");
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4);
}
