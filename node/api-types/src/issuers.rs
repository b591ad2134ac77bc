//! Issuers: every agency's, as replicated; and an agency's own, to register.

use registry_schema::{
    AgencyId, Issuer, Timestamp, VerificationMethod,
    acceptance::ProviderKind,
    recognition::{Registration, RegistrationStanding},
};
use serde::{Deserialize, Serialize};

use crate::consequences::ConsequencesResponse;

/// The issuers to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct IssuerListQuery {
    /// Of this agency alone: `US-SC`.
    pub agency: Option<String>,
}

/// An issuer to register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewIssuer {
    /// Its name, as people know it; at most 200 characters.
    pub name: String,
    /// Its public page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The kind of the badge key that the node makes; `ed25519`, which everybody reads, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<BadgeKeyKind>,
    /// The kind of body that it is; not known, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderKind>,
    /// For an issuer that signs with keys of its own: its identifier, a DID or an https URL of at most 500 bytes. The node
    /// makes no key then, and issues nothing for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// Its keys, at most 20; looked up now, if absent, for did:web, did:webvh, did:key and did:jwk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<NewVerificationMethod>>,
    /// The https addresses of the status lists in which it publishes what it revoked, at most 16 of at most 300 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_lists: Vec<String>,
}

/// A kind of badge key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BadgeKeyKind {
    /// Signs as `eddsa-rdfc-2022`.
    #[default]
    Ed25519,
    /// Signs as `ecdsa-rdfc-2019`.
    P256,
    /// Signs as `ecdsa-rdfc-2019`, with SHA-384.
    P384,
}

/// A key of an issuer that signs with keys of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewVerificationMethod {
    /// The verification method, as proofs name it: `did:web:badges.example#key-1`, or `#key-1` for short.
    pub id: String,
    /// The key as a Multikey: `z6Mk…`.
    pub public_key_multibase: String,
    /// The first moment at which it signed for the issuer; not known, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first moment at which it no longer did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An issuer that was registered, or with `dry_run` would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredIssuerResponse {
    /// Its entry.
    #[serde(flatten)]
    pub issuer: Issuer,
    /// The names at other agencies that a reader may take its name for; none, as a rule.
    pub resembles: Vec<ResemblingName>,
}

/// A name that another agency gives itself or an issuer of its own, and for which a reader may take an issuer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResemblingName {
    /// The name.
    pub name: String,
    /// The agency that registers its bearer, or bears it.
    pub agency: AgencyId,
    /// That agency's name for people.
    pub agency_name: String,
    /// True if it is the agency's own name.
    pub is_agency: bool,
    /// True if both read the same, look-alike letters folded; otherwise one holds the other's words, or a letter or two differ.
    pub reads_the_same: bool,
}

/// The kind of body that an issuer is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderRequest {
    /// `state_agency`, `district`, `higher_education`, `association` or `third_party`.
    pub provider: ProviderKind,
}

/// An issuer's entry as it stands now, or with `dry_run` would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerProviderResponse {
    /// Its entry.
    #[serde(flatten)]
    pub issuer: Issuer,
    /// With `dry_run`: what would change at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// The standing that an issuer is to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    /// `registered`, `suspended`, or `ended`, which is final.
    pub standing: RegistrationStanding,
    /// The reason; stays at this agency. Needed for an issuer that was registered by an application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The standing of an issuer now, or with `dry_run` as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandingResponse {
    /// The agency's word on it.
    #[serde(flatten)]
    pub said: Registration,
    /// With `dry_run`: what would change at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// The standing of an issuer with its home agency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationEntry {
    /// The home agency.
    pub agency: AgencyId,
    /// Its last word on it.
    #[serde(flatten)]
    pub said: Registration,
}

/// The registrations to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct RegistrationListQuery {
    /// Of this issuer alone: its id.
    pub issuer: Option<String>,
    /// By this agency alone: `US-SC`.
    pub agency: Option<String>,
}

/// The details of a key's compromise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyCompromiseRequest {
    /// The key, as a Multikey (`z6Mk…`) or by its verification method; the only one that is not compromised yet, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A note; stays at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The effects of the compromise of an issuer's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyCompromiseResponse {
    /// The issuer, as its entry reads from now on.
    pub issuer: Issuer,
    /// The number of its badges that this store keeps: those it confirms to whoever asks. A badge of it that no store keeps is
    /// good nowhere any more. Of an issuer that signs with keys of its own this agency issued none, and can confirm none.
    pub credentials_kept: i64,
    /// The agencies that recognize it now, where no key is left to it. Their recognitions go on for badges that this agency
    /// confirms, and no further: one that is registered anew has another identifier, and is recognized anew.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub recognized_by: Vec<AgencyId>,
}

/// The way to look at an issuer's keys again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyRefreshRequest {
    /// The keys that it has now; looked up, if absent. All of them: one that is not named is one no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<NewVerificationMethod>>,
    /// The addresses of its status lists in place of those that are listed; at most 16 of at most 300 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_lists: Option<Vec<String>>,
    /// More of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_status_lists: Vec<String>,
    /// Those that are to be fetched no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_status_lists: Vec<String>,
}

/// A key, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyChange {
    /// The change. A key that is gone stays listed, with its end.
    pub became: KeyChangeKind,
    /// The key.
    #[serde(flatten)]
    pub method: VerificationMethod,
}

/// A change of a key since it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyChangeKind {
    /// It was not there before.
    New,
    /// It is there no more.
    Gone,
    /// Its term is another one.
    OtherTerm,
    /// It is as it was.
    Same,
}

/// An issuer after its keys were looked at again, or with `dry_run` as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyRefreshResponse {
    /// Its entry.
    #[serde(flatten)]
    pub issuer: Issuer,
    /// The keys, and what became of each; empty, if they were not to be had.
    pub changes: Vec<KeyChange>,
    /// The reason that the keys were not to be had: then they stay as they were, and only its status lists changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_not_had: Option<String>,
    /// With `dry_run`: what would change at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequencesResponse>,
}

/// A change of an issuer's key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RekeyRequest {
    /// The kind of the new key; `ed25519`, which everybody reads, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<BadgeKeyKind>,
    /// The reason; stays at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An issuer that got a new key, or with `dry_run` would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RekeyResponse {
    /// Its entry from now on: another identifier, under the same name.
    pub issuer: Issuer,
    /// The entry of before. Its keys are retired: what they signed before stays good.
    pub retired: Issuer,
    /// The number of this agency's recognitions that were made anew, for the new identifier. Other agencies recognize it
    /// themselves, unless they follow this one's recognitions.
    pub recognitions: usize,
}
