//! Badges judged at once get the answer that they get otherwise, and those that could take long are not judged at once.

use serde_json::json;

use super::*;
use crate::KeyKind;

/// The answer at once, if there is one, after others have come with the same contexts.
fn at_once(world: &JudgeFixture) -> Option<Verdict> {
    let badge = world.badge();
    let case = (&badge, &world.evidence, &world.question);
    // Other tests beside this one may have its contexts forgotten.
    (0..50).find_map(|_| {
        let verdict = judge(case.0, case.1, case.2);
        let at_once = try_judge_fast(case.0, case.1, case.2)?;
        assert_eq!(at_once, verdict);
        Some(at_once)
    })
}

#[test]
fn an_ordinary_badge_whose_signature_holds_is_judged_at_once_whatever_the_answer() {
    let mut judged = 0;
    for (name, spoil, ..) in rows::rows() {
        let mut world = world();
        spoil(&mut world);
        let findings = world.verdict().findings;
        // What the signature does not hold for, or does not cover, may be asked about at length.
        let holds = findings.iter().any(|finding| finding.code == "proof.valid");
        if world.badge().document["proof"].is_object() && holds {
            assert!(at_once(&world).is_some(), "{name}");
            judged += 1;
        }
    }
    assert!(judged > 20, "{judged}");
}

#[test]
fn what_could_take_long_is_not_judged_at_once() {
    type FixtureEdit = fn(&mut JudgeFixture);
    let cases: [(&str, FixtureEdit); 4] = [
        ("two parts that look alike: the long way", |w| {
            let twin = json!({"type": ["Alignment"], "targetName": "x", "targetUrl": "https://a.example"});
            w.unsigned["credentialSubject"]["achievement"]["alignment"] = json!([twin, twin]);
        }),
        ("a suite whose blank nodes are named by another hash", |w| {
            w.signer = IssuerSigningKey::from_secret(KeyKind::P384, &[7; 48]).unwrap();
            w.method = multikey::did_key(&w.signer.public_key()).1;
        }),
        ("several signatures", |w| {
            w.forge = |signed| signed["proof"] = json!([signed["proof"], signed["proof"]]);
        }),
        ("others' words in it, each with a signature", |w| {
            w.forge = |signed| signed["endorsement"] = json!([{"type": "EndorsementCredential"}]);
        }),
    ];
    for (name, change) in cases {
        let mut world = world();
        change(&mut world);
        assert_eq!(at_once(&world), None, "{name}");
    }
}

#[test]
fn contexts_that_nobody_came_with_before_are_not_compiled_at_once() {
    let mut world = world();
    world.forge = |signed| {
        let contexts = signed["@context"].as_array_mut().unwrap();
        contexts.push(json!("https://w3id.org/security/multikey/v1"));
        contexts.push(json!("https://w3id.org/security/multikey/v1"));
    };
    let badge = world.badge();
    assert_eq!(try_judge_fast(&badge, &world.evidence, &world.question), None);
    assert!(at_once(&world).is_some(), "the second time they are known");
}
