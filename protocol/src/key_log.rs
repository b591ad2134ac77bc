//! An agency's identity and keys: a linear chain of entries signed by its root.
//!
//! An agency *is* the hash of its first entry. The name in it (`US-NC`) is what each node pins to that hash.
//! Version 1 of the log has the first entry alone; rotation and the ending of keys are added to [`Act`].

use minicbor::{Decode, Encode};
use registry_schema::{AgencyId, Timestamp};

use crate::signed::{Hash, PublicKey, Refused, Signed, Statement, Verified};

/// Most writer keys, and most badge keys, of one agency.
pub const MAX_KEYS: usize = 16;

/// One entry of a key log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyLogEntry {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// Its place in the chain, from 0.
    #[n(1)]
    pub position: u32,
    /// The entry before it; none for the first.
    #[n(2)]
    pub previous: Option<Hash>,
    /// When it was signed, by the agency's clock.
    #[n(3)]
    pub time: Timestamp,
    /// What it does.
    #[n(4)]
    pub act: Act,
}

impl Statement for KeyLogEntry {
    const DOMAIN: &'static str = "comity/1/key-log-entry";
    const MAX_BYTES: usize = 16 * 1024;
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// The agency begins.
    #[n(0)]
    Founded(#[n(0)] Founding),
}

/// The first entry's content.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Founding {
    /// The name that it gives itself.
    #[n(0)]
    pub agency: AgencyId,
    /// Its name for people.
    #[n(1)]
    pub name: String,
    /// Where its node answers; its status lists are below `{url}/v1/status-lists/`.
    #[n(2)]
    pub url: String,
    /// The root key, which signed this entry.
    #[n(3)]
    pub root: PublicKey,
    /// SHA-256 of the next root key, kept offline.
    #[n(4)]
    pub next_root: Hash,
    /// The keys that may write to its documents.
    #[n(5)]
    pub writers: Vec<PublicKey>,
    /// The keys that sign its status lists as Bitstring Status List credentials.
    #[n(6)]
    pub badge_keys: Vec<PublicKey>,
}

/// A key log as far as it is known, from the first entry on.
#[derive(Clone, Debug)]
pub struct KeyLog {
    founding: Founding,
    entries: Vec<Verified<KeyLogEntry>>,
}

impl KeyLog {
    /// Reads a whole key log.
    ///
    /// # Errors
    /// [`Refused`], if an entry is not what its place demands.
    pub fn read(entries: Vec<Signed<KeyLogEntry>>) -> Result<Self, Refused> {
        let mut entries = entries.into_iter();
        let first = entries
            .next()
            .ok_or(Refused::Rule("a key log has at least one entry"))?;
        if entries.next().is_some() {
            return Err(Refused::Rule("version 1 knows only the first entry of a key log"));
        }
        let first = first.verify(|entry| match &entry.act {
            Act::Founded(founding) => Some(founding.root),
        })?;
        let Act::Founded(founding) = first.get().act.clone();
        let entry = first.get();
        if entry.version != 1 || entry.position != 0 || entry.previous.is_some() {
            return Err(Refused::Rule("the first entry stands at place 0 and follows none"));
        }
        if founding.writers.is_empty() || founding.writers.len() > MAX_KEYS || founding.badge_keys.len() > MAX_KEYS {
            return Err(Refused::Rule(
                "an agency has 1 to 16 writer keys and at most 16 badge keys",
            ));
        }
        if founding.name.len() > 200 || founding.url.len() > 200 {
            return Err(Refused::Rule("a name and a URL have at most 200 bytes"));
        }
        Ok(Self {
            founding,
            entries: vec![first],
        })
    }

    /// The agency: the hash of the first entry.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        self.entries.first().map_or(Hash([0; 32]), Verified::hash)
    }

    /// The hash of the last entry.
    #[must_use]
    pub fn head(&self) -> Hash {
        self.entries.last().map_or(Hash([0; 32]), Verified::hash)
    }

    /// Who the agency says it is.
    #[must_use]
    pub const fn founding(&self) -> &Founding {
        &self.founding
    }

    /// Whether this key may write to the agency's documents.
    #[must_use]
    pub fn is_writer(&self, key: &PublicKey) -> bool {
        self.founding.writers.contains(key)
    }

    /// The writer keys.
    #[must_use]
    pub fn writers(&self) -> &[PublicKey] {
        &self.founding.writers
    }

    /// The entries as they came, to be stored and passed on.
    #[must_use]
    pub fn signed(&self) -> Vec<Signed<KeyLogEntry>> {
        self.entries.iter().map(|entry| entry.signed().clone()).collect()
    }
}
