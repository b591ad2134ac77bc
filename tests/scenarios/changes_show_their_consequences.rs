//! Whatever changes whom an agency trusts says first what it would do: which verdicts and worths, of its own badges and of
//! those that are checked here, each number with its base, and no person named. A dry run changes nothing; what is then
//! done is what it said.

use policy::samples;
use registry_schema::VerdictKind;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Agency, Answer as _, Federation, Scene, eventually, program::Ended};

const FRACTIONS: &str = "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11";
const ABOVE_FRACTIONS: &str = "https://standards.example/CFItems/7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a10";

async fn types(agency: &Agency, arguments: &[&str], code: i32) -> Ended {
    let ended = agency.comity(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended
}

fn flat(ended: &Ended) -> String {
    ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn file(agency: &Agency, name: &str, text: &str) -> String {
    let file = agency.data().join(name);
    std::fs::write(&file, text).expect("a file");
    file.to_str().expect("a path").to_owned()
}

/// What a dry run says; nothing of a person is in it.
async fn would(agency: &Agency, arguments: &[&str], said: &[&str]) -> String {
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
async fn what_kind_of_body_an_issuer_is_and_the_hours_of_a_badge_decide_where_a_rule_asks() {
    let Scene {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    // The model policy, with this issuer found to meet its criteria; renewal is left to the license alone.
    let met = format!("met_by = [\"{}\"]\n", issuer.id);
    let adopted = types(tn, &["policy", "adopt", "US-TN"], 0).await.stdout;
    let mut ours = String::new();
    for line in adopted.lines() {
        ours.push_str(line);
        ours.push('\n');
        if line.starts_with("demands = ") {
            ours.push_str(&met);
        }
    }
    let ours = file(tn, "ours.toml", &ours);
    types(tn, &["policy", "apply", &ours], 0).await;
    let ask = async |bytes: &[u8], verdict: VerdictKind| {
        let query = [("purpose", "renewal")];
        tn.employer().asks(bytes, &query).await.is(verdict)
    };
    let said = ask(&badge.bytes(), VerdictKind::CouldNotCheck).await.sentence;
    assert!(
        said.contains("provider is") && said.contains("at least 4 clock hours"),
        "{said}"
    );

    // A rule that takes a badge that was assessed blind in its stead is answered by what the badge states.
    let assessed = |blind: bool| json!({"achievement": {"name": "A", "clock_hours": "10", "assessed_blind": blind}});
    let blind = sc.issues_with(&issuer, "Jordan Avery", assessed(true)).await;
    ask(&blind.bytes(), VerdictKind::Accepted).await;
    let seen = sc.issues_with(&issuer, "Jordan Avery", assessed(false)).await;
    let said = ask(&seen.bytes(), VerdictKind::CouldNotCheck).await.sentence;
    assert!(said.contains("provider is"), "{said}");

    // The home agency says what the issuer is: first what that does, then for everybody.
    let provider = ["issuer", "provider", "Palmetto Educator Institute", "district"];
    would(
        sc,
        &provider,
        &["a school district", "none changes verdict or worth here"],
    )
    .await;
    types(sc, &provider, 0).await;
    types(sc, &provider, 5).await;
    eventually("TN knows that it is a district", async || {
        let shown = types(tn, &["issuer", "show", &issuer.id], 0).await;
        match shown.stdout.contains("a school district") {
            true => Ok(()),
            false => Err(shown.stdout),
        }
    })
    .await;
    let said = ask(&badge.bytes(), VerdictKind::CouldNotCheck).await.sentence;
    assert!(
        !said.contains("provider is") && said.contains("at least 4 clock hours"),
        "{said}"
    );

    // A badge that states its hours answers the rest, and counts for them.
    let hours = |hours: &str| json!({"achievement": {"name": "Formative Assessment", "clock_hours": hours}});
    let long = sc.issues_with(&issuer, "Jordan Avery", hours("10")).await;
    let verdict = ask(&long.bytes(), VerdictKind::Accepted).await;
    let worth = verdict
        .findings
        .iter()
        .find(|finding| finding.detail.contains("clock hour"));
    assert!(
        worth.is_some_and(|worth| worth.detail.contains("10")),
        "{:?}",
        verdict.findings
    );
    let learning = [("purpose", "professional_learning")];
    tn.recognizes_for(
        &issuer,
        &[registry_schema::Purpose::ProfessionalLearning],
        &registry_schema::Scope::All,
    )
    .await;
    let verdict = tn
        .employer()
        .asks(&long.bytes(), &learning)
        .await
        .is(VerdictKind::Accepted);
    assert_eq!(
        (verdict.worth[0].amount.as_str(), verdict.worth[0].unit.as_str()),
        ("10", "clock hour")
    );
    let short = sc.issues_with(&issuer, "Jordan Avery", hours("3.5")).await;
    ask(&short.bytes(), VerdictKind::NotRecognized).await;
    // By what is typed, and where it cannot be.
    let out = sc.data().join("hours.json");
    let issue = |hours: &'static str| {
        [
            "credential",
            "issue",
            "--issuer",
            "Palmetto Educator Institute",
            "--achievement-name",
            "A",
            "--subject",
            "B",
            "--clock-hours",
            hours,
            "--assessed-blind",
            "--out",
        ]
    };
    let mut typed = issue("7.5").to_vec();
    typed.push(out.to_str().expect("a path"));
    types(sc, &typed, 0).await;
    let document: Value = serde_json::from_slice(&std::fs::read(&out).expect("a badge")).expect("JSON");
    let result = &document["credentialSubject"]["result"][0];
    let described = &document["credentialSubject"]["achievement"]["resultDescription"][0];
    assert_eq!(
        (result["value"].as_str(), described["resultType"].as_str()),
        (Some("7.5"), Some("ext:ClockHours"))
    );
    assert_eq!(result["resultDescription"], described["id"]);
    assert_eq!(document["credentialSubject"]["result"][1]["value"], "true");
    let mut typed = issue("a day").to_vec();
    typed.push("nowhere.json");
    types(sc, &typed, 2).await;
    // What would change, if TN's rule asked for more hours: it counts what badges state.
    let stricter = std::fs::read_to_string(&ours)
        .expect("a file")
        .replace("at_least_hours = \"4\"", "at_least_hours = 12")
        .replace("at_least_hours = 4", "at_least_hours = 12");
    assert!(stricter.contains("at_least_hours = 12"), "{stricter}");
    let stricter = file(sc, "stricter.toml", &stricter.replace("US-TN", "US-SC"));
    let what_if = flat(&types(sc, &["policy", "what-if", &stricter], 0).await);
    assert!(
        what_if.contains("achievement \"A\", for license renewal: from accepted, no published rate to not recognized")
            && what_if.contains("to could not check"),
        "{what_if}"
    );
    // The issuer's entry is another than was acknowledged first.
    sc.acknowledged().retain(|act| !act.what.starts_with("issuer "));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_suspended_or_ended_issues_nothing_and_its_history_tells_all() {
    let Scene { federation, issuer, .. } = Federation::with_a_badge().await;
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
    // Recognized before either has the framework: so the recognition says nothing of what stands below.
    for agency in [nc, sc] {
        let scope = registry_schema::Scope::Aligned(vec![ABOVE_FRACTIONS.to_owned()]);
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
    let framework = file(nc, "framework.json", package);
    types(nc, &["framework", "import", &framework], 0).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;

    // People read it; and what its end would do is said first.
    let page = sc.employer().reads("/frameworks").await.with_status(200).text();
    assert!(page.contains(&format!("/frameworks/{id}")), "{page}");
    let shown = sc
        .employer()
        .reads(&format!("/frameworks/{id}"))
        .await
        .with_status(200)
        .text();
    assert!(
        shown.contains(&format!("urn:uuid:{FRACTIONS}")) && shown.contains("Below"),
        "{shown}"
    );
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
