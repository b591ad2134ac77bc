//! Who opens connections and says nothing, noise, or a byte now and then, and comes again when it is hung up on, takes no
//! place that a pinned peer needs: a revocation arrives all the same.

use node::config::{Config, PeerConfig};
use registry_schema::VerdictKind;
use serde_json::json;
use tests::{Federation, SecondAgency, eventually, interop::Strangers};

const STRANGERS: u32 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_peer_is_heard_among_strangers_who_never_finish_a_greeting() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let py = SecondAgency::founds("US-PY", federation.clock()).await;
    let identity = py.does(json!({"do": "identity"})).await;
    nc.stops().await;
    let mut config = Config::load(nc.data()).expect("a configuration");
    let tcp = config.peer_listen.iter().find(|address| address.contains("/tcp/"));
    let address = tcp.expect("a node listens for TCP").clone();
    config.peers.push(PeerConfig {
        agency: "US-PY".parse().expect("a name"),
        genesis: py.genesis().to_owned(),
        peer_id: identity["identity"].as_str().expect("an identity").to_owned(),
        addresses: vec![],
        url: None,
    });
    config.save(nc.data()).expect("a configuration is written");
    nc.starts().await;
    let port = address.rsplit('/').next().and_then(|port| port.parse().ok());
    let port = port.expect("a port");
    for (slot, how) in (5..).zip(["silent", "garbage", "slow"]) {
        let strangers = Strangers::open(how, STRANGERS, port).await;
        // The peer begins a connection of its own among them.
        py.does(json!({"do": "dial", "address": address})).await;
        if slot == 5 {
            let issuer = py.registers().await;
            nc.recognizes(&issuer).await;
        }
        let badge = py.issues(slot).await;
        py.does(json!({"do": "revoke", "index": slot})).await;
        eventually(&format!("the revocation arrives among {how} strangers"), async || {
            let verdict = nc.employer().verifies_bytes(&badge).await;
            if verdict.verdict == VerdictKind::NotValid { Ok(()) } else { Err(format!("{verdict:?}")) }
        })
        .await;
        let closed = strangers.hung_up_on().await;
        assert!(closed > 0, "nobody hangs up on {how} strangers");
    }
}
