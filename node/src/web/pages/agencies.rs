//! The federation on one page: a tile a state, and a table that says the same.

use std::collections::BTreeMap;

use api_types::hindrances::Hindrances;
use askama::Template;
use registry_schema::{AgencyId, Timestamp};

use super::words::{ago, capitalized, counted, plain, since};

/// `code,row,column`: one small square a state.
const TILE_GRID: &str = include_str!("../../../assets/us-tile-grid.csv");
const TILE: u32 = 50;

/// A summary of what this node knows of one agency.
#[derive(Debug, Clone)]
pub(crate) struct AgencyRow {
    /// The agency's id.
    pub(crate) id: AgencyId,
    /// Its name.
    pub(crate) name: String,
    /// The moment at which its newest word was signed.
    pub(crate) as_of: Option<Timestamp>,
    /// Up to when that word may be relied on.
    pub(crate) good_until: Option<Timestamp>,
    /// The number of issuers that are home there.
    pub(crate) issuers: usize,
    /// The number of recognitions that it has in force.
    pub(crate) recognitions: usize,
    /// The URL at which its node answers.
    pub(crate) url: String,
    /// True if it is the agency of this node.
    pub(crate) home: bool,
    /// Since when this node no longer federates with it, if it was expelled.
    pub(crate) expelled_since: Option<Timestamp>,
    /// True if its root signed two histories.
    pub(crate) disputed: bool,
    /// The number of forks of its log that are proven here.
    pub(crate) forks: usize,
    /// The things that keep more of it from being taken in, or anything of it from being fresh.
    pub(crate) hindrances: Hindrances,
}

/// `GET /agencies`.
#[derive(Debug, Template)]
#[template(path = "agencies.html")]
pub(crate) struct AgenciesPage {
    summary: String,
    /// The node's doubt about what it keeps itself; empty, if there is none.
    doubt: String,
    tiles: Vec<AgencyTile>,
    rows: Vec<AgencyTableRow>,
    more: usize,
}

#[derive(Debug)]
struct AgencyTableRow {
    id: String,
    name: String,
    state: AgencyPresence,
    heard: String,
    good_until: String,
    issuers: usize,
    recognitions: usize,
    url: String,
    link: bool,
    notice: String,
}

#[derive(Debug)]
struct AgencyTile {
    code: String,
    x: u32,
    y: u32,
    state: AgencyPresence,
    says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AgencyPresence {
    Home,
    Fresh,
    Silent,
    Absent,
}

impl AgencyPresence {
    fn of(row: &AgencyRow, now: Timestamp) -> Self {
        if row.home {
            Self::Home
        } else if row.as_of.is_some() && row.good_until.is_some_and(|until| now < until) {
            Self::Fresh
        } else {
            Self::Silent
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Fresh => "fresh",
            Self::Silent => "silent",
            Self::Absent => "absent",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Home => "This node",
            Self::Fresh => "Heard from",
            Self::Silent => "Not heard from",
            Self::Absent => "Not a member",
        }
    }
}

impl AgenciesPage {
    /// The most that the table may weigh, so that the page stays under 50 KB, whatever the agencies call themselves.
    const MOST_BYTES: usize = 30_000;

    /// Most characters of a doubt that are shown.
    const MOST_OF_A_DOUBT: usize = 1_200;

    /// The same, with what makes the node doubt its own store or clock, if anything does.
    pub(crate) fn in_doubt(self, doubt: Option<&str>) -> Self {
        Self {
            doubt: doubt.map_or_else(String::new, |doubt| plain(doubt, Self::MOST_OF_A_DOUBT)),
            ..self
        }
    }

    /// `now` decides who counts as heard from.
    pub(crate) fn new(rows: &[AgencyRow], now: Timestamp) -> Self {
        let standing: BTreeMap<&str, AgencyPresence> = rows
            .iter()
            .map(|r| (r.id.as_str(), AgencyPresence::of(r, now)))
            .collect();
        let silent = standing.values().filter(|s| **s == AgencyPresence::Silent).count();
        let summary = match (rows.len(), silent) {
            (count, 0) => format!(
                "{}. All of them have been heard from in time.",
                counted(count, "agency", "agencies")
            ),
            (count, silent) => format!(
                "{}. {silent} not heard from in time: an answer that needs {} word says “could not check”.",
                counted(count, "agency", "agencies"),
                if silent == 1 { "its" } else { "their" },
            ),
        };
        let mut shown: Vec<AgencyTableRow> = rows.iter().map(|r| AgencyTableRow::new(r, now)).collect();
        shown.sort_by(|a, b| {
            (a.state != AgencyPresence::Home, &a.name).cmp(&(b.state != AgencyPresence::Home, &b.name))
        });
        let mut weight = 0;
        let fit = shown.iter().take_while(|r| {
            weight += r.weight();
            weight <= Self::MOST_BYTES
        });
        let fit = fit.count();
        let more = shown.len() - fit;
        shown.truncate(fit);
        Self {
            summary,
            doubt: String::new(),
            tiles: tiles(&standing),
            rows: shown,
            more,
        }
    }
}

impl AgencyTableRow {
    fn new(row: &AgencyRow, now: Timestamp) -> Self {
        let state = AgencyPresence::of(row, now);
        let heard = match (state, row.as_of) {
            (AgencyPresence::Home, _) if row.good_until.is_none() => "Always: its own lists are kept here".to_owned(),
            (AgencyPresence::Home, at) if row.good_until.is_none_or(|until| until <= now) => match at {
                Some(at) => format!(
                    "Not known as they are now, and only as they were {}: see /readyz",
                    ago(at, now)
                ),
                None => "Not known as they are now: see /readyz".to_owned(),
            },
            (_, None) => "Never yet".to_owned(),
            (AgencyPresence::Silent, Some(at)) => format!("Not {}", since(at, now)),
            (_, Some(at)) => capitalized(&ago(at, now)),
        };
        let good_until = match (state, row.good_until) {
            (_, None) => "–".to_owned(),
            (_, Some(until)) => until.in_words(),
        };
        let notice = match (row.expelled_since, row.disputed, row.forks) {
            (Some(since), ..) => format!("No longer federated with this node, since {}", since.date_in_words()),
            (None, true, _) => "Its root signed two histories: what it granted waits".to_owned(),
            (None, false, 0) => hindered(&row.hindrances),
            (None, false, _) => "A key of it signed two histories: the proof is kept here".to_owned(),
        };
        let url = plain(&row.url, 100);
        Self {
            id: row.id.to_string(),
            name: plain(&row.name, 80),
            state,
            heard,
            good_until,
            issuers: row.issuers,
            recognitions: row.recognitions,
            link: url == row.url && (url.starts_with("https://") || url.starts_with("http://")),
            url,
            notice,
        }
    }

    /// At least the bytes that it takes in the page.
    fn weight(&self) -> usize {
        620 + escaped(&self.name) + escaped(&self.notice) + 2 * escaped(&self.url)
    }
}

/// Says what hinders an agency, in a sentence; empty, if nothing does.
fn hindered(hindrances: &Hindrances) -> String {
    match (&hindrances.quarantined, &hindrances.deferred) {
        (Some(it), _) => format!(
            "In quarantine here since {}, and its badges cannot be checked meanwhile: {}",
            it.since.date_in_words(),
            it.why
        ),
        (None, Some(it)) => format!(
            "More of it is known to exist than is taken in here, since {}: {}",
            it.since.date_in_words(),
            it.why
        ),
        (None, None) => String::new(),
    }
}

/// Returns the most bytes that a text has once it is escaped.
fn escaped(text: &str) -> usize {
    text.bytes()
        .map(|b| {
            if matches!(b, b'<' | b'>' | b'&' | b'"' | b'\'') {
                5
            } else {
                1
            }
        })
        .sum()
}

fn tiles(standing: &BTreeMap<&str, AgencyPresence>) -> Vec<AgencyTile> {
    let read = |line: &str| {
        let mut parts = line.trim().split(',');
        let code = parts.next()?.to_owned();
        let row: u32 = parts.next()?.parse().ok()?;
        let column: u32 = parts.next()?.parse().ok()?;
        let state = standing
            .get(format!("US-{code}").as_str())
            .copied()
            .unwrap_or(AgencyPresence::Absent);
        let says = format!("{code}: {}", state.words().to_lowercase());
        Some(AgencyTile {
            code,
            x: column * TILE,
            y: row * TILE,
            state,
            says,
        })
    };
    TILE_GRID.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_the_district_of_columbia_has_a_tile() {
        assert_eq!(tiles(&BTreeMap::new()).len(), 51);
    }
}
