//! Keys that sign.

use std::fmt;

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RSA_PKCS1_SHA256,
    },
};

use super::{BadKey, KeyKind, VerificationKey};

/// An issuer's key. Its `Debug` shows the public half only.
pub struct IssuerSigningKey {
    pair: SigningKeyPair,
    public: VerificationKey,
}

enum SigningKeyPair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

impl IssuerSigningKey {
    /// The Ed25519 key that grows from this seed (RFC 8032, §5.1.5).
    ///
    /// # Errors
    /// If the cryptographic library refuses the seed; it has no reason to for any 32 bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey::Encoding)?;
        let public = VerificationKey::from_bytes(pair.public_key().as_ref())?;
        Ok(Self {
            pair: SigningKeyPair::Ed25519(pair),
            public,
        })
    }

    /// The key with this secret: the seed of an Ed25519 key (32 bytes), or the number of an ECDSA key, big-endian
    /// (32 bytes for P-256, 48 for P-384).
    ///
    /// # Errors
    /// If the kind is RSA, or the number has another length, is zero, or not below the order of the curve.
    pub fn from_secret(kind: KeyKind, secret: &[u8]) -> Result<Self, BadKey> {
        let (curve, algorithm) = match kind {
            KeyKind::P256 => (&ECDH_P256, &ECDSA_P256_SHA256_FIXED_SIGNING),
            KeyKind::P384 => (&ECDH_P384, &ECDSA_P384_SHA384_FIXED_SIGNING),
            KeyKind::Ed25519 => {
                let seed = secret.try_into().map_err(|_| BadKey::Length(secret.len()))?;
                return Self::from_seed(seed);
            }
            KeyKind::Rsa => return Err(BadKey::Kind),
        };
        let refused = || BadKey::Invalid(kind);
        let point = agreement::PrivateKey::from_private_key(curve, secret)
            .map_err(|_| refused())?
            .compute_public_key()
            .map_err(|_| refused())?;
        let point = point.as_ref();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, secret, point).map_err(|_| refused())?;
        let length = kind.coordinate_length().ok_or(BadKey::Kind)?;
        let (x, y) = point
            .get(1..)
            .and_then(|xy| xy.split_at_checked(length))
            .ok_or_else(refused)?;
        Ok(Self {
            pair: SigningKeyPair::Ecdsa(pair),
            public: VerificationKey::from_point(kind, x, y)?,
        })
    }

    /// The RSA key in this PKCS #8 document.
    ///
    /// # Errors
    /// If it is none, or shorter than 2048 bits.
    pub fn rsa_from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        let pair = rsa::KeyPair::from_pkcs8(der).map_err(|_| BadKey::Invalid(KeyKind::Rsa))?;
        let public = VerificationKey::new(KeyKind::Rsa, pair.public_key().as_ref())?;
        Ok(Self {
            pair: SigningKeyPair::Rsa(pair),
            public,
        })
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> VerificationKey {
        self.public.clone()
    }

    /// Of which kind it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// Its signature over `message`. Ed25519 and RSA always give the same one; ECDSA draws a number within the
    /// cryptographic library.
    ///
    /// # Errors
    /// If the cryptographic library has no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let random = SystemRandom::new();
        match &self.pair {
            SigningKeyPair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            SigningKeyPair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|s| s.as_ref().to_vec())
                .map_err(|_| BadKey::CannotSign),
            SigningKeyPair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| BadKey::CannotSign)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for IssuerSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}
