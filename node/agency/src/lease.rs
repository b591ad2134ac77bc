//! The lease, which decides which process of the agency writes: several on one PostgreSQL, and one of them holds it.
//!
//! The holder runs the replica, the network and automerge, and renews. The others follow the rows, forward what is to be
//! written (`node::forwarding`), and one of them takes over when the holder falls silent. On SQLite there is one
//! process, by the lock on its data directory, and it holds the lease from its start.
//!
//! No two clocks are compared. Who would take the lease has itself watched it for its whole term, without a gap and
//! without a renewal. That alone makes no promise, since a holder may be frozen and wake: what keeps a late one from
//! writing is the epoch, which every transaction checks ([`Store::commit`]).

mod following;

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    health::{Health, ReplicationHealth},
    peer_set::PeerSet,
    registry::{Freeze, OwnListsFreshness, SharedRegistry},
    replication::{NodeIdentity, Replication, ReplicationHandle},
};
use platform::clock::Clock;
use storage::{HolderEndpoint, Store, StoreError};
use transport::{
    mirror::{Mirror, TransportRouter},
    network::{Network, NetworkSettings},
};

/// The time that a task may take to end before it is ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause between two renewals; with a short term, a quarter of it.
const LONGEST_RENEWAL_PAUSE: Duration = Duration::from_secs(1);

/// The process that writes, as far as this one knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseRole {
    /// This process.
    Holder,
    /// Another one, which takes forwarded requests there; or none is known.
    Follower(Option<LeaseHolder>),
}

/// The holder's place for forwarded requests. All of it comes from the lease: who can read that has the database's trust.
#[derive(Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// The number of the lease; each holder has a higher one than the last.
    pub epoch: i64,
    /// The address of the holder's inner door.
    pub address: std::net::SocketAddr,
    /// The certificate that it shows there, as PEM.
    pub certificate: String,
    /// The secret that forwarded requests carry.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for LeaseHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Holder(epoch {}, {})", self.epoch, self.address)
    }
}

/// The terms on which this process shares the agency with others.
#[derive(Clone, Debug)]
pub struct LeaseConfig {
    /// The holder that it says it is when it takes the lease; its epoch does not count.
    pub inner: LeaseHolder,
    /// For how long a holder may be silent.
    pub term: Duration,
}

/// This process's part in its agency: holds the lease, or follows who does.
pub struct LeaseTask {
    /// The agency's identity, and how often it speaks.
    pub identity: NodeIdentity,
    /// As the configuration has it; what operators decided since is in the store.
    pub peers: PeerSet,
    /// The ways to be reached; the peers follow from the roster.
    pub network: NetworkSettings,
    /// The mirrors where agencies' lists are read as files.
    pub mirrors: Vec<Mirror>,
    /// None, where no other process can be.
    pub sharing: Option<LeaseConfig>,
    /// The store that all processes share.
    pub store: Store,
    /// The registry that answers come from.
    pub registry: SharedRegistry,
    /// The clock.
    pub clock: Clock,
    /// The state in which it says how it fares.
    pub health: Health,
    /// The place where whoever writes finds the way to the replication.
    pub replication: watch::Sender<Option<ReplicationHandle>>,
    /// The place where it says which part it has.
    pub role: watch::Sender<LeaseRole>,
    /// Somebody waits until this process knows what was written up to now.
    pub catching_up: mpsc::Receiver<oneshot::Sender<()>>,
    /// Ends the task, once it is true.
    pub stop: watch::Receiver<bool>,
}

/// The tasks that run while this process holds the lease.
#[derive(Debug)]
pub struct HolderTasks {
    /// The addresses at which peers reach it.
    pub peer_addresses: Vec<String>,
    replication: JoinHandle<()>,
    network: JoinHandle<()>,
    renewing: JoinHandle<()>,
}

impl std::fmt::Debug for LeaseTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeaseTask").finish_non_exhaustive()
    }
}

impl LeaseTask {
    /// Takes the lease if nobody holds it, and follows otherwise.
    ///
    /// # Errors
    /// If the store cannot be used, or what a holder runs cannot be started.
    pub async fn begin(&mut self) -> anyhow::Result<Option<HolderTasks>> {
        let taken = match &self.sharing {
            None => {
                let seen = self.store.changes(i64::MAX).await?.lease.mark();
                self.store.take(seen, &HolderEndpoint::default()).await?.is_some()
            }
            Some(_) => following::begin(self).await?,
        };
        if taken { self.hold().await.map(Some) } else { Ok(None) }
    }

    /// Plays its part until the node stops.
    pub async fn run(mut self, mut held: Option<HolderTasks>) {
        loop {
            if let Some(held) = held.take()
                && self.keep(held).await.is_stopped()
            {
                return;
            }
            if self.sharing.is_none() {
                tracing::error!("the replication ended: this node writes no more until it is started again");
                // Another process may write to the store: what this one knows of its own agency is of this moment, and no later one.
                let freeze = Freeze {
                    moment: self.clock.moment(),
                    own_unknown: true,
                    term_seconds: self.identity.heartbeat_term,
                };
                self.registry.update(|registry| registry.freeze(Some(freeze)));
                self.health.set_replication(ReplicationHealth::Ended);
                return;
            }
            if following::follow(&mut self).await.is_stopped() {
                return;
            }
            match self.hold().await {
                Ok(now_held) => held = Some(now_held),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "this process took the lease and cannot use it"
                    );
                    self.step_down().await;
                    // Another one may fare better.
                    let stopped = self.stop.wait_for(|stop| *stop);
                    if tokio::time::timeout(PATIENCE, stopped).await.is_ok() {
                        return;
                    }
                }
            }
        }
    }

    /// Starts what a holder runs.
    async fn hold(&mut self) -> anyhow::Result<HolderTasks> {
        // First of all: what follows may take longer than the lease's term.
        let renewing = tokio::spawn(renew(
            self.sharing.clone(),
            self.store.clone(),
            self.registry.clone(),
            self.clock.clone(),
            self.identity.heartbeat_term,
        ));
        let started = self.start().await;
        if started.is_err() {
            renewing.abort();
        }
        let (replication, network, peer_addresses) = started?;
        self.role.send_replace(LeaseRole::Holder);
        Ok(HolderTasks {
            peer_addresses,
            replication,
            network,
            renewing,
        })
    }

    async fn start(&self) -> anyhow::Result<(JoinHandle<()>, JoinHandle<()>, Vec<String>)> {
        let (orders, orders_taken) = mpsc::channel(1024);
        let (news, news_taken) = mpsc::channel(1024);
        let mut roster = self.peers.clone();
        roster.read(&self.store.peers().await?)?;
        let peering = NetworkSettings {
            peers: roster.peers()?,
            ..self.network.clone()
        };
        let identity = NodeIdentity {
            pinned: roster.pinned(),
            has_own_peers: roster.has_own_peers(),
            ..self.identity.clone()
        };
        let (network, addresses) = Network::listen(&peering, orders_taken, news.clone()).await?;
        let sealed = self.store.seal_keys().await?;
        if sealed > 0 {
            tracing::info!(sealed, "issuers' keys that were in clear are sealed now");
        }
        // What a follower answered from stays until the replica is made: frozen, as of its last look.
        let freeze = Freeze {
            moment: self.clock.moment(),
            own_unknown: true,
            term_seconds: self.identity.heartbeat_term,
        };
        let sole = self.sharing.is_none();
        self.registry.update(|registry| {
            registry.pin_as(roster.clone());
            // Whom the holder before was connected with says nothing of this one.
            registry.forget_connections();
            registry.freeze(Some(freeze));
            if sole {
                registry.know_own(OwnListsFreshness::Sole);
            }
        });
        let (rooms, mirrors) = TransportRouter::open(&self.mirrors, identity.pinned.clone(), orders, &news);
        let (replication, desk) = Replication::new(
            identity,
            self.store.clone(),
            self.registry.clone(),
            self.clock.clone(),
            self.health.clone(),
            rooms,
            news_taken,
        );
        self.replication.send_replace(Some(desk));
        let addresses = addresses.iter().map(ToString::to_string).collect();
        let network = tokio::spawn(async move {
            network.run().await;
            mirrors.join_all().await;
        });
        Ok((tokio::spawn(replication.run()), network, addresses))
    }

    /// Writes until the lease is lost or the node stops.
    async fn keep(&mut self, held: HolderTasks) -> LeaseTransition {
        let HolderTasks {
            mut replication,
            network,
            mut renewing,
            ..
        } = held;
        let end = tokio::select! {
            _ = &mut replication => LeaseTransition::Lost,
            _ = &mut renewing => LeaseTransition::Lost,
            _ = self.stop.wait_for(|stop| *stop) => LeaseTransition::Stopped,
        };
        self.replication.send_replace(None);
        self.role.send_replace(LeaseRole::Follower(None));
        // What was asked for is still written, or refused by the epoch; a step under way comes to its end.
        for mut task in [replication, network] {
            if !task.is_finished() && tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
                tracing::warn!("a task did not stop in time");
                task.abort();
            }
        }
        renewing.abort();
        if end == LeaseTransition::Lost {
            tracing::warn!("another process of this agency writes now, or nobody does; this one follows");
        }
        self.step_down().await;
        end
    }

    async fn step_down(&self) {
        if let Err(error) = self.store.release().await {
            tracing::warn!(%error, "the lease is not given back; another process takes it when its term is over");
        }
    }
}

/// The pause between two writes to a store that nobody else writes to.
const PROBE_PAUSE: Duration = Duration::from_secs(10);

/// The way a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeaseTransition {
    /// The lease is another's, or anybody's.
    Lost,
    /// The lease is this process's.
    Taken,
    /// The node stops.
    Stopped,
}

impl LeaseTransition {
    fn is_stopped(self) -> bool {
        self == Self::Stopped
    }
}

/// Renews the lease until it is lost. Where no other process can be, it is renewed to see that the store takes writes.
async fn renew(sharing: Option<LeaseConfig>, store: Store, registry: SharedRegistry, clock: Clock, term_seconds: i64) {
    let Some(LeaseConfig { term, .. }) = sharing else {
        let mut pause = tokio::time::interval(PROBE_PAUSE);
        pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            match store.renew(&[]).await {
                Ok(()) => {}
                Err(StoreError::Deposed) => return,
                Err(error) => tracing::error!(%error, "the store takes no writes; trying again"),
            }
        }
    };
    let mut pause = tokio::time::interval((term / 4).min(LONGEST_RENEWAL_PAUSE));
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pause.tick().await;
        let moment = clock.moment();
        let standing = registry.snapshot().standing();
        match store.renew(&standing).await {
            Ok(()) => registry.update(|registry| {
                registry.know_own(OwnListsFreshness::AsOf {
                    moment,
                    // Others wait for the whole term from a moment after this one; clocks do not run that differently.
                    sure_for: term * 3 / 4,
                    term_seconds,
                })
            }),
            Err(StoreError::Deposed) => return,
            // The lease may still be ours when the database is back; if not, the epoch says so.
            Err(error) => tracing::error!(%error, "the lease cannot be renewed; trying again"),
        }
    }
}
