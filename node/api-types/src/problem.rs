//! Errors, as RFC 9457 (§3) has them.

use serde::{Deserialize, Serialize};

/// An error, as RFC 9457 (§3) has it. A node tells every member; a reader takes a problem that lacks some, as the standard
/// allows: what stands between it and the node, a proxy say, may tell problems of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemResponse {
    /// The page that explains it: `/help/request.too_large`.
    #[serde(rename = "type", default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub kind: String,
    /// The kind of error, in words.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub status: u16,
    /// An explanation of what is wrong with this request, and what to do.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub detail: String,
    /// The member of the body that it concerns, where it concerns one: `subjects[0].name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
