//! The answer: one sentence, four lines, the person, the next step, and every finding.

use askama::Template;
use registry_schema::{AgencyId, Check, CheckOutcome, Finding, LocalDay, Timestamp, Verdict, VerdictKind, zone};

use super::{
    lines::{DETAIL, NAME, VerdictLine, VerdictView},
    next_steps::next_steps,
    within::{self, EndorsementRow, RecordBadge},
    words::{self, StatusMark, ago, for_use, is_stale, plain, sentence, since},
};

/// `POST /verify`, and a kept answer: the verdict as a card that could be read aloud.
#[derive(Debug, Template)]
#[template(path = "verdict.html")]
pub(crate) struct VerdictPage {
    look: VerdictStyle,
    sentence: String,
    /// The beginning of the sentence, where the verdict's word above it says as much.
    lead: String,
    said: String,
    long: bool,
    agency: String,
    agency_id: String,
    asked_for: String,
    /// The moment at which it should have been good, if not now; and whether that is a whole day.
    earlier: Option<(bool, String)>,
    known: Option<String>,
    checked: String,
    badge: Option<String>,
    badge_notes: Vec<String>,
    reasons: Vec<String>,
    lines: Vec<VerdictLine>,
    person: VerdictLine,
    next: Vec<String>,
    findings: Vec<FindingRow>,
    ids: Vec<(&'static str, String)>,
    receipt: Option<VerdictReceipt>,
    parts: Vec<RecordBadge>,
    praise: Vec<EndorsementRow>,
}

/// A verdict's shape and color (one name for both) and its word.
#[derive(Clone, Copy, Debug)]
pub(super) struct VerdictStyle {
    pub(super) shape: &'static str,
    pub(super) word: &'static str,
}

#[derive(Debug)]
struct FindingRow {
    check: &'static str,
    mark: StatusMark,
    outcome: &'static str,
    detail: String,
    code: String,
    explained: bool,
    age: Option<String>,
}

#[derive(Debug)]
struct VerdictReceipt {
    address: String,
    link: bool,
}

impl VerdictPage {
    /// `agency_name` gives an agency's name, or its id where it has none; `now` is what ages are counted from.
    pub(crate) fn new(verdict: &Verdict, agency_name: &dyn Fn(&AgencyId) -> String, now: Timestamp) -> Self {
        let teller = VerdictView {
            verdict,
            agency_name,
            now,
        };
        let another_day = verdict.checked_at.seconds_since(verdict.at).saturating_abs() > 60;
        let day = verdict.day().map(|day| (true, day.in_words()));
        let earlier = day.or_else(|| another_day.then(|| (false, verdict.at.in_words())));
        let (badge, badge_notes) = teller.badge();
        let sentence = words::short_addresses(&plain(&verdict.sentence, 500));
        let (lead, said) = after_the_word(verdict, &sentence);
        Self {
            look: VerdictStyle::of(verdict),
            lead: lead.to_owned(),
            said: said.to_owned(),
            long: said.chars().count() > 60,
            sentence,
            agency: teller.name(&verdict.agency),
            agency_id: verdict.agency.to_string(),
            asked_for: for_use(verdict.purpose),
            earlier,
            known: verdict.known.map(|known| {
                let day = LocalDay::ending_at(known, &verdict.agency);
                day.map_or_else(|| known.in_words(), |day| format!("the end of {}", day.in_words()))
            }),
            checked: verdict.checked_at.in_words(),
            badge,
            badge_notes,
            reasons: teller.reasons(),
            lines: vec![
                teller.issued_by(),
                teller.recognized_by(),
                teller.status(),
                teller.counts_for(),
            ],
            person: teller.person(),
            next: next_steps(verdict, agency_name),
            findings: verdict.findings.iter().take(24).map(|f| teller.row(f)).collect(),
            ids: teller.ids(),
            receipt: verdict.receipt.as_deref().map(VerdictReceipt::new),
            parts: within::parts(verdict),
            praise: within::praise(verdict),
        }
    }

    /// Counts the findings of each kind.
    fn tally(&self) -> String {
        let kinds = [
            (StatusMark::Holds, "passed"),
            (StatusMark::Fails, "failed"),
            (StatusMark::Unknown, "not checked"),
            (StatusMark::NotRecognized, "not recognized"),
            (StatusMark::Stranger, "about somebody unknown"),
        ];
        let count = |mark| self.findings.iter().filter(|f| f.mark == mark).count();
        let counts = kinds
            .iter()
            .map(|(mark, word)| (count(*mark), word))
            .filter(|(count, _)| *count > 0);
        let told: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        told.join(", ")
    }
}

/// Parts a sentence after what the verdict's word has said already: `Not valid: ` `this badge was revoked`.
fn after_the_word<'s>(verdict: &Verdict, sentence: &'s str) -> (&'s str, &'s str) {
    let is_day = verdict.day().is_some();
    let lead = match verdict.verdict {
        VerdictKind::Accepted => "Accepted ",
        VerdictKind::NotRecognized if verdict.is_by_someone_unknown() => "Signed, but ",
        VerdictKind::NotRecognized => "Genuine, but ",
        VerdictKind::NotValid if is_day => "Not valid ",
        VerdictKind::NotValid => "Not valid: ",
        VerdictKind::CouldNotCheck if is_day => "Could not check ",
        VerdictKind::CouldNotCheck => "Could not check: ",
        VerdictKind::Unreadable => "This file is not a badge that we can read: ",
    };
    match sentence.strip_prefix(lead) {
        Some(said) if !said.is_empty() => (lead, said),
        _ => ("", sentence),
    }
}

impl VerdictStyle {
    pub(super) fn of(verdict: &Verdict) -> Self {
        match verdict.is_by_someone_unknown() {
            true => Self::UNKNOWN_SIGNER,
            false => Self::of_kind(verdict.verdict),
        }
    }

    /// The second form of "not recognized": nobody here knows who signed. It looks like no other answer.
    pub(super) const UNKNOWN_SIGNER: Self = Self {
        shape: "unknown-signer",
        word: "Signed by someone unknown here",
    };

    pub(super) const fn of_kind(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Accepted => Self {
                shape: "accepted",
                word: "Accepted here",
            },
            VerdictKind::NotRecognized => Self {
                shape: "not-recognized",
                word: "Genuine, not recognized here",
            },
            VerdictKind::NotValid => Self {
                shape: "not-valid",
                word: "Not valid",
            },
            VerdictKind::CouldNotCheck => Self {
                shape: "could-not-check",
                word: "Could not check",
            },
            VerdictKind::Unreadable => Self {
                shape: "unreadable",
                word: "Not a badge we can read",
            },
        }
    }
}

impl VerdictReceipt {
    /// Only an address on this node, or an https one, becomes a link.
    fn new(address: &str) -> Self {
        let shown = plain(address, 300);
        let here = shown.starts_with('/') && !shown.starts_with("//") && !shown.starts_with("/\\");
        let link = shown == address && (here || shown.starts_with("https://"));
        Self { address: shown, link }
    }
}

impl VerdictView<'_> {
    fn badge(&self) -> (Option<String>, Vec<String>) {
        let Some(credential) = &self.verdict.credential else {
            return (None, Vec::new());
        };
        let mut notes = Vec::new();
        if let Some(code) = credential.code {
            notes.push(format!("Code {code}"));
        }
        let home = self.verdict.issuer.as_ref().and_then(|issuer| issuer.agency.as_ref());
        let day = |at| zone::dated_in_words(at, home, &self.verdict.agency);
        match (credential.valid_from, credential.valid_until) {
            (Some(from), Some(until)) => notes.push(format!("Good from {} until {}", day(from), day(until))),
            (Some(from), None) => notes.push(format!("Good from {}, with no end date", day(from))),
            (None, Some(until)) => notes.push(format!("Good until {}", day(until))),
            (None, None) => {}
        }
        (
            credential
                .name
                .as_deref()
                .map(|n| plain(n, NAME))
                .filter(|n| !n.is_empty()),
            notes,
        )
    }

    /// The identifiers, for those who want to be exact.
    fn ids(&self) -> Vec<(&'static str, String)> {
        let badge = self.verdict.credential.as_ref().and_then(|c| c.id.as_ref());
        let issuer = self.verdict.issuer.as_ref().map(|i| &i.id);
        let ids = [("Badge", badge), ("Issuer", issuer)];
        ids.into_iter()
            .filter_map(|(of, id)| Some((of, plain(id?, 300))))
            .collect()
    }

    /// Lists why the answer is no yes: all deciding findings, so that none hides behind the first. What the sentence and the
    /// four lines say is not said twice.
    fn reasons(&self) -> Vec<String> {
        let core = [Check::Structure, Check::Proof, Check::Issuer, Check::Dates];
        let deciding = |f: &&Finding| match self.verdict.verdict {
            VerdictKind::Accepted => false,
            VerdictKind::NotRecognized => {
                matches!(
                    f.code.as_str(),
                    "recognition.withdrawn" | "recognition.not_at_that_date" | "issuer.name_resembles"
                )
            }
            VerdictKind::CouldNotCheck => {
                f.outcome == CheckOutcome::CouldNotCheck && core.contains(&f.check) && !f.code.ends_with(".not_checked")
            }
            VerdictKind::NotValid => f.outcome == CheckOutcome::Failed && core.contains(&f.check),
            VerdictKind::Unreadable => f.outcome == CheckOutcome::Failed && f.check == Check::Structure,
        };
        let told = self.verdict.sentence.to_lowercase();
        let new = |f: &&Finding| !told.contains(&f.detail.trim().to_lowercase());
        let found = self.verdict.findings.iter().filter(deciding).filter(new);
        found.take(8).map(|f| sentence(&f.detail, DETAIL)).collect()
    }

    fn row(&self, f: &Finding) -> FindingRow {
        let age = f.as_of.map(|at| match (is_stale(f), self.whose(f)) {
            (true, Some(who)) => format!("Not heard from {who} {}.", since(at, self.now)),
            (true, None) => format!("Not heard {}.", since(at, self.now)),
            (false, Some(who)) => format!("Heard from {who} {}.", ago(at, self.now)),
            (false, None) => format!("As known {}.", ago(at, self.now)),
        });
        let code = plain(&f.code, 60);
        FindingRow {
            check: words::check(f.check),
            mark: StatusMark::of(f.check, f.outcome),
            outcome: words::outcome(f.check, f.outcome),
            detail: sentence(&f.detail, DETAIL),
            explained: verification::codes::find(&code).is_some(),
            code,
            age,
        }
    }
}
