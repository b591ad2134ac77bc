//! The look of things on a terminal: tables within 80 columns, ages in words, and nothing that steers the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use registry_schema::{AgencyFreshness, Timestamp, quotable::is_invisible};

/// No line is longer.
const COLUMNS: u16 = 80;

/// Between two columns of a table.
const GAP: u16 = 2;

/// The room that is left to each column of a table, whatever others want.
const NARROWEST: u16 = 8;

/// A text from elsewhere without control characters, and without those that turn the direction of writing around or hide.
pub(crate) fn plain(text: &str) -> String {
    let steers = |c: char| c.is_control() || is_invisible(c);
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// A table with these headings. The column `whole` is for copying: its cells stay on one line where they can. No word of the
/// others is broken, where there is room for it.
pub(crate) fn table(headings: &[&str], whole: usize, rows: &[Vec<String>]) -> String {
    let mut table = bare();
    table.set_header(headings.iter().map(|h| h.to_uppercase()));
    fill(&mut table, rows);
    let wanted: Vec<u16> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(i));
            let width = match i == whole {
                true => cells.map(|cell| cell.chars().count()).max(),
                false => cells
                    .flat_map(|cell| cell.split_whitespace())
                    .map(|word| word.chars().count())
                    .max(),
            };
            let width = width.unwrap_or(0).max(heading.chars().count());
            u16::try_from(width).unwrap_or(u16::MAX)
        })
        .collect();
    let gap = |column: usize| if column + 1 == headings.len() { 0 } else { GAP };
    for (column, width) in given_room(&wanted, whole, gap) {
        if let Some(it) = table.column_mut(column) {
            it.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + gap(column))));
        }
    }
    table.trim_fmt()
}

/// The columns that can be as wide as they want within a line: first the one that is for copying, then those that want least.
fn given_room(wanted: &[u16], whole: usize, gap: impl Fn(usize) -> u16) -> Vec<(usize, u16)> {
    let least = |width: u16| width.min(NARROWEST);
    let taken = wanted
        .iter()
        .enumerate()
        .map(|(column, width)| least(*width) + gap(column));
    let mut room = COLUMNS.saturating_sub(taken.sum());
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|column| (*column != whole, wanted.get(*column).copied()));
    let mut given = Vec::new();
    for column in order {
        let Some(width) = wanted.get(column).copied() else {
            continue;
        };
        let more = width - least(width);
        if more <= room {
            room -= more;
            given.push((column, width));
        }
    }
    given
}

/// Labels and what stands behind them, aligned.
pub(crate) fn pairs(rows: &[(String, String)]) -> String {
    let mut table = bare();
    fill(
        &mut table,
        &rows
            .iter()
            .map(|(label, text)| vec![label.clone(), text.clone()])
            .collect::<Vec<_>>(),
    );
    if let Some(labels) = table.column_mut(0) {
        labels.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// One label for several texts, each on a line of its own.
pub(crate) fn labelled(label: &str, texts: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    let labels = std::iter::once(label.to_owned()).chain(std::iter::repeat_with(String::new));
    labels.zip(texts).collect()
}

/// A paragraph.
pub(crate) fn paragraph(text: &str) -> String {
    let mut table = bare();
    fill(&mut table, &[vec![text.to_owned()]]);
    table.trim_fmt()
}

fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(COLUMNS)
        .force_no_tty();
    table
}

fn fill(table: &mut Table, rows: &[Vec<String>]) {
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    let last = table.column_count().saturating_sub(1);
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if i == last { 0 } else { GAP }));
    }
}

/// `4 minutes ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    match now.seconds_since(then) {
        _ if !then.is_plausible() => format!("at {}", then.in_words()),
        i64::MIN..=-120 => format!("in {}, by its own clock", span(then.seconds_since(now))),
        -119..=59 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// `for another 2 days`, or `ended 3 hours ago`.
pub(crate) fn left(end: Timestamp, now: Timestamp) -> String {
    let seconds = end.seconds_since(now);
    if !end.is_plausible() {
        format!("until {}", end.in_words())
    } else if seconds > 0 {
        format!("for another {}", span(seconds))
    } else {
        format!("ended {}", ago(end, now))
    }
}

/// Tells how fresh the node's knowledge of an agency is, by its own word; `now` is its time.
pub(crate) fn fresh(freshness: AgencyFreshness, good_until: Option<Timestamp>, now: Timestamp) -> String {
    match (freshness, good_until) {
        (AgencyFreshness::Fresh, Some(until)) => left(until, now),
        (AgencyFreshness::Fresh, None) => "always".to_owned(),
        (AgencyFreshness::Ended, Some(until)) => format!("ended {}", ago(until, now)),
        (AgencyFreshness::Ended | AgencyFreshness::NeverHeard, _) => "no".to_owned(),
        (AgencyFreshness::ClockInDoubt, _) => "no (clock)".to_owned(),
        (AgencyFreshness::IncompleteHere, _) => "no (store)".to_owned(),
        (AgencyFreshness::Expelled, _) => "expelled".to_owned(),
    }
}

/// `40 seconds ago`: the age of what is too old, however short a term is.
pub(crate) fn exact_age(then: Timestamp, now: Timestamp) -> String {
    match now.seconds_since(then) {
        seconds @ 0..=59 if then.is_plausible() => format!("{} ago", span(seconds)),
        _ => ago(then, now),
    }
}

/// A length of time to the nearest of its unit: three days less a few seconds are three days.
pub(crate) fn span(seconds: i64) -> String {
    let nearest = |unit: i64| seconds.saturating_add(unit / 2) / unit;
    let (count, unit) = if seconds < 60 {
        (seconds.max(1), "second")
    } else if nearest(60) < 60 {
        (nearest(60), "minute")
    } else if nearest(3600) < 48 {
        (nearest(3600), "hour")
    } else {
        (nearest(86_400), "day")
    };
    if count == 1 {
        format!("{count} {unit}")
    } else {
        format!("{count} {unit}s")
    }
}

/// `2026-03-03`, for tables.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// `1 issuer`, `2 issuers`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {one}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_words() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let said: Vec<String> = [0_i64, 59, 60, 240, 3600, 100_000, 172_800, 864_000]
            .iter()
            .map(|s| ago(now.plus_seconds(-*s), now))
            .collect();
        assert_eq!(
            said,
            [
                "just now",
                "just now",
                "1 minute ago",
                "4 minutes ago",
                "1 hour ago",
                "28 hours ago",
                "2 days ago",
                "10 days ago"
            ]
        );
        let three_days = now.plus_seconds(5 - 3 * 86_400);
        assert_eq!(ago(three_days, now), "3 days ago", "less a few seconds");
        assert_eq!(left(now.plus_seconds(3 * 86_400 - 5), now), "for another 3 days");
        for (seconds, said) in [
            (40, "40 seconds ago"),
            (1, "1 second ago"),
            (89, "1 minute ago"),
            (3599, "1 hour ago"),
        ] {
            assert_eq!(exact_age(now.plus_seconds(-seconds), now), said);
        }
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let said = [ago(Timestamp(number), now), left(Timestamp(number), now)];
            assert!(
                said.iter().all(|said| said.contains("the year") && said.len() < 50),
                "{said:?}"
            );
        }
        assert_eq!(ago(now.plus_seconds(600), now), "in 10 minutes, by its own clock");
        assert_eq!(left(now.plus_seconds(7200), now), "for another 2 hours");
        assert_eq!(left(now.plus_seconds(-7200), now), "ended 2 hours ago");
    }

    #[test]
    fn what_comes_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert!(!table(&["name"], 0, &[vec!["\u{1b}[31mred".to_owned()]]).contains('\u{1b}'));
    }

    #[test]
    fn tables_fit_eighty_columns() {
        let long = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK and more ".repeat(3);
        let rows = vec![vec!["US-NC".to_owned(), long.clone(), long.clone(), "x".repeat(200)]];
        for text in [
            table(&["a", "b", "c", "d"], 0, &rows),
            pairs(&[("issued by".into(), long.clone())]),
            paragraph(&long),
        ] {
            assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        }
    }

    #[test]
    fn no_word_is_broken_where_a_line_has_room_for_it() {
        let row = [
            "rec-4k2m9qxr7t3a",
            "US-NC",
            "Palmetto Educator Institute",
            "renewal, professional_learning",
            "since 2026-11-23",
        ];
        let rows = [row.map(ToString::to_string).to_vec()];
        let text = table(&["id", "agency", "recognizes", "for", "term"], 0, &rows);
        for word in row.iter().flat_map(|cell| cell.split_whitespace()) {
            assert!(text.contains(word), "`{word}` is broken:\n{text}");
        }
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    }

    #[test]
    fn an_id_stays_on_one_line() {
        let did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let row = ["US-SC", "Palmetto Learning Collaborative", did]
            .map(ToString::to_string)
            .to_vec();
        let text = table(&["agency", "name", "id"], 2, &[row]);
        assert!(
            text.contains(did) && text.lines().all(|l| l.chars().count() <= 80),
            "{text}"
        );
    }
}
