//! Attacks on the header.

use aws_lc_rs::hmac;

use super::{
    VerdictKind::{CouldNotCheck, NotValid},
    *,
};

pub(super) fn rows(world: &JudgeFixture) -> Vec<TokenAttack> {
    [
        no_signature_or_algorithm(world),
        public_key_as_secret(world),
        algorithm_of_another_key(world),
        key_by_name(world),
        key_within(world),
        another_way_to_read_it(world),
        unknown_algorithm(world),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Signs with the issuer's key, whatever the header.
fn honest(world: &JudgeFixture) -> impl Fn(Value) -> String {
    move |header| token(&header.to_string(), &world.unsigned.to_string(), &key())
}

/// Signs with the attacker's key, whatever the header.
fn forged(world: &JudgeFixture) -> impl Fn(Value) -> String {
    move |header| token(&header.to_string(), &world.unsigned.to_string(), &attacker())
}

/// Leaves out the signature, or what says how it is made.
fn no_signature_or_algorithm(world: &JudgeFixture) -> Vec<TokenAttack> {
    let payload = world.unsigned.to_string();
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let honest = honest(world);
    let kid = &world.method;
    let unsigned = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&payload));
    vec![
        ("no signature", unsigned.clone(), NotValid, "proof.invalid"),
        (
            "no signature, but some bytes",
            format!("{unsigned}AAAA"),
            NotValid,
            "proof.invalid",
        ),
        (
            "none in another spelling",
            honest(json!({"alg": "nOnE", "kid": kid})),
            NotValid,
            "proof.invalid",
        ),
        ("no algorithm", honest(json!({"kid": kid})), NotValid, "proof.invalid"),
        (
            "algorithm is a list",
            honest(json!({"alg": ["EdDSA"], "kid": kid})),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Takes a public key for a secret that both sides know.
fn public_key_as_secret(world: &JudgeFixture) -> Vec<TokenAttack> {
    let payload = world.unsigned.to_string();
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let honest = honest(world);
    let kid = &world.method;
    let with_secret = |secret: &[u8], kid: &str| {
        let signed = format!(
            "{}.{}",
            part(&json!({"alg": "HS256", "kid": kid}).to_string()),
            part(&payload)
        );
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    vec![
        (
            "HMAC with the public key",
            with_secret(key().public_key().as_bytes(), kid),
            NotValid,
            "proof.invalid",
        ),
        (
            "HMAC with its text",
            with_secret(kid.as_bytes(), kid),
            NotValid,
            "proof.invalid",
        ),
        (
            "a secret as the key",
            honest(json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}})),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Names an algorithm that the key is not for.
fn algorithm_of_another_key(world: &JudgeFixture) -> Vec<TokenAttack> {
    let payload = world.unsigned.to_string();
    let honest = honest(world);
    let kid = &world.method;
    let p256 = IssuerSigningKey::from_secret(KeyKind::P256, &[7; 32]).unwrap();
    let of_p256 = multikey::did_key(&p256.public_key()).1;
    vec![
        (
            "an Ed25519 key as RS256",
            honest(json!({"alg": "RS256", "kid": kid})),
            NotValid,
            "proof.invalid",
        ),
        (
            "an Ed25519 key as ES256",
            honest(json!({"alg": "ES256", "kid": kid})),
            NotValid,
            "proof.invalid",
        ),
        (
            "a P-256 key as EdDSA",
            token(&json!({"alg": "EdDSA", "kid": of_p256}).to_string(), &payload, &p256),
            NotValid,
            "proof.invalid",
        ),
        (
            "a P-256 key as ES384",
            token(&json!({"alg": "ES384", "kid": of_p256}).to_string(), &payload, &p256),
            NotValid,
            "proof.invalid",
        ),
        (
            "a P-256 key as RS256",
            token(&json!({"alg": "RS256", "kid": of_p256}).to_string(), &payload, &p256),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Names another's key, or none.
fn key_by_name(world: &JudgeFixture) -> Vec<TokenAttack> {
    let honest = honest(world);
    let forged = forged(world);
    let kid = &world.method;
    let mallory = multikey::did_key(&attacker().public_key()).1;
    vec![
        (
            "swapped kid",
            forged(json!({"alg": "EdDSA", "kid": mallory})),
            NotValid,
            "issuer.key_not_issuers",
        ),
        (
            "the issuer's kid, another key",
            forged(json!({"alg": "EdDSA", "kid": kid})),
            NotValid,
            "proof.invalid",
        ),
        (
            "kid in the issuer's name, attacker's fragment",
            forged(
                json!({"alg": "EdDSA", "kid": format!("{}#{}", world.evidence.issuers[0].id, multikey::encode(&attacker().public_key()))}),
            ),
            CouldNotCheck,
            "proof.unknown_key",
        ),
        (
            "kid of a stranger",
            forged(json!({"alg": "EdDSA", "kid": "did:web:evil.example#1"})),
            CouldNotCheck,
            "proof.unknown_key",
        ),
        (
            "kid is a number",
            honest(json!({"alg": "EdDSA", "kid": 1})),
            NotValid,
            "proof.invalid",
        ),
        (
            "no kid, another key",
            forged(json!({"alg": "EdDSA"})),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Brings a key along, or says where one can be fetched.
fn key_within(world: &JudgeFixture) -> Vec<TokenAttack> {
    let forged = forged(world);
    let kid = &world.method;
    let mut secret = jwk(&attacker());
    secret["d"] = json!("AAAA");
    let weak = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xc1; 128]), "e": "AQAB"});
    let small = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([0; 32])});
    vec![
        (
            "the attacker's jwk",
            forged(json!({"alg": "EdDSA", "jwk": jwk(&attacker())})),
            NotValid,
            "issuer.key_not_issuers",
        ),
        (
            "the attacker's jwk beside the issuer's kid",
            forged(json!({"alg": "EdDSA", "kid": kid, "jwk": jwk(&attacker())})),
            NotValid,
            "proof.invalid",
        ),
        (
            "the attacker's jwk beside a kid unknown here",
            forged(json!({"alg": "EdDSA", "kid": "https://a.example/k", "jwk": jwk(&attacker())})),
            NotValid,
            "issuer.key_not_issuers",
        ),
        (
            "a jwk with its secret",
            forged(json!({"alg": "EdDSA", "jwk": secret})),
            NotValid,
            "proof.invalid",
        ),
        (
            "a jwk of small order",
            forged(json!({"alg": "EdDSA", "jwk": small})),
            NotValid,
            "proof.invalid",
        ),
        (
            "an RSA jwk of 1024 bits",
            forged(json!({"alg": "RS256", "jwk": weak})),
            NotValid,
            "proof.invalid",
        ),
        (
            "keys to be fetched",
            forged(
                json!({"alg": "EdDSA", "jku": "https://evil.example", "x5u": "https://evil.example", "x5c": ["AAAA"]}),
            ),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Says that the token is of another type, or is to be read in another way.
fn another_way_to_read_it(world: &JudgeFixture) -> Vec<TokenAttack> {
    let honest = honest(world);
    let kid = &world.method;
    vec![
        (
            "another type of token",
            honest(json!({"alg": "EdDSA", "kid": kid, "typ": "at+jwt"})),
            NotValid,
            "proof.invalid",
        ),
        (
            "a token around a token",
            honest(json!({"alg": "EdDSA", "kid": kid, "cty": "JWT"})),
            NotValid,
            "proof.invalid",
        ),
        (
            "crit",
            honest(json!({"alg": "EdDSA", "kid": kid, "crit": ["exp"]})),
            NotValid,
            "proof.invalid",
        ),
        (
            "payload not encoded",
            honest(json!({"alg": "EdDSA", "kid": kid, "b64": false})),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Names an algorithm that is none, or that is not had here.
fn unknown_algorithm(world: &JudgeFixture) -> Vec<TokenAttack> {
    let honest = honest(world);
    let attack = |alg: &str| {
        (
            "an algorithm that we do not have",
            honest(json!({"alg": alg, "kid": world.method})),
            CouldNotCheck,
            "proof.unknown_suite",
        )
    };
    ["PS256", "ES512", "ES256K", "RS512", "EdDSA ", "eddsa"]
        .map(attack)
        .to_vec()
}
