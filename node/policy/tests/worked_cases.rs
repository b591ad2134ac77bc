//! The worked cases, against the sample policies; and the proof that a wrong one is noticed.

#![expect(clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;

use policy::{Policy, cases, file, samples};
use registry_schema::AgencyId;

fn sample(agency: &AgencyId) -> Policy {
    let text = samples::of(agency.as_str()).unwrap_or_else(|| panic!("a sample for {agency}"));
    Policy::new(
        file::parse(text)
            .unwrap_or_else(|wrong| panic!("{agency}:\n{wrong}"))
            .entries(),
    )
}

#[test]
fn every_worked_case_gives_the_answer_that_it_says() {
    let table = cases::parse(include_str!("../cases/worked.toml")).unwrap();
    let agencies: BTreeSet<AgencyId> = table.case.iter().filter_map(|case| case.agency.clone()).collect();
    let (mut ran, mut misses) = (0, Vec::new());
    for agency in &agencies {
        let (count, missed) = table.run(&sample(agency), Some(agency));
        ran += count;
        misses.extend(missed.iter().map(ToString::to_string));
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
    assert_eq!(ran, table.case.len(), "each case names its agency");
    assert!(ran >= 40, "{ran} cases");
    for (agency, _) in samples::SAMPLES {
        assert!(
            agencies.iter().any(|a| a.as_str() == agency),
            "no case speaks of {agency}"
        );
    }
    for case in &table.case {
        assert!(!case.citation.trim().is_empty(), "{}", case.shows);
    }
}

#[test]
fn a_case_with_another_answer_is_a_miss() {
    let mut table = cases::parse(include_str!("../cases/worked.toml")).unwrap();
    let tn: AgencyId = "US-TN".parse().unwrap();
    table.case.truncate(1);
    table.case[0].worth = "7 of 60 PDP".into();
    let (ran, misses) = table.run(&sample(&tn), Some(&tn));
    assert_eq!((ran, misses.len()), (1, 1));
    assert!(
        misses[0]
            .to_string()
            .ends_with("expected accepted and `7 of 60 PDP`, got accepted and `6 of 60 PDP`")
    );
    table.case[0].badges.push("nowhere".into());
    let (_, misses) = table.run(&sample(&tn), Some(&tn));
    assert!(
        misses[0]
            .to_string()
            .ends_with("the file describes no badge `nowhere`: add `[badge.nowhere]`")
    );
}

#[test]
fn every_sample_is_one_that_its_agency_could_apply() {
    for (agency, text) in samples::SAMPLES {
        let file = file::parse(text).unwrap_or_else(|wrong| panic!("{agency}:\n{wrong}"));
        assert_eq!(file.about.agency.as_ref().map(AgencyId::as_str), Some(agency));
        let again = file::parse(&file::write(&file).unwrap()).unwrap();
        assert_eq!(again, file, "{agency}");
        for entry in file.entries() {
            let (key, value) = (entry.key(), entry.to_cbor());
            assert!(value.len() <= file::MAX_ENTRY_BYTES, "{key}");
            assert_eq!(
                registry_schema::PolicyEntry::from_cbor(&key, &value),
                Some(entry),
                "{key}"
            );
        }
    }
    file::parse(samples::MODEL).unwrap();
}
