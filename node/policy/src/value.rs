//! What one badge counts for under the rules that speak of it.

use registry_schema::{
    Decimal, Purpose, Timestamp, VerdictKind,
    acceptance::Condition,
    worth::{Counts, Limit, Rates, Window, WorthRule},
};

use crate::{
    Decision, Facts, Policy,
    conditions::{self, Known, Open},
};

/// What one badge counts for under one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'p> {
    /// The rule.
    pub rule: &'p WorthRule,
    /// How much, if the rule's conditions hold.
    pub amount: Amount<'p>,
    /// Whether it counts.
    pub standing: Standing<'p>,
    /// Whether the rule names the badges that it speaks of, and so goes before a rule for all.
    pub is_specific: bool,
}

/// How much one badge is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount<'p> {
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

/// Whether a badge counts under a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'p> {
    /// It does.
    Counts,
    /// It does not: these conditions fail.
    Excluded(Vec<&'p Condition>),
    /// Not known: these conditions could not be checked, or it is not known what the badge is.
    NotKnown(Vec<&'p Condition>),
}

impl Policy {
    /// What a badge counts for, by every rule that speaks of it, whether it is accepted or not.
    ///
    /// Rules that name their badges go before rules for all, unit by unit. While it is not known whether a rule that
    /// names badges speaks of this one, both are given, and neither counts for certain.
    #[must_use]
    pub fn values(&self, facts: &Facts, purpose: Purpose, at: Timestamp) -> Vec<Value<'_>> {
        let facts = &*self.known(facts);
        let mut kept: Vec<Value<'_>> = Vec::new();
        // The units in which a rule that names its badges speaks of this one for certain.
        let mut certain: Vec<&str> = Vec::new();
        // Those in which one may.
        let mut doubtful: Vec<&str> = Vec::new();
        for rule in self.worth.candidates(purpose, facts, at) {
            let scope = conditions::governs(&rule.applies_to, facts, self);
            if scope == Some(false) {
                continue;
            }
            let value = self.value(rule, scope, facts, at);
            if scope == Some(true) && value.is_specific {
                certain.push(&rule.unit);
            } else if scope.is_none() && value.is_specific {
                doubtful.push(&rule.unit);
            }
            kept.push(value);
        }
        kept.retain(|value| value.is_specific || !certain.contains(&value.rule.unit.as_str()));
        for value in kept.iter_mut().filter(|value| !value.is_specific) {
            if value.standing == Standing::Counts && doubtful.contains(&value.rule.unit.as_str()) {
                value.standing = Standing::NotKnown(Vec::new());
            }
        }
        kept.sort_by(|a, b| (!a.is_specific, &a.rule.id).cmp(&(!b.is_specific, &b.rule.id)));
        kept
    }

    fn value<'p>(&'p self, rule: &'p WorthRule, scope: Known, facts: &Facts, at: Timestamp) -> Value<'p> {
        let amount = match &rule.counts {
            _ if self.is_contradictory(rule) => Amount::Contradictory,
            Counts::NoPublishedRate => Amount::NoPublishedRate,
            Counts::Meets(what) => Amount::Meets(what),
            Counts::SetOf(_) => Amount::TowardsSet,
            Counts::Per(rates) => applied(rates, facts).map_or(Amount::NotStated, Amount::Of),
        };
        let open = Open::of(&rule.requires, facts, at);
        let inside = conditions::all(rule.limits.iter().map(|limit| is_inside(limit, facts, at)));
        let standing = match (open.failed.is_empty(), inside) {
            (false, _) => Standing::Excluded(open.failed),
            (true, Some(false)) => Standing::Excluded(Vec::new()),
            (true, None) => {
                let mut because = open.unknown;
                let of_license = rule.limits.iter().any(|limit| limit.within == Window::License);
                if of_license && !because.contains(&&Condition::EarnedWithinLicense) {
                    because.push(&Condition::EarnedWithinLicense);
                }
                Standing::NotKnown(because)
            }
            (true, Some(true)) if scope.is_none() || !open.unknown.is_empty() => Standing::NotKnown(open.unknown),
            (true, Some(true)) => Standing::Counts,
        };
        Value {
            rule,
            amount,
            standing,
            is_specific: !rule.applies_to.is_all(),
        }
    }
}

/// The amount by the first rate whose basis the badge states.
fn applied(rates: &Rates, facts: &Facts) -> Option<Decimal> {
    let by = |rate: Option<Decimal>, stated: Option<Decimal>| Some(rate?.times(stated?));
    rates
        .micro_credential
        .or_else(|| by(rates.clock_hour, facts.clock_hours))
        .or_else(|| by(rates.ceu, facts.ceus))
        .or_else(|| by(rates.semester_hour, facts.semester_hours))
}

/// Whether a badge falls within the time of a limit.
fn is_inside(limit: &Limit, facts: &Facts, at: Timestamp) -> Option<bool> {
    match limit.within {
        Window::Lifetime => Some(true),
        Window::License => Some(facts.license?.holds(facts.earned?)),
        Window::Years(years) => facts
            .earned
            .map(|earned| at.years_earlier(years) <= earned && earned <= at),
    }
}

impl<'p> Value<'p> {
    /// What an accepted badge makes of a standing, and what a doubtful one does.
    pub(crate) fn under(mut self, decision: &Decision<'p>) -> Option<Self> {
        match decision.verdict {
            VerdictKind::Accepted => Some(self),
            VerdictKind::CouldNotCheck => {
                let mut because: Vec<&'p Condition> = decision
                    .rulings
                    .iter()
                    .flat_map(|ruling| ruling.because.iter().copied())
                    .collect();
                match self.standing {
                    Standing::Excluded(_) => {}
                    Standing::Counts => self.standing = Standing::NotKnown(because),
                    Standing::NotKnown(more) => {
                        because.extend(more);
                        self.standing = Standing::NotKnown(because);
                    }
                }
                Some(self)
            }
            _ => None,
        }
    }
}
