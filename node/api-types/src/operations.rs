//! The answers for those who keep the node running.

use registry_schema::{AgencyId, Timestamp};
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

/// A weakness of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorWarningResponse {
    /// The code of the weakness, for programs: `root.at_home`; the page `/help/root.at_home` explains it.
    pub code: String,
    /// An explanation of it and what to do, for people.
    pub detail: String,
}

/// The clock, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockResponse {
    /// The time by which this node acts, RFC 3339 in UTC.
    pub now: Timestamp,
    /// The reason to doubt it; null, if it is believed. While it is in doubt, nothing is signed and nothing is called fresh.
    pub doubt: Option<String>,
}

/// The store, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoreResponse {
    /// The reason that it may lack what this agency wrote, or cannot be looked at; null, if it lacks nothing. While it may, no
    /// heartbeat is signed, and nothing of this agency counts as newer than the last one.
    pub doubt: Option<String>,
    /// True if another process writes with this node's writer key: a copy of its data folder, or a thief. The node writes nothing, and
    /// nothing of its agency is called good, until an operator has stopped that process and vouches for the store.
    #[serde(default)]
    pub written_elsewhere: bool,
}
