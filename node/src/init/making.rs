//! A data directory in the making: whole or not at all, so that what failed can be done again.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use platform::private;

const PREFIX: &str = ".comity-making-";

/// A folder that becomes the data directory when all is in it, and goes when something fails.
#[derive(Debug)]
pub(crate) struct DataDirBuilder {
    folder: PathBuf,
    target: PathBuf,
    /// The files that are made elsewhere, and go with it.
    elsewhere: Vec<PathBuf>,
    is_finished: bool,
}

impl DataDirBuilder {
    /// Begins; refuses a directory that holds something.
    pub(crate) fn begin(target: &Path) -> anyhow::Result<Self> {
        is_new(target)?;
        let name = format!("{PREFIX}{}-{:08x}", std::process::id(), rand::random::<u32>());
        // One that is there may be a place of its own, in whose parent nothing can be made.
        let folder = match target.exists() {
            true => {
                private::folder(target)?;
                target.join(name)
            }
            false => {
                let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent.unwrap_or_else(|| Path::new("."));
                if !parent.exists() {
                    private::folder(parent)?;
                }
                parent.join(name)
            }
        };
        private::folder(&folder)?;
        Ok(Self {
            folder,
            target: target.to_owned(),
            elsewhere: vec![],
            is_finished: false,
        })
    }

    /// Returns the folder that everything is to be put into.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes these files as well, should it fail.
    pub(crate) fn goes_with(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.elsewhere.extend(files);
    }

    /// Makes it the data directory.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let not_put = || format!("`{}` cannot be made", self.target.display());
        if self.folder.starts_with(&self.target) {
            let mut entries: Vec<PathBuf> = Vec::new();
            for entry in fs::read_dir(&self.folder).with_context(not_put)? {
                entries.push(entry.with_context(not_put)?.path());
            }
            // The configuration last: a directory without it is none.
            entries.sort_by_key(|entry| entry.extension() == Some(OsStr::new("toml")));
            for entry in &entries {
                let name = entry.file_name().unwrap_or_default();
                fs::rename(entry, self.target.join(name)).with_context(not_put)?;
            }
            fs::remove_dir(&self.folder).with_context(not_put)?;
        } else {
            fs::rename(&self.folder, &self.target).with_context(not_put)?;
        }
        self.is_finished = true;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let synced = parent.unwrap_or_else(|| Path::new("."));
        fs::File::open(synced)
            .and_then(|folder| folder.sync_all())
            .with_context(not_put)
    }
}

impl Drop for DataDirBuilder {
    fn drop(&mut self) {
        if !self.is_finished {
            for file in &self.elsewhere {
                // Not all of them were made.
                let _ = fs::remove_file(file);
            }
        }
        if !self.is_finished
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(%error, folder = %self.folder.display(), "what was half made could not be removed");
        }
    }
}

/// Checks that a data directory can be made here: what an attempt left that was killed does not count.
fn is_new(data: &Path) -> anyhow::Result<()> {
    if data.exists() {
        for entry in fs::read_dir(data).with_context(|| format!("`{}` cannot be read", data.display()))? {
            let name = entry?.file_name();
            anyhow::ensure!(
                name.to_string_lossy().starts_with(PREFIX),
                "`{}` is not empty: a node is made in a new directory; if its database is lost, get it back from its peers \
                 with `comityd rebuild`",
                data.display()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_leaves_nothing_and_what_is_finished_is_there() {
        let place = tempfile::tempdir().unwrap();
        let there = place.path().join("there");
        fs::create_dir(&there).unwrap();
        for target in [there, place.path().join("deeper/not-there")] {
            let making = DataDirBuilder::begin(&target).unwrap();
            fs::write(making.folder().join("comity.toml"), "x").unwrap();
            drop(making);
            assert!(!target.exists() || fs::read_dir(&target).unwrap().next().is_none());

            // One that was killed leaves its folder; the next attempt does not mind.
            std::mem::forget(DataDirBuilder::begin(&target).unwrap());
            let making = DataDirBuilder::begin(&target).unwrap();
            fs::create_dir(making.folder().join("keys")).unwrap();
            fs::write(making.folder().join("comity.toml"), "x").unwrap();
            making.finish().unwrap();
            assert!(target.join("comity.toml").exists() && target.join("keys").is_dir());
            let refused = DataDirBuilder::begin(&target).unwrap_err().to_string();
            assert!(
                refused.contains("is not empty") && refused.contains("comityd rebuild"),
                "{refused}"
            );
        }
    }
}
