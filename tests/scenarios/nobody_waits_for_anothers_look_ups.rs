//! The look-ups of a node for what strangers name are shared among those strangers: who asks about much waits for themselves,
//! who asks about one badge is answered, and each is told what is true of the host that they named.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use registry_schema::{Timestamp, Verdict, VerdictKind};
use serde_json::json;
use tests::{Employer, Federation, Publisher, TestAgency, VerdictAssertions as _, eventually, http};
use tokio::{net::TcpListener, task::JoinSet};
use verification::IssuerSigningKey;

/// The longest wait of one who is not held up by others.
const SOON: Duration = Duration::from_millis(1_500);

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[78; 32]).expect("a key")
}

/// Somebody at another address of this machine.
fn from(agency: &TestAgency, address: [u8; 4]) -> Employer {
    let from = http::client_with(|builder| builder.local_address(std::net::IpAddr::from(address)));
    Employer::with(agency.url(), from)
}

/// Hosts that take every connection and say nothing: all of 127.0.0.0/8 at one port.
struct UnresponsiveHosts {
    port: u16,
    connections: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl UnresponsiveHosts {
    async fn listens() -> Self {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], tests::ports::free()));
        let listener = TcpListener::bind(everywhere).await.expect("a port");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut held = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                held.push(connection);
                counted.store(held.len(), Ordering::Release);
            }
        });
        Self {
            port: everywhere.port(),
            connections,
            _task: task,
        }
    }

    /// Links to as many of them.
    fn links(&self, network: u8, many: u8) -> Vec<u8> {
        let link = |host| format!("https://127.{network}.0.{host}:{}/badge\n", self.port);
        (1..=many).map(link).collect::<String>().into_bytes()
    }
}

/// An issuer on the web, one of many on one host, and its badge.
fn issues(publisher: &Publisher, name: &str, now: Timestamp) -> Vec<u8> {
    let did = format!("{}:{name}", publisher.did());
    let mut document = publisher.key_document(&key(), &["assertionMethod"]);
    document["id"] = json!(did);
    document["verificationMethod"][0]["id"] = json!(format!("{did}#1"));
    document["verificationMethod"][0]["controller"] = json!(did);
    publisher.lays_out(
        &format!("/{name}/did.json"),
        "application/did+json",
        document.to_string(),
    );
    Publisher::issues_as(&did, &format!("{did}#1"), &key(), now)
}

/// Returns the sentence about an issuer whose keys could not be had.
fn no_keys(verdict: &Verdict) -> &str {
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
    &verdict.sentence
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_asks_about_one_badge_is_answered_while_others_have_hundreds_looked_up() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let now = federation.clock().now();
    let nowhere = |i: u8| {
        let did = format!("did:web:no-{i}.such.host.invalid");
        Publisher::issues_as(&did, &format!("{did}#1"), &key(), now)
    };
    let deaf = UnresponsiveHosts::listens().await;
    let mut uploads = JoinSet::new();
    // One upload, then three more from other addresses.
    for (others, at_once) in [(1, 16), (4, 24)] {
        for stranger in uploads.len()..others {
            let stranger = u8::try_from(stranger).expect("few");
            let employer = from(nc, [127, 0, 1, stranger + 1]);
            let links = deaf.links(stranger + 10, 250);
            uploads.spawn(async move { employer.sends_many(links, "application/jsonl", &[]).await });
        }
        eventually("the uploads have all that they can get", async || {
            match deaf.connections.load(Ordering::Acquire) {
                now if now >= at_once => Ok(()),
                now => Err(format!("{now} connections")),
            }
        })
        .await;
        for asker in 1..=9 {
            let employer = from(nc, [127, 0, u8::try_from(others).expect("few") + 10, asker]);
            let began = Instant::now();
            let badge = issues(&publisher, &format!("{others}-{asker}"), now);
            employer.verifies_bytes(&badge).await.is(VerdictKind::NotRecognized);
            let verdict = employer.verifies_bytes(&nowhere(10 * others as u8 + asker)).await;
            let why = no_keys(&verdict);
            assert!(why.contains("there is no host"), "the truth about the host: {why}");
            assert!(began.elapsed() < SOON, "{others} uploads: {:?}", began.elapsed());
        }
    }
    uploads.abort_all();
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_for_whom_much_was_fetched_is_told_to_wait_and_others_are_not() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher
        .is_trusted_by(nc, |outbound| {
            outbound.per_minute = 1;
            outbound.burst = 3;
        })
        .await;
    let now = federation.clock().now();
    let badges: Vec<Vec<u8>> = (0..5).map(|i| issues(&publisher, &i.to_string(), now)).collect();
    let (one, other) = (from(nc, [127, 0, 0, 6]), from(nc, [127, 0, 0, 7]));
    for badge in &badges[..3] {
        one.verifies_bytes(badge).await.is(VerdictKind::NotRecognized);
    }
    let verdict = one.verifies_bytes(&badges[3]).await;
    let why = no_keys(&verdict);
    assert!(why.contains("for you at the moment; ask again in"), "{why}");
    // By link and in an upload as well.
    let link = publisher.lays_out("/badge.json", "application/json", badges[0].clone());
    let lines = one.sends_many(link.into_bytes(), "application/jsonl", &[]).await;
    let lines = lines.with_status(200).text();
    assert!(lines.contains("for you at the moment"), "{lines}");
    // What is kept is there for everybody, and nobody else is told to wait; nor is what one was told remembered of the issuer.
    one.verifies_bytes(&badges[0]).await.is(VerdictKind::NotRecognized);
    other.verifies_bytes(&badges[3]).await.is(VerdictKind::NotRecognized);
    one.verifies_bytes(&badges[3]).await.is(VerdictKind::NotRecognized);
    federation.audit().await;
}
