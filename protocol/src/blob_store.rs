//! The place of the bytes of kept envelopes. They are seldom looked at: when a peer asks for them, or documents are built again.
//!
//! A scratch place of this process. All that is in it is in the store too, and is put there anew at each start; if something in
//! it is lost or changed, the replica fails, and is made again from the store. This crate has no disk, so the driver brings
//! one; [`MemoryBlobStore`] is for tests and for logs that do not live long.

use std::{
    fmt,
    sync::{PoisonError, RwLock},
};

/// The place where bytes were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// From where on, in bytes.
    pub at: u64,
    /// The number of bytes.
    pub length: u32,
}

/// The failure of a store: something that was put there is not there, or nothing can be put there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scratch place for envelopes cannot be used: {0}")]
pub struct BlobStoreError(pub String);

/// A scratch place for bytes.
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// Puts bytes there.
    ///
    /// # Errors
    /// [`BlobStoreError`], if it cannot.
    fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobStoreError>;

    /// Reads what was put there. Whoever reads checks that it is the same.
    ///
    /// # Errors
    /// [`BlobStoreError`], if it is not there.
    fn read(&self, blob: BlobRef) -> Result<Vec<u8>, BlobStoreError>;

    /// Overwrites what was put there, so that it is gone.
    ///
    /// # Errors
    /// [`BlobStoreError`], if it cannot.
    fn erase(&self, blob: BlobRef) -> Result<(), BlobStoreError>;
}

/// A scratch place in memory.
#[derive(Default)]
pub struct MemoryBlobStore(RwLock<Vec<u8>>);

impl fmt::Debug for MemoryBlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Memory({bytes} bytes)")
    }
}

fn range(blob: BlobRef) -> Option<std::ops::Range<usize>> {
    let from = usize::try_from(blob.at).ok()?;
    Some(from..from.checked_add(blob.length as usize)?)
}

impl BlobStore for MemoryBlobStore {
    fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobStoreError> {
        let length = u32::try_from(bytes.len()).map_err(|_| BlobStoreError("too many bytes".into()))?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let at = all.len() as u64;
        all.extend_from_slice(bytes);
        Ok(BlobRef { at, length })
    }

    fn read(&self, blob: BlobRef) -> Result<Vec<u8>, BlobStoreError> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = range(blob).and_then(|range| all.get(range));
        found
            .map(<[u8]>::to_vec)
            .ok_or_else(|| BlobStoreError("nothing is there".into()))
    }

    fn erase(&self, blob: BlobRef) -> Result<(), BlobStoreError> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = range(blob).and_then(|range| all.get_mut(range));
        found
            .map(|bytes| bytes.fill(0))
            .ok_or_else(|| BlobStoreError("nothing is there".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_and_what_was_erased_is_gone() {
        let blobs = MemoryBlobStore::default();
        let (one, other) = (blobs.put(b"one").unwrap(), blobs.put(b"other").unwrap());
        assert_eq!(blobs.read(one).unwrap(), b"one");
        blobs.erase(one).unwrap();
        assert_eq!(blobs.read(one).unwrap(), [0; 3]);
        assert_eq!(blobs.read(other).unwrap(), b"other");
        assert!(
            blobs.read(BlobRef { at: 7, length: 9 }).is_err()
                && blobs
                    .erase(BlobRef {
                        at: u64::MAX,
                        length: 9
                    })
                    .is_err()
        );
    }
}
