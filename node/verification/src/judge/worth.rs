//! The worth of the badge at the asked agency. **Never changes the verdict**; whether its rules accept the badge at all is
//! decided with recognition.

use policy::{BadgeFacts, Policy, Tally};
use registry_schema::{CheckOutcome, Phrase, Purpose, verdict::CredentialWorth, worth::WorthRule};

use super::{
    FindingDetail, JudgeContext, JudgedFinding, NamedRule, finding, phrases::uses, recognition::RecognitionOutcome,
};
use crate::{Freshness, codes::Code, facts, home};

/// The result of holding a badge against a policy: what is known of it, and what it counts for, use by use.
pub(super) struct BadgeTallies<'a> {
    pub(super) facts: BadgeFacts,
    pub(super) of: Vec<(Purpose, Tally<'a>)>,
}

impl<'a> JudgeContext<'a> {
    /// Holds the badge against the asked agency's policy, for the use that is asked about or else for all these; worked out
    /// once, for acceptance and for worth.
    pub(super) fn judged(&self, policy: &'a Policy, recognized_for: &[Purpose]) -> &BadgeTallies<'a> {
        self.tallies.get_or_init(|| {
            let facts = self.facts(recognized_for);
            let asked = match self.question.purpose {
                Some(purpose) => vec![purpose],
                None => recognized_for.to_vec(),
            };
            let tally = |purpose| {
                (
                    purpose,
                    policy.tally(std::slice::from_ref(&facts), purpose, self.question.at),
                )
            };
            let of = asked.into_iter().map(tally).collect();
            BadgeTallies { facts, of }
        })
    }

    /// The findings on worth, one for each use, and the amounts that count for certain.
    pub(super) fn worth(&self, recognition: &RecognitionOutcome) -> (Vec<JudgedFinding>, Vec<CredentialWorth>) {
        let agency = &self.question.agency;
        let name = self.name(agency);
        let Some(policy) = self.evidence.policy.as_deref() else {
            let said = FindingDetail::NoRateForBadge { agency: name };
            return (vec![finding(Code::WorthNoPublishedRate, said)], Vec::new());
        };
        let list = self
            .evidence
            .trust_lists
            .get(agency)
            .copied()
            .unwrap_or(Freshness::Never);
        let with_age = |found: JudgedFinding| JudgedFinding {
            as_of: list.as_of(),
            agency: Some(agency.clone()),
            ..found
        };
        if !self.is_fresh(list) {
            let said = FindingDetail::PolicyTooOld { agency: name };
            let mut stale = with_age(finding(Code::WorthStale, said));
            stale.agency = stale.agency.filter(|_| self.is_silent(list));
            return (vec![stale], Vec::new());
        }
        match recognition.before_rules {
            CheckOutcome::Passed => {}
            // What could not be told of the issuer cannot be told of what its badges count for.
            CheckOutcome::CouldNotCheck => {
                let why = &recognition.finding;
                let said = FindingDetail::WorthInDoubt {
                    agency: name,
                    why: why.detail.clone(),
                };
                let mut in_doubt = finding(Code::WorthRecognitionInDoubt, said);
                if why.code == Code::RecognitionStale {
                    (in_doubt.as_of, in_doubt.agency) = (why.as_of, why.agency.clone());
                }
                return (vec![in_doubt], Vec::new());
            }
            CheckOutcome::Failed | CheckOutcome::NotApplicable => {
                let said = FindingDetail::NothingCounts { agency: name };
                return (vec![with_age(finding(Code::WorthNotChecked, said))], Vec::new());
            }
        }
        let (mut findings, mut worth) = (Vec::new(), Vec::new());
        let mut without_rate: Vec<Purpose> = Vec::new();
        for (purpose, tally) in &self.judged(policy, &recognition.purposes).of {
            worth.extend(self.amounts(tally));
            match said(tally) {
                Some((code, said)) => findings.push(with_age(finding(code, said))),
                None => without_rate.push(*purpose),
            }
        }
        if !without_rate.is_empty() || findings.is_empty() {
            let said = FindingDetail::NoRateFor {
                agency: name,
                purposes: uses(&without_rate),
            };
            findings.push(with_age(finding(Code::WorthNoPublishedRate, said)));
        }
        (findings, worth)
    }

    fn amounts(&self, tally: &Tally<'_>) -> Vec<CredentialWorth> {
        let credits = tally.sums.iter().flat_map(|sum| &sum.credits);
        let amounts = credits.map(|credit| CredentialWorth {
            agency: self.question.agency.clone(),
            purpose: tally.purpose,
            unit: credit.rule.unit.clone(),
            amount: credit.amount.to_string(),
            rule: format!("{} ({})", credit.rule.says.trim_end_matches('.'), credit.rule.id),
            citation: credit.rule.citation.clone(),
        });
        amounts.collect()
    }

    /// The facts of this badge: what it states, and what the lists say of its issuer. Its license and approvals are in
    /// neither, and so are not known.
    pub(super) fn facts(&self, recognized_for: &[Purpose]) -> BadgeFacts {
        let badge = self.badge;
        let issuer = home::entry(self.evidence, &self.homes, &badge.issuer_id);
        let stated = facts::stated(&badge.document);
        BadgeFacts {
            id: badge.id.clone().unwrap_or_default(),
            issuer: badge.issuer_id.clone(),
            recognized_for: Some(recognized_for.to_vec()),
            issuer_agency: issuer.map(|issuer| issuer.agency.clone()),
            provider: issuer.and_then(|issuer| issuer.provider),
            achievement: badge.achievement_id.clone(),
            alignments: facts::alignments(&badge.document).map(|_| self.alignments().to_vec()),
            unplaced: self.evidence.unplaced.clone(),
            clock_hours: stated.clock_hours,
            ceus: stated.ceus,
            mastery: stated.mastery,
            assessed_blind: stated.assessed_blind,
            // Who recognizes an achievement by name, or in a stack, has approved it; who recognizes all, has not said.
            achievement_approved: self.names_the_achievement().then_some(true),
            earned: badge.valid_from,
            // A badge that was read is the provider's signed certificate.
            shown: [("digital certificate".to_owned(), true)].into(),
            ..BadgeFacts::default()
        }
    }
}

/// The outcome of a tally of one badge; none, if there is no published rate.
fn said(tally: &Tally<'_>) -> Option<(Code, FindingDetail)> {
    let badge = tally.badges.first()?;
    let purpose = tally.purpose;
    if badge.decision.verdict == registry_schema::VerdictKind::NotRecognized {
        let decision = Phrase::Verbatim(badge.decision.to_string());
        return Some((Code::WorthRuleNotMet, FindingDetail::WorthRefused { purpose, decision }));
    }
    let in_doubt = tally.sums.iter().any(|sum| !sum.because.is_empty())
        || tally.sets.iter().any(|set| set.in_doubt > 0)
        || tally.meets.iter().any(|met| !met.is_certain);
    let mut rules: Vec<Phrase> = badge.values.iter().map(|value| named(value.rule)).collect();
    rules.dedup();
    let counts = tally
        .sums
        .iter()
        .any(|sum| sum.counted > registry_schema::Decimal::ZERO)
        || tally.sets.iter().any(|set| set.have > 0)
        || tally.meets.iter().any(|met| met.is_certain);
    let code = match (in_doubt, counts) {
        (true, _) => Code::WorthDepends,
        (false, true) => Code::WorthRate,
        (false, false) if tally.sums.is_empty() && tally.sets.is_empty() => return None,
        (false, false) => Code::WorthRuleNotMet,
    };
    let worth = Phrase::Verbatim(tally.worth_in_words());
    Some((code, FindingDetail::WorthFor { purpose, worth, rules }))
}

/// A rule, so that a person at a desk can look it up.
fn named(rule: &WorthRule) -> Phrase {
    NamedRule::Worth {
        id: rule.id.clone(),
        citation: rule.citation.clone(),
    }
    .into()
}
