//! Beginning with a checkpoint: the statement, then its pages one by one, then what came after it, then the history.

use super::{Hash, QuotaLimit, Replica, ReplicaEffect, ReplicaFailure, StepEffects, Verified};
use crate::{
    checkpoint::{self, Checkpoint},
    heartbeat::UnverifiedStatement,
    message::{MAX_HASHES, SyncRequest},
    misbehaviour::Misbehaviour,
    session::PendingRequest,
    signed::Signed,
};

/// A checkpoint whose pages are on their way.
#[derive(Debug)]
pub(super) struct CheckpointDownload {
    pub(super) peer: Hash,
    checkpoint: Verified<Checkpoint>,
    pages: Vec<Vec<u8>>,
    /// The bytes and the rows of the pages that are here.
    bytes: u64,
    rows: u64,
}

impl Replica {
    /// Asks for a checkpoint, unless it is here, was declined, or is on its way.
    pub(super) fn ask_checkpoint(&mut self, peer: Hash, agency: Hash, name: Hash, step: &mut StepEffects) -> bool {
        let known = self
            .checkpoints
            .get(&agency)
            .is_some_and(|(known, _)| known.hash() == name);
        if known || self.declined.contains(&name) {
            return false;
        }
        let asked = PendingRequest::Checkpoint(agency, name);
        let under_way =
            self.adopting.contains_key(&agency) || self.sessions.values().any(|session| session.is_asking(&asked));
        if !under_way {
            self.call(peer, asked, &SyncRequest::Checkpoint { agency, name }, step);
        }
        true
    }

    /// A peer gave a checkpoint's statement, or has none.
    pub(super) fn take_checkpoint(
        &mut self,
        peer: Hash,
        (agency, name): (Hash, Hash),
        signed: Option<Signed<Checkpoint>>,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        self.decline(name);
        let Some(log) = self.logs.get_mut(&agency) else {
            return Ok(());
        };
        let Some(signed) = signed else { return Ok(()) };
        let checkpoint = match Checkpoint::read(signed, log.key_log()) {
            Ok(checkpoint) => checkpoint,
            Err(UnverifiedStatement::KeyLog(_)) => return Ok(()),
            Err(UnverifiedStatement::Refused(refused)) => {
                step.expel(peer, refused.into());
                return Ok(());
            }
        };
        if checkpoint.hash() != name {
            step.expel(peer, Misbehaviour::ForeignCheckpoint);
            return Ok(());
        }
        // Whoever has exactly this history makes the pages itself, and compares.
        let same_keys = checkpoint.get().key_log == log.key_log().head();
        if let Some(pages) = log.pages_at(&checkpoint.get().heads)?.filter(|_| same_keys) {
            if checkpoint::names(&pages) == checkpoint.get().pages {
                self.checkpoints.insert(agency, (checkpoint.clone(), pages.clone()));
                step.batch.checkpoints.push((checkpoint, pages));
            } else {
                step.false_checkpoint(agency);
            }
        } else if log.is_empty() && log.base().is_none() && same_keys {
            let adopting = CheckpointDownload {
                peer,
                checkpoint,
                pages: vec![],
                bytes: 0,
                rows: 0,
            };
            self.adopting.insert(agency, adopting);
            self.next_page(agency, step)?;
        }
        Ok(())
    }

    /// A peer gave a page of rows, or has none.
    pub(super) fn take_rows(
        &mut self,
        peer: Hash,
        (agency, name): (Hash, Hash),
        page: Option<Vec<u8>>,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let Some(adopting) = self.adopting.get_mut(&agency).filter(|adopting| adopting.peer == peer) else {
            return Ok(());
        };
        let Some(page) = page else {
            self.adopting.remove(&agency);
            return Ok(());
        };
        if Hash::of(&[&page]) != name {
            step.expel(peer, Misbehaviour::ForeignCheckpoint);
            return Ok(());
        }
        // Each page as it comes: what is none ends it here, and so does what is too much.
        let Ok(rows) = checkpoint::read_page(agency, &page) else {
            self.adopting.remove(&agency);
            // The page is what the statement names, so it is the writer that wrote nonsense.
            step.false_checkpoint(agency);
            return Ok(());
        };
        adopting.bytes += page.len() as u64;
        adopting.rows += rows.len() as u64;
        let quota = &self.settings.quota;
        if adopting.bytes > quota.checkpoint_bytes || adopting.rows > quota.checkpoint_rows {
            self.adopting.remove(&agency);
            // The history will do.
            let limit = QuotaLimit::Checkpoint;
            step.find(ReplicaEffect::Deferred { agency, limit });
            return Ok(());
        }
        adopting.pages.push(page);
        self.next_page(agency, step)
    }

    /// Asks for the next page, or begins with the checkpoint, if all are here.
    fn next_page(&mut self, agency: Hash, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        let Some(adopting) = self.adopting.get(&agency) else {
            return Ok(());
        };
        let next = adopting.checkpoint.get().pages.get(adopting.pages.len());
        if let Some(page) = next.copied() {
            let peer = adopting.peer;
            self.call(
                peer,
                PendingRequest::Rows(agency, page),
                &SyncRequest::Rows { agency, page },
                step,
            );
            return Ok(());
        }
        let Some(CheckpointDownload {
            peer,
            checkpoint,
            pages,
            ..
        }) = self.adopting.remove(&agency)
        else {
            return Ok(());
        };
        let Some(log) = self.logs.get_mut(&agency).filter(|log| log.is_empty()) else {
            return Ok(());
        };
        match log.adopt(checkpoint.clone(), pages.clone()) {
            Ok(true) => {}
            // The history will do.
            Ok(false) => return Ok(()),
            Err(_) => {
                // The pages are what the statement names, so it is the writer that wrote nonsense.
                step.false_checkpoint(agency);
                return Ok(());
            }
        }
        let have = checkpoint.get().heads.clone();
        let beats = log.expected();
        self.checkpoints.insert(agency, (checkpoint.clone(), pages.clone()));
        step.batch.checkpoints.push((checkpoint, pages));
        step.batch.renewed.insert(agency);
        let want: Vec<Hash> = beats.into_iter().take(MAX_HASHES).collect();
        self.call(
            peer,
            PendingRequest::Newer(agency),
            &SyncRequest::Envelopes { agency, want, have },
            step,
        );
        Ok(())
    }

    fn decline(&mut self, name: Hash) {
        // Bounded: a heartbeat names one at most, and a set that has grown this far is begun again.
        if self.declined.len() >= 4096 {
            self.declined.clear();
        }
        self.declined.insert(name);
    }
}
