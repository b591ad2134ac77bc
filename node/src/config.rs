//! A node's configuration: `comity.toml` in its data directory. Flags and `COMITY_…` variables come before it.

mod limits;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use agency::external_sources::OutboundConfig;
use anyhow::Context as _;
pub use limits::{BudgetConfig, LookupConfig};
use protocol::Ticket;
use registry_schema::AgencyId;
use serde::{Deserialize, Serialize};

use platform::private;
pub use quota::QuotaConfig;
use storage::{DatabaseTls, PostgresDatabase};

mod quota;

/// The settings that a node is given at its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The agency that this node is.
    pub agency: AgencyId,
    /// The hash of its first key-log entry, in hexadecimal: who it is for its peers.
    pub genesis: String,
    /// The URL of this store, if the agency has several and its own URL leads to another one:
    /// `https://second.comity.example.gov`. It stands in this store's ticket, and nowhere else.
    #[serde(default)]
    pub url: Option<String>,
    /// The address at which it answers HTTP.
    pub listen: SocketAddr,
    /// The multiaddresses at which it listens for peers: `/ip4/0.0.0.0/tcp/7500`.
    #[serde(default)]
    pub peer_listen: Vec<String>,
    /// The URL of a PostgreSQL database: `postgres://user:password@host/database`; SQLite in the data directory, if absent.
    #[serde(default)]
    pub database: Option<String>,
    /// The protection of the connection to the database: `verify-full`, `require` or `off`. If absent, as its URL's
    /// `sslmode` says; and `verify-full`, if that says nothing and the server is on another machine.
    #[serde(default)]
    pub database_tls: Option<DatabaseTls>,
    /// The address at which this process takes what other processes of the agency on the same PostgreSQL forward to it; a
    /// free port at the address of `listen`, if absent.
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
    /// The multiaddresses at which peers reach this node, if not where it listens: behind a router, or at all addresses of a
    /// machine. They stand in the node's ticket.
    #[serde(default)]
    pub peer_addresses: Vec<String>,
    /// True if this node introduces its peers to each other: gives anybody their tickets.
    #[serde(default = "yes")]
    pub introduces: bool,
    /// The rules for applications of those who want to be issuers of this agency.
    #[serde(default)]
    pub registration: RegistrationConfig,
    /// The places of secrets that are not in the data directory.
    #[serde(default)]
    pub keys: KeysConfig,
    /// HTTPS. Without it the node answers plain HTTP, and on this machine alone; `tls = "none"` is for a node behind a proxy
    /// that does TLS.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// The rules for what it fetches from others.
    #[serde(default)]
    pub outbound: OutboundConfig,
    /// The limit of how often one client may look up short codes.
    #[serde(default)]
    pub lookups: LookupConfig,
    /// The share of this node's work that one client may use.
    #[serde(default)]
    pub budget: BudgetConfig,
    /// The most of any other agency that is kept here.
    #[serde(default)]
    pub quota: QuotaConfig,
    /// The peers, and who their agencies are.
    // Not written if there are none: `peers = []` and a `[[peers]]` that is put below it are no TOML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerConfig>,
    /// The web servers that have agencies' lists as files, read by HTTPS: for a node that cannot reach its peers itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<MirrorConfig>,
}

/// The places of secrets that are not in the data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// The file with the seal under which issuers' keys are kept in the database: 64 hexadecimal digits; `keys/seal.key` in the
    /// data directory, if absent. A relative path begins at the data directory.
    pub seal: Option<PathBuf>,
}

/// The ways of answering HTTPS.
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
    /// None, on whatever address: a proxy that does TLS stands before the node, and nobody else reaches it.
    None,
}

/// The rules for applications of those who want to be issuers of an agency. It takes none before it has imported a rubric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationConfig {
    /// True if everybody may read how an issuer came to be one, without persons.
    pub public_history: bool,
    /// The number of applications of strangers that may wait for a decision.
    pub most_open: u32,
    /// So many days after its last step, the contact of an application that was refused, closed or withdrawn is expunged;
    /// never by itself, if absent.
    pub contact_kept_days: Option<u32>,
}

impl Default for RegistrationConfig {
    fn default() -> Self {
        Self {
            public_history: false,
            most_open: 200,
            contact_kept_days: None,
        }
    }
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
    /// The addresses at which it listens.
    pub addresses: Vec<String>,
    /// The URL at which it answers HTTP, if it is another store of this node's own agency; another agency's key log says
    /// where.
    #[serde(default)]
    pub url: Option<String>,
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
    /// The URL of the server whose `federation` folder it is: `https://comity.example.gov`. With `http://`, others on the
    /// way see what is read, and can hold it back.
    pub url: String,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[serde(default)]
    pub roots: Option<PathBuf>,
}

impl PeerConfig {
    /// Returns what is appended to another node's `comity.toml`, whatever stands there last.
    ///
    /// # Errors
    /// If it cannot be written as TOML.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        let peer = toml::to_string(self).context("the ticket cannot be written")?;
        Ok(format!("\n[[peers]]\n{}", peer.trim_end()))
    }

    /// Returns what a ticket says of it; its name and URL are its key log's affair.
    ///
    /// # Errors
    /// If its genesis cannot be read.
    pub fn ticket(&self) -> anyhow::Result<Ticket> {
        let genesis = self.genesis.parse();
        Ok(Ticket {
            agency: self.agency.clone(),
            name: String::new(),
            genesis: genesis.with_context(|| format!("the genesis of peer `{}`", self.agency))?,
            node: self.peer_id.clone(),
            addresses: self.addresses.clone(),
            url: self.url.clone().unwrap_or_default(),
        })
    }
}

const fn yes() -> bool {
    true
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
    /// Returns what a configuration says if nobody says otherwise: no peers, SQLite, plain HTTP.
    #[must_use]
    pub fn usual(agency: AgencyId, genesis: protocol::Hash, listen: SocketAddr) -> Self {
        Self {
            agency,
            genesis: genesis.to_string(),
            url: None,
            listen,
            peer_listen: vec![],
            database: None,
            database_tls: None,
            inner_listen: None,
            lease_term_seconds: ten_seconds(),
            heartbeat_every_seconds: five_minutes(),
            heartbeat_term_seconds: a_day(),
            exchange_every_seconds: half_a_minute(),
            checkpoint_every_envelopes: five_hundred(),
            peer_addresses: vec![],
            introduces: yes(),
            registration: RegistrationConfig::default(),
            keys: KeysConfig::default(),
            tls: None,
            outbound: OutboundConfig::default(),
            lookups: LookupConfig::default(),
            budget: BudgetConfig::default(),
            quota: QuotaConfig::default(),
            peers: vec![],
            mirrors: vec![],
        }
    }

    /// The PostgreSQL database, if it is to be one, with its TLS decided.
    ///
    /// # Errors
    /// If its URL cannot be read, or allows what it may not.
    pub fn postgres(&self) -> anyhow::Result<Option<PostgresDatabase>> {
        let database = self
            .database
            .as_deref()
            .map(|url| PostgresDatabase::new(url, self.database_tls));
        database.transpose()
    }

    /// Returns the path of a data directory's configuration.
    #[must_use]
    pub fn path(data: &Path) -> PathBuf {
        data.join("comity.toml")
    }

    /// The file with the seal of issuers' keys.
    #[must_use]
    pub fn seal_file(&self, data: &Path) -> PathBuf {
        let usual = || Path::new("keys").join("seal.key");
        data.join(self.keys.seal.clone().unwrap_or_else(usual))
    }

    /// The addresses that its ticket names. Those that only mean "everywhere on this machine" help nobody else.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        if !self.peer_addresses.is_empty() {
            return self.peer_addresses.clone();
        }
        let everywhere = |address: &&String| ["/ip4/0.0.0.0/", "/ip6/::/"].iter().any(|any| address.starts_with(any));
        self.peer_listen
            .iter()
            .filter(|address| !everywhere(address))
            .cloned()
            .collect()
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
        let config: Self = toml::from_str(&text).with_context(|| not_right(&path, &text))?;
        anyhow::ensure!(
            config.heartbeat_every_seconds > 0,
            "`heartbeat_every_seconds` is 0: write 1 or more"
        );
        anyhow::ensure!(
            config.lease_term_seconds > 0,
            "`lease_term_seconds` is 0: write 1 or more"
        );
        anyhow::ensure!(
            config.lookups.per_minute == 0 || config.lookups.burst > 0,
            "`lookups.burst` is 0: write 1 or more, or `per_minute = 0` for no limit"
        );
        anyhow::ensure!(
            config.outbound.per_minute == 0 || config.outbound.burst > 0,
            "`outbound.burst` is 0: write 1 or more, or `per_minute = 0` for no limit"
        );
        anyhow::ensure!(
            axum::http::HeaderName::from_bytes(config.lookups.proxy_header.as_bytes()).is_ok(),
            "`lookups.proxy_header` is no name of a header"
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
        // The database's URL may hold a password.
        private::replace(&Self::path(data), toml::to_string_pretty(self)?.as_bytes())
    }
}

/// Says where to look in a file that is no configuration.
fn not_right(path: &Path, text: &str) -> String {
    let is_empty = |line: &str, name: &str| line.replace(' ', "") == format!("{name}=[]");
    for name in ["peers", "mirrors"] {
        if text.contains(&format!("[[{name}]]")) && text.lines().any(|line| is_empty(line, name)) {
            return format!(
                "`{}` is not right: take out the line `{name} = []`, which says that there are none",
                path.display()
            );
        }
    }
    format!("`{}` is not right", path.display())
}

#[cfg(test)]
mod tests;
