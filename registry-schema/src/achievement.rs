//! Achievements: what a badge says that its holder can do.

use serde::{Deserialize, Serialize};

use crate::Decimal;

/// An `Achievement` of Open Badges 3.0 (§B.1.1), as far as this registry reads and writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    /// A URI that names it.
    pub id: String,
    /// Its title.
    pub name: String,
    /// A description, in a sentence or two.
    pub description: String,
    /// The things that its earner had to show.
    pub criteria: String,
    /// The items of frameworks that it is aligned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alignment: Vec<Alignment>,
    /// The clock hours that it stands for, if its issuer says so: a `Result` of the type [`CLOCK_HOURS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_hours: Option<Decimal>,
    /// True if it was assessed blind, where its issuer says so: a `Result` of the type [`ASSESSED_BLIND`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed_blind: Option<bool>,
}

/// The `resultType` of a result that states clock hours. Open Badges 3.0 has none: its `creditsEarned` and
/// `creditsAvailable` (§B.1.1, §B.1.2) leave open which credits are meant, and so are never taken for hours. New types
/// begin with `ext:` (§B.5, `ResultType`).
pub const CLOCK_HOURS: &str = "ext:ClockHours";

/// The `resultType` of a result that states continuing-education units, likewise.
pub const CEUS: &str = "ext:CEU";

/// The `resultType` of a result that states whether who assessed knew whose work it was: its value is `true` if they did not,
/// and `false` if they did. It is the issuer's word, as the hours are; Open Badges 3.0 has no type for it.
pub const ASSESSED_BLIND: &str = "ext:AssessedBlind";

/// An `Alignment` of Open Badges 3.0 (§B.1.4) to an item of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// The item's URI.
    pub target_url: String,
    /// The text of the item.
    pub target_name: String,
    /// The code that people know it by: `6.RP.A.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_code: Option<String>,
    /// The framework's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_framework: Option<String>,
}
