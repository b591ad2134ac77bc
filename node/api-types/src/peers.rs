//! The peers of a node: whom it follows, how to follow it, and whom it introduces.

use std::fmt;

use registry_schema::{AgencyFreshness, AgencyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{consequences::ConsequencesResponse, hindrances::Hindrances};

/// An agency that this node's operators made a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeerResponse {
    /// The agency whose node it is; this node's own, where that has other stores.
    pub agency: AgencyId,
    /// Its name for people, once it was heard; before, as its ticket has it.
    pub name: Option<String>,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// The way in which it is followed, or is not any more.
    pub membership: PeerMembership,
    /// Since when it left or is expelled.
    pub ended: Option<Timestamp>,
    /// The moment at which an operator added it; none, if the configuration names it.
    pub added: Option<Timestamp>,
    /// True if one of its nodes is connected now.
    pub connected: bool,
    /// True if its nodes close each connection as soon as it is made: as a rule because they do not follow this agency.
    pub turns_away: bool,
    /// By which transport: `TCP`, `QUIC`.
    pub transport: Option<String>,
    /// The address at which its node answers HTTP.
    pub address: Option<String>,
    /// The multiaddresses at which its nodes listen for peers.
    pub addresses: Vec<String>,
    /// Everything that it wrote before this moment is known here.
    pub last_heard: Option<Timestamp>,
    /// Until when that counts.
    pub good_until: Option<Timestamp>,
    /// The agency's freshness now, by the clock of this node: the judgment on which its verdicts rest.
    pub freshness: AgencyFreshness,
    /// The number of seconds since `last_heard`.
    pub lag_seconds: Option<i64>,
    /// The number of envelopes of its log that are known to exist and are not here.
    pub missing: usize,
    /// The causes that keep more of it from being taken in, or anything of it from being fresh.
    #[serde(flatten)]
    pub hindrances: Hindrances,
    /// The number of times that one of its nodes did what no honest node does; the audit trail says what.
    pub misbehaved: i64,
    /// Of a peer that is, or in a dry run would be, removed: how many of this agency's standing recognitions rest on what the
    /// agency said, because it registers the issuer, or is itself what is recognized. `consequences` tells what follows
    /// from these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognitions: Option<usize>,
}

/// The way in which a peer is followed, or is not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PeerMembership {
    /// It is followed.
    Member,
    /// It is no longer followed.
    Left,
    /// It is no longer followed, and nothing that it says counts but what it revoked.
    Expelled,
    /// Its name was just let go of.
    Unpinned,
}

impl PeerMembership {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Left => "left",
            Self::Expelled => "expelled",
            Self::Unpinned => "unpinned",
        }
    }
}

impl fmt::Display for PeerMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A peer to follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPeer {
    /// The ticket, as `comity peer ticket` prints it at the other node.
    pub ticket: String,
    /// The peer that introduced it, if one did; then `introduction` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced_by: Option<AgencyId>,
    /// The introduction that this peer signed, as its `/v1/peers/introductions/signed` gives it: it must hold the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduction: Option<String>,
}

/// The content of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketResponse {
    /// The ticket.
    pub ticket: String,
    /// The agency whose node it is.
    pub agency: AgencyId,
    /// Its name for people, as it gives it.
    pub name: String,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    pub genesis: String,
    /// The identity of its node in the network of peers.
    pub node: String,
    /// The multiaddresses at which that node listens for peers.
    pub addresses: Vec<String>,
    /// The address at which it answers HTTP.
    pub url: String,
    /// In a dry run of following it: what rests on it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<PendingRecognitions>,
}

/// The recognitions that already rest on an agency that is not followed yet. What it registers and recognizes itself is not
/// known before it is followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingRecognitions {
    /// The number of this agency's standing recognitions that are of issuers that it registers, or of itself: they count as soon
    /// as its lists are here.
    pub recognitions: usize,
    /// The agencies that recognize what it recognizes, by this log; this one too, if it does.
    pub followed_by: Vec<AgencyId>,
}

/// The way to end it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PeerRemovalRequest {
    /// True if answers shall no longer rest on anything that the agency says, but for what it revoked.
    #[serde(default)]
    pub expel: bool,
    /// Let go of the name of an agency that left or was expelled, so that another log may come under it.
    #[serde(default)]
    pub unpin: bool,
}

/// A peer as it stands now, or with `dry_run` as it would be left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeerRemovalResponse {
    /// The peer.
    #[serde(flatten)]
    pub peer: PeerResponse,
    /// With `dry_run`, the whole account: on which recognitions it bears, and what would change by that, at once or, where it
    /// is not expelled, as soon as its last word is too old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// The tickets of this node's peers, signed with this agency's writer key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntroductionsResponse {
    /// The signed statement (`Introduction` in `PROTOCOL.md`), in base64: the tickets, and when they were given.
    pub signed: String,
}
