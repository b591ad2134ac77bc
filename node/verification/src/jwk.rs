//! JSON Web Keys (RFC 7517, RFC 7518, RFC 8037): public ones, of the kinds that this registry reads.

use serde_json::{Value, json};

use crate::{
    json::base64url,
    keys::{BadKey, JwkProblem, KeyKind, VerificationKey},
};

/// Members of keys that are secret: whoever shows one has lost it, and whoever signs with such a key is anyone.
const SECRET: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The algorithms that a key of this kind is used with, as RFC 7518, 8037 and 9864 name them.
pub(crate) const fn algorithms(kind: KeyKind) -> &'static [&'static str] {
    match kind {
        KeyKind::Ed25519 => &["EdDSA", "Ed25519"],
        KeyKind::P256 => &["ES256"],
        KeyKind::P384 => &["ES384"],
        KeyKind::Rsa => &["RS256"],
    }
}

/// Reads a public key.
///
/// # Errors
/// If it is none, is secret, or is meant for something else than signatures.
pub(crate) fn read(jwk: &Value) -> Result<VerificationKey, BadKey> {
    let jwk = jwk.as_object().ok_or(BadKey::Jwk(JwkProblem::NoObject))?;
    if SECRET.iter().any(|member| jwk.contains_key(*member)) {
        return Err(BadKey::Jwk(JwkProblem::Secret));
    }
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    let bytes = |member: &str| {
        text(member)
            .and_then(base64url)
            .ok_or(BadKey::Jwk(JwkProblem::NoNumber))
    };
    let key = match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) => VerificationKey::from_bytes(&bytes("x")?),
        (Some("EC"), Some("P-256")) => VerificationKey::from_point(KeyKind::P256, &bytes("x")?, &bytes("y")?),
        (Some("EC"), Some("P-384")) => VerificationKey::from_point(KeyKind::P384, &bytes("x")?, &bytes("y")?),
        (Some("RSA"), None) => VerificationKey::from_modulus(&bytes("n")?, &bytes("e")?),
        _ => Err(BadKey::Kind),
    }?;
    match jwk.get("use") {
        None => {}
        Some(Value::String(sig)) if sig == "sig" => {}
        Some(_) => return Err(BadKey::Jwk(JwkProblem::NotForSignatures)),
    }
    if let Some(operations) = jwk.get("key_ops") {
        let verify = operations.as_array().is_some_and(|all| all.contains(&json!("verify")));
        if !verify {
            return Err(BadKey::Jwk(JwkProblem::NotForVerifying));
        }
    }
    if jwk
        .get("alg")
        .is_some_and(|alg| !algorithms(key.kind()).iter().any(|known| alg == known))
    {
        return Err(BadKey::Jwk(JwkProblem::AnotherAlgorithm));
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
