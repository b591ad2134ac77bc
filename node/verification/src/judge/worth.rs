//! What the badge counts for at the asked agency. **Never changes the verdict**; whether its rules accept the badge at all
//! is decided with recognition.

use policy::{Facts, Tally};
use registry_schema::{Finding, Outcome, Purpose, verdict::Worth, worth::WorthRule};
use serde_json::Value;

use super::{Case, finding};
use crate::{Freshness, codes::Code};

impl Case<'_> {
    /// The findings on worth, one for each use, and the amounts that count for certain.
    pub(super) fn worth(&self, recognized_for: &[Purpose], recognition: Outcome) -> (Vec<Finding>, Vec<Worth>) {
        let agency = &self.question.agency;
        let name = self.name(agency);
        let Some(policy) = self.evidence.policy.as_deref() else {
            let said = format!("{name} has published no rate for this badge");
            return (vec![finding(Code::WorthNoPublishedRate, said)], Vec::new());
        };
        let list = self
            .evidence
            .trust_lists
            .get(agency)
            .copied()
            .unwrap_or(Freshness::Never);
        let with_age = |mut found: Finding| {
            found.as_of = list.as_of();
            found
        };
        if !list.is_fresh(self.question.knowing()) {
            let said = format!("the policy of {name} was not heard recently enough");
            return (vec![with_age(finding(Code::WorthStale, said))], Vec::new());
        }
        if recognition != Outcome::Passed {
            let said = format!("nothing counts in {name} while the issuer is not recognized there for this use");
            return (vec![with_age(finding(Code::WorthNotChecked, said))], Vec::new());
        }
        let asked: Vec<Purpose> = match self.question.purpose {
            Some(purpose) => vec![purpose],
            None => recognized_for.to_vec(),
        };
        let facts = [self.facts(recognized_for)];
        let (mut findings, mut worth) = (Vec::new(), Vec::new());
        let mut without_rate: Vec<Purpose> = Vec::new();
        for purpose in asked {
            let tally = policy.tally(&facts, purpose, self.question.at);
            worth.extend(self.amounts(&tally));
            match said(&tally) {
                Some((code, said)) => findings.push(with_age(finding(code, said))),
                None => without_rate.push(purpose),
            }
        }
        if !without_rate.is_empty() || findings.is_empty() {
            let uses = super::recognition::words(&without_rate);
            let said = format!("{name} has published no rate for {uses}");
            findings.push(with_age(finding(Code::WorthNoPublishedRate, said)));
        }
        (findings, worth)
    }

    fn amounts(&self, tally: &Tally<'_>) -> Vec<Worth> {
        let credits = tally.sums.iter().flat_map(|sum| &sum.credits);
        let amounts = credits.map(|credit| Worth {
            agency: self.question.agency.clone(),
            purpose: tally.purpose,
            unit: credit.rule.unit.clone(),
            amount: credit.amount.to_string(),
            rule: format!("{} ({})", credit.rule.says.trim_end_matches('.'), credit.rule.id),
            citation: credit.rule.citation.clone(),
        });
        amounts.collect()
    }

    /// What is known of this badge. Its license, approvals and hours are not in a badge, and so are not known.
    pub(super) fn facts(&self, recognized_for: &[Purpose]) -> Facts {
        let badge = self.badge;
        let mut listed = self
            .evidence
            .issuers
            .iter()
            .chain(self.evidence.recognitions.iter().map(|r| &r.recognition.issuer));
        Facts {
            id: badge.id.clone().unwrap_or_default(),
            issuer: badge.issuer_id.clone(),
            recognized_for: Some(recognized_for.to_vec()),
            issuer_agency: listed
                .find(|issuer| issuer.id == badge.issuer_id)
                .map(|issuer| issuer.agency.clone()),
            achievement: badge.achievement_id.clone(),
            alignments: alignments(&badge.document),
            // Who recognizes an achievement by name, or in a stack, has approved it; who recognizes all, has not said.
            achievement_approved: self.names_the_achievement().then_some(true),
            earned: badge.valid_from,
            // A badge that was read is the provider's signed certificate.
            shown: [("digital certificate".to_owned(), true)].into(),
            ..Facts::default()
        }
    }
}

/// What came of a tally of one badge; none, if there is no published rate.
fn said(tally: &Tally<'_>) -> Option<(Code, String)> {
    let badge = tally.badges.first()?;
    let purpose = tally.purpose.in_words();
    let worth = tally.worth_in_words();
    if badge.decision.verdict == registry_schema::VerdictKind::NotRecognized {
        return Some((Code::WorthRuleNotMet, format!("for {purpose}: {}", badge.decision)));
    }
    let in_doubt = tally.sums.iter().any(|sum| !sum.because.is_empty())
        || tally.sets.iter().any(|set| set.in_doubt > 0)
        || tally.meets.iter().any(|met| !met.is_certain);
    let mut rules: Vec<String> = badge.values.iter().map(|value| named(value.rule)).collect();
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
    Some((code, format!("for {purpose}: {worth}, by {}", rules.join(" and "))))
}

/// `rule tn-pdp (State Board rule 5.502)`: a person at a desk can look it up.
fn named(rule: &WorthRule) -> String {
    format!("rule {} ({})", rule.id, rule.citation)
}

/// The items of frameworks that the badge says it is aligned to (Open Badges 3.0, `Achievement.alignment`).
pub(super) fn alignments(document: &Value) -> Option<Vec<String>> {
    let subject = document
        .get("credentialSubject")
        .or_else(|| document.get("vc")?.get("credentialSubject"))?;
    let listed = subject.get("achievement")?.get("alignment")?;
    let items: Vec<&Value> = listed
        .as_array()
        .map_or_else(|| vec![listed], |items| items.iter().collect());
    let ids = items
        .into_iter()
        .flat_map(|item| ["targetUrl", "targetCode"].map(|field| item.get(field)));
    Some(ids.flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}
