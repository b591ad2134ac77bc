//! For those who keep the node running.

use api_types::operations::{ProcessRole, VersionResponse};
use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use verification::Freshness;

use super::{
    App,
    problem::{Problem, RESTORING, UNAVAILABLE},
    routes::DeclaredRoute,
};
use agency::{
    health::{LONGEST_WITHOUT_A_WRITE, ReplicationHealth},
    lease::LeaseRole,
    replication::RestoringProgress,
};

/// Check that the process answers at all.
#[utoipa::path(get, path = api_types::routes::LIVENESS.path(), tag = "operations", responses((status = 200, body = String)))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Check that the node can do its work: its lists are as its store has them, a peer has told that all of its own is in it, the
/// store takes writes, and its clock is believed. Otherwise the detail names what fails, and since when. Other agencies in
/// quarantine leave it ready, and are named.
#[utoipa::path(get, path = api_types::routes::READINESS.path(), tag = "operations",
    responses((status = 200, body = String), (status = 503, body = Problem)))]
pub(super) async fn readyz(State(app): State<App>) -> Result<String, Problem> {
    let mut fails = Vec::new();
    let replication = app.health.replication();
    match &replication {
        ReplicationHealth::Restoring(progress) => fails.push(restoring_in_words(*progress)),
        ReplicationHealth::Lost { since, why } => {
            fails.push(format!(
                "the lists are being made again from the store, since {}: {why}",
                since.in_words()
            ));
        }
        ReplicationHealth::Stuck { why } => fails.push(why.clone()),
        ReplicationHealth::FollowsNobody { since, why } => {
            fails.push(format!(
                "the store cannot be followed, since {}: {why}",
                since.in_words()
            ));
        }
        ReplicationHealth::Ended => fails.push("the replication ended: start the node again".into()),
        ReplicationHealth::Live {
            has_writer_key: false, ..
        } => {
            fails.push("no writer key of this node may write for the agency: see `comity key list`".into());
        }
        ReplicationHealth::Live { .. } | ReplicationHealth::Follows => {
            fails.extend(app.registry.snapshot().store_doubt().map(str::to_owned));
        }
    }
    if let ReplicationHealth::Live { .. } = replication {
        let last = app.store.last_write();
        if last.is_none_or(|last| last > LONGEST_WITHOUT_A_WRITE) {
            let since = last.map_or_else(
                || "since the start".to_owned(),
                |last| format!("for {} seconds", last.as_secs()),
            );
            fails.push(format!("the store took no write {since}"));
        }
    }
    if let Some(doubt) = app.health.clock() {
        fails.push(format!("the clock is in doubt: {doubt}"));
    }
    let registry = app.registry.snapshot();
    let mut ready = "ready\n".to_owned();
    for (agency, trouble) in registry.quarantined() {
        let (since, why) = (trouble.since().in_words(), &trouble.why);
        let told = format!("`{agency}` is in quarantine, since {since}: {why}");
        if agency == registry.home_id() {
            fails.push(told);
        } else {
            ready.push_str(&told);
            ready.push('\n');
        }
    }
    let known = registry.home().map(|home| registry.freshness(home, app.clock.now()));
    if !matches!(known, Some(Freshness::Heard { .. })) && fails.is_empty() {
        fails.push(not_known(&app));
    }
    if let Err(error) = app.store.ping().await {
        let told = error.to_string();
        if !fails.iter().any(|known| known.contains(&told)) {
            fails.push(told);
        }
    }
    if fails.is_empty() {
        Ok(ready)
    } else {
        Err(Problem::new(&UNAVAILABLE, fails.join("; ")))
    }
}

/// Returns the reason that this agency's own lists are not known well enough here to answer from them.
pub(super) fn not_known(app: &App) -> String {
    match app.health.hindrance() {
        Some(why) => format!("this agency's own lists cannot be answered from at the moment: {why}"),
        None => "this agency's own lists are not known recently enough here".to_owned(),
    }
}

fn restoring_in_words(progress: RestoringProgress) -> String {
    format!(
        "restoring, {} of {} agencies ({} envelopes)",
        progress.agencies, progress.of, progress.envelopes
    )
}

/// Answers nothing but how the node does, before there is anything to answer from.
pub(super) async fn answer_once_restored(State(app): State<App>, request: Request, next: Next) -> Response {
    let always = DeclaredRoute::of(request.extensions()).is_some_and(DeclaredRoute::while_restoring);
    if app.health.answers() || always {
        return next.run(request).await;
    }
    let detail = match app.health.replication() {
        ReplicationHealth::Restoring(progress) => restoring_in_words(progress),
        ReplicationHealth::Lost { why, .. }
        | ReplicationHealth::FollowsNobody { why, .. }
        | ReplicationHealth::Stuck { why } => why,
        ReplicationHealth::Live { .. } | ReplicationHealth::Follows | ReplicationHealth::Ended => String::new(),
    };
    Problem::new(&RESTORING, format!("the node has just started: {detail}"))
        .retry_after(2)
        .into_response()
}

/// Show which program this is.
#[utoipa::path(get, path = api_types::routes::VERSION.path(), tag = "operations", responses((status = 200, body = VersionResponse)))]
pub(super) async fn version(State(app): State<App>) -> Json<VersionResponse> {
    let agency = app.registry.snapshot().home_id().clone();
    Json(VersionResponse {
        name: "comityd".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: "/comity/1".to_owned(),
        agency,
        role: match *app.role.borrow() {
            LeaseRole::Holder => ProcessRole::Holder,
            LeaseRole::Follower(_) => ProcessRole::Follower,
        },
    })
}
