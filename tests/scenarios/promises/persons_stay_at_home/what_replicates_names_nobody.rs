//! A teacher's name, and the words of a note, are in the data of the home alone: no peer's disk has them, and no file that a
//! node publishes.

use std::path::Path;

use registry_schema::{StatusState, VerdictKind};
use serde_json::json;
use tests::{Federation, FileServer, TeacherScenario, TestAgency, VerdictAssertions as _};

const NAME: &str = "Wilhelmina Quackenbush";
const NOTE: &str = "a note that stays at home";

/// Counts the files below a folder that have these words in them.
fn files_with(folder: &Path, words: &str) -> usize {
    let mut open = vec![folder.to_owned()];
    let mut found = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            found += usize::from(bytes.windows(words.len()).any(|part| part == words.as_bytes()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teachers_name_is_at_the_home_alone() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let home: &TestAgency = federation.agency("US-SC");
    let badge = home.issues(&issuer, NAME).await;
    let body = json!({"status": "revoked", "reason": "misconduct", "note": NOTE});
    let path = format!("/v1/credentials/{}/status-entries", badge.code().compact());
    home.asks(reqwest::Method::POST, &path, Some(&body))
        .await
        .with_status(201);
    let others = ["US-NC", "US-TN"].map(|id| federation.agency(id));
    for agency in others {
        federation.awaits(agency, &badge, VerdictKind::NotValid).await;
    }
    let published = FileServer::served().await;
    published.copy_all(home, &[home]).await;
    let kept = home.keeps(badge.code()).await;
    assert_eq!(
        (kept.state, kept.subject.as_deref()),
        (StatusState::Revoked, Some(NAME))
    );
    for words in [NAME, NOTE] {
        assert!(files_with(home.data(), words) > 0, "`{words}`: the home keeps it");
        for agency in others {
            assert_eq!(
                files_with(agency.data(), words),
                0,
                "`{words}` is on the disk of {}",
                agency.id()
            );
        }
        assert_eq!(
            files_with(published.folder(), words),
            0,
            "`{words}` is in a published file"
        );
    }
    // What replicates instead: that this place in that list is revoked, and why in a word.
    let told = federation.employer_at("US-TN").verifies(&badge).await;
    told.is(VerdictKind::NotValid).finding("status.revoked");
    federation.audit().await;
}
