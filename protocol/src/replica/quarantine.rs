//! Agencies of which something cannot be used here: nothing of them is fresh and no grant of theirs counts, what they took
//! away stays taken away, and everybody else is served as before.
//!
//! A quarantine is written with what it follows from, and read again at each start: a restart lifts none. It ends when what
//! it was for is over: the documents can be built, or all that was damaged is known again ([`Quarantine::is_over`]).

use std::collections::{BTreeMap, btree_map::Entry};

use registry_schema::Timestamp;

use super::{Replica, ReplicaEffect, ReplicaFailure, StepEffects};
use crate::{log::AgencyLog, signed::Hash};

/// The pause before a quarantined agency is tried again, in seconds; then twice as long each time, up to a day.
const FIRST_PAUSE_SECONDS: i64 = 60;
const LONGEST_PAUSE_SECONDS: i64 = 86_400;

/// The cause of an agency's quarantine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuarantineCause {
    /// Its documents cannot be built from its envelopes.
    #[error("its lists cannot be built: {0}")]
    Document(String),
    /// Damage to what the store held of it; that is asked for again.
    #[error("what the store held of it is damaged: {0}")]
    Stored(String),
}

/// An agency in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// The cause.
    pub why: QuarantineCause,
    /// Since when.
    pub since: Timestamp,
    /// The time at which it is tried again.
    pub again: Timestamp,
    /// The seconds between the last try and the next.
    pub pause: i64,
    /// True if its newest word may be among what was damaged, so that older words of it say nothing: every writer is to be
    /// heard again from after the quarantine began.
    pub lost_word: bool,
}

impl Quarantine {
    /// A quarantine that begins now.
    #[must_use]
    pub const fn new(why: QuarantineCause, now: Timestamp) -> Self {
        Self {
            why,
            since: now,
            again: now.plus_seconds(FIRST_PAUSE_SECONDS),
            pause: FIRST_PAUSE_SECONDS,
            lost_word: false,
        }
    }

    fn lengthen(&mut self, now: Timestamp) {
        self.pause = (self.pause * 2).min(LONGEST_PAUSE_SECONDS);
        self.again = now.plus_seconds(self.pause);
    }

    /// Returns true if it is to be tried now. What peers give of a damaged log ends its quarantine at once; building documents
    /// again is work, so that comes after a pause.
    fn is_due(&self, now: Timestamp) -> bool {
        let pause_is_over = now >= self.again || now < self.since;
        matches!(self.why, QuarantineCause::Stored(_)) || pause_is_over
    }

    /// Returns true if its cause is over.
    fn is_over(&self, log: &AgencyLog) -> bool {
        match &self.why {
            QuarantineCause::Document(_) => log.failure().is_none(),
            QuarantineCause::Stored(_) => {
                let again = |writer| {
                    log.counted_of(writer)
                        .is_some_and(|word| word.get().issued >= self.since)
                };
                log.would_be_fresh() && (!self.lost_word || log.key_log().writers().iter().all(again))
            }
        }
    }
}

impl Replica {
    /// The agencies in quarantine.
    #[must_use]
    pub const fn quarantined(&self) -> &BTreeMap<Hash, Quarantine> {
        &self.quarantined
    }

    /// Puts an agency into quarantine if its log says that it cannot be built.
    ///
    /// # Errors
    /// [`ReplicaFailure`], if it is this node's own: then nothing can be written any more.
    pub(super) fn inspect(
        &mut self,
        agency: Hash,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let Some(log) = self.logs.get_mut(&agency) else {
            return Ok(());
        };
        let Some(failure) = log.failure() else { return Ok(()) };
        if agency == self.settings.home {
            return Err(failure.clone().into());
        }
        if let Entry::Vacant(free) = self.quarantined.entry(agency) {
            let why = QuarantineCause::Document(failure.to_string());
            let quarantine = Quarantine::new(why.clone(), now);
            log.hold_back(true);
            free.insert(quarantine.clone());
            step.batch.quarantined.insert(agency, Some(quarantine));
            step.batch.renewed.insert(agency);
            step.find(ReplicaEffect::Quarantined { agency, why });
        }
        Ok(())
    }

    /// Tries those again that are due.
    pub(super) fn try_quarantined(&mut self, now: Timestamp, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        let due = self.quarantined.iter().filter(|(_, one)| one.is_due(now));
        for agency in due.map(|(agency, _)| *agency).collect::<Vec<_>>() {
            let (Some(log), Some(quarantine)) = (self.logs.get_mut(&agency), self.quarantined.get_mut(&agency)) else {
                continue;
            };
            if matches!(quarantine.why, QuarantineCause::Document(_)) {
                let rows = log.mend()?;
                step.add_rows(log, rows);
            }
            if quarantine.is_over(log) {
                log.hold_back(false);
                self.quarantined.remove(&agency);
                step.batch.quarantined.insert(agency, None);
                step.batch.renewed.insert(agency);
                step.find(ReplicaEffect::Released { agency });
            } else if matches!(quarantine.why, QuarantineCause::Document(_)) {
                quarantine.lengthen(now);
                step.batch.quarantined.insert(agency, Some(quarantine.clone()));
            }
        }
        Ok(())
    }
}
