//! A node's database is succeeded by one that is older, as by a standby that lagged: what the node acknowledged is gone from it.
//! It notices, calls nothing good that rests on that, and takes it in again from a peer. Promises 1 and 2.

use node::config::Config;
use registry_schema::{Reason, VerdictKind};
use tests::{
    Answer as _, Federation, Keeping, Postgres, Program, Rhythm, eventually, http, postgres::Stop, wire::Wire,
};

const OFTEN: Rhythm = Rhythm {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// A server that is as this one is now, and from now on its own.
async fn copy_of(server: &Postgres) -> Postgres {
    let copy = Postgres::standby_of(server).await;
    copy.is_promoted();
    server.asks("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
    server.asks("postgres", "SELECT pg_reload_conf()");
    copy
}

/// Waits until a node says this of itself.
async fn says(url: &str, program: &mut Program, status: u16, words: &str) {
    let url = format!("{url}/readyz");
    eventually(&format!("it answers {status} with `{words}`"), async || {
        assert!(program.ended().is_none(), "{}", program.said());
        let reply = http::try_send(http::client().get(&url)).await?;
        match (reply.status, reply.text()) {
            (is, text) if is == status && text.contains(words) => Ok(()),
            (is, text) => Err(format!("{is} {text}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_comes_back_older_turns_nothing_green_that_was_revoked_in_it() {
    let server = Postgres::start();
    let wire = Wire::to(server.port()).await;
    let url = server.gains_a_database("home", wire.port());
    let databases = |id: &str| (id == "US-SC").then(|| url.clone());
    let federation = Federation::start_in(&["US-SC", "US-TN"], OFTEN, Keeping::Sqlite, &databases).await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    for agency in [sc, tn] {
        agency.recognizes(&issuer).await;
    }
    let [kept, revoked] = [
        sc.issues(&issuer, "Jordan Avery").await,
        sc.issues(&issuer, "Riley Brooks").await,
    ];
    federation.awaits(tn, &revoked, VerdictKind::Accepted).await;
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.lease_term_seconds = 2;
    config.save(sc.data()).expect("a configuration is written");
    let mut program = sc.starts_program(&[]).await;
    says(sc.url(), &mut program, 200, "ready").await;
    let older = copy_of(&server).await;

    sc.revokes(&revoked, Reason::IssuedInError).await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    tn.stops().await;
    wire.leads_to(older.port());
    server.stops(Stop::Fast);
    let verdict = async || {
        let request = http::client().post(format!("{}/v1/verifications", sc.url()));
        let reply = http::try_send(request.body(revoked.bytes())).await?;
        let kind = (reply.status == 200).then(|| reply.json::<registry_schema::Verdict>().verdict);
        assert_ne!(kind, Some(VerdictKind::Accepted), "{}", reply.text());
        Ok::<_, String>(kind)
    };
    // While it looks around, while it follows, and while nobody can give back what is gone.
    eventually("it says that its database is older", async || {
        verdict().await?;
        let reply = http::try_send(http::client().get(format!("{}/readyz", sc.url()))).await?;
        match (reply.status, reply.text()) {
            (503, text) if text.contains("older than it was") => Ok(()),
            (is, text) => Err(format!("{is} {text}")),
        }
    })
    .await;
    assert_eq!(verdict().await, Ok(Some(VerdictKind::CouldNotCheck)));
    sc.employer().verifies(&kept).await.is(VerdictKind::CouldNotCheck);

    tn.starts().await;
    eventually("the revocation is here again", async || match verdict().await? {
        Some(VerdictKind::NotValid) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    says(sc.url(), &mut program, 200, "ready").await;
    federation.awaits(sc, &kept, VerdictKind::Accepted).await;
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}
