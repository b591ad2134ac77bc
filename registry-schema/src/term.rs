//! The dates between which something is to be good, as people give them: whole days, or exact moments.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{AgencyId, LocalDay, Timestamp, time::BadTimestamp};

/// A date that begins or ends a term. A day is one of the calendar of the agency that keeps what is dated: a term begins with
/// the first moment of its first day, and ends with the last moment of its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermDate {
    /// `2026-11-01`: the whole day.
    Day(Date),
    /// `2026-11-01T14:02:11Z`: that moment.
    Moment(Timestamp),
}

/// A day that no term can begin or end with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is before the year 2000 or after the year 9998: give a day between")]
pub struct BadTermDate(Date);

impl TermDate {
    /// The moment with which a term begins that has this date as its first, by this agency's calendar.
    ///
    /// # Errors
    /// [`BadTermDate`], if it is a day before the year 2000 or after the year 9998.
    pub fn begins(self, agency: &AgencyId) -> Result<Timestamp, BadTermDate> {
        self.moment(agency, LocalDay::first)
    }

    /// The moment with which a term ends that has this date as its last, by this agency's calendar.
    ///
    /// # Errors
    /// [`BadTermDate`], if it is a day before the year 2000 or after the year 9998.
    pub fn ends(self, agency: &AgencyId) -> Result<Timestamp, BadTermDate> {
        self.moment(agency, LocalDay::last)
    }

    fn moment(self, agency: &AgencyId, of: fn(&LocalDay) -> Timestamp) -> Result<Timestamp, BadTermDate> {
        match self {
            Self::Moment(at) => Ok(at),
            Self::Day(date) => LocalDay::new(date, agency).map(|day| of(&day)).ok_or(BadTermDate(date)),
        }
    }

    /// Returns true if a term from this date would end before it begins, in whatever zone its days are.
    #[must_use]
    pub fn is_after(self, end: Self) -> bool {
        match (self, end) {
            (Self::Day(first), Self::Day(last)) => last < first,
            (Self::Moment(first), Self::Moment(last)) => last <= first,
            // Told by whoever knows the zone.
            _ => false,
        }
    }
}

impl fmt::Display for TermDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => write!(f, "{date}"),
            Self::Moment(at) => write!(f, "{at}"),
        }
    }
}

impl FromStr for TermDate {
    type Err = BadTimestamp;

    /// Reads a day (`2026-11-01`), or RFC 3339. A time without a zone is neither.
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Moment(Timestamp(at.as_millisecond())));
        }
        let day = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        day.map(Self::Day)
            .ok_or_else(|| BadTimestamp(text.chars().take(64).collect()))
    }
}

impl Serialize for TermDate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TermDate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::TermDate {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some(
                    "A whole day of the agency's own calendar (`2026-11-01`), or a moment (RFC 3339)",
                ))
                .into()
        }
    }

    impl utoipa::ToSchema for super::TermDate {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(date: &str, agency: &str) -> (String, String) {
        let (date, agency): (TermDate, AgencyId) = (date.parse().unwrap(), agency.parse().unwrap());
        let (first, last) = (date.begins(&agency).unwrap(), date.ends(&agency).unwrap());
        (first.to_string(), last.to_string())
    }

    #[test]
    fn a_day_is_meant_from_its_begin_to_its_end_and_a_moment_as_it_stands() {
        let day = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(
            moments("2026-08-15", "US-SC"),
            day("2026-08-15T04:00:00Z", "2026-08-16T03:59:59.999Z")
        );
        assert_eq!(
            moments("2026-12-01", "US-TN"),
            day("2026-12-01T06:00:00Z", "2026-12-02T05:59:59.999Z")
        );
        let at = "2026-12-01T06:30:00Z";
        assert_eq!(moments(at, "US-TN"), day(at, at));
        for no_date in ["2026-12-01T06:30:00", "2026-13-01", "20261201", "soon", ""] {
            assert!(no_date.parse::<TermDate>().is_err(), "{no_date}");
        }
        let early: TermDate = "1999-12-31".parse().unwrap();
        assert!(early.begins(&"US-SC".parse().unwrap()).is_err());
    }

    #[test]
    fn a_term_of_one_day_is_one() {
        let date = |text: &str| text.parse::<TermDate>().unwrap();
        assert!(!date("2026-12-01").is_after(date("2026-12-01")));
        assert!(date("2026-12-02").is_after(date("2026-12-01")));
        assert!(date("2026-12-01T06:30:00Z").is_after(date("2026-12-01T06:30:00Z")));
    }
}
