//! The verdict in one sentence that could be read aloud, and the sentences that follow it.

use registry_schema::{
    Argument, Check, CheckOutcome, IssuerStanding, LocalDay, Phrase, Purpose, VerdictKind, WrittenTime,
};

use super::{
    AcceptedUse, AnswerSentence, JudgeContext, JudgedFinding, JudgedRecognition, NotRecognizedClause,
    phrases::{asked_use, uses},
    recognition::RecognitionOutcome,
    status::{KnownStatus, LaterChange},
};
use crate::{VerificationQuestion, codes::Code};

/// A day: a moment that is nearer to the check is told with its time.
const DAY: i64 = 86_400;

pub(super) fn of(
    verdict: VerdictKind,
    findings: &[JudgedFinding],
    case: &JudgeContext<'_>,
    status: &KnownStatus,
    recognition: &RecognitionOutcome,
) -> Vec<Phrase> {
    match verdict {
        VerdictKind::Accepted => {
            let purposes = match case.question.purpose {
                Some(purpose) => Argument::from(purpose),
                None => uses(&recognition.accepted),
            };
            let purposes = match recognition.provided.as_slice() {
                [] => purposes,
                provided => Argument::from(AcceptedUse::Provided {
                    purposes,
                    conditions: provided.to_vec(),
                }),
            };
            accepted(case, purposes, status)
        }
        VerdictKind::NotRecognized if has(findings, Code::IssuerUnregistered) => {
            let mut said = by_someone_unknown(case);
            said.extend(about(case));
            said
        }
        VerdictKind::NotRecognized => {
            let mut said = not_recognized(findings, case, &recognition.recognized_by);
            said.extend(case.namesake_sentence(IssuerStanding::Registered, recognition));
            said.extend(about(case));
            said
        }
        VerdictKind::NotValid => {
            let why = gravest(findings, CheckOutcome::Failed, &FAILED);
            vec![match day(case) {
                Some(day) => AnswerSentence::NotValidOn { why, day }.into(),
                None => AnswerSentence::NotValid { why }.into(),
            }]
        }
        VerdictKind::CouldNotCheck => {
            let why = gravest(findings, CheckOutcome::CouldNotCheck, &IN_DOUBT);
            // Whose it is comes first: who waits for what could not be checked waits for nothing.
            let (mut said, is_unknown) = match has(findings, Code::IssuerUnregistered) {
                true => (by_someone_unknown(case), true),
                false => (Vec::new(), false),
            };
            said.push(Phrase::from(match (day(case), is_unknown) {
                (None, false) => AnswerSentence::CouldNotCheck { why },
                (Some(day), false) => AnswerSentence::CouldNotCheckFor { why, day },
                (None, true) => AnswerSentence::CouldNotCheckTheRest { why },
                (Some(day), true) => AnswerSentence::CouldNotCheckTheRestFor { why, day },
            }));
            said
        }
        VerdictKind::Unreadable => vec![AnswerSentence::Unreadable.into()],
    }
}

/// By when the answer knows what it knows, if that was asked.
pub(super) fn known(question: &VerificationQuestion) -> Option<Phrase> {
    let known = question.known?;
    Some(match LocalDay::ending_at(known, &question.agency) {
        Some(day) => AnswerSentence::KnownAtEndOf { day: day.written() }.into(),
        None => AnswerSentence::KnownOn { at: known.moment() }.into(),
    })
}

fn has(findings: &[JudgedFinding], code: Code) -> bool {
    findings.iter().any(|f| f.code == code)
}

/// The day asked about, if it was a whole day that is over.
fn day(case: &JudgeContext<'_>) -> Option<WrittenTime> {
    let question = case.question;
    LocalDay::ending_at(question.at, &question.agency).map(|day| day.written())
}

fn about(case: &JudgeContext<'_>) -> Option<Phrase> {
    day(case).map(|day| AnswerSentence::About { day }.into())
}

/// The signature holds, and nobody here knows whose it is: whatever name the file has is the file's own word.
fn by_someone_unknown(case: &JudgeContext<'_>) -> Vec<Phrase> {
    let mut said = vec![Phrase::from(AnswerSentence::SignedByUnknown)];
    let Some(claimed) = case.claimed_name() else {
        said.push(AnswerSentence::FileNamesNoIssuer.into());
        return said;
    };
    let like = case.evidence.like_names.first().map(|like| {
        let real = case.like_name(like);
        Phrase::from(match case.is_same(&claimed, like) {
            true => AnswerSentence::SameNameAs { like: real },
            false => AnswerSentence::LikeNameOf { like: real },
        })
    });
    said.push(AnswerSentence::FileSaysItIsFrom { name: claimed }.into());
    said.extend(like);
    said
}

fn accepted(case: &JudgeContext<'_>, purposes: Argument, status: &KnownStatus) -> Vec<Phrase> {
    let question = case.question;
    let agency = case.name(&question.agency);
    let said = match day(case) {
        Some(day) => AnswerSentence::AcceptedOn { agency, purposes, day },
        None if question.asked().is_now() => AnswerSentence::Accepted { agency, purposes },
        None => {
            let at = match question.knowing().seconds_since(question.at) < DAY {
                true => question.at.moment(),
                false => question.at.day(),
            };
            AnswerSentence::AcceptedAsOf { agency, purposes, at }
        }
    };
    // What was undone since is told, however short ago the moment asked about is.
    let since = status.since.map(|since| {
        Phrase::from(match since {
            LaterChange::Revoked => AnswerSentence::RevokedSince,
            LaterChange::Suspended => AnswerSentence::SuspendedSince,
        })
    });
    [said.into()].into_iter().chain(since).collect()
}

fn not_recognized(
    findings: &[JudgedFinding],
    case: &JudgeContext<'_>,
    recognized_by: &[JudgedRecognition],
) -> Vec<Phrase> {
    let agency = case.name(&case.question.agency);
    let found = findings.iter().find(|f| f.check == Check::Recognition);
    let why = match found.map(|found| (found.code, found)) {
        Some((Code::RecognitionRuleNotMet, found)) => {
            let why = NotRecognizedClause::ByRule {
                detail: found.detail.clone(),
            };
            return vec![AnswerSentence::Genuine { why: why.into() }.into()];
        }
        Some((Code::RecognitionWrongPurpose, _)) => {
            let here = recognized_by.iter().filter(|r| r.agency == case.question.agency);
            let mut purposes: Vec<Purpose> = here.flat_map(|r| r.purposes.iter().copied()).collect();
            purposes.sort_unstable();
            purposes.dedup();
            NotRecognizedClause::WrongPurpose {
                agency,
                purposes: uses(&purposes),
                asked: asked_use(case.question.purpose),
            }
        }
        Some((Code::RecognitionOutOfScope, _)) => NotRecognizedClause::OtherBadges { agency },
        Some((Code::RecognitionWithdrawn, _)) => NotRecognizedClause::NoLonger { agency },
        Some((Code::RecognitionEndedAtHome, _)) => {
            let all = case.evidence.recognitions.iter();
            let mut here = all.filter(|e| e.agency == case.question.agency);
            match here.any(|entry| case.is_suspended_at_home(entry)) {
                true => NotRecognizedClause::SuspendedAtHome { agency },
                false => NotRecognizedClause::EndedAtHome { agency },
            }
        }
        Some((Code::RecognitionNotAtThatDate, _)) => NotRecognizedClause::NotOn {
            agency,
            on: case.then(),
        },
        Some((Code::RecognitionRecognized, _)) => NotRecognizedClause::NoneOfItsBadges { agency },
        _ => NotRecognizedClause::NotItsIssuer { agency },
    };
    let mut said = vec![Phrase::from(AnswerSentence::Genuine { why: why.into() })];
    let others = case.others();
    said.extend(
        match others.as_slice() {
            [] => None,
            [one] => Some(AnswerSentence::OtherRecognizes { agency: one.clone() }),
            [first @ .., _] if first.len() < 3 => Some(AnswerSentence::OthersRecognize {
                agencies: Argument::from(others),
            }),
            [first, second, rest @ ..] => Some(AnswerSentence::ManyRecognize {
                first: first.clone(),
                second: second.clone(),
                count: rest.len(),
            }),
        }
        .map(Phrase::from),
    );
    said
}

/// Gravest first: what can never be mended, then what waits, then what may be a mistake of form.
const FAILED: [Code; 13] = [
    Code::ProofMissing,
    Code::ProofInvalid,
    Code::ProofUncoveredField,
    Code::IssuerKeyNotIssuers,
    Code::StatusRevoked,
    Code::StatusSuspended,
    Code::DatesExpired,
    Code::DatesNotYetValid,
    Code::ProofExpired,
    Code::StructureInvalid,
    Code::StructureNoValidBadge,
    Code::StructureUnreadable,
    Code::RecognitionNone,
];

const IN_DOUBT: [Code; 27] = [
    Code::StructureUnknownContext,
    Code::ProofUnknownSuite,
    Code::ProofTooComplex,
    Code::IssuerKeyCompromised,
    Code::IssuerUnresolvable,
    Code::ProofUnknownKey,
    Code::AgencyExpelled,
    Code::StatusStale,
    Code::DatesClockInDoubt,
    Code::IssuerClockInDoubt,
    Code::ProofClockInDoubt,
    Code::StatusUnknownThen,
    Code::StatusUnreachable,
    Code::StatusListUnverified,
    Code::StatusListTooShort,
    Code::StatusOutOfRange,
    Code::StatusMalformed,
    Code::StatusMissing,
    Code::RecognitionStale,
    Code::RecognitionForked,
    Code::RecognitionFrameworkUnknown,
    Code::RecognitionBadgesNotChecked,
    Code::RecognitionRuleDepends,
    Code::DatesNotChecked,
    Code::ProofNotChecked,
    Code::IssuerNotChecked,
    Code::StatusNotChecked,
];

/// The clause of the gravest finding with this outcome.
fn gravest(findings: &[JudgedFinding], outcome: CheckOutcome, order: &[Code]) -> Phrase {
    let with = |code: Code| findings.iter().find(|f| f.outcome() == outcome && f.code == code);
    // Every code has its place above; a new one is told by its detail.
    let found = order.iter().copied().find_map(with);
    let found = found.or_else(|| findings.iter().find(|f| f.outcome() == outcome));
    found.map_or_else(|| Phrase::Clauses(Vec::new()), |found| found.clause().clone())
}
