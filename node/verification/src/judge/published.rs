//! The word of the issuer's own list on a badge. It tells what holds now, and not since when.

use registry_schema::{Phrase, Timestamp, quotable};

use super::{FindingDetail, ForeignList, HeadlineClause, JudgeContext, JudgedFinding, ListNote, finding};
use crate::{
    Freshness, StatusEntry,
    codes::Code,
    foreign_list::{ExternalStatus, StatusListError},
};

/// A question about a moment that much before the list was fetched is a question about the past.
const DAY: i64 = 86_400;

impl JudgeContext<'_> {
    pub(super) fn published(
        &self,
        entry: &StatusEntry,
        found: &Result<ExternalStatus, StatusListError>,
        valid_from: Option<Timestamp>,
        freshness: Freshness,
    ) -> Vec<JudgedFinding> {
        let list = quotable::identifier(entry.list.chars().take(120).collect());
        let mut said = match found {
            Err(fault) => {
                let code = match fault {
                    StatusListError::Verification { .. } => Code::StatusListUnverified,
                    StatusListError::Length { .. } => Code::StatusListTooShort,
                    StatusListError::Range { .. } => Code::StatusOutOfRange,
                    StatusListError::Malformed { .. } => Code::StatusMalformed,
                };
                let why = Phrase::from(fault);
                finding(code, FindingDetail::ListSilent { list, why })
            }
            Ok(found) => match self.foreign(found, valid_from) {
                Some(why) => {
                    let why = Phrase::from(why);
                    finding(Code::StatusListUnverified, FindingDetail::ListSilent { list, why })
                }
                None => self.says(entry, found, list, freshness),
            },
        };
        said.as_of = freshness.as_of();
        vec![said]
    }

    /// The reason why a list that is whole in itself does not count for this badge.
    fn foreign(&self, found: &ExternalStatus, valid_from: Option<Timestamp>) -> Option<ForeignList> {
        if found.issuer != self.badge.issuer_id {
            let issuer = quotable::identifier(found.issuer.chars().take(120).collect());
            return Some(ForeignList::ByAnother { issuer });
        }
        if !found.signatures.is_empty() && !self.is_issuers(&found.signatures) {
            return Some(ForeignList::AnotherKey);
        }
        // What it says against the badge counts; what it says for it is not fresh.
        if self.question.knowing_is_in_doubt() {
            return None;
        }
        let now = self.question.knowing();
        if found.signatures.iter().any(|s| s.expires.is_some_and(|end| end <= now)) {
            return Some(ForeignList::SignatureExpired);
        }
        let early = valid_from.filter(|from| now < *from);
        early.map(|from| ForeignList::NotYet { from: from.moment() })
    }

    fn says(&self, entry: &StatusEntry, found: &ExternalStatus, list: String, freshness: Freshness) -> JudgedFinding {
        let purpose = entry.purpose.as_deref().unwrap_or("revocation");
        let is_revocation = match purpose {
            "revocation" => true,
            "suspension" => false,
            other => return noted(other, found, freshness),
        };
        let as_of = freshness.as_of();
        let past = as_of
            .filter(|_| !self.question.now_is_in_doubt())
            .is_some_and(|as_of| as_of.seconds_since(self.question.at) >= DAY);
        let on = self.then();
        if found.value != 0 {
            let message = found.message.clone();
            if past {
                let detail = match (is_revocation, message) {
                    (true, None) => FindingDetail::RevokedNowUnknownThen { on },
                    (true, Some(message)) => FindingDetail::RevokedNowUnknownThenWith { message, on },
                    (false, None) => FindingDetail::SuspendedNowUnknownThen { on },
                    (false, Some(message)) => FindingDetail::SuspendedNowUnknownThenWith { message, on },
                };
                return finding(Code::StatusUnknownThen, detail);
            }
            return taken_away(is_revocation, message);
        }
        if self.question.knowing_is_in_doubt() {
            return finding(Code::StatusStale, FindingDetail::ClockInDoubtForLists);
        }
        if !self.is_fresh(freshness) {
            let detail = match as_of.map(Timestamp::moment) {
                Some(fetched) => FindingDetail::ListTooOldSince { list, fetched },
                None => FindingDetail::ListTooOld { list },
            };
            return finding(Code::StatusStale, detail);
        }
        // What is revoked stays revoked; a suspension may have come and gone.
        if past && !is_revocation {
            return finding(
                Code::StatusUnknownThen,
                FindingDetail::NotSuspendedNowUnknownThen { on },
            );
        }
        let is_signed = !found.signatures.is_empty();
        let detail = match (is_revocation, is_signed, as_of.map(Timestamp::moment)) {
            (true, true, None) => FindingDetail::NotRevokedByOwnList,
            (true, true, Some(as_of)) => FindingDetail::NotRevokedByOwnListAsOf { as_of },
            (true, false, None) => FindingDetail::NotRevokedByUnsignedList,
            (true, false, Some(as_of)) => FindingDetail::NotRevokedByUnsignedListAsOf { as_of },
            (false, true, None) => FindingDetail::NotSuspendedByOwnList,
            (false, true, Some(as_of)) => FindingDetail::NotSuspendedByOwnListAsOf { as_of },
            (false, false, None) => FindingDetail::NotSuspendedByUnsignedList,
            (false, false, Some(as_of)) => FindingDetail::NotSuspendedByUnsignedListAsOf { as_of },
        };
        finding(Code::StatusActive, detail)
    }
}

/// The finding on a list for another purpose than revocation and suspension.
fn noted(purpose: &str, found: &ExternalStatus, freshness: Freshness) -> JudgedFinding {
    let purpose: String = purpose.chars().take(40).collect();
    let note = match (found.value, found.message.clone()) {
        (_, Some(message)) => ListNote::Message { message },
        (0, None) => ListNote::Nothing,
        (value, None) => ListNote::Number { value: value.into() },
    };
    let detail = match freshness.as_of().map(Timestamp::moment) {
        Some(as_of) => FindingDetail::OtherListAsOf { purpose, as_of, note },
        None => FindingDetail::OtherList { purpose, note },
    };
    finding(Code::StatusMessage, detail)
}

/// The finding on a badge that its issuer's list takes away.
fn taken_away(is_revocation: bool, message: Option<String>) -> JudgedFinding {
    let (code, detail, headline) = match (is_revocation, message) {
        (true, None) => (
            Code::StatusRevoked,
            FindingDetail::RevokedByIssuer,
            HeadlineClause::RevokedByIssuer,
        ),
        (true, Some(message)) => (
            Code::StatusRevoked,
            FindingDetail::RevokedByIssuerWith {
                message: message.clone(),
            },
            HeadlineClause::RevokedByIssuerWith { message },
        ),
        (false, None) => (
            Code::StatusSuspended,
            FindingDetail::SuspendedByIssuer,
            HeadlineClause::SuspendedByIssuer,
        ),
        (false, Some(message)) => (
            Code::StatusSuspended,
            FindingDetail::SuspendedByIssuerWith {
                message: message.clone(),
            },
            HeadlineClause::SuspendedByIssuerWith { message },
        ),
    };
    finding(code, detail).with_headline(headline)
}
