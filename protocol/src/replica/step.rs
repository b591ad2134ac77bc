//! The consequences of one event.

use std::collections::BTreeMap;

use super::{ReplicaEffect, WriteBatch};
use crate::{
    document::{DocumentRow, LogError},
    envelope::Envelope,
    log::{AgencyLog, AppendOutcome, CheckpointComparison},
    misbehaviour::Misbehaviour,
    signed::{Hash, InvalidStatement},
};

impl WriteBatch {
    fn is_empty(&self) -> bool {
        // Taken apart, so that a field that is added is not forgotten here.
        let Self {
            key_logs,
            envelopes,
            rewritten,
            rows,
            history,
            restrictions,
            set_aside,
            taken_up,
            quarantined,
            deferred,
            renewed,
            forgotten,
            heartbeats,
            checkpoints,
            held,
            written_elsewhere,
        } = self;
        key_logs.is_empty()
            && envelopes.is_empty()
            && rewritten.is_empty()
            && rows.is_empty()
            && history.is_empty()
            && restrictions.is_empty()
            && set_aside.is_empty()
            && taken_up.is_empty()
            && quarantined.is_empty()
            && deferred.is_empty()
            && renewed.is_empty()
            && forgotten.is_empty()
            && heartbeats.is_empty()
            && checkpoints.is_empty()
            && held.is_empty()
            && written_elsewhere.is_none()
    }
}

/// The consequences of one event, sorted into the order that the invariant demands.
#[derive(Default)]
pub(super) struct StepEffects {
    pub(super) batch: WriteBatch,
    findings: Vec<ReplicaEffect>,
    pub(super) after: Vec<ReplicaEffect>,
    pub(super) expelled: Vec<(Hash, Misbehaviour)>,
    /// Done after all else: conversations that end.
    pub(super) last: Vec<ReplicaEffect>,
}

impl StepEffects {
    /// Keeps an envelope, and notes what is to be written; gives the parents that are missing, or why it can never be
    /// kept.
    pub(super) fn keep(
        &mut self,
        log: &mut AgencyLog,
        envelope: Envelope,
    ) -> Result<Result<Vec<Hash>, InvalidStatement>, LogError> {
        let (agency, name) = (envelope.header().agency, envelope.hash());
        match log.keep_in_lot(envelope.clone())? {
            AppendOutcome::Known => Ok(Ok(vec![])),
            AppendOutcome::Missing(parents) => {
                let rows = log.count_restrictions(&envelope);
                self.set_aside(envelope, rows);
                Ok(Ok(parents))
            }
            AppendOutcome::Refused(refused) => Ok(Err(refused)),
            AppendOutcome::Filled(rows) => {
                // As it is now: neither copy may have had all values.
                self.batch.rewritten.extend(log.envelope(&name)?);
                self.add_rows(log, rows);
                Ok(Ok(vec![]))
            }
            AppendOutcome::Kept {
                rows,
                fork,
                compared,
                renewed,
            } => {
                self.batch.envelopes.push(envelope);
                if renewed {
                    self.batch.renewed.insert(agency);
                    self.batch.taken_up.push(name);
                }
                self.add_rows(log, rows);
                match compared {
                    Some(CheckpointComparison::Same | CheckpointComparison::Unknown) => {
                        self.batch.renewed.insert(agency);
                    }
                    Some(CheckpointComparison::Differs) => {
                        self.batch.renewed.insert(agency);
                        self.false_checkpoint(agency);
                    }
                    None => {}
                }
                self.findings
                    .extend(fork.map(|pair| ReplicaEffect::Forked { agency, pair }));
                Ok(Ok(vec![]))
            }
        }
    }

    /// Notes what an envelope takes away that is not kept.
    pub(super) fn set_aside(&mut self, envelope: Envelope, rows: Vec<DocumentRow>) {
        if !rows.is_empty() {
            self.batch.restrictions.extend(rows.iter().cloned());
            self.batch.set_aside.push((envelope, rows));
        }
    }

    /// Ends a lot of envelopes, and notes what is to be written of it.
    pub(super) fn settle(&mut self, log: &mut AgencyLog) -> Result<(), LogError> {
        // Those that wait for what was just kept; refused is none that was kept once.
        while let Some(envelope) = log.next_orphan()? {
            let _ = self.keep(log, envelope)?;
        }
        let rows = log.settle()?;
        self.add_rows(log, rows);
        // A heartbeat that waited for one of the envelopes, or for a value, counts now.
        self.batch.heartbeats.extend(log.counted().cloned());
        Ok(())
    }

    pub(super) fn add_rows(&mut self, log: &AgencyLog, rows: Vec<DocumentRow>) {
        if log.base().is_some() {
            self.batch.history.extend(rows);
        } else {
            self.batch.rows.extend(rows);
        }
    }

    /// The key log has other entries now, and these rows altered with it.
    pub(super) fn key_log_grew(&mut self, log: &AgencyLog, rows: Vec<DocumentRow>) {
        let agency = log.key_log().genesis();
        self.batch.key_logs.retain(|known| known.genesis() != agency);
        self.batch.key_logs.push(log.key_log().clone());
        self.add_rows(log, rows);
        let disputed = log.key_log().disputed();
        self.findings
            .extend(disputed.map(|pair| ReplicaEffect::Disputed { agency, pair }));
    }

    pub(super) fn find(&mut self, finding: ReplicaEffect) {
        self.findings.push(finding);
    }

    pub(super) fn false_checkpoint(&mut self, agency: Hash) {
        self.findings.push(ReplicaEffect::FalseCheckpoint { agency });
    }

    pub(super) fn expel(&mut self, peer: Hash, why: Misbehaviour) {
        self.expelled.push((peer, why));
    }

    pub(super) fn into_effects(mut self) -> Vec<ReplicaEffect> {
        // Of each writer the newest heartbeat that counts is enough.
        let heartbeats = std::mem::take(&mut self.batch.heartbeats).into_iter();
        let newest: BTreeMap<_, _> = heartbeats.map(|h| ((h.get().agency, h.get().writer), h)).collect();
        self.batch.heartbeats = newest.into_values().collect();
        let persist = (!self.batch.is_empty()).then_some(ReplicaEffect::Persist(self.batch));
        persist
            .into_iter()
            .chain(self.findings)
            .chain(self.after)
            .chain(self.last)
            .collect()
    }
}
