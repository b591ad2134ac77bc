//! The version of a store: which migrations made its tables. **Only a node that starts brings a store up to date**, with
//! nobody else on it; every other command opens a store of its own version or none.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{PgPool, SqlitePool, migrate::Migrator};

use super::{
    StoreError,
    db::{Tx, TxConnection},
    schema::{self, Schema},
};

pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// A migration that made a part of the tables: its number, the digest of its text, and whether it came to its end.
type AppliedMigration = (i64, Vec<u8>, bool);

const APPLIED: &str = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";

/// The ways to deal with a store of another version.
#[derive(Clone, Copy, Debug)]
pub(super) enum MigrationMode {
    /// Nothing: it is opened as it is, or not at all.
    AsItIs,
    /// It is brought up to date. On PostgreSQL, once no process has renewed its lease for this long.
    BroughtUp(Duration),
}

/// The relation of a store to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoreVersion {
    Ours,
    Older,
}

/// Compares what made the tables with what this program would have made them with.
fn compare(applied: &[AppliedMigration], ours: &Migrator) -> anyhow::Result<StoreVersion> {
    for (version, checksum, success) in applied {
        anyhow::ensure!(
            *success,
            "bringing the store up to date broke off at step {version}: restore the backup from before it"
        );
        let known = ours.iter().find(|migration| migration.version == *version);
        anyhow::ensure!(
            known.is_some_and(|migration| *migration.checksum == **checksum),
            "the store was made or brought up to date by another comityd, and this one is older (step {version} is not known to \
             it): use the newer comityd, or restore the backup from before"
        );
    }
    Ok(if applied.len() == ours.iter().count() {
        StoreVersion::Ours
    } else {
        StoreVersion::Older
    })
}

const OLDER: &str = "the store is of an older version, and nothing was changed: stop the node, and start it once with this comityd, \
                     which brings the store up to date; or use the comityd that it runs with";

/// Brings a SQLite store to this program's version, or refuses it. Who may do that holds the data directory's lock.
pub(super) async fn sqlite(pool: &SqlitePool, opening: MigrationMode) -> anyhow::Result<()> {
    let applied: Vec<AppliedMigration> = match sqlx::query_as(APPLIED).fetch_all(pool).await {
        Ok(applied) => applied,
        Err(error) => {
            names_its_tables(schema::check_sqlite(pool, Schema::expected().await?).await, error)?;
            Vec::new()
        }
    };
    match (compare(&applied, &SQLITE)?, opening) {
        (StoreVersion::Ours, _) => Ok(()),
        (StoreVersion::Older, MigrationMode::AsItIs) => anyhow::bail!(OLDER),
        (StoreVersion::Older, MigrationMode::BroughtUp(_)) => {
            schema::check_sqlite(pool, &as_of(applied.len()).await?).await?;
            bring_up(SQLITE.run(pool).await)
        }
    }
}

/// Brings a PostgreSQL store to this program's version, or refuses it.
pub(super) async fn postgres(pool: &PgPool, opening: MigrationMode) -> anyhow::Result<()> {
    let applied: Vec<AppliedMigration> = match sqlx::query_as(APPLIED).fetch_all(pool).await {
        Ok(applied) => applied,
        Err(error) => {
            names_its_tables(schema::check_postgres(pool, Schema::expected().await?).await, error)?;
            Vec::new()
        }
    };
    match (compare(&applied, &POSTGRES)?, opening) {
        (StoreVersion::Ours, _) => Ok(()),
        (StoreVersion::Older, MigrationMode::AsItIs) => anyhow::bail!(OLDER),
        (StoreVersion::Older, MigrationMode::BroughtUp(term)) => {
            schema::check_postgres(pool, &as_of(applied.len()).await?).await?;
            depose_the_dead(pool, term).await?;
            bring_up(POSTGRES.run(pool).await)
        }
    }
}

/// The tables of a store that so many of the migrations made.
async fn as_of(steps: usize) -> Result<Schema, sqlx::Error> {
    Schema::made_by(&Migrator::with_migrations(SQLITE.iter().take(steps).cloned().collect())).await
}

/// Gives the error of a store that does not tell its version: where it has other tables of ours, what is missing.
fn names_its_tables(checked: Result<(), StoreError>, unread: sqlx::Error) -> anyhow::Result<()> {
    match checked {
        Err(StoreError::SchemaIncomplete(gap)) if !gap.is_of_everything() => {
            Err(StoreError::SchemaIncomplete(gap).into())
        }
        _ => Err(anyhow::Error::new(unread).context(NO_VERSION)),
    }
}

const NO_VERSION: &str = "the store does not tell its version: it is empty, or none of this program's. Put a backup in its place, or move it \
                          away (`registry.sqlite*`; with PostgreSQL, name an empty database) and begin again from the peers with \
                          `comityd rebuild` (ops/RUNBOOK.md)";

fn bring_up(run: Result<(), sqlx::migrate::MigrateError>) -> anyhow::Result<()> {
    run.context("the store's tables cannot be brought up to date")?;
    tracing::info!("the store was of an older version, and is brought up to date");
    Ok(())
}

/// Takes the lease from a holder that is gone, so that it writes no more if it comes back; refuses, if it lives: it runs an
/// older comityd, whose tables these are.
async fn depose_the_dead(pool: &PgPool, term: Duration) -> anyhow::Result<()> {
    let (has_lease,): (bool,) = sqlx::query_as("SELECT to_regclass('lease') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !has_lease {
        return Ok(());
    }
    const LOOK: &str = "SELECT epoch, renewed, address FROM lease";
    let (epoch, renewed, address): (i64, i64, String) = sqlx::query_as(LOOK).fetch_one(pool).await?;
    if !address.is_empty() {
        tracing::info!(%address, "another process of this agency had the store: waiting, to see whether it still does");
        tokio::time::sleep(term + term / 4).await;
    }
    let taken: Option<(i64,)> = sqlx::query_as(
        "UPDATE lease SET epoch = epoch + 1, renewed = renewed + 1, address = '' WHERE epoch = $1 AND renewed = $2 RETURNING epoch",
    )
    .bind(epoch)
    .bind(renewed)
    .fetch_optional(pool)
    .await?;
    anyhow::ensure!(
        taken.is_some(),
        "the store is of an older version, and another process of this agency (`{address}`) runs on it: stop all its processes, \
         then start this comityd, which brings the store up to date"
    );
    Ok(())
}

/// Checks that the tables are still those of this program: a newer one may have brought them up to date meanwhile.
pub(super) async fn is_ours(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let applied: Vec<AppliedMigration> = super::db::within!(tx, sqlx::query_as(APPLIED), fetch_all)?;
    let ours = match &tx.connection {
        TxConnection::Sqlite(_) => &SQLITE,
        TxConnection::Postgres(_) => &POSTGRES,
    };
    Ok(matches!(compare(&applied, ours), Ok(StoreVersion::Ours)))
}
