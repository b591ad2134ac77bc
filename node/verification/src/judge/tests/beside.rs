//! Things that stand beside a badge's own words are named, and nothing more is said of them.

use serde_json::json;

use super::*;

#[test]
fn endorsements_that_nobody_signed_are_named_wherever_they_are() {
    let code = "proof.endorsement_invalid";
    let plain = world().verdict();
    assert!(plain.findings.iter().all(|f| f.code != code));
    for place in ["", "/issuer", "/credentialSubject/achievement"] {
        let mut world = world();
        let part = world.unsigned.pointer_mut(place).unwrap();
        part["endorsementJwt"] = json!(["eyJhbGciOiJFZERTQSJ9.e30.eA", "eyJhbGciOiJFZERTQSJ9.e30.eQ"]);
        part["endorsement"] = json!({
            "id": "urn:uuid:1",
            "type": ["VerifiableCredential", "EndorsementCredential"],
            "issuer": "https://praise.example",
            "credentialSubject": {
                "id": "urn:uuid:2", "type": ["EndorsementSubject"], "endorsementComment": "the best of all badges",
            },
        });
        let verdict = world.verdict();
        assert_eq!(
            verdict.verdict,
            VerdictKind::Accepted,
            "{place}: {:?}",
            verdict.findings
        );
        let found: Vec<_> = verdict.findings.iter().filter(|f| f.code == code).collect();
        assert_eq!(found.len(), 1, "{place}");
        assert!(found[0].detail.contains("(3), 3 do not hold"), "{}", found[0].detail);
        assert_eq!(verdict.endorsements.len(), 3, "{place}");
        audit("endorsed", &verdict);
    }
}

#[test]
fn signatures_of_unknown_kinds_beside_a_known_one_are_named() {
    let mut world = world();
    world.forge = |signed| {
        let known = signed["proof"].clone();
        let mut unknown = known.clone();
        unknown["cryptosuite"] = json!("ecdsa-sd-2023");
        signed["proof"] = json!([known, unknown]);
    };
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted);
    let proof = verdict.findings.iter().find(|f| f.code == "proof.valid").unwrap();
    assert!(
        proof.detail.ends_with("beside it, 1 of a kind not known here"),
        "{}",
        proof.detail
    );
    audit("two kinds", &verdict);
}

/// Read as one bit, the second entry of a list of two bits each would be the first one's second half.
#[test]
fn a_status_of_more_than_one_bit_is_never_read_as_one() {
    for (size, kind, code) in [
        (json!(1), VerdictKind::Accepted, "status.active"),
        (json!(2), VerdictKind::CouldNotCheck, "status.unreachable"),
        (json!(0), VerdictKind::NotValid, "structure.invalid"),
        (json!("2"), VerdictKind::NotValid, "structure.invalid"),
    ] {
        let mut world = world();
        let entry = &mut world.unsigned["credentialStatus"][0];
        entry["statusSize"] = size.clone();
        entry["statusMessage"] = json!([{"status": "0x0", "message": "fine"}, {"status": "0x1", "message": "gone"}]);
        let verdict = world.verdict();
        assert_eq!(verdict.verdict, kind, "{size}: {:?}", verdict.findings);
        assert!(
            verdict.findings.iter().any(|f| f.code == code),
            "{size}: {:?}",
            verdict.findings
        );
    }
}
