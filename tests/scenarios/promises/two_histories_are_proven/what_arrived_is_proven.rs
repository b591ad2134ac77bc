//! Holders of an agency's log are proven by their own signatures; and that a key signed two histories, by a file that
//! anybody can check.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use protocol::{Countersignature, Signed};
use registry_schema::{StatusReason, VerdictKind};
use serde_json::Value;
use tests::{ExchangeIntervals, Federation, TeacherScenario, TestAgency, eventually, program::comity};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 300,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

async fn reach(agency: &TestAgency) -> Value {
    let path = format!("/v1/reach/{}", agency.id());
    agency.employer().reads(&path).await.with_status(200).value()
}

/// Waits until so many hold all of it.
async fn is_held_by(agency: &TestAgency, many: u64) -> Value {
    eventually(&format!("{} is held by {many}", agency.id()), async || {
        let reach = reach(agency).await;
        if reach["held_by"] == many {
            Ok(reach)
        } else {
            Err(reach.to_string())
        }
    })
    .await
}

fn holder<'a>(reach: &'a Value, id: &str) -> &'a Value {
    let peers = reach["peers"].as_array().expect("peers");
    let found = peers.iter().find(|peer| peer["agency"] == id);
    found.unwrap_or_else(|| panic!("{id} is not in {reach}"))
}

/// The heads that a peer signed for, believed only on its own agency's key log.
async fn signed_for(of: &TestAgency, by: &TestAgency, holder: &Value) -> Result<Vec<String>, String> {
    let text = holder["countersignature"].as_str().expect("a countersignature");
    let bytes = STANDARD.decode(text).expect("base64");
    let signed: Signed<Countersignature> = protocol::signed::decode(&bytes).map_err(|e| e.to_string())?;
    let logs = by.key_logs().await;
    let log = logs
        .iter()
        .find(|log| log.genesis() == by.genesis())
        .expect("its key log");
    let held = Countersignature::read(signed, log).map_err(|e| e.to_string())?;
    assert_eq!((held.get().of, held.get().agency), (of.genesis(), by.genesis()));
    Ok(held.get().heads.iter().map(ToString::to_string).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn reach_proves_who_holds_a_revocation_and_shows_a_cut_peer_as_lagging() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let (nc, sc, tn) = (
        federation.agency("US-NC"),
        federation.agency("US-SC"),
        federation.agency("US-TN"),
    );
    let other = sc.issues(&issuer, "Riley Brooks").await;
    let before = is_held_by(sc, 2).await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    let after = eventually("a revocation moves the heads", async || {
        let after = is_held_by(sc, 2).await;
        if after["heads"] == before["heads"] {
            Err(after.to_string())
        } else {
            Ok(after)
        }
    })
    .await;
    assert_eq!(after["sentence"], "held by 2 of 2 peers");
    for peer in [nc, tn] {
        let holder = holder(&after, peer.id().as_str());
        let heads = signed_for(sc, peer, holder).await.expect("a good signature");
        assert_eq!(
            serde_json::json!(heads),
            after["heads"],
            "{} signed for the revocation",
            peer.id()
        );
        // It proves nothing under another agency's keys.
        let mut forged = holder.clone();
        forged["countersignature"] =
            self::holder(&after, if peer.id() == nc.id() { "US-TN" } else { "US-NC" })["countersignature"].clone();
        let refused = signed_for(sc, peer, &forged).await;
        assert!(refused.is_err(), "{refused:?}");
    }

    // Tennessee is cut off from everybody, and the node says so.
    for neighbour in ["US-NC", "US-SC"] {
        federation.link("US-TN", neighbour).cut().await;
    }
    sc.revokes(&other, StatusReason::Superseded).await;
    let lagging = is_held_by(sc, 1).await;
    assert_eq!(holder(&lagging, "US-NC")["holds_all"], true, "{lagging}");
    let behind = holder(&lagging, "US-TN");
    assert_eq!(
        (&behind["holds_all"], &behind["behind"]),
        (&false.into(), &1.into()),
        "{lagging}"
    );
    assert_eq!(behind["heads"], after["heads"], "what it signed for stands");
    let sentence = lagging["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.starts_with("held by 1 of 2 peers; Tennessee last heard"),
        "{sentence}"
    );
    for command in [["status"].as_slice(), &["peer", "list"]] {
        let said = sc.comity(command).await;
        assert!(said.stdout.contains("held by 1 of 2 peers"), "{said:?}");
    }
    // The two nodes' own words, side by side, say the same.
    let differs = sc.comity(&["peer", "diff", "US-TN"]).await;
    assert_eq!(differs.code, Some(1), "{differs:?}");
    let same = sc.comity(&["peer", "diff", "US-NC"]).await;
    assert_eq!(same.code, Some(0), "{same:?}");

    for neighbour in ["US-NC", "US-SC"] {
        federation.link("US-TN", neighbour).heal().await;
    }
    is_held_by(sc, 2).await;
    federation.awaits(tn, &other, VerdictKind::NotValid).await;
    let elsewhere = sc.employer().reads("/v1/reach/US-TN").await;
    elsewhere.problem(404, "request.not_found");
    federation.meets().await;
    federation.audit().await;
}

/// A fork is an alarm until an operator has looked into it; it stays proven, and the operator's name stays at home.
async fn an_operator_acknowledges_the_fork(nc: &TestAgency, fork: &Value) {
    let status_is = async |code: i32, words: &str| {
        eventually(&format!("the status is {code} and says `{words}`"), async || {
            let ended = nc.comity(&["status"]).await;
            let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            match ended.code == Some(code) && said.contains(words) {
                true => Ok(()),
                false => Err(format!("{ended:?}")),
            }
        })
        .await;
    };
    status_is(7, "US-SC: 1 fork of its log is proven (`comity peer forks US-SC`").await;
    let id = fork["id"].as_str().expect("a name");
    let line = ["peer", "fork-acknowledge", "US-SC", id, "--note", "a backup ran on"];
    let dry = nc.comity(&[&["--dry-run"], line.as_slice()].concat()).await;
    assert!(
        dry.code == Some(0) && dry.stdout.starts_with("Nothing was changed"),
        "{dry:?}"
    );
    status_is(7, "is proven (").await;
    let unknown = nc.comity(&["peer", "fork-acknowledge", "US-SC", &"0".repeat(64)]).await;
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let done = nc.comity(&line).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(nc.audited("fork.acknowledge").await, 1);
    status_is(0, "US-SC: 1 fork of its log is proven and acknowledged, last by").await;
    nc.stops().await;
    nc.starts().await;
    status_is(0, "proven and acknowledged, last by").await;
    let listed = nc.comity(&["peer", "forks", "US-SC"]).await;
    let said = listed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("a backup ran on") && said.contains(id), "{listed:?}");
    let again = nc.comity(&["peer", "fork-acknowledge", "US-SC"]).await;
    assert!(again.stdout.contains("no fork of US-SC waits"), "{again:?}");
    assert_eq!(nc.audited("fork.acknowledge").await, 1);
    let public = nc.employer().reads("/v1/agencies/US-SC/forks").await.with_status(200);
    let public = public.value();
    assert!(public[0]["acknowledged_at"].is_string(), "{public}");
    assert!(
        public[0].get("by").is_none() && !public.to_string().contains("a backup ran on"),
        "{public}"
    );
}

/// A store that was restored from a backup, and writes before it hears its own log, makes a fork; a thief does too.
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_proof_checks_without_any_node_and_a_tampered_one_does_not() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let other = sc.issues(&issuer, "Riley Brooks").await;
    is_held_by(sc, 2).await;
    let none: Vec<Value> = nc
        .employer()
        .reads("/v1/agencies/US-SC/forks")
        .await
        .with_status(200)
        .json();
    assert!(none.is_empty(), "{none:?}");

    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    sc.stops().await;
    sc.is_restored_from(&backup).await;
    for neighbour in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbour).cut().await;
    }
    sc.starts().await;
    // Nobody answers; after half a minute it writes all the same.
    federation
        .clock()
        .runs_until(sc.revokes(&other, StatusReason::Superseded))
        .await;
    for neighbour in ["US-NC", "US-TN"] {
        federation.link("US-SC", neighbour).heal().await;
    }
    let forks = eventually("North Carolina has the proof", async || {
        let forks: Vec<Value> = nc
            .employer()
            .reads("/v1/agencies/US-SC/forks")
            .await
            .with_status(200)
            .json();
        if forks.is_empty() {
            Err("no fork yet".to_owned())
        } else {
            Ok(forks)
        }
    })
    .await;
    let page = nc.employer().reads("/agencies").await.with_status(200).text();
    assert!(page.contains("signed two histories"), "{page}");
    an_operator_acknowledges_the_fork(nc, &forks[0]).await;

    let proof = nc
        .employer()
        .reads(forks[0]["proof"].as_str().expect("a path"))
        .await
        .with_status(200);
    assert_eq!(proof.content_type, "application/cbor");
    let file = nc.data().join("fork.cbor");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, &proof.body).expect("a file");
    for agency in federation.agencies() {
        agency.stops().await;
    }
    let checked = comity(["peer", "fork-check", path]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let checked = comity(["peer", "fork-check", path, "--output", "json"]).await;
    let said: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!(
        (&said["agency"], &said["genesis"], &said["writer"], &said["sequence"]),
        (
            &"US-SC".into(),
            &sc.genesis().to_string().into(),
            &forks[0]["writer"],
            &forks[0]["sequence"]
        )
    );
    // One bit, anywhere: it proves nothing any more. Every seventh byte is enough to meet each part.
    for at in (0..proof.body.len()).step_by(7) {
        let mut tampered = proof.body.clone();
        tampered[at] ^= 1;
        let read = proven(&tampered);
        assert!(read.is_none(), "byte {at} of {} may be anything", proof.body.len());
    }
    let mut tampered = proof.body.clone();
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    std::fs::write(&file, &tampered).expect("a file");
    let refused = comity(["peer", "fork-check", path]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("proves nothing"), "{refused:?}");
}

/// Returns what a file proves, if it does.
fn proven(bytes: &[u8]) -> Option<(protocol::Hash, protocol::PublicKey, u32)> {
    let proof: protocol::key_log::ForkProof = protocol::signed::decode(bytes).ok()?;
    proof.check().ok()
}
