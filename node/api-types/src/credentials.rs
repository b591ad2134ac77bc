//! Credentials of an agency: issue, show, change the status.

use registry_schema::{Credential, Decimal, StatusChange, StatusReason, StatusState, TermDate};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A credential to issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// The issuer's id; its key is kept at this node.
    pub issuer: String,
    /// The achievement that was shown.
    pub achievement: NewAchievement,
    /// The holder's name; at most 200 characters.
    pub subject: String,
    /// Good from: a day of this agency's calendar, from its beginning, or a moment; now, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<TermDate>,
    /// Good up to: a day of this agency's calendar, to its end, or a moment; without end, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<TermDate>,
}

/// An achievement to issue for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewAchievement {
    /// A URI that names it; one that follows from the issuer and the name, if absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its title; at most 200 characters.
    pub name: String,
    /// A description of it; the title, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The criteria that its earner had to meet; the title, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// The items of this agency's frameworks that it is aligned to, by identifier or URI; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aligned_to: Vec<String>,
    /// The clock hours that it stands for: 0.01 to 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_hours: Option<Decimal>,
    /// True if it was assessed blind: who assessed did not know whose work it was. Nothing is stated, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed_blind: Option<bool>,
}

/// A credential that was issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedCredentialResponse {
    /// The node's record of it.
    pub credential: Credential,
    /// The signed Open Badges 3.0 credential, for the holder; absent in a dry run: a badge that is signed and not recorded
    /// could never be revoked. It stays as it came: its signature covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub document: Option<Box<RawValue>>,
}

/// A change of status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusChangeRequest {
    /// `revoked` (final), `suspended`, or `active` (reinstates a suspended one).
    pub status: StatusState,
    /// The reason; this code replicates.
    pub reason: StatusReason,
    /// A note on what else there is to say; stays at home. At most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A credential whose status changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusChangeResponse {
    /// The credential as it is now.
    pub credential: Credential,
    /// The change, as this agency's peers learn it.
    pub change: StatusChange,
}

/// The remains of a credential that was expunged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExpungedCredentialResponse {
    /// Its status list.
    pub list: u32,
    /// Its place there; it is never given to another credential.
    pub index: u32,
}
