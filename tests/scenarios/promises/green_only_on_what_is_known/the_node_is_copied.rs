//! A copy of a node's data folder is started beside the node: both have its writer key, and each is a process of its own. Of two
//! that write with one key, the one that hears of the other writes nothing more and calls nothing good, until its operator has
//! stopped the other. Promises 2 and 5.

use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{ExchangeIntervals, Federation, TeacherScenario, VerdictAssertions as _};

const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 60,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

const BESIDE_ANOTHER: &str = "another process writes with this node's writer key";

#[tokio::test(flavor = "multi_thread")]
async fn a_node_beside_which_a_copy_of_it_writes_stops_until_its_operator_has_stopped_the_copy() {
    let TeacherScenario {
        federation,
        issuer,
        badge: revoked,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let sc = federation.agency("US-SC");
    let good = sc.issues(&issuer, "Riley Brooks").await;
    sc.stops().await;
    let copy = federation.copies("US-SC", "US-SC:copy").await;
    let original = sc.starts_program(&[]).await;
    let mut twin = copy.starts_program(&[]).await;
    federation.awaits(sc, &good, VerdictKind::Accepted).await;

    // Both are ready, and nothing tells them apart, until one of them writes.
    copy.revokes(&revoked, StatusReason::Misconduct).await;
    sc.says_of_itself(503, BESIDE_ANOTHER).await;
    federation.awaits(sc, &good, VerdictKind::CouldNotCheck).await;
    sc.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
    let refused = sc
        .tries_to_change(good.code(), StatusState::Suspended, StatusReason::Administrative)
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("comity store accept"), "{}", refused.text());
    assert!(original.said().contains("ERROR"), "{}", original.said());
    for command in [["store", "show"].as_slice(), &["status"]] {
        let told = sc.comity(command).await;
        assert_ne!(told.code, Some(0), "{told:?}");
        let words = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains(BESIDE_ANOTHER) && words.contains("stop the other process"),
            "{told:?}"
        );
    }
    copy.says_of_itself(200, "ready").await;

    // That it is started again makes it no other.
    original.is_interrupted().await;
    assert_eq!(original.ends().await.0, Some(0));
    sc.starts().await;
    sc.says_of_itself(503, BESIDE_ANOTHER).await;
    federation.awaits(sc, &good, VerdictKind::CouldNotCheck).await;

    // Nor does a word for it while the copy goes on.
    let tried = sc.comity(&["--dry-run", "store", "accept"]).await;
    assert!(tried.stderr.contains("first stop it"), "{tried:?}");
    sc.says_of_itself(503, BESIDE_ANOTHER).await;
    assert_eq!(sc.comity(&["--yes", "store", "accept"]).await.code, Some(0));
    sc.says_of_itself(200, "ready").await;
    copy.suspends(&good, StatusReason::Administrative).await;
    sc.says_of_itself(503, BESIDE_ANOTHER).await;

    twin.is_killed().await;
    let accepted = sc.comity(&["--yes", "store", "accept"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    sc.says_of_itself(200, "ready").await;
    for agency in federation.agencies() {
        federation.awaits(agency, &good, VerdictKind::NotValid).await;
        federation.awaits(agency, &revoked, VerdictKind::NotValid).await;
    }
    sc.reinstates(&good, StatusReason::Administrative).await;
    for agency in federation.agencies() {
        federation.awaits(agency, &good, VerdictKind::Accepted).await;
        assert_eq!(agency.audited("replication.fork").await, 0, "one wrote at a time");
    }
    sc.stops().await;
    sc.starts().await;
    sc.says_of_itself(200, "ready").await;
    federation.meets().await;
    federation.audit().await;
}
