//! The federation as this node knows it: agencies and peers.

use axum::{
    Json,
    extract::{Path, State},
};
use registry_schema::{AgencyId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    problem::{NOT_FOUND, Problem},
};
use crate::registry::{AgencyLists, Registry};

/// An agency of the federation, as this node knows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agency {
    /// Its name.
    pub(crate) id: AgencyId,
    /// Its name for people.
    pub(crate) name: String,
    /// Where its node answers.
    pub(crate) url: String,
    /// Whether it is this node's own.
    pub(crate) home: bool,
    /// Everything that it wrote before this moment is known here.
    pub(crate) last_heard: Option<Timestamp>,
    /// From this moment on, unless it is heard again, answers that rest on its lists are "could not check".
    pub(crate) good_until: Option<Timestamp>,
    /// How many issuers are home there.
    pub(crate) issuers: usize,
    /// How many recognitions it has in force.
    pub(crate) recognitions: usize,
}

/// A peer of this node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peer {
    /// Whose node it is.
    agency: AgencyId,
    /// Its name for people, once it was heard.
    name: Option<String>,
    /// Whether it is connected now.
    connected: bool,
    /// Where its node answers HTTP.
    address: Option<String>,
    /// Everything that it wrote before this moment is known here.
    last_heard: Option<Timestamp>,
    /// Until when that counts.
    good_until: Option<Timestamp>,
    /// How many envelopes of its log are known to exist and are not here.
    missing: usize,
}

fn heard(registry: &Registry, lists: &AgencyLists, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    use verification::Freshness;
    match registry.freshness(lists, now) {
        Freshness::Heard { as_of, good_until } => (Some(as_of), Some(good_until)),
        Freshness::Never => (None, None),
    }
}

pub(crate) fn all(app: &App) -> Vec<Agency> {
    let now = app.clock.now();
    let registry = app.registry.read();
    let shown = |lists: &AgencyLists| {
        let home = lists.id == *registry.home_id();
        let (last_heard, good_until) = heard(&registry, lists, now);
        Agency {
            id: lists.id.clone(),
            name: lists.name.clone(),
            url: lists.url.clone(),
            home,
            last_heard,
            good_until: good_until.filter(|_| !home),
            issuers: lists.issuers().count(),
            recognitions: lists.recognitions().filter(|entry| entry.holds(now, None)).count(),
        }
    };
    registry.agencies().into_iter().map(shown).collect()
}

/// The agencies of the federation.
#[utoipa::path(get, path = "/v1/agencies", tag = "federation",
    responses((status = 200, description = "this node's own first", body = Vec<Agency>)))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<Agency>> {
    Json(all(&app))
}

/// One agency.
#[utoipa::path(get, path = "/v1/agencies/{id}", tag = "federation", params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = Agency), (status = 404, description = "not of this federation", body = Problem)))]
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Agency>, Problem> {
    let found = all(&app).into_iter().find(|agency| agency.id.as_str() == id);
    let unknown = || {
        Problem::new(
            &NOT_FOUND,
            format!("`{id}` is no agency of this federation: see /v1/agencies"),
        )
    };
    found.map(Json).ok_or_else(unknown)
}

/// The peers of this node: who is connected, how far each one's log reaches here.
#[utoipa::path(get, path = "/v1/peers", tag = "federation", responses((status = 200, body = Vec<Peer>)))]
pub(super) async fn peers(State(app): State<App>) -> Json<Vec<Peer>> {
    let now = app.clock.now();
    let registry = app.registry.read();
    let shown = |(id, lists, connected): (&AgencyId, Option<&AgencyLists>, bool)| {
        let (last_heard, good_until) = lists.map_or((None, None), |lists| heard(&registry, lists, now));
        Peer {
            agency: id.clone(),
            name: lists.map(|lists| lists.name.clone()),
            connected,
            address: lists.map(|lists| lists.url.clone()),
            last_heard,
            good_until,
            missing: lists.map_or(0, |lists| lists.missing),
        }
    };
    Json(registry.peers().map(shown).collect())
}
