//! Tokens: what others signed is judged like any badge, and each way to deceive has its verdict.

mod attacks;

use aws_lc_rs::{encoding::AsDer, rsa};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::{KeyKind, jwt};

const FIXTURES: [(&str, &str); 6] = [
    ("EdDSA", include_str!("../../../fixtures/jose-eddsa.jwt")),
    ("ES256", include_str!("../../../fixtures/jose-es256.jwt")),
    ("ES384", include_str!("../../../fixtures/jose-es384.jwt")),
    ("did:jwk", include_str!("../../../fixtures/jose-did-jwk.jwt")),
    (
        "1EdTech's way, RS256",
        include_str!("../../../fixtures/jose-1edtech-rs256.jwt"),
    ),
    ("VCDM 1.1", include_str!("../../../fixtures/jose-vcdm-1.1.jwt")),
];

/// A world that knows the issuer of this badge, and which key it has if its name does not say.
fn knowing(badge: &OpenBadge, key: Option<&crate::VerificationKey>) -> JudgeFixture {
    let mut world = world_of(&badge.issuer_id);
    let listed = key.map(|key| VerificationMethod {
        id: format!("{}#key-1", badge.issuer_id),
        public_key_multibase: multikey::encode(key),
        from: None,
        until: None,
        compromised: None,
    });
    world.evidence.issuers[0].verification_methods = listed.into_iter().collect();
    for entry in &mut world.evidence.recognitions {
        entry.recognition.issuer = world.evidence.issuers[0].clone();
        entry.recognition.accepts_without_status = true;
    }
    world.evidence.status.truncate(badge.status.len());
    world
}

/// The key that a token holds in its header.
fn held(token: &str) -> Option<crate::VerificationKey> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header.get("jwk").map(|jwk| crate::jwk::read(jwk).unwrap())
}

#[test]
fn tokens_of_another_implementation_are_accepted() {
    for (name, token) in FIXTURES {
        let badge = formats::read(token.as_bytes()).unwrap();
        assert_eq!(
            (badge.form, &badge.faults),
            (formats::BadgeFormat::Jwt, &vec![]),
            "{name}"
        );
        assert_eq!(
            badge.id.as_deref(),
            Some("urn:uuid:6d1a0f62-4f0e-4a8c-8a70-0d5fb2b0a001"),
            "{name}"
        );
        assert_eq!(badge.valid_from, Some(t("2026-01-15T09:00:00Z")), "{name}");
        assert_eq!(badge.valid_until, Some(t("2031-01-15T09:00:00Z")), "{name}");
        let world = knowing(&badge, held(token.trim()).as_ref());
        let verdict = judge(&badge, &world.evidence, &world.question);
        assert_eq!(verdict.verdict, VerdictKind::Accepted, "{name}: {:?}", verdict.findings);
        audit(name, &verdict);
    }
}

/// 1EdTech's way: the key in the header counts only because a trust list gives it to the issuer.
#[test]
fn a_key_in_the_header_is_no_proof_of_who_holds_it() {
    let token = FIXTURES[4].1;
    let badge = formats::read(token.as_bytes()).unwrap();
    let unlisted = knowing(&badge, None);
    let verdict = judge(&badge, &unlisted.evidence, &unlisted.question);
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
    assert!(verdict.findings.iter().any(|f| f.code == "issuer.unresolvable"));
    let another = knowing(&badge, Some(&key().public_key()));
    let verdict = judge(&badge, &another.evidence, &another.question);
    assert_eq!(verdict.sentence, "Not valid: another key than the issuer's signed it.");
}

#[test]
fn every_changed_and_every_missing_character_of_a_token_is_noticed() {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (name, token) in FIXTURES {
        let token = token.trim().as_bytes();
        let original = formats::read(token).unwrap();
        let world = knowing(&original, held(FIXTURES[4].1).as_ref());
        let noticed = |what: String, bytes: &[u8]| {
            let Ok(badge) = formats::read(bytes) else { return };
            let verdict = judge(&badge, &world.evidence, &world.question);
            let passed = |f: &Finding| f.check == Check::Proof && f.outcome == CheckOutcome::Passed;
            assert!(!verdict.findings.iter().any(passed), "{name}: {what}");
        };
        let point = |at: &usize| token[*at] == b'.';
        let (first, last) = (
            (0..token.len()).find(point).unwrap(),
            (0..token.len()).rfind(point).unwrap(),
        );
        for at in 0..token.len() {
            // All of the header and the signature; of the payload, which is signed as one piece, a sample.
            if at > first && at < last && at % 7 != 0 {
                continue;
            }
            let mut changed = token.to_vec();
            let place = digits.iter().position(|d| *d == token[at]).map_or(0, |p| (p + 1) % 64);
            changed[at] = digits[place];
            noticed(format!("character {at} changed"), &changed);
            noticed(format!("cut at {at}"), &token[..at]);
            noticed(format!("begun at {}", at + 1), &token[at + 1..]);
        }
    }
}

#[test]
fn what_we_sign_as_a_token_reads_back() {
    let pkcs8 = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let pkcs8 = pkcs8.as_der().unwrap();
    for signer in [
        key(),
        IssuerSigningKey::from_secret(KeyKind::P256, &[7; 32]).unwrap(),
        IssuerSigningKey::from_secret(KeyKind::P384, &[7; 48]).unwrap(),
        IssuerSigningKey::rsa_from_pkcs8(pkcs8.as_ref()).unwrap(),
    ] {
        let (did, method) = multikey::did_key(&signer.public_key());
        let mut world = world_of(&did);
        for issuer in &mut world.evidence.issuers {
            issuer.verification_methods.clear();
        }
        for entry in &mut world.evidence.recognitions {
            entry.recognition.issuer.verification_methods.clear();
        }
        let created = t("2026-01-15T09:00:00Z");
        let token = jwt::sign(world.unsigned.clone(), &signer, &method, created).unwrap();
        let badge = formats::read(token.as_bytes()).unwrap();
        assert_eq!(badge.document, world.unsigned);
        let verdict = judge(&badge, &world.evidence, &world.question);
        assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:?}", verdict.findings);
        let envelope = json!({
            "@context": "https://www.w3.org/ns/credentials/v2",
            "type": "EnvelopedVerifiableCredential",
            "id": format!("data:application/vc+jwt,{token}"),
        });
        let svg = format!(
            "<svg xmlns:o=\"https://purl.imsglobal.org/ob/v3p0\"><o:credential verify=\"{token}\"></o:credential></svg>"
        );
        for wrapped in [envelope.to_string(), svg] {
            let inner = formats::read(wrapped.as_bytes()).unwrap();
            assert_eq!((&inner.document, &inner.token), (&badge.document, &badge.token));
        }
    }
    let mut undefined = world().unsigned;
    undefined["favouriteColour"] = json!("blue");
    assert!(jwt::sign(undefined, &key(), "x:y", Timestamp(0)).is_err());
    let signed = data_integrity::sign(world().unsigned, &key(), "x:y", Timestamp(0)).unwrap();
    assert!(jwt::sign(signed, &key(), "x:y", Timestamp(0)).is_err());
}

#[test]
fn a_token_around_a_signed_badge_needs_both_signatures() {
    let world = world();
    let header = json!({"alg": "EdDSA", "kid": world.method}).to_string();
    let signed = |method: &str| data_integrity::sign(world.unsigned.clone(), &key(), method, Timestamp(0)).unwrap();
    let of = |inner: &Value| {
        let token = attacks::token(&header, &inner.to_string(), &key());
        attacks::verdict(&world, &token).verdict
    };
    let good = signed(&world.method);
    assert_eq!(of(&good), VerdictKind::Accepted);
    let mut changed = good.clone();
    changed["name"] = json!("Another");
    assert_eq!(of(&changed), VerdictKind::NotValid);
    let mut unknown = good;
    unknown["proof"]["cryptosuite"] = json!("ecdsa-sd-2023");
    assert_eq!(of(&unknown), VerdictKind::Accepted);
    assert_eq!(of(&signed("did:web:x.example#1")), VerdictKind::CouldNotCheck);
}
