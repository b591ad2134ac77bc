//! Statements of lists on a badge are about the place that its file names. **Before the badge is shown to be its signer's,
//! they are only what somebody wrote there**, and nothing of them is told as if it were about the badge.

use registry_schema::{Check, CheckOutcome, StatusState};

use super::{AuthorshipDoubt, FindingDetail, JudgedFinding, finding, status::KnownStatus};
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
    fn of(findings: &[JudgedFinding]) -> Self {
        // A signature that is past its own end has held.
        let held = [Code::ProofExpired, Code::ProofClockInDoubt];
        let of = |check: Check| findings.iter().filter(move |f| f.check == check);
        let failed = |check: Check| of(check).any(|f| f.outcome() == CheckOutcome::Failed && !held.contains(&f.code));
        let signed = of(Check::Proof).any(|f| f.outcome() == CheckOutcome::Passed || held.contains(&f.code));
        let named = [Code::IssuerKeyIsIssuers, Code::IssuerUnregistered];
        match signed && of(Check::Issuer).any(|f| named.contains(&f.code)) {
            _ if failed(Check::Proof) || failed(Check::Issuer) => Self::Refuted,
            true => Self::Shown,
            false => Self::InDoubt,
        }
    }
}

/// The status as it is told, after what was found of signature and signer.
pub(super) fn told(
    before: &[JudgedFinding],
    (mut findings, known): (Vec<JudgedFinding>, KnownStatus),
) -> (Vec<JudgedFinding>, KnownStatus) {
    let authorship = Authorship::of(before);
    let is_against = findings.iter().any(|f| f.outcome() == CheckOutcome::Failed);
    match authorship {
        Authorship::Shown => return (findings, known),
        // What is held against it is not kept back while its signature cannot be read here.
        Authorship::InDoubt if is_against => {
            findings.retain(|f| f.outcome() != CheckOutcome::Passed);
            return (findings, known);
        }
        Authorship::InDoubt | Authorship::Refuted => {}
    }
    let why = match authorship {
        Authorship::Refuted => AuthorshipDoubt::NotGenuine,
        Authorship::Shown | Authorship::InDoubt => AuthorshipDoubt::NotKnownWhose,
    };
    let not_told = finding(Code::StatusNotChecked, FindingDetail::StatusUntold { why });
    let mut told = vec![not_told];
    if authorship == Authorship::InDoubt {
        told.extend(
            findings
                .into_iter()
                .filter(|f| f.outcome() == CheckOutcome::CouldNotCheck),
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
