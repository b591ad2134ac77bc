//! The moment that is asked about, by what is known at another: and from when a dated act that takes something away counts.
//!
//! A date is the word of a clock, and a clock can be wrong. A revocation, a suspension, a withdrawal that is *held* was
//! written before now, whatever date it carries: asked about now, it counts. **No restriction's date is compared by itself
//! with a moment; [`QueryTime::effect_of`] is the one place.** Terms are another thing: who says "until 2029" plans.

use std::str::FromStr;

use jiff::civil::Date;

use crate::{AgencyId, LocalDay, Timestamp, time::BadTimestamp};

/// Longest that a moment asked about may lie ahead, in seconds: as far as two clocks may differ.
const SKEW: i64 = 300;

/// An act may arrive while its question is on the way, in seconds: nobody's clock is called wrong for that.
const ON_THE_WAY: i64 = 10;

/// A moment that is asked about, and the moment up to which is known what the answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryTime {
    at: Timestamp,
    knowing: Timestamp,
}

/// The effect of a dated act that takes something away, at the moment asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActEffect {
    /// It counts.
    Counts,
    /// It counts, though its date lies ahead of all that is known: the clock that dated it was wrong.
    DatedAhead,
    /// It came later.
    Later,
    /// It is held, its date lies ahead of all that is known, and the question is about the past: it came before what is
    /// known ends, and nobody can say whether before the moment asked about.
    Unclear,
}

impl ActEffect {
    /// Returns true if the act takes away, as all do but one that surely came later.
    #[must_use]
    pub const fn takes_away(self) -> bool {
        !matches!(self, Self::Later)
    }
}

impl QueryTime {
    /// A question about `at`, by what is known at `knowing`.
    #[must_use]
    pub const fn new(at: Timestamp, knowing: Timestamp) -> Self {
        Self { at, knowing }
    }

    /// A question about now.
    #[must_use]
    pub const fn now(now: Timestamp) -> Self {
        Self::new(now, now)
    }

    /// The moment asked about.
    #[must_use]
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// The moment up to which is known what the answer rests on.
    #[must_use]
    pub const fn knowing(self) -> Timestamp {
        self.knowing
    }

    /// Returns true if the question is about the present: all that is known lies before the moment asked about.
    #[must_use]
    pub fn is_now(self) -> bool {
        self.knowing <= self.at
    }

    /// The effect of an act with this date that takes something away, and that is held.
    #[must_use]
    pub fn effect_of(self, act: Timestamp) -> ActEffect {
        match () {
            () if self.is_now() && self.knowing.plus_seconds(ON_THE_WAY) < act => ActEffect::DatedAhead,
            () if self.is_now() || act <= self.at => ActEffect::Counts,
            () if self.knowing < act => ActEffect::Unclear,
            () => ActEffect::Later,
        }
    }

    /// The moment from which such an act counts: its date, and no later than what is known ends.
    #[must_use]
    pub fn counted_from(self, act: Timestamp) -> Timestamp {
        act.min(self.knowing)
    }
}

/// A date as people ask about one: a whole day, or an exact moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryDate {
    /// `2026-08-15`: the whole day, as the agency asked has it in its own time zone.
    Day(Date),
    /// `2026-08-15T14:02:11Z`: that moment.
    Moment(Timestamp),
}

/// The reason that a date cannot be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQueryDate {
    /// It is none.
    #[error(transparent)]
    NoDate(#[from] BadTimestamp),
    /// It lies outside of what a badge can be dated.
    #[error("`{0}` is before the year 2000 or after the year 9999: ask about a day between")]
    OutOfRange(QueryDate),
    /// It lies ahead.
    #[error("`{0}` has not come yet, and what will be known by then is not known now: ask about a day up to today")]
    NotCome(QueryDate),
}

impl QueryDate {
    /// The moment that is meant by this agency's calendar: of a day that is over, its last millisecond; of today, now.
    ///
    /// # Errors
    /// [`BadQueryDate`], if the day or moment has not come, or lies before the year 2000.
    pub fn moment(self, agency: &AgencyId, now: Timestamp) -> Result<Timestamp, BadQueryDate> {
        let (first, last) = match self {
            Self::Moment(at) => (at, at.min(now)),
            Self::Day(date) => {
                let day = LocalDay::new(date, agency).ok_or(BadQueryDate::OutOfRange(self))?;
                (day.first(), day.last().min(now))
            }
        };
        let ahead = match self {
            // The asker's clock may be a little ahead.
            Self::Moment(_) => now.plus_seconds(SKEW),
            Self::Day(_) => now,
        };
        match () {
            () if !last.is_plausible() => Err(BadQueryDate::OutOfRange(self)),
            () if ahead < first => Err(BadQueryDate::NotCome(self)),
            () => Ok(last),
        }
    }
}

impl std::fmt::Display for QueryDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(date) => write!(f, "{date}"),
            Self::Moment(at) => write!(f, "{at}"),
        }
    }
}

impl FromStr for QueryDate {
    type Err = BadTimestamp;

    /// Reads a day (`2026-08-15`), or RFC 3339. A time without a zone is neither.
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Moment(Timestamp(at.as_millisecond())));
        }
        let day = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        day.map(Self::Day)
            .ok_or_else(|| BadTimestamp(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Whatever date a held act carries: asked about now it takes away, and it never does less as dates come nearer.
    #[test]
    #[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
    fn a_held_act_counts_now_whatever_its_date() {
        let seed = std::env::var("COMITY_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or_else(rand::random);
        println!("COMITY_TEST_SEED={seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        for _ in 0..20_000 {
            let mut moment = || match chance.random_range(0..4) {
                0 => Timestamp([i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX][chance.random_range(0..7)]),
                1 => Timestamp(chance.random()),
                _ => Timestamp(chance.random_range(1_700_000_000_000..1_900_000_000_000)),
            };
            let (act, at, knowing) = (moment(), moment(), moment());
            assert!(
                QueryTime::now(at).effect_of(act).takes_away(),
                "{act:?} asked at {at:?}"
            );
            let asked = QueryTime::new(at, knowing);
            let effect = asked.effect_of(act);
            // It came later only if it surely did: after the moment asked about, and before what is known ends.
            assert_eq!(
                effect == ActEffect::Later,
                at < act && act <= knowing,
                "{act:?} {asked:?}"
            );
            assert!(effect.takes_away() || asked.counted_from(act) > at, "{act:?} {asked:?}");
        }
    }

    #[test]
    fn an_act_dated_ahead_is_called_that() {
        let (now, ahead) = (t("2026-11-23T14:00:00Z"), t("2026-11-25T14:00:00Z"));
        assert_eq!(QueryTime::now(now).effect_of(ahead), ActEffect::DatedAhead);
        assert_eq!(QueryTime::now(now).effect_of(now), ActEffect::Counts);
        assert_eq!(QueryTime::now(now).effect_of(now.plus_seconds(1)), ActEffect::Counts);
        let yesterday = QueryTime::new(t("2026-11-22T14:00:00Z"), now);
        assert_eq!(yesterday.effect_of(ahead), ActEffect::Unclear);
        assert_eq!(yesterday.effect_of(now), ActEffect::Later);
    }

    #[test]
    fn a_day_is_the_agencys_own_up_to_its_end() {
        let [tn, hi, nobody] = ["US-TN", "US-HI", "XX-1"].map(|id| id.parse::<AgencyId>().unwrap());
        let now = t("2026-11-29T15:00:00Z");
        let day = |text: &str, agency: &AgencyId| text.parse::<QueryDate>().unwrap().moment(agency, now);
        assert_eq!(day("2026-08-15", &tn).unwrap().to_string(), "2026-08-16T04:59:59.999Z");
        assert_eq!(day("2026-08-15", &hi).unwrap().to_string(), "2026-08-16T09:59:59.999Z");
        assert_eq!(
            day("2026-08-15", &nobody).unwrap().to_string(),
            "2026-08-15T23:59:59.999Z"
        );
        assert_eq!(day("2026-11-29", &tn).unwrap(), now, "today is now");
        assert!(matches!(day("2026-11-30", &tn), Err(BadQueryDate::NotCome(_))));
        // Five in the morning in UTC is still yesterday in Honolulu, where that day is today.
        let early = t("2026-11-29T05:00:00Z");
        let asked: QueryDate = "2026-11-29".parse().unwrap();
        assert!(matches!(asked.moment(&hi, early), Err(BadQueryDate::NotCome(_))));
        assert_eq!(asked.moment(&nobody, early), Ok(early));
        for text in ["1970-01-01", "1999-12-31T23:59:59Z", "-000001-01-01"] {
            let refused = text.parse::<QueryDate>().map(|asked| asked.moment(&tn, now));
            assert!(!matches!(refused, Ok(Ok(_))), "{text}");
        }
        assert_eq!(day("2026-08-15T00:00:00Z", &tn).unwrap(), t("2026-08-15T00:00:00Z"));
        assert!(matches!(
            day("2026-11-29T16:00:00Z", &tn),
            Err(BadQueryDate::NotCome(_))
        ));
        assert_eq!(day("2026-11-29T15:04:00Z", &tn), Ok(now), "a clock a little ahead");
        for text in [
            "2026-08-15T10:00",
            "2026-08-15 ",
            "20260815",
            "15.8.2026",
            "",
            "2026-02-29",
        ] {
            assert!(text.parse::<QueryDate>().is_err(), "{text}");
        }
    }
}
