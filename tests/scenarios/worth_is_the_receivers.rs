//! The worth of a badge is for the receiving agency to say: each node holds every agency's policy and answers with it,
//! and no policy ever turns a verdict.

use policy::samples;
use registry_schema::{Check, Verdict, VerdictKind, policy::PolicyFile};
use reqwest::multipart::{Form, Part};
use tests::{Federation, HttpReply, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, http};

/// Sends a policy as an operator does.
async fn applies(agency: &TestAgency, text: &str, dry_run: bool) -> HttpReply {
    let url = format!("{}/v1/policy?dry_run={dry_run}", agency.url());
    let request = http::client().put(url).bearer_auth(agency.token());
    http::send(request.header("content-type", "application/toml").body(text.to_owned())).await
}

fn worth(verdict: &Verdict) -> (&str, Vec<String>) {
    let found = verdict
        .findings
        .iter()
        .find(|f| f.check == Check::Worth)
        .expect("worth speaks");
    let amounts = verdict
        .worth
        .iter()
        .map(|w| format!("{} {} {}", w.amount, w.unit, w.purpose));
    (&found.code, amounts.collect())
}

/// Tennessee's rule without what no badge can show.
fn flat() -> String {
    let sample = samples::of("US-TN").expect("a sample");
    let flat = sample.replace(
        "requires = [\"earned_within_license\", { shown = \"digital certificate\" }]\n",
        "",
    );
    assert_ne!(flat, sample);
    flat
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_answers_with_the_policy_of_the_agency_that_is_asked_for() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (nc, tn) = (federation.agency("US-NC"), federation.agency("US-TN"));
    let nothing = tn.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    assert_eq!(worth(&nothing), ("worth.no_published_rate", vec![]));
    tn.employer().reads("/v1/policy").await.with_status(404);

    // A dry run says what would come of it, and does nothing.
    let would = applies(tn, &flat(), true).await.with_status(200).value();
    assert_eq!(would["differences"].as_array().expect("a list").len(), 3, "{would}");
    tn.employer().reads("/v1/policy").await.with_status(404);

    applies(tn, &flat(), false).await.with_status(200);
    let verdict = tn
        .employer()
        .asks(&badge.bytes(), &[("purpose", "renewal")])
        .await
        .is(VerdictKind::Accepted);
    assert_eq!(worth(&verdict), ("worth.rate", vec!["6 PDP renewal".to_owned()]));
    assert_eq!(
        verdict.sentence,
        nothing
            .sentence
            .replace("professional learning and license renewal", "license renewal")
    );

    // North Carolina's node gives Tennessee's answer, and its own is still another.
    eventually("NC answers with TN's policy", async || {
        let question = [("agency", "US-TN"), ("purpose", "renewal")];
        let verdict = nc.employer().asks(&badge.bytes(), &question).await;
        match worth(&verdict).0 {
            "worth.rate" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await;
    assert_eq!(
        worth(&nc.employer().verifies(&badge).await).0,
        "worth.no_published_rate"
    );
    let shown: PolicyFile = nc
        .employer()
        .reads("/v1/policy?agency=US-TN")
        .await
        .with_status(200)
        .json();
    assert_eq!(shown.worth.len(), 1);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_answers_for_its_own_time() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let tn = federation.agency("US-TN");
    applies(tn, &flat(), false).await.with_status(200);
    federation.clock().advance(2);
    let applied = applies(
        tn,
        &flat().replace("micro_credential = 6", "micro_credential = 4"),
        false,
    )
    .await;
    let said = applied.with_status(200).value()["differences"][0].to_string();
    assert!(said.contains("worth rule `tn-pdp` changed"), "{said}");
    let amount = async |at: &str| {
        let question = [("purpose", "renewal"), ("at", at)];
        let question = if at.is_empty() { &question[..1] } else { &question[..] };
        worth(&tn.employer().asks(&badge.bytes(), question).await).1
    };
    // Two days went by: first the issuer's home has to be heard again.
    eventually("the answer rests on fresh lists", async || match amount("").await {
        amounts if amounts == ["4 PDP renewal"] => Ok(()),
        amounts => Err(format!("{amounts:?}")),
    })
    .await;
    let yesterday = federation.clock().now().plus_seconds(-86_400).to_string();
    assert_eq!(amount(&yesterday).await, ["6 PDP renewal"]);
    // One that would end before it begins is refused, not silently void.
    let backwards = flat().replace("[[worth]]", "[[worth]]\nuntil = \"2000-01-01\"");
    applies(tn, &backwards, false).await.with_status(422);
    // What the file names no more, ends.
    let begin = flat().find("[[worth]]").expect("a rule");
    let end = flat().find("[[requirement]]").expect("a requirement");
    let without = [&flat()[..begin], &flat()[end..]].concat();
    applies(tn, &without, false).await.with_status(200);
    assert_eq!(amount("").await, Vec::<String>::new());
    assert_eq!(amount(&yesterday).await, ["6 PDP renewal"]);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_wrong_is_refused_by_line_and_column() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let good = samples::of("US-NC").expect("a sample");
    let said = applies(nc, &good.replace("unit =", "units ="), false)
        .await
        .with_status(422)
        .text();
    assert!(
        said.contains("line ") && said.contains("unknown field `units`"),
        "{said}"
    );
    let said = applies(nc, &flat(), false).await.with_status(422).text();
    assert!(said.contains("this is the policy of `US-TN`"), "{said}");
    let url = format!("{}/v1/policy", nc.url());
    let anonymous = http::send(http::client().put(url).body(good)).await;
    anonymous.with_status(401);
    nc.employer().reads("/v1/policy").await.with_status(404);
    applies(nc, good, false).await.with_status(200);
    nc.employer().reads("/v1/policy").await.with_status(200);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_badges_are_counted_together_once_each_and_only_if_they_are_accepted() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    applies(tn, &flat(), false).await.with_status(200);
    let more = serde_json::json!({"achievement": {"name": "Another achievement"}});
    let other = sc.issues_with(&issuer, "Jordan Avery", more).await;
    let read =
        |badge: &tests::IssuedBadge| -> serde_json::Value { serde_json::from_slice(&badge.bytes()).expect("JSON") };
    let mut altered = read(&other);
    altered["name"] = serde_json::json!("Something else");
    let body = serde_json::json!({
        "purpose": "renewal", "agency": "US-TN",
        "badges": [read(&badge), read(&other), read(&badge), altered, badge.code().to_string()],
    });
    let url = format!("{}/v1/worth", tn.url());
    let counts = async |body: &serde_json::Value| http::send(http::client().post(&url).json(body)).await;
    let answer = counts(&body).await.with_status(200).value();
    assert_eq!(answer["sums"][0]["counted"], serde_json::json!("12"), "{answer}");
    assert_eq!(answer["sums"][0]["unit"], serde_json::json!("PDP"));
    assert_eq!(
        answer["badges"][3]["verdict"],
        serde_json::json!("not_valid"),
        "{answer}"
    );
    assert!(
        answer["sentence"]
            .as_str()
            .expect("a sentence")
            .starts_with("4 of 5 recognized"),
        "{answer}"
    );
    for wrong in [
        serde_json::json!({"purpose": "renewal", "badges": []}),
        serde_json::json!({"purpose": "fun", "badges": ["x"]}),
    ] {
        assert!([400, 422].contains(&counts(&wrong).await.status));
    }

    // What a withdrawal would do is said before it is done.
    let own = sc
        .employer()
        .reads("/v1/recognitions?agency=US-SC")
        .await
        .with_status(200)
        .value();
    let path = format!("/v1/recognitions/{}/withdrawal", own[0]["id"].as_str().expect("an id"));
    let dry = format!("{path}?dry_run=true");
    let would = sc
        .asks(reqwest::Method::POST, &dry, Some(&serde_json::json!({})))
        .await
        .with_status(200)
        .value();
    assert_eq!(would["consequences"]["badges"], serde_json::json!(2), "{would}");
    // By issuer and achievement.
    let own = would["consequences"]["own"].as_array().expect("lines");
    let said: Vec<&str> = own.iter().filter_map(serde_json::Value::as_str).collect();
    assert!(
        said.len() == 2
            && said
                .iter()
                .all(|line| line.starts_with("1 badge of") && line.ends_with("to not recognized")),
        "{said:?}"
    );
    let spared = serde_json::json!({"earlier_badges_stay_good": true});
    let would = sc
        .asks(reqwest::Method::POST, &dry, Some(&spared))
        .await
        .with_status(200)
        .value();
    assert_eq!(would["consequences"]["own"], serde_json::json!([]), "{would}");
    sc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    nc.withdraws(&recognition).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_of_one_person_on_the_page_show_what_they_count_for_together() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    applies(tn, &flat(), false).await.with_status(200);
    let more = serde_json::json!({"achievement": {"name": "Another achievement"}});
    let other = sc.issues_with(&issuer, "Jordan Avery", more).await;
    let drops = async |files: &[Vec<u8>], purpose: &str| {
        let form = Form::new().text("purpose", purpose.to_owned()).text("agency", "US-TN");
        let form = files.iter().enumerate().fold(form, |form, (nth, file)| {
            form.part("file", Part::bytes(file.clone()).file_name(format!("badge-{nth}.json")))
        });
        http::send(http::client().post(format!("{}/verify", tn.url())).multipart(form)).await
    };
    let files = [badge.bytes(), other.bytes(), badge.bytes(), b"a letter".to_vec()];
    let page = drops(&files, "renewal").await.with_status(200).text();
    for said in [
        "3 of 4 badges accepted",
        "What they count for together in Tennessee",
        "<strong>3 of 4 recognized for license renewal: 12 of 60 PDP; 1 duplicate does not count twice</strong>",
        "60 PDP needed: ",
        "badge-3.json",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = drops(&files, "").await.with_status(200).text();
    assert!(
        page.contains("Choose a use") && !page.contains("What they count for together in"),
        "{page}"
    );
    // One file is one answer, as before; too many are told so.
    let page = drops(&files[..1], "renewal").await.with_status(200).text();
    assert!(page.contains("Accepted in Tennessee"), "{page}");
    let many = vec![b"a letter".to_vec(); 51];
    let page = drops(&many, "renewal").await.with_status(422).text();
    assert!(page.contains("At most 50 files at once"), "{page}");
    federation.audit().await;
}
