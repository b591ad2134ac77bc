//! The kinds of steps, and in which role each is taken.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::RegistrationStep;
use super::StepActor;

/// The kinds of steps, by their names in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// [`RegistrationStep::Apply`].
    Apply,
    /// [`RegistrationStep::Evidence`].
    Evidence,
    /// [`RegistrationStep::Prove`].
    Prove,
    /// [`RegistrationStep::Review`].
    Review,
    /// [`RegistrationStep::Approve`].
    Approve,
    /// [`RegistrationStep::Refuse`].
    Refuse,
    /// [`RegistrationStep::Notice`].
    Notice,
    /// [`RegistrationStep::Suspend`].
    Suspend,
    /// [`RegistrationStep::Reinstate`].
    Reinstate,
    /// [`RegistrationStep::Withdraw`].
    Withdraw,
    /// [`RegistrationStep::Renew`].
    Renew,
    /// [`RegistrationStep::Close`].
    Close,
    /// [`RegistrationStep::Appeal`].
    Appeal,
    /// [`RegistrationStep::DecideAppeal`].
    DecideAppeal,
}

impl StepKind {
    /// All kinds, in the order in which a case meets them.
    pub const ALL: [Self; 14] = [
        Self::Apply,
        Self::Evidence,
        Self::Prove,
        Self::Review,
        Self::Approve,
        Self::Refuse,
        Self::Notice,
        Self::Suspend,
        Self::Reinstate,
        Self::Withdraw,
        Self::Renew,
        Self::Close,
        Self::Appeal,
        Self::DecideAppeal,
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Evidence => "evidence",
            Self::Prove => "prove",
            Self::Review => "review",
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Notice => "notice",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Withdraw => "withdraw",
            Self::Renew => "renew",
            Self::Close => "close",
            Self::Appeal => "appeal",
            Self::DecideAppeal => "decide_appeal",
        }
    }

    /// Returns true if the applicant can take it; an operator can record it for them, as from a letter.
    #[must_use]
    pub const fn is_applicants(self) -> bool {
        matches!(
            self,
            Self::Apply | Self::Evidence | Self::Prove | Self::Renew | Self::Close | Self::Appeal
        )
    }

    /// Returns true if it must say why.
    #[must_use]
    pub const fn gives_reasons(self) -> bool {
        matches!(
            self,
            Self::Refuse | Self::Notice | Self::Suspend | Self::Withdraw | Self::Appeal | Self::DecideAppeal
        )
    }

    /// In which role it is taken.
    #[must_use]
    pub const fn role(self, by: &StepActor) -> CaseRole {
        match (by, self) {
            (StepActor::Applicant, _) => CaseRole::Applicant,
            (_, Self::Review) => CaseRole::Reviewer,
            (_, Self::Approve | Self::Refuse | Self::Suspend | Self::Reinstate | Self::Withdraw) => CaseRole::Decider,
            (_, Self::DecideAppeal) => CaseRole::Appeals,
            _ => CaseRole::Clerk,
        }
    }
}

/// In which role somebody takes a step. The public learns the role, never the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseRole {
    /// Wants to be an issuer, or is one.
    Applicant,
    /// Scores against the rubric.
    Reviewer,
    /// Decides.
    Decider,
    /// Decides an appeal.
    Appeals,
    /// Writes down what came, and sends what goes.
    Clerk,
}
