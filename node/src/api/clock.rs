//! This node's opinion of its clock, and an operator's word for it.

use api_types::operations::ClockResponse;
use axum::{Json, extract::State};

use super::{App, auth::AuthenticatedOperator, problem::Problem};

/// Show what the node thinks of its clock.
#[utoipa::path(get, path = api_types::routes::CLOCK.path(), tag = "operations", responses((status = 200, body = ClockResponse)))]
pub(super) async fn show(State(app): State<App>) -> Json<ClockResponse> {
    Json(ClockResponse {
        now: app.clock.now(),
        doubt: app.health.clock(),
    })
}

/// Vouch for the clock.
///
/// The machine's clock is right now: it is followed from here on, and what this node itself signed with a later date does
/// not count any more.
#[utoipa::path(post, path = api_types::routes::ACCEPT_CLOCK.path(), tag = "operations",
    responses((status = 200, body = ClockResponse), (status = 401, body = Problem)))]
pub(super) async fn accept(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<Json<ClockResponse>, Problem> {
    app.registrar.accept_clock(&hand).await?;
    Ok(Json(ClockResponse {
        now: app.clock.now(),
        doubt: app.health.clock().filter(|_| !hand.dry_run),
    }))
}
