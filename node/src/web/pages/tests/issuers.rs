//! The trust list as a page: nothing has a tick that does not count.

use registry_schema::{Issuer, recognition::RecognitionEntry};

use super::*;

/// A page of the trust list, as North Carolina sees it, where all that is in force counts, or nothing does.
pub(super) fn trust_list(
    issuers: &[Issuer],
    recognitions: &[RecognitionEntry],
    counts: bool,
    now: Timestamp,
    page: usize,
) -> String {
    let page = IssuersPage::new(
        &agency("US-NC"),
        &agency_name,
        issuers,
        recognitions,
        &|_, _| counts,
        now,
        page,
    );
    page.render().unwrap()
}

#[test]
fn the_trust_list_tells_what_is_in_force() {
    let (issuers, recognitions) = issuers();
    let show = |now: Timestamp| trust_list(&issuers, &recognitions, true, now, 1);
    let html = show(now());
    assert!(
        html.contains("2 of 4 issuers are recognized in North Carolina."),
        "{html}"
    );
    assert!(
        html.contains("Withdrawn on 11 May 2026; badges dated earlier stay good"),
        "{html}"
    );
    assert!(
        html.contains("any use") && html.contains("professional learning and license renewal"),
        "{html}"
    );
    // What is withdrawn does not count, also where its date lies ahead.
    let ahead = show(at("2026-04-01"));
    assert!(
        ahead.contains("Withdrawn, dated ahead to 11 May 2026") && !ahead.contains("In force; ends on"),
        "{ahead}"
    );
    assert!(show(at("2025-01-01")).contains("Begins on 1 July 2025"));
    // Nor does what rests on an agency that does not register the issuer now: no tick, anywhere.
    let nothing_counts = trust_list(&issuers, &recognitions, false, now(), 1);
    assert!(
        nothing_counts.contains("0 of 4 issuers are recognized in North Carolina.")
            && nothing_counts.contains("does not count there now")
            && nothing_counts.contains("In force, and does not count now")
            && !nothing_counts.contains("#accepted"),
        "{nothing_counts}"
    );
}
