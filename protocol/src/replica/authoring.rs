//! The writing of this node itself: envelopes, key-log entries, heartbeats, checkpoints, countersignatures.

use std::collections::BTreeMap;

use registry_schema::Timestamp;

use super::{Hash, NewestCheckpoints, Replica, ReplicaFailure, StepEffects};
use crate::{
    checkpoint::{self, Checkpoint, Countersignature},
    cosigned::Cosigned,
    document::DocumentRow,
    envelope::{DocumentId, Envelope, MAX_PARENTS, Put, SignedEnvelope},
    heartbeat::Heartbeat,
    introduction::{Introduction, MAX_TICKETS},
    key_log::{KeyLogAct, KeyLogEntry},
    log::AgencyLog,
    message::SyncRequest,
    session::PendingRequest,
    signed::{InvalidStatement, PublicKey, Signed, SigningKey, Verified},
};

impl Replica {
    pub(super) fn author(
        &mut self,
        puts: Vec<Put>,
        now: Timestamp,
        rng: &mut dyn rand::Rng,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let log = self.logs.get_mut(&self.settings.home).ok_or(ReplicaFailure::NoKeyLog)?;
        let next = log.next_for(&self.settings.key.public());
        let envelope = Envelope::seal(&self.settings.key, log.key_log(), next, now, puts, rng)?;
        let pushed = vec![envelope.signed()];
        step.keep(log, envelope)??;
        step.settle(log)?;
        let home = self.settings.home;
        self.note_written();
        self.inspect(home, now, step)?;
        self.beat(now, step)?;
        self.push(pushed, step);
        Ok(())
    }

    /// An introduction of these, signed with this replica's key; none, if the key may not write.
    #[must_use]
    pub fn introduce(&self, tickets: Vec<String>, now: Timestamp) -> Option<Signed<Introduction>> {
        let log = self.logs.get(&self.settings.home).filter(|_| self.is_writer())?;
        let signed = self.settings.key.sign(&Introduction {
            version: 1,
            agency: self.settings.home,
            writer: self.settings.key.public(),
            key_log: log.key_log().head(),
            at: now,
            tickets: tickets.into_iter().take(MAX_TICKETS).collect(),
        });
        Some(signed.ok()?.signed().clone())
    }

    /// Returns true if the key log lets this replica's key put all of this.
    #[must_use]
    pub fn may_put(&self, puts: &[Put]) -> bool {
        let Some(log) = self.logs.get(&self.settings.home) else {
            return false;
        };
        let key = self.settings.key.public();
        let mut live = log.key_log().authority().live_writers();
        let scope = live.find(|(writer, _)| **writer == key).map(|(_, scope)| scope);
        scope.is_some_and(|scope| puts.iter().all(|put| scope.holds(&put.document)))
    }

    /// Checks that an entry may be added to this agency's own key log: it follows the last one, its root signed it, and
    /// the envelopes that it names are here.
    ///
    /// # Errors
    /// [`InvalidStatement`], if it may not.
    pub fn check_entry(&self, entry: &Cosigned<KeyLogEntry>) -> Result<(), InvalidStatement> {
        let log = self.logs.get(&self.settings.home).ok_or(InvalidStatement::Authority)?;
        let claim = entry.claim()?;
        if claim.previous != Some(log.key_log().head()) {
            return Err(InvalidStatement::Rule(
                "the entry follows another one than the key log's last: it was made before the log grew, or for another agency",
            ));
        }
        if let KeyLogAct::WriterEnded { last, .. } | KeyLogAct::WriterScoped { last, .. } = &claim.act
            && !last.iter().all(|hash| log.holds(hash))
        {
            return Err(InvalidStatement::Rule(
                "the entry names a last envelope that is not here",
            ));
        }
        log.key_log().clone().add(entry.clone()).map(drop)
    }

    /// The rows that would alter if the root did this, `(before, after)`: among them those that it un-revokes. One that
    /// would be gone has no values after.
    ///
    /// # Errors
    /// [`ReplicaFailure`], if the act breaks a rule, or the log cannot be built again.
    pub fn consequences(&self, act: &KeyLogAct) -> Result<Vec<(DocumentRow, DocumentRow)>, ReplicaFailure> {
        let log = self.logs.get(&self.settings.home).ok_or(ReplicaFailure::NoKeyLog)?;
        let rows = log.rows_after(log.key_log().simulate(act)?)?;
        let after: BTreeMap<(&DocumentId, &str), &DocumentRow> = rows
            .iter()
            .map(|row| ((&row.document, row.key.as_str()), row))
            .collect();
        let pair = |before: DocumentRow| {
            let row = after.get(&(&before.document, before.key.as_str()));
            let gone = || DocumentRow {
                values: vec![],
                ..before.clone()
            };
            let after = row.map_or_else(gone, |row| (*row).clone());
            (after != before).then_some((before, after))
        };
        Ok(log.rows()?.into_iter().filter_map(pair).collect())
    }

    pub(super) fn enter(
        &mut self,
        entry: Cosigned<KeyLogEntry>,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let home = self.settings.home;
        let log = self.logs.get_mut(&home).ok_or(ReplicaFailure::NoKeyLog)?;
        let (rows, lot) = log.add_entries(vec![entry])?;
        if let Some(refused) = lot.refused {
            return Err(refused.into());
        }
        if lot.any {
            step.key_log_grew(log, rows);
        }
        self.inspect(home, now, step)?;
        if self.is_writer() {
            self.beat(now, step)?;
            self.push(vec![], step);
        } else {
            // Nobody here may sign a heartbeat; peers hear of the entry by the exchange.
            self.exchange_with_all(now, step);
        }
        Ok(())
    }

    /// Signs a heartbeat for the log as it is now, with every key that is here and has not ended: the agency is only as
    /// fresh as the oldest of them.
    pub(super) fn beat(&mut self, now: Timestamp, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        if !self.vouches() {
            return Ok(());
        }
        let home = self.settings.home;
        let log = self.logs.get_mut(&home).ok_or(ReplicaFailure::NoKeyLog)?;
        let live = log.key_log().writers();
        let keys = [&self.settings.key].into_iter().chain(&self.settings.former_keys);
        for key in keys.filter(|key| live.contains(&key.public())) {
            let heartbeat = Self::heartbeat(key, log, &self.checkpoints, self.settings.heartbeat_term, now)?;
            log.hear(heartbeat.clone(), heartbeat.get().issued);
            step.batch.heartbeats.push(heartbeat);
        }
        self.last_beat = Some(now);
        Ok(())
    }

    fn heartbeat(
        key: &SigningKey,
        log: &AgencyLog,
        checkpoints: &NewestCheckpoints,
        term: i64,
        now: Timestamp,
    ) -> Result<Verified<Heartbeat>, InvalidStatement> {
        // Strictly later than the last, even if the clock stood still or went back: of two, the newer counts.
        let home = log.key_log().genesis();
        let writer = key.public();
        let last = log.counted_of(&writer).map(|h| h.get().issued);
        let issued = last.map_or(now, |last| now.max(Timestamp(last.0 + 1)));
        let own = |(checkpoint, _): &&(Verified<Checkpoint>, _)| checkpoint.get().writer == writer;
        key.sign(&Heartbeat {
            version: 1,
            agency: home,
            writer,
            key_log: log.key_log().head(),
            heads: log.newest_for(&writer),
            issued,
            next_by: issued.plus_seconds(term),
            checkpoint: checkpoints
                .get(&home)
                .filter(own)
                .map(|(checkpoint, _)| checkpoint.hash()),
        })
    }

    /// Signs a checkpoint, if enough was written since the last. Says whether it did.
    pub(super) fn make_checkpoint(&mut self, now: Timestamp, step: &mut StepEffects) -> Result<bool, ReplicaFailure> {
        let home = self.settings.home;
        let log = self.logs.get(&home).ok_or(ReplicaFailure::NoKeyLog)?;
        let last = self.checkpoints.get(&home).map(|(checkpoint, _)| checkpoint.get());
        let envelopes = u32::try_from(log.len()).unwrap_or(u32::MAX);
        let since = envelopes.saturating_sub(last.map_or(0, |last| last.envelopes));
        // Nobody begins with one from before the key log grew.
        let outdated = last.is_some_and(|last| last.key_log != log.key_log().head());
        let heads = log.heads();
        let is_due = since >= self.settings.checkpoint_every || outdated;
        if !is_due || !log.is_whole() || heads.len() > MAX_PARENTS {
            return Ok(false);
        }
        let rows = log.rows()?;
        let key = self.settings.key.public();
        let mut live = log.key_log().authority().live_writers();
        let scope = live.find(|(writer, _)| **writer == key).map(|(_, scope)| scope);
        // One who may not write all of it may not speak for all of it.
        if !scope.is_some_and(|scope| rows.iter().all(|row| scope.holds(&row.document))) {
            return Ok(false);
        }
        let pages = checkpoint::pages(&rows);
        if pages.len() > checkpoint::MAX_PAGES {
            return Ok(false);
        }
        let checkpoint = self.settings.key.sign(&Checkpoint {
            version: 1,
            agency: home,
            writer: self.settings.key.public(),
            key_log: log.key_log().head(),
            heads,
            envelopes,
            issued: now,
            next_by: now.plus_seconds(self.settings.heartbeat_term),
            pages: checkpoint::names(&pages),
        })?;
        self.checkpoints.insert(home, (checkpoint.clone(), pages.clone()));
        step.batch.checkpoints.push((checkpoint, pages));
        Ok(true)
    }

    /// Sends what this agency just wrote to all who are there.
    pub(super) fn push(&mut self, envelopes: Vec<SignedEnvelope>, step: &mut StepEffects) {
        let agency = self.settings.home;
        let home = step.batch.heartbeats.iter().filter(|h| h.get().agency == agency);
        let mut heartbeats: Vec<_> = home.map(|h| Some(h.signed().clone())).collect();
        if heartbeats.is_empty() {
            heartbeats.push(None);
        }
        // The envelopes with the first; each further key's heartbeat goes by itself.
        let mut envelopes = Some(envelopes);
        for heartbeat in heartbeats {
            let request = SyncRequest::Push {
                agency,
                envelopes: envelopes.take().unwrap_or_default(),
                heartbeat,
            };
            for peer in self.sessions.keys().copied().collect::<Vec<_>>() {
                self.call(peer, PendingRequest::Push, &request, step);
            }
        }
    }

    /// Tells every peer whose own log reaches further here than it was told, that it is held.
    pub(super) fn countersign(&mut self, now: Timestamp, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        let home = self.settings.home;
        if self.doubts_time || !self.is_writer() {
            return Ok(());
        }
        let mut due: Vec<(Hash, Hash, Vec<Hash>)> = Vec::new();
        for (peer, session) in &self.sessions {
            let Some(log) = self.logs.get(&session.agency) else {
                continue;
            };
            let heads = log.heads();
            let whole = log.is_whole() && log.missing() == 0 && heads.len() <= MAX_PARENTS;
            if session.agency != home && whole && !heads.is_empty() && session.told_held != heads {
                due.push((*peer, session.agency, heads));
            }
        }
        let writer: PublicKey = self.settings.key.public();
        let Some(key_log) = self.logs.get(&home).map(|log| log.key_log().head()) else {
            return Ok(());
        };
        for (peer, of, heads) in due {
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.told_held.clone_from(&heads);
            }
            let held = self.settings.key.sign(&Countersignature {
                version: 1,
                agency: home,
                writer,
                key_log,
                of,
                heads,
                at: now,
            })?;
            self.call(
                peer,
                PendingRequest::Held,
                &SyncRequest::Held(held.signed().clone()),
                step,
            );
        }
        Ok(())
    }
}
