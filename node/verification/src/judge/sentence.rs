//! The verdict in one sentence that could be read aloud.

use registry_schema::{
    Check, CheckOutcome, Finding, IssuerStanding, LocalDay, Purpose, VerdictKind, verdict::RecognizingAgency,
};

use super::{
    JudgeContext,
    recognition::{RecognitionOutcome, words},
    status::KnownStatus,
};
use crate::{VerificationQuestion, codes::Code};

/// A day: a moment that is nearer to the check is told with its time.
const DAY: i64 = 86_400;

pub(super) fn of(
    verdict: VerdictKind,
    findings: &[Finding],
    case: &JudgeContext<'_>,
    status: &KnownStatus,
    recognition: &RecognitionOutcome,
) -> String {
    let agency = case.name(&case.question.agency);
    match verdict {
        VerdictKind::Accepted => {
            let use_ = case
                .question
                .purpose
                .map_or_else(|| words(&recognition.accepted), |p| p.in_words().to_owned());
            let use_ = match recognition.provided.as_slice() {
                [] => use_,
                provided => format!("{use_}, provided that {}", provided.join(" and ")),
            };
            accepted(case, &agency, &use_, status)
        }
        VerdictKind::NotRecognized if has(findings, Code::IssuerUnregistered) => {
            let said = by_someone_unknown(case);
            format!("{said}{}", about(case))
        }
        VerdictKind::NotRecognized => {
            let said = not_recognized(findings, case, &agency, &recognition.recognized_by);
            let namesake = case.namesake_in_words(IssuerStanding::Registered, recognition);
            format!("{said}{namesake}{}", about(case))
        }
        VerdictKind::NotValid => {
            let on = day(case).map(|day| format!(" on {day}")).unwrap_or_default();
            format!("Not valid{on}: {}.", gravest(findings, CheckOutcome::Failed, &FAILED))
        }
        VerdictKind::CouldNotCheck => {
            let of = day(case).map(|day| format!(" for {day}")).unwrap_or_default();
            let why = gravest(findings, CheckOutcome::CouldNotCheck, &IN_DOUBT);
            // Whose it is comes first: who waits for what could not be checked waits for nothing.
            match has(findings, Code::IssuerUnregistered) {
                true => format!("{} Could not check the rest{of}: {why}.", by_someone_unknown(case)),
                false => format!("Could not check{of}: {why}."),
            }
        }
        VerdictKind::Unreadable => "This file is not a badge that we can read.".to_owned(),
    }
}

/// By when the answer knows what it knows, if that was asked.
pub(super) fn known(question: &VerificationQuestion) -> String {
    let Some(known) = question.known else {
        return String::new();
    };
    match LocalDay::ending_at(known, &question.agency) {
        Some(day) => format!(" This is by what was known here at the end of {}.", day.in_words()),
        None => format!(" This is by what was known here on {}.", known.in_words()),
    }
}

fn has(findings: &[Finding], code: Code) -> bool {
    findings.iter().any(|f| f.code == code.as_str())
}

/// The day asked about, if it was a whole day that is over: `August 15, 2026`.
fn day(case: &JudgeContext<'_>) -> Option<String> {
    let question = case.question;
    LocalDay::ending_at(question.at, &question.agency).map(|day| day.in_words())
}

/// ` This is about August 15, 2026.`
fn about(case: &JudgeContext<'_>) -> String {
    day(case)
        .map(|day| format!(" This is about {day}."))
        .unwrap_or_default()
}

/// The signature holds, and nobody here knows whose it is: whatever name the file has is the file's own word.
fn by_someone_unknown(case: &JudgeContext<'_>) -> String {
    let Some(claimed) = case.claimed_name() else {
        return "Signed, but nobody here knows the signer. The file names no issuer.".to_owned();
    };
    let like = match case.evidence.like_names.first() {
        Some(like) => {
            let real = case.like_name_in_words(like);
            match case.is_same(&claimed, like) {
                true => format!(" It is the same as the name of {real}."),
                false => format!(" It is like the name of {real}."),
            }
        }
        None => String::new(),
    };
    format!(
        "Signed, but nobody here knows the signer. The file says it is from “{claimed}”. Anyone can write that name.{like}"
    )
}

fn accepted(case: &JudgeContext<'_>, agency: &str, use_: &str, status: &KnownStatus) -> String {
    let question = case.question;
    // What was undone since is told, however short ago the moment asked about is.
    let since = status
        .since
        .map(|what| format!(" It has been {what} since."))
        .unwrap_or_default();
    let then = match day(case) {
        Some(day) => format!(" on {day}"),
        None if question.asked().is_now() => String::new(),
        None if question.knowing().seconds_since(question.at) < DAY => {
            format!(", as of {}", question.at.in_words())
        }
        None => format!(", as of {}", question.at.date_in_words()),
    };
    format!("Accepted in {agency} for {use_}{then}.{since}")
}

fn not_recognized(
    findings: &[Finding],
    case: &JudgeContext<'_>,
    agency: &str,
    recognized_by: &[RecognizingAgency],
) -> String {
    let code = findings
        .iter()
        .find(|f| f.check == Check::Recognition)
        .map(|f| f.code.as_str());
    let is = |wanted: Code| code == Some(wanted.as_str());
    let found = findings.iter().find(|f| f.check == Check::Recognition);
    let why = if let Some(found) = found.filter(|_| is(Code::RecognitionRuleNotMet)) {
        return format!("Genuine, but {}.", found.detail);
    } else if is(Code::RecognitionWrongPurpose) {
        let here = recognized_by.iter().filter(|r| r.agency == case.question.agency);
        let mut purposes: Vec<Purpose> = here.flat_map(|r| r.purposes.iter().copied()).collect();
        purposes.sort_unstable();
        purposes.dedup();
        let asked = case.question.purpose.map_or("this use", Purpose::in_words);
        format!(
            "{agency} recognizes its issuer for {}, not for {asked}",
            words(&purposes)
        )
    } else if is(Code::RecognitionOutOfScope) {
        format!("{agency} recognizes its issuer for other badges, not for this one")
    } else if is(Code::RecognitionWithdrawn) {
        format!("{agency} no longer recognizes its issuer")
    } else if is(Code::RecognitionEndedAtHome) {
        let mut here = case
            .evidence
            .recognitions
            .iter()
            .filter(|e| e.agency == case.question.agency);
        match here.any(|entry| case.is_suspended_at_home(entry)) {
            true => format!("its issuer's registration at home is suspended for now, which {agency} follows"),
            false => format!("its issuer is no longer registered at home, which {agency} follows"),
        }
    } else if is(Code::RecognitionNotAtThatDate) {
        let on = case.then();
        format!("{agency}'s recognition of its issuer does not cover {on}")
    } else if is(Code::RecognitionRecognized) {
        format!("{agency} recognizes none of its badges")
    } else {
        format!("{agency} does not recognize its issuer")
    };
    let others = case.others();
    let others = match others.as_slice() {
        [] => String::new(),
        [one] => format!(" {one} does."),
        [first @ .., last] if first.len() < 3 => format!(" {} and {last} do.", first.join(", ")),
        [first, second, rest @ ..] => format!(" {first}, {second} and {} others do.", rest.len()),
    };
    format!("Genuine, but {why}.{others}")
}

/// Gravest first: what can never be mended, then what waits, then what may be a mistake of form.
const FAILED: [(Code, Phrase); 13] = [
    (Code::ProofMissing, Phrase::Detail),
    (Code::ProofInvalid, Phrase::Detail),
    (Code::ProofUncoveredField, Phrase::Detail),
    (Code::IssuerKeyNotIssuers, Phrase::Detail),
    (Code::StatusRevoked, Phrase::This),
    (Code::StatusSuspended, Phrase::This),
    (Code::DatesExpired, Phrase::It),
    (Code::DatesNotYetValid, Phrase::Yet),
    (Code::ProofExpired, Phrase::Detail),
    (Code::StructureInvalid, Phrase::Form),
    (Code::StructureNoValidBadge, Phrase::Detail),
    (Code::StructureUnreadable, Phrase::Detail),
    (Code::RecognitionNone, Phrase::Detail),
];

const IN_DOUBT: [(Code, Phrase); 27] = [
    (Code::StructureUnknownContext, Phrase::Detail),
    (Code::ProofUnknownSuite, Phrase::Detail),
    (Code::ProofTooComplex, Phrase::Detail),
    (Code::IssuerKeyCompromised, Phrase::Detail),
    (Code::IssuerUnresolvable, Phrase::Detail),
    (Code::ProofUnknownKey, Phrase::Detail),
    (Code::AgencyExpelled, Phrase::Detail),
    (Code::StatusStale, Phrase::Detail),
    (Code::DatesClockInDoubt, Phrase::Detail),
    (Code::IssuerClockInDoubt, Phrase::Detail),
    (Code::ProofClockInDoubt, Phrase::Detail),
    (Code::StatusUnknownThen, Phrase::Detail),
    (Code::StatusUnreachable, Phrase::Detail),
    (Code::StatusListUnverified, Phrase::Detail),
    (Code::StatusListTooShort, Phrase::Detail),
    (Code::StatusOutOfRange, Phrase::Detail),
    (Code::StatusMalformed, Phrase::Detail),
    (Code::StatusMissing, Phrase::Detail),
    (Code::RecognitionStale, Phrase::Detail),
    (Code::RecognitionForked, Phrase::Detail),
    (Code::RecognitionFrameworkUnknown, Phrase::Detail),
    (Code::RecognitionBadgesNotChecked, Phrase::Detail),
    (Code::RecognitionRuleDepends, Phrase::Detail),
    (Code::DatesNotChecked, Phrase::Detail),
    (Code::ProofNotChecked, Phrase::Detail),
    (Code::IssuerNotChecked, Phrase::Detail),
    (Code::StatusNotChecked, Phrase::Detail),
];

/// The way in which a finding's detail goes into a sentence.
#[derive(Clone, Copy)]
enum Phrase {
    /// As it stands.
    Detail,
    /// `this badge was revoked on 3 March 2026 by South Carolina (issued in error)`
    This,
    /// `this badge expired on …`
    It,
    /// `this badge is good from … on`
    Yet,
    /// `the badge is not well formed (…)`
    Form,
}

fn gravest(findings: &[Finding], outcome: CheckOutcome, order: &[(Code, Phrase)]) -> String {
    for (code, tell) in order {
        let Some(found) = findings
            .iter()
            .find(|f| f.outcome == outcome && f.code == code.as_str())
        else {
            continue;
        };
        let detail = found.detail.as_str();
        return match tell {
            Phrase::Detail => detail.to_owned(),
            Phrase::This => match detail.split_once(": ") {
                Some((what, why)) => match why.split_once("; ") {
                    Some((why, next)) => format!("this badge was {what} ({why}); {next}"),
                    None => format!("this badge was {what} ({why})"),
                },
                None => format!("this badge was {detail}"),
            },
            Phrase::It => format!("this badge {detail}"),
            Phrase::Yet => format!("this badge is {detail}"),
            Phrase::Form => format!("the badge is not well formed ({detail})"),
        };
    }
    // Every code has its place above; a new one is told by its detail.
    findings
        .iter()
        .find(|f| f.outcome == outcome)
        .map_or_else(String::new, |f| f.detail.clone())
}
