//! Recognitions of issuers and of agencies, to add and to withdraw; and what was said of them over time.

use registry_schema::{
    AgencyId, Issuer, Purpose, Recognition, RecognitionScope, RecognitionWithdrawal, Timestamp,
    recognition::{AgencyRecognition, AgencyRecognitionEntry, Attestation, RecognitionEntry, Registration},
};
use serde::{Deserialize, Serialize};

use crate::consequences::ConsequencesResponse;

/// The recognitions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct RecognitionListQuery {
    /// By this agency alone: `US-NC`.
    pub agency: Option<String>,
    /// Of this issuer alone: the id in its badges.
    pub issuer: Option<String>,
    /// In force at this moment alone.
    pub at: Option<String>,
}

impl RecognitionListQuery {
    /// The query's names and values.
    pub fn pairs(&self) -> [(&'static str, Option<String>); 3] {
        let Self { agency, issuer, at } = self.clone();
        [("agency", agency), ("issuer", issuer), ("at", at)]
    }
}

/// A recognition to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecognitionRequest {
    /// The issuer's id, as its home agency registers it.
    pub issuer: String,
    /// The agency that registers it, whose word on its keys and standing counts; the only one that does, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_by: Option<AgencyId>,
    /// For which purposes; at least one.
    pub purposes: Vec<Purpose>,
    /// `"all"`, `{"achievements": [ids]}`, `{"aligned": [framework items]}` or `{"stack": {"name": …, "achievements": [ids]}}`.
    pub scope: RecognitionScope,
    /// From when; now, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Up to when; without end, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// True if a badge that carries no status entry can be accepted.
    #[serde(default)]
    pub accepts_without_status: bool,
    /// On what it rests: `own_review` (if absent), `adopted_review` or `self_assessment`.
    #[serde(default)]
    pub attestation: Attestation,
    /// True if it counts even while the issuer's home agency has suspended or ended its registration.
    #[serde(default)]
    pub stands_alone: bool,
    /// True if agencies that recognize whatever this agency recognizes may build on it.
    #[serde(default)]
    pub may_be_followed: bool,
    /// On which conditions, for people to read; at most 20.
    #[serde(default)]
    pub conditions: Vec<String>,
}

impl RecognitionRequest {
    /// A recognition of an issuer from now on, without end, on the agency's own review.
    pub fn new(issuer: impl Into<String>, purposes: &[Purpose], scope: RecognitionScope) -> Self {
        Self {
            issuer: issuer.into(),
            registered_by: None,
            purposes: purposes.to_vec(),
            scope,
            from: None,
            until: None,
            accepts_without_status: false,
            attestation: Attestation::default(),
            stands_alone: false,
            may_be_followed: false,
            conditions: Vec::new(),
        }
    }
}

/// The end of a recognition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRequest {
    /// True if badges dated before this moment stay good.
    #[serde(default)]
    pub earlier_badges_stay_good: bool,
}

/// A recognition as it stands now, or with `dry_run` would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionResponse {
    /// The recognition.
    #[serde(flatten)]
    pub entry: RecognitionEntry,
    /// With `dry_run`: what would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A recognition of another agency to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AgencyRecognitionRequest {
    /// The agency whose recognitions are accepted: `US-TN`.
    pub of: AgencyId,
    /// For which purposes; at least one.
    pub purposes: Vec<Purpose>,
    /// For which achievements; all, if absent.
    #[serde(default = "everything")]
    pub scope: RecognitionScope,
    /// From when; now, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Up to when; without end, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Through how many agencies it reaches, 1 to 4; 1, if absent: that agency's own recognitions alone.
    #[serde(default = "one")]
    pub depth: u8,
    /// On what it rests; another agency's review, if absent.
    #[serde(default = "adopted")]
    pub attestation: Attestation,
    /// True if agencies that recognize whatever this agency recognizes may build on it.
    #[serde(default)]
    pub may_be_followed: bool,
    /// On which conditions, for people to read; at most 20.
    #[serde(default)]
    pub conditions: Vec<String>,
}

const fn everything() -> RecognitionScope {
    RecognitionScope::All
}

const fn one() -> u8 {
    1
}

const fn adopted() -> Attestation {
    Attestation::AdoptedReview
}

impl AgencyRecognitionRequest {
    /// A recognition of whatever another agency itself recognizes, from now on, without end, on that agency's review.
    pub const fn new(of: AgencyId, purposes: Vec<Purpose>) -> Self {
        Self {
            of,
            purposes,
            scope: everything(),
            from: None,
            until: None,
            depth: one(),
            attestation: adopted(),
            may_be_followed: false,
            conditions: Vec::new(),
        }
    }
}

/// A recognition of an agency as it stands now, or with `dry_run` would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgencyRecognitionResponse {
    /// The recognition.
    #[serde(flatten)]
    pub entry: AgencyRecognitionEntry,
    /// With `dry_run`: what would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A query for what was said: about whom, and up to when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct TrustHistoryQuery {
    /// About this issuer: its id.
    pub issuer: Option<String>,
    /// By this agency, or about it: `US-SC`. With `issuer`, by this agency alone.
    pub agency: Option<String>,
    /// Said up to this moment; now, if absent.
    pub at: Option<String>,
}

impl TrustHistoryQuery {
    /// The query's names and values.
    pub fn pairs(&self) -> [(&'static str, Option<String>); 3] {
        let Self { issuer, agency, at } = self.clone();
        [("issuer", issuer), ("agency", agency), ("at", at)]
    }
}

/// One thing that an agency said in its trust list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrustStatementResponse {
    /// The moment at which it was signed, by the signer's clock.
    pub at: Timestamp,
    /// By which agency.
    pub agency: AgencyId,
    /// With which of its writer keys, in hexadecimal.
    pub signed_by: String,
    /// In which envelope: its SHA-256, in hexadecimal.
    pub envelope: String,
    /// True if that is what the agency says now.
    pub stands: bool,
    /// The statement itself.
    pub said: TrustStatement,
}

/// The content of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrustStatement {
    /// An issuer's entry: that it is the agency's own, with its keys.
    Issuer(Issuer),
    /// The standing of an issuer.
    Registration(Registration),
    /// A recognition of an issuer.
    Recognition(Box<Recognition>),
    /// A recognition of an agency.
    AgencyRecognition(AgencyRecognition),
    /// The end of a recognition.
    Withdrawal(RecognitionEnd),
}

/// The end of the recognition with this id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecognitionEnd {
    /// The recognition.
    pub id: String,
    /// The withdrawal.
    #[serde(flatten)]
    pub withdrawal: RecognitionWithdrawal,
}
