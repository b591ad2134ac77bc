//! The check of whether a badge is revoked or suspended, and how old that knowledge is.

use registry_schema::{
    ActEffect, AgencyId, Check, CheckOutcome, Phrase, StatusChange, StatusState, Timestamp, quotable,
};

use super::{FindingDetail, HeadlineClause, JudgeContext, JudgedFinding, finding, oldest};
use crate::{Freshness, StatusEvidence, codes::Code, followed::RecognitionPath};

/// The status as far as it is known, for the summary and the sentence.
pub(super) struct KnownStatus {
    pub(super) state: StatusState,
    /// The oldest of the lists used.
    pub(super) as_of: Option<Timestamp>,
    /// Every list that the badge names was heard from, ever.
    pub(super) all_known: bool,
    pub(super) source: Option<String>,
    /// A revocation or suspension after the moment asked about.
    pub(super) since: Option<LaterChange>,
}

/// A change of status that takes the badge away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaterChange {
    Revoked,
    Suspended,
}

impl JudgeContext<'_> {
    pub(super) fn status(&self) -> (Vec<JudgedFinding>, KnownStatus) {
        let badge = self.badge;
        if badge.status.is_empty() {
            let known = KnownStatus {
                state: StatusState::Unknown,
                as_of: None,
                all_known: true,
                source: None,
                since: None,
            };
            return (vec![self.no_status()], known);
        }
        let mut findings = Vec::new();
        let mut since = None;
        for (i, entry) in badge.status.iter().enumerate() {
            let found = if entry.is_bitstring() && (entry.index.is_none() || entry.purpose.is_none()) {
                let fault = FindingDetail::StatusEntryUnusable;
                let found = finding(Code::StructureInvalid, fault.clone());
                vec![JudgedFinding {
                    check: Check::Status,
                    ..found.with_headline(HeadlineClause::NotWellFormed { fault: fault.into() })
                }]
            } else {
                match self.evidence.status.get(i) {
                    Some(StatusEvidence::Fetched {
                        found,
                        valid_from,
                        freshness,
                        ..
                    }) => self.published(entry, found, *valid_from, *freshness),
                    // Our agencies' lists have one bit an entry.
                    Some(StatusEvidence::Listed { .. }) if entry.size != Some(1) => {
                        vec![finding(Code::StatusUnreachable, FindingDetail::StatusEntrySize)]
                    }
                    Some(StatusEvidence::Listed { agency, .. }) if !self.keeps_its_lists(agency) => {
                        let agency = self.name(agency);
                        let detail = FindingDetail::ListOfAnotherAgency { agency };
                        vec![finding(Code::StatusListUnverified, detail)]
                    }
                    Some(evidence) => self.entry(evidence, &mut since),
                    None => vec![finding(Code::StatusUnreachable, FindingDetail::ListUnknown)],
                }
            };
            for one in found {
                if !findings.contains(&one) {
                    findings.push(one);
                }
            }
        }
        // Lists of messages say nothing about whether it holds.
        if findings.iter().all(|f| f.code == Code::StatusMessage) {
            findings.push(self.no_status());
        }
        let known = self.known(&findings, since);
        (findings, known)
    }

    /// Returns true if an agency's own lists can say anything about this badge: it registers the issuer, or has. Anybody can
    /// copy the status entry of somebody else's badge.
    fn keeps_its_lists(&self, agency: &AgencyId) -> bool {
        let issuer = &self.badge.issuer_id;
        let mut listed = self.evidence.issuers.iter();
        let registered = self.evidence.registrations.get(agency);
        let mut recognized = self.evidence.recognitions.iter();
        listed.any(|one| one.id == *issuer && one.agency == *agency)
            || registered.is_some_and(|said| said.issuer == *issuer)
            || recognized.any(|entry| entry.recognition.issuer.agency == *agency)
    }

    fn known(&self, findings: &[JudgedFinding], since: Option<LaterChange>) -> KnownStatus {
        let has = |code: Code| findings.iter().any(|f| f.code == code);
        let state = if has(Code::StatusRevoked) {
            StatusState::Revoked
        } else if has(Code::StatusSuspended) {
            StatusState::Suspended
        } else if has(Code::StatusActive) && findings.iter().all(|f| f.outcome() == CheckOutcome::Passed) {
            StatusState::Active
        } else {
            StatusState::Unknown
        };
        let ages = || {
            self.evidence.status.iter().map(|s| match s {
                StatusEvidence::Listed { agency, freshness, .. } => {
                    freshness.as_of().filter(|_| self.keeps_its_lists(agency))
                }
                StatusEvidence::Fetched {
                    found: Ok(_),
                    freshness,
                    ..
                } => freshness.as_of(),
                StatusEvidence::Fetched { .. } | StatusEvidence::Unreachable { .. } => None,
            })
        };
        let source = self.evidence.status.iter().find_map(|s| match s {
            StatusEvidence::Listed { agency, .. } if self.keeps_its_lists(agency) => Some(self.name(agency)),
            StatusEvidence::Listed { .. } | StatusEvidence::Fetched { .. } | StatusEvidence::Unreachable { .. } => None,
        });
        let all_known = ages().count() >= self.badge.status.len() && ages().all(|a| a.is_some());
        let list = || self.badge.status.first().map(|s| s.list.clone());
        KnownStatus {
            state,
            as_of: oldest(ages()),
            all_known,
            source: source.or_else(list),
            since,
        }
    }

    /// No status entry: it can never be revoked, so whether that is good enough is the recognizing agency's choice.
    fn no_status(&self) -> JudgedFinding {
        let holding = self.holding_here();
        if !holding.is_empty() && !holding.iter().any(RecognitionPath::accepts_without_status) {
            let agency = self.name(&self.question.agency);
            return finding(Code::StatusMissing, FindingDetail::NoStatusThoughWanted { agency });
        }
        finding(Code::StatusNone, FindingDetail::NoStatus)
    }

    pub(super) fn entry(&self, evidence: &StatusEvidence, since: &mut Option<LaterChange>) -> Vec<JudgedFinding> {
        let (agency, revoked, suspended, freshness) = match evidence {
            StatusEvidence::Listed {
                agency,
                revoked,
                suspended,
                freshness,
            } => (agency, revoked, suspended, *freshness),
            StatusEvidence::Unreachable { list, why } => {
                let list = quotable::identifier(list.chars().take(120).collect());
                let why = why.clone();
                return vec![finding(
                    Code::StatusUnreachable,
                    FindingDetail::ListNotRead { list, why },
                )];
            }
            // Told by `published`.
            StatusEvidence::Fetched { .. } => return vec![],
        };
        let mut findings = Vec::new();
        let mut later = None;
        // A revocation is final: whatever the age of the list and the date of the change, what is held counts.
        let suspension = suspended
            .as_ref()
            .filter(|change| change.state == StatusState::Suspended);
        let kinds = [
            (revoked.as_ref(), LaterChange::Revoked),
            (suspension, LaterChange::Suspended),
        ];
        for (change, kind) in kinds {
            let Some(change) = change else { continue };
            match self.question.asked().effect_of(change.at) {
                effect @ (ActEffect::Counts | ActEffect::DatedAhead) => {
                    findings.push(self.changed(kind, change, agency, effect == ActEffect::DatedAhead));
                }
                ActEffect::Unclear => findings.push(self.changed_ahead(kind, change, agency)),
                ActEffect::Later => {
                    later = later.or_else(|| Some(self.changed_later(kind, change, agency)));
                    *since = since.or(Some(kind));
                }
            }
        }
        // Only the last change is known, so what was before it is not. A reinstatement gives back: it counts by its date alone.
        if let Some(change) = suspended
            .as_ref()
            .filter(|change| change.state != StatusState::Suspended)
            && self.question.at < change.at
        {
            let detail = Phrase::from(FindingDetail::ReinstatedOn { on: change.at.day() });
            let detail = detail.and(FindingDetail::SuspendedBeforeUnknown { on: self.then() });
            findings.push(finding(Code::StatusUnknownThen, detail));
        }
        if findings.is_empty() {
            findings.push(self.good(agency, freshness, later));
        }
        for one in &mut findings {
            one.as_of = freshness.as_of();
            if one.code != Code::StatusStale || self.is_silent(freshness) {
                one.agency = Some(agency.clone());
            }
        }
        findings
    }

    /// Nothing speaks against it: good if the list is fresh, and its agency's word counts.
    fn good(&self, agency: &AgencyId, freshness: Freshness, later: Option<Phrase>) -> JudgedFinding {
        if let Some(expelled) = self.expelled(agency, Check::Status) {
            return expelled;
        }
        let name = self.name(agency);
        if !self.is_fresh(freshness) {
            let detail = match self.question.knowing_is_in_doubt() {
                true => FindingDetail::ClockInDoubtForLists.into(),
                false => freshness.fault(name),
            };
            return finding(Code::StatusStale, detail);
        }
        let left = self
            .evidence
            .left
            .get(agency)
            .map(|since| FindingDetail::NoLongerFollowed {
                agency: name.clone(),
                since: since.day(),
            });
        let detail = Phrase::from(match freshness.as_of() {
            Some(as_of) => FindingDetail::NeitherRevokedNorSuspendedAsOf {
                agency: name,
                as_of: as_of.moment(),
            },
            None => FindingDetail::NeitherRevokedNorSuspended { agency: name },
        });
        finding(Code::StatusActive, detail.and_maybe(left).and_maybe(later))
    }

    /// The finding on a change that counts. A date that lies ahead is not told as if the change had happened then.
    fn changed(&self, kind: LaterChange, change: &StatusChange, agency: &AgencyId, is_ahead: bool) -> JudgedFinding {
        let (agency, reason) = (self.name(agency), Phrase::from(change.reason));
        let at = change.at.day();
        let (code, detail, headline) = match kind {
            LaterChange::Revoked if change.is_untold() => (
                Code::StatusRevoked,
                FindingDetail::RevokedUntold { agency: agency.clone() },
                HeadlineClause::RevokedUntold { agency },
            ),
            LaterChange::Revoked if is_ahead => (
                Code::StatusRevoked,
                FindingDetail::RevokedAhead {
                    to: at,
                    agency: agency.clone(),
                    reason: reason.clone(),
                },
                HeadlineClause::RevokedAhead { to: at, agency, reason },
            ),
            LaterChange::Revoked => (
                Code::StatusRevoked,
                FindingDetail::RevokedOn {
                    on: at,
                    agency: agency.clone(),
                    reason: reason.clone(),
                },
                HeadlineClause::RevokedOn { on: at, agency, reason },
            ),
            LaterChange::Suspended if change.is_untold() => (
                Code::StatusSuspended,
                FindingDetail::SuspendedUntold { agency: agency.clone() },
                HeadlineClause::SuspendedUntold { agency },
            ),
            LaterChange::Suspended if is_ahead => (
                Code::StatusSuspended,
                FindingDetail::SuspendedAhead {
                    to: at,
                    agency: agency.clone(),
                    reason: reason.clone(),
                },
                HeadlineClause::SuspendedAhead { to: at, agency, reason },
            ),
            LaterChange::Suspended => (
                Code::StatusSuspended,
                FindingDetail::SuspendedOn {
                    on: at,
                    agency: agency.clone(),
                    reason: reason.clone(),
                },
                HeadlineClause::SuspendedOn { on: at, agency, reason },
            ),
        };
        let (detail, headline) = (Phrase::from(detail), Phrase::from(headline));
        match kind {
            LaterChange::Revoked => finding(code, detail).with_headline(headline),
            LaterChange::Suspended => finding(code, detail.and(FindingDetail::CanBeReinstated))
                .with_headline(headline.and(FindingDetail::CanBeReinstated)),
        }
    }

    /// The finding on a change that its agency's clock dated ahead: whether it held at the moment asked about is not known.
    fn changed_ahead(&self, kind: LaterChange, change: &StatusChange, agency: &AgencyId) -> JudgedFinding {
        let (agency, reason) = (self.name(agency), Phrase::from(change.reason));
        let (to, on) = (change.at.day(), self.then());
        let (what, unknown) = match kind {
            LaterChange::Revoked => (
                match change.is_untold() {
                    true => FindingDetail::IsRevokedUntold { agency },
                    false => FindingDetail::IsRevokedAhead { to, agency, reason },
                },
                FindingDetail::RevokedAlreadyUnknown { on },
            ),
            LaterChange::Suspended => (
                match change.is_untold() {
                    true => FindingDetail::IsSuspendedUntold { agency },
                    false => FindingDetail::IsSuspendedAhead { to, agency, reason },
                },
                FindingDetail::SuspendedAlreadyUnknown { on },
            ),
        };
        finding(Code::StatusUnknownThen, Phrase::from(what).and(unknown))
    }

    /// A change after the moment asked about.
    fn changed_later(&self, kind: LaterChange, change: &StatusChange, agency: &AgencyId) -> Phrase {
        let (agency, reason, on) = (self.name(agency), Phrase::from(change.reason), change.at.day());
        Phrase::from(match (kind, change.is_untold()) {
            (LaterChange::Revoked, true) => FindingDetail::RevokedLaterUntold { agency },
            (LaterChange::Revoked, false) => FindingDetail::RevokedLaterOn { on, agency, reason },
            (LaterChange::Suspended, true) => FindingDetail::SuspendedLaterUntold { agency },
            (LaterChange::Suspended, false) => FindingDetail::SuspendedLaterOn { on, agency, reason },
        })
    }
}
