//! What stands within a badge: of a Comprehensive Learner Record its badges, and what others say of a badge.

use registry_schema::{
    Check, Verdict,
    verdict::{Endorsed, Endorsement},
};

use super::{
    lines::NAME,
    verdict::Look,
    words::{Mark, outcome, plain, sentence},
};

/// What is shown of a sentence.
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
pub(super) struct Praise {
    pub(super) mark: Mark,
    pub(super) outcome: &'static str,
    pub(super) text: String,
    pub(super) code: String,
}

pub(super) fn parts(verdict: &Verdict) -> Vec<Part> {
    let part = |part: &Verdict| {
        let badge = part.credential.as_ref().and_then(|badge| badge.name.as_deref());
        let issuer = part.issuer.as_ref();
        let issuer = issuer.map(|issuer| issuer.name.as_deref().unwrap_or(&issuer.id));
        Part {
            look: Look::of(part.verdict),
            badge: plain(badge.unwrap_or("without a name"), NAME),
            issuer: plain(issuer.unwrap_or("not known"), NAME),
            sentence: sentence(&part.sentence, SENTENCE),
        }
    };
    verdict.credentials.iter().map(part).collect()
}

pub(super) fn praise(verdict: &Verdict) -> Vec<Praise> {
    let one = |one: &Endorsement| {
        let of = match one.of {
            Endorsed::Badge => "the badge",
            Endorsed::Issuer => "its issuer",
            Endorsed::Achievement => "its achievement",
        };
        let by = plain(one.by.as_deref().unwrap_or("nobody who is named"), NAME);
        Praise {
            mark: Mark::of(Check::Proof, one.outcome),
            outcome: outcome(Check::Proof, one.outcome),
            text: sentence(&format!("{by}, on {of}: {}", one.detail), SENTENCE),
            code: plain(&one.code, NAME),
        }
    };
    verdict.endorsements.iter().map(one).collect()
}
