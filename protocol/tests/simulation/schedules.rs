//! The schedules that every run plays.

use std::ops::Range;

use protocol::{
    Hash,
    log::{AgencyLog, AppendOutcome},
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::StatusReason;

use crate::{
    campaign::{CampaignTotals, play, play_all},
    plan::SimulationPlan,
    world::{RootSeeds, START, founding, key_of},
};

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// The seeds to play: one, if asked for; otherwise so many.
fn seeds(count: u64) -> Range<u64> {
    if let Some(seed) = from_environment("COMITY_SEED") {
        return seed..seed + 1;
    }
    let from = from_environment("COMITY_FROM").unwrap_or(0);
    from..from + from_environment("COMITY_SCHEDULES").unwrap_or(count)
}

fn assert_none_failed(seen: &CampaignTotals) {
    eprintln!(
        "{} schedules: {} envelopes kept, {} forks found, {} expelled, {} key-log entries, {} disputes, {} checkpoints begun with or left, {} scratch places lost, {} stores failed, {} drowned, {} copied, {} stopped beside another",
        seen.schedules,
        seen.kept,
        seen.forks,
        seen.expelled,
        seen.entries,
        seen.disputed,
        seen.adopted,
        seen.lost,
        seen.store_failures,
        seen.drowned,
        seen.cloned,
        seen.stopped
    );
    let seeds: Vec<u64> = seen.failures.iter().map(|(seed, _)| *seed).collect();
    assert!(seeds.is_empty(), "these seeds failed: {seeds:?}");
}

/// The number of schedules that each of the four parts plays, so that none takes longer than a test may.
const PART: u64 = 500;

#[test]
fn the_invariants_hold_in_every_schedule() {
    the_invariants_hold(seeds(PART));
}

#[test]
fn the_invariants_hold_in_every_schedule_of_the_second_part() {
    the_invariants_hold(part(1));
}

#[test]
fn the_invariants_hold_in_every_schedule_of_the_third_part() {
    the_invariants_hold(part(2));
}

#[test]
fn the_invariants_hold_in_every_schedule_of_the_fourth_part() {
    the_invariants_hold(part(3));
}

/// The seeds of a further part, whatever the first one was asked to play.
fn part(number: u64) -> Range<u64> {
    number * PART..(number + 1) * PART
}

fn the_invariants_hold(seeds: Range<u64>) {
    let count = seeds.end - seeds.start;
    let seen = play_all(seeds, SimulationPlan::mixed, || (), 10);
    assert_none_failed(&seen);
    if count >= 100 {
        let enough = count as usize / 10;
        assert!(seen.forks > enough, "the schedules hardly forked");
        assert!(seen.expelled > enough, "the hostile hardly did harm");
        assert!(seen.adopted > enough / 5, "hardly anybody began with a checkpoint");
        assert!(seen.entries > enough, "hardly a ceremony was held");
        assert!(seen.disputed > enough / 10, "hardly a key log was disputed");
        assert!(seen.lost > enough / 10, "hardly a scratch place failed");
        assert!(seen.store_failures > enough, "hardly a store failed");
        assert!(seen.drowned > enough / 10, "hardly anybody signed more than its share");
        assert!(seen.cloned > enough, "hardly a site was copied");
        assert!(seen.stopped > enough / 2, "hardly a site stopped beside another");
        assert!(seen.kept > 100 * enough, "the schedules wrote hardly anything");
    }
}

#[test]
fn where_nothing_goes_wrong_nobody_forks_and_nobody_is_expelled() {
    let mut kept = 0;
    for seed in 0..10 {
        let world = play(seed, SimulationPlan::calm(4));
        assert_eq!((world.truth.forks, world.truth.expelled), (0, 0));
        kept += world.kept();
    }
    assert!(kept > 400, "hardly anything was written: {kept}");
}

#[test]
fn a_restored_backup_takes_in_its_own_log_from_abroad_before_it_writes() {
    for seed in 0..20 {
        let mut world = crate::world::SimulatedWorld::new(seed, SimulationPlan::calm(3));
        world.settle();
        let old = world.sites[0].disk.clone();
        for _ in 0..20 {
            world.act();
        }
        world.settle();
        world.sites[0].backup = Some(old);
        world.restore_backup(0);
        for _ in 0..20 {
            world.act();
        }
        world.settle();
        world.truth.rewound.clear();
        world.assert_at_the_end();
        assert_eq!(world.truth.forks, 0, "it wrote before it knew its own log");
    }
}

/// Two stores of an agency that follows nobody: one of them gets an older disk, and its own log back from the other.
pub(crate) fn forks_of_a_restored_store_without_other_peers(seed: u64) -> usize {
    let plan = SimulationPlan {
        second_writers: true,
        ..SimulationPlan::calm(1)
    };
    let mut world = crate::world::SimulatedWorld::new(seed, plan);
    world.admit_second_store();
    world.settle();
    let old = world.sites[0].disk.clone();
    for _ in 0..20 {
        world.act_of(0);
    }
    world.settle();
    world.sites[0].backup = Some(old);
    world.restore_backup(0);
    for _ in 0..20 {
        world.act_of(0);
    }
    world.settle();
    world.assert_at_the_end();
    world.truth.forks
}

#[test]
fn a_restored_store_of_an_agency_that_follows_nobody_waits_for_its_own_log() {
    for seed in 0..20 {
        assert_eq!(
            forks_of_a_restored_store_without_other_peers(seed),
            0,
            "seed {seed}: it wrote before it knew its own log"
        );
    }
}

/// Three agencies: the first loses its disk, and makes it again from the one that lags, while the one that has all of it is out
/// of reach.
pub(crate) fn forks_of_a_store_rebuilt_from_a_peer_that_lags(seed: u64) -> usize {
    let [lost, lags, knows] = [0, 1, 2];
    let mut world = crate::world::SimulatedWorld::new(seed, SimulationPlan::calm(3));
    world.settle();
    world.toggle(lost, lags);
    world.toggle(lags, knows);
    for _ in 0..20 {
        world.act_of(lost);
    }
    world.pass(120_000, 0.0);
    world.toggle(lost, knows);
    world.rebuild(lost, lags);
    world.toggle(lost, lags);
    world.pass(120_000, 0.0);
    for _ in 0..20 {
        world.act_of(lost);
    }
    world.settle();
    for _ in 0..20 {
        world.act_of(lost);
    }
    world.settle();
    world.truth.rewound.clear();
    world.assert_at_the_end();
    world.truth.forks
}

#[test]
fn a_store_rebuilt_from_a_peer_that_lags_waits_for_one_that_knows() {
    for seed in 0..20 {
        assert_eq!(
            forks_of_a_store_rebuilt_from_a_peer_that_lags(seed),
            0,
            "seed {seed}: it wrote before it knew its own log"
        );
    }
}

/// Starts a copy of the first site beside it, in a world where nothing else goes wrong, and has one of the two write; says whether
/// the other one stopped, and the one that wrote did not.
pub(crate) fn stops_beside_a_copy(seed: u64, is_copy_the_writer: bool) -> bool {
    let mut world = crate::world::SimulatedWorld::new(seed, SimulationPlan::calm(3));
    world.settle();
    for _ in 0..5 {
        world.act_of(0);
    }
    world.settle();
    world.clone_site(0);
    world.settle();
    let copy = world.sites.len() - 1;
    let (writes, hears) = if is_copy_the_writer { (copy, 0) } else { (0, copy) };
    assert!(world.sites[hears].replica.may_write(world.now), "it knows its own log");
    for _ in 0..5 {
        world.act_of(writes);
    }
    world.settle();
    let stands = [writes, hears].map(|at| world.sites[at].replica.is_written_elsewhere());
    if stands != [false, true] {
        return false;
    }
    // It takes in all that the other one writes, and neither writes nor signs, however often it starts; nobody's word but its
    // operator's ends that.
    world.crash(hears);
    for _ in 0..5 {
        world.act_of(writes);
    }
    world.pass(700_000, 0.0);
    assert_eq!(world.sites[hears].replica.last_beat(), None, "it signed");
    assert!(!world.sites[hears].replica.may_write(world.now), "it may write");
    world.assert_at_the_end();
    world.stop_the_copies_of(hears);
    world.vouch(hears);
    for _ in 0..5 {
        world.act_of(hears);
    }
    world.settle();
    assert!(
        world.sites[hears].replica.may_write(world.now),
        "its operator vouched for it"
    );
    world.assert_at_the_end();
    assert_eq!(world.truth.forks, 0, "one wrote at a time");
    true
}

#[test]
fn of_two_that_write_with_one_key_the_one_that_hears_of_the_other_stops() {
    for seed in 0..10 {
        for is_copy_the_writer in [true, false] {
            assert!(stops_beside_a_copy(seed, is_copy_the_writer), "seed {seed}");
        }
    }
}

/// The control: an order of arrival that the rules forbid is noticed.
#[test]
fn an_envelope_before_its_parents_is_not_kept() {
    let key = key_of(&[7; 32]);
    let keys = RootSeeds {
        root: [8; 32],
        next: [9; 32],
    };
    let key_log = founding("US-NC", &[key.public()], &keys);
    let mut rng = StdRng::seed_from_u64(1);
    let mut seal = |next: (u32, Vec<Hash>), index| {
        let put = status_list::revoke(0, index, StatusReason::IssuedInError, START);
        protocol::Envelope::seal(&key, &key_log, next, START, vec![put], &mut rng).unwrap()
    };
    let first = seal((0, vec![]), 1);
    let second = seal((1, vec![first.hash()]), 2);
    let mut log = AgencyLog::new(key_log.clone());
    assert!(
        matches!(log.append(second.clone()).unwrap(), AppendOutcome::Missing(parents) if parents == [first.hash()])
    );
    assert!(matches!(
        log.append(first).unwrap(),
        AppendOutcome::Kept { fork: None, .. }
    ));
    assert!(matches!(
        log.append(second.clone()).unwrap(),
        AppendOutcome::Kept { fork: None, .. }
    ));
    assert!(matches!(log.append(second).unwrap(), AppendOutcome::Known));
    assert!(matches!(
        log.append(seal((7, vec![]), 3)).unwrap(),
        AppendOutcome::Refused(_)
    ));
    assert!(matches!(
        log.append(seal((0, vec![]), 3)).unwrap(),
        AppendOutcome::Kept { fork: Some(_), .. }
    ));
    assert!(log.fork_proofs().first().unwrap().check().is_ok());
}
