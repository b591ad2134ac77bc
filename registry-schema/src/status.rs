//! The status of a credential: active, suspended or revoked; and why.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The number of slots in a status list: the least that Bitstring Status List v1.0 (§6.1) allows.
pub const LIST_SLOTS: u32 = 131_072;

/// Slots are reserved in blocks of this many, or in units.
pub const BLOCK_SLOTS: u32 = 256;

/// The fewest slots that are reserved at a time: a start that issues little uses up no more.
pub const UNIT_SLOTS: u32 = 16;

/// The reason that a status changed. Only this code travels; any other text stays at the home agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum StatusReason {
    /// It should not have been issued.
    #[n(0)]
    IssuedInError,
    /// Another credential took its place.
    #[n(1)]
    Superseded,
    /// A finding of misconduct.
    #[n(2)]
    Misconduct,
    /// Facts were misrepresented.
    #[n(3)]
    Misrepresentation,
    /// The work was not the earner's own, or was shared.
    #[n(4)]
    IntegrityViolation,
    /// The evidence was found not to hold.
    #[n(5)]
    EvidenceInvalid,
    /// The issuer is no more.
    #[n(6)]
    IssuerCeased,
    /// An administrative act.
    #[n(7)]
    Administrative,
    /// No reason is published.
    #[n(8)]
    Unspecified,
}

impl StatusReason {
    /// All reasons, in the order of their numbers on the wire.
    pub const ALL: [Self; 9] = [
        Self::IssuedInError,
        Self::Superseded,
        Self::Misconduct,
        Self::Misrepresentation,
        Self::IntegrityViolation,
        Self::EvidenceInvalid,
        Self::IssuerCeased,
        Self::Administrative,
        Self::Unspecified,
    ];

    /// The name in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IssuedInError => "issued_in_error",
            Self::Superseded => "superseded",
            Self::Misconduct => "misconduct",
            Self::Misrepresentation => "misrepresentation",
            Self::IntegrityViolation => "integrity_violation",
            Self::EvidenceInvalid => "evidence_invalid",
            Self::IssuerCeased => "issuer_ceased",
            Self::Administrative => "administrative",
            Self::Unspecified => "unspecified",
        }
    }

    /// The words for people: "revoked on 3 March 2026 by South Carolina: *issued in error*".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::IssuedInError => "issued in error",
            Self::Superseded => "replaced by another credential",
            Self::Misconduct => "misconduct",
            Self::Misrepresentation => "facts were misrepresented",
            Self::IntegrityViolation => "the work broke the integrity policy",
            Self::EvidenceInvalid => "the evidence does not hold",
            Self::IssuerCeased => "the issuer is no more",
            Self::Administrative => "administrative",
            Self::Unspecified => "no reason published",
        }
    }
}

crate::value_phrases!(StatusReason {
    IssuedInError,
    Superseded,
    Misconduct,
    Misrepresentation,
    IntegrityViolation,
    EvidenceInvalid,
    IssuerCeased,
    Administrative,
    Unspecified,
});

impl fmt::Display for StatusReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no reason: one of issued_in_error, superseded, misconduct, misrepresentation, integrity_violation, evidence_invalid, issuer_ceased, administrative, unspecified"
)]
pub struct BadStatusReason(pub String);

impl FromStr for StatusReason {
    type Err = BadStatusReason;

    fn from_str(text: &str) -> Result<Self, BadStatusReason> {
        let found = Self::ALL.into_iter().find(|r| r.as_str() == text);
        found.ok_or_else(|| BadStatusReason(text.chars().take(64).collect()))
    }
}

/// The status of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// Neither suspended nor revoked.
    Active,
    /// Not good for now; can be reinstated.
    Suspended,
    /// Not good any more, for ever.
    Revoked,
    /// Not known here.
    Unknown,
}

impl StatusState {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// A suspension, reinstatement or revocation, as it replicates: a time and a code, and no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusChange {
    /// The status after the change.
    pub state: StatusState,
    /// The moment of the change, by the home agency's clock.
    pub at: Timestamp,
    /// The reason for the change.
    pub reason: StatusReason,
}

impl StatusChange {
    /// Returns true if the true time and reason were expunged: the fact alone is left.
    #[must_use]
    pub const fn is_untold(&self) -> bool {
        self.at.0 == 0
    }
}
