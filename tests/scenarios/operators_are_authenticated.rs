//! Nothing changes without an operator's token. The routes are taken from the node's own document, so that a new one
//! without protection fails here.

use protocol::{Hash, Ticket};
use registry_schema::{Issuer, StatusState, recognition::RecognitionEntry};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Federation, IssuedBadge, TeacherScenario, TestAgency, http, own_keys};
use verification::multikey;

/// The requests that anybody may send. **Adding to this list is a decision about who may do what.**
const FOR_EVERYONE: [(&str, &str); 9] = [
    ("post", "/v1/verifications"),
    ("post", "/v1/verifications/bulk"),
    ("post", "/credentials/verify"),
    ("post", "/presentations/verify"),
    ("post", "/authorization"),
    ("post", "/recognition"),
    ("post", "/v1/worth"),
    // Limited by the node: so many an hour, and so many that wait.
    ("post", "/v1/applications"),
    // What is signed by a peer's key counts, whoever brings it.
    ("post", "/federation/held"),
];

/// An operation that changes something, with a request that would.
#[derive(Clone, Debug)]
pub(super) struct WriteCase {
    pub(super) method: Method,
    pub(super) path: String,
    body: Value,
}

impl WriteCase {
    /// The request, without a token. A text goes as it is.
    fn request(&self, agency: &TestAgency, query: &str) -> reqwest::RequestBuilder {
        let request = http::client().request(self.method.clone(), format!("{}{}{query}", agency.url(), self.path));
        match &self.body {
            Value::String(text) => request.body(text.clone()),
            body => request.json(body),
        }
    }

    pub(super) async fn by_operator(&self, agency: &TestAgency, query: &str) -> tests::HttpReply {
        http::send(self.request(agency, query).bearer_auth(agency.token())).await
    }
}

/// A request that would change something, for each operation of the document that is no reading.
fn writes(
    document: &Value,
    issuer: &Issuer,
    recognition: &RecognitionEntry,
    (badge, spare): (&IssuedBadge, &IssuedBadge),
    (entry, policy, followed, [application, closed]): (&str, &str, &str, [&str; 2]),
    (own, trial): (&str, &Value),
) -> Vec<WriteCase> {
    let sample = |path: &str| match path {
        "/v1/issuers" => Some((path.to_owned(), json!({"name": "Issuer of Nobody"}))),
        "/v1/recognitions" => Some((
            path.to_owned(),
            json!({"issuer": issuer.id, "purposes": ["salary"], "scope": "all"}),
        )),
        "/v1/frameworks" => Some((
            path.to_owned(),
            json!({"CFDocument": {"identifier": "f", "title": "A framework"}, "CFItems": []}),
        )),
        "/v1/policy" => Some((path.to_owned(), json!(policy))),
        "/v1/key-log" => Some((path.to_owned(), json!({"text": entry}))),
        "/v1/key-log/proposals" => Some((path.to_owned(), json!({"act": "add_writer"}))),
        "/v1/recognitions/{id}/withdrawal" => Some((
            format!("/v1/recognitions/{}/withdrawal", recognition.recognition.id),
            json!({}),
        )),
        "/v1/agency-recognitions" => Some((path.to_owned(), json!({"of": "US-NC", "purposes": ["salary"]}))),
        "/v1/agency-recognitions/{id}/withdrawal" => {
            Some((format!("/v1/agency-recognitions/{followed}/withdrawal"), json!({})))
        }
        "/v1/issuers/{id}/standing" => Some((
            format!("/v1/issuers/{}/standing", issuer.id),
            json!({"standing": "suspended"}),
        )),
        "/v1/issuers/{id}/provider" => Some((
            format!("/v1/issuers/{}/provider", issuer.id),
            json!({"provider": "third_party"}),
        )),
        "/v1/issuers/{id}/rekey" => Some((format!("/v1/issuers/{}/rekey", issuer.id), json!({}))),
        "/v1/issuers/{id}/key-compromise" => Some((
            format!("/v1/issuers/{}/key-compromise", issuer.id),
            json!({"note": "stolen"}),
        )),
        "/v1/credentials" => Some((
            path.to_owned(),
            json!({"issuer": issuer.id, "subject": "Nobody", "achievement": {"name": "Nothing"}}),
        )),
        "/credentials/issue" => Some((
            path.to_owned(),
            json!({"credential": {
                "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
                "issuer": issuer.id, "credentialSubject": {"name": "Nobody"},
            }}),
        )),
        "/v1/credentials/{code}/expunging" => Some((
            format!("/v1/credentials/{}/expunging", spare.code().compact()),
            json!({}),
        )),
        "/v1/credentials/{code}/status-entries" => Some((
            format!("/v1/credentials/{}/status-entries", badge.code().compact()),
            json!({"status": "suspended", "reason": "administrative"}),
        )),
        "/v1/clock/acceptance" | "/v1/store/acceptance" => Some((path.to_owned(), json!({}))),
        "/v1/rubrics" => {
            let another = policy::rubrics::STARTER.replace("version = \"1\"", "version = \"2\"");
            Some((path.to_owned(), json!(another)))
        }
        "/v1/applications/{id}/steps" => Some((
            format!("/v1/applications/{application}/steps"),
            json!({"step": "refuse", "note": "it was a sample"}),
        )),
        "/v1/applications/{id}/proof" => Some((format!("/v1/applications/{application}/proof"), trial.clone())),
        "/v1/issuers/{id}/keys" => Some((
            format!("/v1/issuers/{own}/keys"),
            json!({"add_status_lists": ["https://badges.example/1"]}),
        )),
        "/v1/applications/{id}/contact-expunging" => {
            Some((format!("/v1/applications/{closed}/contact-expunging"), json!({})))
        }
        "/v1/frameworks/{id}" => Some(("/v1/frameworks/kept".to_owned(), json!({}))),
        "/v1/status-lists/{id}/entries" => {
            let (list, index) = spare.slot();
            Some((
                format!("/v1/status-lists/{list}/entries"),
                json!({"index": index, "status": "suspended", "reason": "administrative"}),
            ))
        }
        // None is proven there: whoever names none has looked into all.
        "/v1/agencies/{id}/forks/acknowledgements" => Some((
            "/v1/agencies/US-NC/forks/acknowledgements".to_owned(),
            json!({"forks": []}),
        )),
        "/v1/peers" => Some((path.to_owned(), json!({"ticket": of_virginia().to_string()}))),
        "/v1/peers/{agency}/removal" => Some(("/v1/peers/US-VA/removal".to_owned(), json!({"expel": true}))),
        "/v1/peers/{agency}/pull" => Some(("/v1/peers/US-NC/pull".to_owned(), json!({}))),
        _ => None,
    };
    let mut writes = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let reads = matches!(method.as_str(), "get" | "head" | "options");
            let public = FOR_EVERYONE.contains(&(method.as_str(), path.as_str()));
            let protected = operation["security"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["operator"].is_array()));
            assert!(
                protected || reads || public,
                "{method} {path} is a write, and its document asks for no operator"
            );
            if reads || public {
                continue;
            }
            let (path, body) =
                sample(path).unwrap_or_else(|| panic!("{path} is new: say here what would be sent to it"));
            let method = method.to_uppercase().parse().expect("a method");
            writes.push(WriteCase { method, path, body });
        }
    }
    writes
}

/// An agency that nobody runs.
fn of_virginia() -> Ticket {
    Ticket {
        agency: "US-VA".parse().expect("an agency's name"),
        name: "Virginia".into(),
        genesis: Hash([7; 32]),
        node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
        addresses: vec!["/ip4/127.0.0.1/tcp/9".into()],
        url: "https://va.example".into(),
    }
}

/// Everything that a write could have changed.
async fn state(agency: &TestAgency) -> Vec<String> {
    let mut state = Vec::new();
    for path in [
        "/v1/issuers",
        "/v1/recognitions",
        "/v1/agency-recognitions",
        "/v1/credentials",
        "/v1/rubrics",
        "/v1/applications",
        "/v1/frameworks",
    ] {
        state.push(agency.asks(Method::GET, path, None).await.with_status(200).text());
    }
    for act in [
        "issuer.register",
        "recognition.add",
        "recognition.withdraw",
        "credential.issue",
        "credential.suspend",
        "peer.add",
        "peer.expel",
        "rubric.import",
        "application.step",
    ] {
        state.push(format!("{act}: {}", agency.audited(act).await));
    }
    let peers: Vec<Value> = agency
        .asks(Method::GET, "/v1/peers", None)
        .await
        .with_status(200)
        .json();
    for peer in peers {
        state.push(format!("{} {} {}", peer["agency"], peer["membership"], peer["added"]));
    }
    for holding in agency.holdings().await {
        state.push(format!("{:?} {:?}", holding.rows, holding.envelopes));
    }
    state
}

/// An entry of the agency's key log that its root signed.
async fn an_entry(agency: &TestAgency) -> String {
    let log = agency.employer().reads("/v1/key-log").await.with_status(200).value();
    let log = agency::root::key_log_from_text(log["text"].as_str().expect("a text")).expect("a key log");
    let root = agency::root::key(&agency.data().join("keys/root.key")).expect("the root's key");
    let act = protocol::key_log::KeyLogAct::BadgeKeyAdded(protocol::PublicKey([7; 32]));
    let mut entry = log.propose(act, registry_schema::Timestamp(0)).expect("an entry");
    entry.sign(&root);
    agency::root::entry_to_text(&entry, &log).expect("a text")
}

/// A federation with something of everything, and a request that would be done for each write of its document.
pub(super) struct WriteScenario {
    pub(super) federation: Federation,
    pub(super) writes: Vec<WriteCase>,
    pub(super) badge: IssuedBadge,
}

pub(super) async fn set() -> WriteScenario {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let entries: Vec<RecognitionEntry> = sc
        .employer()
        .reads("/v1/recognitions?agency=US-SC")
        .await
        .with_status(200)
        .json();
    let document = sc.employer().reads("/openapi.json").await.with_status(200).value();
    let body = json!({"of": "US-TN", "purposes": ["renewal"]});
    let followed = sc.asks(Method::POST, "/v1/agency-recognitions", Some(&body)).await;
    let followed = followed.with_status(201).value()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let recognition = entries.first().expect("SC's recognition");
    let spare = sc.issues(&issuer, "Casey Morgan").await;
    let model = sc.employer().reads("/v1/policy/model").await.with_status(200).text();
    let texts = (an_entry(sc).await, model);
    let rubric = sc.asks_with_text("/v1/rubrics", policy::rubrics::STARTER).await;
    rubric.with_status(201);
    let applies = async |name: &str| {
        let body = json!({"name": name, "contact_name": "Office", "contact_email": "office@applicant.example"});
        let applied = sc.asks(Method::POST, "/v1/applications", Some(&body)).await;
        let applied = applied.with_status(201).value();
        applied["application"]["id"].as_str().expect("an id").to_owned()
    };
    let (application, closed) = (applies("Applicant").await, applies("Another").await);
    let path = format!("/v1/applications/{closed}/steps");
    let body = json!({"step": "close"});
    sc.asks(Method::POST, &path, Some(&body)).await.with_status(201);
    let body = json!({"CFDocument": {"identifier": "kept", "title": "A framework"}, "CFItems": []});
    sc.asks(Method::POST, "/v1/frameworks", Some(&body))
        .await
        .with_status(201);
    // One that signs with keys of its own, and an applicant that does.
    let [own, another] = [55, 56].map(|number| multikey::did_key(&own_keys::key(number).public_key()));
    let body = json!({"name": "Keeps its own keys", "did": own.0});
    sc.asks(Method::POST, "/v1/issuers", Some(&body)).await.with_status(201);
    let path = format!("/v1/applications/{application}");
    let case = sc.asks(Method::GET, &path, None).await.with_status(200).value();
    let trial = own_keys::trial(&another.0, case["challenge"].as_str().expect("a challenge"), None);
    let trial = own_keys::signed(trial, &another.1, &own_keys::key(56), federation.clock().now());
    let (own, trial) = (own.0, serde_json::from_slice(&trial).expect("JSON"));
    let writes = writes(
        &document,
        &issuer,
        recognition,
        (&badge, &spare),
        (&texts.0, &texts.1, &followed, [&application, &closed]),
        (&own, &trial),
    );
    assert!(writes.len() >= 7, "{writes:?}");
    // One of them alters its entry.
    sc.acknowledged().retain(|act| !act.what.starts_with("issuer "));
    // So that it can be removed.
    let body = json!({"ticket": of_virginia().to_string()});
    sc.asks(Method::POST, "/v1/peers", Some(&body)).await.with_status(201);
    WriteScenario {
        federation,
        writes,
        badge,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_is_done_without_a_good_token() {
    let WriteScenario { federation, writes, .. } = set().await;
    let sc = federation.agency("US-SC");
    let good = sc.token();
    let credentials = [
        ("no header", None),
        ("nothing in it", Some(String::new())),
        ("no token", Some("Bearer ".into())),
        (
            "another's token",
            Some(format!("Bearer {}", federation.agency("US-TN").token())),
        ),
        ("half a token", Some(format!("Bearer {}", &good[..good.len() / 2]))),
        ("a token and more", Some(format!("Bearer {good}0"))),
        (
            "a token in other letters",
            Some(format!("Bearer {}", good.to_uppercase())),
        ),
        ("another scheme", Some(format!("Basic {good}"))),
        ("a name for a token", Some("Bearer pat".into())),
        ("a very long token", Some(format!("Bearer {}", "x".repeat(5000)))),
    ];
    let before = state(sc).await;
    for write in &writes {
        let path = &write.path;
        for (what, header) in &credentials {
            let mut request = write.request(sc, "");
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let problem = http::send(request).await.problem(401, "operator.unauthenticated");
            assert!(!problem.detail.contains(good), "{path}, {what}: {problem:?}");
        }
        // Nor does it tell more to who sends nonsense.
        let nonsense = write.request(sc, "").body("{");
        http::send(nonsense).await.problem(401, "operator.unauthenticated");
    }
    assert_eq!(state(sc).await, before, "something changed");
    assert_eq!(federation.discrepancies().await, Vec::<String>::new());

    // The same requests with a good token are done, each of them.
    for write in &writes {
        let done = write.by_operator(sc, "").await;
        // Its key was said to be compromised a moment ago: that issuer gets no other.
        if write.path.ends_with("/rekey") {
            done.problem(409, "act.conflict");
        } else {
            done.with_status_among(&[200, 201]);
        }
    }
    assert_ne!(state(sc).await, before);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_checks_everything_and_changes_nothing() {
    let WriteScenario { federation, writes, .. } = set().await;
    let sc = federation.agency("US-SC");
    let before = state(sc).await;
    for write in &writes {
        let reply = write.by_operator(sc, "?dry_run=true").await.with_status(200);
        assert!(
            reply.value().get("document").is_none(),
            "a badge that is not recorded could never be revoked"
        );
        let unclear = write.by_operator(sc, "?dry_run=perhaps").await;
        unclear.problem(422, "request.invalid");
        let request = write.request(sc, "?dry_run=true");
        http::send(request).await.problem(401, "operator.unauthenticated");
    }
    assert_eq!(state(sc).await, before, "something changed");
    // What would be refused is refused in a dry run as well.
    let unknown = json!({"issuer": "did:key:z6MkNobody", "purposes": ["renewal"], "scope": "all"});
    sc.asks(Method::POST, "/v1/recognitions?dry_run=true", Some(&unknown))
        .await
        .problem(404, "request.not_found");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_for_operators_of_the_home_agency() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let public = format!("/v1/credentials/{}", badge.code().compact());
    let shown = sc.employer().reads(&public).await.with_status(200);
    assert!(
        !shown.text().contains("Jordan") && shown.value().get("subject").is_none(),
        "{}",
        shown.text()
    );
    assert_eq!(shown.value()["state"], StatusState::Active.as_str());
    assert_eq!(sc.keeps(badge.code()).await.subject.as_deref(), Some("Jordan Avery"));
    sc.employer()
        .reads("/v1/credentials")
        .await
        .problem(401, "operator.unauthenticated");

    // And what replicates has no person in it.
    for agency in federation.agencies() {
        for holding in agency.holdings().await {
            for (document, key, values) in &holding.rows {
                let found = values
                    .iter()
                    .any(|value| value.windows(5).any(|window| window == b"Avery"));
                assert!(
                    !found,
                    "{} holds the holder's name in `{document}` `{key}`",
                    agency.id()
                );
            }
        }
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_token_is_worth_nothing() {
    let TeacherScenario { federation, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.asks(Method::GET, "/v1/credentials", None).await.with_status(200);
    let data = sc.data().to_str().expect("a path");
    let added = tests::program::run("comityd", ["operator", "add", "pat", "--data", data], b"").await;
    assert_eq!(added.code, Some(0), "{added:?}");
    sc.asks(Method::GET, "/v1/credentials", None)
        .await
        .problem(401, "operator.unauthenticated");
    let fresh = http::client()
        .get(format!("{}/v1/credentials", sc.url()))
        .bearer_auth(added.stdout.trim());
    http::send(fresh).await.with_status(200);
    // Only its hash is kept.
    for file in ["registry.sqlite", "registry.sqlite-wal", "comity.toml"] {
        let bytes = std::fs::read(sc.data().join(file)).unwrap_or_default();
        let token = added.stdout.trim().as_bytes();
        assert!(
            !bytes.windows(token.len()).any(|window| window == token),
            "{file} holds the token"
        );
    }
    federation.audit().await;
}
