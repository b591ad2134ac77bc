//! The replica's stop beside another process that writes with its key.
//!
//! An envelope that this replica wrote is in its store for ever. So one that is signed with its key, is dated after it began to
//! write alone and is not here was written by somebody else: a copy of this node, or a thief.

use std::collections::BTreeSet;

use registry_schema::Timestamp;

use super::{AgencyLog, Hash, PublicKey, Replica, ReplicaEffect, SigningKey, StepEffects, own_log::OwnLogStage};
use crate::{envelope::Envelope, mutant::mutant};

/// The signs of another process that writes with a replica's key: what none of its own envelopes from a peer has.
pub(super) struct ForeignWriterSigns {
    keys: BTreeSet<PublicKey>,
    since: Timestamp,
}

impl ForeignWriterSigns {
    /// Returns true if an envelope that a peer gave was written with a key of this replica by somebody else. What is dated before
    /// this replica wrote alone may be its own: the store lacked it when it was vouched for.
    pub(super) fn are_on(&self, envelope: &Envelope, log: &AgencyLog) -> bool {
        let header = envelope.header();
        self.keys.contains(&header.writer) && header.time > self.since && !log.holds(&envelope.hash())
    }
}

impl Replica {
    /// Decides whether an entry of the root may be added to this agency's key log. It may where this replica may write; and where
    /// it stopped because another process writes with its key, if a peer has told since the start how far the log reaches: by such
    /// an entry a stolen key ends, whatever its thief goes on to write.
    #[must_use]
    pub fn may_enter(&self, now: Timestamp) -> bool {
        let is_told = self.is_written_elsewhere() && !self.doubts_time && !self.own_log.told.is_empty();
        self.may_write(now) || is_told
    }

    /// Returns true if another process wrote to this agency's log with a key of this replica, which writes nothing since then.
    #[must_use]
    pub fn is_written_elsewhere(&self) -> bool {
        self.own_log.stage == OwnLogStage::WrittenElsewhere
    }

    /// Writes nothing before the operator has vouched: another process wrote with a key of this replica.
    pub const fn stop_beside_another(&mut self) {
        self.own_log.is_presumed = false;
        self.own_log.stage = OwnLogStage::WrittenElsewhere;
    }

    /// The signs of another process that writes with a key of this replica; none, while this one may still learn from peers what it
    /// wrote itself. A key that has ended is anybody's, and what it signs is judged by its end.
    pub(super) fn foreign_writer_signs(&self) -> Option<ForeignWriterSigns> {
        let is_told = match self.own_log.stage {
            OwnLogStage::Known => self.own_orphans() == 0,
            OwnLogStage::Asking | OwnLogStage::Lost => self.own_log.has_written,
            OwnLogStage::WrittenElsewhere => false,
        };
        let since = self
            .own_log
            .alone_since
            .filter(|_| is_told && !mutant!(WritesBesideAnother))?;
        let live = self.logs.get(&self.settings.home)?.key_log().writers();
        let own = [&self.settings.key].into_iter().chain(&self.settings.former_keys);
        let own = own.map(SigningKey::public).filter(|key| live.contains(key));
        Some(ForeignWriterSigns {
            keys: own.collect(),
            since,
        })
    }

    /// Stops, and says so, for an envelope that another process wrote with a key of this replica.
    pub(super) fn stop_for(&mut self, envelope: Hash, step: &mut StepEffects) {
        self.stop_beside_another();
        step.batch.written_elsewhere = Some(envelope);
        step.find(ReplicaEffect::WrittenElsewhere { envelope });
    }
}
