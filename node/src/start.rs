//! The start of a node: its folder, its store, whom it knows, what it answers with, and the tasks that it does by itself.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::middleware::from_fn_with_state;
use protocol::{Hash, Ticket};
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};

use agency::{
    check_counter,
    external_sources::ExternalSources,
    federation_files::FederationFiles,
    health::Health,
    lease::{LeaseConfig, LeaseHolder, LeaseRole, LeaseTask},
    node_client::NodeClient,
    peer_presence,
    peer_set::PeerSet,
    registrar,
    registrar::Registrar,
    registry,
    registry::{Registry, SharedRegistry},
    replication::{DurableHeads, LogWriter, NodeIdentity},
    trust_history::TrustHistory,
};
use platform::{clock::Clock, data_lock::DataLock, seal::SealingKey};
use storage::Store;
use transport::{
    mirror::{Mirror, MirrorSource},
    network::NetworkSettings,
};

use crate::{
    api,
    config::{self, Config},
    forwarding::{self, Forwarder, HolderListener},
    init, owner,
    running::{Node, Servers},
    serve, underway,
};

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

/// The end to which a node is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartPurpose {
    /// To act for its agency.
    Run,
    /// To take in what its peers have, while its store is rebuilt.
    Rebuild,
}

/// Starts a node on its data directory.
///
/// # Errors
/// If the directory is none, a port is taken, or the store cannot be used.
pub async fn start(data: &Path, config: Config, clock: Clock) -> anyhow::Result<Node> {
    // Boxed: whoever starts a node holds none of what that takes.
    Box::pin(start_to(StartPurpose::Run, data, config, clock)).await
}

/// The same, to this end.
pub(crate) async fn start_to(purpose: StartPurpose, data: &Path, config: Config, clock: Clock) -> anyhow::Result<Node> {
    let lease_term = Duration::from_secs(config.lease_term_seconds.into());
    let (lock, home, store) = Box::pin(take_data(data, &config, lease_term)).await?;
    let network = network_settings(data, &config)?;
    let (peers, mirrors) = configured_peers(&config, home, &network)?;
    let registry = SharedRegistry::new(Registry::empty(peers.clone()));
    let health = Health::default();
    let (replication, writer) = watch::channel(None);
    let (role, roles) = watch::channel(LeaseRole::Follower(None));
    let (catch_up, catching_up) = mpsc::channel(1024);
    let (stop, stopping) = watch::channel(false);
    let (reload, reloading) = watch::channel(0);

    let checked = check_counter::CheckCounter::new(config.agency.clone());
    let registrar = Arc::new(Registrar::new(
        store.clone(),
        checked.clone(),
        registry.clone(),
        LogWriter::new(writer),
        clock.clone(),
        data.join("keys"),
    ));
    let known = KnownParts {
        store: &store,
        registry: &registry,
        registrar: &registrar,
        checked: &checked,
        health: &health,
        clock: &clock,
        role: &roles,
    };
    let mut app = app_state(&config, home, known).await?;
    let mut background = background_tasks(&app, &stop);
    let guard = serve::ConnectionGuard::new(platform::descriptors::for_http(), &config.lookups.proxies);
    let mut servers = Servers::default();
    let shared = share_database(&config, (roles, catch_up), &mut app, &guard, &mut servers).await?;
    let (inner, holder_listener) = shared.unzip();
    let sharing = inner.map(|inner| LeaseConfig {
        inner,
        term: lease_term,
    });
    let lease = LeaseTask {
        identity: node_identity(purpose, data, &config, home, &peers),
        peers,
        network,
        mirrors,
        sharing,
        store: store.clone(),
        registry: registry.clone(),
        clock,
        health: health.clone(),
        replication,
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
    let (lease, peer_addresses) = begin_lease(lease, &health, &stop).await?;
    let writes = peer_addresses.is_some();
    servers.add(server.handle, server.task);
    background.extend(server.renewal);
    if let Some(days) = config.registration.contact_kept_days {
        let task = registrar::retention(registrar.clone(), days, stop.subscribe());
        background.push(tokio::spawn(task));
    }
    tracing::info!(agency = %config.agency, %http, writes, "the node answers for its agency");
    Ok(Node {
        http,
        peer_addresses: peer_addresses.unwrap_or_default(),
        registry,
        store,
        registrar,
        home,
        servers,
        holder_listener,
        lease,
        background,
        stop,
        reload,
        _lock: lock,
    })
}

/// Takes the data directory for this process, and opens its store with the seal of issuers' keys. Returns the lock, the
/// agency's genesis, and the store.
async fn take_data(data: &Path, config: &Config, lease_term: Duration) -> anyhow::Result<(DataLock, Hash, Store)> {
    crate::choose_cryptography();
    platform::descriptors::raise();
    serve::may_answer(config.listen, config.tls.as_ref())?;
    let lock = DataLock::take(data)?;
    platform::private::tighten(data)?;
    let home: Hash = config.genesis.parse().context("`genesis` in the configuration")?;
    let store = Box::pin(owner::open_to_run(data, config, lease_term)).await?;
    take_seal(data, config, &store).await?;
    Ok((lock, home, store))
}

/// Begins the lease, and waits until the lists are made from the store. Returns its task and, if this process writes, the
/// addresses at which peers reach it.
async fn begin_lease(
    mut lease: LeaseTask,
    health: &Health,
    stop: &watch::Sender<bool>,
) -> anyhow::Result<(JoinHandle<()>, Option<Vec<String>>)> {
    let held = lease.begin().await?;
    let peer_addresses = held.as_ref().map(|held| held.peer_addresses.clone());
    let task = tokio::spawn(lease.run(held));
    if let Err(why) = health.begun().await {
        // Another process need not wait for the end of the lease's term.
        stop.send_replace(true);
        // However it ends, the error is the one that is told.
        let _ = task.await;
        anyhow::bail!(why);
    }
    Ok((task, peer_addresses))
}

/// Returns the settings of the network between nodes. Its peers follow from the peer set, and from what operators decided
/// since.
fn network_settings(data: &Path, config: &Config) -> anyhow::Result<NetworkSettings> {
    let listen: Result<Vec<_>, _> = config.peer_listen.iter().map(|a| a.parse()).collect();
    Ok(NetworkSettings {
        keypair: transport::network::identity(init::node_secret(data)?)?,
        listen: listen.context("`peer_listen` in the configuration")?,
        peers: vec![],
    })
}

/// Returns the peers that the configuration names, this node among them, and the mirrors from which it reads.
fn configured_peers(config: &Config, home: Hash, network: &NetworkSettings) -> anyhow::Result<(PeerSet, Vec<Mirror>)> {
    let own = Ticket {
        agency: config.agency.clone(),
        // The key log says its name and its URL.
        name: String::new(),
        genesis: home,
        node: network.keypair.public().to_peer_id().to_string(),
        addresses: config.announced(),
        url: config.url.clone().unwrap_or_default(),
    };
    let tickets: anyhow::Result<Vec<Ticket>> = config.peers.iter().map(|peer| peer.ticket()).collect();
    let mut peers = PeerSet::new(own, tickets?).context("the peers in the configuration")?;
    peers.peers()?;
    let mut mirrors: Vec<Mirror> = Vec::new();
    for mirror in &config.mirrors {
        let genesis = mirror.genesis.parse();
        let agency: Hash = genesis.with_context(|| format!("the genesis of the mirror of `{}`", mirror.agency))?;
        peers.pin(&mirror.agency, agency)?;
        let source = MirrorSource::new(&mirror.url, mirror.roots.as_deref())
            .with_context(|| format!("the mirror of `{}`", mirror.agency))?;
        let is_known = mirrors.iter().any(|known| known.source.url() == source.url());
        anyhow::ensure!(!is_known, "the mirror `{}` is in the configuration twice", source.url());
        mirrors.push(Mirror { agency, source });
    }
    Ok((peers, mirrors))
}

/// Returns what this node is to its replica.
fn node_identity(purpose: StartPurpose, data: &Path, config: &Config, home: Hash, peers: &PeerSet) -> NodeIdentity {
    NodeIdentity {
        pinned: peers.pinned(),
        home,
        has_own_peers: peers.has_own_peers(),
        keys: data.join("keys"),
        scratch: data.to_owned(),
        heartbeat_every: config.heartbeat_every_seconds.into(),
        heartbeat_term: config.heartbeat_term_seconds.into(),
        exchange_every: config.exchange_every_seconds.into(),
        checkpoint_every: config.checkpoint_every_envelopes.max(1),
        quota: config.quota.quota(),
        is_rebuilding: purpose == StartPurpose::Rebuild,
        durable: DurableHeads::default(),
    }
}

/// The parts that handlers share with the rest of the node.
struct KnownParts<'a> {
    store: &'a Store,
    registry: &'a SharedRegistry,
    registrar: &'a Arc<Registrar>,
    checked: &'a check_counter::CheckCounter,
    health: &'a Health,
    clock: &'a Clock,
    role: &'a watch::Receiver<LeaseRole>,
}

/// Makes the state that the handlers work with.
async fn app_state(config: &Config, home: Hash, known: KnownParts<'_>) -> anyhow::Result<api::AppState> {
    let store = known.store;
    let own_url = store.key_log(home).await?.map(|log| log.founding().url.clone());
    let own_url = own_url.unwrap_or_default();
    let is_behind_proxy = !config.lookups.proxies.is_empty() || matches!(config.tls, Some(config::Tls::None));
    serve::warn_if_unreachable(config.listen, &own_url, is_behind_proxy);
    Ok(api::AppState {
        registrar: known.registrar.clone(),
        store: store.clone(),
        registry: known.registry.clone(),
        federation_files: FederationFiles::new(store.clone()),
        trust_history: TrustHistory::new(store.clone()),
        clock: known.clock.clone(),
        node_client: NodeClient::new(config.outbound.roots()?, config.outbound.opened_to_peers(&own_url)?)?,
        clients: api::clients::ClientBudgets::new(&config.lookups, &config.budget),
        write_gate: underway::WriteGate::new(),
        registry_history: registry::RegistryHistory::new(store.clone()).await?,
        external_sources: ExternalSources::new(&config.outbound, store.clone())?,
        role: known.role.clone(),
        health: known.health.clone(),
        forwarding: None,
        file_downloads: transport::doorway::ConnectionLimiter::new(api::federation::SENDING),
        documents: api::documents::DocumentCache::default(),
        outgoing: api::outgoing::ResponseBudget::new(),
        badge_uploads: api::arrivals::UploadGate::new(api::ARRIVING),
        bulk_uploads: api::arrivals::UploadGate::new(api::bulk::ARRIVING),
        sibling_permits: Arc::new(Semaphore::new(api::MAX_PASSED_ON)),
        judging_permits: Arc::new(Semaphore::new(api::MAX_JUDGING)),
        certificate: match &config.tls {
            Some(config::Tls::Files { cert, .. }) => Some(cert.clone()),
            _ => None,
        },
        registration: config.registration,
        introduces: config.introduces,
        bulk_permits: Arc::new(Semaphore::new(api::bulk::MAX_UPLOADS)),
        check_counter: known.checked.clone(),
        signed_lists: api::status_lists::SignedLists::new(config.heartbeat_term_seconds),
    })
}

/// Starts what the node does by itself, until it is stopped.
fn background_tasks(app: &api::AppState, stop: &watch::Sender<bool>) -> Vec<JoinHandle<()>> {
    let (registry, clock) = (&app.registry, &app.clock);
    let counting = check_counter::write_checked(
        app.check_counter.clone(),
        app.store.clone(),
        clock.clone(),
        stop.subscribe(),
    );
    let lists = app
        .external_sources
        .clone()
        .keep_registered_lists(registry.clone(), clock.clone(), stop.subscribe());
    let silent = peer_presence::tell_of_silent_peers(registry.clone(), clock.clone(), stop.subscribe());
    vec![
        tokio::spawn(counting),
        tokio::spawn(app.store.clone().keep_clear(stop.subscribe())),
        tokio::spawn(app.store.clone().watch(stop.subscribe())),
        tokio::spawn(lists),
        tokio::spawn(silent),
    ]
}

/// Lets the agency's processes forward to each other what is to be written, if they share a database. Returns how they reach
/// this one, and what listens to them.
async fn share_database(
    config: &Config,
    (roles, catch_up): (watch::Receiver<LeaseRole>, mpsc::Sender<oneshot::Sender<()>>),
    app: &mut api::AppState,
    guard: &serve::ConnectionGuard,
    servers: &mut Servers,
) -> anyhow::Result<Option<(LeaseHolder, HolderListener)>> {
    if config.database.is_none() {
        return Ok(None);
    }
    let listener = HolderListener::new(roles.clone());
    let inner = serve_siblings(config, &listener, app, guard.clone(), servers).await?;
    app.forwarding = Some(Forwarder::new(app.store.clone(), roles, catch_up));
    Ok(Some((inner, listener)))
}

/// Serves the agency's other processes, which share the database and forward what is to be written. Returns how they reach
/// this one.
async fn serve_siblings(
    config: &Config,
    listener: &HolderListener,
    app: &api::AppState,
    guard: serve::ConnectionGuard,
    servers: &mut Servers,
) -> anyhow::Result<LeaseHolder> {
    let (certificate, key) = HolderListener::certificate()?;
    let inner = config
        .inner_listen
        .unwrap_or_else(|| SocketAddr::new(serve::reachable(config.listen.ip()), 0));
    let guarded = api::router(app.clone().into()).layer(from_fn_with_state(listener.clone(), forwarding::guard));
    let identity = (certificate.clone(), key);
    let (address, server, task) = serve::door(inner, identity, &config.agency, guard, guarded).await?;
    servers.add(server, task);
    Ok(LeaseHolder {
        epoch: 0,
        address,
        certificate,
        secret: listener.secret().to_vec(),
    })
}
