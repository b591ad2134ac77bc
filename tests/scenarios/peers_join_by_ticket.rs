//! An agency joins by a ticket and a yes, while all nodes run; who poses as another is refused; and whom a trusted peer
//! introduces is followed only once an operator says so.

use registry_schema::VerdictKind;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    AgencyProcess, ExchangeIntervals, Federation, StoreBackend, TestAgency, VerdictAssertions as _, eventually,
    federation::ids, program::ProgramOutput,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 300,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

/// The command did what was asked.
fn done(ended: ProgramOutput) -> ProgramOutput {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

async fn comes_to_know(agency: &TestAgency, known: &[&str]) {
    eventually(&format!("{} knows {known:?}", agency.id()), async || {
        let now = agency.knows().await;
        if now == ids(known) {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    })
    .await;
}

async fn peers(agency: &TestAgency) -> Vec<Value> {
    agency.employer().reads("/v1/peers").await.with_status(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_joins_by_ticket_in_both_directions_and_no_node_is_restarted() {
    let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let (tn, links) = federation.newcomer("US-TN").await;
    tn.starts().await;
    assert!(peers(&tn).await.is_empty());

    // What the node prints into a pipe is the ticket alone, which the next command reads; people see a QR code above it.
    let printed = done(tn.comity(&["peer", "ticket"]).await).stdout;
    let last = printed.trim_end();
    assert_eq!(
        last.parse::<protocol::Ticket>().expect("a ticket").genesis,
        tn.genesis()
    );
    let seen = done(tn.comity_at_a_terminal(&["peer", "ticket"], "").await).stdout;
    assert!(seen.contains('█') && seen.contains(last), "{seen}");
    let plain = done(tn.comity(&["peer", "ticket", "--no-qr"]).await);
    assert_eq!(plain.stdout.trim_end(), last);
    // Who is called can read out what the other one has before it.
    let own = tn.genesis().fingerprint();
    assert!(plain.stderr.contains(&own), "{plain:?}");
    let keys = done(tn.comity(&["key", "list"]).await);
    assert!(keys.stderr.contains(&format!("fingerprint: {own}")), "{keys:?}");
    let shown = done(tn.comity(&["peer", "show", "US-TN"]).await);
    let in_one_line = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        in_one_line.contains(&own) && in_one_line.contains("Tennessee"),
        "{shown:?}"
    );
    let json = done(tn.comity(&["peer", "ticket", "--json"]).await).stdout;
    assert!(json.contains(&tn.genesis().to_string()), "{json}");
    let data = tn.data().to_str().expect("a path");
    let offline = tests::program::run("comityd", ["ticket", "--data", data], b"").await;
    let offline = done(offline);
    assert_eq!(offline.stdout.trim_end(), last);
    assert!(offline.stderr.contains(&own), "{offline:?}");

    // One way: Tennessee follows North Carolina, which does not let it in yet.
    let ticket = nc.ticket(links[0].port_for("US-TN")).await.to_string();
    let asked = tn.comity(&["peer", "add", &ticket]).await;
    assert_eq!(asked.code, Some(2), "nobody said yes: {asked:?}");
    assert!(peers(&tn).await.is_empty());
    let tried = done(tn.comity(&["peer", "add", "--dry-run", &ticket]).await);
    assert!(tried.stderr.contains("North Carolina"), "{tried:?}");
    assert!(
        tried.stdout.contains("US-NC is followed from now on"),
        "in words: {tried:?}"
    );
    assert!(peers(&tn).await.is_empty());
    let said = done(tn.comity(&["peer", "add", "--yes", &ticket]).await);
    let fingerprint = nc.genesis().fingerprint();
    assert!(
        said.stderr
            .replace(char::is_whitespace, "")
            .contains(&fingerprint.replace(' ', "")),
        "{said:?}"
    );
    assert_eq!(peers(&tn).await.len(), 1);
    eventually("Tennessee was sent away", async || {
        if links[0].connections() >= 2 {
            Ok(())
        } else {
            Err(links[0].connections().to_string())
        }
    })
    .await;
    assert_eq!(tn.knows().await, ids(&["US-TN"]));

    // The other way, and they meet.
    let ticket = tn.ticket(links[0].port_for("US-NC")).await.to_string();
    done(nc.comity(&["peer", "add", "--yes", &ticket]).await);
    comes_to_know(&tn, &["US-TN", "US-NC"]).await;
    comes_to_know(nc, &["US-NC", "US-SC", "US-TN"]).await;
    let listed = done(nc.comity(&["peer", "list"]).await).stdout;
    assert!(listed.contains("Tennessee") && listed.contains("TCP"), "{listed}");

    // It is heard like any other: its badge is accepted at North Carolina.
    let issuer = tn.registers("Volunteer Academy").await;
    let badge = tn.issues(&issuer, "Riley Brooks").await;
    nc.recognizes(&issuer).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;

    // With nobody else was a word exchanged: South Carolina neither knows it nor was called.
    assert_eq!(sc.knows().await, ids(&["US-SC", "US-NC"]));
    assert_eq!(links[1].connections(), 0);
    sc.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);

    // A restart keeps it.
    nc.stops().await;
    nc.starts().await;
    comes_to_know(nc, &["US-NC", "US-SC", "US-TN"]).await;
    eventually("North Carolina meets Tennessee again", async || {
        nc.sees(&[(tn.id().clone(), true)]).await
    })
    .await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    tn.stops().await;
    federation.meets().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impostors_ticket_is_refused_and_changes_nothing() {
    let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
    let nc = federation.agency("US-NC");
    let (impostor, links) = federation.newcomer("US-VA").await;
    impostor.starts().await;
    let honest = impostor.ticket(links[0].port_for("US-NC")).await;

    // The same name, another log.
    let posing = protocol::Ticket {
        agency: "US-SC".parse().expect("a name"),
        name: "South Carolina".into(),
        ..honest.clone()
    };
    let refused = nc.comity(&["peer", "add", "--yes", &posing.to_string()]).await;
    assert_eq!(refused.code, Some(5), "{refused:?}");
    for words in ["pinned to another log", "somebody may pose as it"] {
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    // Nor does the node itself take it, from whoever asks in another way.
    let body = json!({"ticket": posing.to_string()});
    let problem = nc
        .asks(Method::POST, "/v1/peers", Some(&body))
        .await
        .problem(409, "act.conflict");
    assert!(problem.detail.contains("pinned to another log"), "{problem:?}");
    // This node's own name is nobody else's.
    let own_name = protocol::Ticket {
        agency: "US-NC".parse().expect("a name"),
        ..honest.clone()
    };
    let body = json!({"ticket": own_name.to_string()});
    nc.asks(Method::POST, "/v1/peers", Some(&body))
        .await
        .problem(409, "act.conflict");
    // A ticket with one wrong letter is found before anything else.
    let mut damaged = honest.to_string();
    damaged.replace_range(40..41, if &damaged[40..41] == "a" { "b" } else { "a" });
    let refused = nc.comity(&["peer", "add", "--yes", &damaged]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("checksum"), "{refused:?}");
    nc.asks(Method::POST, "/v1/peers", Some(&json!({"ticket": damaged})))
        .await
        .problem(422, "request.invalid");
    assert_eq!(peers(nc).await.len(), 1);
    assert_eq!(nc.audited("peer.add").await, 0);

    federation.audit().await;

    // A name that nobody has here, for a log that calls itself otherwise: followed, and never believed under that name.
    let renamed = protocol::Ticket {
        agency: "US-GA".parse().expect("a name"),
        ..honest
    };
    let body = json!({"ticket": renamed.to_string()});
    nc.asks(Method::POST, "/v1/peers", Some(&body)).await.with_status(201);
    let ticket = nc.ticket(links[0].port_for("US-VA")).await.to_string();
    done(impostor.comity(&["peer", "add", "--yes", &ticket]).await);
    eventually("its log is here", async || {
        let logs = nc.key_logs().await;
        let here = logs.iter().any(|log| log.genesis() == impostor.genesis());
        if here {
            Ok(())
        } else {
            Err(format!("{} key logs", logs.len()))
        }
    })
    .await;
    assert_eq!(nc.knows().await, ids(&["US-NC", "US-SC"]));
    impostor.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_introduces_others_and_an_operator_says_yes() {
    let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let (tn, links) = federation.newcomer("US-TN").await;
    tn.starts().await;
    let ticket = nc.ticket(links[0].port_for("US-TN")).await.to_string();
    done(tn.comity(&["peer", "add", "--yes", &ticket]).await);
    let ticket = tn.ticket(links[0].port_for("US-NC")).await.to_string();
    done(nc.comity(&["peer", "add", "--yes", &ticket]).await);
    comes_to_know(&tn, &["US-TN", "US-NC"]).await;
    comes_to_know(nc, &["US-NC", "US-SC", "US-TN"]).await;

    let listed = done(tn.comity(&["peer", "introductions"]).await).stdout;
    assert!(listed.contains("US-SC") && !listed.contains("US-TN"), "{listed}");
    let listed: Vec<Value> =
        serde_json::from_str(&done(sc.comity(&["peer", "introductions", "--output", "json"]).await).stdout)
            .expect("JSON");
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(
        (&listed[0]["agency"], &listed[0]["introduced_by"]),
        (&json!("US-TN"), &json!("US-NC"))
    );
    // By being introduced, nobody is followed.
    assert_eq!(peers(&tn).await.len(), 1);
    assert_eq!(tn.knows().await, ids(&["US-TN", "US-NC"]));

    let unknown = tn
        .comity(&["peer", "add", "--introduced-by", "US-NC", "US-GA", "--yes"])
        .await;
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    // Whom North Carolina did not sign for, it does not introduce; and only it signs for itself.
    let signed = nc
        .employer()
        .reads("/v1/peers/introductions/signed")
        .await
        .with_status(200)
        .value();
    let of_sc = sc.ticket(1).await.to_string();
    let foreign = tn
        .employer()
        .reads("/v1/peers/introductions/signed")
        .await
        .with_status(200)
        .value();
    for (ticket, introduction) in [
        (&of_sc, &signed["signed"]),
        (&of_sc, &foreign["signed"]),
        (&of_sc, &json!("AAAA")),
        (&of_sc, &Value::Null),
    ] {
        let body = json!({"ticket": ticket, "introduced_by": "US-NC", "introduction": introduction});
        let refused = tn.asks(Method::POST, "/v1/peers", Some(&body)).await;
        refused.problem(422, "request.invalid");
    }
    done(
        tn.comity(&["peer", "add", "--introduced-by", "US-NC", "US-SC", "--yes"])
            .await,
    );
    comes_to_know(&tn, &["US-TN", "US-NC", "US-SC"]).await;
    done(
        sc.comity(&["peer", "add", "--introduced-by", "US-NC", "US-TN", "--yes"])
            .await,
    );
    comes_to_know(sc, &["US-SC", "US-NC", "US-TN"]).await;

    // An operator may want to introduce nobody.
    nc.stops().await;
    let mut config = node::config::Config::load(nc.data()).expect("a configuration");
    config.introduces = false;
    config.save(nc.data()).expect("a configuration is written");
    nc.starts().await;
    let introduced: Vec<Value> = nc
        .employer()
        .reads("/v1/peers/introductions")
        .await
        .with_status(200)
        .json();
    assert!(introduced.is_empty(), "{introduced:?}");
    let nobody = tn
        .comity(&["peer", "add", "--introduced-by", "US-NC", "US-SC", "--yes"])
        .await;
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    tn.stops().await;
    federation.meets().await;
    federation.audit().await;
}

/// Of several processes of an agency, one talks to peers. The others must know whom it follows, and so must who takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_added_at_one_process_is_a_peer_of_all_and_of_who_takes_over() {
    let federation = Federation::start_on(&["US-NC", "US-SC"], OFTEN, StoreBackend::Postgres).await;
    let sc = federation.agency("US-SC");
    let (tn, links) = federation.newcomer("US-TN").await;
    tn.starts().await;
    let issuer = tn.registers("Volunteer Academy").await;
    let own = sc.ticket(links[1].port_for("US-TN")).await.to_string();
    done(tn.comity(&["peer", "add", "--yes", &own]).await);

    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 2).await;
    let holder = AgencyProcess::holder(&processes).await;
    let follower = &processes[1 - holder];
    let body = json!({"ticket": tn.ticket(links[1].port_for("US-SC")).await.to_string()});
    let added = follower.asks(Method::POST, "/v1/peers", Some(&body)).await;
    added.expect("an answer").with_status(201);
    let sees = async |process: &AgencyProcess| {
        eventually("the process sees Tennessee", async || {
            let peers: Vec<Value> = process.asks(Method::GET, "/v1/peers", None).await?.json();
            let found = peers.iter().find(|peer| peer["agency"] == "US-TN");
            let issuer = process
                .asks(Method::GET, &format!("/v1/issuers/{}", issuer.id), None)
                .await?;
            match found {
                Some(peer) if peer["connected"] == true && issuer.status == 200 => Ok(()),
                other => Err(format!("{other:?}, {}", issuer.status)),
            }
        })
        .await;
    };
    for process in &processes {
        sees(process).await;
        // What only the process that writes knows is had at each.
        let reached = process
            .asks(Method::GET, "/v1/heartbeats", None)
            .await
            .expect("an answer");
        assert_eq!(reached.with_status(200).value().as_array().expect("agencies").len(), 3);
    }
    // For strangers, one that does not write asks nobody.
    let reply = tests::http::get(&format!("{}/v1/heartbeats", processes[1 - holder].url())).await;
    reply.problem(503, "node.no_writer");

    let mut killed = processes.remove(holder);
    killed.program.is_killed().await;
    AgencyProcess::holder(&processes).await;
    sees(&processes[0]).await;
    processes[0].program.is_killed().await;
    tn.stops().await;
}

/// The same of a name that is let go of, at a process that does not write.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_let_go_of_at_one_process_counts_at_none_nor_at_who_takes_over() {
    let federation = Federation::start_on(&["US-NC", "US-SC"], OFTEN, StoreBackend::Postgres).await;
    let sc = federation.agency("US-SC");
    let (tn, links) = federation.newcomer("US-TN").await;
    tn.starts().await;
    let issuer = tn.registers("Volunteer Academy").await;
    let badge = tn.issues(&issuer, "Riley Brooks").await;
    let own = sc.ticket(links[1].port_for("US-TN")).await.to_string();
    done(tn.comity(&["peer", "add", "--yes", &own]).await);
    let ticket = tn.ticket(links[1].port_for("US-SC")).await.to_string();
    done(sc.comity(&["peer", "add", "--yes", &ticket]).await);
    sc.recognizes(&issuer).await;

    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 3, 2).await;
    let holder = AgencyProcess::holder(&processes).await;
    let comes_to_answer = async |process: &AgencyProcess, is_pinned: bool| {
        eventually("the process knows whether Tennessee is pinned", async || {
            let peers: Vec<Value> = process.asks(Method::GET, "/v1/peers", None).await?.json();
            let is_known = peers.iter().any(|peer| peer["agency"] == "US-TN");
            let verdict = tests::Employer::at(process.url()).verifies(&badge).await.verdict;
            match (is_known, verdict == VerdictKind::Accepted) == (is_pinned, is_pinned) {
                true => Ok(()),
                false => Err(format!("{peers:?}, {}", verdict.as_str())),
            }
        })
        .await;
    };
    for process in &processes {
        comes_to_answer(process, true).await;
    }
    let follower = &processes[(holder + 1) % 3];
    for body in [json!({}), json!({"unpin": true})] {
        let ended = follower
            .asks(Method::POST, "/v1/peers/US-TN/removal", Some(&body))
            .await;
        ended.expect("an answer").with_status(201);
    }
    // Whoever was told so finds it so, at once, where it was told.
    let told: Vec<Value> = follower
        .asks(Method::GET, "/v1/peers", None)
        .await
        .expect("an answer")
        .json();
    assert!(told.iter().all(|peer| peer["agency"] != "US-TN"), "{told:?}");
    for process in &processes {
        comes_to_answer(process, false).await;
    }
    processes.remove(holder).program.is_killed().await;
    AgencyProcess::holder(&processes).await;
    for process in &processes {
        comes_to_answer(process, false).await;
    }
    // Pinned again, at whichever process, all of it counts at each.
    let added = processes[0]
        .asks(Method::POST, "/v1/peers", Some(&json!({"ticket": ticket})))
        .await;
    added.expect("an answer").with_status(201);
    for process in &mut processes {
        comes_to_answer(process, true).await;
        process.program.is_killed().await;
    }
    tn.stops().await;
}
