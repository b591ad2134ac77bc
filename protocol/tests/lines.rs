//! A writer's own envelopes make lines, whoever's envelopes stand between them.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use protocol::{
    DocumentRow, Envelope, Hash, KeyLog, RootKeySet, SigningKey,
    key_log::{Founding, WriterKey, found},
    log::{AgencyLog, AppendOutcome},
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, Timestamp};

const NOW: Timestamp = Timestamp(1_767_225_600_000);
const WRITERS: [u8; 2] = [10, 11];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

/// An agency with two writers.
fn agency() -> AgencyLog {
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://nc.example".into(),
        root: RootKeySet::single(key(1).public()),
        next_root: Hash([0; 32]),
        writers: WRITERS.map(|seed| WriterKey::of_all(key(seed).public())).to_vec(),
        badge_keys: vec![],
    };
    let first = found(founding, &[&key(1)], NOW).unwrap().signed();
    AgencyLog::new(KeyLog::read(first).unwrap())
}

/// An envelope that revokes the badge at an index.
fn sealed(log: &AgencyLog, writer: u8, next: (u32, Vec<Hash>), index: u32) -> Envelope {
    let put = status_list::revoke(0, index, StatusReason::Misconduct, NOW);
    let mut chance = StdRng::seed_from_u64(u64::from(index));
    Envelope::seal(&key(writer), log.key_log(), next, NOW, vec![put], &mut chance).unwrap()
}

fn keeps(log: &mut AgencyLog, envelope: &Envelope) {
    let keeping = log.append(envelope.clone()).unwrap();
    assert!(matches!(keeping, AppendOutcome::Kept { .. }), "{keeping:?}");
}

/// Two stores that write in turns name each other's envelopes as parents, never their own.
#[test]
fn writers_that_take_turns_have_one_line_each() {
    let mut log = agency();
    for turn in 0..64 {
        for writer in WRITERS {
            let next = log.next_for(&key(writer).public());
            assert_eq!(next.0, turn, "the number of the writer's next envelope");
            let envelope = sealed(&log, writer, next, turn * 2 + u32::from(writer - WRITERS[0]));
            keeps(&mut log, &envelope);
        }
    }
    assert_eq!(log.usage().branches, WRITERS.len() as u64);
    assert_eq!(log.count_forks(), 0);
    assert_eq!(rows(&log).len(), 128);
}

/// All rows in one order: as they were built, which are those that the parents alone make.
fn rows(log: &AgencyLog) -> Vec<DocumentRow> {
    let [mut built, mut folded] = [log.rows().unwrap(), log.fold_without_automerge().unwrap()];
    built.sort();
    folded.sort();
    assert!(built == folded, "the rows differ from those that the parents make");
    built
}

/// A number is one more than the highest among all ancestors, though the own parent has a lower one: another writer's
/// envelope stands on the longer line.
#[test]
fn a_number_counts_the_longest_line_whatever_came_first() {
    let [one, other] = WRITERS;
    let scratch = agency();
    let make = |writer, next, index| sealed(&scratch, writer, next, index);
    let long = make(one, (0, vec![]), 0);
    let longer = make(one, (1, vec![long.hash()]), 1);
    let short = make(one, (0, vec![]), 2);
    let above = make(other, (0, vec![longer.hash()]), 3);
    let mut parents = vec![short.hash(), above.hash()];
    parents.sort_unstable();
    let joins = make(one, (2, parents), 4);
    let after = make(one, (3, vec![joins.hash()]), 5);
    let beside = make(one, (1, vec![short.hash()]), 6);
    let orders: [[&Envelope; 7]; 3] = [
        [&long, &longer, &short, &above, &joins, &after, &beside],
        [&short, &beside, &long, &longer, &above, &joins, &after],
        [&short, &long, &longer, &above, &joins, &beside, &after],
    ];
    let logs = orders.map(|order| {
        let mut log = agency();
        for envelope in order {
            keeps(&mut log, envelope);
        }
        assert!(log.count_forks() > 0);
        (log.heads(), rows(&log), log.forks().collect::<Vec<_>>())
    });
    assert!(logs.iter().all(|log| *log == logs[0]), "the order of arrival matters");
}
