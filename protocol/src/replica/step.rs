//! What one event leads to.

use std::collections::BTreeMap;

use super::{Batch, Effect};
use crate::{
    document::Broken,
    envelope::Envelope,
    log::{AgencyLog, Keeping},
    misbehaviour::Misbehaviour,
    signed::Hash,
};

/// What one event leads to, sorted into the order that the invariant demands.
#[derive(Default)]
pub(super) struct Step {
    pub(super) batch: Batch,
    forks: Vec<Effect>,
    pub(super) after: Vec<Effect>,
    pub(super) expelled: Vec<(Hash, Misbehaviour)>,
}

impl Step {
    /// Keeps an envelope, and notes what is to be written; gives the parents that are missing.
    pub(super) fn keep(&mut self, log: &mut AgencyLog, envelope: Envelope) -> Result<Vec<Hash>, Broken> {
        let agency = envelope.header().agency;
        match log.keep(envelope.clone())? {
            Keeping::Known => Ok(vec![]),
            Keeping::Missing(parents) => Ok(parents),
            Keeping::Kept { rows, fork } => {
                self.batch.envelopes.push(envelope);
                self.batch.rows.extend(rows);
                // A heartbeat that waited for this envelope counts now.
                self.batch.heartbeats.extend(log.counted().cloned());
                self.forks.extend(fork.map(|pair| Effect::Forked { agency, pair }));
                Ok(vec![])
            }
        }
    }

    pub(super) fn expel(&mut self, peer: Hash, why: Misbehaviour) {
        self.expelled.push((peer, why));
    }

    pub(super) fn into_effects(mut self) -> Vec<Effect> {
        // Of each writer the newest heartbeat that counts is enough.
        let heartbeats = std::mem::take(&mut self.batch.heartbeats).into_iter();
        let newest: BTreeMap<_, _> = heartbeats.map(|h| ((h.get().agency, h.get().writer), h)).collect();
        self.batch.heartbeats = newest.into_values().collect();
        let persist = (!self.batch.is_empty()).then_some(Effect::Persist(self.batch));
        let expel = self.expelled.into_iter().map(|(peer, why)| Effect::Expel { peer, why });
        persist
            .into_iter()
            .chain(self.forks)
            .chain(self.after)
            .chain(expel)
            .collect()
    }
}
