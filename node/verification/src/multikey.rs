//! Ed25519 keys, written as Multikey (`z6Mk…`, Controlled Identifiers 1.0, §2.2.2) and as `did:key`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Multicodec `ed25519-pub`, as a varint.
const ED25519_PUB: [u8; 2] = [0xed, 0x01];

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

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// The text or bytes are no public key that this registry reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not base58btc with the prefix `z`.
    #[error("a key begins with `z` and is written in base58")]
    Encoding,
    /// A key, but of another kind.
    #[error("this is no Ed25519 key (those begin with `z6Mk`)")]
    Kind,
    /// Not 32 bytes.
    #[error("an Ed25519 key has 32 bytes, this one has {0}")]
    Length(usize),
    /// A point under which nearly any signature verifies.
    #[error("this key has small order: nearly any signature would fit it")]
    SmallOrder,
}

impl PublicKey {
    /// The key with these 32 bytes.
    ///
    /// # Errors
    /// If they are not 32, or a point of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        let key: [u8; 32] = bytes.try_into().map_err(|_| BadKey::Length(bytes.len()))?;
        let mut without_sign = key;
        if let Some(last) = without_sign.last_mut() {
            *last &= 0x7f;
        }
        if SMALL_ORDER.contains(&without_sign) {
            Err(BadKey::SmallOrder)
        } else {
            Ok(Self(key))
        }
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(self))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(self))
    }
}

/// An issuer's Ed25519 key. Its `Debug` shows the public half only.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key that grows from this seed (RFC 8032, §5.1.5).
    ///
    /// # Errors
    /// If the cryptographic library refuses the seed; it has no reason to for any 32 bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, BadKey> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| BadKey::Encoding)
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(self.0.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey(key)
    }

    /// Its signature over `message`: 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

/// `z6Mk…`
#[must_use]
pub fn encode(key: &PublicKey) -> String {
    let mut bytes = ED25519_PUB.to_vec();
    bytes.extend_from_slice(&key.0);
    format!("z{}", bs58::encode(bytes).into_string())
}

/// Reads `z6Mk…`.
///
/// # Errors
/// If it is no Ed25519 Multikey, or has not exactly 32 bytes.
pub fn decode(text: &str) -> Result<PublicKey, BadKey> {
    let base58 = text.strip_prefix('z').ok_or(BadKey::Encoding)?;
    if base58.len() > 128 {
        return Err(BadKey::Length(base58.len()));
    }
    let bytes = bs58::decode(base58).into_vec().map_err(|_| BadKey::Encoding)?;
    PublicKey::from_bytes(bytes.strip_prefix(&ED25519_PUB).ok_or(BadKey::Kind)?)
}

/// The `did:key` of a key, and the only verification method that it has.
#[must_use]
pub fn did_key(key: &PublicKey) -> (String, String) {
    let key = encode(key);
    (format!("did:key:{key}"), format!("did:key:{key}#{key}"))
}

/// The key of a `did:key`, which is its own document.
#[must_use]
pub fn key_of_did(did: &str) -> Option<PublicKey> {
    decode(did.strip_prefix("did:key:")?).ok()
}

/// The key that a verification method's URL *itself* holds: of `did:key:z6Mk…#z6Mk…`, where both parts must agree,
/// or of `https://…#z6Mk…` (1EdTech's way), which proves nothing about who holds it.
#[must_use]
pub fn key_in_method(method: &str) -> Option<PublicKey> {
    let (controller, fragment) = method.split_once('#')?;
    let key = decode(fragment).ok()?;
    if controller.starts_with("did:key:") && key_of_did(controller) != Some(key) {
        return None;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, §7.1, test 1: seed and public key.
    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];

    #[test]
    fn a_key_reads_back_and_verifies_what_it_signed() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        let public = key.public_key();
        assert_eq!(public.as_bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let text = encode(&public);
        assert!(text.starts_with("z6Mk"));
        assert_eq!(decode(&text), Ok(public));
        assert!(public.verifies(b"x", &key.sign(b"x")));
        assert!(!public.verifies(b"y", &key.sign(b"x")));
        assert!(!format!("{key:?}").contains("9d61"));
    }

    #[test]
    fn a_did_key_holds_its_key() {
        let public = SigningKey::from_seed(&SEED).unwrap().public_key();
        let (did, method) = did_key(&public);
        assert_eq!(key_of_did(&did), Some(public));
        assert_eq!(key_in_method(&method), Some(public));
        let other = did_key(&SigningKey::from_seed(&[7; 32]).unwrap().public_key()).0;
        assert_eq!(key_in_method(&format!("{other}#{}", encode(&public))), None);
        assert_eq!(
            key_in_method(&format!("https://a.example/1#{}", encode(&public))),
            Some(public)
        );
    }

    #[test]
    fn what_is_no_ed25519_key_is_refused() {
        assert_eq!(decode("6Mk"), Err(BadKey::Encoding));
        assert_eq!(decode("z0OIl"), Err(BadKey::Encoding));
        assert_eq!(
            decode("zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76"),
            Err(BadKey::Kind)
        );
        let short = format!("z{}", bs58::encode([0xed, 0x01, 1, 2, 3]).into_string());
        assert_eq!(decode(&short), Err(BadKey::Length(3)));
        let long = format!(
            "z{}",
            bs58::encode([&[0xed, 0x01][..], &[9; 33]].concat()).into_string()
        );
        assert_eq!(decode(&long), Err(BadKey::Length(33)));
        assert_eq!(
            decode(&format!("z{}", "1".repeat(100_000))),
            Err(BadKey::Length(100_000))
        );
        for mut small in SMALL_ORDER {
            assert_eq!(PublicKey::from_bytes(&small), Err(BadKey::SmallOrder));
            small[31] |= 0x80;
            assert_eq!(PublicKey::from_bytes(&small), Err(BadKey::SmallOrder));
        }
    }
}
