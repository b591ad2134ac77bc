//! Each step of a case says first what it would do to badges; and who could be reached about a case is forgotten when it is
//! over and somebody asks, or the agency's term has passed.

use node::config::Config;
use policy::rubrics::STARTER;
use registry_schema::VerdictKind;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, eventually,
    party::{CONTACT, EMAIL, TokenClient, applies, scores},
};

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_a_case_says_first_what_it_changes_and_a_contact_is_forgotten_when_the_case_is_over() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    let pat = TokenClient {
        agency: sc,
        token: sc.token().to_owned(),
    };
    let (id, key) = applies(sc, "Palmetto Learning").await;
    for reviewer in ["ann-reviews", "bo-reviews"] {
        let reviewer = TokenClient::operator(sc, reviewer, &federation).await;
        reviewer.takes(&id, scores("met")).await.with_status(201);
    }
    let until = federation.clock().now().plus_seconds(365 * 86_400);
    let until = until.to_string();
    let until = until.get(..10).expect("a day");
    let approve = ["issuer", "approve", &id, "--until", until, "--provider", "association"];
    let types = async |arguments: &[&str], code: i32| {
        let ended = pat.comity(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        ended
    };
    let dry =
        |arguments: &[&'static str]| -> Vec<&'static str> { arguments.iter().copied().chain(["--dry-run"]).collect() };

    // An approval makes a new issuer, of whom there is no badge yet: it says so, with its base.
    let mut typed = approve.to_vec();
    typed.push("--dry-run");
    let would = flat(&types(&typed, 0).await.stdout);
    assert!(would.contains("Of your agency's 0 newest badges"), "{would}");
    types(&approve, 0).await;
    let issuer = pat.sees(&id).await["issuer"].as_str().expect("an issuer").to_owned();
    let listed = sc.employer().reads(&format!("/v1/issuers/{issuer}")).await.value();
    assert_eq!(listed["provider"], "association");
    let issuer: registry_schema::Issuer = serde_json::from_value(listed).expect("an issuer");
    sc.recognizes(&issuer).await;
    nc.recognizes(&issuer).await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;

    // To suspend it, and to lift that: first what it does, and nothing is done; the applicant is told no numbers.
    let suspend = ["issuer", "suspend", "Palmetto Learning", "--note", "an inquiry"];
    let would = flat(&types(&dry(&suspend), 0).await.stdout);
    assert!(
        would.contains("1 badge of Palmetto Learning") && would.contains("to not recognized"),
        "{would}"
    );
    federation.awaits(sc, &badge, VerdictKind::Accepted).await;
    types(&suspend, 0).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    let reinstate = ["issuer", "reinstate", "Palmetto Learning", "--note", "it is over"];
    let would = flat(&types(&dry(&reinstate), 0).await.stdout);
    assert!(would.contains("from not recognized to accepted"), "{would}");
    types(&reinstate, 0).await;
    let renew = types(&["issuer", "renew", "Palmetto Learning", "--dry-run"], 0).await;
    assert!(
        flat(&renew.stdout).contains("changes no answer about any badge"),
        "{renew:?}"
    );
    let applicant = TokenClient { agency: sc, token: key };
    let path = format!("/v1/applications/{id}/steps?dry_run=true");
    let told = applicant
        .asks(Method::POST, &path, Some(&json!({"step": "renew"})))
        .await;
    assert_eq!(told.with_status(200).value().get("consequences"), None);

    // Who waits for a decision has to be reached; whose case is over can be forgotten.
    let (open, _) = applies(sc, "Another Applicant").await;
    let waits = types(&["issuer", "expunge-contact", &open, "--yes"], 5).await;
    assert!(waits.stderr.contains("decide or close it first"), "{waits:?}");
    types(&["issuer", "close", &open], 0).await;
    types(&["issuer", "expunge-contact", &open, "--dry-run"], 0).await;
    assert_eq!(pat.sees(&open).await["contact_email"], EMAIL);
    let forgotten = types(&["issuer", "expunge-contact", &open, "--yes"], 0).await;
    assert!(forgotten.stdout.contains("expunged"), "{forgotten:?}");
    let seen = pat.sees(&open).await.to_string();
    assert!(!seen.contains(EMAIL) && !seen.contains(CONTACT), "{seen}");
    types(&["issuer", "expunge-contact", &open, "--yes"], 5).await;

    // And by the agency's own term, without anybody asking; a registered issuer is still reached.
    let (closed, _) = applies(sc, "A Third Applicant").await;
    types(&["issuer", "close", &closed], 0).await;
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.registration.contact_kept_days = Some(0);
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    eventually("the contact is forgotten", async || {
        let seen = pat.sees(&closed).await;
        if seen["contact_email"] == Value::Null {
            Ok(())
        } else {
            Err(seen.to_string())
        }
    })
    .await;
    assert_eq!(pat.sees(&id).await["contact_email"], EMAIL);
    federation.meets().await;
    federation.audit().await;
}
