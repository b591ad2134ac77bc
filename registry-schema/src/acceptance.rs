//! Acceptance rules: what an agency demands of a badge for a use, beyond recognizing its issuer.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{AgencyId, Decimal, Purpose, Timestamp};

/// The demands of an agency on the badges that a rule governs. All of `requires` must hold and, where `one_of` names
/// alternatives, all of one of them.
///
/// A rule is data with a closed set of conditions: it can be read aloud, and it never runs code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptanceRule {
    /// Unique among the agency's rules of all kinds: 1 to 64 lower-case letters, digits and hyphens.
    #[n(0)]
    pub id: String,
    /// The rule in a sentence, as an officer would say it. At most 1,000 characters.
    #[n(1)]
    pub says: String,
    /// The source in which the rule is written. At most 500 characters.
    #[n(2)]
    pub citation: String,
    /// The uses that it governs; never empty.
    #[n(3)]
    pub purposes: Vec<Purpose>,
    /// The badges that it governs; all, if absent.
    #[n(4)]
    #[serde(default, skip_serializing_if = "RuleScope::is_all")]
    pub applies_to: RuleScope,
    /// In force from this moment on; always, if absent.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// In force up to this moment, if it has a term.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// All of these must hold. At most 16.
    #[n(7)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RuleCondition>,
    /// All conditions of one of these must hold, if there are any. At most 8 alternatives of at most 16.
    #[n(8)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Vec<RuleCondition>>,
}

/// The badges that a rule governs: those that each given list covers. A list that is not given covers all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleScope {
    /// The issuers with these ids.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The achievements with these ids.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub achievements: Vec<String>,
    /// Achievements aligned to one of these items of a framework.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aligned_to: Vec<String>,
    /// The badges of one of these collections, which the policy defines.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<String>,
}

impl RuleScope {
    /// Returns true if it covers every badge.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.issuers.is_empty()
            && self.achievements.is_empty()
            && self.aligned_to.is_empty()
            && self.collections.is_empty()
    }
}

/// One thing that must hold. The set is closed: a condition that this version does not know makes the whole rule
/// unreadable, never weaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleCondition {
    /// It stands for at least so many clock hours.
    #[n(0)]
    AtLeastHours(#[n(0)] Decimal),
    /// It was mastered to at least so many per cent.
    #[n(1)]
    AtLeastMastery(#[n(0)] Decimal),
    /// It was earned within the validity of the license.
    #[n(2)]
    EarnedWithinLicense,
    /// It was earned at most so many years before the date asked about.
    #[n(3)]
    EarnedWithinYears(#[n(0)] u32),
    /// The evidence was handed in at most so many days after it was earned.
    #[n(4)]
    EvidenceWithinDays(#[n(0)] u32),
    /// The assessors did not know whose work they assessed.
    #[n(5)]
    AssessedBlind,
    /// Its issuer meets the criterion with this id.
    #[n(6)]
    CriterionMet(#[n(0)] String),
    /// The agency approved this achievement, not only its issuer.
    #[n(7)]
    AchievementApproved,
    /// Its provider is one of these kinds.
    #[n(8)]
    ProviderIs(#[n(0)] Vec<ProviderKind>),
    /// Its provider is none of these kinds.
    #[n(9)]
    ProviderIsNot(#[n(0)] Vec<ProviderKind>),
    /// Its issuer is at home at one of these agencies.
    #[n(10)]
    IssuerOf(#[n(0)] Vec<AgencyId>),
    /// This body approved it: `school district`.
    #[n(11)]
    ApprovedBy(#[n(0)] String),
    /// This body approved it before the work began.
    #[n(12)]
    PriorApprovalBy(#[n(0)] String),
    /// This was handed in: `digital certificate`, `scored rubric`.
    #[n(13)]
    Shown(#[n(0)] String),
    /// It is recorded in this system.
    #[n(14)]
    RecordedIn(#[n(0)] String),
    /// Its holder never used one for this before.
    #[n(15)]
    OnceInALifetime,
}

impl RuleCondition {
    /// Returns true if it is about what only the holder, the employer or whoever decides can know: the license, approvals,
    /// what was handed in, what was used before. No badge shows it, and no agency publishes it.
    #[must_use]
    pub const fn is_outside(&self) -> bool {
        match self {
            Self::EarnedWithinLicense
            | Self::EvidenceWithinDays(_)
            | Self::ApprovedBy(_)
            | Self::PriorApprovalBy(_)
            | Self::Shown(_)
            | Self::RecordedIn(_)
            | Self::OnceInALifetime => true,
            Self::AtLeastHours(_)
            | Self::AtLeastMastery(_)
            | Self::EarnedWithinYears(_)
            | Self::AssessedBlind
            | Self::CriterionMet(_)
            | Self::AchievementApproved
            | Self::ProviderIs(_)
            | Self::ProviderIsNot(_)
            | Self::IssuerOf(_) => false,
        }
    }
}

/// The kind of body that offers the micro-credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum ProviderKind {
    /// A state agency.
    #[n(0)]
    StateAgency,
    /// A school district, or another local education agency.
    #[n(1)]
    District,
    /// A college or university.
    #[n(2)]
    HigherEducation,
    /// An association of educators, or a union.
    #[n(3)]
    Association,
    /// A third party that is none of these.
    #[n(4)]
    ThirdParty,
}

impl ProviderKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::StateAgency,
        Self::District,
        Self::HigherEducation,
        Self::Association,
        Self::ThirdParty,
    ];

    /// The name in JSON, in policies and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StateAgency => "state_agency",
            Self::District => "district",
            Self::HigherEducation => "higher_education",
            Self::Association => "association",
            Self::ThirdParty => "third_party",
        }
    }

    /// The words in a sentence.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::StateAgency => "a state agency",
            Self::District => "a school district",
            Self::HigherEducation => "a college or university",
            Self::Association => "an association",
            Self::ThirdParty => "a third party",
        }
    }
}

impl std::str::FromStr for ProviderKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

impl fmt::Display for RuleCondition {
    /// The condition in words, so that it can stand after "the badge counts if" or "not known whether".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = |kinds: &[ProviderKind]| kinds.iter().map(|k| k.in_words()).collect::<Vec<_>>().join(" or ");
        match self {
            Self::AtLeastHours(hours) => write!(f, "it stands for at least {hours} clock hours"),
            Self::AtLeastMastery(percent) => write!(f, "it was mastered to at least {percent} %"),
            Self::EarnedWithinLicense => f.write_str("it was earned within the license's validity"),
            Self::EarnedWithinYears(1) => f.write_str("it was earned within the last year"),
            Self::EarnedWithinYears(years) => write!(f, "it was earned within the last {years} years"),
            Self::EvidenceWithinDays(days) => write!(f, "the evidence was handed in within {days} days"),
            Self::AssessedBlind => f.write_str("it was assessed blind"),
            Self::CriterionMet(id) => write!(f, "its issuer meets the criterion `{id}`"),
            Self::AchievementApproved => f.write_str("this micro-credential is approved, not only its issuer"),
            Self::ProviderIs(wanted) => write!(f, "its provider is {}", kinds(wanted)),
            Self::ProviderIsNot(excluded) => write!(f, "its provider is not {}", kinds(excluded)),
            Self::IssuerOf(agencies) => {
                let names: Vec<&str> = agencies.iter().map(AgencyId::as_str).collect();
                write!(f, "its issuer belongs to {}", names.join(" or "))
            }
            Self::ApprovedBy(who) => write!(f, "it was approved by the {who}"),
            Self::PriorApprovalBy(who) => write!(f, "it was approved beforehand by the {who}"),
            Self::Shown(what) => write!(f, "the {what} was handed in"),
            Self::RecordedIn(system) => write!(f, "it is recorded in {system}"),
            Self::OnceInALifetime => f.write_str("none was used for this before"),
        }
    }
}
