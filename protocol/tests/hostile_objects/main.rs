//! A table of hostile objects, and for every decoder that a peer reaches: each is refused within 50 ms and 32 MB.
//!
//! The objects are built here, from real ones that pass; `control` shows that the real ones do.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod carried;
mod long;
mod measure;
mod objects;
#[path = "../../fuzz/replica.rs"]
mod replica;
mod targets;

use std::time::Duration;

use measure::{DecodeCost, alone, measured};
use objects::{DECODERS, HostileObject, hostile, real};
use protocol::{KeyLog, key_log::MAX_CHECKS};

const MOST_TIME: Duration = Duration::from_millis(50);
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The least of three tries: another process may have had the processor. No try may use more memory.
fn least(object: &HostileObject) -> (bool, DecodeCost) {
    let decoder = DECODERS.iter().find(|(name, _)| *name == object.decoder).unwrap().1;
    let tries = [0; 3].map(|_| measured(|| decoder(&object.bytes)));
    let accepted = tries.iter().any(|(accepted, _)| *accepted);
    let cost = DecodeCost {
        time: tries.iter().map(|(_, cost)| cost.time).min().unwrap(),
        bytes: tries.iter().map(|(_, cost)| cost.bytes).max().unwrap(),
    };
    (accepted, cost)
}

#[test]
fn every_hostile_object_is_refused_within_50_ms_and_32_mb() {
    let _alone = alone();
    let objects = hostile();
    assert!(objects.len() > 200, "the table is short: {}", objects.len());
    let mut wrong = Vec::new();
    for object in &objects {
        let (accepted, cost) = least(object);
        if accepted || cost.time > MOST_TIME || cost.bytes > MOST_BYTES {
            wrong.push(format!(
                "{} as {}: accepted {accepted}, {cost:?}",
                object.what, object.decoder
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_control_real_objects_are_accepted() {
    let _alone = alone();
    for object in real() {
        let (accepted, _) = least(&object);
        assert!(accepted, "a real {} is refused", object.decoder);
    }
    for (decoder, _) in DECODERS {
        assert!(
            real().iter().any(|object| object.decoder == decoder),
            "no real {decoder}"
        );
        assert!(
            hostile().iter().any(|object| object.decoder == decoder),
            "no hostile {decoder}"
        );
    }
}

#[test]
fn the_longest_real_objects_keep_the_same_bounds() {
    let _alone = alone();
    let log = long::longest_key_log(8);
    for object in long::long(&log) {
        let (accepted, cost) = least(&object);
        assert_eq!(accepted, object.decoder != "fork proof", "{}", object.what);
        assert!(
            cost.time <= MOST_TIME && cost.bytes <= MOST_BYTES,
            "{} as {}: {cost:?}",
            object.what,
            object.decoder
        );
    }
    // The control: all of it in one go costs more, and a lot after the other ends the same.
    let (_, cost) = measured(|| KeyLog::read(log.signed()).unwrap());
    assert!(cost.time > MOST_TIME, "a bound that nothing reaches: {cost:?}");
    let (taken, lots) = long::lots(&log, MAX_CHECKS);
    assert!(lots > 20, "{lots}");
    assert_eq!(
        (taken.head(), taken.leaves(), taken.signed().len()),
        (log.head(), log.leaves(), log.signed().len())
    );
}

/// The control: what costs too much is measured as such.
#[test]
fn the_control_a_waste_of_memory_is_measured() {
    let _alone = alone();
    let (_, cost) = measured(|| vec![1u8; MOST_BYTES + 1].iter().any(|byte| *byte == 0));
    assert!(cost.bytes > MOST_BYTES, "{cost:?}");
}

/// And a replica survives each of them.
#[test]
fn real_objects_are_the_seeds_of_the_corpus() {
    let _alone = alone();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    std::fs::create_dir_all(&folder).unwrap();
    for (number, object) in real().into_iter().enumerate() {
        replica::handle(&object.bytes);
        std::fs::write(folder.join(format!("{}-{number}", object.decoder)), object.bytes).unwrap();
    }
}
