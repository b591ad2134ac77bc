//! The agency's key log, and its peers' tickets, from whoever holds them.

use std::time::Duration;

use anyhow::Context as _;
use protocol::{Hash, KeyLog, SigningKey, Ticket, files};
use serde::Deserialize;

use super::RebuildOptions;
use crate::config::Config;
use transport::mirror::{MirrorFileKind, MirrorSource};

/// The time that a node may take to give a ticket.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer with tickets that is read.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// The things with which a rebuilt node begins.
pub(super) struct RebuildBasis {
    pub(super) key_log: KeyLog,
    /// Of the sources' own nodes, and of whom they introduce.
    pub(super) tickets: Vec<Ticket>,
}

/// The longest key log of the agency that a source has.
pub(super) async fn key_log(
    sources: &[MirrorSource],
    config: Option<&Config>,
    rebuilding: &RebuildOptions,
) -> anyhow::Result<RebuildBasis> {
    let named = config
        .map(|config| config.agency.clone())
        .or_else(|| rebuilding.agency.clone());
    let agency = named.context("say which agency it is: --agency US-NC")?;
    let pinned = config
        .map(|config| config.genesis.parse())
        .transpose()
        .context("`genesis` in the configuration")?;
    let pinned: Option<Hash> = pinned.or(rebuilding.genesis);
    let mut logs: Vec<KeyLog> = Vec::new();
    let (mut tickets, mut why) = (Vec::new(), Vec::new());
    for source in sources {
        match of_source(source, agency.as_str(), pinned).await {
            Ok(found) => logs.extend(found),
            Err(error) => why.push(format!("`{}`: {error:#}", source.url())),
        }
        tickets.extend(tickets_of(source).await);
    }
    if pinned.is_none() {
        // Who signs with the root's keys knows which log is theirs.
        let is_signed = |key: &SigningKey, log: &KeyLog| log.authority().root().keys.contains(&key.public());
        logs.retain(|log| rebuilding.roots.iter().all(|key| is_signed(key, log)));
    }
    let first = logs.first().map(KeyLog::genesis);
    if let Some(other) = logs.iter().find(|log| Some(log.genesis()) != first) {
        anyhow::bail!(
            "several logs call themselves `{agency}`: say with --genesis which is yours, {} or {}",
            first.map(|first| first.to_string()).unwrap_or_default(),
            other.genesis()
        );
    }
    let longest = logs.into_iter().max_by_key(|log| log.signed().len());
    let key_log = longest.with_context(|| {
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(" ({})", why.join("; "))
        };
        format!("no source has a key log of `{agency}` that its root signed{why}: name another with --from")
    })?;
    anyhow::ensure!(
        key_log.disputed().is_none(),
        "the root of `{agency}` signed two histories: rotate the root first (`comityd root rotate`)"
    );
    Ok(RebuildBasis { key_log, tickets })
}

/// The key logs at a source that are, or call themselves, the agency's.
pub(crate) async fn of_source(
    source: &MirrorSource,
    agency: &str,
    pinned: Option<Hash>,
) -> anyhow::Result<Vec<KeyLog>> {
    let index = source.index(None).await.map_err(anyhow::Error::msg)?;
    let (index, _) = index.context("the index is said to be as it was, though nobody asked")?;
    let mut logs = Vec::new();
    for one in index.agencies {
        let genesis: Hash = one.genesis.parse().context("the index")?;
        let is_it = pinned.map_or(one.agency == agency, |pinned| pinned == genesis);
        if !is_it {
            continue;
        }
        let (listing, _) = source.listing(genesis).await.map_err(anyhow::Error::msg)?;
        let mut entries = Vec::new();
        for page in listing.key_log {
            let bytes = source
                .named(genesis, MirrorFileKind::KeyLog, page.name)
                .await
                .map_err(anyhow::Error::msg)?;
            entries.extend(files::read_entries(&bytes)?);
        }
        let log = KeyLog::read(entries)?;
        anyhow::ensure!(
            log.genesis() == genesis && log.founding().agency.as_str() == agency,
            "what it calls the key log of `{agency}` is that of `{}`, with the fingerprint {}",
            log.founding().agency,
            log.genesis().fingerprint()
        );
        logs.push(log);
    }
    Ok(logs)
}

/// The answer of a node about a ticket.
#[derive(Deserialize)]
struct RemoteTicket {
    ticket: String,
}

/// The tickets that a source's node gives; none, if it is no node.
async fn tickets_of(source: &MirrorSource) -> Vec<Ticket> {
    let own: Option<RemoteTicket> = ask(source, "v1/peers/ticket").await;
    let introduced: Option<Vec<RemoteTicket>> = ask(source, "v1/peers/introductions").await;
    let all = own.into_iter().chain(introduced.into_iter().flatten());
    all.filter_map(|told| told.ticket.parse().ok()).collect()
}

async fn ask<T: serde::de::DeserializeOwned>(source: &MirrorSource, path: &str) -> Option<T> {
    let bytes = source.beside(path, MAX_ANSWER_BYTES, PATIENCE).await?;
    serde_json::from_slice(&bytes).ok()
}
