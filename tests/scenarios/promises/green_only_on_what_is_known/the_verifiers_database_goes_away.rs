//! The database of a node that verifies goes away while another agency revokes: whatever it answers then, and right after, is as
//! of a moment before the revocation, or is no acceptance. Promise 2.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use registry_schema::{StatusReason, Timestamp, Verdict, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, IssuedBadge, PostgresServer, Program, StoreBackend, TestAgency, chance, eventually,
    http, postgres::ShutdownMode,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// A verdict, if the node gives one.
async fn verdict(at: &TestAgency, badge: &IssuedBadge) -> Result<Verdict, String> {
    let request = http::client().post(format!("{}/v1/verifications", at.url()));
    let reply = http::try_send(request.body(badge.bytes())).await?;
    if reply.status == 200 {
        Ok(reply.json())
    } else {
        Err(reply.text())
    }
}

/// Asks until the node says `NotValid`; no answer before that is an acceptance as of a moment at which it was not so any more.
async fn is_never_falsely_green(at: &TestAgency, badge: &IssuedBadge, revoked: Timestamp, after: &str) {
    let mut answers = 0;
    eventually(&format!("{after}: the revocation is known"), async || {
        let verdict = verdict(at, badge).await?;
        answers += 1;
        let as_of = verdict.status.fresh_as_of;
        if verdict.verdict == VerdictKind::Accepted {
            let is_old = as_of.is_some_and(|as_of| as_of < revoked);
            assert!(
                is_old,
                "{after}: a false green after {answers} answers: revoked {revoked}, {verdict:#?}"
            );
        }
        match verdict.verdict {
            VerdictKind::NotValid => Ok(()),
            other => Err(format!("{} as of {as_of:?}", other.as_str())),
        }
    })
    .await;
    println!("{after}: {answers} answers");
}

/// Waits until a node says this of itself.
async fn says(at: &TestAgency, program: &mut Program, status: u16) {
    let url = format!("{}/readyz", at.url());
    eventually(&format!("it answers {status}"), async || {
        assert!(program.ended().is_none(), "{}", program.said());
        let reply = http::try_send(http::client().get(&url)).await?;
        if reply.status == status {
            Ok(())
        } else {
            Err(reply.text())
        }
    })
    .await;
}

/// One outage: the server stops, another agency revokes, somebody asks all the time, and the server comes back, or the node is
/// killed meanwhile and starts on what its disk has.
async fn outage(
    federation: &Federation,
    server: &PostgresServer,
    program: &mut Program,
    badge: &IssuedBadge,
    (how, is_killed): (ShutdownMode, bool),
    rng: &mut StdRng,
) {
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let after = format!("{how:?}, killed: {is_killed}");
    federation.awaits(tn, badge, VerdictKind::Accepted).await;
    server.stops(how);
    if rng.random() {
        says(tn, program, 503).await;
    }
    let revoked = sc.revokes(badge, StatusReason::IssuedInError).await.at;
    for _ in 0..rng.random_range(1..60) {
        if let Ok(verdict) = verdict(tn, badge).await
            && verdict.verdict == VerdictKind::Accepted
        {
            let as_of = verdict.status.fresh_as_of;
            assert!(
                as_of.is_some_and(|as_of| as_of < revoked),
                "{after}: a false green: {verdict:#?}"
            );
        }
    }
    if is_killed {
        program.is_killed().await;
        let data = tn.data().to_str().expect("a path in Unicode");
        server.starts();
        *program = Program::comityd(["run", "--data", data]);
    } else {
        says(tn, program, 503).await;
        server.starts();
    }
    is_never_falsely_green(tn, badge, revoked, &after).await;
    says(tn, program, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_that_is_revoked_while_the_verifiers_database_is_away_is_never_accepted_as_of_now() {
    let mut rng = chance::seeded("the_verifiers_database_goes_away");
    let server = PostgresServer::start();
    let url = server.gains_a_database("verifier", server.port());
    let databases = |id: &str| (id == "US-TN").then(|| url.clone());
    let federation = Federation::start_in(&["US-SC", "US-TN"], OFTEN, StoreBackend::Sqlite, &databases).await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    tn.recognizes(&issuer).await;
    tn.stops().await;
    let mut program = tn.starts_program(&[]).await;
    for is_killed in [false, true] {
        for _ in 0..2 {
            let badge = sc.issues(&issuer, "Jordan Avery").await;
            let how = *[ShutdownMode::Fast, ShutdownMode::Immediate]
                .choose(&mut rng)
                .expect("two ways");
            outage(&federation, &server, &mut program, &badge, (how, is_killed), &mut rng).await;
        }
    }
    program.is_killed().await;
    tn.starts().await;
    federation.meets().await;
    federation.audit().await;
}
