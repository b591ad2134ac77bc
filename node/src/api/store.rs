//! This node's knowledge of whether its store holds all that its agency wrote, and an operator's word for it.

use api_types::operations::StoreResponse;
use axum::{Json, extract::State};

use super::{
    App,
    auth::AuthenticatedOperator,
    problem::{Problem, STORE_INCOMPLETE},
};

/// The reason to doubt this node's store now, if there is one. One that does not answer at this moment may have lost what it had.
pub(crate) async fn doubt(app: &App) -> Option<String> {
    // What the lists say of the store is of before a table went away.
    if let Err(lacks) = app.store.has_its_schema() {
        return Some(lacks.to_string());
    }
    let doubt = app.registry.snapshot().store_doubt().map(str::to_owned);
    let doubt = doubt
        .or_else(|| app.health.replication().why_unknown())
        .or_else(|| Some(app.store.is_the_same().err()?.to_string()));
    match doubt {
        Some(doubt) => Some(doubt),
        None => match app.store.ping().await {
            Ok(()) => None,
            Err(error) => Some(format!("the store cannot be looked at now: {error}")),
        },
    }
}

async fn opinion(app: &App) -> Json<StoreResponse> {
    let doubt = doubt(app).await;
    Json(StoreResponse {
        written_elsewhere: app.registry.snapshot().is_written_elsewhere(),
        doubt,
    })
}

/// Show what the node thinks of its store.
#[utoipa::path(get, path = api_types::routes::STORE.path(), tag = "operations", responses((status = 200, body = StoreResponse)))]
pub(super) async fn show(State(app): State<App>) -> Json<StoreResponse> {
    opinion(&app).await
}

/// Vouch for the store.
///
/// All that this agency wrote is in it, or is nowhere any more: the node goes on from it without the word of a peer. What was
/// revoked and is not in it is called good from here on, until a peer that has it is heard. Where another process wrote with this
/// node's key (`written_elsewhere`), it also says that this process was stopped: the node writes again. It is refused where nobody's
/// word can end the doubt: what later entries of the own log follow is known to be lost here.
#[utoipa::path(post, path = api_types::routes::ACCEPT_STORE.path(), tag = "operations",
    responses((status = 200, body = StoreResponse), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn accept(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<Json<StoreResponse>, Problem> {
    // While there is no replica to look at, vouching itself says why.
    let waiting = app.registrar.look(protocol::Replica::own_orphans).await;
    if let Ok(count @ 1..) = waiting {
        return Err(incomplete(count));
    }
    app.registrar.accept_store(&hand).await?;
    Ok(match hand.dry_run {
        true => Json(StoreResponse {
            doubt: None,
            written_elsewhere: false,
        }),
        false => opinion(&app).await,
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
