//! A node that falls silent leaves its peers with what they hold: they say as of when, and never call it good once its
//! word has run out. When it is back, both sides catch up.

use registry_schema::{CheckOutcome, StatusReason, StatusState, Timestamp, VerdictKind};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually};

/// Returns the times of what a node last heard of another.
async fn last_heard(federation: &Federation, at: &str, of: &str) -> (Timestamp, Timestamp) {
    let peers = federation
        .employer_at(at)
        .reads("/v1/peers")
        .await
        .with_status(200)
        .value();
    let peer = peers
        .as_array()
        .and_then(|all| all.iter().find(|peer| peer["agency"] == of))
        .expect("a peer")
        .clone();
    let moment = |name: &str| {
        peer[name]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("a moment")
    };
    (moment("last_heard"), moment("good_until"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_agency_is_answered_for_from_what_is_held_and_then_not_at_all() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let tn = federation.agency("US-TN");
    federation.agency("US-SC").stops().await;
    let (heard, good_until) = last_heard(&federation, "US-TN", "US-SC").await;

    let verdict = tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    assert_eq!(verdict.status.fresh_as_of, Some(heard), "{verdict:#?}");
    assert_eq!(verdict.finding("status.active").as_of, Some(heard));

    // Just before its word runs out it still counts; the moment it has run out it does not.
    federation
        .clock()
        .advance_hours(good_until.seconds_since(federation.clock().now()) / 3600);
    let verdict = tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    assert_eq!(verdict.status.fresh_as_of, Some(heard), "nothing was heard since");
    federation.clock().advance_hours(1);
    let verdict = tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    let stale = verdict.finding("status.stale");
    assert_eq!((stale.outcome, stale.as_of), (CheckOutcome::CouldNotCheck, Some(heard)));
    assert!(
        stale.detail.contains("South Carolina has not been heard from since"),
        "{stale:?}"
    );
    assert!(stale.detail.contains(&heard.in_words()), "{stale:?}");
    assert_eq!(verdict.status.state, StatusState::Unknown);
    // Tennessee's recognition follows South Carolina's registration of the issuer, and so is in doubt with it.
    let follows = verdict.finding("recognition.stale");
    assert_eq!(follows.outcome, CheckOutcome::CouldNotCheck);
    assert!(follows.detail.contains("South Carolina"), "{follows:?}");

    // Long after, too.
    federation.clock().advance(400);
    tn.employer()
        .verifies(&badge)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("status.stale");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_stays_red_however_old_the_list() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
        .await;
    sc.stops().await;
    federation.clock().advance(30);
    let verdict = federation
        .employer_at("US-TN")
        .verifies(&badge)
        .await
        .is(VerdictKind::NotValid);
    verdict.finding("status.revoked");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asked_agency_that_is_silent_is_not_spoken_for() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    federation.agency("US-NC").stops().await;
    let tn = federation.employer_at("US-TN");
    let for_nc = [("agency", "US-NC")];
    tn.asks(&badge.bytes(), &for_nc).await.is(VerdictKind::Accepted);
    federation.clock().advance(2);
    // South Carolina and Tennessee speak on; they are heard again at once.
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::Accepted)
        .await;
    tn.asks(&badge.bytes(), &for_nc)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("recognition.stale");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_back_catches_up_both_ways() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        recognition,
    } = Federation::with_a_badge().await;
    let (nc, sc, tn) = (
        federation.agency("US-NC"),
        federation.agency("US-SC"),
        federation.agency("US-TN"),
    );
    let doomed = sc.issues(&issuer, "Riley Brooks").await;

    // What the others do while SC is away.
    sc.stops().await;
    nc.withdraws(&recognition).await;
    let tennessean = tn.registers("Cumberland Learning Collaborative").await;
    let again = nc.recognizes(&tennessean).await;
    // What SC does while the others are away.
    nc.stops().await;
    tn.stops().await;
    sc.starts().await;
    // Nobody can tell it how far its own log reaches abroad; after half a minute it writes all the same.
    let revokes = sc.revokes(&doomed, StatusReason::IntegrityViolation);
    federation.clock().runs_until(revokes).await;
    sc.stops().await;
    nc.starts().await;
    tn.starts().await;
    federation.clock().advance(2);
    federation
        .awaits(tn, &badge, VerdictKind::CouldNotCheck)
        .await
        .finding("status.stale");
    federation
        .awaits(tn, &doomed, VerdictKind::CouldNotCheck)
        .await
        .finding("status.stale");

    sc.starts().await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation
        .awaits(tn, &doomed, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    federation
        .awaits(nc, &doomed, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    eventually("SC sees what NC did while it was away", async || {
        let list = sc.employer().reads("/v1/recognitions?agency=US-NC").await.text();
        let both = list.contains(&again.recognition.id) && list.contains("\"earlier_badges_stay_good\":false");
        if both { Ok(()) } else { Err(list) }
    })
    .await;
    federation.audit().await;
}
