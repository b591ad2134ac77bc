//! The trust list, readable: every issuer, and who recognizes it for what.

use std::collections::BTreeMap;

use askama::Template;
use registry_schema::{ActEffect, AgencyId, Issuer, Purpose, QueryTime, Timestamp, recognition::RecognitionEntry};

use super::words::{StatusMark, counted, listed, plain, term};

/// `GET /issuers`, in pages.
#[derive(Debug, Template)]
#[template(path = "issuers.html")]
pub(crate) struct IssuersPage {
    agency: String,
    agency_id: String,
    summary: String,
    issuers: Vec<IssuerView>,
    page: usize,
    pages: usize,
}

#[derive(Debug)]
struct IssuerView {
    name: String,
    id: String,
    /// The id by which its own page is found; none, if that would be long.
    full_id: Option<String>,
    home: String,
    own_keys: bool,
    mark: StatusMark,
    here: String,
    rows: Vec<IssuerTableRow>,
    more: usize,
}

#[derive(Debug)]
struct IssuerTableRow {
    agency: String,
    covers: String,
    uses: String,
    term: String,
    mark: StatusMark,
    state: String,
}

/// One issuer, and every recognition that names it.
struct IssuerRecognitions<'a> {
    issuer: &'a Issuer,
    entries: Vec<&'a RecognitionEntry>,
}

impl IssuersPage {
    /// The number of things that a page may hold, counting an issuer as one and each of its recognitions as one more: keeps
    /// it under 50 KB.
    const BUDGET: usize = 30;
    const MOST_ROWS: usize = 8;

    /// `agency` is the one that the reader asks about; the lists are those of the whole federation. `counts` tells whether an
    /// agency's recognition of an issuer counts now, with all that it follows. `page` counts from 1; one that does not exist
    /// shows the nearest.
    pub(crate) fn new(
        agency: &AgencyId,
        agency_name: &dyn Fn(&AgencyId) -> String,
        issuers: &[Issuer],
        recognitions: &[RecognitionEntry],
        counts: &dyn Fn(&AgencyId, &str) -> bool,
        now: Timestamp,
        page: usize,
    ) -> Self {
        let name = |id: &AgencyId| plain(&agency_name(id), 60);
        let mut by_id: BTreeMap<&str, IssuerRecognitions<'_>> = BTreeMap::new();
        let named = issuers.iter().chain(recognitions.iter().map(|r| &r.recognition.issuer));
        for issuer in named {
            by_id.entry(&issuer.id).or_insert_with(|| IssuerRecognitions {
                issuer,
                entries: Vec::new(),
            });
        }
        for entry in recognitions {
            if let Some(listed) = by_id.get_mut(entry.recognition.issuer.id.as_str()) {
                listed.entries.push(entry);
            }
        }
        let mut all: Vec<IssuerRecognitions<'_>> = by_id.into_values().collect();
        all.sort_by_key(|l| (l.issuer.name.to_lowercase(), l.issuer.id.clone()));
        for listed in &mut all {
            // The asked agency first, what is in force before what has ended.
            listed.entries.sort_by_key(|e| {
                (
                    e.agency != *agency,
                    !e.holds(QueryTime::now(now), None),
                    e.agency.clone(),
                )
            });
        }

        let here = all
            .iter()
            .filter(|l| l.holds_at(agency, now) && counts(agency, &l.issuer.id))
            .count();
        let summary = format!(
            "{here} of {} recognized in {}.",
            counted(all.len(), "issuer is", "issuers are"),
            name(agency)
        );

        let chunks = chunks(&all);
        let page = page.clamp(1, chunks.len().max(1));
        let shown = chunks.get(page - 1).into_iter().flatten();
        Self {
            summary,
            issuers: shown.map(|l| IssuerView::new(l, agency, &name, counts, now)).collect(),
            page,
            pages: chunks.len(),
            agency: name(agency),
            agency_id: agency.to_string(),
        }
    }
}

impl IssuerRecognitions<'_> {
    fn weight(&self) -> usize {
        1 + self.entries.len().min(IssuersPage::MOST_ROWS)
    }

    fn holds_at(&self, agency: &AgencyId, now: Timestamp) -> bool {
        self.entries
            .iter()
            .any(|e| e.agency == *agency && e.holds(QueryTime::now(now), None))
    }
}

fn chunks<'a, 'b>(all: &'b [IssuerRecognitions<'a>]) -> Vec<Vec<&'b IssuerRecognitions<'a>>> {
    let mut chunks: Vec<Vec<&IssuerRecognitions<'_>>> = Vec::new();
    let mut weight = usize::MAX;
    for listed in all {
        weight = weight.saturating_add(listed.weight());
        match chunks.last_mut() {
            Some(chunk) if weight <= IssuersPage::BUDGET => chunk.push(listed),
            _ => {
                weight = listed.weight();
                chunks.push(vec![listed]);
            }
        }
    }
    chunks
}

impl IssuerView {
    fn new(
        listed: &IssuerRecognitions<'_>,
        agency: &AgencyId,
        name: &dyn Fn(&AgencyId) -> String,
        counts: &dyn Fn(&AgencyId, &str) -> bool,
        now: Timestamp,
    ) -> Self {
        let (mark, here) = match listed.holds_at(agency, now) {
            true if counts(agency, &listed.issuer.id) => (StatusMark::Holds, format!("Recognized in {}", name(agency))),
            true => {
                let home = name(&listed.issuer.agency);
                let here = format!(
                    "Recognized in {}, and does not count there now: {home} does not register it at the moment, or is not known \
                     recently enough here",
                    name(agency)
                );
                (StatusMark::Unknown, here)
            }
            false => (StatusMark::NotRecognized, format!("Not recognized in {}", name(agency))),
        };
        Self {
            name: plain(&listed.issuer.name, 120),
            id: plain(&listed.issuer.id, 120),
            full_id: Some(listed.issuer.id.clone()).filter(|id| id.len() <= 200),
            home: name(&listed.issuer.agency),
            own_keys: listed.issuer.own_keys.is_some(),
            mark,
            here,
            rows: listed
                .entries
                .iter()
                .take(IssuersPage::MOST_ROWS)
                .map(|e| IssuerTableRow::new(e, name, counts(&e.agency, &listed.issuer.id), now))
                .collect(),
            more: listed.entries.len().saturating_sub(IssuersPage::MOST_ROWS),
        }
    }
}

impl IssuerTableRow {
    fn new(entry: &RecognitionEntry, name: &dyn Fn(&AgencyId) -> String, counts: bool, now: Timestamp) -> Self {
        let recognition = &entry.recognition;
        let (mark, state) = match &entry.withdrawn {
            Some(w) => {
                let spared = if w.earlier_badges_stay_good {
                    "; badges dated earlier stay good"
                } else {
                    ""
                };
                let on = w.at.date_in_words();
                let on = match QueryTime::now(now).effect_of(w.at) {
                    ActEffect::DatedAhead => format!(", dated ahead to {on}"),
                    _ => format!(" on {on}"),
                };
                (StatusMark::Aside, format!("Withdrawn{on}{spared}"))
            }
            _ if now < recognition.from => (
                StatusMark::Aside,
                format!("Begins on {}", recognition.from.date_in_words()),
            ),
            _ if !recognition.in_term(now) => (StatusMark::Aside, "Ended".to_owned()),
            None if counts => (StatusMark::Holds, "In force".to_owned()),
            None => (StatusMark::Aside, "In force, and does not count now".to_owned()),
        };
        Self {
            agency: name(&entry.agency),
            covers: recognition.scope.to_string(),
            uses: uses(&recognition.purposes),
            term: term(recognition.from, recognition.until),
            mark,
            state,
        }
    }
}

/// `any use`, or the uses by name.
pub(super) fn uses(purposes: &[Purpose]) -> String {
    if Purpose::ALL.iter().all(|p| purposes.contains(p)) {
        return "any use".to_owned();
    }
    let words: Vec<String> = purposes.iter().map(|p| p.in_words().to_owned()).collect();
    listed(&words, Purpose::ALL.len())
}
