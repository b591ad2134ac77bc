//! Trouble with one agency here is on disk and is told: a restart lifts no quarantine, forgets no deferral, and never
//! makes a badge green whose revocation is known from what is not taken in. Promises 2 and 7.

use node::config::Config;
use registry_schema::{StatusReason, VerdictKind};
use serde_json::Value;
use tests::{
    ExchangeIntervals, Federation, StoreBackend, TeacherScenario, TestAgency, VerdictAssertions as _, eventually,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 2,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

async fn scene_on(keeping: StoreBackend) -> TeacherScenario {
    let federation = Federation::start_on(&["US-NC", "US-SC", "US-TN"], OFTEN, keeping).await;
    federation.gains_a_badge().await
}

async fn told_of_sc(at: &TestAgency) -> Value {
    let peers: Vec<Value> = at.employer().reads("/v1/peers").await.with_status(200).json();
    let sc = peers.into_iter().find(|peer| peer["agency"] == "US-SC");
    sc.expect("South Carolina is a peer")
}

/// Sets how many entries of any other agency's lists a node takes in.
async fn takes_in(agency: &TestAgency, entries: u32) {
    let mut config = Config::load(agency.data()).expect("a configuration");
    config.quota.entries = entries;
    config.save(agency.data()).expect("a configuration is written");
}

async fn cut_off(federation: &Federation, is_cut: bool) {
    for other in ["US-NC", "US-SC"] {
        let link = federation.link("US-TN", other);
        if is_cut { link.cut().await } else { link.heal().await }
    }
}

/// Asks for `comity status`; gives what it says, in one line, and its exit code.
async fn status(agency: &TestAgency) -> (String, Option<i32>) {
    let status = agency.comity(&["status"]).await;
    (in_one_line(&status.stdout), status.code)
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Starts it where nobody can tell it how far its own log reaches, and vouches for its store.
async fn starts_alone(agency: &TestAgency) {
    agency.starts().await;
    let accepted = agency.comity(&["store", "accept", "--yes"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
}

async fn is_well(agency: &TestAgency) {
    eventually("its status is good again", async || match status(agency).await {
        (_, Some(0)) => Ok(()),
        (said, code) => Err(format!("{code:?}: {said}")),
    })
    .await;
}

async fn a_deferred_revocation_is_known_after_a_restart(keeping: StoreBackend) {
    let TeacherScenario { federation, badge, .. } = scene_on(keeping).await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    tn.stops().await;
    takes_in(tn, 1).await;
    tn.starts().await;
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    let deferred = told_of_sc(tn).await["deferred"].clone();
    assert!(
        deferred["why"].as_str().is_some_and(|why| why.contains("entries")),
        "{deferred}"
    );
    let (said, code) = status(tn).await;
    assert!(
        said.contains("more of US-SC is known to exist than this node takes in"),
        "{said}"
    );
    assert_eq!(code, Some(3), "{said}");
    let listed = tn.comity(&["peer", "list"]).await;
    assert!(listed.stdout.contains("(deferred)"), "{}", listed.stdout);
    let shown = in_one_line(&tn.comity(&["peer", "show", "US-SC"]).await.stdout);
    assert!(
        shown.contains("as many entries as this node keeps of one agency"),
        "{shown}"
    );
    let page = tn.employer().reads("/agencies").await.with_status(200).text();
    assert!(page.contains("More of it is known to exist"), "{page}");

    // Nobody tells it again.
    tn.stops().await;
    cut_off(&federation, true).await;
    starts_alone(tn).await;
    tn.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    assert_eq!(told_of_sc(tn).await["deferred"], deferred);
    let (said, code) = status(tn).await;
    assert!(said.contains("more of US-SC is known to exist"), "{said}");
    assert_eq!(code, Some(6), "nobody is connected: {said}");

    // With room for it, it is taken in, and that is all.
    tn.stops().await;
    takes_in(tn, 4_000_000).await;
    cut_off(&federation, false).await;
    tn.starts().await;
    is_well(tn).await;
    assert_eq!(told_of_sc(tn).await["deferred"], Value::Null);
    tn.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_revocation_is_known_after_a_restart_on_sqlite() {
    a_deferred_revocation_is_known_after_a_restart(StoreBackend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_revocation_is_known_after_a_restart_on_postgresql() {
    a_deferred_revocation_is_known_after_a_restart(StoreBackend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_outlives_restarts_and_ends_when_peers_gave_back_what_was_damaged() {
    let TeacherScenario { federation, badge, .. } = scene_on(StoreBackend::Sqlite).await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    tn.stops().await;
    super::damage_is_one_agencys::flips(tn, "envelopes", "bytes", sc, 0.5);
    cut_off(&federation, true).await;
    starts_alone(tn).await;
    let quarantined = told_of_sc(tn).await["quarantined"].clone();
    assert!(
        quarantined["why"].as_str().is_some_and(|why| why.contains("damaged")),
        "{quarantined}"
    );
    for _ in 0..2 {
        assert_eq!(told_of_sc(tn).await["quarantined"], quarantined);
        let verdict = tn.employer().verifies(&badge).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
        let (said, code) = status(tn).await;
        assert!(said.contains("US-SC is in quarantine"), "{said}");
        assert_eq!(code, Some(7), "{said}");
        let listed = tn.comity(&["peer", "list"]).await;
        assert!(listed.stdout.contains("(quarantine)"), "{}", listed.stdout);
        let page = tn.employer().reads("/agencies").await.with_status(200).text();
        assert!(page.contains("In quarantine here since"), "{page}");
        // One agency's quarantine leaves the node ready.
        tn.employer().reads("/readyz").await.with_status(200);
        tn.stops().await;
        starts_alone(tn).await;
    }
    cut_off(&federation, false).await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    is_well(tn).await;
    assert_eq!(told_of_sc(tn).await["quarantined"], Value::Null);
    assert_eq!(tn.audited("agency.released").await, 1);
    federation.audit().await;
}
