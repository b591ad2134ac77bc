//! The registry as it was: what the lists said here at an earlier moment, from the rows that had arrived by then.

use std::{collections::VecDeque, sync::Arc};

use protocol::{DocumentRow, Hash, KeyLog, status_list};
use registry_schema::Timestamp;
use verification::{StatusEntry, StatusEvidence};

use tokio::sync::Mutex;

use super::{AgencyState, LogStatus, OwnListsFreshness, Registry, SharedRegistry};
use crate::peer_set::PeerSet;
use storage::{StatusSlot, Store, StoreError};

/// For how long after a moment more may still arrive with its time, in seconds.
const SETTLED_AFTER: i64 = 10;

/// A registry, and the moment of which it is.
type DatedRegistry = (Timestamp, Arc<Registry>);

/// The number of registries that are kept, those that were asked for last.
const MOST_KEPT: usize = 4;

/// Gives the registry as it was, one moment after the other: many badges that are asked about with one date read the
/// store once, and however many ask, one registry is made at a time.
#[derive(Clone, Debug)]
pub struct RegistryHistory {
    store: Store,
    since: Timestamp,
    /// The newest last.
    kept: Arc<Mutex<VecDeque<DatedRegistry>>>,
}

impl RegistryHistory {
    /// Opens the record of what this node knew since it began to keep it.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn new(store: Store) -> Result<Self, StoreError> {
        let since = store.remembers_since().await?;
        Ok(Self {
            store,
            since,
            kept: Arc::default(),
        })
    }

    /// Since when what this node knew is kept.
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// The registry as it was at `then`. If it has to be made, whoever asks pays for it.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read; or what `pays` says.
    pub async fn at<E: From<StoreError>>(
        &self,
        then: Timestamp,
        now: Timestamp,
        registry: &SharedRegistry,
        pays: impl FnOnce() -> Result<(), E>,
    ) -> Result<Arc<Registry>, E> {
        let mut kept = self.kept.lock().await;
        if let Some(place) = kept.iter().position(|(of, _)| *of == then)
            && let Some((of, made)) = kept.remove(place)
        {
            kept.push_back((of, made.clone()));
            return Ok(made);
        }
        pays()?;
        let roster = registry.snapshot().roster().clone();
        let made = Arc::new(Registry::then(&self.store, &roster, then).await?);
        if now.seconds_since(then) > SETTLED_AFTER {
            if kept.len() >= MOST_KEPT {
                kept.pop_front();
            }
            kept.push_back((then, made.clone()));
        }
        Ok(made)
    }
}

impl Registry {
    /// Restores what this node knew at that moment, without the status lists: those are looked up slot by slot ([`status_then`]).
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub(crate) async fn then(store: &Store, roster: &PeerSet, then: Timestamp) -> Result<Self, StoreError> {
        let key_logs = store.load_key_logs().await?;
        let (rows, standings) = store.lists_then(then).await?;
        let standings = standings.iter().filter_map(|bytes| minicbor::decode(bytes).ok());
        Ok(Self::of_then(roster.then(then), &key_logs, &rows, standings.collect()))
    }

    fn of_then(roster: PeerSet, key_logs: &[KeyLog], rows: &[DocumentRow], standings: Vec<LogStatus>) -> Self {
        let mut registry = Self::empty(roster);
        registry.follow(key_logs, rows, &[]);
        registry.stand(standings);
        // What any process of this agency had written by then is in the store.
        registry.know_own(OwnListsFreshness::Sole);
        registry
    }

    fn slot(&self, entry: &StatusEntry, issuer: &str) -> Option<(&AgencyState, StatusSlot)> {
        let (lists, list) = self.status_list_of(&entry.list, issuer)?;
        let agency: Hash = self.pin(&lists.id)?;
        let index = entry.index?;
        Some((lists, StatusSlot { agency, list, index }))
    }
}

/// Looks up what this node knew at that moment of an entry of the status of a badge by this issuer.
///
/// # Errors
/// [`StoreError`], if the store cannot be read.
pub async fn status_then(
    registry: &Registry,
    store: &Store,
    entry: &StatusEntry,
    issuer: &str,
    then: Timestamp,
) -> Result<StatusEvidence, StoreError> {
    let Some((lists, slot)) = registry.slot(entry, issuer) else {
        return Ok(StatusEvidence::Unreachable {
            list: entry.list.clone(),
            why: registry_schema::Phrase::Verbatim("no agency of this federation keeps it".into()),
        });
    };
    let (mut revoked, mut suspended) = (None, None);
    for row in store.slot_then(&slot, then).await? {
        match status_list::fold(&row.key, &row.values) {
            Some(status_list::StatusListEntry::Revoked { change, .. }) => revoked = Some(change),
            Some(status_list::StatusListEntry::Suspended { change, .. }) => suspended = Some(change),
            Some(status_list::StatusListEntry::Reserved { .. } | status_list::StatusListEntry::Expunged { .. })
            | None => {}
        }
    }
    Ok(StatusEvidence::Listed {
        agency: lists.id.clone(),
        revoked,
        suspended,
        freshness: registry.freshness(lists, then),
    })
}
