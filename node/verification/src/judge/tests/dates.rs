//! A badge's dates are told as the days that the agency meant which dated them.

use serde_json::json;

use super::*;

/// A badge of South Carolina's with these dates, asked about in Tennessee, an hour west of it.
fn dated(from: &str, until: &str, at: &str) -> Verdict {
    let mut world = world();
    world.question.agency = id("US-TN");
    (world.unsigned["validFrom"], world.unsigned["validUntil"]) = (json!(from), json!(until));
    world.question.at = t(at);
    world.question.now = world.question.now.max(world.question.at);
    world.verdict()
}

fn of_dates(verdict: &Verdict) -> &str {
    let found = verdict.findings.iter().find(|f| f.check == Check::Dates).unwrap();
    &found.detail
}

#[test]
fn a_day_of_the_issuing_agency_is_that_day_wherever_it_is_asked_about() {
    let until = "2026-12-31T23:59:59.999-05:00";
    let now = "2026-11-23T14:02:11Z";
    assert_eq!(
        of_dates(&dated("2026-01-01T00:00:00-05:00", until, now)),
        "good until December 31, 2026"
    );
    let early = dated("2026-01-01T00:00:00-05:00", until, "2025-12-15T12:00:00Z");
    assert_eq!(of_dates(&early), "good from January 1, 2026 on");
    let late = dated("2026-01-01T00:00:00-05:00", until, "2027-02-01T12:00:00Z");
    assert_eq!(of_dates(&late), "expired on December 31, 2026");
    // As other software writes days.
    let late = dated("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z", "2027-02-01T12:00:00Z");
    assert_eq!(of_dates(&late), "expired on December 31, 2026");
    let early = dated("2026-01-01T00:00:00Z", until, "2025-12-15T12:00:00Z");
    assert_eq!(of_dates(&early), "good from January 1, 2026 on");
}

/// A day asked about is a whole day of the agency that is asked, good if good at its end; where the badge's own day ends within
/// it, the time is told.
#[test]
fn within_the_day_asked_about_the_time_is_told() {
    let end_of_the_last_day_in_tennessee = "2027-01-01T05:59:59.999Z";
    let verdict = dated(
        "2026-01-01T00:00:00-05:00",
        "2026-12-31T23:59:59.999-05:00",
        end_of_the_last_day_in_tennessee,
    );
    assert_eq!(of_dates(&verdict), "expired on December 31, 2026, 10:59 PM");
    let verdict = dated(
        "2026-01-01T00:00:00-05:00",
        "2026-12-31T00:00:00Z",
        end_of_the_last_day_in_tennessee,
    );
    assert_eq!(of_dates(&verdict), "expired on December 30, 2026, 6:00 PM");
    let moment = dated("2026-01-01T09:00:00Z", "2026-06-30T15:20:00Z", "2026-11-01T12:00:00Z");
    assert_eq!(of_dates(&moment), "expired on June 30, 2026");
}
