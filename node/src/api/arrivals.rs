//! Bodies on their way to this node. Whoever sends slowly holds nothing but the bytes that have come: no place among the
//! few that are worked on, and not more than a client's share of what may be on its way.

use std::{collections::BTreeMap, sync::Arc, time::Duration};
use transport::client::ClientAddress;

use axum::body::{Body, Bytes};
use futures::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{
    body::broken_off,
    problem::{Problem, TOO_SLOW, UNAVAILABLE},
    routes::BodyLimit,
};
use platform::lock::Lock;

/// So many bytes a second are expected of a sender.
const LEAST_A_SECOND: usize = 32 * 1024;

/// In how many seconds who finds no room comes again.
const COME_AGAIN: u64 = 10;

/// Memory is counted in pieces of so many bytes.
const PIECE: usize = 1024;

/// The bounds of what may be on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadLimits {
    /// The name of what arrives, for the refusals: `badges`.
    pub(crate) what: &'static str,
    /// All bytes together, those included that have arrived and are still held.
    pub(crate) bytes: usize,
    /// The most of one client at once, those included that are not answered to their end.
    pub(crate) of_one: usize,
    /// For so long a sender may be as slow as it likes.
    pub(crate) grace: Duration,
    /// The longest that one may take.
    pub(crate) longest: Duration,
}

/// The bodies that are on their way. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct UploadGate(Arc<UploadGateState>);

#[derive(Debug)]
struct UploadGateState {
    limits: UploadLimits,
    /// A permit for each [`PIECE`] that is free.
    room: Arc<Semaphore>,
    /// The number of bodies on their way of each client.
    senders: Lock<BTreeMap<ClientAddress, usize>>,
}

/// A sender's place and memory, until the request is answered.
#[derive(Debug)]
pub(crate) struct UploadPermit {
    arrivals: UploadGate,
    client: ClientAddress,
    room: Option<OwnedSemaphorePermit>,
}

impl UploadGate {
    pub(crate) fn new(limits: UploadLimits) -> Self {
        Self(Arc::new(UploadGateState {
            limits,
            room: Arc::new(Semaphore::new(limits.bytes / PIECE)),
            senders: Lock::default(),
        }))
    }

    /// Receives a body of at most so many bytes, with the place that it takes until it is answered.
    pub(super) async fn receive(
        &self,
        client: ClientAddress,
        body: Body,
        limit: &BodyLimit,
    ) -> Result<(Bytes, UploadPermit), Problem> {
        let mut place = self.begin(client)?;
        let mut body = body.into_data_stream();
        let (mut first, mut whole) = (Bytes::new(), Vec::new());
        let begun = Instant::now();
        loop {
            let received = first.len() + whole.len();
            let expected = self.0.limits.grace + Duration::from_secs((received / LEAST_A_SECOND) as u64);
            let slow = |_| {
                let detail = "it did not arrive in time: try again, over a faster connection or in parts";
                Problem::new(&TOO_SLOW, detail)
            };
            let next = timeout_at(begun + expected.min(self.0.limits.longest), body.next());
            let Some(chunk) = next.await.map_err(slow)? else { break };
            let chunk = chunk.map_err(|_| broken_off())?;
            let now = received + chunk.len();
            if now > limit.bytes {
                return Err(limit.too_large());
            }
            place.takes(now.div_ceil(PIECE) - received.div_ceil(PIECE))?;
            // Most bodies come in one piece, and are not copied.
            if received == 0 {
                first = chunk;
            } else {
                whole.extend_from_slice(&std::mem::take(&mut first));
                whole.extend_from_slice(&chunk);
            }
        }
        let bytes = if whole.is_empty() { first } else { whole.into() };
        Ok((bytes, place))
    }

    fn begin(&self, client: ClientAddress) -> Result<UploadPermit, Problem> {
        let is_let_in = self.0.senders.with(|senders| {
            let of_it = senders.entry(client).or_default();
            let is_let_in = *of_it < self.0.limits.of_one;
            *of_it += usize::from(is_let_in);
            is_let_in
        });
        if !is_let_in {
            let what = self.0.limits.what;
            let detail = format!("too many {what} are on their way from your address: wait until these are here");
            return Err(Problem::new(&UNAVAILABLE, detail).retry_after(COME_AGAIN));
        }
        Ok(UploadPermit {
            arrivals: self.clone(),
            client,
            room: None,
        })
    }
}

impl UploadPermit {
    /// Takes memory for an answer of so many bytes.
    pub(crate) fn takes_bytes(&mut self, bytes: usize) -> Result<(), Problem> {
        self.takes(bytes.div_ceil(PIECE))
    }

    fn takes(&mut self, pieces: usize) -> Result<(), Problem> {
        let busy = |_| {
            let what = self.arrivals.0.limits.what;
            let detail = format!("too many {what} are on their way at the moment: try again");
            Problem::new(&UNAVAILABLE, detail).retry_after(COME_AGAIN)
        };
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let more = self
            .arrivals
            .0
            .room
            .clone()
            .try_acquire_many_owned(pieces)
            .map_err(busy)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            None => self.room = Some(more),
        }
        Ok(())
    }
}

impl Drop for UploadPermit {
    fn drop(&mut self) {
        self.arrivals.0.senders.with(|senders| {
            if let Some(of_it) = senders.get_mut(&self.client) {
                *of_it -= 1;
                if *of_it == 0 {
                    senders.remove(&self.client);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use futures::{FutureExt as _, stream};

    use super::*;
    use crate::{
        api::clients::ClientBudgets,
        config::{BudgetConfig, LookupConfig},
    };

    const LIMITS: UploadLimits = UploadLimits {
        what: "badges",
        bytes: 8 * 1024,
        of_one: 2,
        grace: Duration::from_millis(50),
        longest: Duration::from_secs(60),
    };

    fn client(address: &str) -> ClientAddress {
        ClientBudgets::new(&LookupConfig::default(), &BudgetConfig::default())
            .at(address.parse().unwrap(), &HeaderMap::new())
    }

    fn whole(bytes: usize) -> Body {
        Body::from(vec![b' '; bytes])
    }

    /// Sends a byte, and then no more.
    fn drip() -> Body {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        Body::from_stream(begun.chain(stream::pending()))
    }

    async fn receive(arrivals: &UploadGate, from: &str, body: Body) -> Result<(Bytes, UploadPermit), u16> {
        let limit = BodyLimit::BADGE.of_bytes(6 * 1024);
        let received = arrivals.receive(client(from), body, &limit).await;
        received.map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn who_sends_too_slowly_is_cut_off_and_leaves_nothing_behind() {
        let arrivals = UploadGate::new(LIMITS);
        assert_eq!(receive(&arrivals, "192.0.2.1", drip()).await.unwrap_err(), 408);
        assert_eq!(receive(&arrivals, "192.0.2.1", whole(7 * 1024)).await.unwrap_err(), 413);
        assert_eq!(arrivals.0.room.available_permits(), LIMITS.bytes / PIECE);
        assert!(arrivals.0.senders.with(|senders| senders.is_empty()));
    }

    #[tokio::test]
    async fn a_client_has_its_share_until_it_is_answered_and_others_have_theirs() {
        let arrivals = UploadGate::new(UploadLimits {
            grace: Duration::from_secs(60),
            ..LIMITS
        });
        let mut slow = Box::pin(receive(&arrivals, "192.0.2.1", drip()));
        assert!(slow.as_mut().now_or_never().is_none(), "on its way");
        let unanswered = receive(&arrivals, "192.0.2.1", whole(10)).await.unwrap();
        assert_eq!(receive(&arrivals, "192.0.2.1", whole(10)).await.unwrap_err(), 503);
        assert!(receive(&arrivals, "192.0.2.2", whole(10)).await.is_ok());
        drop(unanswered);
        assert!(receive(&arrivals, "192.0.2.1", whole(10)).await.is_ok());
        drop(slow);
        assert!(arrivals.0.senders.with(|senders| senders.is_empty()));
    }

    #[tokio::test]
    async fn all_that_is_held_together_is_bounded() {
        let arrivals = UploadGate::new(LIMITS);
        let mut first = receive(&arrivals, "192.0.2.1", whole(5 * 1024)).await.unwrap();
        assert_eq!(first.0.len(), 5 * 1024);
        assert_eq!(receive(&arrivals, "192.0.2.2", whole(4 * 1024)).await.unwrap_err(), 503);
        first.1.takes_bytes(3 * 1024).unwrap();
        assert!(first.1.takes_bytes(1).is_err(), "answers count as well");
        assert_eq!(receive(&arrivals, "192.0.2.2", whole(1)).await.unwrap_err(), 503);
        drop(first);
        let parts = (0..4).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1_000])));
        let in_parts = Body::from_stream(stream::iter(parts));
        let (bytes, _place) = receive(&arrivals, "192.0.2.2", in_parts).await.unwrap();
        assert_eq!(bytes, vec![b'x'; 4_000]);
        assert_eq!(arrivals.0.room.available_permits(), LIMITS.bytes / PIECE - 4);
    }
}
