//! Acts that were acknowledged survive power cuts that take what was not synced, and any number of kills.
//!
//! `COMITY_ROUNDS=n` runs longer; `tests/campaign faults N` does that with a new seed.

use std::{collections::BTreeSet, time::Duration};

use node::config::Config;
use protocol::{Put, status_list};
use rand::{RngExt as _, rngs::StdRng};
use registry_schema::{Issuer, StatusChange, StatusReason};
use reqwest::Method;
use serde_json::json;
use storage::Store;
use tests::{
    ExchangeIntervals, Federation, IssuedBadge, Program, StoreBackend, TeacherScenario, TestAgency,
    audit::{self, AcknowledgedPut, NodeHolding},
    chance, http,
    power_cut::{PowerCutDisk, PowerCutLoss},
};
use tokio::sync::mpsc;

const WRITERS: usize = 3;

fn rounds() -> usize {
    let rounds = std::env::var("COMITY_ROUNDS").ok();
    rounds.map_or(3, |rounds| rounds.parse().expect("COMITY_ROUNDS is a number"))
}

/// An act of which an operator was told that it is done.
#[derive(Debug)]
enum CompletedAct {
    Issued(IssuedBadge),
    Revoked(IssuedBadge, StatusChange),
}

/// Issues and revokes at an agency's node, some at a time, and kills it in the midst of that: after so many answers, and
/// then some time.
async fn writes_until_killed(
    agency: &TestAgency,
    issuer: &Issuer,
    mut program: Program,
    answers: usize,
    later: Duration,
) -> Vec<CompletedAct> {
    let (told, mut telling) = mpsc::unbounded_channel();
    let mut writing = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (told, url, token) = (told.clone(), agency.url().to_owned(), agency.token().to_owned());
        let body =
            json!({"issuer": issuer.id, "subject": "Riley Brooks", "achievement": {"name": "Formative Assessment"}});
        writing.spawn(async move {
            let post = async |path: &str, body: &serde_json::Value| {
                let request = http::client().request(Method::POST, format!("{url}{path}"));
                http::try_send(request.bearer_auth(&token).json(body)).await
            };
            while let Ok(reply) = post("/v1/credentials", &body).await {
                let badge: IssuedBadge = reply.with_status(201).json();
                let _ = told.send(CompletedAct::Issued(badge.clone()));
                let path = format!("/v1/credentials/{}/status-entries", badge.code().compact());
                let Ok(reply) = post(&path, &json!({"status": "revoked", "reason": "superseded"})).await else {
                    return;
                };
                let change = reply.with_status(201).value()["change"].clone();
                let change = serde_json::from_value(change).expect("a change");
                let _ = told.send(CompletedAct::Revoked(badge, change));
            }
        });
    }
    drop(told);
    let mut done = Vec::new();
    while let Some(one) = telling.recv().await {
        done.push(one);
        if done.len() == answers {
            // Whatever comes next may be cut off: not only what a node does right after an answer.
            tokio::time::sleep(later).await;
            program.is_killed().await;
        }
    }
    while let Some(ended) = writing.join_next().await {
        ended.expect("a writer is answered or cut off");
    }
    assert!(done.len() >= answers, "the program died by itself: {}", program.said());
    done
}

fn put(badge: &IssuedBadge, change: &StatusChange) -> Put {
    let (list, index) = badge.slot();
    status_list::revoke(list, index, StatusReason::Superseded, change.at)
}

/// Lists what is wrong in the store of a node that is stopped: what was acknowledged and is not there, and what does not
/// follow.
async fn wrong_in_store(agency: &TestAgency, done: &[CompletedAct]) -> Vec<String> {
    let config = Config::load(agency.data()).expect("a configuration");
    // A copy, if it is files: opening them mends what the node itself is to mend at its start.
    let copy = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(agency.data()).expect("a data directory") {
        let file = file.expect("a file");
        if file.path().is_file() {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("a copy");
        }
    }
    let store = match Store::open(copy.path(), config.postgres().expect("a database").as_ref()).await {
        Ok(store) => store,
        Err(error) => return vec![format!("the store does not open: {error:#}")],
    };
    let holdings = NodeHolding::of(agency.id(), &store, None).await;
    let log = store.load_log().await.expect("a store that can be read");
    let known: BTreeSet<_> = log.key_logs.iter().map(protocol::KeyLog::genesis).collect();
    let strangers = log
        .envelopes
        .iter()
        .filter(|(agency, _)| !known.contains(agency))
        .count();
    let beats = log
        .heartbeats
        .iter()
        .filter(|(agency, _)| !known.contains(agency))
        .count();
    let mut acknowledged = Vec::new();
    let mut wrong = Vec::new();
    if strangers + beats > 0 {
        wrong.push(format!(
            "{strangers} envelopes and {beats} heartbeats are of agencies whose key log is gone"
        ));
    }
    for one in done {
        match one {
            CompletedAct::Issued(badge) => match store.badge(&badge.credential.id).await {
                Ok(Some(document)) if serde_json::from_str(&document).ok().as_ref() == Some(&badge.document) => {}
                other => wrong.push(format!("{} was issued, and the store says {other:?}", badge.code())),
            },
            CompletedAct::Revoked(badge, change) => acknowledged.push(AcknowledgedPut {
                agency: agency.id().clone(),
                what: format!("{} revoked", badge.code()),
                put: put(badge, change),
            }),
        }
    }
    store.close().await;
    wrong.extend(audit::discrepancies(&holdings, &acknowledged, false));
    wrong
}

/// Rounds of writing and dying; what `dies` does to the stopped node's disk comes between. Gives what was acknowledged.
async fn survives(scene: &TeacherScenario, rng: &mut StdRng, disk: Option<&PowerCutDisk>) -> Vec<CompletedAct> {
    let TeacherScenario { federation, issuer, .. } = scene;
    let sc = federation.agency("US-SC");
    let environment = disk.map(PowerCutDisk::environment).unwrap_or_default();
    let mut done = Vec::new();
    let mut lost = PowerCutLoss::default();
    sc.stops().await;
    for round in 0..rounds() {
        if let Some(disk) = disk {
            disk.all_is_synced();
        }
        let program = sc.starts_program_in(&[], &environment).await;
        // Now and then enough that the log is checkpointed into the database meanwhile.
        let most = if rng.random_bool(0.2) { 200 } else { 20 };
        let answers = rng.random_range(1..=most);
        let later = Duration::from_micros(rng.random_range(0..60_000));
        done.extend(writes_until_killed(sc, issuer, program, answers, later).await);
        if let Some(disk) = disk {
            // Everything that can be lost is, or some of it.
            let survival = [0.0, 0.3, 0.7][rng.random_range(0..3)];
            let taken = disk.power_is_cut(survival, rng);
            lost.unsynced += taken.unsynced;
            lost.lost += taken.lost;
            println!(
                "round {round}: {} acknowledged up to now; of what survives by {survival}: {taken:?}",
                done.len()
            );
        }
        let wrong = wrong_in_store(sc, &done).await;
        assert!(wrong.is_empty(), "round {round}:\n{}", wrong.join("\n"));
    }
    if disk.is_some() && rounds() >= 10 {
        assert!(lost.lost > 0, "no power cut ever found anything unsynced: {lost:?}");
    }
    done
}

/// The node starts again, and the whole federation holds what was acknowledged, in one history.
async fn ends(scene: &TeacherScenario, done: &[CompletedAct]) {
    let federation = &scene.federation;
    let sc = federation.agency("US-SC");
    sc.starts().await;
    federation.meets().await;
    for one in done {
        if let CompletedAct::Revoked(badge, change) = one {
            sc.notes(format!("{} revoked", badge.code()), put(badge, change));
        }
    }
    let slots: BTreeSet<_> = done
        .iter()
        .filter_map(|one| match one {
            CompletedAct::Issued(badge) => Some(badge.slot()),
            CompletedAct::Revoked(..) => None,
        })
        .collect();
    let issued = done.iter().filter(|one| matches!(one, CompletedAct::Issued(_))).count();
    assert_eq!(slots.len(), issued, "a slot was given twice");
    federation.audit().await;
    for agency in federation.agencies() {
        let forks = agency.audited("replication.fork").await;
        assert_eq!(forks, 0, "{} saw two histories", agency.id());
    }
    println!(
        "{} acts were acknowledged in {} rounds; none is lost",
        done.len(),
        rounds()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_take_back_nothing_that_was_acknowledged() {
    let mut rng = chance::seeded("power_cuts_take_back_nothing");
    let scene = Federation::with_a_badge().await;
    let disk = PowerCutDisk::below(scene.federation.agency("US-SC").data());
    let done = survives(&scene, &mut rng, Some(&disk)).await;
    ends(&scene, &done).await;
}

/// The control: the same on a disk whose syncs do nothing. If this lost nothing, the test above would show nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_whose_syncs_do_nothing_loses_what_was_acknowledged() {
    let mut rng = chance::seeded("a_disk_whose_syncs_do_nothing");
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let disk = PowerCutDisk::that_lies_below(sc.data());
    let program = sc.starts_program_in(&[], &disk.environment()).await;
    let done = writes_until_killed(sc, &issuer, program, 8, Duration::ZERO).await;
    assert_eq!(
        wrong_in_store(sc, &done).await,
        Vec::<String>::new(),
        "a kill alone takes nothing"
    );
    let lost = disk.power_is_cut(0.0, &mut rng);
    let wrong = wrong_in_store(sc, &done).await;
    assert!(
        lost.lost > 0 && wrong.len() >= done.len(),
        "{lost:?}, {} acknowledged, lost: {wrong:?}",
        done.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_take_back_nothing_that_was_acknowledged_on_sqlite() {
    let mut rng = chance::seeded("kills_take_back_nothing");
    let scene = Federation::with_a_badge().await;
    let done = survives(&scene, &mut rng, None).await;
    ends(&scene, &done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_take_back_nothing_that_was_acknowledged_on_postgresql() {
    let mut rng = chance::seeded("kills_take_back_nothing");
    let federation = Federation::start_on(
        &["US-NC", "US-SC", "US-TN"],
        ExchangeIntervals::default(),
        StoreBackend::Postgres,
    )
    .await;
    let scene = federation.gains_a_badge().await;
    let sc = scene.federation.agency("US-SC");
    // Alone on its database, it waits for the end of its own lease after each kill.
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.lease_term_seconds = 1;
    config.save(sc.data()).expect("a configuration is written");
    let done = survives(&scene, &mut rng, None).await;
    ends(&scene, &done).await;
}
