//! For each invariant a fault that breaks it, and which the simulator finds.

use protocol::mutant::{Mutant, switch_on};

use crate::{audit::INVARIANTS, campaign::play_all, plan::SimulationPlan};

/// Most schedules until a fault is found.
const WITHIN: u64 = 300;
/// Most that fail, by whatever invariant, until one fails by the fault's own.
const ENOUGH: usize = 6;

#[test]
fn every_invariant_has_a_mutant_that_breaks_it() {
    let mut missed = Vec::new();
    for (number, (mutant, invariant)) in (1..).zip(Mutant::ALL.into_iter().zip(INVARIANTS)) {
        let seen = play_all(
            0..WITHIN,
            |seed| plan_for(number, seed),
            || switch_on(Some(mutant)),
            ENOUGH,
        );
        let words = format!("invariant {number} ({invariant})");
        if !seen.failures.iter().any(|(_, why)| why.starts_with(&words)) {
            missed.push(format!("{mutant:?} should break {words}, but {:?}", seen.failures));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A schedule in which this invariant is at stake.
fn plan_for(invariant: usize, seed: u64) -> SimulationPlan {
    let mut plan = SimulationPlan::mixed(seed);
    plan.agencies = plan.agencies.min(4);
    plan.links_each = 4;
    match invariant {
        2 | 3 | 10 | 13 => plan.hostile = 1,
        5 | 7 => plan.ceremonies = true,
        1 | 6 | 11 => plan.restores = 6,
        8 => plan.tombstones = true,
        9 => plan.joiners = true,
        14 => plan.failing_stores = true,
        15 => plan.clones = true,
        _ => {}
    }
    plan
}

#[test]
fn the_control_without_a_mutant_holds() {
    let seen = play_all(
        0..40,
        |seed| plan_for(1 + seed as usize % INVARIANTS.len(), seed),
        || switch_on(None),
        1,
    );
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
}

#[test]
fn a_key_log_that_keeps_the_first_rivals_is_noticed() {
    switch_on(Some(Mutant::FirstRivalsStay));
    let differ = (0..60).any(|seed| !crate::rivals::play(seed).0);
    switch_on(None);
    assert!(differ, "every order ended the same");
}

#[test]
fn a_heartbeat_before_anybody_was_heard_is_noticed() {
    assert_vouching_is_noticed(Mutant::VouchesUnheard);
}

#[test]
fn a_heartbeat_after_one_of_many_was_heard_is_noticed() {
    assert_vouching_is_noticed(Mutant::OneTellsForAll);
}

fn assert_vouching_is_noticed(mutant: Mutant) {
    let plan = |seed| SimulationPlan {
        restores: 6,
        bad_network: true,
        ..plan_for(1, seed)
    };
    let seen = play_all(0..WITHIN, plan, || switch_on(Some(mutant)), 1);
    let (_, why) = seen.failures.first().expect("it is noticed");
    assert!(why.contains("too few were heard"), "{why}");
}

#[test]
fn a_restored_store_that_does_not_wait_for_its_own_log_is_noticed() {
    switch_on(Some(Mutant::AloneNeverWaits));
    let forks = (0..20).map(crate::schedules::forks_of_a_restored_store_without_other_peers);
    let forks: usize = forks.sum();
    switch_on(None);
    assert!(forks > 0, "it never forked");
}

#[test]
fn a_rebuilt_store_that_asks_only_whom_its_source_knew_is_noticed() {
    switch_on(Some(Mutant::RebuiltTrustsOne));
    let forks = (0..20).map(crate::schedules::forks_of_a_store_rebuilt_from_a_peer_that_lags);
    let forks: usize = forks.sum();
    switch_on(None);
    assert!(forks > 0, "it never forked");
}

#[test]
fn a_site_that_goes_on_beside_its_copy_is_noticed() {
    switch_on(Some(Mutant::WritesBesideAnother));
    let stops = crate::schedules::stops_beside_a_copy(0, true);
    switch_on(None);
    assert!(!stops, "it stopped");
}

#[test]
fn a_revocation_that_a_retired_key_takes_along_is_noticed() {
    let plan = |seed| {
        let mut plan = SimulationPlan::mixed(seed);
        plan.ceremonies = true;
        plan
    };
    let seen = play_all(0..WITHIN, plan, || switch_on(Some(Mutant::RetiredIsForgotten)), ENOUGH);
    assert!(
        seen.failures.iter().any(|(_, why)| why.starts_with("invariant 8")),
        "{:?}",
        seen.failures
    );
}

#[test]
fn a_scratch_place_that_is_believed_blindly_is_noticed() {
    let seen = play_all(
        0..WITHIN,
        SimulationPlan::mixed,
        || switch_on(Some(Mutant::AtticsAreBelieved)),
        1,
    );
    assert!(!seen.failures.is_empty(), "nothing was wrong");
}
