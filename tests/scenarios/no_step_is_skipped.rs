//! The steps of an application have an order, and what strangers can send has a limit.

use node::config::Config;
use policy::rubrics::STARTER;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    AgencyProcess, Employer, ExchangeIntervals, Federation, StoreBackend, http,
    party::{CONTACT, EMAIL, TokenClient, applies, form, scores, with_public_histories as scene},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_not_possible_is_refused_with_what_is() {
    let federation = scene().await;
    let sc = federation.agency("US-SC");
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    let pat = TokenClient {
        agency: sc,
        token: sc.token().to_owned(),
    };
    let ann = TokenClient::operator(sc, "ann", &federation).await;
    let bo = TokenClient::operator(sc, "bo", &federation).await;
    let later = |days: i64| federation.clock().now().plus_seconds(days * 86_400).whole_seconds();
    let samples: Vec<(&str, Value)> = vec![
        ("apply", json!("apply")),
        ("evidence", json!({"evidence": {}})),
        ("review", scores("met")),
        ("approve", json!({"approve": {"until": later(900)}})),
        ("refuse", json!("refuse")),
        (
            "notice",
            json!({"notice": {"of": "suspension", "respond_by": later(9)}}),
        ),
        ("suspend", json!("suspend")),
        ("reinstate", json!("reinstate")),
        ("withdraw", json!("withdraw")),
        ("renew", json!("renew")),
        ("close", json!("close")),
        ("appeal", json!("appeal")),
        ("decide_appeal", json!({"decide_appeal": {"granted": true}})),
    ];
    let (id, _) = applies(sc, "Palmetto Learning").await;
    let (second, _) = applies(sc, "Second Learning").await;
    let mut refused = 0;
    let mut tries_all = async |id: &str, phase: &str| {
        let case = pat.sees(id).await;
        assert_eq!(case["phase"], phase);
        let possible: Vec<&str> = case["possible"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for (name, step) in samples.iter().filter(|(name, _)| !possible.contains(name)) {
            let problem = pat.takes(id, step.clone()).await.problem(409, "act.conflict");
            assert!(
                problem.detail.starts_with(&format!("`{name}` is not possible")),
                "{problem:?}"
            );
            assert!(
                possible.iter().all(|one| problem.detail.contains(&format!("`{one}`"))),
                "{problem:?}"
            );
            refused += 1;
        }
        assert_eq!(pat.sees(id).await, case, "what is refused changes nothing");
    };
    tries_all(&id, "submitted").await;
    for reviewer in [&ann, &bo] {
        reviewer.takes(&id, scores("met")).await.with_status(201);
    }
    tries_all(&id, "under_review").await;
    let sample = |wanted: &str| {
        samples
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, step)| step.clone())
            .expect("a step")
    };
    pat.takes(&id, sample("approve")).await.with_status(201);
    tries_all(&id, "registered").await;
    pat.takes(&id, sample("suspend")).await.with_status(201);
    tries_all(&id, "suspended").await;
    pat.takes(&second, sample("refuse")).await.with_status(201);
    tries_all(&second, "refused").await;
    assert!(refused > 30, "{refused}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_fill_the_store_with_applications() {
    let federation = scene().await;
    let sc = federation.agency("US-SC");
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    let body = |i: usize| json!({"name": format!("Applicant {i}"), "contact_name": CONTACT, "contact_email": EMAIL});
    // Each stranger, as the agency's proxy names them, lives in another place.
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.lookups.proxies = vec!["127.0.0.1".parse().expect("an address")];
    let usual = std::mem::replace(&mut config.registration.most_open, 20);
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let mut strangers = 0;
    let mut sends = async |body: &Value| {
        strangers += 1;
        let request = http::client().post(format!("{}/v1/applications", sc.url())).json(body);
        http::send(request.header("x-forwarded-for", format!("198.51.{strangers}.7"))).await
    };
    for i in 0..20 {
        sends(&body(i)).await.with_status(201);
    }
    sends(&body(20)).await.problem(429, "request.too_many");
    form(
        sc,
        "/apply",
        &[("name", "A"), ("contact_name", CONTACT), ("contact_email", EMAIL)],
    )
    .await
    .with_status(429);
    // What comes by letter is written down all the same, and others can apply where more may wait.
    sc.asks(Method::POST, "/v1/applications", Some(&body(21)))
        .await
        .with_status(201);
    sc.stops().await;
    config.registration.most_open = usual;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    sends(&body(22)).await.with_status(201);
    let mut long = body(23);
    long["name"] = json!("x".repeat(300 * 1024));
    sends(&long).await.problem(413, "request.too_large");
    for (field, bad) in [
        ("name", ""),
        ("contact_email", "a@b"),
        ("url", "javascript:alert(1)"),
        ("rubric", "none"),
    ] {
        let mut new = body(24);
        new[field] = json!(bad);
        sends(&new).await.problem(422, "request.invalid");
    }
    federation.audit().await;
}

/// Several processes of one agency on one PostgreSQL: an applicant need not know which of them writes.
#[tokio::test(flavor = "multi_thread")]
async fn who_applies_at_a_process_that_does_not_write_is_heard() {
    let federation = Federation::start_on(&["US-SC"], ExchangeIntervals::default(), StoreBackend::Postgres).await;
    let sc = federation.agency("US-SC");
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 2).await;
    let follower = 1 - AgencyProcess::holder(&processes).await;
    let url = processes[follower].url().to_owned();
    let body = json!({"name": "Palmetto Learning", "contact_name": CONTACT, "contact_email": EMAIL});
    let made = http::send(http::client().post(format!("{url}/v1/applications")).json(&body)).await;
    let made = made.with_status(201).value();
    let (id, token) = (made["application"]["id"].as_str(), made["token"].as_str());
    let path = format!("/v1/applications/{}", id.expect("an id"));
    let evidence = json!({"step": {"evidence": {}}, "note": "by the applicant"});
    let step = http::client()
        .post(format!("{url}{path}/steps"))
        .bearer_auth(token.expect("a token"));
    http::send(step.json(&evidence)).await.with_status(201);
    let stranger = http::client()
        .post(format!("{url}{path}/steps"))
        .bearer_auth("applicant_guessed");
    http::send(stranger.json(&evidence))
        .await
        .problem(401, "operator.unauthenticated");
    let long = json!({"name": "x".repeat(300 * 1024)});
    let long = http::client().post(format!("{url}/v1/applications")).json(&long);
    http::send(long).await.problem(413, "request.too_large");
    let typed = "name=Second&contact_name=Office&contact_email=office%40second.example";
    let form = http::client().post(format!("{url}/apply"));
    let form = form
        .header("content-type", "application/x-www-form-urlencoded")
        .body(typed);
    http::send(form).await.with_status(201);
    for process in &processes {
        let seen = process
            .asks(Method::GET, &path, None)
            .await
            .expect("an answer")
            .with_status(200)
            .value();
        assert_eq!(seen["steps"].as_array().map(Vec::len), Some(2));
        Employer::at(process.url()).reads("/apply").await.with_status(200);
    }
    for process in &mut processes {
        process.program.is_killed().await;
    }
    sc.starts().await;
    federation.audit().await;
}
