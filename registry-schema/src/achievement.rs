//! Achievements: what a badge says that its holder can do.

use serde::{Deserialize, Serialize};

/// An `Achievement` of Open Badges 3.0 (§B.1.1), as far as this registry reads and writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    /// A URI that names it.
    pub id: String,
    /// Its title.
    pub name: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What its earner had to show.
    pub criteria: String,
}
