//! The identity of this node: its keys, whom it follows, and what its replica is made from.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use protocol::{
    Hash, KeyLog, ReplicaSettings, SigningKey,
    blob_store::{BlobStore, MemoryBlobStore},
    log::Quota,
};

use super::{DurableHeads, WriteError};
use crate::blob_file::ScratchFile;
use platform::keys;

/// The node's identity: what its replica is made from, again after each failure.
#[derive(Clone, Debug)]
pub struct NodeIdentity {
    /// The key logs to follow, this agency's own included.
    pub pinned: BTreeSet<Hash>,
    /// The hash of this agency's first key-log entry.
    pub home: Hash,
    /// True if other stores of the agency are peers of this one.
    pub has_own_peers: bool,
    /// The folder with this node's writer keys.
    pub keys: PathBuf,
    /// The folder where a scratch file may lie.
    pub scratch: PathBuf,
    /// Seconds between two heartbeats.
    pub heartbeat_every: i64,
    /// Seconds for which a heartbeat holds.
    pub heartbeat_term: i64,
    /// Seconds between two exchanges with a peer.
    pub exchange_every: i64,
    /// The number of envelopes between two checkpoints.
    pub checkpoint_every: u32,
    /// The most of one agency that is taken in.
    pub quota: Quota,
    /// True while the store is rebuilt from others' files: then the root's entries are taken before the own log is known, and
    /// nothing else is.
    pub is_rebuilding: bool,
    /// The heads that are known to be on disk, whoever wrote them there.
    pub durable: DurableHeads,
}

impl NodeIdentity {
    /// Returns what a replica with this key is told at its start.
    pub(super) fn settings(&self, key: SigningKey, former_keys: Vec<SigningKey>) -> ReplicaSettings {
        ReplicaSettings {
            pinned: self.pinned.clone(),
            home: self.home,
            key,
            former_keys,
            has_own_peers: self.has_own_peers,
            heartbeat_every: self.heartbeat_every,
            heartbeat_term: self.heartbeat_term,
            exchange_every: self.exchange_every,
            checkpoint_every: self.checkpoint_every,
            blobs: self.blobs(),
            quota: self.quota,
        }
    }

    /// Makes the place where envelopes' bytes lie: in a scratch file, or in memory, if the folder takes none.
    fn blobs(&self) -> Arc<dyn BlobStore> {
        match ScratchFile::new(&self.scratch) {
            Ok(file) => Arc::new(file),
            Err(error) => {
                tracing::warn!(%error, "no scratch file can be made: all envelopes stay in memory");
                Arc::new(MemoryBlobStore::default())
            }
        }
    }

    /// The key to write with, of those that are here: the one that the key log added last and that has not ended.
    /// And the others.
    pub(super) fn writer_keys(&self, key_log: &KeyLog) -> Result<(SigningKey, Vec<SigningKey>), WriteError> {
        let mut keys = keys::writers(&self.keys).map_err(|error| WriteError::Keys(format!("{error:#}")))?;
        let live = key_log.writers();
        let rank = |key: &SigningKey| {
            let added = key_log.added(&key.public());
            (live.contains(&key.public()), added)
        };
        keys.sort_by_key(rank);
        let newest = keys
            .pop()
            .ok_or_else(|| WriteError::Keys("no writer key is here: put `keys/writer.key` back from a backup (ops/RUNBOOK.md, *A key's file is gone*)".into()))?;
        Ok((newest, keys))
    }
}
