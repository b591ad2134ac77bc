//! A clock that lies makes nothing green, and takes an agency away from nobody. Promise 2.
//!
//! The clock of one node is set wrong, forwards and back, while it runs and while it is stopped; the others are right.

use registry_schema::{Reason, StatusState, VerdictKind};
use tests::{Federation, Rhythm, Scene, eventually};

const DAY: i64 = 86_400;

const RHYTHM: Rhythm = Rhythm {
    heartbeat_every: 2,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

/// Waits until a node says that its clock is in doubt.
async fn doubts(federation: &Federation, id: &str) {
    eventually(&format!("{id} doubts its clock"), async || {
        let reply = federation.employer_at(id).reads("/readyz").await;
        if reply.status == 503 && reply.text().contains("clock is in doubt") {
            Ok(())
        } else {
            Err(reply.text())
        }
    })
    .await;
}

async fn is_ready(federation: &Federation, id: &str) {
    eventually(&format!("{id} is ready"), async || {
        let reply = federation.employer_at(id).reads("/readyz").await;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_of_the_homes_clock_signs_nothing_and_its_peers_go_on_hearing_it() {
    let Scene {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-SC").await;
    for wrong_by in [2 * DAY, -2 * DAY] {
        clock.set_wrong_by(wrong_by);
        doubts(&federation, "US-SC").await;
        let sc = federation.agency("US-SC");
        federation.awaits(sc, &badge, VerdictKind::CouldNotCheck).await;
        let refused = sc
            .tries_to_change(badge.code(), StatusState::Suspended, Reason::Administrative)
            .await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        clock.set_wrong_by(0);
        is_ready(&federation, "US-SC").await;
        for id in ["US-SC", "US-TN", "US-NC"] {
            federation
                .awaits(federation.agency(id), &badge, VerdictKind::Accepted)
                .await;
        }
    }
    // Nothing is dated ahead: a revocation is heard by all at once.
    federation.agency("US-SC").revokes(&badge, Reason::IssuedInError).await;
    for id in ["US-SC", "US-TN", "US-NC"] {
        federation
            .awaits(federation.agency(id), &badge, VerdictKind::NotValid)
            .await;
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifiers_clock_that_is_set_back_makes_no_stale_list_green() {
    let Scene {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    for id in ["US-SC", "US-NC"] {
        federation.agency(id).stops().await;
    }
    let tn = federation.agency("US-TN");
    clock.advance(2 * DAY);
    federation.awaits(tn, &badge, VerdictKind::CouldNotCheck).await;
    eventually("Tennessee signed something by the later time", async || {
        let beats = federation.employer_at("US-TN").reads("/v1/heartbeats").await.value();
        let own = beats
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["agency"] == "US-TN");
        let as_of = own.and_then(|own| own["as_of"].as_str()).unwrap_or_default().to_owned();
        let due: registry_schema::Timestamp = clock.now().plus_seconds(-60);
        if as_of.parse::<registry_schema::Timestamp>().is_ok_and(|at| at >= due) {
            Ok(())
        } else {
            Err(as_of)
        }
    })
    .await;
    // While it runs: a jump.
    clock.set_wrong_by(-2 * DAY);
    doubts(&federation, "US-TN").await;
    let verdict = federation.employer_at("US-TN").verifies(&badge).await;
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
    // After a restart: only what was signed before tells that it is behind.
    tn.stops().await;
    clock.accept();
    tn.starts().await;
    doubts(&federation, "US-TN").await;
    let verdict = federation.employer_at("US-TN").verifies(&badge).await;
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
    // A person vouches for it, with one command.
    let shown = tn.comity(&["clock", "show"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.stderr);
    let accepted = tn.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    is_ready(&federation, "US-TN").await;
}
