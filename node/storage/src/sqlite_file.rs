//! The files of a SQLite store, and whether those at its path are still the ones that this process has open.
//!
//! A file that is removed or replaced stays open: SQLite writes on into it, and nobody finds that after a restart. So the
//! files are looked at before each call and after each commit. Where they differ, this process writes no more, and keeps a
//! copy of what it has: the last connection to a file without a name is the last way to it.
//!
//! A file that is shorter than it was lost what it had. **Nothing here opens one of the files by itself**: closing it again would
//! take SQLite's own locks away, which are the process's.

mod lengths;

use std::{
    fmt, fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{
    ConnectOptions as _, Connection as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{Store, StoreError, damage::speaks_of_lost_pages, db::FILE, untouched};
use lengths::{EmptyingGuard, FileLengths, ShorterFile};
use platform::{lock::Lock, private};

/// The suffixes that SQLite appends to the database's name for each of its files.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// The copy of what a process had when its file was replaced. The next start waits until somebody decided about it.
pub(super) const RESCUED: &str = "rescued.sqlite";

/// The name of the file that says that a file was cut short. The next start waits until its store is put aside: it may look
/// whole, and is not.
pub(super) const CUT_SHORT: &str = "registry.sqlite.cut-short";

/// A file's device and number; none, if there is no such file.
type FileIdentity = Option<(u64, u64)>;

/// The files as they were opened. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct SqliteFile(Arc<OpenedFile>);

#[derive(Debug)]
struct OpenedFile {
    path: PathBuf,
    numbers: [FileIdentity; SUFFIXES.len()],
    options: SqliteConnectOptions,
    lengths: FileLengths,
    /// A file that was found shorter than it was: it stays so, whatever the file is like later, unless nothing is lost.
    spoiled: Lock<Option<TruncatedFile>>,
    /// One connection that nobody uses: as long as it stands, SQLite itself removes none of the files, and what was in them can
    /// be copied.
    anchor: SqlitePool,
    /// True if what was in them is copied: from then on this process writes no more, even if the files come back.
    is_rescued: Lock<bool>,
    /// The reason that the copy could not be made.
    hindrance: Lock<Option<String>>,
}

/// The harm that came to a file under this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileDamage {
    /// It was removed, or another is in its place.
    Replaced,
    /// Nothing is in it any more.
    Emptied,
    /// Its end is gone.
    CutShort,
}

/// A file that is shorter than it was.
#[derive(Clone, Debug)]
struct TruncatedFile {
    file: PathBuf,
    harm: FileDamage,
    /// True if it was looked at, and something is lost.
    is_certain: bool,
}

/// The database's file is another one than this process has open, or lacks what was in it.
#[derive(Clone, Debug)]
pub struct FileReplaced {
    file: PathBuf,
    harm: FileDamage,
    is_rescued: bool,
    hindrance: Option<String>,
}

impl fmt::Display for FileReplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.harm {
            FileDamage::Emptied => {
                return write!(
                    f,
                    "`{file}` was emptied under the running node, which writes nothing more: what was in it is lost. Stop the node, and \
                     put a backup in its place, or move it away and begin again from the peers with `comityd rebuild` (ops/RUNBOOK.md)"
                );
            }
            FileDamage::CutShort => {
                return write!(
                    f,
                    "`{file}` was cut short under the running node, which writes nothing more: part of what was in the database is \
                     lost. Stop the node, move the files `registry.sqlite*` away and keep them, and put a backup in their place, or \
                     begin again from the peers with `comityd rebuild` (ops/RUNBOOK.md, *The database's file was cut short*)"
                );
            }
            FileDamage::Replaced => {}
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

impl Store {
    /// Keeps a copy of what this process has, where the database's file was removed or replaced.
    ///
    /// # Errors
    /// [`StoreError::FileReplaced`], if it was.
    pub async fn rescue(&self) -> Result<(), StoreError> {
        match self.db.file() {
            Some(file) => file.rescue().await.map_err(StoreError::FileReplaced),
            None => Ok(()),
        }
    }
}

impl SqliteFile {
    /// The database's path.
    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Opens the files at this path, and holds them open.
    pub(super) async fn hold(path: &Path, options: SqliteConnectOptions) -> anyhow::Result<Self> {
        let before = number(path);
        let anchor = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
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
        let held = Self(Arc::new(OpenedFile {
            path: path.to_owned(),
            numbers,
            options: options.read_only(true),
            lengths: FileLengths::default(),
            spoiled: Lock::default(),
            anchor,
            is_rescued: Lock::default(),
            hindrance: Lock::default(),
        }));
        // From here on it is known how long they are.
        held.look()?;
        Ok(held)
    }

    /// Refuses a folder without a store; and, unless it is opened as it is, one whose store somebody has to decide about first.
    pub(super) fn may_be_opened(folder: &Path, is_as_it_is: bool) -> anyhow::Result<()> {
        let shown = folder.display();
        anyhow::ensure!(
            is_as_it_is || !folder.join(RESCUED).exists(),
            "the database's file was replaced under the node that ran here, and `{shown}/{RESCUED}` is all that it had: put that in \
             the place of `registry.sqlite`, or move it away, if what is there now holds (ops/RUNBOOK.md, *The database's file was \
             replaced*)"
        );
        anyhow::ensure!(
            is_as_it_is || !folder.join(CUT_SHORT).exists(),
            "the database's file was cut short under the node that ran here, and part of what was in it is lost (`{shown}/{CUT_SHORT}`): \
             move the files `registry.sqlite*` away, this one as well, and put a backup in their place, or begin again from the peers \
             with `comityd rebuild` (ops/RUNBOOK.md, *The database's file was cut short*)"
        );
        anyhow::ensure!(
            folder.join(FILE).exists(),
            "`{shown}` holds no store: if it is lost, get back from peers what they hold with `comityd rebuild`; make a new agency's \
             with `comityd init`"
        );
        Ok(())
    }

    /// Compares the files at the path with those that are open, and their lengths with those of before.
    pub(super) fn look(&self) -> Result<(), FileReplaced> {
        let is_rescued = self.0.is_rescued.with(|is_rescued| *is_rescued);
        let spoiled = self.0.spoiled.with(|spoiled| spoiled.clone());
        let found = spoiled.map(|spoiled| (spoiled.file, spoiled.harm));
        let found = found.or_else(|| self.found());
        let found = found.or_else(|| is_rescued.then(|| (self.0.path.clone(), FileDamage::Replaced)));
        match found {
            None => Ok(()),
            Some((file, harm)) => Err(FileReplaced {
                file,
                harm,
                is_rescued,
                hindrance: self.0.hindrance.with(|why| why.clone()),
            }),
        }
    }

    /// Returns what happened to the files as they are at the path now, if anything.
    fn found(&self) -> Option<(PathBuf, FileDamage)> {
        let before = self.0.lengths.known();
        let files = SUFFIXES.map(|suffix| with(&self.0.path, suffix));
        let now = files.each_ref().map(|file| fs::metadata(file).ok());
        let numbers = now.iter().map(|file| file.as_ref().map(number_of));
        let another = files.iter().zip(numbers).zip(&self.0.numbers);
        if let Some(((file, _), _)) = { another }.find(|((_, now), opened)| now != *opened) {
            return Some((file.clone(), FileDamage::Replaced));
        }
        let [database, log, _] = now.map(|file| file.map_or(0, |file| file.len()));
        let [database_file, log_file, _] = files;
        if database == 0 {
            return Some(self.spoil(database_file, FileDamage::Emptied));
        }
        let file = match self.0.lengths.compare(before, database, log)? {
            ShorterFile::Database => database_file,
            ShorterFile::Log => log_file,
        };
        Some(self.spoil(file, FileDamage::CutShort))
    }

    /// Notes that a file is shorter than it was, on the disk as well: the next start could not see it any more.
    fn spoil(&self, file: PathBuf, harm: FileDamage) -> (PathBuf, FileDamage) {
        let spoiled = TruncatedFile {
            file: file.clone(),
            harm,
            is_certain: false,
        };
        self.0.spoiled.with(|known| {
            if known.is_none() && harm == FileDamage::CutShort {
                self.leave_mark(&file);
            }
            known.get_or_insert(spoiled);
        });
        (file, harm)
    }

    /// Has the next start wait.
    fn leave_mark(&self, file: &Path) {
        let said = format!("`{}` was cut short under the running node\n", file.display());
        if let Err(error) = private::replace(&self.0.path.with_file_name(CUT_SHORT), said.as_bytes()) {
            tracing::error!(%error, "the next start cannot be told that the database's file was cut short");
        }
    }

    /// Lets the log become shorter, for as long as what this gives is there: it is emptied.
    pub(super) fn empties_its_log(&self) -> EmptyingGuard<'_> {
        self.0.lengths.log_is_emptied()
    }

    /// Copies what this process has, once, where the files are others. Where one is shorter than it was, looks whether
    /// anything is lost: another program may have made the database smaller.
    pub(super) async fn rescue(&self) -> Result<(), FileReplaced> {
        let Err(replaced) = self.look() else { return Ok(()) };
        let is_certain = self
            .0
            .spoiled
            .with(|spoiled| spoiled.as_ref().is_some_and(|spoiled| spoiled.is_certain));
        match replaced.harm {
            FileDamage::Replaced if !replaced.is_rescued => self.rescue_replaced().await,
            FileDamage::Emptied if !is_certain => self.writes_no_more(),
            FileDamage::CutShort if !is_certain => match self.is_whole().await {
                Some(true) => self.goes_on(),
                Some(false) => self.writes_no_more(),
                // It is not known, and is tried again.
                None => {}
            },
            _ => {}
        }
        self.look()
    }

    /// Takes the lengths of the files as they are now: nothing is lost.
    fn goes_on(&self) {
        self.0.lengths.forget();
        self.0.spoiled.with(|spoiled| {
            match fs::remove_file(self.0.path.with_file_name(CUT_SHORT)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::error!(%error, "the next start will wait, though nothing is lost: remove `{CUT_SHORT}` yourself");
                }
                _ => {}
            }
            *spoiled = None;
        });
        tracing::info!("a file of the database is shorter than it was, and nothing of the database is lost");
    }

    async fn rescue_replaced(&self) {
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

    /// Checks that all pages of the database are there, though a file is shorter than it was; none, if that cannot be looked
    /// at now.
    async fn is_whole(&self) -> Option<bool> {
        let looked = async {
            // A connection of its own: what others have read is not on the disk for that.
            let mut connection = self.0.options.connect().await?;
            let checked: Result<(String,), _> =
                sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut connection).await;
            drop(connection.close().await);
            checked
        };
        match looked.await {
            Ok((said,)) => Some(said == "ok"),
            Err(error) if speaks_of_lost_pages(&error) => Some(false),
            Err(error) => {
                tracing::error!(%error, "whether the database's file is whole cannot be looked at; it is tried again");
                None
            }
        }
    }

    /// Leaves it at that for good.
    fn writes_no_more(&self) {
        self.0.spoiled.with(|spoiled| {
            if let Some(spoiled) = spoiled {
                spoiled.is_certain = true;
            }
        });
        if let Err(told) = self.look() {
            tracing::error!("{told}");
        }
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
        // It is all that there is: whoever moves it into the store's place puts no older copy there.
        let mut rescued = SqliteConnectOptions::new().filename(&begun).connect().await?;
        sqlx::query("UPDATE lease SET made_as = $1, renewed_at = 0")
            .bind(untouched::made_at(&begun))
            .execute(&mut rescued)
            .await?;
        rescued.close().await?;
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

fn number(path: &Path) -> FileIdentity {
    fs::metadata(path).ok().as_ref().map(number_of)
}

fn number_of(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
