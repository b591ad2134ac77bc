//! The line about revocation and suspension: what is known, and as of when; or why it is not.

use registry_schema::{Check, CheckOutcome, Finding, StatusState, Verdict};

use crate::show;

pub(super) fn line(verdict: &Verdict) -> (String, String) {
    let label = match verdict.status.state {
        StatusState::Active => "not revoked",
        StatusState::Suspended => "suspended",
        StatusState::Revoked => "revoked",
        StatusState::Unknown => "status",
    };
    let heard = verdict.status.fresh_as_of;
    let text = match (verdict.status.state, heard) {
        (StatusState::Unknown, _) => unknown(verdict),
        (_, None) => "as of a time that is not known".to_owned(),
        (_, Some(at)) => format!("as of {} ({})", at.in_words(), show::ago(at, verdict.checked_at)),
    };
    (label.to_owned(), text)
}

/// Tells why the status is not known: the first of what could not be checked, or that there is none.
fn unknown(verdict: &Verdict) -> String {
    let of_status = || verdict.findings.iter().filter(|f| f.check == Check::Status);
    let open = of_status().find(|f| f.outcome == CheckOutcome::CouldNotCheck);
    match open.or_else(|| of_status().find(|f| f.outcome == CheckOutcome::NotApplicable)) {
        None => "not known".to_owned(),
        Some(found) if found.code == "status.stale" => stale(verdict, found),
        // No badge could be read: no question of its status arises.
        Some(_) if verdict.credential.is_none() => "not known".to_owned(),
        Some(found) if found.code == "status.not_checked" => found.detail.clone(),
        Some(found) if found.outcome == CheckOutcome::NotApplicable => found.detail.clone(),
        Some(_) => "not known".to_owned(),
    }
}

/// Tells how long ago whoever keeps it was last heard from, to the second: a term may be as short.
fn stale(verdict: &Verdict, found: &Finding) -> String {
    match found.as_of.or(verdict.status.fresh_as_of) {
        Some(at) => {
            let age = show::exact_age(at, verdict.checked_at);
            format!("not known; last heard {} ({age})", at.in_words())
        }
        None => "not known".to_owned(),
    }
}
