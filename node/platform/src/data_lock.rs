//! The lock on a node's data directory.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::Context as _;

use crate::private;

/// The data directory, taken until this is dropped.
#[derive(Debug)]
pub struct DataLock(Vec<File>);

impl DataLock {
    /// Takes the data directory: two programs on one would be two writers with one key.
    ///
    /// # Errors
    /// If another process has taken it, or the disk refuses.
    pub fn take(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("lock");
        let file = private::open(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
        let taken = || format!("`{}` is in use: another node runs on it", data.display());
        file.try_lock().with_context(taken)?;
        // The file can be removed under a running node, by a job that cleans up; the folder itself cannot without the store.
        let folder = File::open(data).with_context(|| format!("`{}` cannot be opened", data.display()))?;
        match folder.try_lock() {
            Ok(()) => Ok(Self(vec![file, folder])),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock).with_context(taken),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "this file system locks no folders");
                Ok(Self(vec![file]))
            }
        }
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        // To close the file would not do: a child process that is just being started holds a copy of it for a moment.
        for lock in &self.0 {
            if let Err(error) = lock.unlock() {
                tracing::warn!(%error, "the data directory's lock is given back when this process ends");
            }
        }
    }
}
