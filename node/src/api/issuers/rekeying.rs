//! A new key for an issuer whose key is lost, or is to be changed.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use registry_schema::Issuer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{App, auth::AuthenticatedOperator, created, problem::Problem},
    NewKey,
};

/// A change of an issuer's key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewRekeying {
    /// The kind of the new key; `ed25519`, which everybody reads, if absent.
    key: Option<NewKey>,
    /// The reason; stays at this agency.
    note: Option<String>,
}

/// An issuer that got a new key, or with `dry_run` would.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RekeyedIssuer {
    /// Its entry from now on: another identifier, under the same name.
    issuer: Issuer,
    /// The entry of before. Its keys are retired: what they signed before stays good.
    retired: Issuer,
    /// The number of this agency's recognitions that were made anew, for the new identifier. Other agencies recognize it
    /// themselves, unless they follow this one's recognitions.
    recognitions: usize,
}

/// Give an issuer of this agency a new key: for one whose key is lost. What the old one signed stays good.
///
/// The identifier of an issuer whose key a node makes is its key (`did:key`), so it goes on under another identifier, with the
/// same name and term. A key that somebody else may have is not retired but compromised: `/v1/issuers/{id}/key-compromise`.
#[utoipa::path(post, path = "/v1/issuers/{id}/rekey", tag = "trust lists", request_body = NewRekeying,
    security(("operator" = [])), params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RekeyedIssuer), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(in super::super) async fn rekey(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewRekeying>, JsonRejection>,
) -> Result<(StatusCode, Json<RekeyedIssuer>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let kind = new.key.unwrap_or_default().into();
    let note = super::checked_note(new.note)?;
    let rekeyed = app.registrar.rekey_issuer(&id, kind, note, &hand).await?;
    let rekeyed = RekeyedIssuer {
        issuer: rekeyed.issuer,
        retired: rekeyed.retired,
        recognitions: rekeyed.recognitions,
    };
    Ok((created(&hand), Json(rekeyed)))
}
