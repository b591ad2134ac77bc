//! The line that says whether a badge is revoked or suspended, and as of when that is known.

use registry_schema::{AgencyId, Check, CheckOutcome, Finding, StatusState, VerdictKind};

use super::{VerdictLine, VerdictView};
use crate::web::pages::words::{ago, is_stale, plain, since};

/// The line's heading where neither is known.
const OPEN: &str = "Revoked or suspended?";

impl VerdictView<'_> {
    /// Names the agency or the place whose list the status comes from.
    pub(in crate::web::pages) fn source(&self) -> Option<String> {
        let source = self.verdict.status.source.as_deref()?;
        Some(
            source
                .parse::<AgencyId>()
                .map_or_else(|_| plain(source, 120), |id| self.name(&id)),
        )
    }

    /// Names the one whose word a finding is, as far as it says so.
    pub(in crate::web::pages) fn whose(&self, found: &Finding) -> Option<String> {
        match (&found.agency, found.check) {
            (Some(agency), _) => Some(self.name(agency)),
            (None, Check::Status) => self.source(),
            (None, _) => None,
        }
    }

    /// Says when the status was last heard; nothing, where nobody was asked or nobody is silent.
    fn heard(&self) -> Option<String> {
        let found = self.finding(Check::Status)?;
        let at = found.as_of?;
        Some(match (self.whose(found), found.outcome) {
            (_, CheckOutcome::NotApplicable) => return None,
            (_, CheckOutcome::CouldNotCheck) if !is_stale(found) => return None,
            (Some(who), CheckOutcome::CouldNotCheck) => {
                format!("{who} has not been heard from {}.", since(at, self.now))
            }
            (None, CheckOutcome::CouldNotCheck) => format!("Last heard {}.", ago(at, self.now)),
            (Some(who), _) => format!("Heard from {who} {}.", ago(at, self.now)),
            (None, _) => format!("Heard {}.", ago(at, self.now)),
        })
    }

    pub(in crate::web::pages) fn status(&self) -> VerdictLine {
        let mark = self.mark_if_genuine(Check::Status);
        let line = |label: &'static str, text: String, notes: Vec<String>| VerdictLine {
            label,
            mark,
            text,
            is_name: false,
            notes,
        };
        let heard = self.heard();
        match (self.verdict.status.state, self.outcome(Check::Status)) {
            _ if self.verdict.verdict == VerdictKind::Unreadable => self.unreached(OPEN),
            (_, None) => self.unreached(OPEN),
            (StatusState::Revoked, _) => {
                let said = self.detail(Check::Status, "This badge was revoked.");
                line("Revoked", said, heard.into_iter().collect())
            }
            (StatusState::Suspended, _) => {
                let said = self.detail(Check::Status, "This badge is suspended.");
                line("Suspended", said, heard.into_iter().collect())
            }
            (StatusState::Active, Some(CheckOutcome::Passed)) => {
                let detail = self.detail(Check::Status, "Neither revoked nor suspended.");
                match heard {
                    // Who says so and as of when stands above; what happened later does not.
                    Some(heard) => {
                        let later = detail.split_once("; ").map(|(_, later)| format!("But {later}"));
                        let notes = [Some("Neither revoked nor suspended.".to_owned()), later];
                        line("Not revoked, as of", heard, notes.into_iter().flatten().collect())
                    }
                    None => line("Not revoked", detail, Vec::new()),
                }
            }
            (_, Some(outcome)) => {
                let detail = self.detail(Check::Status, "Not known.");
                match (heard, outcome) {
                    (Some(heard), CheckOutcome::CouldNotCheck) => {
                        let is_said = detail.contains("not been heard from");
                        line(OPEN, heard, (!is_said).then_some(detail).into_iter().collect())
                    }
                    (None, CheckOutcome::CouldNotCheck) if !self.is_not_told() => {
                        line(OPEN, "Not known.".to_owned(), vec![detail])
                    }
                    (heard, _) => line(OPEN, detail, heard.into_iter().collect()),
                }
            }
        }
    }

    /// Returns true if the status is not told, as nothing shows that it is this badge's.
    fn is_not_told(&self) -> bool {
        self.finding(Check::Status)
            .is_some_and(|f| f.code == "status.not_checked")
    }
}
