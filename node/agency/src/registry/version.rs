//! The version of what the trust lists say, for documents that follow from them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Registry;

impl Registry {
    /// The version of what all trust lists say: equal as long as none changed. What was heard since, and who is connected, is
    /// not in it.
    pub fn version(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (genesis, lists) in &self.agencies {
            (genesis.0, lists.revision()).hash(&mut hasher);
        }
        for (id, _) in self.roster.others() {
            let ends = [self.roster.expelled(id), self.roster.left(id)];
            (id.as_str(), ends.map(|since| since.map(|since| since.0))).hash(&mut hasher);
        }
        hasher.finish()
    }
}
