//! The index of the files that a node shows to anybody: which agencies it holds. Any web server can mirror it.

use serde::{Deserialize, Serialize};

/// `index.json`: which agencies' files there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FederationIndex {
    /// The version of this form, 1.
    pub version: u32,
    /// The agencies that have files there, at most 1,024.
    pub agencies: Vec<IndexedAgency>,
}

/// An agency in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IndexedAgency {
    /// The hash of its first key-log entry, in hexadecimal: the agency's identity.
    pub genesis: String,
    /// The identifier that it gives itself, for people: nothing follows from it.
    pub agency: String,
    /// The SHA-256 of its summary, in hexadecimal: it changes when there is something new.
    pub summary: String,
}
