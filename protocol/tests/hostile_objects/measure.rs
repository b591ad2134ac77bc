//! The time that something takes, and the most memory.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test at a time: the memory is everybody's.
static ONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(crate) struct DecodeCost {
    pub(crate) time: Duration,
    /// Most bytes held at once, beyond what was held before.
    pub(crate) bytes: usize,
}

/// The time that this thread had a processor, so that others on the machine do not count; where the system does not say, the time
/// that went by.
enum ThreadTimer {
    Processor(Duration),
    Wall(Instant),
}

impl ThreadTimer {
    fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
        processor().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn elapsed(&self) -> Duration {
        match self {
            Self::Processor(start) => processor().map_or(Duration::MAX, |now| now.saturating_sub(*start)),
            Self::Wall(start) => start.elapsed(),
        }
    }
}

fn processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

pub(crate) fn measured<T>(run: impl FnOnce() -> T) -> (T, DecodeCost) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = ThreadTimer::now();
    let outcome = run();
    let time = start.elapsed();
    let bytes = MEMORY.peak_usage().saturating_sub(before);
    (outcome, DecodeCost { time, bytes })
}
