//! The consequences of a change, of a policy or of what is known of badges, before it is made.

use std::{collections::BTreeMap, fmt};

use registry_schema::{Purpose, Timestamp, VerdictKind};

use crate::{BadgeFacts, Policy};

/// The consequences of a change for a set of badges. Counted per issuer and achievement; **no person and no badge is named**.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyImpact {
    /// The number of badges that were asked about: the base of all counts.
    pub badges: usize,
    /// The changes.
    pub changes: Vec<VerdictChange>,
}

/// A verdict and a worth.
pub type VerdictAndWorth = (VerdictKind, String);

/// The number of badges for one achievement of one issuer that change in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerdictChange {
    /// The issuer's id.
    pub issuer: String,
    /// The achievement's id, if it is known.
    pub achievement: Option<String>,
    /// For which uses.
    pub purposes: Vec<Purpose>,
    /// The verdict and worth before.
    pub was: VerdictAndWorth,
    /// The verdict and worth after.
    pub is: VerdictAndWorth,
    /// Of how many badges.
    pub count: usize,
}

/// The facts known of a badge under a policy, before and after a change; and the number of badges that it stands for.
#[derive(Debug, Clone, Copy)]
pub struct BadgeTransition<'a> {
    /// Before.
    pub was: (&'a Policy, &'a BadgeFacts),
    /// After.
    pub is: (&'a Policy, &'a BadgeFacts),
    /// The number of badges.
    pub count: usize,
}

/// Finds the verdicts and worths that change, badge by badge, if `new` takes the place of `old`.
#[must_use]
pub fn what_if(old: &Policy, new: &Policy, badges: &[BadgeFacts], purposes: &[Purpose], at: Timestamp) -> PolicyImpact {
    let turns = badges.iter().map(|facts| BadgeTransition {
        was: (old, facts),
        is: (new, facts),
        count: 1,
    });
    what_changes(turns, purposes, at)
}

/// Finds the verdicts and worths that change, badge by badge.
#[must_use]
pub fn what_changes<'a>(
    turns: impl IntoIterator<Item = BadgeTransition<'a>>,
    purposes: &[Purpose],
    at: Timestamp,
) -> PolicyImpact {
    type VerdictChangeKey<'a> = (&'a str, Option<&'a str>, VerdictAndWorth, VerdictAndWorth);
    let mut counts: BTreeMap<(VerdictChangeKey<'a>, Purpose), usize> = BTreeMap::new();
    let mut badges = 0;
    for turn in turns {
        badges += turn.count;
        if std::ptr::eq(turn.was.0, turn.is.0) && turn.was.1 == turn.is.1 {
            continue;
        }
        for purpose in purposes {
            let answer = |(policy, facts): (&Policy, &BadgeFacts)| {
                let tally = policy.tally(std::slice::from_ref(facts), *purpose, at);
                (tally.verdict(), tally.worth_in_words())
            };
            let (was, is) = (answer(turn.was), answer(turn.is));
            if was != is {
                let facts = turn.is.1;
                let changed = (facts.issuer.as_str(), facts.achievement.as_deref(), was, is);
                *counts.entry((changed, *purpose)).or_default() += turn.count;
            }
        }
    }
    // Uses that change in the same way for as many badges are told together.
    let mut together: BTreeMap<(VerdictChangeKey<'a>, usize), Vec<Purpose>> = BTreeMap::new();
    for ((changed, purpose), count) in counts {
        together.entry((changed, count)).or_default().push(purpose);
    }
    let changes = together
        .into_iter()
        .map(|(((issuer, achievement, was, is), count), purposes)| VerdictChange {
            issuer: issuer.to_owned(),
            achievement: achievement.map(str::to_owned),
            purposes,
            was,
            is,
            count,
        });
    PolicyImpact {
        badges,
        changes: changes.collect(),
    }
}

impl VerdictChange {
    /// In words, counted in `one` or `many` (`badge of`, `badges of`), with the names that issuers and achievements go by.
    #[must_use]
    pub fn counted_in(&self, one: &str, many: &str, name: &dyn Fn(&str) -> String) -> String {
        let of = if self.count == 1 { one } else { many };
        let answer = |(verdict, worth): &VerdictAndWorth| match verdict {
            VerdictKind::Accepted => format!("accepted, {worth}"),
            other => other.as_str().replace('_', " "),
        };
        let achievement = self.achievement.as_deref();
        let achievement = achievement.map(|id| format!(", achievement {}", name(id)));
        let purposes: Vec<&str> = self.purposes.iter().map(|purpose| purpose.in_words()).collect();
        format!(
            "{} {of} {}{}, for {}: from {} to {}",
            self.count,
            name(&self.issuer),
            achievement.unwrap_or_default(),
            purposes.join(", "),
            answer(&self.was),
            answer(&self.is)
        )
    }
}

impl fmt::Display for VerdictChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counted_in("badge of", "badges of", &|id| format!("`{id}`")))
    }
}
