//! The holdings of this node, laid out as files that anybody may take: which pages there are, and what each is called.
//!
//! It follows the store and not the replica, so that every process of the agency can serve it, nothing is shown that a
//! power cut could take back, and no stranger's request reaches the task that writes. It keeps names and places alone;
//! a page's bytes are read when they are asked for.

mod agency;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::{Hash, files::LogListing, signed::encode};
use tokio::sync::{Mutex, Semaphore};

use agency::AgencyFiles;
use storage::{Store, StoreError};
use transport::mirror::{FederationIndex, IndexedAgency};

/// The shortest pause between two looks at the store for what is new.
const PAUSE: Duration = Duration::from_millis(500);
/// The most pages that are read at once: fewer than the store has connections, so that strangers never use up all.
const MOST_READ_AT_ONCE: usize = 2;

/// The files. Clones share what is known of the store.
#[derive(Clone, Debug)]
pub struct FederationFiles {
    store: Store,
    state: Arc<Mutex<FederationFilesState>>,
    reading: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct FederationFilesState {
    looked: Option<Instant>,
    /// The last transaction that is in here.
    changes: Option<i64>,
    /// The place of the last envelope that is in here.
    position: i64,
    agencies: BTreeMap<Hash, AgencyFiles>,
}

/// A file with one name and one content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FederationFileId {
    /// The key log of an agency.
    KeyLog(Hash),
    /// The newest envelopes of an agency, and its heartbeat.
    Envelopes(Hash),
    /// The checkpoint of an agency.
    Checkpoint(Hash),
    /// The rows of a checkpoint.
    Rows(Hash),
}

impl FederationFiles {
    /// An empty shelf, which reads this store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            state: Arc::default(),
            reading: Arc::new(Semaphore::new(MOST_READ_AT_ONCE)),
        }
    }

    /// Lists the agencies whose files there are.
    pub async fn index(&self) -> Result<FederationIndex, StoreError> {
        let mut state = self.state.lock().await;
        state.follow(&self.store).await?;
        let listed = state.agencies.iter_mut().filter_map(|(genesis, held)| {
            let agency = held.key_log.as_ref()?.founding().agency.to_string();
            let (_, summary) = held.listing()?;
            Some(IndexedAgency {
                genesis: genesis.to_string(),
                agency,
                summary: summary.to_string(),
            })
        });
        Ok(FederationIndex {
            version: 1,
            agencies: listed.take(protocol::message::MAX_SUMMARIES).collect(),
        })
    }

    /// An agency's listing, and its SHA-256.
    pub async fn listing(&self, agency: Hash) -> Result<Option<(Bytes, Hash)>, StoreError> {
        let mut state = self.state.lock().await;
        state.follow(&self.store).await?;
        Ok(state.agencies.get_mut(&agency).and_then(AgencyFiles::listing))
    }

    /// A file's bytes; none, if it is not here, or not any more.
    pub async fn file(&self, agency: Hash, file: FederationFileId) -> Result<Option<Vec<u8>>, StoreError> {
        let Ok(_permit) = self.reading.acquire().await else {
            return Ok(None);
        };
        match file {
            FederationFileId::KeyLog(name) => {
                let mut state = self.state.lock().await;
                state.follow(&self.store).await?;
                let held = state.agencies.get(&agency);
                Ok(held.and_then(|held| held.key_log_page(name)))
            }
            FederationFileId::Envelopes(name) => self.envelopes(agency, name).await,
            FederationFileId::Checkpoint(name) => {
                let known = self.checkpoint(agency).await?;
                if known.as_ref().is_none_or(|files| files.name != name) {
                    return Ok(None);
                }
                let all = self.store.checkpoints().await?.into_iter();
                let mut of_this = all.filter(|(of, _)| *of == agency);
                Ok(of_this.next().map(|(_, statement)| encode(&statement)))
            }
            FederationFileId::Rows(name) => {
                let known = self.checkpoint(agency).await?;
                let place = known.and_then(|files| files.rows.iter().position(|page| *page == name));
                let Some(place) = place else { return Ok(None) };
                let page = self.store.checkpoint_page(agency, place).await?;
                Ok(page.filter(|page| Hash::of(&[page]) == name))
            }
        }
    }

    async fn checkpoint(&self, agency: Hash) -> Result<Option<protocol::files::CheckpointFiles>, StoreError> {
        let mut state = self.state.lock().await;
        state.follow(&self.store).await?;
        Ok(state.agencies.get(&agency).and_then(|held| held.checkpoint.clone()))
    }

    async fn envelopes(&self, agency: Hash, name: Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let places = {
            let mut state = self.state.lock().await;
            state.follow(&self.store).await?;
            state.agencies.get(&agency).and_then(|held| held.places(name))
        };
        let Some(places) = places else { return Ok(None) };
        let bytes = self.store.envelopes_between(agency, places).await?.concat();
        if Hash::of(&[&bytes]) == name {
            return Ok(Some(bytes));
        }
        // Values were expunged since: the page has another name now, which the next listing tells.
        let mut state = self.state.lock().await;
        if let Some(held) = state.agencies.get_mut(&agency) {
            held.rename(name, &bytes);
        }
        Ok(None)
    }
}

impl FederationFilesState {
    /// Takes in what was written since. What is newer is read first, so that nothing is told of which the rest is not
    /// here yet. Whoever asked may go meanwhile: what was taken in stays so.
    async fn follow(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < PAUSE) {
            return Ok(());
        }
        let changes = store.last_change().await?;
        if self.changes != Some(changes) {
            let heartbeats = store.heartbeats().await?;
            let checkpoints = store.checkpoints().await?;
            loop {
                let some = store.envelopes_after(self.position).await?;
                if some.is_empty() {
                    break;
                }
                for placed in some {
                    let (name, parents) = placed
                        .envelope()?
                        .claim()
                        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
                    self.position = placed.position;
                    let held = self.agencies.entry(placed.agency).or_default();
                    held.add(placed.position, (name, &parents), &placed.bytes);
                }
            }
            for key_log in store.key_logs_after(self.changes.unwrap_or(-1)).await? {
                self.agencies.entry(key_log.genesis()).or_default().know(key_log);
            }
            for (genesis, held) in &mut self.agencies {
                let of_this = |agency: &Hash| agency == genesis;
                let beats = heartbeats.iter().filter(|(agency, _)| of_this(agency));
                let beats = beats.map(|(_, heartbeat)| heartbeat.clone()).collect();
                let checkpoint = checkpoints.iter().find(|(agency, _)| of_this(agency));
                held.hear(beats, checkpoint.map(|(_, checkpoint)| checkpoint.clone()));
            }
            self.changes = Some(changes);
        }
        self.looked = Some(Instant::now());
        Ok(())
    }
}

/// The bytes of a listing, and their name.
fn named(listing: &LogListing) -> (Bytes, Hash) {
    let bytes = encode(listing);
    let name = Hash::of(&[&bytes]);
    (bytes.into(), name)
}
