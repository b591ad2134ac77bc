//! The time, as this process believes it. The only place that reads the system's clock.
//!
//! The system's clock is a witness that can lie. It is believed as long as it keeps step with the machine's own count of
//! time, and is not behind what was signed before; when it jumps, what is signed elsewhere must confirm it, or a person.
//! Until then the time goes on as the machine counts it, nothing is signed, and nothing is called fresh.
//!
//! Many small steps are one jump: only what a clock is slewed by, at most, is taken off their sum.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use protocol::{Hash, replica::PeerClock};
use registry_schema::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::lock::Lock;

/// By how much clocks may differ: as much as a heartbeat may be dated ahead.
const TOLERANCE_MS: i64 = 300_000;

/// A real clock is slewed by at most 500 parts per million: one millisecond in this many that the machine counted.
const COUNTED_PER_SLEWED: i64 = 2000;

/// The system's clock, plus a shift that tests use to let days go by. Clones share one.
#[derive(Clone, Debug)]
pub struct Clock(Arc<ClockState>);

#[derive(Debug)]
struct ClockState {
    /// The time that a test let go by, in milliseconds.
    passed: AtomicI64,
    /// The milliseconds by which a test set the system's clock wrong.
    wrong_by: AtomicI64,
    /// The system's clock minus the machine's count of time, when they were in step; it follows slowly, as clocks are slewed.
    in_step: AtomicI64,
    witness: Lock<ClockObservations>,
}

/// The things that were seen of the system's clock.
#[derive(Debug, Default)]
struct ClockObservations {
    /// Up to which of the machine's milliseconds `in_step` has used what it may move by.
    slewed_to: i64,
    /// The times that peers' clocks had said when it jumped; what they say after that can confirm it.
    at_jump: Option<BTreeMap<Hash, Timestamp>>,
    /// The times that they had said when it was last followed after a jump: those were received by another time.
    before: BTreeMap<Hash, Timestamp>,
    /// True if a peer's clock agreed with it since the start, or a person vouched for it.
    is_confirmed: bool,
    /// The newest time that was signed, when a person vouched for the clock.
    accepted: Option<Timestamp>,
    accept_asked: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(ClockState {
            passed: AtomicI64::new(0),
            wrong_by: AtomicI64::new(0),
            in_step: AtomicI64::new(system_ms().saturating_sub(machine_ms())),
            witness: Lock::new(ClockObservations {
                slewed_to: machine_ms(),
                ..ClockObservations::default()
            }),
        }))
    }
}

/// Milliseconds since 1970, as the system says.
fn system_ms() -> i64 {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds that the machine counted since its start, those in which it slept included.
fn machine_ms() -> i64 {
    let counted = clock_gettime(ClockId::Boottime);
    counted
        .tv_sec
        .saturating_mul(1000)
        .saturating_add(counted.tv_nsec / 1_000_000)
}

impl Clock {
    fn system(&self) -> i64 {
        system_ms()
            .saturating_add(self.0.passed.load(Ordering::Relaxed))
            .saturating_add(self.0.wrong_by.load(Ordering::Relaxed))
    }

    fn machine(&self) -> i64 {
        machine_ms().saturating_add(self.0.passed.load(Ordering::Relaxed))
    }

    /// By how much the system's clock is out of step with the machine's count of time, in milliseconds.
    fn out_of_step(&self) -> i64 {
        let now = self.system().saturating_sub(self.machine());
        now.saturating_sub(self.0.in_step.load(Ordering::Relaxed))
    }

    /// The time now: the system's, or what it would be if it had not jumped.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let off = self.out_of_step();
        let system = self.system();
        Timestamp(if off.abs() > TOLERANCE_MS {
            system.saturating_sub(off)
        } else {
            system
        })
    }

    /// This moment, by which [`ClockReading::age`] later tells how long ago it was.
    #[must_use]
    pub fn moment(&self) -> ClockReading {
        ClockReading {
            at: self.now(),
            machine_ms: machine_ms(),
        }
    }

    /// Lets time go by, in seconds: for tests.
    pub fn advance(&self, seconds: i64) {
        self.0.passed.fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// Sets the system's clock wrong by so many seconds, for tests; 0 sets it right.
    pub fn set_wrong_by(&self, seconds: i64) {
        self.0.wrong_by.store(seconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// Believes the system's clock as it is now: a person vouches for it.
    pub fn accept(&self) {
        self.follow_system();
        self.0.witness.with(|witness| {
            witness.at_jump = None;
            witness.accept_asked = true;
        });
    }

    /// From here on, the system's clock as it is now is in step.
    fn follow_system(&self) {
        let now = self.system().saturating_sub(self.machine());
        self.0.in_step.store(now, Ordering::Relaxed);
        self.0.witness.with(|witness| witness.slewed_to = self.machine());
    }

    /// Lets what counts as in step move toward the system's clock, by no more than clocks were slewed since it last could; not
    /// at all, where that does not explain it. Returns by how much the system's clock is out of step then.
    fn slew(&self) -> i64 {
        let machine = self.machine();
        self.0.witness.with(|witness| {
            let allowed = machine.saturating_sub(witness.slewed_to).max(0) / COUNTED_PER_SLEWED;
            let used = allowed.saturating_mul(COUNTED_PER_SLEWED);
            witness.slewed_to = witness.slewed_to.saturating_add(used);
            let off = self.out_of_step();
            let moved = off.clamp(allowed.saturating_neg(), allowed);
            let rest = off.saturating_sub(moved);
            if rest.abs() > TOLERANCE_MS {
                return off;
            }
            self.0.in_step.fetch_add(moved, Ordering::Relaxed);
            rest
        })
    }

    /// The reason for which the system's clock is not to be believed, if there is one: seen beside the newest time that was
    /// signed or believed here, and beside what peers' clocks say.
    #[must_use]
    pub fn doubt(&self, newest: Option<Timestamp>, peers: &BTreeMap<Hash, PeerClock>) -> Option<String> {
        let off = self.slew();
        if off.abs() > TOLERANCE_MS {
            return self.doubt_jump(off, peers);
        }
        let now = self.now();
        let (accepted, before, is_confirmed) = self.0.witness.with(|witness| {
            witness.at_jump = None;
            if std::mem::take(&mut witness.accept_asked) {
                witness.accepted = newest;
                witness.before = said(peers);
                witness.is_confirmed = true;
            }
            witness.is_confirmed |= since(peers, &witness.before).any(|ahead| ahead.abs() <= TOLERANCE_MS);
            (witness.accepted, witness.before.clone(), witness.is_confirmed)
        });
        let newest = newest.filter(|newest| accepted.is_none_or(|accepted| *newest > accepted));
        if let Some(newest) = newest.filter(|newest| newest.0.saturating_sub(now.0) > TOLERANCE_MS) {
            return Some(format!(
                "it says {}, and what was signed before is dated {}",
                now.in_words(),
                newest.in_words()
            ));
        }
        let ahead = median(since(peers, &before))?;
        if ahead > TOLERANCE_MS {
            return Some(format!("most peers' clocks are {} ahead of it", in_words(ahead)));
        }
        let behind: Vec<i64> = at_most(peers, &before).collect();
        // One peer alone may as well be the one that is wrong; but a clock that nobody confirmed is no better.
        let most = median(behind.iter().copied()).filter(|_| behind.len() > 1 || !is_confirmed)?;
        let whose = match behind.len() {
            1 => "the clock of the one peer that it can be compared with is",
            _ => "most peers' clocks are",
        };
        (most < -TOLERANCE_MS).then(|| format!("{whose} {} behind it", in_words(most)))
    }

    fn doubt_jump(&self, off: i64, peers: &BTreeMap<Hash, PeerClock>) -> Option<String> {
        let before = self
            .0
            .witness
            .with(|witness| witness.at_jump.get_or_insert_with(|| said(peers)).clone());
        // The times at which they came are those of the machine's count.
        let by_peers = median(since(peers, &before));
        if by_peers.is_some_and(|by_peers| by_peers.saturating_sub(off).abs() <= TOLERANCE_MS) {
            tracing::warn!("the clock jumped by {}, and peers confirm it", in_words(off));
            self.follow_system();
            self.0.witness.with(|witness| {
                witness.at_jump = None;
                witness.before = said(peers);
                witness.is_confirmed = true;
            });
            return None;
        }
        let direction = if off > 0 { "ahead" } else { "back" };
        let peers = match by_peers {
            None => "no peer has confirmed it yet",
            Some(_) => "its peers say otherwise",
        };
        Some(format!("it jumped {} {direction}, and {peers}", in_words(off)))
    }
}

/// The time that each peer's clock said last.
fn said(peers: &BTreeMap<Hash, PeerClock>) -> BTreeMap<Hash, Timestamp> {
    peers.iter().map(|(agency, clock)| (*agency, clock.issued)).collect()
}

/// By how much each peer's clock was ahead of this one, of those that said something newer.
fn since(peers: &BTreeMap<Hash, PeerClock>, before: &BTreeMap<Hash, Timestamp>) -> impl Iterator<Item = i64> {
    let newer = peers
        .iter()
        .filter(|(agency, clock)| before.get(agency).is_none_or(|before| clock.issued > *before));
    newer.map(|(_, clock)| clock.issued.0.saturating_sub(clock.received.0))
}

/// By how much each peer's clock can be ahead of this one at most, of those that said two things since: they said the second
/// after the first had come. What is old when it comes tells nothing like that.
fn at_most(peers: &BTreeMap<Hash, PeerClock>, before: &BTreeMap<Hash, Timestamp>) -> impl Iterator<Item = i64> {
    peers.iter().filter_map(|(agency, clock)| {
        let (first, received) = clock.before?;
        let is_since = before.get(agency).is_none_or(|before| first > *before);
        is_since.then(|| clock.issued.0.saturating_sub(received.0))
    })
}

/// The middle one; of two, the one nearer to nothing.
fn median(all: impl Iterator<Item = i64>) -> Option<i64> {
    let mut all: Vec<i64> = all.collect();
    all.sort_unstable();
    let lower = all.get(all.len().checked_sub(1)? / 2).copied()?;
    let upper = all.get(all.len() / 2).copied()?;
    Some(if lower.abs() <= upper.abs() { lower } else { upper })
}

/// A span of time, for people.
fn in_words(milliseconds: i64) -> String {
    let seconds = milliseconds.saturating_abs() / 1000;
    match seconds {
        0..=7_199 => format!("{} minutes", seconds.saturating_add(30).max(60) / 60),
        7_200..=172_799 => format!("{} hours", seconds.saturating_add(1_800) / 3600),
        _ => format!("{} days", seconds.saturating_add(43_200) / 86_400),
    }
}

/// A moment that passed.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// The time that the clock told then.
    pub at: Timestamp,
    machine_ms: i64,
}

impl ClockReading {
    /// The time from it to `now`: the longer of what the clock and the machine's count say.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        let by_clock = u64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(0);
        let counted = u64::try_from(machine_ms().saturating_sub(self.machine_ms)).unwrap_or(0);
        Duration::from_millis(counted.max(by_clock))
    }
}

#[cfg(test)]
mod tests;
