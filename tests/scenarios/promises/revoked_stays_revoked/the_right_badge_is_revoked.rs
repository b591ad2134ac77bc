//! An acknowledged revocation of a badge is one of that badge, whatever the disk made of its row. Promises 1 and 3.

use registry_schema::{StatusReason, StatusState, VerdictKind};
use reqwest::Method;
use tests::{ExchangeIntervals, Federation, IssuedBadge, TeacherScenario, TestAgency, damage, program};

/// An act by the badge's code is refused, with the cause and the way out.
async fn is_refused(sc: &TestAgency, badge: &IssuedBadge) {
    let path = format!("/v1/credentials/{}", badge.code().compact());
    let acts = [
        sc.tries_to_change(badge.code(), StatusState::Revoked, StatusReason::Misconduct)
            .await,
        sc.tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative)
            .await,
        sc.asks(Method::POST, &format!("{path}/expunging"), None).await,
        sc.asks(Method::GET, &path, None).await,
    ];
    for reply in acts {
        let refused = reply.problem(409, "act.conflict");
        for words in [badge.code().to_string().as_str(), "is damaged", "--badge FILE"] {
            assert!(refused.detail.contains(words), "`{words}` is not in {refused:?}");
        }
    }
}

/// `comityd repair` names these badges, and no other.
async fn are_named(sc: &TestAgency, named: &[&IssuedBadge], not_named: &[&IssuedBadge]) {
    let data = sc.data().to_str().expect("a path in Unicode");
    let repaired = program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    for (badges, is_named) in [(named, true), (not_named, false)] {
        for badge in badges {
            let says = repaired.stdout.contains(&badge.code().to_string());
            assert_eq!(says, is_named, "{}: {}", badge.code(), repaired.stdout);
        }
    }
    assert!(repaired.stdout.contains("--badge FILE"), "{}", repaired.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_names_another_place_than_its_badge_revokes_nothing() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(ExchangeIntervals {
        heartbeat_every: 2,
        exchange_every: 1,
        ..ExchangeIntervals::default()
    })
    .await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let others = [
        sc.issues(&issuer, "Riley Brooks").await,
        sc.issues(&issuer, "Sam Lee").await,
    ];
    let [second, third] = &others;
    let set = |badge: &IssuedBadge, column: &str, value: i64| {
        format!(
            "UPDATE credentials SET {column} = {value} WHERE code = '{}'",
            badge.code().compact()
        )
    };
    let ((list, slot), (_, of_second)) = (badge.slot(), second.slot());

    // A bit of the slot, one of the list, the slots of two, and a slot that no list has.
    let damages: [(&[String], &[&IssuedBadge], &[&IssuedBadge]); 4] = [
        (
            &[set(&badge, "slot", i64::from(slot ^ 0x1_0000))],
            &[&badge],
            &[second, third],
        ),
        (&[set(&badge, "list", i64::from(list ^ 4))], &[&badge], &[second, third]),
        (
            &[
                set(&badge, "slot", -1),
                set(second, "slot", slot.into()),
                set(&badge, "slot", of_second.into()),
            ],
            &[&badge, second],
            &[third],
        ),
        (&[set(&badge, "slot", 1 << 40)], &[&badge], &[second, third]),
    ];
    for (statements, damaged, sound) in damages {
        let whole = sc.stops_for_a_backup().await;
        for statement in statements {
            damage::on_sqlite(sc, statement);
        }
        sc.starts().await;
        federation.meets().await;
        for badge in damaged {
            is_refused(sc, badge).await;
        }
        let listed = sc.asks(Method::GET, "/v1/credentials", None).await.with_status(200);
        let unknown = listed.text().matches("\"unknown\"").count();
        assert_eq!(unknown, damaged.len(), "{}", listed.text());
        for badge in [&badge, second, third] {
            federation.awaits(tn, badge, VerdictKind::Accepted).await;
            federation.awaits(sc, badge, VerdictKind::Accepted).await;
        }
        sc.stops().await;
        are_named(sc, damaged, sound).await;
        sc.is_restored_from(&whole).await;
        sc.starts().await;
        federation.meets().await;
    }

    // The badge names its own place, whatever the row says.
    sc.stops().await;
    damage::on_sqlite(sc, &set(&badge, "slot", i64::from(slot ^ 0x1_0000)));
    sc.starts().await;
    federation.meets().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("badge.json");
    std::fs::write(&file, badge.bytes()).expect("a file");
    let file = file.to_str().expect("a path in Unicode");
    let by_badge = [
        "--yes",
        "credential",
        "revoke",
        "--badge",
        file,
        "--reason",
        "misconduct",
    ];
    let revoked = sc.comity(&by_badge).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    for sound in &others {
        federation.awaits(tn, sound, VerdictKind::Accepted).await;
    }
    federation.audit().await;
}
