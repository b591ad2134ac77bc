//! Criteria: what an agency demands of issuers, and the collections that its rules speak of.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

mod rubric;

pub use rubric::{
    BadRubric, ComponentScores, DeclaredRubric, MAX_COMPONENTS, MAX_LEVELS, MAX_REVIEWERS, MAX_STANDARDS,
    ResponsibleParty, Rubric, RubricComponent, RubricCounts, RubricGate, RubricRef, RubricStandard, UnmetGate,
};

/// A criterion that issuers meet or do not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Unique among the agency's rules of all kinds: 1 to 64 lower-case letters, digits and hyphens.
    #[n(0)]
    pub id: String,
    /// The demand, in a sentence. At most 1,000 characters.
    #[n(1)]
    pub demands: String,
    /// The source in which it is written, or the body that demands it. At most 500 characters.
    #[n(2)]
    pub citation: String,
    /// The ids of the issuers that the agency found to meet it. At most 200. While it lists none, it is not known of any;
    /// an issuer that it leaves out is one of which it is not known.
    #[cbor(default, skip_if = "Vec::is_empty")]
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub met_by: Vec<String>,
}

/// A named collection of badges: those of an offering, a stack, or a list that the agency designates.
///
/// A collection that lists nothing is one that the agency has not listed yet: whether a badge belongs to it is then
/// not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BadgeCollection {
    /// Unique among the agency's rules of all kinds: 1 to 64 lower-case letters, digits and hyphens.
    #[n(0)]
    pub id: String,
    /// A description, in a sentence. At most 1,000 characters.
    #[n(1)]
    pub says: String,
    /// All badges of the issuers with these ids belong to it. At most 200.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// All badges for the achievements with these ids belong to it. At most 200.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub achievements: Vec<String>,
}
