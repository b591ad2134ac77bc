//! The causes that keep more of an agency from being taken in, or anything of it from being fresh.

use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};

/// A hindrance, and since when it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HindranceReport {
    /// The cause, in words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// The hindrances of one agency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hindrances {
    /// The reason that nothing of it is fresh here, whatever it says, if so: it is in quarantine.
    pub quarantined: Option<HindranceReport>,
    /// The reason that more of it is not taken in here, though it is known to exist, if so.
    pub deferred: Option<HindranceReport>,
}
