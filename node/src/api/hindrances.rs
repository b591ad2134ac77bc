//! The causes that keep more of an agency from being taken in, or anything of it from being fresh, as they are told.

use agency::registry::{HindranceCause, Registry};
use api_types::hindrances::{HindranceReport, Hindrances};
use protocol::Hash;

fn report(cause: &HindranceCause) -> HindranceReport {
    HindranceReport {
        why: cause.why.clone(),
        since: cause.since(),
    }
}

/// The hindrances of one agency.
pub(super) fn of(registry: &Registry, agency: &Hash) -> Hindrances {
    registry
        .hindrance(agency)
        .map_or_else(Hindrances::default, |known| Hindrances {
            quarantined: known.quarantined.as_ref().map(report),
            deferred: known.deferred.as_ref().map(report),
        })
}
