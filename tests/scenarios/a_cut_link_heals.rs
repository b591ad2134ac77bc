//! A revocation made while a link was cut arrives once it is healed; until then, what was heard is told with its age.

use registry_schema::{StatusReason, VerdictKind};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually};

/// Waits until two nodes know that they cannot reach each other.
async fn lose_each_other(federation: &Federation, one: &str, other: &str) {
    for (at, of) in [(one, other), (other, one)] {
        let gone = [(federation.agency(of).id().clone(), false)];
        eventually(&format!("{at} loses {of}"), async || {
            federation.agency(at).sees(&gone).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_made_during_a_cut_arrives_after_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    for other in ["US-NC", "US-TN"] {
        federation.link("US-SC", other).cut().await;
        lose_each_other(&federation, "US-SC", other).await;
    }
    let change = federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::EvidenceInvalid)
        .await;
    federation
        .employer_at("US-SC")
        .verifies(&badge)
        .await
        .is(VerdictKind::NotValid);
    for other in ["US-NC", "US-TN"] {
        // They cannot know; but they say how old their knowledge is.
        let verdict = federation
            .employer_at(other)
            .verifies(&badge)
            .await
            .is(VerdictKind::Accepted);
        assert!(
            verdict.status.fresh_as_of.is_some_and(|as_of| as_of < change.at),
            "{verdict:#?}"
        );
    }
    assert!(
        federation.discrepancies().await.is_empty(),
        "while they cannot meet, nodes may differ"
    );

    for other in ["US-NC", "US-TN"] {
        federation.link("US-SC", other).heal().await;
    }
    for other in ["US-NC", "US-TN"] {
        let verdict = federation
            .awaits(federation.agency(other), &badge, VerdictKind::NotValid)
            .await;
        assert!(
            verdict.status.fresh_as_of.is_some_and(|as_of| as_of >= change.at),
            "{verdict:#?}"
        );
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_finds_its_way_around_a_cut() {
    // Tennessee never hears South Carolina itself, only what North Carolina passes on.
    let rhythm = tests::ExchangeIntervals {
        exchange_every: 1,
        ..Default::default()
    };
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(rhythm).await;
    federation.link("US-SC", "US-TN").cut().await;
    lose_each_other(&federation, "US-SC", "US-TN").await;
    federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::Superseded)
        .await;
    let verdict = federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
        .await;
    verdict.finding("status.revoked");
    assert!(!federation.link("US-SC", "US-TN").is_whole());
    federation.link("US-SC", "US-TN").heal().await;
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_split_write_and_then_agree() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        recognition,
    } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let other = sc.issues(&issuer, "Riley Brooks").await;
    for neighbour in ["US-SC", "US-TN"] {
        federation.link("US-NC", neighbour).cut().await;
        lose_each_other(&federation, "US-NC", neighbour).await;
    }
    nc.withdraws(&recognition).await;
    sc.suspends(&badge, StatusReason::Administrative).await;
    sc.revokes(&other, StatusReason::IssuedInError).await;
    sc.reinstates(&badge, StatusReason::Administrative).await;
    federation
        .awaits(federation.agency("US-TN"), &other, VerdictKind::NotValid)
        .await;
    nc.employer().verifies(&other).await.is(VerdictKind::NotRecognized);
    for neighbour in ["US-SC", "US-TN"] {
        federation.link("US-NC", neighbour).heal().await;
    }
    federation
        .awaits(nc, &other, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    federation
        .awaits(nc, &badge, VerdictKind::NotRecognized)
        .await
        .finding("recognition.withdrawn");
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::Accepted)
        .await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_reports_a_store_that_says_what_nobody_signed() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    federation.audit().await;
    let (list, index) = badge.slot();
    let put = protocol::status_list::revoke(list, index, StatusReason::Misconduct, federation.clock().now());
    let agency = federation.agency("US-SC").genesis();
    let forged = protocol::DocumentRow {
        agency,
        document: put.document,
        key: put.key,
        values: vec![put.value],
    };
    federation.agency("US-TN").spoils(vec![forged]).await;

    let found = federation.discrepancies().await.join("\n");
    for expected in [
        "at US-TN, the rows of US-SC do not follow from its envelopes",
        "US-NC and US-TN differ on US-SC",
        "at US-TN, the registry answers otherwise about US-SC",
    ] {
        assert!(found.contains(expected), "not found: {expected}\n{found}");
    }
}
