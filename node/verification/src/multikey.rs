//! Keys as text: Multikey (`z6Mk…`, `zDn…`, `z82…`; Controlled Identifiers 1.0, §2.2.2), `did:key` and `did:jwk`.

pub use crate::keys::{BadKey, IssuerSigningKey, KeyKind, VerificationKey};
use crate::{json, jwk};

/// The multicodecs of public keys, as varints.
const CODECS: [(KeyKind, [u8; 2]); 4] = [
    (KeyKind::Ed25519, [0xed, 0x01]),
    (KeyKind::P256, [0x80, 0x24]),
    (KeyKind::P384, [0x81, 0x24]),
    (KeyKind::Rsa, [0x85, 0x24]),
];

/// The longest text of a key: RSA with 8192 bits needs about 1,420 characters. Base58 costs the square of it.
const MAX_TEXT: usize = 1_500;
/// The longest `did:jwk`.
const MAX_DID_JWK: usize = 4_096;

/// `z6Mk…`, `zDn…`, `z82…` or `z4MX…`.
#[must_use]
pub fn encode(key: &VerificationKey) -> String {
    let codec = CODECS
        .iter()
        .find(|(kind, _)| *kind == key.kind())
        .map(|(_, codec)| codec);
    let mut bytes = codec.map(|c| c.to_vec()).unwrap_or_default();
    bytes.extend_from_slice(key.as_bytes());
    format!("z{}", bs58::encode(bytes).into_string())
}

/// Reads what [`encode`] writes.
///
/// # Errors
/// If it is no Multikey, or one of a kind that is not used here, or a key that proves nothing.
pub fn decode(text: &str) -> Result<VerificationKey, BadKey> {
    let base58 = text.strip_prefix('z').ok_or(BadKey::Encoding)?;
    if base58.len() > MAX_TEXT {
        return Err(BadKey::Length(base58.len()));
    }
    let bytes = bs58::decode(base58).into_vec().map_err(|_| BadKey::Encoding)?;
    let found = CODECS
        .iter()
        .find_map(|(kind, codec)| Some((*kind, bytes.strip_prefix(codec)?)));
    let (kind, key) = found.ok_or(BadKey::Kind)?;
    VerificationKey::new(kind, key)
}

/// The `did:key` of a key, and the only verification method that it has.
#[must_use]
pub fn did_key(key: &VerificationKey) -> (String, String) {
    let key = encode(key);
    (format!("did:key:{key}"), format!("did:key:{key}#{key}"))
}

/// The key of a `did:key` or a `did:jwk`, which are their own documents.
#[must_use]
pub fn key_of_did(did: &str) -> Option<VerificationKey> {
    if let Some(jwk) = did.strip_prefix("did:jwk:") {
        let jwk = Some(jwk).filter(|j| j.len() <= MAX_DID_JWK).and_then(json::base64url)?;
        return jwk::read(&json::read(&jwk).ok()?).ok();
    }
    decode(did.strip_prefix("did:key:")?).ok()
}

/// The key that a verification method's URL *itself* holds: of `did:key:z6Mk…#z6Mk…`, where both parts must agree,
/// of `did:jwk:…#0`, or of `https://…#z6Mk…` (1EdTech's way), which proves nothing about who holds it.
#[must_use]
pub fn key_in_method(method: &str) -> Option<VerificationKey> {
    let (controller, fragment) = method.split_once('#')?;
    if controller.starts_with("did:jwk:") {
        return key_of_did(controller).filter(|_| fragment == "0");
    }
    let key = decode(fragment).ok()?;
    match controller.strip_prefix("did:key:") {
        // Another text may be the same key.
        Some(own) if own != fragment && decode(own).as_ref() != Ok(&key) => None,
        _ => Some(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, §7.1, test 1: seed and public key.
    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];

    #[test]
    fn a_key_reads_back_and_verifies_what_it_signed() {
        let key = IssuerSigningKey::from_seed(&SEED).unwrap();
        let public = key.public_key();
        assert_eq!(public.as_bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let text = encode(&public);
        assert!(text.starts_with("z6Mk"));
        assert_eq!(decode(&text).as_ref(), Ok(&public));
        assert!(public.verifies(b"x", &key.sign(b"x").unwrap()));
        assert!(!public.verifies(b"y", &key.sign(b"x").unwrap()));
        assert!(!format!("{key:?}").contains("9d61"));
    }

    #[test]
    fn a_did_key_holds_its_key() {
        let public = IssuerSigningKey::from_seed(&SEED).unwrap().public_key();
        let (did, method) = did_key(&public);
        assert_eq!(key_of_did(&did).as_ref(), Some(&public));
        assert_eq!(key_in_method(&method).as_ref(), Some(&public));
        let other = did_key(&IssuerSigningKey::from_seed(&[7; 32]).unwrap().public_key()).0;
        assert_eq!(key_in_method(&format!("{other}#{}", encode(&public))), None);
        assert_eq!(
            key_in_method(&format!("https://a.example/1#{}", encode(&public))),
            Some(public)
        );
    }

    /// The examples of the did:key method's own specification.
    #[test]
    fn keys_of_other_curves_read_and_write_alike() {
        for (text, kind) in [
            ("zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv", KeyKind::P256),
            ("zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", KeyKind::P256),
            (
                "z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9",
                KeyKind::P384,
            ),
        ] {
            let key = decode(text).unwrap();
            assert_eq!((key.kind(), encode(&key).as_str()), (kind, text));
            let (did, method) = did_key(&key);
            assert_eq!(key_of_did(&did).as_ref(), Some(&key));
            assert_eq!(key_in_method(&method).as_ref(), Some(&key));
        }
    }

    #[test]
    fn what_is_no_key_of_ours_is_refused() {
        assert_eq!(decode("6Mk"), Err(BadKey::Encoding));
        assert_eq!(decode("z0OIl"), Err(BadKey::Encoding));
        // X25519 and secp256k1: keys, but none that is used here.
        for codec in [[0xec, 0x01], [0xe7, 0x01]] {
            let other = format!("z{}", bs58::encode([&codec[..], &[9; 32]].concat()).into_string());
            assert_eq!(decode(&other), Err(BadKey::Kind));
        }
        let short = format!("z{}", bs58::encode([0xed, 0x01, 1, 2, 3]).into_string());
        assert_eq!(decode(&short), Err(BadKey::Length(3)));
        let long = format!(
            "z{}",
            bs58::encode([&[0xed, 0x01][..], &[9; 33]].concat()).into_string()
        );
        assert_eq!(decode(&long), Err(BadKey::Length(33)));
        assert_eq!(
            decode(&format!("z{}", "1".repeat(100_000))),
            Err(BadKey::Length(100_000))
        );
    }
}
