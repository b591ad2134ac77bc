//! This node's knowledge of whether its store holds all that its agency wrote, and an operator's word for it.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    auth::AuthenticatedOperator,
    problem::{Problem, STORE_INCOMPLETE},
};

/// The store, as this node sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreReport {
    /// The reason that it may lack what this agency wrote, or cannot be looked at; null, if it lacks nothing. While it may, no
    /// heartbeat is signed, and nothing of this agency counts as newer than the last one.
    doubt: Option<String>,
}

impl StoreReport {
    fn of(app: &App) -> Json<Self> {
        let doubt = app.registry.snapshot().store_doubt().map(str::to_owned);
        Json(Self {
            doubt: doubt
                .or_else(|| app.health.replication().why_unknown())
                .or_else(|| Some(app.store.is_the_same().err()?.to_string())),
        })
    }
}

/// Show what the node thinks of its store.
#[utoipa::path(get, path = "/v1/store", tag = "operations", responses((status = 200, body = StoreReport)))]
pub(super) async fn show(State(app): State<App>) -> Json<StoreReport> {
    StoreReport::of(&app)
}

/// Vouch for the store.
///
/// All that this agency wrote is in it, or is nowhere any more: the node goes on from it without the word of a peer. What was
/// revoked and is not in it is called good from here on, until a peer that has it is heard. It is refused where nobody's word can
/// end the doubt: what later entries of the own log follow is known to be lost here.
#[utoipa::path(post, path = "/v1/store/acceptance", tag = "operations", security(("operator" = [])),
    responses((status = 200, body = StoreReport), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn accept(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<Json<StoreReport>, Problem> {
    // While there is no replica to look at, vouching itself says why.
    let waiting = app.registrar.look(protocol::Replica::own_orphans).await;
    if let Ok(count @ 1..) = waiting {
        return Err(incomplete(count));
    }
    app.registrar.accept_store(&hand).await?;
    Ok(match hand.dry_run {
        true => Json(StoreReport { doubt: None }),
        false => StoreReport::of(&app),
    })
}

/// The refusal to take a word for what envelopes follow that wait here.
fn incomplete(count: usize) -> Problem {
    let waits = match count {
        1 => "1 sound envelope of the own log is".to_owned(),
        more => format!("{more} sound envelopes of the own log are"),
    };
    let detail = format!(
        "{waits} set aside, because what goes before was lost here, and the node writes nothing before it has that again: nobody's word \
         stands in for it, and nothing was changed. Ask a peer that may have it (`comity peer diff US-XX --pull`); or stop the node, and \
         put a backup that has it in the store's place; or, where neither has it, move the files `registry.sqlite*` away, keep them, and \
         begin again from the peers, or from a copy of this node's files, with `comityd rebuild` (ops/RUNBOOK.md, *The store is \
         damaged*)"
    );
    Problem::new(&STORE_INCOMPLETE, detail)
}
