//! `comityd repair`: takes what is damaged out of a store that stops its node, the own log included.

use std::path::Path;

use anyhow::Context as _;
use protocol::Hash;
use registry_schema::Timestamp;

use crate::{
    config::Config,
    lock_data,
    replication::{Identity, NotWritten},
    storage::{self, NewHolder, Store},
};

/// What was taken out of a store, of one agency.
#[derive(Debug)]
pub struct Repaired {
    /// The agency: the hash of its first key-log entry.
    pub agency: Hash,
    /// Whether its log is harmed and this node's own.
    pub own: bool,
    /// How much was damaged, and what first.
    pub damage: String,
}

/// Takes what is damaged out of the store of a node that does not run. At its next start the node asks its peers for it,
/// and writes nothing to its own log before it has all of that again.
///
/// # Errors
/// If the node runs, the store cannot be used, or the own key log itself is damaged.
pub async fn repair(data: &Path, now: Timestamp) -> anyhow::Result<Vec<Repaired>> {
    let _lock = lock_data(data)?;
    let config = Config::load(data)?;
    let home: Hash = config.genesis.parse().context("`genesis` in the configuration")?;
    let store = Store::open(data, config.postgres()?.as_ref()).await?;
    store.put_back_single_rows(now).await?;
    let lease = store.changes(i64::MAX).await?.lease;
    anyhow::ensure!(
        lease.address.is_empty(),
        "a process of this agency writes to the database: stop all of them first"
    );
    let taken = store.take(lease.mark(), &NewHolder::default()).await?;
    taken.context("a process of this agency took the lease: stop all of them first")?;
    let identity = Identity {
        pinned: std::collections::BTreeSet::from([home]),
        home,
        keys: data.join("keys"),
        scratch: data.to_owned(),
        heartbeat_every: config.heartbeat_every_seconds.into(),
        heartbeat_term: config.heartbeat_term_seconds.into(),
        exchange_every: config.exchange_every_seconds.into(),
        checkpoint_every: config.checkpoint_every_envelopes.max(1),
        quota: config.quota.quota(),
    };
    let repaired = identity.repair(&store, now).await;
    store.release().await?;
    store.close().await;
    let repaired = repaired.context(
        "this cannot be mended from peers piece by piece: put a backup in the store's place; or move the files \
         `registry.sqlite*` away (with PostgreSQL, name an empty database) and begin again from the peers with \
         `comityd rebuild`, which brings back neither credentials nor issuers' keys",
    )?;
    let repaired = repaired.into_iter().map(|(agency, damage, harms_the_log)| Repaired {
        agency,
        own: agency == home && harms_the_log,
        damage,
    });
    Ok(repaired.collect())
}

/// Tells what to do about an error of a node that looks like a damaged store; nothing about any other.
#[must_use]
pub fn advice(error: &anyhow::Error) -> Option<&'static str> {
    let is_damage = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<NotWritten>() {
        Some(NotWritten::Store(error)) => storage::tells_damage(error),
        _ => storage::tells_damage(cause),
    };
    error.chain().any(is_damage).then_some(
        "if the store is damaged: `comityd repair` takes out what cannot be read, and peers are asked for it; where that \
         does not help, put a backup in its place, or move it away and begin again from the peers with `comityd rebuild` \
         (ops/RUNBOOK.md)",
    )
}
