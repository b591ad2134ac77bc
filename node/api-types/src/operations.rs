//! The answers for those who keep the node running.

use registry_schema::AgencyId;
use serde::{Deserialize, Serialize};

/// The program, and the agency that runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionResponse {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of the protocol between nodes.
    pub protocol: String,
    /// The agency that runs this node.
    pub agency: AgencyId,
    /// The role of this process.
    pub role: ProcessRole,
}

/// The role of a process among those of one agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProcessRole {
    /// It writes for the agency: it holds the lease.
    Holder,
    /// It forwards writes to the process that holds the lease.
    Follower,
}
