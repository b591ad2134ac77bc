//! A 201 means that it is on disk: neither a stop nor a `kill -9` takes it back.
//!
//! A killed process leaves the system's page cache alive, so this shows that nothing waits in the process's own memory;
//! it does not show what a power cut would do.

use std::time::Duration;

use rand::RngExt as _;
use registry_schema::{Purpose, RecognitionScope, StatusReason, StatusState, VerdictKind};
use tests::{Federation, IssuedBadge, TeacherScenario, VerdictAssertions as _, chance, eventually, http};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_stop() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let suspended = sc.issues(&issuer, "Casey Morgan").await;
    let reinstated = sc.issues(&issuer, "Sam Rivera").await;
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.suspends(&suspended, StatusReason::EvidenceInvalid).await;
    sc.suspends(&reinstated, StatusReason::Administrative).await;
    sc.reinstates(&reinstated, StatusReason::Administrative).await;
    let change = sc.revokes(&revoked, StatusReason::IssuedInError).await;
    let second = sc.registers("Lowcountry Learning").await;
    sc.recognizes_for(&second, &[Purpose::Salary], &RecognitionScope::All)
        .await;
    federation.agency("US-NC").withdraws(&recognition).await;

    for agency in federation.agencies() {
        agency.stops().await;
    }
    for agency in federation.agencies() {
        agency.starts().await;
    }
    federation.meets().await;
    let expected = [
        (&badge, StatusState::Active, VerdictKind::Accepted),
        (&suspended, StatusState::Suspended, VerdictKind::NotValid),
        (&reinstated, StatusState::Active, VerdictKind::Accepted),
        (&revoked, StatusState::Revoked, VerdictKind::NotValid),
    ];
    for (one, state, verdict) in expected {
        let kept = sc.keeps(one.code()).await;
        assert_eq!((kept.id, kept.state), (one.credential.id.clone(), state));
        for neighbour in ["US-SC", "US-TN"] {
            federation.awaits(federation.agency(neighbour), one, verdict).await;
        }
    }
    assert_eq!(sc.keeps(revoked.code()).await.state_since, Some(change.at));
    federation
        .awaits(federation.agency("US-NC"), &badge, VerdictKind::NotRecognized)
        .await;
    // The issuer's key is still there, and so is the name that is taken.
    sc.issues(&second, "Alex Jordan").await;
    sc.asks(
        reqwest::Method::POST,
        "/v1/issuers",
        Some(&serde_json::json!({"name": "Lowcountry Learning"})),
    )
    .await
    .problem(409, "act.conflict");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut lived: Vec<(IssuedBadge, StatusState)> = vec![(badge, StatusState::Active)];
    for round in 0..3 {
        let mut program = sc.starts_program(&[]).await;
        for (badge, state) in &lived {
            assert_eq!(sc.keeps(badge.code()).await.state, *state, "round {round}");
        }
        let issued = sc.issues(&issuer, "Riley Brooks").await;
        let last = match round {
            0 => StatusState::Active,
            1 => {
                sc.suspends(&issued, StatusReason::Administrative).await;
                StatusState::Suspended
            }
            _ => {
                sc.revokes(&issued, StatusReason::Misconduct).await;
                StatusState::Revoked
            }
        };
        program.is_killed().await;
        lived.push((issued, last));
    }
    sc.starts().await;
    for (badge, state) in &lived {
        assert_eq!(sc.keeps(badge.code()).await.state, *state);
        let good = *state == StatusState::Active;
        let expected = if good {
            VerdictKind::Accepted
        } else {
            VerdictKind::NotValid
        };
        for neighbour in federation.agencies() {
            federation.awaits(neighbour, badge, expected).await;
        }
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_midst_of_writing_takes_nothing_back_and_tears_nothing() {
    const BADGES: usize = 24;
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let mut rng = chance::seeded("a_kill_in_the_midst_of_writing");
    let sc = federation.agency("US-SC");
    let mut badges = Vec::new();
    for number in 0..BADGES {
        badges.push(sc.issues(&issuer, &format!("Teacher {number}")).await);
    }
    sc.stops().await;
    let mut program = sc.starts_program(&[]).await;

    // All revocations at once; the kill comes after a random number of answers, with others under way.
    let enough = rng.random_range(1..BADGES / 2);
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let mut asking = tokio::task::JoinSet::new();
    for badge in &badges {
        let url = format!("{}/v1/credentials/{}/status-entries", sc.url(), badge.code().compact());
        let request = http::client().post(url).bearer_auth(sc.token());
        let request = request.json(&serde_json::json!({"status": "revoked", "reason": "superseded"}));
        let (badge, answered) = (badge.clone(), answered.clone());
        asking.spawn(async move {
            let reply = http::try_send(request).await;
            if reply.is_ok_and(|reply| reply.status == 201) {
                let _ = answered.send(badge);
            }
        });
    }
    drop(answered);
    let mut acknowledged = Vec::new();
    while let Some(badge) = answers.recv().await {
        acknowledged.push(badge);
        if acknowledged.len() == enough {
            program.is_killed().await;
        }
    }
    asking.join_all().await;
    assert!(
        acknowledged.len() >= enough,
        "the program died by itself: {}",
        program.said()
    );
    println!(
        "killed after {enough} answers; {} of {BADGES} were acknowledged",
        acknowledged.len()
    );

    sc.starts().await;
    for badge in &acknowledged {
        assert_eq!(
            sc.keeps(badge.code()).await.state,
            StatusState::Revoked,
            "{}",
            badge.code()
        );
        federation
            .awaits(federation.agency("US-TN"), badge, VerdictKind::NotValid)
            .await
            .finding("status.revoked");
    }
    // What was not acknowledged is there or not, but at all nodes alike, and can be asked for again.
    for badge in &badges {
        if sc.keeps(badge.code()).await.state == StatusState::Active {
            sc.revokes(badge, StatusReason::Superseded).await;
        }
    }
    federation.audit().await;
}

/// A backup lacks what was written after it; writing on from there would show two histories. The peers have it all.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_takes_in_from_its_peers_what_it_lacks_before_it_writes() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let other = sc.issues(&issuer, "Riley Brooks").await;
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    let change = sc.revokes(&badge, StatusReason::Misconduct).await;
    for neighbour in ["US-NC", "US-TN"] {
        federation
            .awaits(federation.agency(neighbour), &badge, VerdictKind::NotValid)
            .await;
    }

    sc.stops().await;
    sc.is_restored_from(&backup).await;
    sc.starts().await;
    // At once, while it may still lack the revocation.
    sc.revokes(&other, StatusReason::Superseded).await;
    let kept = sc.keeps(badge.code()).await;
    assert_eq!((kept.state, kept.state_since), (StatusState::Revoked, Some(change.at)));
    federation.audit().await;
    for agency in federation.agencies() {
        assert_eq!(
            agency.audited("replication.fork").await,
            0,
            "{} saw two histories",
            agency.id()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disk_is_not_taken_for_a_new_node() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let store = sc.data().join("registry.sqlite");
    let hidden = sc.data().join("elsewhere");
    std::fs::rename(&store, &hidden).expect("a store");
    let data = sc.data().to_str().expect("a path");
    let ended = tests::program::run("comityd", ["run", "--data", data], b"").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("holds no store"), "{ended:?}");
    // Nor is a full directory overwritten.
    let again = [
        "init",
        "--agency",
        "US-SC",
        "--name",
        "South Carolina",
        "--url",
        "http://127.0.0.1:1",
        "--data",
        data,
    ];
    let ended = tests::program::run("comityd", again, b"").await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("is not empty"),
        "{ended:?}"
    );

    std::fs::rename(&hidden, &store).expect("a store");
    sc.starts().await;
    eventually("SC keeps its badge", async || {
        let kept = sc.keeps(badge.code()).await;
        if kept.id == badge.credential.id {
            Ok(())
        } else {
            Err(format!("{kept:?}"))
        }
    })
    .await;
    federation.audit().await;
}

/// Two programs on one data directory would be two writers with one key.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_same_directory_does_not_start() {
    let TeacherScenario { federation, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let data = sc.data().to_str().expect("a path");
    let other_port = format!("127.0.0.1:{}", tests::ports::free());
    let run = tests::program::run("comityd", ["run", "--data", data, "--listen", &other_port], b"");
    let ended = tokio::time::timeout(Duration::from_secs(20), run)
        .await
        .expect("it does not start, it ends");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    federation.audit().await;
}
