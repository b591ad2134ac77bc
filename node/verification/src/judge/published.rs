//! The word of the issuer's own list on a badge. It tells what holds now, and not since when.

use registry_schema::{Finding, Timestamp, quotable};

use super::{JudgeContext, finding};
use crate::{
    Freshness, StatusEntry,
    codes::Code,
    evidence::CLOCK_IN_DOUBT,
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
    ) -> Vec<Finding> {
        let list = quotable::identifier(entry.list.chars().take(120).collect());
        let mut said = match found {
            Err(fault) => {
                let code = match fault {
                    StatusListError::Verification(_) => Code::StatusListUnverified,
                    StatusListError::Length { .. } => Code::StatusListTooShort,
                    StatusListError::Range(_) => Code::StatusOutOfRange,
                    StatusListError::Malformed(_) => Code::StatusMalformed,
                };
                finding(
                    code,
                    format!("the status list `{list}` says nothing of this badge: {fault}"),
                )
            }
            Ok(found) => match self.foreign(found, valid_from) {
                Some(why) => finding(
                    Code::StatusListUnverified,
                    format!("the status list `{list}` says nothing of this badge: {why}"),
                ),
                None => self.says(entry, found, &list, freshness),
            },
        };
        said.as_of = freshness.as_of();
        vec![said]
    }

    /// The reason why a list that is whole in itself does not count for this badge.
    fn foreign(&self, found: &ExternalStatus, valid_from: Option<Timestamp>) -> Option<String> {
        if found.issuer != self.badge.issuer_id {
            let by = quotable::identifier(found.issuer.chars().take(120).collect());
            return Some(format!(
                "it is by `{by}` and not by the badge's issuer, and nothing shows that the one may speak for the other"
            ));
        }
        if !found.signatures.is_empty() && !self.is_issuers(&found.signatures) {
            return Some("it is signed by another key than the issuer's".to_owned());
        }
        // What it says against the badge counts; what it says for it is not fresh.
        if self.question.knowing_is_in_doubt() {
            return None;
        }
        let now = self.question.knowing();
        if found.signatures.iter().any(|s| s.expires.is_some_and(|end| end <= now)) {
            return Some("its signature has expired".to_owned());
        }
        let early = valid_from.filter(|from| now < *from);
        early.map(|from| format!("it does not hold yet, but from {} on", from.in_words()))
    }

    fn says(&self, entry: &StatusEntry, found: &ExternalStatus, list: &str, freshness: Freshness) -> Finding {
        let purpose = entry.purpose.as_deref().unwrap_or("revocation");
        let message = found.message.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
        let as_of = freshness
            .as_of()
            .map(|t| format!(" as of {}", t.in_words()))
            .unwrap_or_default();
        let (code, what) = match purpose {
            "revocation" => (Code::StatusRevoked, "revoked"),
            "suspension" => (Code::StatusSuspended, "suspended"),
            other => {
                let other: String = other.chars().take(40).collect();
                let note = match (found.value, message.as_str()) {
                    (0, "") => "nothing is noted there".to_owned(),
                    (value, "") => format!("the note there is number {value}"),
                    (_, message) => format!("the issuer notes there{message}"),
                };
                return finding(
                    Code::StatusMessage,
                    format!("its list for the purpose `{other}`{as_of}: {note}"),
                );
            }
        };
        let past = freshness
            .as_of()
            .filter(|_| !self.question.now_is_in_doubt())
            .is_some_and(|as_of| as_of.seconds_since(self.question.at) >= DAY);
        let then = self.then();
        if found.value != 0 {
            if past {
                let what =
                    format!("it is {what} now{message}; since when, and whether on {then}, its list does not say");
                return finding(Code::StatusUnknownThen, what);
            }
            return finding(code, format!("{what} by its issuer{message}"));
        }
        if self.question.knowing_is_in_doubt() {
            return finding(Code::StatusStale, CLOCK_IN_DOUBT);
        }
        if !self.is_fresh(freshness) {
            return finding(
                Code::StatusStale,
                format!(
                    "the issuer's status list `{list}` is too old{}",
                    as_of.replace(" as of", ": fetched")
                ),
            );
        }
        // What is revoked stays revoked; a suspension may have come and gone.
        if past && code == Code::StatusSuspended {
            let what = format!("it is not suspended now; whether it was on {then}, its list does not say");
            return finding(Code::StatusUnknownThen, what);
        }
        let signed = if found.signatures.is_empty() {
            ", which nobody signed,"
        } else {
            ""
        };
        finding(
            Code::StatusActive,
            format!("not {what}, by the issuer's own list{signed}{as_of}"),
        )
    }
}
