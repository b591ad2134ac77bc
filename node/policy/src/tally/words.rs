//! A tally in words.

use std::{collections::BTreeSet, fmt};

use registry_schema::{Decimal, VerdictKind};

use super::{SetProgress, Tally, TallySum};

impl Tally<'_> {
    /// Counts the badges that are accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.badges
            .iter()
            .filter(|badge| badge.decision.verdict == VerdictKind::Accepted)
            .count()
    }

    /// The verdict on all of them: the worst that is not "not recognized", unless none is recognized.
    #[must_use]
    pub fn verdict(&self) -> VerdictKind {
        let any = |wanted| self.badges.iter().any(|badge| badge.decision.verdict == wanted);
        if any(VerdictKind::CouldNotCheck) {
            VerdictKind::CouldNotCheck
        } else if any(VerdictKind::Accepted) {
            VerdictKind::Accepted
        } else {
            VerdictKind::NotRecognized
        }
    }

    /// Returns what they count for, in words: `30 of 60 PDP`.
    #[must_use]
    pub fn worth_in_words(&self) -> String {
        if self
            .badges
            .iter()
            .all(|badge| badge.decision.verdict == VerdictKind::NotRecognized)
        {
            return "nothing".to_owned();
        }
        let mut parts: Vec<String> = self.sums.iter().map(ToString::to_string).collect();
        parts.extend(self.nearest_sets().map(ToString::to_string));
        for met in &self.meets {
            parts.push(match met.is_certain {
                true => format!("meets {}", met.what),
                false => format!("may meet {}, {}", met.what, once(&met.because)),
            });
        }
        match parts.as_slice() {
            [] if !self.no_rate.is_empty() => "no published rate".to_owned(),
            [] if self.badges.iter().any(|badge| !badge.values.is_empty()) => "nothing".to_owned(),
            [] => "no published rate".to_owned(),
            parts => parts.join("; "),
        }
    }

    /// Of each rule's sets the one that is nearest to completion.
    fn nearest_sets(&self) -> impl Iterator<Item = &SetProgress<'_>> {
        let is_nearer = |a: &SetProgress<'_>, b: &SetProgress<'_>| {
            u64::from(a.have) * u64::from(b.set.count) > u64::from(b.have) * u64::from(a.set.count)
        };
        self.sets
            .iter()
            .enumerate()
            .filter(move |(place, one)| {
                let mut others = self
                    .sets
                    .iter()
                    .enumerate()
                    .filter(|(_, other)| other.rule.id == one.rule.id);
                !others.any(|(other_place, other)| {
                    is_nearer(other, one) || (other_place < *place && !is_nearer(one, other))
                })
            })
            .map(|(_, one)| one)
    }
}

impl TallySum<'_> {
    /// The part of it that is in a category.
    #[must_use]
    pub fn in_category(&self, category: &str) -> Decimal {
        let of = self
            .credits
            .iter()
            .filter(|credit| credit.category.as_deref() == Some(category));
        of.fold(Decimal::ZERO, |sum, credit| sum.plus(credit.amount))
    }
}

/// Words the reasons that it is not certain.
fn once(because: &BTreeSet<String>) -> String {
    let because: Vec<&str> = because.iter().map(String::as_str).collect();
    format!("once it is known {}", because.join(" and "))
}

impl fmt::Display for TallySum<'_> {
    /// `30 of 60 PDP`, with what might be added and what is lacking in a category.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed: BTreeSet<Decimal> = self.needs.iter().map(|need| need.amount).collect();
        let of: Vec<String> = needed.iter().map(ToString::to_string).collect();
        let of = if of.is_empty() {
            String::new()
        } else {
            format!(" of {}", of.join(" or "))
        };
        let last = needed.last().copied().unwrap_or(self.counted);
        write!(f, "{}{of} {}", self.counted, UnitLabel(last, self.unit))?;
        match (self.in_doubt, self.because.is_empty()) {
            (Decimal::ZERO, true) => Ok(()),
            (more, true) => write!(f, " (up to {more} more, once what is not known is)"),
            (Decimal::ZERO, false) => write!(f, " (more, {})", once(&self.because)),
            (more, false) => write!(f, " (up to {more} more, {})", once(&self.because)),
        }
    }
}

impl fmt::Display for SetProgress<'_> {
    /// `3 of 5 micro-credentials for the step to level 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} {}s for {}",
            self.have, self.set.count, self.rule.unit, self.set.achieves
        )?;
        if self.in_doubt > 0 {
            write!(f, " (up to {} more, once what is not known is)", self.in_doubt)?;
        }
        match self.set.also.as_slice() {
            [] => Ok(()),
            also => write!(f, "; also needed: {}", also.join(" and ")),
        }
    }
}

impl fmt::Display for Tally<'_> {
    /// `5 of 6 recognized for license renewal: 30 of 60 PDP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, all) = (self.accepted(), self.badges.len());
        write!(
            f,
            "{accepted} of {all} recognized for {}: {}",
            self.purpose.in_words(),
            self.worth_in_words()
        )?;
        match self.duplicates {
            0 => Ok(()),
            1 => f.write_str("; 1 duplicate does not count twice"),
            more => write!(f, "; {more} duplicates do not count twice"),
        }
    }
}

/// An amount with its unit, in words: `1 credit`, `2 credits`, `6 PDP`.
#[must_use]
pub fn in_units(amount: Decimal, unit: &str) -> String {
    format!("{amount} {}", UnitLabel(amount, unit))
}

/// `credit`, `credits`, `PDP`.
struct UnitLabel<'a>(Decimal, &'a str);

impl fmt::Display for UnitLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = self.1.ends_with(|c: char| c.is_lowercase());
        let s = if is_word && self.0 != Decimal::whole(1) {
            "s"
        } else {
            ""
        };
        write!(f, "{}{s}", self.1)
    }
}
