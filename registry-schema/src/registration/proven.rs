//! The proof that an applicant gave: that it signs with software of its own, under an identifier that it controls.

use super::{Step, Taken};
use crate::{OwnKeys, VerificationMethod};

/// The identifier that an applicant last proved that it controls, with its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The identifier.
    pub issuer: String,
    /// Its keys.
    pub keys: Vec<VerificationMethod>,
    /// Its status lists, and when this was proved.
    pub own: OwnKeys,
}

impl Proven {
    /// Returns what this step proves, if it is a proof.
    pub(super) fn of(taken: &Taken) -> Option<Self> {
        let Step::Prove {
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
            own: OwnKeys {
                status_lists: status_lists.clone(),
                seen: taken.at,
            },
        })
    }
}
