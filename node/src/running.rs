//! A node that runs: what may be asked of it, and its end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use agency::{registrar::Registrar, registry::SharedRegistry};
use platform::data_lock::DataLock;
use protocol::Hash;
use storage::Store;
use tokio::{sync::watch, task::JoinHandle};

use crate::forwarding::HolderListener;

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    /// The address at which it answers HTTP.
    pub http: SocketAddr,
    /// The multiaddresses at which its peers reach it; none while another process of the agency writes.
    pub peer_addresses: Vec<String>,
    /// The registry of what it knows.
    pub registry: SharedRegistry,
    /// The store of what it keeps.
    pub store: Store,
    /// The registrar, which acts for the agency.
    pub registrar: Arc<Registrar>,
    /// The hash of the agency's first key-log entry, which says who it is.
    pub home: Hash,
    /// The servers of HTTP, each with its task.
    pub(crate) servers: Servers,
    /// The listener for the agency's other processes, where they share a database.
    pub(crate) holder_listener: Option<HolderListener>,
    /// The task that takes part in the lease. It ends when the node is stopped, or cannot write any more.
    pub(crate) lease: JoinHandle<()>,
    /// The tasks that it does by itself.
    pub(crate) background: Vec<JoinHandle<()>>,
    pub(crate) stop: watch::Sender<bool>,
    /// Counts how often what can change while it runs was to be read again.
    pub(crate) reload: watch::Sender<u64>,
    /// Held while the node runs.
    pub(crate) _lock: DataLock,
}

/// Servers of HTTP that run.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    handles: Vec<axum_server::Handle<SocketAddr>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Servers {
    /// Adds one.
    pub(crate) fn add(&mut self, handle: axum_server::Handle<SocketAddr>, task: JoinHandle<()>) {
        self.handles.push(handle);
        self.tasks.push(task);
    }
}

impl Node {
    /// Reads again what can change while the node runs: the certificate of HTTPS. No connection ends.
    pub fn reload(&self) {
        self.reload.send_modify(|times| *times += 1);
    }

    /// Says in the log what an operator should mend, though the node serves.
    pub async fn warn(&self) {
        match self.registrar.roots_at_home().await {
            Ok(files) => files
                .iter()
                .for_each(|file| tracing::warn!("{}", platform::keys::root_at_home(file))),
            Err(error) => tracing::warn!(%error, "no telling whether a root key lies in this node's folder"),
        }
        match self.registrar.issuers_without_key().await {
            Ok(troubles) => troubles
                .iter()
                .for_each(|trouble| tracing::error!("{}", trouble.error())),
            Err(error) => tracing::warn!(%error, "no telling whether the issuers' keys are sound"),
        }
    }

    /// Waits until this node, whose store is its own alone, cannot write any more: another process took the store, or the task
    /// that writes came to its end. Nothing of the agency is called good from then on, and only a start helps. Returns what an
    /// operator is told.
    pub async fn ends(&mut self) -> anyhow::Error {
        // A task that panicked has ended as well.
        let _ = (&mut self.lease).await;
        anyhow::anyhow!(
            "another process took this node's store, or the task that writes ended: see the log before this line, end the other \
             process, and start the node again"
        )
    }

    /// Stops the node: requests under way are answered first. What it acknowledged is on disk already.
    pub async fn stop(self) {
        if let Some(door) = &self.holder_listener {
            door.close().await;
        }
        for server in &self.servers.handles {
            server.graceful_shutdown(Some(Duration::from_secs(5)));
        }
        drop(self.registrar);
        let ended = |task| async move {
            if tokio::time::timeout(Duration::from_secs(25), task).await.is_err() {
                tracing::warn!("a task did not stop in time");
            }
        };
        for task in self.servers.tasks {
            ended(task).await;
        }
        // Only now: requests under way still wrote.
        self.stop.send_replace(true);
        for task in self.background {
            ended(task).await;
        }
        ended(self.lease).await;
        self.store.close().await;
    }
}
