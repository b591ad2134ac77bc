//! Whether this node's store is known to hold all that its agency wrote, and an operator's word for it.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, auth::Operator, problem::Problem};

/// The store, as this node sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreReport {
    /// Why it may lack what this agency wrote; null, if it does not. While it may, no heartbeat is signed, and nothing of this
    /// agency counts as newer than the last one.
    doubt: Option<String>,
}

impl StoreReport {
    fn of(app: &App) -> Json<Self> {
        Json(Self {
            doubt: app.registry.snapshot().store_doubt().map(str::to_owned),
        })
    }
}

/// How the store is seen.
#[utoipa::path(get, path = "/v1/store", tag = "operations", responses((status = 200, body = StoreReport)))]
pub(super) async fn show(State(app): State<App>) -> Json<StoreReport> {
    StoreReport::of(&app)
}

/// Vouch for the store.
///
/// All that this agency wrote is in it, or is nowhere any more: the node goes on from it without the word of a peer. What was
/// revoked and is not in it is called good from here on, until a peer that has it is heard.
#[utoipa::path(post, path = "/v1/store/acceptance", tag = "operations", security(("operator" = [])),
    responses((status = 200, body = StoreReport), (status = 401, body = Problem)))]
pub(super) async fn accept(State(app): State<App>, Operator(hand): Operator) -> Result<Json<StoreReport>, Problem> {
    app.registrar.accept_store(&hand).await?;
    Ok(match hand.dry_run {
        true => Json(StoreReport { doubt: None }),
        false => StoreReport::of(&app),
    })
}
