//! Recognitions: every agency's, as replicated; and this agency's own, to add and withdraw.

use api_types::{
    consequences::{ConsequencesResponse, DependentRecognitions},
    recognitions::{RecognitionListQuery, RecognitionRequest, RecognitionResponse, WithdrawalRequest},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use registry_schema::{
    AgencyId, QueryTime, Timestamp,
    recognition::{RecognitionBasis, RecognitionEntry},
};

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    documents::{self, DocumentValidity},
    problem::{INVALID, Problem},
    verifications::on_worker,
};
use agency::{
    registrar::{self, Actor, ProposedChange},
    registry::{AgencyState, Registry},
};

/// List who recognizes whom.
#[utoipa::path(get, path = api_types::routes::RECOGNITIONS.path(), tag = "trust lists", params(RecognitionListQuery),
    responses((status = 200, description = "withdrawn ones included, unless `at` is given", body = Vec<RecognitionEntry>),
              (status = 422, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(which): Query<RecognitionListQuery>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let at: Option<Timestamp> = match which.at.as_deref() {
        Some(text) => Some(text.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?),
        None => None,
    };
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    if let Some(issuer) = &which.issuer {
        let of_it = wanted(&registry, which.agency.as_deref(), (at, now), |lists| {
            lists.recognitions_of(issuer).collect()
        });
        return Ok(Json(of_it).into_response());
    }
    let name = documents::name("recognitions", &registry, which.agency.as_deref());
    let holds = DocumentValidity::of(&registry);
    let make = move || {
        let all = |lists: &AgencyState| lists.recognitions().collect();
        documents::json(&wanted(&registry, which.agency.as_deref(), (at, now), all))
    };
    if at.is_some() {
        // Each moment has a list of its own: it is nobody else's.
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return Ok((kind, on_worker(make).await??).into_response());
    }
    Ok(app
        .documents
        .get(&name, holds, make)
        .await?
        .answer(&asked, "application/json"))
}

fn wanted(
    registry: &Registry,
    agency: Option<&str>,
    (at, now): (Option<Timestamp>, Timestamp),
    entries: impl Fn(&AgencyState) -> Vec<RecognitionEntry>,
) -> Vec<RecognitionEntry> {
    let all = registry.agencies().into_iter();
    let of_agency = all.filter(|lists| agency.is_none_or(|id| id == lists.id.as_str()));
    let holds = |entry: &RecognitionEntry| at.is_none_or(|at| entry.holds(QueryTime::new(at, now), None));
    of_agency.flat_map(entries).filter(holds).collect()
}

/// Recognize an issuer. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::RECOGNIZE.path(), tag = "trust lists", request_body = RecognitionRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RecognitionResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn recognize(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<RecognitionRequest>,
) -> Result<(StatusCode, Json<RecognitionResponse>), Problem> {
    let RecognitionRequest {
        issuer,
        registered_by,
        purposes,
        scope,
        from,
        until,
        accepts_without_status,
        attestation,
        stands_alone,
        may_be_followed,
        conditions,
    } = body.content;
    let new = registrar::NewRecognition {
        issuer,
        registered_by,
        purposes,
        scope,
        from,
        until,
        accepts_without_status,
        basis: RecognitionBasis {
            attestation,
            stands_alone,
            may_be_followed,
            conditions,
        },
    };
    let entry = app.registrar.recognize(new, &hand).await?;
    let change = ProposedChange::Recognition(Box::new(entry.clone()));
    let consequences = would(&app, &hand, change).await?;
    Ok((super::created(&hand), Json(RecognitionResponse { entry, consequences })))
}

/// Counts this agency's recognitions that rest on what another one says.
pub(super) fn dependent_on(registry: &Registry, agency: &AgencyId, now: Timestamp) -> DependentRecognitions {
    let Some(home) = registry.home() else {
        return DependentRecognitions {
            standing: 0,
            of_issuers: 0,
            of_agency: 0,
        };
    };
    let of_issuers = || {
        home.recognitions()
            .filter(|entry| entry.holds(QueryTime::now(now), None))
    };
    let of_agencies = || {
        home.agency_recognitions()
            .filter(|entry| entry.holds(QueryTime::now(now), None))
    };
    let registers = |entry: &RecognitionEntry| entry.recognition.issuer.agency == *agency;
    DependentRecognitions {
        standing: of_issuers().count() + of_agencies().count(),
        of_issuers: of_issuers().filter(registers).count(),
        of_agency: of_agencies().filter(|entry| entry.recognition.of == *agency).count(),
    }
}

/// The answer for the consequences that the registrar found.
pub(super) fn consequences_response(found: registrar::ChangeConsequences) -> ConsequencesResponse {
    ConsequencesResponse {
        recognitions: None,
        badges: found.badges,
        own: found.own,
        checks: found.checks,
        checked: found.checked,
    }
}

/// Withdraw a recognition. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::WITHDRAW.path(), tag = "trust lists", request_body = WithdrawalRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RecognitionResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<WithdrawalRequest>,
) -> Result<(StatusCode, Json<RecognitionResponse>), Problem> {
    let new = body.content;
    let stay_good = new.earlier_badges_stay_good;
    let entry = app.registrar.withdraw(&id, stay_good, &hand).await?;
    let consequences = match hand.dry_run {
        true => {
            let found = app.registrar.withdrawal_consequences(&id, stay_good).await?;
            Some(consequences_response(found))
        }
        false => None,
    };
    Ok((super::created(&hand), Json(RecognitionResponse { entry, consequences })))
}

/// In a dry run, what a change would do.
pub(super) async fn would(
    app: &App,
    hand: &Actor,
    change: ProposedChange,
) -> Result<Option<ConsequencesResponse>, Problem> {
    match hand.dry_run {
        true => Ok(Some(consequences_response(app.registrar.consequences(change).await?))),
        false => Ok(None),
    }
}
