//! A node's database is succeeded by one that is older, as by a standby that lagged: what the node acknowledged is gone from it.
//! It notices, calls nothing good that rests on that, and takes it in again from a peer. Promises 1 and 2.

use std::{process::Command, time::Duration};

use node::config::Config;
use registry_schema::{StatusReason, StatusState, VerdictKind};
use storage::DriverMutant;
use tests::{
    AgencyProcess, ExchangeIntervals, Federation, IssuedBadge, PostgresServer, Program, StoreBackend, TestAgency,
    VerdictAssertions as _, eventually, http, postgres::ShutdownMode, wire::PostgresProxy,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// A server that is as this one is now, and from now on its own.
async fn copy_of(server: &PostgresServer) -> PostgresServer {
    let copy = PostgresServer::standby_of(server).await;
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
    let server = PostgresServer::start();
    let wire = PostgresProxy::to(server.port()).await;
    let url = server.gains_a_database("home", wire.port());
    let databases = |id: &str| (id == "US-SC").then(|| url.clone());
    let federation = Federation::start_in(&["US-SC", "US-TN"], OFTEN, StoreBackend::Sqlite, &databases).await;
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

    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    tn.stops().await;
    wire.leads_to(older.port());
    server.stops(ShutdownMode::Fast);
    let verdict = async || {
        let request = http::client().post(format!("{}/v1/verifications", sc.url()));
        let reply = http::try_send(request.body(revoked.bytes())).await?;
        let kind = (reply.status == 200).then(|| reply.json::<registry_schema::Verdict>().verdict);
        assert_ne!(kind, Some(VerdictKind::Accepted), "{}", reply.text());
        Ok::<_, String>(kind)
    };
    // While it looks around, while it follows, and while nobody can give back what is gone.
    // The registry of before, in which it is revoked, answers until the lists are made again from what is there.
    eventually(
        "it says that its database is older, and knows no more of the badge",
        async || {
            let kind = verdict().await?;
            let reply = http::try_send(http::client().get(format!("{}/readyz", sc.url()))).await?;
            match (reply.status, reply.text(), kind) {
                (503, text, Some(VerdictKind::CouldNotCheck)) if text.contains("older than it was") => Ok(()),
                (is, text, kind) => Err(format!("{is} {text} {kind:?}")),
            }
        },
    )
    .await;
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

/// Keeps all rows of a SQLite store beside themselves, or sets them back to that.
const SCRIPT: &str = r"
import sqlite3, sys
file, act = sys.argv[1:]
db = sqlite3.connect(file, timeout=20, isolation_level=None)
db.execute('BEGIN IMMEDIATE')
names = [row[0] for row in db.execute('SELECT name FROM sqlite_master WHERE type = ?', ('table',))]
for name in names:
    if name.startswith(('sqlite_', 'kept_', '_sqlx')):
        continue
    if act == 'keep':
        db.execute(f'CREATE TABLE kept_{name} AS SELECT * FROM {name}')
    else:
        db.execute(f'DELETE FROM {name}')
        db.execute(f'INSERT INTO {name} SELECT * FROM kept_{name}')
db.execute('COMMIT')
";

/// The same in PostgreSQL.
const STATEMENTS: [(&str, &str); 2] = [
    (
        "keep",
        "CREATE SCHEMA kept; DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
         LOOP EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name); END LOOP; END $$",
    ),
    (
        "set back",
        "SET session_replication_role = replica; DO $$ DECLARE name text; BEGIN LOCK TABLE public.lease;
         FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
         LOOP EXECUTE format('DELETE FROM public.%1$I', name);
         EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%1$I', name); END LOOP; END $$",
    ),
];

/// Does this to the rows of an agency's store, beneath the process that writes to it.
fn does(agency: &TestAgency, act: &str) {
    let config = Config::load(agency.data()).expect("a configuration");
    let output = match &config.database {
        None => Command::new("python3")
            .args(["-c", SCRIPT])
            .arg(agency.data().join("registry.sqlite"))
            .arg(act)
            .output(),
        Some(url) => {
            let (_, sql) = STATEMENTS.iter().find(|(name, _)| *name == act).expect("an act");
            Command::new("psql")
                .args([url.as_str(), "-1qv", "ON_ERROR_STOP=1", "-c", sql])
                .output()
        }
    };
    let output = output.expect("it runs");
    assert!(
        output.status.success(),
        "{act}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Two agencies; the first one's rows are set back beneath it to before a badge was revoked, and the second is away.
struct RollbackScenario {
    federation: Federation,
    kept: IssuedBadge,
    revoked: IssuedBadge,
}

impl RollbackScenario {
    async fn begin(keeping: StoreBackend, mutant: Option<DriverMutant>) -> Self {
        let federation = Federation::start_on(&["US-SC", "US-TN"], OFTEN, keeping).await;
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
        sc.faults().await.mutate(mutant);
        does(sc, "keep");
        sc.revokes(&revoked, StatusReason::IssuedInError).await;
        federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
        tn.stops().await;
        does(sc, "set back");
        Self {
            federation,
            kept,
            revoked,
        }
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    /// Returns its node's verdict on the revoked badge.
    async fn verdict(&self) -> VerdictKind {
        self.sc().employer().verifies(&self.revoked).await.verdict
    }

    /// Returns true if a write is acknowledged while nobody can give back what is gone.
    async fn acknowledges(&self) -> bool {
        let reason = StatusReason::IssuedInError;
        let write = self
            .sc()
            .tries_to_change(self.kept.code(), StatusState::Suspended, reason);
        // One that waits for a peer is not answered.
        let reply = tokio::time::timeout(Duration::from_secs(3), write).await;
        reply.is_ok_and(|reply| reply.status == 201)
    }

    async fn is_noticed(keeping: StoreBackend) {
        let this = Self::begin(keeping, None).await;
        assert!(!this.acknowledges().await, "nothing is written on what is older");
        eventually("it says that its database is older", async || {
            assert_ne!(this.verdict().await, VerdictKind::Accepted);
            let reply = this.sc().employer().reads("/readyz").await;
            match (reply.status, reply.text()) {
                (503, text) if text.contains("older than it was") => Ok(()),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
        eventually("it calls nothing good", async || match this.verdict().await {
            VerdictKind::CouldNotCheck => Ok(()),
            VerdictKind::Accepted => panic!("a false green"),
            other => Err(format!("{other:?}")),
        })
        .await;
        this.federation.agency("US-TN").starts().await;
        eventually("the revocation is here again", async || match this.verdict().await {
            VerdictKind::NotValid => Ok(()),
            VerdictKind::Accepted => panic!("a false green"),
            other => Err(format!("{other:?}")),
        })
        .await;
        eventually("it is ready", async || {
            let reply = this.sc().employer().reads("/readyz").await;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
        this.federation.meets().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_sqlite_that_are_set_back_beneath_a_running_node_are_missed_at_its_next_write() {
    RollbackScenario::is_noticed(StoreBackend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_postgresql_that_are_set_back_beneath_a_running_node_are_missed_at_its_next_write() {
    RollbackScenario::is_noticed(StoreBackend::Postgres).await;
}

/// One process wrote, the other followed; the database goes back to before a badge was revoked, and the one that wrote is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_followed_remembers_what_it_saw_when_it_takes_over_an_older_database() {
    let federation = Federation::start_on(&["US-SC", "US-TN"], OFTEN, StoreBackend::Postgres).await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    for agency in [sc, tn] {
        agency.recognizes(&issuer).await;
    }
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation.awaits(tn, &revoked, VerdictKind::Accepted).await;
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 2).await;
    let holder = AgencyProcess::holder(&processes).await;
    does(sc, "keep");
    let mut writer = processes.remove(holder);
    let change = serde_json::json!({"status": "revoked", "reason": "issued_in_error"});
    let path = format!("/v1/credentials/{}/status-entries", revoked.code().compact());
    let written = writer.asks(reqwest::Method::POST, &path, Some(&change)).await;
    written.expect("an answer").with_status(201);
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    tn.stops().await;
    let mut follower = processes.remove(0);
    let verdict = async |url: &str| tests::Employer::at(url).verifies(&revoked).await.verdict;
    eventually("who follows has it too", async || match verdict(follower.url()).await {
        VerdictKind::NotValid => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    writer.program.is_killed().await;
    does(sc, "set back");
    let url = follower.url().to_owned();
    eventually("it takes over, and calls nothing good", async || {
        match (verdict(&url).await, follower.is_holder().await?) {
            (VerdictKind::Accepted, _) => panic!("a false green"),
            (VerdictKind::CouldNotCheck, true) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    follower.says(503, "older than it was").await;
    tn.starts().await;
    eventually("the revocation is here again", async || match verdict(&url).await {
        VerdictKind::NotValid => Ok(()),
        VerdictKind::Accepted => panic!("a false green"),
        other => Err(format!("{other:?}")),
    })
    .await;
    follower.says(200, "ready").await;
}

/// The scenarios above can fail: they find a driver whose writes do not expect the count to have gone on.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_trusts_the_count_is_found() {
    for keeping in [StoreBackend::Sqlite, StoreBackend::Postgres] {
        let this = RollbackScenario::begin(keeping, Some(DriverMutant::TrustsTheCount)).await;
        assert!(this.acknowledges().await, "it writes on what is older");
        this.sc().employer().reads("/readyz").await.with_status(200);
    }
}

/// And one that forgets what was on disk when its replica is made again.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_forgets_durable_heads_is_found() {
    for keeping in [StoreBackend::Sqlite, StoreBackend::Postgres] {
        let this = RollbackScenario::begin(keeping, Some(DriverMutant::ForgetsDurableHeads)).await;
        eventually("a false green", async || match this.verdict().await {
            VerdictKind::Accepted => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
}
