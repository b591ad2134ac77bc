//! The badges in a Comprehensive Learner Record: each is judged on its own, with evidence of its own.
//!
//! The record's verdict is that of the record itself, and **never better than that of its best badge**: whoever made a
//! record vouches for having put the badges in, and not for what they say. A badge that names another person than the
//! record does is no badge of its learner's, as far as can be seen: it is said, and lends the record nothing.

use std::collections::BTreeSet;

use registry_schema::{Argument, Phrase, VerdictKind};

use super::{AnswerSentence, CountedBadges, FindingDetail, JudgedFinding, JudgedVerdict, finding, judge, unreadable};
use crate::{Evidence, OpenBadge, VerificationQuestion, codes::Code};

/// The answer about each badge in a record. What is not known about one, is not known: it could not be checked.
pub(super) fn parts(record: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> Vec<JudgedVerdict> {
    let nothing = Evidence::default();
    let known = evidence.parts.iter().chain(std::iter::repeat(&nothing));
    let judged = record.parts.iter().zip(known).map(|(part, known)| match part {
        Ok(part) => {
            let mut verdict = judge(part, known, question);
            if names_another(record, part) {
                let another = finding(Code::HolderAnother, FindingDetail::NamesAnother);
                verdict.findings.push(another);
                let sentences = vec![verdict.sentence, AnswerSentence::NamesAnotherThanRecord.into()];
                verdict.sentence = Phrase::Sentences(sentences);
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

fn is_anothers(part: &JudgedVerdict) -> bool {
    part.findings.iter().any(|f| f.code == Code::HolderAnother)
}

/// That badges in the record name another person than the record.
pub(super) fn learners(parts: &[JudgedVerdict]) -> Option<JudgedFinding> {
    let numbered = parts.iter().zip(1_usize..).filter(|(part, _)| is_anothers(part));
    let places: Vec<String> = numbered.map(|(_, number)| number.to_string()).collect();
    let detail = match places.as_slice() {
        [] => return None,
        [one] => FindingDetail::PartNamesAnother { place: one.clone() },
        many => FindingDetail::PartsNameOthers {
            places: many.join(", "),
        },
    };
    Some(finding(Code::HolderAnother, detail))
}

/// The finding against a record all of whose badges have something against them.
pub(super) fn finding_on(parts: &[JudgedVerdict]) -> Option<JudgedFinding> {
    // Whose badge it is was not found out; so it cannot be what makes the record good.
    let counts = |part: &JudgedVerdict| match is_anothers(part) {
        true => part.verdict.min(VerdictKind::CouldNotCheck),
        false => part.verdict,
    };
    let best = parts.iter().map(counts).max()?;
    match best {
        VerdictKind::Accepted => None,
        VerdictKind::NotRecognized => Some(finding(Code::RecognitionNoBadge, FindingDetail::NoneRecognizedInRecord)),
        VerdictKind::CouldNotCheck => Some(finding(
            Code::RecognitionBadgesNotChecked,
            FindingDetail::NoneCheckedInRecord,
        )),
        VerdictKind::NotValid | VerdictKind::Unreadable => Some(finding(
            Code::StructureNoValidBadge,
            FindingDetail::NoValidBadgeInRecord,
        )),
    }
}

/// The sentences that say how the badges of a record came out.
pub(super) fn summary(parts: &[JudgedVerdict]) -> Vec<Phrase> {
    let count_of = |kind: VerdictKind, is_unknown: bool| {
        let is_it = |part: &&JudgedVerdict| part.verdict == kind && part.is_by_someone_unknown() == is_unknown;
        parts.iter().filter(is_it).count()
    };
    let counted = [
        (
            count_of(VerdictKind::Accepted, false),
            (|count| CountedBadges::Accepted { count }) as fn(usize) -> CountedBadges,
        ),
        (count_of(VerdictKind::NotRecognized, false), |count| {
            CountedBadges::NotRecognized { count }
        }),
        (count_of(VerdictKind::NotRecognized, true), |count| {
            CountedBadges::SignedByUnknown { count }
        }),
        (count_of(VerdictKind::CouldNotCheck, false), |count| {
            CountedBadges::NotChecked { count }
        }),
        (count_of(VerdictKind::NotValid, false), |count| {
            CountedBadges::NotValid { count }
        }),
        (count_of(VerdictKind::Unreadable, false), |count| {
            CountedBadges::NotReadable { count }
        }),
    ];
    if parts.is_empty() {
        return Vec::new();
    }
    let kinds = counted.into_iter().filter(|(count, _)| *count > 0);
    let kinds = Argument::row(kinds.map(|(count, of)| of(count)));
    let mut said = vec![Phrase::from(AnswerSentence::Holds {
        count: parts.len(),
        kinds,
    })];
    said.extend(match parts.iter().filter(|part| is_anothers(part)).count() {
        0 => None,
        1 => Some(Phrase::from(AnswerSentence::OneNamesAnother)),
        count => Some(AnswerSentence::SomeNameAnother { count }.into()),
    });
    said
}
