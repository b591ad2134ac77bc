//! A backup is restored after a while, and nobody tells what came after it: there is no peer, or none answers. Nothing of the agency
//! is called good, and nothing is written, until a peer or an operator has spoken. Promise 2.

use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, IssuedBadge, TeacherScenario, TestAgency, VerdictAssertions as _, eventually,
};

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 60,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

/// Asserts that a node neither calls a badge of its own agency good nor writes, and that it says why.
async fn is_in_doubt(agency: &TestAgency, badge: &IssuedBadge) {
    let verdict = agency.employer().verifies(badge).await.is(VerdictKind::CouldNotCheck);
    let stale = verdict.findings.iter().find(|finding| finding.code == "status.stale");
    assert!(stale.is_some(), "{verdict:#?}");
    assert!(verdict.status.fresh_as_of.is_none(), "{verdict:#?}");
    let refused = agency
        .tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative)
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("comity store accept"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_without_peers_calls_nothing_good_after_a_while_before_its_operator_vouches() {
    let federation = Federation::start_with(&["US-SC"], RHYTHM).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Academy").await;
    sc.recognizes(&issuer).await;
    let (revoked, other) = (
        sc.issues(&issuer, "Riley Brooks").await,
        sc.issues(&issuer, "Jordan Avery").await,
    );
    federation.awaits(sc, &revoked, VerdictKind::Accepted).await;
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.says_of_itself(200, "ready").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    sc.stops().await;
    sc.is_restored_from(&backup).await;
    federation.clock().advance_hours(1);
    sc.starts().await;
    sc.says_of_itself(503, "has no peer that could tell").await;
    federation.clock().advance_minutes(1);
    is_in_doubt(sc, &revoked).await;

    let accepted = sc.comity(&["--yes", "store", "accept"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    sc.says_of_itself(200, "ready").await;
    federation.awaits(sc, &other, VerdictKind::Accepted).await;
    // What the agency's records say of the time after the backup.
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
    // A short stop needs nobody's word.
    sc.stops().await;
    federation.clock().advance_minutes(5);
    sc.starts().await;
    sc.says_of_itself(200, "ready").await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_restored_after_a_while_calls_nothing_good_and_writes_nothing_while_no_peer_answers() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let sc = federation.agency("US-SC");
    eventually("its peers hold its list", async || {
        let reach = sc.employer().reads("/v1/reach/US-SC").await.with_status(200).value();
        (reach["held_by"] == 2).then_some(()).ok_or_else(|| reach.to_string())
    })
    .await;
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    for neighbor in ["US-NC", "US-TN"] {
        let neighbor = federation.agency(neighbor);
        federation.awaits(neighbor, &badge, VerdictKind::NotValid).await;
    }
    sc.stops().await;
    sc.is_restored_from(&backup).await;
    federation.clock().advance_hours(1);
    for neighbor in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbor).cut().await;
    }
    sc.starts().await;
    sc.says_of_itself(503, "0 of the 2 agencies").await;
    federation.clock().advance_minutes(1);
    is_in_doubt(sc, &badge).await;
    for neighbor in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbor).heal().await;
    }
    federation.awaits(sc, &badge, VerdictKind::NotValid).await;
    sc.says_of_itself(200, "ready").await;
    federation.meets().await;
    federation.audit().await;
}
