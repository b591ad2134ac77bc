//! Days and moments in words.

use jiff::civil::{Date, DateTime};
use registry_schema::{Timestamp, WrittenTime};

use crate::Language;

const MONTHS: [[&str; 12]; 2] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
];

/// Writes a day or a moment.
pub(crate) fn written(at: WrittenTime, language: Language) -> String {
    match at {
        WrittenTime::UtcDay(at) => match utc(at) {
            Some(at) => utc_day(at.date(), language),
            None => beyond(at, language, false),
        },
        WrittenTime::UtcMoment(at) => match utc(at) {
            Some(at) => format!(
                "{}, {:02}:{:02} UTC",
                utc_day(at.date(), language),
                at.hour(),
                at.minute()
            ),
            None => beyond(at, language, true),
        },
        WrittenTime::Day(day) => local_day(day, language),
        WrittenTime::Moment(at) => {
            let (hour, minute) = (at.hour(), at.minute());
            let twelve = if hour.rem_euclid(12) == 0 {
                12
            } else {
                hour.rem_euclid(12)
            };
            let half = match (language, hour < 12) {
                (Language::English, true) => "AM",
                (Language::English, false) => "PM",
                (Language::Spanish, true) => "a. m.",
                (Language::Spanish, false) => "p. m.",
            };
            format!("{}, {twelve}:{minute:02} {half}", local_day(at.date(), language))
        }
    }
}

fn month(day: Date, language: Language) -> &'static str {
    let [english, spanish] = &MONTHS;
    let names = match language {
        Language::English => english,
        Language::Spanish => spanish,
    };
    let place = usize::try_from(day.month().saturating_sub(1)).unwrap_or_default();
    names.get(place).copied().unwrap_or_default()
}

/// `3 March 2026`, as dates by UTC are written.
fn utc_day(day: Date, language: Language) -> String {
    let month = month(day, language);
    match language {
        Language::English => format!("{} {month} {}", day.day(), day.year()),
        Language::Spanish => format!("{} de {month} de {}", day.day(), day.year()),
    }
}

/// `March 3, 2026`, as people at a desk write them.
fn local_day(day: Date, language: Language) -> String {
    let month = month(day, language);
    match language {
        Language::English => format!("{month} {}, {}", day.day(), day.year()),
        Language::Spanish => format!("{} de {month} de {}", day.day(), day.year()),
    }
}

fn utc(at: Timestamp) -> Option<DateTime> {
    let at = Some(at).filter(|at| at.is_plausible())?;
    let zoned = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(zoned.to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime())
}

/// The words for what nobody can have meant.
const fn beyond_words(is_before: bool, is_moment: bool, language: Language) -> &'static str {
    match (language, is_moment, is_before) {
        (Language::English, false, true) => "a day before the year 2000",
        (Language::English, false, false) => "a day after the year 9999",
        (Language::English, true, true) => "a moment before the year 2000",
        (Language::English, true, false) => "a moment after the year 9999",
        (Language::Spanish, false, true) => "día anterior al año 2000",
        (Language::Spanish, false, false) => "día posterior al año 9999",
        (Language::Spanish, true, true) => "momento anterior al año 2000",
        (Language::Spanish, true, false) => "momento posterior al año 9999",
    }
}

fn beyond(at: Timestamp, language: Language, is_moment: bool) -> String {
    beyond_words(at.0 < 946_684_800_000, is_moment, language).to_owned()
}
