//! Every finding, and every recognition that is told, names the agency that is silent, and no other.

use std::sync::Arc;

use policy::{Policy, file, samples};
use registry_schema::recognition::{AgencyRecognition, AgencyRecognitionEntry, RecognitionBasis, RegistrationStanding};

use super::*;

/// Georgia asks, and has a policy; South Carolina, whose issuer it is, is silent, and so is whoever is named besides.
fn silent(others: &[&str]) -> JudgeFixture {
    let mut world = world();
    let names = [("US-GA", "Georgia"), ("US-SC", "South Carolina")];
    for (agency, name) in names {
        world.evidence.agency_names.insert(id(agency), name.to_owned());
        world.evidence.trust_lists.insert(id(agency), fresh());
    }
    let by = |agency: &str, entry: &RecognitionEntry| RecognitionEntry {
        agency: id(agency),
        ..entry.clone()
    };
    let here = world.here().clone();
    world.evidence.recognitions.push(by("US-GA", &here));
    world.evidence.recognitions.push(by("US-SC", &here));
    world.question.agency = id("US-GA");
    world.question.purpose = None;
    let policy = file::parse(samples::of("US-NC").unwrap()).unwrap();
    world.evidence.policy = Some(Arc::new(Policy::new(policy.entries())));
    world.listed(|_, _, freshness| *freshness = stale());
    for agency in ["US-SC"].iter().chain(others) {
        world.evidence.trust_lists.insert(id(agency), stale());
    }
    world
}

fn found<'v>(verdict: &'v Verdict, code: &str) -> &'v Finding {
    let mut of_code = verdict.findings.iter().filter(|f| f.code == code);
    of_code.next().unwrap_or_else(|| panic!("no {code}: {verdict:#?}"))
}

const SINCE: &str = "South Carolina has not been heard from since 20 November 2026, 14:02 UTC";

#[test]
fn the_silence_of_an_issuers_home_is_told_as_that_and_what_others_say_is_told_too() {
    let verdict = silent(&[]).verdict();
    audit("home is silent", &verdict);
    assert_eq!(verdict.sentence, format!("Could not check: {SINCE}."));
    let heard = Some(t("2026-11-20T14:02:00Z"));
    for (code, detail) in [
        ("status.stale", SINCE.to_owned()),
        (
            "recognition.stale",
            format!("Georgia recognizes the issuer as long as South Carolina registers it, and {SINCE}"),
        ),
        (
            "worth.recognition_in_doubt",
            format!(
                "could not be told in Georgia: Georgia recognizes the issuer as long as South Carolina registers it, and {SINCE}"
            ),
        ),
    ] {
        let found = found(&verdict, code);
        assert_eq!(
            (&found.detail, &found.agency, found.as_of),
            (&detail, &Some(id("US-SC")), heard)
        );
    }
    let by: Vec<(&str, Option<&str>)> = verdict
        .recognized_by
        .iter()
        .map(|by| (by.agency.as_str(), by.in_doubt.as_deref()))
        .collect();
    let in_doubt = Some(SINCE);
    assert_eq!(
        by,
        [
            ("US-GA", in_doubt),
            ("US-NC", in_doubt),
            ("US-SC", in_doubt),
            ("US-TN", in_doubt)
        ]
    );
}

/// The home agency's silence takes nothing from a recognition that stands by itself.
#[test]
fn a_recognition_that_needs_nobody_else_is_told_without_a_doubt() {
    let mut world = silent(&[]);
    for entry in &mut world.evidence.recognitions {
        entry.recognition.basis.stands_alone = entry.agency != id("US-SC");
    }
    let verdict = world.verdict();
    let recognized = found(&verdict, "recognition.recognized");
    assert_eq!(
        (&recognized.agency, recognized.as_of),
        (&Some(id("US-GA")), fresh().as_of())
    );
    let doubted = verdict.recognized_by.iter().filter(|by| by.in_doubt.is_some());
    assert_eq!(doubted.map(|by| by.agency.as_str()).collect::<Vec<_>>(), ["US-SC"]);
    assert!(
        found(&verdict, "worth.depends").agency == Some(id("US-GA")),
        "{verdict:#?}"
    );
}

#[test]
fn the_asked_agencys_own_silence_is_its_own() {
    let mut world = silent(&["US-GA"]);
    world.evidence.trust_lists.insert(id("US-SC"), fresh());
    world.listed(|_, _, freshness| *freshness = fresh());
    let verdict = world.verdict();
    for code in ["recognition.stale", "worth.stale"] {
        assert_eq!(found(&verdict, code).agency, Some(id("US-GA")), "{code}");
    }
    let doubted: Vec<&str> = verdict
        .recognized_by
        .iter()
        .filter(|by| by.in_doubt.is_some())
        .map(|by| by.agency.as_str())
        .collect();
    assert_eq!(doubted, ["US-GA"], "{:#?}", verdict.recognized_by);
}

/// Georgia follows Tennessee.
fn following(silent_too: &[&str]) -> JudgeFixture {
    let mut world = silent(silent_too);
    world.evidence.recognitions.retain(|entry| entry.agency == id("US-TN"));
    world.evidence.recognitions[0].recognition.basis.may_be_followed = true;
    world.evidence.agency_recognitions = vec![AgencyRecognitionEntry {
        agency: id("US-GA"),
        recognition: AgencyRecognition {
            id: "1".to_owned(),
            of: id("US-TN"),
            key_log: String::new(),
            scope: RecognitionScope::All,
            purposes: Purpose::ALL.to_vec(),
            from: t("2026-01-01"),
            until: None,
            depth: 1,
            basis: RecognitionBasis::default(),
        },
        withdrawn: None,
        waits: false,
    }];
    world
}

#[test]
fn on_a_way_through_others_each_that_is_silent_is_named() {
    let verdict = following(&[]).verdict();
    assert_eq!(
        found(&verdict, "recognition.stale").detail,
        format!("Tennessee recognizes the issuer as long as South Carolina registers it, and {SINCE}")
    );
    let verdict = following(&["US-TN"]).verdict();
    let stale_way = found(&verdict, "recognition.stale");
    assert_eq!(
        (stale_way.detail.clone(), &stale_way.agency),
        (
            format!(
                "the trust list of Tennessee is too old: not heard from since 20 November 2026, 14:02 UTC; and {SINCE}"
            ),
            &Some(id("US-TN"))
        )
    );
    let ways: Vec<(&str, usize, bool)> = verdict
        .recognized_by
        .iter()
        .map(|by| (by.agency.as_str(), by.path.len(), by.in_doubt.is_some()))
        .collect();
    assert_eq!(ways, [("US-GA", 2, true), ("US-TN", 1, true)]);
    let mut heard = following(&[]);
    heard.evidence.trust_lists.insert(id("US-SC"), fresh());
    heard.listed(|_, _, freshness| *freshness = fresh());
    // The oldest list on the way is whose age is told.
    let earlier = Freshness::Heard {
        as_of: t("2026-11-23T13:50:00Z"),
        good_until: t("2026-11-23T14:15:00Z"),
    };
    heard.evidence.trust_lists.insert(id("US-TN"), earlier);
    let verdict = heard.verdict();
    let recognized = found(&verdict, "recognition.recognized");
    assert_eq!(
        (&recognized.agency, recognized.as_of),
        (&Some(id("US-TN")), earlier.as_of())
    );
}

/// This node's own inability to tell is nobody else's silence.
#[test]
fn a_clock_in_doubt_and_a_damaged_store_make_nobody_silent() {
    for list in [Freshness::ClockInDoubt, Freshness::IncompleteHere] {
        let mut world = silent(&[]);
        world.evidence.trust_lists.values_mut().for_each(|known| *known = list);
        for entry in &mut world.evidence.status {
            if let StatusEvidence::Listed { freshness, .. } = entry {
                *freshness = list;
            }
        }
        let verdict = world.verdict();
        assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
        for found in verdict.findings.iter().filter(|f| f.code.ends_with(".stale")) {
            assert_eq!((&found.agency, found.as_of), (&None, None), "{found:?}");
        }
    }
}

#[test]
fn nobody_is_said_to_recognize_it_by_a_word_that_is_too_old() {
    let mut world = world();
    world.evidence.recognitions.pop();
    assert!(world.verdict().sentence.ends_with("Tennessee does."));
    world.evidence.trust_lists.insert(id("US-TN"), stale());
    let verdict = world.verdict();
    assert_eq!(
        verdict.sentence,
        "Genuine, but North Carolina does not recognize its issuer."
    );
    let none = found(&verdict, "recognition.none");
    assert!(
        none.detail
            .ends_with("; no other agency that was heard from in time recognizes it for this")
    );
    assert_eq!(verdict.recognized_by.len(), 1);
    assert!(
        verdict.recognized_by[0]
            .in_doubt
            .as_deref()
            .unwrap()
            .starts_with("Tennessee has not been heard from")
    );
}

#[test]
fn what_rests_on_the_homes_word_is_as_old_as_that() {
    let mut world = silent(&[]);
    stands(&mut world, RegistrationStanding::Ended);
    world.evidence.trust_lists.insert(id("US-SC"), fresh());
    let verdict = world.verdict();
    assert_eq!(found(&verdict, "recognition.ended_at_home").agency, Some(id("US-SC")));
    assert!(verdict.recognized_by.is_empty() || verdict.recognized_by[0].agency == id("US-SC"));
}

#[test]
fn an_expelled_agency_is_named_by_the_finding_that_needs_it() {
    let mut world = world();
    world.evidence.expelled.insert(id("US-SC"), t("2026-11-01"));
    let verdict = world.verdict();
    assert_eq!(found(&verdict, "agency.expelled").agency, Some(id("US-SC")));
}
