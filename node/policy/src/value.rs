//! The worth of one badge under the rules that speak of it.

use registry_schema::{
    Decimal, Purpose, Timestamp,
    worth::{LimitWindow, WorthFormula, WorthLimit, WorthRates, WorthRule},
};

use crate::{
    BadgeFacts, Policy,
    conditions::{
        self, ConditionAnswers, ConditionSubset, ConditionTruth, OpenConditionTable, OpenConditions, SharedConditions,
    },
    index::CandidateRule,
};

/// The worth of one badge under one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWorth<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// The amount, if the rule's conditions hold.
    pub amount: WorthAmount<'p>,
    /// The standing: whether it counts.
    pub standing: WorthEligibility<'p>,
    /// True if the rule names the badges that it speaks of, and so goes before a rule for all.
    pub is_specific: bool,
    /// The place of the rule among all, in the order of their ids.
    pub(crate) place: u32,
    /// The number of the rule's unit.
    pub(crate) unit: u32,
    /// True if the rule has limits.
    pub(crate) is_limited: bool,
}

/// The amount that one badge is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorthAmount<'p> {
    /// So much of the rule's unit.
    Of(Decimal),
    /// It meets this requirement.
    Meets(&'p str),
    /// It counts towards a set.
    TowardsSet,
    /// The agency has published no rate.
    NoPublishedRate,
    /// The rule counts hours or units that the badge does not state.
    NotStated,
    /// The agency's writers contradict each other about this rule.
    Contradictory,
}

/// The standing of a badge under a rule: whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorthEligibility<'p> {
    /// It does.
    Counts,
    /// It does not: these conditions fail.
    Excluded(ConditionSubset<'p>),
    /// Not known: these conditions could not be checked, or it is not known what the badge is.
    NotKnown(ConditionSubset<'p>),
}

impl Policy {
    /// Returns what a badge counts for, by every rule that speaks of it, whether it is accepted or not.
    ///
    /// Rules that name their badges go before rules for all, unit by unit. While it is not known whether a rule that
    /// names badges speaks of this one, both are given, and neither counts for certain.
    #[must_use]
    pub fn values(&self, facts: &BadgeFacts, purpose: Purpose, at: Timestamp) -> Vec<RuleWorth<'_>> {
        let facts = &*self.known(facts);
        self.values_by(facts, purpose, at, &mut ConditionAnswers::new(&self.asked, facts, at))
    }

    /// The same by facts that have what the policy says of the issuer.
    pub(crate) fn values_by(
        &self,
        facts: &BadgeFacts,
        purpose: Purpose,
        at: Timestamp,
        answers: &mut ConditionAnswers<'_>,
    ) -> Vec<RuleWorth<'_>> {
        let mut kept: Vec<RuleWorth<'_>> = Vec::with_capacity(self.worth.most(purpose, facts));
        // The units in which a rule that names its badges speaks of this one for certain.
        let mut certain = UnitSet::default();
        // Those in which one may.
        let mut doubtful = UnitSet::default();
        // Rules that count alike give one badge the same amount.
        let mut opens = OpenConditionTable::new(self.worth.lists());
        let mut amounts: Vec<Option<WorthAmount<'_>>> = vec![None; self.worth.counts()];
        self.worth.each(purpose, facts, at, |candidate| {
            let scope = match candidate.mark.is_all {
                true => Some(true),
                false => conditions::governs(&candidate.rule.applies_to, facts, self),
            };
            if scope == Some(false) {
                return;
            }
            if !candidate.mark.is_all {
                let units = if scope.is_some() { &mut certain } else { &mut doubtful };
                units.add(candidate.mark.unit, self.worth.units());
            }
            let mark = candidate.mark;
            let open = opens.of(mark.list, || answers.open(self.worth.demanded(mark)));
            let Some(amount) = amounts.get_mut(mark.counts as usize) else {
                return;
            };
            let amount = *amount.get_or_insert_with(|| amount_by(candidate.rule, facts));
            if scope == Some(true) && open.failed == 0 && !mark.has_more && !mark.has_twin {
                // Nearly all rules. Each value is written where it stays: to move it there costs more than all the rest.
                let value = |standing| RuleWorth {
                    rule: candidate.rule,
                    amount,
                    standing,
                    is_specific: !mark.is_all,
                    place: candidate.place,
                    unit: mark.unit,
                    is_limited: false,
                };
                let because = ConditionSubset::of(&candidate.rule.requires, mark.demands.0, open.unknown);
                match open.unknown {
                    0 => kept.push(value(WorthEligibility::Counts)),
                    _ => kept.push(value(WorthEligibility::NotKnown(because))),
                }
                return;
            }
            add(&mut kept, &candidate, scope, (open, amount), (facts, at));
        });
        if !certain.0.is_empty() {
            kept.retain(|value| value.is_specific || !certain.has(value.unit));
        }
        if !doubtful.0.is_empty() {
            for value in kept.iter_mut().filter(|value| !value.is_specific) {
                if value.standing == WorthEligibility::Counts && doubtful.has(value.unit) {
                    value.standing = WorthEligibility::NotKnown(ConditionSubset::default());
                }
            }
        }
        let order = |value: &RuleWorth<'_>| (!value.is_specific, value.place);
        if !kept.is_sorted_by_key(order) {
            kept.sort_by_key(order);
        }
        kept
    }
}

/// Some units, by their numbers.
#[derive(Default)]
struct UnitSet(Vec<u64>);

impl UnitSet {
    fn add(&mut self, unit: u32, of: usize) {
        if self.0.is_empty() {
            self.0.resize(of / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(unit as usize / 64) {
            *word |= 1 << (unit % 64);
        }
    }

    fn has(&self, unit: u32) -> bool {
        self.0
            .get(unit as usize / 64)
            .is_some_and(|word| word & (1 << (unit % 64)) != 0)
    }
}

fn amount_by<'p>(rule: &'p WorthRule, facts: &BadgeFacts) -> WorthAmount<'p> {
    match &rule.counts {
        WorthFormula::NoPublishedRate => WorthAmount::NoPublishedRate,
        WorthFormula::Meets(what) => WorthAmount::Meets(what),
        WorthFormula::SetOf(_) => WorthAmount::TowardsSet,
        WorthFormula::Per(rates) => applied(rates, facts).map_or(WorthAmount::NotStated, WorthAmount::Of),
    }
}

/// Adds what a badge counts for under a rule that has more to it than most. Apart, so that the others are written where
/// they stay.
#[inline(never)]
fn add<'p>(
    kept: &mut Vec<RuleWorth<'p>>,
    candidate: &CandidateRule<'p, WorthRule>,
    scope: ConditionTruth,
    (open, amount): (OpenConditions, WorthAmount<'p>),
    (facts, at): (&BadgeFacts, Timestamp),
) {
    let CandidateRule { place, rule, mark, .. } = *candidate;
    let amount = if mark.has_twin {
        WorthAmount::Contradictory
    } else {
        amount
    };
    let inside = match mark.has_more {
        true => conditions::all(rule.limits.iter().map(|limit| is_inside(limit, facts, at))),
        false => Some(true),
    };
    let of_rule = |marked| ConditionSubset::of(&rule.requires, mark.demands.0, marked);
    let standing = match (open.failed, inside) {
        (1.., _) => WorthEligibility::Excluded(of_rule(open.failed)),
        (0, Some(false)) => WorthEligibility::Excluded(ConditionSubset::default()),
        (0, None) => {
            let because = of_rule(open.unknown);
            let of_license = rule.limits.iter().any(|limit| limit.within == LimitWindow::License);
            WorthEligibility::NotKnown(if of_license { because.and_the_license() } else { because })
        }
        (0, Some(true)) if scope.is_none() || open.unknown != 0 => WorthEligibility::NotKnown(of_rule(open.unknown)),
        (0, Some(true)) => WorthEligibility::Counts,
    };
    kept.push(RuleWorth {
        rule,
        amount,
        standing,
        is_specific: !mark.is_all,
        place,
        unit: mark.unit,
        is_limited: mark.has_more,
    });
}

/// The amount by the first rate whose basis the badge states.
fn applied(rates: &WorthRates, facts: &BadgeFacts) -> Option<Decimal> {
    let by = |rate: Option<Decimal>, stated: Option<Decimal>| Some(rate?.times(stated?));
    rates
        .micro_credential
        .or_else(|| by(rates.clock_hour, facts.clock_hours))
        .or_else(|| by(rates.ceu, facts.ceus))
        .or_else(|| by(rates.semester_hour, facts.semester_hours))
}

/// Decides whether a badge falls within the time of a limit.
fn is_inside(limit: &WorthLimit, facts: &BadgeFacts, at: Timestamp) -> Option<bool> {
    match limit.within {
        LimitWindow::Lifetime => Some(true),
        LimitWindow::License => Some(facts.license?.holds(facts.earned?)),
        LimitWindow::Years(years) => facts
            .earned
            .map(|earned| at.years_earlier(years) <= earned && earned <= at),
    }
}

impl<'p> RuleWorth<'p> {
    /// Keeps what stands of it while it is not known whether the badge is accepted; `because` is shared by all values.
    pub(crate) fn in_doubt(&mut self, because: &SharedConditions<'p>) {
        self.standing = match std::mem::replace(&mut self.standing, WorthEligibility::Counts) {
            WorthEligibility::Excluded(why) => WorthEligibility::Excluded(why),
            WorthEligibility::Counts => WorthEligibility::NotKnown(ConditionSubset::default().and(because)),
            WorthEligibility::NotKnown(own) => WorthEligibility::NotKnown(own.and(because)),
        };
    }
}
