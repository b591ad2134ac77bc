//! Credentials of this agency: issue, show, change the status.

use api_types::credentials::{
    ExpungedCredentialResponse, IssuedCredentialResponse, NewAchievement, NewCredential, StatusChangeRequest,
    StatusChangeResponse,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use registry_schema::{Achievement, Credential, CredentialCode, TermDate};
use serde_json::value::to_raw_value;
use verification::formats;

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    language::in_english,
    lost_records,
    paging::{ListPage, PageQuery},
    problem::{INVALID, NOT_FOUND, Problem, UNAVAILABLE},
    stores,
};
use agency::registrar::{NewBadge, RegistrarError, has_its_badge, place_of};
use storage::look_up::LookupPermit;

/// The credentials of this agency, the newest first; for operators. A page has at most 1,000; the header `Link` says where
/// the list goes on.
#[utoipa::path(get, path = api_types::routes::CREDENTIALS.path(), tag = "credentials", params(PageQuery),
    responses((status = 200, body = Vec<Credential>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    _operator: AuthenticatedOperator,
    Query(which): Query<PageQuery>,
) -> Result<ListPage<Credential>, Problem> {
    let issued = app.store.credentials(&which.after()?, which.rows()).await?;
    let place = |one: &storage::SignedCredentialRow| (one.issued.valid_from, one.issued.id.clone());
    Ok(which.page(api_types::routes::CREDENTIALS.path(), issued, place, |one| {
        app.registrar.shown(&one)
    }))
}

/// One credential, by its code or id. Its holder's name is shown to operators alone. What another store of this agency
/// keeps is asked there.
///
/// By its code alone, for who has the code has it from the holder: with `Accept: application/vc` the signed badge itself,
/// with `image/png` or `image/svg+xml` a picture with the badge baked in. For operators, with `application/vc+jwt`: the
/// same content as a token, signed now with the issuer's key.
#[utoipa::path(get, path = api_types::routes::CREDENTIAL.path(), tag = "credentials", params(("code" = String, Path)),
    responses((status = 200, body = Credential), (status = 404, body = Problem),
              (status = 410, description = "it may be one whose record this node lost; `comity-records-since` says since when it has them all", body = Problem),
              (status = 429, description = "too many codes were looked up for this client; `Retry-After` says when to come again", body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    Path(code): Path<String>,
    operator: Result<AuthenticatedOperator, Problem>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let by_code = code.parse::<CredentialCode>().ok();
    let client = app.clients.of(&extensions, &headers);
    let issued = match (by_code, &operator) {
        (None, _) => app.store.credential_by_id(&code).await?,
        (Some(code), Ok(AuthenticatedOperator(hand))) => {
            app.store
                .credential_by_code(code, LookupPermit::of_operator(hand))
                .await?
        }
        (Some(code), Err(_)) => {
            app.store
                .credential_by_code(code, app.clients.looks_up(client)?)
                .await?
        }
    };
    let unknown = || Problem::new(&NOT_FOUND, format!("this agency has issued no credential `{code}`"));
    let Some(kept) = issued else {
        let elsewhere = stores::ask(&app, &["v1", "credentials", &code], &headers).await?;
        if elsewhere.is_none() && by_code.is_some() && operator.is_err() {
            app.clients.missed(client);
        }
        if let Some(elsewhere) = elsewhere {
            return Ok(elsewhere);
        }
        return lost_records::answer(&app).await?.ok_or_else(unknown);
    };
    let form = headers
        .get(header::ACCEPT)
        .and_then(|accept| DownloadFormat::named(accept.as_bytes()));
    if let (Some(form), Some(code)) = (form, by_code) {
        if form == DownloadFormat::Token {
            let AuthenticatedOperator(hand) = operator?;
            let token = app.registrar.token_of(code, &hand).await?;
            return Ok(([(header::CONTENT_TYPE, "application/vc+jwt")], token).into_response());
        }
        has_its_badge(&kept)?;
        return form.of(kept.document);
    }
    if operator.is_ok() {
        place_of(&kept).map_err(RegistrarError::from)?;
    }
    let mut credential = app.registrar.shown(&kept);
    if operator.is_err() {
        credential.subject = None;
    }
    Ok(Json(credential).into_response())
}

/// A form in which a holder takes a badge along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DownloadFormat {
    Json,
    Png,
    Svg,
    Token,
}

/// The pictures that carry a badge which has none of its own.
const PNG: &[u8] = include_bytes!("../../assets/badge.png");
const SVG: &str = include_str!("../../assets/badge.svg");

impl DownloadFormat {
    fn named(accept: &[u8]) -> Option<Self> {
        Some(match accept {
            b"application/vc" => Self::Json,
            b"image/png" => Self::Png,
            b"image/svg+xml" => Self::Svg,
            b"application/vc+jwt" => Self::Token,
            _ => return None,
        })
    }

    /// The badge in this form, if it needs no key.
    fn of(self, badge: String) -> Result<Response, Problem> {
        let not_baked = |why: verification::UnreadableBadge| Problem::new(&UNAVAILABLE, in_english(&why));
        Ok(match self {
            Self::Png => {
                let picture = formats::bake_png(PNG, &badge).map_err(not_baked)?;
                ([(header::CONTENT_TYPE, "image/png")], picture).into_response()
            }
            Self::Svg => {
                let picture = formats::bake_svg(SVG, &badge).map_err(not_baked)?;
                ([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response()
            }
            Self::Json | Self::Token => ([(header::CONTENT_TYPE, "application/vc")], badge).into_response(),
        })
    }
}

/// Issue a credential.
#[utoipa::path(post, path = api_types::routes::ISSUANCE.path(), tag = "credentials", request_body = NewCredential,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = IssuedCredentialResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn issue(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<NewCredential>,
) -> Result<(StatusCode, Json<IssuedCredentialResponse>), Problem> {
    let NewCredential {
        issuer,
        achievement,
        subject,
        valid_from,
        valid_until,
    } = body.content;
    let NewAchievement {
        id,
        name,
        description,
        criteria,
        aligned_to,
        clock_hours,
        assessed_blind,
    } = achievement;
    let or_name = |text: Option<String>| text.unwrap_or_else(|| name.clone());
    let (description, criteria) = (or_name(description), or_name(criteria));
    let achievement = Achievement {
        id,
        name,
        description,
        criteria,
        alignment: app.registrar.alignments(&aligned_to).await?,
        clock_hours,
        assessed_blind,
    };
    let agency = app.registry.snapshot().home_id().clone();
    let invalid = |error: &dyn std::fmt::Display| Problem::new(&INVALID, error.to_string());
    let begins = |date: TermDate| date.begins(&agency).map_err(|e| invalid(&e));
    let ends = |date: TermDate| date.ends(&agency).map_err(|e| invalid(&e));
    let new = NewBadge {
        issuer,
        achievement,
        subject,
        valid_from: valid_from.map(begins).transpose()?,
        valid_until: valid_until.map(ends).transpose()?,
    };
    let (credential, document) = app.registrar.issue(new, &hand).await?;
    let document = document.as_ref().map(to_raw_value).transpose().map_err(unwritable)?;
    Ok((
        super::created(&hand),
        Json(IssuedCredentialResponse { credential, document }),
    ))
}

fn unwritable(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "a badge was issued and cannot be written into the answer");
    Problem::new(&UNAVAILABLE, "the badge is issued, and cannot be shown: look it up")
}

/// Suspend, reinstate or revoke a credential of this agency.
#[utoipa::path(post, path = api_types::routes::STATUS_CHANGE.path(), tag = "credentials", request_body = StatusChangeRequest,
    params(("code" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, description = "on disk here, and on its way to every peer", body = StatusChangeResponse),
              (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn change_status(
    State(app): State<App>,
    Path(code): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<StatusChangeRequest>,
) -> Result<(StatusCode, Json<StatusChangeResponse>), Problem> {
    let code: CredentialCode = code.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?;
    let new = body.content;
    let (credential, change) = app
        .registrar
        .change_status(code, new.status, new.reason, new.note, &hand)
        .await?;
    Ok((super::created(&hand), Json(StatusChangeResponse { credential, change })))
}

/// Forget a credential of this agency: here the badge, its holder and all notes; everywhere the reason and time of its
/// status. Whether it is revoked or suspended stays.
#[utoipa::path(post, path = api_types::routes::CREDENTIAL_EXPUNGING.path(), tag = "credentials",
    params(("code" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = ExpungedCredentialResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn expunge(
    State(app): State<App>,
    Path(code): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<(StatusCode, Json<ExpungedCredentialResponse>), Problem> {
    let code: CredentialCode = code.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?;
    let (list, index) = app.registrar.expunge(code, &hand).await?;
    Ok((super::created(&hand), Json(ExpungedCredentialResponse { list, index })))
}
