//! Leave to look a short code up. A code is all that it takes to see a badge and its holder's name, so whoever could try
//! codes one after the other could read them all; [`Store::credential_by_code`](crate::Store::credential_by_code)
//! asks for this leave, and there are two who give it.

/// An operator's act: proof that who asks sees all credentials of the agency in any case.
pub trait OperatorProof {}

/// Leave to look one code up.
#[derive(Debug)]
#[must_use]
pub struct LookupPermit(());

impl LookupPermit {
    /// Leave for a stranger, once it was taken from their share: only `api::clients` gives it.
    pub const fn of_stranger() -> Self {
        Self(())
    }

    /// Leave for an act of an operator.
    pub const fn of_operator(_: &impl OperatorProof) -> Self {
        Self(())
    }
}
