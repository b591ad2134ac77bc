//! The files of a SQLite store, and whether those at its path are still the ones that this process has open.
//!
//! A file that is removed or replaced stays open: SQLite writes on into it, and nobody finds that after a restart. So the files are
//! looked at before each call and after each commit. Where they differ, this process writes no more, and keeps a copy of what
//! it has: the last connection to a file without a name is the last way to it.

use std::{
    fmt, fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{Store, Unavailable};
use platform::{lock::Lock, private};

/// What SQLite appends to the database's name for each of its files.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// The copy of what a process had when its file was replaced. The next start waits until somebody decided about it.
pub(super) const RESCUED: &str = "rescued.sqlite";

/// A file's device and number; none, if there is no such file.
type FileNumber = Option<(u64, u64)>;

/// The files as they were opened. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct SqliteFile(Arc<OpenedFile>);

#[derive(Debug)]
struct OpenedFile {
    path: PathBuf,
    numbers: [FileNumber; SUFFIXES.len()],
    /// One connection that nobody uses: as long as it stands, SQLite itself removes none of the files, and what was in them can
    /// be copied.
    anchor: SqlitePool,
    /// Whether what was in them is copied: from then on this process writes no more, even if the files come back.
    is_rescued: Lock<bool>,
    /// Why the copy could not be made.
    hindrance: Lock<Option<String>>,
}

/// The database's file is another one than this process has open.
#[derive(Clone, Debug)]
pub struct FileReplaced {
    file: PathBuf,
    /// Whether it is the same file, and nothing is in it any more.
    is_emptied: bool,
    is_rescued: bool,
    hindrance: Option<String>,
}

impl fmt::Display for FileReplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        if self.is_emptied {
            return write!(
                f,
                "`{file}` was emptied under the running node, which writes nothing more: what was in it is lost. Stop the node, and \
                 put a backup in its place, or move it away and begin again from the peers with `comityd rebuild` (ops/RUNBOOK.md)"
            );
        }
        write!(
            f,
            "`{file}` was removed or replaced under the running node, which writes nothing more; "
        )?;
        match (self.is_rescued, &self.hindrance) {
            (true, _) => write!(
                f,
                "all that it had is kept in `{RESCUED}` beside it: stop the node, and decide which of the two holds"
            ),
            (false, None) => write!(
                f,
                "all that it had is being copied to `{RESCUED}` beside it: do not stop the node before that is done"
            ),
            (false, Some(why)) => write!(
                f,
                "all that it had is to be copied to `{RESCUED}` beside it, and cannot be yet ({why}): do not stop the node"
            ),
        }?;
        write!(f, " (ops/RUNBOOK.md, *The database's file was replaced*)")
    }
}

impl std::error::Error for FileReplaced {}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        let replaced = match &error {
            sqlx::Error::Configuration(why) => why.downcast_ref::<FileReplaced>().cloned(),
            _ => None,
        };
        replaced.map_or(Self::Database(error), Self::FileReplaced)
    }
}

impl Store {
    /// Keeps a copy of what this process has, where the database's file was removed or replaced.
    ///
    /// # Errors
    /// [`Unavailable::FileReplaced`], if it was.
    pub async fn rescue(&self) -> Result<(), Unavailable> {
        match self.db.file() {
            Some(file) => file.rescue().await.map_err(Unavailable::FileReplaced),
            None => Ok(()),
        }
    }
}

impl SqliteFile {
    /// Opens the files at this path, and holds them open.
    pub(super) async fn hold(path: &Path, options: SqliteConnectOptions) -> anyhow::Result<Self> {
        let before = number(path);
        let anchor = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        // Its log is opened when something is read for the first time.
        let (_,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM sqlite_schema")
            .fetch_one(&anchor)
            .await?;
        let numbers = SUFFIXES.map(|suffix| number(&with(path, suffix)));
        anyhow::ensure!(
            before == numbers.first().copied().flatten(),
            "`{}` was replaced while it was opened",
            path.display()
        );
        Ok(Self(Arc::new(OpenedFile {
            path: path.to_owned(),
            numbers,
            anchor,
            is_rescued: Lock::default(),
            hindrance: Lock::default(),
        })))
    }

    /// Compares the files at the path with those that are open.
    pub(super) fn look(&self) -> Result<(), FileReplaced> {
        let is_rescued = self.0.is_rescued.with(|is_rescued| *is_rescued);
        let another = SUFFIXES.iter().zip(&self.0.numbers).find_map(|(suffix, opened)| {
            let file = with(&self.0.path, suffix);
            (number(&file) != *opened).then_some(file)
        });
        let is_emptied = another.is_none() && is_empty(&self.0.path);
        match another {
            None if !is_rescued && !is_emptied => Ok(()),
            another => Err(FileReplaced {
                file: another.unwrap_or_else(|| self.0.path.clone()),
                is_emptied,
                is_rescued,
                hindrance: self.0.hindrance.with(|why| why.clone()),
            }),
        }
    }

    /// Where the files are others, copies what this process has, once.
    pub(super) async fn rescue(&self) -> Result<(), FileReplaced> {
        let Err(replaced) = self.look() else { return Ok(()) };
        if !replaced.is_rescued && !replaced.is_emptied {
            let copied = self.copy().await;
            match &copied {
                Ok(()) => {
                    tracing::error!("the database's file was replaced: all that was in it is kept in `{RESCUED}`")
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "what was in the database's file cannot be kept"
                ),
            }
            self.0.is_rescued.with(|is_rescued| *is_rescued = copied.is_ok());
            self.0
                .hindrance
                .with(|why| *why = copied.err().map(|error| format!("{error:#}")));
        }
        self.look()
    }

    async fn copy(&self) -> anyhow::Result<()> {
        let folder = self.0.path.parent().unwrap_or_else(|| Path::new("."));
        let (kept, begun) = (folder.join(RESCUED), folder.join(format!("{RESCUED}.new")));
        match fs::remove_file(&begun) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let file = private::new_file(&begun)?;
        let target = begun
            .to_str()
            .ok_or_else(|| anyhow::anyhow!("a path that is not Unicode"))?;
        sqlx::query("VACUUM INTO $1")
            .bind(target)
            .execute(&self.0.anchor)
            .await?;
        file.sync_all()?;
        fs::rename(&begun, &kept)?;
        self.set_log_aside()?;
        fs::File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// The log of a file that is gone would be taken for the log of the one that is there now, and spoil it.
    fn set_log_aside(&self) -> std::io::Result<()> {
        let [main, files @ ..] = SUFFIXES.map(|suffix| with(&self.0.path, suffix));
        let [opened, numbers @ ..] = self.0.numbers;
        if number(&main) == opened {
            return Ok(());
        }
        for (file, opened) in files.iter().zip(numbers) {
            if opened.is_some() && number(file) == opened {
                fs::rename(file, with(file, ".old"))?;
            }
        }
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.0.anchor.close().await;
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether a file is there and nothing is in it: a store's never is, once it is made.
fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() == 0)
}

fn number(path: &Path) -> FileNumber {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
