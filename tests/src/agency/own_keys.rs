//! Issuers that sign with software of their own.

use protocol::trust_list;
use registry_schema::{Issuer, OwnKeys, VerificationMethod};

use super::Agency;

impl Agency {
    /// Registers an issuer with these keys of its own, which publishes these status lists; or says anew what its keys and
    /// lists are.
    ///
    /// # Panics
    /// If it is not done.
    pub async fn registers_with_own_keys(&self, id: &str, keys: &[VerificationMethod], lists: &[String]) -> Issuer {
        let issuer = Issuer {
            id: id.to_owned(),
            name: format!("Own Software {}", id.len()),
            agency: self.id.clone(),
            verification_methods: keys.to_vec(),
            url: None,
            provider: None,
            own_keys: Some(OwnKeys {
                status_lists: lists.to_vec(),
                seen: self.clock.now(),
            }),
        };
        let node = self.node.lock().await;
        let node = node.as_ref().unwrap_or_else(|| panic!("{} does not run", self.id));
        let put = trust_list::register(&issuer);
        node.registrar.enters(vec![put.clone()]).await.expect("it is written");
        // What it said before is replaced.
        self.acknowledged().retain(|earlier| earlier.put.key != put.key);
        self.notes(format!("issuer `{id}` registered"), put);
        issuer
    }
}
