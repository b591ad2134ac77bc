//! Rubrics: what an agency reviews applications against.

use registry_schema::{Timestamp, criteria::Rubric};
use serde::{Deserialize, Serialize};

/// A rubric, as it was imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedRubric {
    /// The moment at which it was imported.
    pub imported_at: Timestamp,
    /// True if new applications are reviewed against it, unless they name another.
    pub current: bool,
    /// The rubric.
    pub rubric: Rubric,
}

/// A rubric that was imported, or with `dry_run` would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RubricImportResponse {
    /// The rubric.
    #[serde(flatten)]
    pub rubric: Rubric,
    /// With `dry_run`: what would follow from it, in sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<Vec<String>>,
}
