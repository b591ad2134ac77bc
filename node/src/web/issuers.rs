//! The page of issuers: who recognizes whom.

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use registry_schema::{AgencyId, Issuer, recognition::RecognitionEntry};
use serde::Deserialize;

use super::{page, pages::IssuersPage, problem_page};
use crate::api::{App, registries::recognizes_now, verifications::on_worker};

/// A choice of issuers, and of a part of them.
#[derive(Deserialize)]
pub(crate) struct IssuersPageQuery {
    agency: Option<String>,
    page: Option<usize>,
}

/// `GET /issuers`.
pub(crate) async fn issuers_page(State(app): State<App>, Query(which): Query<IssuersPageQuery>) -> Response {
    // A walk through all lists.
    on_worker(move || issuers_of(&app, &which))
        .await
        .unwrap_or_else(|problem| problem_page(&problem))
}

fn issuers_of(app: &App, which: &IssuersPageQuery) -> Response {
    let registry = app.registry.snapshot();
    let asked = which.agency.as_deref().and_then(|id| id.parse().ok());
    let agency = asked
        .filter(|id| registry.agency(id).is_some())
        .unwrap_or_else(|| registry.home_id().clone());
    let name = |id: &AgencyId| {
        registry
            .agency(id)
            .map_or_else(|| id.to_string(), |lists| lists.name.clone())
    };
    let all = registry.agencies();
    let issuers: Vec<Issuer> = all.iter().flat_map(|lists| lists.issuers().cloned()).collect();
    let recognitions: Vec<RecognitionEntry> = all.iter().flat_map(|lists| lists.recognitions()).collect();
    let number = which.page.unwrap_or(1);
    let now = app.clock.now();
    let counts = |agency: &AgencyId, issuer: &str| recognizes_now(&registry, agency, issuer, now);
    page(
        StatusCode::OK,
        &IssuersPage::new(&agency, &name, &issuers, &recognitions, &counts, now, number),
    )
}
