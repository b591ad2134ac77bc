//! A lock for a moment: the one blocking lock of a node.
//!
//! Its content is reached in a closure only, so that it is never held across an await, and in debug builds a thread that
//! holds one and asks for another panics: no two can wait for each other. **Nothing else is locked**, except through
//! tokio's locks, which suspend a task and not a thread; `tests/scenarios/tidy.rs` holds this.

use std::sync::{Mutex, PoisonError};

/// Something that is changed by several tasks, a moment at a time.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

#[cfg(debug_assertions)]
thread_local! {
    static HOLDS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Tells that this thread holds a lock, until it is dropped.
struct ReentryGuard;

impl ReentryGuard {
    #[cfg(debug_assertions)]
    fn begin() -> Self {
        HOLDS.with(|holds| {
            assert!(!holds.replace(true), "a lock is asked for while this thread holds one");
        });
        Self
    }

    #[cfg(not(debug_assertions))]
    const fn begin() -> Self {
        Self
    }
}

impl Drop for ReentryGuard {
    fn drop(&mut self) {
        #[cfg(debug_assertions)]
        HOLDS.with(|holds| holds.set(false));
    }
}

impl<T> Lock<T> {
    /// A lock around this.
    pub const fn new(content: T) -> Self {
        Self(Mutex::new(content))
    }

    /// Looks at the content, or changes it.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let _holding = ReentryGuard::begin();
        // Who panicked in the midst of a change is ended by the watchdog or the task's end; what it changed is plain data.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn what_is_changed_is_seen() {
        let lock = Lock::new(1);
        lock.with(|number| *number += 1);
        assert_eq!(lock.with(|number| *number), 2);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "while this thread holds one")]
    fn a_lock_inside_a_lock_is_an_error() {
        let (one, other) = (Lock::new(()), Lock::new(()));
        one.with(|()| other.with(|()| ()));
    }

    #[test]
    fn a_lock_after_a_panic_is_free() {
        let lock = std::sync::Arc::new(Lock::new(0));
        let shared = lock.clone();
        let ended = std::thread::spawn(move || shared.with(|_| panic!("in the midst"))).join();
        assert!(ended.is_err());
        assert_eq!(lock.with(|number| *number), 0);
    }
}
