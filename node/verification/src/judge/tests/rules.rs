//! The asked agency's rules decide: what they refuse is not accepted, what they cannot see is not green, and what only
//! whoever decides can see stands in the sentence.

use std::sync::Arc;

use policy::Policy;
use registry_schema::{
    Decimal, PolicyEntry,
    acceptance::{AcceptanceRule, RuleCondition, RuleScope},
    criteria::{BadgeCollection, Criterion},
    recognition::AchievementStack,
};

use super::*;

fn rule(id: &str, requires: Vec<RuleCondition>) -> AcceptanceRule {
    AcceptanceRule {
        id: id.to_owned(),
        says: "A rule.".into(),
        citation: "a statute".into(),
        purposes: vec![Purpose::Renewal],
        applies_to: RuleScope::default(),
        from: None,
        until: None,
        requires,
        one_of: Vec::new(),
    }
}

fn asked(rules: Vec<AcceptanceRule>, spoil: impl FnOnce(&mut JudgeFixture)) -> Verdict {
    let mut world = world();
    let entries = rules.into_iter().map(PolicyEntry::Acceptance);
    world.evidence.policy = Some(Arc::new(Policy::new(entries)));
    spoil(&mut world);
    let verdict = world.verdict();
    audit("rules", &verdict);
    verdict
}

/// The verdict, the recognition's code, and the sentence.
fn told(verdict: &Verdict) -> (VerdictKind, &str, &str) {
    let found: Vec<_> = verdict
        .findings
        .iter()
        .filter(|f| f.check == Check::Recognition)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    (verdict.verdict, &found[0].code, &verdict.sentence)
}

fn district() -> RuleCondition {
    RuleCondition::PriorApprovalBy("school district".into())
}

#[test]
fn a_rule_that_is_not_met_makes_a_genuine_badge_not_recognized_and_is_named() {
    let own = rule("own-alone", vec![RuleCondition::IssuerOf(vec![id("US-NC")])]);
    let verdict = asked(vec![own], |_| {});
    assert_eq!(
        told(&verdict),
        (
            VerdictKind::NotRecognized,
            "recognition.rule_not_met",
            "Genuine, but North Carolina does not accept it for license renewal: rule `own-alone` (a statute) demands that its issuer belongs to US-NC."
        )
    );
    assert_eq!(
        verdict.recognized_by[0].agency,
        id("US-NC"),
        "who recognizes the issuer still stands there"
    );
}

#[test]
fn what_neither_badge_nor_agency_says_could_not_be_checked() {
    for unknown in [
        RuleCondition::AtLeastHours(Decimal::whole(4)),
        RuleCondition::AssessedBlind,
        RuleCondition::CriterionMet("public-rubric".into()),
        RuleCondition::AchievementApproved,
        RuleCondition::ProviderIsNot(vec![registry_schema::acceptance::ProviderKind::ThirdParty]),
    ] {
        let verdict = asked(vec![rule("facts", vec![unknown.clone()])], |_| {});
        let (kind, code, sentence) = told(&verdict);
        assert_eq!(
            (kind, code),
            (VerdictKind::CouldNotCheck, "recognition.rule_depends"),
            "{unknown:?}"
        );
        assert!(
            sentence.starts_with("Could not check: whether North Carolina accepts it for license renewal: rule")
                && sentence.contains(&format!("rule `facts` (a statute): not known whether {unknown}")),
            "{sentence}"
        );
    }
    // One thing for the desk does not make up for one that is not known.
    let both = rule("both", vec![RuleCondition::AssessedBlind, district()]);
    assert_eq!(told(&asked(vec![both], |_| {})).0, VerdictKind::CouldNotCheck);
    // Whether a rule speaks of the badge at all is not known, and it is not met for certain.
    let mut listed = rule("listed", vec![RuleCondition::AssessedBlind]);
    listed.applies_to.collections = vec!["designated".into()];
    let collection = BadgeCollection {
        id: "designated".into(),
        says: "Not listed yet.".into(),
        issuers: vec![],
        achievements: vec![],
    };
    let entries = [PolicyEntry::Acceptance(listed), PolicyEntry::Collection(collection)];
    let verdict = asked(vec![], |w| w.evidence.policy = Some(Arc::new(Policy::new(entries))));
    assert_eq!(told(&verdict).1, "recognition.rule_depends");
}

#[test]
fn what_only_whoever_decides_can_know_is_a_condition_in_the_sentence() {
    let verdict = asked(vec![rule("district", vec![district()])], |_| {});
    assert_eq!(
        told(&verdict),
        (
            VerdictKind::Accepted,
            "recognition.conditional",
            "Accepted in North Carolina for license renewal, provided that it was approved beforehand by the school district."
        )
    );
    let finding = verdict.findings.iter().find(|f| f.check == Check::Recognition).unwrap();
    assert!(
        finding.detail.contains("by rule `district` (a statute)"),
        "{}",
        finding.detail
    );
    // Of alternatives, one that is for the desk is enough; one that fails is none.
    let mut either = rule("either", vec![]);
    either.one_of = vec![
        vec![RuleCondition::IssuerOf(vec![id("US-NC")])],
        vec![RuleCondition::AssessedBlind],
        vec![RuleCondition::ApprovedBy("local education agency".into())],
    ];
    let verdict = asked(vec![either], |_| {});
    assert_eq!(
        told(&verdict).2,
        "Accepted in North Carolina for license renewal, provided that it was approved by the local education agency."
    );
    // A rule that fails goes before any condition.
    let own = rule("own-alone", vec![RuleCondition::IssuerOf(vec![id("US-NC")])]);
    let verdict = asked(vec![rule("district", vec![district()]), own], |_| {});
    assert_eq!(told(&verdict).1, "recognition.rule_not_met");
    // And what is wrong with the badge goes before all.
    let verdict = asked(vec![rule("district", vec![district()])], |w| {
        w.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03T10:00:00Z")));
    });
    assert_eq!(verdict.verdict, VerdictKind::NotValid);
}

#[test]
fn with_no_use_asked_for_the_sentence_names_those_that_the_rules_leave() {
    let for_both = |w: &mut JudgeFixture| {
        w.question.purpose = None;
        w.here().recognition.purposes = vec![Purpose::ProfessionalLearning, Purpose::Renewal];
    };
    let own = rule("own-alone", vec![RuleCondition::IssuerOf(vec![id("US-NC")])]);
    let verdict = asked(vec![own.clone()], for_both);
    assert_eq!(
        told(&verdict).2,
        "Accepted in North Carolina for professional learning."
    );
    assert_eq!(told(&verdict).1, "recognition.recognized");
    let detail = &verdict
        .findings
        .iter()
        .find(|f| f.check == Check::Recognition)
        .unwrap()
        .detail;
    assert!(detail.contains("not for license renewal: rule `own-alone`"), "{detail}");
    let verdict = asked(vec![rule("district", vec![district()])], for_both);
    assert_eq!(
        told(&verdict).2,
        "Accepted in North Carolina for professional learning."
    );
    let mut all = own;
    all.purposes = vec![Purpose::ProfessionalLearning, Purpose::Renewal];
    assert_eq!(told(&asked(vec![all], for_both)).0, VerdictKind::NotRecognized);
}

#[test]
fn a_rule_decides_only_for_its_use_its_time_and_its_badges() {
    let failing = || rule("own-alone", vec![RuleCondition::IssuerOf(vec![id("US-NC")])]);
    let (mut other_use, mut over, mut to_come, mut others) = (failing(), failing(), failing(), failing());
    other_use.purposes = vec![Purpose::Salary];
    over.until = Some(t("2026-11-01"));
    to_come.from = Some(t("2026-12-01"));
    others.applies_to.achievements = vec!["https://academy.example/a/another".into()];
    for spared in [other_use, over.clone(), to_come, others] {
        let verdict = asked(vec![spared], |_| {});
        assert_eq!(told(&verdict).1, "recognition.recognized");
    }
    let then = asked(vec![over], |w| w.question.at = t("2026-10-01T00:00:00Z"));
    assert_eq!(told(&then).1, "recognition.rule_not_met", "it was in force then");
}

#[test]
fn who_recognizes_the_achievement_by_name_has_approved_it() {
    let approved = || vec![rule("approved", vec![RuleCondition::AchievementApproved])];
    assert_eq!(told(&asked(approved(), |_| {})).0, VerdictKind::CouldNotCheck);
    let name = "https://academy.example/a/teaching-with-data".to_owned();
    for scope in [
        RecognitionScope::Achievements(vec![name.clone()]),
        RecognitionScope::Stack(AchievementStack {
            name: "Data".into(),
            achievements: vec![name],
        }),
    ] {
        let verdict = asked(approved(), |w| w.here().recognition.scope = scope);
        assert_eq!(told(&verdict).1, "recognition.recognized");
    }
}

#[test]
fn an_issuer_that_the_agency_found_to_meet_a_criterion_meets_it() {
    let met_by = |issuers: Vec<String>| {
        let demanded = rule("public", vec![RuleCondition::CriterionMet("public-rubric".into())]);
        let criterion = Criterion {
            id: "public-rubric".into(),
            demands: "The rubric is public.".into(),
            citation: "a statute".into(),
            met_by: issuers,
        };
        [PolicyEntry::Acceptance(demanded), PolicyEntry::Criterion(criterion)]
    };
    let issuer = multikey::did_key(&key().public_key()).0;
    for (issuers, expected) in [
        (vec![issuer], "recognition.recognized"),
        (vec!["did:example:another".to_owned()], "recognition.rule_depends"),
        (vec![], "recognition.rule_depends"),
    ] {
        let verdict = asked(vec![], |w| {
            w.evidence.policy = Some(Arc::new(Policy::new(met_by(issuers))))
        });
        assert_eq!(told(&verdict).1, expected);
    }
}

#[test]
fn without_recognition_no_rule_is_asked() {
    let own = rule("own-alone", vec![RuleCondition::IssuerOf(vec![id("US-NC")])]);
    let verdict = asked(vec![own.clone()], |w| {
        w.here().recognition.purposes = vec![Purpose::Stipend]
    });
    assert_eq!(told(&verdict).1, "recognition.wrong_purpose");
    let verdict = asked(vec![own], |w| {
        w.evidence.trust_lists.insert(id("US-NC"), stale());
    });
    assert_eq!(told(&verdict).1, "recognition.stale");
}
