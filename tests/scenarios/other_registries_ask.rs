//! Software of other registries asks in its own language: TRQP 2.0, the W3C's recognized entities, and the registries of
//! the Digital Credentials Consortium. The answers are those of the verdicts, and never rest on stale lists.

use registry_schema::VerdictKind;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Federation, HttpReply, TeacherScenario, TestAgency, eventually, http, interop};

async fn asks(agency: &TestAgency, path: &str, body: &Value) -> HttpReply {
    let url = format!("{}{path}", agency.url());
    let request = http::client().post(url).header("x-request-id", "d4f34c12");
    http::send(request.json(body)).await
}

fn query(entity: &str, authority: &str, action: &str, resource: &str) -> Value {
    json!({"entity_id": entity, "authority_id": authority, "action": action, "resource": resource})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trqp_query_is_answered_for_any_agency_and_any_date_as_the_schemas_say() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let achievement = sc.keeps(badge.code()).await.achievement;
    let port = nc.url().rsplit(':').next().expect("a port").to_owned();
    for authority in [
        "US-NC".to_owned(),
        nc.url().to_owned(),
        format!("did:web:127.0.0.1%3A{port}"),
    ] {
        for resource in ["micro-credential", achievement.as_str()] {
            let body = query(&issuer.id, &authority, "recognize:renewal", resource);
            let reply = asks(tn, "/authorization", &body).await.with_status(200);
            assert_eq!(reply.content_type, "application/json");
            let answer = reply.value();
            for (field, text) in body.as_object().expect("an object") {
                assert_eq!(answer[field], *text);
            }
            assert_eq!(answer["authorized"], json!(true), "{answer}");
            assert!(answer.get("recognized").is_none() && answer["time_evaluated"].is_string());
            let answer = asks(tn, "/recognition", &body).await.with_status(200).value();
            assert_eq!(answer["recognized"], json!(true), "{answer}");
            assert!(answer.get("authorized").is_none());
        }
    }
    let authorized =
        async |body: &Value| asks(tn, "/authorization", body).await.with_status(200).value()["authorized"].clone();
    assert_eq!(
        authorized(&query(&issuer.id, "US-NC", "recognize:salary", "micro-credential")).await,
        json!(false)
    );
    assert_eq!(
        authorized(&query("did:web:nobody.example", "US-NC", "issue", "micro-credential")).await,
        json!(false)
    );
    assert_eq!(
        authorized(&query(&issuer.id, "US-SC", "issue", "micro-credential")).await,
        json!(true)
    );
    let mut yesterday = query(&issuer.id, "US-NC", "issue", "micro-credential");
    let time = federation
        .clock()
        .now()
        .plus_seconds(-86_400)
        .whole_seconds()
        .to_string();
    yesterday["context"] = json!({"time": time});
    let answer = asks(tn, "/authorization", &yesterday).await.with_status(200).value();
    assert_eq!(answer["authorized"], json!(false), "{answer}");
    assert_eq!(
        (&answer["time_requested"], &answer["context"]["time"]),
        (&json!(time), &json!(time))
    );

    for (wrong, status, code) in [
        (json!({"entity_id": "x"}), 400, "request.unsupported"),
        (query("x", "US-NC", "", "y"), 400, "request.unsupported"),
        (query("x", "US-TX", "issue", "y"), 404, "request.not_found"),
        (query("x", "US-NC", "govern", "y"), 404, "request.not_found"),
        (query("x", "US-NC", "recognize:fun", "y"), 404, "request.not_found"),
        (
            json!({"entity_id": "x", "authority_id": "US-NC", "action": "issue", "resource": "y", "context": {"time": "2026-11-23T10:00:00+01:00"}}),
            400,
            "request.unsupported",
        ),
    ] {
        asks(tn, "/recognition", &wrong).await.problem(status, code);
    }
    let raw = http::client()
        .post(format!("{}/recognition", tn.url()))
        .header("x-request-id", "d4f34c12")
        .json(&yesterday)
        .send()
        .await
        .expect("an answer");
    assert_eq!(raw.headers()["x-request-id"], "d4f34c12");

    // An agency asks about an agency.
    let of_agency = query("US-TN", "US-NC", "recognize:renewal", "micro-credential");
    let recognized = async || asks(tn, "/recognition", &of_agency).await.with_status(200).value()["recognized"].clone();
    assert_eq!(recognized().await, json!(false));
    let body = json!({"of": "US-TN", "purposes": ["renewal"]});
    nc.asks(Method::POST, "/v1/agency-recognitions", Some(&body))
        .await
        .with_status(201);
    eventually("TN hears of it", async || match recognized().await {
        Value::Bool(true) => Ok(()),
        other => Err(other.to_string()),
    })
    .await;

    nc.withdraws(&recognition).await;
    let body = query(&issuer.id, "US-NC", "recognize:renewal", "micro-credential");
    eventually("the withdrawal arrives", async || match authorized(&body).await {
        Value::Bool(false) => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_list_is_neither_yes_nor_no() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let tn = federation.agency("US-TN");
    federation.agency("US-NC").stops().await;
    federation.clock().advance(2);
    for path in ["/authorization", "/recognition"] {
        for entity in [issuer.id.as_str(), "did:web:nobody.example", "US-SC"] {
            let body = query(entity, "US-NC", "recognize:renewal", "micro-credential");
            asks(tn, path, &body).await.problem(503, "trust.stale");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_software_reads_the_trust_list() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let employer = nc.employer();
    let listed = employer.reads("/v1/recognized-entities").await.with_status(200);
    assert_eq!(listed.content_type, "application/vc");
    let credential = listed.value();
    assert_eq!(
        credential["type"],
        json!(["VerifiableCredential", "RecognizedEntityCredential"])
    );
    assert_eq!(credential["credentialSubject"][0]["id"], json!(issuer.id));
    assert_eq!(credential["credentialSubject"][0]["type"], json!("RecognizedEntity"));
    // The key that signed it is one that the agency's did.json says may assert.
    let did = employer.reads("/.well-known/did.json").await.with_status(200).value();
    assert_eq!(credential["issuer"]["id"], did["id"]);
    assert!(
        did["assertionMethod"]
            .as_array()
            .expect("keys")
            .contains(&credential["proof"]["verificationMethod"])
    );
    let found = interop::tool("registry.mjs", ["entities", nc.url()]).await;
    assert_eq!(found.1, Some(0), "{found:?}");
    assert_eq!(found.0["verified"], json!(true), "{found:?}");
    let altered = interop::tool("registry.mjs", ["entities", nc.url(), "--tamper"]).await;
    assert_eq!(altered.0["verified"], json!(false), "{altered:?}");

    let lookup = async |did: &str| interop::tool("registry.mjs", ["lookup", nc.url(), did]).await.0;
    let entry = lookup(&issuer.id).await;
    assert_eq!(entry["entry"]["organization_name"], json!(issuer.name), "{entry}");
    assert_eq!(entry["statement"]["organization_name"], json!(issuer.name), "{entry}");
    let nobody = lookup("did:web:nobody.example").await;
    assert_eq!(
        (&nobody["entry"], &nobody["statement"]),
        (&Value::Null, &Value::Null),
        "{nobody}"
    );

    nc.withdraws(&recognition).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    let gone = lookup(&issuer.id).await;
    assert_eq!(
        (&gone["entry"], &gone["statement"]),
        (&Value::Null, &Value::Null),
        "{gone}"
    );
    federation.audit().await;
}
