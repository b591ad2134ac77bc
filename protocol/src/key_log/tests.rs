use super::*;
use crate::cosigned::RootKeySet;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

/// Root 1, next root 2, writer 10.
fn log() -> KeyLog {
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://nc.example".into(),
        root: RootKeySet::single(key(1).public()),
        next_root: RootKeySet::single(key(2).public()).commitment(),
        writers: vec![WriterKey::of_all(key(10).public())],
        badge_keys: vec![],
    };
    found(founding, &[&key(1)], NOW).unwrap()
}

fn add_writer(seed: u8) -> KeyLogAct {
    KeyLogAct::WriterAdded(WriterKey::of_all(key(seed).public()))
}

fn rotate(to: u8, next: u8) -> KeyLogAct {
    KeyLogAct::RootRotated {
        root: RootKeySet::single(key(to).public()),
        next_root: RootKeySet::single(key(next).public()).commitment(),
    }
}

fn entry(log: &KeyLog, act: KeyLogAct, signer: u8) -> SignedKeyLogEntry {
    let mut entry = log.propose(act, NOW).unwrap();
    entry.sign(&key(signer));
    entry
}

#[test]
fn the_root_adds_and_ends_writers() {
    let mut log = log();
    assert_eq!(log.add(entry(&log, add_writer(11), 1)), Ok(EntryOutcome::New));
    assert_eq!(log.writers().len(), 2);
    let end = KeyLogAct::WriterEnded {
        key: key(10).public(),
        last: vec![],
        end: KeyEnd::Retired,
    };
    log.add(entry(&log, end, 1)).unwrap();
    assert_eq!(log.writers(), vec![key(11).public()]);
    assert_eq!(KeyLog::read(log.signed()).unwrap().head(), log.head());
}

#[test]
fn nobody_else_adds_an_entry() {
    let mut log = log();
    assert_eq!(
        log.add(entry(&log, add_writer(11), 9)),
        Err(InvalidStatement::Authority)
    );
    assert_eq!(
        log.add(entry(&log, add_writer(11), 10)),
        Err(InvalidStatement::Authority)
    );
    // The next root's turn comes with its rotation, not before.
    assert_eq!(
        log.add(entry(&log, add_writer(11), 2)),
        Err(InvalidStatement::Authority)
    );
    assert_eq!(log.writers().len(), 1);
}

#[test]
fn only_the_root_that_was_committed_to_can_take_over() {
    let mut log = log();
    assert!(log.propose(rotate(3, 4), NOW).is_err());
    let rotation = entry(&log, rotate(2, 3), 1);
    assert_eq!(
        log.add(rotation),
        Err(InvalidStatement::Authority),
        "the old root signs it"
    );
    log.add(entry(&log, rotate(2, 3), 2)).unwrap();
    assert_eq!(
        log.add(entry(&log, add_writer(11), 1)),
        Err(InvalidStatement::Authority)
    );
    log.add(entry(&log, add_writer(11), 2)).unwrap();
}

#[test]
fn a_rotation_beats_what_a_thief_of_the_root_wrote() {
    let mut log = log();
    let before = log.clone();
    let end = KeyLogAct::WriterEnded {
        key: key(10).public(),
        last: vec![],
        end: KeyEnd::Compromised,
    };
    log.add(entry(&log, end, 1)).unwrap();
    log.add(entry(&log, add_writer(66), 1)).unwrap();
    assert_eq!(log.writers(), vec![key(66).public()]);
    log.add(entry(&before, rotate(2, 3), 2)).unwrap();
    assert_eq!(log.writers(), vec![key(10).public()], "what the thief did is undone");
    assert_eq!(log.disputed(), None);
}

#[test]
fn two_entries_at_one_place_end_the_log_before_them_in_any_order() {
    let before = log();
    let (one, other) = (entry(&before, add_writer(11), 1), entry(&before, add_writer(12), 1));
    let mut heads = Vec::new();
    for pair in [[one.clone(), other.clone()], [other, one]] {
        let mut log = before.clone();
        for entry in pair {
            log.add(entry).unwrap();
        }
        assert!(log.disputed().is_some());
        assert_eq!(log.writers(), vec![key(10).public()]);
        heads.push((log.head(), log.disputed()));
        // The way out is the next root's.
        log.add(entry(&before, rotate(2, 3), 2)).unwrap();
        assert_eq!(log.disputed(), None);
    }
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn a_page_brings_what_the_other_side_lacks() {
    let mut log = log();
    let old = log.clone();
    for writer in 11..40 {
        log.add(entry(&log, add_writer(writer), 1)).unwrap();
    }
    let mut theirs = old;
    loop {
        let (page, more) = log.page(&theirs.leaves(), 1_000);
        for entry in page {
            theirs.add(entry).unwrap();
        }
        if !more {
            break;
        }
    }
    assert_eq!(theirs.head(), log.head());
}

#[test]
fn an_entry_out_of_place_is_refused() {
    let mut log = log();
    let next = entry(&log, add_writer(11), 1);
    let mut ahead = log.clone();
    ahead.add(next).unwrap();
    let orphan = entry(&ahead, add_writer(12), 1);
    assert!(log.add(orphan).is_err());
    assert!(ahead.propose(add_writer(11), NOW).is_err(), "a key is added once");
}

#[test]
fn a_root_of_several_holders_signs_together() {
    let holders = [key(1), key(2), key(3)];
    let root = RootKeySet::new(2, holders.iter().map(SigningKey::public).collect()).unwrap();
    let founding = Founding {
        root,
        ..log().founding().clone()
    };
    assert!(found(founding.clone(), &[&holders[0]], NOW).is_err());
    let mut log = found(founding, &[&holders[0], &holders[2]], NOW).unwrap();
    assert_eq!(
        log.add(entry(&log, add_writer(11), 1)),
        Err(InvalidStatement::Authority)
    );
    let mut both = entry(&log, add_writer(11), 1);
    both.sign(&holders[1]);
    assert_eq!(log.add(both), Ok(EntryOutcome::New));
}

#[test]
fn a_path_holds_what_proves_an_entry_and_nothing_else() {
    let mut log = log();
    let (one, other) = (entry(&log, add_writer(11), 1), entry(&log, add_writer(12), 1));
    log.add(one.clone()).unwrap();
    let after = entry(&log, add_writer(13), 1);
    log.add(after.clone()).unwrap();
    log.add(other).unwrap();
    let path = log.path_to(&[after.name()]);
    let names: Vec<Hash> = path.iter().map(SignedKeyLogEntry::name).collect();
    assert_eq!(names, [log.genesis(), one.name(), after.name()]);
    let proven = KeyLog::read(path).unwrap();
    assert_eq!(proven.names_writer(&after.name(), &key(13).public()), Some(true));
    assert!(log.path_to(&[Hash([9; 32])]).is_empty());
}
