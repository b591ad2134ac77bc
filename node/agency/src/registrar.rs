//! The registrar: what this agency may do to its own lists.
//!
//! Every act is checked, put into the agency's lists, and on disk before it is acknowledged. Acts run one after the
//! other ([`Registrar::write_lock`]), and what an act writes names the version of the own log that it looked at: a check and the
//! write that rests on it see the same lists, though a peer may bring what this agency wrote before a backup was restored.

mod any;
mod compromise;
mod consequences;
mod credentials;
mod forks;
mod frameworks;
mod issuer_keys;
mod issuers;
mod keys;
mod own_keys;
mod peers;
mod policy;
mod registrations;
mod rekey;
mod rows;
mod rubrics;
mod slots;
mod trust;

use std::{path::PathBuf, sync::Arc};

use protocol::Put;
use registry_schema::AgencyId;
use tokio::sync::{Mutex, oneshot};

pub use self::policy::AppliedPolicy;
pub use any::UnsignedCredential;
pub use consequences::{ChangeConsequences, ProposedChange};
pub use credentials::{NewBadge, list_url, signing_key};
pub use issuer_keys::signing_key_of;
pub use issuer_keys::{IssuerKeyTrouble, issuer_key_troubles};
pub use keys::{KeyLogProposal, ProposedAct};
pub use own_keys::{ExternalIssuer, KeyDifference, ListChanges};
pub use registrations::{
    ApplicationCase, ApplicationEvidence, ApplicationLimit, Contact, NewApplication, StepNote, SubmittedApplication,
};
pub use registrations::{not_done as not_now, retention};
pub use rekey::RekeyOutcome;
pub use rows::{RowTrouble, row_troubles};
pub use rows::{has_its_badge, place as place_of};
pub use slots::ListFill;
pub use trust::{NewAgencyRecognition, NewRecognition};

use crate::{
    check_counter::CheckCounter,
    registry::SharedRegistry,
    replication::{LogVersion, LogWriter, ReplicationCommand, WriteError},
};
use platform::clock::Clock;
use slots::SlotAllocator;
use storage::{AuditRecord, LocalWrite, SchemaGap, Store, StoreError};
use verification::data_integrity::UnsignableCredential;

/// Acts for this agency.
#[derive(Debug)]
pub struct Registrar {
    store: Store,
    checked: CheckCounter,
    registry: SharedRegistry,
    author: LogWriter,
    clock: Clock,
    /// The folder with this node's writer keys.
    keys: PathBuf,
    write_lock: Arc<Mutex<SlotAllocator>>,
}

/// The reason why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// The object of the act is not there.
    #[error("{0}")]
    Unknown(String),
    /// It contradicts what stands.
    #[error("{0}")]
    Conflict(String),
    /// It asks for what cannot be.
    #[error("{0}")]
    Invalid(String),
    /// It asks to sign a credential that cannot be signed.
    #[error("a credential cannot be signed: {0:?}")]
    Unsignable(UnsignableCredential),
    /// More than the node takes from strangers at a time.
    #[error("{detail}")]
    TooMany {
        /// A description of what there is too much of.
        detail: String,
        /// In how many seconds it may be done.
        retry_after: u64,
    },
    /// The one who asks may not do that.
    #[error("{0}")]
    NotTheirs(String),
    /// The node cannot do it now.
    #[error("{0}")]
    Unavailable(String),
    /// The store cannot be used.
    #[error("{detail}")]
    StoreAway {
        /// The reason, in words that may be told to anybody.
        class: &'static str,
        /// The reason, as the database has it.
        detail: String,
    },
    /// The store lacks a table or column.
    #[error(transparent)]
    SchemaIncomplete(SchemaGap),
    /// The node writes nothing now, for a reason that its operator can mend.
    #[error("{0}")]
    NotNow(String),
    /// The first steps were done, and the others not.
    #[error("{0}")]
    PartlyDone(String),
    /// It may have been done: the database's answer was lost, and could not be looked up.
    #[error("whether it was done is not known: look at what stands before you ask again")]
    OutcomeUnknown,
    /// This process does not hold the agency's lease.
    #[error("this process does not write for the agency now")]
    NotHolder,
}

impl From<StoreError> for RegistrarError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Deposed => Self::NotHolder,
            StoreError::OutcomeUnknown(_) => Self::OutcomeUnknown,
            error @ StoreError::Sealed(_) => {
                Self::Conflict(format!("{error} (ops/RUNBOOK.md, *Where issuers' keys are*)"))
            }
            error @ StoreError::IssuerKeyDamaged(_) => Self::Conflict(error.to_string()),
            StoreError::SchemaIncomplete(gap) => Self::SchemaIncomplete(gap),
            error @ (StoreError::FileReplaced(_) | StoreError::WentBack) => Self::NotNow(error.to_string()),
            error => match error.class() {
                Some(class) => Self::StoreAway {
                    class,
                    detail: error.to_string(),
                },
                None => Self::Unavailable(error.to_string()),
            },
        }
    }
}

impl From<WriteError> for RegistrarError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotHolder => Self::NotHolder,
            WriteError::Store(error) => error.into(),
            WriteError::Changed => Self::Conflict(error.to_string()),
            error => Self::NotNow(error.to_string()),
        }
    }
}

/// The operator who acts, and whether only to see what would come of it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The operator.
    pub who: String,
    /// Check everything, write nothing.
    pub dry_run: bool,
}

/// An operator sees all credentials of the agency.
impl storage::look_up::OperatorProof for Actor {}

/// The turn of one act: no other act reads or writes this agency's lists until it ends.
#[derive(Debug)]
struct WriteGuard<'a> {
    slots: tokio::sync::MutexGuard<'a, SlotAllocator>,
    /// The version of the own log that the act rests on; none in a dry run, which writes nothing.
    version: Option<LogVersion>,
}

impl WriteGuard<'_> {
    /// The version to write on.
    fn version(&mut self) -> Result<&mut LogVersion, RegistrarError> {
        self.version.as_mut().ok_or_else(not_ready)
    }
}

impl Registrar {
    /// The registrar of this agency, which writes by way of `desk`.
    pub fn new(
        store: Store,
        checked: CheckCounter,
        registry: SharedRegistry,
        author: LogWriter,
        clock: Clock,
        keys: PathBuf,
    ) -> Self {
        Self {
            store,
            checked,
            registry,
            author,
            clock,
            keys,
            write_lock: Arc::default(),
        }
    }

    fn act(&self, hand: &Actor, act: &'static str, subject: &str, note: Option<String>) -> LocalWrite {
        LocalWrite::Audit(AuditRecord {
            at: self.clock.now(),
            who: hand.who.clone(),
            act,
            subject: subject.to_owned(),
            note,
        })
    }

    /// Vouches for the machine's clock: it is followed from here on.
    ///
    /// # Errors
    /// [`RegistrarError`], if the node cannot write it down, or does not write for its agency.
    pub async fn accept_clock(&self, hand: &Actor) -> Result<(), RegistrarError> {
        if hand.dry_run {
            return Ok(());
        }
        let act = self.act(hand, "clock.accept", "clock", None);
        let at = self.clock.now();
        self.store.commit(&protocol::WriteBatch::default(), &[act], at).await?;
        let (done, accepted) = oneshot::channel();
        self.author.run(ReplicationCommand::AcceptClock(done)).await?;
        accepted.await.map_err(|_| RegistrarError::NotHolder)??;
        tracing::warn!(who = %hand.who, "an operator vouched for the machine's clock: the node follows it from here on");
        Ok(())
    }

    /// Vouches that all that this agency wrote is in the store, where no peer can tell.
    ///
    /// # Errors
    /// [`RegistrarError`], if the node cannot write it down, or does not write for its agency.
    pub async fn accept_store(&self, hand: &Actor) -> Result<(), RegistrarError> {
        if hand.dry_run {
            return Ok(());
        }
        let act = self.act(hand, "store.accept", "store", None);
        let (done, accepted) = oneshot::channel();
        self.author.run(ReplicationCommand::AcceptStore(act, done)).await?;
        accepted.await.map_err(|_| RegistrarError::NotHolder)??;
        tracing::warn!(
            who = %hand.who,
            "an operator vouched for the store: the node goes on from it, and what was revoked and is not in it is called good"
        );
        Ok(())
    }

    /// Begins an act that may write to this agency's lists, once the acts before it are over and this node may write: what
    /// the act looks at from here on is all that this agency wrote.
    async fn turn(&self, dry_run: bool) -> Result<WriteGuard<'_>, RegistrarError> {
        let slots = self.write_lock.lock().await;
        let version = match dry_run {
            true => None,
            false => Some(self.author.begin().await?),
        };
        Ok(WriteGuard { slots, version })
    }

    /// Begins a ceremony of the agency's root, as [`Registrar::turn`] begins an act: also where the node writes nothing because
    /// another process writes with its key.
    async fn turn_of_the_root(&self, dry_run: bool) -> Result<WriteGuard<'_>, RegistrarError> {
        let slots = self.write_lock.lock().await;
        let version = match dry_run {
            true => None,
            false => Some(self.author.begin_entry().await?),
        };
        Ok(WriteGuard { slots, version })
    }

    async fn write(
        &self,
        turn: &mut WriteGuard<'_>,
        hand: &Actor,
        puts: Vec<Put>,
        own: Vec<LocalWrite>,
    ) -> Result<(), RegistrarError> {
        if hand.dry_run {
            Ok(())
        } else {
            Ok(self.author.write(turn.version()?, puts, own).await?)
        }
    }

    /// The files beside this node's own keys that hold a key of the agency's root: the node needs none.
    ///
    /// # Errors
    /// If the store or the folder cannot be read.
    pub async fn roots_at_home(&self) -> Result<Vec<PathBuf>, RegistrarError> {
        let home = self.registry.snapshot().roster().own().genesis;
        let Some(key_log) = self.store.key_log(home).await? else {
            return Err(not_ready());
        };
        platform::keys::roots_at_home(&self.keys, &key_log).map_err(internal)
    }

    /// The agency that this registrar acts for.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.registry.snapshot().home_id().clone()
    }
}

fn within(what: &str, text: &str, most: usize) -> Result<(), RegistrarError> {
    let fits = (1..=most).contains(&text.trim().chars().count());
    if fits {
        Ok(())
    } else {
        Err(RegistrarError::Invalid(format!("{what} has 1 to {most} characters")))
    }
}

fn not_ready() -> RegistrarError {
    RegistrarError::Unavailable("this node's own lists are not loaded".into())
}

fn internal(error: impl std::fmt::Display) -> RegistrarError {
    RegistrarError::Unavailable(error.to_string())
}
