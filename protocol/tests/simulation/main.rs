//! A seeded world of replicas: loss, delay, reorder, repetition, partitions, crashes at every effect boundary, clock
//! jumps, restored backups, copies that run beside their originals, stores that fail or lose their replies, two writers of one agency, key ceremonies and their thieves, tombstones, late joiners, and
//! peers that want harm. What must hold is the list in `audit`.
//!
//! `COMITY_SEED=7 cargo test -p protocol --test simulation` plays one schedule again, `COMITY_SCHEDULES=20000` plays
//! more, `COMITY_FROM=5000` begins with another seed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

mod audit;
mod campaign;
#[cfg(feature = "mutants")]
mod mutants;
mod plan;
mod rivals;
mod schedules;
mod world;
