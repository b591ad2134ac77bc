//! `comityd repair`: puts the own key log back, takes what is damaged out of a store that stops its node, the own log
//! included, and names the issuers' keys that nobody but a backup can give back.

mod key_log;
mod lost;
mod peers;
mod sources;
mod taken;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use protocol::{Hash, KeyLog, WriteBatch};
use registry_schema::Timestamp;

use crate::{config::Config, owner};
use agency::{
    registrar::{IssuerKeyTrouble, RowTrouble, issuer_key_troubles, row_troubles},
    replication::{DurableHeads, NodeIdentity, WriteError},
    root,
};
use key_log::KeyLogRestoreError;
pub use lost::{LostRestriction, RestrictionEvidence};
pub use peers::PeerTrouble;
use platform::seal::SealingKey;
use storage::{AuditRecord, HolderEndpoint, LocalWrite, Store};

/// The number of envelopes that are read from the store at once.
const ENVELOPES_AT_ONCE: i64 = 512;

/// The time between two looks at whether a process lives that had the database.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The things that a store is repaired with.
#[derive(Debug, Default)]
pub struct RepairOptions {
    /// Files that hold the own key log.
    pub key_logs: Vec<PathBuf>,
    /// Addresses of nodes, or of copies of their files, that are asked for it; those that the node knows, if none is named.
    pub from: Vec<String>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    pub certificates: Option<PathBuf>,
    /// True if a key log is taken that lacks entries which were here.
    pub accept_shorter: bool,
}

/// A report of what was done to a store.
#[derive(Debug)]
pub struct RepairReport {
    /// The own key log, if it was put back.
    pub key_log: Option<RestoredKeyLog>,
    /// The things that were taken out of it, agency by agency.
    pub taken_out: Vec<RemovalSummary>,
    /// Revocations and suspensions that nothing in the store says any more but a row that went with it, or the audit trail.
    pub lost: Vec<LostRestriction>,
    /// The file that holds all that was taken out; none, if it was nothing.
    pub copy: Option<PathBuf>,
    /// True if the store had it wrong whose it is.
    pub owner: bool,
    /// The decisions about peers that cannot be read.
    pub peers: Vec<PeerTrouble>,
    /// The credentials whose rows are damaged.
    pub credentials: Vec<RowTrouble>,
    /// The issuers' keys that cannot be used.
    pub issuer_keys: Vec<IssuerKeyTrouble>,
}

/// The own key log that was put back.
#[derive(Debug)]
pub struct RestoredKeyLog {
    /// The damage to the one in the store; nothing, if only entries were added.
    pub damage: Option<String>,
    /// The number of entries that it has now.
    pub entries: usize,
    /// The files and addresses that gave it; none, if the store had all of it in another place.
    pub from: Vec<String>,
    /// Those who were asked and gave none, and why.
    pub without: Vec<String>,
}

/// A summary of what was taken out of a store, of one agency.
#[derive(Debug)]
pub struct RemovalSummary {
    /// The agency: the hash of its first key-log entry.
    pub agency: Hash,
    /// True if its log is harmed and this node's own.
    pub own: bool,
    /// The amount of damage, and the first of it.
    pub damage: String,
}

/// Mends the store of a node that does not run: puts its own key log back, from what is named or from its peers, and takes out
/// whatever else is damaged. At its next start the node asks its peers for that, and writes nothing to its own log before it
/// has all of that again. What fails changes nothing, or leaves what was done before it, and can be done again.
///
/// # Errors
/// If the node runs, the store cannot be used, or nobody gives the own key log as it was.
pub async fn repair(data: &Path, repairing: &RepairOptions, now: Timestamp) -> anyhow::Result<RepairReport> {
    crate::choose_cryptography();
    let _lock = platform::data_lock::DataLock::take(data)?;
    let config = Config::load(data)?;
    let home: Hash = config.genesis.parse().context("`genesis` in the configuration")?;
    let (store, owner) = owner::open_to_repair(data, &config).await?;
    store.put_back_single_rows(now).await?;
    let term = Duration::from_secs(config.lease_term_seconds.into());
    let mark = outwait_the_dead(&store, term).await?;
    let taken = store.take(mark, &HolderEndpoint::default()).await?;
    taken.context("a process of this agency took the lease: stop all of them first")?;
    let repaired = mend(data, &config, home, &store, repairing, now).await;
    store.release().await?;
    store.close().await;
    repaired.map(|repaired| RepairReport { owner, ..repaired })
}

/// Waits until whoever held the lease, and did not give it back, has let its term pass: it was killed. Gives the lease's mark.
///
/// # Errors
/// If it lives, or the store cannot be read.
async fn outwait_the_dead(store: &Store, term: Duration) -> anyhow::Result<(i64, i64)> {
    let seen = store.changes(i64::MAX).await?.lease;
    if seen.address.is_empty() {
        return Ok(seen.mark());
    }
    let patience = term + term / 4;
    tracing::info!(
        address = %seen.address,
        "a process of this agency had the database, and did not give it back: waiting {} seconds, to see whether it still writes",
        patience.as_secs_f32().ceil()
    );
    let begun = Instant::now();
    while begun.elapsed() < patience {
        tokio::time::sleep(LOOK_EVERY).await;
        let lease = store.changes(i64::MAX).await?.lease;
        anyhow::ensure!(
            lease.mark() == seen.mark(),
            "a process of this agency (`{}`) writes to the database: stop all of them, and repair then",
            lease.address
        );
    }
    tracing::info!("it writes no more: the repair begins");
    Ok(seen.mark())
}

async fn mend(
    data: &Path,
    config: &Config,
    home: Hash,
    store: &Store,
    repairing: &RepairOptions,
    now: Timestamp,
) -> anyhow::Result<RepairReport> {
    let key_log = put_key_log_back(data, config, home, store, repairing, now).await?;
    let identity = NodeIdentity {
        pinned: BTreeSet::from([home]),
        home,
        has_own_peers: false,
        keys: data.join("keys"),
        scratch: data.to_owned(),
        heartbeat_every: config.heartbeat_every_seconds.into(),
        heartbeat_term: config.heartbeat_term_seconds.into(),
        exchange_every: config.exchange_every_seconds.into(),
        checkpoint_every: config.checkpoint_every_envelopes.max(1),
        quota: config.quota.quota(),
        is_rebuilding: false,
        durable: DurableHeads::default(),
    };
    let removals = identity.to_repair(store, now).await.context(
        "this cannot be mended from peers piece by piece: put a backup in the store's place; or move the files \
         `registry.sqlite*` away (with PostgreSQL, name an empty database) and begin again from the peers with \
         `comityd rebuild`, which brings back neither credentials nor issuers' keys",
    )?;
    let mut taken = store.to_take_out(&removals).await?;
    let mut lost = lost::restrictions(store, home, &taken).await?;
    let troubles = peers::troubles(config, &store.peers().await?);
    let unreadable = troubles.iter().filter(|(_, trouble)| trouble.taken_out);
    taken.copied.extend(unreadable.map(|(row, _)| taken::of_peer(row)));
    // Before anything goes: where the disk refuses the copy, nothing is changed.
    let copy = taken::keep(data, &taken.copied, now)?;
    store.take_out(&removals, Some(home), now).await?;
    for (row, trouble) in &troubles {
        if trouble.taken_out {
            store.take_out_peer(&row.agency, now).await?;
        }
    }
    let harms_own = removals.iter().any(|removal| removal.agency == home.0);
    let standing = lost::StoredRestrictions::read(store).await?;
    standing.keep_what_is_lost(&mut lost);
    if harms_own || awaits_own_log(store).await? {
        let told: Vec<LostRestriction> = standing.lost_by_audit(store, home).await?;
        let is_new = |one: &LostRestriction| {
            let known = |lost: &LostRestriction| lost.own && (lost.list, lost.index) == (one.list, one.index);
            !lost.iter().any(known)
        };
        let told: Vec<_> = told.into_iter().filter(is_new).collect();
        lost.extend(told);
    }
    let taken_out = removals.iter().filter_map(|removal| {
        let agency = <[u8; 32]>::try_from(removal.agency.as_slice()).map(Hash).ok()?;
        Some(RemovalSummary {
            agency,
            own: agency == home && (removal.everything || removal.harms_the_log()),
            damage: removal.note.clone(),
        })
    });
    match SealingKey::load(&config.seal_file(data)) {
        Ok(seal) => seal.into_iter().for_each(|seal| store.use_seal(seal)),
        Err(error) => tracing::error!("the seal of issuers' keys cannot be read: {error:#}"),
    }
    Ok(RepairReport {
        key_log,
        taken_out: taken_out.collect(),
        lost,
        copy,
        owner: false,
        peers: troubles.into_iter().map(|(_, trouble)| trouble).collect(),
        credentials: row_troubles(store).await?,
        issuer_keys: issuer_key_troubles(store).await?,
    })
}

/// Returns true if the own log was repaired before, and is not all here again.
async fn awaits_own_log(store: &Store) -> Result<bool, storage::StoreError> {
    let mut moment = store.moment().await?;
    let awaits = moment.awaits_own_log().await?;
    moment.end().await?;
    Ok(awaits)
}

/// Puts the own key log back in one transaction, where it is damaged, or where what was named has more of it.
async fn put_key_log_back(
    data: &Path,
    config: &Config,
    home: Hash,
    store: &Store,
    repairing: &RepairOptions,
    now: Timestamp,
) -> anyhow::Result<Option<RestoredKeyLog>> {
    let mut moment = store.moment().await?;
    let rows = moment.key_logs().await?;
    moment.end().await?;
    let stored = key_log::stored(home, &rows);
    let is_asked = !repairing.key_logs.is_empty() || !repairing.from.is_empty();
    if stored.damage.is_none() && !is_asked {
        return Ok(None);
    }
    let offers = sources::ask(config, home, &stored, &rows, store, repairing).await?;
    let disputed_file = data.join("disputed.key-log");
    let shown = disputed_file.display().to_string();
    let chosen = match key_log::choose(
        &stored,
        &offers.logs,
        offers.why.clone(),
        &shown,
        repairing.accept_shorter,
    ) {
        Ok(chosen) => chosen,
        Err(refused) => {
            if let (KeyLogRestoreError::Disputed { .. }, Some(all)) =
                (&refused, key_log::everything(&stored, &offers.logs))
            {
                root::replace(&disputed_file, &root::key_log_to_text(&all))?;
            }
            return Err(refused.into());
        }
    };
    let entries = chosen.signed().len();
    let has_more = stored.sound.as_ref().is_none_or(|sound| sound.signed().len() < entries);
    if stored.damage.is_none() && !has_more {
        return Ok(None);
    }
    if !repairing.accept_shorter {
        let missing = missing_entries(home, store, &chosen).await?;
        key_log::is_complete(&stored, &chosen, &missing)?;
    }
    let put_back = RestoredKeyLog {
        damage: stored.damage,
        entries,
        from: offers.logs.into_iter().map(|offered| offered.from).collect(),
        without: offers.why,
    };
    write(store, home, chosen, &put_back, now).await?;
    tracing::info!(entries, "this node's own key log is put back");
    Ok(Some(put_back))
}

async fn write(
    store: &Store,
    home: Hash,
    log: KeyLog,
    put_back: &RestoredKeyLog,
    now: Timestamp,
) -> Result<(), storage::StoreError> {
    let RestoredKeyLog { entries, from, .. } = put_back;
    let act = LocalWrite::Audit(AuditRecord {
        at: now,
        who: "repair".into(),
        act: "store.key_log",
        subject: home.to_string(),
        note: Some(format!("{entries} entries, from {}", from.join(", "))),
    });
    let batch = WriteBatch {
        key_logs: vec![log],
        ..WriteBatch::default()
    };
    store.commit(&batch, &[act], now).await
}

/// The entries that the agency's own envelopes name and that the key log does not have.
async fn missing_entries(home: Hash, store: &Store, log: &KeyLog) -> Result<BTreeSet<Hash>, storage::StoreError> {
    let mut moment = store.moment().await?;
    let (mut missing, mut after) = (BTreeSet::new(), i64::MIN);
    loop {
        let some = moment.envelopes(&home.0, after, ENVELOPES_AT_ONCE).await?;
        let Some(last) = some.last() else { break };
        after = last.position;
        let named = some.iter();
        missing.extend(named.filter_map(|stored| key_log::entry_missing_for(&stored.bytes, log)));
    }
    moment.end().await?;
    Ok(missing)
}

/// Tells what to do about an error of a node, or of its repair, that looks like a damaged store; nothing about any other.
#[must_use]
pub fn advice(error: &anyhow::Error, is_of_repair: bool) -> Option<&'static str> {
    let any = |tells: fn(&(dyn std::error::Error + 'static)) -> bool| {
        error.chain().any(|cause| match cause.downcast_ref::<WriteError>() {
            Some(WriteError::Store(error)) => tells(error),
            _ => tells(cause),
        })
    };
    if !any(storage::tells_damage) {
        return None;
    }
    if is_of_repair && format!("{error:#}").contains("`comityd rebuild`") {
        // It says so itself.
        return None;
    }
    if is_of_repair || any(storage::tells_that_it_is_none) {
        return Some(
            "`comityd repair` does not mend this: put the last backup in the store's place; without one, move the files \
             `registry.sqlite*` away and keep them (credentials and issuers' keys are nowhere else), and begin again from the peers \
             with `comityd rebuild` (ops/RUNBOOK.md, *The store is damaged*)",
        );
    }
    Some(
        "if the store is damaged: `comityd repair` takes out what cannot be read, and peers are asked for it; it gets the node's \
         own key log back from peers, or from a file. Where that does not help, put a backup in the store's place, or move it \
         away and begin again from the peers with `comityd rebuild` (ops/RUNBOOK.md)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_repair_cannot_mend_is_not_given_to_a_repair() {
        let unreadable = || anyhow::Error::new(storage::StoreError::Unreadable("a row".into()));
        let of_start = advice(&unreadable(), false).unwrap();
        assert!(of_start.contains("`comityd repair` takes out"), "{of_start}");
        let of_repair = advice(&unreadable(), true).unwrap();
        assert!(
            of_repair.contains("backup") && of_repair.contains("`comityd rebuild`") && !of_repair.contains("takes out"),
            "{of_repair}"
        );
        assert_eq!(advice(&unreadable().context("see `comityd rebuild`"), true), None);
        assert_eq!(advice(&anyhow::anyhow!("a port is taken"), true), None);
    }
}
