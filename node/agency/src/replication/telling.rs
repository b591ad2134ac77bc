//! The driver's reports to others of how it does.

use protocol::{Replica, replica::ReplicaEvent};
use tokio::sync::oneshot;

use super::{EventOutcome, ReplicaState, Replication, WriteError};
use crate::health::ReplicationHealth;

impl Replication {
    /// Follows the machine's clock from here on, for a person vouches for it. What is dated ahead of it is forgotten on disk
    /// before anything is fresh again.
    pub(super) async fn accept_clock(&mut self, done: oneshot::Sender<Result<(), WriteError>>) -> EventOutcome {
        self.clock.accept();
        let outcome = self.step(ReplicaEvent::ClockAccepted, vec![], None).await;
        let ReplicaState::Live(_) = &self.state else {
            // Who asked is told that it was not done; what is on disk stays in doubt.
            return outcome;
        };
        self.look_at_the_clock();
        drop(done.send(Ok(())));
        match outcome {
            EventOutcome::GoesOn => self.step(ReplicaEvent::Tick, vec![], None).await,
            EventOutcome::Ends => EventOutcome::Ends,
        }
    }

    /// Nothing is signed, and nothing is called fresh, while the clock is in doubt.
    pub(super) fn look_at_the_clock(&mut self) {
        let ReplicaState::Live(replica) = &mut self.state else {
            return;
        };
        let found = self.clock.doubt(replica.newest_time(), replica.clocks_of_peers());
        // What is only being compared alarms nobody.
        let is_found = found.is_some();
        let compares = || "it is being compared with the peers' clocks since the start".to_owned();
        let doubt = found.or_else(|| replica.awaits_witness(self.clock.now()).then(compares));
        if doubt != self.clock_doubt {
            match &doubt {
                Some(doubt) if !is_found => tracing::info!(%doubt, "the clock is not confirmed yet: nothing is signed"),
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

    /// Tells others how the replication does, where that has changed.
    pub(super) fn tell_health(&self) {
        if let ReplicaState::Live(replica) = &self.state {
            let health = self.health_of(replica);
            if !self.registry.snapshot().doubts_store_as(&health) {
                self.registry.update(|registry| registry.doubt_store(&health));
            }
            self.health.set_replication(health);
        }
    }

    /// Returns the health of the replication with this replica.
    pub(super) fn health_of(&self, replica: &Replica) -> ReplicationHealth {
        ReplicationHealth::Live {
            last_heartbeat: replica.last_beat(),
            may_write: replica.may_write(self.clock.now()),
            awaited_words: replica.awaited_words(),
            own_set_aside: replica.own_orphans(),
            is_written_elsewhere: replica.is_written_elsewhere(),
            own_lost: self.identity.durable.lost(&self.identity.home),
            has_writer_key: replica.is_writer(),
        }
    }
}
