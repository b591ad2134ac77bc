//! The decision whether a step can be taken now, and if not, why.

use super::{
    CasePhase, IntendedMeasure, MAX_APPLICANT_STEPS, MAX_CONDITION, MAX_CONDITIONS, MAX_LINK, MAX_NOTE, MAX_STEPS,
    RegistrationCase, RegistrationStep, StepActor, StepKind,
};
use crate::{
    ExternalKeys, Timestamp,
    criteria::{Rubric, UnmetGate},
    issuer::{MAX_ID_BYTES, MAX_KEYS, MAX_STATUS_LIST_BYTES, MAX_STATUS_LISTS},
};

/// Longest term of an approval: twenty years, in seconds.
const LONGEST_TERM: i64 = 20 * 366 * 86_400;

/// The reason that a step cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepRefusal {
    /// Not where the case stands.
    #[error("`{}` is not possible while the case is {}; possible now: {}", .kind.as_str(), .phase.as_str(), listed(.possible))]
    Illegal {
        /// The kind of step that was tried.
        kind: StepKind,
        /// The point at which the case stands.
        phase: CasePhase,
        /// The kinds of step that are possible.
        possible: Vec<StepKind>,
    },
    /// The rubric's gate is not met.
    #[error("the gate of the rubric is not met: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Gate(Vec<UnmetGate>),
    /// Somebody else must do it.
    #[error("{0}")]
    AnotherPerson(&'static str),
    /// The issuer still has time to answer.
    #[error("the notice gives time to answer until {0}: wait for it")]
    TooEarly(Timestamp),
    /// The case has as many steps as it can have.
    #[error("the case has as many steps as one can have")]
    TooMany,
    /// The step is for operators.
    #[error("`{}` is for operators of the agency", .0.as_str())]
    NotTheApplicants(StepKind),
    /// The step says what cannot be.
    #[error("{0}")]
    Invalid(String),
}

fn listed(kinds: &[StepKind]) -> String {
    match kinds {
        [] => "nothing".to_owned(),
        some => format!(
            "`{}`",
            some.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join("`, `")
        ),
    }
}

impl RegistrationCase {
    /// Returns the kinds of step that are possible where the case stands, by those whom it concerns.
    #[must_use]
    pub fn possible(&self) -> Vec<StepKind> {
        StepKind::ALL
            .into_iter()
            .filter(|kind| self.has_place_for(*kind))
            .collect()
    }

    fn has_place_for(&self, kind: StepKind) -> bool {
        let holds = matches!(self.phase, CasePhase::Registered | CasePhase::Suspended);
        match kind {
            StepKind::Apply => false,
            StepKind::Evidence => self.round.is_some() || self.notice.is_some() || self.appeal.is_some(),
            // A registered issuer keeps the identifier that it has.
            StepKind::Prove | StepKind::Close => self.phase.is_open(),
            StepKind::Review | StepKind::Approve | StepKind::Refuse => {
                self.round.is_some() && self.phase != CasePhase::Suspended
            }
            StepKind::Notice => holds,
            StepKind::Suspend => self.phase == CasePhase::Registered,
            StepKind::Reinstate => self.phase == CasePhase::Suspended,
            StepKind::Withdraw => {
                holds
                    && self
                        .notice
                        .is_some_and(|notice| notice.of == IntendedMeasure::Withdrawal)
            }
            StepKind::Renew => self.phase == CasePhase::Registered && self.round.is_none(),
            StepKind::Appeal => self.adverse.is_some() && self.appeal.is_none(),
            StepKind::DecideAppeal => self.appeal.is_some(),
        }
    }

    /// Checks that a step of this kind can be taken now by them, whatever it says.
    ///
    /// # Errors
    /// [`StepRefusal`] says why not.
    pub fn may(&self, by: &StepActor, kind: StepKind) -> Result<(), StepRefusal> {
        if *by == StepActor::Applicant && !kind.is_applicants() {
            return Err(StepRefusal::NotTheApplicants(kind));
        }
        if !self.has_place_for(kind) {
            return Err(StepRefusal::Illegal {
                kind,
                phase: self.phase,
                possible: self.possible(),
            });
        }
        let (all, applicants) = self.steps;
        if all >= MAX_STEPS || (*by == StepActor::Applicant && applicants >= MAX_APPLICANT_STEPS) {
            return Err(StepRefusal::TooMany);
        }
        Ok(())
    }

    /// Checks that this step can be taken now, with this note; `rubric` is that of the case's last review.
    ///
    /// # Errors
    /// [`StepRefusal`] says why not.
    pub fn allows(
        &self,
        by: &StepActor,
        step: &RegistrationStep,
        note: Option<&str>,
        rubric: &Rubric,
        now: Timestamp,
    ) -> Result<(), StepRefusal> {
        self.may(by, step.kind())?;
        is_said_well(step, note, rubric, now).map_err(StepRefusal::Invalid)?;
        match step {
            RegistrationStep::Approve { .. } => {
                self.is_decided_by_another(by, rubric)?;
                let unmet = rubric.unmet(self.round.iter().flat_map(|round| round.reviews.values()));
                if !unmet.is_empty() {
                    return Err(StepRefusal::Gate(unmet));
                }
            }
            RegistrationStep::Refuse => self.is_decided_by_another(by, rubric)?,
            RegistrationStep::Withdraw => {
                let respond_by = self.notice.map(|notice| notice.respond_by);
                if let Some(respond_by) = respond_by.filter(|until| now < *until) {
                    return Err(StepRefusal::TooEarly(respond_by));
                }
            }
            RegistrationStep::DecideAppeal { .. }
                if rubric.separate_decider && self.appeal.as_ref().is_some_and(|one| one.by == *by) =>
            {
                return Err(StepRefusal::AnotherPerson(
                    "an appeal is decided by another operator than the one whose decision it is against",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_decided_by_another(&self, by: &StepActor, rubric: &Rubric) -> Result<(), StepRefusal> {
        let reviewed = self
            .round
            .iter()
            .flat_map(|round| round.reviews.keys())
            .any(|name| by.is(name));
        if rubric.separate_decider && reviewed {
            return Err(StepRefusal::AnotherPerson(
                "the rubric wants another operator to decide than those who reviewed",
            ));
        }
        Ok(())
    }
}

/// Checks that what a step says keeps to its limits.
fn is_said_well(step: &RegistrationStep, note: Option<&str>, rubric: &Rubric, now: Timestamp) -> Result<(), String> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE) {
        return Err(format!("a note has at most {MAX_NOTE} characters"));
    }
    if step.kind().gives_reasons() && note.is_none() {
        return Err(format!("`{}` gives reasons: add a note", step.kind().as_str()));
    }
    match step {
        RegistrationStep::Evidence { component, link } => {
            if let Some(unknown) = component.as_ref().filter(|id| !rubric.has(id)) {
                let shown: String = unknown.chars().take(64).collect();
                return Err(format!("the rubric has no component `{shown}`"));
            }
            if let Some(link) = link {
                let is_link = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
                if !is_link
                    || link.chars().count() > MAX_LINK
                    || link.chars().any(|c| c.is_control() || c.is_whitespace())
                {
                    let shown: String = link.chars().take(64).collect();
                    return Err(format!(
                        "`{shown}` is no link to evidence: it begins with https:// or http:// and has at most {MAX_LINK} characters, without spaces"
                    ));
                }
            }
            if note.is_none() && link.is_none() {
                return Err("evidence is a link, or a note that says what it is".into());
            }
        }
        RegistrationStep::Prove {
            issuer,
            keys,
            status_lists,
        } => {
            let own = ExternalKeys {
                status_lists: status_lists.clone(),
                seen: now,
            };
            if !(1..=MAX_ID_BYTES).contains(&issuer.len()) || !(1..=MAX_KEYS).contains(&keys.len()) {
                return Err(format!(
                    "an issuer with keys of its own has an identifier of at most {MAX_ID_BYTES} bytes, and 1 to {MAX_KEYS} keys"
                ));
            }
            if !own.is_within_limits() {
                return Err(format!(
                    "an issuer has at most {MAX_STATUS_LISTS} status lists, with addresses of at most {MAX_STATUS_LIST_BYTES} bytes"
                ));
            }
        }
        RegistrationStep::Review { scores } => rubric.scores_fit(scores)?,
        RegistrationStep::Approve { conditions, until, .. } => {
            if conditions.len() > MAX_CONDITIONS
                || conditions
                    .iter()
                    .any(|one| !(1..=MAX_CONDITION).contains(&one.trim().chars().count()))
            {
                return Err(format!(
                    "an approval has at most {MAX_CONDITIONS} conditions, of 1 to {MAX_CONDITION} characters each"
                ));
            }
            if *until <= now || until.seconds_since(now) > LONGEST_TERM {
                return Err("the term of an approval ends after now, and within 20 years".into());
            }
        }
        RegistrationStep::Notice { respond_by, .. }
            if *respond_by <= now || respond_by.seconds_since(now) > 366 * 86_400 =>
        {
            return Err("a notice gives time to answer: a moment after now, and within a year".into());
        }
        _ => {}
    }
    Ok(())
}
