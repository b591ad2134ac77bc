//! Authentication of operators, by bearer token (RFC 6750, §2.1). Tokens are kept as SHA-256 alone.

use api_types::Role;
use axum::{
    extract::{FromRequestParts, Query, Request, State},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use protocol::Hash;
use serde::Deserialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{
    App,
    problem::{INVALID, Problem, UNAUTHENTICATED},
    routes::DeclaredRoute,
};
use crate::serve::RequestVisitor;
use agency::registrar::Actor;
use storage::Store;

/// The party that asks a route which is not for everybody.
#[derive(Clone, Debug)]
pub(super) enum RequestParty {
    /// An operator, by name.
    Operator(String),
    /// The applicant of the application with this id.
    Applicant(String),
}

/// Before the routes, and after all that is done for everybody: only who has the role that the route declares gets to its
/// handler.
pub(super) async fn require_role(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let role = DeclaredRoute::of(request.extensions()).map_or(Role::Public, |route| route.facts().role);
    let party = match role {
        Role::Public | Role::Peer => return next.run(request).await,
        Role::Operator => operator(request.headers(), &app.store)
            .await
            .map(RequestParty::Operator),
        Role::Applicant => applicant_or_operator(request.headers(), &app.store).await,
    };
    match party {
        Ok(party) => {
            request.extensions_mut().insert(party);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn applicant_or_operator(headers: &HeaderMap, store: &Store) -> Result<RequestParty, Problem> {
    match applicant(headers, store).await? {
        Some(id) => Ok(RequestParty::Applicant(id)),
        None => operator(headers, store).await.map(RequestParty::Operator),
    }
}

/// The id of the application whose token these headers carry.
pub(super) async fn applicant(headers: &HeaderMap, store: &Store) -> Result<Option<String>, Problem> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(bearer).filter(|token| is_applicants(token));
    let Some(token) = token else { return Ok(None) };
    Ok(store.application_by_token(hash(token)).await?.map(|row| row.id))
}

pub(crate) fn is_applicants(token: &str) -> bool {
    token.starts_with("applicant_") && token.len() <= 200
}

pub(crate) fn hash(token: &str) -> [u8; 32] {
    Hash::of(&[token.as_bytes()]).0
}

/// An authenticated operator's hand, with `?dry_run=true` taken in. A handler that takes one is for operators alone.
#[derive(Debug)]
pub(super) struct AuthenticatedOperator(pub(super) Actor);

#[derive(Deserialize)]
struct DryRunQuery {
    #[serde(default)]
    dry_run: bool,
}

impl FromRequestParts<App> for AuthenticatedOperator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = match parts.extensions.get::<RequestParty>() {
            Some(RequestParty::Operator(who)) => who.clone(),
            _ => operator(&parts.headers, &app.store).await?,
        };
        if let Some(caller) = parts.extensions.get::<RequestVisitor>() {
            caller.is_welcome();
        }
        let dry_run = dry_run(parts)?;
        Ok(Self(Actor { who, dry_run }))
    }
}

/// Returns true if the request is only to see what would come of it: `?dry_run=true`.
pub(super) fn dry_run(parts: &Parts) -> Result<bool, Problem> {
    let asked = Query::try_from_uri(&parts.uri);
    let Query(DryRunQuery { dry_run }) = asked.map_err(|_| Problem::new(&INVALID, "`dry_run` is `true` or `false`"))?;
    Ok(dry_run)
}

/// Returns the name of the operator whose token these headers carry.
pub(crate) async fn operator(headers: &HeaderMap, store: &Store) -> Result<String, Problem> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(bearer).filter(|token| token.len() <= 200);
    let token = token.ok_or_else(|| Problem::new(&UNAUTHENTICATED, "this needs an operator's token"))?;
    let found = store.operator(hash(token)).await?;
    found.ok_or_else(|| Problem::new(&UNAUTHENTICATED, "this token is not, or no longer, an operator's"))
}

/// The token in an `Authorization` header; the scheme's name is the same in any case (RFC 9110, §11.1).
pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The name of the way to authenticate, in the document.
pub(super) const SCHEME: &str = "operator";

pub(super) struct BearerScheme;

impl utoipa::Modify for BearerScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(SCHEME, scheme);
    }
}
