//! The judge: badge, evidence and question in, [`JudgedVerdict`] out. **Pure**: the same three always give the same answer.
//!
//! Every check reports at least one finding, in the order structure, proof, issuer, dates, status, recognition, worth,
//! holder; none is skipped because an earlier one failed, and none has a default outcome. The verdict is then *read
//! off* the findings (`precedence`), so that it cannot say anything that they do not.

mod endorsements;
mod finding;
mod genuine;
mod messages;
mod phrases;
pub(crate) mod proof;
mod published;
mod recognition;
mod record;
mod rules;
mod sentence;
mod status;
mod summary;
mod worth;

pub use endorsements::endorsed_status;
pub use finding::{JudgedEndorsement, JudgedFinding, JudgedRecognition, JudgedVerdict};
pub use messages::MESSAGES;
pub use phrases::{
    AcceptedUse, AnswerSentence, AuthorshipDoubt, ConditionalUse, CountedBadges, EndorsementDetail, FindingDetail,
    ForeignList, HeadlineClause, LikeName, ListFault, ListNote, NameLikeness, NamedRule, Namesake, NotRecognizedClause,
    RecognitionSubject, SignerKeyPlace, UnnamedUse, UseReason,
};

use std::cell::OnceCell;

use registry_schema::{
    AgencyId, Check, CheckOutcome, IssuerStanding, LocalDay, Phrase, StatusState, Timestamp, VerdictKind, WrittenTime,
    quotable, verdict::StatusSummary, zone,
};
use serde_json::Value;

use crate::{
    Evidence, Freshness, OpenBadge, UnreadableBadge, VerificationQuestion,
    codes::Code,
    data_integrity::{AllowedTerms, Canonicalization},
    home::{self, HomeAgencies},
};

/// Judges a badge.
#[must_use]
pub fn judge(badge: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> JudgedVerdict {
    judge_by(Canonicalization::Any, badge, evidence, question)
}

/// The same, if it takes well under a millisecond, for a badge of few kilobytes: one signature, over a document whose
/// canonical form goes the short way, and nobody else's word in it. None for any other, and for the first with its
/// contexts: [`judge`] then takes its time, where that holds up nobody.
#[must_use]
pub fn try_judge_fast(
    badge: &OpenBadge,
    evidence: &Evidence,
    question: &VerificationQuestion,
) -> Option<JudgedVerdict> {
    let case = JudgeContext::new(badge, evidence, question, Canonicalization::Short);
    let proofs = badge
        .document
        .get("proof")
        .and_then(Value::as_array)
        .map_or(1, Vec::len);
    if badge.token.is_some() || !badge.parts.is_empty() || proofs > 1 || case.has_endorsements() {
        return None;
    }
    let verdict = judge_by(Canonicalization::Short, badge, evidence, question);
    let is_tangled = |finding: &JudgedFinding| finding.code == Code::ProofTooComplex;
    (!verdict.findings.iter().any(is_tangled)).then_some(verdict)
}

fn judge_by(
    way: Canonicalization,
    badge: &OpenBadge,
    evidence: &Evidence,
    question: &VerificationQuestion,
) -> JudgedVerdict {
    let question = &VerificationQuestion {
        clock_in_doubt: question.clock_in_doubt || evidence.is_of_a_clock_in_doubt(),
        ..question.clone()
    };
    let case = JudgeContext::new(badge, evidence, question, way);
    let credentials = record::parts(badge, evidence, question);
    let (endorsements, endorsed) = case.endorsements();
    let mut findings = case.proof(endorsed);
    let (status_findings, status) = genuine::told(&findings, case.status());
    findings.extend(case.dates());
    findings.extend(status_findings);
    let standing = standing(&findings);
    let recognition = case.recognition(standing);
    findings.push(recognition.finding.clone());
    let namesakes = case.namesakes(standing, &recognition);
    findings.extend(namesakes);
    findings.extend(record::finding_on(&credentials));
    findings.sort_by_key(|finding| finding.check);
    let (worth_findings, worth) = case.worth(&recognition);
    findings.extend(worth_findings);
    findings.push(holder(badge));
    findings.extend(record::learners(&credentials));
    let verdict = precedence(&findings);
    let mut sentences = sentence::of(verdict, &findings, &case, &status, &recognition);
    sentences.extend(record::summary(&credentials));
    sentences.extend(sentence::known(question));
    JudgedVerdict {
        verdict,
        sentence: Phrase::Sentences(sentences),
        agency: question.agency.clone(),
        purpose: question.purpose,
        at: question.at,
        known: question.known,
        checked_at: question.now,
        findings,
        credential: Some(case.credential(standing)),
        issuer: Some(case.issuer_summary(standing)),
        status: StatusSummary {
            state: status.state,
            // Who is not asked about a status tells no age of it.
            fresh_as_of: oldest([status.as_of, recognition.as_of])
                .filter(|_| status.all_known && status.source.is_some()),
            source: status.source.map(quotable::identifier),
        },
        recognized_by: recognition.recognized_by,
        worth,
        endorsements,
        credentials,
    }
}

/// The facts that the asked agency's rules are held against, as far as badge and evidence tell.
#[must_use]
pub fn facts(badge: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> policy::BadgeFacts {
    let case = JudgeContext::new(badge, evidence, question, Canonicalization::Any);
    case.facts(&case.recognition(IssuerStanding::Registered).purposes)
}

/// The findings on proof, issuer, dates and status of any verifiable credential, in this order; its structure is
/// another's to judge.
pub(crate) fn apart_from_structure(
    badge: &OpenBadge,
    evidence: &Evidence,
    question: &VerificationQuestion,
) -> Vec<JudgedFinding> {
    let case = JudgeContext {
        terms: AllowedTerms::Any,
        ..JudgeContext::new(badge, evidence, question, Canonicalization::Any)
    };
    let mut findings = case.proof(Vec::new());
    findings.retain(|finding| finding.check != Check::Structure);
    findings.extend(case.dates());
    findings.extend(case.status().0);
    findings
}

/// The verdict on a file in which no badge could be read.
#[must_use]
pub fn unreadable(why: &UnreadableBadge, question: &VerificationQuestion) -> JudgedVerdict {
    let why = Phrase::from(why);
    let finding = finding(Code::StructureUnreadable, why.clone());
    let sentence = AnswerSentence::UnreadableBecause { why };
    without_badge(VerdictKind::Unreadable, sentence.into(), finding, question)
}

/// The verdict on a badge that whoever keeps it could not be asked for. `why` is lower case, without a full stop.
#[must_use]
pub fn unreachable(why: Phrase, question: &VerificationQuestion) -> JudgedVerdict {
    let finding = finding(Code::StructureUnreachable, why.clone());
    let sentence = AnswerSentence::CouldNotCheck { why };
    without_badge(VerdictKind::CouldNotCheck, sentence.into(), finding, question)
}

fn without_badge(
    verdict: VerdictKind,
    sentence: Phrase,
    structure: JudgedFinding,
    question: &VerificationQuestion,
) -> JudgedVerdict {
    let mut findings = vec![structure];
    for code in [
        Code::ProofNotChecked,
        Code::IssuerNotChecked,
        Code::DatesNotChecked,
        Code::StatusNotChecked,
        Code::RecognitionNotChecked,
        Code::WorthNotChecked,
        Code::HolderNotChecked,
    ] {
        findings.push(finding(code, FindingDetail::NoBadgeToCheck));
    }
    JudgedVerdict {
        verdict,
        sentence,
        agency: question.agency.clone(),
        purpose: question.purpose,
        at: question.at,
        known: question.known,
        checked_at: question.now,
        findings,
        credential: None,
        issuer: None,
        status: StatusSummary {
            state: StatusState::Unknown,
            fresh_as_of: None,
            source: None,
        },
        recognized_by: Vec::new(),
        worth: Vec::new(),
        endorsements: Vec::new(),
        credentials: Vec::new(),
    }
}

/// The case that is judged.
struct JudgeContext<'a> {
    badge: &'a OpenBadge,
    evidence: &'a Evidence,
    question: &'a VerificationQuestion,
    /// The terms that it may use.
    terms: AllowedTerms,
    /// The way in which it may be made canonical.
    way: Canonicalization,
    /// The agencies whose entries for its issuer count.
    homes: HomeAgencies<'a>,
    /// For each recognition of the evidence, whether the entry that it stands for makes the key that signed the badge its
    /// issuer's; empty while no signature is known to hold.
    vouched: OnceCell<Vec<bool>>,
    /// The items of frameworks that the badge says it is aligned to, once they were asked for.
    alignments: OnceCell<Vec<String>>,
    /// The result of the asked agency's policy for the badge, use by use, once that was asked for.
    tallies: OnceCell<worth::BadgeTallies<'a>>,
}

/// A finding with this code and detail.
pub(crate) fn finding(code: Code, detail: impl Into<Phrase>) -> JudgedFinding {
    JudgedFinding::new(code, detail)
}

/// A date of a badge: the day that the agency meant which dated it, or else the day by the clock of the agency asked; with the
/// time of day by the latter, where it lies in the day asked about. A day that is meant to its end is told without.
pub(crate) fn local_date(question: &VerificationQuestion, dated_by: Option<&AgencyId>, at: Timestamp) -> WrittenTime {
    let reader = &question.agency;
    let (day, asked) = (LocalDay::of(at, reader), LocalDay::of(question.at, reader));
    let is_whole = day.as_ref().is_some_and(|day| at == day.last() || at == day.first());
    let meant = zone::dated(at, dated_by, reader);
    let is_asked = day == asked || asked.is_some_and(|asked| asked.written() == meant);
    match is_asked && !is_whole {
        true => zone::moment(at, reader),
        false => meant,
    }
}

/// Only a key that an agency registers shows who signed.
fn standing(findings: &[JudgedFinding]) -> IssuerStanding {
    let shown = |check: Check| {
        findings
            .iter()
            .any(|f| f.check == check && f.outcome() == CheckOutcome::Passed)
    };
    match shown(Check::Proof) && shown(Check::Issuer) {
        true => IssuerStanding::Registered,
        false => IssuerStanding::Unregistered,
    }
}

/// The oldest of what is known.
fn oldest(moments: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    moments.into_iter().flatten().min()
}

/// Not valid before could-not-check before not-recognized before accepted. Worth and holder never count.
fn precedence(findings: &[JudgedFinding]) -> VerdictKind {
    if findings.iter().any(|f| f.code == Code::StructureUnreadable) {
        return VerdictKind::Unreadable;
    }
    let outcomes: Vec<_> = findings.iter().map(|f| (f.check, f.outcome())).collect();
    precedence_of(&outcomes)
}

fn precedence_of(outcomes: &[(Check, CheckOutcome)]) -> VerdictKind {
    let any =
        |outcome: CheckOutcome, checks: &[Check]| outcomes.iter().any(|(c, o)| *o == outcome && checks.contains(c));
    let of_the_badge = [
        Check::Structure,
        Check::Proof,
        Check::Issuer,
        Check::Dates,
        Check::Status,
    ];
    let passed = |check: Check| any(CheckOutcome::Passed, &[check]);
    if any(CheckOutcome::Failed, &of_the_badge) {
        return VerdictKind::NotValid;
    }
    if any(CheckOutcome::CouldNotCheck, &of_the_badge) || any(CheckOutcome::CouldNotCheck, &[Check::Recognition]) {
        return VerdictKind::CouldNotCheck;
    }
    if any(CheckOutcome::Failed, &[Check::Recognition]) {
        return VerdictKind::NotRecognized;
    }
    // Nothing failed and nothing is in doubt; still, each check has to have said so itself.
    let status = passed(Check::Status) || any(CheckOutcome::NotApplicable, &[Check::Status]);
    let rest = [
        Check::Structure,
        Check::Proof,
        Check::Issuer,
        Check::Dates,
        Check::Recognition,
    ];
    if status && rest.into_iter().all(passed) {
        VerdictKind::Accepted
    } else {
        VerdictKind::CouldNotCheck
    }
}

fn holder(badge: &OpenBadge) -> JudgedFinding {
    let whose = match (&badge.subject_name, &badge.subject_id) {
        (Some(_), _) => FindingDetail::HolderWithName,
        (None, Some(_)) => FindingDetail::HolderWithKey,
        (None, None) => FindingDetail::HolderUnnamed,
    };
    finding(Code::HolderNotChecked, whose)
}

impl<'a> JudgeContext<'a> {
    fn new(
        badge: &'a OpenBadge,
        evidence: &'a Evidence,
        question: &'a VerificationQuestion,
        way: Canonicalization,
    ) -> Self {
        Self {
            badge,
            evidence,
            question,
            terms: AllowedTerms::Known,
            way,
            homes: HomeAgencies::of(evidence, &question.agency, &badge.issuer_id),
            vouched: OnceCell::new(),
            alignments: OnceCell::new(),
            tallies: OnceCell::new(),
        }
    }
}

impl JudgeContext<'_> {
    /// An agency's name, or its id if it gave none.
    fn name(&self, agency: &AgencyId) -> String {
        self.evidence
            .agency_names
            .get(agency)
            .cloned()
            .unwrap_or_else(|| agency.to_string())
    }

    /// The day or moment asked about.
    fn then(&self) -> WrittenTime {
        let question = self.question;
        let day = LocalDay::ending_at(question.at, &question.agency);
        day.map_or_else(|| question.at.day(), |day| day.written())
    }

    /// Returns true if what is known is fresh; never, by a clock that is in doubt.
    fn is_fresh(&self, freshness: Freshness) -> bool {
        !self.question.knowing_is_in_doubt() && freshness.is_fresh(self.question.knowing())
    }

    /// That an agency which this check needs is expelled, if it is.
    fn expelled(&self, agency: &AgencyId, check: Check) -> Option<JudgedFinding> {
        let since = self.evidence.expelled.get(agency)?;
        let detail = FindingDetail::Expelled {
            agency: self.name(agency),
            since: since.day(),
        };
        Some(JudgedFinding {
            // Whichever check needs the agency reports it.
            check,
            agency: Some(agency.clone()),
            ..finding(Code::AgencyExpelled, detail)
        })
    }

    /// The agency whose issuer the badge names, if one's word on it counts.
    fn home_agency(&self) -> Option<&AgencyId> {
        home::entry(self.evidence, &self.homes, &self.badge.issuer_id).map(|issuer| &issuer.agency)
    }

    fn dates(&self) -> Vec<JudgedFinding> {
        let at = self.question.at;
        let date = |at: Timestamp| local_date(self.question, self.home_agency(), at);
        let in_doubt = self.question.now_is_in_doubt();
        let broken = ["validFrom", "validUntil", "issuanceDate", "expirationDate"];
        let mut findings = Vec::new();
        if self.badge.faults.iter().any(|f| broken.contains(&f.place.as_str())) {
            findings.push(finding(Code::DatesNotChecked, FindingDetail::DatesUnreadable));
        }
        if in_doubt {
            findings.push(finding(Code::DatesClockInDoubt, FindingDetail::ClockInDoubtForDates));
        } else if let Some(from) = self.badge.valid_from.filter(|from| at < *from).map(date) {
            let found = finding(Code::DatesNotYetValid, FindingDetail::GoodFrom { from });
            findings.push(found.with_headline(HeadlineClause::NotYetGood { from }));
        }
        // VCDM 2.0, §4.9: `validUntil` itself still counts.
        let until = self.badge.valid_until;
        if let Some(on) = until.filter(|until| *until < at && !in_doubt).map(date) {
            let found = finding(Code::DatesExpired, FindingDetail::ExpiredOn { on });
            findings.push(found.with_headline(HeadlineClause::Expired { on }));
        }
        if findings.is_empty() {
            let detail = match until.map(date) {
                Some(until) => FindingDetail::GoodUntil { until },
                None => FindingDetail::NoEndDate,
            };
            findings.push(finding(Code::DatesInDate, detail));
        }
        findings
    }
}

#[cfg(test)]
mod tests;
