//! An operator adopts, tries, compares and applies a policy from the command line; and its rules decide, for everybody who
//! asks, the same.

use policy::samples;
use registry_schema::{Check, Purpose, RecognitionScope, VerdictKind};
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Federation, TeacherScenario, TestAgency, VerdictAssertions as _, http, program::ProgramOutput};

async fn types(agency: &TestAgency, arguments: &[&str], code: i32) -> ProgramOutput {
    let ended = agency.comity(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn file(agency: &TestAgency, name: &str, text: &str) -> String {
    let file = agency.data().join(name);
    std::fs::write(&file, text).expect("a file");
    file.to_str().expect("a path").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_adopted_tested_tried_and_compared_before_it_is_applied() {
    let TeacherScenario {
        federation,
        badge,
        issuer,
        ..
    } = Federation::with_a_badge().await;
    let (sc, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    let adopted = types(tn, &["policy", "adopt", "US-TN"], 0).await.stdout;
    let model = file(tn, "model.toml", samples::MODEL);
    let ours = file(tn, "ours.toml", &adopted);
    let differs = types(tn, &["policy", "diff", &model, &ours], 1).await;
    assert!(differs.stdout.contains("about `about` changed"), "{differs:?}");

    // Its own examples: they hold, and one that does not is told.
    let sample = samples::of("US-TN").expect("a sample");
    let rules = file(tn, "rules.toml", sample);
    let cases = file(tn, "cases.toml", include_str!("../../node/policy/cases/worked.toml"));
    let held = types(tn, &["policy", "test", &rules, &cases], 0).await;
    assert!(held.stdout.contains(", 0 with another answer"), "{held:?}");
    let other = file(
        tn,
        "other.toml",
        &sample.replace("micro_credential = 6", "micro_credential = 7"),
    );
    let missed = types(tn, &["policy", "test", &other, &cases], 1).await;
    assert!(
        missed
            .stderr
            .contains("expected accepted and `6 of 60 PDP`, got accepted and `7 of 60 PDP`"),
        "{missed:?}"
    );

    // What-if changes nothing; apply does; then nothing differs.
    tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let flat_rate = sample.replace(
        "requires = [\"earned_within_license\", { shown = \"digital certificate\" }]\n",
        "",
    );
    let rules = file(tn, "flat.toml", &flat_rate);
    let would = types(tn, &["policy", "what-if", &rules], 0).await;
    let said = flat(&would.stdout);
    assert!(
        said.contains("of your agency's newest 0 badges, none changes"),
        "{said}"
    );
    assert!(
        said.contains("checks here in the last 12 months, these change") && said.contains("to accepted, 6 of 60 PDP"),
        "{said}"
    );
    tn.employer().reads("/v1/policy").await.with_status(404);
    types(tn, &["policy", "apply", &rules, "--dry-run"], 0).await;
    tn.employer().reads("/v1/policy").await.with_status(404);
    types(tn, &["policy", "apply", &rules], 0).await;
    types(tn, &["policy", "diff", &rules], 0).await;
    let differs = types(tn, &["policy", "diff", &other], 1).await;
    assert!(differs.stdout.contains("worth rule `tn-pdp` changed"), "{differs:?}");

    // What several count for together.
    let more = json!({"achievement": {"name": "Another achievement"}});
    let second = sc.issues_with(&issuer, "Jordan Avery", more).await;
    let text = |badge: &tests::IssuedBadge| String::from_utf8(badge.bytes()).expect("text");
    let files = [file(tn, "1.json", &text(&badge)), file(tn, "2.json", &text(&second))];
    let counted = types(tn, &["policy", "worth", &files[0], &files[1], &files[0]], 0).await;
    assert!(
        flat(&counted.stdout).contains("12 of 60 PDP; 1 duplicate does not count twice"),
        "{counted:?}"
    );
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_the_agency_that_is_asked_decide_on_the_page_at_the_command_and_in_bulk() {
    let TeacherScenario {
        federation,
        badge,
        issuer,
        ..
    } = Federation::with_a_badge().await;
    let tn = federation.agency("US-TN");
    let badge_file = file(tn, "badge.json", &String::from_utf8(badge.bytes()).expect("text"));
    let rules = |condition: &str| {
        format!(
            "format = 1\n[about]\ntitle = \"Rules\"\nexplanation = \"Rules.\"\n[[acceptance]]\nid = \"the-rule\"\n\
             says = \"A rule.\"\ncitation = \"rule 5.502\"\npurposes = [\"renewal\"]\nrequires = [{condition}]\n"
        )
    };
    for (id, condition, verdict, exit, code, said) in [
        (
            "asker",
            "{ prior_approval_by = \"school district\" }",
            VerdictKind::Accepted,
            0,
            "recognition.conditional",
            "provided that it was approved beforehand by the school district",
        ),
        (
            "unknown",
            "{ at_least_hours = 4 }",
            VerdictKind::CouldNotCheck,
            3,
            "recognition.rule_depends",
            "rule `the-rule` (rule 5.502): not known whether it stands for at least 4 clock hours",
        ),
        (
            "failed",
            "{ issuer_of = [\"US-TN\"] }",
            VerdictKind::NotRecognized,
            1,
            "recognition.rule_not_met",
            "rule `the-rule` (rule 5.502) demands that its issuer belongs to US-TN",
        ),
    ] {
        // A rule has an id for ever: each of these is a rule of its own.
        let text = rules(condition).replace("the-rule", &format!("the-rule-{id}"));
        let policy = file(tn, "policy.toml", &text);
        types(tn, &["policy", "apply", &policy], 0).await;
        let said = said.replace("the-rule", &format!("the-rule-{id}"));

        let answered = tn
            .employer()
            .asks(&badge.bytes(), &[("purpose", "renewal")])
            .await
            .is(verdict);
        let found = answered
            .findings
            .iter()
            .find(|f| f.check == Check::Recognition)
            .expect("a finding");
        assert_eq!(found.code, code);
        assert!(answered.sentence.contains(&said), "{}", answered.sentence);

        let typed = types(tn, &["verify", &badge_file, "--purpose", "renewal"], exit).await;
        assert!(flat(&typed.stdout).contains(&flat(&said)), "{typed:?}");

        let form = Form::new()
            .part("file", Part::bytes(badge.bytes()).file_name("badge"))
            .text("purpose", "renewal");
        let page = http::send(http::client().post(format!("{}/verify", tn.url())).multipart(form)).await;
        let page = page.with_status(200).text();
        let plain = page.replace(['\u{201c}', '\u{201d}'], "`");
        assert!(flat(&plain).contains(&flat(&said)), "{page}");

        let document: serde_json::Value = serde_json::from_slice(&badge.bytes()).expect("JSON");
        let upload = document.to_string().into_bytes();
        let many = tn
            .employer()
            .sends_many(upload, "application/jsonl", &[("purpose", "renewal")])
            .await;
        let line = many.with_status(200).text();
        assert!(line.contains(code) && line.contains(verdict.as_str()), "{line}");
    }
    // No other use is touched.
    tn.recognizes_for(&issuer, &[Purpose::Salary], &RecognitionScope::All)
        .await;
    tn.employer()
        .asks(&badge.bytes(), &[("purpose", "salary")])
        .await
        .is(VerdictKind::Accepted);
    federation.audit().await;
}
