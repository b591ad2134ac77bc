//! A case's steps, as they are kept and as they are judged.

use registry_schema::{
    Timestamp,
    criteria::{Rubric, RubricRef},
    recognition::{Registration, RegistrationStanding},
    registration::{By, Case, NotNow, Phase, Taken},
};

use super::{
    super::{NotDone, internal},
    Note,
};
use storage::{RubricRow, StepRow};

/// The standing that the trust list is to give a case's issuer, if it has one.
pub(super) fn standing_of(case: &Case, at: Timestamp) -> Option<Registration> {
    let standing = match case.phase {
        Phase::Registered => RegistrationStanding::Registered,
        Phase::Suspended => RegistrationStanding::Suspended,
        Phase::Withdrawn => RegistrationStanding::Ended,
        Phase::Submitted | Phase::UnderReview | Phase::Refused | Phase::Closed => return None,
    };
    Some(Registration {
        issuer: case.issuer.clone()?,
        standing,
        at,
        until: case.until,
    })
}

pub(super) fn rubric_of(row: &RubricRow) -> Result<Rubric, NotDone> {
    serde_json::from_str(&row.content).map_err(internal)
}

pub(super) fn row_of(application: &str, number: usize, taken: &Taken, note: Note) -> Result<StepRow, NotDone> {
    let (rubric_id, rubric_version) = taken.rubric.clone().map(|one| (one.id, one.version)).unzip();
    Ok(StepRow {
        application: application.to_owned(),
        number: i64::try_from(number).map_err(internal)?,
        at: taken.at.0,
        who: match &taken.by {
            By::Applicant => None,
            By::Operator(name) => Some(name.clone()),
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
pub(super) fn taken_of(row: &StepRow) -> Result<Taken, NotDone> {
    Ok(Taken {
        at: Timestamp(row.at),
        by: row.who.clone().map_or(By::Applicant, By::Operator),
        step: serde_json::from_str(&row.step).map_err(internal)?,
        rubric: row
            .rubric_id
            .clone()
            .zip(row.rubric_version.clone())
            .map(|(id, version)| RubricRef { id, version }),
        issuer: row.issuer.clone(),
    })
}

/// Converts the reason why a step is not possible now to a [`NotDone`].
pub fn not_done(why: NotNow) -> NotDone {
    let said = why.to_string();
    match why {
        NotNow::Invalid(_) => NotDone::Invalid(said),
        NotNow::NotTheApplicants(_) => NotDone::NotTheirs(said),
        NotNow::Illegal { .. } | NotNow::Gate(_) | NotNow::AnotherPerson(_) | NotNow::TooEarly(_) | NotNow::TooMany => {
            NotDone::Conflict(said)
        }
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::registration::{Kind, Step};

    /// Steps are kept as JSON for good.
    #[test]
    fn steps_of_before_still_read_and_a_proof_reads_back() {
        let before = r#"{"approve":{"until":"2029-07-01"}}"#;
        assert_eq!(serde_json::from_str::<Step>(before).unwrap().kind(), Kind::Approve);
        let step = Step::Prove {
            issuer: "did:web:a.example".into(),
            keys: vec![],
            status_lists: vec!["https://a.example/1".into()],
        };
        let text = serde_json::to_string(&step).unwrap();
        assert!(text.starts_with(r#"{"prove":{"issuer":"did:web:a.example""#), "{text}");
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step);
    }
}
