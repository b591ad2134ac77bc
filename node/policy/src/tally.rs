//! The worth of all of a teacher's badges together: duplicates once, limits kept, and the order of no account.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::{
    Decimal, Purpose, Timestamp, VerdictKind,
    worth::{CredentialSet, Requirement, WorthRule},
};

use crate::{
    AcceptanceDecision, BadgeFacts, Policy,
    conditions::{ConditionAnswers, ConditionSet},
    value::{RuleWorth, WorthAmount, WorthEligibility},
};

mod reasons;
mod sets;
mod sum;
mod words;

pub use words::in_units;

use reasons::UncertaintyReasons;
use sum::{AchievementOffers, BestOffer, RuleOffer, best};

/// The worth of all of a teacher's badges, for one use at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<'p> {
    /// For which use.
    pub purpose: Purpose,
    /// At which moment.
    pub at: Timestamp,
    /// Each badge, by its id.
    pub badges: Vec<TallyBadge<'p>>,
    /// The sums that count, unit by unit.
    pub sums: Vec<TallySum<'p>>,
    /// The progress of each set.
    pub sets: Vec<SetProgress<'p>>,
    /// The requirements that are met as a whole.
    pub meets: Vec<MetRequirement<'p>>,
    /// The rules that say that there is no published rate.
    pub no_rate: Vec<&'p WorthRule>,
    /// The number of badges that repeat an achievement that counts already.
    pub duplicates: usize,
}

/// One badge of a tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyBadge<'p> {
    /// Its id.
    pub id: String,
    /// The decision whether it is accepted, and the rules that decided it.
    pub decision: AcceptanceDecision<'p>,
    /// The worth of the badge by each rule; empty, if it is not accepted.
    pub values: Vec<RuleWorth<'p>>,
}

/// The sum that counts in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallySum<'p> {
    /// The unit.
    pub unit: &'p str,
    /// The amount that counts for certain.
    pub counted: Decimal,
    /// The amount that might count besides, once what is not known is.
    pub in_doubt: Decimal,
    /// The things that are not known, in words.
    pub because: BTreeSet<String>,
    /// The part that each badge brought; what a limit cut off is not in it.
    pub credits: Vec<TallyCredit<'p>>,
    /// The amounts that are needed.
    pub needs: Vec<&'p Requirement>,
}

/// The part of a sum that one badge brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyCredit<'p> {
    /// The badge's id.
    pub badge: String,
    /// Its category, if it has one.
    pub category: Option<String>,
    /// The rule.
    pub rule: &'p WorthRule,
    /// The amount.
    pub amount: Decimal,
}

/// The progress of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetProgress<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// The set.
    pub set: &'p CredentialSet,
    /// The number of different ones that count towards it.
    pub have: u32,
    /// The number of those that might besides, once what is not known is.
    pub in_doubt: u32,
}

/// A requirement that a badge meets as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetRequirement<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// The requirement that is met.
    pub what: &'p str,
    /// The things that are not known about it; empty, if it is met for certain.
    pub because: BTreeSet<String>,
    /// True if it is certain.
    pub is_certain: bool,
}

impl Policy {
    /// Tallies what all of a teacher's badges count for, for a use at a moment.
    ///
    /// The order of the badges does not matter, a limit is never exceeded, duplicates of an achievement never count
    /// twice, and one more badge never lowers a sum.
    #[must_use]
    pub fn tally<'p>(&'p self, badges: &[BadgeFacts], purpose: Purpose, at: Timestamp) -> Tally<'p> {
        let mut sorted: Vec<&BadgeFacts> = badges.iter().collect();
        sorted.sort_by_key(|facts| (&facts.id, &facts.achievement, facts.earned));
        let judged: Vec<(&BadgeFacts, TallyBadge<'p>)> = sorted
            .into_iter()
            .map(|facts| {
                let known = self.known(facts);
                let mut answers = ConditionAnswers::new(&self.asked, &known, at);
                let decision = AcceptanceDecision::by_recognition(&known, purpose)
                    .unwrap_or_else(|| self.decide_by(&known, purpose, at, &mut answers));
                let mut values = match decision.verdict {
                    VerdictKind::NotRecognized => Vec::new(),
                    _ => self.values_by(&known, purpose, at, &mut answers),
                };
                if decision.verdict == VerdictKind::CouldNotCheck {
                    let because = decision.because();
                    values.iter_mut().for_each(|value| value.in_doubt(&because));
                }
                (
                    facts,
                    TallyBadge {
                        id: facts.id.clone(),
                        decision,
                        values,
                    },
                )
            })
            .collect();
        let mut units: Vec<TallyUnit<'_, 'p>> = Vec::new();
        // By its number, where a unit stands among those.
        let mut places: Vec<Option<usize>> = vec![None; self.worth.units()];
        let mut others = false;
        for (facts, badge) in &judged {
            for value in &badge.values {
                if !counts_units(value) {
                    others = true;
                    continue;
                }
                let Some(place) = places.get_mut(value.unit as usize) else {
                    continue;
                };
                let place = *place.get_or_insert_with(|| {
                    units.push(TallyUnit {
                        name: value.rule.unit.as_str(),
                        counted: Vec::with_capacity(badge.values.len()),
                    });
                    units.len() - 1
                });
                if let Some(unit) = units.get_mut(place) {
                    unit.counted.push((*facts, value));
                }
            }
        }
        units.sort_by_key(|unit| unit.name);
        let sums = units
            .into_iter()
            .map(|unit| self.sum(unit.name, &unit.counted, purpose, at))
            .collect();
        // What adds up is no set, meets nothing as a whole and has a rate.
        let besides = if others { judged.as_slice() } else { &[] };
        let no_rate: BTreeMap<&str, &'p WorthRule> = of(besides)
            .filter(|value| value.amount == WorthAmount::NoPublishedRate)
            .map(|value| (value.rule.id.as_str(), value.rule))
            .collect();
        let accepted = judged
            .iter()
            .filter(|(_, badge)| badge.decision.verdict == VerdictKind::Accepted);
        let named: Vec<&str> = accepted.filter_map(|(facts, _)| facts.achievement.as_deref()).collect();
        let different: BTreeSet<&str> = named.iter().copied().collect();
        Tally {
            purpose,
            at,
            sums,
            sets: sets::progress(besides),
            meets: met(self.demands(), besides),
            no_rate: no_rate.into_values().collect(),
            duplicates: named.len() - different.len(),
            badges: judged.into_iter().map(|(_, badge)| badge).collect(),
        }
    }

    fn sum<'p>(
        &'p self,
        unit: &'p str,
        counted: &[CountedBadge<'_, 'p>],
        purpose: Purpose,
        at: Timestamp,
    ) -> TallySum<'p> {
        // Of most verdicts there is one badge, and nothing to spread over rules.
        match (counted.first(), counted.last()) {
            (Some((first, _)), Some((last, _))) if std::ptr::eq(*first, *last) => {
                self.sum_of_one(unit, counted, purpose, at)
            }
            _ => self.sum_of_many(unit, counted, purpose, at),
        }
    }

    /// The sum of any number of badges.
    fn sum_of_many<'p>(
        &'p self,
        unit: &'p str,
        counted: &[CountedBadge<'_, 'p>],
        purpose: Purpose,
        at: Timestamp,
    ) -> TallySum<'p> {
        let mut certain: BTreeMap<(bool, &str), AchievementOffers<'_, 'p>> = BTreeMap::new();
        let mut possible: BTreeMap<(bool, &str), AchievementOffers<'_, 'p>> = BTreeMap::new();
        let mut because = UncertaintyReasons::new(self.demands());
        // What is said of one badge stands together.
        for of_badge in counted.chunk_by(|(one, _), (other, _)| std::ptr::eq(*one, *other)) {
            let Some((facts, _)) = of_badge.first() else { continue };
            let (mut sure, mut all) = (Vec::new(), Vec::with_capacity(of_badge.len()));
            for (_, value) in of_badge {
                let WorthAmount::Of(amount) = value.amount else {
                    because.take(value);
                    continue;
                };
                if matches!(value.standing, WorthEligibility::Excluded(_)) {
                    continue;
                }
                let offer = RuleOffer::of(value, amount, facts);
                if value.standing == WorthEligibility::Counts && facts.achievement.is_some() {
                    sure.push(offer);
                } else {
                    because.take(value);
                }
                all.push(offer);
            }
            for (groups, offers) in [(&mut certain, sure), (&mut possible, all)] {
                if !offers.is_empty() {
                    groups.entry(key(facts)).or_default().offer(offers);
                }
            }
        }
        let (counted, credits) = best(&certain.into_values().collect::<Vec<_>>());
        let (at_most, _) = best(&possible.into_values().collect::<Vec<_>>());
        let needs = self.needs(purpose, at).filter(|it| it.unit == unit).collect();
        TallySum {
            unit,
            counted,
            in_doubt: at_most.minus(counted),
            because: because.in_words(),
            credits,
            needs,
        }
    }
}

impl Policy {
    /// All that its worth rules demand.
    fn demands(&self) -> (&ConditionSet, &[u32]) {
        (&self.asked, self.worth.demands())
    }

    /// The same of a single badge, at once: what it brings under the rule where it brings most.
    fn sum_of_one<'p>(
        &'p self,
        unit: &'p str,
        counted: &[CountedBadge<'_, 'p>],
        purpose: Purpose,
        at: Timestamp,
    ) -> TallySum<'p> {
        let (mut certain, mut possible) = (BestOffer::default(), BestOffer::default());
        let mut because = UncertaintyReasons::new(self.demands());
        for (facts, value) in counted {
            let WorthAmount::Of(amount) = value.amount else {
                because.take(value);
                continue;
            };
            if matches!(value.standing, WorthEligibility::Excluded(_)) {
                continue;
            }
            let offer = RuleOffer::of(value, amount, facts);
            possible.offer(offer);
            if value.standing == WorthEligibility::Counts && facts.achievement.is_some() {
                certain.offer(offer);
            } else {
                because.take(value);
            }
        }
        let (counted, credits) = certain.sum();
        let needs = self.needs(purpose, at).filter(|it| it.unit == unit).collect();
        TallySum {
            unit,
            counted,
            in_doubt: possible.sum().0.minus(counted),
            because: because.in_words(),
            credits,
            needs,
        }
    }
}

/// All that counts in one unit.
struct TallyUnit<'a, 'p> {
    name: &'p str,
    counted: Vec<CountedBadge<'a, 'p>>,
}

/// A badge and its worth under one rule.
type CountedBadge<'a, 'p> = (&'a BadgeFacts, &'a RuleWorth<'p>);

/// Returns true if a value is one that adds up.
fn counts_units(value: &RuleWorth<'_>) -> bool {
    matches!(
        value.amount,
        WorthAmount::Of(_) | WorthAmount::NotStated | WorthAmount::Contradictory
    )
}

/// Badges with the same key are duplicates.
fn key(facts: &BadgeFacts) -> (bool, &str) {
    match &facts.achievement {
        Some(achievement) => (true, achievement),
        None => (false, &facts.id),
    }
}

fn of<'a, 'p>(judged: &'a [(&BadgeFacts, TallyBadge<'p>)]) -> impl Iterator<Item = &'a RuleWorth<'p>> {
    judged.iter().flat_map(|(_, badge)| &badge.values)
}

fn met<'p>(
    demands: (&'p ConditionSet, &'p [u32]),
    judged: &[(&BadgeFacts, TallyBadge<'p>)],
) -> Vec<MetRequirement<'p>> {
    let mut found: BTreeMap<&str, MetRequirement<'p>> = BTreeMap::new();
    for value in of(judged) {
        let WorthAmount::Meets(what) = value.amount else {
            continue;
        };
        if matches!(value.standing, WorthEligibility::Excluded(_)) {
            continue;
        }
        let is_certain = value.standing == WorthEligibility::Counts;
        let new = || MetRequirement {
            rule: value.rule,
            what,
            because: BTreeSet::new(),
            is_certain: false,
        };
        let met = found.entry(value.rule.id.as_str()).or_insert_with(new);
        met.is_certain |= is_certain;
        if !is_certain {
            let mut because = UncertaintyReasons::new(demands);
            because.take(value);
            met.because.extend(because.in_words());
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests;
