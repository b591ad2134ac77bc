//! The proof that an applicant gave: that it signs with software of its own, under an identifier that it controls.

use super::{RegistrationStep, TakenStep};
use crate::{ExternalKeys, VerificationMethod};

/// The identifier that an applicant last proved that it controls, with its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenIdentifier {
    /// The identifier.
    pub issuer: String,
    /// Its keys.
    pub keys: Vec<VerificationMethod>,
    /// Its status lists, and when this was proved.
    pub own: ExternalKeys,
}

impl ProvenIdentifier {
    /// Returns what this step proves, if it is a proof.
    pub(super) fn of(taken: &TakenStep) -> Option<Self> {
        let RegistrationStep::Prove {
            issuer,
            keys,
            status_lists,
        } = &taken.step
        else {
            return None;
        };
        Some(Self {
            issuer: issuer.clone(),
            keys: keys.clone(),
            own: ExternalKeys {
                status_lists: status_lists.clone(),
                seen: taken.at,
            },
        })
    }
}
