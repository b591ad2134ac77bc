//! The contents of a badge: of a Comprehensive Learner Record its badges, and what others say of a badge.

use registry_schema::{
    Check, IssuerStanding, Outcome, Verdict, quotable,
    verdict::{Endorsed, Endorsement, IssuerSummary},
};

use super::{
    lines::NAME,
    verdict::Look,
    words::{Mark, outcome, plain, sentence},
};

/// The number of characters that are shown of a sentence.
const SENTENCE: usize = 300;

/// A badge in a record.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) look: Look,
    pub(super) badge: String,
    pub(super) issuer: String,
    pub(super) sentence: String,
}

/// Somebody else's word.
#[derive(Debug)]
pub(super) struct EndorsementRow {
    pub(super) mark: Mark,
    pub(super) outcome: &'static str,
    pub(super) text: String,
    pub(super) code: String,
}

pub(super) fn parts(verdict: &Verdict) -> Vec<Part> {
    let part = |part: &Verdict| {
        let badge = part.credential.as_ref().and_then(|badge| badge.name.as_deref());
        let named = |issuer: &IssuerSummary| match (issuer.standing, &issuer.name) {
            (IssuerStanding::Registered, name) => plain(name.as_deref().unwrap_or(&issuer.id), NAME),
            (IssuerStanding::Unregistered, name) => match name.as_deref().and_then(quotable::claimed) {
                Some(name) => format!("says “{name}”"),
                None => "names no issuer".to_owned(),
            },
        };
        let issuer = part.issuer.as_ref().map_or_else(|| "not known".to_owned(), named);
        Part {
            look: Look::of(part),
            badge: plain(badge.unwrap_or("without a name"), NAME),
            issuer,
            sentence: sentence(&part.sentence, SENTENCE),
        }
    };
    verdict.credentials.iter().map(part).collect()
}

pub(super) fn praise(verdict: &Verdict) -> Vec<EndorsementRow> {
    let one = |one: &Endorsement| {
        let of = match one.of {
            Endorsed::Badge => "the badge",
            Endorsed::Issuer => "its issuer",
            Endorsed::Achievement => "its achievement",
        };
        // Whoever is not shown to have signed it is named as the file names him: in quotation marks.
        let by = match (one.outcome, one.by.as_deref()) {
            (Outcome::Passed, Some(by)) => quotable::name(by),
            (_, Some(by)) => quotable::claimed(by).map(|by| format!("“{by}”, as it says")),
            (_, None) => None,
        };
        let by = by.unwrap_or_else(|| "nobody who is named".to_owned());
        let check = match one.outcome {
            Outcome::NotApplicable => Check::Issuer,
            _ => Check::Proof,
        };
        EndorsementRow {
            mark: Mark::of(check, one.outcome),
            outcome: outcome(check, one.outcome),
            text: sentence(&format!("{by}, on {of}: {}", one.detail), SENTENCE),
            code: plain(&one.code, NAME),
        }
    };
    verdict.endorsements.iter().map(one).collect()
}
