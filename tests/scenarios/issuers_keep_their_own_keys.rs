//! An issuer that signs with software and keys of its own is registered by an agency that keeps no key of it, and is looked
//! at again after it changed its keys.

use registry_schema::{Issuer, Timestamp, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, HttpReply, Publisher, TestAgency, VerdictAssertions as _, WebvhHistory,
    own_keys::{is_accepted, issues, key, knows, path_of, publishes, recognizes, text_of},
};
use verification::multikey;

async fn registers(agency: &TestAgency, body: &Value) -> HttpReply {
    agency.asks(Method::POST, "/v1/issuers", Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_keys_of_its_own_is_registered_recognized_and_looked_at_again() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    federation.meets().await;
    let (old, new, login) = (key(81), key(82), key(83));
    let did = publisher.did();

    // What cannot be had is refused, and so is what is no identifier, or names no key that may issue.
    let body = json!({"name": "Coastal College", "did": did});
    let gone = registers(sc, &body).await.problem(422, "request.invalid");
    assert!(
        gone.detail.contains("cannot be had") && gone.detail.contains("404"),
        "{gone:?}"
    );
    publishes(&publisher, &[], &[("login", &login)]);
    let none = registers(sc, &body).await.problem(422, "request.invalid");
    assert!(none.detail.contains("no key that may issue"), "{none:?}");
    publishes(&publisher, &[("1", &old)], &[("login", &login)]);
    for (spoiled, told) in [
        (json!({"name": "C", "did": "https://coastal.example/issuer"}), "`--key`"),
        (json!({"name": "C", "did": "did:example:1"}), "did:web"),
        (json!({"name": "C", "did": "coastal.example"}), "neither a DID"),
        (json!({"name": "C", "did": did, "key": "p256"}), "the node makes"),
        (
            json!({"name": "C", "status_lists": ["https://a.example/1"]}),
            "its `did`",
        ),
        (
            json!({"name": "C", "did": did, "status_lists": ["http://a.example/1"]}),
            "https://",
        ),
        (json!({"name": "C", "did": did, "keys": []}), "no key"),
        (
            json!({"name": "C", "did": did, "keys": [{"id": "did:web:other.example#1", "public_key_multibase": text_of(&old)}]}),
            "does not name a key",
        ),
    ] {
        let said = registers(sc, &spoiled).await.problem(422, "request.invalid");
        assert!(said.detail.contains(told), "{spoiled}: {said:?}");
    }

    // The command line shows the keys, and registers the one that may issue.
    let list = publisher.url("/status/1");
    let adding = [
        "issuer",
        "add",
        "--name",
        "Coastal College",
        "--did",
        &did,
        "--status-list",
        &list,
        "--provider",
        "higher_education",
    ];
    let dry = sc.comity(&[&["--dry-run"], &adding[..]].concat()).await;
    let short = protocol::ticket::key_fingerprint(&text_of(&old));
    assert!(
        dry.code == Some(0) && dry.stdout.contains(&short) && dry.stdout.contains("keys of its own"),
        "{dry:?}"
    );
    let added = sc.comity(&adding).await;
    assert!(
        added.code == Some(0) && !added.stdout.contains(&text_of(&login)),
        "{added:?}"
    );
    let issuer: Issuer = sc.employer().reads(&path_of(&did)).await.with_status(200).json();
    let own = issuer.own_keys.clone().expect("keys of its own");
    assert_eq!(own.status_lists, [list]);
    assert_eq!(
        (issuer.verification_methods.len(), issuer.verification_methods[0].from),
        (1, None)
    );
    let again = registers(sc, &json!({"name": "Another name", "did": did})).await;
    assert!(again.problem(409, "act.conflict").detail.contains("registers"));
    let other = multikey::did_key(&key(90).public_key()).0;
    let taken = registers(sc, &json!({"name": "Coastal College", "did": other})).await;
    assert!(
        taken
            .problem(409, "act.conflict")
            .detail
            .contains("named `Coastal College`")
    );

    // Another agency recognizes it; its badges are accepted, and nobody was asked on their behalf.
    knows(nc, &issuer).await;
    recognizes(nc, &did).await;
    publisher.was_asked_for();
    let now = federation.clock().now();
    let before = issues(&publisher, ("1", &old), now.plus_seconds(-3_600));
    let hears = async |badge: &[u8]| nc.employer().verifies_bytes(badge).await;
    is_accepted(hears(&before).await).finding("issuer.key_is_issuers");
    hears(&issues(&publisher, ("login", &login), now))
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("proof.unknown_key");
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new());

    // Nothing is issued for it, by any way.
    let issuing = json!({"issuer": did, "subject": "Nobody", "achievement": {"name": "Nothing"}});
    let document = json!({"credential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
        "issuer": did, "credentialSubject": {"name": "Nobody"},
    }});
    for (path, body) in [("/v1/credentials", issuing), ("/credentials/issue", document)] {
        let said = sc
            .asks(Method::POST, path, Some(&body))
            .await
            .problem(409, "act.conflict");
        let told = "`Coastal College` signs with keys of its own; this agency keeps none and issues nothing for it";
        assert_eq!(said.detail, told, "{path}");
    }

    // It changes its key: the new one counts since the last look, the old one until this one.
    federation.clock().advance_hours(2);
    publishes(&publisher, &[("2", &new)], &[]);
    let looked = sc.comity(&["--dry-run", "issuer", "refresh", "Coastal College"]).await;
    assert!(
        looked.code == Some(0) && looked.stdout.contains("\nnew ") && looked.stdout.contains("\ngone "),
        "{looked:?}"
    );
    let kept: Issuer = sc.employer().reads(&path_of(&did)).await.json();
    assert_eq!(kept, issuer, "a dry run changes nothing");
    let dry = format!("{}/keys?dry_run=true", path_of(&did));
    let dry = sc
        .asks(Method::POST, &dry, Some(&json!({})))
        .await
        .with_status(200)
        .value();
    assert!(dry["consequences"]["checks"].is_u64(), "{dry}");
    let looked = sc.comity(&["issuer", "refresh", "Coastal College"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    let turned: Issuer = sc.employer().reads(&path_of(&did)).await.json();
    let seen = turned.own_keys.as_ref().expect("keys of its own").seen;
    let [first, second] = turned.verification_methods.as_slice() else {
        panic!("two keys: {turned:?}")
    };
    assert_eq!(
        (first.until, second.from, second.until),
        (Some(seen), Some(own.seen), None)
    );
    knows(nc, &turned).await;
    federation.clock().advance_hours(1);
    let now = federation.clock().now();
    is_accepted(hears(&before).await);
    is_accepted(hears(&issues(&publisher, ("2", &new), now)).await);
    for (what, badge) in [
        ("the old key, later", issues(&publisher, ("1", &old), now)),
        (
            "the new key, before it was one",
            issues(&publisher, ("2", &new), own.seen.plus_seconds(-60)),
        ),
    ] {
        let verdict = hears(&badge).await.is(VerdictKind::NotValid);
        verdict.finding("issuer.key_not_issuers");
        assert!(verdict.sentence.contains("key"), "{what}: {}", verdict.sentence);
    }

    // Off the web its lists can still be changed, and its keys stay as they were.
    publisher.stops();
    assert_eq!(sc.audited("issuer.refresh").await, 1);
    let path = format!("{}/keys", path_of(&did));
    let look = async |body: Value| sc.asks(Method::POST, &path, Some(&body)).await;
    look(json!({})).await.problem(422, "request.invalid");
    let unknown = look(json!({"remove_status_lists": ["https://a.example/1"]})).await;
    unknown.problem(422, "request.invalid");
    let second = publisher.url("/status/2");
    let changed = sc
        .comity(&["issuer", "refresh", "Coastal College", "--add-status-list", &second])
        .await;
    assert!(
        changed.code == Some(3) && changed.stderr.contains("cannot be had"),
        "{changed:?}"
    );
    let listed: Issuer = sc.employer().reads(&path_of(&did)).await.json();
    assert_eq!(listed.verification_methods, turned.verification_methods);
    assert_eq!(
        listed.own_keys.map(|own| (own.status_lists.len(), own.seen)),
        Some((2, seen))
    );

    // A key that was stolen: the agency issued nothing with it, and can confirm nothing.
    let stolen = sc
        .comity(&[
            "--yes",
            "issuer",
            "compromised",
            "Coastal College",
            "--key",
            &text_of(&new),
        ])
        .await;
    assert!(
        stolen.code == Some(0) && stolen.stdout.contains("can confirm none"),
        "{stolen:?}"
    );
    let keys = json!({"keys": [{"id": "#2", "public_key_multibase": text_of(&new)}]});
    let still = look(keys).await.with_status(201).value();
    assert!(
        still["verification_methods"]
            .as_array()
            .expect("keys")
            .iter()
            .any(|key| key["compromised"].is_string()),
        "{still}"
    );
    let stolen: Issuer = sc.employer().reads(&path_of(&did)).await.json();
    knows(nc, &stolen).await;
    hears(&issues(&publisher, ("2", &new), now))
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("issuer.key_compromised");
    is_accepted(hears(&before).await);

    // Pages and lists say how it signs; an issuer whose key is kept has nothing to look up.
    let page = sc
        .employer()
        .reads(path_of(&did).trim_start_matches("/v1"))
        .await
        .with_status(200)
        .text();
    for told in ["signs with keys of its own", "/status/2", &short, "compromised since"] {
        assert!(page.contains(told), "`{told}` is not in {page}");
    }
    let page = nc.employer().reads("/issuers").await.with_status(200).text();
    assert!(page.contains("Signs with keys of its own"), "{page}");
    let shown = sc.comity(&["issuer", "list"]).await;
    assert!(shown.stdout.contains("its own"), "{shown:?}");
    let ours = sc.registers("Palmetto Learning").await;
    let path = format!("{}/keys", path_of(&ours.id));
    let said = sc
        .asks(Method::POST, &path, Some(&json!({})))
        .await
        .problem(409, "act.conflict");
    assert!(said.detail.contains("keeps the key"), "{said:?}");
    federation.audit().await;
}

/// Its history says when each key issued, so nothing rests on when it was looked at.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_history_is_registered_with_the_terms_that_stand_there() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    let now = federation.clock().now();
    let [began, changed] = [-4, -2].map(|days| now.plus_seconds(days * 86_400));
    let mut history = WebvhHistory::begins(&publisher.host(), &key(81), began);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", history.log());
    let added = sc
        .comity(&["issuer", "add", "--name", "Coastal", "--did", &history.did()])
        .await;
    assert_eq!(added.code, Some(0), "{added:?}");
    history.goes_on(&key(82), changed);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", history.log());
    let looked = sc.comity(&["issuer", "refresh", "Coastal"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    let issuers: Vec<Issuer> = sc.employer().reads("/v1/issuers").await.json();
    let keys = &issuers.first().expect("an issuer").verification_methods;
    let terms: Vec<_> = keys.iter().map(|key| (key.from, key.until)).collect();
    let whole = |at: Timestamp| Some(at.whole_seconds());
    assert_eq!(terms, [(whole(began), whole(changed)), (whole(changed), None)]);
    federation.audit().await;
}

/// Many documents call their key `#1`, whichever it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_may_have_the_name_of_the_old_one() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    let (old, new, did) = (key(81), key(82), publisher.did());
    publishes(&publisher, &[("1", &old)], &[]);
    let body = json!({"name": "Coastal College", "did": did});
    registers(sc, &body).await.with_status(201);
    recognizes(sc, &did).await;
    federation.clock().advance_hours(1);
    let before = issues(&publisher, ("1", &old), federation.clock().now());
    federation.clock().advance_hours(1);
    publishes(&publisher, &[("1", &new)], &[]);
    let looked = sc.comity(&["issuer", "refresh", "Coastal College"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    federation.clock().advance_hours(1);
    let now = federation.clock().now();
    let hears = async |badge: &[u8]| sc.employer().verifies_bytes(badge).await;
    is_accepted(hears(&before).await);
    is_accepted(hears(&issues(&publisher, ("1", &new), now)).await);
    let late = hears(&issues(&publisher, ("1", &old), now)).await;
    late.is(VerdictKind::NotValid).finding("issuer.key_not_issuers");
    let strangers = hears(&issues(&publisher, ("1", &key(83)), now)).await;
    strangers.is(VerdictKind::NotValid).finding("proof.invalid");
    federation.audit().await;
}
