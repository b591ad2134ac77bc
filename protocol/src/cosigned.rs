//! Statements that several keys sign together: an agency's root is `threshold` of its `keys`.
//!
//! The signatures are gathered offline, one holder after the other; [`Cosigned`] is what the holders pass on.

use std::{fmt, marker::PhantomData};

use minicbor::{Decode, Encode};

use crate::signed::{
    Hash, InvalidStatement, PublicKey, Signable, SigningKey, Verified, canonical, encode, fits, name_of,
};

/// Most keys of a root.
pub const MAX_ROOT_KEYS: usize = 8;

/// The keys that speak for an agency itself: so many of them together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RootKeySet {
    /// The number of keys that must sign; at least 1.
    #[n(0)]
    pub threshold: u8,
    /// The keys, sorted, each once; at most 8.
    #[n(1)]
    pub keys: Vec<PublicKey>,
}

impl RootKeySet {
    /// A root of one key.
    #[must_use]
    pub fn single(key: PublicKey) -> Self {
        Self {
            threshold: 1,
            keys: vec![key],
        }
    }

    /// A root of several keys, of which `threshold` must sign.
    ///
    /// # Errors
    /// If there are no keys, too many, one twice, or fewer than must sign.
    pub fn new(threshold: u8, mut keys: Vec<PublicKey>) -> Result<Self, InvalidStatement> {
        keys.sort_unstable();
        let root = Self { threshold, keys };
        root.check()?;
        Ok(root)
    }

    /// Its commitment, published long before the root itself: SHA-256 of `comity/1/root`, a zero byte and its CBOR.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        Hash::of(&[b"comity/1/root", &[0], &encode(self)])
    }

    pub(crate) fn check(&self) -> Result<(), InvalidStatement> {
        let right = !self.keys.is_empty()
            && self.keys.len() <= MAX_ROOT_KEYS
            && self.keys.is_sorted_by(|a, b| a < b)
            && (1..=self.keys.len()).contains(&usize::from(self.threshold));
        if right {
            Ok(())
        } else {
            Err(InvalidStatement::Rule(
                "a root has 1 to 8 keys, sorted, each once, of which at least 1 and at most all sign",
            ))
        }
    }
}

/// One holder's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct KeySignature {
    #[n(0)]
    key: PublicKey,
    #[cbor(n(1), with = "minicbor::bytes")]
    signature: [u8; 64],
}

/// Bytes that claim to be a `T` signed by a root.
#[derive(Encode, Decode)]
pub struct Cosigned<T> {
    #[cbor(n(0), with = "minicbor::bytes")]
    statement: Vec<u8>,
    #[n(1)]
    signatures: Vec<KeySignature>,
    #[cbor(skip)]
    kind: PhantomData<T>,
}

impl<T> Clone for Cosigned<T> {
    fn clone(&self) -> Self {
        Self {
            statement: self.statement.clone(),
            signatures: self.signatures.clone(),
            kind: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Cosigned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, signatures) = (self.statement.len(), self.signatures.len());
        write!(f, "Cosigned({bytes} bytes, {signatures} signatures)")
    }
}

impl<T: Signable> Cosigned<T> {
    /// A statement that nobody has signed yet.
    ///
    /// # Errors
    /// If it is larger than its kind may be.
    pub fn unsigned(statement: &T) -> Result<Self, InvalidStatement> {
        let statement = encode(statement);
        canonical::<T>(&statement)?;
        Ok(Self {
            statement,
            signatures: vec![],
            kind: PhantomData,
        })
    }

    /// Adds a holder's signature; a second one by the same key changes nothing.
    pub fn sign(&mut self, key: &SigningKey) {
        if self.signatures.iter().any(|known| known.key == key.public()) {
            return;
        }
        let signature = key.sign_bytes::<T>(&self.statement);
        self.signatures.push(KeySignature {
            key: key.public(),
            signature,
        });
        self.signatures.sort_by_key(|known| known.key);
    }

    /// The statement as it claims to be, to be shown to a holder before signing. Nobody may act on it.
    ///
    /// # Errors
    /// [`InvalidStatement`], if the bytes are no such statement.
    pub fn claim(&self) -> Result<T, InvalidStatement> {
        canonical(&self.statement)
    }

    /// The name that the statement will have.
    #[must_use]
    pub fn name(&self) -> Hash {
        name_of::<T>(&self.statement)
    }

    /// The keys that have signed so far; not checked.
    pub fn signers(&self) -> impl Iterator<Item = PublicKey> {
        self.signatures.iter().map(|known| known.key)
    }

    /// Believes the bytes if they are canonical and signed by enough keys of the root that `authority` names. All
    /// signatures must be right, and by keys of the root.
    ///
    /// # Errors
    /// [`InvalidStatement`], if anything does not fit.
    pub fn verify(
        self,
        authority: impl FnOnce(&T) -> Option<RootKeySet>,
    ) -> Result<Verified<T, Self>, InvalidStatement> {
        let value: T = canonical(&self.statement)?;
        let root = authority(&value).ok_or(InvalidStatement::Authority)?;
        root.check()?;
        let signers = &self.signatures;
        let orderly = signers.len() <= MAX_ROOT_KEYS && signers.is_sorted_by(|a, b| a.key < b.key);
        if !orderly || signers.iter().any(|signer| !root.keys.contains(&signer.key)) {
            return Err(InvalidStatement::Authority);
        }
        if signers.len() < usize::from(root.threshold) {
            return Err(InvalidStatement::Authority);
        }
        for signer in signers {
            fits::<T>(&signer.key, &self.statement, &signer.signature)?;
        }
        let hash = name_of::<T>(&self.statement);
        Ok(Verified::new(value, hash, self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Encode, Decode, Debug, PartialEq, Clone)]
    struct RootStatement(#[n(0)] String);
    impl Signable for RootStatement {
        const DOMAIN: &'static str = "comity/1/test";
        const MAX_BYTES: usize = 64;
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn two_of_three() -> RootKeySet {
        RootKeySet::new(2, vec![key(1).public(), key(2).public(), key(3).public()]).unwrap()
    }

    #[test]
    fn two_of_three_holders_are_enough_and_one_is_not() {
        let mut word = Cosigned::unsigned(&RootStatement("yes".into())).unwrap();
        word.sign(&key(1));
        word.sign(&key(1));
        assert_eq!(
            word.clone().verify(|_| Some(two_of_three())).unwrap_err(),
            InvalidStatement::Authority
        );
        word.sign(&key(3));
        assert_eq!(word.signers().count(), 2);
        assert!(word.verify(|_| Some(two_of_three())).is_ok());
    }

    #[test]
    fn a_stranger_among_the_holders_is_refused() {
        let mut word = Cosigned::unsigned(&RootStatement("yes".into())).unwrap();
        for holder in [1, 2, 9] {
            word.sign(&key(holder));
        }
        assert_eq!(
            word.verify(|_| Some(two_of_three())).unwrap_err(),
            InvalidStatement::Authority
        );
    }

    #[test]
    fn a_signature_over_other_words_is_refused() {
        let mut word = Cosigned::unsigned(&RootStatement("yes".into())).unwrap();
        word.sign(&key(1));
        word.sign(&key(2));
        word.statement = encode(&RootStatement("no".into()));
        assert_eq!(
            word.verify(|_| Some(two_of_three())).unwrap_err(),
            InvalidStatement::Signature
        );
    }

    #[test]
    fn a_root_that_nobody_could_meet_is_refused() {
        assert!(RootKeySet::new(0, vec![key(1).public()]).is_err());
        assert!(RootKeySet::new(2, vec![key(1).public()]).is_err());
        assert!(RootKeySet::new(1, vec![]).is_err());
        assert!(RootKeySet::new(1, vec![key(1).public(), key(1).public()]).is_err());
    }
}
