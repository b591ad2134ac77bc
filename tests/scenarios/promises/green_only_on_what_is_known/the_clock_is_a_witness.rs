//! A clock that lies makes nothing green, and takes an agency away from nobody. Promise 2.
//!
//! The clock of one node is set wrong, forwards and back, while it runs and while it is stopped; the others are right.

use registry_schema::{CheckOutcome, StatusReason, StatusState, VerdictKind};
use tests::{ExchangeIntervals, Federation, TeacherScenario, VerdictAssertions as _, eventually};

const DAY: i64 = 86_400;

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
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
    let TeacherScenario {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-SC").await;
    for wrong_by in [2 * DAY, -2 * DAY] {
        clock.set_wrong_by(wrong_by);
        doubts(&federation, "US-SC").await;
        let sc = federation.agency("US-SC");
        federation.awaits(sc, &badge, VerdictKind::CouldNotCheck).await;
        let refused = sc
            .tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative)
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
    federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::IssuedInError)
        .await;
    for id in ["US-SC", "US-TN", "US-NC"] {
        federation
            .awaits(federation.agency(id), &badge, VerdictKind::NotValid)
            .await;
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifiers_clock_that_is_set_back_makes_no_stale_list_green() {
    let TeacherScenario {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    for id in ["US-SC", "US-NC"] {
        federation.agency(id).stops().await;
    }
    let tn = federation.agency("US-TN");
    clock.advance(2 * DAY);
    federation.awaits(tn, &badge, VerdictKind::CouldNotCheck).await;
    federation.agency("US-TN").signs_by(clock.now().plus_seconds(-60)).await;
    // While it runs: a jump.
    clock.set_wrong_by(-2 * DAY);
    doubts(&federation, "US-TN").await;
    let verdict = federation.employer_at("US-TN").verifies(&badge).await;
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
    // After a restart: only what was signed before tells that it is behind.
    federation.stops_and_gets_a_clock("US-TN").await;
    let tn = federation.agency("US-TN");
    tn.starts().await;
    doubts(&federation, "US-TN").await;
    let verdict = federation.employer_at("US-TN").verifies(&badge).await;
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
    // A person vouches for it, with one command; and with another for the store, for nobody is there to tell how far its log reaches.
    let shown = tn.comity(&["clock", "show"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.stderr);
    let accepted = tn.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    let accepted = tn.comity(&["store", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    is_ready(&federation, "US-TN").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_runs_ahead_in_small_steps_is_in_doubt() {
    let TeacherScenario { mut federation, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    // Nobody is there to tell it.
    for id in ["US-SC", "US-NC"] {
        federation.agency(id).stops().await;
    }
    for wrong_by in [100, 200, 290] {
        clock.set_wrong_by(wrong_by);
        federation.agency("US-TN").signs_by(clock.now()).await;
    }
    clock.set_wrong_by(390);
    doubts(&federation, "US-TN").await;
    let tn = federation.agency("US-TN");
    let accepted = tn.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    is_ready(&federation, "US-TN").await;
}

/// Its peers sign every five minutes; who meets it signs at once, so that it need not wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_with_a_clock_that_is_ahead_finds_it_when_it_meets_its_peers() {
    let rhythm = ExchangeIntervals {
        heartbeat_every: 300,
        ..RHYTHM
    };
    let TeacherScenario {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(rhythm).await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    let tn = federation.agency("US-TN");
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    tn.stops().await;
    // The others sign once more, and it comes back at once.
    federation.clock().advance_minutes(6);
    for id in ["US-SC", "US-NC"] {
        federation
            .agency(id)
            .signs_by(federation.clock().now().plus_seconds(-60))
            .await;
    }
    clock.advance(3 * DAY);
    tn.starts().await;
    eventually("it says that its clock is ahead", async || {
        let reply = tn.employer().reads("/readyz").await;
        let text = reply.text();
        match text.contains("behind it") {
            true => Ok(()),
            false => Err(text),
        }
    })
    .await;
    tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    // It signed nothing: when it is right again, it starts as if nothing had been.
    tn.stops().await;
    clock.advance(6 * 60 - 3 * DAY);
    tn.starts().await;
    is_ready(&federation, "US-TN").await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

/// One peer of two is all that it can ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_with_a_clock_that_is_ahead_finds_it_by_one_peer() {
    let rhythm = ExchangeIntervals {
        heartbeat_every: 300,
        ..RHYTHM
    };
    let TeacherScenario {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(rhythm).await;
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::Accepted)
        .await;
    federation.agency("US-NC").stops().await;
    federation.stops_and_gets_a_clock("US-TN").await.advance(3 * DAY);
    let tn = federation.agency("US-TN");
    tn.starts().await;
    eventually("it says that its clock is ahead", async || {
        let text = tn.employer().reads("/readyz").await.text();
        match text.contains("the one peer that it can be compared with is 3 days behind it") {
            true => Ok(()),
            false => Err(text),
        }
    })
    .await;
    tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    // The clock was right, says its operator: the peer alone is no reason to doubt it again.
    let accepted = tn.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    // And its store holds all, though one of its peers is away.
    let accepted = tn.comity(&["store", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    is_ready(&federation, "US-TN").await;
}

/// The clocks of all were a day ahead, and everybody believed what the others signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_dated_ahead_hides_no_silence_once_the_clock_is_right() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let clock = federation.clock();
    let all = ["US-SC", "US-NC", "US-TN"].map(|id| federation.agency(id));
    let [sc, nc, tn] = all;
    for agency in all {
        agency.stops().await;
    }
    clock.advance(1);
    for agency in all {
        agency.starts().await;
    }
    for id in ["US-SC", "US-NC", "US-TN"] {
        federation.agency(id).signs_by(clock.now().plus_seconds(-60)).await;
    }
    for agency in all {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    for agency in all {
        agency.stops().await;
    }
    clock.advance(-1);
    for agency in [nc, tn] {
        agency.starts().await;
        doubts(&federation, agency.id().as_str()).await;
        let accepted = agency.comity(&["clock", "accept", "--yes"]).await;
        assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    }
    // One of the two that hold the log of each is away.
    for agency in [nc, tn] {
        let accepted = agency.comity(&["store", "accept", "--yes"]).await;
        assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    }
    for agency in [nc, tn] {
        is_ready(&federation, agency.id().as_str()).await;
        agency.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
        // Nor after a restart: it is forgotten on disk.
        agency.signs_by(clock.now().plus_seconds(-60)).await;
        agency.stops().await;
        agency.starts().await;
        is_ready(&federation, agency.id().as_str()).await;
        agency.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    }
    // It comes back, in the right time: it is heard at once.
    sc.starts().await;
    doubts(&federation, "US-SC").await;
    let accepted = sc.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    for agency in [nc, tn] {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_with_a_clock_that_is_behind_calls_no_good_badge_invalid() {
    let TeacherScenario {
        mut federation,
        badge,
        issuer,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let revoked = federation.agency("US-SC").issues(&issuer, "Robin Vale").await;
    federation
        .agency("US-SC")
        .revokes(&revoked, StatusReason::IssuedInError)
        .await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    let tn = federation.agency("US-TN");
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    for wrong_by in [-5400, -300 * DAY] {
        tn.stops().await;
        clock.set_wrong_by(wrong_by);
        clock.accept();
        tn.starts().await;
        doubts(&federation, "US-TN").await;
        let verdict = federation.employer_at("US-TN").verifies(&badge).await;
        assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
        let failed = verdict.findings.iter().filter(|f| f.outcome == CheckOutcome::Failed);
        assert_eq!(failed.count(), 0, "{verdict:#?}");
        assert!(verdict.sentence.contains("clock is in doubt"), "{}", verdict.sentence);
        let verdict = federation.employer_at("US-TN").verifies(&revoked).await;
        assert_eq!(verdict.verdict, VerdictKind::NotValid, "{verdict:#?}");
        assert!(verdict.sentence.contains("revoked"), "{}", verdict.sentence);
    }
    tn.stops().await;
    clock.set_wrong_by(0);
    clock.accept();
    tn.starts().await;
    is_ready(&federation, "US-TN").await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}
