//! The things that survive a crash, and the scratch place that does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicI64, Ordering},
};

use protocol::{
    Checkpoint, Countersignature, Hash, Heartbeat, KeyLog, Signed, SignedEnvelope, Verified, WriteBatch,
    blob_store::{BlobRef, BlobStore, BlobStoreError, MemoryBlobStore},
    replica::{Deferral, Quarantine, StoreContents},
};

/// A row's place: agency, document, key.
pub(crate) type DiskRowKey = (Hash, String, String);

#[derive(Clone, Default)]
pub(crate) struct SimulatedDisk {
    pub(crate) key_logs: BTreeMap<Hash, KeyLog>,
    pub(super) checkpoints: BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)>,
    pub(super) held: BTreeMap<Hash, Signed<Countersignature>>,
    /// In the order in which they were kept, with their names.
    pub(crate) envelopes: Vec<(Hash, Hash, SignedEnvelope)>,
    /// Their names.
    pub(crate) names: BTreeSet<Hash>,
    pub(super) heartbeats: BTreeMap<(Hash, [u8; 32]), Signed<Heartbeat>>,
    pub(crate) rows: BTreeMap<DiskRowKey, Vec<Vec<u8>>>,
    pub(super) set_aside: BTreeMap<Hash, (Hash, SignedEnvelope)>,
    pub(super) quarantined: BTreeMap<Hash, Quarantine>,
    pub(super) deferred: BTreeMap<Hash, Deferral>,
    /// True if the store says that another process writes with its key.
    pub(super) written_elsewhere: bool,
    /// True if that is so, and what is stored shows it to who knew its own log.
    pub(super) is_beside_another: bool,
}

fn note<T: Clone>(known: &mut BTreeMap<Hash, T>, changes: &BTreeMap<Hash, Option<T>>) {
    for (agency, change) in changes {
        match change {
            Some(change) => drop(known.insert(*agency, change.clone())),
            None => drop(known.remove(agency)),
        }
    }
}

impl SimulatedDisk {
    pub(crate) fn write(&mut self, batch: &WriteBatch) {
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
            self.names.insert(envelope.hash());
        }
        for (envelope, _) in &batch.set_aside {
            let aside = (envelope.header().agency, envelope.signed());
            self.set_aside.insert(envelope.hash(), aside);
        }
        for name in &batch.taken_up {
            self.set_aside.remove(name);
        }
        self.written_elsewhere |= batch.written_elsewhere.is_some();
        note(&mut self.quarantined, &batch.quarantined);
        note(&mut self.deferred, &batch.deferred);
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
        for (agency, writer) in &batch.forgotten {
            self.heartbeats.remove(&(*agency, writer.0));
        }
        for heartbeat in &batch.heartbeats {
            let h = heartbeat.get();
            self.heartbeats
                .insert((h.agency, h.writer.0), heartbeat.signed().clone());
        }
    }

    /// The same, as it comes back from files.
    pub(crate) fn without_countersignatures(mut self) -> Self {
        self.held.clear();
        self
    }

    pub(crate) fn stored(&self) -> StoreContents {
        let envelopes = self.envelopes.iter();
        let heartbeats = self.heartbeats.iter();
        let checkpoints = self.checkpoints.iter();
        StoreContents {
            key_logs: self.key_logs.values().cloned().collect(),
            envelopes: envelopes
                .map(|(agency, _, envelope)| (*agency, envelope.clone()))
                .collect(),
            heartbeats: heartbeats.map(|((agency, _), h)| (*agency, h.clone())).collect(),
            checkpoints: checkpoints
                .map(|(agency, (c, pages))| (*agency, c.signed().clone(), pages.clone()))
                .collect(),
            held: self.held.iter().map(|(holder, held)| (*holder, held.clone())).collect(),
            set_aside: self.set_aside.values().cloned().collect(),
            orphans: vec![],
            quarantined: self.quarantined.clone(),
            deferred: self.deferred.clone(),
        }
    }
}

/// A scratch place for envelopes that fails when it is told to: it loses what is read, or gives it with a bit changed.
#[derive(Debug, Default)]
pub(crate) struct FlakyBlobStore {
    memory: MemoryBlobStore,
    /// After how many more readings it fails; never, while negative.
    pub(crate) fails_after: AtomicI64,
    pub(crate) failed: AtomicI64,
}

impl FlakyBlobStore {
    pub(crate) fn whole() -> Self {
        Self {
            fails_after: AtomicI64::new(-1),
            ..Self::default()
        }
    }
}

impl BlobStore for FlakyBlobStore {
    fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobStoreError> {
        self.memory.put(bytes)
    }

    fn read(&self, blob: BlobRef) -> Result<Vec<u8>, BlobStoreError> {
        let left = self.fails_after.fetch_sub(1, Ordering::Relaxed);
        let mut bytes = self.memory.read(blob)?;
        if left != 0 {
            return Ok(bytes);
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
        if blob.at.is_multiple_of(2) {
            return Err(BlobStoreError("a disk failed".into()));
        }
        // In a value, mostly.
        let at = bytes.len().saturating_sub(1 + blob.at as usize % 12);
        bytes[at] ^= 1;
        Ok(bytes)
    }

    fn erase(&self, blob: BlobRef) -> Result<(), BlobStoreError> {
        self.memory.erase(blob)
    }
}
