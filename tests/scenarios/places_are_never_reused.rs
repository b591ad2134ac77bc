//! A place in a status list belongs to one badge, for ever: after a stop, a `kill -9`, a restored backup, and without any
//! peer that could say what was reserved.

use std::collections::BTreeSet;

use registry_schema::{StatusReason, VerdictKind};
use tests::{Federation, IssuedBadge, TeacherScenario, TestAgency, http};
use verification::bitstring;

/// Issues some badges; gives them, and the lists that they are in.
async fn issues(agency: &TestAgency, issuer: &registry_schema::Issuer, count: usize) -> Vec<IssuedBadge> {
    let mut badges = Vec::new();
    for number in 0..count {
        badges.push(agency.issues(issuer, &format!("Teacher {number}")).await);
    }
    badges
}

fn lists(badges: &[IssuedBadge]) -> BTreeSet<u32> {
    badges.iter().map(|badge| badge.slot().0).collect()
}

fn assert_apart(badges: &[IssuedBadge]) {
    let places: BTreeSet<(u32, u32)> = badges.iter().map(IssuedBadge::slot).collect();
    assert_eq!(places.len(), badges.len(), "a place was handed out twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_kills_and_restored_backups_hand_out_no_place_twice() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let mut badges = vec![badge];
    for _ in 0..4 {
        sc.stops().await;
        sc.starts().await;
        federation.meets().await;
        badges.extend(issues(sc, &issuer, 3).await);
    }
    assert!(
        lists(&badges).len() < 5,
        "a witness confirms: the start goes on with a list from before"
    );

    // Killed after 20 badges that a backup from before does not know.
    let backup = sc.stops_for_a_backup().await;
    let mut program = sc.starts_program(&[]).await;
    let lost = issues(sc, &issuer, 20).await;
    for neighbour in ["US-NC", "US-TN"] {
        federation
            .awaits(federation.agency(neighbour), &lost[19], VerdictKind::Accepted)
            .await;
    }
    program.is_killed().await;
    sc.is_restored_from(&backup).await;
    sc.starts().await;
    badges.extend(lost);
    badges.extend(issues(sc, &issuer, 40).await);
    assert_apart(&badges);
    federation.audit().await;
}

/// An act that waits until the agency knows what it wrote rests on that, and not on what the restored backup said.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_badge_before_a_restored_backup_has_caught_up_gets_a_place_of_its_own() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    // The second start shares a list with the ones to come: it has a witness.
    sc.stops().await;
    sc.starts().await;
    federation.meets().await;
    let mut badges = vec![badge];
    badges.extend(issues(sc, &issuer, 1).await);
    let backup = sc.stops_for_a_backup().await;
    sc.starts().await;
    federation.meets().await;
    // So many that nothing is free any more of what was begun when the backup was made.
    badges.extend(issues(sc, &issuer, 250).await);
    for _ in 0..4 {
        sc.stops().await;
        sc.is_restored_from(&backup).await;
        sc.starts().await;
        // At once: peers are connected in these moments, and tell what was written.
        badges.extend(issues(sc, &issuer, 5).await);
    }
    assert_apart(&badges);
    federation.audit().await;
}

/// A start that nobody tells what was reserved opens a list of its own; each list is published, signed by the issuer, and
/// what is revoked in any of them is revoked everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_peer_opens_a_list_and_all_lists_of_an_issuer_count() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Educator Institute").await;
    sc.recognizes(&issuer).await;
    let mut badges = Vec::new();
    for start in 0..4 {
        if start > 0 {
            sc.stops().await;
            sc.starts().await;
        }
        badges.extend(issues(sc, &issuer, 2).await);
    }
    assert_apart(&badges);
    assert_eq!(lists(&badges).len(), 4, "one for each start");

    for badge in badges.iter().step_by(2) {
        sc.revokes(badge, StatusReason::IssuedInError).await;
    }
    for (number, badge) in badges.iter().enumerate() {
        let (verdict, bit) = match number % 2 {
            0 => (VerdictKind::NotValid, true),
            _ => (VerdictKind::Accepted, false),
        };
        federation.awaits(sc, badge, verdict).await;
        let [revocations, _] = <[String; 2]>::try_from(badge.status_lists()).expect("two lists");
        let published = http::get(&revocations).await.with_status(200).value();
        assert_eq!(published["issuer"], issuer.id, "a list and its badges have one issuer");
        let encoded = published["credentialSubject"]["encodedList"].as_str().expect("a list");
        assert_eq!(
            bitstring::decode_bit(encoded, badge.slot().1),
            Ok(bit),
            "badge {number}"
        );
    }

    let told = sc.asks(reqwest::Method::GET, "/v1/status-lists", None).await;
    let told: Vec<serde_json::Value> = told.with_status(200).json();
    assert_eq!(told.len(), 4);
    let reserved: Vec<u64> = told.iter().filter_map(|list| list["reserved"].as_u64()).collect();
    assert_eq!(reserved, [16; 4], "each in its own: {told:?}");
    federation.audit().await;
}
