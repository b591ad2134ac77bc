//! Kept envelopes: what of them is at hand, and how the rest is fetched from where it was put.

use std::collections::BinaryHeap;

use registry_schema::Timestamp;

use super::{AgencyLog, Envelope, EnvelopePosition, Hash, LogError, PublicKey, SignedEnvelope, VectorClock, family};
use crate::{
    blob_store::{BlobRef, BlobStoreError},
    mutant::mutant,
};

/// The part of a kept envelope that is at hand; the rest is in the blob store.
pub(super) struct KeptEnvelope {
    pub(super) place: EnvelopePosition,
    /// Its index in `order`.
    pub(super) index: usize,
    pub(super) writer: PublicKey,
    pub(super) time: Timestamp,
    pub(super) blob: BlobRef,
    /// The beginning of the SHA-256 of the bytes at that place.
    pub(super) sum: [u8; 8],
    /// True if a value is missing.
    pub(super) has_gaps: bool,
    /// True if it grants something.
    pub(super) grants: bool,
}

pub(super) fn sum(bytes: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    for (to, from) in sum.iter_mut().zip(Hash::of(&[bytes]).0) {
        *to = from;
    }
    sum
}

impl AgencyLog {
    /// The envelope with this name, if it is kept.
    ///
    /// # Errors
    /// [`LogError`], if it is not where it was put.
    pub fn envelope(&self, hash: &Hash) -> Result<Option<Envelope>, LogError> {
        self.kept.get(hash).map(|kept| self.fetch(kept)).transpose()
    }

    /// All kept envelopes, each after its parents; or [`LogError`], where one is not where it was put.
    pub fn envelopes(&self) -> impl Iterator<Item = Result<Envelope, LogError>> {
        let kept = self.order.iter().filter_map(|hash| self.kept.get(hash));
        kept.map(|kept| self.fetch(kept))
    }

    pub(super) fn fetch(&self, kept: &KeptEnvelope) -> Result<Envelope, LogError> {
        let bytes = self.blobs.read(kept.blob)?;
        let is_same = sum(&bytes) == kept.sum || mutant!(AtticsAreBelieved);
        let envelope = Envelope::unpacked(&bytes).filter(|_| is_same);
        envelope.ok_or_else(|| BlobStoreError("an envelope is not what was put there".into()).into())
    }

    /// Puts a kept envelope away again that has other values now; what was there is gone.
    pub(super) fn replace(&mut self, envelope: &Envelope) -> Result<(), LogError> {
        let bytes = envelope.packed();
        let blob = self.blobs.put(&bytes)?;
        if let Some(kept) = self.kept.get_mut(&envelope.hash()) {
            let before = std::mem::replace(&mut kept.blob, blob);
            kept.sum = sum(&bytes);
            kept.has_gaps = envelope.gaps().next().is_some();
            self.blobs.erase(before)?;
        }
        Ok(())
    }

    /// The ancestors of `want` (and `want`) that are neither `have` nor their ancestors, each after its parents, up
    /// to a page; and whether there are more.
    ///
    /// # Errors
    /// [`LogError`], if an envelope is not where it was put.
    pub fn page(
        &self,
        want: &[Hash],
        have: &[Hash],
        max_bytes: usize,
    ) -> Result<(Vec<SignedEnvelope>, bool), LogError> {
        let reach = |hashes: &[Hash]| {
            let mut reach = VectorClock::new();
            for kept in hashes.iter().filter_map(|hash| self.kept.get(hash)) {
                family::extend(&mut reach, &kept.place);
            }
            reach
        };
        let (want, have) = (reach(want), reach(have));
        let next = |branch: u32, position: u32| {
            let upto = want.get(&branch).filter(|upto| position <= **upto);
            let hash = upto.and_then(|_| self.branch(branch)?.envelopes.get(position as usize));
            let index = hash.and_then(|hash| self.kept.get(hash)).map(|kept| kept.index);
            index.map(|index| std::cmp::Reverse((index, branch, position)))
        };
        // The next of each branch, the earliest kept first.
        let first = |branch: &u32| next(*branch, have.get(branch).map_or(0, |reach| reach + 1));
        let mut due: BinaryHeap<_> = want.keys().filter_map(first).collect();
        let (mut page, mut bytes) = (Vec::new(), 0);
        while let Some(std::cmp::Reverse((index, branch, position))) = due.pop() {
            due.extend(next(branch, position + 1));
            let Some(kept) = self.order.get(index).and_then(|hash| self.kept.get(hash)) else {
                continue;
            };
            bytes += kept.blob.length as usize;
            if bytes > max_bytes && !page.is_empty() {
                return Ok((page, true));
            }
            page.push(self.fetch(kept)?.signed());
        }
        Ok((page, false))
    }
}
