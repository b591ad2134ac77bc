//! The progress of a teacher with sets of micro-credentials.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::{
    Timestamp,
    worth::{CredentialSet, WorthFormula, WorthRule},
};

use super::{SetProgress, TallyBadge};
use crate::{
    BadgeFacts,
    value::{WorthAmount, WorthEligibility},
};

/// One badge that counts towards a set, or may.
struct SetMember<'a> {
    achievement: Option<&'a str>,
    category: Option<&'a str>,
    earned: Option<Timestamp>,
    is_certain: bool,
}

pub(super) fn progress<'p>(judged: &[(&BadgeFacts, TallyBadge<'p>)]) -> Vec<SetProgress<'p>> {
    let mut rules: BTreeMap<&str, (&'p WorthRule, Vec<SetMember<'_>>)> = BTreeMap::new();
    for (facts, badge) in judged {
        for value in badge
            .values
            .iter()
            .filter(|value| value.amount == WorthAmount::TowardsSet)
        {
            if matches!(value.standing, WorthEligibility::Excluded(_)) {
                continue;
            }
            let (_, pieces) = rules
                .entry(value.rule.id.as_str())
                .or_insert_with(|| (value.rule, Vec::new()));
            pieces.push(SetMember {
                achievement: facts.achievement.as_deref(),
                category: facts.category.as_deref(),
                earned: facts.earned,
                is_certain: value.standing == WorthEligibility::Counts && facts.achievement.is_some(),
            });
        }
    }
    let mut found = Vec::new();
    for (rule, pieces) in rules.into_values() {
        let WorthFormula::SetOf(sets) = &rule.counts else {
            continue;
        };
        for set in sets {
            let have = most(set, &pieces.iter().filter(|piece| piece.is_certain).collect::<Vec<_>>());
            let at_most = most(set, &pieces.iter().collect::<Vec<_>>());
            found.push(SetProgress {
                rule,
                set,
                have,
                in_doubt: at_most.saturating_sub(have),
            });
        }
    }
    found
}

/// The most different achievements that fall within the set's time.
fn most(set: &CredentialSet, pieces: &[&SetMember<'_>]) -> u32 {
    let Some(years) = set.within_years else {
        return filled(set, pieces);
    };
    let ends: BTreeSet<Timestamp> = pieces.iter().filter_map(|piece| piece.earned).collect();
    let within = ends.into_iter().map(|end| {
        let begin = end.years_earlier(years);
        let inside: Vec<&SetMember<'_>> = pieces
            .iter()
            .filter(|piece| piece.earned.is_some_and(|e| begin <= e && e <= end))
            .copied()
            .collect();
        filled(set, &inside)
    });
    within.max().unwrap_or(0)
}

/// Counts the places of the set that these fill: the parts first, the rest with whatever is left.
fn filled(set: &CredentialSet, pieces: &[&SetMember<'_>]) -> u32 {
    let different: BTreeMap<&str, Option<&str>> = pieces
        .iter()
        .filter_map(|piece| Some((piece.achievement?, piece.category)))
        .collect();
    let unnamed = pieces.iter().filter(|piece| piece.achievement.is_none()).count();
    let all = u32::try_from(different.len() + unnamed).unwrap_or(u32::MAX);
    let in_parts: u32 = set
        .parts
        .iter()
        .map(|part| {
            let have = different
                .values()
                .filter(|category| **category == Some(part.category.as_str()))
                .count();
            u32::try_from(have).unwrap_or(u32::MAX).min(part.count)
        })
        .sum();
    let free: u32 = set
        .parts
        .iter()
        .fold(set.count, |free, part| free.saturating_sub(part.count));
    in_parts + (all - in_parts).min(free)
}
