//! Asking the replication to write: the one way to this agency's own lists.

use protocol::{Event, Put, Replica, key_log::SignedEntry, replica::Failed, signed::Refused};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    network::Order,
    storage::{OwnWrite, Unavailable},
};

/// Asks the replication to write to this agency's own lists, while this process holds the lease.
#[derive(Clone, Debug)]
pub(crate) struct Author(watch::Receiver<Option<Desk>>);

/// Where what is to be done goes, as long as one replication runs.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(super) writings: mpsc::Sender<Writing>,
    pub(super) errands: mpsc::Sender<Errand>,
}

pub(super) struct Writing {
    pub(super) event: Event,
    pub(super) own: Vec<OwnWrite>,
    pub(super) done: oneshot::Sender<Result<(), NotWritten>>,
}

/// What need not wait until this node may write.
pub(crate) enum Errand {
    /// Have a look at the replica.
    Look(Box<dyn FnOnce(&Replica) + Send>),
    /// Something happened that the network does not tell: an agency is pinned, or not any more.
    Happened(Event),
    /// Tell the network something.
    Tell(Order),
    /// Believe the clock as it is; told when that is done.
    AcceptClock(oneshot::Sender<()>),
}

/// Nothing was written, unless it says that the outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Unavailable),
    /// The replica refused.
    #[error(transparent)]
    Replica(#[from] Failed),
    /// The agency's key log does not let this node's key put this.
    #[error("the agency's key log does not let this node's writer key write this: see `comity key list`")]
    NoWriter,
    /// The files of the writer keys cannot be used.
    #[error("the writer keys cannot be used: {0}")]
    Keys(String),
    /// The entry of the key log may not be added.
    #[error("the entry is refused: {0}")]
    Entry(Refused),
    /// What this node knows is being made again from the store.
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
    /// This process does not write, or not any more.
    #[error("this process does not write for the agency")]
    NotHolder,
}

impl NotWritten {
    /// Whether making the replica again cannot help: somebody has to act.
    pub(super) const fn needs_somebody(&self) -> bool {
        matches!(self, Self::OwnLogDamaged(_) | Self::OwnKeyLogLost | Self::Keys(_))
    }
}

impl Author {
    /// The author at this desk, when there is one.
    pub(crate) const fn new(desk: watch::Receiver<Option<Desk>>) -> Self {
        Self(desk)
    }

    /// Writes puts to the agency's lists, and `own` in the same transaction. When this returns, all of it is on disk.
    pub(crate) async fn write(&self, puts: Vec<Put>, own: Vec<OwnWrite>) -> Result<(), NotWritten> {
        self.happen(Event::Authored(puts), own).await
    }

    /// Adds an entry that its root signed to the agency's key log, and `own` in the same transaction.
    pub(crate) async fn enter(&self, entry: SignedEntry, own: Vec<OwnWrite>) -> Result<(), NotWritten> {
        self.happen(Event::Entered(entry), own).await
    }

    async fn happen(&self, event: Event, own: Vec<OwnWrite>) -> Result<(), NotWritten> {
        let desk = self.0.borrow().clone().ok_or(NotWritten::NotHolder)?;
        let (done, written) = oneshot::channel();
        let writing = Writing { event, own, done };
        desk.writings.send(writing).await.map_err(|_| NotWritten::NotHolder)?;
        drop(desk);
        written.await.map_err(|_| NotWritten::NotHolder)?
    }

    /// Has something looked up in the replica.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<T, NotWritten> {
        let (tell, told) = oneshot::channel();
        let look = move |replica: &Replica| drop(tell.send(look(replica)));
        self.run(Errand::Look(Box::new(look))).await?;
        told.await.map_err(|_| NotWritten::NotHolder)
    }

    /// Has an errand run.
    pub(crate) async fn run(&self, errand: Errand) -> Result<(), NotWritten> {
        let desk = self.0.borrow().clone().ok_or(NotWritten::NotHolder)?;
        desk.errands.send(errand).await.map_err(|_| NotWritten::NotHolder)
    }
}
