//! One row for each way to deceive: the token, the verdict, and the code that must be among the findings.

mod header;
mod text;

use super::*;

/// A token of these texts, signed by this key, whatever the header says.
pub(super) fn token(header: &str, payload: &str, key: &IssuerSigningKey) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn verdict(world: &JudgeFixture, token: &str) -> Verdict {
    match formats::read(token.as_bytes()) {
        Ok(badge) => judge(&badge, &world.evidence, &world.question),
        Err(why) => unreadable(&why, &world.question),
    }
}

fn attacker() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[66; 32]).unwrap()
}

fn jwk(key: &IssuerSigningKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.public_key().as_bytes())})
}

type TokenAttack = (&'static str, String, VerdictKind, &'static str);

#[test]
fn each_attack_has_its_verdict() {
    let world = world();
    for (name, token, kind, code) in header::rows(&world).into_iter().chain(text::rows(&world)) {
        let start = std::time::Instant::now();
        let verdict = verdict(&world, &token);
        assert_eq!(
            verdict.verdict, kind,
            "{name}: {} {:?}",
            verdict.sentence, verdict.findings
        );
        assert!(
            verdict.findings.iter().any(|f| f.code == code),
            "{name}: {:?}",
            verdict.findings
        );
        audit(name, &verdict);
        assert!(start.elapsed().as_secs() < 5, "{name} took {:?}", start.elapsed());
    }
}
