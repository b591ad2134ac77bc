//! VC-JWT: credentials as compact JSON Web Tokens.
//!
//! Two forms are read. In that of VCDM 2.0 (VC-JOSE-COSE 1.0, §3.1.1) and of Open Badges 3.0, §8.2, the payload *is*
//! the credential, with the registered claims beside it. In that of VCDM 1.1, §6.3.1, it stands in the claim `vc`.
//!
//! **A token never says how it is to be checked.** The algorithm follows from the key, and the header must agree. The
//! key follows from `kid`, through what trust lists say or what a DID itself holds; a `jwk` in the header is only a
//! candidate: whether it is the issuer's is a check of its own, and the judge makes it. Nothing is fetched.

mod claims;
mod header;
mod sign;

use registry_schema::{Timestamp, phrases};
use serde_json::{Map, Value};

use self::header::JwtHeader;
pub use self::sign::{claims_as, public_jwk, sign};
use crate::{
    OpenBadge, UnreadableBadge, VerificationKey, badge, contexts,
    data_integrity::{self, InvalidProof, ProofOutcome, ProofProblem, Undecidable, VerifiedProof},
    formats::{BadgeFormat, NextStep, UnreadableReason},
    json::{self, JsonProblem},
    jwk, multikey,
};

/// The algorithms of [`jwk::algorithms`], all kinds together.
const KNOWN: [&str; 5] = ["EdDSA", "Ed25519", "ES256", "ES384", "RS256"];

phrases! {
    /// The reason why a text is no token with a credential in it.
    pub enum TokenProblem {
        NoThreeParts,
        NoBase64 { part: TokenPart },
        NoObject { part: TokenPart },
        NoJson { part: TokenPart, why: JsonProblem },
        ClaimNoObject,
        TwoCredentials,
    }
}

phrases! {
    /// A part of a token.
    pub enum TokenPart {
        Header,
        Payload,
        Signature,
    }
}

/// A token: how the credential that it carries is secured. Nothing in it is believed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct VcJwt {
    header: JwtHeader,
    /// The first two parts with the point between: what is signed (RFC 7515, §5.1).
    signed: String,
    signature: Vec<u8>,
    /// The moment at which it was made, and from when on it no longer counts: the signer's word.
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    /// The credential as it came, if it carries a Data Integrity proof as well.
    proved: Option<Value>,
}

/// Returns true if a text looks like a token, be it a broken one.
pub(crate) fn is_token(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=' | b'+' | b'/');
    text.starts_with("ey") && text.contains('.') && text.bytes().all(token)
}

/// Reads a compact token and the credential in it.
///
/// # Errors
/// If it is no token, or carries no credential.
pub(crate) fn read(text: &str, form: BadgeFormat) -> Result<OpenBadge, UnreadableBadge> {
    let mut parts = text.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(stopped(TokenProblem::NoThreeParts));
    };
    let signed = text
        .get(..header.len() + 1 + payload.len())
        .unwrap_or_default()
        .to_owned();
    let header = JwtHeader::read(&object(header, TokenPart::Header)?);
    let payload = object(payload, TokenPart::Payload)?;
    let signature = json::base64url(signature).ok_or_else(|| not_base64(TokenPart::Signature))?;
    if payload.contains_key("vp") {
        return Err(UnreadableBadge::new(
            UnreadableReason::TokenPresentation,
            NextStep::AskForBadge,
        ));
    }
    let (credential, claims) = claims::split(payload).map_err(stopped)?;
    let proved = credential
        .contains_key("proof")
        .then(|| Value::Object(credential.clone()));
    let mut badge = badge::parse(Value::Object(claims.fill(credential)), form)?;
    claims.compare(&mut badge);
    badge.token = Some(VcJwt {
        header,
        signed,
        signature,
        created: claims.created(),
        expires: claims.expires(&badge),
        proved,
    });
    Ok(badge)
}

const fn stopped(why: TokenProblem) -> UnreadableBadge {
    UnreadableBadge::new(UnreadableReason::Token { why }, NextStep::DownloadAgain)
}

const fn not_base64(part: TokenPart) -> UnreadableBadge {
    stopped(TokenProblem::NoBase64 { part })
}

fn object(text: &str, part: TokenPart) -> Result<Map<String, Value>, UnreadableBadge> {
    let Some(bytes) = json::base64url(text) else {
        return Err(not_base64(part));
    };
    match json::read(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(stopped(TokenProblem::NoObject { part })),
        Err(why) => Err(stopped(TokenProblem::NoJson { part, why })),
    }
}

impl VcJwt {
    /// Checks the token's signature over `document`, a credential by `issuer`; `key_of` knows the keys of
    /// verification methods. Whether the key is the issuer's remains to be asked.
    pub(crate) fn verify(
        &self,
        document: &Value,
        issuer: &str,
        key_of: impl Fn(&str) -> Option<VerificationKey>,
    ) -> ProofOutcome {
        let malformed = |why| ProofOutcome::Invalid(InvalidProof::Malformed { why });
        if let Some(fault) = &self.header.fault {
            return malformed(fault.clone());
        }
        if let Some(vocabulary) = document.as_object().and_then(contexts::unknown_in) {
            return ProofOutcome::CouldNotCheck(Undecidable::UnknownContext { vocabulary });
        }
        let alg = self.header.alg.as_str();
        if !KNOWN.contains(&alg) {
            return ProofOutcome::CouldNotCheck(Undecidable::UnknownSuite {
                name: alg.chars().take(64).collect(),
            });
        }
        let (method, key) = match self.key(issuer, &key_of) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        if !jwk::algorithms(key.kind()).contains(&alg) {
            let kind = key.kind().name();
            let alg = alg.to_owned();
            return malformed(ProofProblem::AnotherAlgorithm { alg, kind });
        }
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return ProofOutcome::Invalid(InvalidProof::Mismatch);
        }
        // Beside the token's own signature, those in the credential count as in a set of proofs.
        match self.proved.as_ref().map(|d| data_integrity::verify(d, &key_of)) {
            None | Some(ProofOutcome::Valid(_) | ProofOutcome::CouldNotCheck(Undecidable::UnknownSuite { .. })) => {}
            Some(other) => return other,
        }
        ProofOutcome::Valid(vec![VerifiedProof {
            verification_method: method,
            key,
            created: self.created,
            expires: self.expires,
        }])
    }

    /// The key that the header names: a verification method, and the key if the header or the name holds it.
    pub(crate) fn claimed_key(&self, issuer: &str) -> (Option<String>, Option<VerificationKey>) {
        let method = self.methods(issuer).into_iter().next();
        let own = method.as_deref().and_then(multikey::key_in_method);
        (method, self.header.jwk.clone().or(own))
    }

    /// The verification methods that `kid` may mean, the likeliest first: a DID URL, another URL, or a name within
    /// the issuer's document (VC-JOSE-COSE 1.0, §4.1).
    fn methods(&self, issuer: &str) -> Vec<String> {
        match self.header.kid.as_deref() {
            None => Vec::new(),
            Some(fragment) if fragment.starts_with('#') => vec![format!("{issuer}{fragment}")],
            Some(url) if url.contains(':') => vec![url.to_owned()],
            Some(name) => vec![format!("{issuer}#{name}"), name.to_owned()],
        }
    }

    fn key(
        &self,
        issuer: &str,
        key_of: &impl Fn(&str) -> Option<VerificationKey>,
    ) -> Result<(String, VerificationKey), ProofOutcome> {
        let methods = self.methods(issuer);
        let found = |method: &String| {
            let key = key_of(method).or_else(|| multikey::key_of_did(method))?;
            Some((method.clone(), key))
        };
        let named = methods.iter().find_map(found);
        match (named, &self.header.jwk) {
            (Some((_, named)), Some(held)) if named != *held => Err(ProofOutcome::Invalid(InvalidProof::Malformed {
                why: ProofProblem::TwoKeys,
            })),
            (Some(named), _) => Ok(named),
            (None, Some(held)) => Ok(("jwk".to_owned(), held.clone())),
            (None, None) => {
                // A name of no other document leaves the key that the issuer's own name holds.
                let other = self.header.kid.as_deref().filter(|kid| kid.contains(':'));
                let own = multikey::key_of_did(issuer).filter(|_| other.is_none());
                let unknown = || {
                    ProofOutcome::CouldNotCheck(match &self.header.kid {
                        Some(name) => Undecidable::UnknownKey {
                            method: name.chars().take(200).collect(),
                        },
                        None => Undecidable::NoKeyNamed,
                    })
                };
                own.map(|key| (issuer.to_owned(), key)).ok_or_else(unknown)
            }
        }
    }
}
