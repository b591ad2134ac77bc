//! The messages of two nodes to each other: a request, and its response.
//!
//! Deterministic CBOR; a message of more than [`MAX_MESSAGE_BYTES`] is not read.

use minicbor::{Decode, Encode};

use crate::{
    checkpoint::{Checkpoint, Countersignature},
    envelope::SignedEnvelope,
    heartbeat::Heartbeat,
    key_log::SignedKeyLogEntry,
    signed::{Hash, Signed, encode},
};

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// The most envelopes' bytes in one message.
pub const PAGE_BYTES: usize = 512 * 1024;
/// Most agencies in one exchange.
pub const MAX_SUMMARIES: usize = 1024;
/// Most hashes in one request for envelopes.
pub const MAX_HASHES: usize = 64;

/// The reach of one agency's log at the sender.
#[derive(Clone, Debug, Encode, Decode)]
pub struct LogSummary {
    /// The agency.
    #[n(0)]
    pub agency: Hash,
    /// The key-log entries that no other follows; at most 64.
    #[n(1)]
    pub key_log: Vec<Hash>,
    /// The newest envelopes that the sender keeps; at most 64. A heartbeat may be older than they are, and after a
    /// fork the newest heartbeat may name one branch alone.
    #[n(2)]
    pub heads: Vec<Hash>,
    /// Its newest counted heartbeats that the sender holds, one a writer.
    #[n(3)]
    pub heartbeats: Vec<Signed<Heartbeat>>,
}

/// A request of one node to another.
#[derive(Clone, Debug, Encode, Decode)]
pub enum SyncRequest {
    /// "This is what I have; what have you?"
    #[n(0)]
    Exchange(#[n(0)] Vec<LogSummary>),
    /// The key log of an agency.
    #[n(1)]
    KeyLog {
        /// The agency whose key log it is.
        #[n(0)]
        agency: Hash,
        /// All entries but these and those before them.
        #[n(1)]
        have: Vec<Hash>,
    },
    /// Envelopes with their ancestors.
    #[n(2)]
    Envelopes {
        /// The agency whose envelopes they are.
        #[n(0)]
        agency: Hash,
        /// These, and all before them,
        #[n(1)]
        want: Vec<Hash>,
        /// but not these and all before them.
        #[n(2)]
        have: Vec<Hash>,
    },
    /// Envelopes just written, before anybody asked, and the heartbeat that names them.
    #[n(3)]
    Push {
        /// The agency whose envelopes they are.
        #[n(0)]
        agency: Hash,
        /// The envelopes, each after its parents.
        #[n(1)]
        envelopes: Vec<SignedEnvelope>,
        /// The heartbeat.
        #[n(2)]
        heartbeat: Option<Signed<Heartbeat>>,
    },
    /// These envelopes themselves, of which some values are missing here.
    #[n(4)]
    Whole {
        /// The agency whose envelopes they are.
        #[n(0)]
        agency: Hash,
        /// The envelopes; at most 64.
        #[n(1)]
        envelopes: Vec<Hash>,
    },
    /// A checkpoint's statement.
    #[n(5)]
    Checkpoint {
        /// The agency whose checkpoint it is.
        #[n(0)]
        agency: Hash,
        /// Its name.
        #[n(1)]
        name: Hash,
    },
    /// One page of a checkpoint's rows.
    #[n(6)]
    Rows {
        /// The agency whose checkpoint it is.
        #[n(0)]
        agency: Hash,
        /// Its name.
        #[n(1)]
        page: Hash,
    },
    /// "I hold your log up to there": to the agency whose log it is.
    #[n(7)]
    Held(#[n(0)] Signed<Countersignature>),
}

/// A response to a request.
#[derive(Clone, Debug, Encode, Decode)]
pub enum SyncResponse {
    /// To [`SyncRequest::Exchange`].
    #[n(0)]
    Exchange(#[n(0)] Vec<LogSummary>),
    /// To [`SyncRequest::KeyLog`]; empty, if there are none.
    #[n(1)]
    KeyLog {
        /// The entries, each after the one before it.
        #[n(0)]
        entries: Vec<SignedKeyLogEntry>,
        /// True if there are more.
        #[n(1)]
        more: bool,
    },
    /// To [`SyncRequest::Envelopes`] and [`SyncRequest::Whole`].
    #[n(2)]
    Envelopes {
        /// The page, each envelope after its parents.
        #[n(0)]
        envelopes: Vec<SignedEnvelope>,
        /// True if there are more.
        #[n(1)]
        more: bool,
    },
    /// To [`SyncRequest::Push`] and [`SyncRequest::Held`].
    #[n(3)]
    Received,
    /// To [`SyncRequest::Checkpoint`]; none, if it is not here.
    #[n(4)]
    Checkpoint(#[n(0)] Option<Signed<Checkpoint>>),
    /// To [`SyncRequest::Rows`]; none, if it is not here.
    #[n(5)]
    Rows(#[n(0)] Option<ByteString>),
}

/// A byte string.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct ByteString(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bytes that are no message of this protocol")]
pub struct InvalidMessage;

impl SyncRequest {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`InvalidMessage`], if the bytes are none, or break a limit.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let request: Self = read(bytes)?;
        let within = match &request {
            Self::Exchange(summaries) => within(summaries),
            Self::Envelopes { want, have, .. } => want.len() <= MAX_HASHES && have.len() <= MAX_HASHES,
            Self::KeyLog { have, .. } => have.len() <= MAX_HASHES,
            Self::Whole { envelopes, .. } => envelopes.len() <= MAX_HASHES,
            Self::Push { .. } | Self::Checkpoint { .. } | Self::Rows { .. } | Self::Held(_) => true,
        };
        if within { Ok(request) } else { Err(InvalidMessage) }
    }
}

impl SyncResponse {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a response.
    ///
    /// # Errors
    /// [`InvalidMessage`], if the bytes are none, or break a limit.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let response: Self = read(bytes)?;
        match &response {
            Self::Exchange(summaries) if !within(summaries) => Err(InvalidMessage),
            _ => Ok(response),
        }
    }
}

fn within(summaries: &[LogSummary]) -> bool {
    summaries.len() <= MAX_SUMMARIES
        && summaries
            .iter()
            .all(|summary| summary.heads.len() <= MAX_HASHES && summary.key_log.len() <= MAX_HASHES)
}

fn read<T: Encode<()> + for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, InvalidMessage> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(InvalidMessage);
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let message = decoder.decode().map_err(|_| InvalidMessage)?;
    if decoder.position() == bytes.len() {
        Ok(message)
    } else {
        Err(InvalidMessage)
    }
}
