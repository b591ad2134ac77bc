//! For those who keep the node running.

use axum::{Json, extract::State};
use registry_schema::AgencyId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    problem::{Problem, UNAVAILABLE},
};
use crate::lease::Role;

/// Which program this is, and whose.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Version {
    /// The program.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// The version of the protocol between nodes.
    protocol: &'static str,
    /// The agency that runs this node.
    agency: AgencyId,
    /// Whether this process writes for the agency (`holder` of its lease), or forwards to one that does (`follower`).
    role: &'static str,
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200, body = String)))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether the node can do its work: its store answers and its own lists are loaded.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, body = String), (status = 503, body = Problem)))]
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.store.ping().await?;
    if app.registry.snapshot().home().is_none() {
        return Err(Problem::new(&UNAVAILABLE, "this node's own lists are not loaded"));
    }
    Ok("ready\n")
}

/// Which program this is.
#[utoipa::path(get, path = "/version", tag = "operations", responses((status = 200, body = Version)))]
pub(super) async fn version(State(app): State<App>) -> Json<Version> {
    let agency = app.registry.snapshot().home_id().clone();
    Json(Version {
        name: "comityd",
        version: env!("CARGO_PKG_VERSION"),
        protocol: "/comity/1",
        agency,
        role: match *app.role.borrow() {
            Role::Holder => "holder",
            Role::Follower(_) => "follower",
        },
    })
}
