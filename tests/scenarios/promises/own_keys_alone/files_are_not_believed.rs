//! Of files, nothing is believed but what is signed; and a mirror that is altered, or stands in for another, harms nobody
//! but itself.

use std::fs;

use node::config::MirrorConfig;
use protocol::Hash;
use registry_schema::VerdictKind;
use tests::{Federation, FileServer, TeacherScenario, eventually, files::mirror, http};

/// A new node reads a copy of SC's files that somebody altered, and a right one of TN's: of SC's it keeps nothing and
/// says why, and TN's are not touched by it.
async fn is_refused(federation: &Federation, id: &str, altered: &FileServer) {
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let right = FileServer::served().await;
    right.copy_all(tn, &[tn]).await;
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
    reader.agrees(&[tn]).await;
    reader.eventually_sees(tn, true).await;
    assert_eq!(
        reader.holds_envelopes_of(sc).await,
        0,
        "something of an altered copy was kept"
    );
    reader.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_copy_is_refused_and_harms_nobody_else() {
    let TeacherScenario { federation, badge, .. } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let tn = federation.agency("US-TN");

    // One byte of the first page, in the midst of it.
    let files = FileServer::of_both(&federation).await;
    let (path, page) = files.first_page(sc);
    let mut flipped = page.clone();
    flipped[page.len() / 2] ^= 1;
    fs::write(path, &flipped).expect("a file");
    is_refused(&federation, "US-VA", &files).await;

    // The same by somebody who knows how files are named: the time of the first envelope, which its writer signed.
    let files = FileServer::of_both(&federation).await;
    let mut flipped = page.clone();
    flipped[118] ^= 1;
    files.replace_first_page(sc, &flipped);
    is_refused(&federation, "US-GA", &files).await;

    // Somebody else's page, which is signed, but not by SC.
    let files = FileServer::of_both(&federation).await;
    let (_, foreign) = files.first_page(tn);
    files.replace_first_page(sc, &foreign);
    is_refused(&federation, "US-FL", &files).await;

    // The control: what was not altered is not refused.
    let files = FileServer::of_both(&federation).await;
    files.replace_first_page(sc, &page);
    let reader = federation.reader("US-AL", vec![mirror(sc, files.url())]).await;
    reader.starts().await;
    reader.agrees(&[sc]).await;
    assert_eq!(reader.audited("peer.misbehaved").await, 0);
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_read_by_https_and_only_if_its_certificate_is_trusted() {
    let TeacherScenario { federation, .. } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let files = FileServer::served_with(Some((made.cert.pem(), made.signing_key.serialize_pem()))).await;
    files.copy_all(sc, &[sc]).await;
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
    va.agrees(&[sc]).await;
    assert_eq!(
        wary.holds_envelopes_of(sc).await,
        0,
        "nobody vouched for that certificate"
    );
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
    let files = FileServer::served().await;
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
