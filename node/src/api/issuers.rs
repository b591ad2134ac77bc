//! Issuers: every agency's, as replicated; and this agency's own, to register.

mod own_keys;
mod rekeying;
mod resembling;

use api_types::issuers::{
    BadgeKeyKind, IssuerListQuery, IssuerProviderResponse, KeyCompromiseRequest, KeyCompromiseResponse, NewIssuer,
    ProviderRequest, RegisteredIssuerResponse, RegistrationEntry, RegistrationListQuery, StandingRequest,
    StandingResponse,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use registry_schema::{AgencyId, Issuer, QueryTime, recognition::Registration};
use verification::KeyKind;

pub(super) use self::own_keys::look_up;
use self::own_keys::published;
pub(super) use self::own_keys::{__path_refresh_keys, refresh_keys};
pub(super) use self::rekeying::{__path_rekey, rekey};
pub(super) use self::resembling::resembling;
use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    documents::{self, DocumentValidity},
    problem::{INVALID, NOT_FOUND, Problem},
    recognitions::{consequences_response, would},
};
use agency::{
    registrar::{ExternalIssuer, ProposedChange},
    registry::AgencyState,
};

/// The issuers of all agencies.
#[utoipa::path(get, path = api_types::routes::ISSUERS.path(), tag = "trust lists", params(IssuerListQuery),
    responses((status = 200, body = Vec<Issuer>)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(which): Query<IssuerListQuery>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let registry = app.registry.snapshot();
    let name = documents::name("issuers", &registry, which.agency.as_deref());
    let holds = DocumentValidity::of(&registry);
    let make = move || {
        let all = registry.agencies().into_iter();
        let wanted = all.filter(|lists| which.agency.as_deref().is_none_or(|id| id == lists.id.as_str()));
        documents::json(&wanted.flat_map(AgencyState::issuers).collect::<Vec<_>>())
    };
    Ok(app
        .documents
        .get(&name, holds, make)
        .await?
        .answer(&asked, "application/json"))
}

/// One issuer, by the id in its badges. Where several agencies register it, `agency` says whose entry is meant.
#[utoipa::path(get, path = api_types::routes::ISSUER.path(), tag = "trust lists", params(("id" = String, Path), IssuerListQuery),
    responses((status = 200, body = Issuer), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(which): Query<IssuerListQuery>,
) -> Result<Json<Issuer>, Problem> {
    let registry = app.registry.snapshot();
    let lists = match which.agency.as_deref() {
        None => registry.registering(&id),
        Some(agency) => registry
            .agencies()
            .into_iter()
            .find(|lists| lists.id.as_str() == agency),
    };
    let found = lists.and_then(|lists| lists.issuer(&id).cloned());
    let who = which.agency.as_deref().unwrap_or("no agency of this federation");
    found.map(Json).ok_or_else(|| {
        let registers = which.agency.as_ref().map_or("registers", |_| "does not register");
        Problem::new(&NOT_FOUND, format!("{who} {registers} `{id}`"))
    })
}

fn registered_response(app: &App, issuer: Issuer) -> Json<RegisteredIssuerResponse> {
    let resembles = resembling(&app.registry.snapshot(), &issuer.name, &issuer.id);
    Json(RegisteredIssuerResponse { issuer, resembles })
}

/// The kind of key to make.
fn key_kind(asked: Option<BadgeKeyKind>) -> KeyKind {
    match asked.unwrap_or_default() {
        BadgeKeyKind::Ed25519 => KeyKind::Ed25519,
        BadgeKeyKind::P256 => KeyKind::P256,
        BadgeKeyKind::P384 => KeyKind::P384,
    }
}

/// Register an issuer of this agency.
///
/// The node makes its key, its `did:key` and its status list; or, with `did`, registers one that signs with keys of its
/// own, as it publishes them now.
#[utoipa::path(post, path = api_types::routes::ISSUER_REGISTRATION.path(), tag = "trust lists", request_body = NewIssuer,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RegisteredIssuerResponse), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn register(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<NewIssuer>,
) -> Result<(StatusCode, Json<RegisteredIssuerResponse>), Problem> {
    let new = body.content;
    if let Some(did) = new.did {
        if new.key.is_some() {
            let said = "`key` is the kind of a key that the node makes, and an issuer with a `did` has its own";
            return Err(Problem::new(&INVALID, said));
        }
        let issuer = ExternalIssuer {
            name: new.name,
            url: new.url,
            provider: new.provider,
            proven: published(&app, did, new.keys, new.status_lists).await?,
        };
        let issuer = app.registrar.register_with_own_keys(issuer, &hand).await?;
        return Ok((super::created(&hand), registered_response(&app, issuer)));
    }
    if new.keys.is_some() || !new.status_lists.is_empty() {
        let said = "keys and status lists belong to an issuer that signs with keys of its own: give its `did`";
        return Err(Problem::new(&INVALID, said));
    }
    let kind = key_kind(new.key);
    let issuer = app
        .registrar
        .register_issuer(&new.name, new.url, kind, new.provider, &hand)
        .await?;
    Ok((super::created(&hand), registered_response(&app, issuer)))
}

/// Say what kind of body an issuer of this agency is.
///
/// Rules of any agency can ask for it; while it is not said, such a rule could not be checked. With `dry_run`, nothing is
/// written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::ISSUER_PROVIDER.path(), tag = "trust lists", request_body = ProviderRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = IssuerProviderResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set_provider(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<ProviderRequest>,
) -> Result<(StatusCode, Json<IssuerProviderResponse>), Problem> {
    let new = body.content;
    let issuer = app.registrar.set_provider(&id, new.provider, &hand).await?;
    let consequences = would(&app, &hand, ProposedChange::Issuer(Box::new(issuer.clone()))).await?;
    Ok((
        super::created(&hand),
        Json(IssuerProviderResponse { issuer, consequences }),
    ))
}

/// Most characters of a note.
const MAX_NOTE: usize = 1_000;

/// A note as it is kept: whole, or not at all.
fn checked_note(note: Option<String>) -> Result<Option<String>, Problem> {
    let length = note.as_ref().map_or(0, |note| note.chars().count());
    if length > MAX_NOTE {
        let why = format!("`note` has {length} characters, and at most {MAX_NOTE} are kept: shorten it");
        return Err(Problem::new(&INVALID, why));
    }
    Ok(note)
}

/// List what agencies last said of how their issuers stand, beyond registering them.
#[utoipa::path(get, path = api_types::routes::REGISTRATIONS.path(), tag = "trust lists", params(RegistrationListQuery),
    responses((status = 200, body = Vec<RegistrationEntry>)))]
pub(super) async fn registrations(
    State(app): State<App>,
    Query(which): Query<RegistrationListQuery>,
) -> Json<Vec<RegistrationEntry>> {
    let registry = app.registry.snapshot();
    let of = registry.agencies().into_iter();
    let of = of.filter(|lists| which.agency.as_deref().is_none_or(|id| id == lists.id.as_str()));
    let said = of.flat_map(|lists| {
        let said = lists
            .registrations()
            .filter(|said| which.issuer.as_deref().is_none_or(|id| id == said.issuer));
        let entry = |said: &Registration| RegistrationEntry {
            agency: lists.id.clone(),
            said: said.clone(),
        };
        said.map(entry).collect::<Vec<_>>()
    });
    Json(said.collect())
}

/// Suspend, reinstate or end the registration of an issuer of this agency.
///
/// Recognitions by other agencies follow it, unless they say that they stand alone. For an issuer that was registered by an
/// application, this is a step of its history, and keeps to its rules: it ends only after a notice. With `dry_run`, nothing
/// is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::ISSUER_STANDING.path(), tag = "trust lists", request_body = StandingRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = StandingResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn set_standing(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<StandingRequest>,
) -> Result<(StatusCode, Json<StandingResponse>), Problem> {
    let new = body.content;
    let note = checked_note(new.note)?;
    let said = app.registrar.set_standing(&id, new.standing, note, &hand).await?;
    let would = match hand.dry_run {
        true => Some(app.registrar.standing_consequences(said.clone()).await?),
        false => None,
    };
    let stood = StandingResponse {
        said,
        consequences: would.map(consequences_response),
    };
    Ok((super::created(&hand), Json(stood)))
}

/// Say that somebody else may sign with the key of an issuer of this agency. This is final.
///
/// From then on every node asks this agency about each badge by that key, and takes it as genuine only if this agency
/// confirms that it issued that very badge. The key issues nothing more; register the issuer anew to go on. Its other keys
/// stay as they are. A dry run shows what would come of it.
#[utoipa::path(post, path = api_types::routes::KEY_COMPROMISE.path(), tag = "trust lists", request_body = KeyCompromiseRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = KeyCompromiseResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn compromise(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<KeyCompromiseRequest>,
) -> Result<(StatusCode, Json<KeyCompromiseResponse>), Problem> {
    let new = body.content;
    let note = checked_note(new.note)?;
    let (issuer, credentials_kept) = app.registrar.compromise(&id, new.key.as_deref(), note, &hand).await?;
    let recognized_by = match issuer.is_sound() {
        true => Vec::new(),
        false => recognizing(&app, &issuer),
    };
    let said = KeyCompromiseResponse {
        issuer,
        credentials_kept,
        recognized_by,
    };
    Ok((super::created(&hand), Json(said)))
}

/// The agencies with a recognition of an issuer that holds now.
fn recognizing(app: &App, issuer: &Issuer) -> Vec<AgencyId> {
    let now = QueryTime::now(app.clock.now());
    let registry = app.registry.snapshot();
    let recognizes = |lists: &&AgencyState| {
        let mut all = lists.recognitions_of(&issuer.id);
        all.any(|entry| entry.recognition.issuer.agency == issuer.agency && entry.holds(now, None))
    };
    let agencies = registry.agencies().into_iter().filter(recognizes);
    agencies.map(|lists| lists.id.clone()).collect()
}
