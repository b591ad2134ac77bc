//! An issuer is registered by an application that two people reviewed and a third decided, for a term; it is suspended and
//! ended by due process; every step is kept, and the public reads the history without persons.

use policy::rubrics::STARTER;
use registry_schema::{Issuer, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    TestAgency, VerdictAssertions as _,
    party::{CONTACT, EMAIL, TokenClient, applies, form, scores, with_public_histories as scene},
};

/// Returns the text between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no `{before}` in {text}"));
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

fn names(history: &Value) -> Vec<&str> {
    let steps = history["steps"].as_array().expect("steps");
    steps
        .iter()
        .map(|step| step["step"].as_str().expect("a name"))
        .collect()
}

async fn issuer_of(sc: &TestAgency, id: &str) -> Issuer {
    sc.employer()
        .reads(&format!("/v1/issuers/{id}"))
        .await
        .with_status(200)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_registered_and_ended_by_due_process() {
    let federation = scene().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let pat = TokenClient {
        agency: sc,
        token: sc.token().to_owned(),
    };
    let ann = TokenClient::operator(sc, "ann-reviews", &federation).await;
    let bo = TokenClient::operator(sc, "bo-reviews", &federation).await;

    // Without a rubric there is nothing to apply for.
    let page = sc.employer().reads("/apply").await.with_status(200).text();
    assert!(page.contains("takes no applications"), "{page}");
    let file = sc.data().join("rubric.toml");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, STARTER.replace("comity-starter", "nc_2024")).expect("a file");
    let claims = pat.comity(&["rubric", "import", path]).await;
    assert!(
        claims.code == Some(2) && claims.stderr.contains("13 standards with 29 components"),
        "{claims:?}"
    );
    let text = std::fs::read_to_string(&file).expect("a file");
    sc.asks_with_text("/v1/rubrics", &text)
        .await
        .problem(422, "request.invalid");
    let starter = pat.comity(&["rubric", "show", "--starter"]).await.stdout;
    std::fs::write(&file, starter).expect("a file");
    let would = pat.comity(&["--dry-run", "rubric", "import", path]).await;
    assert!(
        would.code == Some(0) && would.stdout.contains("No application waits for a decision."),
        "{would:?}"
    );
    for _ in 0..2 {
        let imported = pat.comity(&["rubric", "import", path]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
    }
    let other = STARTER.replace("nobody yet", "somebody");
    sc.asks_with_text("/v1/rubrics", &other)
        .await
        .problem(409, "act.conflict");

    // The form keeps what was typed, and says where the mistake is.
    let typed = [
        ("name", "Palmetto <Learning>"),
        ("contact_name", CONTACT),
        ("contact_email", "nowhere"),
    ];
    let again = form(sc, "/apply", &typed).await.with_status(422).text();
    for told in [
        "value=\"Palmetto &#60;Learning&#62;\"",
        "href=\"#contact_email\"",
        "aria-invalid=\"true\"",
        "value=\"nowhere\"",
    ] {
        assert!(again.contains(told), "`{told}` is not in {again}");
    }
    let evidence = [
        ("note-public-rubric", "it is on our page"),
        ("link-public-rubric", "https://palmetto.example/r"),
    ];
    let mut typed = vec![
        ("name", "Palmetto Learning"),
        ("contact_name", CONTACT),
        ("contact_email", EMAIL),
    ];
    typed.extend(evidence);
    let done = form(sc, "/apply", &typed).await.with_status(201).text();
    let key = between(&done, "<pre id=\"key\">", "</pre>").to_owned();
    let id = between(&done, "It is number <span class=\"code\">", "</span>").to_owned();
    let applicant = TokenClient {
        agency: sc,
        token: key.clone(),
    };
    let case = applicant.sees(&id).await;
    assert_eq!(
        (case["phase"].as_str(), case["steps"].as_array().map(Vec::len)),
        (Some("submitted"), Some(2))
    );

    // Nobody else opens the case; and the applicant does not do what operators do.
    let (_, others) = applies(sc, "Another Applicant").await;
    for token in [String::new(), nc.token().to_owned(), others, format!("{key}0")] {
        let stranger = TokenClient { agency: sc, token };
        let seen = stranger
            .asks(Method::GET, &format!("/v1/applications/{id}"), None)
            .await;
        seen.problem(401, "operator.unauthenticated");
        stranger
            .takes(&id, json!("close"))
            .await
            .problem(401, "operator.unauthenticated");
        form(sc, "/application", &[("key", &stranger.token)]).await;
    }
    applicant
        .takes(&id, scores("met"))
        .await
        .problem(401, "operator.unauthenticated");
    applicant
        .takes(&id, json!({"evidence": {"component": "cost-disclosed"}}))
        .await
        .with_status(201);

    // No decision before the gate is met, and none by a reviewer.
    let until = federation.clock().now().plus_seconds(3 * 365 * 86_400).whole_seconds();
    let approve = json!({"approve": {"until": until, "conditions": ["The rubric stays public."]}});
    let early = pat.takes(&id, approve.clone()).await.problem(409, "act.conflict");
    assert!(early.detail.contains("asks for 2 reviewers, and 0"), "{early:?}");
    ann.takes(&id, scores("met")).await.with_status(201);
    let doubts = bo
        .comity(&[
            "issuer",
            "review",
            &id,
            "--all",
            "met",
            "--score",
            "blind-review=partly_met",
        ])
        .await;
    assert_eq!(doubts.code, Some(0), "{doubts:?}");
    let short = pat.takes(&id, approve.clone()).await.problem(409, "act.conflict");
    assert!(short.detail.contains("`blind-review`"), "{short:?}");
    bo.takes(&id, scores("met")).await.with_status(201);
    let own = ann.takes(&id, approve).await.problem(409, "act.conflict");
    assert!(own.detail.contains("another operator"), "{own:?}");
    let day = until.to_string();
    let approving = [
        "issuer",
        "approve",
        "Palmetto Learning",
        "--until",
        &day,
        "--condition",
        "The rubric stays public.",
    ];
    let dry = pat.comity(&[&["--dry-run"], &approving[..]].concat()).await;
    assert!(
        dry.code == Some(0) && pat.sees(&id).await["phase"] == "under_review",
        "{dry:?}"
    );
    let approved = pat.comity(&approving).await;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    let did = pat.sees(&id).await["issuer"].as_str().expect("an issuer").to_owned();
    let issuer = issuer_of(sc, &did).await;
    assert_eq!(issuer.name, "Palmetto Learning");

    // A badge of it counts at a peer, until it is suspended.
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    nc.recognizes(&issuer).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let suspended = pat
        .comity(&["issuer", "suspend", &id, "--note", "an inquiry", "--public-note"])
        .await;
    assert_eq!(suspended.code, Some(0), "{suspended:?}");
    let verdict = federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    verdict.finding("recognition.ended_at_home");
    // The other route to the same list writes the same history.
    let standing = format!("/v1/issuers/{did}/standing");
    let stands = async |standing_to: &str| {
        let body = json!({"standing": standing_to, "note": "looked into"});
        sc.asks(Method::POST, &standing, Some(&body)).await
    };
    stands("registered").await.with_status(201);
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    stands("ended").await.problem(409, "act.conflict");

    // Notice; an answer that a killed process does not lose; then the end, an appeal, and another's decision about it.
    let respond_by = federation.clock().now().plus_seconds(14 * 86_400).whole_seconds();
    let notice = json!({"notice": {"of": "withdrawal", "respond_by": respond_by}});
    pat.takes(&id, notice).await.with_status(201);
    let soon = pat.takes(&id, json!("withdraw")).await.problem(409, "act.conflict");
    assert!(soon.detail.contains("time to answer"), "{soon:?}");
    sc.stops().await;
    let mut program = sc.starts_program(&[]).await;
    let answer = [
        ("key", key.as_str()),
        ("step", "evidence"),
        ("note", "we answer"),
        ("component", ""),
        ("link", ""),
    ];
    let page = form(sc, "/application", &answer).await.with_status(201).text();
    assert!(page.contains("we answer"), "{page}");
    program.is_killed().await;
    sc.starts().await;
    federation.meets().await;
    assert_eq!(
        applicant.sees(&id).await["steps"]
            .as_array()
            .and_then(|all| all.last())
            .map(|one| &one["note"]),
        Some(&json!("we answer"))
    );
    federation.clock().advance(15);
    let ended = pat
        .comity(&["--yes", "issuer", "withdraw", &id, "--note", "no answer to the point"])
        .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    form(
        sc,
        "/application",
        &[("key", &key), ("step", "appeal"), ("note", "we did answer")],
    )
    .await
    .with_status(201);
    let decide = json!({"decide_appeal": {"granted": false}});
    let own = pat.takes(&id, decide.clone()).await.problem(409, "act.conflict");
    assert!(own.detail.contains("another operator"), "{own:?}");
    ann.takes(&id, decide).await.with_status(201);
    assert_eq!(pat.sees(&id).await["possible"], json!([]));

    // What everybody reads: every step, and no person.
    let history = sc
        .employer()
        .reads(&format!("/v1/issuers/{did}/history"))
        .await
        .with_status(200);
    let expected = [
        "apply",
        "evidence",
        "evidence",
        "review",
        "review",
        "review",
        "approve",
        "suspend",
        "reinstate",
        "notice",
        "evidence",
        "withdraw",
        "appeal",
        "decide_appeal",
    ];
    assert_eq!(names(&history.value()), expected);
    let page = sc
        .employer()
        .reads(&format!("/issuers/{did}"))
        .await
        .with_status(200)
        .text();
    assert!(
        page.contains("an inquiry") && page.contains("Appeal dismissed") && page.contains("The rubric stays public."),
        "{page}"
    );
    let shown = sc
        .employer()
        .reads("/v1/applications")
        .await
        .problem(401, "operator.unauthenticated")
        .detail;
    for text in [history.text(), page, shown] {
        for private in [
            CONTACT,
            EMAIL,
            "ann-reviews",
            "bo-reviews",
            "because it is so",
            "we answer",
        ] {
            assert!(!text.contains(private), "`{private}` is in {text}");
        }
    }
    let typed = nc.comity(&["--node", sc.url(), "issuer", "history", &did]).await;
    assert!(typed.code == Some(0) && typed.stdout.contains("withdrawn"), "{typed:?}");
    // Nor does it replicate, nor does an agency publish what it does not say that it publishes.
    for holding in nc.holdings().await.into_iter().chain(sc.holdings().await) {
        for (_, key, values) in &holding.rows {
            let found = values
                .iter()
                .any(|value| value.windows(5).any(|part| part == b"Robin" || part == b"robin"));
            assert!(!found, "{key} has the applicant's contact");
        }
    }
    nc.employer()
        .reads(&format!("/v1/issuers/{did}/history"))
        .await
        .problem(404, "request.not_found");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_that_is_not_renewed_ends_everywhere() {
    let federation = scene().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    let pat = TokenClient {
        agency: sc,
        token: sc.token().to_owned(),
    };
    let ann = TokenClient::operator(sc, "ann", &federation).await;
    let bo = TokenClient::operator(sc, "bo", &federation).await;
    let (id, key) = applies(sc, "Palmetto Learning").await;
    let approves = async |days: i64| {
        for reviewer in [&ann, &bo] {
            reviewer.takes(&id, scores("met")).await.with_status(201);
        }
        let until = federation.clock().now().plus_seconds(days * 86_400).whole_seconds();
        pat.takes(&id, json!({"approve": {"until": until}}))
            .await
            .with_status(201)
            .value()
    };
    let did = approves(2).await["issuer"].as_str().expect("an issuer").to_owned();
    let issuer = issuer_of(sc, &did).await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    nc.recognizes(&issuer).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    // Nobody does anything: the term stands in the list that replicates.
    federation.clock().advance(3);
    let verdict = federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    verdict.finding("recognition.ended_at_home");
    assert_eq!(pat.sees(&id).await["lapsed"], true);
    let applicant = TokenClient { agency: sc, token: key };
    applicant.takes(&id, json!("renew")).await.with_status(201);
    let renewed = approves(300).await;
    assert_eq!(
        (renewed["issuer"].as_str(), renewed["lapsed"].as_bool()),
        (Some(did.as_str()), Some(false))
    );
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}
