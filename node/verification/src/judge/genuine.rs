//! Statements of lists on a badge are about the place that its file names. **Before the badge is shown to be its signer's,
//! they are only what somebody wrote there**, and nothing of them is told as if it were about the badge.

use registry_schema::{Check, CheckOutcome, Finding, StatusState};

use super::{finding, status::KnownStatus};
use crate::codes::Code;

/// The result of the checks of signature and signer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Authorship {
    /// The signature holds, and the key is of whoever is named, known here or not.
    Shown,
    /// One of them could not be checked.
    InDoubt,
    /// One of them failed.
    Refuted,
}

impl Authorship {
    fn of(findings: &[Finding]) -> Self {
        // A signature that is past its own end has held.
        let held = [Code::ProofExpired.as_str(), Code::ProofClockInDoubt.as_str()];
        let of = |check: Check| findings.iter().filter(move |f| f.check == check);
        let failed =
            |check: Check| of(check).any(|f| f.outcome == CheckOutcome::Failed && !held.contains(&f.code.as_str()));
        let signed = of(Check::Proof).any(|f| f.outcome == CheckOutcome::Passed || held.contains(&f.code.as_str()));
        let named = [Code::IssuerKeyIsIssuers.as_str(), Code::IssuerUnregistered.as_str()];
        match signed && of(Check::Issuer).any(|f| named.contains(&f.code.as_str())) {
            _ if failed(Check::Proof) || failed(Check::Issuer) => Self::Refuted,
            true => Self::Shown,
            false => Self::InDoubt,
        }
    }
}

/// The status as it is told, after what was found of signature and signer.
pub(super) fn told(
    before: &[Finding],
    (mut findings, known): (Vec<Finding>, KnownStatus),
) -> (Vec<Finding>, KnownStatus) {
    let authorship = Authorship::of(before);
    let is_against = findings.iter().any(|f| f.outcome == CheckOutcome::Failed);
    match authorship {
        Authorship::Shown => return (findings, known),
        // What is held against it is not kept back while its signature cannot be read here.
        Authorship::InDoubt if is_against => {
            findings.retain(|f| f.outcome != CheckOutcome::Passed);
            return (findings, known);
        }
        Authorship::InDoubt | Authorship::Refuted => {}
    }
    let why = match authorship {
        Authorship::Refuted => "the badge is not genuine",
        Authorship::Shown | Authorship::InDoubt => "it is not known whose badge this is",
    };
    let not_told = finding(
        Code::StatusNotChecked,
        format!("not told, because {why}: where its status stands is only what somebody wrote into the file"),
    );
    let mut told = vec![not_told];
    if authorship == Authorship::InDoubt {
        told.extend(
            findings
                .into_iter()
                .filter(|f| f.outcome == CheckOutcome::CouldNotCheck),
        );
    }
    let nothing = KnownStatus {
        state: StatusState::Unknown,
        as_of: None,
        all_known: false,
        source: None,
        since: None,
    };
    (told, nothing)
}
