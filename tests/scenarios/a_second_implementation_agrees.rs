//! Somebody who reads PROTOCOL.md alone comes to the same: a second implementation reads our vectors and our nodes' files,
//! is read by our nodes, and folds what is on their disks to what they answer.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{
    Federation, SecondAgency, TeacherScenario, TestAgency, VerdictAssertions as _, chance, eventually, second,
};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/tests/fixtures/vectors.json");
const STEPS: u32 = 60;
const HISTORIES: u32 = 16;

fn keys(of: &Value) -> BTreeSet<&str> {
    of.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The status lists, issuers and recognitions of an agency, as the second implementation tells them.
fn said_of(agency: &Value) -> Vec<&Value> {
    let told = [
        "heads",
        "status_lists",
        "issuers",
        "standings",
        "recognitions",
        "withdrawals",
        "policy",
        "forks",
    ];
    told.iter().map(|field| &agency[field]).collect()
}

fn nothing_differs(agency: &Value) {
    for field in ["derived_rows_differ", "damage"] {
        assert_eq!(agency[field], json!([]), "{}: {field}", agency["agency"]);
    }
    let envelopes = &agency["envelopes"];
    for field in ["waiting", "missing_values", "missing_cuts"] {
        assert_eq!(envelopes[field], json!([]), "{}: {field}", agency["agency"]);
    }
}

#[tokio::test]
async fn the_vectors_are_read_by_somebody_who_has_the_text_alone() {
    let said = second::says("second.vectors", [VECTORS]).await;
    assert_eq!(said["wrong"], 0, "{said}");
    let kinds = keys(&said["kinds"]);
    for kind in [
        "checkpoint",
        "envelope",
        "fork-proof",
        "heartbeat",
        "held",
        "key-log-entry",
        "request",
        "ticket",
    ] {
        assert!(kinds.contains(kind), "no vector of a {kind} was read: {said}");
    }
}

/// The files of a node, what is on its peer's disk, and what the node answers: three ways to the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_shows_and_stores_folds_to_what_it_answers() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let other = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&badge, StatusReason::Misrepresentation).await;
    sc.suspends(&other, StatusReason::Administrative).await;
    nc.withdraws(&recognition).await;
    federation.audit().await;
    let shown = eventually("the files show what is on the disk", async || {
        let [shown, stored] = [
            second::says("second.follow", [sc.url()]).await,
            second::oracle(sc).await,
        ];
        let heads = |of: &Value| -> BTreeMap<String, Value> {
            let agencies = of["agencies"].as_array().expect("agencies").iter();
            agencies
                .map(|it| (it["genesis"].to_string(), it["heads"].clone()))
                .collect()
        };
        if heads(&shown) == heads(&stored) {
            Ok(shown)
        } else {
            Err(format!("{shown}\n{stored}"))
        }
    })
    .await;
    for agency in federation.agencies() {
        let genesis = agency.genesis().to_string();
        let shown = second::part_about(&shown, &genesis);
        assert_eq!(shown["summary_as_in_index"], true, "{shown}");
        for holder in federation.agencies() {
            let stored = second::oracle(holder).await;
            let stored = second::part_about(&stored, &genesis);
            nothing_differs(stored);
            assert_eq!(said_of(shown), said_of(stored), "{} at {}", agency.id(), holder.id());
        }
        let query = format!("/v1/issuers?agency={}", agency.id());
        let answered: Value = tn.employer().reads(&query).await.with_status(200).value();
        let answered: BTreeSet<&str> = answered
            .as_array()
            .expect("issuers")
            .iter()
            .filter(|issuer| issuer["agency"] == agency.id().as_str())
            .filter_map(|issuer| issuer["id"].as_str())
            .collect();
        assert_eq!(answered, keys(&shown["issuers"]), "the issuers of {}", agency.id());
    }
    let of_sc = second::part_about(&shown, &sc.genesis().to_string());
    let changed = |badge: &tests::IssuedBadge, how: &str| {
        let (list, slot) = badge.slot();
        of_sc["status_lists"][list.to_string()][how][slot.to_string()].clone()
    };
    assert_eq!(changed(&badge, "revoked")["reason"], 3, "{of_sc}");
    assert_eq!(changed(&other, "suspended")["suspended"], true, "{of_sc}");
    assert!(changed(&other, "revoked").is_null() && changed(&badge, "suspended").is_null());
    let of_nc = second::part_about(&shown, &nc.genesis().to_string());
    let id = &recognition.recognition.id;
    assert!(of_nc["recognitions"][id]["withdrawn"]["at"].is_i64(), "{of_nc}");
}

/// An agency that has nothing of ours: its keys, its log, its heartbeats, checkpoints, badges and its web server.
#[tokio::test(flavor = "multi_thread")]
async fn a_badge_of_another_implementation_is_accepted_and_turns_red() {
    let federation = Federation::of_readers().await.federation;
    let py = SecondAgency::founds("US-PY", federation.clock()).await;
    let va = federation.reader("US-VA", vec![py.mirror()]).await;
    va.starts().await;
    let issuer = py.registers().await;
    va.recognizes(&issuer).await;
    let badges = [py.issues(5).await, py.issues(6).await, py.issues(7).await];
    let awaits = async |badge: &[u8], kind: VerdictKind| {
        eventually(&format!("Virginia answers {}", kind.as_str()), async || {
            let verdict = va.employer().verifies_bytes(badge).await;
            if verdict.verdict == kind {
                Ok(verdict)
            } else {
                Err(format!("{verdict:?}"))
            }
        })
        .await
    };
    for badge in &badges {
        awaits(badge, VerdictKind::Accepted).await;
    }
    py.does(json!({"do": "revoke", "index": 5, "reason": 3})).await;
    awaits(&badges[0], VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    py.does(json!({"do": "suspend", "index": 6, "reason": 7})).await;
    awaits(&badges[1], VerdictKind::NotValid)
        .await
        .finding("status.suspended");
    py.is_held_by(&va).await;
    // After a checkpoint, and after a rotation of its root, all goes on.
    py.does(json!({"do": "checkpoint"})).await;
    py.does(json!({"do": "reinstate", "index": 6})).await;
    awaits(&badges[1], VerdictKind::Accepted).await;
    py.does(json!({"do": "rotate"})).await;
    py.does(json!({"do": "revoke", "index": 7})).await;
    awaits(&badges[2], VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    py.is_held_by(&va).await;
    assert_eq!(va.audited("peer.misbehaved").await, 0);
    let stored = second::oracle(&va).await;
    nothing_differs(second::part_about(&stored, py.genesis()));

    // A new reader begins with the checkpoint, and ends at the same.
    py.does(json!({"do": "checkpoint"})).await;
    let mirrors = vec![py.mirror()];
    let ga = federation.reader("US-GA", mirrors).await;
    ga.starts().await;
    py.is_held_by(&ga).await;
    let verdict = ga.employer().verifies_bytes(&badges[2]).await.is(VerdictKind::NotValid);
    verdict.finding("status.revoked");
    // What it does not hear any more, it does not call good.
    federation.clock().advance(2);
    let verdict = va.employer().verifies_bytes(&badges[1]).await;
    verdict.is(VerdictKind::CouldNotCheck).finding("status.stale");
}

/// Several writers, forks, scopes, ends, rotations, rivals, tombstones and void puts, as chance has them.
#[tokio::test(flavor = "multi_thread")]
async fn histories_that_chance_makes_fold_to_the_same() {
    let mut chance = chance::seeded("histories_that_chance_makes_fold_to_the_same");
    let seed: u32 = chance.random_range(0..1_000_000);
    let federation = Federation::of_readers().await.federation;
    let py = SecondAgency::founds("US-PY", federation.clock()).await;
    let order = json!({"do": "crowd", "seed": seed, "count": HISTORIES, "steps": STEPS});
    let crowd = py.does(order).await["agencies"].as_array().expect("agencies").clone();
    let text = |of: &Value, field: &str| of[field].as_str().expect("a text").to_owned();
    let mirrors = crowd.iter().enumerate();
    let mirrors = mirrors.map(|(at, it)| py.mirror_of(&text(it, "agency"), &text(it, "genesis"), at));
    let va = federation.reader("US-VA", mirrors.collect()).await;
    va.starts().await;
    holds_all(&va, &crowd).await;
    let answered: Value = va.employer().reads("/v1/agencies").await.with_status(200).value();
    let answered: BTreeMap<&str, &Value> = answered
        .as_array()
        .expect("agencies")
        .iter()
        .filter_map(|agency| Some((agency["id"].as_str()?, agency)))
        .collect();
    let stored = second::oracle(&va).await;
    let mut acts = BTreeSet::new();
    for history in &crowd {
        let told = second::part_about(&stored, &text(history, "genesis"));
        let name = text(history, "agency");
        assert_eq!(
            told["derived_rows_differ"],
            json!([]),
            "{name} of seed {seed}: {history}"
        );
        assert_eq!(told["damage"], json!([]), "{name} of seed {seed}");
        let answer = answered[name.as_str()];
        assert_eq!(
            answer["disputed"],
            told["key_log"]["dispute"] != json!([]),
            "{name} of seed {seed}"
        );
        assert_eq!(
            answer["forks"] != json!(0),
            told["forks"] != json!([]),
            "{name} of seed {seed}"
        );
        assert_eq!(
            answer["good_until"].is_null(),
            told["freshness"]["before"].is_null(),
            "{name} of seed {seed}"
        );
        acts.extend(
            history["keys"]
                .as_array()
                .expect("acts")
                .iter()
                .map(ToString::to_string),
        );
    }
    assert!(acts.len() >= 3, "hardly anything happened to keys: {acts:?}");
    // It comes to the same from its own disk.
    va.stops().await;
    va.starts().await;
    holds_all(&va, &crowd).await;
    assert_eq!(va.audited("peer.misbehaved").await, 0);
}

async fn holds_all(va: &TestAgency, crowd: &[Value]) {
    eventually("all histories are here", async || {
        let stored = second::oracle(va).await;
        let agencies = stored["agencies"].as_array().expect("agencies");
        let heads = |genesis: &Value| {
            agencies
                .iter()
                .find(|it| it["genesis"] == *genesis)
                .map(|it| &it["heads"])
        };
        let away = crowd.iter().filter(|it| heads(&it["genesis"]) != Some(&it["heads"]));
        let away: Vec<&Value> = away.map(|it| &it["agency"]).collect();
        if away.is_empty() {
            Ok(())
        } else {
            Err(format!("{away:?}"))
        }
    })
    .await;
}
