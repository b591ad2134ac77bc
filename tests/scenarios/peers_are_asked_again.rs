//! `comity peer diff --pull`: an operator has a node ask a peer, at once, for all that differs. Promise 6.

use registry_schema::{StatusReason, VerdictKind};
use tests::{ExchangeIntervals, Federation, TeacherScenario, VerdictAssertions as _};

/// Nodes that speak to each other when they meet, and when something is written; and then not for a day.
const SELDOM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 86_400,
    heartbeat_term: 200_000,
    exchange_every: 86_400,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_holds_is_here_as_soon_as_an_operator_asks_for_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(SELDOM).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.link("US-TN", "US-SC").cut().await;
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    // Tennessee has no word of it, and says as of when it speaks.
    tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let differs = tn.comity(&["peer", "diff", "US-NC"]).await;
    assert_eq!(differs.code, Some(1), "{differs:?}");
    let dry = tn.comity(&["--dry-run", "peer", "diff", "US-NC", "--pull"]).await;
    assert_eq!(dry.code, Some(1), "{dry:?}");
    assert!(dry.stderr.contains("would ask US-NC"), "{dry:?}");
    assert_eq!(tn.audited("peer.pull").await, 0);

    let pulled = tn.comity(&["peer", "diff", "US-NC", "--pull"]).await;
    assert_eq!(pulled.code, Some(0), "{pulled:?}");
    assert!(pulled.stderr.contains("1 is the same now"), "{pulled:?}");
    tn.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    assert_eq!(tn.audited("peer.pull").await, 1);
    // Who is not connected cannot be asked, and who is no peer neither.
    let away = tn.comity(&["peer", "diff", "US-SC", "--pull"]).await;
    assert_eq!(away.code, Some(5), "{away:?}");
    assert!(away.stderr.contains("is connected"), "{away:?}");
    let nobody = tn.comity(&["peer", "diff", "US-ZZ", "--pull"]).await;
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    federation.link("US-TN", "US-SC").heal().await;
    federation.meets().await;
    federation.audit().await;
}
