//! The database alone gives nobody an issuer's key: it is sealed with a key in a file beside it.

use std::fs;

use registry_schema::{StatusReason, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{Federation, TeacherScenario};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_seal_serves_and_issues_nothing_until_it_is_put_back() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let (seal, away) = (sc.data().join("keys/seal.key"), sc.data().join("keys/seal.away"));
    sc.stops().await;
    fs::rename(&seal, &away).expect("a seal");
    sc.starts().await;
    federation.meets().await;

    let new = json!({"issuer": issuer.id, "subject": "Alex Jordan", "achievement": {"name": "Formative Assessment"}});
    let refused = sc.asks(Method::POST, "/v1/credentials", Some(&new)).await;
    let told = refused.problem(409, "act.conflict");
    assert!(told.detail.contains("sealed with the key"), "{told:?}");
    let another = json!({"name": "Lowcountry Learning"});
    sc.asks(Method::POST, "/v1/issuers", Some(&another))
        .await
        .problem(409, "act.conflict");
    assert!(!seal.exists(), "a node makes no second seal where one was used");
    // What it says of its badges needs no issuer's key.
    for agency in federation.agencies() {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    sc.revokes(&badge, StatusReason::Misconduct).await;
    for agency in federation.agencies() {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
    }

    sc.stops().await;
    fs::rename(&away, &seal).expect("the seal put back");
    sc.starts().await;
    federation.meets().await;
    let again = sc.issues(&issuer, "Alex Jordan").await;
    federation.awaits(sc, &again, VerdictKind::Accepted).await;
    federation.audit().await;
}
