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
    OutboundError,
    address::AllowedNetworks,
    places::{FairLimits, FairSemaphore},
};

/// The names that a client for peers has looked up at once; a host whose name servers do not answer has a share of them.
const LOOK_UPS: FairLimits = FairLimits {
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
pub(super) type LookupHold = Arc<dyn Send + Sync>;

/// Looks up names. A double stands for it in tests.
pub(super) trait NameResolver: Send + Sync + std::fmt::Debug {
    /// The addresses of a host. What is held is let go when the look-up has ended, also if nobody waits for it any more.
    fn look_up(&self, host: String, hold: LookupHold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's own way.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl NameResolver for SystemResolver {
    fn look_up(&self, host: String, hold: LookupHold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
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
/// [`OutboundError::NoSuchHost`] and [`OutboundError::Forbidden`].
pub(super) async fn guarded(
    names: &dyn NameResolver,
    host: String,
    opened: &AllowedNetworks,
    hold: LookupHold,
) -> Result<Vec<IpAddr>, OutboundError> {
    let Ok(found) = names.look_up(host.clone(), hold).await else {
        return Err(OutboundError::NoSuchHost(host));
    };
    // One forbidden address spoils the name: which of them is connected to would be chance.
    if let Some(what) = found.iter().find_map(|ip| opened.forbids(*ip)) {
        return Err(OutboundError::Forbidden(host, what));
    }
    if found.is_empty() {
        return Err(OutboundError::NoSuchHost(host));
    }
    Ok(found)
}

fn as_addresses(found: Vec<IpAddr>) -> Addrs {
    Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)))
}

/// Gives a client the addresses that were looked up for the request, and no others.
#[derive(Debug)]
pub(super) struct PinnedResolver;

impl Resolve for PinnedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = LOOKED_UP.try_with(Clone::clone);
        let found = looked_up.map_err(|_| OutboundError::NoSuchHost(name.as_str().to_owned()).into());
        Box::pin(ready(found.map(as_addresses)))
    }
}

/// Gives a client only addresses that may be asked: what it is given here is what it connects to.
#[derive(Debug)]
struct GuardedResolver {
    names: Arc<dyn NameResolver>,
    opened: AllowedNetworks,
    places: Arc<FairSemaphore<String>>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (names, opened, places) = (self.names.clone(), self.opened.clone(), self.places.clone());
        Box::pin(async move {
            let place = places.enter(host.clone(), Instant::now() + QUEUE).await;
            let place = place.map_err(|_| OutboundError::NameSlow(host.clone()))?;
            let found = guarded(&*names, host, &opened, Arc::new(place)).await?;
            Ok(as_addresses(found))
        })
    }
}

/// Looks up the names of hosts for a client, and gives it only addresses that may be asked.
pub fn guarded_names(opened: AllowedNetworks) -> Arc<dyn Resolve> {
    guarded_by(Arc::new(SystemResolver), opened)
}

fn guarded_by(names: Arc<dyn NameResolver>, opened: AllowedNetworks) -> Arc<dyn Resolve> {
    Arc::new(GuardedResolver {
        names,
        opened,
        places: FairSemaphore::new(LOOK_UPS),
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    /// Name servers of one host that never answer, while a thread waits for them; the holds of such threads.
    #[derive(Debug, Default)]
    struct HangingResolver(platform::lock::Lock<Vec<HeldLookup>>);

    struct HeldLookup(#[expect(dead_code, reason = "it is held")] LookupHold);

    impl std::fmt::Debug for HeldLookup {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("Held")
        }
    }

    impl NameResolver for HangingResolver {
        fn look_up(&self, host: String, hold: LookupHold) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            if host != "deaf.example" {
                return ready(Ok(vec![[127, 0, 0, 1].into()])).boxed();
            }
            self.0.with(|threads| threads.push(HeldLookup(hold)));
            futures::future::pending().boxed()
        }
    }

    #[tokio::test]
    async fn a_peer_whose_name_nobody_answers_for_blocks_a_few_threads_and_nobody_else() {
        let names = Arc::new(HangingResolver::default());
        let opened = AllowedNetworks {
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
        let hold: LookupHold = Arc::new(held.clone().try_acquire_owned().unwrap());
        let looking = SystemResolver.look_up("localhost".to_owned(), hold);
        assert_eq!(held.available_permits(), 0);
        let _ = looking.now_or_never();
        let _given_back = held.acquire().await.unwrap();
    }
}
