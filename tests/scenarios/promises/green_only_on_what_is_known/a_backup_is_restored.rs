//! A backup is restored, and no peer can tell what came after it: nothing that was revoked meanwhile is called good as of now,
//! until a peer or an operator has spoken. Promise 2.

use node::config::Config;
use registry_schema::{StatusReason, Timestamp, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{
    ExchangeIntervals, Federation, FileServer, IssuedBadge, TeacherScenario, TestAgency, VerdictAssertions as _,
    eventually, files::mirror,
};

const TERM_SECONDS: u32 = 86_400;

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 60,
    heartbeat_term: TERM_SECONDS,
    exchange_every: 1,
};

/// Until when a published list counts, and whether it says that the badge is revoked.
async fn published(agency: &TestAgency, badge: &IssuedBadge) -> (Timestamp, bool) {
    let [revocations, _] = <[String; 2]>::try_from(badge.status_lists()).expect("two lists");
    let path = revocations.strip_prefix(agency.url()).expect("its own list");
    let list = agency.employer().reads(path).await.with_status(200).value();
    let until = list["validUntil"].as_str().expect("an end").parse().expect("a time");
    let encoded = list["credentialSubject"]["encodedList"].as_str().expect("a list");
    let bit = verification::bitstring::decode_bit(encoded, badge.slot().1).expect("a bit");
    (until, bit)
}

/// South Carolina's badge is revoked after its backup was made; the backup is restored, and the node is stopped.
async fn restored_after_a_revocation(sc: &TestAgency, federation: &Federation, badge: &IssuedBadge) {
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.revokes(badge, StatusReason::Misconduct).await;
    for neighbour in ["US-NC", "US-TN"] {
        let neighbour = federation.agency(neighbour);
        federation.awaits(neighbour, badge, VerdictKind::NotValid).await;
    }
    sc.stops().await;
    sc.is_restored_from(&backup).await;
}

async fn is_cut_off(federation: &Federation) {
    for neighbour in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbour).cut().await;
    }
}

async fn is_reached_again(federation: &Federation) {
    for neighbour in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbour).heal().await;
    }
}

/// Waits until peers confirmed that they hold the agency's list: it knows then that it can ask them.
async fn is_held(sc: &TestAgency) {
    eventually("its peers hold its list", async || {
        let reach = sc.employer().reads("/v1/reach/US-SC").await.with_status(200).value();
        (reach["held_by"] == 2).then_some(()).ok_or_else(|| reach.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_after_a_backup_is_never_good_as_of_now_before_a_peer_has_spoken() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let sc = federation.agency("US-SC");
    let other = sc.issues(&issuer, "Riley Brooks").await;
    is_held(sc).await;
    restored_after_a_revocation(sc, &federation, &badge).await;
    let last_word = federation.clock().now();
    is_cut_off(&federation).await;
    sc.starts().await;

    // Half a minute goes by in which nobody answers, and some hours.
    federation.clock().advance_hours(1);
    sc.says_of_itself(503, "0 of the 2 agencies").await;
    federation.clock().advance_hours(5);
    let verdict = sc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let as_of = verdict.status.fresh_as_of.expect("an age");
    assert!(
        as_of <= last_word,
        "as of {as_of}, and its last word was at {last_word}"
    );
    let (until, _) = published(sc, &badge).await;
    let end = last_word.plus_seconds(i64::from(TERM_SECONDS));
    assert!(
        until <= end,
        "the list counts until {until}, and nobody vouches for it after {end}"
    );
    // Other registries are told no more than that, either.
    let (did, authority) = (&issuer.id, "US-SC");
    let question = json!({"entity_id": did, "authority_id": authority, "action": "recognize:renewal", "resource": "micro-credential"});
    let answer = sc
        .asks(Method::POST, "/authorization", Some(&question))
        .await
        .with_status(200);
    assert!(answer.text().contains(&as_of.in_words()), "{}", answer.text());
    let listed = sc
        .employer()
        .reads("/v1/recognized-entities")
        .await
        .with_status(200)
        .value();
    let from: Timestamp = listed["validFrom"].as_str().expect("a time").parse().expect("a time");
    assert!(from <= last_word, "{listed}");
    let home = sc.employer().reads("/v1/agencies/US-SC").await.with_status(200).value();
    assert!(home["good_until"].is_string(), "{home}");
    // It revokes all the same, and that holds at once.
    sc.revokes(&other, StatusReason::Superseded).await;
    sc.employer().verifies(&other).await.is(VerdictKind::NotValid);
    let verdict = sc.employer().verifies(&badge).await;
    assert!(
        verdict.status.fresh_as_of.is_some_and(|as_of| as_of <= last_word),
        "{verdict:#?}"
    );
    // Who looks its own badge up is told the same.
    let looked_up = sc.keeps(badge.code()).await;
    assert_eq!(looked_up.state_as_of, verdict.status.fresh_as_of, "{looked_up:#?}");
    let shown = sc.comity(&["credential", "show", &badge.code().to_string()]).await;
    assert!(shown.stdout.replace('\n', " ").contains("as of"), "{shown:?}");

    // The last word has run out.
    federation.clock().advance_hours(20);
    sc.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    let shown = sc.comity(&["store", "show"]).await;
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("0 of the 2 agencies"), "{shown:?}");

    is_reached_again(&federation).await;
    federation.awaits(sc, &badge, VerdictKind::NotValid).await;
    sc.says_of_itself(200, "ready").await;
    let shown = sc.comity(&["store", "show"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    federation.meets().await;
    federation.audit().await;
}

/// One that was away when it was revoked has an older copy: it speaks for itself, and not for the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_holds_an_older_copy_does_not_make_a_restored_backup_good() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let [sc, nc, tn] = ["US-SC", "US-NC", "US-TN"].map(|id| federation.agency(id));
    is_held(sc).await;
    let backup = sc.stops_for_a_backup().await;
    tn.stops().await;
    sc.starts().await;
    federation
        .clock()
        .runs_until(sc.revokes(&badge, StatusReason::Misconduct))
        .await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    sc.stops().await;
    nc.stops().await;
    sc.is_restored_from(&backup).await;
    let last_word = federation.clock().now();
    federation.clock().advance_hours(2);
    tn.starts().await;
    sc.starts().await;
    sc.says_of_itself(503, "1 of the 2 agencies").await;
    for agency in [sc, tn] {
        let verdict = agency.employer().verifies(&badge).await;
        let as_of = verdict.status.fresh_as_of;
        let is_old = as_of.is_none_or(|as_of| as_of <= last_word);
        assert!(
            is_old,
            "{}: as of {as_of:?}, and its last word was at {last_word}",
            agency.id()
        );
    }
    nc.starts().await;
    for agency in [sc, tn] {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
    }
    sc.says_of_itself(200, "ready").await;
    federation.meets().await;
    federation.audit().await;
}

/// A mirror has no key, and its files may be of any time.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_stands_still_does_not_make_a_restored_backup_good() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let [sc, nc, tn] = ["US-SC", "US-NC", "US-TN"].map(|id| federation.agency(id));
    is_held(sc).await;
    let [of_nc, of_tn] = [FileServer::served().await, FileServer::served().await];
    of_nc.copy_all(nc, &[sc, nc]).await;
    of_tn.copy_all(tn, &[sc, tn]).await;
    restored_after_a_revocation(sc, &federation, &badge).await;
    let last_word = federation.clock().now();
    federation.clock().advance_hours(2);
    is_cut_off(&federation).await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.outbound.loopback = true;
    config.mirrors = vec![mirror(nc, of_nc.url()), mirror(tn, of_tn.url())];
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    for agency in [nc, tn] {
        sc.eventually_sees(agency, true).await;
    }
    sc.says_of_itself(503, "0 of the 2 agencies").await;
    let verdict = sc.employer().verifies(&badge).await;
    let as_of = verdict.status.fresh_as_of;
    assert!(
        as_of.is_none_or(|as_of| as_of <= last_word),
        "as of {as_of:?}, and its last word was at {last_word}"
    );
    is_reached_again(&federation).await;
    federation.awaits(sc, &badge, VerdictKind::NotValid).await;
    sc.says_of_itself(200, "ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_vouches_for_a_restored_store_where_no_peer_can_and_a_peer_mends_it_after() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let sc = federation.agency("US-SC");
    let other = sc.issues(&issuer, "Riley Brooks").await;
    is_held(sc).await;
    restored_after_a_revocation(sc, &federation, &badge).await;
    is_cut_off(&federation).await;
    sc.starts().await;
    federation.clock().advance_hours(30);
    sc.says_of_itself(503, "0 of the 2 agencies").await;
    sc.employer().verifies(&other).await.is(VerdictKind::CouldNotCheck);

    let tried = sc.comity(&["--dry-run", "store", "accept"]).await;
    assert_eq!(tried.code, Some(0), "{tried:?}");
    sc.says_of_itself(503, "0 of the 2 agencies").await;
    let accepted = sc.comity(&["--yes", "store", "accept"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    assert!(accepted.stderr.contains("revoke and suspend again"), "{accepted:?}");
    sc.says_of_itself(200, "ready").await;
    assert_eq!(sc.audited("store.accept").await, 1);
    federation.awaits(sc, &other, VerdictKind::Accepted).await;

    is_reached_again(&federation).await;
    federation.awaits(sc, &badge, VerdictKind::NotValid).await;
    federation.awaits(sc, &other, VerdictKind::Accepted).await;
    federation.meets().await;
    federation.audit().await;
}

/// A list that no peer can have heard yet is vouched for after half a minute: a young agency works before others follow it.
#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_nobody_follows_yet_vouches_for_its_own_lists() {
    let federation = Federation::start_with(&["US-NC", "US-TN"], RHYTHM).await;
    let (stranger, _links) = federation.stranger("US-GA").await;
    stranger.starts().await;
    let issuer = federation
        .clock()
        .runs_until(stranger.registers("Peach State Institute"))
        .await;
    stranger.recognizes(&issuer).await;
    let badge = stranger.issues(&issuer, "Jordan Avery").await;
    federation.awaits(&stranger, &badge, VerdictKind::Accepted).await;
    stranger.says_of_itself(200, "ready").await;
}
