//! Many answers at once: a table, and the same as a CSV to take along.

use api_types::verifications::BulkVerdict;
use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use registry_schema::{AgencyId, IssuerStanding, Purpose, Timestamp, VerdictKind, quotable};

use super::{
    verdict::VerdictStyle,
    words::{counted, for_use, plain, sentence},
};
use crate::api::worth::MOST_BADGES;

/// The number of characters that are shown of a file's name, a badge's name and a person's.
const NAME: usize = 80;
/// The number of characters that are shown of an answer's sentence.
const SENTENCE: usize = 300;

/// `POST /verify` with an archive or a list: one row for each badge.
#[derive(Debug, Template)]
#[template(path = "many.html")]
pub(crate) struct ManyPage {
    agency: String,
    agency_id: String,
    asked_for: String,
    summary: String,
    tallies: Vec<(VerdictStyle, usize)>,
    rows: Vec<BulkVerdictRow>,
    /// The worth of all of them together: the whole first.
    total: Vec<String>,
    /// By whose rules.
    total_by: String,
    /// The meaning of that, if it is a sample.
    total_note: String,
    /// The reason that it is not said, if it could be.
    no_total: &'static str,
    /// The CSV, as base64; none if it could not be written.
    csv: Option<String>,
    checked: String,
}

#[derive(Debug)]
struct BulkVerdictRow {
    place: String,
    look: VerdictStyle,
    badge: String,
    person: String,
    sentence: String,
}

impl ManyPage {
    /// The answers of an agency, in the upload's order.
    pub(crate) fn new(
        lines: &[BulkVerdict],
        agency: &AgencyId,
        agency_name: &str,
        purpose: Option<Purpose>,
        now: Timestamp,
    ) -> Self {
        let kinds = [
            VerdictKind::Accepted,
            VerdictKind::NotRecognized,
            VerdictKind::NotValid,
            VerdictKind::CouldNotCheck,
            VerdictKind::Unreadable,
        ];
        let count = |kind: VerdictKind| lines.iter().filter(|line| line.verdict.verdict == kind).count();
        let unknown = lines.iter().filter(|line| line.verdict.is_by_someone_unknown()).count();
        let mut tallies = kinds.map(|kind| (VerdictStyle::of_kind(kind), count(kind))).to_vec();
        // The second form of "not recognized" is counted by itself.
        if let Some((_, count)) = tallies.get_mut(1) {
            *count -= unknown.min(*count);
        }
        tallies.insert(2, (VerdictStyle::UNKNOWN_SIGNER, unknown));
        let accepted = count(VerdictKind::Accepted);
        Self {
            agency: plain(agency_name, NAME),
            agency_id: agency.to_string(),
            asked_for: for_use(purpose),
            summary: format!("{accepted} of {} accepted", counted(lines.len(), "badge", "badges")),
            tallies: tallies.into_iter().filter(|(_, count)| *count > 0).collect(),
            rows: lines.iter().map(BulkVerdictRow::of).collect(),
            total: Vec::new(),
            total_by: format!("in {}", plain(agency_name, NAME)),
            total_note: String::new(),
            no_total: match purpose {
                None if lines.len() <= MOST_BADGES => {
                    "Choose a use on the first page to see what they count for together."
                }
                _ => "",
            },
            csv: csv(lines).ok().map(|table| STANDARD.encode(table)),
            checked: now.in_words(),
        }
    }
}

impl ManyPage {
    /// The same, with what the badges count for together.
    pub(crate) fn with_total(mut self, total: Option<Vec<String>>) -> Self {
        let total = total.unwrap_or_default();
        self.total = total.iter().map(|line| plain(line, SENTENCE)).collect();
        self
    }
}

impl ManyPage {
    /// The same, where they count by a sample of rules and not by the agency's own.
    pub(crate) fn by_sample(mut self, whose: &str, note: &str) -> Self {
        self.total_by = format!("by the sample rules of {}", plain(whose, NAME));
        self.total_note = sentence(note, SENTENCE);
        self
    }
}

impl BulkVerdictRow {
    fn of(line: &BulkVerdict) -> Self {
        let place = match &line.input {
            Some(input) => plain(input, NAME),
            None => format!("line {}", line.row),
        };
        let (badge, person) = of_badge(line);
        Self {
            place,
            look: VerdictStyle::of(&line.verdict),
            badge: plain(badge, NAME),
            person: plain(person, NAME),
            sentence: sentence(&line.verdict.sentence, SENTENCE),
        }
    }
}

/// The badge's name and the person's, as the badge says.
fn of_badge(line: &BulkVerdict) -> (&str, &str) {
    let credential = line.verdict.credential.as_ref();
    let subject = credential.and_then(|c| c.subject.as_ref());
    (
        credential.and_then(|c| c.name.as_deref()).unwrap_or_default(),
        subject.and_then(|s| s.name.as_deref()).unwrap_or_default(),
    )
}

/// The answers as a spreadsheet opens them. A cell that a spreadsheet would take for a formula gets an apostrophe.
fn csv(lines: &[BulkVerdict]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let safe = |text: &str| match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    };
    let header = [
        "row",
        "input",
        "verdict",
        "badge",
        "person",
        "issuer",
        "sentence",
        "codes",
        "checked_at",
        "issuer_standing",
        "issuer_name",
    ];
    table.write_record(header)?;
    for line in lines {
        let verdict = &line.verdict;
        let (badge, person) = of_badge(line);
        let codes: Vec<&str> = verdict.findings.iter().map(|finding| finding.code.as_str()).collect();
        let issuer = verdict.issuer.as_ref().map(|issuer| issuer.id.as_str());
        let standing = verdict.issuer.as_ref().map(|issuer| issuer.standing.as_str());
        let name = verdict.issuer.as_ref().and_then(|issuer| match issuer.standing {
            IssuerStanding::Registered => quotable::name(issuer.name.as_deref()?),
            IssuerStanding::Unregistered => quotable::claimed(issuer.name.as_deref()?),
        });
        table.write_record([
            line.row.to_string(),
            safe(line.input.as_deref().unwrap_or_default()),
            verdict.verdict.as_str().to_owned(),
            safe(badge),
            safe(person),
            safe(issuer.unwrap_or_default()),
            safe(&verdict.sentence),
            codes.join(" "),
            verdict.checked_at.to_string(),
            standing.unwrap_or_default().to_owned(),
            safe(&name.unwrap_or_default()),
        ])?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
