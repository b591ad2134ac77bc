//! Data Integrity proofs (VC Data Integrity 1.0) with the cryptosuites of [`Suite`]: the proof's options and the
//! document, each in a canonical form, each hashed, and a signature over both hashes.
//!
//! Correct first: canonical RDF comes from `oxjsonld` and `oxrdf`. What these would silently drop, a signature does
//! not cover, so it is refused.

mod jcs;
pub mod rdf;
mod suite;

use registry_schema::Timestamp;
use serde_json::{Map, Value};

pub use self::suite::Suite;
use crate::{
    badge::moment,
    keys::{BadKey, PublicKey, SigningKey},
};

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
    /// The key signs in another way than the one asked for.
    #[error("a key of the kind {0} does not sign in this way")]
    OtherKind(&'static str),
    /// The key would not sign.
    #[error(transparent)]
    Key(#[from] BadKey),
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

/// Signs a document in the way that its key always signs in (see [`Suite::of`]): returns it with one `proof`.
///
/// # Errors
/// If it is signed already, or has something that the signature would not cover.
pub fn sign(
    document: Value,
    key: &SigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    let suite = Suite::of(key.kind()).ok_or_else(|| SignError::OtherKind(key.kind().name()))?;
    sign_with(suite, document, key, verification_method, created)
}

/// Signs a document with this suite.
///
/// # Errors
/// As [`sign`], and if the key is not one of the suite's.
pub fn sign_with(
    suite: Suite,
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
    if suite == Suite::EddsaJcs2022 {
        defined(&document)?;
        // §3.3.1: canonical JSON has no contexts but those that it shows.
        if let Some(context) = document.get("@context") {
            proof.insert("@context".to_owned(), context.clone());
        }
    }
    let message = suite.message(&document, &proof, Some(key.kind()))?;
    let signature = bs58::encode(key.sign(&message)?).into_string();
    proof.insert("proofValue".to_owned(), Value::from(format!("z{signature}")));
    document.insert("proof".to_owned(), Value::Object(proof));
    Ok(Value::Object(document))
}

/// Refuses to sign JSON-LD with terms that no vocabulary defines, though the signature would cover them: nobody could
/// say what they mean. A document without any context is no JSON-LD.
pub(crate) fn defined(document: &Map<String, Value>) -> Result<(), SignError> {
    if document.contains_key("@context") {
        rdf::hash(document, suite::Hash::Sha256)?;
    }
    Ok(())
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
            Ok(suite) => known.push((suite, proof)),
            Err(name) => unknown.push(name),
        }
    }
    if known.is_empty() {
        return ProofOutcome::CouldNotCheck(Doubt::UnknownSuite(unknown.join(", ")));
    }
    match known
        .into_iter()
        .map(|(suite, proof)| verify_one(suite, &content, proof, &key_of))
        .collect()
    {
        Ok(signatures) => ProofOutcome::Valid(signatures),
        Err(stop) => stop.into(),
    }
}

/// A proof's suite, or the name of one that is not ours.
fn suite(proof: &Map<String, Value>) -> Result<Suite, String> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    let short = |name: &str| name.chars().take(64).collect();
    match (text("type"), text("cryptosuite")) {
        (Some("DataIntegrityProof"), Some(name)) => match Suite::find(name) {
            // A chained proof covers the one before it as well (VC Data Integrity 1.0, §2.1.2).
            Some(_) if proof.contains_key("previousProof") => Err("proof chain".to_owned()),
            Some(suite) => Ok(suite),
            None => Err(short(name)),
        },
        (kind, _) => Err(short(kind.unwrap_or("none"))),
    }
}

fn malformed(what: &str) -> Stop {
    Stop::Invalid(Invalid::Malformed(what.to_owned()))
}

fn verify_one(
    suite: Suite,
    content: &Map<String, Value>,
    proof: &Map<String, Value>,
    key_of: &impl Fn(&str) -> Option<PublicKey>,
) -> Result<Signature, Stop> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    if text("proofPurpose") != Some("assertionMethod") {
        return Err(malformed("its purpose is not `assertionMethod`"));
    }
    let method = text("verificationMethod").ok_or_else(|| malformed("it names no key"))?;
    // 64 bytes (Ed25519, P-256) or 96 (P-384); whether it is the right number, the key decides.
    let value = text("proofValue")
        .and_then(|v| v.strip_prefix('z'))
        .filter(|v| v.len() <= 140)
        .and_then(|v| bs58::decode(v).into_vec().ok())
        .filter(|v| matches!(v.len(), 64 | 96));
    let value = value.ok_or_else(|| malformed("its value is no signature in base58"))?;
    let date = |key: &str| match proof.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if moment(text).is_some() => Ok(moment(text)),
        Some(_) => Err(malformed("its date is no date and time with a time zone")),
    };
    let (created, expires) = (date("created")?, date("expires")?);
    let mut options = proof.clone();
    options.remove("proofValue");
    if suite == Suite::EddsaJcs2022 {
        jcs::check(content)?;
    }
    let content = with_context_of(content, proof)?;
    // The content comes before the key: what an unknown vocabulary hides is the graver doubt.
    let key = key_of(method);
    let message = suite.message(&content, &options, key.as_ref().map(PublicKey::kind))?;
    let unknown = || Stop::Doubt(Doubt::UnknownKey(method.chars().take(200).collect()));
    let key = key.ok_or_else(unknown)?;
    if !suite.fits(key.kind()) {
        return Err(malformed("its key is of another kind than its suite"));
    }
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

/// §3.2.2 and §3.3.2: a proof with contexts of its own was made under these; the document's must begin with them.
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

#[cfg(test)]
mod tests;
