//! Tests of what is kept, and of who waits for whom.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::FutureExt as _;
use tokio::sync::Notify;

use super::*;

fn new(value: u32) -> NewCacheEntry<u32> {
    NewCacheEntry {
        value,
        weight: 0,
        good_for: 100,
        again_after: 10,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(0).plus_seconds(seconds)
}

fn client(last: u8) -> Option<ClientAddress> {
    Some(ClientAddress::at(IpAddr::from([192, 0, 2, last])))
}

/// Finds a thing as one does who has a turn at once.
async fn find<V, E: Clone, F>(
    cache: &FetchCache<V, E>,
    name: &str,
    now: Timestamp,
    fetch: F,
) -> Result<CacheEntry<V>, E>
where
    F: AsyncFnOnce() -> Result<NewCacheEntry<V>, E>,
{
    let fetch = async |()| fetch().await.map_err(FetchError::ForAll);
    cache.find(name, client(1), now, async || Ok(()), fetch).await
}

#[tokio::test]
async fn it_is_fetched_again_in_time_and_serves_as_long_as_it_counts() {
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let ask = async |now, brings: Result<u32, &'static str>| {
        let found = find(&cache, "a", at(now), async || brings.map(new)).await;
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
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let ask = async |now, brings: Result<u32, &'static str>| {
        let found = find(&cache, "a", at(now), async || brings.map(new)).await;
        found.map(|kept| *kept.value)
    };
    let anew = async |now, brings: Result<u32, &'static str>| {
        let found = cache
            .find_anew(
                "a",
                at(now),
                async || Ok(()),
                async |()| brings.map(new).map_err(FetchError::ForAll),
            )
            .await;
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
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let fetches = AtomicUsize::new(0);
    let ask = || {
        find(&cache, "a", at(0), async || {
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
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let ask = async |name: &str, weight: usize| {
        let mut fetched = false;
        let brings = async || {
            fetched = true;
            Ok(NewCacheEntry { weight, ..new(1) })
        };
        find(&cache, name, at(0), brings).await.unwrap();
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

#[tokio::test]
async fn who_has_a_turn_does_not_wait_for_one_who_waits_for_theirs() {
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let (turns, taken) = (Notify::new(), AtomicUsize::new(0));
    let waits = async || {
        taken.fetch_add(1, Ordering::Relaxed);
        turns.notified().await;
        Ok(())
    };
    // A client who asks for much waits for a turn, and once however often it asks for the same.
    let many =
        futures::future::join_all((0..50).map(|_| cache.find("a", client(1), at(0), waits, async |()| Ok(new(1)))));
    let mut many = Box::pin(many);
    assert!((&mut many).now_or_never().is_none());
    assert_eq!(taken.load(Ordering::Relaxed), 1);
    // Another has one at once.
    let found = find_as(&cache, client(2)).now_or_never().expect("it waits for nobody");
    assert_eq!(*found.unwrap().value, 7);
    turns.notify_one();
    let all = many.await;
    assert!(
        all.iter().all(|found| *found.as_ref().unwrap().value == 7),
        "one fetch served all"
    );
    let slot = cache.slot("a");
    assert!(slot.asking.with(|asking| asking.is_empty()), "nobody is remembered");
}

async fn find_as(
    cache: &FetchCache<u32, &'static str>,
    who: Option<ClientAddress>,
) -> Result<CacheEntry<u32>, &'static str> {
    cache
        .find("a", who, at(0), async || Ok(()), async |()| Ok(new(7)))
        .await
}

#[tokio::test]
async fn that_one_had_no_turn_is_told_to_nobody_else() {
    let cache: FetchCache<u32, &str> = FetchCache::new(10_000);
    let none = async || Err::<(), _>("you ask for too much");
    let fetch = async |()| Ok(new(1));
    let told = cache.find("a", client(1), at(0), none, fetch).await;
    assert_eq!(told.unwrap_err(), "you ask for too much");
    let for_now = async |()| Err(FetchError::ForNow("that host is asked too often"));
    let told = cache.find("a", client(1), at(0), async || Ok(()), for_now).await;
    assert_eq!(told.unwrap_err(), "that host is asked too often");
    assert_eq!(*find_as(&cache, client(2)).await.unwrap().value, 7);
    // What is kept serves one who has no turn to fetch it again.
    let kept = cache.find("a", client(1), at(50), none, fetch).await.unwrap();
    assert_eq!((*kept.value, kept.fetched_at), (7, at(0)));
}
