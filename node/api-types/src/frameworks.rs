//! Frameworks: what achievements align to, and how far they are covered.

use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::consequences::ConsequencesResponse;

/// A framework, without its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkSummary {
    /// Its identifier.
    pub id: String,
    /// Its URI.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// The body that made it, if that is known.
    pub creator: Option<String>,
    /// Its version, if it says so.
    pub version: Option<String>,
    /// `case`: its publisher's CASE package. `minted`: the names are the publisher's, the identifiers this agency's.
    pub source: String,
    /// The subjects in which students are tested, as the operator named them.
    pub tested: Vec<String>,
    /// The number of its items.
    pub items: i64,
    /// The number of levels in which they stand below each other.
    pub depth: i64,
    /// The moment at which it was imported.
    pub imported_at: Timestamp,
}

/// The subjects that are tested.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct FrameworkImportQuery {
    /// The subjects in which students are tested, separated by `|`: `Mathematics|English Language Arts`.
    #[serde(default)]
    pub tested: String,
}

/// A framework that was imported, or with `dry_run` would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkImportResponse {
    /// The framework.
    #[serde(flatten)]
    pub framework: FrameworkSummary,
    /// The parts of the file that were left out, in words.
    pub notes: Vec<String>,
    /// With `dry_run`: what would change, for a badge that is aligned to an item counts as aligned to those above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A framework that was removed, or with `dry_run` would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkRemovalResponse {
    /// The framework.
    #[serde(flatten)]
    pub framework: FrameworkSummary,
    /// With `dry_run`: what would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A framework with its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkResponse {
    /// The framework.
    #[serde(flatten)]
    pub framework: FrameworkSummary,
    /// Its items; parents stand before their children. (`items` is their number.)
    #[serde(rename = "item")]
    pub items: Vec<FrameworkItem>,
}

/// An item of a framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkItem {
    /// Its identifier.
    pub id: String,
    /// Its URI: what alignments and scopes name.
    pub uri: String,
    /// The code by which people call it.
    pub code: Option<String>,
    /// Its wording.
    pub statement: String,
    /// The kind of item that it is.
    pub kind: Option<String>,
    /// The identifiers of the items that it stands below.
    pub parents: Vec<String>,
}

/// The extent to which an agency's achievements cover a framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameworkCoverageResponse {
    /// The framework.
    #[serde(flatten)]
    pub framework: FrameworkSummary,
    /// Of what the numbers are: this agency's achievements of which it has issued a badge, revoked ones included.
    pub base: CoverageBase,
    /// Over all items.
    pub all: ItemShare,
    /// The same by subject.
    pub subjects: SubjectShares,
    /// The items to which an achievement is aligned, or to one below them.
    pub covered: Vec<ItemCoverage>,
}

/// The items by their subjects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectShares {
    /// Over the items of subjects in which students are tested.
    pub tested: ItemShare,
    /// Over the items of other subjects.
    pub not_tested: ItemShare,
    /// Over the items for which no subject is named.
    pub not_named: ItemShare,
}

/// The achievements and badges that the numbers of a coverage are of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverageBase {
    /// This agency's achievements of which it has issued a badge.
    pub achievements: i64,
    /// The badges that it has issued for them, revoked and suspended ones included.
    pub badges: i64,
}

/// The number of some items that are covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemShare {
    /// The number of them all.
    pub items: u64,
    /// To how many of them an achievement is aligned.
    pub aligned: u64,
    /// To how many an achievement is aligned, or to an item below them.
    pub with_below: u64,
}

/// The extent to which one item is covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemCoverage {
    /// Its identifier.
    pub id: String,
    /// The code by which people call it.
    pub code: Option<String>,
    /// Its wording.
    pub statement: String,
    /// The number of achievements that are aligned to the item itself.
    pub achievements: u64,
    /// The number of badges that were issued for those.
    pub badges: u64,
    /// The number of achievements that are aligned to it or to an item below it.
    pub with_below: u64,
}
