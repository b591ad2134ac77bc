//! The acts that the entries of a key log do.

use std::fmt;

use minicbor::{Decode, Encode};
use registry_schema::{AgencyId, Timestamp};

use crate::{
    cosigned::RootKeySet,
    envelope::DocumentId,
    signed::{Hash, InvalidStatement, PublicKey, Signable},
};

/// Most kinds of documents that a scope names.
const MAX_KINDS: usize = 16;

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
    /// The time of signing, by the agency's clock.
    #[n(3)]
    pub time: Timestamp,
    /// The act that it does.
    #[n(4)]
    pub act: KeyLogAct,
}

impl Signable for KeyLogEntry {
    const DOMAIN: &'static str = "comity/1/key-log-entry";
    const MAX_BYTES: usize = 16 * 1024;
}

/// An act: the effect of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum KeyLogAct {
    /// The agency begins.
    #[n(0)]
    Founded(#[n(0)] Founding),
    /// From now on this key may write.
    #[n(1)]
    WriterAdded(#[n(0)] WriterKey),
    /// After its envelopes `last`, this key may write to these documents only.
    #[n(2)]
    WriterScoped {
        /// The key.
        #[n(0)]
        key: PublicKey,
        /// The documents that it may write from now on.
        #[n(1)]
        scope: WriterScope,
        /// Its newest envelopes under the old scope.
        #[n(2)]
        last: Vec<Hash>,
    },
    /// After its envelopes `last`, nothing by this key counts. Said again, the later word counts.
    #[n(3)]
    WriterEnded {
        /// The key.
        #[n(0)]
        key: PublicKey,
        /// Its last good envelopes: they and their ancestors count, and nothing else by this key.
        #[n(1)]
        last: Vec<Hash>,
        /// The way in which it ended.
        #[n(2)]
        end: KeyEnd,
    },
    /// From now on this key signs status lists and the agency's own statements.
    #[n(4)]
    BadgeKeyAdded(#[n(0)] PublicKey),
    /// This key signs no more.
    #[n(5)]
    BadgeKeyEnded {
        /// The key.
        #[n(0)]
        key: PublicKey,
        /// The way in which it ended.
        #[n(1)]
        end: KeyEnd,
    },
    /// The root is this now: signed by it, and it is what was committed to.
    #[n(6)]
    RootRotated {
        /// The new root.
        #[n(0)]
        root: RootKeySet,
        /// The commitment to the one after it.
        #[n(1)]
        next_root: Hash,
    },
}

/// The way in which a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum KeyEnd {
    /// In good order: all that came before stays good.
    #[n(0)]
    Retired,
    /// Somebody else may have used it.
    #[n(1)]
    Compromised,
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
    /// The address where its node answers; its status lists are below `{url}/v1/status-lists/`.
    #[n(2)]
    pub url: String,
    /// The root, which signed this entry.
    #[n(3)]
    pub root: RootKeySet,
    /// The commitment to the next root, kept offline.
    #[n(4)]
    pub next_root: Hash,
    /// The keys that may write to its documents.
    #[n(5)]
    pub writers: Vec<WriterKey>,
    /// The keys that sign its status lists as Bitstring Status List credentials.
    #[n(6)]
    pub badge_keys: Vec<PublicKey>,
}

/// A key that may write, and what.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WriterKey {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// The documents that it may write.
    #[n(1)]
    pub scope: WriterScope,
}

/// To which documents a key may write.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WriterScope {
    /// To all.
    #[n(0)]
    All,
    /// To those of these kinds: the part of a document's name before the first `/`. Sorted, each once, 1 to 16.
    #[n(1)]
    Kinds(#[n(0)] Vec<String>),
}

impl WriterScope {
    /// Returns true if this document is in the scope.
    #[must_use]
    pub fn holds(&self, document: &DocumentId) -> bool {
        match self {
            Self::All => true,
            Self::Kinds(kinds) => kinds.iter().any(|kind| *kind == document.kind()),
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidStatement> {
        let is_kind = |kind: &String| (1..=32).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_graphic());
        match self {
            Self::All => Ok(()),
            Self::Kinds(kinds)
                if (1..=MAX_KINDS).contains(&kinds.len())
                    && kinds.is_sorted_by(|a, b| a < b)
                    && kinds.iter().all(is_kind) =>
            {
                Ok(())
            }
            Self::Kinds(_) => Err(InvalidStatement::Rule(
                "a scope names 1 to 16 kinds of documents, sorted, each once, of 1 to 32 characters",
            )),
        }
    }
}

impl WriterKey {
    /// A key that may write to all documents.
    #[must_use]
    pub const fn of_all(key: PublicKey) -> Self {
        Self {
            key,
            scope: WriterScope::All,
        }
    }
}

impl fmt::Display for WriterScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all documents"),
            Self::Kinds(kinds) => write!(f, "documents of kind {}", kinds.join(", ")),
        }
    }
}

impl fmt::Display for KeyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        })
    }
}

/// The text that a holder of the root reads before signing.
impl fmt::Display for KeyLogAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Founded(it) => write!(f, "the agency {} ({}) begins, at {}", it.agency, it.name, it.url),
            Self::WriterAdded(it) => write!(f, "the key {} may write {} from now on", it.key, it.scope),
            Self::WriterScoped { key, scope, last } => {
                write!(
                    f,
                    "the key {key} may write {scope} from now on; what it wrote up to here stands: "
                )?;
                write_hashes(f, last)
            }
            Self::WriterEnded { key, last, end } => {
                let beyond = match end {
                    KeyEnd::Retired => "beyond it only what it revoked, suspended or reserved",
                    KeyEnd::Compromised => "nothing else",
                };
                write!(
                    f,
                    "the writer key {key} is {end}; what it wrote up to here stands, and {beyond}: "
                )?;
                write_hashes(f, last)
            }
            Self::BadgeKeyAdded(key) => write!(f, "the key {key} signs the agency's own statements from now on"),
            Self::BadgeKeyEnded { key, end } => write!(f, "the badge key {key} is {end}"),
            Self::RootRotated { root, next_root } => {
                write!(f, "the root is now {} of these keys:", root.threshold)?;
                root.keys.iter().try_for_each(|key| write!(f, " {key}"))?;
                write!(f, "; the commitment to the next root is {next_root}")
            }
        }
    }
}

fn write_hashes(f: &mut fmt::Formatter<'_>, hashes: &[Hash]) -> fmt::Result {
    if hashes.is_empty() {
        return f.write_str("nothing");
    }
    let words: Vec<String> = hashes.iter().map(Hash::to_string).collect();
    f.write_str(&words.join(" "))
}

impl KeyLogAct {
    pub(super) const fn is_rotation(&self) -> bool {
        matches!(self, Self::RootRotated { .. })
    }
}
