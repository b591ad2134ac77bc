//! Making tokens, in the form of VCDM 2.0.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use registry_schema::Timestamp;
use serde_json::{Value, json};

use crate::{
    BadKey, IssuerSigningKey, KeyKind, VerificationKey,
    badge::moment,
    data_integrity::{AllowedTerms, SignError, defined},
    jwk,
};

/// Signs a document as a compact token (VC-JOSE-COSE 1.0, §3.1.1), with the claims that Open Badges 3.0, §8.2, asks
/// for beside it: they say what the credential says.
///
/// # Errors
/// If it is no JSON object, carries a proof, or has terms that no vocabulary defines.
pub fn sign(
    document: Value,
    key: &IssuerSigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<String, SignError> {
    let Value::Object(mut payload) = document else {
        return Err(SignError::NoObject);
    };
    if payload.contains_key("proof") {
        return Err(SignError::Signed);
    }
    defined(&payload, AllowedTerms::Known)?;
    let issuer = payload.get("issuer").map(|i| i.get("id").unwrap_or(i));
    let subject = payload.get("credentialSubject").and_then(|s| s.get("id"));
    let from = payload.get("validFrom").and_then(Value::as_str).and_then(moment);
    let seconds = |moment: Timestamp| json!(moment.seconds_since(Timestamp(0)));
    let claims = [
        ("iss", issuer.cloned()),
        ("sub", subject.cloned()),
        ("jti", payload.get("id").cloned()),
        ("nbf", from.map(seconds)),
        ("iat", Some(seconds(created))),
    ];
    for (name, value) in claims {
        if let Some(value) = value {
            payload.insert(name.to_owned(), value);
        }
    }
    Ok(claims_as("vc+jwt", &Value::Object(payload), key, verification_method)?)
}

/// Signs claims that are no credential as a compact token of this type (RFC 7515, §3.1; RFC 8725, §3.11).
///
/// # Errors
/// If the key would not sign.
pub fn claims_as(kind: &str, claims: &Value, key: &IssuerSigningKey, key_id: &str) -> Result<String, BadKey> {
    let alg = jwk::algorithms(key.kind()).first().copied().unwrap_or_default();
    let header = json!({"alg": alg, "typ": kind, "kid": key_id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// An Ed25519 key as a JSON Web Key (RFC 8037, §2); of another kind, an empty object.
#[must_use]
pub fn public_jwk(key: &VerificationKey, key_id: &str) -> Value {
    match key.kind() {
        KeyKind::Ed25519 => json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(key.as_bytes()),
            "kid": key_id,
            "alg": "EdDSA",
            "use": "sig",
        }),
        _ => json!({}),
    }
}
