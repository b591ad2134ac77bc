//! The history of what was said in trust lists, in the order of time: every put that is held, with who signed it and when.
//!
//! The lists themselves say only how things stand. This follows the store's envelopes, in every process of the agency,
//! from when it is first asked; it keeps the puts of trust lists alone, and only those whose signature holds.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    DocumentId, Hash, KeyLog,
    trust_list::{self, TrustListEntry},
};
use registry_schema::{AgencyId, Timestamp};
use tokio::sync::Mutex;

use storage::{PositionedEnvelope, Store, StoreError};

/// Most puts that are kept; of more, the newest are left out, and the answer says so.
const MOST_KEPT: usize = 200_000;

/// A put of a trust list.
#[derive(Clone, Debug)]
pub struct TrustListPut {
    /// By which agency: its first key-log entry.
    pub genesis: Hash,
    /// The moment at which its writer signed it, by the writer's clock.
    pub at: Timestamp,
    /// The writer's key, in hexadecimal.
    pub by: String,
    /// The envelope.
    pub envelope: Hash,
    /// The entry that it puts.
    pub entry: TrustListEntry,
}

/// The history of what was said. Clones share what was read.
#[derive(Clone, Debug)]
pub struct TrustHistory {
    store: Store,
    state: Arc<Mutex<TrustHistoryState>>,
}

#[derive(Debug, Default)]
struct TrustHistoryState {
    position: i64,
    puts: Vec<TrustListPut>,
    is_full: bool,
}

/// About whom.
#[derive(Clone, Debug, Default)]
pub struct TrustHistoryFilter {
    /// About this issuer.
    pub issuer: Option<String>,
    /// By or about this agency, by its first key-log entry and its name.
    pub agency: Option<(Hash, AgencyId)>,
}

impl TrustHistory {
    /// A history that reads this store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            state: Arc::default(),
        }
    }

    /// All that was said about somebody, in the order of time; and whether that is all.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn about(&self, whom: &TrustHistoryFilter) -> Result<(Vec<TrustListPut>, bool), StoreError> {
        let mut state = self.state.lock().await;
        state.follow(&self.store).await?;
        let key = whom.issuer.as_deref().map(trust_list::issuer_key);
        // A withdrawal names the recognition that it ends, and that names whom it is about.
        let mut concerned: Vec<(Hash, &str)> = Vec::new();
        for put in &state.puts {
            if let TrustListEntry::Recognition(id, _) | TrustListEntry::Agency(id, _) = &put.entry
                && whom.concerns(put, key.as_deref())
            {
                concerned.push((put.genesis, id));
            }
        }
        let is_wanted = |put: &&TrustListPut| match &put.entry {
            TrustListEntry::Withdrawal(id, _) => whom.is_by(put) || concerned.contains(&(put.genesis, id.as_str())),
            _ => whom.concerns(put, key.as_deref()),
        };
        let mut found: Vec<TrustListPut> = state.puts.iter().filter(is_wanted).cloned().collect();
        found.sort_by_key(|put| put.at);
        Ok((found, !state.is_full))
    }
}

impl TrustHistoryFilter {
    fn is_by(&self, put: &TrustListPut) -> bool {
        self.issuer.is_none() && self.agency.as_ref().is_none_or(|(genesis, _)| *genesis == put.genesis)
    }

    fn concerns(&self, put: &TrustListPut, key: Option<&str>) -> bool {
        let Some(issuer) = &self.issuer else {
            let about = |id: &AgencyId| self.agency.as_ref().is_some_and(|(_, wanted)| wanted == id);
            return self.is_by(put) || matches!(&put.entry, TrustListEntry::Agency(_, Some(it)) if about(&it.of));
        };
        let by = self.agency.as_ref().is_none_or(|(genesis, _)| *genesis == put.genesis);
        by && match &put.entry {
            TrustListEntry::Issuer(said) => said.id == *issuer,
            TrustListEntry::Registration(said) => key == Some(trust_list::issuer_key(&said.issuer).as_str()),
            TrustListEntry::Recognition(_, said) => said.as_ref().is_some_and(|said| said.issuer.id == *issuer),
            TrustListEntry::Agency(..) | TrustListEntry::Withdrawal(..) => false,
        }
    }
}

impl TrustHistoryState {
    async fn follow(&mut self, store: &Store) -> Result<(), StoreError> {
        let mut key_logs: Option<BTreeMap<Hash, KeyLog>> = None;
        loop {
            let some = store.envelopes_after(self.position).await?;
            if some.is_empty() {
                return Ok(());
            }
            let logs = match &mut key_logs {
                Some(logs) => logs,
                empty => {
                    let logs = store.load_key_logs().await?.into_iter();
                    empty.insert(logs.map(|log| (log.genesis(), log)).collect())
                }
            };
            for placed in some {
                self.position = placed.position;
                if let Some(log) = logs.get(&placed.agency) {
                    self.take(&placed, log)?;
                }
            }
        }
    }

    fn take(&mut self, placed: &PositionedEnvelope, log: &KeyLog) -> Result<(), StoreError> {
        // Nearly all envelopes are about status lists; a document's name stands in the header as it is.
        let name = DocumentId::TrustList.to_string();
        if !placed.bytes.windows(name.len()).any(|bytes| bytes == name.as_bytes()) {
            return Ok(());
        }
        // What does not verify any more, because its key ended, says nothing.
        let Ok(envelope) = placed.envelope()?.verify(log) else {
            return Ok(());
        };
        let header = envelope.header();
        for (document, key, value) in envelope.puts() {
            let entry = trust_list::fold(key, &[value.to_vec()]).filter(|_| *document == DocumentId::TrustList);
            let Some(entry) = entry else { continue };
            if self.puts.len() >= MOST_KEPT {
                self.is_full = true;
                return Ok(());
            }
            self.puts.push(TrustListPut {
                genesis: placed.agency,
                at: header.time,
                by: header.writer.to_string(),
                envelope: envelope.hash(),
                entry,
            });
        }
        Ok(())
    }
}
