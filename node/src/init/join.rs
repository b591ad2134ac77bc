//! Makes a further store of an agency that has one already: a node with a writer key of its own, which the agency's root
//! adds to the key log.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Context as _;
use protocol::{
    KeyLog, SigningKey, Ticket, WriteBatch,
    key_log::{KeyLogAct, WriterKey, WriterScope},
};
use registry_schema::Timestamp;

use super::{DataDirBuilder, address};
use crate::config::{Config, PeerConfig};
use agency::root::{self, EntryFile};
use platform::keys;
use storage::{DatabaseTls, Store};

/// The time that the first store may take to give its key log.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer with a key log that is read.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The choices with which a further store begins.
#[derive(Clone, Debug)]
pub struct JoinOptions {
    /// The ticket of the agency's first store.
    pub ticket: Option<Ticket>,
    /// The agency's key log, as `comity key export` wrote it; asked of the first store, if absent.
    pub key_log: Option<String>,
    /// The kinds of documents that it is to write; all, if none is named.
    pub kinds: Vec<String>,
    /// The URL at which this store will answer.
    pub url: String,
    /// The address at which it answers HTTP.
    pub listen: SocketAddr,
    /// The multiaddresses at which it listens for peers.
    pub peer_listen: Vec<String>,
    /// The URL of a PostgreSQL database; SQLite in the data directory, if absent.
    pub database: Option<String>,
    /// The protection of the connection to the database, if that is not to follow from its URL.
    pub database_tls: Option<DatabaseTls>,
}

/// Makes a data directory; gives its configuration, and the entry that the agency's root must sign before this store may
/// write.
///
/// # Errors
/// If the directory is not empty, the key log cannot be had or is another agency's, or the disk refuses.
pub async fn join(data: &Path, joining: JoinOptions, now: Timestamp) -> anyhow::Result<(Config, EntryFile)> {
    let making = DataDirBuilder::begin(data)?;
    let url = address(&joining.url)?;
    let database = super::database(joining.database.as_deref(), joining.database_tls)?;
    let key_log = match (&joining.key_log, &joining.ticket) {
        (Some(text), _) => root::key_log_from_text(text)?,
        (None, Some(ticket)) => ask(ticket).await?,
        (None, None) => anyhow::bail!("give the ticket of the agency's first store, or its key log"),
    };
    let agency = key_log.founding().agency.clone();
    if let Some(ticket) = &joining.ticket {
        anyhow::ensure!(
            (&ticket.agency, ticket.genesis) == (&agency, key_log.genesis()),
            "the key log is that of `{agency}`, with the fingerprint {}; the ticket is of `{}`, with {}",
            key_log.genesis().fingerprint(),
            ticket.agency,
            ticket.fingerprint()
        );
    }
    anyhow::ensure!(
        key_log.disputed().is_none(),
        "the root of `{agency}` signed two histories: rotate the root before a further store joins"
    );
    let folder = making.folder().join("keys");
    let writer = SigningKey::from_seed(&keys::create(&folder, "writer.key")?)?;
    keys::create(&folder, "badge.key")?;
    keys::create(&folder, "node.key")?;
    keys::create(&folder, "seal.key")?;
    let mut kinds = joining.kinds;
    kinds.sort_unstable();
    kinds.dedup();
    let scope = if kinds.is_empty() {
        WriterScope::All
    } else {
        WriterScope::Kinds(kinds)
    };
    let key = writer.public();
    let entry = EntryFile {
        entry: key_log.propose(KeyLogAct::WriterAdded(WriterKey { key, scope }), now)?,
        key_log: key_log.clone(),
    };
    let genesis = key_log.genesis();
    let store = Store::create(making.folder(), database.as_ref()).await?;
    let batch = WriteBatch {
        key_logs: vec![key_log],
        ..WriteBatch::default()
    };
    store.commit(&batch, &[], now).await?;
    store.claim(genesis).await?;
    store.close().await;
    let first = joining.ticket.map(|ticket| PeerConfig {
        agency: ticket.agency,
        genesis: ticket.genesis.to_string(),
        peer_id: ticket.node,
        addresses: ticket.addresses,
        url: Some(ticket.url).filter(|url| !url.is_empty()),
    });
    let config = Config {
        url: Some(url),
        peer_listen: joining.peer_listen,
        database: joining.database,
        database_tls: joining.database_tls,
        peers: first.into_iter().collect(),
        ..Config::usual(agency, genesis, joining.listen)
    };
    config.save(making.folder())?;
    making.finish()?;
    Ok((config, entry))
}

/// Asks the node of a ticket for its agency's key log. Who answers matters little: its root signed it, and the ticket
/// names its first entry.
async fn ask(ticket: &Ticket) -> anyhow::Result<KeyLog> {
    crate::choose_cryptography();
    let place = format!("{}{}", ticket.url, api_types::routes::KEY_LOG.path());
    let not_had =
        || format!("`{place}` gives no key log: take one there with `comity key export`, and give it with --key-log");
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut response = client
        .get(&place)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .with_context(not_had)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.with_context(not_had)? {
        anyhow::ensure!(bytes.len() + chunk.len() <= MAX_ANSWER_BYTES, "{}", not_had());
        bytes.extend_from_slice(&chunk);
    }
    let told: serde_json::Value = serde_json::from_slice(&bytes).with_context(not_had)?;
    let text = told.get("text").and_then(serde_json::Value::as_str);
    root::key_log_from_text(text.with_context(not_had)?).with_context(not_had)
}
