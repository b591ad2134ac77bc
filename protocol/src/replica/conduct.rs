//! The conduct of peers: whoever does what no honest node does is turned away for a while, longer each time.

use registry_schema::Timestamp;

use super::{Hash, Replica, ReplicaEffect, StepEffects};

const FIRST_PAUSE_SECONDS: i64 = 5;
const LONGEST_PAUSE_SECONDS: i64 = 3600;
/// The seconds of good conduct after a pause that it takes a peer to begin anew.
const FORGOTTEN_AFTER_SECONDS: i64 = 86_400;

/// The conduct of a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerConduct {
    pause: i64,
    until: Timestamp,
}

impl Replica {
    /// For how many seconds more a peer is turned away.
    pub(super) fn paused(&self, peer: &Hash, now: Timestamp) -> Option<i64> {
        let until = self.conduct.get(peer)?.until;
        let left = until.seconds_since(now);
        // After a jump of the clock, no pause is longer than the longest.
        (now < until && left <= LONGEST_PAUSE_SECONDS).then_some(left.max(1))
    }

    /// Ends the conversations with those who misbehaved in this step, each with one pause.
    pub(super) fn turn_away(&mut self, now: Timestamp, step: &mut StepEffects) {
        let expelled = std::mem::take(&mut step.expelled);
        for (peer, why) in expelled {
            if self.paused(&peer, now).is_some() {
                continue;
            }
            let known = self.conduct.get(&peer).copied();
            let recent = known.filter(|known| now.seconds_since(known.until) < FORGOTTEN_AFTER_SECONDS);
            let pause = recent.map_or(FIRST_PAUSE_SECONDS, |known| {
                (known.pause * 2).min(LONGEST_PAUSE_SECONDS)
            });
            let until = now.plus_seconds(pause);
            self.conduct.insert(peer, PeerConduct { pause, until });
            self.leave(peer);
            step.last.push(ReplicaEffect::Expel {
                peer,
                why,
                seconds: pause,
            });
        }
    }
}
