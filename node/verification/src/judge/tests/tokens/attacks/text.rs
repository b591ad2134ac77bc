//! Attacks on the form and on the claims.

use super::*;
use crate::contexts::{CREDENTIALS_V2, OPEN_BADGES};

pub(super) fn rows(world: &JudgeFixture) -> Vec<TokenAttack> {
    use VerdictKind::{Accepted, CouldNotCheck, NotValid, Unreadable};
    let header = json!({"alg": "EdDSA", "kid": world.method}).to_string();
    let payload = world.unsigned.to_string();
    let good = token(&header, &payload, &key());
    let parts: Vec<&str> = good.split('.').collect();
    let claim = |name: &str, value: Value| {
        let mut with = world.unsigned.clone();
        with[name] = value;
        token(&header, &with.to_string(), &key())
    };
    let first = |text: &str, with: &str| text.replacen('{', with, 1);
    let inner = |claims: Value| {
        let mut payload = json!({"vc": world.unsigned});
        for (name, value) in claims.as_object().unwrap() {
            payload[name] = value.clone();
        }
        token(&header, &payload.to_string(), &key())
    };
    let secs = |text: &str| json!(t(text).0 / 1000);
    let deep = format!("{}{}", r#"{"vc":"#.repeat(70), "}".repeat(70));
    let deep = first(
        &payload,
        &format!(r#"{{"x":{},"#, deep.replace("{}", "1").replace(":}", ":1}")),
    );
    let long = "x".repeat(1_400_000);
    // 64 bytes leave four bits of the last character unused: of the 16 texts for one signature, one is read.
    let one_more = format!("{}{}", &good[..good.len() - 1], next(good.as_bytes()[good.len() - 1]));
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
        (
            "an unknown vocabulary",
            claim("@context", json!([CREDENTIALS_V2, OPEN_BADGES, {"validUntil": "x:y"}])),
            CouldNotCheck,
            "structure.unknown_context",
        ),
    ]
}

/// The next digit of base64url.
fn next(digit: u8) -> char {
    match digit {
        b'A'..=b'Y' | b'a'..=b'y' | b'0'..=b'8' => char::from(digit + 1),
        _ => 'b',
    }
}
