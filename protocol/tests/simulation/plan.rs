//! The contents of a schedule. They follow from the seed alone.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

#[derive(Clone, Debug)]
pub(crate) struct SimulationPlan {
    pub(crate) agencies: usize,
    /// The least number of peers that each site is linked to.
    pub(crate) links_each: usize,
    /// The number of acts.
    pub(crate) acts: usize,
    /// The number of times that a backup is restored, of a hundred acts.
    pub(crate) restores: u32,
    /// The number of sites that do harm.
    pub(crate) hostile: usize,
    /// True if the first agency has two stores, with a writer key each.
    pub(crate) second_writers: bool,
    /// True if keys are added, scoped and ended, roots rotated and disputed.
    pub(crate) ceremonies: bool,
    /// True if slots get tombstones, and weeks go by.
    pub(crate) tombstones: bool,
    pub(crate) clock_jumps: bool,
    /// True if agencies join late.
    pub(crate) joiners: bool,
    /// True if agencies are unpinned for a while.
    pub(crate) unpins: bool,
    /// True if messages are lost and links cut.
    pub(crate) bad_network: bool,
    /// True if messages arrive twice.
    pub(crate) repeats: bool,
    /// True if processes die between two effects.
    pub(crate) crashes: bool,
    /// True if stores fail, and lose their replies.
    pub(crate) failing_stores: bool,
    /// True if a copy of a site is started beside it, with its key.
    pub(crate) clones: bool,
    /// True if further stores of an agency are known to be peers of each other.
    pub(crate) own_peers: bool,
}

impl SimulationPlan {
    /// Some of everything.
    pub(crate) fn mixed(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed_0f91);
        if seed % 1_000 == 56 {
            return Self {
                agencies: 56,
                links_each: 3,
                acts: 25,
                restores: 3,
                bad_network: true,
                joiners: true,
                ..Self::calm(56)
            };
        }
        let agencies = *[3, 3, 3, 3, 4, 4, 5, 7].get(rng.random_range(0..8)).unwrap_or(&3);
        Self {
            agencies,
            links_each: if agencies > 5 { 3 } else { agencies },
            acts: rng.random_range(20..70),
            restores: if rng.random_bool(0.4) { 6 } else { 0 },
            hostile: usize::from(rng.random_bool(0.4)),
            second_writers: rng.random_bool(0.5),
            ceremonies: rng.random_bool(0.5),
            tombstones: rng.random_bool(0.4),
            clock_jumps: rng.random_bool(0.4),
            joiners: rng.random_bool(0.4),
            unpins: rng.random_bool(0.2),
            bad_network: rng.random_bool(0.8),
            repeats: rng.random_bool(0.5),
            crashes: true,
            failing_stores: rng.random_bool(0.4),
            clones: rng.random_bool(0.3),
            own_peers: rng.random_bool(0.7),
        }
    }

    /// Nothing but writing, on a network that works.
    pub(crate) const fn calm(agencies: usize) -> Self {
        Self {
            agencies,
            links_each: agencies,
            acts: 40,
            restores: 0,
            hostile: 0,
            second_writers: false,
            ceremonies: false,
            tombstones: false,
            clock_jumps: false,
            joiners: false,
            unpins: false,
            bad_network: false,
            repeats: false,
            crashes: false,
            failing_stores: false,
            clones: false,
            own_peers: true,
        }
    }
}
