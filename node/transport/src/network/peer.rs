//! The identity of a peer, and the one that this node has for its peers.

use std::fmt;

use anyhow::Context as _;
use libp2p::{Multiaddr, PeerId, identity, multiaddr::Protocol};
use protocol::{Hash, Ticket};

/// A peer that an operator listed.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its libp2p identity.
    pub(crate) id: PeerId,
    /// The agency whose node it is: the hash of its first key-log entry. An agency can have several nodes.
    pub(crate) agency: Hash,
    /// The addresses at which it listens; none, if it is the one that calls.
    pub(crate) addresses: Vec<Multiaddr>,
}

impl Peer {
    /// The peer that a ticket tells of.
    ///
    /// # Errors
    /// If the ticket names a node that is no libp2p identity, or an address that is none.
    pub fn of(ticket: &Ticket) -> anyhow::Result<Self> {
        let Ticket { agency, node, .. } = ticket;
        let id = node
            .parse()
            .with_context(|| format!("`{node}`, the node of `{agency}`, is no identity of a node"))?;
        let read = |address: &String| {
            let context = || {
                format!(
                    "`{address}`, of the node of `{agency}`, is no address: write /ip4/192.0.2.7/tcp/7500 or /dns/node.example.gov/tcp/7500"
                )
            };
            address.parse().with_context(context)
        };
        Ok(Self {
            id,
            agency: ticket.genesis,
            addresses: ticket.addresses.iter().map(read).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Tells whether it has addresses, and none of them can be called: `/dnsaddr` stands for whatever a TXT record says,
    /// which this node does not ask for.
    pub fn is_out_of_reach(&self) -> bool {
        let is_indirect = |address: &Multiaddr| address.iter().any(|part| matches!(part, Protocol::Dnsaddr(_)));
        !self.addresses.is_empty() && self.addresses.iter().all(is_indirect)
    }

    /// Its name in the protocol: an agency can have several nodes, so it follows from the node's own identity.
    pub fn name(&self) -> Hash {
        Hash::of(&[b"comity peer", &self.id.to_bytes()])
    }
}

/// The identity of this node for its peers, and theirs.
#[derive(Clone)]
pub struct NetworkSettings {
    /// The node's own identity, as [`super::identity()`] makes it.
    pub keypair: identity::Keypair,
    /// The addresses at which it listens.
    pub listen: Vec<Multiaddr>,
    /// The peers that are let in and called from the start.
    pub peers: Vec<Peer>,
}

impl fmt::Debug for NetworkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key pair is a secret.
        f.debug_struct("Peering")
            .field("node", &self.keypair.public().to_peer_id())
            .field("listen", &self.listen)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_is_told_by_dnsaddr_alone_is_out_of_reach() {
        let peer = |addresses: &[&str]| {
            let ticket = Ticket {
                agency: "US-SC".parse().unwrap(),
                name: String::new(),
                genesis: Hash([7; 32]),
                node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
                addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
                url: String::new(),
            };
            Peer::of(&ticket).unwrap()
        };
        assert!(peer(&["/dnsaddr/sc.example.gov"]).is_out_of_reach());
        assert!(!peer(&["/dnsaddr/sc.example.gov", "/dns/sc.example.gov/tcp/7500"]).is_out_of_reach());
        assert!(!peer(&[]).is_out_of_reach(), "it calls us");
    }
}
