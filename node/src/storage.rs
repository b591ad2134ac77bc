//! The store: SQLite through sqlx. The only room that names sqlx; it does not know why something is stored.
//!
//! Invariant: what a transaction writes is on disk when [`Store::commit`] returns (`synchronous=FULL`), or none of
//! it is. The SQL keeps to what PostgreSQL understands as well.

mod audit;
mod credentials;
mod log;
mod operators;

use std::path::Path;

use anyhow::Context as _;
use protocol::Batch;
use registry_schema::Timestamp;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use credentials::{Issued, IssuerKey, NewCredential, Seed};
pub use log::Stored;

/// The store of one node.
#[derive(Clone, Debug)]
pub struct Store {
    read: SqlitePool,
    /// One connection: SQLite has one writer, and a queue is better than `SQLITE_BUSY`.
    write: SqlitePool,
}

/// The store did not do it. Nothing of the transaction is there.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The database says no.
    #[error("the store cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    /// What it holds cannot be read.
    #[error("the store holds what cannot be read: {0}")]
    Unreadable(String),
}

/// A write of this node's own, which goes into the same transaction as the envelope that it belongs to.
#[derive(Clone, Debug)]
pub enum OwnWrite {
    /// A credential was issued.
    Credential(NewCredential),
    /// An issuer's badge key was made.
    IssuerKey {
        /// The issuer's id.
        issuer: String,
        /// The secret.
        seed: [u8; 32],
        /// The number of its status list.
        list: u32,
    },
    /// Somebody did something.
    Audit(Act),
}

/// A line of the audit trail. It names credentials and issuers by id, never a person who holds one.
#[derive(Clone, Debug)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Which operator.
    pub who: String,
    /// What: `credential.revoke`.
    pub act: &'static str,
    /// To what.
    pub subject: String,
    /// What else they wrote; stays at home.
    pub note: Option<String>,
}

impl Store {
    /// Makes an empty store in this folder.
    ///
    /// # Errors
    /// If there is one already, or the disk refuses.
    pub async fn create(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("registry.sqlite");
        anyhow::ensure!(!file.exists(), "`{}` holds a store already", folder.display());
        let options = options(&file).create_if_missing(true);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        sqlx::migrate!("migrations/sqlite")
            .run(&write)
            .await
            .context("the store's tables cannot be made")?;
        write.close().await;
        Self::open(folder).await
    }

    /// Opens the store in this folder.
    ///
    /// # Errors
    /// If there is none: an empty store is made by `init` alone, so that a lost disk is never taken for a new node.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("registry.sqlite");
        anyhow::ensure!(
            file.exists(),
            "`{}` holds no store: make one with `comityd init`",
            folder.display()
        );
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options(&file))
            .await?;
        sqlx::migrate!("migrations/sqlite")
            .run(&write)
            .await
            .context("the store's tables cannot be brought up to date")?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options(&file).read_only(true))
            .await?;
        Ok(Self { read, write })
    }

    /// Writes a batch and this node's own writes in one transaction; returns once it is on disk.
    ///
    /// # Errors
    /// [`Unavailable`], and then nothing was written.
    pub async fn commit(&self, batch: &Batch, own: &[OwnWrite]) -> Result<(), Unavailable> {
        let mut transaction = self.write.begin_with("BEGIN IMMEDIATE").await?;
        log::write(&mut transaction, batch).await?;
        for write in own {
            match write {
                OwnWrite::Credential(credential) => credentials::insert(&mut transaction, credential).await?,
                OwnWrite::IssuerKey { issuer, seed, list } => {
                    credentials::insert_key(&mut transaction, issuer, seed, *list).await?;
                }
                OwnWrite::Audit(act) => audit::insert(&mut transaction, act).await?,
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`Unavailable`], if it does not.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// Ends all connections; what was written is on disk already.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(std::time::Duration::from_secs(10))
}
