//! Ends a process whose runtime stands, so that who started it starts it again.
//!
//! Nothing in this program may hold up the threads that answer. If something does all the same, a node that says nothing
//! is worse than one that is gone: a thread outside the runtime asks it every second for a sign of life, through every
//! worker, and ends the process when none came for too long. Under systemd it also keeps `WatchdogSec` from acting.

use std::{
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

/// The time for which the runtime may give no sign of life.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two signs.
const PAUSE: Duration = Duration::from_secs(1);

/// Begins to watch over the runtime that this is called in; ends the process with [`std::process::abort`] if it stands.
pub fn watch() {
    let runtime = Handle::current();
    let notifier = Notifier::from_environment();
    notifier.notify("READY=1");
    let watching = std::thread::Builder::new().name("watchdog".into());
    let spawned = watching.spawn(move || watch_over(&runtime, PATIENCE, &notifier, &|| std::process::abort()));
    if let Err(error) = spawned {
        tracing::error!(%error, "no watchdog can be started: nobody ends this process if it stands");
    }
}

/// Watches until the runtime gives no sign for so long, and then calls `end`.
fn watch_over(runtime: &Handle, patience: Duration, notifier: &Notifier, end: &dyn Fn()) {
    let signs = Arc::new(AtomicU64::new(0));
    let mut seen = 0;
    let mut since = Instant::now();
    loop {
        let sign = signs.clone();
        runtime.spawn(async move {
            sign.fetch_add(1, Ordering::Relaxed);
        });
        std::thread::sleep(PAUSE.min(patience / 4));
        let now_seen = signs.load(Ordering::Relaxed);
        if now_seen != seen {
            seen = now_seen;
            since = Instant::now();
            notifier.notify("WATCHDOG=1");
        } else if since.elapsed() >= patience {
            tracing::error!(
                seconds = patience.as_secs(),
                "the runtime stands: this process ends, to be started again"
            );
            // The log has a thread of its own; what stands may hold that up as well.
            std::thread::sleep(PAUSE.min(patience / 4));
            return end();
        }
    }
}

/// The service manager's socket (sd_notify(3)); none, where there is no service manager.
struct Notifier(Option<(UnixDatagram, SocketAddr)>);

impl Notifier {
    fn from_environment() -> Self {
        let address = std::env::var("NOTIFY_SOCKET").ok().and_then(|name| {
            match name.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(name),
            }
            .ok()
        });
        Self(address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address))))
    }

    fn notify(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            // A manager that is gone is told nothing.
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_runtime_that_stands_is_ended_and_one_that_works_is_not() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            watch_over(&handle, Duration::from_millis(200), &Notifier(None), &|| {
                ended.send(()).unwrap()
            });
        });
        let quiet = end.recv_timeout(Duration::from_secs(1));
        assert!(quiet.is_err(), "it works");
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..2 {
            let held = held.clone();
            // Both workers stand: one waits, and one waits for the first.
            runtime.spawn(async move {
                let _ = held.lock().unwrap().recv();
            });
        }
        end.recv_timeout(Duration::from_secs(60)).expect("it stands");
        drop(release);
    }
}
