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
    /// The items of frameworks that it is aligned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alignment: Vec<Alignment>,
}

/// An `Alignment` of Open Badges 3.0 (§B.1.4) to an item of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// The item's URI.
    pub target_url: String,
    /// What the item says.
    pub target_name: String,
    /// What people call it: `6.RP.A.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_code: Option<String>,
    /// The framework's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_framework: Option<String>,
}
