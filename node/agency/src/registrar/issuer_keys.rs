//! Issuers' keys that this node keeps and cannot use. A damaged one is nowhere else but in a backup.

use registry_schema::Timestamp;
use verification::IssuerSigningKey;

use super::{Registrar, RegistrarError, signing_key};
use storage::{IssuerKey, Store, StoreError};

/// An issuer's key that is kept here and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKeyTrouble {
    /// The issuer's id.
    pub issuer: String,
    /// The name of the seal that it is kept under, if this node does not have that seal; otherwise the key is damaged.
    pub other_seal: Option<String>,
}

impl IssuerKeyTrouble {
    /// The error of whoever would sign with it, which says what to do.
    #[must_use]
    pub fn error(&self) -> StoreError {
        match &self.other_seal {
            Some(name) => StoreError::Sealed(name.clone()),
            None => StoreError::IssuerKeyDamaged(self.issuer.clone()),
        }
    }
}

/// The key that an issuer signs with.
///
/// # Errors
/// [`StoreError::IssuerKeyDamaged`], if what is kept is not the key of this issuer.
pub fn signing_key_of(kept: &IssuerKey) -> Result<IssuerSigningKey, StoreError> {
    signing_key(kept).map_err(|_| StoreError::IssuerKeyDamaged(kept.issuer.clone()))
}

/// The keys in a store that cannot be used.
///
/// # Errors
/// [`StoreError`], if the store cannot be read.
pub async fn issuer_key_troubles(store: &Store) -> Result<Vec<IssuerKeyTrouble>, StoreError> {
    let mut troubles = Vec::new();
    for (issuer, key) in store.issuer_keys().await? {
        let other_seal = match key.and_then(|key| signing_key_of(&key)) {
            Ok(_) => continue,
            Err(StoreError::Sealed(name)) => Some(name),
            Err(StoreError::IssuerKeyDamaged(_)) => None,
            Err(error) => return Err(error),
        };
        troubles.push(IssuerKeyTrouble { issuer, other_seal });
    }
    Ok(troubles)
}

impl Registrar {
    /// The keys that cannot be used of issuers that are to issue still: those whose keys are retired need none.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn issuers_without_key(&self) -> Result<Vec<IssuerKeyTrouble>, RegistrarError> {
        let troubles = issuer_key_troubles(&self.store).await?;
        let registry = self.registry.snapshot();
        let now: Timestamp = self.clock.now();
        let issues = |trouble: &IssuerKeyTrouble| {
            let issuer = registry.home().and_then(|home| home.issuer(&trouble.issuer));
            issuer.is_some_and(|issuer| issuer.is_current(now))
        };
        Ok(troubles.into_iter().filter(issues).collect())
    }
}
