//! The badges in a Comprehensive Learner Record: each is judged on its own, with evidence of its own.
//!
//! The record's verdict is that of the record itself, and **never better than that of its best badge**: whoever made a
//! record vouches for having put the badges in, and not for what they say.

use registry_schema::{Finding, Verdict, VerdictKind};

use super::{finding, judge, unreadable};
use crate::{Evidence, OpenBadge, Question, codes::Code};

/// The answer about each badge in a record. What is not known about one, is not known: it could not be checked.
pub(super) fn parts(record: &OpenBadge, evidence: &Evidence, question: &Question) -> Vec<Verdict> {
    let nothing = Evidence::default();
    let known = evidence.parts.iter().chain(std::iter::repeat(&nothing));
    let judged = record.parts.iter().zip(known).map(|(part, known)| match part {
        Ok(part) => judge(part, known, question),
        Err(why) => unreadable(why, question),
    });
    judged.collect()
}

/// What is against a record all of whose badges have something against them.
pub(super) fn finding_on(parts: &[Verdict]) -> Option<Finding> {
    let best = parts.iter().map(|part| part.verdict).max()?;
    match best {
        VerdictKind::Accepted => None,
        VerdictKind::NotRecognized => Some(finding(
            Code::RecognitionNoBadge,
            "none of the badges in this record is recognized",
        )),
        VerdictKind::CouldNotCheck => Some(finding(
            Code::RecognitionBadgesNotChecked,
            "none of the badges in this record could be checked",
        )),
        VerdictKind::NotValid | VerdictKind::Unreadable => Some(finding(
            Code::StructureNoValidBadge,
            "none of the badges in this record is valid",
        )),
    }
}

/// ` It holds 3 badges: 2 accepted, 1 not valid.`
pub(super) fn in_words(parts: &[Verdict]) -> String {
    let kinds = [
        (VerdictKind::Accepted, "accepted"),
        (VerdictKind::NotRecognized, "not recognized"),
        (VerdictKind::CouldNotCheck, "not checked"),
        (VerdictKind::NotValid, "not valid"),
        (VerdictKind::Unreadable, "not readable"),
    ];
    let counted = kinds.iter().filter_map(|(kind, word)| {
        let count = parts.iter().filter(|part| part.verdict == *kind).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let counted: Vec<String> = counted.collect();
    match parts.len() {
        0 => String::new(),
        1 => format!(" It holds 1 badge: {}.", counted.join(", ")),
        many => format!(" It holds {many} badges: {}.", counted.join(", ")),
    }
}
