//! Whether the store is still the one that a program of this agency wrote last, or a copy that somebody put in its place.
//!
//! A backup that is a few minutes old looks as fresh as a store after a restart, and lacks what was acknowledged since. SQLite:
//! whoever puts files into a folder changes the time at which the system last changed them, and nobody can set that; each
//! transaction writes its own time beside it. PostgreSQL: a restored dump has made its tables anew, and a server that was
//! restored or promoted counts another timeline.
//!
//! **No proof**: a machine that is set back as a whole, its disk and its clock, shows nothing of this. And it is no accusation:
//! who finds a copy asks the agency's peers, or its operator, how far the log reaches.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use rustix::time::{ClockId, clock_gettime};
use sqlx::PgPool;

use super::{
    Database, Unavailable,
    db::{Db, FILE, Pools, Tx, reading, within, writing},
    version::Opening,
};
use crate::Store;

/// How long after its last transaction a program may still write to its files, in milliseconds: it closes them, and disks are slow.
const CLOSES_WITHIN_MS: i64 = 120_000;

/// The machine's time, in milliseconds since 1970: that of the kernel, by which it dates files, right or wrong.
pub(super) fn now_ms() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}

/// When the system last changed a SQLite store's files, in milliseconds since 1970; none, if it does not say.
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

/// What a store was found as when it was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundAs {
    /// When the system last changed its files; none, if it has none.
    pub(super) changed_ms: Option<i64>,
    /// By what its tables are told from others; empty, if by nothing.
    pub(super) tables: String,
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

/// Whether somebody changed the files after the last transaction, or made the tables anew.
fn is_copy(found: &FoundAs, renewed_at: i64, made_as: &str) -> bool {
    let is_changed = found
        .changed_ms
        .is_some_and(|changed| renewed_at > 0 && changed > renewed_at.saturating_add(CLOSES_WITHIN_MS));
    let is_made_anew = !made_as.is_empty() && !found.tables.is_empty() && made_as != found.tables;
    is_changed || is_made_anew
}

impl Store {
    /// Opens the store, and looks at what it was found as.
    pub(super) async fn open_as(folder: &Path, database: Option<&Database>, opening: Opening) -> anyhow::Result<Self> {
        // Before the files are opened, which may change them.
        let changed = database.is_none().then(|| changed_ms(&folder.join(FILE)));
        let db = match database {
            Some(database) => Db::open_postgres(database, opening).await?,
            None => Db::open_sqlite(folder, opening).await?,
        };
        let found = db.pools.found_as(changed.flatten()).await;
        let store = Self::new(db);
        store.look_for_a_copy(found).await?;
        Ok(store)
    }

    /// Notes what this store was found as, and whether it is a copy, which then waits for peers' words on the own log.
    ///
    /// # Errors
    /// [`Unavailable`], if it cannot be read.
    pub(super) async fn look_for_a_copy(&self, found: FoundAs) -> Result<(), Unavailable> {
        let (renewed_at, made_as): (i64, String) = match reading!(
            self,
            sqlx::query_as("SELECT renewed_at, made_as FROM lease"),
            fetch_optional
        )? {
            Some(row) => row,
            None => return Ok(()),
        };
        if is_copy(&found, renewed_at, &made_as) {
            tracing::warn!(
                "the store was changed by somebody else since this agency last wrote to it: it may be a copy that lacks what came \
                 after, so peers or an operator are asked"
            );
            self.copy.with(|copy| *copy = true);
        }
        self.tables.with(|tables| *tables = found.tables);
        Ok(())
    }

    /// Writes down, with the taking of the lease, what the store is now; and that a copy waits for peers' words.
    pub(super) async fn note_what_it_is(&self, tx: &mut Tx) -> Result<(), Unavailable> {
        let tables = self.tables.with(|tables| tables.clone());
        writing!(tx, sqlx::query("UPDATE lease SET made_as = $1").bind(tables))?;
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

impl Pools {
    /// What the store was found as, where its files were changed then.
    pub(super) async fn found_as(&self, changed_ms: Option<i64>) -> FoundAs {
        FoundAs {
            changed_ms,
            tables: match self {
                Self::Sqlite { .. } => String::new(),
                Self::Postgres(pool, _) => tables(pool).await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(changed_ms: Option<i64>, tables: &str) -> FoundAs {
        FoundAs {
            changed_ms,
            tables: tables.into(),
        }
    }

    #[test]
    fn a_store_is_a_copy_if_its_files_changed_later_or_its_tables_are_others() {
        assert!(!is_copy(&found(Some(1_000_000), ""), 1_000_000, ""));
        assert!(!is_copy(&found(Some(1_100_000), ""), 1_000_000, ""), "it was closed");
        assert!(is_copy(&found(Some(1_200_000), ""), 1_000_000, ""));
        assert!(
            !is_copy(&found(Some(1_200_000), ""), 0, ""),
            "it is from before stores said"
        );
        assert!(!is_copy(&found(None, "1/1"), 0, ""));
        assert!(!is_copy(&found(None, "1/1"), 0, "1/1"));
        assert!(is_copy(&found(None, "2/1"), 0, "1/1"));
        assert!(is_copy(&found(None, "1/2"), 0, "1/1"));
        assert!(!is_copy(&found(None, ""), 0, "1/1"), "the server says nothing");
    }
}
