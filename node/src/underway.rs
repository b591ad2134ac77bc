//! Writes under way. Each is carried out to its end, also if whoever asked goes or waits no longer, and **holds its place
//! until then: the place is the work's, not the connection's**. So who asks and hangs up, again and again, has no more of
//! this node than who stays; and what waits for a place is forgotten with its connection, before anything of it is read.
//!
//! Operators, strangers who apply, and peers who countersign have places of their own: an operator's write may wait for
//! peers' countersignatures, and for no stranger.

use std::{collections::BTreeMap, sync::Arc, time::Duration};
use transport::client::ClientAddress;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::{
    clients::ClientBudgets,
    problem::{OUTCOME_UNKNOWN, Problem, UNAVAILABLE},
    routes::{DeclaredRoute, WriterKind, refusal},
};
use platform::lock::Lock;

/// The time that one waits for a place, before it is told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// In how many seconds who finds no place comes again.
const COME_AGAIN: u64 = 10;

/// The number of writes that there may be at once.
#[derive(Clone, Copy, Debug)]
struct WriteLimits {
    in_all: usize,
    /// Of one client.
    of_one: usize,
}

/// Of operators. Acts are done one after the other; those that wait hold what they were sent.
const OPERATORS: WriteLimits = WriteLimits {
    in_all: 128,
    of_one: 32,
};
/// Of who applies.
const STRANGERS: WriteLimits = WriteLimits { in_all: 32, of_one: 4 };
/// Of peers who countersign.
const PEERS: WriteLimits = WriteLimits { in_all: 64, of_one: 16 };

/// The places for writes. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct WriteGate {
    operators: Arc<WriteLimiter>,
    strangers: Arc<WriteLimiter>,
    peers: Arc<WriteLimiter>,
}

/// The places for writes of one kind.
#[derive(Debug)]
struct WriteLimiter {
    of_one: usize,
    longest_wait: Duration,
    in_all: Arc<Semaphore>,
    /// Of each client that has or wants a place: its own places, and how many it has or waits for.
    shares: Lock<BTreeMap<ClientAddress, (Arc<Semaphore>, usize)>>,
}

/// A client's interest in its share: the share is forgotten with the last.
#[derive(Debug)]
struct ClientShareGuard {
    places: Arc<WriteLimiter>,
    client: ClientAddress,
}

/// The place of one write.
#[derive(Debug)]
struct WritePermit {
    _of_one: OwnedSemaphorePermit,
    _in_all: OwnedSemaphorePermit,
    _interest: ClientShareGuard,
}

impl WriteGate {
    pub(crate) fn new() -> Self {
        Self::with_patience(LONGEST_WAIT)
    }

    fn with_patience(longest_wait: Duration) -> Self {
        Self {
            operators: WriteLimiter::new(OPERATORS, longest_wait),
            strangers: WriteLimiter::new(STRANGERS, longest_wait),
            peers: WriteLimiter::new(PEERS, longest_wait),
        }
    }

    /// The places of these writers.
    const fn of(&self, writer: WriterKind) -> &Arc<WriteLimiter> {
        match writer {
            WriterKind::Operators => &self.operators,
            WriterKind::Strangers => &self.strangers,
            WriterKind::Peers => &self.peers,
        }
    }
}

impl WriteLimiter {
    fn new(limits: WriteLimits, longest_wait: Duration) -> Arc<Self> {
        Arc::new(Self {
            of_one: limits.of_one,
            longest_wait,
            in_all: Arc::new(Semaphore::new(limits.in_all)),
            shares: Lock::default(),
        })
    }

    /// A place, once there is one: of the client's own first, so that its other writes wait for nobody but itself.
    async fn enter(self: Arc<Self>, client: ClientAddress) -> Option<WritePermit> {
        let share = self.shares.with(|shares| {
            let share = shares
                .entry(client)
                .or_insert_with(|| (Arc::new(Semaphore::new(self.of_one)), 0));
            share.1 += 1;
            share.0.clone()
        });
        let in_all = self.in_all.clone();
        let longest_wait = self.longest_wait;
        let interest = ClientShareGuard { places: self, client };
        let entering = async {
            let of_one = share.acquire_owned().await.ok()?;
            Some((of_one, in_all.acquire_owned().await.ok()?))
        };
        let (of_one, in_all) = tokio::time::timeout(longest_wait, entering).await.ok()??;
        Some(WritePermit {
            _of_one: of_one,
            _in_all: in_all,
            _interest: interest,
        })
    }
}

impl Drop for ClientShareGuard {
    fn drop(&mut self) {
        self.places.shares.with(|shares| {
            if let Some(share) = shares.get_mut(&self.client) {
                share.1 -= 1;
                if share.1 == 0 {
                    shares.remove(&self.client);
                }
            }
        });
    }
}

/// Around the routes: what is asked to be written is carried out to its end. An act that is dropped between two of its
/// steps would leave what is on disk unheeded here, or half of a long policy.
pub(crate) async fn finish_writes(
    State((underway, clients)): State<(WriteGate, ClientBudgets)>,
    request: Request,
    next: Next,
) -> Response {
    let route = DeclaredRoute::of(request.extensions());
    let Some(writer) = route.and_then(DeclaredRoute::writer) else {
        return next.run(request).await;
    };
    let client = clients.of(request.extensions(), request.headers());
    let Some(place) = underway.of(writer).clone().enter(client).await else {
        let detail = "too many writes are under way, from your address or in all; nothing was changed: try again";
        return refusal(route, Problem::new(&UNAVAILABLE, detail).retry_after(COME_AGAIN));
    };
    let carrying_out = async move {
        let answer = next.run(request).await;
        drop(place);
        answer
    };
    match tokio::spawn(carrying_out).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Problem::new(&OUTCOME_UNKNOWN, "the node stopped before this was answered").into_response(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{
        Router,
        body::Body,
        http::StatusCode,
        middleware::{from_fn, from_fn_with_state},
        routing::post,
    };
    use futures::FutureExt as _;
    use tokio::sync::Notify;
    use tower_service::Service as _;

    use super::*;
    use crate::{
        api::{clients::ForwardedFor, routes::declare},
        config::{BudgetConfig, LookupConfig},
    };

    const OPERATORS_ROUTE: &str = api_types::routes::ISSUER_REGISTRATION.path();
    const STRANGERS_ROUTE: &str = api_types::routes::APPLY.path();
    const PEERS_ROUTE: &str = api_types::routes::COUNTERSIGNATURE.path();

    /// A node whose every write waits until it may end.
    struct SlowNode {
        router: Router,
        underway: WriteGate,
        /// The number of writes that were begun, and of those that were ended.
        begun: Arc<AtomicUsize>,
        may_end: Arc<Notify>,
    }

    impl SlowNode {
        fn new(longest_wait: Duration) -> Self {
            let (begun, may_end) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
            let (counted, waits) = (begun.clone(), may_end.clone());
            let write = move || {
                let (counted, waits) = (counted.clone(), waits.clone());
                async move {
                    counted.fetch_add(1, Ordering::AcqRel);
                    waits.notified().await;
                    StatusCode::CREATED
                }
            };
            let underway = WriteGate::with_patience(longest_wait);
            let clients = ClientBudgets::new(&LookupConfig::default(), &BudgetConfig::default());
            let router = Router::new()
                .route(OPERATORS_ROUTE, post(write.clone()))
                .route(STRANGERS_ROUTE, post(write.clone()))
                .route(PEERS_ROUTE, post(write))
                .layer(from_fn_with_state((underway.clone(), clients), finish_writes))
                .layer(from_fn(declare));
            Self {
                router,
                underway,
                begun,
                may_end,
            }
        }

        /// Asks, and is gone at once.
        async fn asks_and_hangs_up(&mut self, path: &str, last: u8) {
            let mut request = Request::post(path).body(Body::empty()).unwrap();
            let from = std::net::IpAddr::from([192, 0, 2, last]);
            request.extensions_mut().insert(ForwardedFor(from));
            let mut asking = Box::pin(self.router.call(request));
            assert!((&mut asking).now_or_never().is_none(), "it is not answered at once");
            // What was begun has its turn.
            tokio::task::yield_now().await;
            assert!((&mut asking).now_or_never().is_none(), "it is not answered yet");
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::Acquire)
        }
    }

    #[tokio::test]
    async fn who_asks_and_hangs_up_has_no_more_writes_under_way_than_who_stays() {
        let mut node = SlowNode::new(LONGEST_WAIT);
        for _ in 0..1_000 {
            node.asks_and_hangs_up(OPERATORS_ROUTE, 1).await;
        }
        assert_eq!(node.begun(), OPERATORS.of_one, "of one client");
        for last in 2..=100 {
            for _ in 0..40 {
                node.asks_and_hangs_up(OPERATORS_ROUTE, last).await;
            }
        }
        assert_eq!(node.begun(), OPERATORS.in_all, "of all");
        for last in 1..=100 {
            for _ in 0..10 {
                node.asks_and_hangs_up(STRANGERS_ROUTE, last).await;
            }
        }
        assert_eq!(
            node.begun(),
            OPERATORS.in_all + STRANGERS.in_all,
            "strangers have their own"
        );
        node.asks_and_hangs_up(PEERS_ROUTE, 1).await;
        let all = OPERATORS.in_all + STRANGERS.in_all + 1;
        assert_eq!(node.begun(), all, "and peers wait for neither");

        // The places come back with the end of the work, and nothing is remembered of who is gone.
        while node.underway.operators.in_all.available_permits() < OPERATORS.in_all
            || node.underway.strangers.in_all.available_permits() < STRANGERS.in_all
            || node.underway.peers.in_all.available_permits() < PEERS.in_all
        {
            node.may_end.notify_waiters();
            tokio::task::yield_now().await;
        }
        assert_eq!(node.begun(), all, "what only waited was not begun");
        assert!(node.underway.operators.shares.with(|shares| shares.is_empty()));
        node.asks_and_hangs_up(OPERATORS_ROUTE, 1).await;
        assert_eq!(node.begun(), all + 1);
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_place_is_told_that_nothing_was_changed() {
        let mut node = SlowNode::new(Duration::from_millis(20));
        for _ in 0..STRANGERS.of_one {
            node.asks_and_hangs_up(STRANGERS_ROUTE, 1).await;
        }
        let mut request = Request::post(STRANGERS_ROUTE).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ForwardedFor([192, 0, 2, 1].into()));
        let refused = node.router.call(request).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "10");
        assert_eq!(node.begun(), STRANGERS.of_one);
    }
}
