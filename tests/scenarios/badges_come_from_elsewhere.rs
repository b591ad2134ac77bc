//! Links are opened, issuers outside the federation are looked up, and their status lists are read, all with care; what
//! cannot be had is said to be so. A badge of the federation's own issuers asks nobody.

use registry_schema::{Check, StatusState, Verdict, VerdictKind};
use serde_json::{Value, json};
use tests::{
    Federation, Publisher, TeacherScenario, TestAgency, VerdictAssertions as _, WebvhHistory, forge, interop, program,
};
use verification::{
    IssuerSigningKey,
    bitstring::{Bitstring, MIN_ENTRIES},
    credential::{NewStatusList, status_list},
    formats::bake_png,
    multikey,
};

const PIXEL: &[u8] = include_bytes!("../fixtures/plain.png");

async fn types(agency: &TestAgency, text: &str) -> Verdict {
    let reply = agency.employer().sends(text.as_bytes(), "text/plain", &[]).await;
    reply.with_status(200).json()
}

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[77; 32]).expect("a key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_as_good_as_the_badge_behind_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (nc, tn) = (federation.agency("US-NC"), federation.agency("US-TN"));
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    federation.meets().await;

    let text = String::from_utf8(badge.bytes()).expect("text");
    let baked = bake_png(PIXEL, &text).expect("a picture");
    for (path, kind, bytes) in [
        ("/badge.json", "application/json", badge.bytes()),
        ("/badge", "application/octet-stream", badge.bytes()),
        ("/badge.png", "image/png", baked),
    ] {
        let link = publisher.lays_out(path, kind, bytes);
        publisher.was_asked_for();
        types(nc, &link).await.is(VerdictKind::Accepted);
        assert_eq!(publisher.was_asked_for(), [path], "it is asked for the badge alone");
        types(nc, &format!("  {link}\n")).await.is(VerdictKind::Accepted);
    }
    let link = publisher.url("/badge.json");
    let page = nc.employer().drops_on_the_page(link.as_bytes()).await.with_status(200);
    assert!(page.text().contains("Accepted"), "{}", page.text());
    let ended = program::comity(["verify", "--node", nc.url(), &link]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // A link to an agency's own copy is asked for as its code is: the guard does not stand before peers.
    let sc = federation.agency("US-SC");
    let own = format!("{}/v1/credentials/{}", sc.url(), badge.code().compact());
    for agency in [nc, tn, sc] {
        types(agency, &own).await.is(VerdictKind::Accepted);
    }

    // What is no badge says what it is, and what cannot be had says why.
    let web = publisher.lays_out("/page", "text/html; charset=utf-8", "<!DOCTYPE html><p>Hello");
    let verdict = types(nc, &web).await.is(VerdictKind::Unreadable);
    assert!(verdict.sentence.contains("leads to a web page"), "{}", verdict.sentence);
    let big = publisher.lays_out("/big", "application/json", vec![b' '; 3 << 20]);
    for (link, why) in [
        (
            publisher.url("/nothing"),
            "has nothing at this address (it answered 404)",
        ),
        (big, "more than 2097152 bytes"),
        (link.replace("https", "http"), "only https"),
        ("https://192.168.0.1/badge.json".to_owned(), "a private network"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "metadata"),
        ("https://user:pass@localhost/".to_owned(), "a name or a password"),
        ("https://no.such.host.invalid/badge".to_owned(), "no host"),
        (
            format!("https://localhost:{}/", tests::ports::free()),
            "could not be reached",
        ),
    ] {
        let verdict = types(nc, &link).await.is(VerdictKind::CouldNotCheck);
        let finding = verdict.finding("structure.unreachable");
        assert!(finding.detail.contains(why), "{link}: {}", finding.detail);
        assert!(
            finding.detail.contains("download it"),
            "it says what to do: {}",
            finding.detail
        );
    }
    let ended = program::comity(["verify", "--node", nc.url(), &publisher.url("/nothing")]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");

    // A node whose operator opened nothing asks nobody on this machine.
    publisher.was_asked_for();
    types(tn, &link).await.is(VerdictKind::CouldNotCheck);
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new());
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_on_the_web_is_looked_up_and_so_are_its_lists() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let employer = nc.employer();
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let now = federation.clock().now();
    let (minute, index) = (60_000, 4_711);
    publisher.publishes_key(&key(), &["assertionMethod"]);
    publisher.publishes_list("/revocation", "revocation", &[1], &key(), now, minute);
    publisher.publishes_list("/suspension", "suspension", &[2], &key(), now, minute);
    let badge = publisher.issues(&key(), index, now);

    let verdict = employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
    for code in ["proof.valid", "issuer.unregistered", "status.active"] {
        verdict.finding(code);
    }
    assert_eq!(verdict.codes(Check::Status), ["status.active", "status.active"]);
    assert_eq!(verdict.status.state, StatusState::Active);
    assert!(verdict.status.fresh_as_of.is_some());
    let mut asked = publisher.was_asked_for();
    asked.sort();
    assert_eq!(asked, ["/.well-known/did.json", "/revocation", "/suspension"]);
    // All of it is kept, for as long as its issuer says.
    employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new());
    for set in [1, 2] {
        let other = publisher.issues(&key(), set, now);
        employer.verifies_bytes(&other).await.is(VerdictKind::NotValid);
    }
    assert_eq!(
        publisher.was_asked_for(),
        Vec::<String>::new(),
        "one list serves for all"
    );

    // A revocation is heard of once the list is fetched again.
    publisher.publishes_list("/revocation", "revocation", &[1, index], &key(), now, minute);
    employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
    federation.clock().advance_hours(1);
    let verdict = employer.verifies_bytes(&badge).await.is(VerdictKind::NotValid);
    assert!(
        verdict.sentence.contains("revoked by its issuer"),
        "{}",
        verdict.sentence
    );
    publisher.was_asked_for();

    // A key that may log in and not issue.
    publisher.publishes_list("/revocation", "revocation", &[], &key(), now, minute);
    publisher.publishes_key(&key(), &["authentication"]);
    federation.clock().advance_hours(1);
    employer
        .verifies_bytes(&badge)
        .await
        .is(VerdictKind::NotValid)
        .finding("issuer.key_not_issuers");

    // Off the web, what is kept counts for its term, with its age; then nothing does.
    publisher.publishes_key(&key(), &["assertionMethod"]);
    federation.clock().advance_hours(1);
    let before = employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
    publisher.stops();
    let verdict = employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
    assert_eq!(
        verdict.status.fresh_as_of, before.status.fresh_as_of,
        "it tells the age of the list"
    );
    federation.clock().advance_hours(1);
    let verdict = employer.verifies_bytes(&badge).await.is(VerdictKind::CouldNotCheck);
    verdict.finding("issuer.unregistered");
    verdict.finding("status.unreachable");
    federation.clock().advance(1);
    let verdict = employer.verifies_bytes(&badge).await.is(VerdictKind::CouldNotCheck);
    verdict.finding("issuer.unresolvable");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_past_its_own_end_says_nothing_until_a_newer_one_stands_there() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let now = federation.clock().now();
    publisher.publishes_key(&key(), &["assertionMethod"]);
    publisher.publishes_list("/suspension", "suspension", &[], &key(), now, 60_000);
    let ends_in = |seconds: i64| {
        let list = status_list(&NewStatusList {
            id: publisher.url("/revocation"),
            issuer_id: publisher.did(),
            purpose: "revocation".to_owned(),
            list: Bitstring::new(MIN_ENTRIES),
            valid_from: now.plus_seconds(-86_400),
            valid_until: Some(now.plus_seconds(seconds)),
            ttl: 3_600_000,
        });
        publisher.lays_out("/revocation", "application/vc", publisher.signs(list, &key(), now));
    };
    let badge = publisher.issues(&key(), 4_711, now);
    ends_in(-60);
    let verdict = nc
        .employer()
        .verifies_bytes(&badge)
        .await
        .is(VerdictKind::CouldNotCheck);
    let told = &verdict.finding("status.list_unverified").detail;
    assert!(told.contains("no newer one stands there"), "{told}");
    // The list's end goes before its ttl of an hour.
    ends_in(600);
    let checks = async || nc.employer().verifies_bytes(&badge).await.verdict;
    federation
        .clock()
        .runs_until(tests::eventually("the newer list", async || match checks().await {
            VerdictKind::NotRecognized => Ok(()),
            other => Err(format!("{other:?}")),
        }))
        .await;
    federation.clock().advance_hours(1);
    assert_eq!(checks().await, VerdictKind::CouldNotCheck, "it ended within the hour");
    federation.audit().await;
}

/// A history tells when each key issued, so what an older key signed in its time stays good.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_history_is_known_by_all_of_it() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let (old, new) = (key(), IssuerSigningKey::from_seed(&[78; 32]).expect("a key"));
    let now = federation.clock().now();
    let [began, early, changed, late] = [-4, -3, -2, -1].map(|days| now.plus_seconds(days * 86_400));
    let mut history = WebvhHistory::begins(&publisher.host(), &old, began);
    history.goes_on(&new, changed);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", history.log());

    let hears = async |key: &IssuerSigningKey, at| {
        let badge = Publisher::issues_as(&history.did(), &history.method(key), key, at);
        nc.employer().verifies_bytes(&badge).await
    };
    for (key, at) in [(&old, early), (&new, late)] {
        hears(key, at)
            .await
            .is(VerdictKind::NotRecognized)
            .finding("issuer.unregistered");
    }
    for (key, at) in [(&old, late), (&new, early)] {
        hears(key, at)
            .await
            .is(VerdictKind::NotValid)
            .finding("issuer.key_not_issuers");
    }
    assert_eq!(
        publisher.was_asked_for(),
        ["/.well-known/did.jsonl"],
        "once for all of them"
    );

    // Somebody who holds the web server alone cannot put a key of theirs into it.
    let thief = IssuerSigningKey::from_seed(&[79; 32]).expect("a key");
    let put_in = multikey::encode(&thief.public_key());
    let forged = history.log().replace(&multikey::encode(&new.public_key()), &put_in);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", forged);
    federation.clock().advance(2);
    let verdict = hears(&thief, late).await.is(VerdictKind::CouldNotCheck);
    let told = &verdict.finding("issuer.unresolvable").detail;
    assert!(
        told.contains("entry 2 of its history: its hash is not that of its content"),
        "{told}"
    );
    federation.audit().await;
}

/// Promise 9. The lists that such a badge names are the federation's own; and whatever else a forged one names, nobody
/// is asked on behalf of an issuer of the federation.
#[tokio::test(flavor = "multi_thread")]
async fn a_badge_of_the_federations_issuers_is_checked_without_one_request() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    federation.meets().await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;

    let with = |pointer: &str, to: Value| {
        let mut changed = badge.document.clone();
        *changed.pointer_mut(pointer).expect("a place in the badge") = to;
        changed.to_string().into_bytes()
    };
    let list = publisher.lays_out("/revocation", "application/vc", "{}");
    for (what, bytes) in [
        ("as it is", badge.bytes()),
        (
            "another list",
            with("/credentialStatus/0/statusListCredential", json!(list)),
        ),
        (
            "another kind of list",
            with(
                "/credentialStatus/1",
                json!({"id": list, "type": "1EdTechRevocationList"}),
            ),
        ),
        (
            "a key elsewhere",
            with("/proof/verificationMethod", json!(format!("{}#1", publisher.did()))),
        ),
        ("a page", with("/id", json!(publisher.url("/about")))),
    ] {
        employer_hears(nc, &bytes, what == "as it is").await;
        assert_eq!(publisher.was_asked_for(), Vec::<String>::new(), "{what}");
    }
    // The publisher does notice: the same list, for a stranger's badge.
    let strangers = forge::by_a_stranger(Some(&publisher.url("")));
    employer_hears(nc, &strangers, false).await;
    assert!(publisher.was_asked_for().contains(&"/revocation".to_owned()));
    federation.audit().await;
}

async fn employer_hears(agency: &TestAgency, bytes: &[u8], accepted: bool) {
    let verdict = agency.employer().verifies_bytes(bytes).await;
    assert_eq!(verdict.verdict == VerdictKind::Accepted, accepted, "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_lists_that_other_software_made_are_read_and_bad_ones_are_not_believed() {
    const SEED: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    let folder = tempfile::tempdir().expect("a folder");
    let issuer = multikey::did_key(&IssuerSigningKey::from_seed(&[42; 32]).expect("a key").public_key()).0;
    let allow = issuer.clone();
    publisher
        .is_trusted_by(nc, |outbound| outbound.short_lists = [(allow, 100_000)].into())
        .await;

    let cases: [(&str, &[&str], VerdictKind, &str); 6] = [
        ("/fine", &["--set", "7"], VerdictKind::NotRecognized, "status.active"),
        ("/set", &["--set", "4711"], VerdictKind::NotValid, "status.revoked"),
        (
            "/tampered",
            &["--set", "4711", "--tamper"],
            VerdictKind::CouldNotCheck,
            "status.list_unverified",
        ),
        (
            "/short",
            &["--length", "8000"],
            VerdictKind::CouldNotCheck,
            "status.list_too_short",
        ),
        (
            "/shorter",
            &["--length", "100000"],
            VerdictKind::NotRecognized,
            "status.active",
        ),
        (
            "/purpose",
            &["--purpose", "suspension"],
            VerdictKind::CouldNotCheck,
            "status.list_unverified",
        ),
    ];
    for (path, options, kind, code) in cases {
        let url = publisher.url(path);
        let file = folder.path().join("list.json");
        let file_name = file.to_str().expect("a path");
        let mut arguments = vec![file_name, "--id", &url, "--seed", SEED];
        arguments.extend(options);
        let (said, _) = interop::tool("status-list.mjs", arguments).await;
        assert_eq!(said["issuer"], json!(issuer));
        publisher.lays_out(path, "application/vc", std::fs::read(&file).expect("a list"));
        let badge = folder.path().join("badge.json");
        let badge_name = badge.to_str().expect("a path");
        interop::tool("sign.mjs", [badge_name, "--seed", SEED, "--status", &url, "4711"]).await;
        let verdict = nc
            .employer()
            .verifies_bytes(&std::fs::read(&badge).expect("a badge"))
            .await;
        let verdict = verdict.is(kind);
        assert_eq!(verdict.codes(Check::Status), [code], "{path}: {verdict:#?}");
    }
    federation.audit().await;
}
