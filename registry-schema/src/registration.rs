//! Registration: how somebody becomes an issuer of an agency, and stops to be one.
//!
//! A case is a list of steps that are written once and never changed; where it stands follows from them ([`RegistrationCase::of`]).
//! Whether a step can be taken now is one pure question ([`RegistrationCase::allows`]), with due process in it: nobody is approved
//! before the rubric's gate is met, no registration ends without a notice that gave time to answer, every decision
//! against somebody can be appealed once, and an appeal is decided by another person.
//!
//! ```text
//! apply → submitted → under review → registered ⇄ suspended
//!             │            │             │  ↺ renew   │
//!          close/refuse  close/refuse    └── notice ──┴→ withdrawn
//! ```
//! `refuse`, `suspend` and `withdraw` can be appealed; an appeal that is granted reopens the review, or lifts the
//! suspension.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod allows;
mod kind;
mod proven;

pub use allows::StepRefusal;
pub use kind::{CaseRole, StepKind};
pub use proven::ProvenIdentifier;

use crate::{
    Timestamp, VerificationMethod,
    acceptance::ProviderKind,
    criteria::{ComponentScores, RubricRef},
};

/// Most steps of one case.
pub const MAX_STEPS: usize = 500;
/// Most steps that an applicant can take in one case.
pub const MAX_APPLICANT_STEPS: usize = 100;
/// Longest note, reason, evidence or grounds, in characters.
pub const MAX_NOTE: usize = 4_000;
/// Longest link, in characters.
pub const MAX_LINK: usize = 500;
/// Most conditions of an approval, of at most [`MAX_CONDITION`] characters each.
pub const MAX_CONDITIONS: usize = 20;
/// Longest condition, in characters.
pub const MAX_CONDITION: usize = 500;

/// A step that somebody takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RegistrationStep {
    /// Applies; the first step of every case.
    Apply,
    /// Gives evidence; the note says what it shows.
    Evidence {
        /// For this component of the rubric.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<String>,
        /// The address at which it can be seen: an http or https link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
    },
    /// Has proved that it signs with software of its own: it sent something that its identifier's key signed, with the
    /// case's challenge in it. Approved, it is registered under that identifier, with these keys. The last proof counts.
    Prove {
        /// The identifier that it controls: a DID.
        issuer: String,
        /// The keys that its document named for issuing then.
        keys: Vec<VerificationMethod>,
        /// The status lists that it used.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        status_lists: Vec<String>,
    },
    /// Scores every component. A reviewer who scores again replaces their own earlier scores.
    Review {
        /// A level for each component, by ids.
        scores: ComponentScores,
    },
    /// Approves: registers the issuer, or renews its registration.
    Approve {
        /// On which conditions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<String>,
        /// Up to when.
        until: Timestamp,
        /// The kind of body that it is, as the agency found; as it was, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<ProviderKind>,
    },
    /// Refuses the application, or the renewal; the note says why.
    Refuse,
    /// Tells the issuer what is intended and gives it time to answer; the note says why.
    Notice {
        /// The measure that is intended.
        of: IntendedMeasure,
        /// It can answer until then.
        respond_by: Timestamp,
    },
    /// Suspends the registration; the note says why.
    Suspend,
    /// Lifts the suspension.
    Reinstate,
    /// Ends the registration, which is final; the note says why.
    Withdraw,
    /// Opens a new review before the term ends.
    Renew,
    /// Takes the application back.
    Close,
    /// Appeals against the last decision; the note gives the grounds.
    Appeal,
    /// Decides an appeal; the note says why.
    DecideAppeal {
        /// True if the decision is taken back.
        granted: bool,
    },
}

/// The measure that a notice says is intended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IntendedMeasure {
    /// To suspend, or to keep suspended.
    Suspension,
    /// To end the registration.
    Withdrawal,
}

impl RegistrationStep {
    /// The kind of this step.
    #[must_use]
    pub const fn kind(&self) -> StepKind {
        match self {
            Self::Apply => StepKind::Apply,
            Self::Evidence { .. } => StepKind::Evidence,
            Self::Prove { .. } => StepKind::Prove,
            Self::Review { .. } => StepKind::Review,
            Self::Approve { .. } => StepKind::Approve,
            Self::Refuse => StepKind::Refuse,
            Self::Notice { .. } => StepKind::Notice,
            Self::Suspend => StepKind::Suspend,
            Self::Reinstate => StepKind::Reinstate,
            Self::Withdraw => StepKind::Withdraw,
            Self::Renew => StepKind::Renew,
            Self::Close => StepKind::Close,
            Self::Appeal => StepKind::Appeal,
            Self::DecideAppeal { .. } => StepKind::DecideAppeal,
        }
    }
}

/// The party that takes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepActor {
    /// The party that applied.
    Applicant,
    /// The operator of this name.
    Operator(String),
}

impl StepActor {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Operator(own) if own == name)
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenStep {
    /// The moment at which it was taken.
    pub at: Timestamp,
    /// By whom.
    pub by: StepActor,
    /// The step.
    pub step: RegistrationStep,
    /// The rubric of the review that it opens, if it opens one.
    pub rubric: Option<RubricRef>,
    /// The issuer that it registered, if it did.
    pub issuer: Option<String>,
}

/// The point at which a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CasePhase {
    /// Applied; nobody has reviewed it.
    Submitted,
    /// At least one reviewer has scored it.
    UnderReview,
    /// Refused.
    Refused,
    /// Taken back by the applicant.
    Closed,
    /// An issuer of the agency.
    Registered,
    /// Still one, and its badges do not count for now.
    Suspended,
    /// Not an issuer any more.
    Withdrawn,
}

impl CasePhase {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::UnderReview => "under_review",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Registered => "registered",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Returns true if the agency still has to decide whether it becomes an issuer.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::UnderReview)
    }
}

/// A review under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRound {
    /// Against which rubric.
    pub rubric: RubricRef,
    /// The last scores of each reviewer.
    pub reviews: BTreeMap<String, ComponentScores>,
}

/// A notice that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdverseNotice {
    /// The measure that it says is intended.
    pub of: IntendedMeasure,
    /// Until when the issuer can answer.
    pub respond_by: Timestamp,
}

/// A decision against somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdverseDecision {
    /// The decision: [`StepKind::Refuse`], [`StepKind::Suspend`] or [`StepKind::Withdraw`].
    pub what: StepKind,
    /// By which operator.
    pub by: StepActor,
    /// Against which rubric it was reviewed.
    pub rubric: RubricRef,
}

/// The state of a case, as it follows from its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationCase {
    /// In short.
    pub phase: CasePhase,
    /// The review under way, if one is.
    pub round: Option<ReviewRound>,
    /// The rubric of the last review.
    pub rubric: RubricRef,
    /// The issuer that it registered last.
    pub issuer: Option<String>,
    /// The identifier that the applicant proved to control; none, if the agency is to make its key.
    pub proven: Option<ProvenIdentifier>,
    /// The end of its term.
    pub until: Option<Timestamp>,
    /// The conditions of the last approval.
    pub conditions: Vec<String>,
    /// The notice that stands.
    pub notice: Option<AdverseNotice>,
    /// The decision that can be appealed.
    pub adverse: Option<AdverseDecision>,
    /// The decision against which an appeal waits.
    pub appeal: Option<AdverseDecision>,
    /// The number of steps that were taken, and of those that the applicant took.
    pub steps: (usize, usize),
}

impl RegistrationCase {
    /// Returns the state of a case after these steps; nothing, if the first is no application with its rubric.
    #[must_use]
    pub fn of(steps: &[TakenStep]) -> Option<Self> {
        let (first, later) = steps.split_first()?;
        let rubric = first.rubric.clone().filter(|_| first.step == RegistrationStep::Apply)?;
        let mut case = Self {
            phase: CasePhase::Submitted,
            round: Some(ReviewRound::new(rubric.clone())),
            rubric,
            issuer: None,
            proven: None,
            until: None,
            conditions: Vec::new(),
            notice: None,
            adverse: None,
            appeal: None,
            steps: (0, 0),
        };
        case.count(first);
        later.iter().for_each(|step| case.take(step));
        Some(case)
    }

    fn count(&mut self, taken: &TakenStep) {
        self.steps.0 += 1;
        self.steps.1 += usize::from(taken.by == StepActor::Applicant);
    }

    /// Takes in a step that was allowed.
    pub fn take(&mut self, taken: &TakenStep) {
        self.count(taken);
        match &taken.step {
            RegistrationStep::Apply | RegistrationStep::Evidence { .. } => {}
            RegistrationStep::Prove { .. } => self.proven = ProvenIdentifier::of(taken),
            RegistrationStep::Review { scores } => {
                if self.phase == CasePhase::Submitted {
                    self.phase = CasePhase::UnderReview;
                }
                if let (Some(round), StepActor::Operator(name)) = (&mut self.round, &taken.by) {
                    round.reviews.insert(name.clone(), scores.clone());
                }
            }
            RegistrationStep::Approve { conditions, until, .. } => {
                self.phase = CasePhase::Registered;
                self.round = None;
                self.until = Some(*until);
                self.conditions.clone_from(conditions);
                self.adverse = None;
                if taken.issuer.is_some() {
                    self.issuer.clone_from(&taken.issuer);
                }
            }
            RegistrationStep::Refuse => {
                // A renewal that is refused leaves the term as it was.
                if self.phase.is_open() {
                    self.phase = CasePhase::Refused;
                }
                self.round = None;
                self.goes_against(StepKind::Refuse, &taken.by);
            }
            RegistrationStep::Notice { of, respond_by } => {
                self.notice = Some(AdverseNotice {
                    of: *of,
                    respond_by: *respond_by,
                });
            }
            RegistrationStep::Suspend => {
                self.phase = CasePhase::Suspended;
                self.goes_against(StepKind::Suspend, &taken.by);
            }
            RegistrationStep::Reinstate => self.is_reinstated(),
            RegistrationStep::Withdraw => {
                self.phase = CasePhase::Withdrawn;
                self.round = None;
                self.notice = None;
                self.goes_against(StepKind::Withdraw, &taken.by);
            }
            RegistrationStep::Renew => self.opens(taken.rubric.clone()),
            RegistrationStep::Close => {
                self.phase = CasePhase::Closed;
                self.round = None;
            }
            RegistrationStep::Appeal => self.appeal = self.adverse.take(),
            RegistrationStep::DecideAppeal { granted } => {
                if let (Some(decided), true) = (self.appeal.take(), *granted) {
                    self.is_taken_back(decided);
                }
            }
        }
    }

    fn goes_against(&mut self, what: StepKind, by: &StepActor) {
        self.adverse = Some(AdverseDecision {
            what,
            by: by.clone(),
            rubric: self.rubric.clone(),
        });
    }

    fn is_reinstated(&mut self) {
        self.phase = CasePhase::Registered;
        self.notice = None;
        let is_lifted = |one: &mut AdverseDecision| one.what == StepKind::Suspend;
        self.adverse.take_if(is_lifted);
        self.appeal.take_if(is_lifted);
    }

    fn is_taken_back(&mut self, decided: AdverseDecision) {
        match decided.what {
            StepKind::Suspend if self.phase == CasePhase::Suspended => self.is_reinstated(),
            StepKind::Refuse if self.phase == CasePhase::Refused => {
                self.phase = CasePhase::Submitted;
                self.opens(Some(decided.rubric));
            }
            // A renewal that was refused; unless another review has begun meanwhile.
            StepKind::Refuse if self.phase == CasePhase::Registered && self.round.is_none() => {
                self.opens(Some(decided.rubric))
            }
            // What has ended in the lists has ended; an approval registers it anew.
            StepKind::Withdraw if self.phase == CasePhase::Withdrawn => {
                self.phase = CasePhase::Submitted;
                self.opens(Some(decided.rubric));
            }
            _ => {}
        }
    }

    fn opens(&mut self, rubric: Option<RubricRef>) {
        let rubric = rubric.unwrap_or_else(|| self.rubric.clone());
        self.rubric = rubric.clone();
        self.round = Some(ReviewRound::new(rubric));
    }

    /// Returns true if its term is over at this moment, though nobody ended it.
    #[must_use]
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.phase == CasePhase::Registered && self.until.is_some_and(|until| until <= now)
    }
}

impl ReviewRound {
    const fn new(rubric: RubricRef) -> Self {
        Self {
            rubric,
            reviews: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
