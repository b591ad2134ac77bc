//! The time, as this process believes it. The only place that reads the system's clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use registry_schema::Timestamp;

/// The system's clock, plus a shift that tests use to let days go by. Clones share the shift.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Timestamp(now.saturating_add(self.0.load(Ordering::Relaxed)))
    }

    /// This moment, by which [`Moment::age`] later tells how long ago it was.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            at: self.now(),
            instant: Instant::now(),
        }
    }

    /// Lets time go by.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }
}

/// A moment that passed.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it was.
    pub at: Timestamp,
    instant: Instant,
}

impl Moment {
    /// How long ago it was at `now`: the longer of what the system's clock and its monotonic clock say. The first can be
    /// set back; the second stands still while a machine sleeps.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        let by_clock = u64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(0);
        self.instant.elapsed().max(Duration::from_millis(by_clock))
    }
}
