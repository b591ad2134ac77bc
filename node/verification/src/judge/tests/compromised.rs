//! A badge by a key that its home agency calls compromised.

use serde_json::json;

use super::{JudgeFixture, VerdictKind, rows::BadgeFaultCase, t, world};
use crate::confirmation;

impl JudgeFixture {
    /// Its home agency says that the issuer's key is compromised; those who recognized the issuer before do not know.
    fn steal_the_key(&mut self) {
        for issuer in &mut self.evidence.issuers {
            for method in &mut issuer.verification_methods {
                method.compromised = Some(t("2026-10-01"));
            }
        }
    }
}

pub(super) fn rows() -> Vec<BadgeFaultCase> {
    use VerdictKind::{Accepted, CouldNotCheck, NotValid};
    vec![
        (
            "the key is compromised, and nobody was asked",
            |w| w.steal_the_key(),
            CouldNotCheck,
            "Could not check: its key is compromised since 1 October 2026, so only South Carolina can tell whether it is genuine; it was not asked whether it issued this badge.",
            &["issuer.key_compromised", "proof.valid", "status.not_checked"],
        ),
        (
            "the key is compromised, and the home agency knows no such badge",
            |w| {
                w.steal_the_key();
                w.evidence.confirmed = Some(Ok(false));
            },
            CouldNotCheck,
            "Could not check: its key is compromised since 1 October 2026, and South Carolina does not confirm that it issued this badge.",
            &["issuer.key_compromised"],
        ),
        (
            "the key is compromised, and the home agency is silent",
            |w| {
                w.steal_the_key();
                w.evidence.confirmed = Some(Err(registry_schema::Phrase::Verbatim(
                    "its node does not answer".to_owned(),
                )));
            },
            CouldNotCheck,
            "Could not check: its key is compromised since 1 October 2026, so only South Carolina can tell whether it is genuine; its node does not answer.",
            &["issuer.key_compromised"],
        ),
        (
            "the key is compromised, and the home agency confirms the badge",
            |w| {
                w.steal_the_key();
                w.evidence.confirmed = Some(Ok(true));
            },
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &["issuer.key_is_issuers"],
        ),
        (
            "a confirmation heals no other fault",
            |w| {
                w.steal_the_key();
                w.evidence.confirmed = Some(Ok(true));
                w.forge = |document| document["name"] = json!("Another badge");
            },
            NotValid,
            "Not valid: the signature does not match: the badge was changed after it was issued, or another key signed it.",
            &["proof.invalid"],
        ),
    ]
}

#[test]
fn the_home_agency_is_asked_for_badges_by_its_compromised_keys_and_for_no_others() {
    let needed = |world: &JudgeFixture| confirmation::needed(&world.badge(), &world.evidence, &world.question);
    let mut world = world();
    assert_eq!(needed(&world), None, "a sound key");
    world.steal_the_key();
    assert_eq!(needed(&world), Some(super::id("US-SC")));
    world.forge = |document| document["name"] = json!("Another badge");
    assert_eq!(needed(&world), None, "it is not signed by that key");
    world.forge = |_| {};
    world.evidence.issuers[0].id = "did:example:other".to_owned();
    assert_eq!(needed(&world), None, "another issuer's key");
}
