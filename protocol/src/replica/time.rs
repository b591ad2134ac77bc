//! The time as evidence: the clock of this node is one witness, what was signed elsewhere is another.

use std::collections::BTreeMap;

use registry_schema::Timestamp;

use super::{Replica, StepEffects};
use crate::{
    heartbeat::{Heartbeat, MAX_AHEAD_SECONDS},
    message::LogSummary,
    mutant::mutant,
    session::PeerSession,
    signed::Hash,
};

/// A peer's newest heartbeat of its own agency, which it gave itself: what its clock said, by ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerClock {
    /// The time in the heartbeat.
    pub issued: Timestamp,
    /// Our time when it came.
    pub received: Timestamp,
    /// The same of the one before it: the peer signed the newer one after it had given that.
    pub before: Option<(Timestamp, Timestamp)>,
}

/// The seconds that a replica that met a peer waits for what tells it that peer's time.
const WITNESS_SECONDS: i64 = 15;

impl Replica {
    /// Returns true if the clock of a peer that is there could not be compared with this one yet: its newest heartbeat is so old
    /// here that it tells nothing, and the one that it signs on meeting has not come. Ends after some seconds in any case: not
    /// every peer may sign.
    #[must_use]
    pub fn awaits_witness(&self, now: Timestamp) -> bool {
        let waits = |met: Timestamp| (0..WITNESS_SECONDS).contains(&now.seconds_since(met));
        let tells = |clock: &PeerClock| clock.before.is_some() || self.is_young(clock.issued, clock.received);
        let speak = |session: &&PeerSession| !session.is_mirror && session.agency != self.settings.home;
        let mut peers = self.sessions.values().filter(speak);
        let is_silent = |peer: &PeerSession| !self.clocks.get(&peer.agency).is_some_and(tells);
        !self.own_log.began_young() && self.first_met.is_some_and(waits) && peers.any(is_silent)
    }

    /// The newest time that this node signed or believed: its clock was there once, or an agency's that was believed.
    #[must_use]
    pub fn newest_time(&self) -> Option<Timestamp> {
        let logs = self.logs.values();
        logs.flat_map(|log| log.counted())
            .map(|heartbeat| heartbeat.get().issued)
            .max()
    }

    /// The last readings of connected agencies' clocks, by agency.
    #[must_use]
    pub const fn clocks_of_peers(&self) -> &BTreeMap<Hash, PeerClock> {
        &self.clocks
    }

    /// While the time is in doubt, nothing is signed: no heartbeat, no countersignature, no envelope.
    pub const fn doubt_time(&mut self, doubts: bool) {
        self.doubts_time = doubts;
    }

    /// Somebody vouches for the clock: heartbeats that are dated ahead of it do not count any more, whoever signed them. Those of
    /// others were believed by a wrong clock, and would call their silence fresh until that time comes. This node's own next
    /// one is signed at once.
    pub(super) fn accept_time(&mut self, now: Timestamp, step: &mut StepEffects) {
        let ahead = now.plus_seconds(MAX_AHEAD_SECONDS);
        for (agency, log) in &mut self.logs {
            if *agency != self.settings.home && mutant!(KeepsWordsAhead) {
                continue;
            }
            let writers = log.forget_heartbeats_after(ahead);
            step.batch
                .forgotten
                .extend(writers.into_iter().map(|writer| (*agency, writer)));
        }
        self.last_beat = None;
    }

    /// Notes what a connected agency's own heartbeat says of the time, whether it counts or is held back as dated ahead.
    pub(super) fn note_clock(&mut self, agency: Hash, summary: &LogSummary, now: Timestamp) {
        let Some(log) = self.logs.get(&agency).filter(|_| summary.agency == agency) else {
            return;
        };
        let said = summary.heartbeats.iter();
        let said = said.filter_map(|signed| Some((signed.claim()?.issued, signed)));
        let Some((issued, signed)) = said.max_by_key(|(issued, _)| *issued) else {
            return;
        };
        let known = self.clocks.get(&agency);
        // Who gives an older one than before took back what it had signed ahead of its time.
        let is_newer = known.is_none_or(|known| issued > known.issued);
        let is_set_back = known.is_some_and(|known| issued.plus_seconds(MAX_AHEAD_SECONDS) < known.issued);
        if (is_newer || is_set_back) && Heartbeat::read(signed.clone(), log.key_log()).is_ok() {
            let before = known.filter(|_| is_newer).map(|clock| (clock.issued, clock.received));
            let clock = PeerClock {
                issued,
                received: now,
                before,
            };
            self.clocks.insert(agency, clock);
        }
    }
}
