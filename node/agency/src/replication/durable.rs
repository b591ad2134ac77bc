//! The heads that this process knows to be on disk: a store that comes back without them is an older one.
//!
//! A database can go back in time under a running node: a server fails over to a standby that lagged, or a copy is put in its
//! place. What was acknowledged is then gone, and nothing in the store itself says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use protocol::{Hash, Replica, WriteBatch};

use platform::lock::Lock;

/// The newest envelopes of each agency that are known to be on disk. Clones share them: they outlive a replica, and the holding
/// of a lease.
#[derive(Clone, Debug, Default)]
pub struct DurableHeads(Arc<Lock<HeadsByAgency>>);

#[derive(Debug, Default)]
struct HeadsByAgency {
    newest: BTreeMap<Hash, BTreeSet<Hash>>,
    /// Those that a store came back without.
    lost: BTreeMap<Hash, BTreeSet<Hash>>,
}

impl DurableHeads {
    /// Notes that a batch is on disk, which this replica has taken in.
    pub(super) fn note(&self, batch: &WriteBatch, replica: &Replica) {
        let written: BTreeSet<Hash> = batch.envelopes.iter().map(|one| one.hash()).collect();
        let agencies: BTreeSet<Hash> = batch.envelopes.iter().map(|one| one.header().agency).collect();
        self.0.with(|heads| {
            for agency in agencies {
                let Some(log) = replica.logs().get(&agency) else {
                    continue;
                };
                let newest = heads.newest.entry(agency).or_default();
                let now: BTreeSet<Hash> = log.heads().into_iter().collect();
                newest.retain(|head| now.contains(head));
                newest.extend(now.intersection(&written));
            }
        });
    }

    /// Notes that all that this replica holds is on disk.
    pub(crate) fn note_all(&self, replica: &Replica) {
        let all = replica.logs().iter();
        let newest = all.map(|(agency, log)| (*agency, log.heads().into_iter().collect()));
        let newest: BTreeMap<Hash, BTreeSet<Hash>> = newest.collect();
        self.0.with(|heads| heads.newest.extend(newest));
    }

    /// Notes an agency's envelope that was seen in the store after all others of it: a store without it lacks what came last.
    pub(crate) fn note_last(&self, agency: Hash, envelope: Hash) {
        self.0
            .with(|heads| heads.newest.insert(agency, BTreeSet::from([envelope])));
    }

    /// The agencies of which a store lacks what was on disk, as `holds` says of an agency's envelope, and how many each; they are
    /// lost until they are here again.
    pub(super) fn lacking(&self, holds: impl Fn(&Hash, &Hash) -> bool) -> BTreeMap<Hash, usize> {
        self.0.with(|heads| {
            for (agency, newest) in &heads.newest {
                let gone = newest.iter().filter(|head| !holds(agency, head)).copied();
                heads.lost.entry(*agency).or_default().extend(gone);
            }
            heads.lost.retain(|agency, lost| {
                lost.retain(|head| !holds(agency, head));
                !lost.is_empty()
            });
            heads.lost.iter().map(|(agency, lost)| (*agency, lost.len())).collect()
        })
    }

    /// Returns the number of an agency's newest envelopes that are lost.
    pub(super) fn lost(&self, agency: &Hash) -> usize {
        self.0.with(|heads| heads.lost.get(agency).map_or(0, BTreeSet::len))
    }

    /// Looks no more for what an agency lost: an operator has vouched for what is here.
    pub(super) fn give_up(&self, agency: &Hash) {
        self.0.with(|heads| heads.lost.remove(agency));
    }

    /// Notes which of an agency's lost envelopes a replica has again; gives how many are still lost.
    pub(super) fn regain(&self, agency: &Hash, replica: &Replica) -> usize {
        let log = replica.logs().get(agency);
        self.0.with(|heads| {
            let Some(lost) = heads.lost.get_mut(agency) else {
                return 0;
            };
            lost.retain(|head| !log.is_some_and(|log| log.holds(head)));
            lost.len()
        })
    }
}
