//! The space that an agency's log takes up here, and the quota up to which a reader takes more of it.
//!
//! A reader's right, and no rule of the protocol: what is over a quota is deferred, not refused. It can be kept later, when
//! an operator allows more.

use std::fmt;

use super::{AgencyLog, Envelope, Hash};

/// Most envelopes of one writer beside each other, after the same own envelope, that are taken: those with the smallest names.
pub const MAX_SIBLINGS: usize = 16;
/// Most parents of waiting envelopes that are remembered.
const MAX_JOINED: usize = 4096;

/// The space that a log takes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogUsage {
    /// Bytes of envelopes.
    pub bytes: u64,
    /// Puts: each makes at most one row.
    pub puts: u64,
    /// Documents that are built.
    pub documents: u64,
    /// Lines of envelopes: one a writer, and one for each fork and join.
    pub branches: u64,
    /// Entries of the envelopes' clocks, in memory.
    pub marks: u64,
}

/// Most of what one agency may take up here. Ten million credentials of which one in a hundred is revoked take 15 MB in
/// 100,000 puts; the default is some twenty times that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Most of each, over the whole life of an agency's log.
    pub most: LogUsage,
    /// Bytes of envelopes a day, on average; at once it may be as much, or a quarter of all.
    pub bytes_a_day: u64,
    /// Bytes of a checkpoint's pages.
    pub checkpoint_bytes: u64,
    /// Rows of a checkpoint.
    pub checkpoint_rows: u64,
    /// Work that is done for it at once: a unit is a put that is built, or an envelope that is fetched to be built again.
    pub work_at_once: u32,
    /// Work that is added to that in a second.
    pub work_a_second: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            most: LogUsage {
                bytes: 512 << 20,
                puts: 4_000_000,
                documents: 8192,
                branches: 1024,
                marks: 8_000_000,
            },
            bytes_a_day: 64 << 20,
            checkpoint_bytes: 32 << 20,
            checkpoint_rows: 1_000_000,
            // Some two seconds of a processor, and a tenth of one.
            work_at_once: 131_072,
            work_a_second: 8_192,
        }
    }
}

/// The reason why more of an agency is not taken in now. It goes without saying that the agency is not fresh beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaLimit {
    /// Its log has as many bytes as it may.
    Bytes,
    /// Its log has as many puts as it may.
    Puts,
    /// Its log names as many documents as it may.
    Documents,
    /// Its writers' histories have as many branches as they may.
    Branches,
    /// As much came of it as may come in a day.
    Rate,
    /// A writer shows more histories beside each other than are followed.
    Siblings,
    /// Its checkpoint is larger than a node begins with; the history is fetched instead.
    Checkpoint,
}

impl QuotaLimit {
    const ALL: [Self; 7] = [
        Self::Bytes,
        Self::Puts,
        Self::Documents,
        Self::Branches,
        Self::Rate,
        Self::Siblings,
        Self::Checkpoint,
    ];

    /// Its name in a store.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Puts => "puts",
            Self::Documents => "documents",
            Self::Branches => "branches",
            Self::Rate => "rate",
            Self::Siblings => "siblings",
            Self::Checkpoint => "checkpoint",
        }
    }

    /// The limit of this name.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.code() == code)
    }
}

impl fmt::Display for QuotaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "its log has as many bytes as this node keeps of one agency",
            Self::Puts => "its log has as many entries as this node keeps of one agency",
            Self::Documents => "its log has as many documents as this node keeps of one agency",
            Self::Branches => "its writers have as many histories as this node keeps of one agency",
            Self::Rate => "more came of it today than this node takes in a day",
            Self::Checkpoint => "its checkpoint is larger than this node begins with",
            Self::Siblings => "one of its writers shows more histories beside each other than are followed",
        })
    }
}

impl AgencyLog {
    /// The space that this log takes up.
    #[must_use]
    pub fn usage(&self) -> LogUsage {
        LogUsage {
            documents: self.documents.len() as u64,
            branches: self.branches.len() as u64,
            ..self.usage
        }
    }

    /// The limit that an envelope would break, if it were kept. What the key log calls the last of a term never breaks one,
    /// for without it nothing of the agency is fresh.
    pub(crate) fn limit(&self, envelope: &Envelope, most: &LogUsage) -> Option<QuotaLimit> {
        let hash = envelope.hash();
        if self.holds(&hash) || self.cuts.wants(&hash) {
            return None;
        }
        let siblings = self.siblings(envelope);
        let smaller = siblings.iter().filter(|sibling| **sibling < hash).count();
        if smaller >= MAX_SIBLINGS && !self.joined.contains(&hash) {
            return Some(QuotaLimit::Siblings);
        }
        let usage = self.usage();
        let documents = super::keeping::built_by(envelope).filter(|document| !self.documents.has(document));
        let documents: std::collections::BTreeSet<_> = documents.collect();
        let over = |used: u64, more: usize, most: u64| used.saturating_add(more as u64) > most;
        if over(usage.bytes, envelope.packed().len(), most.bytes) {
            Some(QuotaLimit::Bytes)
        } else if over(usage.puts, envelope.header().puts.len(), most.puts) {
            Some(QuotaLimit::Puts)
        } else if over(usage.documents, documents.len(), most.documents) {
            Some(QuotaLimit::Documents)
        } else if over(usage.branches, usize::from(self.opens_a_line(envelope)), most.branches)
            || usage.marks > most.marks
        {
            Some(QuotaLimit::Branches)
        } else {
            None
        }
    }

    /// Notes the missing parents of an envelope that joins several: however many stand beside them, they are taken, for it
    /// ends the fork.
    pub(super) fn note_joined(&mut self, parents: &[Hash], missing: &[Hash]) {
        if parents.len() > 1 && self.joined.len() < MAX_JOINED {
            self.joined.extend(missing);
        }
    }
}
