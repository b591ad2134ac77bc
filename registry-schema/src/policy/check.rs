//! The limits of a policy's entries, the same for a file and for what peers send.

use super::PolicyEntry;
use crate::{
    Decimal, Timestamp,
    acceptance::{RuleCondition, RuleScope},
    worth::{WorthFormula, WorthRule},
};

/// The fault in an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PolicyEntryFault {
    /// The field that it is in.
    pub field: &'static str,
    /// The fault and what to do: lower case, no full stop.
    pub what: String,
}

type EntryCheck = Result<(), PolicyEntryFault>;

fn fault(field: &'static str, what: impl Into<String>) -> EntryCheck {
    Err(PolicyEntryFault {
        field,
        what: what.into(),
    })
}

/// Returns true if it can be an id: 1 to 64 lower-case letters, digits and hyphens.
#[must_use]
pub fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn id(text: &str) -> EntryCheck {
    if is_id(text) {
        return Ok(());
    }
    let shown: String = text.chars().take(80).collect();
    fault(
        "id",
        format!("`{shown}` is no id: write 1 to 64 lower-case letters, digits and hyphens"),
    )
}

fn text(field: &'static str, text: &str, most: usize) -> EntryCheck {
    let count = text.trim().chars().count();
    if (1..=most).contains(&count) {
        return Ok(());
    }
    fault(field, format!("`{field}` has {count} characters: write 1 to {most}"))
}

fn list(field: &'static str, texts: &[String], most: usize) -> EntryCheck {
    if texts.len() > most {
        return fault(
            field,
            format!("`{field}` has {} items: write at most {most}", texts.len()),
        );
    }
    texts.iter().try_for_each(|item| text(field, item, 500))
}

fn amount(field: &'static str, amount: Decimal) -> EntryCheck {
    if amount.is_plain() {
        return Ok(());
    }
    fault(
        field,
        format!("`{amount}` is no amount: write a number from 0 to 100000 with at most two digits after the point"),
    )
}

fn number(field: &'static str, number: u32, most: u32) -> EntryCheck {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    fault(
        field,
        format!("`{field}` is `{number}`: write a whole number from 1 to {most}"),
    )
}

fn term(from: Option<Timestamp>, until: Option<Timestamp>) -> EntryCheck {
    match (from, until) {
        (Some(from), Some(until)) if until < from => fault(
            "until",
            format!("`until` is `{until}`, before `from`, which is `{from}`: a rule ends after it begins"),
        ),
        _ => Ok(()),
    }
}

fn applies_to(it: &RuleScope) -> EntryCheck {
    for texts in [&it.issuers, &it.achievements, &it.aligned_to] {
        list("applies_to", texts, 200)?;
    }
    if it.collections.len() > 20 {
        return fault(
            "applies_to",
            "`collections` has more than 20 items: make one collection of them",
        );
    }
    it.collections.iter().try_for_each(|collection| id(collection))
}

fn conditions(field: &'static str, conditions: &[RuleCondition]) -> EntryCheck {
    if conditions.len() > 16 {
        return fault(
            field,
            format!("`{field}` has {} conditions: write at most 16", conditions.len()),
        );
    }
    conditions.iter().try_for_each(|condition| match condition {
        RuleCondition::AtLeastHours(hours) => amount(field, *hours),
        RuleCondition::AtLeastMastery(percent) if *percent > Decimal::whole(100) => fault(
            field,
            format!("`at_least_mastery` is `{percent}`: write a percentage from 0 to 100"),
        ),
        RuleCondition::AtLeastMastery(percent) => amount(field, *percent),
        RuleCondition::EarnedWithinYears(years) => number("earned_within_years", *years, 100),
        RuleCondition::EvidenceWithinDays(days) => number("evidence_within_days", *days, 36_500),
        RuleCondition::CriterionMet(criterion) => id(criterion),
        RuleCondition::ProviderIs(kinds) | RuleCondition::ProviderIsNot(kinds) if kinds.is_empty() => fault(
            field,
            "a condition on the provider names no kind of provider: name one, or leave the condition out",
        ),
        RuleCondition::IssuerOf(agencies) if agencies.is_empty() || agencies.len() > 100 => {
            fault(field, "`issuer_of` names 1 to 100 agencies")
        }
        RuleCondition::ApprovedBy(who)
        | RuleCondition::PriorApprovalBy(who)
        | RuleCondition::Shown(who)
        | RuleCondition::RecordedIn(who) => text(field, who, 100),
        _ => Ok(()),
    })
}

fn purposes(given: &[crate::Purpose]) -> EntryCheck {
    let mut sorted = given.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if given.is_empty() || sorted.len() != given.len() {
        return fault("purposes", "`purposes` names at least one purpose, and each once");
    }
    Ok(())
}

fn head(entry_id: &str, says: &str, citation: &str) -> EntryCheck {
    id(entry_id)?;
    text("says", says, 1_000)?;
    text("citation", citation, 500)
}

fn counts(rule: &WorthRule) -> EntryCheck {
    match &rule.counts {
        WorthFormula::NoPublishedRate => Ok(()),
        WorthFormula::Meets(what) => text("counts", what, 500),
        WorthFormula::Per(rates) => {
            if rates.given().next().is_none() {
                return fault(
                    "counts",
                    "`per` gives no rate: write one, or `counts = \"no_published_rate\"`",
                );
            }
            rates.given().try_for_each(|(rate, _)| amount("counts", rate))
        }
        WorthFormula::SetOf(sets) => {
            if sets.is_empty() || sets.len() > 8 {
                return fault("counts", "`set_of` names 1 to 8 sets");
            }
            sets.iter().try_for_each(|set| {
                number("count", set.count, 1_000)?;
                text("achieves", &set.achieves, 500)?;
                list("also", &set.also, 16)?;
                set.within_years
                    .map_or(Ok(()), |years| number("within_years", years, 100))?;
                let parts: u32 = set.parts.iter().fold(0, |sum, part| sum.saturating_add(part.count));
                if set.parts.len() > 16 || parts > set.count {
                    let count = set.count;
                    return fault(
                        "counts",
                        format!(
                            "the parts of a set of {count} need {parts}: write at most {count}, in at most 16 parts"
                        ),
                    );
                }
                set.parts
                    .iter()
                    .try_for_each(|part| text("category", &part.category, 100))
            })
        }
    }
}

impl PolicyEntry {
    /// Checks that it keeps within its limits.
    ///
    /// # Errors
    /// The first [`PolicyEntryFault`].
    pub fn check(&self) -> Result<(), PolicyEntryFault> {
        match self {
            Self::About(about) => {
                text("title", &about.title, 200)?;
                text("explanation", &about.explanation, 4_000)?;
                about
                    .adopted_from
                    .as_ref()
                    .map_or(Ok(()), |from| text("adopted_from", from, 200))
            }
            Self::Acceptance(rule) => {
                head(&rule.id, &rule.says, &rule.citation)?;
                purposes(&rule.purposes)?;
                term(rule.from, rule.until)?;
                applies_to(&rule.applies_to)?;
                conditions("requires", &rule.requires)?;
                if rule.one_of.len() > 8 || rule.one_of.iter().any(Vec::is_empty) {
                    return fault("one_of", "`one_of` names at most 8 alternatives, each with a condition");
                }
                rule.one_of.iter().try_for_each(|all| conditions("one_of", all))?;
                if rule.requires.is_empty() && rule.one_of.is_empty() {
                    return fault(
                        "requires",
                        "the rule demands nothing: write `requires`, or leave the rule out",
                    );
                }
                Ok(())
            }
            Self::Worth(rule) => {
                head(&rule.id, &rule.says, &rule.citation)?;
                purposes(&rule.purposes)?;
                term(rule.from, rule.until)?;
                applies_to(&rule.applies_to)?;
                text("unit", &rule.unit, 40)?;
                conditions("requires", &rule.requires)?;
                if rule.limits.len() > 8 || rule.limits.iter().any(|l| l.amount.is_none() && l.badges.is_none()) {
                    return fault(
                        "limits",
                        "`limits` names at most 8 limits, each with an `amount` or a number of `badges`",
                    );
                }
                rule.limits
                    .iter()
                    .filter_map(|l| l.amount)
                    .try_for_each(|most| amount("limits", most))?;
                rule.approver
                    .as_ref()
                    .map_or(Ok(()), |who| text("approver", who, 200))?;
                rule.derived.as_ref().map_or(Ok(()), |how| text("derived", how, 500))?;
                counts(rule)
            }
            Self::Requirement(it) => {
                head(&it.id, &it.says, &it.citation)?;
                term(it.from, it.until)?;
                text("unit", &it.unit, 40)?;
                amount("amount", it.amount)?;
                it.whom.as_ref().map_or(Ok(()), |whom| text("whom", whom, 200))?;
                if it.parts.len() > 16 {
                    return fault("parts", "`parts` has more than 16 items");
                }
                it.parts.iter().try_for_each(|part| {
                    text("category", &part.category, 100)?;
                    amount("at_least", part.at_least)
                })
            }
            Self::Criterion(it) => {
                id(&it.id)?;
                text("demands", &it.demands, 1_000)?;
                text("citation", &it.citation, 500)?;
                list("met_by", &it.met_by, 200)
            }
            Self::Collection(it) => {
                id(&it.id)?;
                text("says", &it.says, 1_000)?;
                list("issuers", &it.issuers, 200)?;
                list("achievements", &it.achievements, 200)
            }
        }
    }
}
