//! The cryptosuites: which keys, which canonical form, which hash.

use std::borrow::Cow;

pub(super) use aws_lc_rs::digest::Digest;
use aws_lc_rs::digest::{self, MAX_OUTPUT_LEN, SHA256, SHA384, digest};
use oxrdf::dataset::CanonicalizationHashAlgorithm;
use serde_json::{Map, Value};

use super::{
    HashingError, jcs,
    rdf::{self, RdfInput},
};
use crate::keys::KeyKind;

/// A cryptosuite that this crate reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cryptosuite {
    /// VC Data Integrity EdDSA Cryptosuites 1.0, §3.2: canonical RDF, Ed25519.
    EddsaRdfc2022,
    /// The same, §3.3: canonical JSON (RFC 8785), Ed25519.
    EddsaJcs2022,
    /// VC Data Integrity ECDSA Cryptosuites 1.0, §3.2: canonical RDF, P-256 or P-384.
    EcdsaRdfc2019,
}

impl Cryptosuite {
    const ALL: [Self; 3] = [Self::EddsaRdfc2022, Self::EddsaJcs2022, Self::EcdsaRdfc2019];

    /// Its name, as proofs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
        }
    }

    /// The suite with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.as_str() == name)
    }

    /// The suite that a key of this kind signs with, unless told otherwise; RSA has none.
    #[must_use]
    pub const fn of(kind: KeyKind) -> Option<Self> {
        match kind {
            KeyKind::Ed25519 => Some(Self::EddsaRdfc2022),
            KeyKind::P256 | KeyKind::P384 => Some(Self::EcdsaRdfc2019),
            KeyKind::Rsa => None,
        }
    }

    /// Returns true if keys of this kind sign with it.
    #[must_use]
    pub const fn fits(self, kind: KeyKind) -> bool {
        match self {
            Self::EddsaRdfc2022 | Self::EddsaJcs2022 => matches!(kind, KeyKind::Ed25519),
            Self::EcdsaRdfc2019 => matches!(kind, KeyKind::P256 | KeyKind::P384),
        }
    }

    /// The message to be signed: the hash of the proof's options, then the hash of the content. The hash follows from the
    /// key; without one, the content is still looked at.
    pub(super) fn message(
        self,
        content: RdfInput<'_>,
        proof: &Map<String, Value>,
        key: Option<KeyKind>,
    ) -> Result<SigningInput, HashingError> {
        if self == Self::EddsaJcs2022 {
            let mut options = proof.clone();
            options.remove("proofValue");
            let content = match (content.without, content.context) {
                (None, None) => Cow::Borrowed(content.object),
                _ => Cow::Owned(content.copied()),
            };
            return Ok(SigningInput::of(jcs::hash(&options)?, jcs::hash(&content)?));
        }
        let hash = match key {
            Some(KeyKind::P384) => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        let of_content = rdf::hash(content, hash)?;
        let options = RdfInput {
            object: proof,
            without: Some("proofValue"),
            context: content.contexts(),
            terms: content.terms,
            way: content.way,
        };
        Ok(SigningInput::of(rdf::hash(options, hash)?, of_content))
    }
}

/// The bytes that are signed.
pub(super) struct SigningInput {
    bytes: [u8; 2 * MAX_OUTPUT_LEN],
    length: usize,
}

impl SigningInput {
    fn of(first: Digest, second: Digest) -> Self {
        let mut message = Self {
            bytes: [0; 2 * MAX_OUTPUT_LEN],
            length: 0,
        };
        for digest in [first, second] {
            for (place, byte) in message.bytes.iter_mut().skip(message.length).zip(digest.as_ref()) {
                *place = *byte;
            }
            message.length += digest.as_ref().len();
        }
        message
    }
}

impl AsRef<[u8]> for SigningInput {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The hash of a suite; the canonical form of RDF uses the same one within.
#[derive(Debug, Clone, Copy)]
pub(super) enum HashAlgorithm {
    Sha256,
    Sha384,
}

impl HashAlgorithm {
    pub(super) fn of(self, bytes: &[u8]) -> Digest {
        let algorithm: &'static digest::Algorithm = match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
        };
        digest(algorithm, bytes)
    }

    pub(super) const fn within_rdf(self) -> CanonicalizationHashAlgorithm {
        match self {
            Self::Sha256 => CanonicalizationHashAlgorithm::Sha256,
            Self::Sha384 => CanonicalizationHashAlgorithm::Sha384,
        }
    }
}
