//! How long something takes, and how much memory at most.

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
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// Most bytes held at once, beyond what was held before.
    pub(crate) bytes: usize,
}

pub(crate) fn measured<T>(run: impl FnOnce() -> T) -> (T, Cost) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    #[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
    let start = Instant::now();
    let outcome = run();
    let time = start.elapsed();
    let bytes = MEMORY.peak_usage().saturating_sub(before);
    (outcome, Cost { time, bytes })
}
