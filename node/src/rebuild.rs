//! Gets back a node whose database is lost: from the signed files of its peers, and the agency's offline root.
//!
//! What replicates comes back whole, and is believed for its signatures alone: the key log is the one whose root signs here,
//! the rest follows from it. What never left the lost database does not: credentials and their holders' names, the issuers'
//! keys, applications, frameworks, operators, the audit trail. [`RebuildReport`] says so.

mod fetch;
mod writer;

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use protocol::{Hash, KeyLog, PublicKey, SigningKey, Ticket, WriteBatch};
use registry_schema::{AgencyId, Issuer, Timestamp};

use crate::{
    Node, StartPurpose,
    config::{Config, MirrorConfig, PeerConfig},
    init::DataDirBuilder,
};
use agency::registrar::Actor;
use fetch::RebuildBasis;
pub(crate) use fetch::of_source as key_logs_of;
use platform::{clock::Clock, keys};
use storage::Store;
use transport::mirror::MirrorSource;

/// For how long nothing may come in before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time between two looks at how far it came.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The things that a node is rebuilt from.
#[derive(Debug)]
pub struct RebuildOptions {
    /// The sources of the agency's lists: the addresses of peers' nodes, or of folders with their files.
    pub from: Vec<String>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    pub certificates: Option<PathBuf>,
    /// The agency, if there is no data directory any more; otherwise its configuration says.
    pub agency: Option<AgencyId>,
    /// The agency's log, if several call themselves by its name.
    pub genesis: Option<Hash>,
    /// The keys of the agency's root, which sign for a new writer key. None are needed where the old one is here.
    pub roots: Vec<SigningKey>,
    /// The writer keys that are lost, and end; the only one there is, if none is named and a new one is made.
    pub lost: Vec<PublicKey>,
    /// The address at which it answers HTTP, if there is no configuration any more.
    pub listen: SocketAddr,
    /// The multiaddresses at which it listens for peers, if there is no configuration any more.
    pub peer_listen: Vec<String>,
    /// The URL of an empty PostgreSQL database, if it is to be in one and no configuration says.
    pub database: Option<String>,
}

/// A report of what came back.
#[derive(Debug)]
pub struct RebuildReport {
    /// The agency whose it is.
    pub agency: AgencyId,
    /// Its log.
    pub genesis: Hash,
    /// The number of envelopes of its own log that are here.
    pub envelopes: usize,
    /// The number of credentials that are revoked or suspended in its lists.
    pub restricted: usize,
    /// The other agencies whose lists are here, and their logs: as the sources named them.
    pub others: Vec<(AgencyId, Hash)>,
    /// Its issuers whose keys were kept in the lost database: each needs a new one.
    pub without_key: Vec<Issuer>,
    /// The acts that the root signed, in words.
    pub signed: Vec<String>,
    /// True if this node may write: if not, the root signs for its key first.
    pub may_write: bool,
    /// True if its node has another identity for its peers than before.
    pub is_new_node: bool,
    /// Before when it cannot tell of a badge whether the agency issued it.
    pub lost_before: Option<Timestamp>,
}

/// Rebuilds the node of a data directory: makes an empty store, takes in the agency's key log, and then everything else, by
/// the replication itself.
///
/// # Errors
/// If there is a store already, nobody gives the agency's key log, the root is not its root, or what was asked for did not
/// come. Then what was begun is removed, and it can be tried again.
pub async fn rebuild(data: &Path, rebuilding: RebuildOptions, clock: Clock) -> anyhow::Result<RebuildReport> {
    crate::choose_cryptography();
    let before = Config::path(data).exists().then(|| Config::load(data)).transpose()?;
    let sources = rebuilding.sources()?;
    let found = fetch::key_log(&sources, before.as_ref(), &rebuilding).await?;
    let root_keys: Vec<PublicKey> = rebuilding.roots.iter().map(SigningKey::public).collect();
    agency::root::is_of_root(&root_keys, found.key_log.authority().root())?;
    match before {
        Some(config) => {
            clear_unfinished(data, &config)?;
            let unfinished = FileRollback::begin(data, &config)?;
            let rebuilt = fill(data, config, &rebuilding, found, clock).await?;
            unfinished.finish(data)?;
            Ok(rebuilt)
        }
        None => {
            let making = DataDirBuilder::begin(data)?;
            let folder = making.folder().to_owned();
            let agency = found.key_log.founding().agency.clone();
            let config = Config {
                peer_listen: rebuilding.peer_listen.clone(),
                database: rebuilding.database.clone(),
                ..Config::usual(agency, found.key_log.genesis(), rebuilding.listen)
            };
            let rebuilt = fill(&folder, config, &rebuilding, found, clock).await?;
            making.finish()?;
            Ok(rebuilt)
        }
    }
}

impl RebuildOptions {
    fn sources(&self) -> anyhow::Result<Vec<MirrorSource>> {
        anyhow::ensure!(
            !self.from.is_empty(),
            "say where the agency's lists are had: --from URL"
        );
        let sources = self
            .from
            .iter()
            .map(|url| MirrorSource::new(url, self.certificates.as_deref()));
        sources.collect()
    }
}

/// Fills a folder that has no store.
async fn fill(
    data: &Path,
    mut config: Config,
    rebuilding: &RebuildOptions,
    found: RebuildBasis,
    clock: Clock,
) -> anyhow::Result<RebuildReport> {
    let RebuildBasis { key_log, tickets } = found;
    let folder = data.join("keys");
    let is_new_node = !folder.join("node.key").exists();
    for name in ["writer.key", "badge.key", "node.key", "seal.key"] {
        if !folder.join(name).exists() {
            keys::create(&folder, name)?;
        }
    }
    follow(&mut config, rebuilding, &key_log, tickets);
    let store = Store::create(data, config.postgres()?.as_ref()).await?;
    store.claim(key_log.genesis()).await?;
    let batch = WriteBatch {
        key_logs: vec![key_log],
        ..WriteBatch::default()
    };
    store.commit(&batch, &[], clock.now()).await?;
    store.lose_records(clock.now()).await?;
    store.close().await;
    config.save(data)?;

    // A node that answers nobody: it has replication do what it always does.
    let quiet = Config {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        peer_listen: vec![],
        tls: None,
        ..config.clone()
    };
    let node = crate::start_to(StartPurpose::Rebuild, data, quiet, clock.clone()).await?;
    let rebuilt = finish(&node, rebuilding, is_new_node, clock.now()).await;
    node.stop().await;
    rebuilt
}

/// Follows the sources, for good, and the peers whose tickets they gave.
fn follow(config: &mut Config, rebuilding: &RebuildOptions, key_log: &KeyLog, tickets: Vec<Ticket>) {
    for url in &rebuilding.from {
        let url = url.trim_end_matches('/').to_owned();
        if config
            .mirrors
            .iter()
            .all(|mirror| mirror.url.trim_end_matches('/') != url)
        {
            config.mirrors.push(MirrorConfig {
                agency: config.agency.clone(),
                genesis: key_log.genesis().to_string(),
                url,
                roots: rebuilding.certificates.clone(),
            });
        }
    }
    for ticket in tickets {
        let genesis = ticket.genesis.to_string();
        let is_known = config.peers.iter().any(|peer| peer.peer_id == ticket.node);
        let contradicts = config
            .peers
            .iter()
            .any(|peer| peer.agency == ticket.agency && peer.genesis != genesis);
        if is_known || contradicts || genesis == config.genesis {
            continue;
        }
        config.peers.push(PeerConfig {
            agency: ticket.agency,
            genesis,
            peer_id: ticket.node,
            addresses: ticket.addresses,
            url: Some(ticket.url).filter(|url| !url.is_empty()),
        });
    }
}

/// Waits until everything is here, has the root sign for this node's key, and says what came.
async fn finish(
    node: &Node,
    rebuilding: &RebuildOptions,
    is_new_node: bool,
    now: Timestamp,
) -> anyhow::Result<RebuildReport> {
    all_is_here(node, &rebuilding.sources()?).await?;
    let hand = Actor {
        who: "rebuild".into(),
        dry_run: false,
    };
    let signed = writer::let_write(node, rebuilding, &hand).await?;
    let home = node.home;
    let look = move |replica: &protocol::Replica| {
        let envelopes = replica.logs().get(&home).map_or(0, protocol::log::AgencyLog::len);
        (replica.is_writer(), envelopes)
    };
    let (may_write, envelopes) = node.registrar.look(look).await?;
    let registry = node.registry.snapshot();
    let lists = registry.home().context("the agency's lists are not loaded")?;
    let restricted = lists.list_numbers().filter_map(|number| lists.list(number));
    let restricted = restricted.map(|list| {
        list.all_revoked()
            .chain(list.all_suspended())
            .collect::<BTreeSet<_>>()
            .len()
    });
    let mut without_key = Vec::new();
    for issuer in lists
        .issuers()
        .filter(|issuer| issuer.own_keys.is_none() && issuer.is_current(now))
    {
        if node.store.issuer_key(&issuer.id).await?.is_none() {
            without_key.push(issuer.clone());
        }
    }
    let others = registry.agencies().into_iter().map(|lists| lists.id.clone());
    let others = others.filter_map(|id| Some((id.clone(), registry.pin(&id)?)));
    Ok(RebuildReport {
        agency: lists.id.clone(),
        genesis: home,
        envelopes,
        restricted: restricted.sum(),
        others: others.filter(|(id, _)| id != registry.home_id()).collect(),
        without_key,
        signed,
        may_write,
        is_new_node,
        lost_before: node.store.lost_records().await?,
    })
}

/// Waits until all that some source lists of the agencies that are followed is here.
async fn all_is_here(node: &Node, sources: &[MirrorSource]) -> anyhow::Result<()> {
    let mut listed = Vec::new();
    let followed = node.registry.snapshot().roster().pinned();
    for source in sources {
        for agency in &followed {
            // A source need not hold all of them.
            if let Ok((listing, _)) = source.listing(*agency).await {
                listed.push((*agency, listing.summary.heads));
            }
        }
    }
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let wanted = listed.clone();
        let look = move |replica: &protocol::Replica| {
            let lacks = |(agency, heads): &&(Hash, Vec<Hash>)| {
                let log = replica.logs().get(agency);
                !log.is_some_and(|log| log.missing() == 0 && heads.iter().all(|head| log.holds(head)))
            };
            let here: usize = replica.logs().values().map(protocol::log::AgencyLog::len).sum();
            (wanted.iter().filter(lacks).count(), here)
        };
        let (lacking, here) = node.registrar.look(look).await?;
        if lacking == 0 {
            return Ok(());
        }
        if here != last {
            (last, since) = (here, Instant::now());
        }
        anyhow::ensure!(
            since.elapsed() < PATIENCE,
            "{here} envelopes are here, and nothing more came for {} seconds, though {lacking} lists of the sources name more: \
             try again, or name other sources with --from",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The file that stands in a data directory while its store is rebuilt. It is named as SQLite's own files are, so that it
/// goes where they go.
const MARK: &str = "registry.sqlite-rebuilding";

/// The files of a store in SQLite.
const STORE: [&str; 4] = [
    "registry.sqlite",
    "registry.sqlite-wal",
    "registry.sqlite-shm",
    "registry.sqlite-reached",
];

/// Refuses a data directory whose rebuilding was broken off: what is there lacks what the sources have, and does not know that
/// records are lost.
///
/// # Errors
/// If it was.
pub fn is_finished(data: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        !data.join(MARK).exists(),
        "the rebuilding of `{}` was broken off: do it again, with `comityd rebuild`",
        data.display()
    );
    Ok(())
}

/// Removes what a rebuilding that was broken off left.
fn clear_unfinished(data: &Path, config: &Config) -> anyhow::Result<()> {
    if is_finished(data).is_ok() {
        return Ok(());
    }
    anyhow::ensure!(
        config.database.is_none(),
        "the rebuilding of `{}` was broken off, and the database holds part of it: name an empty one, and remove `{MARK}`",
        data.display()
    );
    // The mark goes last: whatever happens, nothing else is taken for a store.
    for name in STORE.iter().chain([&MARK]) {
        match fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("`{name}` of the rebuilding that was broken off cannot be removed"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The files that were begun in a data directory that had no store any more: removed again, unless it comes to its end.
#[derive(Debug)]
struct FileRollback {
    files: Vec<PathBuf>,
    config: (PathBuf, String),
}

impl FileRollback {
    fn begin(data: &Path, config: &Config) -> anyhow::Result<Self> {
        let store = data.join("registry.sqlite");
        anyhow::ensure!(
            config.database.is_some() || !store.exists(),
            "`{}` holds a store: a node is rebuilt only where its database is lost. If it is damaged beyond `comityd repair`, move the \
             files `registry.sqlite*` away first, and keep them: credentials and issuers' keys are nowhere else",
            data.display()
        );
        let keys = ["writer.key", "badge.key", "node.key", "seal.key"].map(|name| data.join("keys").join(name));
        let made = STORE.iter().chain([&MARK]).map(|name| data.join(name));
        let path = Config::path(data);
        let text = fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let unfinished = Self {
            files: keys.into_iter().chain(made).filter(|file| !file.exists()).collect(),
            config: (path, text),
        };
        let mark = data.join(MARK);
        platform::private::replace(&mark, b"the store here is being rebuilt\n")?;
        Ok(unfinished)
    }

    fn finish(mut self, data: &Path) -> anyhow::Result<()> {
        fs::remove_file(data.join(MARK)).with_context(|| format!("`{MARK}` cannot be removed: do that yourself"))?;
        self.files.clear();
        self.config.1.clear();
        Ok(())
    }
}

impl Drop for FileRollback {
    fn drop(&mut self) {
        for file in &self.files {
            // Not all of them were made.
            let _ = fs::remove_file(file);
        }
        let (path, text) = &self.config;
        if !text.is_empty()
            && let Err(error) = agency::root::replace(path, text)
        {
            tracing::warn!(%error, "the configuration could not be put back as it was");
        }
    }
}
