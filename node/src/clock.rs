//! The time, as this process believes it. The only place that reads the system's clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
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

    /// Lets time go by.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }
}
