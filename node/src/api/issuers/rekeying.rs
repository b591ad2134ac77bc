//! A new key for an issuer whose key is lost, or is to be changed.

use api_types::issuers::{RekeyRequest, RekeyResponse};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};

use super::super::{App, auth::AuthenticatedOperator, body::Body, created, problem::Problem};

/// Give an issuer of this agency a new key: for one whose key is lost. What the old one signed stays good.
///
/// The identifier of an issuer whose key a node makes is its key (`did:key`), so it goes on under another identifier, with the
/// same name and term. A key that somebody else may have is not retired but compromised: `/v1/issuers/{id}/key-compromise`.
#[utoipa::path(post, path = api_types::routes::ISSUER_REKEY.path(), tag = "trust lists", request_body = RekeyRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RekeyResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(in super::super) async fn rekey(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<RekeyRequest>,
) -> Result<(StatusCode, Json<RekeyResponse>), Problem> {
    let new = body.content;
    let kind = super::key_kind(new.key);
    let note = super::checked_note(new.note)?;
    let rekeyed = app.registrar.rekey_issuer(&id, kind, note, &hand).await?;
    let rekeyed = RekeyResponse {
        issuer: rekeyed.issuer,
        retired: rekeyed.retired,
        recognitions: rekeyed.recognitions,
    };
    Ok((created(&hand), Json(rekeyed)))
}
