//! Who this node is: its keys, whom it follows, and what its replica is made from.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use protocol::{
    Hash, KeyLog, Settings, SigningKey,
    attic::{Attic, Memory},
    log::Quota,
};

use super::{DurableHeads, NotWritten};
use crate::attic::ScratchFile;
use platform::keys;

/// What a replica is made from, again after each failure.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) pinned: BTreeSet<Hash>,
    pub(crate) home: Hash,
    /// Whether other stores of the agency are peers of this one.
    pub(crate) has_own_peers: bool,
    /// The folder with this node's writer keys.
    pub(crate) keys: PathBuf,
    /// Where a scratch file may lie.
    pub(crate) scratch: PathBuf,
    pub(crate) heartbeat_every: i64,
    pub(crate) heartbeat_term: i64,
    pub(crate) exchange_every: i64,
    pub(crate) checkpoint_every: u32,
    /// How much of one agency is taken in.
    pub(crate) quota: Quota,
    /// What is known to be on disk, whoever wrote it there.
    pub(crate) durable: DurableHeads,
}

impl Identity {
    /// What a replica with this key is told at its start.
    pub(super) fn settings(&self, key: SigningKey, former_keys: Vec<SigningKey>) -> Settings {
        Settings {
            pinned: self.pinned.clone(),
            home: self.home,
            key,
            former_keys,
            has_own_peers: self.has_own_peers,
            heartbeat_every: self.heartbeat_every,
            heartbeat_term: self.heartbeat_term,
            exchange_every: self.exchange_every,
            checkpoint_every: self.checkpoint_every,
            attic: self.attic(),
            quota: self.quota,
        }
    }

    /// Where envelopes' bytes lie: in a scratch file, or in memory, if the folder takes none.
    fn attic(&self) -> Arc<dyn Attic> {
        match ScratchFile::new(&self.scratch) {
            Ok(file) => Arc::new(file),
            Err(error) => {
                tracing::warn!(%error, "no scratch file can be made: all envelopes stay in memory");
                Arc::new(Memory::default())
            }
        }
    }

    /// The key to write with, of those that are here: the one that the key log added last and that has not ended.
    /// And the others.
    pub(super) fn writer_keys(&self, key_log: &KeyLog) -> Result<(SigningKey, Vec<SigningKey>), NotWritten> {
        let mut keys = keys::writers(&self.keys).map_err(|error| NotWritten::Keys(format!("{error:#}")))?;
        let live = key_log.writers();
        let rank = |key: &SigningKey| {
            let added = key_log.added(&key.public());
            (live.contains(&key.public()), added)
        };
        keys.sort_by_key(rank);
        let newest = keys
            .pop()
            .ok_or_else(|| NotWritten::Keys("no writer key is here: put `keys/writer.key` back from a backup (ops/RUNBOOK.md, *A key's file is gone*)".into()))?;
        Ok((newest, keys))
    }
}
