//! The key that a thief takes from an agency.

use verification::IssuerSigningKey;

use super::TestAgency;

impl TestAgency {
    /// The key with which it signs this issuer's badges, as a thief would find it in its store.
    ///
    /// # Panics
    /// If its node does not run, or keeps no such key.
    pub async fn badge_key_of(&self, issuer: &str) -> IssuerSigningKey {
        let node = self.node.lock().await;
        let node = node.as_ref().unwrap_or_else(|| panic!("{} does not run", self.id));
        let kept = node.store.issuer_key(issuer).await.expect("a store that can be read");
        agency::registrar::signing_key(&kept.expect("a key of this issuer")).expect("a key")
    }
}
