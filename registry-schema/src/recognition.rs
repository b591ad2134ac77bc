//! Recognition: an agency says whose badges it accepts, for what, and from when to when.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

mod agencies;

use crate::{AgencyId, Issuer, QueryTime, Timestamp};

pub use agencies::{AgencyRecognition, AgencyRecognitionEntry, MAX_DEPTH, Registration, RegistrationStanding};

/// The use that a badge is accepted for.
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

crate::value_phrases!(Purpose {
    ProfessionalLearning,
    Renewal,
    Advancement,
    Endorsement,
    InitialCertification,
    Assignment,
    Salary,
    Stipend,
    TestSubstitute,
});

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

/// The achievements that a recognition covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecognitionScope {
    /// Everything that the issuer issues.
    #[n(0)]
    All,
    /// The achievements with these ids.
    #[n(1)]
    Achievements(#[n(0)] Vec<String>),
    /// Those aligned to one of these items of frameworks.
    #[n(2)]
    Aligned(#[n(0)] Vec<String>),
    /// Those of a stack: a named set of achievements that are taken together.
    #[n(3)]
    Stack(#[n(0)] AchievementStack),
}

/// A named set of achievements that are taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AchievementStack {
    /// The name of the stack.
    #[n(0)]
    pub name: String,
    /// The achievements in it.
    #[n(1)]
    pub achievements: Vec<String>,
}

/// Most ids that a scope names.
pub const MAX_SCOPE_IDS: usize = 200;

/// The longest id in a scope, and the longest name of a stack, in bytes.
pub const MAX_SCOPE_ID_BYTES: usize = 500;

impl RecognitionScope {
    /// Returns true if the achievement with this id is covered, if it is aligned to these items of frameworks.
    #[must_use]
    pub fn covers(&self, achievement: Option<&str>, alignments: &[String]) -> bool {
        let listed = |ids: &[String]| achievement.is_some_and(|a| ids.iter().any(|id| id == a));
        match self {
            Self::All => true,
            Self::Achievements(ids) => listed(ids),
            Self::Aligned(items) => items.iter().any(|item| alignments.contains(item)),
            Self::Stack(stack) => listed(&stack.achievements),
        }
    }

    /// The ids that it names.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Achievements(ids) | Self::Aligned(ids) => ids,
            Self::Stack(stack) => &stack.achievements,
        }
    }

    /// Returns true if it keeps its limits: 1 to [`MAX_SCOPE_IDS`] ids of at most [`MAX_SCOPE_ID_BYTES`] each.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        let fits = |text: &String| (1..=MAX_SCOPE_ID_BYTES).contains(&text.len());
        let named = !matches!(self, Self::Stack(stack) if !fits(&stack.name));
        *self == Self::All || (named && (1..=MAX_SCOPE_IDS).contains(&self.ids().len()) && self.ids().iter().all(fits))
    }
}

crate::phrases! {
    /// The achievements that a recognition covers.
    pub enum ScopeSummary {
        All,
        Achievements { count: usize },
        Aligned { count: usize },
        Stack { name: String, count: usize },
    }
}

impl From<&RecognitionScope> for crate::Phrase {
    fn from(scope: &RecognitionScope) -> Self {
        let summary = match scope {
            RecognitionScope::All => ScopeSummary::All,
            RecognitionScope::Achievements(ids) => ScopeSummary::Achievements { count: ids.len() },
            RecognitionScope::Aligned(items) => ScopeSummary::Aligned { count: items.len() },
            RecognitionScope::Stack(stack) => ScopeSummary::Stack {
                name: stack.name.clone(),
                count: stack.achievements.len(),
            },
        };
        summary.into()
    }
}

impl fmt::Display for RecognitionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all achievements"),
            Self::Achievements(ids) if ids.len() == 1 => f.write_str("1 achievement"),
            Self::Achievements(ids) => write!(f, "{} achievements", ids.len()),
            Self::Aligned(items) if items.len() == 1 => f.write_str("achievements aligned to 1 item of a framework"),
            Self::Aligned(items) => write!(f, "achievements aligned to one of {} items of frameworks", items.len()),
            Self::Stack(stack) => write!(
                f,
                "the stack \"{}\" of {} achievements",
                stack.name,
                stack.achievements.len()
            ),
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
    /// The achievements that it covers.
    #[n(2)]
    pub scope: RecognitionScope,
    /// For which purposes; never empty.
    #[n(3)]
    pub purposes: Vec<Purpose>,
    /// From this moment on.
    #[n(4)]
    pub from: Timestamp,
    /// Up to this moment, if it has a term.
    #[n(5)]
    pub until: Option<Timestamp>,
    /// True if a badge that carries no status entry can be accepted.
    #[n(6)]
    #[serde(default)]
    pub accepts_without_status: bool,
    /// The grounds that it rests on, and how far it goes.
    #[cbor(skip_if = "RecognitionBasis::is_default")]
    #[n(7)]
    #[serde(flatten)]
    pub basis: RecognitionBasis,
}

impl Recognition {
    /// Returns true if the term holds at this moment.
    #[must_use]
    pub fn in_term(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Returns true if it covers this use: any purpose, if none is asked for.
    #[must_use]
    pub fn serves(&self, purpose: Option<Purpose>) -> bool {
        purpose.is_none_or(|p| self.purposes.contains(&p))
    }
}

/// The grounds of a recognition, and how far it goes. The default is what every recognition said before these fields were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionBasis {
    /// On what the agency's judgement rests.
    #[cbor(default)]
    #[n(0)]
    #[serde(default)]
    pub attestation: Attestation,
    /// True if it counts even while the issuer's home agency has suspended or ended the issuer's registration. Otherwise
    /// it follows the home agency.
    #[cbor(default)]
    #[n(1)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_alone: bool,
    /// True if agencies that recognize whatever this agency recognizes may build on it.
    #[cbor(default)]
    #[n(2)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_followed: bool,
    /// On which conditions, for people to read: `the district approves beforehand`.
    #[cbor(default)]
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

/// Most conditions of a recognition.
pub const MAX_CONDITIONS: usize = 20;

/// The longest condition, in bytes.
pub const MAX_CONDITION_BYTES: usize = 500;

impl RecognitionBasis {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if it keeps its limits.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        let fits = |text: &String| (1..=MAX_CONDITION_BYTES).contains(&text.len());
        self.conditions.len() <= MAX_CONDITIONS && self.conditions.iter().all(fits)
    }
}

/// On what a recognition rests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Attestation {
    /// The agency reviewed the issuer itself.
    #[default]
    #[n(0)]
    OwnReview,
    /// It adopted another agency's review.
    #[n(1)]
    AdoptedReview,
    /// The issuer assessed itself.
    #[n(2)]
    SelfAssessment,
}

impl Attestation {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::OwnReview, Self::AdoptedReview, Self::SelfAssessment];

    /// The name in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnReview => "own_review",
            Self::AdoptedReview => "adopted_review",
            Self::SelfAssessment => "self_assessment",
        }
    }

    /// The words in a sentence: "rests on *the issuer's own assessment*".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::OwnReview => "the agency's own review",
            Self::AdoptedReview => "another agency's review",
            Self::SelfAssessment => "the issuer's own assessment",
        }
    }
}

crate::value_phrases!(Attestation {
    OwnReview,
    AdoptedReview,
    SelfAssessment,
});

impl FromStr for Attestation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|a| a.as_str() == text);
        found.ok_or_else(|| "one of own_review, adopted_review, self_assessment".to_owned())
    }
}

/// The end of a recognition, before its term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionWithdrawal {
    /// From this moment on the recognition no longer counts.
    #[n(0)]
    pub at: Timestamp,
    /// True if badges dated before that moment stay good.
    #[n(1)]
    pub earlier_badges_stay_good: bool,
}

/// A recognition as it stands in an agency's trust list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionEntry {
    /// The agency that recognizes.
    pub agency: AgencyId,
    /// The recognition itself.
    #[serde(flatten)]
    pub recognition: Recognition,
    /// Its end before its term, if there was one.
    pub withdrawn: Option<RecognitionWithdrawal>,
    /// True if it does not count for now: the agency's records have two histories, and nobody has joined them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

impl RecognitionEntry {
    /// Returns true if a badge dated `issued` counts under this entry at the moment asked about.
    #[must_use]
    pub fn holds(&self, asked: QueryTime, issued: Option<Timestamp>) -> bool {
        self.recognition.in_term(asked.at()) && stands(self.withdrawn.as_ref(), asked, issued)
    }
}

/// Returns true if a badge dated `issued` is not touched by a withdrawal at the moment asked about.
fn stands(withdrawn: Option<&RecognitionWithdrawal>, asked: QueryTime, issued: Option<Timestamp>) -> bool {
    !withdrawn.is_some_and(|w| {
        let spared = w.earlier_badges_stay_good && issued.is_some_and(|i| i < asked.counted_from(w.at));
        asked.effect_of(w.at).takes_away() && !spared
    })
}

#[cfg(test)]
mod tests;
