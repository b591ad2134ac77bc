//! Those who are asked for the own key log: files, and nodes and mirrors over HTTPS.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use protocol::{Hash, KeyLog, Ticket};

use super::{
    RepairOptions,
    key_log::{self, OfferedKeyLog, StoredKeyLog},
};
use crate::{config::Config, rebuild::key_logs_of};
use storage::{Store, key_log_from_cbor};
use transport::mirror::MirrorSource;

/// The answers of those who were asked.
#[derive(Debug, Default)]
pub(super) struct KeyLogOffers {
    pub(super) logs: Vec<OfferedKeyLog>,
    /// Those who offered nothing, and why.
    pub(super) why: Vec<String>,
}

/// Reads the files and asks the addresses that somebody named; without any, and with a damaged key log, asks those whom the
/// configuration and the store name.
///
/// # Errors
/// If a file cannot be read, or is not this agency's key log, or lacks what is sound in the store.
pub(super) async fn ask(
    config: &Config,
    home: Hash,
    stored: &StoredKeyLog,
    rows: &[(Vec<u8>, Vec<u8>)],
    store: &Store,
    repairing: &RepairOptions,
) -> anyhow::Result<KeyLogOffers> {
    let mut offers = KeyLogOffers::default();
    for file in &repairing.key_logs {
        let from = file.display().to_string();
        let text = fs::read_to_string(file).with_context(|| format!("`{from}` cannot be read"))?;
        let log = key_log::from_file(&text).with_context(|| {
            format!("`{from}` does not hold a key log as its root signed it; nothing was changed: take it anew")
        })?;
        let offered = OfferedKeyLog { from, log };
        key_log::may_be(home, stored, &offered)?;
        offers.logs.push(offered);
    }
    let places: Vec<(String, Option<PathBuf>)> = match repairing.from.as_slice() {
        [] if stored.damage.is_none() || !repairing.key_logs.is_empty() => vec![],
        [] => known(config, home, rows, store).await,
        named => named.iter().map(|url| (url.clone(), None)).collect(),
    };
    if places.is_empty() && repairing.key_logs.is_empty() {
        offers.why.push("this node knows no address of a peer".into());
    }
    let mut sources = Vec::new();
    for (url, roots) in places {
        let roots = repairing.certificates.clone().or(roots);
        let roots = roots.or_else(|| config.outbound.extra_roots.clone());
        match MirrorSource::new(&url, roots.as_deref()) {
            Ok(source) => sources.push(source),
            Err(error) if repairing.from.contains(&url) => return Err(error),
            Err(error) => offers.why.push(format!("{error:#}")),
        }
    }
    let asked = sources.iter().map(|source| of_source(source, config, home));
    for (source, answer) in sources.iter().zip(futures::future::join_all(asked).await) {
        match answer {
            Ok(log) => offers.logs.push(OfferedKeyLog {
                from: source.url().to_owned(),
                log,
            }),
            Err(error) => offers.why.push(format!("`{}`: {error:#}", source.url())),
        }
    }
    Ok(offers)
}

async fn of_source(source: &MirrorSource, config: &Config, home: Hash) -> anyhow::Result<KeyLog> {
    let logs = key_logs_of(source, config.agency.as_str(), Some(home)).await?;
    let log = logs.into_iter().next();
    log.with_context(|| format!("it has no key log of {} with this fingerprint", config.agency))
}

/// The addresses of peers and mirrors that the configuration, the operators' decisions and the other key logs name, with the
/// certificates of each.
async fn known(
    config: &Config,
    home: Hash,
    rows: &[(Vec<u8>, Vec<u8>)],
    store: &Store,
) -> Vec<(String, Option<PathBuf>)> {
    let mut known: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
    let mut note = |url: &str, roots: Option<&Path>| {
        let url = url.trim_end_matches('/');
        if !url.is_empty() && config.url.as_deref().map(|own| own.trim_end_matches('/')) != Some(url) {
            known.entry(url.to_owned()).or_insert_with(|| roots.map(Path::to_owned));
        }
    };
    for mirror in &config.mirrors {
        note(&mirror.url, mirror.roots.as_deref());
    }
    for peer in &config.peers {
        note(peer.url.as_deref().unwrap_or_default(), None);
    }
    let followed = store.peers().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the peers that operators added cannot be read, and are not asked");
        vec![]
    });
    for peer in followed.iter().filter(|peer| peer.left_at.is_none()) {
        let tickets = peer.ticket.lines().filter_map(|line| line.parse::<Ticket>().ok());
        tickets.for_each(|ticket| note(&ticket.url, None));
    }
    for log in rows.iter().filter_map(|(_, entries)| key_log_from_cbor(entries).ok()) {
        if log.genesis() != home {
            note(&log.founding().url, None);
        }
    }
    known.into_iter().collect()
}
