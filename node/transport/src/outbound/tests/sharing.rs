//! One asker among many: each gets what is theirs to have, and is told what is true of the host that they named.

use std::io;

use futures::{FutureExt as _, future::ready};
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use super::*;

const SHORT: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_secs(3_600);

/// Name servers: those of `deaf.example` do not answer until they may, and a thread waits for them; no other name exists.
#[derive(Debug)]
struct StallingResolver {
    may_answer: Arc<Semaphore>,
}

impl NameResolver for StallingResolver {
    fn look_up(&self, host: String, hold: LookupHold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let nothing = || io::Error::other("no such name");
        if !host.ends_with("deaf.example") {
            return ready(Err(nothing())).boxed();
        }
        let may_answer = self.may_answer.clone();
        let thread = tokio::spawn(async move {
            let _hold = hold;
            may_answer.acquire().await.map_err(io::Error::other)?.forget();
            Err(nothing())
        });
        async move { thread.await.map_err(io::Error::other)? }.boxed()
    }
}

fn guard() -> (OutboundClient, Arc<Semaphore>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let may_answer = Arc::new(Semaphore::new(0));
    let names = StallingResolver {
        may_answer: may_answer.clone(),
    };
    let guard = OutboundClient::with(false, vec![], Arc::new(names), SHORT).unwrap();
    (guard, may_answer)
}

/// So many addresses that each name as many hosts for which nobody answers; gives what each is told who has a turn.
fn flood(guard: &OutboundClient, addresses: u8, hosts: u32) -> JoinSet<OutboundError> {
    let mut flood = JoinSet::new();
    for address in 0..addresses {
        for host in 0..hosts {
            let guard = guard.clone();
            flood.spawn(async move {
                let whom = FetchRequester::Stranger([198, 51, 100, address].into());
                let turn = guard.enter(whom, Instant::now() + HOUR).await.unwrap();
                let url = format!("https://{address}-{host}.deaf.example/");
                turn.fetch(&url, "*/*").await.unwrap_err()
            });
        }
    }
    flood
}

/// Whoever names one host is told the truth, without waiting.
fn is_told_at_once(guard: &OutboundClient, who: u8) {
    let url = format!("https://badges-{who}.example/");
    let told = guard.fetch_for(stranger(who), &url, "*/*").now_or_never();
    let none = OutboundError::NoSuchHost(format!("badges-{who}.example"));
    assert_eq!(told.expect("it waits for nobody").unwrap_err(), none);
}

/// Waits until so many more are told that a name was not looked up in time.
async fn are_told_of_names(flood: &mut JoinSet<OutboundError>, many: usize) {
    for _ in 0..many {
        let told = flood.join_next().await.unwrap().unwrap();
        assert!(matches!(told, OutboundError::NameSlow(_)), "{told}");
    }
}

#[tokio::test]
async fn who_names_one_host_is_told_the_truth_at_once_while_others_name_thousands() {
    for (addresses, hosts) in [(1, 300), (4, 200), (40, 200)] {
        let (guard, may_answer) = guard();
        let mut flood = flood(&guard, addresses, hosts);
        for honest in 0..20 {
            tokio::task::yield_now().await;
            is_told_at_once(&guard, honest);
        }
        // More often than the runtime needs to come to each of them.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        let held = guard.0.places.taken();
        assert!((PLACES.of_one..PLACES.in_all).contains(&held), "{held}");
        are_told_of_names(&mut flood, held).await;
        // They were told, but threads still wait for the names: those who have as many begin nothing else.
        assert_eq!(guard.0.places.taken(), held);
        assert!(flood.try_join_next().is_none());
        is_told_at_once(&guard, 20);
        // When those have ended, it goes on; and however long others waited, a fetch has all its time.
        may_answer.add_permits(held);
        are_told_of_names(&mut flood, PLACES.of_one).await;
        is_told_at_once(&guard, 21);
    }
}

#[tokio::test]
async fn who_waits_for_themselves_is_told_so_and_no_host_is_blamed() {
    let (guard, may_answer) = guard();
    let whom = FetchRequester::Stranger([198, 51, 100, 0].into());
    let mut flood = flood(&guard, 1, 16);
    are_told_of_names(&mut flood, 16).await;
    let told = guard.enter(whom.clone(), Instant::now()).await.unwrap_err();
    assert_eq!(told, OutboundError::OwnQueue);
    assert!(told.is_of_the_moment() && told.to_string().contains("for you"));
    may_answer.add_permits(16);
    guard.enter(whom, Instant::now() + HOUR).await.unwrap();
    // All places are others'.
    let mut turns = Vec::new();
    for address in 1..=64 {
        let whom = FetchRequester::Stranger([198, 51, 100, address].into());
        turns.push(guard.enter(whom, Instant::now() + HOUR).await.unwrap());
    }
    let told = guard.enter(stranger(1), Instant::now()).await.unwrap_err();
    assert_eq!(told, OutboundError::Queue);
    assert!(told.is_of_the_moment() && told.to_string().contains("for others"));
    turns.pop();
    is_told_at_once(&guard, 1);
}
