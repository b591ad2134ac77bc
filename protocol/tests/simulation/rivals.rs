//! Rival entries of a key log: whoever has the root's keys can sign any number at one place. Every node ends with the same
//! ones, whatever order they came in.

use std::collections::BTreeMap;

use protocol::{
    Hash, KeyLog, RootKeySet,
    key_log::{EntryOutcome, KeyLogAct, SignedKeyLogEntry, WriterKey},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::world::{RootSeeds, START, founding, key_of};

const KEYS: RootSeeds = RootSeeds {
    root: [8; 32],
    next: [9; 32],
};

/// A founding, and what a thief of both roots signs after it: up to eight entries of each sort at a place, three places deep.
fn universe(rng: &mut StdRng) -> (KeyLog, Vec<SignedKeyLogEntry>) {
    let log = founding("US-NC", &[key_of(&[7; 32]).public()], &KEYS);
    let mut entries = Vec::new();
    let mut places = vec![(log.clone(), KEYS.root, KEYS.next)];
    for _ in 0..3 {
        let mut further = Vec::new();
        for (before, root, next) in places {
            for _ in 0..rng.random_range(0..8) {
                let writer: [u8; 32] = rng.random();
                let act = KeyLogAct::WriterAdded(WriterKey::of_all(key_of(&writer).public()));
                further.push(signed(&before, act, root, next, root));
            }
            for _ in 0..rng.random_range(0..8_u32).saturating_sub(4) {
                let after: [u8; 32] = rng.random();
                let act = KeyLogAct::RootRotated {
                    root: RootKeySet::single(key_of(&next).public()),
                    next_root: RootKeySet::single(key_of(&after).public()).commitment(),
                };
                further.push(signed(&before, act, next, after, next));
            }
        }
        further.shuffle(rng);
        entries.extend(further.iter().map(|(entry, _)| entry.clone()));
        further.truncate(4);
        places = further.into_iter().map(|(_, place)| place).collect();
    }
    (log, entries)
}

type KeyLogPosition = (KeyLog, [u8; 32], [u8; 32]);

/// An entry, and the log as it is where that entry is the only one at its place.
fn signed(
    before: &KeyLog,
    act: KeyLogAct,
    root: [u8; 32],
    next: [u8; 32],
    signer: [u8; 32],
) -> (SignedKeyLogEntry, KeyLogPosition) {
    let mut entry = before.propose(act, START).unwrap();
    entry.sign(&key_of(&signer));
    let mut log = before.clone();
    assert_eq!(log.add(entry.clone()), Ok(EntryOutcome::New));
    (entry, (log, root, next))
}

/// All that a node answers from a key log.
#[derive(Debug, PartialEq)]
struct KeyLogAnswers {
    head: Hash,
    disputed: Option<(Hash, Hash)>,
    leaves: Vec<Hash>,
    passed_on: BTreeMap<Hash, usize>,
    authority: String,
}

fn read(log: &KeyLog) -> KeyLogAnswers {
    let (page, more) = log.page(&[], usize::MAX);
    assert!(!more);
    KeyLogAnswers {
        head: log.head(),
        disputed: log.disputed(),
        leaves: log.leaves(),
        passed_on: page.iter().map(|entry| (entry.name(), 1)).collect(),
        authority: format!("{:?}", log.authority()),
    }
}

/// Takes entries in as a node does: again and again in some order, until none is new.
fn taken_in(founded: &KeyLog, entries: &[SignedKeyLogEntry], rng: &mut StdRng) -> KeyLog {
    let mut log = founded.clone();
    loop {
        let mut order = entries.to_vec();
        order.shuffle(rng);
        let mut any = false;
        for entry in order {
            // One whose predecessor is not here is asked for again.
            any |= log.add(entry) == Ok(EntryOutcome::New);
        }
        if !any {
            return log;
        }
    }
}

/// Plays one universe in several orders; says whether the readings are one, and whether some order kept what another did not.
pub(crate) fn play(seed: u64) -> (bool, bool) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (founded, entries) = universe(&mut rng);
    let logs: Vec<KeyLog> = (0..6).map(|_| taken_in(&founded, &entries, &mut rng)).collect();
    let first = read(&logs[0]);
    let same = logs.iter().all(|log| {
        let again = KeyLog::read(log.signed()).unwrap();
        read(log) == first && read(&again) == first
    });
    let held: Vec<usize> = logs.iter().map(|log| log.signed().len()).collect();
    (same, held.iter().any(|count| *count != held[0]))
}

#[test]
fn rival_entries_of_a_key_log_end_the_same_in_any_order() {
    let mut displaced = 0;
    for seed in 0..60 {
        let (same, differ_in_what_is_stored) = play(seed);
        assert!(same, "seed {seed}: another order of arrival ends in another key log");
        displaced += usize::from(differ_in_what_is_stored);
    }
    assert!(
        displaced > 10,
        "hardly any entry was crowded out after it came: {displaced}"
    );
}
