//! The hammer: whatever is read of a node, by however many, while its lists change: each answer comes, and the node stops
//! in order. And the hammer can fail: a registry behind one lock that is taken twice, as it was once, stands still under it.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, routing::get};

use registry_schema::StatusReason;
use serde_json::Value;
use storage::{StoreCall, StoreFault};
use tests::{Federation, TeacherScenario, eventually, http};

/// For so long nobody may be without an answer: far more than any takes.
const SILENCE: Duration = Duration::from_secs(50);
const READERS: usize = 8;
const WRITES: usize = 30;

/// Reads these addresses, by several at once, while a writer writes; gives how many answers came, or says after how many it
/// stood still.
async fn hammer(
    url: &str,
    token: &str,
    paths: &Arc<Vec<String>>,
    silence: Duration,
    writes: impl Future<Output = ()>,
) -> Result<usize, String> {
    let (ends, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..READERS {
        let (paths, ends, answers) = (paths.clone(), ends.clone(), answers.clone());
        let (url, token) = (url.to_owned(), token.to_owned());
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
        writes.await;
        ends.store(true, Ordering::Relaxed);
        while let Some(reader) = readers.join_next().await {
            reader.expect("a reader has all its answers");
        }
    };
    let mut all = std::pin::pin!(all);
    let mut before = None;
    loop {
        let in_time = tokio::time::timeout(silence, &mut all).await;
        let came = answers.load(Ordering::Relaxed);
        match in_time {
            Ok(()) => return Ok(came),
            Err(_) if before == Some(came) => return Err(format!("it stands still after {came} answers")),
            Err(_) => before = Some(came),
        }
    }
}

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
    let TeacherScenario {
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
    let writes = async {
        for _ in 0..WRITES / 2 {
            sc.suspends(&badge, StatusReason::Administrative).await;
            sc.reinstates(&badge, StatusReason::Administrative).await;
        }
    };
    let came = hammer(sc.url(), sc.token(), &paths, SILENCE, writes).await;
    let came = came.unwrap_or_else(|stands| panic!("{stands}"));
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

/// One stranger reads each of these once; gives how long the longest answer took, and whose it was.
async fn reads_each(url: String, paths: Vec<String>) -> (Duration, String) {
    let (client, mut longest) = (http::client(), (Duration::ZERO, String::new()));
    for path in paths {
        let begun = Instant::now();
        let reply = http::try_send(client.get(format!("{url}{path}"))).await;
        let reply = reply.unwrap_or_else(|error| panic!("{path}: {error}"));
        // Whether the store takes writes is what that one tells.
        let is_told = reply.status < 500 || path == "/readyz";
        assert!(is_told, "{path}: {} {}", reply.status, reply.text());
        longest = longest.max((begun.elapsed(), path));
    }
    longest
}

/// Whatever strangers read, they do not wait for the task that writes, and it does not wait for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strangers_reads_of_every_route_are_answered_while_the_task_that_writes_is_stalled() {
    const STRANGERS: usize = 8;
    const STALL: Duration = Duration::from_secs(25);
    // Whoever waited for the end of the stall would wait for most of it.
    const LONGEST: Duration = Duration::from_secs(15);
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut config = node::config::Config::load(sc.data()).expect("a configuration");
    config.budget.milliseconds_a_second = 0;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    federation.meets().await;
    let document = sc.employer().reads("/openapi.json").await.value();
    let genesis = sc.genesis().to_string();
    let mut paths = readable(&document, &issuer.id, &badge.code().to_string(), &genesis);
    // First those for which that task is asked.
    paths.sort_by_key(|path| !["/v1/heartbeats", "/v1/reach/US-SC"].contains(&path.as_str()));
    reads_each(sc.url().to_owned(), paths.clone()).await;

    let faults = sc.faults().await;
    faults.arm_on(Some(StoreCall::CommitOfEnvelopes), 1, StoreFault::Slow(STALL));
    let reads = async {
        eventually("the task that writes is stalled", async || match faults.is_armed() {
            false => Ok(()),
            true => Err("not yet".to_owned()),
        })
        .await;
        let mut strangers = tokio::task::JoinSet::new();
        for nth in 0..STRANGERS {
            let mine: Vec<String> = paths.iter().cycle().skip(nth).take(paths.len()).cloned().collect();
            strangers.spawn(reads_each(sc.url().to_owned(), mine));
        }
        strangers.join_all().await
    };
    let (_, all) = tokio::join!(sc.suspends(&badge, StatusReason::Administrative), reads);
    let longest = all.into_iter().max().expect("strangers");
    println!("the longest answer: {longest:?}");
    assert!(longest.0 < LONGEST, "{longest:?}");
    federation.audit().await;
}

/// A model of the registry as it once was: one lock, which a list holds while it asks for it again to tell whose it is.
struct OldRegistry {
    lists: RwLock<Vec<u32>>,
    takes_it_twice: bool,
}

impl OldRegistry {
    fn agency(&self) -> usize {
        self.lists.read().expect("no reader panics").len()
    }

    /// A list of credentials, each with its agency.
    fn shown(&self) -> String {
        let lists = self.lists.read().expect("no reader panics");
        let agency = lists.len();
        let shown = (0..500).map(|number| {
            let agency = if self.takes_it_twice { self.agency() } else { agency };
            format!("{number} {agency}\n")
        });
        shown.collect()
    }

    fn change(&self, number: u32) {
        self.lists.write().expect("no writer panics").push(number);
    }
}

/// Serves the model on two threads of its own, which are left to themselves; gives its address.
async fn serves(registry: OldRegistry) -> String {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let shown = async |State(registry): State<Arc<OldRegistry>>| registry.shown();
            let change = async |State(registry): State<Arc<OldRegistry>>| registry.change(1);
            let app = Router::new()
                .route("/v1/credentials", get(shown).post(change))
                .with_state(Arc::new(registry));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tell.send(format!("http://{address}")).expect("somebody waits for it");
            axum::serve(listener, app).await.expect("it serves");
        });
    });
    told.await.expect("an address")
}

/// The same hammer on the model.
async fn hammered(takes_it_twice: bool) -> Result<usize, String> {
    let registry = OldRegistry {
        lists: RwLock::default(),
        takes_it_twice,
    };
    let url = serves(registry).await;
    let paths = Arc::new(vec!["/v1/credentials".to_owned(); 60]);
    let client = http::client();
    let writes = async {
        for _ in 0..WRITES {
            // Where it stands still, no answer comes.
            let _ = http::try_send(client.post(format!("{url}/v1/credentials"))).await;
        }
    };
    hammer(&url, "", &paths, Duration::from_secs(5), writes).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_hammer_finds_a_lock_that_is_taken_twice() {
    let once = hammered(false).await;
    assert!(once.is_ok(), "a lock that is taken once: {once:?}");
    let twice = hammered(true).await;
    assert!(twice.is_err(), "a lock that is taken twice was not found: {twice:?}");
}
