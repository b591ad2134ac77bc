//! Asking a peer again for what differs.

use api_types::peers::PeerResponse;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use registry_schema::AgencyId;

use super::{
    App,
    auth::AuthenticatedOperator,
    peers,
    problem::{INVALID, Problem},
};

/// Ask a peer's nodes at once for all that they hold and this node lacks, of any agency, and try again what is in quarantine.
/// What they give is verified and taken in as always; `/v1/heartbeats` shows how far that is. With `dry_run`, nothing is asked.
#[utoipa::path(post, path = api_types::routes::PULL.path(), tag = "federation",
    params(("agency" = String, Path, example = "US-SC"), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, description = "it is asked", body = PeerResponse), (status = 200, description = "dry run", body = PeerResponse),
              (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "none of its nodes is connected", body = Problem)))]
pub(super) async fn pull(
    State(app): State<App>,
    Path(agency): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<(StatusCode, Json<PeerResponse>), Problem> {
    let agency: AgencyId = agency.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?;
    app.registrar.pull_from(&hand, &agency).await?;
    Ok((super::created(&hand), Json(peers::one(&app, &agency).await?)))
}
