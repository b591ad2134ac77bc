//! A check that the store is still the one that a program of this agency wrote last, and no copy that somebody put in its
//! place.
//!
//! A backup that is a few minutes old looks as fresh as a store after a restart, and lacks what was acknowledged since. SQLite:
//! who puts a file in another's place makes it anew, and the file system keeps the moment at which it was made, which nobody can
//! set; who writes over a file changes the time at which the system last changed it, which nobody can set either: each
//! transaction writes its own time beside it; and a small file beside the database tells how many transactions it has had.
//! PostgreSQL: a restored dump has made its tables anew, and a server that was restored or promoted counts another timeline.
//!
//! **No proof**: a machine that is set back as a whole, its disk and its clock, shows nothing of this. And it is no accusation:
//! who finds a copy asks the agency's peers, or its operator, how far the log reaches.

use std::{
    fs,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
    time::UNIX_EPOCH,
};

use rustix::time::{ClockId, clock_gettime};
use sqlx::PgPool;

use super::{
    PostgresDatabase, StoreError,
    db::{ConnectionPools, Db, FILE, Tx, reading, within, writing},
    version::MigrationMode,
};
use crate::Store;
use platform::private;

/// The time after its last transaction in which a program may still write to its files, in milliseconds: it closes them, and
/// disks are slow.
const CLOSES_WITHIN_MS: i64 = 120_000;

/// The file that tells how many transactions the database beside it has had. It is named as SQLite's own files are, so that
/// it goes where they go. It may tell of too few, and never of too many: it is written after the commit, and nothing waits
/// for its disk.
const REACHED: &str = "registry.sqlite-reached";

/// Reads how many transactions the database in this folder has had at least; none, if nobody says: who took the file away may
/// have taken others.
fn reached(folder: &Path) -> Option<i64> {
    let said = fs::read_to_string(folder.join(REACHED));
    said.ok().and_then(|said| said.trim().parse().ok())
}

/// Says how many transactions the database in this folder has had.
fn tell_reached(folder: &Path, changes: i64) -> std::io::Result<()> {
    // As long as before, whatever it says.
    private::open(&folder.join(REACHED))?.write_all_at(format!("{changes:020}\n").as_bytes(), 0)
}

/// The machine's time, in milliseconds since 1970: that of the kernel, by which it dates files, right or wrong.
pub(super) fn now_ms() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}

/// Returns the time at which the system last changed a SQLite store's files, in milliseconds since 1970; none, if it does
/// not say.
pub(super) fn changed_ms(file: &Path) -> Option<i64> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let changed = |path: &Path| {
        let about = fs::metadata(path).ok()?;
        Some(
            about
                .ctime()
                .saturating_mul(1000)
                .saturating_add(about.ctime_nsec() / 1_000_000),
        )
    };
    changed(file).max(changed(Path::new(&log)))
}

/// The moment at which a SQLite store's file was made; empty, if its file system does not keep that.
pub(super) fn made_at(file: &Path) -> String {
    let made = fs::metadata(file).and_then(|about| about.created());
    let since = made.ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    since.map_or_else(String::new, |since| format!("file/{}", since.as_nanos()))
}

/// The state that a store was found in when it was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreFingerprint {
    /// The time at which the system last changed its files; none, if it has none.
    pub(super) changed_ms: Option<i64>,
    /// The number of transactions that it has had at least; none, if the file that tells it is gone.
    pub(super) reached: Option<i64>,
    /// By what its tables, or its file, are told from others; empty, if by nothing.
    pub(super) made_as: String,
}

/// The tables of a PostgreSQL database, and the timeline that its server counts; empty, if it does not say.
pub(super) async fn tables(pool: &PgPool) -> String {
    let sql =
        "SELECT 'envelopes'::regclass::oid::bigint::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
    let found: Result<String, _> = sqlx::query_scalar(sql).fetch_one(pool).await;
    found.unwrap_or_else(|error| {
        tracing::debug!(%error, "the server does not tell its tables from others");
        String::new()
    })
}

/// Returns true if somebody changed the files after the last transaction, made the file or the tables anew, took away the file
/// that tells how many transactions it has had, or it has had more of them than it says.
fn is_copy(found: &StoreFingerprint, renewed_at: i64, made_as: &str, changes: i64) -> bool {
    let is_changed = found
        .changed_ms
        .is_some_and(|changed| renewed_at > 0 && changed > renewed_at.saturating_add(CLOSES_WITHIN_MS));
    let is_made_anew = !made_as.is_empty() && !found.made_as.is_empty() && made_as != found.made_as;
    is_changed || is_made_anew || found.reached.is_none_or(|reached| changes < reached)
}

impl Store {
    /// Opens the store, and looks at what it was found as.
    pub(super) async fn open_as(
        folder: &Path,
        database: Option<&PostgresDatabase>,
        opening: MigrationMode,
    ) -> anyhow::Result<Self> {
        // Before the files are opened, which may change them.
        let file = folder.join(FILE);
        let changed_ms = database.is_none().then(|| changed_ms(&file)).flatten();
        let db = match database {
            Some(database) => Db::open_postgres(database, opening).await?,
            None => Db::open_sqlite(folder, opening).await?,
        };
        let found = db.pools.found_as(changed_ms, &file).await;
        let store = Self::new(db);
        store.look_for_a_copy(found).await?;
        Ok(store)
    }

    /// Notes what this store was found as, and whether it is a copy, which then waits for peers' words on the own log.
    ///
    /// # Errors
    /// [`StoreError`], if it cannot be read.
    pub(super) async fn look_for_a_copy(&self, found: StoreFingerprint) -> Result<(), StoreError> {
        let (renewed_at, made_as, changes): (i64, String, i64) = match reading!(
            self,
            sqlx::query_as("SELECT renewed_at, made_as, changes FROM lease"),
            fetch_optional
        )? {
            Some(row) => row,
            None => return Ok(()),
        };
        if is_copy(&found, renewed_at, &made_as, changes) {
            tracing::warn!(
                "the store was changed by somebody else since this agency last wrote to it: it may be a copy that lacks what came \
                 after, so peers or an operator are asked"
            );
            self.copy.with(|copy| *copy = true);
        }
        self.made_as.with(|made_as| *made_as = found.made_as);
        Ok(())
    }

    /// Writes down, with the taking of the lease, what the store is now; and that a copy waits for peers' words.
    pub(super) async fn note_what_it_is(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let made_as = self.made_as.with(|made_as| made_as.clone());
        writing!(tx, sqlx::query("UPDATE lease SET made_as = $1").bind(made_as))?;
        let is_copy = self.copy.with(std::mem::take);
        if is_copy {
            let waits: Option<(i64,)> = within!(tx, sqlx::query_as("SELECT at FROM own_log_repairs"), fetch_optional)?;
            if waits.is_none() {
                let sql = "INSERT INTO own_log_repairs (at) VALUES ($1)";
                writing!(tx, sqlx::query(sql).bind(now_ms()))?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Says beside a SQLite database how many transactions it has had.
    pub(super) fn tell_reached(&self, changes: i64) {
        let folder = self.db.file().and_then(|file| file.path().parent());
        if let Some(Err(error)) = folder.map(|folder| tell_reached(folder, changes)) {
            tracing::warn!(%error, "a copy in the place of the store may be taken for it: `{REACHED}` cannot be written");
        }
    }
}

impl ConnectionPools {
    /// Returns what the store was found as, where its files were changed then.
    pub(super) async fn found_as(&self, changed_ms: Option<i64>, file: &Path) -> StoreFingerprint {
        StoreFingerprint {
            changed_ms,
            reached: match self {
                Self::Sqlite { .. } => file.parent().and_then(reached),
                Self::Postgres(..) => Some(0),
            },
            made_as: match self {
                Self::Sqlite { .. } => made_at(file),
                Self::Postgres(pool, ..) => tables(pool).await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(changed_ms: Option<i64>, made_as: &str) -> StoreFingerprint {
        StoreFingerprint {
            changed_ms,
            reached: Some(7),
            made_as: made_as.into(),
        }
    }

    #[test]
    fn a_store_is_a_copy_if_its_files_changed_later_or_its_tables_are_others() {
        assert!(!is_copy(&found(Some(1_000_000), ""), 1_000_000, "", 7));
        assert!(!is_copy(&found(Some(1_100_000), ""), 1_000_000, "", 7), "it was closed");
        assert!(is_copy(&found(Some(1_200_000), ""), 1_000_000, "", 7));
        assert!(
            !is_copy(&found(Some(1_200_000), ""), 0, "", 7),
            "it is from before stores said"
        );
        assert!(!is_copy(&found(None, "1/1"), 0, "", 7));
        assert!(!is_copy(&found(None, "1/1"), 0, "1/1", 7));
        assert!(is_copy(&found(None, "2/1"), 0, "1/1", 7));
        assert!(is_copy(&found(None, "1/2"), 0, "1/1", 7));
        assert!(!is_copy(&found(None, ""), 0, "1/1", 7), "the server says nothing");
        assert!(is_copy(&found(None, ""), 0, "", 6) && !is_copy(&found(None, ""), 0, "", 8));
        let untold = StoreFingerprint {
            reached: None,
            ..found(None, "")
        };
        assert!(is_copy(&untold, 0, "", 8), "who took it away may have taken the log");
    }
}
