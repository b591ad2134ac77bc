//! Short codes are looked up only so often for one client, so that nobody tries them one after the other. Badge files
//! are checked as often as anybody likes.

use node::config::Config;
use reqwest::StatusCode;
use tests::{Agency, Federation, Scene, http};

/// Starts a stopped node with another limit.
async fn starts_with(agency: &Agency, change: impl FnOnce(&mut Config)) {
    agency.stops().await;
    let mut config = Config::load(agency.data()).expect("a configuration");
    change(&mut config);
    config.save(agency.data()).expect("a configuration is written");
    agency.starts().await;
}

/// Asks for a code, as the proxy says on behalf of this client; gives the status and `Retry-After`.
async fn looks_up(agency: &Agency, code: &str, client: &str) -> (u16, Option<u64>) {
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
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let code = badge.code().to_string();
    let never_issued = registry_schema::CredentialCode::new(*b"SC", 12_345).to_string();
    starts_with(sc, |config| {
        config.lookups.per_minute = 1;
        config.lookups.burst = 3;
    })
    .await;

    for _ in 0..3 {
        assert_eq!(looks_up(sc, &code, "192.0.2.1").await, (200, None));
    }
    let (status, after) = looks_up(sc, &code, "192.0.2.1").await;
    assert_eq!(status, 429);
    assert!(after.is_some_and(|seconds| (1..=61).contains(&seconds)), "{after:?}");
    // Nobody is believed about who asks, unless the operator named it; and codes that do not exist count as well.
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
            assert_eq!(looks_up(sc, &code, client).await.0, 200, "{client}");
        }
        assert_eq!(looks_up(sc, &code, client).await.0, 429, "{client}");
    }
    assert_eq!(looks_up(sc, &code, "2001:db8::2").await.0, 429, "of the same network");

    // The control: without a limit, nobody waits.
    starts_with(sc, |config| config.lookups.per_minute = 0).await;
    for _ in 0..12 {
        assert_eq!(looks_up(sc, &code, "192.0.2.1").await.0, 200);
    }
}
