//! The causes that keep more of an agency from being taken in, or anything of it from being fresh, as they are told.

use protocol::Hash;
use registry_schema::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use agency::registry::{HindranceCause, Registry};

/// A hindrance, and since when it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Hindered {
    /// The cause, in words.
    pub(crate) why: String,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// The hindrances of one agency.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Hindrances {
    /// The reason that nothing of it is fresh here, whatever it says, if so: it is in quarantine.
    pub(crate) quarantined: Option<Hindered>,
    /// The reason that more of it is not taken in here, though it is known to exist, if so.
    pub(crate) deferred: Option<Hindered>,
}

impl From<&HindranceCause> for Hindered {
    fn from(trouble: &HindranceCause) -> Self {
        Self {
            why: trouble.why.clone(),
            since: trouble.since(),
        }
    }
}

impl Hindrances {
    pub(super) fn of(registry: &Registry, agency: &Hash) -> Self {
        registry.hindrance(agency).map_or_else(Self::default, |known| Self {
            quarantined: known.quarantined.as_ref().map(Hindered::from),
            deferred: known.deferred.as_ref().map(Hindered::from),
        })
    }
}
