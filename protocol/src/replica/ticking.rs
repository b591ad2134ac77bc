//! The work that is done because time went by.

use registry_schema::Timestamp;

use super::{Replica, ReplicaFailure, StepEffects};

/// The least age of the last heartbeat for another to be signed after a peer was met, in seconds.
const LATELY_SECONDS: i64 = 5;

impl Replica {
    pub(super) fn tick(&mut self, now: Timestamp, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        let due = |last: Option<Timestamp>, every: i64| {
            last.is_none_or(|last| now < last || now.seconds_since(last) >= every)
        };
        self.end_the_wait(now);
        if self.may_write(now) && self.vouches() && self.is_writer() {
            let made = self.make_checkpoint(now, step)?;
            let greets = self.is_to_greet && due(self.last_beat, LATELY_SECONDS);
            // Whom it cannot greet yet, it greets later.
            self.is_to_greet &= !greets;
            if made || greets || due(self.last_beat, self.settings.heartbeat_every) {
                self.beat(now, step)?;
                self.push(vec![], step);
            }
        }
        if due(self.last_expunging, 3600) {
            self.last_expunging = Some(now);
            for log in self.logs.values_mut() {
                step.batch.rewritten.extend(log.expunge(now)?);
            }
        }
        for log in self.logs.values_mut().filter(|log| log.may_have_ready_orphans()) {
            step.settle(log)?;
        }
        for agency in self.logs.keys().copied().collect::<Vec<_>>() {
            self.inspect(agency, now, step)?;
        }
        self.flush_postings(now, step);
        self.try_quarantined(now, step)?;
        self.catch_up(now, step);
        let every = self.settings.exchange_every;
        let sessions = self.sessions.iter();
        let waiting = sessions.filter(|(_, session)| due(session.exchanged, every));
        for peer in waiting.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.exchange(peer, now, step);
        }
        Ok(())
    }
}
