//! Heartbeats: a writer's signed word on how far its agency's log reaches, and until when that word holds.

use minicbor::{Decode, Encode};
use registry_schema::Timestamp;

use crate::{
    envelope::MAX_PARENTS,
    key_log::KeyLog,
    mutant::mutant,
    signed::{Hash, InvalidStatement, PublicKey, Signable, Signed, Verified},
};

/// The most seconds that a heartbeat may be ahead of our own clock before it is held back.
pub const MAX_AHEAD_SECONDS: i64 = 300;
/// The most seconds that a heartbeat counts, whatever it says: 96 hours, a long weekend.
pub const MAX_TERM_SECONDS: i64 = 96 * 3600;

/// "At this moment, these are the newest envelopes; hear from me again before then."
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Heartbeat {
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
    /// The newest envelopes that the writer knew, sorted.
    #[n(4)]
    pub heads: Vec<Hash>,
    /// The time of signing, by the writer's clock.
    #[n(5)]
    pub issued: Timestamp,
    /// Past this moment it no longer counts.
    #[n(6)]
    pub next_by: Timestamp,
    /// The writer's newest checkpoint.
    #[n(7)]
    pub checkpoint: Option<Hash>,
}

impl Signable for Heartbeat {
    const DOMAIN: &'static str = "comity/1/heartbeat";
    const MAX_BYTES: usize = 1024;
}

impl Heartbeat {
    /// The moment from which this heartbeat no longer counts, the cap included.
    #[must_use]
    pub fn good_until(&self) -> Timestamp {
        if mutant!(WordsHoldForEver) {
            return Timestamp(i64::MAX);
        }
        self.next_by.min(self.issued.plus_seconds(MAX_TERM_SECONDS))
    }

    /// Believes a heartbeat of the agency with this key log.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is malformed, another agency's, not signed by one of its writers, or names an entry of
    /// the key log that is not here yet.
    pub fn read(signed: Signed<Self>, key_log: &KeyLog) -> Result<Verified<Self>, UnverifiedStatement> {
        let verified = by_a_writer(signed, key_log, |h| (h.agency, h.writer, h.key_log))?;
        let heartbeat = verified.get();
        if heartbeat.version != 1
            || heartbeat.heads.len() > MAX_PARENTS
            || !heartbeat.heads.is_sorted_by(|a, b| a < b)
            || heartbeat.next_by <= heartbeat.issued
        {
            return Err(UnverifiedStatement::Refused(InvalidStatement::Rule(
                "a heartbeat has version 1, at most 16 sorted heads, and a term",
            )));
        }
        Ok(verified)
    }
}

/// The reason why a writer's statement is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnverifiedStatement {
    /// It never will be.
    #[error(transparent)]
    Refused(#[from] InvalidStatement),
    /// It names an entry of the key log that is not here yet.
    #[error("it names the key-log entry {0}, which is not here yet")]
    KeyLog(Hash),
}

/// Believes a statement by one of an agency's writers: `names` gives the agency, the writer and the key-log entry.
pub(crate) fn by_a_writer<T: Signable>(
    signed: Signed<T>,
    key_log: &KeyLog,
    names: impl FnOnce(&T) -> (Hash, PublicKey, Hash),
) -> Result<Verified<T>, UnverifiedStatement> {
    let mut unknown = None;
    let verified = signed.verify(|statement| {
        let (agency, writer, entry) = names(statement);
        if agency != key_log.genesis() {
            return None;
        }
        let named = key_log.names_writer(&entry, &writer);
        if named.is_none() {
            unknown = Some(entry);
        }
        (named == Some(true) || mutant!(AnyKeySigns)).then_some(writer)
    });
    match unknown {
        Some(entry) => Err(UnverifiedStatement::KeyLog(entry)),
        None => Ok(verified?),
    }
}
