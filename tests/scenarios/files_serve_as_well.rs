//! A node without libp2p keeps up, and a new one begins, from signed files that any web server can serve: and believes
//! nothing of them but what is signed.

use std::{fs, time::Instant};

use node::config::{Config, MirrorConfig};
use protocol::Hash;
use registry_schema::{Purpose, Reason, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{
    Agency, Answer as _, Badge, Federation, Files, Rhythm, Scene, audit, audit::Holding, eventually, files::mirror,
    http,
};

/// How often a node asks its mirrors, in seconds.
const POLL: u32 = 1;

async fn scene() -> Scene {
    let rhythm = Rhythm {
        exchange_every: POLL,
        ..Rhythm::default()
    };
    Federation::with_a_badge_and(rhythm).await
}

/// Waits until a node holds of these agencies exactly what their own nodes hold, and itself believes all of it.
async fn agrees(reader: &Agency, with: &[&Agency]) {
    let ids: Vec<_> = with.iter().map(|agency| agency.id().clone()).collect();
    eventually(&format!("{} holds what its mirrors have", reader.id()), async || {
        let mut holdings: Vec<Holding> = reader.holdings().await;
        for agency in with {
            let own = agency.holdings().await.into_iter();
            holdings.extend(own.filter(|holding| ids.contains(&holding.of)));
        }
        holdings.retain(|holding| ids.contains(&holding.of));
        let acknowledged: Vec<_> = with.iter().flat_map(|agency| agency.acknowledged().clone()).collect();
        let found = audit::discrepancies(&holdings, &acknowledged, true);
        if found.is_empty() {
            Ok(())
        } else {
            Err(found.join("\n"))
        }
    })
    .await;
}

/// How many envelopes of an agency a node holds.
async fn envelopes(at: &Agency, of: &Agency) -> usize {
    let holdings = at.holdings().await;
    let holding = holdings.iter().find(|holding| holding.of == *of.id());
    holding.map_or(0, |holding| holding.envelopes.len())
}

async fn sees(at: &Agency, of: &Agency, connected: bool) {
    eventually(&format!("{} sees {}: {connected}", at.id(), of.id()), async || {
        at.sees(&[(of.id().clone(), connected)]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_libp2p_keeps_up_and_says_when_it_cannot() {
    let Scene {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let sc = federation.agency("US-SC");
    let other = sc.issues(&issuer, "Riley Brooks").await;
    let (link, url) = federation.web_link("US-VA", sc).await;
    let va = federation.reader("US-VA", vec![mirror(sc, &url)]).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    for badge in [&badge, &other] {
        federation.awaits(&va, badge, VerdictKind::Accepted).await;
    }

    sc.revokes(&badge, Reason::Misrepresentation).await;
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
    sees(&va, sc, false).await;
    let cut = sc.suspends(&other, Reason::Administrative).await;
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
    agrees(&va, &[sc]).await;
    assert_eq!(va.audited("peer.misbehaved").await, 0);

    // It goes on from where it was, and writes on.
    va.stops().await;
    sc.reinstates(&other, Reason::Administrative).await;
    va.starts().await;
    federation.awaits(&va, &other, VerdictKind::Accepted).await;
    agrees(&va, &[sc]).await;
    va.registers("Tidewater Learning Exchange").await;
    federation.audit().await;
}

/// A folder of SC's and TN's files, copied from one node.
async fn copies(federation: &Federation) -> Files {
    let files = Files::served().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let copied = eventually("TN's node has all files of both", async || {
        let copied = files.copy(tn, &[sc, tn]).await;
        let reaches = files
            .listing(sc)
            .envelopes
            .iter()
            .map(|page| page.count as usize)
            .sum::<usize>();
        if reaches == envelopes(sc, sc).await {
            Ok(copied)
        } else {
            Err(format!("{copied:?}, {reaches} envelopes"))
        }
    })
    .await;
    assert_eq!(copied.agencies, 2);
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_begins_with_a_copy_on_any_web_server() {
    let Scene {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let files = copies(&federation).await;
    // The server pins nobody: the reader says whom it follows, and finds both in one place.
    let second = MirrorConfig {
        url: format!("{}/./", files.url()),
        ..mirror(tn, files.url())
    };
    let va = federation.reader("US-VA", vec![mirror(sc, files.url()), second]).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    federation.awaits(&va, &badge, VerdictKind::Accepted).await;
    agrees(&va, &[sc, tn]).await;

    // What happens later arrives with the next copy, of which only what is new is fetched.
    sc.revokes(&badge, Reason::IssuedInError).await;
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
    agrees(&va, &[sc, tn]).await;
    federation.audit().await;
}

/// A new node reads a copy of SC's files that somebody altered, and a right one of TN's: of SC's it keeps nothing and
/// says why, and TN's are not touched by it.
async fn is_refused(federation: &Federation, id: &str, altered: &Files) {
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let right = Files::served().await;
    right.copy(tn, &[tn]).await;
    let reader = federation
        .reader(id, vec![mirror(sc, altered.url()), mirror(tn, right.url())])
        .await;
    reader.starts().await;
    eventually("the altered copy is refused", async || {
        let refused = reader.audited("peer.misbehaved").await;
        if refused > 0 {
            Ok(())
        } else {
            Err("it is not".to_owned())
        }
    })
    .await;
    agrees(&reader, &[tn]).await;
    sees(&reader, tn, true).await;
    assert_eq!(envelopes(&reader, sc).await, 0, "something of an altered copy was kept");
    reader.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_copy_is_refused_and_harms_nobody_else() {
    let Scene { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    let tn = federation.agency("US-TN");

    // One byte of the first page, in the midst of it.
    let files = copies(&federation).await;
    let (path, page) = files.first_page(sc);
    let mut flipped = page.clone();
    flipped[page.len() / 2] ^= 1;
    fs::write(path, &flipped).expect("a file");
    is_refused(&federation, "US-VA", &files).await;

    // The same by somebody who knows how files are named: the time of the first envelope, which its writer signed.
    let files = copies(&federation).await;
    let mut flipped = page.clone();
    flipped[118] ^= 1;
    files.replace_first_page(sc, &flipped);
    is_refused(&federation, "US-GA", &files).await;

    // Somebody else's page, which is signed, but not by SC.
    let files = copies(&federation).await;
    let (_, foreign) = files.first_page(tn);
    files.replace_first_page(sc, &foreign);
    is_refused(&federation, "US-FL", &files).await;

    // The control: what was not altered is not refused.
    let files = copies(&federation).await;
    files.replace_first_page(sc, &page);
    let reader = federation.reader("US-AL", vec![mirror(sc, files.url())]).await;
    reader.starts().await;
    agrees(&reader, &[sc]).await;
    assert_eq!(reader.audited("peer.misbehaved").await, 0);
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_answers_from_a_checkpoint_before_it_has_the_history() {
    let Scene {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let sc = federation.agency("US-SC");
    let good: Badge = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&badge, Reason::Superseded).await;
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.checkpoint_every_envelopes = 3;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    let files = Files::served().await;
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
    assert_eq!(envelopes(&va, sc).await, 0, "there is no history to read");

    fs::rename(&away, &history).expect("the history is back");
    agrees(&va, &[sc]).await;
    assert_eq!(va.audited("replication.false_checkpoint").await, 0);
    va.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_many_pages_is_read_page_by_page_and_later_only_its_end() {
    let rhythm = Rhythm {
        exchange_every: POLL,
        ..Rhythm::default()
    };
    let federation = Federation::start_with(&["US-SC"], rhythm).await;
    let sc = federation.agency("US-SC");
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
    let files = Files::served().await;
    files.copy(sc, &[sc]).await;
    let pages = files.listing(sc).envelopes;
    assert!(pages.len() >= 2, "{pages:?}");
    let va = federation.reader("US-VA", vec![mirror(sc, files.url())]).await;
    va.starts().await;
    agrees(&va, &[sc]).await;
    va.stops().await;

    // Back again, it needs nothing but the last page; the others could as well be gone.
    for page in &pages[..pages.len() - 1] {
        fs::remove_file(files.place(sc, "envelopes").join(page.name.to_string())).expect("a page is removed");
    }
    let issuer = sc.registers("Another Institute").await;
    let fresh = Files::served().await;
    fresh.copy(sc, &[sc]).await;
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
    agrees(&va, &[sc]).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_read_by_https_and_only_if_its_certificate_is_trusted() {
    let Scene { federation, .. } = scene().await;
    let sc = federation.agency("US-SC");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let files = Files::served_with(Some((made.cert.pem(), made.signing_key.serialize_pem()))).await;
    files.copy(sc, &[sc]).await;
    assert!(files.url().starts_with("https://"));
    let roots = files.folder().join("roots.pem");
    fs::write(&roots, made.cert.pem()).expect("a file");

    let trusting = MirrorConfig {
        roots: Some(roots),
        ..mirror(sc, files.url())
    };
    let va = federation.reader("US-VA", vec![trusting]).await;
    let wary = federation.reader("US-GA", vec![mirror(sc, files.url())]).await;
    wary.starts().await;
    va.starts().await;
    agrees(&va, &[sc]).await;
    assert_eq!(envelopes(&wary, sc).await, 0, "nobody vouched for that certificate");
    assert!(!wary.knows().await.contains(sc.id()));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_by_its_content_may_be_kept_for_ever_and_the_rest_tells_whether_it_changed() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    sc.registers("Palmetto Educator Institute").await;
    let base = format!("{}/federation", sc.url());
    let genesis = sc.genesis();
    let get = async |path: &str, etag: Option<&str>| {
        let mut request = http::client().get(format!("{base}/{path}"));
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        let response = request.send().await.expect("an answer");
        let header = |name: &str| {
            let value = response.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        (response.status().as_u16(), header("etag"), header("cache-control"))
    };
    let files = Files::served().await;
    eventually("the issuer is in the files", async || {
        files.copy(sc, &[sc]).await;
        if files.listing(sc).envelopes.is_empty() {
            Err("no envelopes")
        } else {
            Ok(())
        }
        .map_err(str::to_owned)
    })
    .await;
    let page = files.listing(sc).envelopes[0].name;

    for path in ["index.json".to_owned(), format!("{genesis}/summary")] {
        let (status, etag, cache) = get(&path, None).await;
        assert_eq!((status, cache.contains("immutable")), (200, false), "{path}");
        assert_eq!(get(&path, Some(&etag)).await.0, 304, "{path}");
        assert_eq!(get(&path, Some("\"another\"")).await.0, 200, "{path}");
    }
    let (status, _, cache) = get(&format!("{genesis}/envelopes/{page}"), None).await;
    assert!(status == 200 && cache.contains("immutable"), "{status} {cache}");

    // A page that grew is still found by who has the listing before it.
    sc.registers("Another Institute").await;
    eventually("the page grew", async || {
        files.copy(sc, &[sc]).await;
        if files.listing(sc).envelopes[0].name == page {
            Err("it did not")
        } else {
            Ok(())
        }
        .map_err(str::to_owned)
    })
    .await;
    assert_eq!(get(&format!("{genesis}/envelopes/{page}"), None).await.0, 200);

    let upper = page.to_string().to_uppercase();
    for path in [
        format!("{}/summary", Hash([7; 32])),
        format!("{genesis}/envelopes/{}", Hash([7; 32])),
        format!("{genesis}/envelopes/{upper}"),
        format!("{genesis}/secrets/{page}"),
        format!("{genesis}/rows/{page}"),
        "x/summary".to_owned(),
    ] {
        http::get(&format!("{base}/{path}"))
            .await
            .problem(404, "request.not_found");
    }
    federation.audit().await;
}
