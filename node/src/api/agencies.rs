//! The federation as this node knows it: its agencies.

use api_types::{
    agencies::{AgencyResponse, IssuerListCounts},
    hindrances::Hindrances,
};
use axum::{
    Json,
    extract::{Path, State},
};
use registry_schema::{AgencyFreshness, QueryTime, Timestamp};
use verification::Freshness;

use super::{
    App, hindrances,
    problem::{NOT_FOUND, Problem},
    verifications::on_worker,
};
use agency::{
    external_sources::KeptListCounts,
    registry::{AgencyState, Registry},
};

/// Returns the freshness of an agency, as verdicts see it.
pub(super) fn known_freshness(registry: &Registry, lists: &AgencyState, now: Timestamp) -> AgencyFreshness {
    if registry.roster().expelled(&lists.id).is_some() {
        return AgencyFreshness::Expelled;
    }
    let freshness = registry.freshness(lists, now);
    match freshness {
        Freshness::Heard { .. } if freshness.is_fresh(now) => AgencyFreshness::Fresh,
        Freshness::Heard { .. } => AgencyFreshness::Ended,
        Freshness::Never => AgencyFreshness::NeverHeard,
        Freshness::ClockInDoubt => AgencyFreshness::ClockInDoubt,
        Freshness::IncompleteHere => AgencyFreshness::IncompleteHere,
    }
}

pub(super) fn heard(
    registry: &Registry,
    lists: &AgencyState,
    now: Timestamp,
) -> (Option<Timestamp>, Option<Timestamp>) {
    match registry.freshness(lists, now) {
        Freshness::Heard { as_of, good_until } => (Some(as_of), Some(good_until)),
        // When it was heard is known; how long ago that is, is not.
        Freshness::ClockInDoubt | Freshness::IncompleteHere => {
            let as_of = registry.last_heard(lists).map(|as_of| as_of.min(now));
            (as_of, as_of)
        }
        Freshness::Never => (None, None),
    }
}

const fn list_counts(kept: KeptListCounts) -> IssuerListCounts {
    IssuerListCounts {
        named: kept.named,
        fresh: kept.fresh,
        failing: kept.failing,
        oldest: kept.oldest,
    }
}

fn all(app: &App) -> Vec<AgencyResponse> {
    let now = app.clock.now();
    let kept_lists = app.external_sources.kept_lists(now);
    let registry = app.registry.snapshot();
    let shown = |lists: &AgencyState| {
        let home = lists.id == *registry.home_id();
        let (last_heard, good_until) = heard(&registry, lists, now);
        AgencyResponse {
            id: lists.id.clone(),
            name: lists.name.clone(),
            url: lists.url.clone(),
            home,
            last_heard,
            good_until: match (home, registry.freshness(lists, now)) {
                // What this node writes itself it knows as it is.
                (true, Freshness::Heard { as_of, .. }) if as_of >= now => None,
                (true, _) => good_until.or(Some(now)),
                (false, _) => good_until,
            },
            freshness: known_freshness(&registry, lists, now),
            expelled_since: registry.roster().expelled(&lists.id),
            left_since: registry.roster().left(&lists.id),
            disputed: lists.is_disputed(),
            forks: lists.forks,
            hindrances: registry
                .pin(&lists.id)
                .map_or_else(Hindrances::default, |genesis| hindrances::of(&registry, &genesis)),
            issuers: lists.issuers().count(),
            recognitions: lists
                .recognitions()
                .filter(|entry| entry.holds(QueryTime::now(now), None))
                .count(),
            issuers_lists: kept_lists.get(&lists.id).copied().map(list_counts),
        }
    };
    registry.agencies().into_iter().map(shown).collect()
}

/// The agencies of the federation.
#[utoipa::path(get, path = api_types::routes::AGENCIES.path(), tag = "federation",
    responses((status = 200, description = "this node's own first", body = Vec<AgencyResponse>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<AgencyResponse>>, Problem> {
    all_apart(app).await.map(Json)
}

/// All agencies; their recognitions are counted on a thread of their own.
pub(crate) async fn all_apart(app: App) -> Result<Vec<AgencyResponse>, Problem> {
    on_worker(move || all(&app)).await
}

/// One agency.
#[utoipa::path(get, path = api_types::routes::AGENCY.path(), tag = "federation", params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = AgencyResponse), (status = 404, description = "not of this federation", body = Problem)))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<AgencyResponse>, Problem> {
    let found = all_apart(app)
        .await?
        .into_iter()
        .find(|agency| agency.id.as_str() == id);
    let unknown = || {
        Problem::new(
            &NOT_FOUND,
            format!("`{id}` is no agency of this federation: see /v1/agencies"),
        )
    };
    found.map(Json).ok_or_else(unknown)
}
