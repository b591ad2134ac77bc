//! The federation as this node knows it: its agencies.

use axum::{
    Json,
    extract::{Path, State},
};
use registry_schema::{AgencyFreshness, AgencyId, QueryTime, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use verification::Freshness;

use super::{
    App,
    hindrances::Hindrances,
    problem::{NOT_FOUND, Problem},
    verifications::apart,
};
use agency::{
    external_sources::KeptListCounts,
    registry::{AgencyState, Registry},
};

/// An agency of the federation, as this node knows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agency {
    /// Its name.
    pub(crate) id: AgencyId,
    /// Its name for people.
    pub(crate) name: String,
    /// The address at which its node answers.
    pub(crate) url: String,
    /// True if it is this node's own.
    pub(crate) home: bool,
    /// Everything that it wrote before this moment is known here.
    pub(crate) last_heard: Option<Timestamp>,
    /// From this moment on, unless it is heard again, answers that rest on its lists are "could not check"; null for this node's
    /// own, as long as it knows them as they are.
    pub(crate) good_until: Option<Timestamp>,
    /// The agency's freshness now, by the clock of this node: the judgment on which its verdicts rest.
    pub(crate) freshness: AgencyFreshness,
    /// Since when this node no longer federates with it, if it was expelled.
    pub(crate) expelled_since: Option<Timestamp>,
    /// Since when this node follows it no more, if it was removed and not expelled: nothing that it writes since then comes here,
    /// and what is here counts until `good_until`.
    pub(crate) left_since: Option<Timestamp>,
    /// True if its root signs two histories: what it granted does not count.
    pub(crate) disputed: bool,
    /// The number of forks of its log that are proven here: see `/v1/agencies/{id}/forks`.
    pub(crate) forks: usize,
    /// The causes that keep more of it from being taken in, or anything of it from being fresh.
    #[serde(flatten)]
    pub(crate) hindrances: Hindrances,
    /// The number of issuers that are home there.
    pub(crate) issuers: usize,
    /// The number of recognitions that it has in force.
    pub(crate) recognitions: usize,
    /// The counts of the status lists kept here, of those that it names for its issuers with keys of their own, if it names any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuers_lists: Option<KeptListCounts>,
}

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

fn all(app: &App) -> Vec<Agency> {
    let now = app.clock.now();
    let kept_lists = app.foreign.kept_lists(now);
    let registry = app.registry.snapshot();
    let shown = |lists: &AgencyState| {
        let home = lists.id == *registry.home_id();
        let (last_heard, good_until) = heard(&registry, lists, now);
        Agency {
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
                .map_or_else(Hindrances::default, |genesis| Hindrances::of(&registry, &genesis)),
            issuers: lists.issuers().count(),
            recognitions: lists
                .recognitions()
                .filter(|entry| entry.holds(QueryTime::now(now), None))
                .count(),
            issuers_lists: kept_lists.get(&lists.id).copied(),
        }
    };
    registry.agencies().into_iter().map(shown).collect()
}

/// The agencies of the federation.
#[utoipa::path(get, path = "/v1/agencies", tag = "federation",
    responses((status = 200, description = "this node's own first", body = Vec<Agency>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<Agency>>, Problem> {
    all_apart(app).await.map(Json)
}

/// All agencies; their recognitions are counted on a thread of their own.
pub(crate) async fn all_apart(app: App) -> Result<Vec<Agency>, Problem> {
    apart(move || all(&app)).await
}

/// One agency.
#[utoipa::path(get, path = "/v1/agencies/{id}", tag = "federation", params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = Agency), (status = 404, description = "not of this federation", body = Problem)))]
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Agency>, Problem> {
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
