//! Whatever changes whom an agency trusts says first what it would do: which verdicts and worths, of its own badges and of
//! those that are checked here, each number with its base, and no person named. A dry run changes nothing; what is then
//! done is what it said.

use policy::samples;
use registry_schema::VerdictKind;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, http, program::ProgramOutput,
};

const FRACTIONS: &str = "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11";
const ABOVE_FRACTIONS: &str = "https://standards.example/CFItems/7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a10";

pub(crate) async fn types(agency: &TestAgency, arguments: &[&str], code: i32) -> ProgramOutput {
    let ended = agency.comity(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended
}

pub(crate) fn flat(ended: &ProgramOutput) -> String {
    ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn file(agency: &TestAgency, name: &str, text: &str) -> String {
    let file = agency.data().join(name);
    std::fs::write(&file, text).expect("a file");
    file.to_str().expect("a path").to_owned()
}

/// Returns the words of a dry run; nothing of a person is in them.
pub(crate) async fn would(agency: &TestAgency, arguments: &[&str], said: &[&str]) -> String {
    let dry: Vec<&str> = arguments.iter().copied().chain(["--dry-run"]).collect();
    let ended = types(agency, &dry, 0).await;
    assert!(ended.stderr.contains("nothing was changed"), "{ended:?}");
    let told = flat(&ended);
    for one in said {
        assert!(told.contains(one), "`{one}` is not in {told}");
    }
    assert!(!told.contains("Jordan"), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn recognizing_following_and_parting_say_first_what_they_change_in_verdict_and_worth() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    // Tennessee counts 6 points for each badge, once its issuer is recognized.
    let rules = samples::of("US-TN").expect("a sample").replace(
        "requires = [\"earned_within_license\", { shown = \"digital certificate\" }]\n",
        "",
    );
    let rules = file(tn, "rules.toml", &rules);
    types(tn, &["policy", "apply", &rules], 0).await;
    federation.awaits(tn, &badge, VerdictKind::NotRecognized).await;

    let recognize = ["trust", "recognize", "Palmetto Educator Institute", "--may-be-followed"];
    let told = would(
        tn,
        &recognize,
        &[
            "Of your agency's 0 newest badges",
            "Palmetto Educator Institute (`did:key:",
            "for license renewal: from not recognized to accepted, 6 of 60 PDP",
        ],
    )
    .await;
    assert!(told.contains("checks here in the last 12 months"), "{told}");
    federation.awaits(tn, &badge, VerdictKind::NotRecognized).await;
    types(tn, &recognize, 0).await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    // The same for the agency's own badges.
    let own = ["trust", "recognize", "Palmetto Educator Institute"];
    would(
        sc,
        &own,
        &[
            "Of your agency's 1 newest badges",
            "1 badge of Palmetto",
            "from not recognized to accepted",
        ],
    )
    .await;
    types(sc, &own, 0).await;

    // A file of several, each with what it would do; agencies are in it as well.
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    let follow = ["trust", "recognize-agency", "US-TN"];
    would(nc, &follow, &["from not recognized to accepted"]).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    types(nc, &follow, 0).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let differs = types(sc, &["trust", "diff", "US-NC"], 1).await;
    let only = differs
        .stdout
        .lines()
        .find(|line| line.contains("whatever US-TN recognizes"));
    assert!(only.is_some_and(|line| line.starts_with("only `US-NC`")), "{differs:?}");
    for form in ["csv", "json"] {
        let exported = types(nc, &["trust", "export", "--as", form], 0).await;
        let exported = file(sc, &format!("trust.{form}"), &exported.stdout);
        types(nc, &["trust", "diff", &exported], 0).await;
        let import = types(sc, &["trust", "import", &exported, "--dry-run"], 0).await;
        assert!(flat(&import).contains("+ whatever US-TN recognizes"), "{import:?}");
    }
    let exported = sc.data().join("trust.csv");
    types(sc, &["trust", "import", exported.to_str().expect("a path")], 0).await;
    let listed = types(sc, &["trust", "agencies", "--agency", "US-SC"], 0).await;
    assert!(listed.stdout.contains("US-TN"), "{listed:?}");

    // Whom one follows no more: what rests on it is not known then; nothing is called rejected.
    let told = would(nc, &["peer", "remove", "US-TN", "--expel"], &["to could not check"]).await;
    assert!(told.contains("from accepted"), "{told}");
    // One account: on which recognitions it bears, each number with its base, and what follows from those.
    assert!(
        told.contains(
            "recognitions that rest on it: 1 of 1 (0 of issuers that it registers, 1 of itself). What would change"
        ),
        "{told}"
    );
    let said = nc.employer().reads("/v1/peers").await.value();
    let peers = said.as_array().expect("peers");
    assert!(peers.iter().all(|peer| peer["membership"] == "member"), "{said}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_suspended_or_ended_issues_nothing_and_its_history_tells_all() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let body = json!({"issuer": issuer.id, "subject": "Nobody", "achievement": {"name": "Nothing"}});
    let document = json!({"credential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
        "issuer": issuer.id, "credentialSubject": {"name": "Nobody"},
    }});
    let kept = sc.asks(Method::GET, "/v1/credentials", None).await.text();
    for (step, said) in [
        ("suspend", "suspended since"),
        ("reinstate", ""),
        ("withdraw", "has ended on"),
    ] {
        types(
            sc,
            &[
                "issuer",
                step,
                "Palmetto Educator Institute",
                "--note",
                "file 17",
                "--yes",
            ],
            0,
        )
        .await;
        for (path, body) in [
            ("/v1/credentials?dry_run=true", &body),
            ("/credentials/issue?dry_run=true", &document),
        ] {
            let reply = sc.asks(Method::POST, path, Some(body)).await;
            if said.is_empty() {
                assert!(reply.status < 300, "{path}: {}", reply.text());
                continue;
            }
            let problem = reply.problem(409, "act.conflict");
            assert!(problem.detail.contains(said), "{problem:?}");
        }
    }
    assert_eq!(
        sc.asks(Method::GET, "/v1/credentials", None).await.text(),
        kept,
        "nothing was issued"
    );

    // At another agency: all that was said, in its order, by whose key, and what of it stands.
    let told = eventually("NC knows the whole history", async || {
        let ended = nc.comity(&["trust", "history", &issuer.id, "--output", "json"]).await;
        let events: Vec<Value> = serde_json::from_str(&ended.stdout).map_err(|e| format!("{e}: {ended:?}"))?;
        let ends = events
            .iter()
            .any(|event| event["said"].as_str().is_some_and(|said| said.starts_with("ends ")));
        let all = events
            .iter()
            .filter(|event| event["said"].as_str().is_some_and(|s| s.contains("recognizes")))
            .count();
        if ends && all == 3 {
            Ok(events)
        } else {
            Err(ended.stdout)
        }
    })
    .await;
    let of_sc: Vec<&str> = told
        .iter()
        .filter(|event| event["agency"] == "US-SC")
        .map(|event| event["said"].as_str().expect("words"))
        .collect();
    let begins = [
        "lists Palmetto",
        "recognizes Palmetto",
        "suspends the",
        "lifts the suspension",
        "ends the registration",
    ];
    assert_eq!(of_sc.len(), begins.len(), "{of_sc:#?}");
    for (said, begins) in of_sc.iter().zip(begins) {
        assert!(said.starts_with(begins), "{said}: {begins}");
    }
    for event in &told {
        let (key, envelope) = (event["signed_by"].as_str(), event["envelope"].as_str());
        assert!(
            key.is_some_and(|key| key.len() == 64) && envelope.is_some_and(|name| name.len() == 64),
            "{event}"
        );
        let said = event["said"].as_str().expect("words");
        let was_replaced = said.starts_with("suspends") || said.starts_with("lifts");
        assert_eq!(event["stands"], !was_replaced, "{event}");
    }
    let early = nc.comity(&["trust", "history", &issuer.id, "--at", "2020-01-01"]).await;
    assert!(early.stderr.contains("nothing was said"), "{early:?}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alignment_to_an_item_counts_for_those_above_it_where_the_framework_is_known() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let package = include_str!("../../node/policy/fixtures/case-1.1-wrapped.json");
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let item = format!("urn:uuid:{FRACTIONS}");
    // Recognized before either has the framework: so the recognition says nothing of what stands below.
    for agency in [nc, sc] {
        let scope = registry_schema::RecognitionScope::Aligned(vec![ABOVE_FRACTIONS.to_owned()]);
        agency
            .recognizes_for(&issuer, &[registry_schema::Purpose::Renewal], &scope)
            .await;
    }
    let framework = file(sc, "framework.json", package);
    types(sc, &["framework", "import", &framework], 0).await;
    let aligned = json!({"achievement": {"name": "Fractions", "aligned_to": [FRACTIONS]}});
    let badge = sc.issues_with(&issuer, "Jordan Avery", aligned).await;
    let listed: Vec<Value> = sc.employer().reads("/v1/frameworks").await.json();
    let id = listed[0]["id"].as_str().expect("an id");
    federation.awaits(sc, &badge, VerdictKind::Accepted).await;
    // Who does not know the framework does not know what stands above, and so does not say no, for whomever it is asked;
    // once it does, the same holds.
    let plain = sc.issues(&issuer, "Riley Brooks").await;
    for agency in ["US-NC", "US-SC"] {
        let question = [("agency", agency)];
        eventually(&format!("NC's node cannot tell for {agency}"), async || {
            let verdict = nc.employer().asks(&badge.bytes(), &question).await;
            let found = verdict
                .findings
                .iter()
                .find(|f| f.code == "recognition.framework_unknown");
            match found.filter(|_| verdict.verdict == VerdictKind::CouldNotCheck) {
                Some(found) if found.detail.contains(ABOVE_FRACTIONS) => Ok(()),
                _ => Err(verdict.sentence),
            }
        })
        .await;
        // What is aligned to nothing is below nothing.
        nc.employer()
            .asks(&plain.bytes(), &question)
            .await
            .is(VerdictKind::NotRecognized);
    }
    // Other registries that ask about the item itself hear as much.
    let asks = async || {
        let query = json!({
            "entity_id": issuer.id, "authority_id": "US-NC", "action": "recognize:renewal", "resource": item,
        });
        let request = http::client().post(format!("{}/authorization", nc.url())).json(&query);
        let answer = http::send(request).await.with_status(200).value();
        (
            answer["authorized"] == true,
            answer["message"].as_str().expect("words").to_owned(),
        )
    };
    let (yes, words) = asks().await;
    assert!(!yes && words.contains("not known at this node"), "{words}");
    let framework = file(nc, "framework.json", package);
    types(nc, &["framework", "import", &framework], 0).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    assert!(asks().await.0, "{:?}", asks().await);

    // People read it; and what its end would do is said first.
    let page = sc.employer().reads("/frameworks").await.with_status(200).text();
    assert!(page.contains(&format!("/frameworks/{id}")), "{page}");
    let shown = sc
        .employer()
        .reads(&format!("/frameworks/{id}"))
        .await
        .with_status(200)
        .text();
    assert!(shown.contains(&item) && shown.contains("Below"), "{shown}");
    sc.employer().reads("/frameworks/nowhere").await.with_status(404);
    would(
        sc,
        &["framework", "remove", id],
        &["1 badge of Palmetto", "to could not check"],
    )
    .await;
    federation.awaits(sc, &badge, VerdictKind::Accepted).await;
    types(sc, &["framework", "remove", id, "--yes"], 0).await;
    federation.awaits(sc, &badge, VerdictKind::CouldNotCheck).await;
    sc.employer().reads(&format!("/frameworks/{id}")).await.with_status(404);
    // And an import says what it would bring.
    let framework = file(sc, "again.json", package);
    would(
        sc,
        &["framework", "import", &framework],
        &["from could not check to accepted"],
    )
    .await;
    federation.audit().await;
}
