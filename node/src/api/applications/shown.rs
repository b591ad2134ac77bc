//! The parts of a case that are shown, and to whom.

use api_types::applications::{ApplicationResponse, ApplicationSummary, CaseStep, HistoryStep, IssuerHistoryResponse};
use registry_schema::{
    Timestamp,
    registration::{RegistrationStep, StepActor, StepKind},
};

use super::super::{
    App,
    problem::{Problem, UNAVAILABLE},
};
use agency::registrar::{ApplicationCase, Contact};
use storage::{ApplicationRow, StepRow};

/// The person who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// An operator of the agency: sees all.
    Operator,
    /// The applicant: sees all but the names of operators.
    Applicant,
}

/// The entry of an application in a list.
pub(super) fn application_summary(row: ApplicationRow) -> ApplicationSummary {
    ApplicationSummary {
        id: row.id,
        name: row.name,
        applied_at: Timestamp(row.applied_at),
        phase: row.phase,
    }
}

/// An application as who looks may see it.
///
/// # Errors
/// [`Problem`], if what is kept of it cannot be read.
pub(crate) fn application_response(
    file: &ApplicationCase,
    eyes: Viewer,
    now: Timestamp,
) -> Result<ApplicationResponse, Problem> {
    let (row, case) = (&file.application, &file.case);
    let contact: Option<Contact> = serde_json::from_str(&row.contact).map_err(unreadable)?;
    let unmet = case
        .round
        .as_ref()
        .map_or_else(Vec::new, |round| file.rubric.unmet(round.reviews.values()));
    let may_prove = case.possible().contains(&StepKind::Prove);
    Ok(ApplicationResponse {
        id: row.id.clone(),
        name: row.name.clone(),
        url: row.url.clone(),
        contact_name: contact.as_ref().map(|contact| contact.name.clone()),
        contact_email: contact.map(|contact| contact.email),
        phase: case.phase,
        rubric: case.rubric.clone(),
        issuer: case.issuer.clone(),
        until: case.until,
        lapsed: case.has_lapsed(now),
        conditions: case.conditions.clone(),
        unmet: unmet.iter().map(ToString::to_string).collect(),
        possible: case
            .possible()
            .into_iter()
            .filter(|kind| eyes == Viewer::Operator || kind.is_applicants())
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        challenge: may_prove.then(|| file.challenge.clone()),
        proven: case.proven.as_ref().map(|proven| proven.issuer.clone()),
        steps: file
            .steps
            .iter()
            .map(|row| case_step(row, eyes))
            .collect::<Result<_, _>>()?,
    })
}

fn unreadable(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "a case cannot be read");
    Problem::new(&UNAVAILABLE, "what is kept of this case cannot be read")
}

fn case_step(row: &StepRow, eyes: Viewer) -> Result<CaseStep, Problem> {
    let step: RegistrationStep = serde_json::from_str(&row.step).map_err(unreadable)?;
    let by = row.who.clone().map_or(StepActor::Applicant, StepActor::Operator);
    Ok(CaseStep {
        number: row.number,
        at: Timestamp(row.at),
        role: step.kind().role(&by),
        who: row.who.clone().filter(|_| eyes == Viewer::Operator),
        step,
        note: row.note.clone(),
        note_is_public: row.note_is_public != 0,
    })
}

/// The history of an issuer of this agency; nothing, if it was registered without an application.
pub(crate) async fn history(app: &App, issuer: &str) -> Result<Option<IssuerHistoryResponse>, Problem> {
    let Some(row) = app.store.application_of_issuer(issuer).await? else {
        return Ok(None);
    };
    let file = app.registrar.case(&row.id).await?;
    let now = app.clock.now();
    let seen = application_response(&file, Viewer::Applicant, now)?;
    Ok(Some(IssuerHistoryResponse {
        issuer: issuer.to_owned(),
        name: seen.name,
        agency: app.registrar.agency(),
        phase: seen.phase,
        until: seen.until,
        lapsed: seen.lapsed,
        conditions: seen.conditions,
        rubric: seen.rubric,
        steps: seen.steps.into_iter().map(HistoryStep::from).collect(),
    }))
}
