//! Buckets of tokens, one for each who asks: how much of something each may use, in the long run and at once.

use std::{collections::HashMap, hash::Hash};

use tokio::time::Instant;

use platform::lock::Lock;

/// The most askers that are remembered; those whose bucket is full again are forgotten first. Those that come when all
/// places are taken share one bucket.
const MOST_ASKERS: usize = 16_384;

/// The allowance of each asker.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// The amount that comes back in a second.
    pub a_second: f64,
    /// The amount that there is at most.
    pub at_once: f64,
}

/// Buckets for many askers.
#[derive(Debug)]
pub struct KeyedRateLimiter<K> {
    /// None, if there is no limit.
    allowance: Option<Allowance>,
    levels: Lock<KeyedLevels<K>>,
}

#[derive(Debug)]
struct KeyedLevels<K> {
    of: HashMap<K, (f64, Instant)>,
    /// Of all who are not remembered.
    shared: Option<(f64, Instant)>,
}

impl<K> Default for KeyedLevels<K> {
    fn default() -> Self {
        Self {
            of: HashMap::new(),
            shared: None,
        }
    }
}

impl<K: Copy + Eq + Hash> KeyedRateLimiter<K> {
    /// Buckets that hold so much; without a limit, if none is given.
    pub fn new(allowance: Option<Allowance>) -> Self {
        Self {
            allowance,
            levels: Lock::default(),
        }
    }

    /// Returns what each asker may use; none, if there is no limit.
    pub const fn allowance(&self) -> Option<Allowance> {
        self.allowance
    }

    /// Takes `cost` from an asker's bucket if there is at least `least` in it; or says in how many seconds there is.
    pub fn take(&self, asker: K, least: f64, cost: f64, now: Instant) -> Result<(), u64> {
        let Some(allowance) = self.allowance else {
            return Ok(());
        };
        let least = least.min(allowance.at_once);
        self.change(asker, allowance, now, |level| {
            if level >= least {
                (level - cost, Ok(()))
            } else {
                let seconds = std::time::Duration::try_from_secs_f64((least - level) / allowance.a_second);
                (level, Err(seconds.map_or(u64::MAX, |wait| wait.as_secs() + 1)))
            }
        })
    }

    /// Takes `cost` from an asker's bucket, even if it is not in it: what was done already is owed. Nobody owes more than
    /// a full bucket.
    pub fn owe(&self, asker: K, cost: f64, now: Instant) {
        if let Some(allowance) = self.allowance {
            self.change(asker, allowance, now, |level| {
                ((level - cost).max(-allowance.at_once), ())
            });
        }
    }

    /// Gives back what was taken for nothing.
    pub fn give_back(&self, asker: K, cost: f64, now: Instant) {
        if let Some(allowance) = self.allowance {
            self.change(asker, allowance, now, |level| {
                ((level + cost).min(allowance.at_once), ())
            });
        }
    }

    fn change<T>(&self, asker: K, allowance: Allowance, now: Instant, change: impl FnOnce(f64) -> (f64, T)) -> T {
        let level = |(level, since): (f64, Instant)| {
            let come = now.saturating_duration_since(since).as_secs_f64() * allowance.a_second;
            (level + come).min(allowance.at_once)
        };
        self.levels.with(|levels| {
            if levels.of.len() >= MOST_ASKERS && !levels.of.contains_key(&asker) {
                levels.of.retain(|_, bucket| level(*bucket) < allowance.at_once);
            }
            if levels.of.len() >= MOST_ASKERS && !levels.of.contains_key(&asker) {
                let (after, answer) = change(levels.shared.map_or(allowance.at_once, level));
                levels.shared = Some((after, now));
                return answer;
            }
            let bucket = levels.of.entry(asker).or_insert((allowance.at_once, now));
            let (after, answer) = change(level(*bucket));
            *bucket = (after, now);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SIX_A_MINUTE: Allowance = Allowance {
        a_second: 0.1,
        at_once: 4.0,
    };

    #[test]
    fn an_asker_gets_its_share_and_is_told_when_there_is_more() {
        let buckets = KeyedRateLimiter::new(Some(SIX_A_MINUTE));
        let start = Instant::now();
        let taken = |who: u32, times: usize, at| (0..times).filter(|_| buckets.take(who, 1.0, 1.0, at).is_ok()).count();
        assert_eq!(taken(1, 50, start), 4);
        assert_eq!(taken(2, 50, start), 4, "another has a share of its own");
        assert_eq!(buckets.take(1, 1.0, 1.0, start), Err(11));
        assert_eq!(taken(1, 50, start + Duration::from_secs(21)), 2);
        let free = KeyedRateLimiter::new(None);
        assert!((0..1_000).all(|_| free.take(1_u32, 1.0, 1.0, start).is_ok()));
    }

    #[test]
    fn the_wait_that_is_told_is_long_enough_and_no_longer() {
        for owed in [0.5, 1.0, 2.5, 3.9, 100.0] {
            let buckets = KeyedRateLimiter::new(Some(SIX_A_MINUTE));
            let start = Instant::now();
            buckets.owe(1_u32, 4.0, start);
            buckets.owe(1_u32, owed, start);
            let wait = buckets.take(1, 1.0, 1.0, start).unwrap_err();
            let before = start + Duration::from_secs(wait) - Duration::from_millis(1_100);
            assert!(buckets.take(1, 1.0, 0.0, before).is_err(), "{owed}");
            assert_eq!(
                buckets.take(1, 1.0, 1.0, start + Duration::from_secs(wait)),
                Ok(()),
                "{owed}"
            );
        }
    }

    #[test]
    fn what_costs_more_than_a_bucket_holds_is_had_from_a_full_one() {
        let buckets = KeyedRateLimiter::new(Some(SIX_A_MINUTE));
        let start = Instant::now();
        assert_eq!(buckets.take(1_u32, 10.0, 10.0, start), Ok(()));
        assert!(buckets.take(1, 1.0, 1.0, start).is_err());
        buckets.give_back(1, 10.0, start);
        assert_eq!(buckets.take(1, 4.0, 4.0, start), Ok(()));
    }

    #[test]
    fn strangers_do_not_fill_the_memory_and_lock_nobody_out_who_is_known() {
        let buckets = KeyedRateLimiter::new(Some(Allowance {
            a_second: 1.0,
            at_once: 2.0,
        }));
        let start = Instant::now();
        for asker in 0..MOST_ASKERS {
            assert_eq!(buckets.take(asker, 1.0, 1.0, start), Ok(()));
        }
        let late = (0..10)
            .filter(|i| buckets.take(MOST_ASKERS + i, 1.0, 1.0, start).is_ok())
            .count();
        assert_eq!(late, 2, "they share one bucket");
        assert_eq!(
            buckets.take(9, 1.0, 1.0, start),
            Ok(()),
            "who is known has a share of its own"
        );
        assert_eq!(buckets.levels.with(|levels| levels.of.len()), MOST_ASKERS);
        let later = start + Duration::from_secs(60);
        assert_eq!(buckets.take(MOST_ASKERS + 77, 1.0, 1.0, later), Ok(()));
        assert_eq!(
            buckets.levels.with(|levels| levels.of.len()),
            1,
            "the quiet ones are forgotten"
        );
    }
}
