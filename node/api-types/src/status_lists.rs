//! Status lists of an agency: how full they are, and changes by place.

use registry_schema::{StatusChange, StatusReason, StatusState, Timestamp};
use serde::{Deserialize, Serialize};

/// One of an agency's status lists, and how full it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusListFill {
    /// Its number.
    pub list: u32,
    /// The issuer whose badges are in it.
    pub issuer: String,
    /// The moment at which it was opened, if that is known.
    pub opened: Option<Timestamp>,
    /// The number of its slots that are reserved: given to badges, or set aside for some that a start then did not issue.
    pub reserved: u32,
    /// The number of all its slots.
    pub slots: u32,
    /// The reserved part, in percent.
    pub percent: u32,
    /// True if it is nearly full: then a further one is opened by itself before long.
    pub nearly_full: bool,
}

/// A change of the status of one place in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListEntryRequest {
    /// The place, as `statusListIndex` of the badge names it.
    pub index: u32,
    /// `revoked` (final), `suspended`, or `active` (reinstates a suspended one).
    pub status: StatusState,
    /// The reason; this code replicates.
    pub reason: StatusReason,
    /// A note on what else there is to say; stays at home. At most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A place in a list whose status changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListEntryResponse {
    /// The list.
    pub list: u32,
    /// The place in it.
    pub index: u32,
    /// The change, as this agency's peers learn it.
    pub change: StatusChange,
}
