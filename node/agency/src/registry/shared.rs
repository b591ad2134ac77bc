//! The one registry that all tasks share: what is published, and who is told of it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use protocol::{DocumentId, DocumentRow, Replica, WriteBatch};
use tokio::sync::watch;

use super::Registry;

/// All agencies of the federation, as this node knows them. Clones share one registry.
///
/// **There is no lock.** A reader takes one immutable snapshot and answers from it, so an answer speaks of one moment and
/// nobody waits for anybody; a writer puts the next snapshot in the place of the last.
#[derive(Clone, Debug)]
pub struct SharedRegistry(Arc<PublishedRegistry>);

#[derive(Debug)]
struct PublishedRegistry {
    current: ArcSwap<Registry>,
    /// Told when issuers' entries, or the agencies, may have changed.
    issuers: watch::Sender<()>,
}

impl SharedRegistry {
    /// A registry to share.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self(Arc::new(PublishedRegistry {
            current: ArcSwap::from_pointee(registry),
            issuers: watch::Sender::new(()),
        }))
    }

    /// The registry as it is at this moment; it does not change any more. One request takes one, and passes it on.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Registry> {
        self.0.current.load_full()
    }

    /// Makes the next snapshot from the current one. If another writer was faster, `change` is made again, to its snapshot:
    /// so it depends on nothing but what it is given.
    pub(crate) fn update(&self, change: impl Fn(&mut Registry)) {
        self.0.current.rcu(|current| {
            let mut next = Registry::clone(current);
            change(&mut next);
            next
        });
    }

    pub(crate) fn apply(&self, batch: &WriteBatch, replica: &Replica) {
        self.update(|registry| registry.apply(batch, replica));
        if !batch.renewed.is_empty() || !batch.key_logs.is_empty() || batch.rows.iter().any(is_issuer) {
            self.notify_issuers();
        }
    }

    /// For who waits until issuers' entries, or the agencies, may have changed.
    pub(crate) fn issuers_change(&self) -> watch::Receiver<()> {
        self.0.issuers.subscribe()
    }

    pub(crate) fn notify_issuers(&self) {
        self.0.issuers.send_replace(());
    }
}

/// Returns true if a row is an issuer's entry in a trust list.
fn is_issuer(row: &DocumentRow) -> bool {
    row.document == DocumentId::TrustList && row.key.starts_with("i/")
}
