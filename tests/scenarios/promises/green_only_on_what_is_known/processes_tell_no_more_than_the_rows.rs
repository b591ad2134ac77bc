//! Of several processes of an agency on one PostgreSQL, those that do not write follow the one that does, and any takes over: on
//! rows that are damaged, with and without a sign, and on a clock that is wrong, none of them calls anything green that is not, and
//! each says why. Promise 2.

use std::process::Command;

use node::config::Config;
use registry_schema::{Issuer, StatusReason, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    AgencyProcess, Employer, ExchangeIntervals, Federation, IssuedBadge, StoreBackend, TeacherScenario, TestAgency,
    VerdictAssertions as _, chance, eventually, fake_time::FakeTime,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// Seconds for which a holder may be silent.
const LEASE_TERM: u32 = 2;

const DAY: i64 = 86_400;

async fn scene() -> TeacherScenario {
    let federation = Federation::start_on(&["US-NC", "US-SC", "US-TN"], OFTEN, StoreBackend::Postgres).await;
    federation.gains_a_badge().await
}

/// Returns what an agency's database answers to a statement, beside all of its processes.
fn asks(agency: &TestAgency, sql: &str) -> String {
    let config = Config::load(agency.data()).expect("a configuration");
    let url = config.database.expect("a database");
    let asked = Command::new("psql")
        .args([&url, "-XAtqc", sql])
        .output()
        .expect("psql runs");
    assert!(
        asked.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&asked.stderr)
    );
    String::from_utf8_lossy(&asked.stdout).trim().to_owned()
}

/// Changes the first byte of a row of an agency's, so that it cannot be read.
fn damages(at: &TestAgency, table: &str, column: &str, whose: &TestAgency) {
    let row = format!(
        "SELECT ctid FROM {table} WHERE agency = '\\x{}' ORDER BY {column} LIMIT 1",
        whose.genesis()
    );
    let sql = format!(
        "UPDATE {table} SET {column} = set_byte({column}, 0, get_byte({column}, 0) # 255) WHERE ctid = ({row}) RETURNING 1"
    );
    assert_eq!(asks(at, &sql), "1", "{table}.{column}");
}

async fn answers(process: &AgencyProcess, badge: &IssuedBadge) -> VerdictKind {
    Employer::at(process.url()).verifies(badge).await.verdict
}

async fn comes_to_answer(process: &AgencyProcess, badge: &IssuedBadge, kind: VerdictKind) {
    eventually(&format!("the process answers {}", kind.as_str()), async || {
        let verdict = Employer::at(process.url()).verifies(badge).await;
        if verdict.verdict == kind {
            Ok(())
        } else {
            Err(format!("{verdict:#?}"))
        }
    })
    .await;
}

/// Returns what keeps South Carolina from being fresh, as a process says.
async fn quarantine_of_sc(process: &AgencyProcess) -> Value {
    let peers = process.asks(Method::GET, "/v1/peers", None).await.expect("an answer");
    let peers: Vec<Value> = peers.with_status(200).json();
    let sc = peers.into_iter().find(|peer| peer["agency"] == "US-SC");
    sc.expect("South Carolina is a peer")["quarantined"].clone()
}

/// Badges of South Carolina at Tennessee, whose node is stopped: one that is good, and one that is revoked.
async fn revoked_one(federation: &Federation, issuer: &Issuer) -> IssuedBadge {
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = sc.issues(issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    revoked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_begins_to_follow_answers_from_the_logs_whatever_became_of_the_rows_beside_them() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let tn = federation.agency("US-TN");
    let revoked = revoked_one(&federation, &issuer).await;
    tn.stops().await;
    let mut holder = AgencyProcess::joins(tn, 0, LEASE_TERM, &[]);
    holder.is_ready().await;
    let whose = format!("agency = '\\x{}'", federation.agency("US-SC").genesis());
    for (number, damage) in [
        "UPDATE entries SET surviving = set_byte(surviving, 0, get_byte(surviving, 0) # 255) WHERE",
        "UPDATE entries SET name = 'x' || name WHERE",
        "UPDATE entries SET document = 'x' || document WHERE",
        "UPDATE entries SET agency = set_byte(agency, 31, get_byte(agency, 31) # 1) WHERE",
        "DELETE FROM entries WHERE",
    ]
    .into_iter()
    .enumerate()
    {
        asks(tn, &format!("{damage} {whose}"));
        let mut follower = AgencyProcess::joins(tn, 1 + number, LEASE_TERM, &[]);
        follower.is_ready().await;
        let said = answers(&follower, &revoked).await;
        assert_ne!(said, VerdictKind::Accepted, "{damage}");
        comes_to_answer(&follower, &badge, VerdictKind::Accepted).await;
        comes_to_answer(&follower, &revoked, VerdictKind::NotValid).await;
        follower.program.is_killed().await;
    }
    // And so does one that takes over.
    let mut taker = AgencyProcess::joins(tn, 9, LEASE_TERM, &[]);
    taker.is_ready().await;
    holder.program.is_killed().await;
    eventually("it takes over", async || match taker.is_holder().await {
        Ok(true) => Ok(()),
        other => {
            assert_ne!(answers(&taker, &revoked).await, VerdictKind::Accepted);
            Err(format!("{other:?}"))
        }
    })
    .await;
    comes_to_answer(&taker, &badge, VerdictKind::Accepted).await;
    comes_to_answer(&taker, &revoked, VerdictKind::NotValid).await;
    taker.program.is_interrupted().await;
    assert_eq!(taker.program.ends().await.0, Some(0));
    let data = tn.data().to_str().expect("a path in Unicode");
    let repaired = tests::program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    assert!(repaired.stdout.contains("which are made again"), "{}", repaired.stdout);
    audits(&federation, "US-TN", vec![]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_meets_a_damaged_log_quarantines_that_agency_and_no_other_and_says_so() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = revoked_one(&federation, &issuer).await;
    let own_issuer = tn.registers("Cumberland Learning Collaborative").await;
    tn.recognizes(&own_issuer).await;
    let own = tn.issues(&own_issuer, "Sam Lee").await;
    tn.stops().await;
    let mut holder = AgencyProcess::joins(tn, 0, LEASE_TERM, &[]);
    holder.is_ready().await;
    for (number, (table, column)) in [("envelopes", "bytes"), ("key_logs", "entries")]
        .into_iter()
        .enumerate()
    {
        damages(tn, table, column, sc);
        let mut follower = AgencyProcess::joins(tn, 1 + number, LEASE_TERM, &[]);
        follower.says(200, "`US-SC` is in quarantine").await;
        let quarantine = quarantine_of_sc(&follower).await;
        let why = quarantine["why"].as_str().expect("a reason");
        assert!(why.contains("cannot be read"), "{table}.{column}: {why}");
        for one in [&badge, &revoked] {
            assert_ne!(answers(&follower, one).await, VerdictKind::Accepted, "{table}.{column}");
        }
        let status = follower.comity(&["status"]).await;
        assert!(status.stdout.contains("US-SC is in quarantine"), "{}", status.stdout);
        assert_eq!(status.code, Some(7), "{}", status.stdout);
        // Of everybody else it answers, and so does the holder of all: what it has was read before that.
        comes_to_answer(&follower, &own, VerdictKind::Accepted).await;
        assert_eq!(answers(&holder, &badge).await, VerdictKind::Accepted);
        assert_eq!(answers(&holder, &revoked).await, VerdictKind::NotValid);
        follower.program.is_killed().await;
    }
    holder.program.is_interrupted().await;
    assert_eq!(holder.program.ends().await.0, Some(0));

    // What cannot be read is taken out, and comes from peers; then a process that follows answers for that agency as well.
    let data = tn.data().to_str().expect("a path in Unicode");
    let repaired = tests::program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    let processes = AgencyProcess::start(tn, 2, LEASE_TERM).await;
    for process in &processes {
        comes_to_answer(process, &badge, VerdictKind::Accepted).await;
        comes_to_answer(process, &revoked, VerdictKind::NotValid).await;
        assert_eq!(quarantine_of_sc(process).await, Value::Null);
    }
    audits(&federation, "US-TN", processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_meets_damage_of_its_own_agencys_log_is_not_ready_and_one_repair_mends_it() {
    let TeacherScenario { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut holder = AgencyProcess::joins(sc, 0, LEASE_TERM, &[]);
    holder.is_ready().await;
    damages(sc, "envelopes", "bytes", sc);
    let mut follower = AgencyProcess::joins(sc, 1, LEASE_TERM, &[]);
    follower.says(503, "`US-SC` is in quarantine").await;
    assert_ne!(answers(&follower, &badge).await, VerdictKind::Accepted);
    assert_eq!(answers(&holder, &badge).await, VerdictKind::Accepted);
    // It goes on by itself once the log is whole again.
    follower.program.is_frozen().await;
    holder.program.is_interrupted().await;
    assert_eq!(holder.program.ends().await.0, Some(0));
    let data = sc.data().to_str().expect("a path in Unicode");
    let repaired = tests::program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    let mut holder = AgencyProcess::joins(sc, 0, LEASE_TERM, &[]);
    holder.is_ready().await;
    follower.program.is_thawed().await;
    follower.says(200, "ready").await;
    comes_to_answer(&follower, &badge, VerdictKind::Accepted).await;
    audits(&federation, "US-SC", vec![holder, follower]).await;
}

/// The lease in a copy of a database is that of a process which is gone: it says nothing of as of when the rows are.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_saw_no_holder_alive_calls_no_badge_of_its_own_agency_good() {
    let TeacherScenario { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut holder = AgencyProcess::joins(sc, 0, 8, &[]);
    holder.is_ready().await;
    holder.program.is_killed().await;
    let mut follower = AgencyProcess::joins(sc, 1, 8, &[]);
    follower.says(503, "own lists are not known").await;
    let mut before = 0;
    eventually("it takes over", async || {
        let said = answers(&follower, &badge).await;
        match follower.is_holder().await {
            Ok(true) => Ok(()),
            other => {
                assert_ne!(said, VerdictKind::Accepted, "after {before} answers");
                before += 1;
                Err(format!("{other:?}"))
            }
        }
    })
    .await;
    assert!(before > 0, "it was asked while it followed");
    comes_to_answer(&follower, &badge, VerdictKind::Accepted).await;
    audits(&federation, "US-SC", vec![follower]).await;
}

/// Ends the processes, starts the agency's node in this one, and looks at everything.
async fn audits(federation: &Federation, id: &str, mut processes: Vec<AgencyProcess>) {
    for process in &mut processes {
        process.program.is_killed().await;
    }
    federation.agency(id).starts().await;
    federation.meets().await;
    federation.audit().await;
}

/// All that an agency's own store has signed by it.
fn signed_by(agency: &TestAgency) -> String {
    let of_it = |table: &str| {
        let genesis = agency.genesis();
        format!("(SELECT string_agg(md5(bytes), ' ' ORDER BY bytes) FROM {table} WHERE agency = '\\x{genesis}')")
    };
    asks(
        agency,
        &format!("SELECT {}, {}", of_it("envelopes"), of_it("heartbeats")),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_takes_over_with_a_clock_that_is_behind_signs_nothing_and_says_why() {
    let time = match FakeTime::new() {
        Ok(time) => time,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut rng = chance::seeded("a_process_that_takes_over_with_a_clock_that_is_behind");
    let wrong_by = rand::RngExt::random_range(&mut rng, -30 * DAY..-600);
    let TeacherScenario { federation, badge, .. } = scene().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    sc.stops().await;
    let mut holder = AgencyProcess::joins(sc, 0, LEASE_TERM, &[]);
    holder.is_ready().await;
    time.is_wrong_by(wrong_by);
    let mut taker = AgencyProcess::joins(sc, 1, LEASE_TERM, &time.environment());
    taker.says(503, "clock is in doubt").await;
    holder.program.is_killed().await;
    let before = signed_by(sc);
    eventually("it takes over", async || match taker.is_holder().await {
        Ok(true) => Ok(()),
        other => {
            assert_ne!(answers(&taker, &badge).await, VerdictKind::Accepted);
            Err(format!("{other:?}"))
        }
    })
    .await;
    taker.says(503, "what was signed before is dated").await;
    let body = json!({"status": "revoked", "reason": "superseded"});
    let path = format!("/v1/credentials/{}/status-entries", badge.code().compact());
    for _ in 0..5 {
        let refused = taker.asks(Method::POST, &path, Some(&body)).await.expect("an answer");
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(answers(&taker, &badge).await, VerdictKind::CouldNotCheck);
        taker.says(503, "clock is in doubt").await;
    }
    assert_eq!(signed_by(sc), before, "wrong by {wrong_by} s");

    // The clock is set right; its peers' clocks confirm that, and it goes on.
    time.is_wrong_by(0);
    taker.says(200, "ready").await;
    comes_to_answer(&taker, &badge, VerdictKind::Accepted).await;
    let reply = taker.asks(Method::POST, &path, Some(&body)).await.expect("an answer");
    reply.with_status(201);
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    tn.employer().verifies(&badge).await.finding("status.revoked");
    audits(&federation, "US-SC", vec![taker]).await;
}
