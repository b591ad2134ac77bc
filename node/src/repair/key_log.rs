//! The judgment of an agency's own key log: what of it the store holds soundly, and what of it others offer. **Pure.**
//!
//! The configuration pins the first entry, and its root signed each later one, so a key log is believed whoever gives it.

use std::collections::BTreeSet;

use protocol::{Hash, KeyLog, SignedEnvelope, UnverifiedStatement, key_log::SignedKeyLogEntry};

use agency::root;
use storage::from_cbor;

/// Most entries that a damaged row is believed to name: no sound one has more.
const MOST_ENTRIES: u64 = 2048;

/// The own key log as the store has it.
#[derive(Debug, Default)]
pub(super) struct StoredKeyLog {
    /// The entries that verify, from the first on.
    pub(super) sound: Option<KeyLog>,
    /// The number of entries that its row names, as far as it can be read.
    pub(super) named: usize,
    /// The damage to it, if there is any.
    pub(super) damage: Option<String>,
}

/// A key log that somebody offers.
#[derive(Debug)]
pub(super) struct OfferedKeyLog {
    /// The file, or the address.
    pub(super) from: String,
    /// The key log.
    pub(super) log: KeyLog,
}

/// The reason that no key log was put back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyLogRestoreError {
    /// It is another agency's.
    #[error(
        "`{from}` holds the key log of `{agency}` with the fingerprint {fingerprint}, and this node's agency has {own}: name this \
         agency's; nothing was changed"
    )]
    OfAnother {
        from: String,
        agency: String,
        fingerprint: String,
        own: String,
    },
    /// It lacks what is sound in the store.
    #[error(
        "`{from}` has {entries} of the {sound} entries of the key log that are sound in the store: name a newer one; nothing was \
         changed"
    )]
    Shorter { from: String, entries: usize, sound: usize },
    /// Together they hold two entries at one place.
    #[error(
        "the root of this agency signed two histories: the entries {one} and {other} stand at one place, and neither counts. Rotate \
         the root with the key log in `{file}` (`comityd root rotate`), and give the entry that it writes with `--key-log`; if one of \
         them is of a file with an entry that was never applied, leave that file out. The store was not changed"
    )]
    Disputed { one: Hash, other: Hash, file: String },
    /// Nobody has it.
    #[error(
        "the store's own key log is damaged, and nobody gave another ({}): name a peer whose node runs (`--from \
         https://comity.peer.example.gov`; a private authority's certificates with `--roots FILE`), or a file of `comity key export` \
         or of a root's ceremony (`--key-log FILE`), or put a backup in the store's place{}; nothing was changed",
        why.join("; "),
        sound.map(|sound| format!(", or take the entries that are sound in it, which are {sound}, with `--accept-shorter`"))
            .unwrap_or_default()
    )]
    Nobody { why: Vec<String>, sound: Option<usize> },
    /// Entries are missing that were here.
    #[error(
        "the key log that was found has {found} entries, and the store {lacks}: name another peer (`--from URL`) or the file of the \
         last root's ceremony (`--key-log FILE`); if nobody has more, `--accept-shorter` takes it as it is, and what its \
         missing entries let be written is lost here; nothing was changed"
    )]
    Incomplete { found: usize, lacks: String },
}

/// Reads rows of key logs, the agency that each is filed under and its entries' bytes, for what of `home`'s they hold.
pub(super) fn stored(home: Hash, rows: &[(Vec<u8>, Vec<u8>)]) -> StoredKeyLog {
    let mut stored = StoredKeyLog {
        damage: Some("it is not there".into()),
        ..StoredKeyLog::default()
    };
    for (agency, bytes) in rows {
        let is_filed_here = agency.as_slice() == home.0;
        let whole: Result<Vec<SignedKeyLogEntry>, _> = from_cbor(bytes);
        let whole = whole.map_err(|error| error.to_string());
        let whole = whole.and_then(|entries| KeyLog::read(entries).map_err(|error| error.to_string()));
        if is_filed_here {
            stored.damage = match &whole {
                Ok(log) if log.genesis() == home => None,
                Ok(_) => Some("another agency's is in its place".into()),
                Err(why) => Some(why.clone()),
            };
        }
        let (entries, named) = readable(bytes);
        let sound = whole.ok().or_else(|| sound_part(entries));
        if let Some(log) = sound.filter(|log| log.genesis() == home) {
            stored.sound = Some(match stored.sound.take() {
                Some(before) => joined(before, &log),
                None => log,
            });
        } else if !is_filed_here {
            continue;
        }
        stored.named = stored.named.max(named);
    }
    stored
}

/// The entries at the beginning of a row that can be read, and how many it says there are.
fn readable(bytes: &[u8]) -> (Vec<SignedKeyLogEntry>, usize) {
    let mut decoder = minicbor::Decoder::new(bytes);
    let named = decoder.array().ok().flatten();
    let named = named.filter(|named| *named <= MOST_ENTRIES).unwrap_or_default();
    let entries: Vec<SignedKeyLogEntry> = (0..named).map_while(|_| decoder.decode().ok()).collect();
    (entries, usize::try_from(named).unwrap_or_default())
}

/// The entries that verify, without those that do not and what follows them.
fn sound_part(entries: Vec<SignedKeyLogEntry>) -> Option<KeyLog> {
    let mut entries = entries.into_iter();
    let mut log = KeyLog::read(vec![entries.next()?]).ok()?;
    for entry in entries {
        // One that is refused is the damage.
        let _ = log.add(entry);
    }
    Some(log)
}

/// Both, as one.
fn joined(mut log: KeyLog, other: &KeyLog) -> KeyLog {
    for entry in other.signed() {
        // Both begin with the same entry, and each verified: none is refused but where too many rivals are here.
        let _ = log.add(entry);
    }
    log
}

/// Reads a key log from a file: of `comity key export`, or with an entry that its root signed.
///
/// # Errors
/// If there is none in it, or it is not what its root signed.
pub(super) fn from_file(text: &str) -> anyhow::Result<KeyLog> {
    let mut log = root::key_log_from_text(text)?;
    if root::holds_entry(text) {
        let entry = root::entry_from_text(text)?;
        // One that nobody signed yet is a proposal.
        if entry.signers().next().is_some() {
            log.add(entry)?;
        }
    }
    Ok(log)
}

/// Refuses what somebody named for the key log and that cannot be it.
pub(super) fn may_be(home: Hash, stored: &StoredKeyLog, offered: &OfferedKeyLog) -> Result<(), KeyLogRestoreError> {
    let OfferedKeyLog { from, log } = offered;
    if log.genesis() != home {
        return Err(KeyLogRestoreError::OfAnother {
            from: from.clone(),
            agency: log.founding().agency.to_string(),
            fingerprint: log.genesis().fingerprint(),
            own: home.fingerprint(),
        });
    }
    let both = stored.sound.clone().map(|sound| joined(sound, log));
    if both.is_some_and(|both| both.disputed().is_some()) {
        // It has not less, but something else: of that [`choose`] tells.
        return Ok(());
    }
    let sound = stored.sound.as_ref().map(KeyLog::signed).unwrap_or_default();
    let entries = sound.iter().filter(|entry| log.holds(&entry.name())).count();
    if entries < sound.len() {
        return Err(KeyLogRestoreError::Shorter {
            from: from.clone(),
            entries,
            sound: sound.len(),
        });
    }
    Ok(())
}

/// The key log that is put back: everything that is sound of it, in the store and in what was offered. `why` tells what
/// those who were asked said that offered nothing.
pub(super) fn choose(
    stored: &StoredKeyLog,
    offered: &[OfferedKeyLog],
    why: Vec<String>,
    disputed_file: &str,
    accepts_shorter: bool,
) -> Result<KeyLog, KeyLogRestoreError> {
    let longest = offered.iter().max_by_key(|offered| offered.log.signed().len());
    let chosen = match (longest, &stored.sound) {
        (Some(longest), _) => longest.log.clone(),
        // Whole under another name, or undamaged, or as much as there is.
        (None, Some(sound)) if accepts_shorter || sound.signed().len() >= stored.named => sound.clone(),
        (None, sound) => {
            let sound = sound.as_ref().map(|sound| sound.signed().len());
            return Err(KeyLogRestoreError::Nobody { why, sound });
        }
    };
    let others = offered.iter().map(|offered| &offered.log).chain(&stored.sound);
    let chosen = others.fold(chosen, joined);
    if let Some((one, other)) = chosen.disputed() {
        return Err(KeyLogRestoreError::Disputed {
            one,
            other,
            file: disputed_file.to_owned(),
        });
    }
    Ok(chosen)
}

/// Everything that is sound, in dispute or not: for the ceremony that ends the dispute.
pub(super) fn everything(stored: &StoredKeyLog, offered: &[OfferedKeyLog]) -> Option<KeyLog> {
    let mut all = offered.iter().map(|offered| &offered.log).chain(&stored.sound);
    let first = all.next()?.clone();
    Some(all.fold(first, joined))
}

/// Refuses a key log that lacks entries which were here: its damaged row names more, or the agency's own envelopes name one
/// that it does not have.
pub(super) fn is_complete(
    stored: &StoredKeyLog,
    log: &KeyLog,
    missing: &BTreeSet<Hash>,
) -> Result<(), KeyLogRestoreError> {
    let found = log.signed().len();
    let lacks = match missing.first() {
        Some(entry) => format!("holds envelopes that name {} others, among them {entry}", missing.len()),
        None if found < stored.named => format!("once had {}", stored.named),
        None => return Ok(()),
    };
    Err(KeyLogRestoreError::Incomplete { found, lacks })
}

/// The entry that an envelope names and that the key log does not have.
pub(super) fn entry_missing_for(bytes: &[u8], log: &KeyLog) -> Option<Hash> {
    let signed: SignedEnvelope = from_cbor(bytes).ok()?;
    match signed.verify(log) {
        Err(UnverifiedStatement::KeyLog(entry)) => Some(entry),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        RootKeySet, SigningKey,
        key_log::{Founding, KeyLogAct, WriterKey, found},
        signed::encode,
    };
    use registry_schema::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    /// Of this root, with so many entries after the first, each of which adds a writer from `first_writer` on.
    fn log(root: u8, more: u8, first_writer: u8) -> KeyLog {
        let founding = Founding {
            agency: "US-NC".parse().unwrap(),
            name: "North Carolina".into(),
            url: "https://nc.example".into(),
            root: RootKeySet::single(key(root).public()),
            next_root: RootKeySet::single(key(root + 1).public()).commitment(),
            writers: vec![WriterKey::of_all(key(10).public())],
            badge_keys: vec![],
        };
        let mut log = found(founding, &[&key(root)], NOW).unwrap();
        for writer in first_writer..first_writer + more {
            let act = KeyLogAct::WriterAdded(WriterKey::of_all(key(writer).public()));
            let mut entry = log.propose(act, NOW).unwrap();
            entry.sign(&key(root));
            log.add(entry).unwrap();
        }
        log
    }

    fn rows(filed_under: Hash, log: &KeyLog) -> Vec<(Vec<u8>, Vec<u8>)> {
        vec![(filed_under.0.to_vec(), encode(&log.signed()))]
    }

    fn offered(log: KeyLog) -> OfferedKeyLog {
        OfferedKeyLog {
            from: "peer".into(),
            log,
        }
    }

    #[test]
    fn whichever_byte_of_the_row_is_damaged_what_is_sound_before_it_is_kept_and_the_rest_is_missed() {
        let log = log(1, 2, 20);
        let home = log.genesis();
        assert!(stored(home, &rows(home, &log)).damage.is_none());
        let whole = encode(&log.signed());
        for at in 0..whole.len() {
            let mut row = whole.clone();
            row[at] ^= 0x41;
            let stored = stored(home, &[(home.0.to_vec(), row)]);
            assert!(stored.damage.is_some(), "byte {at}");
            let sound = stored.sound.as_ref().map_or(0, |sound| sound.signed().len());
            assert!(sound < 3, "byte {at}");
            assert!(at == 0 || stored.named == 3, "byte {at}");
            let put = choose(&stored, &[offered(log.clone())], vec![], "", false).unwrap();
            assert_eq!(encode(&put.signed()), whole, "byte {at}");
        }
    }

    #[test]
    fn a_key_log_that_is_whole_under_another_name_needs_nobody() {
        let log = log(1, 1, 20);
        let stored = stored(log.genesis(), &rows(Hash([7; 32]), &log));
        assert!(stored.damage.is_some());
        let put = choose(&stored, &[], vec![], "", false).unwrap();
        assert_eq!(encode(&put.signed()), encode(&log.signed()));
        assert!(is_complete(&stored, &put, &BTreeSet::new()).is_ok());
    }

    #[test]
    fn the_key_log_of_another_agency_or_a_shorter_one_is_refused() {
        let long = log(1, 2, 20);
        let home = long.genesis();
        let sound = stored(home, &rows(home, &long));
        let other = may_be(home, &sound, &offered(log(5, 0, 20)));
        assert!(matches!(other, Err(KeyLogRestoreError::OfAnother { .. })), "{other:?}");
        let short = may_be(home, &sound, &offered(log(1, 1, 20)));
        assert!(
            matches!(
                short,
                Err(KeyLogRestoreError::Shorter {
                    entries: 2,
                    sound: 3,
                    ..
                })
            ),
            "{short:?}"
        );
        assert!(may_be(home, &sound, &offered(long)).is_ok());
    }

    #[test]
    fn a_key_log_shorter_than_it_was_is_incomplete_and_so_is_one_that_envelopes_go_beyond() {
        let (long, short) = (log(1, 2, 20), log(1, 1, 20));
        let home = long.genesis();
        let mut row = encode(&long.signed());
        *row.last_mut().unwrap() ^= 1;
        let damaged = stored(home, &[(home.0.to_vec(), row)]);
        let put = choose(&damaged, &[offered(short)], vec![], "", false).unwrap();
        let incomplete = is_complete(&damaged, &put, &BTreeSet::new());
        assert!(
            matches!(incomplete, Err(KeyLogRestoreError::Incomplete { found: 2, .. })),
            "{incomplete:?}"
        );
        let lost = StoredKeyLog::default();
        assert!(is_complete(&lost, &put, &BTreeSet::new()).is_ok());
        let named = is_complete(&lost, &put, &BTreeSet::from([long.head()]));
        assert!(named.unwrap_err().to_string().contains(&long.head().to_string()));
    }

    #[test]
    fn what_is_sound_in_the_store_is_taken_alone_only_if_somebody_says_so() {
        let log = log(1, 2, 20);
        let mut row = encode(&log.signed());
        *row.last_mut().unwrap() ^= 1;
        let damaged = stored(log.genesis(), &[(log.genesis().0.to_vec(), row)]);
        let refused = choose(&damaged, &[], vec![], "", false).unwrap_err().to_string();
        assert!(refused.contains("which are 2, with `--accept-shorter`"), "{refused}");
        let put = choose(&damaged, &[], vec![], "", true).unwrap();
        assert_eq!(put.signed().len(), 2);
    }

    #[test]
    fn two_histories_of_the_root_are_refused_and_a_rotation_ends_that() {
        let (one, other) = (log(1, 1, 20), log(1, 1, 30));
        let nothing = StoredKeyLog::default();
        let offers = [offered(one.clone()), offered(other)];
        let refused = choose(&nothing, &offers, vec![], "disputed.key-log", false);
        assert!(
            matches!(refused, Err(KeyLogRestoreError::Disputed { .. })),
            "{refused:?}"
        );
        let all = everything(&nothing, &offers).unwrap();
        let next = RootKeySet::single(key(3).public());
        let entry = root::rotate(&all, &[key(2)], 1, &next, NOW).unwrap();
        let file = from_file(&root::entry_to_text(&entry, &all).unwrap()).unwrap();
        let put = choose(&nothing, &[offered(file)], vec![], "", false).unwrap();
        assert_eq!(put.head(), entry.name());
    }

    #[test]
    fn without_anybody_to_ask_it_says_whom_to_name() {
        let refused = choose(
            &StoredKeyLog::default(),
            &[],
            vec!["`https://a`: silent".into()],
            "",
            false,
        );
        let said = refused.unwrap_err().to_string();
        for words in ["https://a", "--from", "--key-log", "backup", "nothing was changed"] {
            assert!(said.contains(words), "{said}");
        }
    }
}
