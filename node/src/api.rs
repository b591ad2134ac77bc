//! The HTTP API. [`table`] is its table of contents; one file a resource. **No path stands anywhere else**: what is done around
//! the routes follows from what each declares ([`routes`]).
//!
//! A handler reads: load → authenticate → limit → do → reply. Errors are RFC 9457 problems with a page each.

pub(crate) mod agencies;
mod agency_recognitions;
pub(crate) mod applications;
pub(crate) mod arrivals;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod bulk;
pub(crate) mod clients;
mod clock;
mod confirmations;
mod contract;
mod costs;
mod credentials;
pub(crate) mod documents;
pub(crate) mod federation;
pub(crate) mod following;
mod forks;
mod frameworks;
mod hindrances;
mod host;
mod issuers;
mod key_log;
pub(crate) mod language;
mod lost_records;
mod operations;
pub(crate) mod outgoing;
mod paging;
mod peers;
mod policy;
pub(crate) mod problem;
mod pulls;
mod recognitions;
pub(crate) mod registries;
mod replication;
pub(crate) mod routes;
mod rubrics;
pub(crate) mod status_lists;
pub(crate) mod store;
mod stores;
mod table;
mod trqp;
mod trust_history;
mod vc_api;
pub(crate) mod verifications;
pub(crate) mod warnings;
pub(crate) mod worth;

use std::{ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use arrivals::UploadGate;
use auth::BearerScheme;
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state, map_response},
    response::Response,
};
use futures::StreamExt as _;
use routes::{BodyLimit, DeclaredRoute, refusal};
use tokio::sync::{Semaphore, watch};
use tower_http::{set_header::SetResponseHeaderLayer, trace::TraceLayer};
use tracing::Span;
use utoipa::openapi::OpenApi;

use crate::{
    config::RegistrationConfig,
    forwarding::{self, Forwarder},
    underway::{self, WriteGate},
    web,
};
use agency::{
    check_counter::CheckCounter,
    external_sources::ExternalSources,
    federation_files::FederationFiles,
    health::Health,
    lease::LeaseRole,
    node_client::NodeClient,
    registrar::Registrar,
    registry::{RegistryHistory, SharedRegistry},
    trust_history::TrustHistory,
};
use platform::clock::Clock;
use storage::Store;
use transport::doorway::ConnectionLimiter;

/// The part of a body that is too large which is read, and thrown away, before its sender is cut off.
const MOST_LET_BY: usize = 64 * 1024 * 1024;

/// The header that tells the time by which the node answers (RFC 3339).
const TIME: HeaderName = HeaderName::from_static("comity-time");

/// The most questions that are passed on at once to other stores of this agency.
pub(crate) const MAX_PASSED_ON: usize = 128;

/// The badges, and whatever else of at most [`BodyLimit::BADGE`] strangers send, that are on their way or not yet answered.
pub(crate) const ARRIVING: arrivals::UploadLimits = arrivals::UploadLimits {
    what: "badges",
    bytes: 256 * 1024 * 1024,
    of_one: 128,
    grace: Duration::from_secs(10),
    longest: Duration::from_secs(15),
};

/// The most received badges that are judged at once; the others wait. A slow sender holds up no judging.
pub(crate) const MAX_JUDGING: usize = 16;

/// The state that the handlers work with: one pointer, because every request takes some copies of it.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<AppState>);

impl From<AppState> for App {
    fn from(parts: AppState) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The parts of an [`App`].
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) store: Store,
    pub(crate) registry: SharedRegistry,
    /// The logs that are held, as files for everybody.
    pub(crate) federation_files: FederationFiles,
    /// The statements that were made in trust lists.
    pub(crate) trust_history: TrustHistory,
    pub(crate) clock: Clock,
    pub(crate) node_client: NodeClient,
    /// The role of this process: whether it writes for the agency.
    pub(crate) role: watch::Receiver<LeaseRole>,
    /// The health of this process.
    pub(crate) health: Health,
    /// To the process that does; none where only this one can.
    pub(crate) forwarding: Option<Forwarder>,
    /// The budgets of this node's work that each client has.
    pub(crate) clients: clients::ClientBudgets,
    /// Writes that are carried out.
    pub(crate) write_gate: WriteGate,
    /// The knowledge of this node at earlier moments.
    pub(crate) registry_history: RegistryHistory,
    /// The documents that issuers outside the federation publish.
    pub(crate) external_sources: ExternalSources,
    /// Files on their way.
    pub(crate) file_downloads: ConnectionLimiter,
    /// Documents that all share.
    pub(crate) documents: documents::DocumentCache,
    /// Large answers on their way that nobody shares.
    pub(crate) outgoing: outgoing::ResponseBudget,
    /// Badges on their way.
    pub(crate) badge_uploads: UploadGate,
    /// Uploads of many badges on their way.
    pub(crate) bulk_uploads: UploadGate,
    /// A permit for each question that is passed on to other stores of this agency.
    pub(crate) sibling_permits: Arc<Semaphore>,
    /// A permit for each badge that is being judged.
    pub(crate) judging_permits: Arc<Semaphore>,
    /// The file with the certificate of HTTPS, if there is one.
    pub(crate) certificate: Option<PathBuf>,
    /// The rules by which this agency takes applications.
    pub(crate) registration: RegistrationConfig,
    /// True if anybody may have the tickets of this node's peers.
    pub(crate) introduces: bool,
    /// A permit for each upload of many badges that is being worked on.
    pub(crate) bulk_permits: Arc<Semaphore>,
    /// The counts of badges that were checked.
    pub(crate) check_counter: CheckCounter,
    /// Status lists for verifiers of other projects, signed.
    pub(crate) signed_lists: status_lists::SignedLists,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Comity",
        description = "A node of a federated registry for educators' micro-credentials. \
                       Public routes need nothing; routes for operators need `Authorization: Bearer TOKEN`. \
                       Times are RFC 3339 in UTC; the header `Comity-Time` of each answer tells the time by which the node \
                       gives it. Errors are RFC 9457 problems; their `type` is a page that explains them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&BearerScheme),
)]
struct ApiDoc;

/// The document that the node serves.
pub(crate) fn document() -> OpenApi {
    contract::complete(table::told_by_handlers())
}

/// The router: the handlers of the table, and around them what each is declared to need.
pub(crate) fn router(app: App) -> Router {
    let document = document();
    let told = documents::CachedApiDescription::of(&document);
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    // Who reads an age in an answer may have another clock than this node.
    let clock = app.clock.clone();
    let time = move |_: &Response| HeaderValue::try_from(clock.now().to_string()).ok();
    table::handlers()
        .fallback(problem::no_such_route)
        // Together, because each layer of its own costs every request a box; the first is the outermost.
        .layer((
            TraceLayer::new_for_http().make_span_with(span),
            SetResponseHeaderLayer::if_not_present(TIME, time),
            header(header::CACHE_CONTROL, "no-store"),
            header(header::CONTENT_SECURITY_POLICY, web::CONTENT_SECURITY_POLICY),
            header(header::REFERRER_POLICY, "no-referrer"),
            header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            map_response(problem::in_our_words),
            from_fn(routes::declare),
            from_fn(host::refuse_unclear),
            from_fn_with_state(app.clone(), outgoing::hold),
            from_fn_with_state(app.clone(), costs::take),
            from_fn(refuse_what_is_too_large),
            from_fn_with_state(app.clone(), operations::answer_once_restored),
            from_fn_with_state(
                (app.forwarding.clone(), app.clients.clone()),
                forwarding::forward_writes,
            ),
            from_fn_with_state((app.write_gate.clone(), app.clients.clone()), underway::finish_writes),
            (
                from_fn_with_state(app.clone(), auth::require_role),
                // [`body::Body`] is the only reader of bodies, and knows the limit of each route.
                DefaultBodyLimit::disable(),
                Extension(web::reference(&document)),
                Extension(told),
            ),
        ))
        .with_state(app)
}

/// The span of a request, with its route and not its address: in addresses there are codes, and names.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}

/// Answers a request that says it is too large, once its body has gone by: a client that still writes when the answer
/// comes sees a broken connection instead of it. Nothing of the body is kept.
async fn refuse_what_is_too_large(request: Request, next: Next) -> Response {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let route = DeclaredRoute::of(request.extensions());
    let limit = route.map_or(&BodyLimit::REQUEST, DeclaredRoute::limit);
    if length.is_none_or(|length: usize| length <= limit.bytes) {
        return next.run(request).await;
    }
    let mut gone_by = 0;
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(chunk)) = body.next().await {
        gone_by += chunk.len();
        if gone_by > MOST_LET_BY {
            break;
        }
    }
    refusal(route, limit.too_large())
}

/// 201 for what was written; 200 for what only would have been.
const fn created(hand: &agency::registrar::Actor) -> StatusCode {
    if hand.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    }
}
