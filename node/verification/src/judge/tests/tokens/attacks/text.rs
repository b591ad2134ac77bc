//! Attacks on the form and on the claims.

use super::{
    VerdictKind::{Accepted, CouldNotCheck, NotValid, Unreadable},
    *,
};
use crate::contexts::{CREDENTIALS_V2, OPEN_BADGES};

pub(super) fn rows(world: &JudgeFixture) -> Vec<TokenAttack> {
    [
        number_of_parts(world),
        encoding(world),
        odd_json(world),
        size(world),
        credential_within(world),
        names_in_claims(world),
        times_in_claims(world),
        vocabulary(world),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The honest header.
fn header(world: &JudgeFixture) -> String {
    json!({"alg": "EdDSA", "kid": world.method}).to_string()
}

/// The honest token.
fn good(world: &JudgeFixture) -> String {
    token(&header(world), &world.unsigned.to_string(), &key())
}

/// Adds a claim beside those of the credential, or puts it in the place of one.
fn claim(world: &JudgeFixture) -> impl Fn(&str, Value) -> String {
    move |name, value| {
        let mut with = world.unsigned.clone();
        with[name] = value;
        token(&header(world), &with.to_string(), &key())
    }
}

/// Puts the credential into `vc`, the older form, and these claims beside it.
fn inner(world: &JudgeFixture) -> impl Fn(Value) -> String {
    move |claims| {
        let mut payload = json!({"vc": world.unsigned});
        for (name, value) in claims.as_object().unwrap() {
            payload[name] = value.clone();
        }
        token(&header(world), &payload.to_string(), &key())
    }
}

/// Writes another beginning into a JSON object.
fn first(text: &str, with: &str) -> String {
    text.replacen('{', with, 1)
}

/// Attacks the number of the parts; the first row is the control.
fn number_of_parts(world: &JudgeFixture) -> Vec<TokenAttack> {
    let good = good(world);
    let parts: Vec<&str> = good.split('.').collect();
    vec![
        ("nothing wrong", good.clone(), Accepted, "proof.valid"),
        (
            "a point at the end",
            format!("{good}."),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "a fourth part",
            format!("{good}.AAAA"),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "five parts, encrypted",
            format!("{good}.AAAA.AAAA"),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "two parts",
            format!("{}.{}", parts[0], parts[1]),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "an empty payload",
            format!("{}..{}", parts[0], parts[2]),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "an empty signature",
            format!("{}.{}.", parts[0], parts[1]),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Attacks base64url.
fn encoding(world: &JudgeFixture) -> Vec<TokenAttack> {
    let good = good(world);
    let parts: Vec<&str> = good.split('.').collect();
    // 64 bytes leave four bits of the last character unused: of the 16 texts for one signature, one is read.
    let one_more = format!("{}{}", &good[..good.len() - 1], next(good.as_bytes()[good.len() - 1]));
    vec![
        (
            "padding in the header",
            format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "padding in the payload",
            format!("{}.{}=.{}", parts[0], parts[1], parts[2]),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "padding in the signature",
            format!("{good}=="),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "the other base64",
            format!("{}.{}.{}", parts[0], parts[1], "+/".repeat(43)),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "white space within",
            format!("{}. {}.{}", parts[0], parts[1], parts[2]),
            Unreadable,
            "structure.unreadable",
        ),
        ("bits that say nothing", one_more, Unreadable, "structure.unreadable"),
    ]
}

/// Attacks the JSON of the header and of the payload.
fn odd_json(world: &JudgeFixture) -> Vec<TokenAttack> {
    let (header, payload) = (header(world), world.unsigned.to_string());
    let deep = format!("{}{}", r#"{"vc":"#.repeat(70), "}".repeat(70));
    let deep = first(
        &payload,
        &format!(r#"{{"x":{},"#, deep.replace("{}", "1").replace(":}", ":1}")),
    );
    vec![
        (
            "a header key twice",
            token(&first(&header, r#"{"alg":"none","#), &payload, &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "a claim twice",
            token(&header, &first(&payload, r#"{"issuer":"x:y","#), &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "a header that is a list",
            token("[]", &payload, &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "a payload that is text",
            token(&header, "\"x\"", &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "nested too deep",
            token(&header, &deep, &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "a header nested too deep",
            token(&"[".repeat(100_000), &payload, &key()),
            Unreadable,
            "structure.unreadable",
        ),
    ]
}

/// Attacks the limit of what is read.
fn size(world: &JudgeFixture) -> Vec<TokenAttack> {
    let (header, payload) = (header(world), world.unsigned.to_string());
    let long = "x".repeat(1_400_000);
    vec![
        (
            "more than 2 MB",
            token(&header, &"x".repeat(2_000_000), &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "nearly 2 MB of noise",
            format!("ey{}.e30.e30", "A".repeat(2_000_000)),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "nearly 2 MB, another key",
            token(&header, &first(&payload, &format!(r#"{{"x":"{long}","#)), &attacker()),
            NotValid,
            "proof.invalid",
        ),
    ]
}

/// Attacks what the token holds.
fn credential_within(world: &JudgeFixture) -> Vec<TokenAttack> {
    let header = header(world);
    let claim = claim(world);
    let inner = inner(world);
    vec![
        (
            "a presentation",
            token(&header, r#"{"vp":{}}"#, &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "no credential",
            token(&header, r#"{"iss":"x:y"}"#, &key()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "one credential in another",
            claim("vc", world.unsigned.clone()),
            Unreadable,
            "structure.unreadable",
        ),
        (
            "`vc` is text",
            inner(json!({"vc": "x"})),
            Unreadable,
            "structure.unreadable",
        ),
        ("the older form", inner(json!({})), Accepted, "proof.valid"),
    ]
}

/// Attacks the claims that say who, and which badge.
fn names_in_claims(world: &JudgeFixture) -> Vec<TokenAttack> {
    let claim = claim(world);
    let inner = inner(world);
    vec![
        (
            "another `iss`",
            claim("iss", json!("did:web:evil.example")),
            NotValid,
            "structure.invalid",
        ),
        (
            "another `iss`, older form",
            inner(json!({"iss": "did:web:evil.example"})),
            NotValid,
            "structure.invalid",
        ),
        (
            "another `jti`",
            claim("jti", json!("urn:x:y")),
            NotValid,
            "structure.invalid",
        ),
        (
            "a `jti` that is a number",
            claim("jti", json!(7)),
            NotValid,
            "structure.invalid",
        ),
        (
            "`sub` that is nobody",
            inner(json!({"sub": []})),
            NotValid,
            "structure.invalid",
        ),
    ]
}

/// Attacks the claims that say when.
fn times_in_claims(world: &JudgeFixture) -> Vec<TokenAttack> {
    let claim = claim(world);
    let inner = inner(world);
    let secs = |text: &str| json!(t(text).0 / 1000);
    vec![
        (
            "`exp` that is text",
            claim("exp", json!("2031-01-15T09:00:00Z")),
            NotValid,
            "structure.invalid",
        ),
        (
            "`exp` beyond all time",
            claim("exp", json!(1e300)),
            NotValid,
            "structure.invalid",
        ),
        (
            "`exp` in the past",
            claim("exp", secs("2026-06-01T00:00:00Z")),
            NotValid,
            "proof.expired",
        ),
        (
            "`exp` in the past, older form",
            inner(json!({"exp": secs("2026-06-01T00:00:00Z")})),
            NotValid,
            "dates.expired",
        ),
        (
            "`nbf` to come",
            claim("nbf", secs("2027-06-01T00:00:00Z")),
            NotValid,
            "dates.not_yet_valid",
        ),
        (
            "`nbf` to come, older form",
            inner(json!({"nbf": secs("2027-06-01T00:00:00Z")})),
            NotValid,
            "dates.not_yet_valid",
        ),
        (
            "`exp` cannot lengthen",
            inner(json!({"exp": secs("2099-01-01T00:00:00Z")})),
            Accepted,
            "dates.in_date",
        ),
    ]
}

/// Attacks the meaning of the words.
fn vocabulary(world: &JudgeFixture) -> Vec<TokenAttack> {
    let claim = claim(world);
    vec![(
        "an unknown vocabulary",
        claim("@context", json!([CREDENTIALS_V2, OPEN_BADGES, {"validUntil": "x:y"}])),
        CouldNotCheck,
        "structure.unknown_context",
    )]
}

/// The next digit of base64url.
fn next(digit: u8) -> char {
    match digit {
        b'A'..=b'Y' | b'a'..=b'y' | b'0'..=b'8' => char::from(digit + 1),
        _ => 'b',
    }
}
