//! The W3C's VC API 1.0: its requests and answers (§3.2 and §3.3).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A credential to sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssueCredentialRequest {
    /// The credential, without a proof; `issuer` names an issuer whose key is kept at this node.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: Map<String, Value>,
    /// The way to sign it.
    #[serde(default)]
    pub options: IssueCredentialOptions,
}

/// The way to sign it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct IssueCredentialOptions {
    /// `eddsa-rdfc-2022`, `eddsa-jcs-2022` or `ecdsa-rdfc-2019`; as the issuer's key always does, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cryptosuite: Option<String>,
}

/// A credential that was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssueCredentialResponse {
    /// With its proof. In a dry run, nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub verifiable_credential: Value,
}

/// A credential to check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyCredentialRequest {
    /// The credential: an object, or a token (VC-JWT).
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub verifiable_credential: Value,
    /// The checks to make.
    #[serde(default)]
    pub options: VerifyOptions,
}

/// A presentation to check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyPresentationRequest {
    /// The presentation, signed by its holder or not.
    #[serde(alias = "presentation")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub verifiable_presentation: Value,
    /// The checks to make.
    #[serde(default)]
    pub options: VerifyOptions,
}

/// The checks to make.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct VerifyOptions {
    /// Of `proof`, `dates` and `credentialStatus`; all, if absent. Structure and proof are always checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<String>>,
    /// The challenge that the holder was given; then the presentation has to be signed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// The domain that the presentation is to be for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// The result of the checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyResponse {
    /// True if nothing speaks against it.
    pub verified: bool,
    /// The findings that speak against it.
    pub errors: Vec<CredentialFinding>,
    /// The findings that are worth knowing besides: that no agency lists its issuer, say.
    pub warnings: Vec<CredentialFinding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialFinding {
    /// The page that explains it: `/help/proof.invalid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its kind, in words.
    pub title: String,
    /// An explanation of this case of it.
    pub detail: String,
}
