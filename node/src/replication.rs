//! The replication's driver: one loop, one `select!`, one match over [`Effect`].
//!
//! It carries out the effects of [`Replica::handle`] in their order, so that nothing is said before it is on disk.
//! If the store fails, the replica in memory may know more than the disk: it is dropped and made again from it.
//! It runs in the process that holds the lease ([`crate::lease`]) and ends when that is lost.

mod identity;

use std::{collections::BTreeMap, time::Duration};

use protocol::{
    Batch, Effect, Event, Hash, Put, Replica, key_log::SignedEntry, log::AgencyLog, replica::Failed, signed::Refused,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use identity::Identity;

use crate::{
    clock::Clock,
    mirror::Rooms,
    network::{News, Order},
    registry::{SharedRegistry, Standing},
    storage::{Act, OwnWrite, Store, Unavailable},
};

/// How often the replica is told that time went by.
const TICK: Duration = Duration::from_millis(500);

/// Asks the replication to write to this agency's own lists, while this process holds the lease.
#[derive(Clone, Debug)]
pub(crate) struct Author(watch::Receiver<Option<Desk>>);

/// Where what is to be done goes, as long as one replication runs.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    writings: mpsc::Sender<Writing>,
    errands: mpsc::Sender<Errand>,
}

pub(crate) struct Writing {
    event: Event,
    own: Vec<OwnWrite>,
    done: oneshot::Sender<Result<(), NotWritten>>,
}

/// What need not wait until this node may write.
pub(crate) enum Errand {
    /// Have a look at the replica.
    Look(Box<dyn FnOnce(&Replica) + Send>),
    /// Something happened that the network does not tell: an agency is pinned, or not any more.
    Happened(Event),
    /// Tell the network something.
    Tell(Order),
}

/// Nothing was written.
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
    /// This process does not write, or not any more.
    #[error("this process does not write for the agency")]
    NotHolder,
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

/// The replication's task.
pub(crate) struct Replication {
    identity: Identity,
    replica: Replica,
    store: Store,
    registry: SharedRegistry,
    clock: Clock,
    rng: StdRng,
    writings: mpsc::Receiver<Writing>,
    errands: mpsc::Receiver<Errand>,
    rooms: Rooms,
    news: mpsc::Receiver<News>,
    /// The peers that are there, and whose nodes they are.
    connected: BTreeMap<Hash, Hash>,
    /// How each agency stood, as it was kept last.
    kept: BTreeMap<Hash, Standing>,
}

impl Replication {
    pub(crate) fn new(
        identity: Identity,
        replica: Replica,
        store: Store,
        registry: SharedRegistry,
        clock: Clock,
        rooms: Rooms,
        news: mpsc::Receiver<News>,
    ) -> (Self, Desk) {
        let (writers, writings) = mpsc::channel(64);
        let (runners, errands) = mpsc::channel(64);
        let rng = StdRng::from_rng(&mut rand::rng());
        let connected = BTreeMap::new();
        let this = Self {
            identity,
            replica,
            store,
            registry,
            clock,
            rng,
            writings,
            errands,
            rooms,
            news,
            connected,
            kept: BTreeMap::new(),
        };
        let desk = Desk {
            writings: writers,
            errands: runners,
        };
        (this, desk)
    }

    /// Runs until nobody can ask for writing any more, or this process does not hold the lease any more.
    pub(crate) async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let (event, writing) = tokio::select! {
                // Held back until the replica knows how far its own log reaches abroad.
                writing = self.writings.recv(), if self.replica.may_write(self.clock.now()) => match writing {
                    Some(Writing { event, own, done }) => match self.allowed(&event) {
                        Ok(()) => (event, Some((own, done))),
                        Err(refused) => {
                            drop(done.send(Err(refused)));
                            continue;
                        }
                    },
                    None => return,
                },
                Some(errand) = self.errands.recv() => match errand {
                    Errand::Look(look) => {
                        look(&self.replica);
                        continue;
                    }
                    Errand::Happened(event) => (self.note_pins(event), None),
                    Errand::Tell(order) => match self.order(order).await {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                },
                news = self.news.recv() => match news {
                    Some(news) => (self.event(news), None),
                    None => return,
                },
                _ = tick.tick() => (Event::Tick, None),
            };
            if writing.is_none() && self.writings.is_closed() && self.writings.is_empty() {
                return;
            }
            let (own, done) = writing.map_or((vec![], None), |(own, done)| (own, Some(done)));
            let enters = matches!(event, Event::Entered(_));
            let pins = matches!(event, Event::Pinned(_));
            let mut result = self.step(event, own).await;
            if pins && result.is_ok() {
                // Its log may be here from before.
                self.registry.complete(&self.replica);
            }
            if enters && result.is_ok() {
                self.choose_key();
                // The key that is in use now is heard at once.
                result = self.step(Event::Tick, vec![]).await;
            }
            let deposed = matches!(result, Err(NotWritten::Store(Unavailable::Deposed)));
            if let Err(error) = &result
                && !deposed
            {
                tracing::error!(%error, "a step of the replication failed; its replica is made again from the store");
                self.start_again().await;
            }
            match done {
                // Whoever asked may have gone; what was written stays written.
                Some(done) => drop(done.send(result)),
                None => drop(result),
            }
            if deposed {
                return;
            }
        }
    }

    /// Whether this may happen to our own log.
    fn allowed(&self, event: &Event) -> Result<(), NotWritten> {
        match event {
            Event::Authored(puts) if !self.replica.may_put(puts) => Err(NotWritten::NoWriter),
            Event::Entered(entry) => self.replica.check_entry(entry).map_err(NotWritten::Entry),
            _ => Ok(()),
        }
    }

    /// A replica that is made again follows the same agencies.
    fn note_pins(&mut self, event: Event) -> Event {
        match event {
            Event::Pinned(agency) => drop(self.identity.pinned.insert(agency)),
            Event::Unpinned(agency) => drop(self.identity.pinned.remove(&agency)),
            _ => return event,
        }
        self.rooms.follow(&self.identity.pinned);
        event
    }

    /// The key log may have added a key that waits here, or ended the one in use.
    fn choose_key(&mut self) {
        let key_log = self.replica.logs().get(&self.identity.home).map(AgencyLog::key_log);
        match key_log.map(|key_log| self.identity.writer_keys(key_log)) {
            Some(Ok((key, _))) => self.replica.use_key(key),
            Some(Err(error)) => tracing::error!(%error, "the writer keys cannot be read; the one in use stays"),
            None => {}
        }
    }

    fn event(&mut self, news: News) -> Event {
        match news {
            News::Connected { peer, agency, via } => {
                self.connected.insert(peer, agency);
                self.registry.set_connected(agency, Some(via));
                Event::Connected { peer, agency }
            }
            News::Disconnected { peer, agency } => {
                self.connected.remove(&peer);
                let another = self.connected.values().any(|other| *other == agency);
                if !another {
                    self.registry.set_connected(agency, None);
                }
                Event::Disconnected(peer)
            }
            News::Asked { peer, call, request } => Event::Asked { peer, call, request },
            News::Answered { peer, call, response } => Event::Answered { peer, call, response },
        }
    }

    async fn step(&mut self, event: Event, mut own: Vec<OwnWrite>) -> Result<(), NotWritten> {
        let now = self.clock.now();
        let effects = self.replica.handle(event, now, &mut self.rng)?;
        for effect in effects {
            match effect {
                Effect::Persist(batch) => {
                    self.store.commit(&batch, &std::mem::take(&mut own), now).await?;
                    self.registry.apply(&batch, &self.replica);
                    self.keep_standings(now).await?;
                }
                Effect::Call { peer, call, request } => self.order(Order::Call { peer, call, request }).await?,
                Effect::Answer { call, response } => self.order(Order::Answer { call, response }).await?,
                Effect::Forked { agency, pair } => {
                    tracing::error!(%agency, one = %pair.0, other = %pair.1, "a writer has two histories");
                    self.note("replication.fork", agency.to_string(), format!("{} {}", pair.0, pair.1))
                        .await?;
                }
                Effect::Disputed { agency, pair } => {
                    tracing::error!(%agency, one = %pair.0, other = %pair.1, "the root of an agency signs two histories");
                    self.note(
                        "replication.dispute",
                        agency.to_string(),
                        format!("{} {}", pair.0, pair.1),
                    )
                    .await?;
                }
                Effect::FalseCheckpoint { agency } => {
                    tracing::error!(%agency, "a checkpoint is not what the agency's log says");
                    self.note("replication.false_checkpoint", agency.to_string(), String::new())
                        .await?;
                }
                Effect::Expel { peer, why } => {
                    tracing::warn!(%peer, %why, "a peer misbehaved");
                    self.note("peer.misbehaved", peer.to_string(), why.to_string()).await?;
                    self.order(Order::HangUp { peer }).await?;
                }
            }
        }
        Ok(())
    }

    async fn note(&self, act: &'static str, subject: String, note: String) -> Result<(), NotWritten> {
        let act = Act {
            at: self.clock.now(),
            who: "node".into(),
            act,
            subject,
            note: Some(note),
        };
        let at = act.at;
        Ok(self
            .store
            .commit(&Batch::default(), &[OwnWrite::Audit(act)], at)
            .await?)
    }

    /// Keeps how the agencies stand now, where what was kept before no longer tells it.
    async fn keep_standings(&mut self, now: Timestamp) -> Result<(), NotWritten> {
        let changed = self.registry.snapshot().standings_since(&self.kept);
        if !changed.is_empty() {
            let written: Vec<(Hash, Vec<u8>)> = changed.iter().map(|one| (one.agency(), one.to_bytes())).collect();
            self.store.keep_standings(now, &written).await?;
            self.kept.extend(changed.into_iter().map(|one| (one.agency(), one)));
        }
        Ok(())
    }

    async fn order(&self, order: Order) -> Result<(), NotWritten> {
        self.rooms.send(order).await.map_err(|_| NotWritten::NotHolder)
    }

    /// Makes the replica again from what is on disk, and ends all connections: the peers are met anew.
    async fn start_again(&mut self) {
        match self.identity.restore(&self.store).await {
            Ok(replica) => self.replica = replica,
            Err(error) => {
                tracing::error!(%error, "the store cannot be read; trying again with the next event");
                return;
            }
        }
        // The old replica's calls are under way on these connections; on new ones, no answer meets a wrong question.
        for peer in self.connected.keys().copied().collect::<Vec<_>>() {
            if self.order(Order::HangUp { peer }).await.is_err() {
                return;
            }
        }
    }
}
