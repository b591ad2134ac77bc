//! Some statutes want a record gone. The agency forgets the badge and its holder; every node stops telling why and when;
//! and a revoked badge stays revoked.

use registry_schema::{Reason, VerdictKind};
use tests::{Answer as _, Federation, Scene, eventually, http};

#[tokio::test(flavor = "multi_thread")]
async fn reason_time_and_holder_go_and_the_revocation_stays() {
    let Scene { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let badge = sc.issues(&issuer, "Casey Morgan").await;
    sc.revokes(&badge, Reason::Misconduct).await;
    // What it said of reason and time need not survive.
    sc.acknowledged().pop();
    let told = |text: &str| text.contains("misconduct");
    for other in federation.agencies() {
        let verdict = federation.awaits(other, &badge, VerdictKind::NotValid).await;
        assert!(
            told(&verdict.finding("status.revoked").detail),
            "the control: it is told at first"
        );
    }

    let path = format!("/v1/credentials/{}/expunging", badge.code().compact());
    let nothing = serde_json::json!({});
    sc.asks(reqwest::Method::POST, &path, Some(&nothing))
        .await
        .with_status(201);

    for other in federation.agencies() {
        let employer = other.employer();
        eventually(&format!("{} tells it no more", other.id()), async || {
            let verdict = employer.verifies(&badge).await;
            let detail = &verdict.finding("status.revoked").detail;
            assert_eq!(verdict.verdict, VerdictKind::NotValid);
            if told(detail) { Err(detail.clone()) } else { Ok(()) }
        })
        .await;
    }
    let by_code = http::get(&format!("{}/v1/credentials/{}", sc.url(), badge.code().compact())).await;
    by_code.problem(404, "request.not_found");
    let again = sc.asks(reqwest::Method::POST, &path, Some(&nothing)).await;
    again.problem(404, "request.not_found");
    federation.audit().await;
}
