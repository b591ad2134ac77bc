//! The pages around applications: the form, the applicant's own page, an issuer and its history.

mod proof;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use registry_schema::{
    AgencyId, Timestamp,
    criteria::Rubric,
    recognition::RegistrationStanding,
    registration::{RegistrationStep, StepActor},
};
use transport::client::ClientAddress;

pub(crate) use self::proof::proof;
use super::{
    page,
    pages::{ApplicationPage, AppliedPage, ApplyPage, FieldError, FormValues, IssuerPage},
    problem_page,
};
use crate::api::{
    App,
    applications::{self, ApplicationError, Viewer, application_response, hash, is_applicants},
    body::{Body, FormFields},
    clients::AskingClient,
    problem::{self, Problem},
};
use agency::registrar::{ApplicationEvidence, Contact, NewApplication, RegistrarError, StepNote};

type FormSubmission = Result<Body<FormFields>, Problem>;

fn typed(sent: FormSubmission) -> Result<FormValues, Problem> {
    let FormFields(fields) = sent?.content;
    Ok(fields.into_iter().collect())
}

fn agency_name(app: &App) -> String {
    app.registry
        .snapshot()
        .home()
        .map(|home| home.name.clone())
        .unwrap_or_default()
}

async fn rubric(app: &App) -> Result<Option<Rubric>, Problem> {
    match app.registrar.newest_rubric(None).await {
        Ok(rubric) => Ok(Some(rubric)),
        Err(RegistrarError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn answered(result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(|problem| problem_page(&problem))
}

/// `GET /apply`.
pub(crate) async fn apply_page(State(app): State<App>) -> Response {
    let shown = async {
        let rubric = rubric(&app).await?;
        let form = ApplyPage::new(&agency_name(&app), rubric.as_ref(), &FormValues::new(), vec![]);
        Ok(page(StatusCode::OK, &form))
    };
    answered(shown.await)
}

/// `POST /apply`.
pub(crate) async fn apply(
    State(app): State<App>,
    AskingClient(client): AskingClient,
    sent: FormSubmission,
) -> Response {
    answered(applied(&app, client, sent).await)
}

async fn applied(app: &App, client: ClientAddress, sent: FormSubmission) -> Result<Response, Problem> {
    let typed = typed(sent)?;
    let rubric = rubric(app).await?;
    let agency = agency_name(app);
    let again = |status, wrong| page(status, &ApplyPage::new(&agency, rubric.as_ref(), &typed, wrong));
    let text = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let given = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
    let wrong = missing(&typed);
    if !wrong.is_empty() {
        return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, wrong));
    }
    let components = rubric.iter().flat_map(Rubric::components);
    let evidence = components.filter_map(|component| {
        let (link, note) = (
            given(&format!("link-{}", component.id)),
            given(&format!("note-{}", component.id)),
        );
        let piece = ApplicationEvidence {
            component: Some(component.id.clone()),
            link,
            note,
        };
        (piece.link.is_some() || piece.note.is_some()).then_some(piece)
    });
    let new = NewApplication {
        name: text("name"),
        url: given("url"),
        contact: Contact {
            name: text("contact_name"),
            email: text("contact_email"),
        },
        rubric: rubric.as_ref().map(|rubric| rubric.id.clone()),
        evidence: evidence.collect(),
    };
    let made = match applications::submit(app, client, new, StepActor::Applicant, false).await {
        Ok(made) => Ok(made),
        Err(ApplicationError::Share(problem)) => {
            let field = "name".to_owned();
            let what = problem.detail().to_owned();
            return Ok(again(problem.status(), vec![FieldError { field, what }]));
        }
        Err(ApplicationError::Registrar(error)) => Err(error),
    };
    match made {
        Ok(made) => {
            let application = application_response(&made.file, Viewer::Applicant, app.clock.now())?;
            Ok(page(
                StatusCode::CREATED,
                &AppliedPage::new(&agency, &application, &made.token),
            ))
        }
        Err(error @ (RegistrarError::Invalid(_) | RegistrarError::Conflict(_) | RegistrarError::TooMany { .. })) => {
            let what = error.to_string();
            let problem = Problem::from(error);
            let field = field_of(&what, &typed);
            Ok(again(problem.status(), vec![FieldError { field, what }]))
        }
        Err(error) => Err(error.into()),
    }
}

/// Lists what the form lacks.
fn missing(typed: &FormValues) -> Vec<FieldError> {
    let needed = [
        ("name", "write the name of your organization"),
        ("contact_name", "write who can be reached about this"),
        ("contact_email", "write their e-mail address"),
    ];
    let lacks = needed
        .into_iter()
        .filter(|(field, _)| typed.get(*field).is_none_or(|text| text.trim().is_empty()));
    lacks
        .map(|(field, what)| FieldError {
            field: field.to_owned(),
            what: what.to_owned(),
        })
        .collect()
}

/// The field that a refusal is about, so that the summary leads there.
fn field_of(what: &str, typed: &FormValues) -> String {
    for (part, field) in [
        ("e-mail", "contact_email"),
        ("web page", "url"),
        ("contact", "contact_name"),
        ("an issuer named", "name"),
        ("the name of an issuer", "name"),
    ] {
        if what.contains(part) {
            return field.to_owned();
        }
    }
    let quoted = what.split('`').nth(1).unwrap_or_default();
    let is_it = |(name, text): &(&String, &String)| {
        name.starts_with("link-") && !quoted.is_empty() && text.trim().starts_with(quoted)
    };
    typed
        .iter()
        .find(is_it)
        .map(|(name, _)| name.clone())
        .unwrap_or_default()
}

/// `GET /application`.
pub(crate) async fn application_page(State(app): State<App>) -> Response {
    let empty = ApplicationPage::new(&agency_name(&app), "", None, None, app.clock.now());
    page(StatusCode::OK, &empty)
}

/// `POST /application`: the key in the body, so that it stands in no address; and a step, if one is taken.
pub(crate) async fn application(State(app): State<App>, sent: FormSubmission) -> Response {
    answered(followed(&app, sent).await)
}

async fn followed(app: &App, sent: FormSubmission) -> Result<Response, Problem> {
    let typed = typed(sent)?;
    let agency = agency_name(app);
    let key = typed.get("key").map(|key| key.trim()).unwrap_or_default();
    let found = match is_applicants(key) {
        true => app.store.application_by_token(hash(key)).await?,
        false => None,
    };
    let Some(row) = found else {
        let problem = "this key opens no application here: check it for a typing mistake";
        let shown = ApplicationPage::new(&agency, "", None, Some(problem), app.clock.now());
        return Ok(page(StatusCode::UNAUTHORIZED, &shown));
    };
    let given = |name: &str| {
        typed
            .get(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let step = match typed.get("step").map(String::as_str) {
        None => None,
        Some("evidence") => Some(RegistrationStep::Evidence {
            component: given("component"),
            link: given("link"),
        }),
        Some("appeal") => Some(RegistrationStep::Appeal),
        Some("renew") => Some(RegistrationStep::Renew),
        Some("close") => Some(RegistrationStep::Close),
        Some(_) => {
            return Err(Problem::new(
                &problem::INVALID,
                "the form asks for a step that this page does not have",
            ));
        }
    };
    let (mut status, mut said) = (StatusCode::OK, None);
    if let Some(step) = step {
        let note = StepNote {
            text: given("note"),
            is_public: false,
        };
        match app
            .registrar
            .take_step(&row.id, StepActor::Applicant, step, note, false)
            .await
        {
            Ok(_) => status = StatusCode::CREATED,
            Err(error @ (RegistrarError::Invalid(_) | RegistrarError::Conflict(_))) => {
                let what = error.to_string();
                status = Problem::from(error).status();
                said = Some(what);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let file = app.registrar.case(&row.id).await?;
    let now = app.clock.now();
    let shown = application_response(&file, Viewer::Applicant, now)?;
    let shown = ApplicationPage::new(&agency, key, Some((&shown, &file.rubric)), said.as_deref(), now);
    Ok(page(status, &shown))
}

/// `GET /issuers/{id}`.
pub(crate) async fn issuer_page(State(app): State<App>, Path(id): Path<String>) -> Response {
    answered(issuer(&app, &id).await)
}

async fn issuer(app: &App, id: &str) -> Result<Response, Problem> {
    let now = app.clock.now();
    let (issuer, is_ours, standing, names) = {
        let registry = app.registry.snapshot();
        let all = registry.agencies();
        let found = registry
            .registering(id)
            .and_then(|lists| Some((lists, lists.issuer(id)?.clone())));
        let Some((lists, issuer)) = found else {
            return Err(Problem::new(
                &problem::NOT_FOUND,
                "no agency of this federation registers this issuer",
            ));
        };
        let standing = lists.registration(id).map_or_else(
            || "Registered.".to_owned(),
            |said| standing(said.standing, said.at, said.until, now),
        );
        let names: Vec<(AgencyId, String)> = all.iter().map(|lists| (lists.id.clone(), lists.name.clone())).collect();
        (issuer, lists.id == *registry.home_id(), standing, names)
    };
    let history = match app.registration.public_history && is_ours {
        true => applications::history(app, id).await?,
        false => None,
    };
    let name = |id: &AgencyId| {
        let known = names.iter().find(|(one, _)| one == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    };
    let shown = IssuerPage::new(&issuer, &name, standing, history.as_ref(), now);
    Ok(page(StatusCode::OK, &shown).into_response())
}

/// Says how the list of its home agency has an issuer, in a sentence.
fn standing(standing: RegistrationStanding, at: Timestamp, until: Option<Timestamp>, now: Timestamp) -> String {
    match (standing, until) {
        (RegistrationStanding::Suspended, _) => format!("Its registration is suspended since {}.", at.date_in_words()),
        (RegistrationStanding::Ended, _) => format!("Its registration ended on {}.", at.date_in_words()),
        (RegistrationStanding::Registered, Some(until)) if until <= now => {
            format!("The term of its registration ended on {}.", until.date_in_words())
        }
        (RegistrationStanding::Registered, Some(until)) => format!("Registered, up to {}.", until.date_in_words()),
        (RegistrationStanding::Registered, None) => "Registered.".to_owned(),
    }
}
