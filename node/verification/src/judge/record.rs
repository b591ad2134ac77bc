//! The badges in a Comprehensive Learner Record: each is judged on its own, with evidence of its own.
//!
//! The record's verdict is that of the record itself, and **never better than that of its best badge**: whoever made a
//! record vouches for having put the badges in, and not for what they say. A badge that names another person than the
//! record does is no badge of its learner's, as far as can be seen: it is said, and lends the record nothing.

use std::collections::BTreeSet;

use registry_schema::{Finding, Verdict, VerdictKind};

use super::{finding, judge, unreadable};
use crate::{Evidence, OpenBadge, VerificationQuestion, codes::Code};

/// The answer about each badge in a record. What is not known about one, is not known: it could not be checked.
pub(super) fn parts(record: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> Vec<Verdict> {
    let nothing = Evidence::default();
    let known = evidence.parts.iter().chain(std::iter::repeat(&nothing));
    let judged = record.parts.iter().zip(known).map(|(part, known)| match part {
        Ok(part) => {
            let mut verdict = judge(part, known, question);
            if names_another(record, part) {
                let what = "it names another person than the record that it came in, or the same by another name";
                verdict.findings.push(finding(Code::HolderAnother, what));
                verdict.sentence.push_str(" It names another person than the record.");
            }
            verdict
        }
        Err(why) => unreadable(why, question),
    });
    judged.collect()
}

/// Returns true if record and badge both name their learner, and not in the same way. Ids alone say nothing: each issuer has
/// its own for one person; but where they are the same, so is the person.
fn names_another(record: &OpenBadge, part: &OpenBadge) -> bool {
    let same_id = record.subject_id.is_some() && record.subject_id == part.subject_id;
    match (&record.subject_name, &part.subject_name) {
        (Some(learner), Some(named)) => !same_id && !may_be_one(&words(learner), &words(named)),
        _ => false,
    }
}

/// Returns true if two names may be one person's: the same words, or two and more of which the other has all, as with a
/// second given name that one of them leaves out.
fn may_be_one(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    one == other || (short.len() >= 2 && short.is_subset(long))
}

/// The words of a name, in whatever order, case and punctuation it is written.
fn words(name: &str) -> BTreeSet<String> {
    let words = name.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn is_anothers(part: &Verdict) -> bool {
    part.findings.iter().any(|f| f.code == Code::HolderAnother.as_str())
}

/// That badges in the record name another person than the record.
pub(super) fn learners(parts: &[Verdict]) -> Option<Finding> {
    let numbered = parts.iter().zip(1_usize..).filter(|(part, _)| is_anothers(part));
    let places: Vec<String> = numbered.map(|(_, number)| number.to_string()).collect();
    (!places.is_empty()).then(|| {
        let what = match places.as_slice() {
            [one] => {
                format!("badge {one} in this record names another person than the record, or the same by another name")
            }
            many => format!(
                "badges {} in this record name other persons than the record, or the same by another name",
                many.join(", ")
            ),
        };
        finding(Code::HolderAnother, what)
    })
}

/// The finding against a record all of whose badges have something against them.
pub(super) fn finding_on(parts: &[Verdict]) -> Option<Finding> {
    // Whose badge it is was not found out; so it cannot be what makes the record good.
    let counts = |part: &Verdict| match is_anothers(part) {
        true => part.verdict.min(VerdictKind::CouldNotCheck),
        false => part.verdict,
    };
    let best = parts.iter().map(counts).max()?;
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
        (VerdictKind::Accepted, false, "accepted"),
        (VerdictKind::NotRecognized, false, "not recognized"),
        (VerdictKind::NotRecognized, true, "signed by someone unknown here"),
        (VerdictKind::CouldNotCheck, false, "not checked"),
        (VerdictKind::NotValid, false, "not valid"),
        (VerdictKind::Unreadable, false, "not readable"),
    ];
    let counted = kinds.iter().filter_map(|(kind, unknown, word)| {
        let is_it = |part: &&Verdict| part.verdict == *kind && part.is_by_someone_unknown() == *unknown;
        let count = parts.iter().filter(is_it).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let counted: Vec<String> = counted.collect();
    let others = match parts.iter().filter(|part| is_anothers(part)).count() {
        0 => String::new(),
        1 => " One of them names another person than the record.".to_owned(),
        many => format!(" {many} of them name another person than the record."),
    };
    match parts.len() {
        0 => String::new(),
        1 => format!(" It holds 1 badge: {}.{others}", counted.join(", ")),
        many => format!(" It holds {many} badges: {}.{others}", counted.join(", ")),
    }
}
