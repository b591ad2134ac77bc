//! An agency's identity and keys: a hash-chained sequence of entries signed by its root.
//!
//! An agency *is* the hash of its first entry, its genesis. The name in it (`US-NC`) is what each node pins to that
//! hash. The log is **no CRDT**: at each place one entry counts. Rotation of the root, which needs the key that was
//! committed to beforehand, beats any other entry at its place; two others at one place are proof that somebody signs
//! two histories, and the log ends before them. All of them are kept and passed on, so that every node sees the same.

mod act;
mod address;
mod authority;
mod fork_proof;
mod rivals;

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::Timestamp;

pub use act::{Founding, KeyEnd, KeyLogAct, KeyLogEntry, WriterKey, WriterScope};
pub use address::check_address;
pub use authority::{KeyAuthority, WriterRights, WriterTerm};
pub use fork_proof::ForkProof;

use crate::{
    cosigned::Cosigned,
    signed::{Hash, InvalidStatement, PublicKey, SigningKey, Verified},
};

/// Most writer keys, and most badge keys, that one agency ever names.
pub const MAX_KEYS: usize = 128;
/// Most places of a key log. The last 64 are for rotations of the root, so that a thief of the root key who fills the
/// log cannot keep its owner from ending the theft.
pub const MAX_PLACES: u32 = 1024;
const PLACES_FOR_ROTATIONS: u32 = 64;
/// Most entries of one sort, rotations or others, that are passed on after the same entry: those with the smallest names.
const MAX_RIVALS: usize = 4;
/// Most entries of one sort that are kept in all.
const MAX_HELD: usize = 1100;
/// Most signatures that are looked at for one message. What a longer key log has beyond them is asked for again, so that no
/// single message costs more than some 15 ms.
pub const MAX_CHECKS: usize = 192;

/// A key-log entry as it travels.
pub type SignedKeyLogEntry = Cosigned<KeyLogEntry>;

/// A key log as far as it is known, from the first entry on, with every entry that contradicts another.
#[derive(Clone, Debug)]
pub struct KeyLog {
    genesis: Hash,
    founding: Founding,
    held: BTreeMap<Hash, KeyLogRecord>,
    /// All entries, each after the one before it.
    order: Vec<Hash>,
    /// The entries that are passed on and can count: all but those that rivals crowded out, and what follows them.
    shown: BTreeSet<Hash>,
    /// The last entry that counts.
    head: Hash,
    /// The authority after it.
    authority: KeyAuthority,
    disputed: Option<(Hash, Hash)>,
}

#[derive(Clone, Debug)]
struct KeyLogRecord {
    entry: Verified<KeyLogEntry, SignedKeyLogEntry>,
    /// The authority after it.
    authority: KeyAuthority,
    /// The entries after it, sorted by name.
    after: Vec<Hash>,
}

/// The outcome of adding an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryOutcome {
    /// It is in the log now.
    New,
    /// It was in the log before.
    Known,
    /// As many entries with smaller names stand at its place as are passed on, or as many entries are here as are kept.
    Crowded,
}

/// The outcome of adding several entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryBatchOutcome {
    /// True if one of them is new.
    pub any: bool,
    /// The reason of the first refusal; the entries after that one were not looked at.
    pub refused: Option<InvalidStatement>,
    /// True if some were not looked at because the others had as many signatures as are looked at in one go.
    pub more: bool,
}

impl KeyLog {
    /// Reads a whole key log: each entry after the one before it.
    ///
    /// # Errors
    /// [`InvalidStatement`], if an entry is not what its place demands.
    pub fn read(entries: Vec<SignedKeyLogEntry>) -> Result<Self, InvalidStatement> {
        let (log, _) = Self::begin(entries, usize::MAX)?;
        Ok(log)
    }

    /// Reads the first entries of a key log: at least one, and no more once this many signatures were looked at. Says
    /// whether some are left.
    ///
    /// # Errors
    /// [`InvalidStatement`], if an entry is not what its place demands.
    pub fn begin(entries: Vec<SignedKeyLogEntry>, most: usize) -> Result<(Self, bool), InvalidStatement> {
        let mut entries = entries.into_iter();
        let first = entries
            .next()
            .ok_or(InvalidStatement::Rule("a key log has at least one entry"))?;
        let checked = first.signers().count();
        let first = first.verify(|entry| match &entry.act {
            KeyLogAct::Founded(founding) => Some(founding.root.clone()),
            _ => None,
        })?;
        let entry = first.get();
        let KeyLogAct::Founded(founding) = entry.act.clone() else {
            return Err(InvalidStatement::Rule("a key log begins with a founding"));
        };
        if entry.version != 1 || entry.position != 0 || entry.previous.is_some() {
            return Err(InvalidStatement::Rule(
                "the first entry stands at place 0 and follows none",
            ));
        }
        let authority = KeyAuthority::founded(&founding)?;
        let genesis = first.hash();
        let held = KeyLogRecord {
            entry: first,
            authority: authority.clone(),
            after: vec![],
        };
        let mut log = Self {
            genesis,
            founding,
            held: BTreeMap::from([(genesis, held)]),
            order: vec![genesis],
            shown: BTreeSet::from([genesis]),
            head: genesis,
            authority,
            disputed: None,
        };
        let lot = log.add_some(entries, most.saturating_sub(checked));
        lot.refused.map_or(Ok((log, lot.more)), Err)
    }

    /// Adds an entry whose predecessor is here.
    ///
    /// # Errors
    /// [`InvalidStatement`], if it is not what its place demands.
    pub fn add(&mut self, entry: SignedKeyLogEntry) -> Result<EntryOutcome, InvalidStatement> {
        let added = self.put(entry);
        if added == Ok(EntryOutcome::New) {
            self.settle();
        }
        added
    }

    /// Adds entries, each after the one before it, until so many signatures were looked at.
    pub fn add_some(&mut self, entries: impl IntoIterator<Item = SignedKeyLogEntry>, most: usize) -> EntryBatchOutcome {
        let mut lot = EntryBatchOutcome::default();
        let mut checked = 0;
        for entry in entries {
            if checked >= most {
                lot.more = true;
                break;
            }
            let signatures = entry.signers().count();
            match self.put(entry) {
                Ok(EntryOutcome::New) => {
                    lot.any = true;
                    checked += signatures;
                }
                Ok(EntryOutcome::Known | EntryOutcome::Crowded) => {}
                Err(refused) => {
                    lot.refused = Some(refused);
                    break;
                }
            }
        }
        if lot.any {
            self.settle();
        }
        lot
    }

    fn put(&mut self, entry: SignedKeyLogEntry) -> Result<EntryOutcome, InvalidStatement> {
        let name = entry.name();
        if self.held.contains_key(&name) {
            return Ok(EntryOutcome::Known);
        }
        let claim = entry.claim()?;
        let previous = claim
            .previous
            .ok_or(InvalidStatement::Rule("only the first entry follows none"))?;
        let before = self
            .held
            .get(&previous)
            .ok_or(InvalidStatement::Rule("an entry comes after the one before it"))?;
        // Before its signatures are looked at: who floods a place pays more than who refuses it.
        if self.is_crowded(before, &name, claim.act.is_rotation()) {
            return Ok(EntryOutcome::Crowded);
        }
        let place = before.entry.get().position + 1;
        let entry = entry.verify(|entry| before.authority.signs(&entry.act))?;
        if entry.get().version != 1 || entry.get().position != place {
            return Err(InvalidStatement::Rule(
                "an entry stands at the place after the one before it",
            ));
        }
        let places = if entry.get().act.is_rotation() {
            MAX_PLACES
        } else {
            MAX_PLACES - PLACES_FOR_ROTATIONS
        };
        if place >= places {
            return Err(InvalidStatement::Rule(
                "a key log has at most 1,024 entries, of which the last 64 are rotations",
            ));
        }
        let authority = before.authority.after(&entry.get().act)?;
        if let Some(before) = self.held.get_mut(&previous) {
            let at = before.after.partition_point(|other| *other < name);
            before.after.insert(at, name);
        }
        self.held.insert(
            name,
            KeyLogRecord {
                entry,
                authority,
                after: vec![],
            },
        );
        self.order.push(name);
        self.shown.insert(name);
        Ok(EntryOutcome::New)
    }

    /// The agency: the hash of the first entry.
    #[must_use]
    pub const fn genesis(&self) -> Hash {
        self.genesis
    }

    /// The hash of the last entry that counts.
    #[must_use]
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// The founding: the agency's own word on who it is.
    #[must_use]
    pub const fn founding(&self) -> &Founding {
        &self.founding
    }

    /// Two entries at one place, of which neither counts: somebody with the root's keys signs two histories.
    #[must_use]
    pub const fn disputed(&self) -> Option<(Hash, Hash)> {
        self.disputed
    }

    /// Returns true if this entry is here, counting or not.
    #[must_use]
    pub fn holds(&self, entry: &Hash) -> bool {
        self.held.contains_key(entry)
    }

    /// The authority as of the last entry that counts.
    #[must_use]
    pub const fn authority(&self) -> &KeyAuthority {
        &self.authority
    }

    /// Returns true if some entry that is here, counting or not, lets this key write to this document.
    pub(crate) fn ever_lets_write(&self, key: &PublicKey, document: &crate::DocumentId) -> bool {
        let lets = |held: &KeyLogRecord| {
            let writer = held.authority.writer(key);
            writer.is_some_and(|writer| writer.terms.iter().any(|term| term.scope.holds(document)))
        };
        self.held.values().any(lets)
    }

    /// Tells whether the log up to `entry` names this writer key, ended or not. None, if that entry is not here.
    #[must_use]
    pub fn names_writer(&self, entry: &Hash, key: &PublicKey) -> Option<bool> {
        let held = self.held.get(entry)?;
        Some(held.authority.writer(key).is_some())
    }

    /// The writer keys that have not ended.
    #[must_use]
    pub fn writers(&self) -> Vec<PublicKey> {
        self.authority().live_writers().map(|(key, _)| *key).collect()
    }

    /// At which place of the chain this writer key was added.
    #[must_use]
    pub fn added(&self, key: &PublicKey) -> Option<u32> {
        let adds = |entry: &&&Verified<KeyLogEntry, SignedKeyLogEntry>| match &entry.get().act {
            KeyLogAct::Founded(founding) => founding.writers.iter().any(|writer| writer.key == *key),
            KeyLogAct::WriterAdded(writer) => writer.key == *key,
            _ => false,
        };
        self.chain().iter().find(adds).map(|entry| entry.get().position)
    }

    /// The entries that are passed on and that no other follows, sorted: what a peer needs to know to tell what is missing
    /// here.
    #[must_use]
    pub fn leaves(&self) -> Vec<Hash> {
        let is_last = |hash: &&Hash| {
            let held = self.held.get(hash);
            held.is_some_and(|held| !held.after.iter().any(|after| self.shown.contains(after)))
        };
        self.shown.iter().filter(is_last).copied().collect()
    }

    /// These entries, as far as they are here, and all before them.
    fn up_to(&self, entries: &[Hash]) -> BTreeSet<Hash> {
        let mut known = BTreeSet::new();
        for entry in entries {
            let mut at = Some(*entry);
            while let Some(held) = at.and_then(|hash| self.held.get(&hash)) {
                if !known.insert(held.entry.hash()) {
                    break;
                }
                at = held.entry.get().previous;
            }
        }
        known
    }

    /// These entries and all before them, as they came: what proves the keys that they name.
    #[must_use]
    pub fn path_to(&self, entries: &[Hash]) -> Vec<SignedKeyLogEntry> {
        let path = self.up_to(entries);
        let held = self.order.iter().filter(|hash| path.contains(*hash));
        let held = held.filter_map(|hash| self.held.get(hash));
        held.map(|held| held.entry.signed().clone()).collect()
    }

    /// All entries that are passed on, each after the one before it, that are neither `have` nor before one of them; up to so
    /// many bytes, and whether there are more.
    #[must_use]
    pub fn page(&self, have: &[Hash], max_bytes: usize) -> (Vec<SignedKeyLogEntry>, bool) {
        let known = self.up_to(have);
        let mut bytes = 0;
        let mut page = Vec::new();
        let due = self.order.iter().filter(|hash| self.shown.contains(hash));
        for held in due.filter(|hash| !known.contains(*hash)) {
            let Some(held) = self.held.get(held) else { continue };
            bytes += crate::signed::encode(held.entry.signed()).len();
            if bytes > max_bytes && !page.is_empty() {
                return (page, true);
            }
            page.push(held.entry.signed().clone());
        }
        (page, false)
    }

    /// All entries as they came, to be stored: those that were crowded out too, for kept envelopes may name them.
    #[must_use]
    pub fn signed(&self) -> Vec<SignedKeyLogEntry> {
        let held = self.order.iter().filter_map(|hash| self.held.get(hash));
        held.map(|held| held.entry.signed().clone()).collect()
    }

    /// The entries that count, from the first on.
    #[must_use]
    pub fn chain(&self) -> Vec<&Verified<KeyLogEntry, SignedKeyLogEntry>> {
        let mut chain = Vec::new();
        let mut at = Some(self.head);
        while let Some(held) = at.and_then(|hash| self.held.get(&hash)) {
            chain.push(&held.entry);
            at = held.entry.get().previous;
        }
        chain.reverse();
        chain
    }

    /// This log as it would be after an act that nobody has signed; for a look at what would come of it.
    ///
    /// # Errors
    /// [`InvalidStatement`], if the act breaks a rule.
    pub fn simulate(&self, act: &KeyLogAct) -> Result<Self, InvalidStatement> {
        let mut supposed = self.clone();
        supposed.authority = self.authority.after(act)?;
        Ok(supposed)
    }

    /// The entry that would do this next, for the root's holders to sign.
    ///
    /// # Errors
    /// [`InvalidStatement`], if the act breaks a rule.
    pub fn propose(&self, act: KeyLogAct, time: Timestamp) -> Result<SignedKeyLogEntry, InvalidStatement> {
        self.authority().after(&act)?;
        Cosigned::unsigned(&KeyLogEntry {
            version: 1,
            position: self.held.get(&self.head).map_or(0, |held| held.entry.get().position) + 1,
            previous: Some(self.head),
            time,
            act,
        })
    }
}

/// A new agency: the first entry, signed by its root.
///
/// # Errors
/// [`InvalidStatement`], if the founding breaks a rule.
pub fn found(founding: Founding, root: &[&SigningKey], time: Timestamp) -> Result<KeyLog, InvalidStatement> {
    let mut entry = Cosigned::unsigned(&KeyLogEntry {
        version: 1,
        position: 0,
        previous: None,
        time,
        act: KeyLogAct::Founded(founding),
    })?;
    for holder in root {
        entry.sign(holder);
    }
    KeyLog::read(vec![entry])
}

#[cfg(test)]
mod tests;
