//! A node that nobody lists as a peer cannot exchange anything, whoever it says it is.

use registry_schema::{StatusReason, VerdictKind};
use tests::{ExchangeIntervals, Federation, TeacherScenario, VerdictAssertions as _, eventually, federation::ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_nobody_lists_learns_nothing_and_teaches_nothing() {
    let rhythm = ExchangeIntervals {
        exchange_every: 1,
        ..ExchangeIntervals::default()
    };
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(rhythm).await;
    let (stranger, links) = federation.stranger("US-VA").await;
    stranger.starts().await;
    let issuer = federation
        .clock()
        .runs_until(stranger.registers("Issuer of Nobody"))
        .await;
    federation
        .agency("US-SC")
        .suspends(&badge, StatusReason::Administrative)
        .await;

    // It dials each of them again and again, and is sent away each time.
    eventually("the stranger was sent away by each, several times", async || {
        let dialled: Vec<usize> = links.iter().map(|link| link.connections()).collect();
        if dialled.iter().all(|times| *times >= 3) {
            Ok(())
        } else {
            Err(format!("{dialled:?}"))
        }
    })
    .await;
    assert_eq!(stranger.knows().await, ids(&["US-VA"]));
    let peers = stranger.employer().reads("/v1/peers").await.with_status(200).value();
    for peer in peers.as_array().expect("peers") {
        assert!(peer["last_heard"].is_null() && peer["name"].is_null(), "{peer}");
    }
    // What it was not told, it does not answer from.
    let verdict = stranger
        .employer()
        .verifies(&badge)
        .await
        .is(VerdictKind::CouldNotCheck);
    verdict.finding("status.unreachable");
    for agency in federation.agencies() {
        assert_eq!(agency.knows().await.len(), 3, "{} knows of the stranger", agency.id());
        let asked = agency.employer().reads(&format!("/v1/issuers/{}", issuer.id)).await;
        asked.problem(404, "request.not_found");
    }
    federation.audit().await;

    // The same node, once an operator lists it, learns all that one knows, and is heard. So it was the list.
    let nc = federation.agency("US-NC");
    federation
        .lists(
            nc,
            &stranger,
            links.iter().find(|link| link.joins("US-VA", "US-NC")).expect("a link"),
        )
        .await;
    eventually("the newcomer knows everyone", async || {
        let known = stranger.knows().await;
        if known == ids(&["US-VA", "US-NC", "US-SC", "US-TN"]) {
            Ok(())
        } else {
            Err(format!("{known:?}"))
        }
    })
    .await;
    federation
        .awaits(&stranger, &badge, VerdictKind::NotValid)
        .await
        .finding("status.suspended");
    nc.recognizes(&issuer).await;
    for other in ["US-SC", "US-TN"] {
        assert_eq!(
            federation.agency(other).knows().await.len(),
            3,
            "listed by one is not listed by all"
        );
    }
    stranger.stops().await;
}
