//! The place of the bytes of kept envelopes: a file without a name in the data directory, which is gone with this process.
//! All of it is in the store too; it is here so that the replica finds it without asking a database in the midst of a step.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use protocol::{
    Hash,
    blob_store::{BlobRef, BlobStore, BlobStoreError, MemoryBlobStore},
};

use platform::{keys, lock::Lock, private};

/// Set in the place of what is in memory, because the disk would not take it.
const IN_MEMORY: u64 = 1 << 63;

/// A scratch file.
#[derive(Debug)]
pub(crate) struct ScratchFile {
    file: File,
    /// Its length.
    end: Lock<u64>,
    /// The bytes that the disk would not take: a full disk takes no answers away.
    memory: MemoryBlobStore,
}

impl ScratchFile {
    /// An empty one in this folder.
    ///
    /// # Errors
    /// If the folder takes no file.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let name = Hash(keys::fresh_seed()).to_string();
        let path = folder.join(format!("scratch-{}", name.get(..16).unwrap_or(&name)));
        let file = private::new_file(&path)?;
        // Nobody else finds it, and no crash leaves it behind.
        fs::remove_file(&path)?;
        Ok(Self {
            file,
            end: Lock::default(),
            memory: MemoryBlobStore::default(),
        })
    }

    fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        self.end.with(|end| {
            let at = *end;
            self.file.write_all_at(bytes, at)?;
            *end += bytes.len() as u64;
            Ok(at)
        })
    }
}

fn lost(error: &io::Error) -> BlobStoreError {
    BlobStoreError(error.to_string())
}

impl BlobStore for ScratchFile {
    fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobStoreError> {
        let length = u32::try_from(bytes.len()).map_err(|_| BlobStoreError("too many bytes".into()))?;
        match self.append(bytes) {
            Ok(at) => Ok(BlobRef { at, length }),
            Err(error) => {
                tracing::warn!(%error, "the scratch file takes no more: envelopes stay in memory");
                let blob = self.memory.put(bytes)?;
                Ok(BlobRef {
                    at: blob.at | IN_MEMORY,
                    length,
                })
            }
        }
    }

    fn read(&self, blob: BlobRef) -> Result<Vec<u8>, BlobStoreError> {
        if blob.at & IN_MEMORY != 0 {
            return self.memory.read(remembered(blob));
        }
        let mut bytes = vec![0; blob.length as usize];
        self.file
            .read_exact_at(&mut bytes, blob.at)
            .map_err(|error| lost(&error))?;
        Ok(bytes)
    }

    fn erase(&self, blob: BlobRef) -> Result<(), BlobStoreError> {
        if blob.at & IN_MEMORY != 0 {
            return self.memory.erase(remembered(blob));
        }
        let zeros = vec![0; blob.length as usize];
        self.file.write_all_at(&zeros, blob.at).map_err(|error| lost(&error))
    }
}

const fn remembered(blob: BlobRef) -> BlobRef {
    BlobRef {
        at: blob.at & !IN_MEMORY,
        length: blob.length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_what_was_erased_is_gone_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = ScratchFile::new(folder.path()).unwrap();
        let (one, other) = (blobs.put(b"one").unwrap(), blobs.put(b"other").unwrap());
        assert_eq!(blobs.read(one).unwrap(), b"one");
        blobs.erase(one).unwrap();
        assert_eq!(blobs.read(one).unwrap(), [0; 3]);
        assert_eq!(blobs.read(other).unwrap(), b"other");
        assert!(blobs.read(BlobRef { at: 7, length: 9 }).is_err(), "beyond its end");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_full_disk_does_not_take_stays_in_memory() {
        // A file that every write fails on, as on a full disk.
        let blobs = ScratchFile {
            file: fs::OpenOptions::new().read(true).write(true).open("/dev/full").unwrap(),
            end: Lock::default(),
            memory: MemoryBlobStore::default(),
        };
        let blob = blobs.put(b"one").unwrap();
        assert_eq!(blobs.read(blob).unwrap(), b"one");
        blobs.erase(blob).unwrap();
        assert_eq!(blobs.read(blob).unwrap(), [0; 3]);
    }
}
