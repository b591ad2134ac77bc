//! The effects of operators' decisions about peers: the registry follows from roster and replica, whatever came before.

use protocol::{Hash, Replica, WriteBatch};

use super::{Registry, SharedRegistry};
use storage::PeerRow;

impl SharedRegistry {
    /// Takes in what operators decided about peers.
    pub(crate) fn apply_peers(&self, rows: &[PeerRow]) {
        self.update(|registry| registry.heed(rows));
        self.notify_issuers();
    }

    /// Answers from what the replica holds of an agency whose name was pinned again.
    pub(crate) fn complete(&self, replica: &Replica) {
        self.update(|registry| registry.complete(replica));
        self.notify_issuers();
    }
}

impl Registry {
    /// Takes in what operators decided about peers.
    pub(crate) fn heed(&mut self, rows: &[PeerRow]) {
        if let Err(error) = self.roster.read(rows) {
            tracing::error!(error = format!("{error:#}"), "a peer is not followed");
        }
        // Of whom no name is pinned any more, nothing counts.
        let roster = &self.roster;
        self.agencies
            .retain(|genesis, lists| roster.genesis(&lists.id) == Some(genesis));
    }

    /// Takes in whole the agencies that are pinned, whose logs the replica holds, and that are not here: their names were let
    /// go of, and pinned again. What counts follows from roster and replica, whatever came before.
    fn complete(&mut self, replica: &Replica) {
        for (agency, log) in replica.logs() {
            let key_log = log.key_log();
            let is_pinned = self.roster.genesis(&key_log.founding().agency) == Some(agency);
            if !is_pinned || self.agencies.contains_key(agency) {
                continue;
            }
            let batch = WriteBatch {
                key_logs: vec![key_log.clone()],
                renewed: [*agency].into(),
                ..WriteBatch::default()
            };
            self.apply(&batch, replica);
        }
    }

    /// The other agencies of which a node is connected.
    pub(crate) fn connected_peers(&self) -> impl Iterator<Item = Hash> {
        let home = self.roster.own().genesis;
        self.connected.keys().copied().filter(move |agency| *agency != home)
    }
}
