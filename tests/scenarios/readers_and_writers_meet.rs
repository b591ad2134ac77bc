//! The hammer: whatever is read of a node, by however many, while its lists change: each answer comes, and the node stops
//! in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use registry_schema::Reason;
use serde_json::Value;
use tests::{Federation, Scene, eventually, http};

/// Everything together may take so long: far more than it takes, and less than somebody waits who hangs.
const DEADLINE: Duration = Duration::from_secs(120);
const READERS: usize = 8;
const WRITES: usize = 30;

/// The addresses that can be read, with what the routes' parameters name.
fn readable(document: &Value, issuer: &str, code: &str, genesis: &str) -> Vec<String> {
    let pages = [
        "/",
        "/agencies",
        "/issuers",
        "/frameworks",
        "/sample-rules",
        "/apply",
        "/application",
        "/docs",
        "/docs/verification",
        "/help",
        "/openapi.json",
        "/verify",
    ];
    let paths = document["paths"].as_object().expect("paths");
    let read = paths.iter().filter(|(_, operations)| operations.get("get").is_some());
    let mut all: Vec<String> = read
        .map(|(path, _)| {
            let id = match path.as_str() {
                path if path.starts_with("/v1/issuers/") => issuer,
                path if path.starts_with("/v1/agencies/") => "US-SC",
                path if path.starts_with("/v1/status-lists/") => "0-revocation",
                _ => "none",
            };
            let filled = path
                .replace("{id}", &id.replace(':', "%3A"))
                .replace("{code}", code)
                .replace("{agency}", "US-SC")
                .replace("{genesis}", genesis)
                .replace("{fork}", &"0".repeat(64))
                .replace("{digest}", &"0".repeat(64))
                .replace("{kind}", "envelopes")
                .replace("{name}", &"0".repeat(64));
            match path.as_str() {
                "/fetch" => format!("{filled}?sub={}", issuer.replace(':', "%3A")),
                _ => filled,
            }
        })
        .collect();
    all.extend(pages.map(str::to_owned));
    assert!(all.iter().all(|path| !path.contains('{')), "{all:?}");
    assert!(all.len() > 55, "{}", all.len());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_is_read_while_a_badge_is_suspended_and_reinstated_and_nothing_stands_still() {
    let Scene {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let document = sc.employer().reads("/openapi.json").await.value();
    let paths = Arc::new(readable(
        &document,
        &issuer.id,
        &badge.code().to_string(),
        &sc.genesis().to_string(),
    ));
    sc.stops().await;
    // Two threads, as on a small machine: two that wait for each other are the whole process.
    let mut program = sc.starts_program_in(&[], &[("TOKIO_WORKER_THREADS", "2".into())]).await;
    let (ends, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..READERS {
        let (paths, ends, answers) = (paths.clone(), ends.clone(), answers.clone());
        let (url, token) = (sc.url().to_owned(), sc.token().to_owned());
        readers.spawn(async move {
            let client = http::client();
            // At least once all of them, and then until the writer is done.
            for (nth, path) in paths.iter().cycle().skip(reader * 7).enumerate() {
                if nth >= paths.len() && ends.load(Ordering::Relaxed) {
                    return;
                }
                // Operators' routes as well.
                let request = client.get(format!("{url}{path}")).bearer_auth(&token);
                let reply = http::try_send(request).await;
                let reply = reply.unwrap_or_else(|error| panic!("{path}: {error}"));
                assert!(reply.status < 500, "{path}: {} {}", reply.status, reply.text());
                answers.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let all = async {
        for _ in 0..WRITES / 2 {
            sc.suspends(&badge, Reason::Administrative).await;
            sc.reinstates(&badge, Reason::Administrative).await;
        }
        ends.store(true, Ordering::Relaxed);
        while let Some(reader) = readers.join_next().await {
            reader.expect("a reader has all its answers");
        }
    };
    let in_time = tokio::time::timeout(DEADLINE, all).await;
    let came = answers.load(Ordering::Relaxed);
    assert!(in_time.is_ok(), "it stands still after {came} answers");
    println!("{came} answers of {} addresses beside {WRITES} writes", paths.len());
    assert!(program.ended().is_none(), "{}", program.said());
    program.is_interrupted().await;
    let (code, said) = program.ends().await;
    assert_eq!(code, Some(0), "it stops in order: {said}");
    eventually("nobody answers there", async || {
        match http::try_send(http::client().get(format!("{}/livez", sc.url()))).await {
            Err(_) => Ok(()),
            Ok(reply) => Err(reply.text()),
        }
    })
    .await;
    federation.audit().await;
}
