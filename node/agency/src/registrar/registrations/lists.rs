//! The statements of the lists about a case's issuer, for the steps that change them.

use registry_schema::{Issuer, acceptance::ProviderKind, recognition::RegistrationStanding};

use super::super::{Registrar, RegistrarError, not_ready};

impl Registrar {
    /// The entry of a registered issuer, if it is found to be another kind of body than the list has.
    pub(super) fn otherwise(&self, issuer: Option<&str>, provider: Option<ProviderKind>) -> Option<Issuer> {
        let registry = self.registry.snapshot();
        let issuer = registry.home()?.issuer(issuer?)?;
        let differs = provider.is_some() && issuer.provider != provider;
        differs.then(|| Issuer {
            provider,
            ..issuer.clone()
        })
    }

    /// Checks that the registration has not ended in the lists, which is final, whatever the history here says: as after a
    /// restored backup.
    pub(super) fn has_not_ended(&self, issuer: &str) -> Result<(), RegistrarError> {
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        match home.registration(issuer) {
            Some(said) if said.standing == RegistrationStanding::Ended => Err(RegistrarError::Conflict(
                "the registration of the issuer has ended, which is final".into(),
            )),
            _ => Ok(()),
        }
    }
}
