//! Badges of other implementations, and signatures that end.

use super::*;

#[test]
fn a_badge_of_another_implementation_is_accepted() {
    let text = include_bytes!("../../../fixtures/digitalbazaar-ob-3.0.3.json");
    let badge = formats::read(text).unwrap();
    let mut world = world_of(&badge.issuer_id.clone());
    world.evidence.status.truncate(1);
    let verdict = judge(&badge, &world.evidence, &world.question);
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:?}", verdict.findings);
}

#[test]
fn a_signature_counts_until_its_own_end() {
    let text = include_bytes!("../../../fixtures/digitalbazaar-ob-3.0.3-expiring-proof.json");
    let badge = formats::read(text).unwrap();
    let mut world = world_of(&badge.issuer_id.clone());
    world.evidence.status.truncate(1);
    assert_eq!(
        judge(&badge, &world.evidence, &world.question).verdict,
        VerdictKind::Accepted
    );
    world.question.at = t("2027-01-15T09:00:00Z");
    let verdict = judge(&badge, &world.evidence, &world.question);
    assert_eq!(
        verdict.sentence,
        "Not valid: the signature expired on January 15, 2027, 4:00 AM."
    );
    audit("expired proof", &verdict);
}
