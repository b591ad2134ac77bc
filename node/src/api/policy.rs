//! Policies: every agency's, as replicated; and this agency's own, to apply.

use std::sync::LazyLock;

use api_types::policies::{PolicyChangeResponse, PolicyFormat, PolicyQuery, PolicySample};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use policy::{file, samples};
use registry_schema::{AgencyId, PolicyEntry, Purpose, Timestamp, policy::PolicyFile};

use super::{
    App,
    auth::AuthenticatedOperator,
    body::{Body, TextBody},
    documents::{CachedDocument, json},
    problem::{INVALID, NOT_FOUND, Problem, UNAVAILABLE},
};

/// Show what an agency accepts, and what that counts for.
#[utoipa::path(get, path = api_types::routes::POLICY.path(), tag = "policies", params(PolicyQuery),
    responses((status = 200, content((PolicyFile = "application/json"), (String = "application/toml"))),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn show(State(app): State<App>, Query(which): Query<PolicyQuery>) -> Result<Response, Problem> {
    let invalid = |error: &dyn std::fmt::Display| Problem::new(&INVALID, error.to_string());
    let at: Option<Timestamp> = which.at.map(|text| text.parse().map_err(|e| invalid(&e))).transpose()?;
    let asked: Option<AgencyId> = which
        .agency
        .map(|text| text.parse().map_err(|e| invalid(&e)))
        .transpose()?;
    let file = {
        let registry = app.registry.snapshot();
        let agency = asked.unwrap_or_else(|| registry.home_id().clone());
        let lists = registry.agency(&agency);
        let lists =
            lists.ok_or_else(|| invalid(&format!("`{agency}` is no agency of this federation: see /v1/agencies")))?;
        let now = app.clock.now();
        let holds = |entry: &&PolicyEntry| {
            let (from, until) = entry.term();
            let not_over = until.is_none_or(|until| at.unwrap_or(now) < until);
            not_over && at.is_none_or(|at| from.is_none_or(|from| from <= at))
        };
        let nothing = || Problem::new(&NOT_FOUND, format!("`{agency}` has published no policy"));
        PolicyFile::of(lists.policy_entries().filter(holds).cloned()).ok_or_else(nothing)?
    };
    Ok(match which.form {
        PolicyFormat::Json => Json(file).into_response(),
        PolicyFormat::Toml => {
            let text = file::write(&file).map_err(|error| invalid(&error))?;
            ([(header::CONTENT_TYPE, "application/toml")], text).into_response()
        }
    })
}

/// Apply a policy: the whole file, as TOML.
///
/// Only what differs is written. A rule that the file no longer has ends now; one that it changes is kept, ended, beside
/// its new version, so that earlier dates are answered as before. With `dry_run`, nothing is written and the
/// consequences are shown.
#[utoipa::path(put, path = api_types::routes::POLICY_CHANGE.path(), tag = "policies",
    request_body = String,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 200, body = PolicyChangeResponse), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, description = "what is wrong with the file, by line and column", body = Problem)))]
pub(super) async fn apply(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<TextBody>,
) -> Result<Json<PolicyChangeResponse>, Problem> {
    let TextBody(text) = body.content;
    let file = file::parse(&text).map_err(|wrong| Problem::new(&INVALID, wrong.to_string()))?;
    let applied = app.registrar.apply_policy(file, &hand).await?;
    Ok(Json(PolicyChangeResponse {
        differences: applied.differences,
        consequences: applied.consequences.own,
        badges: applied.consequences.badges,
        checks: applied.consequences.checks,
        checked: applied.consequences.checked,
    }))
}

/// The model policy, to adopt.
#[utoipa::path(get, path = api_types::routes::POLICY_MODEL.path(), tag = "policies",
    responses((status = 200, content_type = "application/toml", body = String),
              (status = 304, description = "unchanged since the ETag given")))]
pub(super) async fn model(asked: HeaderMap) -> Result<Response, Problem> {
    static MADE: LazyLock<FixedDocument> = LazyLock::new(|| CachedDocument::fixed(samples::MODEL));
    Ok(MADE.clone()?.answer(&asked, "application/toml"))
}

/// A document that is made once.
type FixedDocument = Result<CachedDocument, Problem>;

/// The shipped samples of rules: what 13 states and two districts were found to say, with sources. Sample data, not legal
/// advice; no agency speaks. `POST /v1/worth` counts by one.
#[utoipa::path(get, path = api_types::routes::POLICY_SAMPLES.path(), tag = "policies",
    responses((status = 200, body = Vec<PolicySample>), (status = 304, description = "unchanged since the ETag given")))]
pub(super) async fn list_samples(asked: HeaderMap) -> Result<Response, Problem> {
    static MADE: LazyLock<FixedDocument> = LazyLock::new(|| CachedDocument::fixed(json(&sample_rows()?)?));
    Ok(MADE.clone()?.answer(&asked, "application/json"))
}

fn sample_rows() -> Result<Vec<PolicySample>, Problem> {
    let broken = |_| Problem::new(&UNAVAILABLE, "a sample cannot be read");
    let rows = samples::SAMPLES.iter().map(|(agency, text)| {
        let sample = file::parse(text).map_err(broken)?;
        let mut purposes: Vec<Purpose> = sample.worth.iter().flat_map(|rule| rule.purposes.clone()).collect();
        purposes.sort_unstable();
        purposes.dedup();
        let accepted = sample.acceptance.iter().map(|rule| &rule.citation);
        let mut citations: Vec<String> = accepted
            .chain(sample.worth.iter().map(|rule| &rule.citation))
            .cloned()
            .collect();
        citations.sort_unstable();
        citations.dedup();
        Ok(PolicySample {
            agency: agency
                .parse()
                .map_err(|_| Problem::new(&UNAVAILABLE, "a sample cannot be read"))?,
            title: sample.about.title,
            purposes,
            citations,
        })
    });
    rows.collect()
}

/// One of them, as a policy file.
#[utoipa::path(get, path = api_types::routes::POLICY_SAMPLE.path(), tag = "policies",
    params(("agency" = String, Path, example = "US-KY")),
    responses((status = 200, content_type = "application/toml", body = String),
              (status = 304, description = "unchanged since the ETag given"), (status = 404, body = Problem)))]
pub(super) async fn sample(Path(agency): Path<String>, asked: HeaderMap) -> Result<Response, Problem> {
    let unknown = || {
        let shown: String = agency.chars().take(64).collect();
        Problem::new(
            &NOT_FOUND,
            format!("there is no sample of rules for `{shown}`: see /v1/policy/samples"),
        )
    };
    let sample = samples::of(&agency).ok_or_else(unknown)?;
    Ok(CachedDocument::fixed(sample)?.answer(&asked, "application/toml"))
}

/// The JSON Schema of policy files.
#[utoipa::path(get, path = api_types::routes::POLICY_SCHEMA.path(), tag = "policies",
    responses((status = 200, content_type = "application/schema+json", body = serde_json::Value),
              (status = 304, description = "unchanged since the ETag given")))]
pub(super) async fn schema(asked: HeaderMap) -> Result<Response, Problem> {
    static MADE: LazyLock<FixedDocument> = LazyLock::new(|| CachedDocument::fixed(samples::SCHEMA));
    Ok(MADE.clone()?.answer(&asked, "application/schema+json"))
}
