//! Signed statements: `Signed<T>` keeps the bytes that came and shows no field; `Verified<T>` is the proof that
//! somebody with the authority to do so signed them.

use std::{fmt, marker::PhantomData, str::FromStr};

use aws_lc_rs::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};

/// A SHA-256 digest, which names a statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Hash {
    /// The digest of several parts, one after the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// The hash in groups of four digits, to be read aloud and compared: **everywhere the same**, so that what one side reads
    /// out is what the other one has before it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let text = self.to_string();
        let groups: Vec<&str> = (0..text.len())
            .step_by(4)
            .filter_map(|at| text.get(at..at + 4))
            .collect();
        groups.join(" ")
    }
}

macro_rules! hex_text {
    ($type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", HEXLOWER.encode_display(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $type {
            type Err = BadHex;

            fn from_str(text: &str) -> Result<Self, BadHex> {
                let bad = || BadHex {
                    what: $what,
                    text: text.chars().take(80).collect(),
                };
                if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(bad());
                }
                let mut bytes = [0; 32];
                for (i, byte) in bytes.iter_mut().enumerate() {
                    let pair = text.get(2 * i..2 * i + 2).ok_or_else(bad)?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

hex_text!(Hash, "hash");
hex_text!(PublicKey, "public key");

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: it has 64 hexadecimal digits")]
pub struct BadHex {
    what: &'static str,
    text: String,
}

/// A private key. It never leaves the process that made it, and is not printed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key that follows from 32 secret random bytes.
    ///
    /// # Errors
    /// If the cryptographic library refuses the seed.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, InvalidStatement> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidStatement::Key)?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self {
            pair,
            public: PublicKey(public),
        })
    }

    /// Its public half.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a statement.
    ///
    /// # Errors
    /// If the statement is larger than its kind may be.
    pub fn sign<T: Signable>(&self, statement: &T) -> Result<Verified<T>, InvalidStatement> {
        let bytes = encode(statement);
        if bytes.len() > T::MAX_BYTES {
            return Err(InvalidStatement::TooLarge {
                bytes: bytes.len(),
                limit: T::MAX_BYTES,
            });
        }
        let signature = self.sign_bytes::<T>(&bytes);
        let signed = Signed {
            statement: bytes,
            signature,
            kind: PhantomData,
        };
        // Decoded again, so that what we hold is what everyone else will read.
        signed.verify(|_| Some(self.public))
    }

    pub(crate) fn sign_bytes<T: Signable>(&self, statement: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(&tagged::<T>(statement)).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.public)
    }
}

/// A statement, which can be signed: something with a deterministic CBOR form and a domain of its own, so that a signature
/// over one kind never passes for another.
pub trait Signable: Encode<()> + for<'b> Decode<'b, ()> {
    /// The domain tag, `comity/1/…`; a zero byte separates it from the statement.
    const DOMAIN: &'static str;
    /// The longest form that is read.
    const MAX_BYTES: usize;
}

/// Bytes that claim to be a signed `T`. Shows nothing of them before [`Signed::verify`].
#[derive(Encode, Decode)]
pub struct Signed<T> {
    #[cbor(n(0), with = "minicbor::bytes")]
    statement: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    signature: [u8; 64],
    #[cbor(skip)]
    kind: PhantomData<T>,
}

impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self {
            statement: self.statement.clone(),
            signature: self.signature,
            kind: PhantomData,
        }
    }
}

/// The same bytes.
impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.statement == other.statement && self.signature == other.signature
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} bytes)", self.statement.len())
    }
}

/// A statement whose bytes are canonical and whose signature is by the key that has the authority; `S` is the form in
/// which it came.
pub struct Verified<T, S = Signed<T>> {
    value: T,
    hash: Hash,
    signed: S,
}

impl<T: Clone, S: Clone> Clone for Verified<T, S> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            hash: self.hash,
            signed: self.signed.clone(),
        }
    }
}

impl<T: fmt::Debug, S> fmt::Debug for Verified<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&self.hash).field(&self.value).finish()
    }
}

impl<T, S> Verified<T, S> {
    /// The statement that was verified.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The name of the statement: SHA-256 of its domain tag, a zero byte and its bytes. The signature is not part
    /// of it, so that a second signature over the same bytes makes no second statement.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The bytes as they came, to be stored and passed on.
    #[must_use]
    pub const fn signed(&self) -> &S {
        &self.signed
    }

    pub(crate) const fn new(value: T, hash: Hash, signed: S) -> Self {
        Self { value, hash, signed }
    }
}

/// The reason why a signed statement was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStatement {
    /// Longer than its kind may be.
    #[error("a statement of {bytes} bytes, of which {limit} are allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// Not the one encoding that the statement has.
    #[error("bytes that are not the canonical form of a statement of this kind")]
    Encoding,
    /// Signed in the name of somebody without the authority.
    #[error("a statement by a key without the authority for it")]
    Authority,
    /// The signature does not fit.
    #[error("a signature that does not fit its statement")]
    Signature,
    /// The seed makes no key.
    #[error("a seed that makes no key")]
    Key,
    /// A rule of the statement's kind is broken.
    #[error("a statement that breaks a rule of its kind: {0}")]
    Rule(&'static str),
}

impl<T: Signable> Signed<T> {
    /// The statement that it claims to be. Good for putting it aside unread, and for nothing else.
    pub(crate) fn claim(&self) -> Option<T> {
        canonical(&self.statement).ok()
    }

    /// The name of what it claims to say; not checked.
    #[must_use]
    pub fn name(&self) -> Hash {
        name_of::<T>(&self.statement)
    }

    /// Believes the bytes if they are canonical and signed by the key that `authority` names for them.
    ///
    /// `authority` sees the unverified statement only to choose the key that must have signed it.
    ///
    /// # Errors
    /// [`InvalidStatement`], if anything does not fit.
    pub fn verify(self, authority: impl FnOnce(&T) -> Option<PublicKey>) -> Result<Verified<T>, InvalidStatement> {
        let value: T = canonical(&self.statement)?;
        let key = authority(&value).ok_or(InvalidStatement::Authority)?;
        fits::<T>(&key, &self.statement, &self.signature)?;
        let hash = name_of::<T>(&self.statement);
        Ok(Verified::new(value, hash, self))
    }
}

/// Reads a statement in its one encoding.
pub(crate) fn canonical<T: Signable>(statement: &[u8]) -> Result<T, InvalidStatement> {
    if statement.len() > T::MAX_BYTES {
        return Err(InvalidStatement::TooLarge {
            bytes: statement.len(),
            limit: T::MAX_BYTES,
        });
    }
    let value: T = minicbor::decode(statement).map_err(|_| InvalidStatement::Encoding)?;
    if encode(&value) == statement {
        Ok(value)
    } else {
        Err(InvalidStatement::Encoding)
    }
}

/// Checks that a signature is by this key over this statement.
pub(crate) fn fits<T: Signable>(
    key: &PublicKey,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<(), InvalidStatement> {
    UnparsedPublicKey::new(&ED25519, key.0)
        .verify(&tagged::<T>(statement), signature)
        .map_err(|_| InvalidStatement::Signature)
}

/// The name of a statement: SHA-256 of its domain tag, a zero byte and its bytes.
pub(crate) fn name_of<T: Signable>(statement: &[u8]) -> Hash {
    Hash::of(&[T::DOMAIN.as_bytes(), &[0], statement])
}

fn tagged<T: Signable>(bytes: &[u8]) -> Vec<u8> {
    [T::DOMAIN.as_bytes(), &[0], bytes].concat()
}

/// The deterministic CBOR form (RFC 8949, §4.2) of a value of this crate.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a `Vec` cannot fail, and no `Encode` of ours does.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

/// Reads what [`encode`] wrote. That bytes can be read says nothing about who signed them.
///
/// # Errors
/// [`InvalidStatement::Encoding`], if they are no such value.
pub fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, InvalidStatement> {
    minicbor::decode(bytes).map_err(|_| InvalidStatement::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Encode, Decode, Debug, PartialEq, Clone)]
    struct TextStatement(#[n(0)] String);
    impl Signable for TextStatement {
        const DOMAIN: &'static str = "comity/1/test";
        const MAX_BYTES: usize = 64;
    }
    #[derive(Encode, Decode, Debug)]
    struct OtherStatement(#[n(0)] String);
    impl Signable for OtherStatement {
        const DOMAIN: &'static str = "comity/1/other";
        const MAX_BYTES: usize = 64;
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    #[test]
    fn only_the_authorized_key_is_believed() {
        let signed = key(1).sign(&TextStatement("yes".into())).unwrap().signed().clone();
        assert!(signed.clone().verify(|_| Some(key(1).public())).is_ok());
        assert_eq!(
            signed.clone().verify(|_| Some(key(2).public())).unwrap_err(),
            InvalidStatement::Signature
        );
        assert_eq!(signed.verify(|_| None).unwrap_err(), InvalidStatement::Authority);
    }

    #[test]
    fn a_signature_over_one_kind_does_not_pass_for_another() {
        let word = key(1).sign(&TextStatement("yes".into())).unwrap().signed().clone();
        let other: Signed<OtherStatement> = Signed {
            statement: word.statement,
            signature: word.signature,
            kind: PhantomData,
        };
        assert_eq!(
            other.verify(|_| Some(key(1).public())).unwrap_err(),
            InvalidStatement::Signature
        );
    }

    #[test]
    fn bytes_have_one_form() {
        let mut signed = key(1).sign(&TextStatement("yes".into())).unwrap().signed().clone();
        signed.statement.push(0);
        assert_eq!(
            signed.clone().verify(|_| Some(key(1).public())).unwrap_err(),
            InvalidStatement::Encoding
        );
        // An indefinite-length array with the same content is another encoding of the same word.
        signed.statement = vec![0x9f, 0x63, b'y', b'e', b's', 0xff];
        assert_eq!(
            signed.verify(|_| Some(key(1).public())).unwrap_err(),
            InvalidStatement::Encoding
        );
        assert!(matches!(
            key(1).sign(&TextStatement("x".repeat(64))),
            Err(InvalidStatement::TooLarge { .. })
        ));
    }
}
