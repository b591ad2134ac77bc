//! What was fetched, for as long as it counts. Bounded by weight; what was not used for longest goes first. Those who
//! ask for the same thing at once wait for one fetch.

use std::{collections::HashMap, sync::Arc};

use registry_schema::Timestamp;

use platform::lock::Lock;

/// For how many seconds a failure is remembered, so that nobody is asked in vain again and again.
const FAILURE_KEPT: i64 = 30;
/// What an entry weighs at least, in bytes: also one of which nothing is known but that it failed.
const LEAST_WEIGHT: usize = 1_024;

/// Something that was fetched.
#[derive(Debug)]
pub(super) struct Kept<V> {
    pub(super) value: Arc<V>,
    pub(super) fetched_at: Timestamp,
    /// From this moment on it no longer counts.
    pub(super) good_until: Timestamp,
    /// From this moment on it is fetched again when somebody asks; until `good_until` it serves if that fails.
    again_at: Timestamp,
}

impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            ..*self
        }
    }
}

/// Something new: what it is, what it weighs, and in how many seconds it no longer counts, or should be fetched again.
#[derive(Debug)]
pub(super) struct New<V> {
    pub(super) value: V,
    pub(super) weight: usize,
    pub(super) good_for: i64,
    pub(super) again_after: i64,
}

#[derive(Debug)]
struct Known<V, E> {
    kept: Option<Kept<V>>,
    failed: Option<(E, Timestamp)>,
}

type Slot<V, E> = Arc<tokio::sync::Mutex<Known<V, E>>>;

#[derive(Debug)]
struct Shelf<V, E> {
    slots: HashMap<String, (Slot<V, E>, usize, u64)>,
    weight: usize,
    /// Counts the uses: the larger, the later.
    uses: u64,
}

/// A cache of `V`; failures are `E`.
#[derive(Debug)]
pub(super) struct Cache<V, E> {
    shelf: Lock<Shelf<V, E>>,
    most: usize,
}

impl<V, E: Clone> Cache<V, E> {
    /// A cache that holds at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        let shelf = Shelf {
            slots: HashMap::new(),
            weight: 0,
            uses: 0,
        };
        Self {
            shelf: Lock::new(shelf),
            most,
        }
    }

    /// What `fetch` brings now, whatever is kept; that is kept under this name.
    pub(super) async fn find_anew<F>(&self, name: &str, now: Timestamp, fetch: F) -> Result<Kept<V>, E>
    where
        F: AsyncFnOnce() -> Result<New<V>, E>,
    {
        let slot = self.slot(name);
        let mut known = slot.lock().await;
        let new = fetch().await?;
        Ok(self.keep(name, &slot, &mut known, new, now))
    }

    fn keep(&self, name: &str, slot: &Slot<V, E>, known: &mut Known<V, E>, new: New<V>, now: Timestamp) -> Kept<V> {
        let kept = Kept {
            value: Arc::new(new.value),
            fetched_at: now,
            good_until: now.plus_seconds(new.good_for),
            again_at: now.plus_seconds(new.again_after),
        };
        *known = Known {
            kept: Some(kept.clone()),
            failed: None,
        };
        self.weigh(name, slot, new.weight);
        kept
    }

    /// What is kept under this name, or else what `fetch` brings.
    pub(super) async fn find<F>(&self, name: &str, now: Timestamp, fetch: F) -> Result<Kept<V>, E>
    where
        F: AsyncFnOnce() -> Result<New<V>, E>,
    {
        let slot = self.slot(name);
        let mut known = slot.lock().await;
        let still_good = known.kept.clone().filter(|kept| now < kept.good_until);
        if let Some(kept) = still_good.as_ref().filter(|kept| now < kept.again_at) {
            return Ok(kept.clone());
        }
        if let Some((why, until)) = &known.failed
            && now < *until
        {
            return still_good.ok_or_else(|| why.clone());
        }
        match fetch().await {
            Ok(new) => Ok(self.keep(name, &slot, &mut known, new, now)),
            Err(why) => {
                known.failed = Some((why.clone(), now.plus_seconds(FAILURE_KEPT)));
                still_good.ok_or(why)
            }
        }
    }

    fn slot(&self, name: &str) -> Slot<V, E> {
        self.shelf.with(|shelf| {
            shelf.uses += 1;
            let uses = shelf.uses;
            if let Some((slot, _, used)) = shelf.slots.get_mut(name) {
                *used = uses;
                return slot.clone();
            }
            let empty = Known {
                kept: None,
                failed: None,
            };
            let slot = Arc::new(tokio::sync::Mutex::new(empty));
            shelf.slots.insert(name.to_owned(), (slot.clone(), 0, uses));
            shelf.set_weight(name, LEAST_WEIGHT + name.len());
            shelf.shrink(self.most);
            slot
        })
    }

    fn weigh(&self, name: &str, slot: &Slot<V, E>, weight: usize) {
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

impl<V, E> Shelf<V, E> {
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn new(value: u32) -> New<u32> {
        New {
            value,
            weight: 0,
            good_for: 100,
            again_after: 10,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0).plus_seconds(seconds)
    }

    #[tokio::test]
    async fn it_is_fetched_again_in_time_and_serves_as_long_as_it_counts() {
        let cache: Cache<u32, &str> = Cache::new(10_000);
        let ask = async |now, brings: Result<u32, &'static str>| {
            let found = cache.find("a", at(now), async || brings.map(new)).await;
            found.map(|kept| (*kept.value, kept.fetched_at))
        };
        assert_eq!(ask(0, Err("down")).await, Err("down"));
        assert_eq!(ask(29, Ok(1)).await, Err("down"), "it is not asked again at once");
        assert_eq!(ask(30, Ok(1)).await, Ok((1, at(30))));
        assert_eq!(ask(39, Ok(2)).await, Ok((1, at(30))));
        assert_eq!(
            ask(40, Err("down")).await,
            Ok((1, at(30))),
            "what is kept still counts, with its age"
        );
        assert_eq!(ask(69, Ok(2)).await, Ok((1, at(30))));
        assert_eq!(ask(129, Err("down")).await, Ok((1, at(30))));
        assert_eq!(ask(130, Ok(2)).await, Err("down"), "and then no longer");
        assert_eq!(ask(160, Ok(2)).await, Ok((2, at(160))));
    }

    #[tokio::test]
    async fn who_wants_it_anew_gets_no_earlier_copy_and_leaves_the_new_one_to_others() {
        let cache: Cache<u32, &str> = Cache::new(10_000);
        let ask = async |now, brings: Result<u32, &'static str>| {
            let found = cache.find("a", at(now), async || brings.map(new)).await;
            found.map(|kept| *kept.value)
        };
        let anew = async |now, brings: Result<u32, &'static str>| {
            let found = cache.find_anew("a", at(now), async || brings.map(new)).await;
            found.map(|kept| *kept.value)
        };
        assert_eq!(ask(0, Ok(1)).await, Ok(1));
        assert_eq!(anew(1, Err("down")).await, Err("down"));
        assert_eq!(ask(2, Ok(2)).await, Ok(1), "it still serves others");
        assert_eq!(anew(3, Ok(3)).await, Ok(3));
        assert_eq!(ask(4, Ok(4)).await, Ok(3));
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cause_one_fetch() {
        let cache: Cache<u32, &str> = Cache::new(10_000);
        let fetches = AtomicUsize::new(0);
        let ask = || {
            cache.find("a", at(0), async || {
                fetches.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(new(7))
            })
        };
        let all = futures::future::join_all((0..50).map(|_| ask())).await;
        assert!(
            all.iter()
                .all(|found| found.as_ref().is_ok_and(|kept| *kept.value == 7))
        );
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_not_used_for_longest_makes_room() {
        let cache: Cache<u32, &str> = Cache::new(10_000);
        let ask = async |name: &str, weight: usize| {
            let mut fetched = false;
            let brings = async || {
                fetched = true;
                Ok(New { weight, ..new(1) })
            };
            cache.find(name, at(0), brings).await.unwrap();
            fetched
        };
        assert!(ask("a", 2_000).await && ask("b", 2_000).await);
        assert!(!ask("a", 2_000).await);
        assert!(ask("c", 5_000).await);
        assert!(!ask("a", 2_000).await, "it was used after b");
        assert!(ask("b", 2_000).await, "it made room");
        assert!(ask("too heavy for all", 20_000).await);
        for i in 0..1_000 {
            ask(&format!("{i}"), 0).await;
            assert!(cache.shelf.with(|shelf| shelf.weight) <= 10_000);
        }
        let (weight, sum) = cache.shelf.with(|shelf| {
            let sum: usize = shelf.slots.values().map(|(_, weight, _)| weight).sum();
            (shelf.weight, sum)
        });
        assert_eq!(weight, sum);
    }
}
