//! The replication's driver: one state machine over store, replica and registry.
//!
//! It carries out the effects of [`Replica::handle`] in their order, so that nothing is said before it is on disk.
//!
//! **What a node says is a function of what is on its disk.** While the driver is [`ReplicaState::Live`], the replica holds what
//! the store holds. After any error of a step that is not known any more: the replica is dropped at once, the registry is
//! frozen as of that moment, and until both are made again from one moment of the store ([`restoring`]) no event is
//! answered, nothing is signed and nothing is written. A commit whose reply was lost is settled by looking for it.
//!
//! It runs in the process that holds the lease ([`crate::lease`]) and ends when that is lost.

mod author;
mod durable;
mod identity;
mod lost;
mod restoring;
mod telling;

use std::{collections::BTreeMap, time::Duration};

use protocol::{Hash, Replica, ReplicaEffect, ReplicaEvent, WriteBatch, log::AgencyLog};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::Timestamp;
use tokio::sync::mpsc;

pub use author::{LogVersion, LogWriter, ReplicationCommand, ReplicationHandle, WriteError};
use author::{WriteReply, WriteRequest};
pub use durable::DurableHeads;
pub use identity::NodeIdentity;
use lost::LostReplica;
pub use restoring::RestoringProgress;

use crate::{
    health::Health,
    registry::{LogStatus, SharedRegistry},
};
use platform::clock::Clock;
use storage::{AuditRecord, LocalWrite, Store, driver_mutant};
use transport::{
    mirror::TransportRouter,
    network::{NetworkCommand, NetworkEvent},
};

/// The interval at which the replica is told that time went by.
const TICK: Duration = Duration::from_millis(500);

/// The state of the driver, by what it knows of the store.
enum ReplicaState {
    /// The replica holds what the store holds.
    Live(Box<Replica>),
    /// That is not known, and both are to be made again.
    Lost(LostReplica),
}

/// The outcome of an event.
enum EventOutcome {
    /// The driver goes on.
    GoesOn,
    /// The lease is another's, or the node stops.
    Ends,
}

/// The replication's task.
pub(crate) struct Replication {
    identity: NodeIdentity,
    state: ReplicaState,
    store: Store,
    registry: SharedRegistry,
    clock: Clock,
    health: Health,
    rng: StdRng,
    writings: mpsc::Receiver<WriteRequest>,
    errands: mpsc::Receiver<ReplicationCommand>,
    rooms: TransportRouter,
    news: mpsc::Receiver<NetworkEvent>,
    /// The peers that are there, and whose nodes they are.
    connected: BTreeMap<Hash, Hash>,
    /// The standing of each agency, as it was kept last.
    kept: BTreeMap<Hash, LogStatus>,
    /// The last name of a call to a peer: a replica that is made again uses none of them again.
    last_call: u64,
    /// The doubt about the clock, as the registry has it.
    clock_doubt: Option<String>,
    /// True if the store says that the own log was repaired and is to be heard from peers, or that another process writes to it.
    awaits_own_log: bool,
    /// True if the lists were ever made since this task began.
    was_live: bool,
}

impl Replication {
    pub(crate) fn new(
        identity: NodeIdentity,
        store: Store,
        registry: SharedRegistry,
        clock: Clock,
        health: Health,
        rooms: TransportRouter,
        news: mpsc::Receiver<NetworkEvent>,
    ) -> (Self, ReplicationHandle) {
        let (writers, writings) = mpsc::channel(64);
        let (runners, errands) = mpsc::channel(64);
        let state = ReplicaState::Lost(LostReplica::new("the node starts".into(), clock.now(), None));
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
            was_live: false,
        };
        let desk = ReplicationHandle {
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
                ReplicaState::Live(_) => match self.store.is_the_same() {
                    Ok(()) => {
                        self.look_at_the_clock();
                        self.live(&mut tick).await
                    }
                    Err(another) => self.lose(another.into(), None).await,
                },
                ReplicaState::Lost(_) => self.lost().await,
            };
            if matches!(outcome, EventOutcome::Ends) {
                return;
            }
        }
    }

    /// Waits for the next event, and carries out what follows from it.
    async fn live(&mut self, tick: &mut tokio::time::Interval) -> EventOutcome {
        let ReplicaState::Live(replica) = &mut self.state else {
            return EventOutcome::GoesOn;
        };
        let (event, own, done) = tokio::select! {
            // Held back until the replica knows how far its own log reaches abroad; with a clock in doubt it is refused.
            writing = self.writings.recv(), if replica.may_write(self.clock.now())
                || replica.waits_in_vain(self.clock.now())
                || self.clock_doubt.is_some()
                || self.identity.is_rebuilding => match writing {
                Some(WriteRequest { work, done }) => match self.allowed(work) {
                    Ok(Some((event, own))) => (event, own, Some(done)),
                    Ok(None) => {
                        drop(done.send(self.version()));
                        return EventOutcome::GoesOn;
                    }
                    Err(refused) => {
                        drop(done.send(Err(refused)));
                        return EventOutcome::GoesOn;
                    }
                },
                None => return EventOutcome::Ends,
            },
            Some(errand) = self.errands.recv() => match errand {
                ReplicationCommand::Look(look) => {
                    look(replica);
                    return EventOutcome::GoesOn;
                }
                ReplicationCommand::Happened(event) => (self.note_pins(event), vec![], None),
                ReplicationCommand::Tell(order) => return self.tell(order).await,
                ReplicationCommand::AcceptClock(done) => {
                    return self.accept_clock(done).await;
                }
                ReplicationCommand::AcceptStore(act, done) => {
                    replica.accept_own_log(self.clock.now());
                    return self.accept_store(act, done).await;
                }
            },
            news = self.news.recv() => match news {
                Some(news) => (self.event(news), vec![], None),
                None => return EventOutcome::Ends,
            },
            _ = tick.tick() => (ReplicaEvent::Tick, vec![], None),
        };
        if done.is_none() && self.writings.is_closed() && self.writings.is_empty() {
            return EventOutcome::Ends;
        }
        let enters = matches!(event, ReplicaEvent::Entered(_));
        let pins = matches!(event, ReplicaEvent::Pinned(_));
        let outcome = self.step(event, own, done).await;
        if pins && let ReplicaState::Live(replica) = &self.state {
            // Its log may be here from before.
            self.registry.complete(replica);
        }
        if enters && matches!((&outcome, &self.state), (EventOutcome::GoesOn, ReplicaState::Live(_))) {
            self.choose_key();
            // The key that is in use now is heard at once.
            return self.step(ReplicaEvent::Tick, vec![], None).await;
        }
        outcome
    }

    async fn tell(&self, order: NetworkCommand) -> EventOutcome {
        match self.order(order).await {
            Ok(()) => EventOutcome::GoesOn,
            Err(_) => EventOutcome::Ends,
        }
    }

    /// A replica that is made again follows the same agencies.
    fn note_pins(&mut self, event: ReplicaEvent) -> ReplicaEvent {
        match event {
            ReplicaEvent::Pinned(agency) => drop(self.identity.pinned.insert(agency)),
            ReplicaEvent::Unpinned(agency) => drop(self.identity.pinned.remove(&agency)),
            _ => return event,
        }
        self.rooms.follow(&self.identity.pinned);
        event
    }

    /// The key log may have added a key that waits here, or ended the one in use.
    fn choose_key(&mut self) {
        let ReplicaState::Live(replica) = &mut self.state else {
            return;
        };
        let key_log = replica.logs().get(&self.identity.home).map(AgencyLog::key_log);
        match key_log.map(|key_log| self.identity.writer_keys(key_log)) {
            Some(Ok((key, _))) => replica.use_key(key),
            Some(Err(error)) => tracing::error!(%error, "the writer keys cannot be read; the one in use stays"),
            None => {}
        }
    }

    fn met(&self, peer: Hash, agency: Hash) -> ReplicaEvent {
        match self.rooms.is_mirror(&peer) {
            true => ReplicaEvent::Mirrored { peer, agency },
            false => ReplicaEvent::Connected { peer, agency },
        }
    }

    fn event(&mut self, news: NetworkEvent) -> ReplicaEvent {
        match news {
            NetworkEvent::Connected { peer, agency, via } => {
                self.connected.insert(peer, agency);
                self.registry.set_connected(agency, via);
                self.met(peer, agency)
            }
            NetworkEvent::Disconnected {
                peer,
                agency,
                turned_away,
            } => {
                self.connected.remove(&peer);
                let another = self.connected.values().any(|other| *other == agency);
                if !another {
                    self.registry.set_disconnected(agency, turned_away);
                }
                ReplicaEvent::Disconnected(peer)
            }
            NetworkEvent::Asked { peer, call, request } => ReplicaEvent::Asked { peer, call, request },
            NetworkEvent::Answered { peer, call, response } => ReplicaEvent::Answered { peer, call, response },
        }
    }

    /// Lets the replica handle an event, and carries out what follows. Who waits for it is answered as soon as it is on
    /// disk; what goes wrong after that is no error of theirs.
    async fn step(&mut self, event: ReplicaEvent, own: Vec<LocalWrite>, done: Option<WriteReply>) -> EventOutcome {
        let now = self.clock.now();
        let ReplicaState::Live(replica) = &mut self.state else {
            return EventOutcome::GoesOn;
        };
        let effects = match replica.handle(event, now, &mut self.rng) {
            Ok(effects) => effects,
            Err(failed) => return self.lose(failed.into(), done).await,
        };
        let mut step = EventWrites { own, done, now };
        for effect in effects {
            if let Err(error) = self.carry_out(effect, &mut step).await {
                return self.lose(error, step.done).await;
            }
        }
        if !step.own.is_empty()
            && let Err(error) = self.persist(WriteBatch::default(), &mut step).await
        {
            return self.lose(error, step.done).await;
        }
        if let Some(done) = step.done.take() {
            // Whoever asked may have gone.
            drop(done.send(self.version()));
        }
        if self.awaits_own_log && matches!(&self.state, ReplicaState::Live(replica) if replica.knows_own_log()) {
            match self.store.has_own_log().await {
                Ok(()) => self.awaits_own_log = false,
                Err(error) => return self.lose(error.into(), None).await,
            }
        }
        self.look_for_what_was_lost();
        self.tell_health();
        EventOutcome::GoesOn
    }

    async fn carry_out(&mut self, effect: ReplicaEffect, step: &mut EventWrites) -> Result<(), WriteError> {
        match effect {
            ReplicaEffect::Persist(batch) => self.persist(batch, step).await,
            ReplicaEffect::Call { peer, call, request } => {
                self.last_call = self.last_call.max(call.0);
                self.order(NetworkCommand::Call { peer, call, request }).await
            }
            ReplicaEffect::Answer { call, response } => self.order(NetworkCommand::Answer { call, response }).await,
            ReplicaEffect::Forked { agency, pair } => {
                tracing::error!(%agency, one = %pair.0, other = %pair.1, "a writer has two histories");
                let note = format!("{} {}", pair.0, pair.1);
                self.note("replication.fork", agency.to_string(), note).await
            }
            ReplicaEffect::Disputed { agency, pair } => {
                tracing::error!(%agency, one = %pair.0, other = %pair.1, "the root of an agency signs two histories");
                let note = format!("{} {}", pair.0, pair.1);
                self.note("replication.dispute", agency.to_string(), note).await
            }
            ReplicaEffect::FalseCheckpoint { agency } => {
                tracing::error!(%agency, "a checkpoint is not what the agency's log says");
                let act = "replication.false_checkpoint";
                self.note(act, agency.to_string(), String::new()).await
            }
            ReplicaEffect::Quarantined { agency, why } => {
                tracing::error!(%agency, %why, "an agency is in quarantine: nothing of it is fresh here");
                self.note("agency.quarantined", agency.to_string(), why.to_string())
                    .await
            }
            ReplicaEffect::Deferred { agency, limit } => {
                tracing::error!(%agency, %limit, "no more of an agency is taken in");
                self.note("agency.deferred", agency.to_string(), limit.to_string())
                    .await
            }
            ReplicaEffect::WrittenElsewhere { envelope } => {
                tracing::error!(
                    %envelope,
                    "another process writes with this node's writer key: this node writes and signs nothing any more, until an operator \
                     has stopped the other one and vouched for the store (`comity store accept`)"
                );
                self.awaits_own_log = true;
                self.note("replication.written_elsewhere", envelope.to_string(), String::new())
                    .await
            }
            ReplicaEffect::Released { agency } => {
                tracing::info!(%agency, "an agency is taken in again");
                self.note("agency.released", agency.to_string(), String::new()).await
            }
            ReplicaEffect::Expel { peer, why, seconds } => {
                tracing::warn!(%peer, %why, seconds, "a peer misbehaved, and is turned away for a while");
                self.note("peer.misbehaved", peer.to_string(), why.to_string()).await?;
                self.turn_away(peer, seconds).await
            }
            ReplicaEffect::TurnAway { peer, seconds } => self.turn_away(peer, seconds).await,
        }
    }

    /// Writes a batch, takes it into the registry, and tells who waits for it.
    async fn persist(&mut self, batch: WriteBatch, step: &mut EventWrites) -> Result<(), WriteError> {
        let own = std::mem::take(&mut step.own);
        if driver_mutant!(self.store.faults(), AnswersBeforeTheDisk)
            && let ReplicaState::Live(replica) = &self.state
        {
            self.registry.apply(&batch, replica);
        }
        self.store.commit_once(&batch, &own, step.now).await?;
        let ReplicaState::Live(replica) = &self.state else {
            return Ok(());
        };
        self.identity.durable.note(&batch, replica);
        self.registry.apply(&batch, replica);
        if let Some(done) = step.done.take() {
            // Whoever asked may have gone; what was written stays written.
            drop(done.send(Ok(LogVersion::of(replica, self.identity.home))));
        }
        self.keep_standings(step.now).await
    }

    async fn turn_away(&self, peer: Hash, seconds: i64) -> Result<(), WriteError> {
        let pause = Some(Duration::from_secs(seconds.unsigned_abs()));
        self.order(NetworkCommand::HangUp { peer, pause }).await
    }

    async fn note(&self, act: &'static str, subject: String, note: String) -> Result<(), WriteError> {
        let act = AuditRecord {
            at: self.clock.now(),
            who: "node".into(),
            act,
            subject,
            note: Some(note),
        };
        let at = act.at;
        let own = [LocalWrite::Audit(act)];
        Ok(self.store.commit_once(&WriteBatch::default(), &own, at).await?)
    }

    /// Keeps how the agencies stand now, where what was kept before no longer tells it.
    async fn keep_standings(&mut self, now: Timestamp) -> Result<(), WriteError> {
        let changed = self.registry.snapshot().standings_since(&self.kept);
        if !changed.is_empty() {
            let written: Vec<(Hash, Vec<u8>)> = changed.iter().map(|one| (one.agency(), one.to_bytes())).collect();
            self.store.keep_standings(now, &written).await?;
            self.kept.extend(changed.into_iter().map(|one| (one.agency(), one)));
        }
        Ok(())
    }

    async fn order(&self, order: NetworkCommand) -> Result<(), WriteError> {
        self.rooms.send(order).await.map_err(|_| WriteError::NotHolder)
    }
}

/// One event's own writes, who waits for them, and when it came.
struct EventWrites {
    own: Vec<LocalWrite>,
    done: Option<WriteReply>,
    now: Timestamp,
}
