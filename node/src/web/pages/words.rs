//! Moments, outcomes and strangers' text, in words for people.

use registry_schema::{Check, CheckOutcome, Finding, Purpose, Timestamp, quotable};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Text that a stranger wrote, made fit to show: at most `most` characters, on one line, and without the control and
/// direction characters that let text pretend to be other text.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut shown: String = quotable::plain(text.to_owned()).chars().take(most + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(most) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// `a`, `a and b`, `a, b and c`; after `most` items, `and 3 more`.
pub(super) fn listed(items: &[String], most: usize) -> String {
    let mut shown: Vec<String> = items.iter().take(most).cloned().collect();
    if items.len() > most {
        shown.push(format!("{} more", items.len() - most));
    }
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// The same text with a capital letter at its beginning.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `1 issuer`, `2 issuers`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `for license renewal`, or `for any use`.
pub(super) fn for_use(purpose: Option<Purpose>) -> String {
    purpose.map_or_else(|| "for any use".to_owned(), |p| format!("for {}", p.in_words()))
}

/// `14:02 UTC`.
fn clock(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1000).rem_euclid(DAY);
    format!("{:02}:{:02} UTC", seconds / HOUR, seconds % HOUR / MINUTE)
}

const fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY * 1000)
}

fn weekday(at: Timestamp) -> &'static str {
    // 1 January 1970 was a Thursday.
    match (day(at) + 4).rem_euclid(7) {
        0 => "Sunday",
        1 => "Monday",
        2 => "Tuesday",
        3 => "Wednesday",
        4 => "Thursday",
        5 => "Friday",
        _ => "Saturday",
    }
}

/// Says how long ago: `4 minutes ago (14:02 UTC)`, `3 days ago (20 November 2026)`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds_since(at);
    if !at.is_plausible() {
        return format!("at {}", at.in_words());
    }
    let length = |n: i64, one: &str, many: &str| {
        if n == 1 {
            format!("1 {one} ago")
        } else {
            format!("{n} {many} ago")
        }
    };
    // To the nearest: three days less a few seconds are three days.
    let nearest = |unit: i64| seconds.saturating_add(unit / 2) / unit;
    if seconds < MINUTE {
        format!("less than a minute ago ({})", clock(at))
    } else if nearest(MINUTE) < 60 {
        format!("{} ({})", length(nearest(MINUTE), "minute", "minutes"), clock(at))
    } else if nearest(HOUR) < 24 {
        format!("{} ({})", length(nearest(HOUR), "hour", "hours"), clock(at))
    } else {
        format!("{} ({})", length(nearest(DAY), "day", "days"), at.date_in_words())
    }
}

/// Since when, for silence: `since 09:12 UTC today`, `since Tuesday, 09:12 UTC`, `since 3 March 2026`. A silence of seconds is
/// told as that, where a term may be as short.
pub(super) fn since(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds_since(at);
    if !at.is_plausible() {
        format!("since {}", at.in_words())
    } else if (0..2 * MINUTE).contains(&seconds) {
        format!(
            "for {} (since {})",
            counted(usize::try_from(seconds).unwrap_or(0), "second", "seconds"),
            clock(at)
        )
    } else if day(at) == day(now) {
        format!("since {} today", clock(at))
    } else if now.seconds_since(at) < 6 * DAY {
        format!("since {}, {}", weekday(at), clock(at))
    } else {
        format!("since {}", at.date_in_words())
    }
}

/// `from 1 July 2025`, `1 July 2025 to 30 June 2027`.
pub(super) fn term(from: Timestamp, until: Option<Timestamp>) -> String {
    until.map_or_else(
        || format!("since {}", from.date_in_words()),
        |until| format!("{} to {}", from.date_in_words(), until.date_in_words()),
    )
}

/// The sign beside a line. Each has a shape and a word of its own, so that color is never alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusMark {
    Holds,
    Fails,
    Unknown,
    NotRecognized,
    Torn,
    /// Nobody here knows who that is.
    Stranger,
    Aside,
}

impl StatusMark {
    /// The sign for what came of a check. A missing recognition is no fault of the badge, and what a badge counts for
    /// never is: neither is shown as a failure.
    pub(super) const fn of(check: Check, outcome: CheckOutcome) -> Self {
        match (check, outcome) {
            (_, CheckOutcome::Passed) => Self::Holds,
            (Check::Recognition, CheckOutcome::Failed) => Self::NotRecognized,
            (Check::Issuer, CheckOutcome::NotApplicable) => Self::Stranger,
            (Check::Worth, CheckOutcome::Failed) | (_, CheckOutcome::NotApplicable) => Self::Aside,
            (_, CheckOutcome::Failed) => Self::Fails,
            (_, CheckOutcome::CouldNotCheck) => Self::Unknown,
        }
    }

    /// The id of its shape in the page.
    pub(super) const fn shape(self) -> &'static str {
        match self {
            Self::Holds => "accepted",
            Self::Fails => "not-valid",
            Self::Unknown => "could-not-check",
            Self::NotRecognized => "not-recognized",
            Self::Torn => "unreadable",
            Self::Stranger => "unknown-signer",
            Self::Aside => "aside",
        }
    }
}

/// Says what came of a check, in a word or two.
pub(super) const fn outcome(check: Check, outcome: CheckOutcome) -> &'static str {
    match (check, outcome) {
        (_, CheckOutcome::Passed) => "Passed",
        (Check::Recognition, CheckOutcome::Failed) => "Not recognized",
        (Check::Worth, CheckOutcome::Failed) => "None",
        (_, CheckOutcome::Failed) => "Failed",
        (_, CheckOutcome::CouldNotCheck) => "Could not check",
        (Check::Issuer, CheckOutcome::NotApplicable) => "Nobody here knows the signer",
        (_, CheckOutcome::NotApplicable) => "Does not apply",
    }
}

/// Says what a check asks, as a title.
pub(super) const fn check(check: Check) -> &'static str {
    match check {
        Check::Structure => "Format",
        Check::Proof => "Signature",
        Check::Issuer => "Issuer",
        Check::Dates => "Dates",
        Check::Status => "Revoked or suspended",
        Check::Recognition => "Recognition",
        Check::Worth => "What it counts for",
        Check::Holder => "The person",
    }
}

/// The finding of one check, if it was reported: the worst one, if there are several.
pub(super) fn finding(findings: &[Finding], check: Check) -> Option<&Finding> {
    let rank = |f: &&Finding| match f.outcome {
        CheckOutcome::Failed => 0,
        CheckOutcome::CouldNotCheck => 1,
        CheckOutcome::Passed => 2,
        CheckOutcome::NotApplicable => 3,
    };
    findings.iter().filter(|f| f.check == check).min_by_key(rank)
}

/// Returns true if a finding is that somebody was not heard from in time, and not that something else is not known.
pub(super) fn is_stale(found: &Finding) -> bool {
    matches!(
        found.code.as_str(),
        "status.stale" | "recognition.stale" | "worth.stale" | "worth.recognition_in_doubt"
    )
}

/// A stretch of text, and whether it is code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextSpan {
    pub(super) text: String,
    pub(super) code: bool,
}

/// Our own text, in which what stands between backticks is code.
pub(super) fn pieces(text: &str) -> Vec<TextSpan> {
    let piece = |(i, text): (usize, &str)| TextSpan {
        text: text.to_owned(),
        code: i % 2 == 1,
    };
    text.split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(piece)
        .collect()
}

/// A web address in quotation marks is told by its host: the whole of it would drown the sentence that it stands in.
pub(super) fn short_addresses(text: &str) -> String {
    let shorten = |piece: TextSpan| {
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| piece.text.strip_prefix(scheme));
        match host.and_then(|rest| rest.split(['/', '?', '#']).next()) {
            Some(host) if piece.code => format!("at {host}"),
            _ if piece.code => format!("“{}”", piece.text),
            _ => piece.text,
        }
    };
    pieces(text).into_iter().map(shorten).collect()
}

/// Backticks around a word, as our messages have them, become quotation marks.
fn quoted(text: &str) -> String {
    let mut open = false;
    let mark = |c| match c {
        '`' => {
            open = !open;
            if open { '“' } else { '”' }
        }
        other => other,
    };
    text.chars().map(mark).collect()
}

/// A finding's detail as a sentence of its own: first letter large, full stop at the end, `quoted` as people quote.
pub(super) fn sentence(text: &str, most: usize) -> String {
    let text = quoted(&plain(text.trim(), most));
    if text.is_empty() {
        return text;
    }
    // `did:key:…` and other names stay as they are.
    let name = text
        .split_whitespace()
        .next()
        .is_some_and(|w| w.contains([':', '/', '“']) && !w.ends_with(':'));
    let mut shown = if name { text.clone() } else { capitalized(&text) };
    if !shown.ends_with(['.', '!', '?', '…', ':']) {
        shown.push('.');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn age_is_told_in_words() {
        let now = at("2026-11-23T14:06:30Z");
        for (then, words) in [
            ("2026-11-23T14:06:10Z", "less than a minute ago (14:06 UTC)"),
            ("2026-11-23T14:02:11Z", "4 minutes ago (14:02 UTC)"),
            ("2026-11-23T13:05:00Z", "1 hour ago (13:05 UTC)"),
            ("2026-11-20T13:05:00Z", "3 days ago (20 November 2026)"),
            ("2026-11-20T14:06:35Z", "3 days ago (20 November 2026)"),
            ("2026-11-23T14:04:45Z", "2 minutes ago (14:04 UTC)"),
            ("2026-11-23T13:06:40Z", "1 hour ago (13:06 UTC)"),
            ("2026-11-23T15:00:00Z", "less than a minute ago (15:00 UTC)"),
        ] {
            assert_eq!(ago(at(then), now), words);
        }
    }

    #[test]
    fn ages_of_dates_that_cannot_be_are_told_as_that() {
        let now = at("2026-11-23T14:06:30Z");
        for number in [i64::MIN, i64::MIN + 1, 0, 946_684_799_999, i64::MAX] {
            for said in [ago(Timestamp(number), now), since(Timestamp(number), now)] {
                assert!(said.contains("the year") && said.len() < 60, "{number}: {said}");
            }
        }
    }

    #[test]
    fn silence_is_told_by_its_beginning() {
        let now = at("2026-11-23T14:06:30Z");
        assert_eq!(since(at("2026-11-23T09:12:00Z"), now), "since 09:12 UTC today");
        assert_eq!(since(at("2026-11-19T09:12:00Z"), now), "since Thursday, 09:12 UTC");
        assert_eq!(since(at("2026-03-03T09:12:00Z"), now), "since 3 March 2026");
        assert_eq!(
            since(at("2026-11-23T14:05:50Z"), now),
            "for 40 seconds (since 14:05 UTC)"
        );
        assert_eq!(since(at("2026-11-23T14:06:29Z"), now), "for 1 second (since 14:06 UTC)");
    }

    #[test]
    fn text_of_strangers_is_cut_and_cannot_turn_the_line() {
        assert_eq!(plain("a\u{202E}b\nc", 10), "ab c");
        assert_eq!(plain("äöüß", 3), "äöü…");
        assert_eq!(plain("äöü", 3), "äöü");
        assert_eq!(sentence("revoked on 3 March 2026", 80), "Revoked on 3 March 2026.");
        assert_eq!(
            sentence("did:key:z6Mk is no issuer here", 80),
            "did:key:z6Mk is no issuer here."
        );
        assert_eq!(sentence("no keyword `a` in it", 80), "No keyword “a” in it.");
        assert_eq!(sentence("", 80), "");
    }

    #[test]
    fn addresses_are_told_by_their_host_in_a_headline() {
        assert_eq!(
            short_addresses("the list `https://badges.example/a/b?c` was not read; `x` is no date"),
            "the list at badges.example was not read; “x” is no date"
        );
        assert_eq!(short_addresses("https://badges.example/a"), "https://badges.example/a");
        assert_eq!(pieces("send `a` or b").iter().filter(|p| p.code).count(), 1);
    }

    #[test]
    fn lists_read_as_people_say_them() {
        let items: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(listed(&items[..0], 3), "");
        assert_eq!(listed(&items[..1], 3), "a");
        assert_eq!(listed(&items[..2], 3), "a and b");
        assert_eq!(listed(&items, 2), "a, b and 2 more");
    }
}
