//! An agency's recognitions decide its own answer, and no other's; and everyone sees what it recognizes.

use registry_schema::{
    Check, Purpose, RecognitionScope, Timestamp, Verdict, VerdictKind, recognition::RecognitionEntry,
};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually};

/// Waits until a node's copy of North Carolina's list is this.
async fn sees_the_list(federation: &Federation, at: &str, expected: &RecognitionEntry) {
    let employer = federation.employer_at(at);
    eventually(&format!("{at} holds NC's list as it is now"), async || {
        let list: Vec<RecognitionEntry> = employer
            .reads("/v1/recognitions?agency=US-NC")
            .await
            .with_status(200)
            .json();
        if list == [expected.clone()] {
            Ok(())
        } else {
            Err(format!("{list:#?}"))
        }
    })
    .await;
}

/// Returns what must be the same whoever is asked: all but when it was asked and how old the lists there are.
fn essence(verdict: &Verdict) -> (VerdictKind, String, Vec<(Check, String)>, usize) {
    let findings = verdict
        .findings
        .iter()
        .map(|finding| (finding.check, finding.code.clone()));
    (
        verdict.verdict,
        verdict.sentence.clone(),
        findings.collect(),
        verdict.recognized_by.len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_turns_the_answer_and_others_see_it() {
    let TeacherScenario {
        federation,
        issuer,
        recognition,
        badge,
    } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    sees_the_list(&federation, "US-TN", &recognition).await;
    let accepted = nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    assert_eq!(
        accepted.recognized_by.first().map(|by| by.agency.as_str()),
        Some("US-NC")
    );

    nc.withdraws(&recognition).await;
    // At home at once: the 201 came after it.
    let verdict = nc.employer().verifies(&badge).await.is(VerdictKind::NotRecognized);
    assert!(
        verdict
            .finding("recognition.withdrawn")
            .detail
            .contains("recognized by South Carolina, Tennessee")
    );
    assert!(
        verdict.recognized_by.iter().all(|by| by.agency.as_str() != "US-NC"),
        "{verdict:#?}"
    );

    let ended: Vec<RecognitionEntry> = nc.employer().reads("/v1/recognitions?agency=US-NC").await.json();
    assert!(ended[0].withdrawn.is_some(), "{ended:?}");
    sees_the_list(&federation, "US-TN", &ended[0]).await;
    // A withdrawal by one agency is none by another.
    federation
        .employer_at("US-TN")
        .verifies(&badge)
        .await
        .is(VerdictKind::Accepted);

    // Recognized again, it is green again, and the old entry stays in the list as it ended.
    nc.recognizes(&issuer).await;
    nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let list: Vec<RecognitionEntry> = nc.employer().reads("/v1/recognitions?agency=US-NC").await.json();
    assert_eq!(list.len(), 2);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_node_gives_an_agencys_own_answer() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    let nc = federation.agency("US-NC");
    federation
        .awaits(nc, &badge, VerdictKind::NotRecognized)
        .await
        .finding("recognition.none");

    let same_everywhere = async |expected: VerdictKind| {
        let own = nc.employer().verifies(&badge).await.is(expected);
        for other in ["US-TN", "US-SC"] {
            let employer = federation.employer_at(other);
            eventually(
                &format!("{other} gives NC's own answer, {}", expected.as_str()),
                async || {
                    let theirs = employer.asks(&badge.bytes(), &[("agency", "US-NC")]).await;
                    assert_eq!(theirs.agency.as_str(), "US-NC");
                    if essence(&theirs) == essence(&own) {
                        Ok(())
                    } else {
                        Err(format!("{theirs:#?}"))
                    }
                },
            )
            .await;
        }
    };
    same_everywhere(VerdictKind::NotRecognized).await;
    let recognition = nc.recognizes(&issuer).await;
    same_everywhere(VerdictKind::Accepted).await;
    // The others' own answers are still their own.
    federation
        .employer_at("US-TN")
        .verifies(&badge)
        .await
        .is(VerdictKind::NotRecognized);
    nc.withdraws(&recognition).await;
    same_everywhere(VerdictKind::NotRecognized).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recognition_counts_for_its_purposes_its_scope_and_its_term() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Educator Institute").await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    let nc = federation.agency("US-NC");
    let achievement = sc.keeps(badge.code()).await.achievement;
    let elsewhere = RecognitionScope::Achievements(vec!["https://palmetto.example.org/achievements/another".into()]);
    let narrow = nc.recognizes_for(&issuer, &[Purpose::Renewal], &elsewhere).await;
    nc.employer()
        .verifies(&badge)
        .await
        .is(VerdictKind::NotRecognized)
        .finding("recognition.out_of_scope");
    nc.withdraws(&narrow).await;

    let scope = RecognitionScope::Achievements(vec![achievement]);
    nc.recognizes_for(&issuer, &[Purpose::Renewal], &scope).await;
    let asks = async |question: &[(&str, &str)]| nc.employer().asks(&badge.bytes(), question).await;
    asks(&[("purpose", "renewal")]).await.is(VerdictKind::Accepted);
    asks(&[("purpose", "salary")])
        .await
        .is(VerdictKind::NotRecognized)
        .finding("recognition.wrong_purpose");

    // "Was it good on that day?" Before the recognition it was not, though the badge was not there either.
    let yesterday = Timestamp(federation.clock().now().0 - 86_400_000).to_string();
    let verdict = asks(&[("at", &yesterday)]).await.is(VerdictKind::NotValid);
    verdict.finding("dates.not_yet_valid");
    assert!(
        !verdict.codes(Check::Recognition).contains(&"recognition.recognized"),
        "{verdict:#?}"
    );
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_nobody_registers_cannot_be_recognized() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let body = |issuer: &str| serde_json::json!({"issuer": issuer, "purposes": ["renewal"], "scope": "all"});
    let unknown = body("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
    let asks = async |body| nc.asks(reqwest::Method::POST, "/v1/recognitions", Some(&body)).await;
    asks(unknown).await.problem(404, "request.not_found");
    // The same again says nothing new; for another purpose it does.
    asks(body(&issuer.id)).await.problem(409, "act.conflict");
    let other = serde_json::json!({"issuer": issuer.id, "purposes": ["salary"], "scope": "all"});
    asks(other).await.with_status(201);
    federation.audit().await;
}
