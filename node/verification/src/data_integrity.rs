//! Data Integrity proofs (VC Data Integrity 1.0) with the cryptosuites of [`Cryptosuite`]: the proof's options and the
//! document, each in a canonical form, each hashed, and a signature over both hashes.
//!
//! Correct first: canonical RDF comes from `oxjsonld` and `oxrdf`. What these would silently drop, a signature does
//! not cover, so it is refused.

mod chain;
mod jcs;
mod problems;
pub mod rdf;
mod suite;

use registry_schema::Timestamp;
use serde_json::{Map, Value};

use self::rdf::RdfInput;
pub use self::{
    problems::{
        ComplexityProblem, InvalidProof, ProofProblem, SigningProblem, Undecidable, UnknownVocabulary,
        UnsignableCredential,
    },
    rdf::{AllowedTerms, Canonicalization},
    suite::Cryptosuite,
};
use crate::{
    badge::moment,
    keys::{BadKey, IssuerSigningKey, VerificationKey},
};

/// More proofs than this are a waste of the reader's time.
const MAX_PROOFS: usize = 8;

/// A proof that fits the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedProof {
    /// The verification method that the proof names.
    pub verification_method: String,
    /// The key that made it.
    pub key: VerificationKey,
    /// The moment at which it was made: the signer's word.
    pub created: Option<Timestamp>,
    /// From when on it no longer counts: the signer's word.
    pub expires: Option<Timestamp>,
}

/// The outcome of checking a document's proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofOutcome {
    /// Every proof of a kind that we know holds, and there is one; here are all that do.
    Valid(Vec<VerifiedProof>),
    /// At least one does not hold.
    Invalid(InvalidProof),
    /// It could not be found out.
    CouldNotCheck(Undecidable),
}

/// The reason why a document could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// It is no JSON object.
    #[error("the document is no JSON object")]
    NoObject,
    /// It carries a proof already.
    #[error("the document is signed already")]
    Signed,
    /// A signature would not cover all of it.
    #[error("the signature would not hold: {0:?}")]
    Invalid(InvalidProof),
    /// It could not be turned into what is signed.
    #[error("it cannot be told what would be signed: {0:?}")]
    Doubt(Undecidable),
    /// The key signs in another way than the one asked for.
    #[error("a key of the kind {0} does not sign in this way")]
    OtherKind(&'static str),
    /// The key would not sign.
    #[error(transparent)]
    Key(#[from] BadKey),
}

/// Neither hash could be made.
enum HashingError {
    Invalid(InvalidProof),
    Doubt(Undecidable),
}

impl From<HashingError> for ProofOutcome {
    fn from(stop: HashingError) -> Self {
        match stop {
            HashingError::Invalid(why) => Self::Invalid(why),
            HashingError::Doubt(why) => Self::CouldNotCheck(why),
        }
    }
}

impl From<HashingError> for SignError {
    fn from(stop: HashingError) -> Self {
        match stop {
            HashingError::Invalid(why) => Self::Invalid(why),
            HashingError::Doubt(why) => Self::Doubt(why),
        }
    }
}

/// Signs a document in the way that its key always signs in (see [`Cryptosuite::of`]): returns it with one `proof`.
///
/// # Errors
/// If it is signed already, or has something that the signature would not cover.
pub fn sign(
    document: Value,
    key: &IssuerSigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    let suite = Cryptosuite::of(key.kind()).ok_or_else(|| SignError::OtherKind(key.kind().name()))?;
    sign_with(suite, document, key, verification_method, created)
}

/// Signs a document with this suite.
///
/// # Errors
/// As [`sign`], and if the key is not one of the suite's.
pub fn sign_with(
    suite: Cryptosuite,
    document: Value,
    key: &IssuerSigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    sign_under(AllowedTerms::Known, suite, document, key, verification_method, created)
}

/// The same, with these terms allowed.
///
/// # Errors
/// As [`sign_with`].
pub fn sign_under(
    terms: AllowedTerms,
    suite: Cryptosuite,
    document: Value,
    key: &IssuerSigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    let Value::Object(mut document) = document else {
        return Err(SignError::NoObject);
    };
    if document.contains_key("proof") {
        return Err(SignError::Signed);
    }
    if !suite.fits(key.kind()) {
        return Err(SignError::OtherKind(key.kind().name()));
    }
    let mut proof = Map::new();
    for (name, value) in [
        ("type", "DataIntegrityProof"),
        ("cryptosuite", suite.as_str()),
        ("created", created.whole_seconds().to_string().as_str()),
        ("verificationMethod", verification_method),
        ("proofPurpose", "assertionMethod"),
    ] {
        proof.insert(name.to_owned(), Value::from(value));
    }
    if suite == Cryptosuite::EddsaJcs2022 {
        defined(&document, terms)?;
        // §3.3.1: canonical JSON has no contexts but those that it shows.
        if let Some(context) = document.get("@context") {
            proof.insert("@context".to_owned(), context.clone());
        }
    }
    let message = suite.message(RdfInput::whole(&document, terms), &proof, Some(key.kind()))?;
    let signature = bs58::encode(key.sign(message.as_ref())?).into_string();
    proof.insert("proofValue".to_owned(), Value::from(format!("z{signature}")));
    document.insert("proof".to_owned(), Value::Object(proof));
    Ok(Value::Object(document))
}

/// Refuses to sign JSON-LD with terms that no vocabulary defines, though the signature would cover them: nobody could
/// say what they mean. A document without any context is no JSON-LD.
pub(crate) fn defined(document: &Map<String, Value>, terms: AllowedTerms) -> Result<(), SignError> {
    if document.contains_key("@context") {
        rdf::hash(RdfInput::whole(document, terms), suite::HashAlgorithm::Sha256)?;
    }
    Ok(())
}

/// The expected use of a proof.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedProof<'a> {
    /// Its `proofPurpose`.
    pub purpose: &'static str,
    /// Its `challenge`, if one was given out.
    pub challenge: Option<&'a str>,
    /// Its `domain`, if it is to be for one.
    pub domain: Option<&'a str>,
    /// The terms that the document may use.
    pub terms: AllowedTerms,
    /// The way in which it may be made canonical.
    pub way: Canonicalization,
}

impl ExpectedProof<'_> {
    /// The use of a badge's proof: it says that its issuer stands for the content.
    pub const BADGE: Self = Self {
        purpose: "assertionMethod",
        challenge: None,
        domain: None,
        terms: AllowedTerms::Known,
        way: Canonicalization::Any,
    };
}

/// Checks all proofs of a badge; `key_of` knows the keys of verification methods.
///
/// A proof of a kind that we do not know neither helps nor harms beside one that we do.
pub fn verify(document: &Value, key_of: impl Fn(&str) -> Option<VerificationKey>) -> ProofOutcome {
    verify_as(document, &ExpectedProof::BADGE, key_of)
}

/// Checks all proofs of a document, which are to be for this.
pub fn verify_as(
    document: &Value,
    expected: &ExpectedProof<'_>,
    key_of: impl Fn(&str) -> Option<VerificationKey>,
) -> ProofOutcome {
    let Value::Object(document) = document else {
        return ProofOutcome::Invalid(InvalidProof::Missing);
    };
    let proofs = match document.get("proof") {
        None | Some(Value::Null) => return ProofOutcome::Invalid(InvalidProof::Missing),
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if proofs.is_empty() {
        return ProofOutcome::Invalid(InvalidProof::Missing);
    }
    if proofs.len() > MAX_PROOFS {
        return ProofOutcome::CouldNotCheck(Undecidable::TooComplex {
            why: ComplexityProblem::Signatures { most: MAX_PROOFS },
        });
    }
    let mut unknown = Vec::new();
    let mut known = Vec::new();
    for proof in proofs {
        let Value::Object(proof) = proof else {
            return ProofOutcome::Invalid(InvalidProof::Malformed {
                why: ProofProblem::NoObject,
            });
        };
        match suite(proof) {
            Ok(suite) => known.push((suite, proof)),
            Err(name) => unknown.push(name),
        }
    }
    if known.is_empty() {
        return ProofOutcome::CouldNotCheck(Undecidable::UnknownSuite {
            name: unknown.join(", "),
        });
    }
    match known
        .into_iter()
        .map(|(suite, proof)| verify_one(suite, document, proof, proofs, expected, &key_of))
        .collect()
    {
        Ok(signatures) => ProofOutcome::Valid(signatures),
        Err(stop) => stop.into(),
    }
}

/// A proof's suite, or the name of one that is not ours.
fn suite(proof: &Map<String, Value>) -> Result<Cryptosuite, String> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    let short = |name: &str| name.chars().take(64).collect();
    match (text("type"), text("cryptosuite")) {
        (Some("DataIntegrityProof"), Some(name)) => match Cryptosuite::find(name) {
            Some(suite) => Ok(suite),
            None => Err(short(name)),
        },
        (kind, _) => Err(short(kind.unwrap_or("none"))),
    }
}

/// The suite of something that should be a proof.
fn suite_of(proof: &Value) -> Result<Cryptosuite, String> {
    proof.as_object().ok_or_else(|| "none".to_owned()).and_then(suite)
}

const fn malformed(why: ProofProblem) -> HashingError {
    HashingError::Invalid(InvalidProof::Malformed { why })
}

fn verify_one(
    suite: Cryptosuite,
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
    all: &[Value],
    expected: &ExpectedProof<'_>,
    key_of: &impl Fn(&str) -> Option<VerificationKey>,
) -> Result<VerifiedProof, HashingError> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    if text("proofPurpose") != Some(expected.purpose) {
        return Err(malformed(ProofProblem::AnotherPurpose {
            expected: expected.purpose,
        }));
    }
    for (name, wanted, another) in [
        ("challenge", expected.challenge, ProofProblem::AnotherChallenge),
        ("domain", expected.domain, ProofProblem::AnotherDomain),
    ] {
        if wanted.is_some() && !says(proof.get(name), wanted) {
            return Err(malformed(another));
        }
    }
    let method = text("verificationMethod").ok_or_else(|| malformed(ProofProblem::NoKeyNamed))?;
    let mut value = [0; 104];
    // 64 bytes (Ed25519, P-256) or 96 (P-384); whether it is the right number, the key decides.
    let length = text("proofValue")
        .and_then(|v| v.strip_prefix('z'))
        .filter(|v| v.len() <= 140)
        .and_then(|v| bs58::decode(v).onto(&mut value).ok());
    let value = length
        .filter(|length| matches!(length, 64 | 96))
        .and_then(|length| value.get(..length));
    let value = value.ok_or_else(|| malformed(ProofProblem::NoSignature))?;
    let date = |key: &str| match proof.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => match moment(text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(malformed(ProofProblem::NoMoment)),
        },
        Some(_) => Err(malformed(ProofProblem::NoMoment)),
    };
    let (created, expires) = (date("created")?, date("expires")?);
    let before = chain::before(proof, all)?;
    let mut content = RdfInput {
        object: document,
        without: Some("proof"),
        context: context_of(document, proof)?,
        terms: expected.terms,
        way: expected.way,
    };
    let with_proofs;
    if let Some(before) = before {
        let mut copy = document.clone();
        copy.insert("proof".to_owned(), before);
        with_proofs = copy;
        content = RdfInput {
            object: &with_proofs,
            without: None,
            ..content
        };
    }
    if suite == Cryptosuite::EddsaJcs2022 {
        jcs::check(content)?;
    }
    // The content comes before the key: what an unknown vocabulary hides is the graver doubt.
    let key = key_of(method);
    let message = suite.message(content, proof, key.as_ref().map(VerificationKey::kind))?;
    let unknown = || {
        HashingError::Doubt(Undecidable::UnknownKey {
            method: method.chars().take(200).collect(),
        })
    };
    let key = key.ok_or_else(unknown)?;
    if !suite.fits(key.kind()) {
        return Err(malformed(ProofProblem::AnotherKindOfKey));
    }
    if !key.verifies(message.as_ref(), value) {
        return Err(HashingError::Invalid(InvalidProof::Mismatch));
    }
    Ok(VerifiedProof {
        verification_method: method.to_owned(),
        key,
        created,
        expires,
    })
}

/// Returns true if this is the wanted text, or a list with it.
fn says(value: Option<&Value>, wanted: Option<&str>) -> bool {
    match value {
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == wanted),
        Some(one) => one.as_str() == wanted,
        None => false,
    }
}

/// §3.2.2 and §3.3.2: a proof with contexts of its own was made under these; the document's must begin with them.
fn context_of<'a>(
    document: &Map<String, Value>,
    proof: &'a Map<String, Value>,
) -> Result<Option<&'a Value>, HashingError> {
    let Some(of_proof) = proof.get("@context") else {
        return Ok(None);
    };
    fn listed(value: Option<&Value>) -> &[Value] {
        match value {
            None => &[],
            Some(Value::Array(many)) => many,
            Some(one) => std::slice::from_ref(one),
        }
    }
    if !listed(document.get("@context")).starts_with(listed(Some(of_proof))) {
        return Err(malformed(ProofProblem::OtherContexts));
    }
    Ok(Some(of_proof))
}

#[cfg(test)]
pub(crate) mod tests;
