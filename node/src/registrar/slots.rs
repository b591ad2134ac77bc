//! Slots in status lists: which index a new credential gets.
//!
//! Invariant: no index is ever handed out twice, not even by a restored backup or a second writer. A block of 256
//! slots is reserved by a put in the list, on disk, before the first of its slots is used, and each start of a node and
//! each takeover of the lease reserves blocks of its own. Inside a block the order is random, so that an index tells nothing about when.

use std::collections::BTreeMap;

use protocol::status_list;
use rand::{RngExt as _, seq::SliceRandom as _};
use registry_schema::status::{BLOCK_SLOTS, LIST_SLOTS};

use super::{NotDone, Registrar};

/// The free slots of the blocks that this process reserved since it took the lease, by list.
#[derive(Debug, Default)]
pub(super) struct Slots {
    epoch: Option<i64>,
    free: BTreeMap<u32, Vec<u32>>,
}

impl Slots {
    /// A slot that nobody had before.
    pub(super) async fn take(&mut self, list: u32, registrar: &Registrar) -> Result<u32, NotDone> {
        let epoch = registrar.store.held();
        if self.epoch != epoch {
            *self = Self {
                epoch,
                free: BTreeMap::new(),
            };
        }
        if let Some(slot) = self.free.get_mut(&list).and_then(Vec::pop) {
            return Ok(slot);
        }
        let block = free_block(list, registrar)
            .ok_or_else(|| NotDone::Conflict("the status list of this issuer is full".into()))?;
        let put = status_list::reserve(list, block, registrar.clock.now());
        registrar.author.write(vec![put], vec![]).await?;
        let first = block * BLOCK_SLOTS;
        let mut slots: Vec<u32> = (first..first + BLOCK_SLOTS).collect();
        slots.shuffle(&mut rand::rng());
        let slot = slots
            .pop()
            .ok_or_else(|| NotDone::Conflict("a block without slots".into()))?;
        self.free.insert(list, slots);
        Ok(slot)
    }
}

/// A block that no start of any writer reserved.
fn free_block(list: u32, registrar: &Registrar) -> Option<u32> {
    let registry = registrar.registry.snapshot();
    let reserved = registry
        .home()?
        .list(list)
        .map(|list| list.reserved().clone())
        .unwrap_or_default();
    let free: Vec<u32> = (0..LIST_SLOTS / BLOCK_SLOTS)
        .filter(|block| !reserved.contains(block))
        .collect();
    let at = rand::rng().random_range(0..free.len().max(1));
    free.get(at).copied()
}
