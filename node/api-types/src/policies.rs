//! Policies: what an agency accepts, and what that counts for.

use registry_schema::{AgencyId, Decimal, Purpose, Timestamp, VerdictKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The policy to show, and its form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct PolicyQuery {
    /// Of this agency: `US-TN`. This node's own, if absent.
    pub agency: Option<String>,
    /// The moment for which to show what was or will be in force. What is or will be in force now, if absent.
    pub at: Option<String>,
    /// `json` or `toml`.
    #[serde(default, rename = "as")]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub form: PolicyFormat,
}

impl PolicyQuery {
    /// The same as parameters of a request; the form is JSON.
    pub fn pairs(&self) -> [(&'static str, Option<String>); 2] {
        [("agency", self.agency.clone()), ("at", self.at.clone())]
    }
}

/// The form of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyFormat {
    /// JSON, as other answers are.
    #[default]
    Json,
    /// TOML, as people write it.
    Toml,
}

/// The result of applying a policy, or with `dry_run` as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyChangeResponse {
    /// The differences from the policy that stood, rule by rule, in words.
    pub differences: Vec<String>,
    /// The changes for this agency's own badges, counted by issuer, in words.
    pub consequences: Vec<String>,
    /// Over how many of this agency's newest badges the consequences were counted.
    pub badges: usize,
    /// The number of checks of badges at this node in the last 12 months, for answers of this agency; a badge that was checked
    /// twice counts twice.
    pub checks: i64,
    /// The changes for badges of those issuers and achievements, counted in checks, in words.
    pub checked: Vec<String>,
}

/// A shipped sample of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicySample {
    /// The agency whose rules it tells.
    pub agency: AgencyId,
    /// The title, which says what it is about.
    pub title: String,
    /// For which uses its rules say what a micro-credential counts for.
    pub purposes: Vec<Purpose>,
    /// The sources in which its rules are written, one for each.
    pub citations: Vec<String>,
}

/// Badges to count together. **Nothing of them is kept.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorthRequest {
    /// For which use.
    pub purpose: Purpose,
    /// The agency whose rules count: `US-TN`. This node's own, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// By a shipped sample of rules instead (`GET /v1/policy/samples`): `US-KY`. Sample data, not legal advice. No agency
    /// speaks: this node checks the badges, and they count as if that agency recognized their issuers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The day (to its end, by the calendar of the agency asked) or moment asked about; now, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// 1 to 50 badges: a credential as a JSON object; or a text: a signed token, an SVG, a link, a short code, or a file of
    /// any form as `data:;base64,…`.
    pub badges: Vec<Value>,
}

/// The worth of several badges together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorthResponse {
    /// The agency whose rules count.
    pub agency: AgencyId,
    /// If they are a shipped sample, what that means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// For which use.
    pub purpose: Purpose,
    /// The moment asked about.
    pub at: Timestamp,
    /// The whole in a sentence: `5 of 6 recognized for license renewal: 30 of 60 PDP`.
    pub sentence: String,
    /// The number of badges that are accepted and pass the agency's rules.
    pub accepted: usize,
    /// Each badge, in the order of the request.
    pub badges: Vec<BadgeWorth>,
    /// The credit that counts, unit by unit.
    pub sums: Vec<UnitSum>,
    /// Sentences on how far sets are, what is met as a whole, and what has no published rate.
    pub besides: Vec<String>,
    /// The rules by which they count, or may count.
    pub rules: Vec<CountingRule>,
    /// If none of the agency's rules says what they count for in this use: in which other uses some does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_uses: Vec<Purpose>,
    /// As of when the agency's rules are known here.
    pub as_of: Option<Timestamp>,
}

/// One of the badges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BadgeWorth {
    /// Its id, if it could be read.
    pub id: Option<String>,
    /// The achievement's name.
    pub name: Option<String>,
    /// The verdict on it.
    pub verdict: VerdictKind,
    /// The verdict in a sentence.
    pub sentence: String,
}

/// The credit that counts in one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnitSum {
    /// The unit: `PDP`.
    pub unit: String,
    /// The amount that counts for certain, limits and caps applied.
    pub counted: String,
    /// The further amount that might count, once what is not known is.
    pub in_doubt: String,
    /// The facts that are not known, in words.
    pub because: Vec<String>,
    /// The amounts that are needed, by each requirement that speaks of this unit.
    pub needed: Vec<WorthRequirement>,
    /// The credit that each badge brought.
    pub credits: Vec<UnitCredit>,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorthRequirement {
    /// The amount that is needed.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub amount: Decimal,
    /// The rule in a sentence.
    pub says: String,
    /// The source in which it is written.
    pub citation: String,
}

/// A rule by which badges count, or may count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CountingRule {
    /// Its id.
    pub rule: String,
    /// The rule in a sentence.
    pub says: String,
    /// The source in which it is written.
    pub citation: String,
}

/// The credit that one badge brought to a sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnitCredit {
    /// The badge's id.
    pub badge: String,
    /// The amount of it that counts.
    pub amount: String,
    /// The rule's id.
    pub rule: String,
    /// The source in which it is written.
    pub citation: String,
}
