//! Some statutes want a record gone. The agency forgets the badge and its holder; every node stops telling why and when;
//! and a revoked badge stays revoked.

use std::path::Path;

use registry_schema::{StatusReason, VerdictKind};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually, http};

/// The files below a folder in which this text stands.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let (mut found, mut rest) = (vec![], vec![folder.to_owned()]);
    while let Some(path) = rest.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            rest.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn reason_time_and_holder_go_and_the_revocation_stays() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let badge = sc.issues(&issuer, "Casey Morgan").await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    // What it said of reason and time need not survive.
    sc.acknowledged().pop();
    let told = |text: &str| text.contains("misconduct");
    for other in federation.agencies() {
        let verdict = federation.awaits(other, &badge, VerdictKind::NotValid).await;
        assert!(
            told(&verdict.finding("status.revoked").detail),
            "the control: it is told at first"
        );
    }

    assert!(
        !files_with(sc.data(), "Casey Morgan").is_empty(),
        "the control: the name is on the disk"
    );
    let path = format!("/v1/credentials/{}/expunging", badge.code().compact());
    let nothing = serde_json::json!({});
    sc.asks(reqwest::Method::POST, &path, Some(&nothing))
        .await
        .with_status(201);
    // Not even in the database's own log; of the others' folders too, where it never was.
    for agency in federation.agencies() {
        assert_eq!(files_with(agency.data(), "Casey Morgan"), Vec::<String>::new());
    }

    for other in federation.agencies() {
        let employer = other.employer();
        eventually(&format!("{} tells it no more", other.id()), async || {
            let verdict = employer.verifies(&badge).await;
            let detail = &verdict.finding("status.revoked").detail;
            assert_eq!(verdict.verdict, VerdictKind::NotValid);
            if told(detail) { Err(detail.clone()) } else { Ok(()) }
        })
        .await;
    }
    let by_code = http::get(&format!("{}/v1/credentials/{}", sc.url(), badge.code().compact())).await;
    by_code.problem(404, "request.not_found");
    let again = sc.asks(reqwest::Method::POST, &path, Some(&nothing)).await;
    again.problem(404, "request.not_found");
    federation.audit().await;
}
