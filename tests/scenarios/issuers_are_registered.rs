//! An issuer is registered by an application that two people reviewed and a third decided, for a term; it is suspended and
//! ended by due process; every step is kept, and the public reads the history without persons.

use policy::rubrics::STARTER;
use registry_schema::{Issuer, Timestamp, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, HttpReply, IssuedBadge, TestAgency, VerdictAssertions as _,
    party::{CONTACT, EMAIL, TokenClient, applies, form, scores, with_public_histories as scene},
};

/// The name under which the applicant wants to issue.
const APPLICANT: &str = "Palmetto Learning";
/// The condition on which it is approved.
const CONDITION: &str = "The rubric stays public.";

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

/// The parties to a registration at South Carolina's agency, and the peer that follows it.
struct RegistrationParties<'a> {
    federation: &'a Federation,
    nc: &'a TestAgency,
    sc: &'a TestAgency,
    /// The operator who decides.
    pat: TokenClient<'a>,
    /// An operator who reviews.
    ann: TokenClient<'a>,
    /// Another operator who reviews.
    bo: TokenClient<'a>,
}

/// An application that became an issuer.
struct RegisteredApplication<'a> {
    id: String,
    applicant: TokenClient<'a>,
    issuer: Issuer,
}

impl<'a> RegistrationParties<'a> {
    async fn of(federation: &'a Federation) -> Self {
        let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
        Self {
            federation,
            nc,
            sc,
            pat: TokenClient {
                agency: sc,
                token: sc.token().to_owned(),
            },
            ann: TokenClient::operator(sc, "ann-reviews", federation).await,
            bo: TokenClient::operator(sc, "bo-reviews", federation).await,
        }
    }

    async fn with_a_rubric(federation: &'a Federation) -> Self {
        let parties = Self::of(federation).await;
        parties.sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
        parties
    }

    /// Applies on the page, with evidence; gives the application's id and the applicant.
    async fn applies_on_the_page(&self) -> (String, TokenClient<'a>) {
        let typed = [
            ("name", APPLICANT),
            ("contact_name", CONTACT),
            ("contact_email", EMAIL),
            ("note-public-rubric", "it is on our page"),
            ("link-public-rubric", "https://palmetto.example/r"),
        ];
        let done = form(self.sc, "/apply", &typed).await.with_status(201).text();
        let token = between(&done, "<pre id=\"key\">", "</pre>").to_owned();
        let id = between(&done, "It is number <span class=\"code\">", "</span>").to_owned();
        (id, TokenClient { agency: self.sc, token })
    }

    /// The moment at which so many days are over.
    fn in_days(&self, days: i64) -> Timestamp {
        self.federation
            .clock()
            .now()
            .plus_seconds(days * 86_400)
            .whole_seconds()
    }

    /// Leads an application to its approval: more evidence, two reviews of which one was corrected, a decision.
    async fn registers(&self) -> RegisteredApplication<'a> {
        let (id, applicant) = self.applies_on_the_page().await;
        let evidence = json!({"evidence": {"component": "cost-disclosed"}});
        applicant.takes(&id, evidence).await.with_status(201);
        for (reviewer, level) in [(&self.ann, "met"), (&self.bo, "partly_met"), (&self.bo, "met")] {
            reviewer.takes(&id, scores(level)).await.with_status(201);
        }
        let day = self.in_days(3 * 365).to_string();
        let approved = self.pat.comity(&approving(&day)).await;
        assert_eq!(approved.code, Some(0), "{approved:?}");
        let issuer = self.issuer(&id).await;
        RegisteredApplication { id, applicant, issuer }
    }

    /// The issuer that an application became.
    async fn issuer(&self, id: &str) -> Issuer {
        let case = self.pat.sees(id).await;
        issuer_of(self.sc, case["issuer"].as_str().expect("an issuer")).await
    }

    /// A badge of an issuer, which counts at the peer.
    async fn badge_that_counts(&self, issuer: &Issuer) -> IssuedBadge {
        let badge = self.sc.issues(issuer, "Jordan Avery").await;
        self.nc.recognizes(issuer).await;
        self.federation.awaits(self.nc, &badge, VerdictKind::Accepted).await;
        badge
    }

    async fn suspends(&self, id: &str) {
        let suspended = self
            .pat
            .comity(&["issuer", "suspend", id, "--note", "an inquiry", "--public-note"])
            .await;
        assert_eq!(suspended.code, Some(0), "{suspended:?}");
    }

    /// Takes the other route to the list of standings.
    async fn sets_standing(&self, issuer: &Issuer, standing: &str) -> HttpReply {
        let path = format!("/v1/issuers/{}/standing", issuer.id);
        let body = json!({"standing": standing, "note": "looked into"});
        self.sc.asks(Method::POST, &path, Some(&body)).await
    }

    /// Gives notice of the end, with two weeks to answer.
    async fn gives_notice(&self, id: &str) {
        let notice = json!({"notice": {"of": "withdrawal", "respond_by": self.in_days(14)}});
        self.pat.takes(id, notice).await.with_status(201);
    }

    /// Ends a registration, when the time to answer is over.
    async fn withdraws(&self, id: &str) {
        self.federation.clock().advance(15);
        let ended = self
            .pat
            .comity(&["--yes", "issuer", "withdraw", id, "--note", "no answer to the point"])
            .await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

/// Words to `comity` that approve the application up to a day.
fn approving(day: &str) -> [&str; 7] {
    ["issuer", "approve", APPLICANT, "--until", day, "--condition", CONDITION]
}

/// Answers a notice on the page; gives the page.
async fn answers(applicant: &TokenClient<'_>) -> String {
    let answer = [
        ("key", applicant.token.as_str()),
        ("step", "evidence"),
        ("note", "we answer"),
        ("component", ""),
        ("link", ""),
    ];
    let page = form(applicant.agency, "/application", &answer).await;
    page.with_status(201).text()
}

/// Appeals on the page.
async fn appeals(applicant: &TokenClient<'_>) {
    let grounds = [
        ("key", applicant.token.as_str()),
        ("step", "appeal"),
        ("note", "we did answer"),
    ];
    form(applicant.agency, "/application", &grounds).await.with_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_taken_once_a_rubric_is_published_and_its_words_stand() {
    let federation = scene().await;
    let parties = RegistrationParties::of(&federation).await;
    let RegistrationParties { sc, pat, ann, .. } = &parties;

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

    // Now there is, and a review is by the components of the starter rubric.
    let (id, _) = parties.applies_on_the_page().await;
    ann.takes(&id, scores("met")).await.with_status(201);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_mistake_keeps_what_was_typed_and_says_where_it_is() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let typed = [
        ("name", "Palmetto <Learning>"),
        ("contact_name", CONTACT),
        ("contact_email", "nowhere"),
    ];
    let again = form(parties.sc, "/apply", &typed).await.with_status(422).text();
    for told in [
        "value=\"Palmetto &#60;Learning&#62;\"",
        "href=\"#contact_email\"",
        "aria-invalid=\"true\"",
        "value=\"nowhere\"",
    ] {
        assert!(again.contains(told), "`{told}` is not in {again}");
    }
    // Without the mistake it becomes a case, with the evidence that came along.
    let (id, applicant) = parties.applies_on_the_page().await;
    let case = applicant.sees(&id).await;
    assert_eq!(
        (case["phase"].as_str(), case["steps"].as_array().map(Vec::len)),
        (Some("submitted"), Some(2))
    );
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_opens_for_its_applicant_alone_who_does_not_do_what_operators_do() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let RegistrationParties { nc, sc, .. } = &parties;
    let (id, applicant) = parties.applies_on_the_page().await;
    let (_, others) = applies(sc, "Another Applicant").await;
    let guessed = format!("{}0", applicant.token);
    for token in [String::new(), nc.token().to_owned(), others, guessed] {
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
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_registered_before_two_have_reviewed_and_a_third_decides() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let RegistrationParties { sc, pat, ann, bo, .. } = &parties;
    let (id, _) = parties.applies_on_the_page().await;
    // Another case is open: a name finds its own.
    applies(sc, "Another Applicant").await;

    let until = parties.in_days(3 * 365);
    let approve = json!({"approve": {"until": until, "conditions": [CONDITION]}});
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
    let approving = approving(&day);
    let dry = pat.comity(&[&["--dry-run"], &approving[..]].concat()).await;
    assert!(
        dry.code == Some(0) && pat.sees(&id).await["phase"] == "under_review",
        "{dry:?}"
    );
    let approved = pat.comity(&approving).await;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert_eq!(parties.issuer(&id).await.name, APPLICANT);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_counts_at_a_peer_while_its_issuer_stands_at_home() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let RegisteredApplication { id, issuer, .. } = parties.registers().await;
    let badge = parties.badge_that_counts(&issuer).await;
    parties.suspends(&id).await;
    let verdict = federation.awaits(parties.nc, &badge, VerdictKind::NotRecognized).await;
    verdict.finding("recognition.ended_at_home");
    // The other route to the same list lifts the suspension, and ends nothing without due process.
    parties.sets_standing(&issuer, "registered").await.with_status(201);
    federation.awaits(parties.nc, &badge, VerdictKind::Accepted).await;
    parties
        .sets_standing(&issuer, "ended")
        .await
        .problem(409, "act.conflict");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_ends_after_time_to_answer_and_another_decides_the_appeal() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let RegistrationParties { nc, sc, pat, ann, .. } = &parties;
    let RegisteredApplication { id, applicant, issuer } = parties.registers().await;
    let badge = parties.badge_that_counts(&issuer).await;

    parties.gives_notice(&id).await;
    let soon = pat.takes(&id, json!("withdraw")).await.problem(409, "act.conflict");
    assert!(soon.detail.contains("time to answer"), "{soon:?}");
    // A killed process does not lose the answer.
    sc.stops().await;
    let mut program = sc.starts_program(&[]).await;
    let page = answers(&applicant).await;
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
    parties.withdraws(&id).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;

    appeals(&applicant).await;
    let decide = json!({"decide_appeal": {"granted": false}});
    let own = pat.takes(&id, decide.clone()).await.problem(409, "act.conflict");
    assert!(own.detail.contains("another operator"), "{own:?}");
    ann.takes(&id, decide).await.with_status(201);
    assert_eq!(pat.sees(&id).await["possible"], json!([]));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_reads_every_step_of_an_issuer_and_of_no_person() {
    let federation = scene().await;
    let parties = RegistrationParties::with_a_rubric(&federation).await;
    let RegistrationParties { nc, sc, ann, .. } = &parties;
    let RegisteredApplication { id, applicant, issuer } = parties.registers().await;
    let did = &issuer.id;
    let badge = parties.badge_that_counts(&issuer).await;
    parties.suspends(&id).await;
    // The other route to the same list writes the same history.
    parties.sets_standing(&issuer, "registered").await.with_status(201);
    parties.gives_notice(&id).await;
    answers(&applicant).await;
    parties.withdraws(&id).await;
    appeals(&applicant).await;
    let dismiss = json!({"decide_appeal": {"granted": false}});
    ann.takes(&id, dismiss).await.with_status(201);

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
        page.contains("an inquiry") && page.contains("Appeal dismissed") && page.contains(CONDITION),
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
    let typed = nc.comity(&["--node", sc.url(), "issuer", "history", did]).await;
    assert!(typed.code == Some(0) && typed.stdout.contains("withdrawn"), "{typed:?}");
    // Nor does it replicate, nor does an agency publish what it does not say that it publishes; the peer has heard all.
    federation.audit().await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
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
