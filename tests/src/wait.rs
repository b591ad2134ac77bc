//! Waiting for what is bound to happen.

use std::time::{Duration, Instant};

/// Longest wait. Far above what anything takes, so that a slow machine is no failure; a test that is about speed
/// measures it itself.
pub const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// Tries until `attempt` succeeds. What it says instead is shown if it never does.
///
/// # Panics
/// If it does not happen within [`PATIENCE`].
pub async fn eventually<T>(awaited: &str, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(instead) if begin.elapsed() > PATIENCE => {
                panic!(
                    "waited {} s for this: {awaited}\nlast seen: {instead}",
                    PATIENCE.as_secs()
                )
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
