//! The effects that a change would have, as a dry run tells them.

use serde::{Deserialize, Serialize};

/// The effects that a change would have. No badge and no person is named; each number names its base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsequencesResponse {
    /// The recognitions from which the rest follows, when a peer is removed. The changes that are told after it come from these,
    /// and are not more beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognitions: Option<DependentRecognitions>,
    /// Over how many of this agency's newest badges it was counted, revoked and suspended ones left out.
    pub badges: usize,
    /// The changes that there would be for them, in verdict or in worth, by issuer and achievement, in words.
    pub own: Vec<String>,
    /// The number of checks of badges at this node in the last 12 months, for answers of this agency; a badge that was checked
    /// twice counts twice.
    pub checks: i64,
    /// The changes that there would be for badges of those issuers and achievements, counted in checks, in words.
    pub checked: Vec<String>,
}

/// This agency's recognitions that rest on what another one says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DependentRecognitions {
    /// The number of standing recognitions of this agency, of issuers and of agencies.
    pub standing: usize,
    /// The number of those that are of issuers that the other agency registers.
    pub of_issuers: usize,
    /// The number of those that are of the other agency itself.
    pub of_agency: usize,
}

impl DependentRecognitions {
    /// All that rest on it.
    pub const fn all(self) -> usize {
        self.of_issuers + self.of_agency
    }
}

impl ConsequencesResponse {
    /// The same, with what it follows from.
    #[must_use]
    pub const fn following(mut self, dependent: DependentRecognitions) -> Self {
        self.recognitions = Some(dependent);
        self
    }
}
