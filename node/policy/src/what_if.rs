//! The consequences of a change of policy, before it is made.

use std::{collections::BTreeMap, fmt};

use registry_schema::{Purpose, Timestamp, VerdictKind};

use crate::{Facts, Policy};

/// What a change of policy does to a set of badges. Counted per issuer; **no person and no badge is named**.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequences {
    /// The number of badges that were asked about: the base of all counts.
    pub badges: usize,
    /// What changes.
    pub changes: Vec<Consequence>,
}

/// How many badges of one issuer change in the same way, for one use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consequence {
    /// The issuer's id.
    pub issuer: String,
    /// For which use.
    pub purpose: Purpose,
    /// The verdict and worth before.
    pub was: (VerdictKind, String),
    /// The verdict and worth after.
    pub is: (VerdictKind, String),
    /// Of how many badges.
    pub count: usize,
}

/// Which verdicts and worths change, badge by badge, if `new` takes the place of `old`.
#[must_use]
pub fn what_if(old: &Policy, new: &Policy, badges: &[Facts], purposes: &[Purpose], at: Timestamp) -> Consequences {
    what_if_weighed(old, new, badges.iter().map(|facts| (facts, 1)), purposes, at)
}

/// The same, where each badge stands for so many.
#[must_use]
pub fn what_if_weighed<'f>(
    old: &Policy,
    new: &Policy,
    badges: impl IntoIterator<Item = (&'f Facts, usize)>,
    purposes: &[Purpose],
    at: Timestamp,
) -> Consequences {
    type Answer = (VerdictKind, String);
    let mut counts: BTreeMap<(&str, Purpose, Answer, Answer), usize> = BTreeMap::new();
    let mut all = 0;
    for (facts, weight) in badges {
        all += weight;
        for purpose in purposes {
            let answer = |policy: &Policy| {
                let tally = policy.tally(std::slice::from_ref(facts), *purpose, at);
                (tally.verdict(), tally.worth_in_words())
            };
            let (was, is) = (answer(old), answer(new));
            if was != is {
                *counts.entry((facts.issuer.as_str(), *purpose, was, is)).or_default() += weight;
            }
        }
    }
    let changes = counts
        .into_iter()
        .map(|((issuer, purpose, was, is), count)| Consequence {
            issuer: issuer.to_owned(),
            purpose,
            was,
            is,
            count,
        });
    Consequences {
        badges: all,
        changes: changes.collect(),
    }
}

impl Consequence {
    /// In words, counted in `one` or `many`: `badge of`, `badges of`.
    #[must_use]
    pub fn counted_in(&self, one: &str, many: &str) -> String {
        let of = if self.count == 1 { one } else { many };
        let answer = |(verdict, worth): &(VerdictKind, String)| match verdict {
            VerdictKind::Accepted => format!("accepted, {worth}"),
            other => other.as_str().replace('_', " "),
        };
        format!(
            "{} {of} `{}` for {}: from {} to {}",
            self.count,
            self.issuer,
            self.purpose.in_words(),
            answer(&self.was),
            answer(&self.is)
        )
    }
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counted_in("badge of", "badges of"))
    }
}
