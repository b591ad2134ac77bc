//! A small disk of its own below a node's data directory, which can be filled to the last byte and emptied again.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The file that fills it.
const BALLAST: &str = "ballast";

/// A disk. It is gone when this is dropped, and what was on it.
#[derive(Debug)]
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Puts a disk of so many mebibytes below a stopped node's data directory, with all that is there.
    ///
    /// # Errors
    /// Why this machine takes none: it needs the right to mount.
    ///
    /// # Panics
    /// If what is there cannot be carried over.
    pub fn below(data: &Path, mebibytes: u32) -> Result<Self, String> {
        let away = data.with_extension("away");
        let options = format!("size={mebibytes}m,mode=0700");
        fs::rename(data, &away).expect("the data directory is moved");
        fs::create_dir(data).expect("a folder");
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(data).output();
        let refused = match done {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(refused) = refused {
            fs::remove_dir(data).expect("a folder");
            fs::rename(&away, data).expect("the data directory is moved back");
            return Err(refused);
        }
        let disk = Self { at: data.to_owned() };
        let copied = Command::new("cp").arg("-a").arg(away.join(".")).arg(data).status();
        assert!(copied.expect("cp runs").success(), "everything is carried over");
        Ok(disk)
    }

    /// Fills it to the last byte.
    ///
    /// # Panics
    /// If it is not full before it took a gibibyte.
    pub fn is_filled(&self) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.at.join(BALLAST))
            .expect("a file");
        for size in [65_536, 4096, 1] {
            let full = (0..16_384).any(|_| file.write_all(&vec![0; size]).is_err());
            assert!(full, "a small disk is full");
        }
    }

    /// Takes what filled it away.
    ///
    /// # Panics
    /// If it is not filled.
    pub fn is_emptied(&self) {
        fs::remove_file(self.at.join(BALLAST)).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
