//! Issuers: who signs badges, and with which keys.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{AgencyId, Timestamp, acceptance::ProviderKind};

/// An issuer, as its home agency's trust list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issuer {
    /// The identifier that stands as `issuer.id` in its badges: a DID or an https URL.
    #[n(0)]
    pub id: String,
    /// Its name, as people know it.
    #[n(1)]
    pub name: String,
    /// The agency whose issuer it is.
    #[n(2)]
    pub agency: AgencyId,
    /// Its public keys, with their terms.
    #[n(3)]
    pub verification_methods: Vec<VerificationMethod>,
    /// Its public page, if it has one.
    #[n(4)]
    #[serde(default)]
    pub url: Option<String>,
    /// The kind of body that it is, as its home agency found; not known, if absent.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderKind>,
    /// Set if it signs with keys of its own, which its home agency does not keep: with software of its own.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_keys: Option<ExternalKeys>,
}

/// Longest identifier of an issuer, in bytes.
pub const MAX_ID_BYTES: usize = 500;
/// Most keys of its own that an issuer has at a time.
pub const MAX_KEYS: usize = 20;
/// Most status lists of an issuer with keys of its own.
pub const MAX_STATUS_LISTS: usize = 16;
/// Longest address of one, in bytes.
pub const MAX_STATUS_LIST_BYTES: usize = 300;

/// Further facts about an issuer that signs with keys of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExternalKeys {
    /// The addresses of the status lists in which it publishes what it revoked, at most 16 of at most 300 bytes. Every node
    /// fetches them from time to time, whether or not a badge is checked; one that is not named here is never fetched.
    #[n(0)]
    #[serde(default)]
    pub status_lists: Vec<String>,
    /// The moment at which its home agency last looked at its keys, where it publishes them.
    #[n(1)]
    pub seen: Timestamp,
}

impl ExternalKeys {
    /// Returns true if there are not too many status lists, and each has an address that can be one.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        let is_one = |url: &String| {
            let is_text = !url.chars().any(|c| c.is_whitespace() || c.is_control());
            (1..=MAX_STATUS_LIST_BYTES).contains(&url.len()) && is_text
        };
        self.status_lists.len() <= MAX_STATUS_LISTS && self.status_lists.iter().all(is_one)
    }
}

/// A public key of an issuer, and when it was one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerificationMethod {
    /// The verification method's URL, as proofs name it: `did:key:z6Mk…#z6Mk…`.
    #[n(0)]
    pub id: String,
    /// The key as a Multikey (Controlled Identifiers 1.0, §2.2.2): `z6Mk…` for Ed25519.
    #[n(1)]
    pub public_key_multibase: String,
    /// The first moment at which it signed for the issuer.
    #[n(2)]
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// The first moment at which it no longer did.
    #[n(3)]
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Since when it is known that somebody else may sign with it. Dates in badges prove nothing then: a badge by it is good
    /// only if the home agency, asked, confirms that it issued that very badge.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised: Option<Timestamp>,
}

impl VerificationMethod {
    /// Returns true if both are the same key with the same term, compromised or not.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        let of = |method: &Self| {
            (
                method.id.clone(),
                method.public_key_multibase.clone(),
                method.from,
                method.until,
            )
        };
        of(self) == of(other)
    }
}

impl Issuer {
    /// Returns true if it has a key that nobody calls compromised, or no key is known.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let methods = &self.verification_methods;
        methods.is_empty() || methods.iter().any(|method| method.compromised.is_none())
    }

    /// Returns true if it has a key that is its own at this moment and that nobody calls compromised, or no key is known.
    /// One whose key was changed stays listed for what the old key signed.
    #[must_use]
    pub fn is_current(&self, at: Timestamp) -> bool {
        let methods = &self.verification_methods;
        let is_good =
            |method: &VerificationMethod| method.compromised.is_none() && method.until.is_none_or(|until| until > at);
        methods.is_empty() || methods.iter().any(is_good)
    }

    /// Since when one of its keys is compromised, if one is: the earliest.
    #[must_use]
    pub fn compromised(&self) -> Option<Timestamp> {
        let methods = self.verification_methods.iter();
        methods.filter_map(|method| method.compromised).min()
    }
}
