//! A node's configuration: `comity.toml` in its data directory. Flags and `COMITY_…` variables come before it.

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use registry_schema::AgencyId;
use serde::{Deserialize, Serialize};

/// What a node is told at its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The agency that this node is.
    pub agency: AgencyId,
    /// The hash of its first key-log entry, in hexadecimal: who it is for its peers.
    pub genesis: String,
    /// Where it answers HTTP.
    pub listen: SocketAddr,
    /// Where it listens for peers, as multiaddresses: `/ip4/0.0.0.0/tcp/7500`.
    #[serde(default)]
    pub peer_listen: Vec<String>,
    /// The URL of a PostgreSQL database: `postgres://user:password@host/database`; SQLite in the data directory, if absent.
    #[serde(default)]
    pub database: Option<String>,
    /// Where this process takes what other processes of the agency on the same PostgreSQL forward to it; a free port at the
    /// address of `listen`, if absent.
    #[serde(default)]
    pub inner_listen: Option<SocketAddr>,
    /// Seconds for which the process that writes may be silent before another process of the agency takes over.
    #[serde(default = "ten_seconds")]
    pub lease_term_seconds: u32,
    /// Seconds between two heartbeats.
    #[serde(default = "five_minutes")]
    pub heartbeat_every_seconds: u32,
    /// Seconds for which a heartbeat holds. Past them, peers answer "could not check".
    #[serde(default = "a_day")]
    pub heartbeat_term_seconds: u32,
    /// Seconds between two exchanges with a connected peer.
    #[serde(default = "half_a_minute")]
    pub exchange_every_seconds: u32,
    /// Envelopes of the own log between two checkpoints, from which new nodes begin.
    #[serde(default = "five_hundred")]
    pub checkpoint_every_envelopes: u32,
    /// HTTPS; plain HTTP without.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// The peers, and who their agencies are.
    #[serde(default)]
    pub peers: Vec<PeerConfig>,
    /// Where agencies' lists are had as files, by HTTPS: for a node that cannot reach its peers itself.
    #[serde(default)]
    pub mirrors: Vec<MirrorConfig>,
}

/// How to answer HTTPS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Tls {
    /// A certificate chain and its key, as PEM files.
    Files {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// A certificate made at the start, for tests: nobody has a reason to trust it.
    SelfSigned,
}

/// A peer: who it is, and where it listens. `comityd ticket` prints one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Its agency's name; from now on this name means that key log, and no other.
    pub agency: AgencyId,
    /// The hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// Its libp2p identity.
    pub peer_id: String,
    /// Where it listens.
    pub addresses: Vec<String>,
}

/// A web server that has agencies' lists as files: another node, or a copy made with `comityd mirror`. Of what it holds,
/// everything of pinned agencies is read; what is signed there is checked as from any peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// The agency whose files it has, first of all; from now on this name means that key log, and no other.
    pub agency: AgencyId,
    /// The hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// Where its `federation` folder is: `https://comity.example.gov`. With `http://`, others on the way see what is
    /// read, and can hold it back.
    pub url: String,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[serde(default)]
    pub roots: Option<PathBuf>,
}

const fn ten_seconds() -> u32 {
    10
}

const fn five_minutes() -> u32 {
    300
}

const fn a_day() -> u32 {
    86_400
}

const fn half_a_minute() -> u32 {
    30
}

const fn five_hundred() -> u32 {
    500
}

impl Config {
    /// Where the configuration of a data directory is.
    #[must_use]
    pub fn path(data: &Path) -> PathBuf {
        data.join("comity.toml")
    }

    /// Reads the configuration in a data directory.
    ///
    /// # Errors
    /// If it is not there, or says something that a configuration cannot say.
    pub fn load(data: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "`{}` cannot be read: is this a data directory made by `comityd init`?",
                path.display()
            )
        })?;
        let config: Self = toml::from_str(&text).with_context(|| format!("`{}` is not right", path.display()))?;
        anyhow::ensure!(
            config.heartbeat_every_seconds > 0,
            "`heartbeat_every_seconds` is 0: write 1 or more"
        );
        anyhow::ensure!(
            config.lease_term_seconds > 0,
            "`lease_term_seconds` is 0: write 1 or more"
        );
        anyhow::ensure!(
            config.exchange_every_seconds > 0,
            "`exchange_every_seconds` is 0: write 1 or more"
        );
        anyhow::ensure!(
            config.heartbeat_term_seconds > config.heartbeat_every_seconds,
            "`heartbeat_term_seconds` is not longer than `heartbeat_every_seconds`: peers would call this agency silent"
        );
        Ok(config)
    }

    /// Writes the configuration into a data directory.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn save(&self, data: &Path) -> anyhow::Result<()> {
        let path = Self::path(data);
        let new = path.with_extension("toml.new");
        // The database's URL may hold a password.
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(toml::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path).with_context(|| format!("`{}` cannot be written", path.display()))
    }
}
