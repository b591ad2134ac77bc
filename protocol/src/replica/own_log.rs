//! What this replica knows of its own agency's log abroad.
//!
//! A store restored from a backup lacks what was written after it. Writing on from there would make two histories, and a
//! heartbeat would vouch for badges that were revoked meanwhile. So a replica asks its peers first.

use std::collections::BTreeSet;

use registry_schema::Timestamp;

use super::{AgencyLog, Replica, SigningKey};
use crate::{message::Summary, mutant::mutant};

/// How long a replica waits for a peer's word on its own agency's log before it writes, in seconds.
const OWN_LOG_WAIT_SECONDS: i64 = 30;

/// What this replica knows of its own agency's log abroad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnLog {
    /// No peer has said yet; since the first event.
    Asking(Option<Timestamp>),
    /// No peer has said yet, and part of it was lost here: it is waited for however long that takes.
    Lost,
    /// A peer has said, and all of it is here; or there is nobody to ask; or the operator has vouched for it.
    Known,
}

impl OwnLog {
    /// Counts the wait from the first event on.
    pub(super) fn begin_asking(&mut self, now: Timestamp) {
        if *self == Self::Asking(None) {
            *self = Self::Asking(Some(now));
        }
    }
}

impl Replica {
    /// Whether this replica may write to its own log: a peer has told how far that log reaches abroad and all of it is
    /// here, or none did within 30 seconds. Until then the driver holds [`Event::Authored`] back.
    #[must_use]
    pub fn may_write(&self, now: Timestamp) -> bool {
        // To write beside envelopes of one's own that wait for their parents would make two histories.
        if self.doubts_time || self.own_orphans() > 0 {
            return false;
        }
        match self.own_log {
            OwnLog::Known => true,
            OwnLog::Lost => false,
            OwnLog::Asking(_) => self.asked_in_vain(now),
        }
    }

    /// Whether it is known how far this agency's log reaches abroad, or there is nobody to ask. Until then it may lack what
    /// this agency itself wrote, and no heartbeat is signed.
    #[must_use]
    pub fn knows_own_log(&self) -> bool {
        self.own_log == OwnLog::Known && self.own_orphans() == 0
    }

    /// Whether peers that are known to hold this agency's log were asked for 30 seconds, and none has told how far it reaches.
    #[must_use]
    pub fn asked_in_vain(&self, now: Timestamp) -> bool {
        matches!(self.own_log, OwnLog::Asking(Some(since)) if now.seconds_since(since) >= OWN_LOG_WAIT_SECONDS)
    }

    /// Takes the operator's word that all that this agency wrote is here, whatever no peer has told.
    pub const fn accept_own_log(&mut self) {
        self.own_log = OwnLog::Known;
    }

    /// Ends the wait for peers where none is known to hold anything of this agency's log: a young agency, which its peers do not
    /// follow yet.
    pub(super) fn end_the_wait(&mut self, now: Timestamp) {
        if self.asked_in_vain(now) && !self.is_held_elsewhere() {
            self.own_log = OwnLog::Known;
        }
    }

    /// Whether somebody who can be asked is known to hold part of this agency's log: a pinned agency that has countersigned it,
    /// or another store of this one.
    fn is_held_elsewhere(&self) -> bool {
        let own = [&self.settings.key].into_iter().chain(&self.settings.former_keys);
        let own: BTreeSet<_> = own.map(SigningKey::public).collect();
        let log = self.logs.get(&self.settings.home);
        let has_other_writer =
            log.is_some_and(|log| log.key_log().writers().iter().any(|writer| !own.contains(writer)));
        has_other_writer || self.reach.keys().any(|holder| self.settings.pinned.contains(holder))
    }

    /// How many sound envelopes of this agency's own log are set aside, because what they follow was lost here.
    #[must_use]
    pub fn own_orphans(&self) -> usize {
        self.logs.get(&self.settings.home).map_or(0, AgencyLog::count_orphans)
    }

    /// Writes nothing before a peer has told how far this agency's log reaches and all of it is here, however long that takes:
    /// part of it was lost.
    pub const fn await_own_log(&mut self) {
        self.own_log = OwnLog::Lost;
    }

    /// Whether all that a peer has of our own log is here. What is missing is fetched, and the peer asked again.
    pub(super) fn hear_of_own_log(&mut self, summaries: &[Summary]) {
        let home = self.settings.home;
        let Some(log) = self.logs.get(&home) else { return };
        let abroad = summaries.iter().find(|summary| summary.agency == home);
        let is_here = |summary: &Summary| {
            let entries = summary.key_log.iter();
            // A ceremony held on an old key log would sign a second history of the root.
            summary.heads.iter().all(|head| log.holds(head))
                && entries.into_iter().all(|entry| log.key_log().holds(entry))
        };
        // One that has nothing of it knows nothing of it.
        if abroad.is_some_and(is_here) {
            self.own_log = OwnLog::Known;
        }
    }

    /// Whether this replica may say that its agency wrote no more than is here.
    pub(super) fn vouches(&self) -> bool {
        mutant!(VouchesUnheard) || self.knows_own_log()
    }
}
