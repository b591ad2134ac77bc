//! What a badge counts for is for the receiving agency to say: each node holds every agency's policy and answers with it,
//! and no policy ever turns a verdict.

use policy::samples;
use registry_schema::{Check, Verdict, VerdictKind, policy::PolicyFile};
use tests::{Agency, Answer as _, Federation, Reply, Scene, eventually, http};

/// Sends a policy as an operator does.
async fn applies(agency: &Agency, text: &str, dry_run: bool) -> Reply {
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
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
    assert_eq!(amount("").await, ["4 PDP renewal"]);
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
