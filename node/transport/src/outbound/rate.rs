//! How often one host is asked: a bucket of tokens for each, so that nobody turns this node against somebody else.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use platform::lock::Lock;

/// How many requests a host gets at once.
const BURST: f64 = 20.0;
/// After how long it gets one more.
const REFILL: Duration = Duration::from_millis(500);
/// How many hosts are remembered; those that have been left alone long enough are forgotten first.
const MOST_HOSTS: usize = 4_096;

/// What is left for each host, and since when.
#[derive(Debug, Default)]
pub(super) struct Rate(Lock<HashMap<String, (f64, Instant)>>);

impl Rate {
    /// Takes one request from the host's share; says whether there was one.
    pub(super) fn takes(&self, host: &str) -> bool {
        self.takes_at(host, Instant::now())
    }

    fn takes_at(&self, host: &str, now: Instant) -> bool {
        let left = |(tokens, since): (f64, Instant)| {
            (tokens + now.saturating_duration_since(since).as_secs_f64() / REFILL.as_secs_f64()).min(BURST)
        };
        self.0.with(|hosts| {
            if hosts.len() >= MOST_HOSTS && !hosts.contains_key(host) {
                hosts.retain(|_, bucket| left(*bucket) < BURST);
                if hosts.len() >= MOST_HOSTS {
                    return false;
                }
            }
            let tokens = hosts.get(host).copied().map_or(BURST, left);
            let taken = tokens >= 1.0;
            hosts.insert(host.to_owned(), (if taken { tokens - 1.0 } else { tokens }, now));
            taken
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gets_its_share_and_no_more() {
        let rate = Rate::default();
        let start = Instant::now();
        let taken = |host: &str, times: usize, at| (0..times).filter(|_| rate.takes_at(host, at)).count();
        assert_eq!(taken("a.example", 100, start), 20);
        assert_eq!(
            taken("b.example", 100, start),
            20,
            "another host has a share of its own"
        );
        assert_eq!(taken("a.example", 100, start + Duration::from_millis(1_600)), 3);
    }

    #[test]
    fn hosts_that_nobody_ever_heard_of_do_not_fill_the_memory() {
        let rate = Rate::default();
        let start = Instant::now();
        for i in 0..MOST_HOSTS + 100 {
            assert_eq!(rate.takes_at(&format!("{i}.example"), start), i < MOST_HOSTS, "{i}");
        }
        let later = start + Duration::from_secs(30);
        assert!(
            rate.takes_at("another.example", later),
            "the others were left alone long enough"
        );
        assert_eq!(rate.0.with(|hosts| hosts.len()), 1);
    }
}
