//! A node without libp2p keeps up, and a new one begins, from signed files that any web server can serve.

use std::{fs, time::Instant};

use node::config::{Config, MirrorConfig};
use registry_schema::{Purpose, StatusReason, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{
    AgencyProcess, ExchangeIntervals, Federation, FileServer, IssuedBadge, StoreBackend, TeacherScenario,
    VerdictAssertions as _, eventually,
    files::{POLL, mirror},
    http, program,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_libp2p_keeps_up_and_says_when_it_cannot() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let other = sc.issues(&issuer, "Riley Brooks").await;
    let (link, url) = federation.web_link("US-VA", sc).await;
    let va = federation.reader("US-VA", vec![mirror(sc, &url)]).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    for badge in [&badge, &other] {
        federation.awaits(&va, badge, VerdictKind::Accepted).await;
    }

    sc.revokes(&badge, StatusReason::Misrepresentation).await;
    let told = Instant::now();
    let verdict = federation.awaits(&va, &badge, VerdictKind::NotValid).await;
    verdict.finding("status.revoked");
    println!("revoked at a mirror's reader after {} ms", told.elapsed().as_millis());
    assert!(told.elapsed().as_secs() < 5 * u64::from(POLL), "{:?}", told.elapsed());

    // A heartbeat travels though nothing is written.
    let before = federation.clock().now();
    federation.clock().advance_hours(1);
    eventually("VA hears that SC still speaks", async || {
        let fresh = va.employer().verifies(&other).await.status.fresh_as_of;
        if fresh.is_some_and(|fresh| fresh > before) {
            Ok(())
        } else {
            Err(format!("{fresh:?}"))
        }
    })
    .await;

    link.cut().await;
    va.eventually_sees(sc, false).await;
    let cut = sc.suspends(&other, StatusReason::Administrative).await;
    let verdict = va.employer().verifies(&other).await.is(VerdictKind::Accepted);
    assert!(verdict.status.fresh_as_of.is_some_and(|fresh| fresh < cut.at));
    federation.clock().advance(2);
    va.employer()
        .verifies(&other)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("status.stale");
    va.employer().verifies(&badge).await.is(VerdictKind::NotValid);

    link.heal().await;
    federation
        .awaits(&va, &other, VerdictKind::NotValid)
        .await
        .finding("status.suspended");
    va.agrees(&[sc]).await;
    assert_eq!(va.audited("peer.misbehaved").await, 0);

    // It goes on from where it was, and writes on. Nobody who is met by files alone would tell it how far its log reaches.
    va.signs_by(federation.clock().now().plus_seconds(-300)).await;
    va.stops().await;
    sc.reinstates(&other, StatusReason::Administrative).await;
    va.starts().await;
    federation.awaits(&va, &other, VerdictKind::Accepted).await;
    va.agrees(&[sc]).await;
    va.registers("Tidewater Learning Exchange").await;
    federation.audit().await;
}

/// Files cannot be told anything; a node that serves them takes the word of who reads it, and of nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_by_https_says_how_far_it_holds_and_only_its_signature_counts() {
    let TeacherScenario { federation, badge, .. } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let va = federation.reader("US-VA", vec![mirror(sc, sc.url())]).await;
    va.starts().await;
    // South Carolina reads Virginia's files in her turn, so that she knows Virginia's key.
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.mirrors.push(mirror(&va, va.url()));
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let holds = async |all: bool| {
        eventually(&format!("Virginia holds all: {all}"), async || {
            let reach = sc.employer().reads("/v1/reach/US-SC").await.with_status(200).value();
            let peers = reach["peers"].as_array().expect("peers");
            let found = peers.iter().find(|peer| peer["agency"] == "US-VA").cloned();
            let found = found.ok_or_else(|| reach.to_string())?;
            let said = found["countersignature"].is_string() && found["holds_all"] == all;
            if said { Ok(found) } else { Err(reach.to_string()) }
        })
        .await
    };
    holds(true).await;
    va.stops().await;
    sc.revokes(&badge, StatusReason::Misrepresentation).await;
    let old = holds(false).await;
    assert_eq!(old["behind"], 1, "{old}");

    // Nonsense, too much, and a word that is one but changes nothing.
    let post = async |body: Vec<u8>| {
        let request = http::client().post(format!("{}/federation/held", sc.url()));
        http::send(request.header("content-type", "application/cbor").body(body)).await
    };
    post(b"nonsense".to_vec()).await.problem(422, "request.invalid");
    post(vec![0; 3_000]).await.problem(413, "request.too_large");
    let word = old["countersignature"].as_str().expect("a text");
    let mut word = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, word).expect("base64");
    post(word.clone()).await.with_status(204);
    holds(false).await;
    *word.last_mut().expect("a byte") ^= 1;
    post(word).await.problem(422, "request.invalid");

    va.starts().await;
    holds(true).await;
    // The others do not follow Virginia.
    va.agrees(&[sc]).await;
    assert_eq!(
        sc.audited("peer.misbehaved").await + va.audited("peer.misbehaved").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_begins_with_a_copy_on_any_web_server() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::of_readers().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let files = FileServer::of_both(&federation).await;
    // The server pins nobody: the reader says whom it follows, and finds both in one place.
    let second = MirrorConfig {
        url: format!("{}/./", files.url()),
        ..mirror(tn, files.url())
    };
    let va = federation.reader("US-VA", vec![mirror(sc, files.url()), second]).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    federation.awaits(&va, &badge, VerdictKind::Accepted).await;
    va.agrees(&[sc, tn]).await;

    // What happens later arrives with the next copy, of which only what is new is fetched.
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    va.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let again = eventually("the copy has the revocation", async || {
        let before = files.first_page(sc);
        let copied = files.copy(tn, &[sc, tn]).await;
        if files.first_page(sc) == before {
            Err(format!("{copied:?}"))
        } else {
            Ok(copied)
        }
    })
    .await;
    assert_eq!((again.agencies, again.files), (2, 1), "one page grew: {again:?}");
    federation
        .awaits(&va, &badge, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    va.agrees(&[sc, tn]).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_answers_from_a_checkpoint_before_it_has_the_history() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let good: IssuedBadge = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&badge, StatusReason::Superseded).await;
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.checkpoint_every_envelopes = 3;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let files = FileServer::served().await;
    eventually("SC signs a checkpoint", async || {
        files.copy(sc, &[sc]).await;
        let listing = files.listing(sc);
        match listing.checkpoint {
            Some(checkpoint) if listing.summary.heartbeats.len() == 1 && !checkpoint.rows.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;

    // Without its pages of envelopes: what the new node says of the past, it has from the checkpoint alone.
    let history = files.place(sc, "envelopes");
    let away = history.with_extension("away");
    fs::rename(&history, &away).expect("the history is put away");
    let va = federation.reader("US-VA", vec![mirror(sc, files.url())]).await;
    va.starts().await;
    federation
        .awaits(&va, &badge, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    va.recognizes(&issuer).await;
    federation.awaits(&va, &good, VerdictKind::Accepted).await;
    assert_eq!(va.holds_envelopes_of(sc).await, 0, "there is no history to read");

    fs::rename(&away, &history).expect("the history is back");
    va.agrees(&[sc]).await;
    assert_eq!(va.audited("replication.false_checkpoint").await, 0);
    va.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_many_pages_is_read_page_by_page_and_later_only_its_end() {
    let rhythm = ExchangeIntervals {
        exchange_every: POLL,
        ..ExchangeIntervals::default()
    };
    let federation = Federation::start_with(&["US-SC"], rhythm).await;
    let sc = federation.agency("US-SC");
    // A checkpoint in the last page: who begins with it reads that page first, and then all from the beginning.
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.checkpoint_every_envelopes = 150;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let long = |number: usize| format!("https://sc.example.gov/achievements/{number}/{}", "x".repeat(400));
    for number in 0..80 {
        let issuer = sc.registers(&format!("Institute {number}")).await;
        let achievements: Vec<String> = (0..30).map(long).collect();
        let body =
            json!({"issuer": issuer.id, "purposes": [Purpose::Renewal], "scope": {"achievements": achievements}});
        sc.asks(Method::POST, "/v1/recognitions", Some(&body))
            .await
            .with_status(201);
    }
    let files = FileServer::served().await;
    files.copy_all(sc, &[sc]).await;
    let pages = files.listing(sc).envelopes;
    assert!(pages.len() >= 2, "{pages:?}");
    eventually("SC signs a checkpoint", async || {
        files.copy_all(sc, &[sc]).await;
        files.listing(sc).checkpoint.ok_or_else(|| "not yet".to_owned())
    })
    .await;
    let va = federation.reader("US-VA", vec![mirror(sc, files.url())]).await;
    va.starts().await;
    va.agrees(&[sc]).await;
    va.stops().await;

    // Back again, it reads nothing but the last page: of the others, it would say that they are not what they were.
    for page in &pages[..pages.len() - 1] {
        let path = files.place(sc, "envelopes").join(page.name.to_string());
        fs::write(path, "something else").expect("a file");
    }
    let issuer = sc.registers("Another Institute").await;
    let fresh = FileServer::served().await;
    fresh.copy_all(sc, &[sc]).await;
    let newest = fresh.listing(sc);
    assert_eq!(
        newest.envelopes[..pages.len() - 1],
        pages[..pages.len() - 1],
        "old pages never change"
    );
    let last = newest.envelopes.last().expect("a page").name.to_string();
    for file in [format!("envelopes/{last}"), "summary".to_owned()] {
        fs::copy(fresh.place(sc, &file), files.place(sc, &file)).expect("a file is copied");
    }
    va.starts().await;
    eventually("VA hears of the new issuer", async || {
        let reply = va.asks(Method::GET, &format!("/v1/issuers/{}", issuer.id), None).await;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    va.agrees(&[sc]).await;
    assert_eq!(va.audited("peer.misbehaved").await, 0);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_of_an_agency_shows_the_same_files() {
    let rhythm = ExchangeIntervals {
        exchange_every: POLL,
        ..ExchangeIntervals::default()
    };
    let federation = Federation::start_on(&["US-NC", "US-SC", "US-TN"], rhythm, StoreBackend::Postgres).await;
    let TeacherScenario { federation, badge, .. } = federation.gains_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 2).await;
    let holder = AgencyProcess::holder(&processes).await;
    let follower = processes[1 - holder].url().to_owned();
    let va = federation.reader("US-VA", vec![mirror(sc, &follower)]).await;
    va.starts().await;
    eventually("VA reads from a process that does not write", async || {
        let envelopes = va.holds_envelopes_of(sc).await;
        if envelopes > 0 {
            Ok(())
        } else {
            Err("nothing yet".to_owned())
        }
    })
    .await;
    let body = json!({"status": "revoked", "reason": "superseded"});
    let path = format!("/v1/credentials/{}/status-entries", badge.code().compact());
    let revoked = processes[holder]
        .asks(Method::POST, &path, Some(&body))
        .await
        .expect("an answer");
    drop(revoked.with_status(201));
    federation
        .awaits(&va, &badge, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    va.stops().await;

    let listings = [&processes[0], &processes[1]].map(|process| process.url().to_owned());
    let mut copies = vec![];
    for url in listings {
        let files = FileServer::served().await;
        let only = [sc.genesis()].into();
        transport::mirror::copy(&url, None, &only, files.folder())
            .await
            .expect("a copy");
        copies.push(files.listing(sc).envelopes);
    }
    assert_eq!(copies[0], copies[1]);
    for process in &mut processes {
        process.program.is_killed().await;
    }
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_copies_what_a_node_shows_and_says_what_it_cannot() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let files = FileServer::served().await;
    let folder = files.folder().to_str().expect("a path in Unicode").to_owned();
    let genesis = sc.genesis().to_string();
    let copy = async |more: &[&str]| {
        let mut arguments = vec!["mirror", "--from", sc.url(), "--to", &folder];
        arguments.extend(more);
        program::run("comityd", arguments, b"").await
    };
    eventually("the copy has the issuer", async || {
        let ended = copy(&["--agency", &genesis]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("the files of 1 agencies"), "{ended:?}");
        if files.listing(sc).envelopes.is_empty() {
            Err("not yet")
        } else {
            Ok(())
        }
        .map_err(str::to_owned)
    })
    .await;
    let va = federation.reader("US-VA", vec![mirror(sc, files.url())]).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    va.agrees(&[sc]).await;

    let nobody = "07".repeat(32);
    let ended = copy(&["--agency", &nobody]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains(&nobody), "{ended:?}");
    sc.stops().await;
    let ended = copy(&[]).await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("index.json"),
        "{ended:?}"
    );
    // What was copied before is as it was.
    assert!(!files.listing(sc).envelopes.is_empty());
    sc.starts().await;
    federation.audit().await;
}
