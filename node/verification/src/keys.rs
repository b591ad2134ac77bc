//! Public and signing keys. What kind a key is decides which algorithm it is used with, never what a message says.
//!
//! Making a key checks it: a [`VerificationKey`] is a point on its curve and of full order, or a modulus of a length that is
//! still safe, and it has one representation, so that equal keys are equal values.

mod problems;
mod signing;

use std::fmt;

use aws_lc_rs::{
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RsaParameters, UnparsedPublicKey, VerificationAlgorithm,
    },
};

pub use problems::{JwkProblem, KeyProblem};
pub use signing::IssuerSigningKey;

/// The encodings of points of small order, without their sign bit. Under such a key nearly any signature verifies,
/// so it names nobody. (The list is libsodium's; RFC 8032 leaves the check to us.)
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    first_last(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    first_last(0xec, 0xff, 0x7f),
    first_last(0xed, 0xff, 0x7f),
    first_last(0xee, 0xff, 0x7f),
];

const fn first_last(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [head, .., tail] = &mut bytes;
    *head = first;
    *tail = last;
    bytes
}

/// The least and the most bits of an RSA modulus: less is weak, more is a way to keep a node busy.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// The kinds of keys that this registry reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256, with SHA-256.
    P256,
    /// ECDSA on P-384, with SHA-384.
    P384,
    /// RSA with PKCS #1 1.5 padding and SHA-256; for tokens only.
    Rsa,
}

impl KeyKind {
    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa => "RSA",
        }
    }

    /// The one algorithm that such keys are used with. Signatures of ECDSA are the two numbers with fixed size.
    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &ED25519,
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::Rsa => &RSA_PKCS1_2048_8192_SHA256,
        }
    }

    /// The length of a key in its one representation; RSA keys differ.
    const fn key_length(self) -> Option<usize> {
        match self {
            Self::Ed25519 => Some(32),
            Self::P256 => Some(33),
            Self::P384 => Some(49),
            Self::Rsa => None,
        }
    }

    /// The length of a coordinate of a point.
    pub(crate) const fn coordinate_length(self) -> Option<usize> {
        match self {
            Self::P256 => Some(32),
            Self::P384 => Some(48),
            Self::Ed25519 | Self::Rsa => None,
        }
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerificationKey {
    kind: KeyKind,
    /// 32 bytes, a compressed point, or the DER of an `RSAPublicKey` (RFC 8017).
    bytes: Box<[u8]>,
}

/// The text or bytes are no key that this registry uses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not base58btc with the prefix `z`.
    #[error("a key begins with `z` and is written in base58")]
    Encoding,
    /// A key, but of another kind.
    #[error("this is no Ed25519, P-256, P-384 or RSA key (those begin with `z6Mk`, `zDn`, `z82` or `z4MX`)")]
    Kind,
    /// Not as long as a key of its kind.
    #[error("a key of this kind has another length than {0} bytes")]
    Length(usize),
    /// A point under which nearly any signature verifies.
    #[error("this key has small order: nearly any signature would fit it")]
    SmallOrder,
    /// No point of its curve, or not in its one representation.
    #[error("this is no {} key", .0.name())]
    Invalid(KeyKind),
    /// An RSA modulus that is too short or too long.
    #[error("an RSA key has 2048 to 8192 bits, this one has {0}")]
    Bits(u32),
    /// No usable JSON Web Key.
    #[error("this is no JSON Web Key that can be used here: {0:?}")]
    Jwk(JwkProblem),
    /// The cryptographic library would not sign.
    #[error("this key cannot sign")]
    CannotSign,
}

impl VerificationKey {
    /// The Ed25519 key with these 32 bytes.
    ///
    /// # Errors
    /// If they are not 32, or a point of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        Self::new(KeyKind::Ed25519, bytes)
    }

    /// The key of this kind with these bytes: 32 for Ed25519, a compressed point, or the DER of an `RSAPublicKey`.
    ///
    /// # Errors
    /// If they are no such key, or one that proves nothing.
    pub fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self, BadKey> {
        if kind.key_length().is_some_and(|length| length != bytes.len()) {
            return Err(BadKey::Length(bytes.len()));
        }
        match kind {
            KeyKind::Ed25519 => full_order(bytes)?,
            KeyKind::P256 | KeyKind::P384 => {
                ParsedPublicKey::new(kind.algorithm(), bytes).map_err(|_| BadKey::Invalid(kind))?;
            }
            KeyKind::Rsa => {
                let key = rsa::PublicKey::from_der(bytes).map_err(|_| BadKey::Invalid(kind))?;
                if key.as_ref() != bytes {
                    return Err(BadKey::Invalid(kind));
                }
                let bits = RsaParameters::public_modulus_len(bytes).map_err(|_| BadKey::Invalid(kind))?;
                if !RSA_BITS.contains(&bits) {
                    return Err(BadKey::Bits(bits));
                }
            }
        }
        Ok(Self {
            kind,
            bytes: bytes.into(),
        })
    }

    /// The key at this point of a curve, compressed.
    ///
    /// # Errors
    /// If the point does not lie on the curve.
    pub(crate) fn from_point(kind: KeyKind, x: &[u8], y: &[u8]) -> Result<Self, BadKey> {
        let length = kind.coordinate_length().ok_or(BadKey::Kind)?;
        for coordinate in [x, y] {
            if coordinate.len() != length {
                return Err(BadKey::Length(coordinate.len()));
            }
        }
        let point = [&[4], x, y].concat();
        ParsedPublicKey::new(kind.algorithm(), &point).map_err(|_| BadKey::Invalid(kind))?;
        let odd = y.last().is_some_and(|last| last & 1 == 1);
        Self::new(kind, &[&[if odd { 3 } else { 2 }], x].concat())
    }

    /// The RSA key with this modulus and this exponent.
    ///
    /// # Errors
    /// If they make no key, or one that is too short.
    pub(crate) fn from_modulus(modulus: &[u8], exponent: &[u8]) -> Result<Self, BadKey> {
        Self::new(
            KeyKind::Rsa,
            &der(0x30, &[der_number(modulus), der_number(exponent)].concat()),
        )
    }

    /// Of which kind it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The bytes of its one representation: see [`VerificationKey::new`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns true if `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.kind.algorithm(), &self.bytes)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::multikey::encode(self))
    }
}

impl fmt::Display for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::multikey::encode(self))
    }
}

fn full_order(bytes: &[u8]) -> Result<(), BadKey> {
    let mut without_sign: [u8; 32] = bytes.try_into().map_err(|_| BadKey::Length(bytes.len()))?;
    if let Some(last) = without_sign.last_mut() {
        *last &= 0x7f;
    }
    if SMALL_ORDER.contains(&without_sign) {
        return Err(BadKey::SmallOrder);
    }
    Ok(())
}

/// A value in DER: tag, length, content (X.690, §8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|b| *b == 0).collect();
    let mut out = vec![tag];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([], _) => out.push(0),
        ([one], _) if *one < 0x80 => out.push(*one),
        (many, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(many);
        }
        _ => {}
    }
    out.extend_from_slice(content);
    out
}

/// A positive number in DER.
fn der_number(big_endian: &[u8]) -> Vec<u8> {
    let mut number: Vec<u8> = big_endian.iter().copied().skip_while(|b| *b == 0).collect();
    if number.first().is_none_or(|first| *first >= 0x80) {
        number.insert(0, 0);
    }
    der(0x02, &number)
}

#[cfg(test)]
mod tests;
