//! Where the bytes of kept envelopes lie: a file without a name in the data directory, which is gone with this process. All of
//! it is in the store too; it is here so that the replica finds it without asking a database in the midst of a step.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use protocol::{
    Hash,
    attic::{Attic, Lost, Memory, Spot},
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
    /// What the disk would not take: a full disk takes no answers away.
    memory: Memory,
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
            memory: Memory::default(),
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

fn lost(error: &io::Error) -> Lost {
    Lost(error.to_string())
}

impl Attic for ScratchFile {
    fn put(&self, bytes: &[u8]) -> Result<Spot, Lost> {
        let length = u32::try_from(bytes.len()).map_err(|_| Lost("too many bytes".into()))?;
        match self.append(bytes) {
            Ok(at) => Ok(Spot { at, length }),
            Err(error) => {
                tracing::warn!(%error, "the scratch file takes no more: envelopes stay in memory");
                let spot = self.memory.put(bytes)?;
                Ok(Spot {
                    at: spot.at | IN_MEMORY,
                    length,
                })
            }
        }
    }

    fn read(&self, spot: Spot) -> Result<Vec<u8>, Lost> {
        if spot.at & IN_MEMORY != 0 {
            return self.memory.read(remembered(spot));
        }
        let mut bytes = vec![0; spot.length as usize];
        self.file
            .read_exact_at(&mut bytes, spot.at)
            .map_err(|error| lost(&error))?;
        Ok(bytes)
    }

    fn erase(&self, spot: Spot) -> Result<(), Lost> {
        if spot.at & IN_MEMORY != 0 {
            return self.memory.erase(remembered(spot));
        }
        let zeros = vec![0; spot.length as usize];
        self.file.write_all_at(&zeros, spot.at).map_err(|error| lost(&error))
    }
}

const fn remembered(spot: Spot) -> Spot {
    Spot {
        at: spot.at & !IN_MEMORY,
        length: spot.length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_what_was_erased_is_gone_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let attic = ScratchFile::new(folder.path()).unwrap();
        let (one, other) = (attic.put(b"one").unwrap(), attic.put(b"other").unwrap());
        assert_eq!(attic.read(one).unwrap(), b"one");
        attic.erase(one).unwrap();
        assert_eq!(attic.read(one).unwrap(), [0; 3]);
        assert_eq!(attic.read(other).unwrap(), b"other");
        assert!(attic.read(Spot { at: 7, length: 9 }).is_err(), "beyond its end");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_full_disk_does_not_take_stays_in_memory() {
        // A file that every write fails on, as on a full disk.
        let attic = ScratchFile {
            file: fs::OpenOptions::new().read(true).write(true).open("/dev/full").unwrap(),
            end: Lock::default(),
            memory: Memory::default(),
        };
        let spot = attic.put(b"one").unwrap();
        assert_eq!(attic.read(spot).unwrap(), b"one");
        attic.erase(spot).unwrap();
        assert_eq!(attic.read(spot).unwrap(), [0; 3]);
    }
}
