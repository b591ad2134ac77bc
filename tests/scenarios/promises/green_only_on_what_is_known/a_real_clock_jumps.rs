//! The clock of a real node's machine jumps, forwards and back, while the node runs and while it is stopped; at the home and
//! at who verifies. Nothing is green that is not, nobody is "not heard from" for longer than it is silent, and where an
//! operator's word is needed, one command gives it. Promise 2.
//!
//! As `the_clock_is_a_witness`, with the system's clock itself: `libfaketime` stands between the program and the time of day.

use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, Program, TeacherScenario, TestAgency, chance,
    deeds::{OperatorClient, WriteKind, WriteOutcome},
    eventually,
    fake_time::FakeTime,
    http,
    oracle::tables,
    witness::{ClientCrowd, WitnessRecord},
};

const DAY: i64 = 86_400;

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3600,
    exchange_every: 1,
};

/// A clock for a node; none, where it cannot be had.
fn fake_time() -> Option<FakeTime> {
    match FakeTime::new() {
        Ok(time) => Some(time),
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    }
}

/// Starts an agency's stopped node on this clock; it may not be ready.
async fn starts_on(agency: &TestAgency, time: &FakeTime) -> Program {
    let data = agency.data().to_str().expect("a path in Unicode");
    let mut program = Program::comityd_in(["run", "--data", data], &time.environment());
    eventually("the node answers", async || {
        assert!(program.ended().is_none(), "{}", program.said());
        match http::try_send(http::client().get(format!("{}/v1/clock", agency.url()))).await {
            Ok(reply) if reply.status == 200 => Ok(()),
            Ok(reply) => Err(reply.text()),
            Err(error) => Err(error),
        }
    })
    .await;
    program
}

async fn is_said(agency: &TestAgency, status: u16, words: &str) {
    eventually(&format!("{} says {status}, {words}", agency.id()), async || {
        let reply = http::try_send(http::client().get(format!("{}/readyz", agency.url()))).await?;
        match reply.status == status && reply.text().contains(words) {
            true => Ok(()),
            false => Err(reply.text()),
        }
    })
    .await;
}

async fn doubts(agency: &TestAgency) {
    is_said(agency, 503, "clock is in doubt").await;
}

/// An operator looks at the clock, and vouches for it.
async fn is_vouched_for(agency: &TestAgency) {
    let shown = agency.comity(&["clock", "show"]).await;
    assert_eq!(shown.code, Some(3), "in doubt: {shown:?}");
    let accepted = agency.comity(&["clock", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    is_said(agency, 200, "ready").await;
    let shown = agency.comity(&["clock", "show"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

/// Waits until a node says something of its clock that lasts; where it is in doubt, somebody vouches for it.
async fn is_settled(agency: &TestAgency) {
    let signed = eventually("it says whether it signed ahead", async || {
        let reply = http::try_send(http::client().get(format!("{}/readyz", agency.url()))).await?;
        match (reply.status, reply.text()) {
            (200, _) => Ok(false),
            (_, text) if text.contains("what was signed before") => Ok(true),
            (_, text) => Err(text),
        }
    })
    .await;
    if signed {
        is_vouched_for(agency).await;
    }
}

async fn ends(program: Program) {
    program.is_interrupted().await;
    let (code, said) = program.ends().await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_homes_clock_jumps_and_nothing_is_dated_by_it() {
    let Some(time) = fake_time() else { return };
    let mut rng = chance::seeded("the_homes_clock_jumps");
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let [sc, tn, nc] = ["US-SC", "US-TN", "US-NC"].map(|id| federation.agency(id));
    sc.stops().await;
    let mut program = starts_on(sc, &time).await;
    is_said(sc, 200, "ready").await;
    let record = WitnessRecord::default();
    for (number, wrong_by) in [2 * DAY, -2 * DAY, 2 * DAY].into_iter().enumerate() {
        let operator = OperatorClient::new(sc, &issuer, &format!("Blake {number}"), StdRng::from_rng(&mut rng));
        let crowd = ClientCrowd::gathers(&record, operator, &[sc, tn]);
        eventually("somebody is at work", async || {
            let acts = record.acts();
            let done = acts
                .iter()
                .filter(|act| act.told == WriteOutcome::Done && act.deed.kind == WriteKind::Revoke);
            if done.count() >= 1 {
                Ok(())
            } else {
                Err(record.in_words())
            }
        })
        .await;
        time.is_wrong_by(wrong_by);
        doubts(sc).await;
        federation.awaits(sc, &badge, VerdictKind::CouldNotCheck).await;
        let refused = sc
            .tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative)
            .await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        time.is_wrong_by(0);
        is_said(sc, 200, "ready").await;
        crowd.parts().await;
        for agency in [sc, tn, nc] {
            federation.awaits(agency, &badge, VerdictKind::Accepted).await;
        }
    }
    // Now while it is stopped: it starts in a wrong time, and then in the right one.
    for wrong_by in [2 * DAY, -2 * DAY] {
        ends(program).await;
        time.is_wrong_by(wrong_by);
        program = starts_on(sc, &time).await;
        doubts(sc).await;
        let verdict = sc.employer().verifies(&badge).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
        ends(program).await;
        time.is_wrong_by(0);
        program = starts_on(sc, &time).await;
        // What it signed before the others told it is dated ahead; then somebody vouches for the clock.
        if wrong_by > 0 {
            is_settled(sc).await;
        }
        is_said(sc, 200, "ready").await;
        for agency in [sc, tn, nc] {
            federation.awaits(agency, &badge, VerdictKind::Accepted).await;
        }
    }
    let wrong = record.contradictions(&sc.on_disk(sc.genesis()).await, &tables(sc));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{}", record.in_words());
    // Nothing is dated ahead: what is revoked now is heard by all at once.
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    for agency in [sc, tn, nc] {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
    }
    ends(program).await;
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_was_alone_in_a_wrong_time_is_heard_again_after_one_command() {
    let Some(time) = fake_time() else { return };
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(RHYTHM).await;
    let [sc, tn, nc] = ["US-SC", "US-TN", "US-NC"].map(|id| federation.agency(id));
    // Nobody is there to tell it: it believes its clock, and signs by it once its operator vouches for its store.
    for agency in [sc, tn, nc] {
        agency.stops().await;
    }
    time.is_wrong_by(2 * DAY);
    let program = starts_on(sc, &time).await;
    let vouched = sc.comity(&["--yes", "store", "accept"]).await;
    assert_eq!(vouched.code, Some(0), "{vouched:?}");
    eventually("it signed by the wrong time", async || {
        let beats = sc.employer().reads("/v1/heartbeats").await.value();
        let own = beats
            .as_array()
            .and_then(|all| all.iter().find(|one| one["agency"] == "US-SC"));
        let issued = own
            .and_then(|own| own["writers"][0]["counted"]["issued"].as_str())
            .unwrap_or_default();
        let due = registry_schema::Timestamp(tests::deeds::now()).plus_seconds(DAY);
        match issued.parse::<registry_schema::Timestamp>() {
            Ok(at) if at >= due => Ok(()),
            _ => Err(beats.to_string()),
        }
    })
    .await;
    ends(program).await;
    time.is_wrong_by(0);
    for agency in [tn, nc] {
        agency.starts().await;
    }
    let program = starts_on(sc, &time).await;
    doubts(sc).await;
    is_vouched_for(sc).await;
    for agency in [sc, tn, nc] {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    for agency in [tn, nc] {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
    }
    ends(program).await;
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifiers_clock_that_is_set_back_revives_no_silent_agency() {
    const SHORT: i64 = 12;
    let Some(time) = fake_time() else { return };
    let rhythm = ExchangeIntervals {
        heartbeat_term: u32::try_from(SHORT).expect("a number"),
        ..RHYTHM
    };
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(rhythm).await;
    let [sc, tn, nc] = ["US-SC", "US-TN", "US-NC"].map(|id| federation.agency(id));
    tn.stops().await;
    let program = starts_on(tn, &time).await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    sc.stops().await;
    federation.awaits(tn, &badge, VerdictKind::CouldNotCheck).await;
    let stays_silent = async || {
        for _ in 0..5 {
            let verdict = tn.employer().verifies(&badge).await;
            assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
        }
    };
    // While it runs.
    time.is_wrong_by(-3600);
    doubts(tn).await;
    stays_silent().await;
    time.is_wrong_by(0);
    is_said(tn, 200, "ready").await;
    stays_silent().await;
    // While it is stopped.
    ends(program).await;
    time.is_wrong_by(-3600);
    let program = starts_on(tn, &time).await;
    doubts(tn).await;
    stays_silent().await;
    ends(program).await;
    time.is_wrong_by(0);
    let program = starts_on(tn, &time).await;
    is_said(tn, 200, "ready").await;
    stays_silent().await;
    // Ahead, and back: whoever speaks is heard.
    time.is_wrong_by(2 * DAY);
    doubts(tn).await;
    time.is_wrong_by(0);
    is_said(tn, 200, "ready").await;
    sc.starts().await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    ends(program).await;
    tn.starts().await;
    federation.meets().await;
    federation.audit().await;
}
