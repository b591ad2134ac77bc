use serde_json::json;

use super::*;
use crate::multikey;

/// RFC 8037, appendix A.2.
fn example() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn with(member: &str, value: Value) -> Result<VerificationKey, BadKey> {
    let mut jwk = example();
    jwk[member] = value;
    read(&jwk)
}

#[test]
fn a_public_key_for_signatures_reads() {
    assert_eq!(read(&example()).unwrap().as_bytes()[..2], [0xd7, 0x5a]);
    for (member, value) in [
        ("use", json!("sig")),
        ("alg", json!("EdDSA")),
        ("key_ops", json!(["verify"])),
        ("kid", json!("x")),
    ] {
        assert_eq!(with(member, value), read(&example()), "{member}");
    }
}

#[test]
fn whatever_else_is_refused() {
    let refused = [
        with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
        with("use", json!("enc")),
        with("use", json!(7)),
        with("key_ops", json!(["sign"])),
        with("alg", json!("HS256")),
        with("alg", json!(7)),
        with("kty", json!("oct")),
        with("kty", json!("RSA")),
        with("crv", json!("X25519")),
        with("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")),
        with("x", json!("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
        // The last character has two bits that say nothing.
        with("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp")),
        with("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ")),
        with("x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        read(&json!({"kty": "oct", "k": "c2VjcmV0"})),
        read(&json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"})),
        read(&json!({"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"})),
        read(&json!({"kty": "RSA", "n": "", "e": "AQAB"})),
        read(&json!([])),
    ];
    for (row, result) in refused.into_iter().enumerate() {
        assert!(result.is_err(), "row {row}: {result:?}");
    }
}

#[test]
fn a_did_jwk_holds_its_key() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let did = |jwk: &str| format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(jwk));
    let good = did(&example().to_string());
    let key = read(&example()).unwrap();
    assert_eq!(multikey::key_of_did(&good).as_ref(), Some(&key));
    assert_eq!(multikey::key_in_method(&format!("{good}#0")).as_ref(), Some(&key));
    assert_eq!(multikey::key_in_method(&format!("{good}#1")), None);
    assert_eq!(multikey::key_of_did(&format!("{good}=")), None);
    let twice = did(r#"{"kty":"OKP","crv":"Ed25519","x":"AA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
    assert_eq!(multikey::key_of_did(&twice), None);
    let long = did(&format!("{}{}", " ".repeat(4_000), example()));
    assert_eq!(multikey::key_of_did(&long), None);
}
