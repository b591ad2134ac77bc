//! Issuers' keys at rest: sealed, so that who has the database, or a copy of it, has no key.
//!
//! The seal is a key of its own in a file of the node's (`keys/seal.key`, or where the configuration says), which no backup of
//! the database holds. It protects against a stolen dump, a curious administrator of the database, a discarded disk of the
//! database's server. It does **not** protect against who reads this node's own files or memory.

use std::{fmt, path::Path};

use anyhow::Context as _;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use protocol::Hash;

use crate::keys;

/// The version of the sealed form, its first byte: then the nonce, then the sealed secret with its tag.
const VERSION: u8 = 1;

/// A key that seals others: AES-256-GCM (NIST SP 800-38D).
pub struct SealingKey {
    key: RandomizedNonceKey,
    name: String,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.name)
    }
}

impl SealingKey {
    /// The seal of this secret.
    ///
    /// # Errors
    /// If the cryptographic library refuses it.
    pub fn new(secret: &[u8; 32]) -> anyhow::Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, secret).ok();
        let name = Hash::of(&[b"comity seal", &[0], secret]).to_string();
        Ok(Self {
            key: key.context("the seal cannot be used")?,
            name: name.chars().take(16).collect(),
        })
    }

    /// The seal in a file; none, if there is no such file.
    ///
    /// # Errors
    /// If the file cannot be read, or holds none.
    pub fn load(file: &Path) -> anyhow::Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        let (folder, name) = parts(file)?;
        Self::new(&keys::load(folder, name)?).map(Some)
    }

    /// A new seal in a file of its own, which its owner alone reads.
    ///
    /// # Errors
    /// If the file is there already, or cannot be written.
    pub fn create(file: &Path) -> anyhow::Result<Self> {
        let (folder, name) = parts(file)?;
        Self::new(&keys::create(folder, name)?)
    }

    /// The name that tells it from others: the beginning of a hash, which says nothing about it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seals the secret of an issuer's key; it opens for this issuer alone. None, if the library fails.
    #[must_use]
    pub fn close(&self, issuer: &str, secret: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(bound_to(issuer), &mut sealed).ok()?;
        Some([&[VERSION], nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what [`SealingKey::close`] sealed for this issuer; none, if it is anything else.
    #[must_use]
    pub fn open(&self, issuer: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, rest) = rest.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut secret = rest.to_vec();
        let opened = self.key.open_in_place(nonce, bound_to(issuer), &mut secret).ok()?;
        (*version == VERSION).then(|| opened.to_vec())
    }
}

fn bound_to(issuer: &str) -> Aad<Vec<u8>> {
    Aad::from([b"comity issuer key".as_slice(), &[0], issuer.as_bytes()].concat())
}

fn parts(file: &Path) -> anyhow::Result<(&Path, &str)> {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("`{}` names no file", file.display()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok((folder.unwrap_or_else(|| Path::new(".")), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_issuer_and_with_its_seal_alone() {
        let (seal, other) = (SealingKey::new(&[1; 32]).unwrap(), SealingKey::new(&[2; 32]).unwrap());
        let sealed = seal.close("did:key:zA", &[7; 48]).unwrap();
        assert_ne!(
            sealed,
            seal.close("did:key:zA", &[7; 48]).unwrap(),
            "the nonce is new each time"
        );
        assert!(!sealed.windows(4).any(|bytes| bytes == [7; 4]));
        assert_eq!(seal.open("did:key:zA", &sealed).unwrap(), [7; 48]);
        assert_eq!(seal.open("did:key:zB", &sealed), None);
        assert_eq!(other.open("did:key:zA", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open("did:key:zA", &changed), None, "byte {at}");
            assert_eq!(seal.open("did:key:zA", &sealed[..at]), None, "{at} bytes");
        }
        assert_ne!(seal.name(), other.name());
    }
}
