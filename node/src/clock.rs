//! The time, as this process believes it. The only place that reads the system's clock.
//!
//! The system's clock is a witness that can lie. It is believed as long as it keeps step with the machine's own count of
//! time, and is not behind what was signed before; when it jumps, what is signed elsewhere must confirm it, or a person.
//! Until then the time goes on as the machine counts it, nothing is signed, and nothing is called fresh.

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

/// The system's clock, plus a shift that tests use to let days go by. Clones share one.
#[derive(Clone, Debug)]
pub struct Clock(Arc<ClockState>);

#[derive(Debug)]
struct ClockState {
    /// How much time a test let go by.
    passed: AtomicI64,
    /// By how much a test set the system's clock wrong.
    wrong_by: AtomicI64,
    /// The system's clock minus the machine's count of time, when they were last in step.
    in_step: AtomicI64,
    witness: Lock<Witness>,
}

/// What was seen of the system's clock.
#[derive(Debug, Default)]
struct Witness {
    /// What peers' clocks had said when it jumped; what they say after that can confirm it.
    at_jump: Option<BTreeMap<Hash, Timestamp>>,
    /// What they had said when it was last followed after a jump: that was received by another time.
    before: BTreeMap<Hash, Timestamp>,
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
            witness: Lock::default(),
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

    /// This moment, by which [`Moment::age`] later tells how long ago it was.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            at: self.now(),
            machine_ms: machine_ms(),
        }
    }

    /// Lets time go by.
    pub fn advance(&self, seconds: i64) {
        self.0.passed.fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// Sets the system's clock wrong, as a test sees it; 0 sets it right.
    pub fn set_wrong_by(&self, seconds: i64) {
        self.0.wrong_by.store(seconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// A person vouches for the system's clock as it is now.
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
    }

    /// Why the system's clock is not to be believed, if so: seen beside the newest time that was signed or believed here,
    /// and beside what peers' clocks say.
    #[must_use]
    pub fn doubt(&self, newest: Option<Timestamp>, peers: &BTreeMap<Hash, PeerClock>) -> Option<String> {
        let off = self.out_of_step();
        if off.abs() > TOLERANCE_MS {
            return self.doubt_jump(off, peers);
        }
        self.follow_system();
        let now = self.now();
        let (accepted, before) = self.0.witness.with(|witness| {
            witness.at_jump = None;
            if std::mem::take(&mut witness.accept_asked) {
                witness.accepted = newest;
                witness.before = said(peers);
            }
            (witness.accepted, witness.before.clone())
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
        // One peer alone may as well be the one that is wrong.
        let most = median(behind.iter().copied()).filter(|_| behind.len() > 1)?;
        (most < -TOLERANCE_MS).then(|| format!("most peers' clocks are {} behind it", in_words(most)))
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

/// What each peer's clock said last.
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
        0..=7_199 => format!("{} minutes", (seconds / 60).max(1)),
        7_200..=172_799 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A moment that passed.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it was.
    pub at: Timestamp,
    machine_ms: i64,
}

impl Moment {
    /// How long ago it was at `now`: the longer of what the clock and the machine's count say.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        let by_clock = u64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(0);
        let counted = u64::try_from(machine_ms().saturating_sub(self.machine_ms)).unwrap_or(0);
        Duration::from_millis(counted.max(by_clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn peers(clock: &Clock, off_seconds: &[i64]) -> BTreeMap<Hash, PeerClock> {
        let said = |(i, off): (usize, &i64)| {
            let received = clock.now();
            let issued = received.plus_seconds(*off);
            let clock = PeerClock {
                issued,
                received,
                before: None,
            };
            (Hash([u8::try_from(i).unwrap(); 32]), clock)
        };
        off_seconds.iter().enumerate().map(said).collect()
    }

    #[test]
    fn a_clock_that_keeps_step_is_believed_however_much_time_goes_by() {
        let clock = Clock::default();
        for _ in 0..10 {
            clock.advance(3 * DAY);
            assert_eq!(clock.doubt(Some(clock.now()), &peers(&clock, &[0, -3])), None);
        }
    }

    #[test]
    fn a_jump_either_way_is_doubted_and_the_time_goes_on_as_counted() {
        for seconds in [301, DAY, 400 * DAY, -301, -DAY, -400 * DAY] {
            let clock = Clock::default();
            let before = clock.now();
            clock.set_wrong_by(seconds);
            let now = clock.now();
            assert!((0..10_000).contains(&(now.0 - before.0)), "{seconds}: {now:?}");
            assert!(clock.doubt(Some(before), &BTreeMap::new()).is_some(), "{seconds}");
            clock.set_wrong_by(0);
            assert_eq!(clock.doubt(Some(before), &BTreeMap::new()), None, "{seconds}");
        }
    }

    #[test]
    fn peers_confirm_a_jump_and_one_liar_does_not() {
        let clock = Clock::default();
        let before = peers(&clock, &[0, 0, 0]);
        clock.set_wrong_by(DAY);
        assert!(clock.doubt(None, &before).is_some());
        let one_says_so = peers(&clock, &[DAY, 1, 1]);
        assert!(clock.doubt(None, &one_says_so).is_some());
        let most_say_so = peers(&clock, &[DAY, DAY + 2, 1]);
        assert_eq!(clock.doubt(None, &most_say_so), None);
        clock.set_wrong_by(DAY);
        assert_eq!(clock.doubt(None, &most_say_so), None, "it stays believed");
    }

    #[test]
    fn a_clock_behind_what_was_signed_is_doubted_until_a_person_vouches_for_it() {
        let clock = Clock::default();
        let signed = clock.now().plus_seconds(2 * DAY);
        assert!(clock.doubt(Some(signed), &BTreeMap::new()).is_some());
        clock.accept();
        assert_eq!(clock.doubt(Some(signed), &BTreeMap::new()), None);
        let later = signed.plus_seconds(1);
        assert!(
            clock.doubt(Some(later), &BTreeMap::new()).is_some(),
            "what is newer is evidence again"
        );
    }

    #[test]
    fn a_clock_ahead_of_most_peers_is_doubted_as_soon_as_they_said_two_things() {
        let clock = Clock::default();
        let once = peers(&clock, &[-DAY, -DAY, -5]);
        assert_eq!(clock.doubt(None, &once), None, "it may be old");
        let mut twice = once.clone();
        for said in twice.values_mut() {
            said.before = Some((said.issued.plus_seconds(-60), said.received.plus_seconds(-60)));
        }
        assert!(clock.doubt(None, &twice).is_some());
        twice.pop_first();
        assert_eq!(clock.doubt(None, &twice), None, "of two, one says otherwise");
        twice.pop_last();
        assert_eq!(clock.doubt(None, &twice), None, "one alone");
    }

    #[test]
    fn a_clock_behind_most_peers_is_doubted() {
        let clock = Clock::default();
        assert!(clock.doubt(None, &peers(&clock, &[DAY, DAY, -5])).is_some());
        assert_eq!(clock.doubt(None, &peers(&clock, &[DAY, 0, -5])), None);
    }
}
