//! The freshness of what a node knows of an agency, as it is told.

use serde::{Deserialize, Serialize};

/// The standing of what a node knows of an agency, at the moment of the answer and by the clock of that node: whether it
/// counts, and why not.
///
/// **Only the node judges this**: who reads the answer may have another clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgencyFreshness {
    /// It counts.
    Fresh,
    /// The agency was heard, and its last word is too old.
    Ended,
    /// Nothing that counts was ever heard of it.
    NeverHeard,
    /// The clock of the node is in doubt, so it calls nothing fresh.
    ClockInDoubt,
    /// The store of the node may lack a part of it.
    IncompleteHere,
    /// It is expelled: nothing that it says counts but what it revoked.
    Expelled,
}

impl AgencyFreshness {
    /// Returns true if answers may rest on it.
    #[must_use]
    pub const fn is_fresh(self) -> bool {
        matches!(self, Self::Fresh)
    }
}
