//! The HTTP API. This file is its table of contents; one file a resource.
//!
//! A handler reads: load → authenticate → limit → do → reply. Errors are RFC 9457 problems with a page each.

pub(crate) mod agencies;
mod agency_recognitions;
pub(crate) mod applications;
pub(crate) mod arrivals;
pub(crate) mod auth;
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
mod rubrics;
pub(crate) mod status_lists;
pub(crate) mod store;
mod stores;
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
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state, map_response},
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures::StreamExt as _;
use tokio::sync::{Semaphore, watch};
use tower_http::{set_header::SetResponseHeaderLayer, timeout::TimeoutLayer, trace::TraceLayer};
use tracing::Span;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

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

/// The longest body that is read, unless a route says otherwise. A longer one is answered with 413.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The part of a body that is too large which is read, and thrown away, before its sender is cut off.
const MOST_LET_BY: usize = 64 * 1024 * 1024;

/// The header that tells the time by which the node answers (RFC 3339).
const TIME: HeaderName = HeaderName::from_static("comity-time");

/// The longest that a request may take, its body included; then it is answered with 408.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The most questions that are passed on at once to other stores of this agency.
pub(crate) const MAX_PASSED_ON: usize = 128;

/// The badges, and whatever else of at most [`MAX_BODY_BYTES`] strangers send, that are on their way or not yet answered.
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

#[derive(OpenApi)]
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

/// The routes that the document tells of.
fn resources() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(verifications::verify))
        .routes(routes!(bulk::verify))
        .routes(routes!(agencies::list))
        .routes(routes!(agencies::show))
        .routes(routes!(forks::list))
        .routes(routes!(forks::acknowledgements, forks::acknowledge))
        .routes(routes!(forks::one))
        .routes(routes!(peers::list, peers::add))
        .routes(routes!(peers::ticket))
        .routes(routes!(peers::introductions))
        .routes(routes!(peers::signed_introductions))
        .routes(routes!(peers::remove))
        .routes(routes!(pulls::pull))
        .routes(routes!(replication::heartbeats))
        .routes(routes!(replication::reach))
        .routes(routes!(issuers::list, issuers::register))
        .routes(routes!(issuers::show))
        .routes(routes!(recognitions::list, recognitions::recognize))
        .routes(routes!(recognitions::withdraw))
        .routes(routes!(agency_recognitions::list, agency_recognitions::recognize))
        .routes(routes!(agency_recognitions::withdraw))
        .routes(routes!(issuers::set_standing))
        .routes(routes!(issuers::set_provider))
        .routes(routes!(rubrics::list, rubrics::import))
        .merge(applications::routes())
        .routes(routes!(issuers::compromise))
        .routes(routes!(issuers::rekey))
        .routes(routes!(issuers::refresh_keys))
        .routes(routes!(issuers::registrations))
        .routes(routes!(trust_history::list))
        .routes(routes!(trqp::authorization))
        .routes(routes!(trqp::recognition))
        .routes(routes!(registries::entities))
        .routes(routes!(registries::registry))
        .routes(routes!(registries::configuration))
        .routes(routes!(registries::statement))
        .routes(routes!(policy::show, policy::apply))
        .routes(routes!(policy::model))
        .routes(routes!(policy::list_samples))
        .routes(routes!(policy::sample))
        .routes(routes!(worth::evaluate))
        .routes(routes!(policy::schema))
        .routes(routes!(frameworks::list, frameworks::import))
        .routes(routes!(frameworks::show, frameworks::remove))
        .routes(routes!(frameworks::coverage))
        .routes(routes!(credentials::list, credentials::issue))
        .routes(routes!(credentials::show))
        .routes(routes!(confirmations::one))
        .routes(routes!(credentials::change_status))
        .routes(routes!(credentials::expunge))
        .routes(routes!(status_lists::list))
        .routes(routes!(status_lists::show))
        .routes(routes!(status_lists::append))
        .routes(routes!(key_log::show, key_log::append))
        .routes(routes!(key_log::propose))
        .routes(routes!(key_log::did_document))
        .routes(routes!(vc_api::issue))
        .routes(routes!(vc_api::verify_credential))
        .routes(routes!(vc_api::verify_presentation))
        .routes(routes!(federation::index))
        .routes(routes!(federation::summary))
        .routes(routes!(federation::file))
        .routes(routes!(federation::held))
        .routes(routes!(operations::livez))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::version))
        .routes(routes!(warnings::list))
        .routes(routes!(clock::show))
        .routes(routes!(clock::accept))
        .routes(routes!(store::show))
        .routes(routes!(store::accept))
}

/// The document that the node serves.
#[cfg(test)]
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    contract::complete(resources().into_openapi())
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = resources().split_for_parts();
    let document = contract::complete(document);
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let pages = web::routes(&document);
    // Who reads an age in an answer may have another clock than this node.
    let clock = app.clock.clone();
    let time = move |_: &Response| HeaderValue::try_from(clock.now().to_string()).ok();
    // Made once, and shared by all who read it.
    let document = documents::json(&document).and_then(documents::CachedDocument::fixed);
    let document =
        move |asked: HeaderMap| async move { Ok::<_, problem::Problem>(document?.answer(&asked, "application/json")) };
    api.route("/openapi.json", get(document))
        .merge(pages)
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
            from_fn(host::refuse_unclear),
            from_fn_with_state(app.clone(), outgoing::hold),
            TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT),
            from_fn_with_state(app.clone(), costs::take),
            from_fn(refuse_what_is_too_large),
            DefaultBodyLimit::max(MAX_BODY_BYTES),
            from_fn_with_state(app.clone(), operations::answer_once_restored),
            from_fn_with_state(
                (app.forwarding.clone(), app.clients.clone()),
                forwarding::forward_writes,
            ),
            from_fn_with_state((app.write_gate.clone(), app.clients.clone()), underway::finish_writes),
        ))
        .with_state(app)
}

/// The span of a request, with its route and not its address: in addresses there are codes, and names.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}

/// Returns true if a person reads the answer, as a page.
pub(crate) fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(
        first,
        "" | "verify"
            | "agencies"
            | "issuers"
            | "frameworks"
            | "sample-rules"
            | "apply"
            | "application"
            | "docs"
            | "help"
    )
}

/// The longest body that is read at this path.
pub(crate) fn most_bytes(path: &str) -> usize {
    match path {
        _ if applications::is_proof(path) => MAX_BODY_BYTES,
        _ if forwarding::is_strangers_write(path) => applications::MAX_BYTES,
        "/v1/verifications/bulk" => verification::bulk::MAX_UPLOAD,
        "/v1/frameworks" => ::policy::framework::MAX_BYTES,
        _ => MAX_BODY_BYTES,
    }
}

/// Answers a request that says it is too large, once its body has gone by: a client that still writes when the answer
/// comes sees a broken connection instead of it. Nothing of the body is kept.
async fn refuse_what_is_too_large(request: Request, next: Next) -> Response {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let most = most_bytes(request.uri().path());
    if length.is_none_or(|length: usize| length <= most) {
        return next.run(request).await;
    }
    let is_form = matches!(
        request.uri().path(),
        "/verify" | "/apply" | "/application" | "/application/proof"
    );
    let mut gone_by = 0;
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(chunk)) = body.next().await {
        gone_by += chunk.len();
        if gone_by > MOST_LET_BY {
            break;
        }
    }
    let problem = match most {
        MAX_BODY_BYTES | applications::MAX_BYTES => {
            problem::Problem::unreadable_body(StatusCode::PAYLOAD_TOO_LARGE, String::new())
        }
        ::policy::framework::MAX_BYTES => frameworks::too_large(),
        _ => bulk::too_large(),
    };
    if is_form {
        web::problem_page(&problem)
    } else {
        problem.into_response()
    }
}

/// 201 for what was written; 200 for what only would have been.
const fn created(hand: &agency::registrar::Actor) -> StatusCode {
    if hand.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    }
}
