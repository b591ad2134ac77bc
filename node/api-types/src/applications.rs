//! Applications to be an issuer of an agency: anybody applies; operators review and decide.

use registry_schema::{
    AgencyId, Timestamp,
    criteria::RubricRef,
    registration::{CasePhase, CaseRole, IntendedMeasure, RegistrationStep},
};
use serde::{Deserialize, Serialize};

use crate::{consequences::ConsequencesResponse, issuers::ResemblingName};

/// An application to be an issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplicationRequest {
    /// The name under which it wants to issue, at most 200 characters; public once it is registered.
    pub name: String,
    /// Its public page: an http or https link of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A person or office that can be reached about it; stays at this agency.
    pub contact_name: String,
    /// Their e-mail address; stays at this agency.
    pub contact_email: String,
    /// The rubric's id; the agency's current one, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<String>,
    /// The evidence shown at once; at most 60 pieces, and more can follow.
    #[serde(default)]
    pub evidence: Vec<NewEvidence>,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewEvidence {
    /// For this component of the rubric; for all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The place where it can be seen: an http or https link of at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// A note on what it shows; at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An application that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationCreatedResponse {
    /// The agency's record of it.
    pub application: ApplicationResponse,
    /// With this token, as `Authorization: Bearer TOKEN`, the applicant follows the case. It is shown once; absent in a
    /// dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// An application in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationSummary {
    /// Its id.
    pub id: String,
    /// The name under which it wants to issue.
    pub name: String,
    /// The moment at which it applied.
    pub applied_at: Timestamp,
    /// `submitted`, `under_review`, `refused`, `closed`, `registered`, `suspended` or `withdrawn`.
    pub phase: String,
}

/// An application, and everything that was done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationResponse {
    /// Its id.
    pub id: String,
    /// The name under which it wants to issue.
    pub name: String,
    /// Its public page.
    pub url: Option<String>,
    /// The name of the person who can be reached about it; stays at this agency. Absent once it was expunged.
    pub contact_name: Option<String>,
    /// Their e-mail address; stays at this agency. Absent once it was expunged.
    pub contact_email: Option<String>,
    /// The phase of the case.
    pub phase: CasePhase,
    /// The rubric of its last review.
    pub rubric: RubricRef,
    /// The issuer that it registered.
    pub issuer: Option<String>,
    /// The end of the registration's term.
    pub until: Option<Timestamp>,
    /// True if that term is over.
    pub lapsed: bool,
    /// The conditions of the approval.
    pub conditions: Vec<String>,
    /// The reasons that the review under way does not pass the rubric's gate; empty, if it does.
    pub unmet: Vec<String>,
    /// The steps that are possible now.
    pub possible: Vec<String>,
    /// The text that a trial badge has to have in it to prove control of an identifier; absent, once that is not possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// The identifier that the applicant proved to control, under which it is registered; the node makes a key, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<String>,
    /// The steps that were taken, in order.
    pub steps: Vec<CaseStep>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseStep {
    /// From 1.
    pub number: i64,
    /// The moment at which it was taken.
    pub at: Timestamp,
    /// In which role.
    pub role: CaseRole,
    /// The operator who took it; for operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The step itself.
    pub step: RegistrationStep,
    /// The reasons, the grounds, what evidence shows.
    pub note: Option<String>,
    /// True if everybody may read the note.
    pub note_is_public: bool,
}

/// A step to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseStepRequest {
    /// The step itself: `"suspend"`, or `{"approve": {"until": "2029-07-01"}}`.
    pub step: RegistrationStep,
    /// The reasons, the grounds, what evidence shows; at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// True if everybody may read the note; otherwise it stays between the agency and the applicant.
    #[serde(default)]
    pub note_is_public: bool,
}

/// An application after a step, or with `dry_run` as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseStepResponse {
    /// The application.
    #[serde(flatten)]
    pub application: ApplicationResponse,
    /// With `dry_run`, where the step changes how the issuer stands: what that would change. For operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
    /// The names at other agencies that a reader may take the issuer's name for, if the step registers one, or would. For
    /// operators alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resembles: Vec<ResemblingName>,
}

/// The public part of how an issuer came to be one. No person is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerHistoryResponse {
    /// The issuer's id.
    pub issuer: String,
    /// Its name.
    pub name: String,
    /// The agency that decided.
    pub agency: AgencyId,
    /// The phase of the case.
    pub phase: CasePhase,
    /// The end of the registration's term.
    pub until: Option<Timestamp>,
    /// True if that term is over.
    pub lapsed: bool,
    /// The conditions of the approval.
    pub conditions: Vec<String>,
    /// The rubric of its last review.
    pub rubric: RubricRef,
    /// The steps that were taken, in order.
    pub steps: Vec<HistoryStep>,
}

/// A step, as the public sees it: not what was scored, shown or written in private.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryStep {
    /// The moment at which it was taken.
    pub at: Timestamp,
    /// In which role.
    pub role: CaseRole,
    /// The step itself: `apply`, `review`, `approve`, …
    pub step: String,
    /// The end of the term that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The conditions that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The decision that a notice said was intended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<IntendedMeasure>,
    /// Until when the issuer could answer a notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_by: Option<Timestamp>,
    /// True if an appeal was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<bool>,
    /// The note that was written for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<CaseStep> for HistoryStep {
    fn from(taken: CaseStep) -> Self {
        let mut seen = Self {
            at: taken.at,
            role: taken.role,
            step: taken.step.kind().as_str().to_owned(),
            until: None,
            conditions: Vec::new(),
            of: None,
            respond_by: None,
            granted: None,
            note: taken.note.filter(|_| taken.note_is_public),
        };
        match taken.step {
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
