//! The effect of the asked agency's acceptance rules on a badge whose issuer it recognizes.
//!
//! A rule that is not met takes the use away. A rule of which something about the badge, its issuer or its assessment is
//! not known leaves the use undecided: **never accepted by default**. What only whoever decides can know (a license, an
//! approval) does not: the use is accepted on that condition, and the sentence says so.

use policy::{AcceptanceDecision, BadgeFacts, Policy};
use registry_schema::{Finding, Purpose, VerdictKind, acceptance::RuleCondition};

use super::{JudgeContext, finding, recognition::words};
use crate::codes::Code;

/// The outcome of the rules.
pub(super) struct AcceptanceOutcome {
    pub(super) finding: Finding,
    /// For which uses it is accepted.
    pub(super) accepted: Vec<Purpose>,
    /// The conditions that have to hold for that besides, in words.
    pub(super) provided: Vec<String>,
}

impl AcceptanceOutcome {
    /// The outcome without any rule.
    pub(super) fn of(finding: Finding, purposes: &[Purpose]) -> Self {
        Self {
            finding,
            accepted: purposes.to_vec(),
            provided: Vec::new(),
        }
    }
}

/// The outcome of the rules for one use.
enum UseOutcome {
    Accepted,
    /// The conditions that have to hold besides, and the rules that set them.
    Provided(Vec<String>, Vec<String>),
    /// The facts that are not known, in words.
    Depends(String),
    /// The rules that are not met, in words.
    NotMet(String),
}

impl JudgeContext<'_> {
    /// Holds the badge against the rules, use by use. `recognized` is the finding that stands without them.
    pub(super) fn rules(&self, recognized: Finding, name: &str, purposes: &[Purpose]) -> AcceptanceOutcome {
        let Some(policy) = self
            .evidence
            .policy
            .as_deref()
            .filter(|p| !p.acceptance_rules().is_empty())
        else {
            return AcceptanceOutcome::of(recognized, purposes);
        };
        let judged = self.judged(policy, purposes);
        let (mut accepted, mut provided, mut depends, mut not_met) = (vec![], vec![], vec![], vec![]);
        for (purpose, tally) in &judged.of {
            let purpose = *purpose;
            let Some(badge) = tally.badges.first() else { continue };
            match self.use_of(policy, &judged.facts, &badge.decision) {
                UseOutcome::Accepted => accepted.push(purpose),
                UseOutcome::Provided(what, rules) => provided.push((purpose, what, rules)),
                UseOutcome::Depends(why) => depends.push((purpose, why)),
                UseOutcome::NotMet(why) => not_met.push((purpose, why)),
            }
        }
        let why = |uses: &[(Purpose, String)]| {
            let each = uses
                .iter()
                .map(|(purpose, why)| format!("for {}: {why}", purpose.in_words()));
            each.collect::<Vec<_>>().join("; ")
        };
        if !accepted.is_empty() {
            let mut detail = recognized.detail;
            let open: Vec<Purpose> = provided.iter().map(|(purpose, ..)| *purpose).collect();
            if !open.is_empty() {
                detail = format!("{detail}; on conditions for {}", words(&open));
            }
            let rest: Vec<(Purpose, String)> = depends.into_iter().chain(not_met).collect();
            if !rest.is_empty() {
                detail = format!("{detail}; not {}", why(&rest));
            }
            return AcceptanceOutcome::of(Finding { detail, ..recognized }, &accepted);
        }
        if let Some((_, what, _)) = provided.first() {
            // Of several uses with different conditions, the sentence names those that have the first one's.
            let uses: Vec<Purpose> = provided
                .iter()
                .filter(|(_, w, _)| w == what)
                .map(|(p, ..)| *p)
                .collect();
            let each = provided.iter().map(|(purpose, what, rules)| {
                let (purpose, what) = (purpose.in_words(), what.join(" and "));
                format!("for {purpose} provided that {what}, by {}", rules.join(" and "))
            });
            let each = each.collect::<Vec<_>>().join("; ");
            return AcceptanceOutcome {
                finding: finding(Code::RecognitionConditional, format!("{}; {each}", recognized.detail)),
                accepted: uses,
                provided: what.clone(),
            };
        }
        let finding = match depends.is_empty() {
            false => finding(
                Code::RecognitionRuleDepends,
                format!("whether {name} accepts it {}", why(&depends)),
            ),
            true => finding(
                Code::RecognitionRuleNotMet,
                format!("{name} does not accept it {}", why(&not_met)),
            ),
        };
        AcceptanceOutcome {
            finding,
            accepted: Vec::new(),
            provided: Vec::new(),
        }
    }

    fn use_of(&self, policy: &Policy, facts: &BadgeFacts, decision: &AcceptanceDecision<'_>) -> UseOutcome {
        let at = self.question.at;
        match (decision.verdict, decision.outside(&policy.known(facts), at)) {
            (VerdictKind::Accepted, _) => UseOutcome::Accepted,
            (VerdictKind::NotRecognized, _) => UseOutcome::NotMet(of_rules(decision)),
            (_, Some(outside)) => {
                let mut what: Vec<&RuleCondition> = Vec::new();
                let mut rules = Vec::new();
                for (rule, conditions) in outside {
                    rules.push(format!("rule `{}` ({})", rule.id, rule.citation));
                    what.extend(conditions);
                }
                let mut words: Vec<String> = what.into_iter().map(ToString::to_string).collect();
                words.sort();
                words.dedup();
                UseOutcome::Provided(words, rules)
            }
            _ => UseOutcome::Depends(of_rules(decision)),
        }
    }
}

/// The decision in words, without its first: the sentence has its own.
fn of_rules(decision: &AcceptanceDecision<'_>) -> String {
    let said = decision.to_string();
    let rules = said.split_once(": ").map(|(_, rules)| rules.to_owned());
    rules.unwrap_or(said)
}
