//! The words between the network and the replication, which knows no libp2p. Peers are named as [`Peer::name`] says, and an
//! agency by the hash of its first key-log entry.

use std::time::Duration;

use protocol::{CallId, Hash};

use super::Peer;

/// A command of the replication to the network, or to a mirror.
#[derive(Debug)]
pub enum NetworkCommand {
    /// Ask a peer. [`NetworkEvent::Answered`] says how it ended, unless the peer is not known.
    Call {
        /// The peer to be asked.
        peer: Hash,
        /// The number that the replication gave to the call.
        call: CallId,
        /// The encoded request, at most 1 MiB.
        request: Vec<u8>,
    },
    /// Answer a call of a peer's.
    Answer {
        /// The number that [`NetworkEvent::Asked`] told.
        call: CallId,
        /// The encoded response, at most 1 MiB.
        response: Vec<u8>,
    },
    /// End the connection to a peer.
    HangUp {
        /// The peer to be left.
        peer: Hash,
        /// The time for which it is not let in again; none, if it may come back at once.
        pause: Option<Duration>,
    },
    /// Let this peer in, and call it.
    Meet(Peer),
    /// Let no node of this agency in any more.
    Part {
        /// The agency that is no peer any more.
        agency: Hash,
    },
}

/// An event that the network, or a mirror, tells the replication.
#[derive(Debug)]
pub enum NetworkEvent {
    /// A peer is connected, by its first connection.
    Connected {
        /// The peer that is here.
        peer: Hash,
        /// The agency whose node it is.
        agency: Hash,
        /// The transport: `QUIC`, `TCP`, or `HTTPS` for a mirror.
        via: &'static str,
    },
    /// The last connection to a peer ended; or one that seemed to turn this node away cannot even be reached any more.
    Disconnected {
        /// The peer that is gone.
        peer: Hash,
        /// The agency whose node it is.
        agency: Hash,
        /// True if it was the peer that ended it, as soon as it was made, and not for the first time: so does a node that
        /// does not follow this agency, for want of another way to say so.
        turned_away: bool,
    },
    /// A peer asks; [`NetworkCommand::Answer`] answers it.
    Asked {
        /// The peer that asks.
        peer: Hash,
        /// The number that the network gave to its call.
        call: CallId,
        /// The bytes as they came, at most 1 MiB: nothing in them is checked.
        request: Vec<u8>,
    },
    /// A call to a peer came to its end.
    Answered {
        /// The peer that was asked.
        peer: Hash,
        /// The number of [`NetworkCommand::Call`].
        call: CallId,
        /// The bytes as they came, at most 1 MiB: nothing in them is checked. None, if no answer came within the time for a
        /// call, or a mirror has none.
        response: Option<Vec<u8>>,
    },
}
