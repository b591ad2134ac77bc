//! Agencies of which something cannot be used here: nothing of them is fresh and no grant of theirs counts, what they took
//! away stays taken away, and everybody else is served as before.

use std::collections::BTreeMap;

use registry_schema::Timestamp;

use super::{Effect, Failed, Replica, Step};
use crate::signed::Hash;

/// The pause before a quarantined agency is tried again, in seconds; then twice as long each time, up to a day.
const FIRST_PAUSE_SECONDS: i64 = 60;
const LONGEST_PAUSE_SECONDS: i64 = 86_400;

/// Why an agency is in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuarantineCause {
    /// Its documents cannot be built from its envelopes.
    #[error("its lists cannot be built: {0}")]
    Document(String),
    /// What the store held of it is damaged; it is asked for again.
    #[error("what the store held of it is damaged: {0}")]
    Stored(String),
}

/// An agency in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Why.
    pub why: QuarantineCause,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub again: Timestamp,
    pause: i64,
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
        }
    }

    fn lengthen(&mut self, now: Timestamp) {
        self.pause = (self.pause * 2).min(LONGEST_PAUSE_SECONDS);
        self.again = now.plus_seconds(self.pause);
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
    /// [`Failed`], if it is this node's own: then nothing can be written any more.
    pub(super) fn inspect(&mut self, agency: Hash, now: Timestamp, step: &mut Step) -> Result<(), Failed> {
        let failure = self.logs.get(&agency).and_then(|log| log.failure()).cloned();
        let Some(failure) = failure else { return Ok(()) };
        if agency == self.settings.home {
            return Err(failure.into());
        }
        if !self.quarantined.contains_key(&agency) {
            let why = QuarantineCause::Document(failure.to_string());
            self.quarantined.insert(agency, Quarantine::new(why.clone(), now));
            step.batch.renewed.insert(agency);
            step.find(Effect::Quarantined { agency, why });
        }
        Ok(())
    }

    /// Tries those again whose pause is over.
    pub(super) fn try_quarantined(&mut self, now: Timestamp, step: &mut Step) -> Result<(), Failed> {
        let due = self
            .quarantined
            .iter()
            .filter(|(_, one)| now >= one.again || now < one.since);
        for agency in due.map(|(agency, _)| *agency).collect::<Vec<_>>() {
            let Some(log) = self.logs.get_mut(&agency) else {
                continue;
            };
            let rows = log.mend()?;
            let is_well = match quarantine_of(&self.quarantined, &agency) {
                Some(QuarantineCause::Stored(_)) => log.freshness().is_some(),
                _ => log.failure().is_none(),
            };
            step.add_rows(log, rows);
            if is_well {
                self.quarantined.remove(&agency);
                step.batch.renewed.insert(agency);
                step.find(Effect::Released { agency });
            } else if let Some(quarantine) = self.quarantined.get_mut(&agency) {
                quarantine.lengthen(now);
            }
        }
        Ok(())
    }
}

fn quarantine_of<'a>(all: &'a BTreeMap<Hash, Quarantine>, agency: &Hash) -> Option<&'a QuarantineCause> {
    all.get(agency).map(|quarantine| &quarantine.why)
}
