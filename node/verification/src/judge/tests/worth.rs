//! The worth of a badge: shown, cited, and without a say in the verdict.

use std::sync::Arc;

use policy::{Policy, file, samples};
use registry_schema::{
    PolicyEntry,
    acceptance::{AcceptanceRule, RuleCondition},
    policy::PolicyFile,
};

use super::*;

fn sample(agency: &str) -> PolicyFile {
    file::parse(samples::of(agency).unwrap()).unwrap()
}

/// Tennessee's rule, without what no badge can show.
fn flat() -> PolicyFile {
    let mut file = sample("US-TN");
    file.worth[0].requires.clear();
    file
}

fn judged(file: &PolicyFile, spoil: fn(&mut JudgeFixture)) -> Verdict {
    // Without what is demanded of badges: that decides about recognition.
    let mut file = file.clone();
    file.acceptance.clear();
    let mut plain = world();
    spoil(&mut plain);
    let mut with = world();
    with.evidence.policy = Some(Arc::new(Policy::new(file.entries())));
    spoil(&mut with);
    let verdict = with.verdict();
    let without = plain.verdict();
    assert_eq!(
        (verdict.verdict, &verdict.sentence),
        (without.verdict, &without.sentence),
        "worth has no say in the verdict"
    );
    audit("worth", &verdict);
    verdict
}

fn worth_finding(verdict: &Verdict) -> (&str, &str) {
    let found = verdict.findings.iter().find(|f| f.check == Check::Worth).unwrap();
    (&found.code, &found.detail)
}

#[test]
fn a_published_rate_is_shown_with_its_rule_and_citation() {
    let verdict = judged(&flat(), |_| {});
    let (code, detail) = worth_finding(&verdict);
    assert_eq!(
        (code, detail),
        (
            "worth.rate",
            "for license renewal: 6 of 60 PDP, by rule tn-pdp (tn.gov Professional Development Points FAQ; State Board rule 5.502)"
        )
    );
    let [worth] = verdict.worth.as_slice() else {
        panic!("{:?}", verdict.worth)
    };
    assert_eq!(
        (worth.amount.as_str(), worth.unit.as_str(), worth.purpose),
        ("6", "PDP", Purpose::Renewal)
    );
    assert_eq!(
        worth.rule,
        "Each micro-credential earns 6 PDP; the same one counts once (tn-pdp)"
    );
    assert!(worth.citation.contains("rule 5.502"));
}

#[test]
fn what_no_badge_shows_is_in_doubt_and_no_amount_is_given() {
    let verdict = judged(&sample("US-TN"), |_| {});
    let (code, detail) = worth_finding(&verdict);
    assert_eq!(code, "worth.depends");
    assert!(
        detail.contains("up to 6 more, once it is known whether it was earned within the license's validity"),
        "{detail}"
    );
    assert!(verdict.worth.is_empty());
}

#[test]
fn a_rate_by_the_hour_needs_the_hours() {
    let verdict = judged(&sample("US-NC"), |_| {});
    let (code, detail) = worth_finding(&verdict);
    assert_eq!(code, "worth.depends");
    assert!(
        detail.contains("once it is known how many hours it stands for"),
        "{detail}"
    );
}

#[test]
fn no_published_rate_is_an_answer() {
    for agency in ["US-SC", "US-NM"] {
        let verdict = judged(&sample(agency), |_| {});
        assert_eq!(worth_finding(&verdict).0, "worth.no_published_rate", "{agency}");
    }
}

#[test]
fn a_badge_that_a_rule_refuses_counts_nothing() {
    let mut file = flat();
    file.acceptance.push(AcceptanceRule {
        id: "own-alone".into(),
        says: "It is our own.".into(),
        citation: "a test".into(),
        purposes: vec![Purpose::Renewal],
        applies_to: Default::default(),
        from: None,
        until: None,
        requires: vec![RuleCondition::IssuerOf(vec![id("US-NC")])],
        one_of: Vec::new(),
    });
    let mut world = world();
    world.evidence.policy = Some(Arc::new(Policy::new(file.entries())));
    let verdict = world.verdict();
    let (code, detail) = worth_finding(&verdict);
    assert_eq!(code, "worth.rule_not_met");
    assert!(
        detail.contains("rule `own-alone` (a test) demands that its issuer belongs to US-NC"),
        "{detail}"
    );
    assert!(verdict.worth.is_empty());
}

#[test]
fn a_policy_that_is_too_old_gives_no_amount() {
    let verdict = judged(&flat(), |w| {
        w.evidence.trust_lists.insert(id("US-NC"), stale());
    });
    assert_eq!(worth_finding(&verdict).0, "worth.stale");
    assert!(verdict.worth.is_empty());
}

#[test]
fn nothing_counts_where_the_issuer_is_not_recognized() {
    let verdict = judged(&flat(), |w| {
        w.here().recognition.purposes = vec![Purpose::Stipend];
    });
    assert_eq!(worth_finding(&verdict).0, "worth.not_checked");
    assert!(verdict.worth.is_empty());
}

#[test]
fn a_rule_counts_at_the_date_asked_about() {
    let mut file = flat();
    file.worth[0].until = Some(t("2026-06-01"));
    assert_eq!(worth_finding(&judged(&file, |_| {})).0, "worth.no_published_rate");
    let before = judged(&file, |w| w.question.at = t("2026-05-31"));
    assert_eq!(worth_finding(&before).0, "worth.rate");
}

#[test]
fn concurrent_versions_of_a_rate_give_no_amount() {
    let file = flat();
    let mut other = file.worth[0].clone();
    other.counts = sample("US-UT").worth[0].counts.clone();
    let mut world = world();
    let entries = file.entries().into_iter().chain([PolicyEntry::Worth(other)]);
    world.evidence.policy = Some(Arc::new(Policy::new(entries)));
    let verdict = world.verdict();
    assert_eq!(worth_finding(&verdict).0, "worth.depends");
    assert!(verdict.worth.is_empty());
}
