//! Moments, in milliseconds since 1970; written as RFC 3339 in UTC.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::WrittenTime;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Text form: RFC 3339 (`2026-11-23T14:02:11Z`), which is also the `dateTimeStamp` of VCDM 2.0, §4.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// The first and the last moment that a date in this field can mean. Others are told as what they are: a mistake, a clock
/// that went wrong, or somebody's joke.
const PLAUSIBLE: (i64, i64) = (946_684_800_000, 253_402_207_199_999);

/// The first and the last moment that can be written as RFC 3339: of 9999, two days are beyond what `jiff` counts.
const WRITABLE: (i64, i64) = (-62_167_219_200_000, 253_402_207_199_999);

/// The text is no RFC 3339 date and time, and no plain date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date and time: write 2026-11-23 or 2026-11-23T14:02:11Z")]
pub struct BadTimestamp(pub String);

impl Timestamp {
    /// This moment, `seconds` later (or earlier, if negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this moment.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1000
    }

    /// The same moment of the calendar, so many years earlier (28 February for 29 February); in UTC.
    #[must_use]
    pub fn years_earlier(self, years: u32) -> Self {
        use jiff::ToSpan as _;
        // Before any year that a calendar has.
        if years > 9_000 {
            return Self(i64::MIN);
        }
        let span = i64::from(years).years();
        let earlier = self.zoned().and_then(|z| z.checked_sub(span).ok());
        earlier.map_or(Self(i64::MIN), |z| Self(z.timestamp().as_millisecond()))
    }

    /// This moment without its milliseconds, as credentials and lists write it.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1000)))
    }

    /// Returns true if it lies in the years 2000 to 9999, as every date does that somebody meant.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        PLAUSIBLE.0 <= self.0 && self.0 <= PLAUSIBLE.1
    }

    /// The day by UTC, to be written.
    #[must_use]
    pub const fn day(self) -> WrittenTime {
        WrittenTime::UtcDay(self)
    }

    /// The moment by UTC, to be written.
    #[must_use]
    pub const fn moment(self) -> WrittenTime {
        WrittenTime::UtcMoment(self)
    }

    /// `3 March 2026`, in UTC; `a day before the year 2000` for what cannot be meant.
    #[must_use]
    pub fn date_in_words(self) -> String {
        self.told("day", "%-d %B %Y")
    }

    /// `3 March 2026, 14:02 UTC`; `a moment after the year 9999` for what cannot be meant.
    #[must_use]
    pub fn in_words(self) -> String {
        self.told("moment", "%-d %B %Y, %H:%M UTC")
    }

    fn told(self, what: &str, form: &str) -> String {
        let zoned = self.zoned().filter(|_| self.is_plausible());
        match zoned {
            Some(zoned) => zoned.strftime(form).to_string(),
            None if self.0 < PLAUSIBLE.0 => format!("a {what} before the year 2000"),
            None => format!("a {what} after the year 9999"),
        }
    }

    fn zoned(self) -> Option<jiff::ZonedDateTime> {
        Some(
            jiff::Timestamp::from_millisecond(self.0)
                .ok()?
                .to_zoned_datetime(jiff::tz::TimeZone::UTC),
        )
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339. What that cannot write is written as the first or last moment that it can, so that whoever reads it can.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writable = self.0.clamp(WRITABLE.0, WRITABLE.1);
        let at = jiff::Timestamp::from_millisecond(writable).map_err(|_| fmt::Error)?;
        write!(f, "{at}")
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    /// Reads RFC 3339, or a plain date (midnight UTC).
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let bad = || BadTimestamp(text.chars().take(64).collect());
        if let Ok(t) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(t.as_millisecond()));
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| bad())?;
        let zoned = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).map_err(|_| bad())?;
        Ok(Self(zoned.timestamp().as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{
        ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{KnownFormat, Type},
    };

    impl utoipa::PartialSchema for super::Timestamp {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .description(Some("RFC 3339, in UTC"))
                .into()
        }
    }

    impl utoipa::ToSchema for super::Timestamp {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back_what_it_wrote() {
        for text in ["2026-11-23T14:02:11Z", "2026-03-03T00:00:00.25Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    /// Whatever number stands in the place of a date: it is written as RFC 3339 that reads back, and told in words in which no
    /// number stands that is no day, year or time.
    #[test]
    #[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
    fn every_number_can_be_told_as_a_date() {
        use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
        let seed = std::env::var("COMITY_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or_else(rand::random);
        println!("COMITY_TEST_SEED={seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        let (plausible, writable) = (PLAUSIBLE, WRITABLE);
        let edges = [i64::MIN, i64::MAX, 0, plausible.0, plausible.1, writable.0, writable.1];
        let edges = edges
            .iter()
            .flat_map(|edge| (-2..=2).map(move |by: i64| edge.saturating_add(by)));
        let random = (0..20_000).map(|_| match chance.random_range(0..3) {
            0 => chance.random::<i64>(),
            1 => chance.random::<i64>() >> chance.random_range(0..63),
            _ => chance.random_range(plausible.0..plausible.1),
        });
        for number in edges.chain(random.collect::<Vec<_>>()) {
            let at = Timestamp(number);
            let read: Timestamp = at.to_string().parse().unwrap_or_else(|_| panic!("{number}: {at}"));
            assert_eq!(read.0, number.clamp(writable.0, writable.1));
            for words in [at.in_words(), at.date_in_words()] {
                let longest = words.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                assert!(longest <= Some(4) && !words.contains('-'), "{number}: {words}");
                let told = words.contains("before the year 2000") || words.contains("after the year 9999");
                assert_eq!(
                    told,
                    !(plausible.0..=plausible.1).contains(&number),
                    "{number}: {words}"
                );
            }
            let _no_panic = (
                at.whole_seconds(),
                at.years_earlier(3),
                at.plus_seconds(i64::MIN),
                at.seconds_since(Timestamp(-1)),
            );
        }
    }

    #[test]
    fn a_plain_date_is_its_midnight() {
        let t: Timestamp = "2026-03-03".parse().unwrap();
        assert_eq!(t.to_string(), "2026-03-03T00:00:00Z");
        assert_eq!(t.date_in_words(), "3 March 2026");
    }

    #[test]
    fn years_are_those_of_the_calendar() {
        let t: Timestamp = "2028-02-29".parse().unwrap();
        assert_eq!(t.years_earlier(1).to_string(), "2027-02-28T00:00:00Z");
        assert_eq!(t.years_earlier(4).to_string(), "2024-02-29T00:00:00Z");
        assert_eq!(t.years_earlier(u32::MAX), Timestamp(i64::MIN));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "20261123"] {
            assert_eq!(text.parse::<Timestamp>().is_err(), text != "20261123", "{text}");
        }
    }
}
