//! The Trust Registry Query Protocol 2.0 of the Trust over IP Foundation: its requests and answers (§6).

use std::collections::BTreeMap;

use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};

/// A query (TRQP 2.0, `trqp-authorization-request` and `trqp-recognition-request`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrqpRequest {
    /// About whom: an issuer's id, or an agency.
    pub entity_id: String,
    /// The authority whose word is wanted: an agency of the federation, by its name, its URL or its did:web.
    pub authority_id: String,
    /// `issue`, or `recognize:` and a purpose: `recognize:renewal`.
    pub action: String,
    /// An achievement's id, a framework item, or `micro-credential` for whatever the entity issues.
    pub resource: String,
    /// `time`: the moment asked about, RFC 3339 in UTC (`Z`). Other members are texts that are sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<BTreeMap<String, String>>,
}

/// An answer (`trqp-authorization-response` and `trqp-recognition-response`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrqpResponse {
    /// The entity of the query.
    pub entity_id: String,
    /// The authority of the query.
    pub authority_id: String,
    /// The action of the query.
    pub action: String,
    /// The resource of the query.
    pub resource: String,
    /// The answer of `/authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized: Option<bool>,
    /// The answer of `/recognition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognized: Option<bool>,
    /// The moment that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_requested: Option<String>,
    /// The moment of this answer.
    pub time_evaluated: Timestamp,
    /// On what it rests, in words.
    pub message: String,
    /// The context of the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<BTreeMap<String, String>>,
}
