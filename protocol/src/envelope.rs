//! Envelopes: what an agency signs. A batch of puts, with the envelopes that its writer knew.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use registry_schema::Timestamp;

use crate::{
    heartbeat::{UnverifiedStatement, by_a_writer},
    key_log::KeyLog,
    signed::{Hash, InvalidStatement, PublicKey, Signable, Signed, SigningKey, Verified},
    status_list::slot_of,
};

/// Most parents of an envelope.
pub const MAX_PARENTS: usize = 16;
/// Most puts in an envelope.
pub const MAX_PUTS: usize = 256;
/// Longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 128;
/// Longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 * 1024;
/// Longest envelope, values included, in bytes.
pub const MAX_ENVELOPE_BYTES: usize = 256 * 1024;

/// The stand-in for a value that was expunged: CBOR's null.
pub const EXPUNGED: &[u8] = &[0xf6];

/// A document of an agency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentId {
    /// Its issuers and recognitions.
    TrustList,
    /// Its revocations and suspensions: one document for each 131,072 slots.
    StatusList(u32),
    /// Its rules for what it accepts and what that counts for.
    Policy,
    /// A kind that this version does not know: stored and passed on, not folded.
    Unknown(String),
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrustList => f.write_str("trust-list"),
            Self::StatusList(number) => write!(f, "status-list/{number}"),
            Self::Policy => f.write_str("policy"),
            Self::Unknown(name) => f.write_str(name),
        }
    }
}

impl DocumentId {
    /// Returns true if a put at this key gives something that must not be given by mistake: it waits while a fork is open.
    #[must_use]
    pub fn is_grant(&self, key: &str) -> bool {
        match self {
            Self::TrustList => key.starts_with("g/") || key.starts_with("a/"),
            Self::Policy => true,
            Self::StatusList(_) | Self::Unknown(_) => false,
        }
    }

    /// Its kind: the part of its name before the first `/`. Scopes of writer keys name kinds.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::TrustList => "trust-list",
            Self::Policy => "policy",
            Self::StatusList(_) => "status-list",
            Self::Unknown(name) => name.split_once('/').map_or(name.as_str(), |(kind, _)| kind),
        }
    }
}

impl FromStr for DocumentId {
    type Err = InvalidStatement;

    fn from_str(text: &str) -> Result<Self, InvalidStatement> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidStatement::Rule(
                "a document's name has 1 to 64 printable ASCII characters",
            ));
        }
        let number = text.strip_prefix("status-list/").and_then(canonical_number);
        Ok(match number {
            _ if text == "trust-list" => Self::TrustList,
            _ if text == "policy" => Self::Policy,
            Some(number) => Self::StatusList(number),
            None => Self::Unknown(text.to_owned()),
        })
    }
}

/// A number without leading zeros or sign, as keys and names write it.
pub(crate) fn canonical_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl<C> Encode<C> for DocumentId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.to_string())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for DocumentId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.str()?
            .parse()
            .map_err(|_| minicbor::decode::Error::message("no name of a document"))
    }
}

/// "In this document, this key has this value."
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Put {
    /// The document that it is put in.
    pub document: DocumentId,
    /// The key.
    pub key: String,
    /// The value from now on: CBOR of the document's own kind of entry.
    pub value: Vec<u8>,
}

/// The signed part of an envelope. Of each value it holds a salted hash, so that a value which must be expunged can
/// be dropped by everyone without breaking the signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnvelopeHeader {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// The agency whose documents these are: the hash of its first key-log entry.
    #[n(1)]
    pub agency: Hash,
    /// The key that signed.
    #[n(2)]
    pub writer: PublicKey,
    /// The number of the writer's own envelopes that come before it, one after the other. Two different envelopes of one
    /// writer with one number prove that it has two histories.
    #[n(3)]
    pub sequence: u32,
    /// The agency's newest envelopes that the writer knew, sorted, its own newest among them.
    #[n(4)]
    pub parents: Vec<Hash>,
    /// The last key-log entry that the writer knew.
    #[n(5)]
    pub key_log: Hash,
    /// The time of signing, by the writer's clock.
    #[n(6)]
    pub time: Timestamp,
    /// The puts, sorted by document and key, each pair at most once.
    #[n(7)]
    pub puts: Vec<PutCommitment>,
}

/// A put without its value.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PutCommitment {
    /// The document that it is put in.
    #[n(0)]
    pub document: DocumentId,
    /// The key.
    #[n(1)]
    pub key: String,
    /// SHA-256 of the salt and the value.
    #[n(2)]
    pub digest: Hash,
}

/// A value with the salt that keeps its hash from being guessed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SaltedValue {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    value: Vec<u8>,
}

impl SaltedValue {
    fn fits(&self, put: &PutCommitment) -> bool {
        self.value.len() <= MAX_VALUE_BYTES && Hash::of(&[&self.salt, &self.value]) == put.digest
    }
}

impl Signable for EnvelopeHeader {
    const DOMAIN: &'static str = "comity/1/envelope";
    const MAX_BYTES: usize = MAX_ENVELOPE_BYTES;
}

/// An envelope as it travels and as it is stored: not yet believed.
#[derive(Clone, Debug, Encode, Decode)]
pub struct SignedEnvelope {
    #[n(0)]
    header: Signed<EnvelopeHeader>,
    /// None for a value that was expunged.
    #[n(1)]
    values: Vec<Option<SaltedValue>>,
}

/// An envelope whose bytes, signature and authority are right.
#[derive(Clone, Debug)]
pub struct Envelope {
    header: Verified<EnvelopeHeader>,
    values: Vec<Option<SaltedValue>>,
}

impl SignedEnvelope {
    /// Its length as it travels, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        crate::signed::encode(self).len()
    }

    /// The name that the envelope has, if it is one.
    pub(crate) fn name(&self) -> Hash {
        self.header.name()
    }

    /// The name that it will have, and the parents that it names, to lay envelopes in order. Nobody has checked its
    /// signature: nothing else may follow from this.
    ///
    /// # Errors
    /// [`InvalidStatement`], if the bytes are no envelope's.
    pub fn claim(&self) -> Result<(Hash, Vec<Hash>), InvalidStatement> {
        let header = self.header.claim().ok_or(InvalidStatement::Encoding)?;
        Ok((self.header.name(), header.parents))
    }

    /// Believes an envelope of the agency with this key log.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is malformed, too large, another agency's, not signed by one of its writers, or names an
    /// entry of the key log that is not here yet.
    pub fn verify(self, key_log: &KeyLog) -> Result<Envelope, UnverifiedStatement> {
        let size = self.bytes();
        if size > MAX_ENVELOPE_BYTES {
            return Err(UnverifiedStatement::Refused(InvalidStatement::TooLarge {
                bytes: size,
                limit: MAX_ENVELOPE_BYTES,
            }));
        }
        let header = by_a_writer(self.header, key_log, |h: &EnvelopeHeader| {
            (h.agency, h.writer, h.key_log)
        })?;
        check(header.get())?;
        let EnvelopeHeader { puts, .. } = header.get();
        let fits = |(put, salted): (&PutCommitment, &Option<SaltedValue>)| match salted {
            Some(salted) => salted.fits(put),
            // Only what a tombstone can hide may be missing.
            None => matches!(put.document, DocumentId::StatusList(_)) && slot_of(&put.key).is_some(),
        };
        if puts.len() != self.values.len() || !puts.iter().zip(&self.values).all(fits) {
            return Err(UnverifiedStatement::Refused(InvalidStatement::Rule(
                "each value has the hash that the header names",
            )));
        }
        Ok(Envelope {
            header,
            values: self.values,
        })
    }
}

fn check(header: &EnvelopeHeader) -> Result<(), InvalidStatement> {
    if header.version != 1 {
        return Err(InvalidStatement::Rule("the version is 1"));
    }
    if header.parents.len() > MAX_PARENTS || !header.parents.is_sorted_by(|a, b| a < b) {
        return Err(InvalidStatement::Rule("at most 16 parents, sorted, each once"));
    }
    if header.puts.is_empty() || header.puts.len() > MAX_PUTS {
        return Err(InvalidStatement::Rule("1 to 256 puts"));
    }
    if header
        .puts
        .iter()
        .any(|put| put.key.is_empty() || put.key.len() > MAX_KEY_BYTES)
    {
        return Err(InvalidStatement::Rule("a key has 1 to 128 bytes"));
    }
    let place = |put: &PutCommitment| (put.document.to_string(), put.key.clone());
    if !header.puts.is_sorted_by(|a, b| place(a) < place(b)) {
        return Err(InvalidStatement::Rule(
            "puts are sorted by document and key, each pair once",
        ));
    }
    Ok(())
}

impl Envelope {
    /// Seals puts into an envelope, signed by `key`; each value gets its own salt.
    ///
    /// # Errors
    /// [`InvalidStatement`], if the puts break a limit or name a place twice.
    pub fn seal(
        key: &SigningKey,
        key_log: &KeyLog,
        (sequence, parents): (u32, Vec<Hash>),
        time: Timestamp,
        mut puts: Vec<Put>,
        rng: &mut dyn rand::Rng,
    ) -> Result<Self, UnverifiedStatement> {
        puts.sort_by_cached_key(|put| (put.document.to_string(), put.key.clone()));
        let values: Vec<SaltedValue> = puts
            .iter()
            .map(|put| {
                let mut salt = [0; 16];
                rng.fill_bytes(&mut salt);
                SaltedValue {
                    salt,
                    value: put.value.clone(),
                }
            })
            .collect();
        let commitments = puts.into_iter().zip(&values).map(|(put, salted)| PutCommitment {
            document: put.document,
            key: put.key,
            digest: Hash::of(&[&salted.salt, &salted.value]),
        });
        let header = EnvelopeHeader {
            version: 1,
            agency: key_log.genesis(),
            writer: key.public(),
            sequence,
            parents,
            key_log: key_log.head(),
            time,
            puts: commitments.collect(),
        };
        let signed = SignedEnvelope {
            header: key.sign(&header)?.signed().clone(),
            values: values.into_iter().map(Some).collect(),
        };
        signed.verify(key_log)
    }

    /// Its name.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.header.hash()
    }

    /// The header: the writer, the time, and the envelopes before it.
    #[must_use]
    pub const fn header(&self) -> &EnvelopeHeader {
        self.header.get()
    }

    /// The puts; with [`EXPUNGED`] in the place of a value that was expunged.
    pub fn puts(&self) -> impl Iterator<Item = (&DocumentId, &str, &[u8])> {
        let puts = self.header.get().puts.iter().zip(&self.values);
        puts.map(|(put, salted)| {
            let value = salted.as_ref().map_or(EXPUNGED, |salted| salted.value.as_slice());
            (&put.document, put.key.as_str(), value)
        })
    }

    /// The places whose values are not here.
    pub fn gaps(&self) -> impl Iterator<Item = (&DocumentId, &str)> {
        let puts = self.header.get().puts.iter().zip(&self.values);
        let gaps = puts.filter(|(_, salted)| salted.is_none());
        gaps.map(|(put, _)| (&put.document, put.key.as_str()))
    }

    /// Drops the values at the places that `is_expunged`; their hashes stay. Says whether there were any.
    pub fn expunge(&mut self, is_expunged: impl Fn(&DocumentId, &str) -> bool) -> bool {
        let mut any = false;
        for (put, value) in self.header.get().puts.iter().zip(&mut self.values) {
            any |= is_expunged(&put.document, &put.key) && value.take().is_some();
        }
        any
    }

    /// Takes the values that are missing here from the same envelope as somebody else holds it. Says whether there
    /// were any.
    pub fn fill(&mut self, other: &Self) -> bool {
        let mut any = false;
        if other.hash() == self.hash() {
            for (value, theirs) in self.values.iter_mut().zip(&other.values) {
                if value.is_none() && theirs.is_some() {
                    value.clone_from(theirs);
                    any = true;
                }
            }
        }
        any
    }

    /// The bytes to be put away.
    pub(crate) fn packed(&self) -> Vec<u8> {
        crate::signed::encode(&self.signed())
    }

    /// The envelope whose bytes were put away, once verified. Nobody has changed them since: who reads them knows.
    pub(crate) fn unpacked(bytes: &[u8]) -> Option<Self> {
        let SignedEnvelope { header, values } = minicbor::decode(bytes).ok()?;
        let (claim, name) = (header.claim()?, header.name());
        Some(Self {
            header: Verified::new(claim, name, header),
            values,
        })
    }

    /// Returns true if it grants something.
    pub(crate) fn grants(&self) -> bool {
        let mut puts = self.puts();
        puts.any(|(document, key, value)| document.is_grant(key) && crate::document::admits(document, key, value))
    }

    /// The signed part.
    #[must_use]
    pub fn signed_header(&self) -> Signed<EnvelopeHeader> {
        self.header.signed().clone()
    }

    /// The bytes as they came, to be stored and passed on.
    #[must_use]
    pub fn signed(&self) -> SignedEnvelope {
        SignedEnvelope {
            header: self.header.signed().clone(),
            values: self.values.clone(),
        }
    }
}
