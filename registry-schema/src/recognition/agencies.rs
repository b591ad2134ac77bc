//! Recognition of other agencies, and how an issuer stands with its own.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Purpose, RecognitionBasis, RecognitionScope, RecognitionWithdrawal, stands};
use crate::{AgencyId, QueryTime, Timestamp};

/// The greatest reach of a recognition of another agency: through so many agencies beyond the one that says it.
pub const MAX_DEPTH: u8 = 4;

/// An agency's statement that it accepts what another agency recognizes.
///
/// It is followed only where both sides say so: the other agency's recognition has to say that it
/// [may be followed](RecognitionBasis::may_be_followed), and the chain is never longer than any of its statements allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgencyRecognition {
    /// Unique within the recognizing agency's trust list, recognitions of issuers included.
    #[n(0)]
    pub id: String,
    /// The agency whose recognitions are accepted.
    #[n(1)]
    pub of: AgencyId,
    /// The identity of that agency: the hash of the first entry of its key log, in 64 hexadecimal digits. A name alone proves
    /// nothing.
    #[n(2)]
    pub key_log: String,
    /// For which achievements.
    #[n(3)]
    pub scope: RecognitionScope,
    /// For which purposes; never empty.
    #[n(4)]
    pub purposes: Vec<Purpose>,
    /// From this moment on.
    #[n(5)]
    pub from: Timestamp,
    /// Up to this moment, if it has a term.
    #[n(6)]
    pub until: Option<Timestamp>,
    /// Through how many agencies it reaches: 1 for that agency's own recognitions alone; at most [`MAX_DEPTH`].
    #[n(7)]
    pub depth: u8,
    /// The grounds that it rests on, and whether it may be followed in its turn.
    #[cbor(skip_if = "RecognitionBasis::is_default")]
    #[n(8)]
    #[serde(flatten)]
    pub basis: RecognitionBasis,
}

impl AgencyRecognition {
    /// Returns true if it keeps the rules that hold whatever else is in the list.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let is_hash = self.key_log.len() == 64 && self.key_log.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let in_order = self.until.is_none_or(|until| self.from < until);
        is_hash
            && in_order
            && !self.purposes.is_empty()
            && (1..=MAX_DEPTH).contains(&self.depth)
            && self.scope.is_within_limits()
            && self.basis.is_within_limits()
    }
}

/// A recognition of another agency as it stands in an agency's trust list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgencyRecognitionEntry {
    /// The agency that recognizes.
    pub agency: AgencyId,
    /// The recognition itself.
    #[serde(flatten)]
    pub recognition: AgencyRecognition,
    /// Its end before its term, if there was one.
    pub withdrawn: Option<RecognitionWithdrawal>,
    /// True if it does not count for now: the agency's records have two histories, and nobody has joined them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

impl AgencyRecognitionEntry {
    /// Returns true if a badge dated `issued` counts under this entry at the moment asked about.
    #[must_use]
    pub fn holds(&self, asked: QueryTime, issued: Option<Timestamp>) -> bool {
        let (r, at) = (&self.recognition, asked.at());
        let in_term = r.from <= at && r.until.is_none_or(|until| at < until);
        in_term && stands(self.withdrawn.as_ref(), asked, issued)
    }
}

/// The standing of an issuer with its home agency, once that has said so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registration {
    /// The issuer's id.
    #[n(0)]
    pub issuer: String,
    /// The standing of the issuer.
    #[n(1)]
    pub standing: RegistrationStanding,
    /// From this moment on.
    #[n(2)]
    pub at: Timestamp,
    /// The end of the registration's term; without a term, if absent.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The state of an issuer's registration: whether it holds. The later in this order, the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum RegistrationStanding {
    /// It holds.
    #[n(0)]
    Registered,
    /// It does not hold for now.
    #[n(1)]
    Suspended,
    /// It has ended.
    #[n(2)]
    Ended,
}

impl Registration {
    /// Returns true if the issuer is registered at the moment asked about, as far as this says.
    #[must_use]
    pub fn holds(&self, asked: QueryTime) -> bool {
        let in_term = self.until.is_none_or(|until| asked.at() < until);
        in_term && (self.standing == RegistrationStanding::Registered || !asked.effect_of(self.at).takes_away())
    }
}
