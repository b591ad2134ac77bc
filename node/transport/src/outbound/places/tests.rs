//! Tests of who gets a place, and when: many who take all they can, and one who wants one thing.

use futures::FutureExt as _;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, yield_now},
};

use super::*;

const LIMITS: FairLimits = super::super::PLACES;
const HONEST: u32 = 1_000_000;

fn in_an_hour() -> Instant {
    Instant::now() + std::time::Duration::from_secs(3_600)
}

/// Many who want many places each, and hold each until it is taken back.
struct FetchFlood {
    places: Arc<FairSemaphore<u32>>,
    may_end: Arc<Semaphore>,
    _tasks: JoinSet<()>,
}

impl FetchFlood {
    async fn begins(askers: u32, each: u32) -> Self {
        let (places, may_end) = (FairSemaphore::new(LIMITS), Arc::new(Semaphore::new(0)));
        let mut tasks = JoinSet::new();
        for who in 0..askers {
            for _ in 0..each {
                let (places, may_end) = (places.clone(), may_end.clone());
                tasks.spawn(async move {
                    let _place = places.enter(who, in_an_hour()).await.unwrap();
                    may_end.acquire().await.unwrap().forget();
                });
            }
        }
        let flood = Self {
            places,
            may_end,
            _tasks: tasks,
        };
        flood.ends(0).await;
        flood
    }

    /// Takes so many places back, and lets all who have a place by that take it.
    async fn ends(&self, places: usize) {
        self.may_end.add_permits(places);
        // More often than the runtime needs to come to each of them.
        for _ in 0..1_000 {
            yield_now().await;
        }
    }

    /// The number of places that each of these askers holds.
    fn held_by(&self, askers: u32) -> Vec<usize> {
        let holds = |who| self.places.state.with(|state| state.holds(&who));
        (0..askers).map(holds).collect()
    }
}

#[tokio::test]
async fn who_wants_one_place_gets_it_at_once_while_others_want_thousands() {
    for askers in [1, 4, 40] {
        let flood = FetchFlood::begins(askers, 300).await;
        for honest in HONEST..HONEST + 50 {
            let place = flood.places.enter(honest, in_an_hour()).now_or_never();
            assert!(place.is_some(), "{askers}");
            flood.ends(3).await;
        }
    }
}

/// More want all they can get than there are places.
#[tokio::test]
async fn who_wants_one_place_waits_for_one_turn_of_all_others() {
    let flood = FetchFlood::begins(200, 30).await;
    let mut honest = Box::pin(flood.places.enter(HONEST, in_an_hour()));
    let mut ended = 0;
    while (&mut honest).now_or_never().is_none() {
        flood.ends(1).await;
        ended += 1;
        assert_eq!(flood.places.taken(), LIMITS.in_all);
    }
    // One of each of the others, and the one that it takes.
    assert!(ended <= 201, "{ended}");
    flood.ends(LIMITS.in_all).await;
    assert_eq!(
        flood.held_by(200).iter().max(),
        Some(&1),
        "nobody has two while others have none"
    );
}

#[tokio::test]
async fn nobody_holds_more_than_a_share_and_in_the_long_run_all_have_as_much() {
    let one = FetchFlood::begins(1, 300).await;
    assert_eq!(one.places.taken(), LIMITS.of_one, "also while nobody else wants any");
    let four = FetchFlood::begins(4, 300).await;
    assert_eq!(four.held_by(4), [16, 6, 1, 1], "who came first has more, but a share");
    four.ends(100).await;
    let held = four.held_by(4);
    assert!(held.iter().all(|held| [5, 6].contains(held)), "{held:?}");
}

#[tokio::test]
async fn those_who_wait_come_by_turns() {
    let places = FairSemaphore::new(FairLimits {
        in_all: 1,
        of_one: 1,
        for_the_first: 0,
    });
    let first = places.enter(9, in_an_hour()).await.unwrap();
    let order = Arc::new(Lock::new(Vec::new()));
    let mut all = JoinSet::new();
    for who in [1, 1, 1, 2, 2, 3] {
        let (places, order) = (places.clone(), order.clone());
        all.spawn(async move {
            let _place = places.enter(who, in_an_hour()).await.unwrap();
            order.with(|order| order.push(who));
        });
        yield_now().await;
    }
    drop(first);
    all.join_all().await;
    assert_eq!(order.with(|order| order.clone()), [1, 2, 3, 1, 2, 1]);
    assert_eq!(places.taken(), 0);
    assert!(
        places.state.with(|state| state.askers.is_empty()),
        "nobody is remembered"
    );
}

#[tokio::test]
async fn who_waits_in_vain_is_told_for_whom() {
    let places = FairSemaphore::new(LIMITS);
    let enter = |who| places.enter(who, Instant::now());
    let mut held = Vec::new();
    for _ in 0..LIMITS.of_one {
        held.push(enter(0).await.unwrap());
    }
    assert_eq!(enter(0).await.unwrap_err(), NoPermit::OfOwn);
    for who in 1..=u32::try_from(LIMITS.in_all - LIMITS.of_one).unwrap() {
        held.push(enter(who).await.unwrap());
    }
    assert_eq!(enter(HONEST).await.unwrap_err(), NoPermit::OfOthers);
    held.pop();
    enter(HONEST).await.unwrap();
}

#[tokio::test]
async fn who_goes_while_waiting_takes_no_place_along() {
    let places = FairSemaphore::new(LIMITS);
    let mut held = Vec::new();
    for who in 0..64 {
        held.push(places.enter(who, in_an_hour()).await.unwrap());
    }
    for round in 0..100_u32 {
        yield_now().await;
        let (leaves, comes) = (HONEST + 2 * round, HONEST + 2 * round + 1);
        let mut waits = Box::pin(places.enter(leaves, in_an_hour()));
        assert!((&mut waits).now_or_never().is_none());
        // It goes before a place is given to it, or just then.
        if round % 2 == 0 {
            drop(waits);
            held.remove(0);
        } else {
            held.remove(0);
            drop(waits);
        }
        assert_eq!(places.taken(), 63);
        held.push(places.enter(comes, in_an_hour()).now_or_never().unwrap().unwrap());
    }
    held.clear();
    assert_eq!(places.taken(), 0);
    assert!(places.state.with(|state| state.askers.is_empty()));
}
