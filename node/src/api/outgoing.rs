//! Answers on their way out. An answer that was made for one asker alone holds its room until it is sent, so that readers who
//! do not read hold a bounded amount of memory together; one that all share ([`super::documents`]) holds none.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use transport::client::ClientAddress;

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    App,
    problem::{Problem, UNAVAILABLE},
    routes::{DeclaredRoute, refusal},
};
use platform::lock::Lock;

/// An answer of so many bytes is in the hands of the kernel at once.
const SMALL: u64 = 64 * 1024;
/// Room is counted in pieces of so many bytes.
const PIECE: u64 = 1024;
/// The pieces of all large answers that were made for one asker each, together: 32 MiB. The buffer of an answer that grew
/// while it was written may be twice as large.
const ROOM: usize = 32 * 1024;
/// Those of one client.
const ROOM_OF_ONE: usize = 8 * 1024;
/// The most lists that are made at once: each may take several times its size while it is made.
const MAKING: usize = 8;
/// In how many seconds who finds no room comes again.
const COME_AGAIN: u64 = 10;

/// Marks an answer whose bytes all askers share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedResponse;

/// The room for large answers. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ResponseBudget(Arc<ResponseBudgetState>);

#[derive(Debug)]
struct ResponseBudgetState {
    all: Arc<Semaphore>,
    making: Arc<Semaphore>,
    /// The number of pieces that each client holds.
    of_one: Lock<HashMap<ClientAddress, usize>>,
}

/// The room that one answer holds, until it is dropped.
#[derive(Debug)]
struct ResponsePermit {
    outgoing: ResponseBudget,
    client: ClientAddress,
    pieces: usize,
    _permit: OwnedSemaphorePermit,
}

impl ResponseBudget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(ResponseBudgetState {
            all: Arc::new(Semaphore::new(ROOM)),
            making: Arc::new(Semaphore::new(MAKING)),
            of_one: Lock::default(),
        }))
    }

    /// A turn to make a large answer, if one is free soon.
    pub(super) async fn makes(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = tokio::time::timeout(Duration::from_secs(COME_AGAIN), self.0.making.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "too many lists are being made at the moment: try again";
            Problem::new(&UNAVAILABLE, detail).retry_after(COME_AGAIN)
        })
    }

    /// The same answer, holding its room; or a refusal, if there is none.
    fn hold(&self, client: ClientAddress, response: Response) -> Result<Response, Problem> {
        let bytes = response.body().size_hint().exact().unwrap_or(0);
        if bytes <= SMALL || response.extensions().get::<SharedResponse>().is_some() {
            return Ok(response);
        }
        let pieces = usize::try_from(bytes.div_ceil(PIECE)).unwrap_or(usize::MAX);
        let room = self.take(client, pieces).ok_or_else(|| {
            let detail = "too many large answers wait for those who asked for them: try again";
            Problem::new(&UNAVAILABLE, detail).retry_after(COME_AGAIN)
        })?;
        let room = Arc::new(room);
        Ok(response.map(|body| Body::new(PermitBody { body, room })))
    }

    fn take(&self, client: ClientAddress, pieces: usize) -> Option<ResponsePermit> {
        let permit = self
            .0
            .all
            .clone()
            .try_acquire_many_owned(u32::try_from(pieces).ok()?)
            .ok()?;
        let fits = self.0.of_one.with(|of_one| {
            let held = of_one.get(&client).copied().unwrap_or(0);
            // One answer has room in any case, however large it is.
            let fits = held == 0 || held + pieces <= ROOM_OF_ONE;
            if fits {
                of_one.insert(client, held + pieces);
            }
            fits
        });
        fits.then(|| ResponsePermit {
            outgoing: self.clone(),
            client,
            pieces,
            _permit: permit,
        })
    }
}

impl Drop for ResponsePermit {
    fn drop(&mut self) {
        self.outgoing.0.of_one.with(|of_one| {
            let left = of_one.remove(&self.client).unwrap_or(0).saturating_sub(self.pieces);
            if left > 0 {
                of_one.insert(self.client, left);
            }
        });
    }
}

/// After the routes: has a large answer hold its room.
pub(crate) async fn hold(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = DeclaredRoute::of(request.extensions());
    let client = app.clients.of(request.extensions(), request.headers());
    let response = next.run(request).await;
    app.outgoing
        .hold(client, response)
        .unwrap_or_else(|problem| refusal(route, problem))
}

/// A body with its room.
struct PermitBody {
    body: Body,
    room: Arc<ResponsePermit>,
}

/// Bytes that hold their room wherever they are: a connection that is slow has taken them over long before they are sent.
struct PermitBytes {
    bytes: Bytes,
    _room: Arc<ResponsePermit>,
}

impl AsRef<[u8]> for PermitBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let held = |bytes| {
            Bytes::from_owner(PermitBytes {
                bytes,
                _room: self.room.clone(),
            })
        };
        frame.map(|frame| Some(frame?.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::HeaderMap};
    use futures::StreamExt as _;

    use super::*;
    use crate::{
        api::clients::ClientBudgets,
        config::{BudgetConfig, LookupConfig},
    };

    fn client(address: &str) -> ClientAddress {
        let clients = ClientBudgets::new(&LookupConfig::default(), &BudgetConfig::default());
        clients.at(address.parse().unwrap(), &HeaderMap::new())
    }

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![b'x'; bytes]))
    }

    #[tokio::test]
    async fn a_large_answer_holds_its_room_until_its_last_byte_is_gone_and_a_shared_one_holds_none() {
        let outgoing = ResponseBudget::new();
        let free = || outgoing.0.all.available_permits();
        let all = free();
        let small = outgoing.hold(client("192.0.2.1"), answer(1_000)).unwrap();
        assert_eq!(free(), all);
        let mut shared = answer(8 << 20);
        shared.extensions_mut().insert(SharedResponse);
        let shared = outgoing.hold(client("192.0.2.1"), shared).unwrap();
        assert_eq!(free(), all);
        let take = |from: &str| -> Vec<_> { (0..40).map(|_| outgoing.hold(client(from), answer(1 << 20))).collect() };
        let count = |many: &[Result<Response, Problem>]| many.iter().filter(|held| held.is_ok()).count();
        let many = take("192.0.2.1");
        assert_eq!(count(&many), 8, "one client has its share");
        let others: Vec<_> = (2..9).flat_map(|last| take(&format!("192.0.2.{last}"))).collect();
        assert_eq!(count(&others), 24, "and all together have theirs");
        drop(others);
        let refused = many.into_iter().find_map(Result::err).unwrap();
        assert_eq!(refused.status().as_u16(), 503);
        assert_eq!(free(), all, "all are gone");

        let large = outgoing.hold(client("192.0.2.1"), answer(1 << 20)).unwrap();
        let mut stream = large.into_body().into_data_stream();
        let bytes = stream.next().await.unwrap().unwrap();
        drop(stream);
        assert_eq!(
            (bytes.len(), free()),
            (1 << 20, all - 1024),
            "the bytes are on their way"
        );
        let last = bytes.slice(bytes.len() - 1..);
        drop(bytes);
        assert_eq!(free(), all - 1024);
        drop(last);
        assert_eq!(free(), all);
        for (held, length) in [(small, 1_000), (shared, 8 << 20)] {
            assert_eq!(to_bytes(held.into_body(), usize::MAX).await.unwrap().len(), length);
        }
    }
}
