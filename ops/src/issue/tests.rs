//! Tests of `issue`.

use serde_json::json;

use super::*;
use crate::client::tests::{canned, client};

fn args() -> IssueArgs {
    IssueArgs {
        aligned_to: vec![],
        clock_hours: None,
        assessed_blind: None,
        issuer: Some("did:key:z6Mk".to_owned()),
        achievement_name: Some("Formative Assessment".to_owned()),
        achievement_id: None,
        description: None,
        criteria: None,
        subject: None,
        valid_from: None,
        valid_until: None,
        csv: None,
        out: None,
    }
}

#[test]
fn a_row_goes_before_what_is_given_for_all() {
    let batch = read_batch(
        &args(),
        "Subject,achievement_name,valid_until\nAna Reyes,,2031-07-01\nBo Li,Inquiry,\n",
    )
    .unwrap();
    let said: Vec<_> = batch
        .rows
        .iter()
        .map(|(r, n)| (r.line, n.subject.as_str(), n.achievement.name.as_str()))
        .collect();
    assert_eq!(
        said,
        [(2, "Ana Reyes", "Formative Assessment"), (3, "Bo Li", "Inquiry")]
    );
    assert_eq!(batch.rows[0].1.valid_until, Some("2031-07-01".parse().unwrap()));
}

#[test]
fn every_row_with_a_mistake_is_named_and_nothing_is_issued() {
    let error = read_batch(
        &args(),
        "subject,valid_until\nAna,2031-07-01\n,2031-07-01\nBo,soon\nCy\n",
    )
    .err()
    .unwrap();
    assert_eq!(exit::of(&error), Exit::Usage);
    let text = error.to_string();
    for mistake in [
        "line 3: `subject` is missing",
        "line 4: valid_until: `soon`",
        "line 5: 1 cell where",
    ] {
        assert!(text.contains(mistake), "{text}");
    }
    assert!(!text.contains("line 2"), "{text}");
    assert!(
        read_batch(&args(), "subject,shoe_size\nAna,38\n")
            .err()
            .unwrap()
            .to_string()
            .contains("shoe_size")
    );
}

#[tokio::test]
async fn a_badge_is_written_as_the_node_signed_it() {
    let document = "{\"z\": 1.10,  \"a\": \"ü\"}";
    let credential = json!({"id": "urn:uuid:1", "code": registry_schema::CredentialCode::new(*b"NC", 7), "agency": "US-NC",
        "issuer": "did:key:z6Mk", "name": "Formative Assessment", "achievement": "urn:a:7", "valid_from": "2026-08-01",
        "valid_until": null, "state": "active", "state_since": null});
    let (node, requests) = canned(
        "201 Created",
        "application/json",
        &format!("{{\"credential\":{credential},\"document\":{document}}}"),
    );
    let session = CommandContext {
        client: client(&node),
        out: out::OutputWriter {
            json: true,
            color: false,
        },
        profile: Default::default(),
        yes: false,
        dry_run: false,
    };
    let file = std::env::temp_dir().join(format!("comity-badge-{}.json", std::process::id()));
    let args = IssueArgs {
        subject: Some("Ana Reyes".to_owned()),
        ..args()
    };
    assert_eq!(one(&session, &args, Some(&file)).await.unwrap(), Exit::Done);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{document}\n"));
    let request = requests.recv().unwrap();
    let body = r#"{"issuer":"did:key:z6Mk","achievement":{"name":"Formative Assessment"},"subject":"Ana Reyes"}"#;
    assert!(request.ends_with(body), "{request}");
    // The file is there now: a second badge does not take its place.
    assert_eq!(
        exit::of(&one(&session, &args, Some(&file)).await.unwrap_err()),
        Exit::Usage
    );
    fs::remove_file(&file).unwrap();
}

#[test]
fn rows_whose_end_is_past_are_named_before_they_are_issued() {
    let text = "subject,valid_from,valid_until\nAna,2020-01-01,2021-07-01\nBo,,2031-07-01\nCy,2020-01-01,2022-07-01\n";
    let batch = read_batch(&args(), text).unwrap();
    let (agency, now) = ("US-NC".parse().unwrap(), "2026-11-23T14:02:11Z".parse().unwrap());
    let told = those_over(&batch, &agency, now).unwrap();
    assert!(told.contains("2 badges") && told.contains("lines 2, 4"), "{told}");
    let earlier = "2020-11-23T14:02:11Z".parse().unwrap();
    assert_eq!(those_over(&batch, &agency, earlier), None);
}
