//! The reach of each agency's log at a node, and of its own elsewhere.

use registry_schema::{AgencyId, Timestamp};
use serde::{Deserialize, Serialize};

/// The part of one agency's log that this node holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogHoldingResponse {
    /// Its name; none, if this node's operators gave it none.
    pub agency: Option<AgencyId>,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// The last entry of its key log that counts.
    pub key_log: String,
    /// The number of envelopes that are here.
    pub envelopes: usize,
    /// The newest ones.
    pub heads: Vec<String>,
    /// The number that are known to exist and are not here.
    pub missing: usize,
    /// Everything that it wrote before this moment is here.
    pub as_of: Option<Timestamp>,
    /// Until when that counts.
    pub good_until: Option<Timestamp>,
    /// The reason that more of it is not taken in here, if it is not.
    pub deferred: Option<String>,
    /// The reason that nothing of it is fresh here whatever it says, if so.
    pub quarantined: Option<String>,
    /// The newest word of each of its writers.
    pub writers: Vec<WriterReport>,
}

/// A writer's heartbeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriterReport {
    /// Its key, in hexadecimal.
    pub writer: String,
    /// True if the key has not ended.
    pub live: bool,
    /// The newest one of which everything is here.
    pub counted: Option<HeartbeatReport>,
    /// A newer one of which something is missing.
    pub pending: Option<HeartbeatReport>,
}

/// A heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatReport {
    /// The moment at which it was signed, by its writer's clock.
    pub issued: Timestamp,
    /// The moment by which its writer wants to be heard again.
    pub next_by: Timestamp,
    /// Until when it counts: at most 96 hours.
    pub good_until: Timestamp,
    /// The newest envelopes that it knew.
    pub heads: Vec<String>,
}

/// The holders of this agency's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReachResponse {
    /// The agency whose log it is.
    pub agency: AgencyId,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// The newest envelopes.
    pub heads: Vec<String>,
    /// The number of envelopes in the log.
    pub envelopes: usize,
    /// `held by 49 of 50 peers; Guam last heard 2 days ago`.
    pub sentence: String,
    /// The number of peers that hold all of it.
    pub held_by: usize,
    /// Each peer.
    pub peers: Vec<LogHolder>,
}

/// A peer, and how much of our log it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogHolder {
    /// The peer's agency.
    pub agency: AgencyId,
    /// Its name for people, once it was heard.
    pub name: Option<String>,
    /// True if it holds all of it.
    pub holds_all: bool,
    /// True if it holds more of it than this node: part of it is missing here.
    pub holds_more: bool,
    /// The number of envelopes that it has not said it holds.
    pub behind: usize,
    /// Up to which envelopes it says it holds the log durably, and has folded it.
    pub heads: Vec<String>,
    /// The moment at which it said so, by its own clock.
    pub at: Option<Timestamp>,
    /// The moment at which it was last heard here, about its own log.
    pub last_heard: Option<Timestamp>,
    /// Its signed word: a CBOR statement `comity/1/held` with its Ed25519 signature, in base64. Anybody who has that
    /// agency's key log can check it.
    pub countersignature: Option<String>,
}
