//! What survives a crash.

use std::collections::BTreeMap;

use protocol::{Batch, Checkpoint, Hash, Heartbeat, Held, KeyLog, Signed, SignedEnvelope, Verified, replica::Stored};

/// A row's place: agency, document, key.
pub(crate) type RowPlace = (Hash, String, String);

#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) key_logs: BTreeMap<Hash, KeyLog>,
    pub(super) checkpoints: BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)>,
    pub(super) held: BTreeMap<Hash, Signed<Held>>,
    /// In the order in which they were kept, with their names.
    pub(crate) envelopes: Vec<(Hash, Hash, SignedEnvelope)>,
    pub(super) heartbeats: BTreeMap<(Hash, [u8; 32]), Signed<Heartbeat>>,
    pub(crate) rows: BTreeMap<RowPlace, Vec<Vec<u8>>>,
}

impl Disk {
    pub(crate) fn write(&mut self, batch: &Batch) {
        for log in &batch.key_logs {
            self.key_logs.insert(log.genesis(), log.clone());
        }
        for (checkpoint, pages) in &batch.checkpoints {
            let agency = checkpoint.get().agency;
            self.checkpoints.insert(agency, (checkpoint.clone(), pages.clone()));
        }
        for held in &batch.held {
            self.held.insert(held.get().agency, held.signed().clone());
        }
        for envelope in &batch.envelopes {
            let agency = envelope.header().agency;
            self.envelopes.push((agency, envelope.hash(), envelope.signed()));
        }
        for envelope in &batch.rewritten {
            let name = envelope.hash();
            if let Some(known) = self.envelopes.iter_mut().find(|(_, known, _)| *known == name) {
                known.2 = envelope.signed();
            }
        }
        // A log may leave its checkpoint in the middle of a batch: what its history said before comes first.
        for row in batch.history.iter().chain(&batch.rows) {
            let place = (row.agency, row.document.to_string(), row.key.clone());
            if row.values.is_empty() {
                self.rows.remove(&place);
            } else {
                self.rows.insert(place, row.values.clone());
            }
        }
        for heartbeat in &batch.heartbeats {
            let h = heartbeat.get();
            self.heartbeats
                .insert((h.agency, h.writer.0), heartbeat.signed().clone());
        }
    }

    pub(crate) fn stored(&self) -> Stored {
        let envelopes = self.envelopes.iter();
        let heartbeats = self.heartbeats.iter();
        let checkpoints = self.checkpoints.iter();
        Stored {
            key_logs: self.key_logs.values().cloned().collect(),
            envelopes: envelopes
                .map(|(agency, _, envelope)| (*agency, envelope.clone()))
                .collect(),
            heartbeats: heartbeats.map(|((agency, _), h)| (*agency, h.clone())).collect(),
            checkpoints: checkpoints
                .map(|(agency, (c, pages))| (*agency, c.signed().clone(), pages.clone()))
                .collect(),
            held: self.held.iter().map(|(holder, held)| (*holder, held.clone())).collect(),
        }
    }
}
