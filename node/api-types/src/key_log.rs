//! An agency's key log: who may write, what the root could do next, and taking in what it did.

use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::consequences::ConsequencesResponse;

/// An agency's key log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyLogResponse {
    /// The agency's identity: the hash of the first entry, in hexadecimal.
    pub genesis: String,
    /// The last entry that counts.
    pub head: String,
    /// `writes`, if a key of this node may write; `only_others`, if none on this machine may; `no_key_is_good`, if the agency
    /// has none.
    pub ability: String,
    /// A sentence on what is wrong with that, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// True if two entries stand at one place, so that the log ends before them.
    pub disputed: bool,
    /// The number of the root's keys that sign together.
    pub root_threshold: u8,
    /// The root's keys.
    pub root_keys: Vec<String>,
    /// The commitment to the next root.
    pub next_root: String,
    /// The keys that may write, and those that could.
    pub writers: Vec<WriterKeyReport>,
    /// Writer keys whose secret is on this machine and that the log does not name: the next `add_writer` takes the first.
    pub unused: Vec<String>,
    /// The keys that sign the agency's own statements.
    pub badge_keys: Vec<BadgeKeyReport>,
    /// The entries that count, in words.
    pub entries: Vec<KeyLogEntryReport>,
    /// The whole log as text, for the ceremony: `comityd root rotate` reads it.
    pub text: String,
}

/// A writer key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriterKeyReport {
    /// The key, in hexadecimal.
    pub key: String,
    /// The documents that it may write: `all`, or kinds.
    pub scope: Vec<String>,
    /// `retired` or `compromised`, if it ended.
    pub ended: Option<String>,
    /// True if its secret is on this machine.
    pub here: bool,
}

/// A badge key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BadgeKeyReport {
    /// The key, in hexadecimal.
    pub key: String,
    /// `retired` or `compromised`, if it ended.
    pub ended: Option<String>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyLogEntryReport {
    /// Its place, from 0.
    pub position: u32,
    /// The moment at which it was signed, by the agency's clock.
    pub time: Timestamp,
    /// Its name.
    pub hash: String,
    /// The act, in words.
    pub act: String,
}

/// The act that the root is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyLogProposalRequest {
    /// `add_writer`, `scope_writer`, `end_writer`, `add_badge_key` or `end_badge_key`.
    pub act: String,
    /// The key, in hexadecimal. For `add_writer`: of another node; this one makes a key of its own, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// To which kinds of documents the key may write (`status-list`, `trust-list`, …); to all, if none is named.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The end of the key: `retired` or `compromised`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// The key's last good envelopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Vec<String>>,
    /// In their place: what the key dated before this moment is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// An entry that the root could sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyLogProposalResponse {
    /// The entry as text, to be carried to the root; empty in a dry run of `add_writer` for which a key is yet to be made.
    pub text: String,
    /// The act, in words.
    pub act: String,
    /// The number of envelopes of the key that would count no more.
    pub voided: usize,
    /// The number of entries of the lists that would alter.
    pub changes: usize,
    /// Revocations that would be gone: list and index, and the credential's code if this agency keeps it. Revoke them
    /// again with a good key.
    pub unrevoked: Vec<LostRevocation>,
    /// The abilities that the agency would lose by it, in words: write its lists, sign its statements.
    pub ends: Vec<String>,
    /// The changes that there would be in verdict or worth, if entries of the lists would alter: what they granted, recognized
    /// or ruled is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A revocation that would be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LostRevocation {
    /// The status list.
    pub list: u32,
    /// The slot.
    pub index: u32,
    /// The credential's code.
    pub code: Option<String>,
}

/// An entry that the root signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyLogEntryRequest {
    /// The entry's text, as `comityd root sign` left it.
    pub text: String,
    /// Take it in even if the agency can write nothing, or sign none of its statements, any more after it.
    #[serde(default)]
    pub ends_this_agency: bool,
}

/// The key log with an entry, or with `dry_run` as it is without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyLogEntryResponse {
    /// The key log.
    #[serde(flatten)]
    pub log: KeyLogResponse,
    /// Revocations that are gone with it (with `dry_run`: that would be), also such as were made after the entry was
    /// proposed. Revoke them again with a good key.
    pub unrevoked: Vec<LostRevocation>,
    /// With `dry_run`: what would change in verdict or worth, if entries of the lists would alter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}
