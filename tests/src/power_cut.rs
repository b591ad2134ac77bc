//! Power cuts, in which what was written and not synced is lost.
//!
//! A real node runs on `tests/power-cut/disk.c`, a layer between it and the system's calls that keeps apart what a
//! power cut would leave. The program is killed, and its data directory is made what is left: what was synced, and,
//! of what was not, some sectors and some names by chance, as real disks write in any order.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rand::{RngExt as _, rngs::StdRng};
use tempfile::TempDir;

/// The unit that a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
const UNLISTED: &str = ".unlisted";

/// A disk that loses what was not synced when its power is cut.
#[derive(Debug)]
pub struct PowerCutDisk {
    folder: TempDir,
    data: PathBuf,
    lies: bool,
}

/// The losses from a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerCutLoss {
    /// Sectors that were written and not synced.
    pub unsynced: usize,
    /// Those of them that are gone.
    pub lost: usize,
}

impl PowerCutDisk {
    /// Such a disk below a stopped node's data directory.
    ///
    /// # Panics
    /// If there is no C compiler, or the folder cannot be read.
    pub fn below(data: &Path) -> Self {
        Self::new(data, false)
    }

    /// One whose syncs do nothing and say that they are done: the control.
    ///
    /// # Panics
    /// If there is no C compiler, or the folder cannot be read.
    pub fn that_lies_below(data: &Path) -> Self {
        Self::new(data, true)
    }

    fn new(data: &Path, lies: bool) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("comity-disk-")
            .tempdir()
            .expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("power-cut/disk.c");
        let compiled = Command::new("cc")
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("disk.so"))
            .arg(&source)
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(
            compiled.expect("a C compiler").success(),
            "`{}` is compiled",
            source.display()
        );
        let disk = Self {
            folder,
            data: data.canonicalize().expect("a data directory"),
            lies,
        };
        disk.all_is_synced();
        disk
    }

    fn platter(&self) -> PathBuf {
        self.folder.path().join("platter")
    }

    /// Returns the variables that a program needs in its environment to run on this disk.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment = vec![
            ("LD_PRELOAD", self.folder.path().join("disk.so").into()),
            ("COMITY_DISK", self.data.clone().into()),
            ("COMITY_PLATTER", self.platter().into()),
        ];
        if self.lies {
            environment.push(("COMITY_DISK_LIES", "yes".into()));
        }
        environment
    }

    /// The platter holds what the folder holds: what somebody else did there, who does not run on this disk, is synced.
    ///
    /// # Panics
    /// If a file cannot be read or written.
    pub fn all_is_synced(&self) {
        let platter = self.platter();
        if platter.exists() {
            fs::remove_dir_all(&platter).expect("the platter is emptied");
        }
        fs::create_dir(&platter).expect("a folder");
        for name in files(&self.data) {
            fs::copy(self.data.join(&name), platter.join(&name)).expect("a file is copied");
        }
    }

    /// Cuts the power of a program that was killed already: leaves what was synced, and each sector and each name that
    /// was not with a probability of `survival`.
    ///
    /// # Panics
    /// If a file cannot be read or written.
    pub fn power_is_cut(&self, survival: f64, rng: &mut StdRng) -> PowerCutLoss {
        let platter = self.platter();
        let mut took = PowerCutLoss::default();
        let listed: BTreeSet<String> = files(&platter)
            .into_iter()
            .filter(|name| !name.ends_with(UNLISTED))
            .collect();
        let names: BTreeSet<String> = files(&self.data).union(&listed).cloned().collect();
        for name in names {
            let [written, kept] = [self.data.join(&name), platter.join(&name)];
            // What maps memory of all connections is made anew, and never was on a disk.
            let is_memory = name.ends_with("-shm");
            let survives = if written.exists() == kept.exists() {
                kept.exists()
            } else {
                rng.random_bool(survival) == written.exists()
            };
            if is_memory || !survives {
                let gone = fs::read(&written).unwrap_or_default();
                if !is_memory {
                    took.unsynced += gone.chunks(SECTOR).count();
                    took.lost += gone.chunks(SECTOR).count();
                }
                let _ = fs::remove_file(&written);
                continue;
            }
            let synced = [kept, platter.join(format!("{name}{UNLISTED}"))]
                .into_iter()
                .find_map(|path| fs::read(path).ok());
            let synced = synced.unwrap_or_default();
            // A file that was removed, whose removal was not synced, is there as it was synced last.
            let new = fs::read(&written).unwrap_or_else(|_| synced.clone());
            let (left, lost) = survivors(&synced, &new, survival, rng);
            took.unsynced += lost.unsynced;
            took.lost += lost.lost;
            fs::write(&written, left).expect("a file is written");
        }
        self.all_is_synced();
        took
    }
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let files = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_file());
    files
        .map(|entry| entry.file_name().into_string().expect("a name in Unicode"))
        .collect()
}

/// Returns what is left of a file: `synced`, with some sectors of `written`.
fn survivors(synced: &[u8], written: &[u8], survival: f64, rng: &mut StdRng) -> (Vec<u8>, PowerCutLoss) {
    let mut left = synced.to_vec();
    let mut took = PowerCutLoss::default();
    for (number, sector) in written.chunks(SECTOR).enumerate() {
        let at = number * SECTOR;
        let end = at + sector.len();
        if synced.get(at..end) == Some(sector) {
            continue;
        }
        took.unsynced += 1;
        if !rng.random_bool(survival) {
            took.lost += 1;
            continue;
        }
        left.resize(left.len().max(end), 0);
        left[at..end].copy_from_slice(sector);
    }
    if written.len() < synced.len() && rng.random_bool(survival) {
        left.truncate(written.len());
    }
    (left, took)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;
    use crate::chance;

    /// Runs `sh` on the disk; `sync` is coreutils', which syncs the file or folder that it is given.
    fn on(disk: &PowerCutDisk, script: &str) {
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .current_dir(&disk.data)
            .envs(disk.environment());
        assert!(command.status().unwrap().success(), "{script}");
    }

    fn content(disk: &PowerCutDisk, name: &str) -> Option<String> {
        fs::read_to_string(disk.data.join(name)).ok()
    }

    #[test]
    fn what_was_not_synced_is_gone_and_what_was_is_there() {
        let mut rng = chance::seeded("what_was_not_synced_is_gone");
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("old"), "old").unwrap();
        fs::write(data.path().join("removed"), "removed").unwrap();
        let disk = PowerCutDisk::below(data.path());
        on(
            &disk,
            "printf new > old; printf 1 > a; printf 2 > b; printf 3 > c; rm removed; sync a; sync .; sync b; printf 4 >> a",
        );
        assert_eq!(
            content(&disk, "a").as_deref(),
            Some("14"),
            "the program sees what it wrote"
        );
        let lost = disk.power_is_cut(0.0, &mut rng);
        assert_eq!(content(&disk, "old").as_deref(), Some("old"), "not synced");
        assert_eq!(content(&disk, "a").as_deref(), Some("1"), "synced, and then written");
        assert_eq!(content(&disk, "b"), None, "its name was not synced");
        assert_eq!(content(&disk, "c"), None, "nothing of it was");
        assert_eq!(content(&disk, "removed"), None, "its end was synced with the folder");
        assert!(lost.lost >= 2 && lost.lost == lost.unsynced, "{lost:?}");
    }

    #[test]
    fn a_disk_that_lies_keeps_nothing() {
        let mut rng = chance::seeded("a_disk_that_lies");
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("old"), "old").unwrap();
        let disk = PowerCutDisk::that_lies_below(data.path());
        on(&disk, "printf new > old; sync old; sync .");
        assert_eq!(content(&disk, "old").as_deref(), Some("new"));
        disk.power_is_cut(0.0, &mut rng);
        assert_eq!(content(&disk, "old").as_deref(), Some("old"));
    }

    #[test]
    fn sectors_survive_one_by_one() {
        let mut rng = chance::seeded("sectors_survive");
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("file"), vec![b'o'; 64 * SECTOR]).unwrap();
        let disk = PowerCutDisk::below(data.path());
        let file = fs::File::options().write(true).open(data.path().join("file")).unwrap();
        file.write_all_at(&vec![b'n'; 64 * SECTOR], 0).unwrap();
        let lost = disk.power_is_cut(0.5, &mut rng);
        let left = fs::read(data.path().join("file")).unwrap();
        let new = left
            .chunks(SECTOR)
            .filter(|sector| sector.iter().all(|byte| *byte == b'n'))
            .count();
        let old = left
            .chunks(SECTOR)
            .filter(|sector| sector.iter().all(|byte| *byte == b'o'))
            .count();
        assert_eq!((new + old, old, lost.unsynced), (64, lost.lost, 64));
        assert!(new > 0 && old > 0);
    }
}
