//! The faults that an agency as a whole can have, one row each.

use registry_schema::{StatusState, VerdictKind};

use super::{change, id, rows::BadgeFaultCase, t};

pub(super) fn rows() -> Vec<BadgeFaultCase> {
    use VerdictKind::{CouldNotCheck, NotRecognized, NotValid};
    vec![
        (
            "the agency asked has two histories",
            |w| w.here().waits = true,
            CouldNotCheck,
            "Could not check: the records of North Carolina have two histories, and its recognition stands in one of them.",
            &["agency.forked"],
        ),
        (
            "the agency asked is expelled",
            |w| w.evidence.expelled = [(id("US-NC"), t("2026-11-01"))].into(),
            CouldNotCheck,
            "Could not check: North Carolina is no longer federated with this node, since 1 November 2026.",
            &["agency.expelled", "status.active"],
        ),
        (
            "the agency that keeps the status is expelled",
            |w| w.evidence.expelled = [(id("US-SC"), t("2026-11-01"))].into(),
            CouldNotCheck,
            "Could not check: South Carolina is no longer federated with this node, since 1 November 2026.",
            &["agency.expelled", "recognition.recognized"],
        ),
        (
            "what an expelled agency revoked stays revoked",
            |w| {
                w.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03")));
                w.evidence.expelled.insert(id("US-SC"), t("2026-11-01"));
            },
            NotValid,
            "Not valid: this badge was revoked on 3 March 2026 by South Carolina (issued in error).",
            &["status.revoked", "recognition.recognized"],
        ),
        (
            "an expelled agency's recognition is no other agency's either",
            |w| {
                w.evidence.expelled.insert(id("US-TN"), t("2026-11-01"));
                w.evidence.recognitions.pop();
            },
            NotRecognized,
            "Genuine, but North Carolina does not recognize its issuer.",
            &["recognition.none"],
        ),
    ]
}
