//! The part of a process that does not hold the lease: it follows what the holder writes, so that it can answer, and watches.
//!
//! It begins with the agencies' logs, all of them verified as the holder does: the rows that follow from them could be altered
//! in the database without a sign. From then on it takes in the rows as they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use protocol::Hash;
use registry_schema::{AgencyId, Timestamp};
use tokio::sync::oneshot;

use super::{LeaseConfig, LeaseHolder, LeaseRole, LeaseTask, LeaseTransition};
use crate::{
    health::ReplicationHealth,
    peer_set::{KnownPeer, PeerSet},
    registry::{OwnListsFreshness, Registry},
    replication::{NodeIdentity, WriteError},
};
use storage::{HolderEndpoint, Lease, PeerRow, StoreChanges, StoreError};

/// The interval at which the store is asked what changed; the counter in the lease's row keeps it cheap.
const PAUSE: Duration = Duration::from_millis(250);

/// The time after which logs that were read may be read again, while some of what is stored cannot be read.
const DAMAGE_PAUSE: Duration = Duration::from_secs(10);

/// The state of the lease as this process knows it, and how far it followed the rows.
struct LeaseWatch {
    /// The last transaction whose rows are in the registry; none, before the logs were read.
    followed: Option<i64>,
    /// The place of the last envelope that was seen in the store.
    position: i64,
    /// The lease's mark, and since when it stands so before our eyes.
    seen: Option<((i64, i64), Instant)>,
    /// True if the lease was renewed before our eyes: until then the store may be a copy that nobody writes to, and is as of
    /// no moment that could be told.
    is_alive: bool,
    failing: bool,
    /// The agencies of which something in the store cannot be read, and since when that is known.
    damaged: BTreeMap<Hash, Timestamp>,
    /// The moment from which the logs may be read again, in case that what could not be read was made again.
    reads_again: Instant,
}

/// Takes the lease if nobody holds it.
pub(super) async fn begin(part: &LeaseTask) -> Result<bool, StoreError> {
    let Some(sharing) = &part.sharing else { return Ok(false) };
    let lease = part.store.changes(i64::MAX).await?.lease;
    if lease.address.is_empty() {
        // Who writes reads all of the store itself.
        take(part, sharing, &lease).await
    } else {
        Ok(false)
    }
}

/// Follows until the lease is ours, or the node stops.
pub(super) async fn follow(part: &mut LeaseTask) -> LeaseTransition {
    let mut watch = LeaseWatch::new();
    loop {
        if watch.look_and_tell(part, None).await {
            return LeaseTransition::Taken;
        }
        let waiting = tokio::select! {
            () = tokio::time::sleep(PAUSE) => None,
            Some(one) = part.catching_up.recv() => Some(one),
            _ = part.stop.wait_for(|stop| *stop) => return LeaseTransition::Stopped,
        };
        if waiting.is_some() && watch.look_and_tell(part, waiting).await {
            return LeaseTransition::Taken;
        }
    }
}

impl LeaseWatch {
    fn new() -> Self {
        Self {
            followed: None,
            position: 0,
            seen: None,
            is_alive: false,
            failing: false,
            damaged: BTreeMap::new(),
            reads_again: Instant::now(),
        }
    }

    /// Looks, and tells who waits for it if it succeeds; gives whether the lease is ours now.
    async fn look_and_tell(&mut self, part: &LeaseTask, waiting: Option<oneshot::Sender<()>>) -> bool {
        match self.look(part).await {
            Ok(taken) => {
                self.failing = false;
                if let Some(one) = waiting {
                    // Whoever waited may have gone.
                    let _ = one.send(());
                }
                taken
            }
            Err(error) => {
                if !self.failing {
                    tracing::error!(%error, "the store cannot be followed; trying again");
                }
                self.failing = true;
                let (since, why) = (part.clock.now(), error.to_string());
                part.health
                    .set_replication(ReplicationHealth::FollowsNobody { since, why });
                // A renewal may have gone unseen: only what is watched without a gap tells that a holder is silent.
                self.seen = None;
                false
            }
        }
    }

    /// Takes in what changed; gives whether the lease is ours now.
    async fn look(&mut self, part: &LeaseTask) -> Result<bool, StoreError> {
        let Some(sharing) = &part.sharing else { return Ok(false) };
        part.store.has_its_schema()?;
        let moment = part.clock.moment();
        // Of the time before the logs were read no rows are needed.
        let mut changes = part.store.changes(self.followed.unwrap_or(i64::MAX)).await?;
        let is_silent = self.is_silent(&changes.lease, sharing);
        let is_alive = self.is_alive;
        let loaded = if self.must_load(part, &changes) {
            // What is written while the logs are read comes once more with the next look.
            changes = part.store.changes(i64::MAX).await?;
            Some(self.load(part, &changes.peers).await?)
        } else {
            None
        };
        if loaded.is_some() || self.followed != Some(changes.lease.changes) {
            self.note_last_envelopes(part).await?;
        }
        for agency in &changes.damaged {
            self.damaged.entry(*agency).or_insert(moment.at);
        }
        part.registry.update(|registry| {
            if let Some(loaded) = &loaded {
                *registry = loaded.clone();
            }
            registry.heed(&changes.peers);
            registry.follow(&changes.key_logs, &changes.rows, &changes.lease.standing);
            // They take away, whatever the rows beside them say.
            registry.follow(&[], &changes.restrictions, &[]);
            registry.distrust(&self.damaged);
            registry.freeze(None);
            registry.know_own(if is_alive {
                OwnListsFreshness::AsOf {
                    moment,
                    sure_for: Duration::ZERO,
                    term_seconds: part.identity.heartbeat_term,
                }
            } else {
                OwnListsFreshness::Unknown
            });
        });
        part.health.set_replication(ReplicationHealth::Follows);
        let doubt = part
            .clock
            .doubt(part.registry.snapshot().newest_time(), &BTreeMap::new());
        part.health.set_clock(doubt.clone());
        part.registry.update(|registry| registry.doubt_clock(doubt.clone()));
        let lease = changes.lease;
        if self.followed != Some(lease.changes) {
            part.registry.notify_issuers();
        }
        self.followed = Some(lease.changes);
        let role = LeaseRole::Follower(holder(&lease));
        part.role.send_if_modified(|known| {
            let differs = *known != role;
            *known = role;
            differs
        });
        // While the logs were read, the lease may have been renewed.
        if is_silent && loaded.is_none() {
            return take(part, sharing, &lease).await;
        }
        Ok(false)
    }

    /// Notes what this process saw in the store, and may have answered from: it outlives the store's going back in time, and this
    /// process's taking the lease.
    async fn note_last_envelopes(&mut self, part: &LeaseTask) -> Result<(), StoreError> {
        for (position, agency, envelope) in part.store.last_envelopes_after(self.position).await? {
            part.identity.durable.note_last(agency, envelope);
            self.position = self.position.max(position);
        }
        Ok(())
    }

    /// Decides whether the logs have to be read: they were not yet; the store is older than it was; what is known of an
    /// agency may be older than its pin; or what could not be read may have been made again.
    fn must_load(&mut self, part: &LeaseTask, changes: &StoreChanges) -> bool {
        let Some(followed) = self.followed else { return true };
        if changes.lease.changes < followed {
            tracing::error!(
                "the store is older than it was: another one was put in its place, or a server that lagged succeeded"
            );
            self.position = 0;
            return true;
        }
        let may_be_mended = !self.damaged.is_empty() && changes.lease.changes != followed;
        (may_be_mended && self.reads_again <= Instant::now())
            || pins_anew(part.registry.snapshot().roster(), &changes.peers)
    }

    /// Makes a registry from the logs, and notes of which agencies something cannot be read.
    async fn load(&mut self, part: &LeaseTask, peers: &[PeerRow]) -> Result<Registry, StoreError> {
        let begun = Instant::now();
        let now = part.clock.now();
        let mut roster = part.peers.clone();
        // What cannot be read of it is told when it is taken in.
        let _ = roster.read(peers);
        let identity = NodeIdentity {
            pinned: roster.pinned(),
            has_own_peers: roster.has_own_peers(),
            ..part.identity.clone()
        };
        let is_first = self.followed.is_none();
        let tell = |progress| {
            if is_first {
                part.health.set_replication(ReplicationHealth::Restoring(progress));
            }
        };
        let read = identity
            .read(&part.store, now, &tell)
            .await
            .map_err(|error| match error {
                WriteError::Store(error) => error,
                error => StoreError::Unreadable(error.to_string()),
            })?;
        let unreadable = |error: &dyn std::fmt::Display| StoreError::Unreadable(error.to_string());
        let registry = Registry::new(roster, &read.replica).map_err(|error| unreadable(&error))?;
        identity.durable.note_all(&read.replica);
        let damaged: BTreeSet<Hash> = read.harmed(identity.home).collect();
        self.damaged.retain(|agency, _| damaged.contains(agency));
        for agency in damaged {
            self.damaged.entry(agency).or_insert(now);
        }
        self.reads_again = Instant::now() + DAMAGE_PAUSE.max(begun.elapsed() * 8);
        Ok(registry)
    }

    /// Decides whether nobody holds the lease, or its holder was silent for the whole term before our eyes.
    fn is_silent(&mut self, lease: &Lease, sharing: &LeaseConfig) -> bool {
        let now = Instant::now();
        let since = match self.seen {
            Some((mark, since)) if mark == lease.mark() => since,
            Some(_) => {
                self.is_alive = true;
                now
            }
            None => now,
        };
        self.seen = Some((lease.mark(), since));
        lease.address.is_empty() || now.duration_since(since) >= sharing.term
    }
}

/// Checks whether operators pinned what was not pinned before.
fn pins_anew(roster: &PeerSet, rows: &[PeerRow]) -> bool {
    let mut next = roster.clone();
    // What cannot be read is told when it is taken in.
    let _ = next.read(rows);
    let is_new = |(id, known): (&AgencyId, &KnownPeer)| roster.genesis(id) != Some(&known.genesis);
    next.others().any(is_new)
}

async fn take(part: &LeaseTask, sharing: &LeaseConfig, lease: &Lease) -> Result<bool, StoreError> {
    let holder = HolderEndpoint {
        address: &sharing.inner.address.to_string(),
        certificate: &sharing.inner.certificate,
        secret: &sharing.inner.secret,
    };
    let taken = part.store.take(lease.mark(), &holder).await?;
    if let Some(epoch) = taken {
        tracing::info!(epoch, "this process writes for its agency now");
    }
    Ok(taken.is_some())
}

fn holder(lease: &Lease) -> Option<LeaseHolder> {
    Some(LeaseHolder {
        epoch: lease.epoch,
        address: lease.address.parse().ok()?,
        certificate: lease.certificate.clone(),
        secret: lease.secret.clone(),
    })
}
