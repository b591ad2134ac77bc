//! Holds a condition against the facts: yes, no, or not known.

use registry_schema::{
    Timestamp,
    acceptance::{AppliesTo, Condition},
};

use crate::{Facts, Policy};

/// Yes, no, or not known.
pub(crate) type Known = Option<bool>;

/// All of them: no, if one is no; otherwise not known, if one is not known.
pub(crate) fn all(of: impl IntoIterator<Item = Known>) -> Known {
    let mut result = Some(true);
    for known in of {
        match known {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

/// Any of them: yes, if one is yes; otherwise not known, if one is not known.
pub(crate) fn any(of: impl IntoIterator<Item = Known>) -> Known {
    let negated = of.into_iter().map(|known| known.map(|yes| !yes));
    all(negated).map(|none| !none)
}

/// Whether a condition holds at the moment asked about.
pub(crate) fn holds(condition: &Condition, facts: &Facts, at: Timestamp) -> Known {
    match condition {
        Condition::AtLeastHours(hours) => facts.clock_hours.map(|stated| stated >= *hours),
        Condition::AtLeastMastery(percent) => facts.mastery.map(|reached| reached >= *percent),
        Condition::EarnedWithinLicense => Some(facts.license?.holds(facts.earned?)),
        Condition::EarnedWithinYears(years) => facts
            .earned
            .map(|earned| at.years_earlier(*years) <= earned && earned <= at),
        Condition::EvidenceWithinDays(days) => {
            let latest = facts.earned?.plus_seconds(i64::from(*days) * 86_400);
            facts.evidence_handed_in.map(|handed_in| handed_in <= latest)
        }
        Condition::AssessedBlind => facts.assessed_blind,
        Condition::CriterionMet(id) => facts.criteria.get(id).copied(),
        Condition::AchievementApproved => facts.achievement_approved,
        Condition::ProviderIs(kinds) => facts.provider.map(|kind| kinds.contains(&kind)),
        Condition::ProviderIsNot(kinds) => facts.provider.map(|kind| !kinds.contains(&kind)),
        Condition::IssuerOf(agencies) => facts.issuer_agency.as_ref().map(|home| agencies.contains(home)),
        Condition::ApprovedBy(who) => facts.approved_by.get(who).copied(),
        Condition::PriorApprovalBy(who) => facts.prior_approval_by.get(who).copied(),
        Condition::Shown(what) => facts.shown.get(what).copied(),
        Condition::RecordedIn(system) => facts.recorded_in.get(system).copied(),
        Condition::OnceInALifetime => facts.used_before.map(|before| !before),
    }
}

/// The conditions that do not hold, and those of which it is not known.
pub(crate) struct Open<'p> {
    pub(crate) failed: Vec<&'p Condition>,
    pub(crate) unknown: Vec<&'p Condition>,
}

impl<'p> Open<'p> {
    pub(crate) fn of(conditions: impl IntoIterator<Item = &'p Condition>, facts: &Facts, at: Timestamp) -> Self {
        let mut open = Self {
            failed: Vec::new(),
            unknown: Vec::new(),
        };
        for condition in conditions {
            match holds(condition, facts, at) {
                Some(true) => {}
                Some(false) => open.failed.push(condition),
                None => open.unknown.push(condition),
            }
        }
        open
    }
}

/// Whether a rule speaks of this badge.
pub(crate) fn governs(scope: &AppliesTo, facts: &Facts, policy: &Policy) -> Known {
    let listed = |ids: &[String], id: Option<&str>| match ids {
        [] => Some(true),
        ids => id.map(|id| ids.iter().any(|listed| listed == id)),
    };
    let aligned = match (scope.aligned_to.as_slice(), &facts.alignments) {
        ([], _) => Some(true),
        (items, Some(alignments)) => Some(alignments.iter().any(|item| items.contains(item))),
        (_, None) => None,
    };
    let collected = match scope.collections.as_slice() {
        [] => Some(true),
        ids => any(ids.iter().map(|id| policy.collects(id, facts))),
    };
    all([
        listed(&scope.issuers, Some(&facts.issuer)),
        listed(&scope.achievements, facts.achievement.as_deref()),
        aligned,
        collected,
    ])
}
