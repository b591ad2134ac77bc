//! Short codes are looked up only so often for one client, so that nobody tries them one after the other. Badge files
//! are checked as often as anybody likes.

use node::config::Config;
use reqwest::StatusCode;
use tests::{Federation, TeacherScenario, TestAgency, eventually, http};

/// Starts a stopped node with another limit.
async fn starts_with(agency: &TestAgency, change: impl FnOnce(&mut Config)) {
    agency.stops().await;
    let mut config = Config::load(agency.data()).expect("a configuration");
    change(&mut config);
    config.save(agency.data()).expect("a configuration is written");
    agency.starts().await;
}

/// Asks for a code, as the proxy says on behalf of this client; gives the status and `Retry-After`.
async fn looks_up(agency: &TestAgency, code: &str, client: &str) -> (u16, Option<u64>) {
    let url = format!("{}/v1/verifications", agency.url());
    let request = http::client().post(url).header("x-forwarded-for", client);
    let reply = request.header("content-type", "text/plain").body(code.to_owned());
    let reply = reply.send().await.expect("an answer");
    let after = reply.headers().get("retry-after");
    let after = after.map(|seconds| seconds.to_str().expect("text").parse().expect("seconds"));
    let status = reply.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let problem: serde_json::Value = reply.json().await.expect("a problem");
        assert_eq!(problem["type"], "/help/request.too_often");
    }
    (status.as_u16(), after)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_tries_codes_is_told_to_wait_and_others_are_not() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let code = badge.code().to_string();
    let never_issued = registry_schema::CredentialCode::new(*b"SC", 12_345).to_string();
    starts_with(sc, |config| {
        config.lookups.per_minute = 1;
        config.lookups.burst = 3;
    })
    .await;

    for _ in 0..3 {
        assert_eq!(looks_up(sc, &never_issued, "192.0.2.1").await, (200, None));
    }
    let (status, after) = looks_up(sc, &code, "192.0.2.1").await;
    assert_eq!(status, 429);
    assert!(after.is_some_and(|seconds| (1..=61).contains(&seconds)), "{after:?}");
    // Nobody is believed about who asks, unless the operator named it.
    assert_eq!(looks_up(sc, &never_issued, "192.0.2.2").await.0, 429);
    // On the page as well.
    let form = reqwest::multipart::Form::new().text("text", code.clone());
    let page = http::send(http::client().post(format!("{}/verify", sc.url())).multipart(form)).await;
    assert_eq!(page.status, 429, "{}", page.text());
    // A file is no code.
    for _ in 0..5 {
        sc.employer().verifies_bytes(&badge.bytes()).await;
    }

    // Behind a proxy that the operator named, each client has a share of its own.
    starts_with(sc, |config| {
        config.lookups.proxies = vec!["127.0.0.1".parse().expect("an address")]
    })
    .await;
    for client in ["192.0.2.1", "203.0.113.9, 192.0.2.2", "2001:db8::1"] {
        for _ in 0..3 {
            assert_eq!(looks_up(sc, &never_issued, client).await.0, 200, "{client}");
        }
        assert_eq!(looks_up(sc, &code, client).await.0, 429, "{client}");
    }
    assert_eq!(looks_up(sc, &code, "2001:db8::2").await.0, 429, "of the same network");

    // Codes that exist are cheap: whoever has badges has their codes.
    for _ in 0..15 {
        assert_eq!(looks_up(sc, &code, "203.0.113.77").await.0, 200);
    }

    // The control: without a limit, nobody waits.
    starts_with(sc, |config| config.lookups.per_minute = 0).await;
    for _ in 0..12 {
        assert_eq!(looks_up(sc, &code, "192.0.2.1").await.0, 200);
    }
}

/// A code of South Carolina that nobody issued.
fn guess(number: u64) -> String {
    registry_schema::CredentialCode::new(*b"SC", 1_000_000 + number).to_string()
}

/// Whatever way codes come in, and whichever agency they are asked of, one gate stands before the look-up.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_around_the_gate() {
    const SHARE: u32 = 20;
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (sc, nc) = (federation.agency("US-SC"), federation.agency("US-NC"));
    let limited = |config: &mut Config| {
        config.lookups.per_minute = 1;
        config.lookups.burst = SHARE;
    };
    starts_with(sc, limited).await;
    // The resource itself, by whatever form is asked for.
    let mut statuses = std::collections::BTreeMap::new();
    for number in 0..100 {
        let url = format!("{}/v1/credentials/{}", sc.url(), guess(number));
        let accept = ["application/json", "application/vc", "image/png"][number as usize % 3];
        let reply = http::send(http::client().get(url).header("accept", accept)).await;
        *statuses.entry(reply.status).or_insert(0) += 1;
    }
    assert_eq!(
        statuses,
        [(404, SHARE), (429, 100 - SHARE)].into(),
        "no more than its share"
    );
    let own = http::send(http::client().get(format!("{}/v1/credentials/{}", sc.url(), badge.code()))).await;
    own.problem(429, "request.too_often");
    assert_eq!(
        sc.keeps(badge.code()).await.code,
        badge.code(),
        "an operator is not held up"
    );

    // Many at once, at another agency, which asks this one: both have their gate.
    starts_with(sc, |config| config.lookups.per_minute = 0).await;
    starts_with(nc, limited).await;
    let guesses: String = (0..400).map(|number| format!("{}\n", guess(number))).collect();
    let reply = nc
        .employer()
        .sends_many(guesses.into_bytes(), "application/jsonl", &[])
        .await;
    let lines = reply.with_status(200).text();
    let refused = lines.lines().filter(|line| line.contains("too many codes")).count();
    assert_eq!(lines.lines().count(), 400);
    assert!(refused > 200, "{refused} of 400 guesses were refused");
    federation.audit().await;
}

/// A code opens a badge, so none stands in a log: not of what is found, not of what is not, not of what another is asked.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_stands_in_a_log() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (sc, nc) = (federation.agency("US-SC"), federation.agency("US-NC"));
    let mut programs = Vec::new();
    for agency in [sc, nc] {
        agency.stops().await;
        let environment = [("COMITY_LOG", "debug".into())];
        programs.push(agency.starts_program_in(&[], &environment).await);
    }
    let found = badge.code().to_string();
    let compact = found.replace('-', "");
    let ask = async |agency: &TestAgency, code: &str| {
        for accept in ["application/json", "application/vc"] {
            let url = format!("{}/v1/credentials/{code}", agency.url());
            http::send(http::client().get(url).header("accept", accept)).await;
        }
        http::send(http::client().get(format!("{}/v1/credentials/{code}/confirmations/00", agency.url()))).await;
        agency.employer().sends(code.as_bytes(), "text/plain", &[]).await;
    };
    let missed = guess(7);
    for code in [&found, &compact, &missed] {
        ask(sc, code).await;
        ask(nc, code).await;
    }
    // Once more, when nobody answers for it.
    programs.remove(0).is_killed().await;
    ask(nc, &found).await;
    let said = eventually("it says what went wrong", async || {
        let said = programs[0].said();
        if said.contains("could not be asked") {
            Ok(said)
        } else {
            Err(said)
        }
    })
    .await;
    assert!(said.contains("request"), "it says what it does: {said}");
    for secret in [found.as_str(), &compact, &missed, &missed.replace('-', "")] {
        assert!(!said.contains(secret), "`{secret}` stands in the log");
    }
}
