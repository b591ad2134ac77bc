//! While the clock is in doubt, nothing fails for what the time is now; what was revoked stays revoked, and a given day is
//! judged as before.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

/// A world whose badge and key have terms, at this moment of a clock that is in doubt.
fn doubting(now: Timestamp) -> JudgeFixture {
    let mut world = world();
    let method = &mut world.evidence.issuers[0].verification_methods[0];
    (method.from, method.until) = (Some(t("2026-01-10")), Some(t("2027-01-10")));
    let recognitions = world.evidence.recognitions.iter_mut();
    let issuer = world.evidence.issuers[0].clone();
    recognitions.for_each(|entry| entry.recognition.issuer = issuer.clone());
    (world.question.at, world.question.now) = (now, now);
    world.question.clock_in_doubt = true;
    world
}

fn failed(verdict: &Verdict) -> Vec<&str> {
    let failed = verdict.findings.iter().filter(|f| f.outcome == CheckOutcome::Failed);
    failed.map(|f| f.code.as_str()).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn nothing_fails_for_what_the_time_is_now() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let right = t("2026-11-23T14:02:11Z");
    for _ in 0..200 {
        let mut world = doubting(right.plus_seconds(chance.random_range(-400_000_000..400_000_000)));
        // Lists of a moment before the doubt began are no better.
        let verdict = world.verdict();
        assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck, "{verdict:#?}");
        assert_eq!(failed(&verdict), Vec::<&str>::new(), "{verdict:#?}");
        assert!(
            verdict.sentence.contains("this node's clock is in doubt"),
            "{}",
            verdict.sentence
        );
        audit("in doubt", &verdict);
        world.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-11-20")));
        let verdict = world.verdict();
        assert_eq!(failed(&verdict), ["status.revoked"], "{verdict:#?}");
        assert!(
            verdict.sentence.starts_with("Not valid: this badge was revoked"),
            "{}",
            verdict.sentence
        );
        world.listed(|revoked, suspended, _| {
            (*revoked, *suspended) = (None, Some(change(StatusState::Suspended, "2026-11-20")));
        });
        assert_eq!(failed(&world.verdict()), ["status.suspended"]);
    }
}

#[test]
fn lists_that_say_so_are_enough_for_the_doubt() {
    let mut world = doubting(t("2025-12-24"));
    world.question.clock_in_doubt = false;
    assert_eq!(failed(&world.verdict()).first(), Some(&"issuer.key_not_issuers"));
    let lists = world.evidence.trust_lists.values_mut();
    lists.for_each(|list| *list = Freshness::ClockInDoubt);
    assert_eq!(failed(&world.verdict()), Vec::<&str>::new());
}

#[test]
fn another_key_than_the_issuers_fails_whatever_the_time() {
    let mut world = doubting(t("2025-12-24"));
    // Signed on 15 January, before the key's term.
    let method = &mut world.evidence.issuers[0].verification_methods[0];
    method.from = Some(t("2026-02-01"));
    let issuer = world.evidence.issuers[0].clone();
    let recognitions = world.evidence.recognitions.iter_mut();
    recognitions.for_each(|entry| entry.recognition.issuer = issuer.clone());
    assert_eq!(failed(&world.verdict()), ["issuer.key_not_issuers"]);
}

#[test]
fn what_would_fail_by_a_right_clock_says_that_it_is_in_doubt() {
    // Before the key's term and the badge's.
    let mut world = doubting(t("2025-12-24"));
    let codes = |verdict: &Verdict| -> Vec<String> { verdict.findings.iter().map(|f| f.code.clone()).collect() };
    let doubted = codes(&world.verdict());
    for code in ["issuer.clock_in_doubt", "dates.clock_in_doubt"] {
        assert!(doubted.iter().any(|one| one == code), "{doubted:?}");
    }
    world.question.clock_in_doubt = false;
    let believed = codes(&world.verdict());
    for code in ["issuer.key_not_issuers", "dates.not_yet_valid"] {
        assert!(believed.iter().any(|one| one == code), "{believed:?}");
    }
}

#[test]
fn a_signature_with_an_end_of_its_own_neither_holds_nor_fails() {
    let text = include_bytes!("../../../fixtures/digitalbazaar-ob-3.0.3-expiring-proof.json");
    let badge = formats::read(text).unwrap();
    let mut world = world_of(&badge.issuer_id.clone());
    world.evidence.status.truncate(1);
    for now in ["2026-11-23T14:02:11Z", "2027-01-15T09:00:00Z"].map(t) {
        (world.question.at, world.question.now) = (now, now);
        world.question.clock_in_doubt = true;
        let verdict = judge(&badge, &world.evidence, &world.question);
        let proof = verdict.findings.iter().find(|f| f.code == "proof.clock_in_doubt");
        assert!(proof.is_some(), "{:?}", verdict.findings);
        assert_eq!(failed(&verdict), Vec::<&str>::new());
        assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
        audit("expiring proof in doubt", &verdict);
    }
}

#[test]
fn a_given_day_is_judged_as_before() {
    let mut world = doubting(t("2026-11-23T14:02:11Z"));
    world.question.at = t("2026-01-02");
    assert_eq!(failed(&world.verdict()), ["dates.not_yet_valid"]);
    let mut world = doubting(t("2026-11-23T14:02:11Z"));
    (world.question.at, world.question.known) = (t("2026-11-23T14:02:00Z"), Some(t("2026-11-23T14:02:00Z")));
    assert_eq!(world.verdict().verdict, VerdictKind::Accepted, "{:#?}", world.verdict());
}
