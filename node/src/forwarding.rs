//! Forwards what operators ask to be written to the process of this agency that writes.
//!
//! The holder of the lease takes forwarded requests at a door of its own: TLS with a certificate that it made itself and
//! that the lease's row names, and a secret in that row. So only a process that can read the agency's database comes
//! in, and an operator's token goes to nobody else. The holder authenticates the operator again.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use rand::Rng as _;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::api::{
    auth,
    body::whole,
    clients::{ClientBudgets, ForwardedFor},
    problem::{NO_WRITER, OUTCOME_UNKNOWN, Problem, UNAUTHENTICATED},
    routes::{BodyLimit, DeclaredRoute, ForwardingRule},
};
use agency::lease::{LeaseHolder, LeaseRole};
use platform::lock::Lock;
use storage::Store;

/// The name on the certificate of the holder's door.
const DOOR: &str = "comity-holder";
/// Carries the lease's secret, in hexadecimal.
const SECRET: HeaderName = HeaderName::from_static("comity-lease");
/// Says on whose behalf it is forwarded: the address whose share is counted.
const CLIENT: HeaderName = HeaderName::from_static("comity-client");
/// Says that the holder did nothing of what was asked: it may be asked of another.
const NOT_DONE: HeaderName = HeaderName::from_static("comity-not-done");
/// The number of requests that are forwarded or wait for a holder at once; each may hold a body as long as
/// its route reads.
const MOST_AT_ONCE: usize = 64;
/// The number of strangers' requests at once, beside those.
const MOST_OF_STRANGERS: usize = 8;
/// The time that a request waits for a process that takes over, before it is told to come again.
const WAIT_FOR_HOLDER: Duration = Duration::from_secs(15);
/// The time that a connection to the holder may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time that the holder may take to answer: it may itself wait half a minute for its peers' word on its log.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// The time for which the door sends on before it shuts.
const CLOSING: Duration = Duration::from_millis(300);
/// The longest answer that is passed on.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The time that an answer waits until this process knows what it tells of.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(2);

/// Forwards to the holder of the lease. Clones share its connections.
#[derive(Clone, Debug)]
pub(crate) struct Forwarder {
    store: Store,
    role: watch::Receiver<LeaseRole>,
    catch_up: mpsc::Sender<oneshot::Sender<()>>,
    places: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    /// A client for the holder of an epoch.
    client: Arc<Lock<Option<(i64, reqwest::Client)>>>,
}

/// The outcome of forwarding a request.
enum ForwardOutcome {
    Answered(Response),
    /// Nothing of it reached the holder.
    NotReached,
    /// It may have reached the holder, and no answer came.
    Silence,
}

impl Forwarder {
    pub(crate) fn new(
        store: Store,
        role: watch::Receiver<LeaseRole>,
        catch_up: mpsc::Sender<oneshot::Sender<()>>,
    ) -> Self {
        Self {
            store,
            role,
            catch_up,
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            strangers: Arc::new(Semaphore::new(MOST_OF_STRANGERS)),
            client: Arc::default(),
        }
    }

    async fn forward(
        mut self,
        asker: IpAddr,
        request: Request,
        next: Next,
        is_operators: bool,
    ) -> Result<Response, Problem> {
        let places = if is_operators { &self.places } else { &self.strangers }.clone();
        let busy = |_| {
            Problem::new(
                &NO_WRITER,
                "too many requests wait for the process that writes: try again",
            )
        };
        let _place = places.try_acquire().map_err(busy)?;
        let (parts, body) = request.into_parts();
        let limit = DeclaredRoute::of(&parts.extensions).map_or(&BodyLimit::REQUEST, DeclaredRoute::limit);
        let body = whole(body, limit).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let deadline = tokio::time::Instant::now() + WAIT_FOR_HOLDER;
        loop {
            let role = self.role.borrow_and_update().clone();
            let sent = match &role {
                LeaseRole::Follower(Some(holder)) => {
                    let client = self.client(holder).map_err(|error| {
                        tracing::error!(
                            error = format!("{error:#}"),
                            "the lease names a holder that cannot be asked"
                        );
                        Problem::new(&NO_WRITER, "the process that writes cannot be reached")
                    })?;
                    let request = client
                        .request(
                            parts.method.clone(),
                            format!("https://{DOOR}:{}{path}", holder.address.port()),
                        )
                        .headers(end_to_end(&parts.headers))
                        .header(CLIENT, asker.to_string())
                        .header(SECRET, hexadecimal(&holder.secret))
                        .body(body.clone());
                    send(request).await
                }
                LeaseRole::Follower(None) => ForwardOutcome::NotReached,
                // It came to us while the request waited.
                LeaseRole::Holder => return Ok(next.run(Request::from_parts(parts, Body::from(body))).await),
            };
            match sent {
                ForwardOutcome::Answered(response) => {
                    self.catch_up().await;
                    return Ok(response);
                }
                ForwardOutcome::Silence => {
                    return Err(Problem::new(
                        &OUTCOME_UNKNOWN,
                        "the process that writes went before it answered: look at what stands before you send it again",
                    ));
                }
                ForwardOutcome::NotReached => {}
            }
            let changed = self.role.wait_for(|now| *now != role);
            if !matches!(tokio::time::timeout_at(deadline, changed).await, Ok(Ok(_))) {
                break;
            }
        }
        Err(Problem::new(
            &NO_WRITER,
            "no process of this agency writes at the moment; nothing was changed: try again in some seconds",
        ))
    }

    /// Waits until this process has read what was just written, so that an operator finds it here.
    async fn catch_up(&self) {
        let (told, telling) = oneshot::channel();
        if self.catch_up.send(told).await.is_ok() {
            // If it takes too long, the answers' own `as_of` says up to when they know.
            let _ = tokio::time::timeout(CATCH_UP_TIMEOUT, telling).await;
        }
    }

    fn client(&self, holder: &LeaseHolder) -> anyhow::Result<reqwest::Client> {
        let known = self.client.with(|known| known.clone());
        if let Some((epoch, client)) = known
            && epoch == holder.epoch
        {
            return Ok(client);
        }
        let certificate = reqwest::Certificate::from_pem(holder.certificate.as_bytes())?;
        let client = reqwest::Client::builder()
            .tls_certs_only([certificate])
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .resolve(DOOR, holder.address)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .context("a client for the holder of the lease")?;
        self.client.with(|known| *known = Some((holder.epoch, client.clone())));
        Ok(client)
    }
}

async fn send(request: reqwest::RequestBuilder) -> ForwardOutcome {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(%error, "the holder of the lease cannot be asked");
            return if error.is_connect() {
                ForwardOutcome::NotReached
            } else {
                ForwardOutcome::Silence
            };
        }
    };
    if response.headers().contains_key(&NOT_DONE) {
        return ForwardOutcome::NotReached;
    }
    let (status, headers) = (response.status(), end_to_end(response.headers()));
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Ok(Some(_)) | Err(_) => return ForwardOutcome::Silence,
        }
    }
    ForwardOutcome::Answered((status, headers, Body::from(body)).into_response())
}

/// The headers that are not of one connection alone (RFC 9110, §7.6.1).
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
        header::HOST,
        header::UPGRADE,
        header::EXPECT,
        header::TE,
        header::TRAILER,
        SECRET,
        CLIENT,
    ] {
        passed.remove(name);
    }
    passed
}

/// Before the routes: what operators ask to be written is forwarded, unless this process writes. What is asked by others
/// goes on to its route: each one that writes is for operators and says so, and finds no author here if it forgot.
pub(crate) async fn forward_writes(
    State((forwarding, clients)): State<(Option<Forwarder>, ClientBudgets)>,
    request: Request,
    next: Next,
) -> Response {
    // What is no route is answered here.
    let rule = DeclaredRoute::of(request.extensions()).map_or(ForwardingRule::Never, DeclaredRoute::forwarding);
    let is_strangers = rule == ForwardingRule::Everybody;
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    let concerns_the_holder = is_strangers || (rule == ForwardingRule::Operators && has_token);
    let Some(forwarding) = forwarding.filter(|one| concerns_the_holder && *one.role.borrow() != LeaseRole::Holder)
    else {
        return next.run(request).await;
    };
    // Only operators' requests are kept and sent on, and a few small ones of who applies.
    let is_operators = auth::operator(request.headers(), &forwarding.store).await.is_ok();
    let client = clients.of(request.extensions(), request.headers()).address();
    if !is_operators && !is_strangers {
        return next.run(request).await;
    }
    forwarding
        .forward(client, request, next, is_operators)
        .await
        .unwrap_or_else(axum::response::IntoResponse::into_response)
}

/// The holder's door for forwarded requests, open while this process holds the lease.
#[derive(Clone, Debug)]
pub(crate) struct HolderListener {
    secret: [u8; 32],
    role: watch::Receiver<LeaseRole>,
    closing: Arc<AtomicBool>,
}

impl HolderListener {
    pub(crate) fn new(role: watch::Receiver<LeaseRole>) -> Self {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        let closing = Arc::default();
        Self { secret, role, closing }
    }

    /// Sends on whoever comes from now on, for a moment, so that a request that is on its way is not met by a connection
    /// that ends: who sent it could not know what became of it.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        tokio::time::sleep(CLOSING).await;
    }

    /// Returns the secret that it asks of those who forward; the lease's row tells it to them.
    pub(crate) const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// A certificate for it and its key, as PEM.
    pub(crate) fn certificate() -> anyhow::Result<(String, String)> {
        let made = rcgen::generate_simple_self_signed(vec![DOOR.to_owned()])?;
        Ok((made.cert.pem(), made.signing_key.serialize_pem()))
    }
}

/// Lets in who knows the secret of the lease, while this process holds it.
pub(crate) async fn guard(State(door): State<HolderListener>, mut request: Request, next: Next) -> Response {
    let shown = request.headers_mut().remove(SECRET);
    let expected = hexadecimal(&door.secret);
    let knows = shown.is_some_and(|shown| {
        aws_lc_rs::constant_time::verify_slices_are_equal(shown.as_bytes(), expected.as_bytes()).is_ok()
    });
    if !knows {
        return Problem::new(&UNAUTHENTICATED, "this door is for the processes of this agency alone").into_response();
    }
    if *door.role.borrow() != LeaseRole::Holder || door.closing.load(Ordering::Acquire) {
        let problem = Problem::new(&NO_WRITER, "this process does not write for the agency any more");
        return ([(NOT_DONE, "true")], problem).into_response();
    }
    let client = request.headers_mut().remove(CLIENT);
    let client = client.and_then(|client| client.to_str().ok()?.parse().ok());
    if let Some(client) = client {
        request.extensions_mut().insert(ForwardedFor(client));
    }
    next.run(request).await
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{Router, http::StatusCode, routing::post};

    use super::*;
    use crate::serve;

    async fn door(certificate: (String, String)) -> SocketAddr {
        let breaks_off = || async {
            let parts = [Ok("{"), Err(std::io::Error::other("the process is gone"))];
            Body::from_stream(futures::stream::iter(parts))
        };
        let router = Router::new()
            .route("/done", post(|| async { (StatusCode::CREATED, "done") }))
            .route("/broken", post(breaks_off));
        let listen = "127.0.0.1:0".parse().unwrap();
        let guard = serve::ConnectionGuard::new(64, &[]);
        let (address, ..) = serve::door(listen, certificate, &"US-NC".parse().unwrap(), guard, router)
            .await
            .unwrap();
        address
    }

    /// An operator's token goes to the holder of the certificate that the lease names, and to nobody else at its address.
    #[tokio::test]
    async fn a_request_reaches_who_the_lease_names_or_nobody_and_a_lost_answer_is_told_from_no_answer() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), None).await.unwrap();
        let forwarding = Forwarder::new(store, watch::channel(LeaseRole::Holder).1, mpsc::channel(1).0);
        let (named, key) = HolderListener::certificate().unwrap();
        let holder = |epoch, address| LeaseHolder {
            epoch,
            address,
            certificate: named.clone(),
            secret: vec![],
        };
        let ask = async |holder: LeaseHolder, path: &str| {
            let url = format!("https://{DOOR}:{}{path}", holder.address.port());
            send(forwarding.client(&holder).unwrap().post(url)).await
        };
        let right = holder(1, door((named.clone(), key)).await);
        let sent = ask(right.clone(), "/done").await;
        assert!(matches!(sent, ForwardOutcome::Answered(response) if response.status() == StatusCode::CREATED));
        assert!(matches!(ask(right, "/broken").await, ForwardOutcome::Silence));
        let impostor = holder(2, door(HolderListener::certificate().unwrap()).await);
        assert!(matches!(ask(impostor, "/done").await, ForwardOutcome::NotReached));
        let nobody = holder(3, "127.0.0.1:1".parse().unwrap());
        assert!(matches!(ask(nobody, "/done").await, ForwardOutcome::NotReached));
    }
}
