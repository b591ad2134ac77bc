//! The hindrances that keep more of an agency from being taken in, or anything of it from being fresh.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use protocol::{Hash, Replica};
use registry_schema::Timestamp;

/// Something that is wrong, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HindranceCause {
    /// A description for people.
    #[n(0)]
    pub why: String,
    /// Since when: milliseconds since 1970.
    #[n(1)]
    since: i64,
}

impl HindranceCause {
    pub(super) const fn new(why: String, since: Timestamp) -> Self {
        Self { why, since: since.0 }
    }

    /// Since when it lasts.
    pub const fn since(&self) -> Timestamp {
        Timestamp(self.since)
    }
}

/// The hindrances of one agency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Hindrance {
    /// Nothing of it is fresh, whatever it says.
    #[n(0)]
    pub quarantined: Option<HindranceCause>,
    /// More of it is known to exist, and is not taken in.
    #[n(1)]
    pub deferred: Option<HindranceCause>,
}

impl Hindrance {
    pub(super) const fn is_none(&self) -> bool {
        self.quarantined.is_none() && self.deferred.is_none()
    }
}

/// The hindrances that a replica knows of.
pub(super) fn of(replica: &Replica) -> BTreeMap<Hash, Hindrance> {
    let mut all: BTreeMap<Hash, Hindrance> = BTreeMap::new();
    let trouble = |why: String, since: Timestamp| Some(HindranceCause::new(why, since));
    for (agency, quarantine) in replica.quarantined() {
        all.entry(*agency).or_default().quarantined = trouble(quarantine.why.to_string(), quarantine.since);
    }
    for (agency, deferral) in replica.deferred() {
        all.entry(*agency).or_default().deferred = trouble(deferral.limit.to_string(), deferral.since);
    }
    all
}
