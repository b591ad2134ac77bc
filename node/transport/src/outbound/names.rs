//! Looking up the names of hosts. The system's way to do it blocks a thread, which cannot be called back: so whoever has a
//! name looked up holds a place until that thread is done, however long ago they were told that it takes too long.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use futures::future::{BoxFuture, ready};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;

use super::{
    Refusal,
    address::Opened,
    places::{PlaceLimits, Places},
};

/// The names that a client for peers has looked up at once; a host whose name servers do not answer has a share of them.
const LOOK_UPS: PlaceLimits = PlaceLimits {
    in_all: 32,
    of_one: 8,
    for_the_first: 16,
};
/// The longest that such a client waits for others' look-ups.
const QUEUE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// The addresses that the request that this task sends may connect to.
    pub(super) static LOOKED_UP: Vec<IpAddr>;
}

/// Something that is held while a name is looked up.
pub(super) type Hold = Arc<dyn Send + Sync>;

/// Looks up names. A double stands for it in tests.
pub(super) trait Names: Send + Sync + std::fmt::Debug {
    /// The addresses of a host. What is held is let go when the look-up has ended, also if nobody waits for it any more.
    fn look_up(&self, host: String, hold: Hold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's own way.
#[derive(Debug)]
pub(super) struct System;

impl Names for System {
    fn look_up(&self, host: String, hold: Hold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let look = move || {
            let _hold = hold;
            let found = (host.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        Box::pin(async move { tokio::task::spawn_blocking(look).await.map_err(io::Error::other)? })
    }
}

/// The addresses of a host, if all of them may be asked.
///
/// # Errors
/// [`Refusal::NoSuchHost`] and [`Refusal::Forbidden`].
pub(super) async fn guarded(
    names: &dyn Names,
    host: String,
    opened: &Opened,
    hold: Hold,
) -> Result<Vec<IpAddr>, Refusal> {
    let Ok(found) = names.look_up(host.clone(), hold).await else {
        return Err(Refusal::NoSuchHost(host));
    };
    // One forbidden address spoils the name: which of them is connected to would be chance.
    if let Some(what) = found.iter().find_map(|ip| opened.forbids(*ip)) {
        return Err(Refusal::Forbidden(host, what));
    }
    if found.is_empty() {
        return Err(Refusal::NoSuchHost(host));
    }
    Ok(found)
}

fn as_addresses(found: Vec<IpAddr>) -> Addrs {
    Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)))
}

/// Gives a client the addresses that were looked up for the request, and no others.
#[derive(Debug)]
pub(super) struct LookedUp;

impl Resolve for LookedUp {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = LOOKED_UP.try_with(Clone::clone);
        let found = looked_up.map_err(|_| Refusal::NoSuchHost(name.as_str().to_owned()).into());
        Box::pin(ready(found.map(as_addresses)))
    }
}

/// Gives a client only addresses that may be asked: what it is given here is what it connects to.
#[derive(Debug)]
struct Guarded {
    names: Arc<dyn Names>,
    opened: Opened,
    places: Arc<Places<String>>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (names, opened, places) = (self.names.clone(), self.opened.clone(), self.places.clone());
        Box::pin(async move {
            let place = places.enter(host.clone(), Instant::now() + QUEUE).await;
            let place = place.map_err(|_| Refusal::NameSlow(host.clone()))?;
            let found = guarded(&*names, host, &opened, Arc::new(place)).await?;
            Ok(as_addresses(found))
        })
    }
}

/// Looks up the names of hosts for a client, and gives it only addresses that may be asked.
pub fn guarded_names(opened: Opened) -> Arc<dyn Resolve> {
    guarded_by(Arc::new(System), opened)
}

fn guarded_by(names: Arc<dyn Names>, opened: Opened) -> Arc<dyn Resolve> {
    Arc::new(Guarded {
        names,
        opened,
        places: Places::new(LOOK_UPS),
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    /// Name servers of one host that never answer, while a thread waits for them; the holds of such threads.
    #[derive(Debug, Default)]
    struct Deaf(platform::lock::Lock<Vec<Held>>);

    struct Held(#[expect(dead_code, reason = "it is held")] Hold);

    impl std::fmt::Debug for Held {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("Held")
        }
    }

    impl Names for Deaf {
        fn look_up(&self, host: String, hold: Hold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            if host != "deaf.example" {
                return ready(Ok(vec![[127, 0, 0, 1].into()])).boxed();
            }
            self.0.with(|threads| threads.push(Held(hold)));
            futures::future::pending().boxed()
        }
    }

    #[tokio::test]
    async fn a_peer_whose_name_nobody_answers_for_blocks_a_few_threads_and_nobody_else() {
        let names = Arc::new(Deaf::default());
        let opened = Opened {
            loopback: true,
            networks: vec![],
        };
        let resolver = guarded_by(names.clone(), opened);
        let ask = |host: &str| resolver.resolve(host.parse().unwrap());
        for _ in 0..200 {
            // Whoever asks goes; the thread stays.
            assert!(ask("deaf.example").now_or_never().is_none());
        }
        assert_eq!(names.0.with(|threads| threads.len()), LOOK_UPS.of_one);
        assert!(ask("peer.example").now_or_never().expect("at once").is_ok());
        let ended = names.0.with(std::mem::take);
        drop(ended);
        assert!(ask("deaf.example").now_or_never().is_none());
        assert_eq!(
            names.0.with(|threads| threads.len()),
            1,
            "it is asked again when they ended"
        );
    }

    #[tokio::test]
    async fn a_look_up_that_nobody_waits_for_holds_its_place_to_its_end() {
        let held = Arc::new(Semaphore::new(1));
        let hold: Hold = Arc::new(held.clone().try_acquire_owned().unwrap());
        let looking = System.look_up("localhost".to_owned(), hold);
        assert_eq!(held.available_permits(), 0);
        let _ = looking.now_or_never();
        let _given_back = held.acquire().await.unwrap();
    }
}
