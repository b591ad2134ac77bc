//! Acceptance: recognition first, then the rules; the answer names those that made it.

use std::sync::Arc;

use registry_schema::{
    Purpose, Timestamp, VerdictKind,
    acceptance::{AcceptanceRule, RuleCondition},
};

use crate::{
    BadgeFacts, Policy,
    conditions::{self, ConditionAnswers, ConditionSubset, OpenConditionTable, OpenConditions, SharedConditions},
    index::CandidateRule,
};

/// An agency's decision whether it accepts a badge for a use, and the rules that decided that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceDecision<'p> {
    /// [`VerdictKind::Accepted`], [`VerdictKind::NotRecognized`] or [`VerdictKind::CouldNotCheck`]: what the rules make of
    /// a badge that is otherwise good.
    pub verdict: VerdictKind,
    /// True if the issuer's recognition alone decided.
    pub by_recognition: bool,
    /// The rules that decided: those that failed, or else those that could not be checked, or else all that passed.
    pub rulings: Vec<RuleOutcome<'p>>,
}

/// The outcome of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome<'p> {
    /// The rule.
    pub rule: &'p AcceptanceRule,
    /// The conditions that failed or could not be checked; none of a rule that passed.
    pub because: ConditionSubset<'p>,
    /// True if it is not known that the rule speaks of this badge at all.
    pub scope_unknown: bool,
}

impl Policy {
    /// Decides whether the agency accepts a badge for a use at a moment.
    #[must_use]
    pub fn decide(&self, facts: &BadgeFacts, purpose: Purpose, at: Timestamp) -> AcceptanceDecision<'_> {
        if let Some(decided) = AcceptanceDecision::by_recognition(facts, purpose) {
            return decided;
        }
        let facts = &*self.known(facts);
        self.decide_by(facts, purpose, at, &mut ConditionAnswers::new(&self.asked, facts, at))
    }

    /// The same for a badge whose issuer is recognized, by facts that have what the policy says of the issuer.
    pub(crate) fn decide_by(
        &self,
        facts: &BadgeFacts,
        purpose: Purpose,
        at: Timestamp,
        answers: &mut ConditionAnswers<'_>,
    ) -> AcceptanceDecision<'_> {
        let (mut failed, mut unknown) = (Vec::new(), Vec::new());
        let mut opens = OpenConditionTable::new(self.acceptance.lists());
        let mut passed = Vec::with_capacity(self.acceptance.most(purpose, facts));
        self.acceptance.each(purpose, facts, at, |candidate| {
            let rule = candidate.rule;
            let scope = match candidate.mark.is_all {
                true => Some(true),
                false => conditions::governs(&rule.applies_to, facts, self),
            };
            if scope == Some(false) {
                return;
            }
            let mark = candidate.mark;
            let open = opens.of(mark.list, || answers.open(self.acceptance.demanded(mark)));
            if open.failed == 0 && open.unknown == 0 && !candidate.mark.has_more {
                passed.push(RuleOutcome {
                    rule,
                    because: ConditionSubset::default(),
                    scope_unknown: scope.is_none(),
                });
                return;
            }
            let (met, because) = meets(&candidate, open, facts, at);
            let ruling = RuleOutcome {
                rule,
                because,
                scope_unknown: scope.is_none(),
            };
            match (met, scope) {
                // Met, it holds whether or not it governs.
                (Some(true), _) => passed.push(ruling),
                (Some(false), Some(_)) => failed.push(ruling),
                _ => unknown.push(ruling),
            }
        });
        let (verdict, rulings) = match (failed.is_empty(), unknown.is_empty()) {
            (false, _) => (VerdictKind::NotRecognized, failed),
            (true, false) => (VerdictKind::CouldNotCheck, unknown),
            (true, true) => (VerdictKind::Accepted, passed),
        };
        AcceptanceDecision {
            verdict,
            by_recognition: rulings.is_empty(),
            rulings,
        }
    }
}

impl AcceptanceDecision<'_> {
    /// The decision by recognition alone; nothing, if the issuer is recognized for this use.
    pub(crate) fn by_recognition(facts: &BadgeFacts, purpose: Purpose) -> Option<Self> {
        let verdict = match &facts.recognized_for {
            None => VerdictKind::CouldNotCheck,
            Some(purposes) if !purposes.contains(&purpose) => VerdictKind::NotRecognized,
            Some(_) => return None,
        };
        Some(Self {
            verdict,
            by_recognition: true,
            rulings: Vec::new(),
        })
    }
}

impl<'p> RuleOutcome<'p> {
    /// If all that is not known of it is for whoever decides to see to ([`RuleCondition::is_outside`]): what has to hold then
    /// for the rule to pass.
    fn outside(&self, facts: &BadgeFacts, at: Timestamp) -> Option<Vec<&'p RuleCondition>> {
        let unknown = |condition: &RuleCondition| conditions::holds(condition, facts, at).is_none();
        let open = |all: &'p [RuleCondition]| -> Option<Vec<&'p RuleCondition>> {
            let no = |condition: &&RuleCondition| conditions::holds(condition, facts, at) == Some(false);
            let open: Vec<&RuleCondition> = all.iter().filter(|condition| unknown(condition)).collect();
            let is_for_others = !all.iter().any(|c| no(&c)) && open.iter().all(|condition| condition.is_outside());
            is_for_others.then_some(open)
        };
        let mut all = open(&self.rule.requires)?;
        if !self.rule.one_of.is_empty() {
            // The alternative that leaves least open.
            let alternatives = self.rule.one_of.iter().filter_map(|alternative| open(alternative));
            all.extend(alternatives.min_by_key(Vec::len)?);
        }
        Some(all)
    }
}

impl<'p> AcceptanceDecision<'p> {
    /// If a decision could not be made only because of what whoever decides has to see to themselves: what that is, with
    /// the rules that demand it. A condition about the badge, its issuer or its assessment that is not known leaves it
    /// undecided.
    #[must_use]
    pub fn outside(
        &self,
        facts: &BadgeFacts,
        at: Timestamp,
    ) -> Option<Vec<(&'p AcceptanceRule, Vec<&'p RuleCondition>)>> {
        if self.verdict != VerdictKind::CouldNotCheck || self.rulings.is_empty() {
            return None;
        }
        let rulings = self.rulings.iter();
        rulings
            .map(|ruling| Some((ruling.rule, ruling.outside(facts, at)?)))
            .collect()
    }
}

fn meets<'p>(
    candidate: &CandidateRule<'p, AcceptanceRule>,
    required: OpenConditions,
    facts: &BadgeFacts,
    at: Timestamp,
) -> (Option<bool>, ConditionSubset<'p>) {
    let rule = candidate.rule;
    let alternative =
        |all: &'p Vec<RuleCondition>| conditions::all(all.iter().map(|c| conditions::holds(c, facts, at)));
    let alternatives = match rule.one_of.as_slice() {
        [] => Some(true),
        some => conditions::any(some.iter().map(alternative)),
    };
    // Of the alternatives that came out like the whole, the conditions that made them do so.
    let of_alternatives = |wanted: Option<bool>| -> Vec<&'p RuleCondition> {
        if alternatives != wanted {
            return Vec::new();
        }
        let like_it = rule.one_of.iter().filter(|all| alternative(all) == wanted);
        let made_so = like_it.flatten().filter(|c| conditions::holds(c, facts, at) == wanted);
        made_so.collect()
    };
    if required.failed != 0 || alternatives == Some(false) {
        let because = ConditionSubset::of(&rule.requires, candidate.mark.demands.0, required.failed)
            .and_of(of_alternatives(Some(false)));
        return (Some(false), because);
    }
    if required.unknown != 0 || alternatives.is_none() {
        let because = ConditionSubset::of(&rule.requires, candidate.mark.demands.0, required.unknown)
            .and_of(of_alternatives(None));
        return (None, because);
    }
    (Some(true), ConditionSubset::default())
}

impl<'p> AcceptanceDecision<'p> {
    /// All that kept it from being decided, each condition once.
    pub(crate) fn because(&self) -> SharedConditions<'p> {
        let mut all: Vec<&'p RuleCondition> = Vec::new();
        for condition in self.rulings.iter().flat_map(|ruling| ruling.because.iter()) {
            if !all.contains(&condition) {
                all.push(condition);
            }
        }
        Some(Arc::new(all))
    }

    /// The ids of the rules that decided.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rulings.iter().map(|ruling| ruling.rule.id.as_str())
    }
}

impl std::fmt::Display for AcceptanceDecision<'_> {
    /// The decision in words, with the rules and citations behind it: lower case, no full stop.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.verdict, self.by_recognition) {
            (VerdictKind::Accepted, true) => {
                "accepted: the issuer is recognized for this use, and no rule demands more"
            }
            (VerdictKind::NotRecognized, true) => "the issuer is not recognized for this use",
            (_, true) => "could not check: it is not known whether the issuer is recognized for this use",
            (VerdictKind::Accepted, _) => "accepted",
            (VerdictKind::NotRecognized, _) => "not accepted",
            (_, _) => "could not check",
        })?;
        for (
            count,
            RuleOutcome {
                rule,
                because,
                scope_unknown,
            },
        ) in self.rulings.iter().enumerate()
        {
            f.write_str(if count == 0 { ": " } else { "; " })?;
            write!(f, "rule `{}` ({})", rule.id, rule.citation)?;
            if *scope_unknown && self.verdict == VerdictKind::CouldNotCheck {
                f.write_str(" may govern it")?;
            }
            let words: Vec<String> = because.iter().map(ToString::to_string).collect();
            match (self.verdict, words.as_slice()) {
                (_, []) => {}
                (VerdictKind::NotRecognized, words) => write!(f, " demands that {}", words.join(" and "))?,
                (_, words) => write!(f, ": not known whether {}", words.join(" and "))?,
            }
        }
        Ok(())
    }
}
