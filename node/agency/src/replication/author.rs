//! Asking the replication to write: the one way to this agency's own lists.

use protocol::{
    Hash, Put, Replica, ReplicaEvent, key_log::SignedKeyLogEntry, log::AgencyLog, replica::ReplicaFailure,
    signed::InvalidStatement,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{ReplicaState, Replication};
use storage::{LocalWrite, SchemaGap, StoreError, driver_mutant};
use transport::network::NetworkCommand;

/// Asks the replication to write to this agency's own lists, while this process holds the lease.
#[derive(Clone, Debug)]
pub struct LogWriter(watch::Receiver<Option<ReplicationHandle>>);

/// The place where what is to be done goes, as long as one replication runs.
#[derive(Clone, Debug)]
pub struct ReplicationHandle {
    pub(super) writings: mpsc::Sender<WriteRequest>,
    pub(super) errands: mpsc::Sender<ReplicationCommand>,
}

/// The version of this agency's own log: its newest envelopes, and the newest entry of its key log. What is written on a
/// version rests on what the lists said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogVersion {
    heads: Vec<Hash>,
    key_log: Option<Hash>,
}

impl LogVersion {
    /// The version of an agency's log that a replica holds.
    pub(super) fn of(replica: &Replica, agency: Hash) -> Self {
        let log = replica.logs().get(&agency);
        Self {
            heads: log.map(AgencyLog::heads).unwrap_or_default(),
            key_log: log.map(|log| log.key_log().head()),
        }
    }
}

/// The one who waits for a write, and is told the version that it made.
pub(super) type WriteReply = oneshot::Sender<Result<LogVersion, WriteError>>;

/// A request to the replication, once it may write.
pub(super) struct WriteRequest {
    pub(super) work: WriteOperation,
    pub(super) done: WriteReply,
}

pub(super) enum WriteOperation {
    /// Tell the version to write on: this node may write, so it knows all that it wrote itself.
    Begin,
    /// Tell the version that an entry of the root is to follow.
    BeginEntry,
    /// Write, if the log still has this version.
    Write {
        on: LogVersion,
        event: ReplicaEvent,
        own: Vec<LocalWrite>,
    },
}

/// An errand that need not wait until this node may write.
pub enum ReplicationCommand {
    /// Have a look at the replica.
    Look(Box<dyn FnOnce(&Replica) + Send>),
    /// Something happened that the network does not tell: an agency is pinned, or not any more.
    Happened(ReplicaEvent),
    /// Tell the network something.
    Tell(NetworkCommand),
    /// Believe the clock as it is; told when that is done.
    AcceptClock(oneshot::Sender<Result<(), WriteError>>),
    /// Believe that all that this agency wrote is in the store, and write down who said so; told when that is done.
    AcceptStore(LocalWrite, WriteReply),
}

impl std::fmt::Debug for ReplicationCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplicationCommand").finish_non_exhaustive()
    }
}

/// Nothing was written, unless it says that the outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The replica refused.
    #[error(transparent)]
    Replica(#[from] ReplicaFailure),
    /// The agency's key log does not let this node's key put this.
    #[error("the agency's key log does not let this node's writer key write this: see `comity key list`")]
    NoWriter,
    /// The files of the writer keys cannot be used.
    #[error("the writer keys cannot be used: {0}")]
    Keys(String),
    /// The log has another version than what is written rests on.
    #[error(
        "this agency's lists changed while this was prepared, so it was not written: see what stands, and ask again"
    )]
    Changed,
    /// The entry of the key log may not be added.
    #[error("the entry is refused: {0}")]
    Entry(InvalidStatement),
    /// The knowledge of this node is being made again from the store.
    #[error("this node lost its store and is making its lists again from it: {0}")]
    Lost(String),
    /// The own log in the store is damaged.
    #[error("this node's own log in the store is damaged ({0}): stop the node and run `comityd repair`")]
    OwnLogDamaged(String),
    /// The own key log is not in the store.
    #[error(
        "this node's own key log is not in the store: stop the node and run `comityd repair`, which gets it back from peers or from a \
         file of `comity key export`"
    )]
    OwnKeyLogLost,
    /// The clock is in doubt, and what is signed says when.
    #[error("this node signs nothing while its clock is in doubt: {0}; see `comity clock`")]
    Clock(String),
    /// The store may lack what this agency wrote, and nobody tells whether it does.
    #[error("this node writes nothing while its store is in doubt: {0}")]
    StoreInDoubt(String),
    /// This process does not write, or not any more.
    #[error("this process does not write for the agency")]
    NotHolder,
}

impl WriteError {
    /// Returns what the store lacks, if that is why.
    pub(super) const fn schema_gap(&self) -> Option<&SchemaGap> {
        match self {
            Self::Store(StoreError::SchemaIncomplete(gap)) => Some(gap),
            _ => None,
        }
    }

    /// Returns true if making the replica again cannot help: somebody has to act.
    pub(super) const fn needs_somebody(&self) -> bool {
        matches!(
            self,
            Self::OwnLogDamaged(_) | Self::OwnKeyLogLost | Self::Keys(_) | Self::Store(StoreError::FileReplaced(_))
        )
    }
}

impl LogWriter {
    /// The author at this desk, when there is one.
    pub const fn new(desk: watch::Receiver<Option<ReplicationHandle>>) -> Self {
        Self(desk)
    }

    /// The version of this agency's log to write on, once this node may write: a registry that is looked at after this
    /// holds all that the version says.
    pub(crate) async fn begin(&self) -> Result<LogVersion, WriteError> {
        self.ask(WriteOperation::Begin).await
    }

    /// The version of this agency's log for an entry of its root, once this node may take one in: it may where another process
    /// writes with its key, which such an entry ends.
    pub(crate) async fn begin_entry(&self) -> Result<LogVersion, WriteError> {
        self.ask(WriteOperation::BeginEntry).await
    }

    /// Writes puts to the agency's lists, and `own` in the same transaction, if the log still has the version `on`; `on` is
    /// the new version then. When this returns, all of it is on disk.
    pub(crate) async fn write(
        &self,
        on: &mut LogVersion,
        puts: Vec<Put>,
        own: Vec<LocalWrite>,
    ) -> Result<(), WriteError> {
        self.happen(on, ReplicaEvent::Authored(puts), own).await
    }

    /// Adds an entry that its root signed to the agency's key log, and `own` in the same transaction, if the log still has
    /// the version `on`; `on` is the new version then.
    pub(crate) async fn enter(
        &self,
        on: &mut LogVersion,
        entry: SignedKeyLogEntry,
        own: Vec<LocalWrite>,
    ) -> Result<(), WriteError> {
        self.happen(on, ReplicaEvent::Entered(entry), own).await
    }

    async fn happen(&self, on: &mut LogVersion, event: ReplicaEvent, own: Vec<LocalWrite>) -> Result<(), WriteError> {
        let work = WriteOperation::Write {
            on: on.clone(),
            event,
            own,
        };
        *on = self.ask(work).await?;
        Ok(())
    }

    async fn ask(&self, work: WriteOperation) -> Result<LogVersion, WriteError> {
        let desk = self.0.borrow().clone().ok_or(WriteError::NotHolder)?;
        let (done, written) = oneshot::channel();
        let writing = WriteRequest { work, done };
        desk.writings.send(writing).await.map_err(|_| WriteError::NotHolder)?;
        drop(desk);
        written.await.map_err(|_| WriteError::NotHolder)?
    }

    /// Has something looked up in the replica.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<T, WriteError> {
        let (tell, told) = oneshot::channel();
        let look = move |replica: &Replica| drop(tell.send(look(replica)));
        self.run(ReplicationCommand::Look(Box::new(look))).await?;
        told.await.map_err(|_| WriteError::NotHolder)
    }

    /// Has an errand run.
    pub(crate) async fn run(&self, errand: ReplicationCommand) -> Result<(), WriteError> {
        let desk = self.0.borrow().clone().ok_or(WriteError::NotHolder)?;
        desk.errands.send(errand).await.map_err(|_| WriteError::NotHolder)
    }
}

impl Replication {
    /// Returns what happens to our own log, if it may; none, if somebody only begins.
    pub(super) fn allowed(&self, work: WriteOperation) -> Result<Option<(ReplicaEvent, Vec<LocalWrite>)>, WriteError> {
        let version = self.version()?;
        let ReplicaState::Live(replica) = &self.state else {
            return Ok(None);
        };
        if let Some(doubt) = &self.clock_doubt {
            return Err(WriteError::Clock(doubt.clone()));
        }
        let is_of_the_root = matches!(
            work,
            WriteOperation::BeginEntry
                | WriteOperation::Write {
                    event: ReplicaEvent::Entered(_),
                    ..
                }
        );
        let now = self.clock.now();
        let may_write = match is_of_the_root {
            true => replica.may_enter(now) || self.identity.is_rebuilding,
            false => replica.may_write(now),
        };
        if !may_write {
            let doubt = self.health_of(replica).store_doubt();
            return Err(WriteError::StoreInDoubt(doubt.unwrap_or_default()));
        }
        match work {
            WriteOperation::Begin | WriteOperation::BeginEntry => Ok(None),
            // What it rests on may not be so any more: a backup that was restored learned what had been written after it.
            WriteOperation::Write { on, .. }
                if on != version && !driver_mutant!(self.store.faults(), IgnoresVersions) =>
            {
                Err(WriteError::Changed)
            }
            WriteOperation::Write { event, own, .. } => {
                match &event {
                    ReplicaEvent::Authored(puts) if !replica.may_put(puts) => return Err(WriteError::NoWriter),
                    ReplicaEvent::Entered(entry) => replica.check_entry(entry).map_err(WriteError::Entry)?,
                    _ => {}
                }
                Ok(Some((event, own)))
            }
        }
    }

    /// The version of our own log.
    pub(super) fn version(&self) -> Result<LogVersion, WriteError> {
        match &self.state {
            ReplicaState::Live(replica) => Ok(LogVersion::of(replica, self.identity.home)),
            ReplicaState::Lost(lost) => Err(lost.refusal()),
        }
    }
}
