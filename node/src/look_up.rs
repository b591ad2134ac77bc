//! Leave to look a short code up. A code is all that it takes to see a badge and its holder's name, so whoever could try
//! codes one after the other could read them all; [`Store::credential_by_code`](crate::storage::Store::credential_by_code)
//! asks for this leave, and there are two who give it.

use crate::registrar::Hand;

/// Leave to look one code up.
#[derive(Debug)]
#[must_use]
pub struct Leave(());

impl Leave {
    /// Leave for a stranger, once it was taken from their share: only `api::clients` gives it.
    pub(crate) const fn of_stranger() -> Self {
        Self(())
    }

    /// Leave for an act of an operator, who sees all credentials of the agency in any case.
    pub(crate) const fn of_operator(_: &Hand) -> Self {
        Self(())
    }
}
