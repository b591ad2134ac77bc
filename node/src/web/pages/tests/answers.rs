//! Checks that the card says what is known: who is silent, whether it is revoked, which day a date is.

use registry_schema::{AgencyId, Check, CheckOutcome, Finding, StatusState, Verdict};

use super::*;

const SINCE: &str = "South Carolina has not been heard from since 23 November 2026, 08:59 UTC";

fn set(
    verdict: &mut Verdict,
    place: usize,
    outcome: CheckOutcome,
    code: &str,
    detail: &str,
    whose: Option<(&str, &str)>,
) {
    let check = verdict.findings[place].check;
    verdict.findings[place] = Finding {
        check,
        outcome,
        code: code.to_owned(),
        detail: detail.to_owned(),
        as_of: whose.map(|(_, as_of)| at(as_of)),
        agency: whose.map(|(whose, _)| agency(whose)),
    };
}

/// Tennessee's answer about a badge of South Carolina's issuer, which is silent; Tennessee and North Carolina are not.
fn home_is_silent() -> Verdict {
    let mut verdict = verdict(VerdictKind::CouldNotCheck);
    verdict.agency = agency("US-TN");
    let silent = Some(("US-SC", "2026-11-23T08:59:00Z"));
    verdict.sentence = format!("Could not check: {SINCE}.");
    set(
        &mut verdict,
        4,
        CheckOutcome::CouldNotCheck,
        "status.stale",
        SINCE,
        silent,
    );
    let follows = format!("Tennessee recognizes the issuer as long as South Carolina registers it, and {SINCE}");
    set(
        &mut verdict,
        5,
        CheckOutcome::CouldNotCheck,
        "recognition.stale",
        &follows,
        silent,
    );
    let worth = format!("could not be told in Tennessee: {follows}");
    set(
        &mut verdict,
        6,
        CheckOutcome::CouldNotCheck,
        "worth.recognition_in_doubt",
        &worth,
        silent,
    );
    verdict.status.fresh_as_of = Some(at("2026-11-23T08:59:00Z"));
    verdict.recognized_by = samples::verdict(VerdictKind::Accepted).recognized_by;
    verdict.recognized_by.rotate_left(1);
    for by in &mut verdict.recognized_by {
        by.in_doubt = Some(SINCE.to_owned());
    }
    verdict
}

fn text(html: &str) -> String {
    let parts = html.split('<').filter_map(|part| part.split_once('>'));
    parts.map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

fn line<'h>(html: &'h str, label: &str) -> &'h str {
    let (_, line) = html
        .split_once(&format!("<dt>{label}</dt>"))
        .unwrap_or_else(|| panic!("{label}: {html}"));
    line.split_once("</dd>").unwrap().0
}

#[test]
fn a_silence_is_told_of_the_agency_that_is_silent_and_of_no_other() {
    let html = page(&home_is_silent());
    let all = text(&html);
    assert!(
        !all.contains("Not heard from Tennessee") && !all.contains("Tennessee has not been heard from"),
        "{all}"
    );
    assert_eq!(
        all.matches("Not heard from South Carolina since 08:59 UTC today.")
            .count(),
        3,
        "{all}"
    );
    let recognized = line(&html, "Recognized by");
    for part in [
        "Could not be checked for Tennessee.",
        "Tennessee: all achievements, for professional learning and license renewal",
        "North Carolina: all achievements, for professional learning and license renewal",
    ] {
        assert!(recognized.contains(part), "{part}: {recognized}");
    }
    let doubts = format!("Whether this by Tennessee and North Carolina still holds could not be told: {SINCE}.");
    assert_eq!(recognized.matches(&doubts).count(), 1, "{recognized}");
    let counts = line(&html, "Counts for");
    assert!(counts.contains(&format!(
        "It could not be told, because not everything could be checked. {SINCE}."
    )));
    let (_, next) = html.split_once("What to do next").unwrap();
    let (next, _) = next.split_once("</ol>").unwrap();
    for part in [
        "ask South Carolina directly if the badge still holds",
        "ask South Carolina directly if it still registers",
    ] {
        assert!(next.contains(part), "{part}: {next}");
    }
    assert!(!next.contains("ask Tennessee"), "{next}");
}

/// Whoever it is: the asked agency, one that it follows, or nobody but this site itself.
#[test]
fn whoever_is_asked_next_is_whoever_could_tell() {
    for (silent, step) in [
        (Some("US-TN"), "ask Tennessee directly if it recognizes"),
        (Some("US-NC"), "ask North Carolina directly if it still recognizes"),
        (None, "tell whoever runs this site"),
    ] {
        let mut verdict = home_is_silent();
        set(
            &mut verdict,
            4,
            CheckOutcome::Passed,
            "status.active",
            "neither",
            Some(("US-SC", "2026-11-23T14:02:11Z")),
        );
        let whose = silent.map(|silent| (silent, "2026-11-23T08:59:00Z"));
        set(
            &mut verdict,
            5,
            CheckOutcome::CouldNotCheck,
            "recognition.stale",
            "too old",
            whose,
        );
        let html = page(&verdict);
        assert!(html.contains(step), "{step}: {html}");
        let silence = silent.map(|silent| format!("Not heard from {} since", agency_name(&agency(silent))));
        assert!(silence.is_none_or(|silence| html.contains(&silence)), "{html}");
    }
    let mut expelled = home_is_silent();
    set(
        &mut expelled,
        4,
        CheckOutcome::CouldNotCheck,
        "agency.expelled",
        "x",
        None,
    );
    expelled.findings[4].agency = Some(agency("US-SC"));
    assert!(page(&expelled).contains("Ask South Carolina directly. This site no longer relies"));
}

/// Checks that what is not known for another reason than silence is not told as one.
#[test]
fn only_silence_is_called_not_heard_from() {
    let mut verdict = verdict(VerdictKind::Accepted);
    verdict.worth.clear();
    let heard = Some(("US-NC", "2026-11-23T14:02:11Z"));
    set(
        &mut verdict,
        6,
        CheckOutcome::CouldNotCheck,
        "worth.depends",
        "0 of 60",
        heard,
    );
    let all = text(&page(&verdict));
    assert!(!all.contains("Not heard"), "{all}");
    assert!(
        all.contains("Heard from North Carolina 4 minutes ago (14:02 UTC)."),
        "{all}"
    );
}

#[test]
fn the_line_on_revocation_is_headed_by_what_is_known() {
    let accepted = page(&verdict(VerdictKind::Accepted));
    assert!(line(&accepted, "Not revoked, as of").contains("Heard from South Carolina 4 minutes ago"));
    let stale = page(&verdict(VerdictKind::CouldNotCheck));
    assert!(line(&stale, "Revoked or suspended?").contains("South Carolina has not been heard from since Thursday"));
    let mut without = unknown_signer("Palmetto");
    let place = without.findings.iter().position(|f| f.check == Check::Status).unwrap();
    let none = "the badge has no status: it cannot be revoked or suspended";
    set(
        &mut without,
        place,
        CheckOutcome::NotApplicable,
        "status.none",
        none,
        None,
    );
    without.status.state = StatusState::Unknown;
    (without.status.fresh_as_of, without.status.source) = (None, None);
    let html = page(&without);
    assert!(line(&html, "Revoked or suspended?").contains("The badge has no status: it cannot be revoked"));
    let told = page(&not_genuine());
    assert!(
        line(&told, "Revoked or suspended?").contains("<p>Not told, because the badge is not genuine"),
        "{told}"
    );
    let unreadable = page(&verdict(VerdictKind::Unreadable));
    assert!(line(&unreadable, "Revoked or suspended?").contains("Not checked."));
    let revoked = page(&verdict(VerdictKind::NotValid));
    assert!(line(&revoked, "Revoked").contains("Revoked on 3 March 2026"));
    for html in [stale, html, told, unreadable, revoked] {
        assert!(!html.contains("Not revoked"), "{html}");
    }
}

/// A badge that was altered.
fn not_genuine() -> Verdict {
    let mut verdict = verdict(VerdictKind::NotValid);
    set(
        &mut verdict,
        1,
        CheckOutcome::Failed,
        "proof.invalid",
        "the signature does not match",
        None,
    );
    let why =
        "not told, because the badge is not genuine: where its status stands is only what somebody wrote into the file";
    set(
        &mut verdict,
        4,
        CheckOutcome::CouldNotCheck,
        "status.not_checked",
        why,
        None,
    );
    verdict.status.state = StatusState::Unknown;
    (verdict.status.fresh_as_of, verdict.status.source) = (None, None);
    verdict
}

#[test]
fn a_silence_of_seconds_is_told_in_seconds() {
    let mut verdict = home_is_silent();
    for f in &mut verdict.findings[4..7] {
        f.as_of = Some(now().plus_seconds(-40));
    }
    let all = text(&page(&verdict));
    assert!(
        all.contains("South Carolina has not been heard from for 40 seconds (since 14:05 UTC)."),
        "{all}"
    );
    assert!(!all.contains("less than a minute ago (14:05"), "{all}");
}

/// Florida's first of January begins on the last of December in Alabama.
#[test]
fn a_badges_dates_are_the_days_of_whoever_issued_it() {
    let name = |id: &AgencyId| id.to_string();
    let mut verdict = verdict(VerdictKind::Accepted);
    verdict.agency = agency("US-AL");
    verdict.issuer.as_mut().unwrap().agency = Some(agency("US-FL"));
    let credential = verdict.credential.as_mut().unwrap();
    credential.valid_from = Some(at("2026-01-01T05:00:00Z"));
    credential.valid_until = Some(at("2027-01-01T04:59:59.999Z"));
    let html = VerdictPage::new(&verdict, &name, now()).render().unwrap();
    assert!(
        html.contains("Good from January 1, 2026 until December 31, 2026"),
        "{html}"
    );
    let credential = verdict.credential.as_mut().unwrap();
    credential.valid_from = Some(at("2026-01-01T00:00:00Z"));
    credential.valid_until = None;
    let html = VerdictPage::new(&verdict, &name, now()).render().unwrap();
    assert!(html.contains("Good from January 1, 2026, with no end date"), "{html}");
    set(
        &mut verdict,
        3,
        CheckOutcome::Failed,
        "dates.not_yet_valid",
        "good from January 1, 2026 on",
        None,
    );
    verdict.verdict = VerdictKind::NotValid;
    let html = VerdictPage::new(&verdict, &name, now()).render().unwrap();
    assert!(html.contains("Check it again on or after January 1, 2026."), "{html}");
}

#[test]
fn a_namesake_of_a_recognized_issuer_is_told_above_the_fold() {
    let mut verdict = verdict(VerdictKind::NotRecognized);
    let other =
        "another issuer, “Palmetto”, an issuer of Tennessee, has this name, and is recognized in South Carolina";
    let mut warning = verdict.findings[2].clone();
    (warning.outcome, warning.detail) = (CheckOutcome::NotApplicable, other.to_owned());
    "issuer.name_resembles".clone_into(&mut warning.code);
    verdict.findings.insert(3, warning);
    let html = page(&verdict);
    let (above, _) = html.split_once("<details").unwrap();
    assert!(
        above.contains("Another issuer, “Palmetto”, an issuer of Tennessee, has this name"),
        "{above}"
    );
    assert!(
        above.contains("it is the other one that South Carolina recognizes"),
        "{above}"
    );
    assert!(!above.contains("Nothing is wrong with the badge itself"), "{above}");
    // It is genuine all the same: the key is a registered issuer's.
    assert!(above.contains("<dt>Issued by</dt>"), "{above}");
}
