//! What an agency runs: a node. It keeps the agency's issuers and credentials, replicates its lists with its peers,
//! and answers about any badge.
//!
//! How one datum travels. *A revocation*: `api` → `registrar` (may this agency do that?) → `replication` →
//! `protocol::Replica` → `storage` → only then the answer and the messages to peers (`network`). *A badge*: `api` or
//! `web` → `verification::formats` → [`evidence`] gathers, and asks `foreign` for what no agency of the federation keeps
//! → `verification::judge`.

mod abroad;
mod api;
pub mod clock;
pub mod config;
pub mod demo;
pub mod evidence;
mod foreign;
pub mod init;
mod keys;
mod network;
mod outbound;
pub mod registrar;
pub mod registry;
mod replication;
mod serve;
pub mod storage;
mod web;

use std::{collections::BTreeMap, fs::File, net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context as _;
use protocol::Hash;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

use crate::{
    abroad::Abroad,
    clock::Clock,
    config::Config,
    foreign::Foreign,
    network::{Network, Peer},
    registrar::Registrar,
    registry::{Registry, SharedRegistry},
    replication::{Identity, Replication},
    storage::Store,
};

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where its peers reach it, as multiaddresses.
    pub peer_addresses: Vec<String>,
    /// What it knows.
    pub registry: SharedRegistry,
    /// What it keeps.
    pub store: Store,
    /// Who acts for the agency.
    pub registrar: Arc<Registrar>,
    /// Who the agency is: the hash of its first key-log entry.
    pub home: Hash,
    server: axum_server::Handle<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
    /// Held while the node runs.
    _lock: File,
}

/// Starts a node on its data directory.
///
/// # Errors
/// If the directory is none, a port is taken, or the store cannot be used.
pub async fn start(data: &Path, config: Config, clock: Clock) -> anyhow::Result<Node> {
    // An error means that a provider is installed already, which is what we want.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let lock = lock(data)?;
    let home: Hash = config.genesis.parse().context("`genesis` in the configuration")?;
    let store = Store::open(data, config.database.as_deref()).await?;
    let folder = data.join("keys");

    let mut pins = BTreeMap::from([(config.agency.clone(), home)]);
    let mut peers = Vec::new();
    for peer in &config.peers {
        let name: Hash = peer
            .genesis
            .parse()
            .with_context(|| format!("the genesis of peer `{}`", peer.agency))?;
        let known = pins.insert(peer.agency.clone(), name);
        anyhow::ensure!(
            known.is_none(),
            "`{}` is pinned twice in the configuration",
            peer.agency
        );
        let id = peer
            .peer_id
            .parse()
            .with_context(|| format!("the peer id of `{}`", peer.agency))?;
        let addresses: Result<Vec<_>, _> = peer.addresses.iter().map(|a| a.parse()).collect();
        let addresses = addresses.with_context(|| format!("an address of peer `{}`", peer.agency))?;
        peers.push(Peer { name, id, addresses });
    }

    let identity = Identity {
        pinned: pins.values().copied().collect(),
        home,
        writer_seed: keys::load(&folder, "writer.key")?,
        heartbeat_every: config.heartbeat_every_seconds.into(),
        heartbeat_term: config.heartbeat_term_seconds.into(),
        exchange_every: config.exchange_every_seconds.into(),
    };
    let replica = identity
        .restore(&store)
        .await
        .context("the lists cannot be read from the store")?;
    let registry = SharedRegistry::new(Registry::new(home, config.agency.clone(), pins, &replica)?);

    let (orders, orders_taken) = mpsc::channel(1024);
    let (news, news_taken) = mpsc::channel(1024);
    let listen: Result<Vec<_>, _> = config.peer_listen.iter().map(|a| a.parse()).collect();
    let listen = listen.context("`peer_listen` in the configuration")?;
    let keypair = network::identity(keys::load(&folder, "node.key")?)?;
    let (network, addresses) = Network::listen(keypair, &listen, peers, orders_taken, news).await?;
    let (replication, author) = Replication::new(
        identity,
        replica,
        store.clone(),
        registry.clone(),
        clock.clone(),
        orders,
        news_taken,
    );

    let registrar = Arc::new(Registrar::new(store.clone(), registry.clone(), author, clock.clone()));
    let app = api::App {
        registrar: registrar.clone(),
        store: store.clone(),
        registry: registry.clone(),
        clock,
        abroad: Abroad::new(config.outbound.roots()?)?,
        foreign: Foreign::new(&config.outbound)?,
        receiving: Arc::new(Semaphore::new(api::MAX_RECEIVING)),
        judging: Arc::new(Semaphore::new(api::MAX_JUDGING)),
    };
    let (http, server, serving) =
        serve::serve(config.listen, config.tls.as_ref(), &config.agency, api::router(app)).await?;

    tracing::info!(agency = %config.agency, %http, "the node answers");
    Ok(Node {
        http,
        peer_addresses: addresses.iter().map(ToString::to_string).collect(),
        registry,
        store,
        registrar,
        home,
        server,
        _lock: lock,
        tasks: vec![serving, tokio::spawn(replication.run()), tokio::spawn(network.run())],
    })
}

/// Takes the data directory: two programs on one would be two writers with one key.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join("lock");
    let file = File::create(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
    let taken = || format!("`{}` is in use: another node runs on it", data.display());
    file.try_lock().with_context(taken)?;
    Ok(file)
}

impl Node {
    /// Stops the node: requests under way are answered first. What it acknowledged is on disk already.
    pub async fn stop(self) {
        self.server.graceful_shutdown(Some(std::time::Duration::from_secs(5)));
        drop(self.registrar);
        for task in self.tasks {
            // The server's task ends first and drops the last writer; the others then end by themselves.
            if tokio::time::timeout(std::time::Duration::from_secs(10), task)
                .await
                .is_err()
            {
                tracing::warn!("a task did not stop in time");
            }
        }
        self.store.close().await;
    }
}
