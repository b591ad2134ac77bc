//! A backup of minutes ago is put back, which looks as fresh as a store after a short stop; or a machine is set back as a whole, its
//! clock included. What was acknowledged since is missing, so nothing is called good and nothing is written before enough peers or
//! an operator have spoken. Promises 1 and 2.

use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, IssuedBadge, RestoreMethod, TeacherScenario, TestAgency, VerdictAssertions as _,
    eventually,
};

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 60,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

const DAY: i64 = 86_400;

/// Waits until a node calls a badge of its own agency not good, and asserts that it writes nothing and says why.
async fn is_in_doubt(federation: &Federation, agency: &TestAgency, badge: &IssuedBadge) {
    federation.awaits(agency, badge, VerdictKind::CouldNotCheck).await;
    federation.clock().advance_minutes(1);
    let refused = agency
        .tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative)
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("comity store accept"), "{}", refused.text());
}

async fn is_accepted(agency: &TestAgency, act: &str) {
    let accepted = agency.comity(&["--yes", act, "accept"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_minutes_ago_is_believed_by_no_agency_without_peers() {
    let federation = Federation::start_with(&["US-SC"], RHYTHM).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Academy").await;
    sc.recognizes(&issuer).await;
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation.awaits(sc, &revoked, VerdictKind::Accepted).await;
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    sc.stops().await;
    sc.is_restored_from_minutes_ago(&backup, 5).await;
    sc.starts().await;
    sc.says_of_itself(503, "is a copy that was put in its place").await;
    is_in_doubt(&federation, sc, &revoked).await;
    // That it is started again makes it no other.
    sc.stops().await;
    sc.starts().await;
    sc.says_of_itself(503, "is a copy that was put in its place").await;
    is_in_doubt(&federation, sc, &revoked).await;
    is_accepted(sc, "store").await;
    sc.says_of_itself(200, "ready").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
    // A store that stands where it stood is none.
    sc.stops().await;
    sc.starts().await;
    sc.says_of_itself(200, "ready").await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
}

/// However young it is, and in whichever way it came there.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_moment_ago_is_believed_by_nobody() {
    for how in [RestoreMethod::OtherFiles, RestoreMethod::DatabaseAlone] {
        let federation = Federation::start_with(&["US-SC"], RHYTHM).await;
        let sc = federation.agency("US-SC");
        let issuer = sc.registers("Palmetto Academy").await;
        sc.recognizes(&issuer).await;
        let revoked = sc.issues(&issuer, "Riley Brooks").await;
        federation.awaits(sc, &revoked, VerdictKind::Accepted).await;
        let backup = sc.stops_for_a_backup().await;
        sc.starts().await;
        sc.revokes(&revoked, StatusReason::Misconduct).await;
        sc.stops().await;
        sc.is_restored(&backup, how).await;
        sc.starts().await;
        sc.says_of_itself(503, "is a copy that was put in its place").await;
        is_in_doubt(&federation, sc, &revoked).await;
        // Nothing else says that it is good, or that all is well.
        let looked_up = sc.keeps(revoked.code()).await;
        assert_eq!(
            (looked_up.state, looked_up.state_as_of),
            (StatusState::Unknown, None),
            "{how:?}"
        );
        assert_eq!(sc.comity(&["store", "show"]).await.code, Some(3), "{how:?}");
        let page = sc.employer().reads("/agencies").await.with_status(200).text();
        assert!(!page.contains("Always"), "{page}");
        is_accepted(sc, "store").await;
        sc.says_of_itself(200, "ready").await;
        let looked_up = sc.keeps(revoked.code()).await;
        assert_eq!(
            (looked_up.state, looked_up.state_as_of),
            (StatusState::Active, None),
            "the operator vouched for it: it is known up to now"
        );
    }
}

/// Somebody cleans up after a crash: `rm registry.sqlite-*`.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_files_beside_it_is_believed_by_nobody() {
    let federation = Federation::start_with(&["US-SC"], RHYTHM).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Academy").await;
    sc.recognizes(&issuer).await;
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation.awaits(sc, &revoked, VerdictKind::Accepted).await;
    sc.stops().await;
    let program = sc.starts_program(&[]).await;
    sc.says_of_itself(200, "ready").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    let mut program = program;
    program.is_killed().await;
    sc.loses_what_lies_beside_its_database().await;
    sc.starts().await;
    sc.says_of_itself(503, "is a copy that was put in its place").await;
    is_in_doubt(&federation, sc, &revoked).await;
    assert_eq!(sc.keeps(revoked.code()).await.state, StatusState::Unknown);
}

/// Only one of its two peers had heard of the revocation, and the other one answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_minutes_ago_needs_the_word_of_more_than_half_of_those_who_hold_the_log() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let [sc, nc, tn] = ["US-SC", "US-NC", "US-TN"].map(|id| federation.agency(id));
    eventually("its peers hold its list", async || {
        let reach = sc.employer().reads("/v1/reach/US-SC").await.with_status(200).value();
        (reach["held_by"] == 2).then_some(()).ok_or_else(|| reach.to_string())
    })
    .await;
    let backup = sc.stops_for_a_backup().await;
    nc.stops().await;
    sc.starts().await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    sc.stops().await;
    tn.stops().await;
    sc.is_restored_from_minutes_ago(&backup, 5).await;
    nc.starts().await;
    sc.starts().await;
    eventually("the one that knows of nothing has told", async || {
        let reply = sc.employer().reads("/readyz").await;
        match (reply.status, reply.text()) {
            (503, text) if text.contains("is a copy") => {}
            (is, text) => return Err(format!("{is} {text}")),
        }
        let peers = sc.employer().reads("/v1/reach/US-SC").await.value();
        let verdict = sc.employer().verifies(&badge).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
        nc.sees(&[(sc.id().clone(), true)])
            .await
            .map_err(|error| format!("{error} {peers}"))
    })
    .await;
    is_in_doubt(&federation, sc, &badge).await;
    tn.starts().await;
    federation.awaits(sc, &badge, VerdictKind::NotValid).await;
    sc.says_of_itself(200, "ready").await;
    federation.meets().await;
    federation.audit().await;
}

/// A snapshot of a machine: disk and clock are those of minutes ago, until the clock is set right.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_set_back_as_a_whole_is_believed_no_more_once_its_clock_is_right() {
    let mut federation = Federation::start_with(&["US-SC"], RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-SC").await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Academy").await;
    sc.recognizes(&issuer).await;
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation.awaits(sc, &revoked, VerdictKind::Accepted).await;
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    sc.stops().await;
    // Nothing tells that the file was put there.
    sc.is_restored_from(&backup).await;
    sc.starts().await;
    sc.says_of_itself(200, "ready").await;
    clock.set_wrong_by(2 * DAY);
    sc.says_of_itself(503, "clock is in doubt").await;
    is_accepted(sc, "clock").await;
    sc.says_of_itself(503, "younger than ten minutes").await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::CouldNotCheck);
    // Nor does a restart make it good: it signed nothing since.
    sc.stops().await;
    clock.accept();
    sc.starts().await;
    sc.says_of_itself(503, "younger than ten minutes").await;
    is_accepted(sc, "store").await;
    sc.says_of_itself(200, "ready").await;
}
