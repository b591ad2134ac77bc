//! A node: the program that an agency runs. It answers over HTTP, for people ([`web`]) and for programs ([`api`]), and its
//! commands make, rebuild and repair a data directory. What it knows and does is in `agency`.
//!
//! Several processes of one agency may share one PostgreSQL: one of them holds the lease and writes, the others follow the
//! rows and forward ([`forwarding`]) what is to be written.

mod api;
mod certificate;
pub mod config;
pub mod demo;
mod forwarding;
pub mod init;
mod owner;
pub mod rebuild;
pub mod repair;
mod serve;
pub mod terminal;
mod underway;
pub mod watchdog;
mod web;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::middleware::from_fn_with_state;
use protocol::{Hash, Ticket};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    config::Config,
    forwarding::{Forwarder, HolderListener},
};
use agency::{
    checked,
    external_sources::ExternalSources,
    health::Health,
    lease::{LeaseConfig, LeaseHolder, LeaseRole, LeaseTask},
    node_client::NodeClient,
    peer_set::PeerSet,
    registrar,
    registrar::Registrar,
    registry,
    registry::{Registry, SharedRegistry},
    replication::{DurableHeads, LogWriter, NodeIdentity},
    said::TrustHistory,
    shelf::FederationFiles,
    silence,
};
use platform::{clock::Clock, data_lock::DataLock, seal::SealingKey};
use storage::Store;
use transport::{
    mirror::{Mirror, MirrorSource},
    network::NetworkSettings,
};

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
    servers: Vec<axum_server::Handle<SocketAddr>>,
    door: Option<HolderListener>,
    serving: Vec<JoinHandle<()>>,
    /// Ends when the node is stopped, or cannot write any more.
    part: JoinHandle<()>,
    /// The tasks that it does by itself.
    background: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
    /// Counts how often what can change while it runs was to be read again.
    reload: watch::Sender<u64>,
    /// Held while the node runs.
    _lock: DataLock,
}

/// Chooses who does this process's cryptography for TLS.
pub fn choose_cryptography() {
    // An error means that a provider is installed already, which is what we want.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Gives the store the seal of issuers' keys. Without it the node serves, and cannot sign for issuers.
async fn take_seal(data: &Path, config: &Config, store: &Store) -> anyhow::Result<()> {
    let file = config.seal_file(data);
    let shown = file.display();
    let seal = match SealingKey::load(&file)? {
        Some(seal) => Some(seal),
        None => match store.sealed_by_another().await? {
            Some(name) => {
                tracing::error!(
                    "the keys of issuers are sealed with the key `{name}`, and `{shown}` is not there: this node serves, and \
                     issues nothing until it is put back"
                );
                None
            }
            // Several processes share a database, and must share its seal.
            None if config.database.is_some() => {
                tracing::warn!(
                    "the keys of issuers are in clear in the database: put 64 random hexadecimal digits into `{shown}`, the \
                     same for every process of this store, and start them again"
                );
                None
            }
            None => {
                tracing::warn!(
                    "`{shown}` was not there: another key for the seal of issuers' keys is made, and wants a backup of its own"
                );
                Some(SealingKey::create(&file)?)
            }
        },
    };
    if let Some(seal) = seal {
        let name = seal.name().to_owned();
        store.use_seal(seal);
        if let Some(other) = store.sealed_by_another().await? {
            tracing::error!(
                "keys of issuers are sealed with the key `{other}`, and `{shown}` holds `{name}`: what they sign cannot be issued"
            );
        }
    }
    Ok(())
}

/// Starts a node on its data directory.
///
/// # Errors
/// If the directory is none, a port is taken, or the store cannot be used.
pub async fn start(data: &Path, config: Config, clock: Clock) -> anyhow::Result<Node> {
    choose_cryptography();
    platform::descriptors::raise();
    serve::may_answer(config.listen, config.tls.as_ref())?;
    let lock = DataLock::take(data)?;
    platform::private::tighten(data)?;
    let home: Hash = config.genesis.parse().context("`genesis` in the configuration")?;
    let lease_term = Duration::from_secs(config.lease_term_seconds.into());
    let store = owner::open_to_run(data, &config, lease_term).await?;
    let folder = data.join("keys");
    take_seal(data, &config, &store).await?;

    let keypair = transport::network::identity(init::node_secret(data)?)?;
    let mut configured = Vec::new();
    for peer in &config.peers {
        configured.push(peer.ticket()?);
    }
    let own = Ticket {
        agency: config.agency.clone(),
        // The key log says its name and its URL.
        name: String::new(),
        genesis: home,
        node: keypair.public().to_peer_id().to_string(),
        addresses: config.announced(),
        url: config.url.clone().unwrap_or_default(),
    };
    let mut roster = PeerSet::new(own, configured).context("the peers in the configuration")?;
    roster.peers()?;

    let mut mirrors: Vec<Mirror> = Vec::new();
    for mirror in &config.mirrors {
        let genesis = mirror.genesis.parse();
        let agency: Hash = genesis.with_context(|| format!("the genesis of the mirror of `{}`", mirror.agency))?;
        roster.pin(&mirror.agency, agency)?;
        let source = MirrorSource::new(&mirror.url, mirror.roots.as_deref())
            .with_context(|| format!("the mirror of `{}`", mirror.agency))?;
        let is_known = mirrors.iter().any(|known| known.source.url() == source.url());
        anyhow::ensure!(!is_known, "the mirror `{}` is in the configuration twice", source.url());
        mirrors.push(Mirror { agency, source });
    }

    let identity = NodeIdentity {
        pinned: roster.pinned(),
        home,
        has_own_peers: roster.has_own_peers(),
        keys: folder.clone(),
        scratch: data.to_owned(),
        heartbeat_every: config.heartbeat_every_seconds.into(),
        heartbeat_term: config.heartbeat_term_seconds.into(),
        exchange_every: config.exchange_every_seconds.into(),
        checkpoint_every: config.checkpoint_every_envelopes.max(1),
        quota: config.quota.quota(),
        durable: DurableHeads::default(),
    };
    let listen: Result<Vec<_>, _> = config.peer_listen.iter().map(|a| a.parse()).collect();
    let peering = NetworkSettings {
        keypair,
        listen: listen.context("`peer_listen` in the configuration")?,
        // They follow from the roster, and from what operators decided since.
        peers: vec![],
    };
    let registry = SharedRegistry::new(Registry::empty(roster.clone()));
    let (desk, desks) = watch::channel(None);
    let (role, roles) = watch::channel(LeaseRole::Follower(None));
    let (catch_up, catching_up) = mpsc::channel(1024);
    let (stop, stopping) = watch::channel(false);
    let (reload, reloading) = watch::channel(0);
    let health = Health::default();

    let author = LogWriter::new(desks);
    let checked = checked::CheckCounter::new(config.agency.clone());
    let registrar = Arc::new(Registrar::new(
        store.clone(),
        checked.clone(),
        registry.clone(),
        author,
        clock.clone(),
        folder.clone(),
    ));
    let own_url = store.key_log(home).await?.map(|log| log.founding().url.clone());
    let own_url = own_url.unwrap_or_default();
    let is_behind_proxy = !config.lookups.proxies.is_empty() || matches!(config.tls, Some(config::Tls::None));
    serve::warn_if_unreachable(config.listen, &own_url, is_behind_proxy);
    let mut app = api::AppState {
        registrar: registrar.clone(),
        store: store.clone(),
        registry: registry.clone(),
        shelf: FederationFiles::new(store.clone()),
        said: TrustHistory::new(store.clone()),
        clock: clock.clone(),
        abroad: NodeClient::new(config.outbound.roots()?, config.outbound.opened_to_peers(&own_url)?)?,
        clients: api::clients::ClientBudgets::new(&config.lookups, &config.budget),
        underway: underway::WriteGate::new(),
        past: registry::RegistryHistory::new(store.clone()).await?,
        foreign: ExternalSources::new(&config.outbound, store.clone())?,
        role: roles.clone(),
        health: health.clone(),
        forwarding: None,
        sending: transport::doorway::ConnectionLimiter::new(api::federation::SENDING),
        documents: api::documents::DocumentCache::default(),
        outgoing: api::outgoing::ResponseBudget::new(),
        arriving: api::arrivals::UploadGate::new(api::ARRIVING),
        arriving_uploads: api::arrivals::UploadGate::new(api::bulk::ARRIVING),
        passing_on: Arc::new(Semaphore::new(api::MAX_PASSED_ON)),
        judging: Arc::new(Semaphore::new(api::MAX_JUDGING)),
        certificate: match &config.tls {
            Some(config::Tls::Files { cert, .. }) => Some(cert.clone()),
            _ => None,
        },
        registration: config.registration,
        introduces: config.introduces,
        uploads: Arc::new(Semaphore::new(api::bulk::MAX_UPLOADS)),
        checked: checked.clone(),
        signed_lists: api::status_lists::SignedLists::new(config.heartbeat_term_seconds),
    };
    let counting = checked::write_checked(checked, store.clone(), clock.clone(), stop.subscribe());
    let mut background = vec![tokio::spawn(counting)];
    background.push(tokio::spawn(store.clone().keep_clear(stop.subscribe())));
    let foreign = app.foreign.clone();
    let lists = foreign.keep_registered_lists(registry.clone(), clock.clone(), stop.subscribe());
    background.push(tokio::spawn(lists));
    let guard = serve::ConnectionGuard::new(platform::descriptors::for_http(), &config.lookups.proxies);
    let silent = silence::tell_of_silent_peers(registry.clone(), clock.clone(), stop.subscribe());
    background.push(tokio::spawn(silent));
    let (mut servers, mut serving) = (vec![], vec![]);
    let (mut sharing, mut inner_door) = (None, None);
    if config.database.is_some() {
        let door = HolderListener::new(roles.clone());
        inner_door = Some(door.clone());
        let (certificate, key) = HolderListener::certificate()?;
        let inner = config
            .inner_listen
            .unwrap_or_else(|| SocketAddr::new(serve::reachable(config.listen.ip()), 0));
        let guarded = api::router(app.clone().into()).layer(from_fn_with_state(door.clone(), forwarding::guard));
        let (address, server, task) = serve::door(
            inner,
            (certificate.clone(), key),
            &config.agency,
            guard.clone(),
            guarded,
        )
        .await?;
        servers.push(server);
        serving.push(task);
        sharing = Some(LeaseConfig {
            inner: LeaseHolder {
                epoch: 0,
                address,
                certificate,
                secret: door.secret().to_vec(),
            },
            term: lease_term,
        });
        app.forwarding = Some(Forwarder::new(store.clone(), roles, catch_up));
    }
    let mut part = LeaseTask {
        identity,
        roster,
        peering,
        mirrors,
        sharing,
        store: store.clone(),
        registry: registry.clone(),
        clock,
        health: health.clone(),
        desk,
        role,
        catching_up,
        stop: stopping,
    };
    // First of all it can be asked how it does: what is restored from the store may take a while.
    let server = serve::serve(
        config.listen,
        config.tls.as_ref(),
        &config.agency,
        guard,
        api::router(app.into()),
        (reloading, stop.subscribe()),
    )
    .await?;
    let http = server.address;
    tracing::info!(agency = %config.agency, %http, "the node answers, and makes its lists from the store");
    let held = part.begin().await?;
    let peer_addresses = held
        .as_ref()
        .map(|held| held.peer_addresses.clone())
        .unwrap_or_default();
    let writes = held.is_some();
    let part = tokio::spawn(part.run(held));
    if let Err(why) = health.begun().await {
        // Another process need not wait for the end of the lease's term.
        stop.send_replace(true);
        // However it ends, the error is the one that is told.
        let _ = part.await;
        anyhow::bail!(why);
    }
    servers.push(server.handle);
    serving.push(server.task);
    background.extend(server.renewal);
    if let Some(days) = config.registration.contact_kept_days {
        let task = registrar::retention(registrar.clone(), days, stop.subscribe());
        background.push(tokio::spawn(task));
    }

    tracing::info!(agency = %config.agency, %http, writes, "the node answers for its agency");
    Ok(Node {
        http,
        peer_addresses,
        registry,
        store,
        registrar,
        home,
        servers,
        door: inner_door,
        serving,
        part,
        background,
        stop,
        reload,
        _lock: lock,
    })
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
        let _ = (&mut self.part).await;
        anyhow::anyhow!(
            "another process took this node's store, or the task that writes ended: see the log before this line, end the other \
             process, and start the node again"
        )
    }

    /// Stops the node: requests under way are answered first. What it acknowledged is on disk already.
    pub async fn stop(self) {
        if let Some(door) = &self.door {
            door.close().await;
        }
        for server in &self.servers {
            server.graceful_shutdown(Some(Duration::from_secs(5)));
        }
        drop(self.registrar);
        let ended = |task| async move {
            if tokio::time::timeout(Duration::from_secs(25), task).await.is_err() {
                tracing::warn!("a task did not stop in time");
            }
        };
        for task in self.serving {
            ended(task).await;
        }
        // Only now: requests under way still wrote.
        self.stop.send_replace(true);
        for task in self.background {
            ended(task).await;
        }
        ended(self.part).await;
        self.store.close().await;
    }
}
