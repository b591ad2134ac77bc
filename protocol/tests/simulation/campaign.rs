//! Many schedules, on all processors.

use std::{
    any::Any,
    cell::Cell,
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, Once,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{plan::SimulationPlan, world::SimulatedWorld};

/// Everything that a campaign saw, over all its schedules.
#[derive(Debug, Default)]
pub(crate) struct CampaignTotals {
    pub(crate) schedules: usize,
    pub(crate) kept: usize,
    pub(crate) forks: usize,
    pub(crate) adopted: usize,
    pub(crate) expelled: usize,
    pub(crate) entries: usize,
    pub(crate) disputed: usize,
    pub(crate) lost: usize,
    pub(crate) store_failures: usize,
    pub(crate) drowned: usize,
    pub(crate) cloned: usize,
    pub(crate) stopped: usize,
    pub(crate) failures: Vec<(u64, String)>,
}

/// Plays a schedule, and audits it.
pub(crate) fn play(seed: u64, plan: SimulationPlan) -> SimulatedWorld {
    let acts = plan.acts;
    let mut world = SimulatedWorld::new(seed, plan);
    for _ in 0..acts {
        world.act();
    }
    world.settle();
    world.assert_at_the_end();
    world
}

/// Plays many; `setup` is called once on each thread. Ends early once `enough` have failed.
pub(crate) fn play_all(
    seeds: Range<u64>,
    plan: impl Fn(u64) -> SimulationPlan + Sync,
    setup: impl Fn() + Sync,
    enough: usize,
) -> CampaignTotals {
    let next = AtomicU64::new(seeds.start);
    let seen = Mutex::new(CampaignTotals::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                setup();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || seen.lock().unwrap().failures.len() >= enough {
                        return;
                    }
                    let played = quietly(|| play(seed, plan(seed)));
                    note(&mut seen.lock().unwrap(), seed, played);
                }
            });
        }
    });
    seen.into_inner().unwrap()
}

fn note(seen: &mut CampaignTotals, seed: u64, played: Result<SimulatedWorld, String>) {
    seen.schedules += 1;
    match played {
        Ok(world) => {
            seen.kept += world.kept();
            seen.forks += world.truth.forks;
            seen.adopted += world.truth.adopted;
            seen.expelled += world.truth.expelled;
            seen.disputed += world.truth.disputed.len();
            seen.lost += world.truth.lost;
            seen.store_failures += world.truth.store_failures;
            seen.drowned += world.truth.drowned.len();
            seen.cloned += world.truth.cloned;
            seen.stopped += world.truth.stopped;
            let logs = world.sites.iter().filter_map(|site| site.disk.key_logs.get(&site.home));
            seen.entries += logs.map(|log| log.signed().len() - 1).sum::<usize>();
        }
        Err(why) => {
            eprintln!("seed {seed}: {why}\nplay it again with COMITY_SEED={seed}");
            seen.failures.push((seed, why));
        }
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs it, and gives the panic's words and place instead of printing them.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    thread_local! {
        static PLACE: Cell<Option<String>> = const { Cell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                PLACE.set(info.location().map(ToString::to_string));
            } else {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    outcome.map_err(|panic| format!("{} at {}", words(&*panic), PLACE.take().unwrap_or_default()))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default()
}
