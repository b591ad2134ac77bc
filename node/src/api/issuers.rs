//! Issuers: every agency's, as replicated; and this agency's own, to register.

#![expect(
    unused_qualifications,
    reason = "utoipa's macro writes qualified names in place of ours"
)]

mod own_keys;
mod rekeying;
mod resembling;

use api_types::consequences::ConsequencesResponse;
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use registry_schema::{
    AgencyId, Issuer, QueryTime,
    acceptance::ProviderKind,
    recognition::{Registration, RegistrationStanding},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verification::KeyKind;

pub(super) use self::own_keys::look_up;
pub(super) use self::own_keys::{__path_look_again, look_again};
use self::own_keys::{NewMethod, published};
pub(super) use self::rekeying::{__path_rekey, rekey};
pub(super) use self::resembling::{ResemblingName, resembling};
use super::{
    App,
    auth::AuthenticatedOperator,
    documents::{self, DocumentValidity},
    problem::{INVALID, NOT_FOUND, Problem},
    recognitions::{consequences_response, would},
};
use agency::{
    registrar::{ExternalIssuer, ProposedChange},
    registry::AgencyState,
};

/// The issuers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IssuerListQuery {
    /// Of this agency alone: `US-SC`.
    agency: Option<String>,
}

/// The issuers of all agencies.
#[utoipa::path(get, path = "/v1/issuers", tag = "trust lists", params(IssuerListQuery),
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
#[utoipa::path(get, path = "/v1/issuers/{id}", tag = "trust lists", params(("id" = String, Path), IssuerListQuery),
    responses((status = 200, body = Issuer), (status = 404, body = Problem)))]
pub(super) async fn one(
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

/// An issuer to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIssuer {
    /// Its name, as people know it; at most 200 characters.
    name: String,
    /// Its public page.
    url: Option<String>,
    /// The kind of the badge key that the node makes; `ed25519`, which everybody reads, if absent.
    key: Option<NewKey>,
    /// The kind of body that it is; not known, if absent.
    provider: Option<ProviderKind>,
    /// For an issuer that signs with keys of its own: its identifier, a DID or an https URL of at most 500 bytes. The node
    /// makes no key then, and issues nothing for it.
    did: Option<String>,
    /// Its keys, at most 20; looked up now, if absent, for did:web, did:webvh, did:key and did:jwk.
    keys: Option<Vec<NewMethod>>,
    /// The https addresses of the status lists in which it publishes what it revoked, at most 16 of at most 300 bytes.
    #[serde(default)]
    status_lists: Vec<String>,
}

/// A kind of badge key.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum NewKey {
    /// Signs as `eddsa-rdfc-2022`.
    #[default]
    Ed25519,
    /// Signs as `ecdsa-rdfc-2019`.
    P256,
    /// Signs as `ecdsa-rdfc-2019`, with SHA-384.
    P384,
}

impl From<NewKey> for KeyKind {
    fn from(key: NewKey) -> Self {
        match key {
            NewKey::Ed25519 => Self::Ed25519,
            NewKey::P256 => Self::P256,
            NewKey::P384 => Self::P384,
        }
    }
}

/// An issuer that was registered, or with `dry_run` would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisteredIssuer {
    #[serde(flatten)]
    issuer: Issuer,
    /// The names at other agencies that a reader may take its name for; none, as a rule.
    resembles: Vec<ResemblingName>,
}

impl RegisteredIssuer {
    fn new(app: &App, issuer: Issuer) -> Json<Self> {
        let resembles = resembling(&app.registry.snapshot(), &issuer.name, &issuer.id);
        Json(Self { issuer, resembles })
    }
}

/// Register an issuer of this agency.
///
/// The node makes its key, its `did:key` and its status list; or, with `did`, registers one that signs with keys of its
/// own, as it publishes them now.
#[utoipa::path(post, path = "/v1/issuers", tag = "trust lists", request_body = NewIssuer,
    security(("operator" = [])), params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RegisteredIssuer), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn register(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewIssuer>, JsonRejection>,
) -> Result<(StatusCode, Json<RegisteredIssuer>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
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
        return Ok((super::created(&hand), RegisteredIssuer::new(&app, issuer)));
    }
    if new.keys.is_some() || !new.status_lists.is_empty() {
        let said = "keys and status lists belong to an issuer that signs with keys of its own: give its `did`";
        return Err(Problem::new(&INVALID, said));
    }
    let kind = new.key.unwrap_or_default().into();
    let issuer = app
        .registrar
        .register_issuer(&new.name, new.url, kind, new.provider, &hand)
        .await?;
    Ok((super::created(&hand), RegisteredIssuer::new(&app, issuer)))
}

/// The kind of body that an issuer is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProvider {
    /// `state_agency`, `district`, `higher_education`, `association` or `third_party`.
    provider: ProviderKind,
}

/// An issuer's entry as it stands now, or with `dry_run` would.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Described {
    #[serde(flatten)]
    issuer: Issuer,
    /// With `dry_run`: what would change at this agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Say what kind of body an issuer of this agency is.
///
/// Rules of any agency can ask for it; while it is not said, such a rule could not be checked. With `dry_run`, nothing is
/// written and the consequences are shown.
#[utoipa::path(post, path = "/v1/issuers/{id}/provider", tag = "trust lists", request_body = NewProvider,
    security(("operator" = [])), params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = Described), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn provide(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewProvider>, JsonRejection>,
) -> Result<(StatusCode, Json<Described>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let issuer = app.registrar.set_provider(&id, new.provider, &hand).await?;
    let consequences = would(&app, &hand, ProposedChange::Issuer(Box::new(issuer.clone()))).await?;
    Ok((super::created(&hand), Json(Described { issuer, consequences })))
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

/// The standing that an issuer is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStanding {
    /// `registered`, `suspended`, or `ended`, which is final.
    standing: RegistrationStanding,
    /// The reason; stays at this agency. Needed for an issuer that was registered by an application.
    note: Option<String>,
}

/// The standing of an issuer now, or with `dry_run` as it would be.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct Stood {
    #[serde(flatten)]
    said: Registration,
    /// With `dry_run`: what would change at this agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// The standing of an issuer with its home agency.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct RegistrationEntry {
    /// The home agency.
    agency: AgencyId,
    #[serde(flatten)]
    said: Registration,
}

/// The registrations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RegistrationListQuery {
    /// Of this issuer alone: its id.
    issuer: Option<String>,
    /// By this agency alone: `US-SC`.
    agency: Option<String>,
}

/// List what agencies last said of how their issuers stand, beyond registering them.
#[utoipa::path(get, path = "/v1/registrations", tag = "trust lists", params(RegistrationListQuery),
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
#[utoipa::path(post, path = "/v1/issuers/{id}/standing", tag = "trust lists", request_body = NewStanding,
    security(("operator" = [])), params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = Stood), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn stand(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewStanding>, JsonRejection>,
) -> Result<(StatusCode, Json<Stood>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let note = checked_note(new.note)?;
    let said = app.registrar.set_standing(&id, new.standing, note, &hand).await?;
    let would = match hand.dry_run {
        true => Some(app.registrar.standing_consequences(said.clone()).await?),
        false => None,
    };
    let stood = Stood {
        said,
        consequences: would.map(consequences_response),
    };
    Ok((super::created(&hand), Json(stood)))
}

/// The details of a key's compromise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCompromise {
    /// The key, as a Multikey (`z6Mk…`) or by its verification method; the only one that is not compromised yet, if absent.
    key: Option<String>,
    /// Stays at this agency.
    note: Option<String>,
}

/// The effects of the compromise of an issuer's key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Compromised {
    /// The issuer, as its entry reads from now on.
    issuer: Issuer,
    /// The number of its badges that this store keeps: those it confirms to whoever asks. A badge of it that no store keeps is
    /// good nowhere any more. Of an issuer that signs with keys of its own this agency issued none, and can confirm none.
    credentials_kept: i64,
    /// The agencies that recognize it now, where no key is left to it. Their recognitions go on for badges that this agency
    /// confirms, and no further: one that is registered anew has another identifier, and is recognized anew.
    #[schema(value_type = Vec<String>)]
    recognized_by: Vec<AgencyId>,
}

/// Say that somebody else may sign with the key of an issuer of this agency. This is final.
///
/// From then on every node asks this agency about each badge by that key, and takes it as genuine only if this agency
/// confirms that it issued that very badge. The key issues nothing more; register the issuer anew to go on. Its other keys
/// stay as they are. A dry run shows what would come of it.
#[utoipa::path(post, path = "/v1/issuers/{id}/key-compromise", tag = "trust lists", request_body = NewCompromise,
    security(("operator" = [])), params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = Compromised), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn compromise(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewCompromise>, JsonRejection>,
) -> Result<(StatusCode, Json<Compromised>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let note = checked_note(new.note)?;
    let (issuer, credentials_kept) = app.registrar.compromise(&id, new.key.as_deref(), note, &hand).await?;
    let recognized_by = match issuer.is_sound() {
        true => Vec::new(),
        false => recognizing(&app, &issuer),
    };
    let said = Compromised {
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
