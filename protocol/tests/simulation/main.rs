//! A seeded world of replicas with a bad network: loss, delay, reorder, partitions, crashes at every effect boundary,
//! restored backups. What must hold is asserted at the end of every schedule.
//!
//! `COMITY_SEED=7 cargo test -p protocol --test simulation` plays one schedule again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

mod audit;
mod world;

use protocol::{
    Hash, SigningKey,
    log::{AgencyLog, Keeping},
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::Reason;
use world::{START, World, founding};

/// The seeds to play: one, if asked for; otherwise the first `count`; one that fails is printed.
fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("COMITY_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..count).collect(),
    }
}

struct PrintSeed(u64);

impl Drop for PrintSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("play it again with COMITY_SEED={}", self.0);
        }
    }
}

fn play(seed: u64, restores: u32) -> World {
    let _print = PrintSeed(seed);
    let agencies = 3 + (seed as usize) % 3;
    let mut world = World::new(seed, agencies);
    world.restores = restores;
    for _ in 0..120 {
        world.act();
    }
    world.settle();
    world.assert_all_agree();
    if restores == 0 {
        assert_eq!(world.forks, 0, "a fork where no backup was restored");
        world.assert_nothing_acknowledged_is_lost();
    }
    world
}

fn is_one_schedule() -> bool {
    std::env::var("COMITY_SEED").is_ok()
}

#[test]
fn when_partitions_heal_all_agree_and_nothing_acknowledged_is_lost() {
    let kept: usize = seeds(60).into_iter().map(|seed| play(seed, 0).kept()).sum();
    assert!(
        kept > 1_000 || is_one_schedule(),
        "the schedules wrote hardly anything: {kept}"
    );
}

#[test]
fn restored_backups_fork_the_log_and_all_agree_all_the_same() {
    let forks: usize = seeds(60).into_iter().map(|seed| play(seed, 6).forks).sum();
    assert!(forks > 10 || is_one_schedule(), "the schedules hardly forked: {forks}");
}

#[test]
fn a_restored_backup_takes_in_its_own_log_from_abroad_before_it_writes() {
    for seed in seeds(30) {
        let _print = PrintSeed(seed);
        let mut world = World::new(seed, 3);
        world.bad_network = false;
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
        world.assert_all_agree();
        world.assert_nothing_acknowledged_is_lost();
        assert_eq!(world.forks, 0, "it wrote before it knew its own log");
    }
}

/// The control: an order of arrival that the rules forbid is noticed.
#[test]
fn an_envelope_before_its_parents_is_not_kept() {
    let seed = [7; 32];
    let key = SigningKey::from_seed(&seed).unwrap();
    let key_log = founding(seed, "US-NC");
    let mut rng = StdRng::seed_from_u64(1);
    let mut seal = |next: (u32, Vec<Hash>), index| {
        let put = status_list::revoke(0, index, Reason::IssuedInError, START);
        protocol::Envelope::seal(&key, &key_log, next, START, vec![put], &mut rng).unwrap()
    };
    let first = seal((0, vec![]), 1);
    let second = seal((1, vec![first.hash()]), 2);
    let mut log = AgencyLog::new(key_log.clone());
    assert!(matches!(log.keep(second.clone()).unwrap(), Keeping::Missing(parents) if parents == [first.hash()]));
    assert!(matches!(log.keep(first).unwrap(), Keeping::Kept { fork: None, .. }));
    assert!(matches!(
        log.keep(second.clone()).unwrap(),
        Keeping::Kept { fork: None, .. }
    ));
    assert!(matches!(log.keep(second).unwrap(), Keeping::Known));
    assert!(matches!(log.keep(seal((7, vec![]), 3)).unwrap(), Keeping::Refused(_)));
    assert!(matches!(
        log.keep(seal((0, vec![]), 3)).unwrap(),
        Keeping::Kept { fork: Some(_), .. }
    ));
    assert!(log.fork_proofs().first().unwrap().check().is_ok());
}
