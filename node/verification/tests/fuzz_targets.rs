//! A little of what the fuzz targets find with libFuzzer in hours, in a second: the same functions, played with real
//! seeds, with everything that was ever found (`fuzz/findings`), and with damaged seeds. `COMITY_FUZZ_ROUNDS` damages more of
//! them, from `COMITY_FUZZ_SEED` on.

#![expect(clippy::print_stdout, reason = "seeds, so that chance can be had again")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "compiled into the fuzz crate as well, where it is reached"
)]
mod fuzz;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};

use fuzz::{FuzzTarget, TARGETS, seeds};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// Plays some bytes; says what did not hold.
fn play(target: FuzzTarget, bytes: &[u8]) -> Result<bool, String> {
    let start = Instant::now();
    let played = catch_unwind(AssertUnwindSafe(|| target(bytes))).map_err(|why| {
        let text = why.downcast_ref::<String>().cloned();
        text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    });
    if start.elapsed() > Duration::from_secs(5) {
        return Err(format!("it took {:?}", start.elapsed()));
    }
    played
}

#[test]
fn every_target_is_built_and_its_seeds_get_to_the_end() {
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for (name, target) in TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is in no binary"
        );
        let calls = std::fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(
            calls.contains(&format!("targets::{name}(bytes)")),
            "{name} calls another"
        );
        let mut taken = 0;
        for (seed, bytes) in seeds::of(name) {
            taken += u32::from(play(target, &bytes).unwrap_or_else(|why| panic!("{name}, {seed}: {why}")));
        }
        assert!(taken > 0, "{name}: none of its seeds was taken for what it should be");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// For `tests/campaign fuzz`.
#[test]
fn the_corpus_begins_with_real_things() {
    for (name, _) in TARGETS {
        let folder = folder("seeds").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, (seed, bytes)) in seeds::of(name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("{seed}-{number}")), bytes).unwrap();
        }
    }
}

#[test]
fn what_was_found_once_is_found_no_more() {
    for (name, target) in TARGETS {
        let Ok(files) = std::fs::read_dir(folder("findings").join(name)) else {
            continue;
        };
        for file in files {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            play(target, &bytes).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

fn damage(bytes: &mut Vec<u8>, other: &[u8], chance: &mut StdRng) {
    for _ in 0..=chance.random_range(0..3) {
        let at = chance.random_range(0..=bytes.len());
        let end = (at + chance.random_range(0..64)).min(bytes.len());
        match chance.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = chance.next_u32().to_le_bytes()[0],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ if !other.is_empty() => {
                let from = chance.random_range(0..other.len());
                let piece = &other[from..(from + 40).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => {}
        }
    }
}

#[test]
fn damaged_seeds_break_nothing() {
    let (rounds, first) = (number("COMITY_FUZZ_ROUNDS", 40), number("COMITY_FUZZ_SEED", 1));
    println!("COMITY_FUZZ_SEED={first} COMITY_FUZZ_ROUNDS={rounds}");
    for (name, target) in TARGETS {
        let seeds = seeds::of(name);
        for round in 0..rounds {
            let mut chance = StdRng::seed_from_u64(first + round);
            let mut bytes = seeds[chance.random_range(0..seeds.len())].1.clone();
            let other = &seeds[chance.random_range(0..seeds.len())].1;
            damage(&mut bytes, other, &mut chance);
            play(target, &bytes).unwrap_or_else(|why| panic!("{name} with COMITY_FUZZ_SEED={}: {why}", first + round));
        }
    }
}

/// The controls: a target that lets something through is noticed.
#[test]
fn what_does_not_hold_is_noticed() {
    assert!(play(|_| panic!("a bug"), b"").is_err_and(|why| why == "a bug"));
    assert!(
        play(
            |bytes| bytes.get(3).is_some_and(|byte| *byte == [1, 2][usize::from(*byte)]),
            b"abc\x07"
        )
        .is_err(),
        "an index out of bounds"
    );
    // Another signer's badge, judged as if South Carolina's issuer had made it.
    let scene = &*fuzz::scene::SCENE;
    for one in &scene.honest {
        let mut badge = verification::formats::read(&one.bytes).unwrap();
        badge.subject_name = Some("Somebody else".to_owned());
        let shown = catch_unwind(AssertUnwindSafe(|| fuzz::targets::judged(scene, &badge)));
        let noticed = match shown {
            Err(_) => true,
            // A record about somebody else is good for none of its badges.
            Ok(accepted) => badge.is_record() && !accepted,
        };
        assert!(noticed, "{}: another name was shown and nobody noticed", one.name);
    }
}
