//! Moments, in milliseconds since 1970; written as RFC 3339 in UTC.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Text form: RFC 3339 (`2026-11-23T14:02:11Z`), which is also the `dateTimeStamp` of VCDM 2.0, §4.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

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
        Self(self.0 - self.0.rem_euclid(1000))
    }

    /// `3 March 2026`, in UTC.
    #[must_use]
    pub fn date_in_words(self) -> String {
        self.zoned()
            .map_or_else(|| self.to_string(), |z| z.strftime("%-d %B %Y").to_string())
    }

    /// `3 March 2026, 14:02 UTC`.
    #[must_use]
    pub fn in_words(self) -> String {
        self.zoned()
            .map_or_else(|| self.to_string(), |z| z.strftime("%-d %B %Y, %H:%M UTC").to_string())
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
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
