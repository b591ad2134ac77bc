//! The HTTP API. This file is its table of contents; one file a resource.
//!
//! A handler reads: load → authenticate → limit → do → reply. Errors are RFC 9457 problems with a page each.

pub(crate) mod agencies;
mod auth;
mod credentials;
mod issuers;
mod operations;
pub(crate) mod problem;
mod recognitions;
mod status_lists;
pub(crate) mod verifications;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, header},
    routing::get,
};
use tower_http::{set_header::SetResponseHeaderLayer, trace::TraceLayer};
use utoipa::OpenApi;
use auth::BearerScheme;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{clock::Clock, registrar::Registrar, registry::SharedRegistry, storage::Store, web};

/// The longest body that is read, unless a route says otherwise. A longer one is answered with 413.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// What the handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) store: Store,
    pub(crate) registry: SharedRegistry,
    pub(crate) clock: Clock,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Comity",
        description = "A node of a federated registry for educators' micro-credentials. \
                       Public routes need nothing; routes for operators need `Authorization: Bearer TOKEN`. \
                       Times are RFC 3339 in UTC. Errors are RFC 9457 problems; their `type` is a page that explains them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&BearerScheme),
)]
struct Document;

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(verifications::verify))
        .routes(routes!(agencies::list))
        .routes(routes!(agencies::one))
        .routes(routes!(agencies::peers))
        .routes(routes!(issuers::list, issuers::register))
        .routes(routes!(issuers::one))
        .routes(routes!(recognitions::list, recognitions::recognize))
        .routes(routes!(recognitions::withdraw))
        .routes(routes!(credentials::list, credentials::issue))
        .routes(routes!(credentials::one))
        .routes(routes!(credentials::change_status))
        .routes(routes!(status_lists::one))
        .routes(routes!(operations::livez))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::version))
        .split_for_parts();
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    api.route("/openapi.json", get(|| async { Json(document) }))
        .merge(web::routes())
        .fallback(problem::no_such_route)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, web::CONTENT_SECURITY_POLICY))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

/// 201 for what was written; 200 for what only would have been.
const fn created(hand: &crate::registrar::Hand) -> axum::http::StatusCode {
    if hand.dry_run { axum::http::StatusCode::OK } else { axum::http::StatusCode::CREATED }
}
