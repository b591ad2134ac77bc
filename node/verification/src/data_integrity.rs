//! Data Integrity proofs with the cryptosuite `eddsa-rdfc-2022` (VC Data Integrity EdDSA Cryptosuites 1.0, §3.2):
//! JSON-LD to RDF, RDFC-1.0, SHA-256 of the proof's options and of the document, Ed25519.
//!
//! Correct first: the hashes come from `oxjsonld` and `oxrdf`. What these would silently drop, a signature does not
//! cover, so it is refused.

pub mod rdf;

use registry_schema::Timestamp;
use serde_json::{Map, Value};

use crate::{PublicKey, SigningKey, badge::moment};

/// The cryptosuite that this crate reads and writes.
pub const SUITE: &str = "eddsa-rdfc-2022";

/// More proofs than this are a waste of the reader's time.
const MAX_PROOFS: usize = 8;

/// A proof that fits the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The verification method that the proof names.
    pub verification_method: String,
    /// The key that made it.
    pub key: PublicKey,
    /// When it was made: the signer's word.
    pub created: Option<Timestamp>,
    /// From when on it no longer counts: the signer's word.
    pub expires: Option<Timestamp>,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is none.
    #[error("the badge carries no signature")]
    Missing,
    /// The signature is another's, or the content was changed.
    #[error("the signature does not match: the badge was changed after it was issued, or another key signed it")]
    Mismatch,
    /// The signature covers less than the document says.
    #[error("the signature does not cover `{0}`, so anyone could have written it there")]
    Uncovered(String),
    /// The proof itself is malformed.
    #[error("the signature is malformed: {0}")]
    Malformed(String),
}

/// Why a proof could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No proof is of a kind that we know.
    #[error("the signature is of a kind that this version cannot check: `{0}`")]
    UnknownSuite(String),
    /// A context that is not compiled in.
    #[error("the badge uses terms from `{0}`, a vocabulary that this node does not have")]
    UnknownContext(String),
    /// Nobody told us the key of this verification method.
    #[error("the key `{0}` is not known here")]
    UnknownKey(String),
    /// The document is larger or more tangled than we look at.
    #[error("the badge is too large or too tangled to check: {0}")]
    TooComplex(String),
}

/// What came of checking a document's proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofOutcome {
    /// Every proof of a kind that we know holds, and there is one; here are all that do.
    Valid(Vec<Signature>),
    /// At least one does not hold.
    Invalid(Invalid),
    /// It could not be found out.
    CouldNotCheck(Doubt),
}

/// Why a document could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// It is no JSON object.
    #[error("the document is no JSON object")]
    NoObject,
    /// It carries a proof already.
    #[error("the document is signed already")]
    Signed,
    /// A signature would not cover all of it.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It could not be turned into what is signed.
    #[error(transparent)]
    Doubt(#[from] Doubt),
}

/// Neither hash could be made.
enum Stop {
    Invalid(Invalid),
    Doubt(Doubt),
}

impl From<Stop> for ProofOutcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Invalid(why) => Self::Invalid(why),
            Stop::Doubt(why) => Self::CouldNotCheck(why),
        }
    }
}

impl From<Stop> for SignError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Invalid(why) => Self::Invalid(why),
            Stop::Doubt(why) => Self::Doubt(why),
        }
    }
}

/// Signs a document: returns it with one `proof`.
///
/// # Errors
/// If it is signed already, or has something that the signature would not cover.
pub fn sign(
    document: Value,
    key: &SigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    let Value::Object(mut document) = document else {
        return Err(SignError::NoObject);
    };
    if document.contains_key("proof") {
        return Err(SignError::Signed);
    }
    let mut proof = Map::new();
    for (name, value) in [
        ("type", "DataIntegrityProof"),
        ("cryptosuite", SUITE),
        ("created", created.whole_seconds().to_string().as_str()),
        ("verificationMethod", verification_method),
        ("proofPurpose", "assertionMethod"),
    ] {
        proof.insert(name.to_owned(), Value::from(value));
    }
    let content = rdf::hash(&document)?;
    let message = message(&document, &proof, content)?;
    let signature = bs58::encode(key.sign(&message)).into_string();
    proof.insert("proofValue".to_owned(), Value::from(format!("z{signature}")));
    document.insert("proof".to_owned(), Value::Object(proof));
    Ok(Value::Object(document))
}

/// Checks all proofs of a document; `key_of` knows the keys of verification methods.
///
/// A proof of a kind that we do not know neither helps nor harms beside one that we do.
pub fn verify(document: &Value, key_of: impl Fn(&str) -> Option<PublicKey>) -> ProofOutcome {
    let Value::Object(document) = document else {
        return ProofOutcome::Invalid(Invalid::Missing);
    };
    let mut content = document.clone();
    let proofs = match content.remove("proof") {
        None | Some(Value::Null) => return ProofOutcome::Invalid(Invalid::Missing),
        Some(Value::Array(many)) => many,
        Some(one) => vec![one],
    };
    if proofs.is_empty() {
        return ProofOutcome::Invalid(Invalid::Missing);
    }
    if proofs.len() > MAX_PROOFS {
        return ProofOutcome::CouldNotCheck(Doubt::TooComplex(format!("it has more than {MAX_PROOFS} signatures")));
    }
    let mut unknown = Vec::new();
    let mut known = Vec::new();
    for proof in &proofs {
        let Value::Object(proof) = proof else {
            return ProofOutcome::Invalid(Invalid::Malformed("it is no object".to_owned()));
        };
        match suite(proof) {
            Some(name) => unknown.push(name),
            None => known.push(proof),
        }
    }
    if known.is_empty() {
        return ProofOutcome::CouldNotCheck(Doubt::UnknownSuite(unknown.join(", ")));
    }
    match known
        .into_iter()
        .map(|proof| verify_one(&content, proof, &key_of))
        .collect()
    {
        Ok(signatures) => ProofOutcome::Valid(signatures),
        Err(stop) => stop.into(),
    }
}

/// The name of a proof's suite, if it is not ours.
fn suite(proof: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    let name: String = match (text("type"), text("cryptosuite")) {
        // A chained proof covers the one before it as well (VC Data Integrity 1.0, §2.1.2).
        (Some("DataIntegrityProof"), Some(SUITE)) if proof.contains_key("previousProof") => "proof chain".to_owned(),
        (Some("DataIntegrityProof"), Some(SUITE)) => return None,
        (Some("DataIntegrityProof"), Some(suite)) => suite.chars().take(64).collect(),
        (kind, _) => kind.unwrap_or("none").chars().take(64).collect(),
    };
    Some(name)
}

fn malformed(what: &str) -> Stop {
    Stop::Invalid(Invalid::Malformed(what.to_owned()))
}

fn verify_one(
    content: &Map<String, Value>,
    proof: &Map<String, Value>,
    key_of: &impl Fn(&str) -> Option<PublicKey>,
) -> Result<Signature, Stop> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    if text("proofPurpose") != Some("assertionMethod") {
        return Err(malformed("its purpose is not `assertionMethod`"));
    }
    let method = text("verificationMethod").ok_or_else(|| malformed("it names no key"))?;
    let value = text("proofValue")
        .and_then(|v| v.strip_prefix('z'))
        .filter(|v| v.len() <= 100);
    let value = value
        .and_then(|v| bs58::decode(v).into_vec().ok())
        .filter(|v| v.len() == 64);
    let value = value.ok_or_else(|| malformed("its value is no Ed25519 signature in base58"))?;
    let date = |key: &str| match proof.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if moment(text).is_some() => Ok(moment(text)),
        Some(_) => Err(malformed("its date is no date and time with a time zone")),
    };
    let (created, expires) = (date("created")?, date("expires")?);
    let mut options = proof.clone();
    options.remove("proofValue");
    let content = with_context_of(content, proof)?;
    // The content comes before the key: what an unknown vocabulary hides is the graver doubt.
    let message = message(&content, &options, rdf::hash(&content)?)?;
    let unknown = || Stop::Doubt(Doubt::UnknownKey(method.chars().take(200).collect()));
    let key = key_of(method).ok_or_else(unknown)?;
    if !key.verifies(&message, &value) {
        return Err(Stop::Invalid(Invalid::Mismatch));
    }
    Ok(Signature {
        verification_method: method.to_owned(),
        key,
        created,
        expires,
    })
}

/// §3.2.2: a proof with contexts of its own was made under these; the document's must begin with them.
fn with_context_of(content: &Map<String, Value>, proof: &Map<String, Value>) -> Result<Map<String, Value>, Stop> {
    let mut content = content.clone();
    if let Some(of_proof) = proof.get("@context") {
        let listed = |v: &Value| v.as_array().cloned().unwrap_or_else(|| vec![v.clone()]);
        let of_document = content.get("@context").map(listed).unwrap_or_default();
        if !of_document.starts_with(&listed(of_proof)) {
            return Err(malformed("its contexts are not the badge's"));
        }
        content.insert("@context".to_owned(), of_proof.clone());
    }
    Ok(content)
}

/// What is signed: the hash of the proof's options, then the hash of the content.
fn message(content: &Map<String, Value>, options: &Map<String, Value>, hash: [u8; 32]) -> Result<Vec<u8>, Stop> {
    let mut options = options.clone();
    if let Some(context) = content.get("@context") {
        options.insert("@context".to_owned(), context.clone());
    }
    Ok([rdf::hash(&options)?, hash].concat())
}

#[cfg(test)]
mod tests;
