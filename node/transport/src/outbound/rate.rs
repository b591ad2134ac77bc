//! The rate at which one host is asked: buckets of tokens, so that nobody turns this node against somebody else, and so that
//! nobody uses up what others need of it.
//!
//! A host is asked so often on behalf of all strangers together; but the first requests on behalf of each are made in any
//! case, however often it was asked on behalf of others. What concerns an agency, or an operator, has a share of its own.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
    time::Duration,
};

use tokio::time::Instant;

use platform::lock::Lock;

use super::FetchRequester;

/// The size of a bucket, and how fast it fills.
#[derive(Clone, Copy, Debug)]
struct BucketSize {
    at_once: f64,
    /// After how long one more comes.
    refill: Duration,
}

/// The requests to a host, on behalf of all strangers, or of one agency.
const OF_A_HOST: BucketSize = BucketSize {
    at_once: 20.0,
    refill: Duration::from_millis(500),
};
/// The first ones on behalf of one stranger: as many as a badge may cause.
const FIRST: BucketSize = BucketSize {
    at_once: 6.0,
    refill: Duration::from_secs(10),
};
/// The most buckets that are remembered; those that have been left alone long enough are forgotten first. Those that come
/// when all places are taken share one.
const MOST_BUCKETS: usize = 65_536;
/// The bucket that those share.
const OF_THE_UNKNOWN: BucketSize = BucketSize {
    at_once: 20.0,
    refill: Duration::from_millis(50),
};

/// The level of each bucket, and since when; by a number that stands for its name.
#[derive(Debug, Default)]
pub(super) struct FetchRateLimiter {
    numbers: RandomState,
    left: Lock<BucketLevels>,
}

#[derive(Debug, Default)]
struct BucketLevels {
    of: HashMap<u64, BucketLevel>,
    unknown: Option<BucketLevel>,
}

#[derive(Clone, Copy, Debug)]
struct BucketLevel {
    bucket: BucketSize,
    tokens: f64,
    since: Instant,
}

impl BucketSize {
    const fn full(self, since: Instant) -> BucketLevel {
        BucketLevel {
            bucket: self,
            tokens: self.at_once,
            since,
        }
    }
}

impl BucketLevel {
    fn at(self, now: Instant) -> f64 {
        let come = now.saturating_duration_since(self.since).as_secs_f64() / self.bucket.refill.as_secs_f64();
        (self.tokens + come).min(self.bucket.at_once)
    }

    /// Takes one, if there is one.
    fn takes(&mut self, now: Instant) -> bool {
        let tokens = self.at(now);
        let taken = tokens >= 1.0;
        self.tokens = if taken { tokens - 1.0 } else { tokens };
        self.since = now;
        taken
    }
}

impl BucketLevels {
    fn takes(&mut self, number: u64, bucket: BucketSize, now: Instant) -> bool {
        let is_new = !self.of.contains_key(&number);
        if is_new && self.of.len() >= MOST_BUCKETS {
            self.of.retain(|_, level| level.at(now) < level.bucket.at_once);
        }
        if is_new && self.of.len() >= MOST_BUCKETS {
            let unknown = self.unknown.get_or_insert_with(|| OF_THE_UNKNOWN.full(now));
            return unknown.takes(now);
        }
        self.of.entry(number).or_insert_with(|| bucket.full(now)).takes(now)
    }
}

impl FetchRateLimiter {
    /// Takes one request to a host from the share of whoever it is for; says whether there was one.
    pub(super) fn takes(&self, whom: &FetchRequester, host: &str) -> bool {
        self.takes_at(whom, host, Instant::now())
    }

    fn takes_at(&self, whom: &FetchRequester, host: &str, now: Instant) -> bool {
        let own = self.number((Some(whom), host));
        let of_all = self.number((None::<&FetchRequester>, host));
        self.left.with(|left| match whom {
            FetchRequester::Stranger(_) => left.takes(own, FIRST, now) || left.takes(of_all, OF_A_HOST, now),
            FetchRequester::Agency(_) | FetchRequester::Operator => left.takes(own, OF_A_HOST, now),
        })
    }

    fn number(&self, name: impl Hash) -> u64 {
        self.numbers.hash_one(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(last: u32) -> FetchRequester {
        FetchRequester::Stranger(std::net::Ipv4Addr::from_bits(last).into())
    }

    fn taken(rate: &FetchRateLimiter, whom: &FetchRequester, host: &str, at: Instant) -> usize {
        (0..100).filter(|_| rate.takes_at(whom, host, at)).count()
    }

    #[test]
    fn a_host_gets_its_share_and_no_more() {
        let rate = FetchRateLimiter::default();
        let start = Instant::now();
        let agency = FetchRequester::Agency("US-SC".to_owned());
        assert_eq!(taken(&rate, &agency, "a.example", start), 20);
        let other = taken(&rate, &agency, "b.example", start);
        assert_eq!(other, 20, "another host has a share of its own");
        let later = start + Duration::from_millis(1_600);
        assert_eq!(taken(&rate, &agency, "a.example", later), 3);
    }

    #[test]
    fn who_asks_a_host_for_much_leaves_others_what_one_badge_needs_of_it() {
        let rate = FetchRateLimiter::default();
        let start = Instant::now();
        assert_eq!(taken(&rate, &stranger(1), "a.example", start), 26);
        for other in 2..50 {
            assert_eq!(taken(&rate, &stranger(other), "a.example", start), 6);
        }
        assert_eq!(taken(&rate, &FetchRequester::Operator, "a.example", start), 20);
        assert_eq!(taken(&rate, &stranger(1), "b.example", start), 26);
        let later = start + Duration::from_secs(20);
        assert_eq!(
            taken(&rate, &stranger(2), "a.example", later),
            22,
            "all of it comes back"
        );
    }

    #[test]
    fn hosts_that_nobody_ever_heard_of_do_not_fill_the_memory_and_lock_nobody_out() {
        let rate = FetchRateLimiter::default();
        let start = Instant::now();
        for i in 0..MOST_BUCKETS {
            assert!(rate.takes_at(&stranger(1), &format!("{i}.example"), start), "{i}");
        }
        let late = taken(&rate, &stranger(2), "another.example", start);
        assert_eq!(late, 20, "they share one bucket");
        let soon = start + Duration::from_secs(1);
        assert!(rate.takes_at(&stranger(3), "a-third.example", soon));
        let later = start + Duration::from_secs(30);
        assert!(rate.takes_at(&stranger(2), "another.example", later));
        let kept = rate.left.with(|left| left.of.len());
        assert_eq!(kept, 1, "the others were left alone long enough");
    }
}
