//! Time zones of agencies, and their days.

use jiff::{ZonedDateTime, civil::Date, tz::TimeZone};

use crate::{AgencyId, Timestamp, WrittenTime};

/// The zones of states, territories and provinces; of one that lies in two, that in which most people live.
const ZONES: [(&str, &str); 91] = [
    ("US-AK", "America/Anchorage"),
    ("US-AL", "America/Chicago"),
    ("US-AR", "America/Chicago"),
    ("US-AS", "Pacific/Pago_Pago"),
    ("US-AZ", "America/Phoenix"),
    ("US-CA", "America/Los_Angeles"),
    ("US-CO", "America/Denver"),
    ("US-CT", "America/New_York"),
    ("US-DC", "America/New_York"),
    ("US-DE", "America/New_York"),
    ("US-FL", "America/New_York"),
    ("US-GA", "America/New_York"),
    ("US-GU", "Pacific/Guam"),
    ("US-HI", "Pacific/Honolulu"),
    ("US-IA", "America/Chicago"),
    ("US-ID", "America/Boise"),
    ("US-IL", "America/Chicago"),
    ("US-IN", "America/Indiana/Indianapolis"),
    ("US-KS", "America/Chicago"),
    ("US-KY", "America/New_York"),
    ("US-LA", "America/Chicago"),
    ("US-MA", "America/New_York"),
    ("US-MD", "America/New_York"),
    ("US-ME", "America/New_York"),
    ("US-MI", "America/Detroit"),
    ("US-MN", "America/Chicago"),
    ("US-MO", "America/Chicago"),
    ("US-MP", "Pacific/Saipan"),
    ("US-MS", "America/Chicago"),
    ("US-MT", "America/Denver"),
    ("US-NC", "America/New_York"),
    ("US-ND", "America/Chicago"),
    ("US-NE", "America/Chicago"),
    ("US-NH", "America/New_York"),
    ("US-NJ", "America/New_York"),
    ("US-NM", "America/Denver"),
    ("US-NV", "America/Los_Angeles"),
    ("US-NY", "America/New_York"),
    ("US-OH", "America/New_York"),
    ("US-OK", "America/Chicago"),
    ("US-OR", "America/Los_Angeles"),
    ("US-PA", "America/New_York"),
    ("US-PR", "America/Puerto_Rico"),
    ("US-RI", "America/New_York"),
    ("US-SC", "America/New_York"),
    ("US-SD", "America/Chicago"),
    ("US-TN", "America/Chicago"),
    ("US-TX", "America/Chicago"),
    ("US-UM", "Pacific/Wake"),
    ("US-UT", "America/Denver"),
    ("US-VA", "America/New_York"),
    ("US-VI", "America/St_Thomas"),
    ("US-VT", "America/New_York"),
    ("US-WA", "America/Los_Angeles"),
    ("US-WI", "America/Chicago"),
    ("US-WV", "America/New_York"),
    ("US-WY", "America/Denver"),
    ("AU-ACT", "Australia/Sydney"),
    ("AU-NSW", "Australia/Sydney"),
    ("AU-NT", "Australia/Darwin"),
    ("AU-QLD", "Australia/Brisbane"),
    ("AU-SA", "Australia/Adelaide"),
    ("AU-TAS", "Australia/Hobart"),
    ("AU-VIC", "Australia/Melbourne"),
    ("AU-WA", "Australia/Perth"),
    ("CA-AB", "America/Edmonton"),
    ("CA-BC", "America/Vancouver"),
    ("CA-MB", "America/Winnipeg"),
    ("CA-NB", "America/Moncton"),
    ("CA-NL", "America/St_Johns"),
    ("CA-NS", "America/Halifax"),
    ("CA-NT", "America/Yellowknife"),
    ("CA-NU", "America/Iqaluit"),
    ("CA-ON", "America/Toronto"),
    ("CA-PE", "America/Halifax"),
    ("CA-QC", "America/Toronto"),
    ("CA-SK", "America/Regina"),
    ("CA-YT", "America/Whitehorse"),
    ("GB", "Europe/London"),
    ("IE", "Europe/Dublin"),
    ("NZ", "Pacific/Auckland"),
    ("DE", "Europe/Berlin"),
    ("FR", "Europe/Paris"),
    ("NL", "Europe/Amsterdam"),
    ("BE", "Europe/Brussels"),
    ("AT", "Europe/Vienna"),
    ("CH", "Europe/Zurich"),
    ("IT", "Europe/Rome"),
    ("IN", "Asia/Kolkata"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
];

/// The name of an agency's time zone: of its state, or of its country, where that has one; a district has its state's.
/// UTC for all others.
#[must_use]
pub fn name(agency: &AgencyId) -> &'static str {
    let id = agency.as_str();
    let state = id.split_once(':').map_or(id, |(state, _)| state);
    let country = id.split_once('-').map_or(id, |(country, _)| country);
    let of = |wanted: &str| ZONES.iter().find(|(id, _)| *id == wanted).map(|(_, zone)| *zone);
    of(state).or_else(|| of(country)).unwrap_or("UTC")
}

/// An agency's time zone.
#[must_use]
pub fn of(agency: &AgencyId) -> TimeZone {
    TimeZone::get(name(agency)).unwrap_or(TimeZone::UTC)
}

/// A moment's day by an agency's clock: `August 15, 2026`.
#[must_use]
pub fn date_in_words(at: Timestamp, agency: &AgencyId) -> String {
    LocalDay::of(at, agency).map_or_else(|| at.date_in_words(), |day| day.in_words())
}

/// A moment's day by an agency's clock.
#[must_use]
pub fn day(at: Timestamp, agency: &AgencyId) -> WrittenTime {
    LocalDay::of(at, agency).map_or(WrittenTime::UtcDay(at), |day| day.written())
}

/// A moment by an agency's clock.
#[must_use]
pub fn moment(at: Timestamp, agency: &AgencyId) -> WrittenTime {
    let moment = LocalDay::of(at, agency).and_then(|_| jiff::Timestamp::from_millisecond(at.0).ok());
    moment.map_or(WrittenTime::UtcMoment(at), |moment| {
        WrittenTime::Moment(moment.to_zoned_datetime(of(agency)).datetime())
    })
}

/// The date of something: the day that whoever dated it meant, or else the day by the reader's clock.
#[must_use]
pub fn dated(at: Timestamp, dated_by: Option<&AgencyId>, reader: &AgencyId) -> WrittenTime {
    meant_date(at, dated_by).map_or_else(|| day(at, reader), WrittenTime::Day)
}

/// A moment by an agency's clock: `August 15, 2026, 8:00 PM`
#[must_use]
pub fn in_words(at: Timestamp, agency: &AgencyId) -> String {
    let Some((day, moment)) = LocalDay::of(at, agency).zip(jiff::Timestamp::from_millisecond(at.0).ok()) else {
        return at.in_words();
    };
    let zoned = moment.to_zoned_datetime(of(agency));
    let half = if zoned.hour() < 12 { "AM" } else { "PM" };
    format!("{}, {} {half}", day.in_words(), zoned.strftime("%-I:%M"))
}

/// The day that whoever dated a moment meant by it, if it begins or ends one: a day of this agency's calendar, or of UTC, as
/// software writes days. `August 15, 2026`
#[must_use]
pub fn meant_day(at: Timestamp, dated_by: Option<&AgencyId>) -> Option<String> {
    meant_date(at, dated_by).map(|day| day.strftime("%B %-d, %Y").to_string())
}

fn meant_date(at: Timestamp, dated_by: Option<&AgencyId>) -> Option<Date> {
    let second = |at: Timestamp| at.0.div_euclid(1000);
    let is_bound = |day: &LocalDay| at == day.first || second(at) == second(day.last);
    let theirs = dated_by.and_then(|agency| LocalDay::of(at, agency)).filter(is_bound);
    if let Some(day) = theirs {
        return Some(day.date);
    }
    let of_utc = second(at).rem_euclid(86_400);
    let day = jiff::Timestamp::from_millisecond(at.0)
        .ok()?
        .to_zoned_datetime(TimeZone::UTC);
    let is_day = (2000..=9998).contains(&day.year()) && (of_utc == 0 || of_utc == 86_399);
    is_day.then(|| day.date())
}

/// The date of something as people read it: the day that whoever dated it meant, or else the day by the reader's clock.
#[must_use]
pub fn dated_in_words(at: Timestamp, dated_by: Option<&AgencyId>, reader: &AgencyId) -> String {
    meant_day(at, dated_by).unwrap_or_else(|| date_in_words(at, reader))
}

/// A day in an agency's time zone, of the years 2000 to 9998.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDay {
    date: Date,
    first: Timestamp,
    last: Timestamp,
}

impl LocalDay {
    /// A day of this agency's calendar; none outside the years 2000 to 9998.
    #[must_use]
    pub fn new(date: Date, agency: &AgencyId) -> Option<Self> {
        let zone = of(agency);
        // At the ends of what a calendar can hold, a day has no end.
        if !(2000..=9998).contains(&date.year()) {
            return None;
        }
        let begins = |date: Date| {
            Some(millisecond(
                &date.to_zoned_datetime(zone.clone()).ok()?.start_of_day().ok()?,
            ))
        };
        let next = begins(date.tomorrow().ok()?)?;
        Some(Self {
            date,
            first: begins(date)?,
            last: Timestamp(next.0.saturating_sub(1)),
        })
    }

    /// The day of this agency's calendar that ends with this very millisecond, if one does.
    #[must_use]
    pub fn ending_at(at: Timestamp, agency: &AgencyId) -> Option<Self> {
        // Of all offsets since 2000, none has seconds; most moments are told to be no day's end without asking for a zone.
        if at.0.rem_euclid(60_000) != 59_999 {
            return None;
        }
        let date = jiff::Timestamp::from_millisecond(at.0).ok()?;
        let day = Self::new(date.to_zoned_datetime(of(agency)).date(), agency)?;
        (day.last == at).then_some(day)
    }

    /// The day of this agency's calendar in which a moment lies; none outside the years 2000 to 9998.
    #[must_use]
    pub fn of(at: Timestamp, agency: &AgencyId) -> Option<Self> {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Self::new(at.to_zoned_datetime(of(agency)).date(), agency)
    }

    /// Its first millisecond.
    #[must_use]
    pub const fn first(&self) -> Timestamp {
        self.first
    }

    /// Its last millisecond.
    #[must_use]
    pub const fn last(&self) -> Timestamp {
        self.last
    }

    /// The day, to be written.
    #[must_use]
    pub const fn written(&self) -> WrittenTime {
        WrittenTime::Day(self.date)
    }

    /// `August 15, 2026`.
    #[must_use]
    pub fn in_words(&self) -> String {
        self.date.strftime("%B %-d, %Y").to_string()
    }
}

impl std::fmt::Display for LocalDay {
    /// `2026-08-15`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.date)
    }
}

fn millisecond(zoned: &ZonedDateTime) -> Timestamp {
    Timestamp(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    fn id(text: &str) -> AgencyId {
        text.parse().unwrap()
    }

    #[test]
    fn every_zone_of_the_table_is_one() {
        for (place, zone) in ZONES {
            assert!(TimeZone::get(zone).is_ok(), "{place}: {zone}");
            assert_eq!(ZONES.iter().filter(|(other, _)| *other == place).count(), 1, "{place}");
        }
        assert_eq!(name(&id("US-CO:aurora")), "America/Denver");
        assert_eq!(name(&id("GB-ENG")), "Europe/London");
        assert_eq!(name(&id("ZZ-1:x")), "UTC");
    }

    #[test]
    fn a_date_is_the_day_that_whoever_wrote_it_meant() {
        let (florida, alabama) = (id("US-FL"), id("US-AL"));
        let told = |at: &str, by: Option<&AgencyId>| dated_in_words(at.parse().unwrap(), by, &alabama);
        // Midnight in Florida is an hour before midnight in Alabama.
        assert_eq!(told("2026-01-01T05:00:00Z", Some(&florida)), "January 1, 2026");
        assert_eq!(told("2026-01-01T05:00:00Z", None), "December 31, 2025");
        assert_eq!(told("2026-07-01T04:00:00Z", Some(&florida)), "July 1, 2026");
        assert_eq!(told("2027-01-01T04:59:59.999Z", Some(&florida)), "December 31, 2026");
        assert_eq!(told("2027-01-01T04:59:59Z", Some(&florida)), "December 31, 2026");
        // As other software writes days.
        for by in [None, Some(&florida)] {
            assert_eq!(told("2026-01-01T00:00:00Z", by), "January 1, 2026");
            assert_eq!(told("2026-12-31T23:59:59Z", by), "December 31, 2026");
            assert_eq!(
                told("2026-01-01T03:00:00Z", by),
                "December 31, 2025",
                "a moment is the reader's"
            );
        }
        assert_eq!(meant_day(Timestamp(i64::MAX), Some(&florida)), None);
        assert_eq!(meant_day(Timestamp(0), None), None);
    }

    #[test]
    fn a_moment_is_told_by_the_agencys_clock() {
        let at: Timestamp = "2026-08-15T00:00:00Z".parse().unwrap();
        assert_eq!(in_words(at, &id("US-SC")), "August 14, 2026, 8:00 PM");
        assert_eq!(in_words(at, &id("GB-ENG")), "August 15, 2026, 1:00 AM");
        assert_eq!(date_in_words(at, &id("US-TN")), "August 14, 2026");
        let noon: Timestamp = "2026-08-15T16:05:00Z".parse().unwrap();
        assert_eq!(in_words(noon, &id("US-SC")), "August 15, 2026, 12:05 PM");
        assert_eq!(
            in_words(Timestamp(i64::MAX), &id("US-SC")),
            "a moment after the year 9999"
        );
    }

    #[test]
    fn days_have_the_hours_that_their_clocks_have() {
        let hours = |agency: &str, day: &str| {
            let day = LocalDay::new(day.parse().unwrap(), &id(agency)).unwrap();
            (day.last().0 + 1 - day.first().0) / 3_600_000
        };
        for (agency, day, wanted) in [
            ("US-TN", "2026-03-08", 23),
            ("US-TN", "2026-11-01", 25),
            ("US-TN", "2026-08-15", 24),
            ("US-AZ", "2026-03-08", 24),
            ("GB-SCT", "2026-10-25", 25),
            ("US-PR", "2026-11-01", 24),
        ] {
            assert_eq!(hours(agency, day), wanted, "{agency} {day}");
        }
        assert!(LocalDay::new("1999-12-31".parse().unwrap(), &id("US-TN")).is_none());
        assert!(LocalDay::new("9999-12-31".parse().unwrap(), &id("US-TN")).is_none());
    }

    /// Days follow on each other without a gap, in every zone; and each is found again by its last millisecond alone.
    #[test]
    #[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
    fn days_touch_and_are_known_by_their_ends() {
        let seed = std::env::var("COMITY_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or_else(rand::random);
        println!("COMITY_TEST_SEED={seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        for _ in 0..2_000 {
            let agency = id(&match ZONES[chance.random_range(0..ZONES.len())].0 {
                country if country.len() == 2 => format!("{country}-1"),
                state => state.to_owned(),
            });
            let (year, month) = (chance.random_range(2000..2100), chance.random_range(1..13));
            let date = Date::new(year, month, chance.random_range(1..29)).unwrap();
            let day = LocalDay::new(date, &agency).unwrap();
            let next = LocalDay::new(date.tomorrow().unwrap(), &agency).unwrap();
            assert_eq!(day.last().0 + 1, next.first().0, "{agency} {date}");
            assert_eq!(LocalDay::ending_at(day.last(), &agency), Some(day.clone()));
            assert_eq!(LocalDay::ending_at(Timestamp(day.last().0 - 1), &agency), None);
        }
        for at in [i64::MIN, i64::MAX, 0] {
            assert_eq!(LocalDay::ending_at(Timestamp(at), &id("US-TN")), None);
        }
        let day = LocalDay::new("2026-08-15".parse().unwrap(), &id("US-TN")).unwrap();
        assert_eq!(
            (day.in_words(), day.to_string()),
            ("August 15, 2026".into(), "2026-08-15".into())
        );
    }
}
