//! The guard before HTTP: how many connections there are, and how long one may keep the node waiting.

use std::{
    future::{Ready, ready},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::Request,
    response::Response,
};
use axum_server::accept::Accept;
use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::AbortHandle,
    time::{Instant, Sleep, sleep},
};
use tower_service::Service;

use platform::lock::Lock;
use transport::{
    client::ClientAddress,
    doorway::{AdmissionLimits, ConnectionLimiter, ConnectionPermit},
};

/// The time that the other side may take nothing of an answer. With [`super::SEND_BUFFER`], a reader of about six kilobytes
/// a second never comes near it.
const LONGEST_STALL: Duration = Duration::from_secs(30);

/// An answer of fewer bytes than this is in the kernel's hands at once.
const SMALL_ANSWER: u64 = 64 * 1024;
/// The time that an answer whose length is not known may be on its way.
const LONGEST_STREAM: Duration = Duration::from_secs(600);
/// The number of bytes a second that are expected of a reader, after the first minute.
const LEAST_A_SECOND: u64 = 4 * 1024;

/// Returns the time that an answer may be on its way, if it needs a limit: a reader by HTTP/2 can leave a single answer
/// unread and take others, so that the connection never stalls.
fn longest_sending(body: &Body) -> Option<Duration> {
    match body.size_hint().exact() {
        Some(bytes) if bytes <= SMALL_ANSWER => None,
        Some(bytes) => Some(Duration::from_secs(60 + bytes / LEAST_A_SECOND)),
        None => Some(LONGEST_STREAM),
    }
}

/// Lets connections in. Clones share the places.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionGuard {
    strangers: ConnectionLimiter,
    /// For this node's own proxies, behind which many come.
    proxied: ConnectionLimiter,
    proxies: Arc<[IpAddr]>,
    refused: Arc<RefusedConnections>,
}

/// The time between two lines in the log about connections that were refused.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Connections that were refused and of which the log does not tell yet.
#[derive(Debug, Default)]
struct RefusedConnections {
    count: AtomicU64,
    told: Lock<Option<Instant>>,
}

impl RefusedConnections {
    /// Counts one; and tells of all, if that was not done for a while.
    fn one_more(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let is_due = self.told.with(|told| {
            let is_due = told.is_none_or(|told| now.duration_since(told) >= TELL_EVERY);
            if is_due {
                *told = Some(now);
            }
            is_due
        });
        if is_due {
            let refused = self.count.swap(0, Ordering::Relaxed);
            tracing::warn!(
                refused,
                "connections were refused, since all places were in use: see `ulimit -n` and RUNBOOK.md"
            );
        }
    }
}

impl ConnectionGuard {
    /// A guard with room for so many connections in all.
    pub(crate) fn new(in_all: usize, proxies: &[IpAddr]) -> Self {
        let of_one = (in_all / 4).clamp(8, 256);
        let half = in_all / 2;
        let welcome = half / 8;
        Self {
            strangers: ConnectionLimiter::new(AdmissionLimits {
                in_all: half,
                of_one,
                welcome,
            }),
            proxied: ConnectionLimiter::new(AdmissionLimits {
                in_all: half - welcome,
                of_one: half - welcome,
                welcome: 0,
            }),
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
            refused: Arc::default(),
        }
    }

    fn enter(&self, stream: &TcpStream) -> io::Result<Arc<ConnectionPermit>> {
        let address = stream.peer_addr()?.ip().to_canonical();
        let is_proxy = self.proxies.contains(&address);
        let door = if is_proxy { &self.proxied } else { &self.strangers };
        let full = || {
            self.refused.one_more();
            io::Error::new(io::ErrorKind::ConnectionRefused, "all places are in use")
        };
        let visitor = door.enter(ClientAddress::at(address)).ok_or_else(full)?;
        // On a busy machine many come before this one has its turn.
        visitor.waits_to_be_heard();
        Ok(Arc::new(visitor))
    }
}

impl<S> Accept<TcpStream, S> for ConnectionGuard {
    type Stream = GuardedStream;
    type Service = GuardedService<S>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.enter(&stream).map(|visitor| {
            let guarded = GuardedStream {
                stream,
                visitor: visitor.clone(),
                stall: None,
            };
            (guarded, GuardedService { service, visitor })
        }))
    }
}

/// A connection that ends when its place is needed for another, or when the other side reads nothing for too long.
#[derive(Debug)]
pub(crate) struct GuardedStream {
    stream: TcpStream,
    visitor: Arc<ConnectionPermit>,
    /// Runs while the other side takes nothing.
    stall: Option<Pin<Box<Sleep>>>,
}

impl GuardedStream {
    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        match self.visitor.is_shown_out(context.waker()) {
            false => Ok(()),
            true => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the place is needed for another",
            )),
        }
    }

    /// Notes whether the other side took something, and gives up one that has taken nothing for too long.
    fn watch(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.stall = None;
            self.visitor.gets_on();
            return wrote;
        }
        let visitor = &self.visitor;
        let stall = self.stall.get_or_insert_with(|| {
            visitor.stalls();
            Box::pin(sleep(LONGEST_STALL))
        });
        match stall.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                stall.as_mut().reset(Instant::now() + LONGEST_STALL);
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads the answer")))
            }
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            self.visitor.is_heard();
        }
        read
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, wrote)
    }

    // Otherwise what many read at once would be copied for each.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A service that tells the doorway when a request begins and when its answer is sent.
#[derive(Clone, Debug)]
pub(crate) struct GuardedService<S> {
    service: S,
    visitor: Arc<ConnectionPermit>,
}

/// The visitor whose request it is: for handlers that learn that it is welcome.
#[derive(Clone, Debug)]
pub(crate) struct RequestVisitor(Arc<ConnectionPermit>);

impl RequestVisitor {
    /// Moves its connection to a place that strangers cannot take.
    pub(crate) fn is_welcome(&self) {
        self.0.is_welcome();
    }
}

impl<S, B> Service<Request<B>> for GuardedService<S>
where
    S: Service<Request<Body>, Response = Response>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut turn = ActiveRequest::begin(self.visitor.clone());
        let visitor = &self.visitor;
        visitor.is_heard();
        let mut request = request.map(|body| ArrivingBody::of(body, visitor.clone()));
        request.extensions_mut().insert(RequestVisitor(visitor.clone()));
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            if let Some(longest) = longest_sending(answer.body()) {
                turn.ends_within(longest);
            }
            let turn = Arc::new(turn);
            Ok(answer.map(|body| Body::new(TrackedBody { body, turn })))
        })
    }
}

/// The body of a request, which tells the doorway how it arrives.
struct ArrivingBody<B> {
    body: B,
    visitor: Arc<ConnectionPermit>,
    is_here: bool,
}

impl<B> ArrivingBody<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    fn of(body: B, visitor: Arc<ConnectionPermit>) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        visitor.receives();
        Body::new(Self {
            body,
            visitor,
            is_here: false,
        })
    }
}

impl<B> ArrivingBody<B> {
    fn is_here(&mut self) {
        if !std::mem::replace(&mut self.is_here, true) {
            self.visitor.has_received();
        }
    }
}

impl<B> Drop for ArrivingBody<B> {
    fn drop(&mut self) {
        self.is_here();
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for ArrivingBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.visitor.received(frame.data_ref().map_or(0, Bytes::len));
                if self.body.is_end_stream() {
                    self.is_here();
                }
            }
            Poll::Ready(_) => self.is_here(),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
struct ActiveRequest {
    visitor: Arc<ConnectionPermit>,
    /// Ends the connection, if the answer is on its way for too long.
    limit: Option<AbortHandle>,
}

impl ActiveRequest {
    fn begin(visitor: Arc<ConnectionPermit>) -> Self {
        visitor.begins();
        Self { visitor, limit: None }
    }

    fn ends_within(&mut self, longest: Duration) {
        let visitor = self.visitor.clone();
        let limit = tokio::spawn(async move {
            sleep(longest).await;
            visitor.show_out();
        });
        self.limit = Some(limit.abort_handle());
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        if let Some(limit) = &self.limit {
            limit.abort();
        }
        self.visitor.ends();
    }
}

/// The body of an answer, with which the turn ends.
struct TrackedBody {
    body: Body,
    turn: Arc<ActiveRequest>,
}

/// A large piece of an answer: the turn ends when it is sent, not when the connection has it in its hands.
struct TrackedBytes {
    bytes: Bytes,
    _turn: Arc<ActiveRequest>,
}

impl AsRef<[u8]> for TrackedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let kept = |bytes: Bytes| match bytes.len() as u64 > SMALL_ANSWER {
            false => bytes,
            true => Bytes::from_owner(TrackedBytes {
                bytes,
                _turn: self.turn.clone(),
            }),
        };
        frame.map(|frame| Some(frame?.map(|frame| frame.map_data(kept))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
