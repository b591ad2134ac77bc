//! Recognitions of agencies: every agency's, as replicated; and this agency's own, to add and withdraw.

use api_types::consequences::ConsequencesResponse;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use registry_schema::{
    AgencyId, Purpose, RecognitionScope, Timestamp,
    recognition::{AgencyRecognitionEntry, Attestation, RecognitionBasis},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    App,
    auth::AuthenticatedOperator,
    problem::Problem,
    recognitions::{NewWithdrawal, consequences_response, would},
};
use agency::registrar::{self, ProposedChange};

/// List the agencies that accept what another one recognizes.
#[utoipa::path(get, path = "/v1/agency-recognitions", tag = "trust lists",
    responses((status = 200, description = "withdrawn ones included", body = Vec<AgencyRecognitionEntry>)))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<AgencyRecognitionEntry>> {
    let registry = app.registry.snapshot();
    let all = registry.agencies().into_iter();
    Json(
        all.flat_map(|lists| lists.agency_recognitions().collect::<Vec<_>>())
            .collect(),
    )
}

/// A recognition of another agency to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgencyRecognition {
    /// The agency whose recognitions are accepted: `US-TN`.
    of: AgencyId,
    /// For which purposes; at least one.
    purposes: Vec<Purpose>,
    /// For which achievements; all, if absent.
    #[serde(default = "everything")]
    scope: RecognitionScope,
    /// From when; now, if absent.
    from: Option<Timestamp>,
    /// Up to when; without end, if absent.
    until: Option<Timestamp>,
    /// Through how many agencies it reaches, 1 to 4; 1, if absent: that agency's own recognitions alone.
    #[serde(default = "one")]
    depth: u8,
    /// On what it rests; another agency's review, if absent.
    #[serde(default = "adopted")]
    attestation: Attestation,
    /// True if agencies that recognize whatever this agency recognizes may build on it.
    #[serde(default)]
    may_be_followed: bool,
    /// On which conditions, for people to read; at most 20.
    #[serde(default)]
    conditions: Vec<String>,
}

const fn everything() -> RecognitionScope {
    RecognitionScope::All
}

const fn one() -> u8 {
    1
}

const fn adopted() -> Attestation {
    Attestation::AdoptedReview
}

/// Recognize whatever another agency recognizes.
///
/// It counts for those of its recognitions that say that they may be followed. With `dry_run`, nothing is written and the
/// consequences are shown.
#[utoipa::path(post, path = "/v1/agency-recognitions", tag = "trust lists", request_body = NewAgencyRecognition,
    security(("operator" = [])), params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = AgencyRecognized), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn recognize(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewAgencyRecognition>, JsonRejection>,
) -> Result<(StatusCode, Json<AgencyRecognized>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let new = registrar::NewAgencyRecognition {
        of: new.of,
        purposes: new.purposes,
        scope: new.scope,
        from: new.from,
        until: new.until,
        depth: new.depth,
        basis: RecognitionBasis {
            attestation: new.attestation,
            stands_alone: false,
            may_be_followed: new.may_be_followed,
            conditions: new.conditions,
        },
    };
    let entry = app.registrar.recognize_agency(new, &hand).await?;
    let change = ProposedChange::Agency(Box::new(entry.clone()));
    let consequences = would(&app, &hand, change).await?;
    Ok((super::created(&hand), Json(AgencyRecognized { entry, consequences })))
}

/// A recognition of an agency as it stands now, or with `dry_run` would.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct AgencyRecognized {
    #[serde(flatten)]
    entry: AgencyRecognitionEntry,
    /// With `dry_run`: what would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Withdraw a recognition of another agency. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = "/v1/agency-recognitions/{id}/withdrawal", tag = "trust lists", request_body = NewWithdrawal,
    security(("operator" = [])), params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = AgencyRecognized), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewWithdrawal>, JsonRejection>,
) -> Result<(StatusCode, Json<AgencyRecognized>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let stay_good = new.earlier_badges_stay_good;
    let entry = app.registrar.withdraw_agency(&id, stay_good, &hand).await?;
    let consequences = match hand.dry_run {
        true => Some(consequences_response(
            app.registrar.withdrawal_consequences(&id, stay_good).await?,
        )),
        false => None,
    };
    Ok((super::created(&hand), Json(AgencyRecognized { entry, consequences })))
}
