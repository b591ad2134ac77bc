//! Software that speaks the W3C's VC API can issue and check here, and is told no more and no less than what was
//! checked. Whether the node does as the specifications demand, their own suites show: `tests/w3c`.

use registry_schema::{Credential, StatusReason, StatusState};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Employer, Federation, HttpReply, TestAgency, http};

const V2: &str = "https://www.w3.org/ns/credentials/v2";

async fn issuer(agency: &TestAgency, key: &str) -> String {
    let body = json!({"name": format!("Issuer with {key}"), "key": key});
    let reply = agency
        .asks(Method::POST, "/v1/issuers", Some(&body))
        .await
        .with_status(201);
    reply.value()["id"].as_str().expect("an id").to_owned()
}

fn credential(issuer: &str) -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "name": "Licence to test",
        "issuer": issuer,
        "credentialSubject": {"id": "did:example:subject", "name": "Jordan Avery"},
    })
}

async fn issues(agency: &TestAgency, credential: &Value, options: &Value) -> HttpReply {
    let body = json!({"credential": credential, "options": options});
    agency.asks(Method::POST, "/credentials/issue", Some(&body)).await
}

async fn issued(agency: &TestAgency, credential: &Value) -> Value {
    let reply = issues(agency, credential, &json!({})).await.with_status(201);
    reply.value()["verifiableCredential"].clone()
}

async fn posts(employer: &Employer, path: &str, body: &str) -> HttpReply {
    let request = http::client().post(format!("{}{path}", employer.node()));
    http::send(request.header("content-type", "application/json").body(body.to_owned())).await
}

async fn verifies(employer: &Employer, credential: &Value) -> HttpReply {
    let body = json!({"verifiableCredential": credential});
    posts(employer, "/credentials/verify", &body.to_string()).await
}

/// The codes of what speaks against it.
fn errors(reply: &HttpReply) -> Vec<String> {
    let problem = reply.problem(422, "credential.not_verified");
    assert!(!problem.detail.is_empty());
    let body = reply.value();
    assert_eq!(body["verified"], json!(false));
    let errors = body["errors"].as_array().expect("errors");
    let code = |error: &Value| Some(error["type"].as_str()?.strip_prefix("/help/")?.to_owned());
    errors.iter().map(|error| code(error).expect("a page")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_issued_for_other_software_is_verified_listed_and_revoked_like_the_rest() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let employer = nc.employer();
    for (key, suite) in [
        ("ed25519", "eddsa-rdfc-2022"),
        ("p256", "ecdsa-rdfc-2019"),
        ("p384", "ecdsa-rdfc-2019"),
    ] {
        let issuer = issuer(nc, key).await;
        let signed = issued(nc, &credential(&issuer)).await;
        assert_eq!(signed["proof"]["cryptosuite"], json!(suite));
        let good = verifies(&employer, &signed).await.with_status(200);
        assert_eq!(
            good.value(),
            json!({"verified": true, "errors": [], "warnings": []}),
            "{key}"
        );

        let all: Vec<Credential> = nc
            .asks(Method::GET, "/v1/credentials", None)
            .await
            .with_status(200)
            .json();
        let kept = all
            .iter()
            .find(|one| signed["id"] == json!(one.id))
            .expect("it is listed");
        assert_eq!(
            (kept.name.as_str(), kept.subject.as_deref()),
            ("Licence to test", Some("Jordan Avery"))
        );

        let list = signed["credentialStatus"][0]["statusListCredential"]
            .as_str()
            .expect("a list");
        let path = list
            .split_once("/v1/")
            .map(|(_, rest)| format!("/v1/{rest}"))
            .expect("ours");
        let list = employer.reads(&path).await.with_status(200);
        assert_eq!(
            list.value()["issuer"],
            json!(issuer),
            "a list and a credential have one issuer"
        );
        verifies(&employer, &list.value()).await.with_status(200);

        nc.tries_to_change(kept.code, StatusState::Revoked, StatusReason::IssuedInError)
            .await
            .with_status(201);
        assert_eq!(errors(&verifies(&employer, &signed).await), ["status.revoked"], "{key}");
        let body = json!({"verifiableCredential": signed, "options": {"checks": ["proof"]}});
        let proof_alone = posts(&employer, "/credentials/verify", &body.to_string())
            .await
            .with_status(200);
        assert_eq!(
            proof_alone.value()["warnings"][0]["type"],
            json!("/help/status.revoked")
        );
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_that_a_signature_would_not_cover_or_that_is_not_ours() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let ours = issuer(nc, "ed25519").await;
    let plain = credential(&ours);
    let with = |key: &str, value: Value| {
        let mut credential = plain.clone();
        credential[key] = value;
        credential
    };
    let theirs = "did:key:z6MkhTNL7i2etLerDK8Acz5t528giE5KA4p75T6ka1E1D74r";
    let first = issued(nc, &with("id", json!("urn:uuid:1"))).await;
    let slot = first["credentialStatus"].clone();
    for (what, credential) in [
        (
            "an undefined term",
            with("credentialSubject", json!({"undefinedTerm": "x"})),
        ),
        ("another's issuer", with("issuer", json!(theirs))),
        ("no URL", with("issuer", json!("nobody"))),
        ("nobody", with("issuer", Value::Null)),
        ("somebody else's place", with("credentialStatus", slot)),
        ("a proof already", with("proof", json!({}))),
        (
            "an unknown vocabulary",
            with("@context", json!([V2, "https://evil.example/v1"])),
        ),
    ] {
        let problem = issues(nc, &credential, &json!({}))
            .await
            .problem(422, "request.invalid");
        assert!(!problem.detail.is_empty(), "{what}");
    }
    let suite = |name: &str| json!({"cryptosuite": name});
    issues(nc, &plain, &suite("ecdsa-rdfc-2019"))
        .await
        .problem(422, "request.invalid");
    issues(nc, &plain, &suite("none")).await.problem(422, "request.invalid");
    issues(nc, &with("id", json!("urn:uuid:1")), &json!({}))
        .await
        .problem(409, "act.conflict");
    let count = nc.audited("credential.issue").await;
    let body = json!({"credential": plain});
    let dry = nc
        .asks(Method::POST, "/credentials/issue?dry_run=true", Some(&body))
        .await
        .with_status(200);
    assert_eq!(dry.value(), json!({"verifiableCredential": null}));
    assert_eq!(nc.audited("credential.issue").await, count);
    // The control: nothing was wrong with the rest of it.
    let jcs = issues(nc, &plain, &suite("eddsa-jcs-2022"))
        .await
        .with_status(201)
        .value();
    let jcs = &jcs["verifiableCredential"];
    assert_eq!(jcs["proof"]["cryptosuite"], json!("eddsa-jcs-2022"));
    verifies(&nc.employer(), jcs).await.with_status(200);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_against_a_credential_or_presentation_is_said() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let employer = nc.employer();
    let good = issued(nc, &credential(&issuer(nc, "ed25519").await)).await;
    let mut altered = good.clone();
    altered["credentialSubject"]["name"] = json!("Somebody Else");
    assert_eq!(errors(&verifies(&employer, &altered).await), ["proof.invalid"]);
    let mut unsigned = good.clone();
    unsigned.as_object_mut().expect("an object").remove("proof");
    assert_eq!(errors(&verifies(&employer, &unsigned).await), ["proof.missing"]);

    let presents = async |credential: &Value, options: Value| {
        let presentation = json!({
            "@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [credential],
        });
        let body = json!({"verifiablePresentation": presentation, "options": options});
        posts(&employer, "/presentations/verify", &body.to_string()).await
    };
    presents(&good, json!({})).await.with_status(200);
    assert_eq!(errors(&presents(&altered, json!({})).await), ["proof.invalid"]);
    assert_eq!(
        errors(&presents(&good, json!({"challenge": "once"})).await),
        ["proof.missing"]
    );

    for path in ["/credentials/verify", "/presentations/verify"] {
        for body in [
            "",
            "7",
            "{}",
            "{\"verifiableCredential\":{},\"verifiableCredential\":{}}",
            "\u{0}",
        ] {
            posts(&employer, path, body).await.problem(400, "request.unsupported");
        }
        let large = format!("\"{}\"", "x".repeat(3 * 1024 * 1024));
        posts(&employer, path, &large).await.problem(413, "request.too_large");
    }
    for no_credential in [json!("x"), json!(null), json!([]), json!({"type": "Pilot"})] {
        verifies(&employer, &no_credential)
            .await
            .problem(422, "request.invalid");
    }
    let body = json!({"verifiableCredential": good, "options": {"checks": ["charm"]}});
    posts(&employer, "/credentials/verify", &body.to_string())
        .await
        .problem(422, "request.invalid");
    federation.audit().await;
}
