//! A disk that gives back other bytes than it was given harms what is known of one agency, and of no other; what is lost
//! is asked of peers again. The own log alone stops a node, and `comityd repair` takes that from peers too. Promises 2, 6
//! and 7.

use registry_schema::{StatusReason, VerdictKind};
use tests::{ExchangeIntervals, Federation, IssuedBadge, TeacherScenario, TestAgency, chance, eventually, program};

/// Flips bytes of a stopped node's store: of each row that the condition finds, at this part of its length.
pub(crate) fn flips(agency: &TestAgency, table: &str, column: &str, whose: &TestAgency, part: f64) {
    let script = "
import sqlite3, sys
file, table, column, agency, part = sys.argv[1:]
db = sqlite3.connect(file)
rows = db.execute(f'SELECT rowid, {column} FROM {table} WHERE agency = ?', (bytes.fromhex(agency),)).fetchall()
assert rows, 'no such row'
rowid, value = rows[len(rows) // 2]
value = bytearray(value)
at = min(int(len(value) * float(part)), len(value) - 1)
value[at] ^= 0x41
db.execute(f'UPDATE {table} SET {column} = ? WHERE rowid = ?', (bytes(value), rowid))
db.commit()
";
    let file = agency.data().join("registry.sqlite");
    let flipped = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&file)
        .args([table, column, &whose.genesis().to_string(), &part.to_string()])
        .output()
        .expect("python3 runs");
    assert!(flipped.status.success(), "{}", String::from_utf8_lossy(&flipped.stderr));
}

/// The places of another agency's that can be damaged: table, column.
const PLACES: [(&str, &str); 6] = [
    ("envelopes", "bytes"),
    ("envelopes", "hash"),
    ("envelopes", "agency"),
    ("key_logs", "entries"),
    ("heartbeats", "bytes"),
    ("held", "bytes"),
];

async fn answers(federation: &Federation, at: &str, badge: &IssuedBadge, kinds: &[VerdictKind]) {
    let verdict = federation.employer_at(at).verifies(badge).await;
    assert!(kinds.contains(&verdict.verdict), "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_of_one_agency_harms_no_other_and_is_mended_by_peers() {
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
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    let own = tn.registers("Cumberland Learning Collaborative").await;
    tn.recognizes(&own).await;
    let of_tn = tn.issues(&own, "Sam Lee").await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    let mut rng = chance::seeded("damage_is_one_agencys");
    for (table, column) in PLACES {
        let whose = if table == "held" { nc } else { sc };
        tn.stops().await;
        let part: f64 = rand::RngExt::random_range(&mut rng, 0.0..1.0);
        flips(tn, table, column, whose, part);
        // Nobody can be asked: what is known of South Carolina may not be all.
        for other in ["US-NC", "US-SC"] {
            federation.link("US-TN", other).cut().await;
        }
        tn.starts().await;
        answers(&federation, "US-TN", &of_tn, &[VerdictKind::Accepted]).await;
        let not_green = [
            VerdictKind::NotValid,
            VerdictKind::CouldNotCheck,
            VerdictKind::NotRecognized,
        ];
        answers(&federation, "US-TN", &revoked, &not_green).await;
        for other in ["US-NC", "US-SC"] {
            federation.link("US-TN", other).heal().await;
        }
        federation.awaits(tn, &badge, VerdictKind::Accepted).await;
        federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
        assert!(tn.audited("store.quarantine").await >= 1, "{table}.{column} at {part}");
    }
    federation.audit().await;
}

/// One earlier envelope is damaged, which the peers hold; the revocation after it, which nobody else has yet, is sound.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_loses_no_sound_envelope_that_follows_a_damaged_one() {
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
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let other = sc.issues(&issuer, "Riley Brooks").await;
    for agency in [nc, tn] {
        federation.awaits(agency, &other, VerdictKind::Accepted).await;
        agency.stops().await;
    }
    sc.revokes(&badge, StatusReason::Misconduct).await;
    sc.stops().await;
    flips(sc, "envelopes", "bytes", sc, 0.5);
    let data = sc.data().to_str().expect("a path in Unicode");
    let repaired = program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    for words in ["1 damaged", "sound envelope"] {
        assert!(repaired.stdout.contains(words), "{}", repaired.stdout);
    }
    let still_revoked = badge.code().to_string();
    assert!(!repaired.stdout.contains(&still_revoked), "{}", repaired.stdout);
    sc.starts().await;
    let not_green = [VerdictKind::NotValid, VerdictKind::CouldNotCheck];
    answers(&federation, "US-SC", &badge, &not_green).await;
    for agency in [nc, tn] {
        agency.starts().await;
    }
    for agency in [nc, sc, tn] {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
        federation.awaits(agency, &other, VerdictKind::Accepted).await;
    }
    eventually("South Carolina writes again", async || {
        let suspended = registry_schema::StatusState::Suspended;
        let reply = sc
            .tries_to_change(other.code(), suspended, StatusReason::Administrative)
            .await;
        if reply.status == 201 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    federation.awaits(tn, &other, VerdictKind::NotValid).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_own_log_stops_the_node_and_repair_takes_it_from_peers() {
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
    let sc = federation.agency("US-SC");
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation
        .awaits(federation.agency("US-TN"), &revoked, VerdictKind::NotValid)
        .await;
    sc.stops().await;
    flips(sc, "envelopes", "bytes", sc, 0.5);
    let data = sc.data().to_str().expect("a path in Unicode");
    let refused = program::run("comityd", ["run", "--data", data], b"").await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("comityd repair"), "{}", refused.stderr);
    let repaired = program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    assert!(repaired.stdout.contains("own agency"), "{}", repaired.stdout);
    sc.starts().await;
    federation.awaits(sc, &revoked, VerdictKind::NotValid).await;
    federation.awaits(sc, &badge, VerdictKind::Accepted).await;
    eventually("South Carolina writes again", async || {
        let reply = sc
            .tries_to_change(
                badge.code(),
                registry_schema::StatusState::Suspended,
                StatusReason::Administrative,
            )
            .await;
        if reply.status == 201 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
        .await;
    federation.audit().await;
}
