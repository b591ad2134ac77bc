//! A cache of what was fetched, for as long as it counts. Bounded by weight; what was not used for longest goes first. Those
//! who ask for the same thing at once wait for one fetch.
//!
//! Nobody waits for a turn that is another's: who finds nothing here first waits for a turn of their own, and then, if
//! somebody else is at it by now, for what that brings.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use registry_schema::Timestamp;

use super::ClientAddress;
use platform::lock::Lock;

/// For how many seconds a failure is remembered, so that nobody is asked in vain again and again.
const FAILURE_KEPT: i64 = 30;
/// The least weight of an entry, in bytes: also of one of which nothing is known but that it failed.
const LEAST_WEIGHT: usize = 1_024;

/// Something that was fetched.
#[derive(Debug)]
pub(super) struct CacheEntry<V> {
    pub(super) value: Arc<V>,
    pub(super) fetched_at: Timestamp,
    /// From this moment on it no longer counts.
    pub(super) good_until: Timestamp,
    /// From this moment on it is fetched again when somebody asks; until `good_until` it serves if that fails.
    again_at: Timestamp,
}

impl<V> Clone for CacheEntry<V> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            ..*self
        }
    }
}

/// Something new: what it is, what it weighs, and in how many seconds it no longer counts, or should be fetched again.
#[derive(Debug)]
pub(super) struct NewCacheEntry<V> {
    pub(super) value: V,
    pub(super) weight: usize,
    pub(super) good_for: i64,
    pub(super) again_after: i64,
}

/// The reason that nothing was had.
#[derive(Debug)]
pub(super) enum FetchError<E> {
    /// That is so for everybody, and is remembered for a while.
    ForAll(E),
    /// It was not tried, for lack of a turn: that is so for whoever asked, at this moment.
    ForNow(E),
}

impl<E> FetchError<E> {
    /// The same in other words.
    pub(super) fn map<F>(self, words: impl FnOnce(E) -> F) -> FetchError<F> {
        match self {
            Self::ForAll(why) => FetchError::ForAll(words(why)),
            Self::ForNow(why) => FetchError::ForNow(words(why)),
        }
    }
}

#[derive(Debug)]
struct CacheSlotState<V, E> {
    kept: Option<CacheEntry<V>>,
    failed: Option<(E, Timestamp)>,
}

/// The questions of one client for the same thing: held by the first of them, and how many there are.
type ClientQueue = (Arc<tokio::sync::Mutex<()>>, usize);

/// A slot, with what it weighs and when it was used last.
type TrackedSlot<V, E> = (Arc<CacheSlot<V, E>>, usize, u64);

#[derive(Debug)]
struct CacheSlot<V, E> {
    known: Lock<CacheSlotState<V, E>>,
    /// Held by who fetches it.
    fetching: tokio::sync::Mutex<()>,
    /// Of each client who has none of it yet: held by the first of its questions, and how many there are.
    asking: Lock<BTreeMap<Option<ClientAddress>, ClientQueue>>,
}

/// One of the questions of a client for the same thing.
struct CacheWaiter<'a, V, E> {
    slot: &'a CacheSlot<V, E>,
    client: Option<ClientAddress>,
    first: Arc<tokio::sync::Mutex<()>>,
}

impl<V, E> Drop for CacheWaiter<'_, V, E> {
    fn drop(&mut self) {
        self.slot.asking.with(|asking| {
            if let Some((_, questions)) = asking.get_mut(&self.client) {
                *questions -= 1;
                if *questions == 0 {
                    asking.remove(&self.client);
                }
            }
        });
    }
}

impl<V, E: Clone> CacheSlot<V, E> {
    const fn empty() -> Self {
        Self {
            known: Lock::new(CacheSlotState {
                kept: None,
                failed: None,
            }),
            fetching: tokio::sync::Mutex::const_new(()),
            asking: Lock::new(BTreeMap::new()),
        }
    }

    fn asks(&self, client: Option<ClientAddress>) -> CacheWaiter<'_, V, E> {
        let first = self.asking.with(|asking| {
            let (first, questions) = asking.entry(client).or_default();
            *questions += 1;
            first.clone()
        });
        CacheWaiter {
            slot: self,
            client,
            first,
        }
    }

    /// Returns what is known, if nobody need be asked for it now.
    fn look(&self, now: Timestamp) -> Option<Result<CacheEntry<V>, E>> {
        self.known.with(|known| {
            let still_good = known.kept.as_ref().filter(|kept| now < kept.good_until);
            if let Some(kept) = still_good.filter(|kept| now < kept.again_at) {
                return Some(Ok(kept.clone()));
            }
            let (why, _) = known.failed.as_ref().filter(|(_, until)| now < *until)?;
            Some(still_good.cloned().ok_or_else(|| why.clone()))
        })
    }

    /// Returns what is kept, as long as it counts; or else this failure, which is remembered if it is so for everybody.
    fn fails(&self, failed: FetchError<E>, now: Timestamp) -> Result<CacheEntry<V>, E> {
        self.known.with(|known| {
            let why = match failed {
                FetchError::ForNow(why) => why,
                FetchError::ForAll(why) => {
                    known.failed = Some((why.clone(), now.plus_seconds(FAILURE_KEPT)));
                    why
                }
            };
            let still_good = known.kept.as_ref().filter(|kept| now < kept.good_until);
            still_good.cloned().ok_or(why)
        })
    }
}

#[derive(Debug)]
struct CacheSlots<V, E> {
    slots: HashMap<String, TrackedSlot<V, E>>,
    weight: usize,
    /// Counts the uses: the larger, the later.
    uses: u64,
}

/// A cache of `V`; failures are `E`.
#[derive(Debug)]
pub(super) struct FetchCache<V, E> {
    shelf: Lock<CacheSlots<V, E>>,
    most: usize,
}

impl<V, E: Clone> FetchCache<V, E> {
    /// A cache that holds at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        let shelf = CacheSlots {
            slots: HashMap::new(),
            weight: 0,
            uses: 0,
        };
        Self {
            shelf: Lock::new(shelf),
            most,
        }
    }

    /// Returns what `fetch` brings now, whatever is kept; that is kept under this name.
    pub(super) async fn find_anew<T, P, F>(
        &self,
        name: &str,
        now: Timestamp,
        turn: P,
        fetch: F,
    ) -> Result<CacheEntry<V>, E>
    where
        P: AsyncFnOnce() -> Result<T, E>,
        F: AsyncFnOnce(T) -> Result<NewCacheEntry<V>, FetchError<E>>,
    {
        let slot = self.slot(name);
        let turn = turn().await?;
        let _fetching = slot.fetching.lock().await;
        match fetch(turn).await {
            Ok(new) => Ok(self.keep(name, &slot, new, now)),
            Err(FetchError::ForAll(why) | FetchError::ForNow(why)) => Err(why),
        }
    }

    fn keep(&self, name: &str, slot: &Arc<CacheSlot<V, E>>, new: NewCacheEntry<V>, now: Timestamp) -> CacheEntry<V> {
        let kept = CacheEntry {
            value: Arc::new(new.value),
            fetched_at: now,
            good_until: now.plus_seconds(new.good_for),
            again_at: now.plus_seconds(new.again_after),
        };
        slot.known.with(|known| {
            *known = CacheSlotState {
                kept: Some(kept.clone()),
                failed: None,
            };
        });
        self.weigh(name, slot, new.weight);
        kept
    }

    /// Returns what is kept under this name, or else what `fetch` brings once there is a turn for it; of a client, or of an
    /// operator if there is none.
    pub(super) async fn find<T, P, F>(
        &self,
        name: &str,
        client: Option<ClientAddress>,
        now: Timestamp,
        turn: P,
        fetch: F,
    ) -> Result<CacheEntry<V>, E>
    where
        P: AsyncFnOnce() -> Result<T, E>,
        F: AsyncFnOnce(T) -> Result<NewCacheEntry<V>, FetchError<E>>,
    {
        let slot = self.slot(name);
        if let Some(known) = slot.look(now) {
            return known;
        }
        // A client who asks for it many times takes one turn.
        let asking = slot.asks(client);
        let _first = asking.first.lock().await;
        if let Some(known) = slot.look(now) {
            return known;
        }
        let turn = match turn().await {
            Ok(turn) => turn,
            Err(why) => return slot.fails(FetchError::ForNow(why), now),
        };
        let _fetching = slot.fetching.lock().await;
        if let Some(known) = slot.look(now) {
            return known;
        }
        match fetch(turn).await {
            Ok(new) => Ok(self.keep(name, &slot, new, now)),
            Err(failed) => slot.fails(failed, now),
        }
    }

    fn slot(&self, name: &str) -> Arc<CacheSlot<V, E>> {
        self.shelf.with(|shelf| {
            shelf.uses += 1;
            let uses = shelf.uses;
            if let Some((slot, _, used)) = shelf.slots.get_mut(name) {
                *used = uses;
                return slot.clone();
            }
            let slot = Arc::new(CacheSlot::empty());
            shelf.slots.insert(name.to_owned(), (slot.clone(), 0, uses));
            shelf.set_weight(name, LEAST_WEIGHT + name.len());
            shelf.shrink(self.most);
            slot
        })
    }

    fn weigh(&self, name: &str, slot: &Arc<CacheSlot<V, E>>, weight: usize) {
        self.shelf.with(|shelf| {
            // While it was fetched, its place may have gone to another.
            if shelf
                .slots
                .get(name)
                .is_some_and(|(there, ..)| Arc::ptr_eq(there, slot))
            {
                shelf.set_weight(name, LEAST_WEIGHT + name.len() + weight);
                shelf.shrink(self.most);
            }
        });
    }
}

impl<V, E> CacheSlots<V, E> {
    fn set_weight(&mut self, name: &str, to: usize) {
        if let Some((_, weight, _)) = self.slots.get_mut(name) {
            self.weight = self.weight - *weight + to;
            *weight = to;
        }
    }

    fn shrink(&mut self, most: usize) {
        while self.weight > most {
            let oldest = self.slots.iter().min_by_key(|(_, (.., used))| *used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            if let Some((_, weight, _)) = self.slots.remove(&name) {
                self.weight -= weight;
            }
        }
    }
}

#[cfg(test)]
mod tests;
