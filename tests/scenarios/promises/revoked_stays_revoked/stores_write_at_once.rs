//! An agency may have several stores, each with a writer key of its own. They write at once, also while they cannot hear
//! each other; what they wrote is merged, the strictest counts, and the agency is as fresh as its oldest writer.

use std::time::Duration;

use protocol::Ticket;
use registry_schema::{StatusReason, StatusState, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use storage::{DriverMutant, StoreCall, StoreFault};
use tests::{ExchangeIntervals, Federation, NodeLink, TestAgency, VerdictAssertions as _, eventually, program};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 300,
    heartbeat_term: 86_400,
    exchange_every: 1,
};
const SECOND: &str = "US-NC:second";

/// North Carolina with two stores, and South Carolina, who hears both.
struct TwoStores {
    federation: Federation,
    second: TestAgency,
    links: Vec<NodeLink>,
}

async fn does(agency: &TestAgency, line: &[&str]) -> String {
    let ended = agency.comity(&[&["--yes"], line].concat()).await;
    assert_eq!(ended.code, Some(0), "comity {line:?}: {ended:?}");
    ended.stdout
}

/// The root signs the entry in this file.
async fn signs(first: &TestAgency, entry: &str) {
    let root = first.data().join("keys/root.key").display().to_string();
    let ended = program::run("comityd", ["root", "sign", entry, "--root", &root, "--yes"], b"").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

async fn writers(agency: &TestAgency) -> Vec<Value> {
    let log = agency.employer().reads("/v1/key-log").await.with_status(200).value();
    log["writers"].as_array().expect("writers").clone()
}

impl TwoStores {
    async fn start() -> Self {
        let federation = Federation::start_with(&["US-NC", "US-SC"], OFTEN).await;
        let (first, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
        let (second, links) = federation.further_store("US-NC", SECOND).await;
        second.starts().await;
        // It is let in by a ticket, as any peer; and follows whom its agency follows.
        let mine = second.ticket(links[0].port_for("US-NC")).await;
        does(first, &["peer", "add", &mine.to_string()]).await;
        // South Carolina is called by the second store, and calls it not; her host has a name, and no number.
        let nowhere = Ticket {
            addresses: vec![],
            ..mine
        };
        does(sc, &["peer", "add", &nowhere.to_string()]).await;
        let port = links[1].port_for(SECOND);
        let of_sc = Ticket {
            addresses: vec![format!("/dns4/localhost/tcp/{port}")],
            ..sc.ticket(port).await
        };
        does(&second, &["peer", "add", &of_sc.to_string()]).await;

        // Before its agency's root says so, it writes nothing.
        second
            .asks(Method::POST, "/v1/issuers", Some(&json!({"name": "Too Early"})))
            .await
            .problem(503, "node.unavailable");
        let entry = second.data().join("join.entry").display().to_string();
        let unsigned = first.comity(&["--yes", "key", "apply", &entry]).await;
        assert_eq!(unsigned.code, Some(5), "{unsigned:?}");
        signs(first, &entry).await;
        does(first, &["key", "apply", &entry]).await;
        let two = Self {
            federation,
            second,
            links,
        };
        two.hear_both().await;
        two
    }

    fn first(&self) -> &TestAgency {
        self.federation.agency("US-NC")
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    fn everyone(&self) -> [&TestAgency; 3] {
        [self.first(), &self.second, self.sc()]
    }

    /// Waits until every node has heard both writers of North Carolina.
    async fn hear_both(&self) {
        for node in self.everyone() {
            eventually("both writers are heard", async || {
                let agencies = node.employer().reads("/v1/agencies/US-NC").await.value();
                let fresh = agencies["fresh_as_of"].is_string() || agencies["last_heard"].is_string();
                let both = writers(node).await.len() >= if node.id() == self.sc().id() { 1 } else { 2 };
                if fresh && both {
                    Ok(())
                } else {
                    Err(agencies.to_string())
                }
            })
            .await;
        }
    }

    async fn audit(&self) {
        self.federation.audit_with(&[&self.second]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_write_through_a_cut_and_then_all_agree_on_the_strictest() {
    let two = TwoStores::start().await;
    let (first, second, sc) = (two.first(), &two.second, two.sc());
    let coastal = first.registers("Coastal Plain Institute").await;
    let [shared, early] = [
        first.issues(&coastal, "Jordan Avery").await,
        first.issues(&coastal, "Riley Brooks").await,
    ];
    for node in two.everyone() {
        if node.id() == sc.id() {
            node.recognizes(&coastal).await;
        }
    }
    first.recognizes(&coastal).await;
    for node in two.everyone() {
        two.federation.awaits(node, &shared, VerdictKind::Accepted).await;
    }

    // The first store is alone; the second still hears South Carolina.
    two.links[0].cut().await;
    let to_sc = two.federation.link("US-NC", "US-SC");
    to_sc.cut().await;
    eventually("South Carolina loses the first store", async || {
        let peers: Vec<Value> = first.employer().reads("/v1/peers").await.with_status(200).json();
        let none = peers.iter().all(|peer| peer["connected"] == false);
        if none { Ok(()) } else { Err(format!("{peers:?}")) }
    })
    .await;

    // Each registers, issues and revokes on its own, and about one badge they contradict each other.
    let mountain = second.registers("Blue Ridge Academy").await;
    let theirs = second.issues(&mountain, "Casey Morgan").await;
    second.recognizes(&mountain).await;
    let more = first.issues(&coastal, "Sam Lee").await;
    first.revokes(&early, StatusReason::Misconduct).await;
    first.suspends(&shared, StatusReason::Administrative).await;
    first.reinstates(&shared, StatusReason::Administrative).await;
    let badge = second.data().join("badge.json").display().to_string();
    std::fs::write(&badge, shared.bytes()).expect("a badge");
    let suspend = [
        "credential",
        "suspend",
        "--badge",
        &badge,
        "--reason",
        "integrity_violation",
    ];
    does(second, &suspend).await;
    let again = second.comity(&[&["--yes"], &suspend[..]].concat()).await;
    assert_eq!(again.code, Some(5), "it is suspended: {again:?}");
    first.employer().verifies(&shared).await.is(VerdictKind::Accepted);
    two.federation
        .awaits(sc, &shared, VerdictKind::NotValid)
        .await
        .finding("status.suspended");

    two.links[0].heal().await;
    to_sc.heal().await;
    for node in two.everyone() {
        let verdict = two.federation.awaits(node, &shared, VerdictKind::NotValid).await;
        verdict.finding("status.suspended");
        two.federation.awaits(node, &early, VerdictKind::NotValid).await;
    }
    two.audit().await;
    // Merged: whoever writes next has seen both.
    second
        .asks(
            Method::POST,
            &format!("/v1/status-lists/{}/entries", shared.slot().0),
            Some(&json!({"index": shared.slot().1, "status": "active", "reason": "administrative"})),
        )
        .await
        .with_status(201);
    for node in two.everyone() {
        two.federation.awaits(node, &shared, VerdictKind::Accepted).await;
        eventually("nothing is lost of what the second store wrote", async || {
            let known = node.employer().reads(&format!("/v1/issuers/{}", mountain.id)).await;
            if known.status == 200 { Ok(()) } else { Err(known.text()) }
        })
        .await;
    }
    assert_eq!(shared.slot().0, more.slot().0, "one issuer has one list");
    assert_ne!(shared.slot().0, theirs.slot().0, "no list is filled by two stores");
    // A place that nobody was given is no credential.
    let free = json!({"index": theirs.slot().1, "status": "suspended", "reason": "administrative"});
    let path = format!("/v1/status-lists/{}/entries", theirs.slot().0 ^ 1);
    first
        .asks(Method::POST, &path, Some(&free))
        .await
        .problem(404, "request.not_found");
    two.audit().await;
}

/// Each store keeps its own credentials; whoever asks one for another's is answered all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_store_keeps_is_had_at_the_other() {
    let two = TwoStores::start().await;
    let (first, second, sc) = (two.first(), &two.second, two.sc());
    let mountain = second.registers("Blue Ridge Academy").await;
    let badge = second.issues(&mountain, "Casey Morgan").await;
    first.recognizes(&mountain).await;
    sc.recognizes(&mountain).await;
    second.revokes(&badge, StatusReason::Superseded).await;
    for node in two.everyone() {
        two.federation.awaits(node, &badge, VerdictKind::NotValid).await;
        let code = badge.code().to_string();
        let verdict = node
            .employer()
            .asks(code.as_bytes(), &[])
            .await
            .is(VerdictKind::NotValid);
        verdict.finding("status.revoked");
    }
    // Other software reads the list at the address in the badge: the first store's.
    for list in badge.status_lists() {
        assert!(list.starts_with(first.url()), "{list}");
        let path = list.trim_start_matches(first.url());
        let reply = first.employer().reads(path).await.with_status(200).value();
        assert_eq!(reply["issuer"], mountain.id.as_str(), "{reply}");
    }
    let unknown = format!("/v1/credentials/{}", "urn:uuid:00000000-0000-4000-8000-000000000000");
    first
        .asks(Method::GET, &unknown, None)
        .await
        .problem(404, "request.not_found");
    assert!(
        does(first, &["peer", "list"]).await.contains("US-NC"),
        "the other store is a peer"
    );

    second.stops().await;
    // It says so, and does not say that there is no such badge.
    let path = format!("/v1/credentials/{}", badge.code().compact());
    first
        .asks(Method::GET, &path, None)
        .await
        .problem(503, "node.unavailable");
    first
        .employer()
        .asks(badge.code().to_string().as_bytes(), &[])
        .await
        .is(VerdictKind::CouldNotCheck);
    second.starts().await;
    two.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_is_as_fresh_as_its_oldest_writer_until_the_root_ends_it() {
    let two = TwoStores::start().await;
    let (first, second, sc) = (two.first(), &two.second, two.sc());
    let coastal = first.registers("Coastal Plain Institute").await;
    let badge = first.issues(&coastal, "Jordan Avery").await;
    sc.recognizes(&coastal).await;
    first.recognizes(&coastal).await;
    for node in two.everyone() {
        two.federation.awaits(node, &badge, VerdictKind::Accepted).await;
    }
    let key = {
        let here: Vec<Value> = writers(second)
            .await
            .into_iter()
            .filter(|key| key["here"] == true)
            .collect();
        assert_eq!(here.len(), 1, "{here:?}");
        here[0]["key"].as_str().expect("a key").to_owned()
    };
    second.stops().await;
    two.federation.clock().advance(2);
    // The first store speaks on, and is heard; but what the second wrote meanwhile nobody can know.
    for node in [sc, first] {
        let verdict = two.federation.awaits(node, &badge, VerdictKind::CouldNotCheck).await;
        verdict.finding("status.stale");
    }
    let entry = first.data().join("end.entry").display().to_string();
    does(first, &["key", "end", &key, "--retired", "--out", &entry]).await;
    signs(first, &entry).await;
    does(first, &["key", "apply", &entry]).await;
    for node in [sc, first] {
        two.federation.awaits(node, &badge, VerdictKind::Accepted).await;
    }
    two.federation.audit().await;
}

/// An act that was prepared on lists that changed before it was written, as another store of the agency wrote: what it is
/// answered with. The credential is looked up slowly meanwhile.
async fn act_on_changed_lists(mutant: Option<DriverMutant>) -> tests::HttpReply {
    let two = TwoStores::start().await;
    let (first, second) = (two.first(), &two.second);
    let issuer = first.registers("Tar Heel Institute").await;
    let badge = first.issues(&issuer, "Jordan Avery").await;
    two.federation.meets().await;
    let faults = first.faults().await;
    faults.mutate(mutant);
    // The first read is who asks, the second the credential.
    faults.arm_on(Some(StoreCall::Read), 2, StoreFault::Slow(Duration::from_secs(8)));
    let act = first.tries_to_change(badge.code(), StatusState::Suspended, StatusReason::IssuedInError);
    let meanwhile = async {
        eventually("the act is under way", async || match faults.is_armed() {
            true => Err("not yet".to_owned()),
            false => Ok(()),
        })
        .await;
        let other = second.registers("Second Institute").await;
        eventually("the first store has heard of it", async || {
            let issuers = first.employer().reads("/v1/issuers").await.text();
            if issuers.contains(&other.id) {
                Ok(())
            } else {
                Err(issuers)
            }
        })
        .await;
        assert!(faults.struck().is_none(), "it was heard while the act was under way");
    };
    tokio::join!(act, meanwhile).0
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_rests_on_lists_that_changed_meanwhile_is_refused() {
    let refused = act_on_changed_lists(None).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused.text().contains("changed while this was prepared"),
        "{}",
        refused.text()
    );
}

/// The scenario above can fail: it finds a driver that writes on whatever version the log has by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_ignores_versions_is_found() {
    let written = act_on_changed_lists(Some(DriverMutant::IgnoresVersions)).await;
    assert_eq!(written.status, 201, "{}", written.text());
}
