//! Applications to be an issuer of this agency: anybody applies; operators review and decide; each step is kept.

mod proof;
mod shown;

use api_types::applications::{
    ApplicationCreatedResponse, ApplicationRequest, ApplicationResponse, ApplicationSummary, CaseStepRequest,
    CaseStepResponse, IssuerHistoryResponse,
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, request::Parts},
};
use registry_schema::registration::{RegistrationStep, StepActor};
use transport::client::ClientAddress;

pub(crate) use super::auth::{hash, is_applicants};
pub(crate) use proof::proved;
pub(super) use proof::{__path_prove, prove};
use shown::application_summary;
pub(crate) use shown::{Viewer, application_response, history};

use super::{
    App,
    auth::{self, AuthenticatedOperator, RequestParty},
    body::Body,
    clients::AskingClient,
    issuers::resembling,
    paging::{ListPage, PageQuery},
    problem::{NOT_FOUND, Problem, UNAUTHENTICATED},
    recognitions::consequences_response,
};
use agency::registrar::{
    ApplicationEvidence, ApplicationLimit, Contact, NewApplication, RegistrarError, StepNote, SubmittedApplication,
};
use storage::ApplicationRow;

/// The party that asks about a case: an operator, or its applicant.
#[derive(Debug)]
pub(super) struct CaseParty {
    by: StepActor,
    /// The applicant's case.
    only: Option<String>,
    dry_run: bool,
}

impl FromRequestParts<App> for CaseParty {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let found = match parts.extensions.get::<RequestParty>() {
            Some(RequestParty::Applicant(id)) => Some(id.clone()),
            Some(RequestParty::Operator(_)) => None,
            None => auth::applicant(&parts.headers, &app.store).await?,
        };
        if let Some(id) = found {
            return Ok(Self {
                by: StepActor::Applicant,
                only: Some(id),
                dry_run: auth::dry_run(parts)?,
            });
        }
        let AuthenticatedOperator(hand) = AuthenticatedOperator::from_request_parts(parts, app).await?;
        Ok(Self {
            by: StepActor::Operator(hand.who),
            only: None,
            dry_run: hand.dry_run,
        })
    }
}

impl CaseParty {
    /// An applicant's token opens that applicant's case alone; of others' it does not even learn that they exist.
    fn may_see(&self, id: &str) -> Result<(), Problem> {
        match &self.only {
            Some(own) if own != id => Err(Problem::new(&UNAUTHENTICATED, "this token is for another application")),
            _ => Ok(()),
        }
    }

    fn eyes(&self) -> Viewer {
        match self.by {
            StepActor::Applicant => Viewer::Applicant,
            StepActor::Operator(_) => Viewer::Operator,
        }
    }
}

/// Apply to be an issuer of this agency.
///
/// Anybody can. The answer has a token with which the applicant, and nobody else but the agency's operators, follows the
/// case and gives evidence. At most 6 applications an hour from one address; after 20 an hour or 60 a day in all, one an
/// hour from an address; and as many waiting as the agency allows; what an operator writes down for an applicant is not
/// counted.
#[utoipa::path(post, path = api_types::routes::APPLY.path(), tag = "registration", request_body = ApplicationRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = ApplicationCreatedResponse), (status = 409, description = "the name is taken, or the agency takes no applications", body = Problem),
              (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn apply(
    State(app): State<App>,
    DryRunFlag(dry_run): DryRunFlag,
    operator: Result<AuthenticatedOperator, Problem>,
    AskingClient(client): AskingClient,
    body: Body<ApplicationRequest>,
) -> Result<(StatusCode, Json<ApplicationCreatedResponse>), Problem> {
    let new = body.content;
    let by = operator.map_or(StepActor::Applicant, |AuthenticatedOperator(hand)| {
        StepActor::Operator(hand.who)
    });
    let pieces = new.evidence.into_iter().map(|piece| ApplicationEvidence {
        component: piece.component,
        link: piece.link,
        note: piece.note,
    });
    let new = NewApplication {
        name: new.name,
        url: new.url,
        contact: Contact {
            name: new.contact_name,
            email: new.contact_email,
        },
        rubric: new.rubric,
        evidence: pieces.collect(),
    };
    let made = submit(&app, client, new, by, dry_run).await?;
    let application = application_response(&made.file, Viewer::Applicant, app.clock.now())?;
    let token = (!dry_run).then_some(made.token);
    let status = if dry_run { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(ApplicationCreatedResponse { application, token })))
}

/// Takes an application, from the share of whoever applies: so one stranger does not use up everybody's. What was not made
/// is not counted.
///
/// # Errors
/// [`ApplicationError`], if it is not taken.
pub(crate) async fn submit(
    app: &App,
    client: ClientAddress,
    new: NewApplication,
    by: StepActor,
    dry_run: bool,
) -> Result<SubmittedApplication, ApplicationError> {
    let counts = by == StepActor::Applicant && !dry_run;
    let is_first = match counts {
        true => app.clients.applies(client).map_err(ApplicationError::Share)?,
        false => true,
    };
    let room = ApplicationLimit {
        most_open: app.registration.most_open,
        is_first,
    };
    let made = app.registrar.apply(new, by, room, dry_run).await;
    if made.is_err() && counts {
        app.clients.did_not_apply(client, is_first);
    }
    made.map_err(ApplicationError::Registrar)
}

/// The reason why an application is not taken.
#[derive(Debug)]
pub(crate) enum ApplicationError {
    /// The applicant's address, or its neighborhood, has had its share.
    Share(Problem),
    /// The registrar refuses it.
    Registrar(RegistrarError),
}

impl From<ApplicationError> for Problem {
    fn from(refused: ApplicationError) -> Self {
        match refused {
            ApplicationError::Share(problem) => problem,
            ApplicationError::Registrar(error) => error.into(),
        }
    }
}

/// `?dry_run=true`, of anybody.
#[derive(Debug)]
pub(super) struct DryRunFlag(bool);

impl FromRequestParts<App> for DryRunFlag {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        auth::dry_run(parts).map(Self)
    }
}

/// The applications, the newest first; for operators. A page has at most 1,000; the header `Link` says where the list goes
/// on.
#[utoipa::path(get, path = api_types::routes::APPLICATIONS.path(), tag = "registration", params(PageQuery),
    responses((status = 200, body = Vec<ApplicationSummary>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    _operator: AuthenticatedOperator,
    Query(which): Query<PageQuery>,
) -> Result<ListPage<ApplicationSummary>, Problem> {
    let rows = app.store.applications(&which.after()?, which.rows()).await?;
    let place = |row: &ApplicationRow| (row.applied_at, row.id.clone());
    Ok(which.page(api_types::routes::APPLICATIONS.path(), rows, place, application_summary))
}

/// One application with all its steps; for operators, and for the applicant with the application's token.
#[utoipa::path(get, path = api_types::routes::APPLICATION.path(), tag = "registration",
    params(("id" = String, Path)),
    responses((status = 200, body = ApplicationResponse), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    party: CaseParty,
) -> Result<Json<ApplicationResponse>, Problem> {
    party.may_see(&id)?;
    let file = app.registrar.case(&id).await?;
    application_response(&file, party.eyes(), app.clock.now()).map(Json)
}

/// Take a step in a case.
///
/// The applicant, with the application's token: `evidence`, `renew`, `close`, `appeal`; for `prove` there is an address of its
/// own. Operators: all of them; what comes
/// by letter they write down. A step that is not possible now is answered with 409, which says what is. An approval
/// needs the rubric's gate to be met; the end of a registration a notice that gave time to answer.
#[utoipa::path(post, path = api_types::routes::CASE_STEP.path(), tag = "registration", request_body = CaseStepRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = CaseStepResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn take_step(
    State(app): State<App>,
    Path(id): Path<String>,
    party: CaseParty,
    body: Body<CaseStepRequest>,
) -> Result<(StatusCode, Json<CaseStepResponse>), Problem> {
    party.may_see(&id)?;
    let new = body.content;
    let note = StepNote {
        text: new.note,
        is_public: new.note_is_public,
    };
    let eyes = party.eyes();
    let registers = matches!(new.step, RegistrationStep::Approve { .. }) && eyes == Viewer::Operator;
    let file = app
        .registrar
        .take_step(&id, party.by, new.step, note, party.dry_run)
        .await?;
    let status = if party.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    // What a step does to whose badges is the agency's to know.
    let consequences = match (&file.said, party.dry_run, eyes) {
        (Some(said), true, Viewer::Operator) => Some(consequences_response(
            app.registrar.standing_consequences(said.clone()).await?,
        )),
        _ => None,
    };
    let resembles = match (registers, &file.said) {
        (true, Some(said)) => resembling(&app.registry.snapshot(), &file.application.name, &said.issuer),
        _ => Vec::new(),
    };
    let application = application_response(&file, eyes, app.clock.now())?;
    let taken = CaseStepResponse {
        application,
        consequences,
        resembles,
    };
    Ok((status, Json(taken)))
}

/// Forget who can be reached about an application that was decided or closed. What was decided, and why, stays.
#[utoipa::path(post, path = api_types::routes::CONTACT_EXPUNGING.path(), tag = "registration",
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = ApplicationResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(super) async fn expunge_contact(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<(StatusCode, Json<ApplicationResponse>), Problem> {
    let file = app.registrar.expunge_contact(&id, &hand).await?;
    let application = application_response(&file, Viewer::Operator, app.clock.now())?;
    Ok((super::created(&hand), Json(application)))
}

/// Show how an issuer of this agency came to be one, and what came of it since: each step with its day and the role of who
/// took it, without persons. Public where the agency says so; for its operators in any case.
#[utoipa::path(get, path = api_types::routes::ISSUER_HISTORY.path(), tag = "registration", params(("id" = String, Path)),
    responses((status = 200, body = IssuerHistoryResponse), (status = 404, body = Problem)))]
pub(super) async fn public_history(
    State(app): State<App>,
    Path(id): Path<String>,
    operator: Result<AuthenticatedOperator, Problem>,
) -> Result<Json<IssuerHistoryResponse>, Problem> {
    let may = app.registration.public_history || operator.is_ok();
    let found = if may { history(&app, &id).await? } else { None };
    found.map(Json).ok_or_else(|| {
        let shown: String = id.chars().take(200).collect();
        Problem::new(&NOT_FOUND, format!("this agency publishes no history of `{shown}`"))
    })
}
