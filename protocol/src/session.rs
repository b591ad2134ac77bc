//! The conversation with one peer: what was asked and not yet answered.

use std::collections::BTreeMap;

use registry_schema::Timestamp;

use crate::message::LogSummary;
use crate::mutant::mutant;
use crate::signed::Hash;

/// A call to a peer, and the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The request that a call made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PendingRequest {
    Exchange,
    KeyLog(Hash),
    Envelopes(Hash),
    Newer(Hash),
    Whole(Hash),
    Checkpoint(Hash, Hash),
    Rows(Hash, Hash),
    Push,
    Held,
}

/// The conversation with one peer, while it is connected.
#[derive(Debug)]
pub(crate) struct PeerSession {
    /// The agency whose node the peer is.
    pub(crate) agency: Hash,
    /// True if it is a mirror of that node's files, which may be of any time.
    pub(crate) is_mirror: bool,
    asked: BTreeMap<CallId, PendingRequest>,
    /// Up to where we told the peer that we hold its own log.
    pub(crate) told_held: Vec<Hash>,
    /// The time at which we last exchanged summaries.
    pub(crate) exchanged: Option<Timestamp>,
    /// The summaries that the peer gave of what it holds of each agency, the last time.
    pub(crate) told: BTreeMap<Hash, LogSummary>,
    /// The number of pages in a row that brought nothing.
    pub(crate) idle_pages: u32,
}

impl PeerSession {
    pub(crate) const fn new(agency: Hash) -> Self {
        Self {
            agency,
            is_mirror: false,
            asked: BTreeMap::new(),
            told_held: Vec::new(),
            exchanged: None,
            told: BTreeMap::new(),
            idle_pages: 0,
        }
    }

    pub(crate) fn of_mirror(agency: Hash) -> Self {
        Self {
            is_mirror: true,
            ..Self::new(agency)
        }
    }

    pub(crate) fn ask(&mut self, call: CallId, asked: PendingRequest) {
        self.asked.insert(call, asked);
    }

    /// Takes back what this call asked for; none, if it was never made.
    pub(crate) fn answered(&mut self, call: CallId) -> Option<PendingRequest> {
        self.asked.remove(&call)
    }

    /// Returns true if the same is already under way.
    pub(crate) fn is_asking(&self, asked: &PendingRequest) -> bool {
        self.asked.values().any(|other| other == asked) && !mutant!(AskedAgainAndAgain)
    }
}
