//! The store: SQLite or PostgreSQL, through sqlx. **The only crate that names sqlx, and it does not know why something is
//! stored**: no rules, no network, no HTTP.
//!
//! Invariant: what a transaction writes is on disk when [`Store::commit`] returns, or none of it is. SQLite runs with
//! `synchronous=FULL`; a PostgreSQL server with `synchronous_commit=off` is refused.
//! One set of SQL serves both ([`db`] chooses the pool); the tables are made by `migrations/`.

mod audit;
mod checked;
mod checkpoints;
mod credentials;
mod damage;
mod database;
mod db;
mod faults;
mod files;
mod forks;
mod frameworks;
mod issuer_keys;
mod lease;
mod log;
pub mod look_up;
mod memory;
mod operators;
mod owner;
mod peers;
mod published;
mod quarantine;
mod reach;
mod registered_lists;
mod registrations;
mod residue;
mod restoring;
mod reviews;
mod schema;
mod sqlite_file;
mod taken_out;
mod untouched;
mod version;

use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::WriteBatch;
use registry_schema::Timestamp;

use db::{Db, reading};
use platform::{lock::Lock, seal::SealingKey};
use residue::WalResidue;
use version::MigrationMode;

pub use checked::{CheckCountKey, MONTHS as CHECKED_MONTHS};
pub use credentials::{CredentialRow, IssuerKey, KeySeed, NEWEST, SignedCredentialRow, StoredCredential};
pub use damage::{tells_damage, tells_that_it_is_none};
pub use database::{DatabaseTls, PostgresDatabase};
#[cfg(debug_assertions)]
pub use faults::{DriverMutant, StoreFault};
pub use faults::{FaultInjector, StoreCall};
pub use files::PositionedEnvelope;
pub use forks::ForkAcknowledgement;
pub use frameworks::{FrameworkRow, NewFramework};
pub use issuer_keys::IssuerStatusList;
pub use lease::{HolderEndpoint, Lease, StoreChanges};
pub use log::{decode as from_cbor, key_log as key_log_from_cbor};
pub use memory::{CompactionInterval, LogStatusRow, StatusSlot};
pub use peers::PeerRow;
pub use published::FetchedDocument;
pub use registered_lists::RegisteredListLimits;
pub use registrations::{ApplicationRow, RubricRow, StepRow};
pub use restoring::{AgencyRemoval, MovedEnvelope, StoreSnapshot, StoredEnvelope, StoredStatement};
pub use reviews::RubricReviewCount;
pub use schema::SchemaGap;
pub use sqlite_file::FileReplaced;
pub use taken_out::{RemovalList, RemovedRecord, UnfoundedEntry};

/// The directive by which the log has nothing of the database's driver but errors: not that a connection was waited for, or that
/// a statement took long.
pub const DRIVER_IS_QUIET: &str = "sqlx=error";

/// The store of one agency. Clones share its connections and its right to write.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    /// The epoch in which this process holds the lease; [`lease::NOT_HELD`] while it does not.
    epoch: Arc<AtomicI64>,
    /// Under which issuers' keys are kept.
    seal: Arc<OnceLock<SealingKey>>,
    /// The flag that SQLite's log may hold what was forgotten.
    residue: Arc<WalResidue>,
    /// The moment at which a transaction last succeeded.
    last_write: Arc<Lock<Option<Instant>>>,
    /// The number of the last transaction that is known to be on disk.
    newest: Arc<AtomicI64>,
    /// True if a transaction met a store that is older than that, and nobody asked for it since.
    went_back: Arc<AtomicBool>,
    /// True if it was found as a copy, until that is written down.
    copy: Arc<Lock<bool>>,
    /// By what its tables, or its file, are told from others; empty, if by nothing.
    made_as: Arc<Lock<String>>,
    /// The tables and columns that were missing at the last look.
    schema_gap: Arc<Lock<Option<SchemaGap>>>,
}

/// The random name of a transaction, by which it is later found whether it was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionId([u8; 16]);

/// The time for which a commit whose outcome is unknown is looked for, before the asker is told that it is unknown.
const SETTLE_WITHIN: Duration = Duration::from_secs(20);

/// The time that the store may take to answer a question about nothing.
const PING_WITHIN: Duration = Duration::from_secs(3);

/// The pause between two looks for a transaction.
const SETTLE_PAUSE: Duration = Duration::from_millis(250);

/// The store did not do it. Nothing of the transaction is there, unless it says that the outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database says no.
    #[error("the store cannot be used: {0}")]
    Database(#[source] sqlx::Error),
    /// The database's file was removed or replaced while this process had it open.
    #[error(transparent)]
    FileReplaced(FileReplaced),
    /// The store is older than it was: a copy was put in its place, or a server that lagged succeeded another.
    #[error("the store is older than it was: what was written last is gone from it")]
    WentBack,
    /// Nobody answers there, or a server that is none for this node.
    #[error("the store cannot be used: {0}")]
    Refused(String),
    /// A table or column is not there.
    #[error(transparent)]
    SchemaIncomplete(SchemaGap),
    /// The contents cannot be read.
    #[error("the store holds what cannot be read: {0}")]
    Unreadable(String),
    /// An issuer's key is kept under a seal that this node does not have.
    #[error("the keys of issuers are sealed with the key `{0}`, which this node does not have")]
    Sealed(String),
    /// An issuer's key is damaged.
    #[error(
        "the key of the issuer `{0}` is damaged in this node's store, and nothing else is: put a backup in the store's place that has \
         it, or give the issuer a new key with `comity issuer rekey {0}`; its badges stay good"
    )]
    IssuerKeyDamaged(String),
    /// A newer program brought the tables up to date.
    #[error(
        "the store is of another version than this program: stop it, and start the comityd that brought it up to date"
    )]
    OtherVersion,
    /// The commit failed, and the transaction is not there.
    #[error("the store cannot be used: the transaction was not committed")]
    NotCommitted,
    /// The commit's reply was lost, and whether it was done could not be looked up yet.
    #[error("whether it was written is not known: the database's answer was lost")]
    OutcomeUnknown(TransactionId),
    /// The files in which this process keeps what it need not keep in memory cannot be used.
    #[error("this process's scratch files cannot be used: {0}")]
    Scratch(String),
    /// This process does not hold the lease, or not any more.
    #[error("another process of this agency writes now")]
    Deposed,
}

/// A write of this node's own, which goes into the same transaction as the envelope that it belongs to.
#[derive(Clone, Debug)]
pub enum LocalWrite {
    /// A credential was issued.
    Credential(SignedCredentialRow),
    /// An issuer's badge key was made.
    IssuerKey {
        /// The issuer's id.
        issuer: String,
        /// The secret.
        seed: KeySeed,
    },
    /// A status list was opened for an issuer.
    IssuerList {
        /// The issuer's id.
        issuer: String,
        /// The list.
        list: IssuerStatusList,
    },
    /// A credential is to be forgotten here: itself, and every note on it.
    Expunged {
        /// Its id.
        id: String,
    },
    /// A framework was imported.
    Framework(Box<NewFramework>),
    /// An achievement is aligned to these items of frameworks.
    Aligned {
        /// The achievement's id.
        achievement: String,
        /// The items' URIs.
        items: Vec<String>,
    },
    /// Operators decided about a peer.
    Peer(PeerRow),
    /// An operator has looked into a fork.
    ForkAcknowledged(ForkAcknowledgement),
    /// A rubric was imported.
    Rubric(RubricRow),
    /// Somebody applied to be an issuer.
    Application(ApplicationRow),
    /// A step was taken in a case, and where it then stands, in a word.
    Step(StepRow, &'static str),
    /// The contact of an application is another one, or forgotten.
    Contact {
        /// The application's id.
        application: String,
        /// The contact, as JSON.
        contact: String,
    },
    /// A framework is kept no more.
    FrameworkRemoved {
        /// Its id.
        id: String,
    },
    /// Somebody did something.
    Audit(AuditRecord),
}

/// A line of the audit trail. It names credentials and issuers by id, never a person who holds one.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// The moment.
    pub at: Timestamp,
    /// The operator.
    pub who: String,
    /// The kind of act: `credential.revoke`.
    pub act: &'static str,
    /// To what.
    pub subject: String,
    /// The note that they wrote beside it; stays at home.
    pub note: Option<String>,
}

impl Store {
    /// Makes an empty store: in this PostgreSQL database, or else as SQLite in this folder.
    ///
    /// # Errors
    /// If there is one already, or the database refuses.
    pub async fn create(folder: &Path, database: Option<&PostgresDatabase>) -> anyhow::Result<Self> {
        let db = match database {
            Some(database) => Db::create_postgres(database).await?,
            None => Db::create_sqlite(folder).await?,
        };
        let store = Self::new(db);
        // The first epoch is its maker's, who writes the agency's own key log and goes.
        store.hold(0);
        Ok(store)
    }

    fn new(db: Db) -> Self {
        let epoch = Arc::new(AtomicI64::new(lease::NOT_HELD));
        Self {
            db,
            epoch,
            seal: Arc::default(),
            residue: Arc::default(),
            last_write: Arc::default(),
            newest: Arc::default(),
            went_back: Arc::default(),
            copy: Arc::default(),
            made_as: Arc::default(),
            schema_gap: Arc::default(),
        }
    }

    /// Opens the store, to read: who would write takes the lease first ([`Store::take`]). A node may run on it: nothing is
    /// brought up to date.
    ///
    /// # Errors
    /// If there is none: an empty store is made by `init` alone, so that a lost disk is never taken for a new node. If it is
    /// of another version.
    pub async fn open(folder: &Path, database: Option<&PostgresDatabase>) -> anyhow::Result<Self> {
        Self::open_as(folder, database, MigrationMode::AsItIs).await
    }

    /// Opens the store for a node that starts, which has the data directory's lock, and brings it up to date. Another process
    /// on the same PostgreSQL that renewed its lease within this term stands in the way of that.
    ///
    /// # Errors
    /// If there is none, if it is of a newer version, or if it cannot be brought up to date.
    pub async fn open_to_run(
        folder: &Path,
        database: Option<&PostgresDatabase>,
        term: Duration,
    ) -> anyhow::Result<Self> {
        Self::open_as(folder, database, MigrationMode::BroughtUp(term)).await
    }

    /// The faults that a test lets come between this node and its database; none come otherwise.
    #[must_use]
    pub const fn faults(&self) -> &FaultInjector {
        &self.db.faults
    }

    /// Returns the time since a transaction last succeeded; none, if none did.
    #[must_use]
    pub fn last_write(&self) -> Option<Duration> {
        self.last_write.with(|last| last.map(|at| at.elapsed()))
    }

    /// Returns true if a write met a store that is older than this process knew it, since this was asked last.
    pub fn went_back(&self) -> bool {
        self.went_back.swap(false, Ordering::SeqCst)
    }

    /// Compares the store with the one that this process knew: it may be an older one, a file that is another one, or lack a
    /// table since the last look ([`Store::watch`]).
    ///
    /// # Errors
    /// What differs.
    pub fn is_the_same(&self) -> Result<(), StoreError> {
        if self.went_back() {
            return Err(StoreError::WentBack);
        }
        // First: what is read of a file that is gone or was emptied tells nothing of its tables.
        self.db.look()?;
        self.has_its_schema()
    }

    /// Refuses a store that lacked a table or column at the last look, or whose sessions are shared.
    ///
    /// # Errors
    /// What is wrong.
    pub fn has_its_schema(&self) -> Result<(), StoreError> {
        self.db.has_own_sessions()?;
        let gap = self.schema_gap.with(|gap| gap.clone());
        gap.map_or(Ok(()), |gap| Err(StoreError::SchemaIncomplete(gap)))
    }

    fn note_write(&self) {
        self.last_write.with(|last| *last = Some(Instant::now()));
    }

    /// Writes a batch, which arrived at this moment, and this node's own writes in one transaction; returns once it is on
    /// disk. Where the commit's reply is lost, it looks until it finds whether it was done.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing was written: [`StoreError::Deposed`], if this process does not hold the lease.
    /// With [`StoreError::OutcomeUnknown`] alone it may have been written.
    pub async fn commit(&self, batch: &WriteBatch, own: &[LocalWrite], at: Timestamp) -> Result<(), StoreError> {
        match self.commit_once(batch, own, at).await {
            Err(StoreError::OutcomeUnknown(id)) => self.settle(id).await,
            result => result,
        }
    }

    /// Looks whether a transaction whose outcome is unknown was committed, again and again for some seconds.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`], if that could not be found; [`StoreError`], if it was not committed.
    pub async fn settle(&self, id: TransactionId) -> Result<(), StoreError> {
        let end = Instant::now() + SETTLE_WITHIN;
        loop {
            match self.is_committed(id).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(StoreError::NotCommitted),
                Err(error) if Instant::now() >= end => {
                    tracing::error!(%error, "whether a transaction was committed cannot be looked up");
                    return Err(StoreError::OutcomeUnknown(id));
                }
                Err(_) => tokio::time::sleep(SETTLE_PAUSE).await,
            }
        }
    }

    /// Writes as [`Store::commit`] does, without looking for the outcome where the reply is lost.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit_once(&self, batch: &WriteBatch, own: &[LocalWrite], at: Timestamp) -> Result<(), StoreError> {
        let (mut transaction, change) = self.begin().await?;
        let id = lease::name(&mut transaction, change).await?;
        log::write(&mut transaction, batch, log::WriteStamp { change, at }).await?;
        for write in own {
            match write {
                LocalWrite::Credential(credential) => credentials::insert(&mut transaction, credential).await?,
                LocalWrite::IssuerKey { issuer, seed } => {
                    issuer_keys::insert(&mut transaction, self.seal.get(), issuer, seed).await?;
                }
                LocalWrite::IssuerList { issuer, list } => {
                    issuer_keys::insert_list(&mut transaction, issuer, *list, at).await?;
                }
                LocalWrite::Expunged { id } => {
                    credentials::delete(&mut transaction, id).await?;
                    audit::forget_notes(&mut transaction, id).await?;
                }
                LocalWrite::Framework(new) => frameworks::put(&mut transaction, new).await?,
                LocalWrite::Aligned { achievement, items } => {
                    frameworks::align(&mut transaction, achievement, items).await?;
                }
                LocalWrite::Peer(row) => peers::put(&mut transaction, row).await?,
                LocalWrite::ForkAcknowledged(said) => forks::insert(&mut transaction, said).await?,
                LocalWrite::Rubric(row) => registrations::insert_rubric(&mut transaction, row).await?,
                LocalWrite::Application(row) => registrations::insert_application(&mut transaction, row).await?,
                LocalWrite::Step(row, phase) => registrations::insert_step(&mut transaction, row, phase).await?,
                LocalWrite::Contact { application, contact } => {
                    registrations::set_contact(&mut transaction, application, contact).await?;
                }
                LocalWrite::FrameworkRemoved { id } => frameworks::delete(&mut transaction, id).await?,
                LocalWrite::Audit(act) => audit::insert(&mut transaction, act).await?,
            }
        }
        let forgets = own.iter().any(LocalWrite::forgets);
        if forgets {
            // Before it is known whether it was done: where that stays unknown, the log is emptied all the same.
            self.residue.is_owed();
        }
        let call = if batch.envelopes.is_empty() {
            StoreCall::Commit
        } else {
            StoreCall::CommitOfEnvelopes
        };
        if let Err(error) = transaction.commit_as(call).await {
            tracing::error!(%error, "whether a transaction was committed is not known");
            if crate::driver_mutant!(self.faults(), DeniesWhatIsUnknown) {
                return Err(StoreError::NotCommitted);
            }
            return Err(StoreError::OutcomeUnknown(id));
        }
        self.newest.fetch_max(change, Ordering::SeqCst);
        self.tell_reached(change);
        self.note_write();
        if forgets {
            self.leave_no_residue().await;
        }
        Ok(())
    }

    /// Checks that the store answers, and soon, of something that is in it, and has all of its tables.
    ///
    /// # Errors
    /// [`StoreError`], if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let asks = async {
            self.check_schema().await?;
            let (_,): (i64,) = reading!(self, sqlx::query_as("SELECT epoch FROM lease"), fetch_one)?;
            Ok(())
        };
        let answered = tokio::time::timeout(PING_WITHIN, asks).await;
        match (answered, self.db.refusal()) {
            (Ok(Ok(())), _) => Ok(()),
            (_, Some(why)) => Err(StoreError::Refused(why)),
            (Ok(Err(error)), None) => Err(error),
            (Err(_), None) => Err(StoreError::Refused("its server does not answer".into())),
        }
    }

    /// Returns true if its connections were ended.
    pub fn is_closed(&self) -> bool {
        self.db.is_closed()
    }

    /// Ends all connections; what was written is on disk already.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

#[cfg(test)]
mod tests;
