//! Recognitions of agencies: every agency's, as replicated; and this agency's own, to add and withdraw.

use api_types::recognitions::{AgencyRecognitionRequest, AgencyRecognitionResponse, WithdrawalRequest};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use registry_schema::recognition::{AgencyRecognitionEntry, RecognitionBasis};

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    problem::Problem,
    recognitions::{consequences_response, would},
};
use agency::registrar::{self, ProposedChange};

/// List the agencies that accept what another one recognizes.
#[utoipa::path(get, path = api_types::routes::AGENCY_RECOGNITIONS.path(), tag = "trust lists",
    responses((status = 200, description = "withdrawn ones included", body = Vec<AgencyRecognitionEntry>)))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<AgencyRecognitionEntry>> {
    let registry = app.registry.snapshot();
    let all = registry.agencies().into_iter();
    Json(
        all.flat_map(|lists| lists.agency_recognitions().collect::<Vec<_>>())
            .collect(),
    )
}

/// Recognize whatever another agency recognizes.
///
/// It counts for those of its recognitions that say that they may be followed. With `dry_run`, nothing is written and the
/// consequences are shown.
#[utoipa::path(post, path = api_types::routes::RECOGNIZE_AGENCY.path(), tag = "trust lists", request_body = AgencyRecognitionRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = AgencyRecognitionResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn recognize(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<AgencyRecognitionRequest>,
) -> Result<(StatusCode, Json<AgencyRecognitionResponse>), Problem> {
    let new = body.content;
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
    Ok((
        super::created(&hand),
        Json(AgencyRecognitionResponse { entry, consequences }),
    ))
}

/// Withdraw a recognition of another agency. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::WITHDRAW_AGENCY.path(), tag = "trust lists", request_body = WithdrawalRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = AgencyRecognitionResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<WithdrawalRequest>,
) -> Result<(StatusCode, Json<AgencyRecognitionResponse>), Problem> {
    let new = body.content;
    let stay_good = new.earlier_badges_stay_good;
    let entry = app.registrar.withdraw_agency(&id, stay_good, &hand).await?;
    let consequences = match hand.dry_run {
        true => Some(consequences_response(
            app.registrar.withdrawal_consequences(&id, stay_good).await?,
        )),
        false => None,
    };
    Ok((
        super::created(&hand),
        Json(AgencyRecognitionResponse { entry, consequences }),
    ))
}
