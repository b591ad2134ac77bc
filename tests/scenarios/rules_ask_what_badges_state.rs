//! A badge's statements of itself decide where a rule asks for them: its hours, and whether it was assessed blind; and what kind
//! of body its issuer is, which its home agency says.

use registry_schema::VerdictKind;
use serde_json::{Value, json};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually};

use crate::changes_show_their_consequences::{file, flat, types, would};

#[tokio::test(flavor = "multi_thread")]
async fn what_kind_of_body_an_issuer_is_and_the_hours_of_a_badge_decide_where_a_rule_asks() {
    let TeacherScenario {
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
        &registry_schema::RecognitionScope::All,
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
