//! js-libp2p, with the second implementation behind it, is a peer like any other: it asks, answers, pushes and is pushed to.

use node::config::{Config, PeerConfig};
use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, SecondAgency, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, second};

/// Returns the address at which a node listens for peers.
fn address_of(agency: &TestAgency) -> String {
    let config = Config::load(agency.data()).expect("a configuration");
    let tcp = config.peer_listen.iter().find(|address| address.contains("/tcp/"));
    tcp.expect("a node listens for TCP").clone()
}

/// Has an agency's node follow the second implementation, which dials it.
async fn meets(agency: &TestAgency, py: &SecondAgency) {
    let identity = py.does(json!({"do": "identity"})).await;
    agency.stops().await;
    let mut config = Config::load(agency.data()).expect("a configuration");
    config.peers.push(PeerConfig {
        agency: "US-PY".parse().expect("a name"),
        genesis: py.genesis().to_owned(),
        peer_id: identity["identity"].as_str().expect("an identity").to_owned(),
        addresses: vec![],
        url: None,
    });
    config.save(agency.data()).expect("a configuration is written");
    agency.starts().await;
    py.does(json!({"do": "dial", "address": address_of(agency)})).await;
}

/// Waits until a node closed the connection; gives what the second implementation says of it.
async fn is_hung_up_on(py: &SecondAgency) -> Value {
    eventually("the connection is closed", async || {
        let wire = py.does(json!({"do": "wire"})).await;
        if wire["closed"] == true {
            Ok(wire)
        } else {
            Err(wire.to_string())
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_family_converses_like_any_other() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let py = SecondAgency::founds("US-PY", federation.clock()).await;
    meets(nc, &py).await;

    // What it pushes is on disk once that is answered, and turns a badge red.
    let issuer = py.registers().await;
    nc.recognizes(&issuer).await;
    let file = py.issues(5).await;
    let awaits = async |kind: VerdictKind| {
        eventually(&format!("North Carolina answers {}", kind.as_str()), async || {
            let verdict = nc.employer().verifies_bytes(&file).await;
            if verdict.verdict == kind {
                Ok(verdict)
            } else {
                Err(format!("{verdict:?}"))
            }
        })
        .await
    };
    awaits(VerdictKind::Accepted).await;
    py.does(json!({"do": "revoke", "index": 5})).await;
    awaits(VerdictKind::NotValid).await.finding("status.revoked");
    py.is_held_by(nc).await;

    // What it asks for is what the node has on its disk.
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    let genesis = sc.genesis().to_string();
    let learned = py.does(json!({"do": "learn", "genesis": genesis})).await;
    let stored = second::oracle(nc).await;
    for field in ["heads", "status_lists", "issuers", "recognitions"] {
        let [learned, stored] = [&learned, &stored].map(|said| &second::part_about(said, &genesis)[field]);
        assert_eq!(learned, stored, "{field}");
    }
    assert_eq!(nc.audited("peer.misbehaved").await, 0);

    // Bytes that are no message: it is hung up on, and that is written down.
    py.does(json!({"do": "sends", "bytes": "82", "raw": false})).await;
    is_hung_up_on(&py).await;
    eventually("it is written down", async || {
        match nc.audited("peer.misbehaved").await {
            1 => Ok(()),
            count => Err(format!("{count} entries")),
        }
    })
    .await;
    nc.agrees(&[sc]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_of_another_family_learns_nothing() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let py = SecondAgency::founds("US-PY", federation.clock()).await;
    py.does(json!({"do": "dial", "address": address_of(nc)})).await;
    let exchange = json!({"do": "sends", "bytes": "82008180", "raw": false});
    assert!(py.does(exchange).await["response"].is_null());
    let wire = is_hung_up_on(&py).await;
    assert_eq!(wire["asked"], json!([]), "a node asks a stranger nothing");
}
