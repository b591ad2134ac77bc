//! Real objects as long as they can be: what they cost is bounded too.

use protocol::{
    Hash, KeyLog, RootKeySet, SigningKey,
    key_log::{EntryBatchOutcome, ForkProof, Founding, KeyEnd, KeyLogAct, WriterKey, found},
    signed::encode,
};

use crate::{
    carried::{introduction, ticket},
    objects::{HostileObject, NOW, agency, key},
};

/// The longest key log that a root of this many holders, all of whom sign, can make.
pub(crate) fn longest_key_log(holders: u8) -> KeyLog {
    let holders: Vec<SigningKey> = (1..=holders).map(key).collect();
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://node.example".into(),
        root: RootKeySet::new(holders.len() as u8, holders.iter().map(SigningKey::public).collect()).unwrap(),
        next_root: Hash([0; 32]),
        writers: (1..=16).map(|seed| WriterKey::of_all(key(seed).public())).collect(),
        badge_keys: vec![],
    };
    let mut log = found(founding, &holders.iter().collect::<Vec<_>>(), NOW).unwrap();
    for place in 1..960_u32 {
        let badge = key(100 + (place % 128) as u8).public();
        let act = match place {
            1..128 => KeyLogAct::BadgeKeyAdded(badge),
            _ if place % 128 == 0 => KeyLogAct::BadgeKeyEnded {
                key: key(101).public(),
                end: KeyEnd::Retired,
            },
            _ => KeyLogAct::BadgeKeyEnded {
                key: badge,
                end: if place % 256 < 128 {
                    KeyEnd::Retired
                } else {
                    KeyEnd::Compromised
                },
            },
        };
        let mut entry = log.propose(act, NOW).unwrap();
        for holder in &holders {
            entry.sign(holder);
        }
        log.add(entry).unwrap();
    }
    log
}

/// Makes objects that are accepted, or would be if they were shorter.
pub(crate) fn long(log: &KeyLog) -> Vec<HostileObject> {
    let make = |what: &str, decoder, bytes| HostileObject {
        what: what.into(),
        decoder,
        bytes,
    };
    let (page, _) = log.page(&[], 512 * 1024);
    let proof = ForkProof {
        key_log: log.signed(),
        headers: vec![],
    };
    let tickets = vec![ticket().to_string(); 256];
    vec![
        make("the longest that a message holds", "key log", encode(&page)),
        make("with the longest key log", "fork proof", encode(&proof)),
        make("of 256 tickets", "introduction", introduction(&agency(), NOW, tickets)),
    ]
}

/// Takes a key log in as a node does, a lot after the other; gives how many lots it took.
pub(crate) fn lots(log: &KeyLog, most: usize) -> (KeyLog, usize) {
    let (page, _) = log.page(&[], usize::MAX);
    let (mut taken, mut more) = KeyLog::begin(page, most).unwrap();
    let mut lots = 1;
    while more {
        let (page, _) = log.page(&taken.leaves(), 512 * 1024);
        let lot: EntryBatchOutcome = taken.add_some(page, most);
        assert!(lot.any && lot.refused.is_none(), "{lot:?}");
        more = taken.leaves() != log.leaves();
        lots += 1;
    }
    (taken, lots)
}
