//! Recognition: an agency says whose badges it accepts, for what, and from when to when.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{AgencyId, Issuer, Timestamp};

/// What a badge is accepted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Purpose {
    /// Professional learning in general.
    #[n(0)]
    ProfessionalLearning,
    /// Renewal of a licence.
    #[n(1)]
    Renewal,
    /// Advancement of a licence to the next level.
    #[n(2)]
    Advancement,
    /// An endorsement added to a licence.
    #[n(3)]
    Endorsement,
    /// A first certification.
    #[n(4)]
    InitialCertification,
    /// Assignment to a post.
    #[n(5)]
    Assignment,
    /// A lane or step of the salary schedule.
    #[n(6)]
    Salary,
    /// A stipend.
    #[n(7)]
    Stipend,
    /// In place of a test.
    #[n(8)]
    TestSubstitute,
}

impl Purpose {
    /// All purposes, in the order of their numbers on the wire.
    pub const ALL: [Self; 9] = [
        Self::ProfessionalLearning,
        Self::Renewal,
        Self::Advancement,
        Self::Endorsement,
        Self::InitialCertification,
        Self::Assignment,
        Self::Salary,
        Self::Stipend,
        Self::TestSubstitute,
    ];

    /// The name in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProfessionalLearning => "professional_learning",
            Self::Renewal => "renewal",
            Self::Advancement => "advancement",
            Self::Endorsement => "endorsement",
            Self::InitialCertification => "initial_certification",
            Self::Assignment => "assignment",
            Self::Salary => "salary",
            Self::Stipend => "stipend",
            Self::TestSubstitute => "test_substitute",
        }
    }

    /// The words in a sentence: "Accepted in North Carolina for *license renewal*".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ProfessionalLearning => "professional learning",
            Self::Renewal => "license renewal",
            Self::Advancement => "license advancement",
            Self::Endorsement => "an endorsement",
            Self::InitialCertification => "initial certification",
            Self::Assignment => "assignment",
            Self::Salary => "salary advancement",
            Self::Stipend => "a stipend",
            Self::TestSubstitute => "use in place of a test",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no purpose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no purpose: one of professional_learning, renewal, advancement, endorsement, initial_certification, assignment, salary, stipend, test_substitute"
)]
pub struct BadPurpose(pub String);

impl FromStr for Purpose {
    type Err = BadPurpose;

    fn from_str(text: &str) -> Result<Self, BadPurpose> {
        let found = Self::ALL.into_iter().find(|p| p.as_str() == text);
        found.ok_or_else(|| BadPurpose(text.chars().take(64).collect()))
    }
}

/// Which achievements a recognition covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that the issuer issues.
    #[n(0)]
    All,
    /// The achievements with these ids.
    #[n(1)]
    Achievements(#[n(0)] Vec<String>),
}

impl Scope {
    /// Whether the achievement with this id is covered.
    #[must_use]
    pub fn covers(&self, achievement: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Achievements(ids) => achievement.is_some_and(|a| ids.iter().any(|id| id == a)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all achievements"),
            Self::Achievements(ids) if ids.len() == 1 => f.write_str("1 achievement"),
            Self::Achievements(ids) => write!(f, "{} achievements", ids.len()),
        }
    }
}

/// An agency's statement that it accepts an issuer's badges.
///
/// Only the agency's own writer keys put one into its trust list; every node holds every agency's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recognition {
    /// Unique within the recognizing agency's trust list.
    #[n(0)]
    pub id: String,
    /// The issuer as this agency knows it: its keys stand here, so that its badges verify with no network.
    #[n(1)]
    pub issuer: Issuer,
    /// Which achievements.
    #[n(2)]
    pub scope: Scope,
    /// For which purposes; never empty.
    #[n(3)]
    pub purposes: Vec<Purpose>,
    /// From this moment on.
    #[n(4)]
    pub from: Timestamp,
    /// Up to this moment, if it has a term.
    #[n(5)]
    pub until: Option<Timestamp>,
    /// Whether a badge that carries no status entry can be accepted.
    #[n(6)]
    #[serde(default)]
    pub accepts_without_status: bool,
}

impl Recognition {
    /// Whether the term holds at this moment.
    #[must_use]
    pub fn in_term(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Whether it covers this use: any purpose, if none is asked for.
    #[must_use]
    pub fn serves(&self, purpose: Option<Purpose>) -> bool {
        purpose.is_none_or(|p| self.purposes.contains(&p))
    }
}

/// The end of a recognition, before its term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawal {
    /// From this moment on the recognition no longer counts.
    #[n(0)]
    pub at: Timestamp,
    /// Whether badges dated before that moment stay good.
    #[n(1)]
    pub earlier_badges_stay_good: bool,
}

/// A recognition as it stands in an agency's trust list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionEntry {
    /// The agency that recognizes.
    pub agency: AgencyId,
    /// What it says.
    #[serde(flatten)]
    pub recognition: Recognition,
    /// Its end before its term, if there was one.
    pub withdrawn: Option<Withdrawal>,
    /// Whether it does not count for now: the agency's records have two histories, and nobody has joined them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

impl RecognitionEntry {
    /// Whether a badge dated `issued` counts under this entry at the moment `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp, issued: Option<Timestamp>) -> bool {
        let withdrawn = self.withdrawn.as_ref().is_some_and(|w| {
            let spared = w.earlier_badges_stay_good && issued.is_some_and(|i| i < w.at);
            w.at <= at && !spared
        });
        self.recognition.in_term(at) && !withdrawn
    }
}
