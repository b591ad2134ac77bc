//! Holds a condition against the facts: yes, no, or not known.

use std::{collections::BTreeMap, sync::Arc};

use registry_schema::{
    Timestamp,
    acceptance::{RuleCondition, RuleScope},
};

use crate::{BadgeFacts, Policy};

/// Yes, no, or not known.
pub(crate) type ConditionTruth = Option<bool>;

/// All of them: no, if one is no; otherwise not known, if one is not known.
pub(crate) fn all(of: impl IntoIterator<Item = ConditionTruth>) -> ConditionTruth {
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
pub(crate) fn any(of: impl IntoIterator<Item = ConditionTruth>) -> ConditionTruth {
    let negated = of.into_iter().map(|known| known.map(|yes| !yes));
    all(negated).map(|none| !none)
}

/// Decides whether a condition holds at the moment asked about.
pub(crate) fn holds(condition: &RuleCondition, facts: &BadgeFacts, at: Timestamp) -> ConditionTruth {
    match condition {
        RuleCondition::AtLeastHours(hours) => facts.clock_hours.map(|stated| stated >= *hours),
        RuleCondition::AtLeastMastery(percent) => facts.mastery.map(|reached| reached >= *percent),
        RuleCondition::EarnedWithinLicense => Some(facts.license?.holds(facts.earned?)),
        RuleCondition::EarnedWithinYears(years) => facts
            .earned
            .map(|earned| at.years_earlier(*years) <= earned && earned <= at),
        RuleCondition::EvidenceWithinDays(days) => {
            let latest = facts.earned?.plus_seconds(i64::from(*days) * 86_400);
            facts.evidence_handed_in.map(|handed_in| handed_in <= latest)
        }
        RuleCondition::AssessedBlind => facts.assessed_blind,
        RuleCondition::CriterionMet(id) => facts.criteria.get(id).copied(),
        RuleCondition::AchievementApproved => facts.achievement_approved,
        RuleCondition::ProviderIs(kinds) => facts.provider.map(|kind| kinds.contains(&kind)),
        RuleCondition::ProviderIsNot(kinds) => facts.provider.map(|kind| !kinds.contains(&kind)),
        RuleCondition::IssuerOf(agencies) => facts.issuer_agency.as_ref().map(|home| agencies.contains(home)),
        RuleCondition::ApprovedBy(who) => facts.approved_by.get(who).copied(),
        RuleCondition::PriorApprovalBy(who) => facts.prior_approval_by.get(who).copied(),
        RuleCondition::Shown(what) => facts.shown.get(what).copied(),
        RuleCondition::RecordedIn(system) => facts.recorded_in.get(system).copied(),
        RuleCondition::OnceInALifetime => facts.used_before.map(|before| !before),
    }
}

/// Conditions that many share.
pub(crate) type SharedConditions<'p> = Option<Arc<Vec<&'p RuleCondition>>>;

/// Some of a rule's conditions: which of them, and no copies. A verdict over hundreds of rules makes one of these for each.
#[derive(Clone, Debug, Default)]
pub struct ConditionSubset<'p> {
    of: Option<&'p Vec<RuleCondition>>,
    /// The number of the first of them among all that rules demand, one list after the other.
    first: u32,
    /// The bits of those that are meant, by place; a rule has at most 16.
    marked: u32,
    /// True if the license is one of them, though the rule's conditions do not name it.
    license: bool,
    /// Others, of the rule's alternatives or of the rules that decide about acceptance.
    more: SharedConditions<'p>,
}

impl<'p> ConditionSubset<'p> {
    /// Some of a rule's conditions.
    pub(crate) const fn of(of: &'p Vec<RuleCondition>, first: u32, marked: u32) -> Self {
        Self {
            of: Some(of),
            first,
            marked,
            license: false,
            more: None,
        }
    }

    /// With those of the rule's alternatives.
    pub(crate) fn and_of(mut self, more: Vec<&'p RuleCondition>) -> Self {
        self.more = (!more.is_empty()).then(|| Arc::new(more));
        self
    }

    /// With the validity of the license among them.
    pub(crate) fn and_the_license(mut self) -> Self {
        let is_named = self.iter().any(|one| *one == RuleCondition::EarnedWithinLicense);
        self.license = !is_named;
        self
    }

    /// With those that are the same for many.
    pub(crate) fn and(mut self, shared: &SharedConditions<'p>) -> Self {
        self.more = shared.clone().filter(|shared| !shared.is_empty());
        self
    }

    /// The places of those of its own rule among all demands; and whether the license is one besides.
    pub(crate) fn places(&self) -> (impl Iterator<Item = u32> + use<>, bool) {
        let (first, mut left) = (self.first, self.marked);
        let next = move || {
            let nth = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(first + nth)
        };
        (std::iter::from_fn(next), self.license)
    }

    /// The key that tells them from others', if they are a rule's own and nothing besides: rules that demand the same have
    /// them in common.
    pub(crate) const fn key(&self) -> Option<(u32, u32)> {
        match (self.license, &self.more) {
            (false, None) => Some((self.first, self.marked)),
            _ => None,
        }
    }

    /// Those of its own rule.
    fn own(&self) -> impl Iterator<Item = &'p RuleCondition> + use<'p> {
        let (of, marked) = (self.of, self.marked);
        let license = self.license.then_some(&RuleCondition::EarnedWithinLicense);
        let marked = of
            .into_iter()
            .flatten()
            .enumerate()
            .filter(move |(nth, _)| bit(*nth) & marked != 0);
        marked.map(|(_, condition)| condition).chain(license)
    }

    /// Those that are not, shared by many.
    pub(crate) const fn shared(&self) -> &SharedConditions<'p> {
        &self.more
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'p RuleCondition> {
        self.own().chain(self.more.iter().flat_map(|more| more.iter().copied()))
    }

    /// Returns true if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marked == 0 && !self.license && self.more.is_none()
    }
}

impl PartialEq for ConditionSubset<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ConditionSubset<'_> {}

const fn bit(nth: usize) -> u32 {
    if nth < 32 { 1 << nth } else { 1 << 31 }
}

/// The conditions in a list that do not hold, and those of which it is not known; each by its place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenConditions {
    pub(crate) failed: u32,
    pub(crate) unknown: u32,
}

/// The open conditions of lists, by the lists' numbers: hundreds of rules of one agency demand the same, and are
/// answered at once.
pub(crate) struct OpenConditionTable(Vec<Option<OpenConditions>>);

impl OpenConditionTable {
    pub(crate) fn new(lists: usize) -> Self {
        Self(vec![None; lists])
    }

    #[inline]
    pub(crate) fn of(&mut self, list: u32, look: impl FnOnce() -> OpenConditions) -> OpenConditions {
        match self.0.get_mut(list as usize) {
            Some(Some(known)) => *known,
            Some(place) => *place.insert(look()),
            None => look(),
        }
    }
}

/// The conditions of all rules, each once: rules of one agency ask the same again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ConditionSet {
    all: Vec<RuleCondition>,
}

impl ConditionSet {
    /// The number of conditions.
    pub(crate) const fn len(&self) -> usize {
        self.all.len()
    }

    /// The condition with this number.
    pub(crate) fn condition(&self, number: usize) -> Option<&RuleCondition> {
        self.all.get(number)
    }

    /// The numbers that conditions have in all of these rules, in the order of the rules; and them all.
    pub(crate) fn number<'r>(&mut self, rules: impl Iterator<Item = &'r [RuleCondition]>) -> Vec<Vec<u32>> {
        let mut known: BTreeMap<String, u32> = BTreeMap::new();
        for (number, condition) in (0_u32..).zip(&self.all) {
            known.insert(format!("{condition:?}"), number);
        }
        let mut number = |condition: &RuleCondition| {
            let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
            let number = *known.entry(format!("{condition:?}")).or_insert(next);
            if number == next {
                self.all.push(condition.clone());
            }
            number
        };
        rules
            .map(|conditions| conditions.iter().map(&mut number).collect())
            .collect()
    }
}

/// The answers to the conditions so far, for one badge at one moment.
pub(crate) struct ConditionAnswers<'f> {
    asked: &'f ConditionSet,
    facts: &'f BadgeFacts,
    at: Timestamp,
    /// By the number of a condition.
    known: Vec<Option<ConditionTruth>>,
}

impl<'f> ConditionAnswers<'f> {
    pub(crate) fn new(asked: &'f ConditionSet, facts: &'f BadgeFacts, at: Timestamp) -> Self {
        Self {
            asked,
            facts,
            at,
            known: vec![None; asked.all.len()],
        }
    }

    fn of(&mut self, number: u32) -> ConditionTruth {
        let nth = number as usize;
        if let Some(Some(known)) = self.known.get(nth) {
            return *known;
        }
        let condition = self.asked.all.get(nth)?;
        let known = holds(condition, self.facts, self.at);
        if let Some(place) = self.known.get_mut(nth) {
            *place = Some(known);
        }
        known
    }

    /// Returns what is open of conditions with these numbers.
    pub(crate) fn open(&mut self, numbers: &[u32]) -> OpenConditions {
        let mut open = OpenConditions::default();
        for (nth, number) in numbers.iter().enumerate() {
            match self.of(*number) {
                Some(true) => {}
                Some(false) => open.failed |= bit(nth),
                None => open.unknown |= bit(nth),
            }
        }
        open
    }
}

/// Decides whether a rule speaks of this badge.
pub(crate) fn governs(scope: &RuleScope, facts: &BadgeFacts, policy: &Policy) -> ConditionTruth {
    let listed = |ids: &[String], id: Option<&str>| match ids {
        [] => Some(true),
        ids => id.map(|id| ids.iter().any(|listed| listed == id)),
    };
    let aligned = match (scope.aligned_to.as_slice(), &facts.alignments) {
        ([], _) => Some(true),
        (items, Some(alignments)) if alignments.iter().any(|item| items.contains(item)) => Some(true),
        (items, Some(_)) if facts.unplaced.iter().any(|item| items.contains(item)) => None,
        (_, Some(_)) => Some(false),
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
