//! Checkpoints: all rows of an agency's documents at certain heads, signed by one of its writers, so that a new node
//! answers before it has read years of history.
//!
//! The statement names the heads and the hash of every page of rows. Who has the history folds it to exactly these
//! heads and compares; until then an answer is as fresh as the checkpoint says, and no fresher.

mod page;

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use registry_schema::Timestamp;

pub use page::{BadCheckpointPage, MAX_PAGE_BYTES, read_page};

use crate::{
    document::DocumentRow,
    envelope::{DocumentId, MAX_PARENTS},
    heartbeat::{MAX_TERM_SECONDS, UnverifiedStatement, by_a_writer},
    key_log::KeyLog,
    signed::{Hash, InvalidStatement, PublicKey, Signable, Signed, Verified},
};

/// Most pages of a checkpoint.
pub const MAX_PAGES: usize = 4096;

/// "At these heads, these were all the rows."
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Checkpoint {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// The agency whose log it is: the hash of its first key-log entry.
    #[n(1)]
    pub agency: Hash,
    /// The key that signed.
    #[n(2)]
    pub writer: PublicKey,
    /// The last key-log entry that the writer knew.
    #[n(3)]
    pub key_log: Hash,
    /// The newest envelopes at that moment, sorted.
    #[n(4)]
    pub heads: Vec<Hash>,
    /// The number of these envelopes together with their ancestors.
    #[n(5)]
    pub envelopes: u32,
    /// The time of signing, by the writer's clock.
    #[n(6)]
    pub issued: Timestamp,
    /// Past this moment it no longer counts as fresh.
    #[n(7)]
    pub next_by: Timestamp,
    /// The SHA-256 of each page of rows, in their order.
    #[n(8)]
    pub pages: Vec<Hash>,
}

impl Signable for Checkpoint {
    const DOMAIN: &'static str = "comity/1/checkpoint";
    const MAX_BYTES: usize = 256 * 1024;
}

impl Checkpoint {
    /// Believes a checkpoint of the agency with this key log.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is malformed, another agency's, not signed by one of its writers, or names an entry of
    /// the key log that is not here yet.
    pub fn read(signed: Signed<Self>, key_log: &KeyLog) -> Result<Verified<Self>, UnverifiedStatement> {
        let verified = by_a_writer(signed, key_log, |c| (c.agency, c.writer, c.key_log))?;
        let it = verified.get();
        let right = it.version == 1
            && (1..=MAX_PARENTS).contains(&it.heads.len())
            && it.heads.is_sorted_by(|a, b| a < b)
            && it.pages.len() <= MAX_PAGES
            && it.pages.iter().collect::<BTreeSet<_>>().len() == it.pages.len()
            && it.next_by > it.issued;
        if right {
            Ok(verified)
        } else {
            Err(UnverifiedStatement::Refused(InvalidStatement::Rule(
                "a checkpoint has version 1, 1 to 16 sorted heads, at most 4,096 pages, each once, and a term",
            )))
        }
    }

    /// The moment from which it no longer counts as fresh, the cap included.
    #[must_use]
    pub fn good_until(&self) -> Timestamp {
        self.next_by.min(self.issued.plus_seconds(MAX_TERM_SECONDS))
    }
}

/// The pages that hold these rows, in their one form: by document, then the revocations, then the others by key.
#[must_use]
pub fn pages(rows: &[DocumentRow]) -> Vec<Vec<u8>> {
    let mut sorted: Vec<&DocumentRow> = rows.iter().collect();
    sorted.sort_by_cached_key(|row| (row.document.to_string(), row.key.clone()));
    let mut pages = Vec::new();
    for document in sorted.chunk_by(|a, b| a.document == b.document) {
        if let Some(DocumentId::Unknown(_)) = document.first().map(|row| &row.document) {
            continue;
        }
        page::write(document, &mut pages);
    }
    pages
}

/// The names of pages.
#[must_use]
pub fn names(pages: &[Vec<u8>]) -> Vec<Hash> {
    pages.iter().map(|page| Hash::of(&[page])).collect()
}

/// "I hold this agency's log durably, and have folded it, up to these heads": a peer's countersignature, for the
/// agency's own proof that its word reached everybody.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Countersignature {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// The holder: the hash of that agency's first key-log entry.
    #[n(1)]
    pub agency: Hash,
    /// That agency's writer key, which signed.
    #[n(2)]
    pub writer: PublicKey,
    /// The last key-log entry of its own that the writer knew.
    #[n(3)]
    pub key_log: Hash,
    /// The agency whose log is held.
    #[n(4)]
    pub of: Hash,
    /// Up to where, sorted.
    #[n(5)]
    pub heads: Vec<Hash>,
    /// The time of signing, by the holder's clock.
    #[n(6)]
    pub at: Timestamp,
}

impl Signable for Countersignature {
    const DOMAIN: &'static str = "comity/1/held";
    const MAX_BYTES: usize = 1024;
}

impl Countersignature {
    /// Believes a countersignature by the agency with this key log.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is malformed, another agency's, not signed by one of its writers, or names an entry of
    /// the key log that is not here yet.
    pub fn read(signed: Signed<Self>, key_log: &KeyLog) -> Result<Verified<Self>, UnverifiedStatement> {
        let verified = by_a_writer(signed, key_log, |h| (h.agency, h.writer, h.key_log))?;
        let it = verified.get();
        if it.version == 1 && it.heads.len() <= MAX_PARENTS && it.heads.is_sorted_by(|a, b| a < b) {
            Ok(verified)
        } else {
            Err(UnverifiedStatement::Refused(InvalidStatement::Rule(
                "a countersignature has version 1 and at most 16 sorted heads",
            )))
        }
    }
}
