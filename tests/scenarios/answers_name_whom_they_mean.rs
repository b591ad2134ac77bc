//! An answer names whoever is meant: the agency that is silent and not the one that is asked, the issuer that signed and not one of
//! the same name; and of a badge that is not genuine it tells no status. As JSON, on the page and by the command alike.

use registry_schema::{AgencyId, StatusState, Verdict, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, program};

/// The answer on the page, without its marks, and by the command.
async fn shown(agency: &TestAgency, file: &[u8]) -> (String, String) {
    let page = agency.employer().drops_on_the_page(file).await.with_status(200).text();
    let parts = page.split('<').filter_map(|part| part.split_once('>'));
    let page: Vec<&str> = parts.flat_map(|(_, text)| text.split_whitespace()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("badge.json");
    std::fs::write(&path, file).expect("a file");
    let path = path.to_str().expect("a path");
    let ended = program::comity(["verify", "--node", agency.url(), path]).await;
    let told: Vec<&str> = ended.stdout.split_whitespace().collect();
    (page.join(" "), told.join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_silent_is_named_and_whoever_is_not_is_still_heard() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (tn, sc) = (federation.agency("US-TN"), federation.agency("US-SC").id().clone());
    federation.agency("US-SC").stops().await;
    federation.clock().advance(2);
    // North Carolina and Tennessee speak on.
    let verdict: Verdict = eventually("South Carolina alone is silent", async || {
        let verdict = tn.employer().verifies(&badge).await;
        let whose = |code: &str| {
            verdict
                .findings
                .iter()
                .find(|f| f.code == code)
                .and_then(|f| f.agency.clone())
        };
        let nc = verdict.recognized_by.iter().find(|by| by.agency.as_str() == "US-NC");
        let in_doubt = nc.and_then(|by| by.in_doubt.clone()).unwrap_or_default();
        match (whose("status.stale"), whose("recognition.stale")) {
            (Some(one), Some(two)) if one == sc && two == sc && in_doubt.starts_with("South Carolina") => Ok(verdict),
            _ => Err(format!("{verdict:#?}")),
        }
    })
    .await;
    let by: Vec<&str> = verdict.recognized_by.iter().map(|by| by.agency.as_str()).collect();
    assert_eq!(by, ["US-TN", "US-NC", "US-SC"]);
    let silent = "South Carolina has not been heard from since";
    assert!(
        verdict
            .recognized_by
            .iter()
            .all(|by| by.in_doubt.as_deref().is_some_and(|why| why.starts_with(silent)))
    );
    let follows = &verdict.finding("recognition.stale").detail;
    let wanted = format!("Tennessee recognizes the issuer as long as South Carolina registers it, and {silent}");
    assert!(follows.starts_with(&wanted), "{follows}");

    let (page, told) = shown(tn, &badge.bytes()).await;
    for text in [&page, &told] {
        assert!(text.contains(silent), "{text}");
        for untrue in [
            "Not heard from Tennessee",
            "Tennessee has not been heard from",
            "nothing counts in Tennessee",
            "ask Tennessee directly",
            "Not revoked",
            "not revoked",
            "just now",
        ] {
            assert!(!text.contains(untrue), "{untrue}: {text}");
        }
    }
    for part in [
        "Revoked or suspended?",
        "It could not be told, because not everything could be checked. South Carolina",
        "Whether this by Tennessee, North Carolina and South Carolina still holds could not be told",
        "ask South Carolina directly if the badge still holds",
        "ask South Carolina directly if it still registers Palmetto Educator Institute",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(told.contains("status not known; last heard"), "{told}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_that_is_not_genuine_is_told_no_status_in_any_way_of_asking() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let mut altered: Value = serde_json::from_slice(&badge.bytes()).expect("JSON");
    altered["credentialSubject"]["achievement"]["name"] = json!("Superintendent");
    let altered = altered.to_string().into_bytes();
    let verdict = nc.employer().verifies_bytes(&altered).await.is(VerdictKind::NotValid);
    assert_eq!(
        (verdict.status.state, verdict.status.fresh_as_of, &verdict.status.source),
        (StatusState::Unknown, None, &None)
    );
    let why = verdict.finding("status.not_checked").detail.clone();
    assert!(why.starts_with("not told, because the badge is not genuine"), "{why}");
    let (page, told) = shown(nc, &altered).await;
    assert!(told.contains(&format!("status {why}")), "{told}");
    assert!(
        page.contains("Revoked or suspended? Not told, because the badge is not genuine"),
        "{page}"
    );
    for text in [page, told] {
        assert!(
            !text.to_lowercase().contains("not revoked") && !text.contains("Neither revoked"),
            "{text}"
        );
    }
    federation.audit().await;
}

/// Any agency can register an issuer of any name.
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_namesake_is_not_taken_for_the_issuer_that_is_recognized() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (nc, tn) = (federation.agency("US-NC"), federation.agency("US-TN"));
    for (name, said) in [
        ("Palmetto Educator Institute", "Another issuer with this name"),
        (
            "P\u{0430}lmetto Educ\u{0430}tor Institute",
            "Another issuer with a name like this",
        ),
    ] {
        let namesake = tn.registers(name).await;
        let other = tn.issues(&namesake, "Sam Rivera").await;
        federation.awaits(nc, &other, VerdictKind::NotRecognized).await;
        let verdict = nc.employer().verifies(&other).await.is(VerdictKind::NotRecognized);
        let real = format!(
            "{said}, “{}”, an issuer of South Carolina, is recognized: this badge is not from it.",
            issuer.name
        );
        assert!(
            verdict.sentence.starts_with("Genuine, but ") && verdict.sentence.contains(&real),
            "{}",
            verdict.sentence
        );
        assert!(
            verdict
                .finding("issuer.name_resembles")
                .detail
                .contains("is recognized in North Carolina")
        );
        let (page, told) = shown(nc, &other.bytes()).await;
        assert!(
            page.contains("Another issuer, “Palmetto Educator Institute”, an issuer of South Carolina"),
            "{page}"
        );
        assert!(
            told.contains("look out another issuer, “Palmetto Educator Institute”"),
            "{told}"
        );
        // Once it is recognized itself, there is nothing to tell apart.
        let recognition = nc.recognizes(&namesake).await;
        let verdict = federation.awaits(nc, &other, VerdictKind::Accepted).await;
        assert!(
            verdict.findings.iter().all(|f| f.code != "issuer.name_resembles"),
            "{verdict:#?}"
        );
        nc.withdraws(&recognition).await;
    }
    // Nor of the real one, nor of one that is like nobody.
    let real = nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    assert!(
        real.findings.iter().all(|f| f.code != "issuer.name_resembles"),
        "{real:#?}"
    );
    let plain = tn.registers("Wateree Badge Works").await;
    let plain = tn.issues(&plain, "Kim Alder").await;
    let verdict = federation.awaits(nc, &plain, VerdictKind::NotRecognized).await;
    assert!(
        verdict.findings.iter().all(|f| f.code != "issuer.name_resembles"),
        "{verdict:#?}"
    );
    federation.audit().await;
}

/// A day of the agency that issues a badge is that day on everybody's page: midnight in South Carolina is an hour before midnight in
/// Tennessee.
#[tokio::test(flavor = "multi_thread")]
async fn a_badges_day_is_the_same_day_on_every_agencys_page() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let (sc, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    let home: AgencyId = sc.id().clone();
    let day = registry_schema::LocalDay::of(federation.clock().now(), &home).expect("a day");
    let badge = sc
        .issues_with(&issuer, "Robin Vale", json!({"valid_from": day.to_string()}))
        .await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    let (page, _) = shown(tn, &badge.bytes()).await;
    assert!(
        page.contains(&format!("Good from {}, with no end date", day.in_words())),
        "{page}"
    );
    federation.audit().await;
}
