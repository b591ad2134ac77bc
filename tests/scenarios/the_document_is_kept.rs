//! Whoever writes software from the OpenAPI document meets no answer of which it does not tell: no status, no media type and
//! no member. The requests are made from the document itself, so that a new route is asked as well.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{HttpReply, IssuedBadge, TestAgency, contract::ApiContract, http};

use super::operators_are_authenticated::{WriteCase, WriteScenario, set};

/// The things that an operation is not seen to do here, and why.
const NEVER_DONE: [(&str, &str); 7] = [
    (
        "get /v1/issuers/{id}/history",
        "this issuer was registered without an application",
    ),
    (
        "get /fetch",
        "an issuer with an address of its own is a scenario of other registries",
    ),
    (
        "get /v1/credentials/{code}/confirmations/{digest}",
        "no key was stolen when the badge was made",
    ),
    (
        "get /federation/{genesis}/{kind}/{name}",
        "its files are the mirrors' own scenarios",
    ),
    (
        "post /v1/issuers/{id}/rekey",
        "its key was called compromised a moment ago",
    ),
    ("get /v1/agencies/{id}/forks/{fork}", "nobody has two histories"),
    (
        "post /federation/held",
        "a countersignature is made by a peer's key alone",
    ),
];

/// Everything that was seen of each operation, and what was wrong.
#[derive(Debug, Default)]
struct ContractCoverage {
    statuses: BTreeMap<String, BTreeSet<u16>>,
    wrong: BTreeSet<String>,
    answers: usize,
}

impl ContractCoverage {
    fn note(&mut self, contract: &ApiContract, (method, path): (&str, &str), reply: &HttpReply) {
        let operation = contract.at(method, path).unwrap_or_else(|| panic!("{method} {path}"));
        let name = format!("{} {}", operation.method, operation.path);
        self.answers += 1;
        if let Err(wrong) = contract.holds(operation, reply) {
            self.wrong
                .insert(format!("{name}: {}", wrong.chars().take(600).collect::<String>()));
        }
        self.statuses.entry(name).or_default().insert(reply.status);
    }
}

/// The paths of things that exist, for each path of the document that names some.
async fn paths(
    sc: &TestAgency,
    contract: &ApiContract,
    writes: &[WriteCase],
    badge: &IssuedBadge,
) -> BTreeMap<String, Vec<String>> {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for write in writes {
        if let Some(operation) = contract.at(write.method.as_str(), &write.path) {
            known
                .entry(operation.path.to_owned())
                .or_default()
                .push(write.path.clone());
        }
    }
    let named = |path: &str| {
        known
            .get(path)
            .and_then(|paths| paths.first())
            .cloned()
            .unwrap_or_default()
    };
    let part = |path: String, nth: usize| path.split('/').nth(nth).unwrap_or_default().to_owned();
    let issuer = part(named("/v1/issuers/{id}/standing"), 3);
    let application = part(named("/v1/applications/{id}/steps"), 3);
    let list = format!("{}-revocation", part(named("/v1/status-lists/{id}/entries"), 3));
    let code = badge.code().compact();
    let index: Value = sc
        .employer()
        .reads("/federation/index.json")
        .await
        .with_status(200)
        .value();
    let genesis = index["agencies"][0]["genesis"].as_str().expect("a log").to_owned();
    let samples = sc.employer().reads("/v1/policy/samples").await.with_status(200).value();
    let sample = samples[0]["agency"].as_str().expect("a sample").to_owned();
    for (path, name) in [
        ("/v1/agencies/{id}", "US-NC"),
        ("/v1/agencies/{id}/forks", "US-NC"),
        ("/v1/reach/{id}", "US-SC"),
        ("/v1/issuers/{id}", &issuer),
        ("/v1/issuers/{id}/history", &issuer),
        ("/v1/applications/{id}", &application),
        ("/v1/status-lists/{id}", &list),
        ("/v1/credentials/{id}", &code),
        ("/v1/frameworks/{id}", "kept"),
        ("/v1/frameworks/{id}/coverage", "kept"),
        ("/v1/policy/samples/{id}", &sample),
        ("/federation/{id}/summary", &genesis),
    ] {
        let path = path.replace("{id}", name);
        let operation = contract.at("get", &path).unwrap_or_else(|| panic!("{path} is told of"));
        known.entry(operation.path.to_owned()).or_default().push(path);
    }
    known
}

/// Lists the requests that strangers may make, as they would.
fn questions(badge: &IssuedBadge) -> Vec<(&'static str, &'static str, Value)> {
    let document = &badge.document;
    let trqp = |action: &str| json!({"entity_id": "US-SC", "authority_id": "US-SC", "action": action, "resource": "micro-credential"});
    vec![
        ("/v1/verifications", "application/vc", document.clone()),
        ("/v1/verifications/bulk", "application/jsonl", document.clone()),
        (
            "/credentials/verify",
            "application/json",
            json!({"verifiableCredential": document}),
        ),
        (
            "/presentations/verify",
            "application/json",
            json!({"verifiablePresentation": {
                "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
                "verifiableCredential": [document],
            }}),
        ),
        ("/authorization", "application/json", trqp("issue")),
        ("/recognition", "application/json", trqp("recognize:renewal")),
        (
            "/v1/worth",
            "application/json",
            json!({"purpose": "renewal", "sample": "US-KY", "badges": [document]}),
        ),
        (
            "/v1/applications",
            "application/json",
            json!({"name": "Asks by the document", "contact_name": "Office", "contact_email": "office@applicant.example"}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_is_one_that_the_document_tells_of() {
    let WriteScenario {
        federation,
        writes,
        badge,
    } = set().await;
    let sc = federation.agency("US-SC");
    // All come from one address, which would be told to wait; that this is told of as well, the rest of the node's tests show.
    sc.stops().await;
    let mut config = node::config::Config::load(sc.data()).expect("a configuration");
    config.budget.milliseconds_a_second = 0;
    config.lookups.per_minute = 0;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let document = sc.employer().reads("/openapi.json").await.with_status(200).value();
    let contract = ApiContract::new(document);
    let known = paths(sc, &contract, &writes, &badge).await;
    let mut seen = ContractCoverage::default();
    let client = http::client();
    for operation in contract.operations() {
        let requests = contract.requests(operation, &|path| known.get(path).cloned().unwrap_or_default());
        for asked in requests {
            let request = asked.request(&client, sc.url(), operation.method, sc.token());
            let reply = http::try_send(request)
                .await
                .unwrap_or_else(|e| panic!("{e}: {asked:?}"));
            seen.note(&contract, (operation.method, operation.path), &reply);
        }
    }
    // A method of which it does not tell does nothing, an operator's neither.
    let told: BTreeSet<(String, &str)> = contract
        .operations()
        .iter()
        .map(|one| (one.method.to_uppercase(), one.path))
        .collect();
    let mut untold = 0;
    for path in told.iter().map(|(_, path)| *path).collect::<BTreeSet<_>>() {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let at = known
                .get(path)
                .and_then(|paths| paths.first())
                .map_or(path, String::as_str);
            if told.contains(&(method.to_owned(), path)) || at.contains('{') {
                continue;
            }
            let method: reqwest::Method = method.parse().expect("a method");
            let request = client.request(method.clone(), format!("{}{at}", sc.url()));
            let reply = http::send(request.bearer_auth(sc.token()).json(&json!({}))).await;
            // Pages of people are at some of these addresses.
            let is_page = reply.content_type == "text/html";
            assert!(reply.status == 405 || is_page, "{method} {at}: {}", reply.status);
            untold += 1;
        }
    }
    assert!(untold > 100, "{untold}");
    for (path, kind, body) in questions(&badge) {
        let request = client.post(format!("{}{path}", sc.url())).header("content-type", kind);
        let reply = http::send(request.body(body.to_string())).await;
        seen.note(&contract, ("post", path), &reply);
    }
    for write in &writes {
        let reply = write.by_operator(sc, "").await;
        seen.note(&contract, (write.method.as_str(), &write.path), &reply);
    }
    // What is there only now: a policy.
    let reply = http::send(client.get(format!("{}/v1/policy", sc.url()))).await;
    seen.note(&contract, ("get", "/v1/policy"), &reply);
    let wrong: Vec<&String> = seen.wrong.iter().collect();
    println!("{} answers of {} operations", seen.answers, seen.statuses.len());
    assert!(wrong.is_empty(), "{} are not as told: {wrong:#?}", wrong.len());
    let mut never = seen.statuses.clone();
    never.retain(|name, statuses| {
        let is_done = statuses.iter().any(|status| (200..300).contains(status));
        !is_done && NEVER_DONE.iter().all(|(one, _)| one != name)
    });
    assert!(never.is_empty(), "never done: {never:#?}");
    federation.audit().await;
}
