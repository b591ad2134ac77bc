//! The verdict: one of five answers about a badge, and every finding behind it.

use serde::{Deserialize, Serialize};

use crate::{AgencyId, CredentialCode, LocalDay, Purpose, StatusState, Timestamp};

/// The five answers, in order of precedence (`unreadable` before `not_valid` before `could_not_check` …).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The file is no credential that we know.
    Unreadable,
    /// Altered, revoked, suspended, expired, not yet valid, or signed by a key that is not the issuer's.
    NotValid,
    /// Something needed was unreachable or too old.
    CouldNotCheck,
    /// No recognition of this agency covers it. Genuine only if an agency registers its signer ([`IssuerStanding`]).
    NotRecognized,
    /// Genuine, in date, neither revoked nor suspended as of fresh lists, and recognized for this use.
    Accepted,
}

impl VerdictKind {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotValid => "not_valid",
            Self::CouldNotCheck => "could_not_check",
            Self::NotRecognized => "not_recognized",
            Self::Accepted => "accepted",
        }
    }
}

/// The point that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The file is a credential, and well formed.
    Structure,
    /// The signature fits the content.
    Proof,
    /// The key is the issuer's.
    Issuer,
    /// It is in date.
    Dates,
    /// It is neither revoked nor suspended.
    Status,
    /// The agency asked recognizes the issuer for this use.
    Recognition,
    /// The worth that it has here; never changes the verdict.
    Worth,
    /// The relation to the person at the desk, whether it belongs to them; never changes the verdict.
    Holder,
}

impl Check {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Proof => "proof",
            Self::Issuer => "issuer",
            Self::Dates => "dates",
            Self::Status => "status",
            Self::Recognition => "recognition",
            Self::Worth => "worth",
            Self::Holder => "holder",
        }
    }
}

/// The outcome of a check. There is no default: a check that did not run says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be found out.
    CouldNotCheck,
    /// The question does not arise.
    NotApplicable,
}

impl CheckOutcome {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::CouldNotCheck => "could_not_check",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// One check, what came of it, and what a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The point that was checked.
    pub check: Check,
    /// The outcome.
    pub outcome: CheckOutcome,
    /// A stable code, documented at `/help/{code}`: `status.revoked`.
    pub code: String,
    /// The finding in words.
    pub detail: String,
    /// The age of the information that this rests on, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The agency whose word this rests on, or whose silence is the reason, if it is one's; of several, the one heard from
    /// the longest ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
}

/// The credential, as far as it could be read. What stands here is what the file *says*; the findings tell whether
/// that can be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialSummary {
    /// Its `id`.
    pub id: Option<String>,
    /// Its short code, if it is one of ours.
    pub code: Option<CredentialCode>,
    /// The achievement's name.
    pub name: Option<String>,
    /// The person to whom it says that it belongs.
    pub subject: Option<SubjectSummary>,
    /// Good from.
    pub valid_from: Option<Timestamp>,
    /// Good up to.
    pub valid_until: Option<Timestamp>,
}

/// The person to whom the credential says that it belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectSummary {
    /// The name in the credential, if it carries one.
    pub name: Option<String>,
    /// True if the person at the desk was shown to be the holder.
    pub identity_checked: bool,
}

/// The standing of the signer: whether anybody here knows who signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IssuerStanding {
    /// An agency of the federation registers the key that signed, as a key of this issuer.
    Registered,
    /// No agency does, or no signature that holds shows which key it was: the name is only what the file says.
    #[default]
    Unregistered,
}

impl IssuerStanding {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Unregistered => "unregistered",
        }
    }
}

/// The issuer, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerSummary {
    /// The `issuer.id` in the credential.
    pub id: String,
    /// Its name: from a trust list if one has it, otherwise as the credential says.
    pub name: Option<String>,
    /// Its home agency, if the federation knows it.
    pub agency: Option<AgencyId>,
    /// The issuer's standing: whether an agency of the federation registers the key that signed as this issuer's. Whoever
    /// shows the name has to look here: anybody can write a name into a file.
    #[serde(default)]
    pub standing: IssuerStanding,
}

/// The credential's status, and how old that knowledge is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusSummary {
    /// The status.
    pub state: StatusState,
    /// Known up to this moment: the oldest of the lists that the answer rests on; absent, if nothing is known of the status.
    pub fresh_as_of: Option<Timestamp>,
    /// The agency whose list said so, or else the address of the list.
    pub source: Option<String>,
}

/// An agency that recognizes the issuer for this credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognizingAgency {
    /// The agency.
    pub agency: AgencyId,
    /// Its scope, in words.
    pub scope: String,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// Since when.
    pub from: Timestamp,
    /// Up to when, if it has a term.
    pub until: Option<Timestamp>,
    /// The agencies that the recognition went through, the asked one last.
    pub path: Vec<AgencyId>,
    /// The reason that it could not be told whether this still holds, in words; absent, if it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<String>,
}

/// The worth of the credential at an agency, for a purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialWorth {
    /// The agency at which it counts.
    pub agency: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// In which unit: `CEU`, `PDP`.
    pub unit: String,
    /// The amount, as a decimal number.
    pub amount: String,
    /// The rule that decided.
    pub rule: String,
    /// The source in which the rule is written.
    pub citation: String,
}

/// The subject of an endorsement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndorsementTarget {
    /// The badge.
    Badge,
    /// Its issuer.
    Issuer,
    /// Its achievement.
    Achievement,
}

/// A statement of somebody else within a badge, and whether they signed it. It never changes the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Endorsement {
    /// The endorser, as it says; absent, if that cannot be read.
    pub by: Option<String>,
    /// The subject of the endorsement.
    pub of: EndorsementTarget,
    /// The outcome of checking its signature, its signer and its dates.
    pub outcome: CheckOutcome,
    /// A finding's code, as documented at `/help/{code}`.
    pub code: String,
    /// The same in words.
    pub detail: String,
}

/// The whole answer about one badge, for one agency, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// One of the five.
    pub verdict: VerdictKind,
    /// The answer in a sentence that could be read aloud.
    pub sentence: String,
    /// The agency whose answer it is.
    pub agency: AgencyId,
    /// For what use; absent if any would do.
    pub purpose: Option<Purpose>,
    /// The moment at which the badge should have been good.
    pub at: Timestamp,
    /// The moment whose knowledge the answer rests on, if not on all that is known at the moment of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Timestamp>,
    /// The moment of this check.
    pub checked_at: Timestamp,
    /// Every check, in the order of the list.
    pub findings: Vec<Finding>,
    /// The credential as the file has it.
    pub credential: Option<CredentialSummary>,
    /// The issuer of the credential.
    pub issuer: Option<IssuerSummary>,
    /// Its status.
    pub status: StatusSummary,
    /// The agencies that recognize the issuer for this credential: the asked agency first.
    pub recognized_by: Vec<RecognizingAgency>,
    /// The worth of it at the asked agency.
    pub worth: Vec<CredentialWorth>,
    /// The statements of others within it; at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endorsements: Vec<Endorsement>,
    /// The answer about each badge in it, if it is a Comprehensive Learner Record; in the record's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub credentials: Vec<Self>,
    /// The address of the signed record of this answer, if one was kept.
    pub receipt: Option<String>,
}

impl Verdict {
    /// Returns true if the signature holds, and nobody here knows whose it is: the second form of "not recognized", which
    /// is never called genuine.
    #[must_use]
    pub fn is_by_someone_unknown(&self) -> bool {
        let unregistered = |issuer: &IssuerSummary| issuer.standing == IssuerStanding::Unregistered;
        self.verdict == VerdictKind::NotRecognized && self.issuer.as_ref().is_none_or(unregistered)
    }

    /// The day asked about, if it was a whole day of the asked agency's calendar that is over.
    #[must_use]
    pub fn day(&self) -> Option<LocalDay> {
        LocalDay::ending_at(self.at, &self.agency)
    }
}
