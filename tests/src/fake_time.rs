//! A wrong clock for a program: `libfaketime`, loaded into it, tells another time of day than the machine's, and jumps while
//! the program runs. What the machine counts (its monotonic clocks) goes on as it is, as when somebody sets a real clock.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// The time of day as one program sees it.
#[derive(Debug)]
pub struct FakeTime {
    library: PathBuf,
    folder: TempDir,
}

impl FakeTime {
    /// A clock that is right.
    ///
    /// # Errors
    /// If `libfaketime` is not installed.
    ///
    /// # Panics
    /// If no folder can be made.
    pub fn new() -> Result<Self, String> {
        let arch = std::env::consts::ARCH;
        let places = [
            format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketimeMT.so.1"),
            "/usr/lib/faketime/libfaketimeMT.so.1".to_owned(),
            "/usr/lib64/faketime/libfaketimeMT.so.1".to_owned(),
        ];
        let library = places.iter().map(PathBuf::from).find(|place| place.is_file());
        let library = library.ok_or("libfaketime is not installed (Debian: faketime)")?;
        let folder = tempfile::Builder::new()
            .prefix("comity-time-")
            .tempdir()
            .expect("a folder");
        let time = Self { library, folder };
        time.is_wrong_by(0);
        Ok(time)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// Sets it wrong by so many seconds; 0 sets it right.
    ///
    /// # Panics
    /// If that cannot be written.
    pub fn is_wrong_by(&self, seconds: i64) {
        // Whole at once: a program reads it whenever it looks at the time.
        let next = self.folder.path().join("next");
        fs::write(&next, format!("{seconds:+}\n")).expect("a file");
        fs::rename(next, self.file()).expect("a file");
    }

    /// Returns the variables that a program needs in its environment to read this clock.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let library: &Path = &self.library;
        vec![
            ("LD_PRELOAD", library.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_sees_the_time_that_it_is_told() {
        let time = match FakeTime::new() {
            Ok(time) => time,
            Err(why) => {
                println!("skipped: {why}");
                return;
            }
        };
        let seen = || -> i64 {
            let said = Command::new("date").arg("+%s").envs(time.environment()).output();
            let said = String::from_utf8(said.expect("date runs").stdout).expect("a number");
            let right = crate::deeds::now() / 1000;
            said.trim().parse::<i64>().expect("a number") - right
        };
        for seconds in [0, 172_800, -172_800, 0] {
            time.is_wrong_by(seconds);
            assert!((seconds - 60..=seconds + 60).contains(&seen()), "{seconds}");
        }
    }
}
