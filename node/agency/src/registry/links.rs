//! The links to other agencies' nodes, as far as answers tell of them.

use protocol::Hash;

use super::{Registry, SharedRegistry};

impl Registry {
    /// By which transport a node of this agency is connected, if one is.
    #[must_use]
    pub fn transport(&self, agency: &Hash) -> Option<&str> {
        self.connected.get(agency).map(String::as_str)
    }

    /// Returns true if no node of this agency is connected, because they end each connection as soon as it is made.
    pub fn is_turned_away_by(&self, agency: &Hash) -> bool {
        self.turned_away.contains(agency) && !self.connected.contains_key(agency)
    }

    /// Forgets who is connected.
    pub(crate) fn forget_connections(&mut self) {
        self.connected.clear();
        self.turned_away.clear();
    }
}

impl SharedRegistry {
    /// A node of this agency is connected by this transport.
    pub(crate) fn set_connected(&self, agency: Hash, via: &str) {
        self.update(|registry| drop(registry.connected.insert(agency, via.to_owned())));
    }

    /// No node of this agency is connected any more; perhaps because they turn this one away.
    pub(crate) fn set_disconnected(&self, agency: Hash, turned_away: bool) {
        self.update(|registry| {
            registry.connected.remove(&agency);
            match turned_away {
                true => registry.turned_away.insert(agency),
                false => registry.turned_away.remove(&agency),
            };
        });
    }
}
