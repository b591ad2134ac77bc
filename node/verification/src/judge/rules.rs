//! The effect of the asked agency's acceptance rules on a badge whose issuer it recognizes.
//!
//! A rule that is not met takes the use away. A rule of which something about the badge, its issuer or its assessment is
//! not known leaves the use undecided: **never accepted by default**. What only whoever decides can know (a license, an
//! approval) does not: the use is accepted on that condition, and the sentence says so.

use policy::{AcceptanceDecision, BadgeFacts, Policy};
use registry_schema::{Phrase, Purpose, VerdictKind, acceptance::RuleCondition};

use super::{ConditionalUse, FindingDetail, JudgeContext, JudgedFinding, NamedRule, UseReason, finding, phrases::uses};
use crate::codes::Code;

/// The outcome of the rules.
pub(super) struct AcceptanceOutcome {
    pub(super) finding: JudgedFinding,
    /// For which uses it is accepted.
    pub(super) accepted: Vec<Purpose>,
    /// The conditions that have to hold for that besides.
    pub(super) provided: Vec<Phrase>,
}

impl AcceptanceOutcome {
    /// The outcome without any rule.
    pub(super) fn of(finding: JudgedFinding, purposes: &[Purpose]) -> Self {
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
    Provided(Vec<Phrase>, Vec<Phrase>),
    /// The facts that are not known.
    Depends(Phrase),
    /// The rules that are not met.
    NotMet(Phrase),
}

impl JudgeContext<'_> {
    /// Holds the badge against the rules, use by use. `recognized` is the finding that stands without them.
    pub(super) fn rules(&self, recognized: JudgedFinding, name: &str, purposes: &[Purpose]) -> AcceptanceOutcome {
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
        let why = |uses: Vec<(Purpose, Phrase)>| -> Vec<UseReason> {
            let each = uses.into_iter();
            each.map(|(purpose, why)| UseReason::For { purpose, why }).collect()
        };
        if !accepted.is_empty() {
            let mut detail = recognized.detail;
            let open: Vec<Purpose> = provided.iter().map(|(purpose, ..)| *purpose).collect();
            if !open.is_empty() {
                detail = detail.and(FindingDetail::OnConditionsFor { purposes: uses(&open) });
            }
            let rest: Vec<(Purpose, Phrase)> = depends.into_iter().chain(not_met).collect();
            if !rest.is_empty() {
                detail = detail.and(FindingDetail::NotFor { uses: why(rest) });
            }
            return AcceptanceOutcome::of(JudgedFinding { detail, ..recognized }, &accepted);
        }
        if let Some((_, what, _)) = provided.first().cloned() {
            // Of several uses with different conditions, the sentence names those that have the first one's.
            let alike = provided.iter().filter(|(_, conditions, _)| *conditions == what);
            let alike: Vec<Purpose> = alike.map(|(purpose, ..)| *purpose).collect();
            let each = provided
                .into_iter()
                .map(|(purpose, conditions, rules)| ConditionalUse::For {
                    purpose,
                    conditions,
                    rules,
                });
            let detail = recognized
                .detail
                .and(FindingDetail::ProvidedFor { uses: each.collect() });
            return AcceptanceOutcome {
                finding: finding(Code::RecognitionConditional, detail),
                accepted: alike,
                provided: what,
            };
        }
        let agency = name.to_owned();
        let finding = match depends.is_empty() {
            false => finding(
                Code::RecognitionRuleDepends,
                FindingDetail::WhetherAccepted {
                    agency,
                    uses: why(depends),
                },
            ),
            true => finding(
                Code::RecognitionRuleNotMet,
                FindingDetail::NotAcceptedByRule {
                    agency,
                    uses: why(not_met),
                },
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
                    rules.push(Phrase::from(NamedRule::Acceptance {
                        id: rule.id.clone(),
                        citation: rule.citation.clone(),
                    }));
                    what.extend(conditions);
                }
                let mut words: Vec<String> = what.into_iter().map(ToString::to_string).collect();
                words.sort();
                words.dedup();
                UseOutcome::Provided(words.into_iter().map(Phrase::Verbatim).collect(), rules)
            }
            _ => UseOutcome::Depends(of_rules(decision)),
        }
    }
}

/// The decision in words, without its first: the sentence has its own.
fn of_rules(decision: &AcceptanceDecision<'_>) -> Phrase {
    let said = decision.to_string();
    let rules = said.split_once(": ").map(|(_, rules)| rules.to_owned());
    Phrase::Verbatim(rules.unwrap_or(said))
}
