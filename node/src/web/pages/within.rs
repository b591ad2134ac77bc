//! The contents of a badge: of a Comprehensive Learner Record its badges, and what others say of a badge.

use registry_schema::{
    Check, CheckOutcome, IssuerStanding, Verdict, quotable,
    verdict::{Endorsement, EndorsementTarget, IssuerSummary},
};

use super::{
    lines::NAME,
    verdict::VerdictStyle,
    words::{StatusMark, outcome, plain, sentence},
};

/// The number of characters that are shown of a sentence.
const SENTENCE: usize = 300;

/// A badge in a record.
#[derive(Debug)]
pub(super) struct RecordBadge {
    pub(super) look: VerdictStyle,
    pub(super) badge: String,
    pub(super) issuer: String,
    pub(super) sentence: String,
}

/// Somebody else's word.
#[derive(Debug)]
pub(super) struct EndorsementRow {
    pub(super) mark: StatusMark,
    pub(super) outcome: &'static str,
    pub(super) text: String,
    pub(super) code: String,
}

pub(super) fn parts(verdict: &Verdict) -> Vec<RecordBadge> {
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
        RecordBadge {
            look: VerdictStyle::of(part),
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
            EndorsementTarget::Badge => "the badge",
            EndorsementTarget::Issuer => "its issuer",
            EndorsementTarget::Achievement => "its achievement",
        };
        // Whoever is not shown to have signed it is named as the file names him: in quotation marks.
        let by = match (one.outcome, one.by.as_deref()) {
            (CheckOutcome::Passed, Some(by)) => quotable::name(by),
            (_, Some(by)) => quotable::claimed(by).map(|by| format!("“{by}”, as it says")),
            (_, None) => None,
        };
        let by = by.unwrap_or_else(|| "nobody who is named".to_owned());
        let check = match one.outcome {
            CheckOutcome::NotApplicable => Check::Issuer,
            _ => Check::Proof,
        };
        EndorsementRow {
            mark: StatusMark::of(check, one.outcome),
            outcome: outcome(check, one.outcome),
            text: sentence(&format!("{by}, on {of}: {}", one.detail), SENTENCE),
            code: plain(&one.code, NAME),
        }
    };
    verdict.endorsements.iter().map(one).collect()
}
