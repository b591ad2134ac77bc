//! The driver while it is not known whether the replica holds what is on disk: it waits until both can be made again.

use std::time::Duration;

use protocol::{
    ReplicaEvent,
    replica::{AskedAgencies, ReplicaFailure},
};
use registry_schema::Timestamp;
use tokio::{task::JoinHandle, time::Instant};

use super::{
    EventOutcome, NodeIdentity, ReplicaState, Replication, ReplicationCommand, WriteError,
    author::{WriteReply, WriteRequest},
    restoring::RestoredReplica,
};
use crate::{
    health::{Health, ReplicationHealth},
    registry::{Freeze, Registry},
};
use storage::{LocalWrite, SchemaGap, Store, StoreError, TransactionId, driver_mutant};
use transport::network::NetworkCommand;

/// The pause before the store is tried again for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause before the store is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause before a store that lacks a table is looked at again, by one query.
const GAP_PAUSE: Duration = Duration::from_secs(1);

/// The longest that somebody waits for the outcome of a write whose reply was lost.
const SETTLE_WITHIN: Duration = Duration::from_secs(25);

/// A replica that is to be made again.
pub(super) struct LostReplica {
    why: String,
    /// The table or column that the store lacks, if that is why.
    lacks: Option<SchemaGap>,
    since: Timestamp,
    pause: Duration,
    /// The moment at which the store is tried next.
    next: Instant,
    /// The write whose outcome is not known.
    unsettled: Option<UnsettledTransaction>,
    /// The attempt that is under way.
    attempt: Option<JoinHandle<Result<RestoredReplica, WriteError>>>,
    /// The attempts so far.
    attempts: u32,
}

/// A transaction whose commit got no reply.
pub(super) struct UnsettledTransaction {
    id: TransactionId,
    /// The one who waits for it, and until when.
    done: Option<(WriteReply, Instant)>,
}

impl LostReplica {
    pub(super) fn new(why: String, since: Timestamp, unsettled: Option<UnsettledTransaction>) -> Self {
        Self {
            why,
            lacks: None,
            since,
            pause: FIRST_PAUSE,
            next: Instant::now(),
            unsettled,
            attempt: None,
            attempts: 0,
        }
    }
}

impl Replication {
    /// Drops the replica, which may hold what the disk does not. From here on nothing is told that is not on disk.
    pub(super) async fn lose(&mut self, error: WriteError, done: Option<WriteReply>) -> EventOutcome {
        let since = self.clock.now();
        let ends = matches!(error, WriteError::Store(StoreError::Deposed) | WriteError::NotHolder);
        let why = error.to_string();
        let lacks = error.schema_gap().cloned();
        let unsettled = match &error {
            WriteError::Store(StoreError::OutcomeUnknown(id)) => Some(*id),
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
            (Some(id), done) => Some(UnsettledTransaction {
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
            return EventOutcome::Ends;
        }
        if driver_mutant!(self.store.faults(), KeepsItsReplica) {
            self.registry.update(|registry| registry.freeze(None));
            return EventOutcome::GoesOn;
        }
        tracing::error!(
            error = why,
            "a step of the replication failed; its replica is made again from the store"
        );
        self.state = ReplicaState::Lost(LostReplica {
            lacks,
            ..LostReplica::new(why.clone(), since, unsettled)
        });
        self.health.set_replication(ReplicationHealth::Lost { since, why });
        // The old replica's calls are under way on these connections; the peers are met anew.
        for peer in self.connected.keys().copied().collect::<Vec<_>>() {
            if self.order(NetworkCommand::HangUp { peer, pause: None }).await.is_err() {
                return EventOutcome::Ends;
            }
        }
        EventOutcome::GoesOn
    }

    /// Waits until the store can be read again; meanwhile nothing is answered or written.
    pub(super) async fn lost(&mut self) -> EventOutcome {
        let ReplicaState::Lost(lost) = &mut self.state else {
            return EventOutcome::GoesOn;
        };
        if self.writings.is_closed() {
            return EventOutcome::Ends;
        }
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
        let refusal = lost.refusal();
        let next = lost.next.max(Instant::now() + FIRST_PAUSE);
        tokio::select! {
            restored = ended(&mut lost.attempt) => return self.after_attempt(restored).await,
            () = tokio::time::sleep_until(next) => {}
            // Before it answers for the first time, who writes waits; later, who writes is told.
            writing = self.writings.recv(), if self.was_live => match writing {
                Some(WriteRequest { done, .. }) => drop(done.send(Err(refusal))),
                None => return EventOutcome::Ends,
            },
            Some(errand) = self.errands.recv(), if self.was_live => match errand {
                // Who asked for a look is told that there is none.
                ReplicationCommand::Look(_) => {}
                // What is dated ahead could not be forgotten now.
                ReplicationCommand::AcceptClock(done) => drop(done.send(Err(refusal))),
                ReplicationCommand::AcceptStore(_, done) => drop(done.send(Err(refusal))),
                ReplicationCommand::Happened(event) => drop(self.note_pins(event)),
                ReplicationCommand::Tell(order) => return self.tell(order).await,
            },
            news = self.news.recv() => match news {
                // Only who is there is noted: no question is answered.
                Some(news) => drop(self.event(news)),
                None => return EventOutcome::Ends,
            },
        }
        EventOutcome::GoesOn
    }

    async fn after_attempt(&mut self, restored: Result<RestoredReplica, WriteError>) -> EventOutcome {
        let ReplicaState::Lost(lost) = &mut self.state else {
            return EventOutcome::GoesOn;
        };
        lost.attempt = None;
        lost.attempts += 1;
        match restored {
            Ok(restored) => self.come_back(restored).await,
            Err(WriteError::Store(StoreError::Deposed)) => EventOutcome::Ends,
            Err(error) => {
                lost.next = Instant::now() + lost.pause;
                let longest = error.schema_gap().map_or(LONGEST_PAUSE, |_| GAP_PAUSE);
                lost.pause = (lost.pause * 2).min(longest);
                let why = error.to_string();
                // What is looked for so often is told once.
                if error.schema_gap().is_none() || why != lost.why {
                    tracing::error!(%error, "the store cannot be used; trying again");
                }
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
                lost.lacks = error.schema_gap().cloned();
                EventOutcome::GoesOn
            }
        }
    }

    /// Answers again: from a replica and a registry that are of one moment of the store.
    async fn come_back(&mut self, restored: RestoredReplica) -> EventOutcome {
        let RestoredReplica {
            mut replica,
            settled,
            awaits_own_log,
            ..
        } = restored;
        self.awaits_own_log = awaits_own_log;
        let followed = !std::mem::replace(&mut self.was_live, true);
        replica.number_calls_from(self.last_call);
        replica.begin(self.clock.now());
        if followed && self.registry.snapshot().lacks_own() {
            // What this process was told while it followed another one still counts.
            replica.await_own_log(AskedAgencies::Holders);
        }
        // Before anybody is answered: what this process doubted while it followed another one is looked at anew.
        let doubt = self.clock.doubt(replica.newest_time(), replica.clocks_of_peers());
        replica.doubt_time(doubt.is_some());
        // What a write met before this is looked at now.
        let _ = self.store.went_back();
        self.identity.durable.note_all(&replica);
        let roster = self.registry.snapshot().roster().clone();
        let made = match Registry::new(roster, &replica) {
            Ok(made) => made,
            Err(broken) => return self.after_attempt_failed(ReplicaFailure::from(broken).into()),
        };
        let health = self.health_of(&replica);
        self.registry.update(|registry| {
            registry.replace(&made);
            registry.doubt_store(&health);
            registry.doubt_clock(doubt.clone());
        });
        self.health.set_clock(doubt.clone());
        if let Some(doubt) = &doubt {
            tracing::error!(%doubt, "the clock is in doubt: nothing is signed, and nothing is fresh");
        }
        self.clock_doubt = doubt;
        self.registry.notify_issuers();
        self.kept.clear();
        let was = std::mem::replace(&mut self.state, ReplicaState::Live(Box::new(replica)));
        if let ReplicaState::Lost(LostReplica {
            unsettled: Some(UnsettledTransaction {
                done: Some((done, _)), ..
            }),
            ..
        }) = was
        {
            let outcome = if settled == Some(true) {
                self.version()
            } else {
                Err(WriteError::Store(StoreError::NotCommitted))
            };
            drop(done.send(outcome));
        }
        tracing::info!("the lists are as the store has them");
        self.tell_health();
        for (peer, agency) in self.connected.clone() {
            if matches!(
                self.step(self.met(peer, agency), vec![], None).await,
                EventOutcome::Ends
            ) {
                return EventOutcome::Ends;
            }
        }
        EventOutcome::GoesOn
    }

    fn after_attempt_failed(&mut self, error: WriteError) -> EventOutcome {
        if let ReplicaState::Lost(lost) = &mut self.state {
            tracing::error!(%error, "the lists cannot be made from the store; trying again");
            lost.why = error.to_string();
            lost.next = Instant::now() + LONGEST_PAUSE;
        }
        EventOutcome::GoesOn
    }

    /// Goes on from a store for which an operator vouched, with a heartbeat, and tells who waits for that.
    pub(super) async fn accept_store(&mut self, act: LocalWrite, done: WriteReply) -> EventOutcome {
        let outcome = self.step(ReplicaEvent::Tick, vec![act], None).await;
        // Where it could not be written down, nobody has vouched. Who asked is told once the node says so too.
        let said = match &self.state {
            ReplicaState::Live(_) => {
                self.identity.durable.give_up(&self.identity.home);
                self.tell_health();
                self.version()
            }
            ReplicaState::Lost(lost) => Err(lost.refusal()),
        };
        drop(done.send(said));
        outcome
    }

    /// Knows our own lists again once all is here that a store came back without.
    pub(super) fn look_for_what_was_lost(&mut self) {
        let ReplicaState::Live(replica) = &self.state else {
            return;
        };
        let (durable, home) = (&self.identity.durable, &self.identity.home);
        if durable.lost(home) > 0 && durable.regain(home, replica) == 0 {
            tracing::info!("what the store had lost of the own log is here again");
        }
    }
}

impl LostReplica {
    /// Returns the refusal of whoever would write.
    pub(super) fn refusal(&self) -> WriteError {
        match &self.lacks {
            Some(gap) => WriteError::Store(StoreError::SchemaIncomplete(gap.clone())),
            None => WriteError::Lost(self.why.clone()),
        }
    }

    /// Tells who waited long enough for an outcome that it is unknown.
    fn give_up_waiting(&mut self) {
        let Some(unsettled) = &mut self.unsettled else { return };
        let over = unsettled.done.take_if(|(_, until)| *until <= Instant::now());
        if let Some((done, _)) = over {
            drop(done.send(Err(WriteError::Store(StoreError::OutcomeUnknown(unsettled.id)))));
        }
    }
}

/// Settles what is unsettled, waits until the store takes writes, then restores, and takes what is damaged out of the store.
/// Without writes nothing would be live but in name, and what a store shows that takes none may be of another time: that of a
/// standby, or of a server whose end was not seen.
async fn attempt(
    identity: NodeIdentity,
    store: Store,
    health: Health,
    now: Timestamp,
    unsettled: Option<TransactionId>,
    shows_progress: bool,
) -> Result<RestoredReplica, WriteError> {
    // A file that has no name any more is kept before anything else.
    store.rescue().await?;
    // What is asked of it below need not touch all of its tables.
    store.check_schema().await?;
    store.has_its_schema()?;
    // A transaction that is still under way comes to its end before the store is read.
    let settled = match unsettled {
        Some(id) => Some(store.is_committed(id).await?),
        None => None,
    };
    store.takes_writes().await?;
    let tell = |progress| {
        if shows_progress {
            health.set_replication(ReplicationHealth::Restoring(progress));
        }
    };
    let mut restored = identity.restore(&store, now, &tell).await?;
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
    attempt: &mut Option<JoinHandle<Result<RestoredReplica, WriteError>>>,
) -> Result<RestoredReplica, WriteError> {
    match attempt {
        None => std::future::pending().await,
        Some(task) => match task.await {
            Ok(restored) => restored,
            Err(panicked) => Err(WriteError::Lost(panicked.to_string())),
        },
    }
}
