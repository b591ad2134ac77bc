//! The parts of a case that are shown, and to whom.

use registry_schema::{
    AgencyId, Timestamp,
    criteria::RubricRef,
    registration::{CasePhase, CaseRole, IntendedMeasure, RegistrationStep, StepActor, StepKind},
};
use serde::Serialize;
use utoipa::ToSchema;

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

/// An application in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed {
    /// Its id.
    id: String,
    /// The name under which it wants to issue.
    name: String,
    /// The moment at which it applied.
    applied_at: Timestamp,
    /// `submitted`, `under_review`, `refused`, `closed`, `registered`, `suspended` or `withdrawn`.
    phase: String,
}

impl From<ApplicationRow> for Listed {
    fn from(row: ApplicationRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            applied_at: Timestamp(row.applied_at),
            phase: row.phase,
        }
    }
}

/// An application, and everything that was done about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Application {
    /// Its id.
    pub(crate) id: String,
    /// The name under which it wants to issue.
    pub(crate) name: String,
    /// Its public page.
    pub(crate) url: Option<String>,
    /// The name of the person who can be reached about it; stays at this agency. Absent once it was expunged.
    pub(crate) contact_name: Option<String>,
    /// Their e-mail address; stays at this agency. Absent once it was expunged.
    pub(crate) contact_email: Option<String>,
    /// The phase of the case.
    pub(crate) phase: CasePhase,
    /// The rubric of its last review.
    pub(crate) rubric: RubricRef,
    /// The issuer that it registered.
    pub(crate) issuer: Option<String>,
    /// The end of the registration's term.
    pub(crate) until: Option<Timestamp>,
    /// True if that term is over.
    pub(crate) lapsed: bool,
    /// The conditions of the approval.
    pub(crate) conditions: Vec<String>,
    /// The reasons that the review under way does not pass the rubric's gate; empty, if it does.
    pub(crate) unmet: Vec<String>,
    /// The steps that are possible now.
    pub(crate) possible: Vec<String>,
    /// The text that a trial badge has to have in it to prove control of an identifier; absent, once that is not possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<String>,
    /// The identifier that the applicant proved to control, under which it is registered; the node makes a key, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proven: Option<String>,
    /// The steps that were taken, in order.
    pub(crate) steps: Vec<ShownStep>,
}

/// A step that was taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct ShownStep {
    /// From 1.
    pub(crate) number: i64,
    /// The moment at which it was taken.
    pub(crate) at: Timestamp,
    /// In which role.
    pub(crate) role: CaseRole,
    /// The operator who took it; for operators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<String>,
    /// The step itself.
    pub(crate) step: RegistrationStep,
    /// The reasons, the grounds, what evidence shows.
    pub(crate) note: Option<String>,
    /// True if everybody may read the note.
    pub(crate) note_is_public: bool,
}

impl Application {
    pub(crate) fn of(file: &ApplicationCase, eyes: Viewer, now: Timestamp) -> Result<Self, Problem> {
        let (row, case) = (&file.application, &file.case);
        let contact: Option<Contact> = serde_json::from_str(&row.contact).map_err(unreadable)?;
        let unmet = case
            .round
            .as_ref()
            .map_or_else(Vec::new, |round| file.rubric.unmet(round.reviews.values()));
        let may_prove = case.possible().contains(&StepKind::Prove);
        Ok(Self {
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
                .map(|row| ShownStep::of(row, eyes))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn unreadable(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "a case cannot be read");
    Problem::new(&UNAVAILABLE, "what is kept of this case cannot be read")
}

impl ShownStep {
    fn of(row: &StepRow, eyes: Viewer) -> Result<Self, Problem> {
        let step: RegistrationStep = serde_json::from_str(&row.step).map_err(unreadable)?;
        let by = row.who.clone().map_or(StepActor::Applicant, StepActor::Operator);
        Ok(Self {
            number: row.number,
            at: Timestamp(row.at),
            role: step.kind().role(&by),
            who: row.who.clone().filter(|_| eyes == Viewer::Operator),
            step,
            note: row.note.clone(),
            note_is_public: row.note_is_public != 0,
        })
    }
}

/// The public part of how an issuer came to be one. No person is in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The issuer's id.
    pub(crate) issuer: String,
    /// Its name.
    pub(crate) name: String,
    /// The agency that decided.
    pub(crate) agency: AgencyId,
    /// The phase of the case.
    pub(crate) phase: CasePhase,
    /// The end of the registration's term.
    pub(crate) until: Option<Timestamp>,
    /// True if that term is over.
    pub(crate) lapsed: bool,
    /// The conditions of the approval.
    pub(crate) conditions: Vec<String>,
    /// The rubric of its last review.
    pub(crate) rubric: RubricRef,
    /// The steps that were taken, in order.
    pub(crate) steps: Vec<HistoryStep>,
}

/// A step, as the public sees it: not what was scored, shown or written in private.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HistoryStep {
    /// The moment at which it was taken.
    pub(crate) at: Timestamp,
    /// In which role.
    pub(crate) role: CaseRole,
    /// The step itself: `apply`, `review`, `approve`, …
    pub(crate) step: String,
    /// The end of the term that was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    /// The conditions that were set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<String>,
    /// The decision that a notice said was intended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<IntendedMeasure>,
    /// Until when the issuer could answer a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) respond_by: Option<Timestamp>,
    /// True if an appeal was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) granted: Option<bool>,
    /// The note that was written for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// The history of an issuer of this agency; nothing, if it was registered without an application.
pub(crate) async fn history(app: &App, issuer: &str) -> Result<Option<History>, Problem> {
    let Some(row) = app.store.application_of_issuer(issuer).await? else {
        return Ok(None);
    };
    let file = app.registrar.case(&row.id).await?;
    let now = app.clock.now();
    let seen = Application::of(&file, Viewer::Applicant, now)?;
    Ok(Some(History {
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

impl From<ShownStep> for HistoryStep {
    fn from(shown: ShownStep) -> Self {
        let mut seen = Self {
            at: shown.at,
            role: shown.role,
            step: shown.step.kind().as_str().to_owned(),
            until: None,
            conditions: Vec::new(),
            of: None,
            respond_by: None,
            granted: None,
            note: shown.note.filter(|_| shown.note_is_public),
        };
        match shown.step {
            RegistrationStep::Approve { conditions, until, .. } => {
                seen.conditions = conditions;
                seen.until = Some(until);
            }
            RegistrationStep::Notice { of, respond_by } => {
                seen.of = Some(of);
                seen.respond_by = Some(respond_by);
            }
            RegistrationStep::DecideAppeal { granted } => seen.granted = Some(granted),
            _ => {}
        }
        seen
    }
}
