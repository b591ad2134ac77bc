//! Envelopes that were kept here once, and whose ancestors are not here any more: a disk lost them. They are sound, and come
//! back into the log by themselves as soon as their parents are here; until then what they revoke or suspend counts.

use std::collections::{BTreeMap, HashMap};

use super::{AgencyLog, DocumentRow, Envelope, Hash, LogError, sum};
use crate::blob_store::{BlobRef, BlobStoreError};

/// The envelopes that wait for their parents.
#[derive(Debug, Default)]
pub(super) struct OrphanPool {
    by_name: BTreeMap<Hash, OrphanEnvelope>,
    /// The names of those that wait for a parent.
    by_parent: HashMap<Hash, Vec<Hash>>,
    /// Those of which a parent came, or that never missed one.
    ready: Vec<Hash>,
}

#[derive(Debug)]
struct OrphanEnvelope {
    blob: BlobRef,
    sum: [u8; 8],
    /// The rows that it takes away.
    rows: Vec<DocumentRow>,
}

impl OrphanPool {
    pub(super) fn holds(&self, name: &Hash) -> bool {
        self.by_name.contains_key(name)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &DocumentRow> {
        self.by_name.values().flat_map(|orphan| &orphan.rows)
    }

    /// Notes that a parent is here.
    pub(super) fn has_come(&mut self, parent: &Hash) {
        self.ready.extend(self.by_parent.remove(parent).unwrap_or_default());
    }
}

impl AgencyLog {
    /// Sets an envelope aside that was kept once, until its parents are here; gives what of it counts meanwhile. No limit
    /// holds for these: all of them were taken in before.
    ///
    /// # Errors
    /// [`LogError::Scratch`], as for [`AgencyLog::append`].
    pub(crate) fn hold_for_parents(&mut self, envelope: &Envelope) -> Result<Vec<DocumentRow>, LogError> {
        let name = envelope.hash();
        if self.holds(&name) {
            return Ok(vec![]);
        }
        if let Some(known) = self.orphans.by_name.get(&name) {
            return Ok(known.rows.clone());
        }
        let rows = self.restrictions_ever(envelope);
        let bytes = envelope.packed();
        let orphan = OrphanEnvelope {
            blob: self.blobs.put(&bytes)?,
            sum: sum(&bytes),
            rows: rows.clone(),
        };
        let parents = &envelope.header().parents;
        let missing: Vec<Hash> = parents.iter().filter(|parent| !self.holds(parent)).copied().collect();
        if missing.is_empty() {
            self.orphans.ready.push(name);
        }
        for parent in missing {
            self.orphans.by_parent.entry(parent).or_default().push(name);
        }
        self.orphans.by_name.insert(name, orphan);
        Ok(rows)
    }

    /// The number of sound envelopes that wait for parents that this node lost.
    #[must_use]
    pub fn count_orphans(&self) -> usize {
        self.orphans.by_name.len()
    }

    /// Returns true if there may be one whose parents are here.
    pub(crate) const fn may_have_ready_orphans(&self) -> bool {
        !self.orphans.ready.is_empty()
    }

    /// The next of them whose parents are here.
    ///
    /// # Errors
    /// [`LogError::Scratch`], if it is not where it was put.
    pub(crate) fn next_orphan(&mut self) -> Result<Option<Envelope>, LogError> {
        while let Some(name) = self.orphans.ready.pop() {
            let Some(orphan) = self.orphans.by_name.get(&name) else {
                continue;
            };
            let bytes = self.blobs.read(orphan.blob)?;
            let is_same = sum(&bytes) == orphan.sum;
            let envelope = Envelope::unpacked(&bytes).filter(|_| is_same);
            let envelope = envelope.ok_or_else(|| BlobStoreError("an envelope is not what was put there".into()))?;
            if envelope.header().parents.iter().all(|parent| self.holds(parent)) {
                return Ok(Some(envelope));
            }
        }
        Ok(None)
    }

    /// Sets an envelope no longer aside, which is kept now. Says whether it did.
    pub(super) fn is_orphan_no_more(&mut self, name: &Hash) -> Result<bool, LogError> {
        let Some(orphan) = self.orphans.by_name.remove(name) else {
            return Ok(false);
        };
        self.blobs.erase(orphan.blob)?;
        Ok(true)
    }
}
