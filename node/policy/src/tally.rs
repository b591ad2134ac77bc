//! What all of a teacher's badges count for together: duplicates once, limits kept, and the order of no account.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::{
    Decimal, Purpose, Timestamp, VerdictKind,
    acceptance::Condition,
    worth::{Requirement, SetOf, Window, WorthRule},
};

use crate::{
    Decision, Facts, Policy,
    value::{Amount, Standing, Value},
};

mod sets;
mod sum;
mod words;

use sum::{Group, best};

/// What all of a teacher's badges count for, for one use at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<'p> {
    /// For which use.
    pub purpose: Purpose,
    /// At which moment.
    pub at: Timestamp,
    /// Each badge, by its id.
    pub badges: Vec<Badge<'p>>,
    /// What counts, unit by unit.
    pub sums: Vec<Sum<'p>>,
    /// How far each set is.
    pub sets: Vec<Progress<'p>>,
    /// What is met as a whole.
    pub meets: Vec<Met<'p>>,
    /// The rules that say that there is no published rate.
    pub no_rate: Vec<&'p WorthRule>,
    /// How many badges repeat an achievement that counts already.
    pub duplicates: usize,
}

/// One badge of a tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge<'p> {
    /// Its id.
    pub id: String,
    /// Whether it is accepted, and by which rules.
    pub decision: Decision<'p>,
    /// What it counts for, by each rule; empty, if it is not accepted.
    pub values: Vec<Value<'p>>,
}

/// What counts in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum<'p> {
    /// The unit.
    pub unit: &'p str,
    /// What counts for certain.
    pub counted: Decimal,
    /// How much more might count, once what is not known is.
    pub in_doubt: Decimal,
    /// What is not known, in words.
    pub because: BTreeSet<String>,
    /// What each badge brought; what a limit cut off is not in it.
    pub credits: Vec<Credit<'p>>,
    /// How much is needed.
    pub needs: Vec<&'p Requirement>,
}

/// What one badge brought to a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit<'p> {
    /// The badge's id.
    pub badge: String,
    /// Its category, if it has one.
    pub category: Option<String>,
    /// The rule.
    pub rule: &'p WorthRule,
    /// How much.
    pub amount: Decimal,
}

/// How far a set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// The set.
    pub set: &'p SetOf,
    /// How many different ones count towards it.
    pub have: u32,
    /// How many more might, once what is not known is.
    pub in_doubt: u32,
}

/// A requirement that a badge meets as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// What is met.
    pub what: &'p str,
    /// What is not known about it; empty, if it is met for certain.
    pub because: BTreeSet<String>,
    /// Whether it is certain.
    pub is_certain: bool,
}

impl Policy {
    /// What all of a teacher's badges count for, for a use at a moment.
    ///
    /// The order of the badges does not matter, a limit is never exceeded, duplicates of an achievement never count
    /// twice, and one more badge never lowers a sum.
    #[must_use]
    pub fn tally<'p>(&'p self, badges: &[Facts], purpose: Purpose, at: Timestamp) -> Tally<'p> {
        let mut sorted: Vec<&Facts> = badges.iter().collect();
        sorted.sort_by_key(|facts| (&facts.id, &facts.achievement, facts.earned));
        let judged: Vec<(&Facts, Badge<'p>)> = sorted
            .into_iter()
            .map(|facts| {
                let decision = self.decide(facts, purpose, at);
                let values = match decision.verdict {
                    VerdictKind::NotRecognized => Vec::new(),
                    _ => self.values(facts, purpose, at),
                };
                let values = values.into_iter().filter_map(|value| value.under(&decision)).collect();
                (
                    facts,
                    Badge {
                        id: facts.id.clone(),
                        decision,
                        values,
                    },
                )
            })
            .collect();
        let units: BTreeSet<&'p str> = of(&judged)
            .filter(|value| counts_units(value))
            .map(|value| value.rule.unit.as_str())
            .collect();
        let sums = units
            .into_iter()
            .map(|unit| self.sum(unit, &judged, purpose, at))
            .collect();
        let no_rate: BTreeMap<&str, &'p WorthRule> = of(&judged)
            .filter(|value| value.amount == Amount::NoPublishedRate)
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
            sets: sets::progress(&judged),
            meets: met(&judged),
            no_rate: no_rate.into_values().collect(),
            duplicates: named.len() - different.len(),
            badges: judged.into_iter().map(|(_, badge)| badge).collect(),
        }
    }

    fn sum<'p>(&'p self, unit: &'p str, judged: &[(&Facts, Badge<'p>)], purpose: Purpose, at: Timestamp) -> Sum<'p> {
        let mut certain: BTreeMap<String, Group<'p>> = BTreeMap::new();
        let mut possible: BTreeMap<String, Group<'p>> = BTreeMap::new();
        let mut because = BTreeSet::new();
        for (facts, badge) in judged {
            for value in badge
                .values
                .iter()
                .filter(|value| value.rule.unit == unit && counts_units(value))
            {
                let Amount::Of(amount) = value.amount else {
                    because.extend(why(value));
                    continue;
                };
                let counts = value.standing == Standing::Counts && facts.achievement.is_some();
                if matches!(value.standing, Standing::Excluded(_)) {
                    continue;
                }
                if !counts {
                    because.extend(why(value));
                }
                let into = |groups: &mut BTreeMap<String, Group<'p>>| {
                    groups.entry(key(facts)).or_default().offer(value.rule, amount, facts);
                };
                if counts {
                    into(&mut certain);
                }
                into(&mut possible);
            }
        }
        let (counted, credits) = best(&certain.into_values().collect::<Vec<_>>());
        let (at_most, _) = best(&possible.into_values().collect::<Vec<_>>());
        let needs = self.needs(purpose, at).filter(|it| it.unit == unit).collect();
        Sum {
            unit,
            counted,
            in_doubt: at_most.minus(counted),
            because,
            credits,
            needs,
        }
    }
}

/// Whether a value is one that adds up.
fn counts_units(value: &Value<'_>) -> bool {
    matches!(value.amount, Amount::Of(_) | Amount::NotStated | Amount::Contradictory)
}

/// Badges with the same key are duplicates.
fn key(facts: &Facts) -> String {
    match &facts.achievement {
        Some(achievement) => format!("achievement {achievement}"),
        None => format!("badge {}", facts.id),
    }
}

fn of<'a, 'p>(judged: &'a [(&Facts, Badge<'p>)]) -> impl Iterator<Item = &'a Value<'p>> {
    judged.iter().flat_map(|(_, badge)| &badge.values)
}

/// What is not known about a value, in words that stand after "not known".
pub(crate) fn why(value: &Value<'_>) -> Vec<String> {
    let whether = |conditions: &[&Condition]| -> Vec<String> {
        conditions
            .iter()
            .map(|condition| format!("whether {condition}"))
            .collect()
    };
    match (&value.amount, &value.standing) {
        (_, Standing::Excluded(_)) => Vec::new(),
        (Amount::NotStated, _) => vec!["how many hours it stands for".to_owned()],
        (Amount::Contradictory, _) => vec![format!("which version of rule `{}` holds", value.rule.id)],
        (_, Standing::NotKnown(conditions)) if !conditions.is_empty() => whether(conditions),
        (_, Standing::NotKnown(_))
            if value
                .rule
                .limits
                .iter()
                .any(|limit| matches!(limit.within, Window::Years(_))) =>
        {
            vec!["when it was earned".to_owned()]
        }
        // The rule that may speak of it instead says so itself.
        (_, Standing::NotKnown(_)) if !value.is_specific => Vec::new(),
        (_, Standing::NotKnown(_)) => vec![format!("whether rule `{}` speaks of it", value.rule.id)],
        (_, Standing::Counts) => vec!["which achievement it is for".to_owned()],
    }
}

fn met<'p>(judged: &[(&Facts, Badge<'p>)]) -> Vec<Met<'p>> {
    let mut found: BTreeMap<&str, Met<'p>> = BTreeMap::new();
    for value in of(judged) {
        let Amount::Meets(what) = value.amount else { continue };
        if matches!(value.standing, Standing::Excluded(_)) {
            continue;
        }
        let is_certain = value.standing == Standing::Counts;
        let new = || Met {
            rule: value.rule,
            what,
            because: BTreeSet::new(),
            is_certain: false,
        };
        let met = found.entry(value.rule.id.as_str()).or_insert_with(new);
        met.is_certain |= is_certain;
        if !is_certain {
            met.because.extend(why(value));
        }
    }
    found.into_values().collect()
}
