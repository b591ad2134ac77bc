//! The header of a token (RFC 7515, §4), read once, with what is wrong in it.

use serde_json::{Map, Value};

use crate::{BadKey, VerificationKey, data_integrity::ProofProblem, jwk};

/// The content of a header, as far as it counts. `jku`, `x5u` and `x5c` do not: nothing is fetched for a stranger.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JwtHeader {
    /// The algorithm that it claims.
    pub(super) alg: String,
    /// The name of the key.
    pub(super) kid: Option<String>,
    /// The key that it holds.
    pub(super) jwk: Option<VerificationKey>,
    /// The reason why the token is refused, whoever signed it.
    pub(super) fault: Option<ProofProblem>,
}

/// The kinds of token that a credential comes in. Another may be signed by the same key and mean something else.
const TYPES: [&str; 6] = [
    "jwt",
    "vc+jwt",
    "application/vc+jwt",
    "vc+ld+jwt",
    "vc+ld+json+jwt",
    "vc+ld+json",
];

impl JwtHeader {
    pub(super) fn read(header: &Map<String, Value>) -> Self {
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        let (jwk, bad_jwk) = match header.get("jwk").map(jwk::read) {
            None => (None, None),
            Some(Ok(key)) => (Some(key), None),
            // Then the algorithm is one that we do not know either, and that is what is said.
            Some(Err(BadKey::Kind)) => (None, None),
            Some(Err(why)) => (None, Some(ProofProblem::UnusableKey { why: why.into() })),
        };
        let alg = text("alg").unwrap_or_default();
        let fault = fault(header, &alg).or(bad_jwk);
        Self {
            alg,
            kid: text("kid"),
            jwk,
            fault,
        }
    }
}

fn fault(header: &Map<String, Value>, alg: &str) -> Option<ProofProblem> {
    let lower = alg.to_ascii_lowercase();
    if lower.is_empty() || lower == "none" {
        return Some(ProofProblem::NotSigned);
    }
    if lower.starts_with("hs") {
        return Some(ProofProblem::SharedSecret { alg: alg.to_owned() });
    }
    // An extension that must be understood (RFC 7515, §4.1.11), or a payload that is not what it seems (RFC 7797).
    for name in ["crit", "b64", "zip", "enc"] {
        if header.contains_key(name) {
            return Some(ProofProblem::HeaderMember { name });
        }
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if TYPES.contains(&typ.to_ascii_lowercase().as_str()) => {}
        Some(_) => return Some(ProofProblem::AnotherTypeOfToken),
    }
    let nested = |cty: &Value| cty.as_str().is_none_or(|cty| cty.eq_ignore_ascii_case("jwt"));
    if header.get("cty").is_some_and(nested) {
        return Some(ProofProblem::TokenWithinToken);
    }
    let is_text = |name: &&str| header.get(*name).is_none_or(Value::is_string);
    let named = ["alg", "kid"].into_iter().find(|name| !is_text(name));
    named.map(|name| ProofProblem::HeaderNoText { name })
}
