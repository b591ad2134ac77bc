//! The check of whether a badge is revoked or suspended, and how old that knowledge is.

use registry_schema::{
    ActEffect, AgencyId, Check, CheckOutcome, Finding, StatusChange, StatusState, Timestamp, quotable,
};

use super::{JudgeContext, finding, oldest};
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
    pub(super) since: Option<&'static str>,
}

impl JudgeContext<'_> {
    pub(super) fn status(&self) -> (Vec<Finding>, KnownStatus) {
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
                let what = "an entry of its status has no usable index or purpose";
                vec![Finding {
                    check: Check::Status,
                    ..finding(Code::StructureInvalid, what)
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
                    Some(StatusEvidence::Listed { .. }) if entry.size != Some(1) => vec![finding(
                        Code::StatusUnreachable,
                        "it names a list of one bit an entry, and says that its entry has more",
                    )],
                    Some(StatusEvidence::Listed { agency, .. }) if !self.keeps_its_lists(agency) => {
                        let keeper = self.name(agency);
                        let what = format!(
                            "it names a list of {keeper}, which does not register this issuer: what the list says is about other badges"
                        );
                        vec![finding(Code::StatusListUnverified, what)]
                    }
                    Some(evidence) => self.entry(evidence, &mut since),
                    None => vec![finding(
                        Code::StatusUnreachable,
                        "nothing is known here of its status list",
                    )],
                }
            };
            for one in found {
                if !findings.contains(&one) {
                    findings.push(one);
                }
            }
        }
        // Lists of messages say nothing about whether it holds.
        if findings.iter().all(|f| f.code == Code::StatusMessage.as_str()) {
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

    fn known(&self, findings: &[Finding], since: Option<&'static str>) -> KnownStatus {
        let has = |code: Code| findings.iter().any(|f| f.code == code.as_str());
        let state = if has(Code::StatusRevoked) {
            StatusState::Revoked
        } else if has(Code::StatusSuspended) {
            StatusState::Suspended
        } else if has(Code::StatusActive) && findings.iter().all(|f| f.outcome == CheckOutcome::Passed) {
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
    fn no_status(&self) -> Finding {
        let holding = self.holding_here();
        if !holding.is_empty() && !holding.iter().any(RecognitionPath::accepts_without_status) {
            let agency = self.name(&self.question.agency);
            let what = format!("the badge says nowhere whether it was revoked, and {agency} wants to know");
            return finding(Code::StatusMissing, what);
        }
        finding(
            Code::StatusNone,
            "the badge has no status: it cannot be revoked or suspended",
        )
    }

    pub(super) fn entry(&self, evidence: &StatusEvidence, since: &mut Option<&'static str>) -> Vec<Finding> {
        let (agency, revoked, suspended, freshness) = match evidence {
            StatusEvidence::Listed {
                agency,
                revoked,
                suspended,
                freshness,
            } => (agency, revoked, suspended, *freshness),
            StatusEvidence::Unreachable { list, why } => {
                let list = quotable::identifier(list.chars().take(120).collect());
                return vec![finding(
                    Code::StatusUnreachable,
                    format!("the status list `{list}` was not read: {why}"),
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
            (revoked.as_ref(), Code::StatusRevoked, "revoked"),
            (suspension, Code::StatusSuspended, "suspended"),
        ];
        for (change, code, what) in kinds {
            let Some(change) = change else { continue };
            match self.question.asked().effect_of(change.at) {
                effect @ (ActEffect::Counts | ActEffect::DatedAhead) => {
                    let mut words = self.words(what, change, agency, effect == ActEffect::DatedAhead);
                    if code == Code::StatusSuspended {
                        words.push_str("; it can be reinstated");
                    }
                    findings.push(finding(code, words));
                }
                ActEffect::Unclear => findings.push(finding(
                    Code::StatusUnknownThen,
                    format!(
                        "{}; so whether it was {what} already on {} is not known here",
                        self.words(&format!("it is {what}"), change, agency, true),
                        self.then()
                    ),
                )),
                ActEffect::Later => {
                    later = later.or_else(|| Some(self.words(&format!("it was {what} later,"), change, agency, false)));
                    *since = since.or(Some(what));
                }
            }
        }
        // Only the last change is known, so what was before it is not. A reinstatement gives back: it counts by its date alone.
        if let Some(change) = suspended
            .as_ref()
            .filter(|change| change.state != StatusState::Suspended)
            && self.question.at < change.at
        {
            findings.push(finding(
                Code::StatusUnknownThen,
                format!(
                    "it was reinstated on {}; whether it was already suspended on {} is not known here",
                    change.at.date_in_words(),
                    self.then()
                ),
            ));
        }
        if findings.is_empty() {
            findings.push(self.good(agency, freshness, later));
        }
        for one in &mut findings {
            one.as_of = freshness.as_of();
            if one.code != Code::StatusStale.as_str() || self.is_silent(freshness) {
                one.agency = Some(agency.clone());
            }
        }
        findings
    }

    /// Nothing speaks against it: good if the list is fresh, and its agency's word counts.
    fn good(&self, agency: &AgencyId, freshness: Freshness, later: Option<String>) -> Finding {
        if let Some(expelled) = self.expelled(agency, Check::Status) {
            return expelled;
        }
        let name = self.name(agency);
        if !self.is_fresh(freshness) {
            let detail = match self.question.knowing_is_in_doubt() {
                true => crate::evidence::CLOCK_IN_DOUBT.to_owned(),
                false => freshness.fault(&name),
            };
            return finding(Code::StatusStale, detail);
        }
        let as_of = freshness
            .as_of()
            .map(|t| format!(" as of {}", t.in_words()))
            .unwrap_or_default();
        let later = later.map(|l| format!("; {l}")).unwrap_or_default();
        let left = self.evidence.left.get(agency).map(|since| {
            let since = since.date_in_words();
            format!("; this node follows {name} no more since {since}, and does not learn what it revokes from then on")
        });
        let left = left.unwrap_or_default();
        finding(
            Code::StatusActive,
            format!("neither revoked nor suspended by {name}{as_of}{left}{later}"),
        )
    }

    /// The change in words. A date that lies ahead is not told as if the change had happened then.
    fn words(&self, what: &str, change: &StatusChange, agency: &AgencyId, is_ahead: bool) -> String {
        if change.is_untold() {
            return format!("{what} by {}; when and why is told no more", self.name(agency));
        }
        if is_ahead {
            return format!(
                "{what} by {}: {}; that agency's clock dated it ahead, to {}",
                self.name(agency),
                change.reason.in_words(),
                change.at.date_in_words()
            );
        }
        format!(
            "{what} on {} by {}: {}",
            change.at.date_in_words(),
            self.name(agency),
            change.reason.in_words()
        )
    }
}
