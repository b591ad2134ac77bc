//! A case's steps, as they are kept and as they are judged.

use registry_schema::{
    Timestamp,
    criteria::{Rubric, RubricRef},
    recognition::{Registration, RegistrationStanding},
    registration::{CasePhase, RegistrationCase, StepActor, StepRefusal, TakenStep},
};

use super::{
    super::{RegistrarError, internal},
    StepNote,
};
use storage::{RubricRow, StepRow};

/// The standing that the trust list is to give a case's issuer, if it has one.
pub(super) fn standing_of(case: &RegistrationCase, at: Timestamp) -> Option<Registration> {
    let standing = match case.phase {
        CasePhase::Registered => RegistrationStanding::Registered,
        CasePhase::Suspended => RegistrationStanding::Suspended,
        CasePhase::Withdrawn => RegistrationStanding::Ended,
        CasePhase::Submitted | CasePhase::UnderReview | CasePhase::Refused | CasePhase::Closed => return None,
    };
    Some(Registration {
        issuer: case.issuer.clone()?,
        standing,
        at,
        until: case.until,
    })
}

pub(super) fn rubric_of(row: &RubricRow) -> Result<Rubric, RegistrarError> {
    serde_json::from_str(&row.content).map_err(internal)
}

pub(super) fn row_of(
    application: &str,
    number: usize,
    taken: &TakenStep,
    note: StepNote,
) -> Result<StepRow, RegistrarError> {
    let (rubric_id, rubric_version) = taken.rubric.clone().map(|one| (one.id, one.version)).unzip();
    Ok(StepRow {
        application: application.to_owned(),
        number: i64::try_from(number).map_err(internal)?,
        at: taken.at.0,
        who: match &taken.by {
            StepActor::Applicant => None,
            StepActor::Operator(name) => Some(name.clone()),
        },
        step: serde_json::to_string(&taken.step).map_err(internal)?,
        note: note.text,
        note_is_public: i64::from(note.is_public),
        rubric_id,
        rubric_version,
        issuer: taken.issuer.clone(),
    })
}

/// A step, as it was taken.
pub(super) fn taken_of(row: &StepRow) -> Result<TakenStep, RegistrarError> {
    Ok(TakenStep {
        at: Timestamp(row.at),
        by: row.who.clone().map_or(StepActor::Applicant, StepActor::Operator),
        step: serde_json::from_str(&row.step).map_err(internal)?,
        rubric: row
            .rubric_id
            .clone()
            .zip(row.rubric_version.clone())
            .map(|(id, version)| RubricRef { id, version }),
        issuer: row.issuer.clone(),
    })
}

/// Converts the reason why a step is not possible now to a [`RegistrarError`].
pub fn not_done(why: StepRefusal) -> RegistrarError {
    let said = why.to_string();
    match why {
        StepRefusal::Invalid(_) => RegistrarError::Invalid(said),
        StepRefusal::NotTheApplicants(_) => RegistrarError::NotTheirs(said),
        StepRefusal::Illegal { .. }
        | StepRefusal::Gate(_)
        | StepRefusal::AnotherPerson(_)
        | StepRefusal::TooEarly(_)
        | StepRefusal::TooMany => RegistrarError::Conflict(said),
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::registration::{RegistrationStep, StepKind};

    /// Steps are kept as JSON for good.
    #[test]
    fn steps_of_before_still_read_and_a_proof_reads_back() {
        let before = r#"{"approve":{"until":"2029-07-01"}}"#;
        assert_eq!(
            serde_json::from_str::<RegistrationStep>(before).unwrap().kind(),
            StepKind::Approve
        );
        let step = RegistrationStep::Prove {
            issuer: "did:web:a.example".into(),
            keys: vec![],
            status_lists: vec!["https://a.example/1".into()],
        };
        let text = serde_json::to_string(&step).unwrap();
        assert!(text.starts_with(r#"{"prove":{"issuer":"did:web:a.example""#), "{text}");
        assert_eq!(serde_json::from_str::<RegistrationStep>(&text).unwrap(), step);
    }
}
