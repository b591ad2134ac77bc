//! The same promise as of a cut link, with real programs on machines of their own: network namespaces, in which a pulled
//! cable loses everything in silence and refuses nothing.

use std::{net::SocketAddr, path::Path, time::Instant};

use node::{
    config::{Config, Tls},
    init::{self, InitOptions},
};
use platform::clock::Clock;
use serde_json::Value;
use tests::{
    eventually,
    namespaces::{NetworkNamespaces, skipped},
    program::{Program, ProgramOutput},
};

const AGENCIES: [(&str, &str, &str); 3] = [
    ("nc", "US-NC", "North Carolina"),
    ("sc", "US-SC", "South Carolina"),
    ("tn", "US-TN", "Tennessee"),
];

/// Makes the nodes, each of which lists the others.
async fn found(machines: &NetworkNamespaces, folder: &Path) {
    let mut tickets = Vec::new();
    for (machine, agency, name) in AGENCIES {
        let address = machines.address(machine);
        let listen: SocketAddr = format!("{address}:7400").parse().expect("an address");
        let beginning = InitOptions {
            agency: agency.parse().expect("an agency's name"),
            name: name.to_owned(),
            url: format!("https://{listen}"),
            listen,
            peer_listen: vec![format!("/ip4/{address}/tcp/7500")],
            database: None,
            root_out: None,
            database_tls: None,
        };
        let data = folder.join(machine);
        let now = Clock::default().now();
        init::init(&data, beginning, now).await.expect("a node is made");
        let token = init::add_operator(&data, "pat", now).await.expect("an operator");
        let profile =
            format!("node = \"http://{listen}\"\nagency = \"{agency}\"\ntoken = \"{token}\"\ninsecure_http = true\n");
        std::fs::write(folder.join(format!("{machine}.toml")), profile).expect("a profile");
        tickets.push(init::peer_config(&data).expect("a ticket"));
    }
    for (machine, agency, _) in AGENCIES {
        let data = folder.join(machine);
        let mut config = Config::load(&data).expect("a configuration");
        config.heartbeat_every_seconds = 2;
        config.heartbeat_term_seconds = 15;
        config.exchange_every_seconds = 1;
        // Nobody else is on these wires.
        config.tls = Some(Tls::None);
        let others = tickets.iter().filter(|ticket| ticket.agency.as_str() != agency);
        config.peers = others.cloned().collect();
        config.save(&data).expect("a configuration is written");
    }
}

async fn says(machines: &NetworkNamespaces, folder: &Path, machine: &str, line: &[&str]) -> ProgramOutput {
    let profile = folder.join(format!("{machine}.toml")).display().to_string();
    let line = [&["--profile", &profile, "--yes"], line].concat();
    machines.comity(machine, &line).await
}

async fn does(machines: &NetworkNamespaces, folder: &Path, machine: &str, line: &[&str]) -> ProgramOutput {
    let ended = says(machines, folder, machine, line).await;
    assert_eq!(ended.code, Some(0), "comity {line:?} at {machine}: {ended:?}");
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_crosses_real_machines_and_a_pulled_cable_is_never_green() {
    let machines = match NetworkNamespaces::new(&["nc", "sc", "tn"]) {
        Ok(machines) => machines,
        Err(why) => return skipped("a pulled cable between network namespaces", &why),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    found(&machines, folder).await;
    let start = |machine: &str| {
        let data = folder.join(machine).display().to_string();
        machines.starts(machine, &["run", "--data", &data])
    };
    let mut nodes: Vec<Program> = AGENCIES.iter().map(|(machine, ..)| start(machine)).collect();
    let at = |name: &str| folder.join(name).display().to_string();
    let badge = at("badge.json");

    // What every node must say of the badge, by the exit code: 0 accepted, 1 not valid, 3 could not check.
    let answers = async |machine: &str, code: i32| {
        eventually(&format!("{machine} answers {code}"), async || {
            let ended = says(&machines, folder, machine, &["verify", &badge]).await;
            if ended.code == Some(code) {
                Ok(ended)
            } else {
                Err(format!("{ended:?}"))
            }
        })
        .await
    };
    for (node, (machine, ..)) in nodes.iter_mut().zip(AGENCIES) {
        eventually(&format!("{machine} sees both others"), async || {
            if let Some(status) = node.ended() {
                panic!("comityd ended with {status}: {}", node.said());
            }
            let peers = says(&machines, folder, machine, &["peer", "list", "--output", "json"]).await;
            let peers: Vec<Value> = serde_json::from_str(&peers.stdout).map_err(|_| format!("{peers:?}"))?;
            let connected = peers
                .iter()
                .filter(|peer| peer["connected"] == true && peer["last_heard"].is_string());
            if connected.count() == 2 {
                Ok(())
            } else {
                Err(format!("{peers:?}"))
            }
        })
        .await;
    }
    let issuer = "Palmetto Educator Institute";
    does(&machines, folder, "sc", &["issuer", "add", "--name", issuer]).await;
    let issue = [
        "credential",
        "issue",
        "--issuer",
        issuer,
        "--achievement-name",
        "Assessment",
    ];
    let whom = ["--subject", "Jordan Avery", "--out", &badge];
    does(&machines, folder, "sc", &[&issue[..], &whom[..]].concat()).await;
    for machine in ["nc", "sc", "tn"] {
        let recognize = ["trust", "recognize", issuer, "--purpose", "renewal"];
        eventually(&format!("{machine} recognizes"), async || {
            let ended = says(&machines, folder, machine, &recognize).await;
            if matches!(ended.code, Some(0 | 5)) {
                Ok(())
            } else {
                Err(format!("{ended:?}"))
            }
        })
        .await;
        answers(machine, 0).await;
    }

    // South Carolina's cable is pulled. She revokes; nobody is told, and nobody goes on being sure.
    machines.set_cable("sc", false);
    let pulled = Instant::now();
    let listed = does(&machines, folder, "sc", &["credential", "list", "--output", "json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let code = listed[0]["code"].as_str().expect("a code").to_owned();
    does(
        &machines,
        folder,
        "sc",
        &["credential", "revoke", &code, "--reason", "evidence_invalid"],
    )
    .await;
    answers("sc", 1).await;
    for machine in ["nc", "tn"] {
        let unsure = answers(machine, 3).await;
        assert!(unsure.stdout.contains("South Carolina"), "{unsure:?}");
    }
    assert!(
        pulled.elapsed().as_secs() < 60,
        "long after its heartbeat's term: {:?}",
        pulled.elapsed()
    );
    // North Carolina and Tennessee hear each other all the while.
    let peers = does(&machines, folder, "nc", &["peer", "list", "--output", "json"]).await;
    let peers: Vec<Value> = serde_json::from_str(&peers.stdout).expect("JSON");
    let tn = peers.iter().find(|peer| peer["agency"] == "US-TN").expect("Tennessee");
    assert_eq!(tn["connected"], true, "{peers:?}");

    machines.set_cable("sc", true);
    for machine in ["nc", "sc", "tn"] {
        let ended = answers(machine, 1).await;
        assert!(ended.stdout.contains("revoked"), "{ended:?}");
    }
    for node in &nodes {
        node.is_interrupted().await;
    }
    for node in nodes {
        let (code, said) = node.ends().await;
        assert_eq!(code, Some(0), "{said}");
    }
    for (machine, agency, _) in AGENCIES {
        let holdings = tests::audit::NodeHolding::in_store(agency, &folder.join(machine)).await;
        let found = tests::audit::discrepancies(&holdings, &[], false);
        assert!(found.is_empty(), "{machine}: {found:?}");
    }
}
