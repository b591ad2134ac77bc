//! An agency can accept what another recognizes: only where both say so, to a stated depth, and every answer shows the way.

use registry_schema::{Issuer, VerdictKind, recognition::AgencyRecognitionEntry};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Federation, TestAgency, VerdictAssertions as _, eventually};

async fn recognizes(agency: &TestAgency, issuer: &Issuer, more: Value) {
    let mut body = json!({"issuer": issuer.id, "purposes": ["renewal"], "scope": "all"});
    let (fields, more) = (body.as_object_mut().expect("an object"), more);
    fields.extend(more.as_object().expect("an object").clone());
    eventually("the issuer is known", async || {
        let reply = agency.asks(Method::POST, "/v1/recognitions", Some(&body)).await;
        if reply.status == 201 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

async fn follows(agency: &TestAgency, body: &Value) -> AgencyRecognitionEntry {
    let reply = agency.asks(Method::POST, "/v1/agency-recognitions", Some(body)).await;
    reply.with_status(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_agency_recognizes_is_accepted_for_as_long_and_as_far_as_both_say() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN", "US-VA"]).await;
    let [nc, sc, tn, va] = ["US-NC", "US-SC", "US-TN", "US-VA"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    let unwilling = sc.registers("Unfollowed Institute").await;
    let other = sc.issues(&unwilling, "Riley Brooks").await;
    recognizes(
        tn,
        &issuer,
        json!({"may_be_followed": true, "conditions": ["the district approves beforehand"]}),
    )
    .await;
    recognizes(tn, &unwilling, json!({})).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;

    let two_years = federation.clock().now().plus_seconds(2 * 365 * 86_400).whole_seconds();
    let body = json!({"of": "US-TN", "purposes": ["renewal"], "until": two_years, "may_be_followed": true});
    let followed = follows(nc, &body).await;
    assert_eq!(followed.recognition.depth, 1);
    nc.asks(Method::POST, "/v1/agency-recognitions", Some(&body))
        .await
        .problem(409, "act.conflict");
    let verdict = federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let by = verdict.recognized_by.first().expect("somebody");
    assert_eq!(
        by.path.iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        ["US-TN", "US-NC"]
    );
    assert_eq!(by.until, Some(two_years));
    let detail = &verdict.finding("recognition.recognized").detail;
    assert!(
        detail.contains("through Tennessee") && detail.contains("the district approves beforehand"),
        "{detail}"
    );
    // The other side did not consent; and another purpose was not meant.
    federation.awaits(nc, &other, VerdictKind::NotRecognized).await;
    nc.employer()
        .asks(&badge.bytes(), &[("purpose", "salary")])
        .await
        .is(VerdictKind::NotRecognized);

    // Virginia follows North Carolina: one agency far is too near, two are enough.
    let short = follows(va, &json!({"of": "US-NC", "purposes": ["renewal"], "depth": 1})).await;
    eventually("VA holds NC's word", async || {
        let all: Vec<Value> = va.employer().reads("/v1/agency-recognitions").await.json();
        if all.len() == 2 {
            Ok(())
        } else {
            Err(format!("{all:?}"))
        }
    })
    .await;
    va.employer().verifies(&badge).await.is(VerdictKind::NotRecognized);
    let id = &short.recognition.id;
    va.asks(
        Method::POST,
        &format!("/v1/agency-recognitions/{id}/withdrawal"),
        Some(&json!({})),
    )
    .await
    .with_status(201);
    follows(va, &json!({"of": "US-NC", "purposes": ["renewal"], "depth": 2})).await;
    let far = federation.awaits(va, &badge, VerdictKind::Accepted).await;
    assert_eq!(
        far.recognized_by[0].path.iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        ["US-TN", "US-NC", "US-VA"]
    );
    // A circle ends.
    follows(
        tn,
        &json!({"of": "US-VA", "purposes": ["renewal"], "depth": 4, "may_be_followed": true}),
    )
    .await;
    tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);

    let id = &followed.recognition.id;
    nc.asks(
        Method::POST,
        &format!("/v1/agency-recognitions/{id}/withdrawal"),
        Some(&json!({})),
    )
    .await
    .with_status(201);
    nc.employer().verifies(&badge).await.is(VerdictKind::NotRecognized);
    federation.awaits(va, &badge, VerdictKind::NotRecognized).await;
    for (wrong, code) in [
        (json!({"of": "US-NC", "purposes": ["renewal"]}), 422),
        (json!({"of": "US-TN", "purposes": []}), 422),
        (json!({"of": "US-TN", "purposes": ["renewal"], "depth": 5}), 422),
        (json!({"of": "US-TX", "purposes": ["renewal"]}), 404),
    ] {
        nc.asks(Method::POST, "/v1/agency-recognitions", Some(&wrong))
            .await
            .with_status(code);
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_hop_is_never_green() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    recognizes(tn, &issuer, json!({"may_be_followed": true})).await;
    follows(nc, &json!({"of": "US-TN", "purposes": ["renewal"]})).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    tn.stops().await;
    federation.clock().advance(2);
    let verdict = federation.awaits(nc, &badge, VerdictKind::CouldNotCheck).await;
    eventually("the stale hop alone is in doubt", async || {
        let verdict = nc.employer().verifies(&badge).await;
        let says = verdict.findings.iter().find(|f| f.code == "recognition.stale");
        match says {
            Some(finding) if finding.detail.contains("Tennessee") => Ok(()),
            _ => Err(format!("{verdict:#?}")),
        }
    })
    .await;
    assert_ne!(verdict.verdict, VerdictKind::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recognition_follows_the_issuers_home_unless_it_stands_alone() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    recognizes(nc, &issuer, json!({})).await;
    recognizes(
        tn,
        &issuer,
        json!({"stands_alone": true, "attestation": "self_assessment"}),
    )
    .await;
    for agency in [nc, tn] {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    let path = format!("/v1/issuers/{}/standing", issuer.id);
    let stands = async |standing: &str| sc.asks(Method::POST, &path, Some(&json!({"standing": standing}))).await;
    stands("suspended").await.with_status(201);
    stands("suspended").await.problem(409, "act.conflict");
    let verdict = federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    assert!(
        verdict
            .finding("recognition.ended_at_home")
            .detail
            .contains("South Carolina")
    );
    let alone = tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let detail = &alone.finding("recognition.recognized").detail;
    assert!(detail.contains("the issuer's own assessment"), "{detail}");
    stands("registered").await.with_status(201);
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    stands("ended").await.with_status(201);
    stands("registered").await.problem(409, "act.conflict");
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    federation.audit().await;
}
