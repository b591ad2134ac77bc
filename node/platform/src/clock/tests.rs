//! Tests of the clock that is a witness.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

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

/// Sets the system's clock wrong by milliseconds.
fn is_wrong_by(clock: &Clock, milliseconds: i64) {
    clock.0.wrong_by.store(milliseconds, Ordering::Relaxed);
}

fn is_doubted(clock: &Clock) -> bool {
    clock.doubt(None, &BTreeMap::new()).is_some()
}

#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn chance() -> StdRng {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

#[test]
fn a_clock_that_stands_still_or_runs_ahead_in_small_steps_is_doubted() {
    for (every, step) in [(5, -5_000), (4, 100_000), (1, -1_000), (60, 2_000), (3600, -299_000)] {
        let clock = Clock::default();
        let mut off: i64 = 0;
        while off.abs() <= TOLERANCE_MS + 60_000 {
            clock.advance(every);
            off += step;
            is_wrong_by(&clock, off);
            let _seen = is_doubted(&clock);
        }
        assert!(is_doubted(&clock), "{step} ms every {every} s");
    }
}

/// Whatever the steps, their sum is doubted as soon as it is over the tolerance and what clocks are slewed by.
#[test]
fn the_sum_of_random_steps_counts() {
    let mut chance = chance();
    for _ in 0..300 {
        let clock = Clock::default();
        // The most that one step moves by, and the longest that is counted between two.
        let (most, longest) = (chance.random_range(1..400_000_i64), chance.random_range(1..7_200_i64));
        let drift = chance.random_range(-most..=most);
        let (mut off, mut counted) = (0_i64, 0_i64);
        for _ in 0..chance.random_range(1..400) {
            let by = chance.random_range(0..=longest);
            clock.advance(by);
            counted += by * 1000;
            off += (drift + chance.random_range(-most..=most)) / 2;
            is_wrong_by(&clock, off);
            let doubted = is_doubted(&clock);
            // A second more, for the time that the test itself takes.
            let unexplained = off.abs() - counted / COUNTED_PER_SLEWED - 1000;
            assert!(doubted || unexplained <= TOLERANCE_MS, "{off} ms after {counted} ms");
        }
    }
}

/// A year of slewing, by as much as clocks are slewed and either way, is never doubted; nor is one step within the
/// tolerance at its start, where it is slewed away.
#[test]
fn a_clock_that_is_slewed_for_a_year_is_never_doubted() {
    let mut chance = chance();
    for longest in [7, 600, 86_400, 3 * DAY] {
        for way in [-1, 0, 1] {
            let clock = Clock::default();
            let first = chance.random_range(-200_000..200_000_i64);
            is_wrong_by(&clock, first);
            assert!(!is_doubted(&clock));
            let mut off = first;
            let mut counted = 0;
            // Seven seconds at a time, some days are long enough.
            let end = if longest < 60 { 5 * DAY } else { 365 * DAY };
            while counted < end {
                let by = chance.random_range(1..=longest);
                clock.advance(by);
                counted += by;
                let most = by * 1000 / COUNTED_PER_SLEWED;
                off += match way {
                    0 => chance.random_range(-most..=most),
                    way => way * most,
                };
                is_wrong_by(&clock, off);
                assert!(!is_doubted(&clock), "{off} ms after {counted} s");
            }
        }
    }
}

#[test]
fn a_person_ends_the_doubt_of_many_small_steps_at_once() {
    let clock = Clock::default();
    for step in 1..=400 {
        clock.advance(1);
        is_wrong_by(&clock, step * -1_000);
        let _seen = is_doubted(&clock);
    }
    assert!(is_doubted(&clock));
    clock.accept();
    assert!(!is_doubted(&clock));
    is_wrong_by(&clock, -400_000 - 299_000);
    assert!(!is_doubted(&clock), "what was accepted is in step");
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

#[test]
fn a_jump_is_not_slewed_away_while_it_is_doubted() {
    let clock = Clock::default();
    is_wrong_by(&clock, -400_000);
    assert!(is_doubted(&clock));
    // Each look is at what was slewed since the last one.
    for _ in 0..2000 {
        clock.advance(DAY / 24);
        assert!(is_doubted(&clock));
    }
}
