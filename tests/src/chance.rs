//! Chance that can be had again: a test's random choices follow from a seed, which is printed.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// A source of random choices for the test with this name. `COMITY_TEST_SEED=n` sets another seed.
pub fn seeded(test: &str) -> StdRng {
    let seed: u64 = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_261_123);
    println!("{test}: COMITY_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Bytes that mean nothing.
pub fn noise(rng: &mut StdRng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}
