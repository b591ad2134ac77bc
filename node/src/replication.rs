//! The replication's driver: one state machine over store, replica and registry.
//!
//! It carries out the effects of [`Replica::handle`] in their order, so that nothing is said before it is on disk.
//!
//! **What a node says is a function of what is on its disk.** While the driver is [`State::Live`], the replica holds what
//! the store holds. After any error of a step that is not known any more: the replica is dropped at once, the registry is
//! frozen as of that moment, and until both are made again from one moment of the store ([`restoring`]) no event is
//! answered, nothing is signed and nothing is written. A commit whose reply was lost is settled by looking for it.
//!
//! It runs in the process that holds the lease ([`crate::lease`]) and ends when that is lost.

mod identity;
mod restoring;

use std::{collections::BTreeMap, time::Duration};

use protocol::{
    Batch, Effect, Event, Hash, Put, Replica, key_log::SignedEntry, log::AgencyLog, replica::Failed, signed::Refused,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

pub(crate) use identity::Identity;
use restoring::RestoredReplica;
pub(crate) use restoring::RestoringProgress;

use crate::{
    clock::Clock,
    health::{Health, ReplicationHealth},
    mirror::Rooms,
    network::{News, Order},
    registry::{Freeze, Registry, SharedRegistry, Standing},
    storage::{Act, OwnWrite, Store, TransactionId, Unavailable, driver_mutant},
};

/// How often the replica is told that time went by.
const TICK: Duration = Duration::from_millis(500);

/// The pause before the store is tried again for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause before the store is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long somebody waits for the outcome of a write whose reply was lost.
const SETTLE_WITHIN: Duration = Duration::from_secs(25);

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
    /// The clock is in doubt, and what is signed says when.
    #[error("this node signs nothing while its clock is in doubt: {0}; see `comity clock`")]
    Clock(String),
    /// This process does not write, or not any more.
    #[error("this process does not write for the agency")]
    NotHolder,
}

impl NotWritten {
    /// Whether making the replica again cannot help: somebody has to act.
    const fn needs_somebody(&self) -> bool {
        matches!(
            self,
            Self::OwnLogDamaged(_) | Self::Keys(_) | Self::Replica(Failed::NoKeyLog)
        )
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

/// What the driver knows of the store.
enum State {
    /// The replica holds what the store holds.
    Live(Box<Replica>),
    /// That is not known, and both are to be made again.
    Lost(Lost),
}

/// A replica that is to be made again.
struct Lost {
    why: String,
    since: Timestamp,
    pause: Duration,
    /// When the store is tried next.
    next: Instant,
    /// The write whose outcome is not known.
    unsettled: Option<Unsettled>,
    /// The attempt that is under way.
    attempt: Option<JoinHandle<Result<RestoredReplica, NotWritten>>>,
    /// The attempts so far.
    attempts: u32,
}

/// A transaction whose commit got no reply.
struct Unsettled {
    id: TransactionId,
    /// Who waits for it, and until when.
    done: Option<(Waiting, Instant)>,
}

/// Who waits for a write.
type Waiting = oneshot::Sender<Result<(), NotWritten>>;

impl Lost {
    fn new(why: String, since: Timestamp, unsettled: Option<Unsettled>) -> Self {
        Self {
            why,
            since,
            pause: FIRST_PAUSE,
            next: Instant::now(),
            unsettled,
            attempt: None,
            attempts: 0,
        }
    }
}

/// What comes of an event.
enum Outcome {
    /// The driver goes on.
    GoesOn,
    /// The lease is another's, or the node stops.
    Ends,
}

/// The replication's task.
pub(crate) struct Replication {
    identity: Identity,
    state: State,
    store: Store,
    registry: SharedRegistry,
    clock: Clock,
    health: Health,
    rng: StdRng,
    writings: mpsc::Receiver<Writing>,
    errands: mpsc::Receiver<Errand>,
    rooms: Rooms,
    news: mpsc::Receiver<News>,
    /// The peers that are there, and whose nodes they are.
    connected: BTreeMap<Hash, Hash>,
    /// How each agency stood, as it was kept last.
    kept: BTreeMap<Hash, Standing>,
    /// The last name of a call to a peer: a replica that is made again uses none of them again.
    last_call: u64,
    /// What the clock was doubted for, as the registry has it.
    clock_doubt: Option<String>,
    /// Whether the store says that the own log was repaired and is to be heard from peers.
    awaits_own_log: bool,
}

impl Replication {
    pub(crate) fn new(
        identity: Identity,
        store: Store,
        registry: SharedRegistry,
        clock: Clock,
        health: Health,
        rooms: Rooms,
        news: mpsc::Receiver<News>,
    ) -> (Self, Desk) {
        let (writers, writings) = mpsc::channel(64);
        let (runners, errands) = mpsc::channel(64);
        let state = State::Lost(Lost::new("the node starts".into(), clock.now(), None));
        let this = Self {
            identity,
            state,
            store,
            registry,
            clock,
            health,
            rng: StdRng::from_rng(&mut rand::rng()),
            writings,
            errands,
            rooms,
            news,
            connected: BTreeMap::new(),
            kept: BTreeMap::new(),
            last_call: 0,
            clock_doubt: None,
            awaits_own_log: false,
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
            let outcome = match &mut self.state {
                State::Live(_) => {
                    self.look_at_the_clock();
                    self.live(&mut tick).await
                }
                State::Lost(_) => self.lost().await,
            };
            if matches!(outcome, Outcome::Ends) {
                return;
            }
        }
    }

    /// Waits for the next event, and carries out what follows from it.
    async fn live(&mut self, tick: &mut tokio::time::Interval) -> Outcome {
        let State::Live(replica) = &mut self.state else {
            return Outcome::GoesOn;
        };
        let (event, own, done) = tokio::select! {
            // Held back until the replica knows how far its own log reaches abroad; with a clock in doubt it is refused.
            writing = self.writings.recv(), if replica.may_write(self.clock.now()) || self.clock_doubt.is_some() => match writing {
                Some(Writing { event, own, done }) => match self.allowed(&event) {
                    Ok(()) => (event, own, Some(done)),
                    Err(refused) => {
                        drop(done.send(Err(refused)));
                        return Outcome::GoesOn;
                    }
                },
                None => return Outcome::Ends,
            },
            Some(errand) = self.errands.recv() => match errand {
                Errand::Look(look) => {
                    look(replica);
                    return Outcome::GoesOn;
                }
                Errand::Happened(event) => (self.note_pins(event), vec![], None),
                Errand::Tell(order) => return self.tell(order).await,
                Errand::AcceptClock(done) => {
                    self.clock.accept();
                    replica.accept_time(self.clock.now());
                    self.look_at_the_clock();
                    let _ = done.send(());
                    (Event::Tick, vec![], None)
                }
            },
            news = self.news.recv() => match news {
                Some(news) => (self.event(news), vec![], None),
                None => return Outcome::Ends,
            },
            _ = tick.tick() => (Event::Tick, vec![], None),
        };
        if done.is_none() && self.writings.is_closed() && self.writings.is_empty() {
            return Outcome::Ends;
        }
        let enters = matches!(event, Event::Entered(_));
        let pins = matches!(event, Event::Pinned(_));
        let outcome = self.step(event, own, done).await;
        if pins && let State::Live(replica) = &self.state {
            // Its log may be here from before.
            self.registry.complete(replica);
        }
        if enters && matches!((&outcome, &self.state), (Outcome::GoesOn, State::Live(_))) {
            self.choose_key();
            // The key that is in use now is heard at once.
            return self.step(Event::Tick, vec![], None).await;
        }
        outcome
    }

    async fn tell(&self, order: Order) -> Outcome {
        match self.order(order).await {
            Ok(()) => Outcome::GoesOn,
            Err(_) => Outcome::Ends,
        }
    }

    /// Whether this may happen to our own log.
    fn allowed(&self, event: &Event) -> Result<(), NotWritten> {
        let State::Live(replica) = &self.state else {
            return Ok(());
        };
        if let Some(doubt) = &self.clock_doubt {
            return Err(NotWritten::Clock(doubt.clone()));
        }
        match event {
            Event::Authored(puts) if !replica.may_put(puts) => Err(NotWritten::NoWriter),
            Event::Entered(entry) => replica.check_entry(entry).map_err(NotWritten::Entry),
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
        let State::Live(replica) = &mut self.state else { return };
        let key_log = replica.logs().get(&self.identity.home).map(AgencyLog::key_log);
        match key_log.map(|key_log| self.identity.writer_keys(key_log)) {
            Some(Ok((key, _))) => replica.use_key(key),
            Some(Err(error)) => tracing::error!(%error, "the writer keys cannot be read; the one in use stays"),
            None => {}
        }
    }

    /// Nothing is signed, and nothing is called fresh, while the clock is in doubt.
    fn look_at_the_clock(&mut self) {
        let State::Live(replica) = &mut self.state else { return };
        let doubt = self.clock.doubt(replica.newest_time(), replica.clocks_of_peers());
        if doubt != self.clock_doubt {
            match &doubt {
                Some(doubt) => {
                    tracing::error!(%doubt, "the clock is in doubt: nothing is signed, and nothing is fresh")
                }
                None => tracing::info!("the clock is believed again"),
            }
            replica.doubt_time(doubt.is_some());
            self.registry.update(|registry| registry.doubt_clock(doubt.clone()));
            self.health.set_clock(doubt.clone());
            self.clock_doubt = doubt;
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

    /// Lets the replica handle an event, and carries out what follows. Who waits for it is answered as soon as it is on
    /// disk; what goes wrong after that is no error of theirs.
    async fn step(&mut self, event: Event, own: Vec<OwnWrite>, done: Option<Waiting>) -> Outcome {
        let now = self.clock.now();
        let State::Live(replica) = &mut self.state else {
            return Outcome::GoesOn;
        };
        let effects = match replica.handle(event, now, &mut self.rng) {
            Ok(effects) => effects,
            Err(failed) => return self.lose(failed.into(), done).await,
        };
        let mut step = Step { own, done, now };
        for effect in effects {
            if let Err(error) = self.carry_out(effect, &mut step).await {
                return self.lose(error, step.done).await;
            }
        }
        if !step.own.is_empty()
            && let Err(error) = self.persist(Batch::default(), &mut step).await
        {
            return self.lose(error, step.done).await;
        }
        if let Some(done) = step.done.take() {
            // Whoever asked may have gone.
            drop(done.send(Ok(())));
        }
        if self.awaits_own_log && matches!(&self.state, State::Live(replica) if replica.knows_own_log()) {
            match self.store.has_own_log().await {
                Ok(()) => self.awaits_own_log = false,
                Err(error) => return self.lose(error.into(), None).await,
            }
        }
        self.tell_health();
        Outcome::GoesOn
    }

    async fn carry_out(&mut self, effect: Effect, step: &mut Step) -> Result<(), NotWritten> {
        match effect {
            Effect::Persist(batch) => self.persist(batch, step).await,
            Effect::Call { peer, call, request } => {
                self.last_call = self.last_call.max(call.0);
                self.order(Order::Call { peer, call, request }).await
            }
            Effect::Answer { call, response } => self.order(Order::Answer { call, response }).await,
            Effect::Forked { agency, pair } => {
                tracing::error!(%agency, one = %pair.0, other = %pair.1, "a writer has two histories");
                let note = format!("{} {}", pair.0, pair.1);
                self.note("replication.fork", agency.to_string(), note).await
            }
            Effect::Disputed { agency, pair } => {
                tracing::error!(%agency, one = %pair.0, other = %pair.1, "the root of an agency signs two histories");
                let note = format!("{} {}", pair.0, pair.1);
                self.note("replication.dispute", agency.to_string(), note).await
            }
            Effect::FalseCheckpoint { agency } => {
                tracing::error!(%agency, "a checkpoint is not what the agency's log says");
                let act = "replication.false_checkpoint";
                self.note(act, agency.to_string(), String::new()).await
            }
            Effect::Quarantined { agency, why } => {
                tracing::error!(%agency, %why, "an agency is in quarantine: nothing of it is fresh here");
                self.note("agency.quarantined", agency.to_string(), why.to_string())
                    .await
            }
            Effect::Deferred { agency, limit } => {
                tracing::error!(%agency, %limit, "no more of an agency is taken in");
                self.note("agency.deferred", agency.to_string(), limit.to_string())
                    .await
            }
            Effect::Released { agency } => {
                tracing::info!(%agency, "an agency is taken in again");
                self.note("agency.released", agency.to_string(), String::new()).await
            }
            Effect::Expel { peer, why, seconds } => {
                tracing::warn!(%peer, %why, seconds, "a peer misbehaved, and is turned away for a while");
                self.note("peer.misbehaved", peer.to_string(), why.to_string()).await?;
                self.turn_away(peer, seconds).await
            }
            Effect::TurnAway { peer, seconds } => self.turn_away(peer, seconds).await,
        }
    }

    /// Writes a batch, takes it into the registry, and tells who waits for it.
    async fn persist(&mut self, batch: Batch, step: &mut Step) -> Result<(), NotWritten> {
        let own = std::mem::take(&mut step.own);
        if driver_mutant!(self.store.faults(), AnswersBeforeTheDisk)
            && let State::Live(replica) = &self.state
        {
            self.registry.apply(&batch, replica);
        }
        self.store.commit_once(&batch, &own, step.now).await?;
        let State::Live(replica) = &self.state else {
            return Ok(());
        };
        self.registry.apply(&batch, replica);
        if let Some(done) = step.done.take() {
            // Whoever asked may have gone; what was written stays written.
            drop(done.send(Ok(())));
        }
        self.keep_standings(step.now).await
    }

    async fn turn_away(&self, peer: Hash, seconds: i64) -> Result<(), NotWritten> {
        let pause = Some(Duration::from_secs(seconds.unsigned_abs()));
        self.order(Order::HangUp { peer, pause }).await
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
        let own = [OwnWrite::Audit(act)];
        Ok(self.store.commit_once(&Batch::default(), &own, at).await?)
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

    fn tell_health(&self) {
        if let State::Live(replica) = &self.state {
            self.health.set_replication(ReplicationHealth::Live {
                last_heartbeat: replica.last_beat(),
                may_write: replica.may_write(self.clock.now()),
                has_writer_key: replica.is_writer(),
            });
        }
    }

    /// Drops the replica, which may hold what the disk does not. From here on nothing is told that is not on disk.
    async fn lose(&mut self, error: NotWritten, done: Option<Waiting>) -> Outcome {
        let since = self.clock.now();
        let ends = matches!(error, NotWritten::Store(Unavailable::Deposed) | NotWritten::NotHolder);
        let why = error.to_string();
        let unsettled = match &error {
            NotWritten::Store(Unavailable::OutcomeUnknown(id)) => Some(*id),
            _ => None,
        };
        // What the home's own lists say is unknown, as long as it is unknown what was written to them.
        let freeze = Freeze {
            moment: self.clock.moment(),
            own_unknown: unsettled.is_some(),
            term_seconds: self.identity.heartbeat_term,
        };
        if !driver_mutant!(self.store.faults(), StaysFresh) {
            self.registry.update(|registry| registry.freeze(Some(freeze)));
        }
        let unsettled = match (unsettled, done) {
            (Some(id), done) => Some(Unsettled {
                id,
                done: done.map(|done| (done, Instant::now() + SETTLE_WITHIN)),
            }),
            (None, done) => {
                if let Some(done) = done {
                    drop(done.send(Err(error)));
                }
                None
            }
        };
        if ends {
            return Outcome::Ends;
        }
        if driver_mutant!(self.store.faults(), KeepsItsReplica) {
            self.registry.update(|registry| registry.freeze(None));
            return Outcome::GoesOn;
        }
        tracing::error!(
            error = why,
            "a step of the replication failed; its replica is made again from the store"
        );
        self.state = State::Lost(Lost::new(why.clone(), since, unsettled));
        self.health.set_replication(ReplicationHealth::Lost { since, why });
        // The old replica's calls are under way on these connections; the peers are met anew.
        for peer in self.connected.keys().copied().collect::<Vec<_>>() {
            if self.order(Order::HangUp { peer, pause: None }).await.is_err() {
                return Outcome::Ends;
            }
        }
        Outcome::GoesOn
    }

    /// Waits until the store can be read again; meanwhile nothing is answered or written.
    async fn lost(&mut self) -> Outcome {
        let State::Lost(lost) = &mut self.state else {
            return Outcome::GoesOn;
        };
        if lost.attempt.is_none() && lost.next <= Instant::now() {
            lost.attempt = Some(tokio::spawn(attempt(
                self.identity.clone(),
                self.store.clone(),
                self.health.clone(),
                self.clock.now(),
                lost.unsettled.as_ref().map(|unsettled| unsettled.id),
                lost.attempts == 0 && lost.unsettled.is_none(),
            )));
        }
        lost.give_up_waiting();
        let why = lost.why.clone();
        let next = lost.next.max(Instant::now() + FIRST_PAUSE);
        tokio::select! {
            restored = ended(&mut lost.attempt) => return self.after_attempt(restored).await,
            () = tokio::time::sleep_until(next) => {}
            writing = self.writings.recv() => match writing {
                Some(Writing { done, .. }) => drop(done.send(Err(NotWritten::Lost(why)))),
                None => return Outcome::Ends,
            },
            Some(errand) = self.errands.recv() => match errand {
                // Who asked for a look is told that there is none.
                Errand::Look(_) => {}
                Errand::AcceptClock(done) => {
                    self.clock.accept();
                    let _ = done.send(());
                }
                Errand::Happened(event) => drop(self.note_pins(event)),
                Errand::Tell(order) => return self.tell(order).await,
            },
            news = self.news.recv() => match news {
                // Only who is there is noted: no question is answered.
                Some(news) => drop(self.event(news)),
                None => return Outcome::Ends,
            },
        }
        Outcome::GoesOn
    }

    async fn after_attempt(&mut self, restored: Result<RestoredReplica, NotWritten>) -> Outcome {
        let State::Lost(lost) = &mut self.state else {
            return Outcome::GoesOn;
        };
        lost.attempt = None;
        lost.attempts += 1;
        match restored {
            Ok(restored) => self.come_back(restored).await,
            Err(NotWritten::Store(Unavailable::Deposed)) => Outcome::Ends,
            Err(error) => {
                lost.next = Instant::now() + lost.pause;
                lost.pause = (lost.pause * 2).min(LONGEST_PAUSE);
                tracing::error!(%error, "the store cannot be used; trying again");
                let why = error.to_string();
                self.health.set_replication(if error.needs_somebody() {
                    ReplicationHealth::Stuck { why: why.clone() }
                } else {
                    let since = lost.since;
                    ReplicationHealth::Lost {
                        since,
                        why: why.clone(),
                    }
                });
                lost.why = why;
                Outcome::GoesOn
            }
        }
    }

    /// Answers again: from a replica and a registry that are of one moment of the store.
    async fn come_back(&mut self, restored: RestoredReplica) -> Outcome {
        let RestoredReplica {
            mut replica,
            settled,
            awaits_own_log,
            ..
        } = restored;
        self.awaits_own_log = awaits_own_log;
        replica.number_calls_from(self.last_call);
        replica.doubt_time(self.clock_doubt.is_some());
        let roster = self.registry.snapshot().roster().clone();
        let made = match Registry::new(roster, &replica) {
            Ok(made) => made,
            Err(broken) => return self.after_attempt_failed(Failed::from(broken).into()),
        };
        self.registry.update(|registry| registry.replace(&made));
        self.registry.tell_of_issuers();
        self.kept.clear();
        let was = std::mem::replace(&mut self.state, State::Live(Box::new(replica)));
        if let State::Lost(Lost {
            unsettled: Some(Unsettled {
                done: Some((done, _)), ..
            }),
            ..
        }) = was
        {
            let outcome = if settled == Some(true) {
                Ok(())
            } else {
                Err(NotWritten::Store(Unavailable::NotCommitted))
            };
            drop(done.send(outcome));
        }
        tracing::info!("the lists are as the store has them");
        self.tell_health();
        for (peer, agency) in self.connected.clone() {
            if matches!(
                self.step(Event::Connected { peer, agency }, vec![], None).await,
                Outcome::Ends
            ) {
                return Outcome::Ends;
            }
        }
        Outcome::GoesOn
    }

    fn after_attempt_failed(&mut self, error: NotWritten) -> Outcome {
        if let State::Lost(lost) = &mut self.state {
            tracing::error!(%error, "the lists cannot be made from the store; trying again");
            lost.why = error.to_string();
            lost.next = Instant::now() + LONGEST_PAUSE;
        }
        Outcome::GoesOn
    }
}

/// One event's own writes, who waits for them, and when it came.
struct Step {
    own: Vec<OwnWrite>,
    done: Option<Waiting>,
    now: Timestamp,
}

impl Lost {
    /// Tells who waited long enough for an outcome that it is unknown.
    fn give_up_waiting(&mut self) {
        let Some(unsettled) = &mut self.unsettled else { return };
        let over = unsettled.done.take_if(|(_, until)| *until <= Instant::now());
        if let Some((done, _)) = over {
            drop(done.send(Err(NotWritten::Store(Unavailable::OutcomeUnknown(unsettled.id)))));
        }
    }
}

/// Settles what is unsettled, then restores, and takes what is damaged out of the store.
async fn attempt(
    identity: Identity,
    store: Store,
    health: Health,
    now: Timestamp,
    unsettled: Option<TransactionId>,
    shows_progress: bool,
) -> Result<RestoredReplica, NotWritten> {
    // First: a transaction that is still under way comes to its end before the store is read.
    let settled = match unsettled {
        Some(id) => Some(store.is_committed(id).await?),
        None => None,
    };
    let tell = |progress| {
        if shows_progress {
            health.set_replication(ReplicationHealth::Restoring(progress));
        }
    };
    let mut restored = identity.restore(&store, &tell).await?;
    if !restored.removals.is_empty() {
        for removal in &restored.removals {
            tracing::error!(
                agency = removal.agency_in_words(),
                damage = removal.note,
                "what the store holds of an agency is damaged: it is taken out and asked of peers again"
            );
        }
        store.take_out(&restored.removals, None, now).await?;
    }
    restored.settled = settled;
    Ok(restored)
}

/// Waits for an attempt that is under way; for ever, if none is.
async fn ended(
    attempt: &mut Option<JoinHandle<Result<RestoredReplica, NotWritten>>>,
) -> Result<RestoredReplica, NotWritten> {
    match attempt {
        None => std::future::pending().await,
        Some(task) => match task.await {
            Ok(restored) => restored,
            Err(panicked) => Err(NotWritten::Lost(panicked.to_string())),
        },
    }
}
