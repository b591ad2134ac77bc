//! A peer that leaves is followed no more; an expelled one is relied on no more, but for what it revoked; and both may return.

use protocol::{Hash, Ticket};
use registry_schema::{Check, StatusReason, VerdictKind};
use serde_json::Value;
use tests::{ExchangeIntervals, Federation, TeacherScenario, TestAgency, VerdictAssertions as _, eventually};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 300,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

async fn peer(agency: &TestAgency, id: &str) -> Value {
    let peers: Vec<Value> = agency.employer().reads("/v1/peers").await.with_status(200).json();
    let found = peers.into_iter().find(|peer| peer["agency"] == id);
    found.unwrap_or_else(|| panic!("{id} is no peer of {}", agency.id()))
}

async fn is_cut_off(agency: &TestAgency, id: &str) {
    eventually(&format!("{} hangs up on {id}", agency.id()), async || {
        let peer = peer(agency, id).await;
        if peer["connected"] == false {
            Ok(())
        } else {
            Err(peer.to_string())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_an_expelled_agency_says_counts_but_what_it_revoked() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let (tn, sc) = (federation.agency("US-TN"), federation.agency("US-SC"));
    let [revoked, later] = [
        sc.issues(&issuer, "Riley Brooks").await,
        sc.issues(&issuer, "Sam Lee").await,
    ];
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    federation.awaits(tn, &revoked, VerdictKind::NotValid).await;
    tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);

    let silent = tn.comity(&["peer", "remove", "--expel", "US-SC"]).await;
    assert_eq!(silent.code, Some(2), "nobody said yes: {silent:?}");
    let ended = tn.comity(&["peer", "remove", "--expel", "US-SC", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let today = federation.clock().now().date_in_words();
    is_cut_off(tn, "US-SC").await;
    assert_eq!(peer(tn, "US-SC").await["membership"], "expelled");

    // Its status list, and recognition asked of it.
    let verdict = tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    let finding = verdict.finding("agency.expelled");
    assert_eq!(finding.check, Check::Status, "{finding:?}");
    for words in ["South Carolina", "no longer federated", "since", &today] {
        assert!(verdict.sentence.contains(words), "{}", verdict.sentence);
    }
    let asked = tn.employer().asks(&badge.bytes(), &[("agency", "US-SC")]).await;
    let asked = asked.is(VerdictKind::CouldNotCheck);
    assert_eq!(asked.codes(Check::Recognition), ["agency.expelled"]);
    let stays = tn.employer().verifies(&revoked).await.is(VerdictKind::NotValid);
    stays.finding("status.revoked");
    // It is told, not hidden; and explained.
    let page = tn.employer().reads("/agencies").await.with_status(200).text();
    assert!(page.contains("No longer federated with this node"), "{page}");
    tn.employer().reads("/help/agency.expelled").await.with_status(200);
    // That is Tennessee's decision alone.
    federation
        .employer_at("US-NC")
        .verifies(&badge)
        .await
        .is(VerdictKind::Accepted);

    // What it writes now does not come here, not even by way of others; a restart changes nothing.
    sc.revokes(&later, StatusReason::Superseded).await;
    federation
        .awaits(federation.agency("US-NC"), &later, VerdictKind::NotValid)
        .await;
    tn.stops().await;
    tn.starts().await;
    eventually("Tennessee is back with North Carolina", async || {
        tn.sees(&[(federation.agency("US-NC").id().clone(), true)]).await
    })
    .await;
    let here: Value = tn.employer().reads("/v1/heartbeats").await.with_status(200).json();
    let there: Value = sc.employer().reads("/v1/heartbeats").await.with_status(200).json();
    let envelopes = |all: &Value| {
        let all = all.as_array().expect("agencies");
        let sc = all.iter().find(|one| one["agency"] == "US-SC").expect("South Carolina");
        sc["envelopes"].as_u64().expect("a number")
    };
    assert!(envelopes(&here) < envelopes(&there), "{here}\n{there}");
    tn.employer()
        .verifies(&later)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("agency.expelled");

    // Taken back in, it counts again, with what it wrote meanwhile.
    let ticket = sc
        .ticket(federation.link("US-SC", "US-TN").port_for("US-TN"))
        .await
        .to_string();
    let ended = tn.comity(&["peer", "add", "--yes", &ticket]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.awaits(tn, &later, VerdictKind::NotValid).await;
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_counts_until_it_is_too_old() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(OFTEN).await;
    let (tn, sc) = (federation.agency("US-TN"), federation.agency("US-SC"));
    let ended = tn.comity(&["peer", "remove", "US-SC", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_cut_off(tn, "US-SC").await;
    assert_eq!(peer(tn, "US-SC").await["membership"], "left");
    let again = tn.comity(&["peer", "remove", "US-SC", "--yes"]).await;
    assert_eq!(again.code, Some(5), "{again:?}");
    tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation
        .awaits(federation.agency("US-NC"), &badge, VerdictKind::NotValid)
        .await;
    // It cannot know; but once a heartbeat's term is over, it says that it does not.
    federation.clock().advance(2);
    tn.employer()
        .verifies(&badge)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("status.stale");
    // The log stays as evidence, under its name.
    assert!(tn.key_logs().await.iter().any(|log| log.genesis() == sc.genesis()));
    let ticket = sc
        .ticket(federation.link("US-SC", "US-TN").port_for("US-TN"))
        .await
        .to_string();
    assert_eq!(tn.comity(&["peer", "add", "--yes", &ticket]).await.code, Some(0));
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_an_operator_lets_go_of_may_come_under_another_log() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let nc = federation.agency("US-NC");
    let virginia = |genesis: u8| {
        let ticket = Ticket {
            agency: "US-VA".parse().expect("an agency's name"),
            name: "Virginia".into(),
            genesis: Hash([genesis; 32]),
            node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
            addresses: vec![],
            url: "https://va.example".into(),
        };
        ticket.to_string()
    };
    let says = async |line: &[&str]| nc.comity(&[&["--yes", "peer"], line].concat()).await.code;
    assert_eq!(says(&["add", &virginia(7)]).await, Some(0));
    assert_eq!(says(&["remove", "--unpin", "US-VA"]).await, Some(5), "it is followed");
    assert_eq!(says(&["remove", "US-VA"]).await, Some(0));
    // Virginia lost its keys, and begins anew.
    assert_eq!(says(&["add", &virginia(8)]).await, Some(5), "the name is pinned");
    let dry = nc
        .comity(&["--yes", "peer", "remove", "--unpin", "--dry-run", "US-VA"])
        .await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    let told = dry.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "recognitions that rest on it",
        "what it revoked and suspended included",
        "\"could not check\"",
    ] {
        assert!(told.contains(words), "`{words}` is not in {told}");
    }
    assert_eq!(peer(nc, "US-VA").await["membership"], "left");
    assert_eq!(says(&["remove", "--unpin", "US-VA"]).await, Some(0));
    assert_eq!(says(&["show", "US-VA"]).await, Some(1), "nothing is known by this name");
    nc.stops().await;
    nc.starts().await;
    assert_eq!(says(&["add", &virginia(8)]).await, Some(0));
    assert_eq!(peer(nc, "US-VA").await["genesis"], Hash([8; 32]).to_string());
    assert_eq!(nc.audited("peer.unpin").await, 1);

    // What the configuration names, only the configuration lets go of.
    assert_eq!(says(&["remove", "US-SC"]).await, Some(0));
    assert_eq!(says(&["remove", "--unpin", "US-SC"]).await, Some(5));
    federation.audit().await;
}

/// A peer followed no more is as fresh as it was for a while, and what it revokes does not come any more: the command says both.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_peer_tells_until_when_its_badges_stay_accepted() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let (tn, sc) = (federation.agency("US-TN"), federation.agency("US-SC"));
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let later = sc.issues(&issuer, "Sam Lee").await;
    federation.awaits(tn, &later, VerdictKind::Accepted).await;
    for line in [["--dry-run", "US-SC"], ["--yes", "US-SC"]] {
        let said = tn.comity(&[&["peer", "remove"], line.as_slice()].concat()).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let told = in_one_line(&said.stdout);
        for words in [
            "stay accepted for another",
            "from the removal on does not reach this node",
        ] {
            assert!(told.contains(words), "{line:?}: {told}");
        }
    }
    is_cut_off(tn, "US-SC").await;
    sc.revokes(&later, StatusReason::Superseded).await;
    let nc = federation.agency("US-NC");
    federation.awaits(nc, &later, VerdictKind::NotValid).await;
    for badge in [&badge, &later] {
        let answer = tn.employer().verifies(badge).await;
        assert_eq!(answer.verdict, VerdictKind::Accepted, "{answer:#?}");
        let told = answer.finding("status.active").detail.clone();
        assert!(
            told.contains("follows South Carolina") && told.contains("no more since"),
            "{told}"
        );
    }
    let status = in_one_line(&tn.comity(&["status"]).await.stdout);
    assert!(status.contains("left: for another"), "{status}");
    federation.clock().advance_hours(30);
    tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
}

/// The pins and the holdings decide what counts, whatever happened in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_let_go_of_and_pinned_again_counts_at_once() {
    let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
    let nc = federation.agency("US-NC");
    let (tn, links) = federation.newcomer("US-TN").await;
    tn.starts().await;
    let ticket = tn.ticket(links[0].port_for("US-NC")).await.to_string();
    let own = nc.ticket(links[0].port_for("US-TN")).await.to_string();
    let says = async |line: &[&str]| nc.comity(&[&["--yes", "peer"], line].concat()).await.code;
    assert_eq!(says(&["add", &ticket]).await, Some(0));
    assert_eq!(tn.comity(&["--yes", "peer", "add", &own]).await.code, Some(0));
    let issuer = tn.registers("Volunteer Academy").await;
    let [good, revoked] = [
        tn.issues(&issuer, "Riley Brooks").await,
        tn.issues(&issuer, "Sam Lee").await,
    ];
    tn.revokes(&revoked, StatusReason::Misconduct).await;
    nc.recognizes(&issuer).await;
    federation.awaits(nc, &good, VerdictKind::Accepted).await;
    federation.awaits(nc, &revoked, VerdictKind::NotValid).await;

    // All of it is from what is here: its node is gone.
    tn.stops().await;
    for round in 0..2 {
        assert_eq!(says(&["remove", "US-TN"]).await, Some(0));
        assert_eq!(says(&["remove", "--unpin", "US-TN"]).await, Some(0));
        let unknown = nc.employer().verifies(&revoked).await;
        assert_eq!(
            unknown.verdict,
            VerdictKind::CouldNotCheck,
            "round {round}, as the command says"
        );
        assert_eq!(says(&["add", &ticket]).await, Some(0));
        eventually("the revocation counts again", async || {
            let verdict = nc.employer().verifies(&revoked).await;
            match verdict.verdict {
                VerdictKind::NotValid => Ok(()),
                _ => Err(format!("round {round}: {verdict:?}")),
            }
        })
        .await;
        nc.employer().verifies(&revoked).await.finding("status.revoked");
        nc.employer().verifies(&good).await.is(VerdictKind::Accepted);
    }
}

/// A node followed no more is told nothing; what it sees is that each connection is closed, and that tells where to ask.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_followed_no_more_learns_that_the_other_side_closes_the_connection() {
    let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    federation.meets().await;
    assert_eq!(peer(sc, "US-NC").await["turns_away"], false);
    assert_eq!(nc.comity(&["peer", "remove", "US-SC", "--yes"]).await.code, Some(0));
    let said = eventually("South Carolina is turned away, and says so", async || {
        let ended = sc.comity(&["peer", "list"]).await;
        let is_told = ended
            .stdout
            .lines()
            .any(|line| line.starts_with("US-NC") && line.contains("refused"));
        match is_told {
            true => Ok(ended.stderr),
            false => Err(format!("{ended:?}")),
        }
    })
    .await;
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [said, sc.comity(&["status"]).await.stdout] {
        let told = in_one_line(&told);
        assert!(told.contains("does not follow this agency"), "{told}");
        assert!(told.contains("comity peer add"), "{told}");
    }
    // A link that holds again is not taken for that.
    let link = federation.link("US-NC", "US-SC");
    let ticket = sc.ticket(link.port_for("US-NC")).await.to_string();
    assert_eq!(nc.comity(&["peer", "add", "--yes", &ticket]).await.code, Some(0));
    federation.meets().await;
    assert_eq!(peer(sc, "US-NC").await["turns_away"], false);
    link.cut().await;
    eventually("a link that broke is not taken for that either", async || {
        let seen = peer(sc, "US-NC").await;
        match seen["connected"] == false && seen["turns_away"] == false {
            true => Ok(()),
            false => Err(seen.to_string()),
        }
    })
    .await;
    link.heal().await;
    federation.meets().await;
    federation.audit().await;
}
