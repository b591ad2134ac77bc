//! Makes a node: keys, key log, empty store, configuration.

mod join;
mod making;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
pub use join::{JoinOptions, join};
pub(crate) use making::DataDirBuilder;
use protocol::{
    Hash, RootKeySet, SigningKey, Ticket, WriteBatch,
    key_log::{Founding, WriterKey, found},
};
use rand::Rng as _;
use registry_schema::{AgencyId, Timestamp};

use crate::{
    config::{Config, PeerConfig},
    owner, serve,
};
use platform::keys;
use storage::{DatabaseTls, PostgresDatabase, Store};
use transport::network;

/// The choices with which an agency begins.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// Its name.
    pub agency: AgencyId,
    /// Its name for people.
    pub name: String,
    /// The URL at which its node will answer; credentials name it, so it is for good.
    pub url: String,
    /// The address at which it answers HTTP.
    pub listen: SocketAddr,
    /// The multiaddresses at which it listens for peers.
    pub peer_listen: Vec<String>,
    /// The URL of a PostgreSQL database; SQLite in the data directory, if absent.
    pub database: Option<String>,
    /// The protection of the connection to the database, if that is not to follow from its URL.
    pub database_tls: Option<DatabaseTls>,
    /// The folder for the keys of the root and of the next root: a medium that is taken offline. `keys` in the data
    /// directory, from which they must be moved by hand, if absent.
    pub root_out: Option<PathBuf>,
}

/// Makes a data directory, whole or not at all; refuses one that holds something.
///
/// # Errors
/// If the directory is not empty, or the disk refuses.
pub async fn init(data: &Path, beginning: InitOptions, now: Timestamp) -> anyhow::Result<Config> {
    let url = address(&beginning.url)?;
    let database = database(beginning.database.as_deref(), beginning.database_tls)?;
    let mut making = DataDirBuilder::begin(data)?;
    let folder = making.folder().join("keys");
    let for_root = beginning.root_out.as_deref().unwrap_or(&folder);
    let [root_file, next_root_file] = keys::ROOT_FILES;
    if beginning.root_out.is_some() {
        is_elsewhere(for_root, data)?;
        making.goes_with([root_file, next_root_file].map(|name| for_root.join(name)));
    }
    let root = SigningKey::from_seed(&keys::create(for_root, root_file)?)?;
    let next_root = SigningKey::from_seed(&keys::create(for_root, next_root_file)?)?;
    let writer = SigningKey::from_seed(&keys::create(&folder, "writer.key")?)?;
    let badge = SigningKey::from_seed(&keys::create(&folder, "badge.key")?)?;
    keys::create(&folder, "node.key")?;
    keys::create(&folder, "seal.key")?;

    let founding = Founding {
        agency: beginning.agency.clone(),
        name: beginning.name,
        url,
        root: RootKeySet::single(root.public()),
        next_root: RootKeySet::single(next_root.public()).commitment(),
        writers: vec![WriterKey::of_all(writer.public())],
        badge_keys: vec![badge.public()],
    };
    let key_log = found(founding, &[&root], now)?;
    let genesis = key_log.genesis();

    let store = Store::create(making.folder(), database.as_ref()).await?;
    store
        .commit(
            &WriteBatch {
                key_logs: vec![key_log],
                ..WriteBatch::default()
            },
            &[],
            now,
        )
        .await?;
    store.claim(genesis).await?;
    store.close().await;

    let config = Config {
        peer_listen: beginning.peer_listen,
        database: beginning.database,
        database_tls: beginning.database_tls,
        ..Config::usual(beginning.agency, genesis, beginning.listen)
    };
    config.save(making.folder())?;
    making.finish()?;
    Ok(config)
}

/// Refuses a folder for the root's keys that is in the data directory, or holds such keys already.
fn is_elsewhere(for_root: &Path, data: &Path) -> anyhow::Result<()> {
    let shown = for_root.display();
    let within =
        || format!("`{shown}` is in the node's data directory: give `--root-out` a place that you take offline");
    // Before it is made: an empty folder in the data directory would stand in the way of the next try.
    let is_within = std::path::absolute(for_root)?.starts_with(std::path::absolute(data)?);
    anyhow::ensure!(!is_within, "{}", within());
    // Nor is it made: where a medium is to be mounted and is not, the keys would stay on this disk.
    anyhow::ensure!(
        for_root.is_dir(),
        "`{shown}` is no folder that is there: mount the medium, or make the folder"
    );
    // Once more, links and dots resolved.
    let is_within = data.exists() && for_root.canonicalize()?.starts_with(data.canonicalize()?);
    anyhow::ensure!(!is_within, "{}", within());
    for name in keys::ROOT_FILES {
        let taken = for_root.join(name);
        anyhow::ensure!(
            !taken.exists(),
            "`{}` is there already, and may be another agency's root: use another folder",
            taken.display()
        );
    }
    Ok(())
}

/// Returns true if two folders are on one file system, as far as it says: a medium that was to be mounted may not be.
#[must_use]
pub fn is_on_one_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |folder: &Path| std::fs::metadata(folder).map(|it| it.dev()).ok();
    device(one).is_some_and(|it| device(other) == Some(it))
}

/// The warning that nobody else will reach the node at its address, if that is so.
#[must_use]
pub fn unreachable(listen: SocketAddr, url: &str) -> Option<String> {
    serve::unreachable(listen, url)
}

/// The secret from which a node's identity among its peers follows.
///
/// # Errors
/// If its file cannot be read.
pub(crate) fn node_secret(data: &Path) -> anyhow::Result<[u8; 32]> {
    keys::load(&data.join("keys"), "node.key").context(
        "the node's identity among its peers cannot be had: put `keys/node.key` back from a backup, or make another one, which peers \
         let in once they add its ticket (ops/RUNBOOK.md, *A key's file is gone*)",
    )
}

/// The PostgreSQL database of a new store, if it is to be one.
fn database(url: Option<&str>, tls: Option<DatabaseTls>) -> anyhow::Result<Option<PostgresDatabase>> {
    url.map(|url| PostgresDatabase::new(url, tls)).transpose()
}

/// The address of a node, without a slash at its end.
fn address(typed: &str) -> anyhow::Result<String> {
    let url = typed.trim_end_matches('/').to_owned();
    protocol::key_log::check_address(&url)
        .with_context(|| format!("`{url}` is no address of a node: write https://comity.example.gov"))?;
    Ok(url)
}

/// Returns what another node's operator may put into its configuration to make this node a peer.
///
/// # Errors
/// If the data directory is none.
pub fn peer_config(data: &Path) -> anyhow::Result<PeerConfig> {
    let config = Config::load(data)?;
    let keypair = network::identity(node_secret(data)?)?;
    let addresses = config.announced();
    Ok(PeerConfig {
        agency: config.agency,
        genesis: config.genesis,
        peer_id: keypair.public().to_peer_id().to_string(),
        addresses,
        url: config.url,
    })
}

/// This node's ticket, whether it runs or not.
///
/// # Errors
/// If the data directory is none, or its store cannot be read.
pub async fn ticket(data: &Path) -> anyhow::Result<Ticket> {
    let config = Config::load(data)?;
    let store = owner::open(data, &config).await?;
    let logs = store.load_key_logs().await;
    store.close().await;
    let peer = peer_config(data)?.ticket()?;
    let own = logs?.into_iter().find(|log| log.genesis() == peer.genesis);
    let own = own.context("the store does not hold this agency's key log")?;
    let founding = own.founding();
    Ok(Ticket {
        name: founding.name.clone(),
        url: config.url.clone().unwrap_or_else(|| founding.url.clone()),
        addresses: config.announced(),
        ..peer
    })
}

/// Adds an operator, or gives one another token; the token is shown this once, and kept only as a hash.
///
/// # Errors
/// If the name is none, or the store cannot be written.
pub async fn add_operator(data: &Path, name: &str, now: Timestamp) -> anyhow::Result<String> {
    let fits =
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b));
    anyhow::ensure!(
        fits,
        "`{name}` is no operator's name: write 1 to 64 letters, digits, `-`, `_`, `.` or `@`"
    );
    let store = owner::open(data, &Config::load(data)?).await?;
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    let token = format!("comity_{}", Hash(secret));
    store.put_operator(name, Hash::of(&[token.as_bytes()]).0, now).await?;
    store.close().await;
    Ok(token)
}
