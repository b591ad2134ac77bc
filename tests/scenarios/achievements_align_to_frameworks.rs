//! Frameworks are imported as they are found, achievements align to their items, and what is covered is counted; a
//! recognition can be for an item.

use registry_schema::{RecognitionScope, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Federation, VerdictAssertions as _, eventually, http};

const WRAPPED: &str = include_str!("../../node/policy/fixtures/case-1.1-wrapped.json");
const OPENSALT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../node/policy/fixtures/opensalt-smart-level.json"
);
/// Below "Teaching of Mathematics".
const FRACTIONS: &str = "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11";

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_imports_frameworks_issues_for_their_items_and_sees_what_is_covered() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let file = sc.data().join("wrapped.json");
    std::fs::write(&file, WRAPPED).expect("a file");
    let file = file.to_str().expect("a path");

    // A dry run says what would come of it, and does nothing.
    let dry = sc.comity(&["framework", "import", file, "--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(
        dry.stdout.contains("Example Competencies") && dry.stderr.contains("nothing was changed"),
        "{dry:?}"
    );
    let none = sc.comity(&["framework", "list"]).await;
    assert!(none.stderr.contains("no frameworks"), "{none:?}");

    let imported = sc
        .comity(&[
            "framework",
            "import",
            file,
            "--tested",
            "mathematics",
            "--tested",
            "Science",
        ])
        .await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(imported.stdout.contains("4, at most 2 deep"), "{imported:?}");
    assert!(imported.stdout.contains("left out: `7c0e2a52"), "{imported:?}");
    for arguments in [
        ["framework", "import", OPENSALT, "--yes"],
        ["framework", "import", "--sample", "ncpts"],
    ] {
        let imported = sc.comity(&arguments).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
    }
    let listed = sc.comity(&["framework", "list"]).await;
    assert!(
        listed.stdout.contains("SmartLevel Test") && listed.stdout.contains("ncpts"),
        "{listed:?}"
    );
    let shown = sc.comity(&["framework", "show", "ncpts"]).await;
    assert!(
        shown.stdout.contains("Standard 5 (its wording is not held here)"),
        "{shown:?}"
    );

    // A badge says to what its achievement is aligned, and verifies with it.
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let aligned = json!({"achievement": {"name": "Fractions", "aligned_to": [FRACTIONS, "ncpts.2"]}});
    let badge = sc.issues_with(&issuer, "Jordan Avery", aligned).await;
    let plain = sc.issues(&issuer, "Riley Brooks").await;
    let document: Value = serde_json::from_slice(&badge.bytes()).expect("JSON");
    let alignment = &document["credentialSubject"]["achievement"]["alignment"];
    assert_eq!(
        alignment[0]["targetUrl"],
        format!("urn:uuid:{FRACTIONS}"),
        "{alignment}"
    );
    assert_eq!(alignment[0]["targetFramework"], "Example Competencies");
    assert_eq!(alignment[1]["targetUrl"], format!("{}/v1/frameworks/ncpts#2", sc.url()));
    let body = json!({"issuer": issuer.id, "subject": "X", "achievement": {"name": "Y", "aligned_to": ["nowhere"]}});
    let unknown = sc.asks(Method::POST, "/v1/credentials", Some(&body)).await;
    assert!(unknown.problem(404, "request.not_found").detail.contains("`nowhere`"));

    // Each number names its base.
    let covered = sc
        .comity(&["framework", "coverage", "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a01"])
        .await;
    assert_eq!(covered.code, Some(0), "{covered:?}");
    for said in [
        "your agency's 2 achievements; 2 badges issued",
        "1 of 4 items, 2 with what stands below them",
        "1 of 2 items, 2 with what stands below them",
        "0 of 1 items",
    ] {
        assert!(covered.stdout.contains(said), "{said}: {}", covered.stdout);
    }
    let path = "/v1/frameworks/ncpts/coverage";
    sc.employer().reads(path).await.problem(401, "operator.unauthenticated");
    let counted = sc.asks(Method::GET, path, None).await.with_status(200).value();
    assert_eq!(counted["covered"][0]["id"], "ncpts.2", "{counted}");
    assert_eq!(counted["covered"][0]["badges"], 1);

    // Another agency recognizes what is aligned to the item, and nothing else.
    let scope = RecognitionScope::Aligned(vec![format!("urn:uuid:{FRACTIONS}")]);
    nc.recognizes_for(&issuer, &[registry_schema::Purpose::Renewal], &scope)
        .await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.awaits(nc, &plain, VerdictKind::NotRecognized).await;
    nc.employer().reads("/v1/frameworks").await.with_status(200);
    let theirs: Vec<Value> = nc.employer().reads("/v1/frameworks").await.json();
    assert_eq!(theirs, Vec::<Value>::new(), "frameworks do not replicate");
    federation.audit().await;
}

/// Above [`FRACTIONS`].
const TEACHING: &str = "https://standards.example/CFItems/7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a10";

#[tokio::test(flavor = "multi_thread")]
async fn any_node_answers_for_an_agency_that_recognizes_what_stands_below_an_item() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    for agency in [nc, sc] {
        let file = agency.data().join("wrapped.json");
        std::fs::write(&file, WRAPPED).expect("a file");
        let file = file.to_str().expect("a path");
        assert_eq!(agency.comity(&["framework", "import", file]).await.code, Some(0));
    }
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let aligned = json!({"achievement": {"name": "Fractions", "aligned_to": [FRACTIONS]}});
    let badge = sc.issues_with(&issuer, "Jordan Avery", aligned).await;
    let other = json!({"achievement": {"name": "Other", "aligned_to": ["ncpts.2"]}});
    let imported = sc.comity(&["framework", "import", "--sample", "ncpts"]).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let other = sc.issues_with(&issuer, "Riley Brooks", other).await;

    // North Carolina has the framework: what it signs says what stands below, and Tennessee's node, which has none,
    // gives the same answer.
    let scope = RecognitionScope::Aligned(vec![TEACHING.to_owned()]);
    nc.recognizes_for(&issuer, &[registry_schema::Purpose::Renewal], &scope)
        .await;
    assert_eq!(tn.employer().reads("/v1/frameworks").await.value(), json!([]));
    let question = [("agency", "US-NC")];
    for node in [nc, tn] {
        eventually("the answer of North Carolina", async || {
            let verdict = node.employer().asks(&badge.bytes(), &question).await;
            match verdict.verdict {
                VerdictKind::Accepted => Ok(()),
                _ => Err(verdict.sentence),
            }
        })
        .await;
    }
    // Of what is aligned elsewhere, who has the framework says no, and who has none cannot.
    nc.employer()
        .asks(&other.bytes(), &question)
        .await
        .is(VerdictKind::NotRecognized)
        .finding("recognition.out_of_scope");
    tn.employer()
        .asks(&other.bytes(), &question)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("recognition.framework_unknown");
    // Said twice, it is the same.
    let again = ["trust", "recognize", &issuer.id, "--aligned", TEACHING];
    let again = nc.comity(&again).await;
    assert_eq!(again.code, Some(5), "{again:?}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_framework_is_refused_whole_and_what_stood_stays() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let send = async |body: String| {
        let request = http::client().post(format!("{}/v1/frameworks", nc.url()));
        http::send(request.bearer_auth(nc.token()).body(body)).await
    };
    send(WRAPPED.to_owned()).await.with_status(201);
    let before = nc.employer().reads("/v1/frameworks").await.with_status(200).text();
    let circle = json!({"associationType": "isChildOf",
        "originNodeURI": {"identifier": "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a10"},
        "destinationNodeURI": {"identifier": FRACTIONS}});
    let circular = WRAPPED.replacen("\"CFAssociations\": [", &format!("\"CFAssociations\": [{circle},"), 1);
    let said = send(circular).await.problem(422, "request.invalid");
    assert!(said.detail.contains("in a circle"), "{said:?}");
    send("{\"CFDocument\": 1}".to_owned())
        .await
        .problem(422, "request.invalid");
    let long = send(format!("{{{}", " ".repeat(17 * 1024 * 1024))).await;
    let said = long.problem(413, "request.too_large");
    assert!(said.detail.contains("a framework has at most 16 MiB"), "{said:?}");
    let after = nc.employer().reads("/v1/frameworks").await.with_status(200).text();
    assert_eq!(after, before);

    // As large as it may be: every item is there.
    let items: Vec<Value> = (0..50_000)
        .map(|n| json!({"identifier": format!("item-{n}"), "fullStatement": "An item"}))
        .collect();
    let large = json!({"CFDocument": {"identifier": "large", "title": "Large"}, "CFItems": items});
    send(large.to_string()).await.with_status(201);
    eventually("the large one is there", async || {
        let shown = nc
            .employer()
            .reads("/v1/frameworks/large")
            .await
            .with_status(200)
            .value();
        match shown["item"].as_array().map(Vec::len) {
            Some(50_000) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    federation.audit().await;
}
