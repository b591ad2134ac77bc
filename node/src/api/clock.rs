//! This node's opinion of its clock, and an operator's word for it.

use axum::{Json, extract::State};
use registry_schema::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, auth::AuthenticatedOperator, problem::Problem};

/// The clock, as this node sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClockReport {
    /// The time by which this node acts, RFC 3339 in UTC.
    now: Timestamp,
    /// The reason to doubt it; null, if it is believed. While it is in doubt, nothing is signed and nothing is called fresh.
    doubt: Option<String>,
}

/// Show what the node thinks of its clock.
#[utoipa::path(get, path = "/v1/clock", tag = "operations", responses((status = 200, body = ClockReport)))]
pub(super) async fn show(State(app): State<App>) -> Json<ClockReport> {
    Json(ClockReport {
        now: app.clock.now(),
        doubt: app.health.clock(),
    })
}

/// Vouch for the clock.
///
/// The machine's clock is right now: it is followed from here on, and what this node itself signed with a later date does
/// not count any more.
#[utoipa::path(post, path = "/v1/clock/acceptance", tag = "operations", security(("operator" = [])),
    responses((status = 200, body = ClockReport), (status = 401, body = Problem)))]
pub(super) async fn accept(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<Json<ClockReport>, Problem> {
    app.registrar.accept_clock(&hand).await?;
    Ok(Json(ClockReport {
        now: app.clock.now(),
        doubt: app.health.clock().filter(|_| !hand.dry_run),
    }))
}
