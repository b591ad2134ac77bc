//! The words for documents and histories of DIDs that cannot be used, as values.

use registry_schema::{Phrase, phrases};

use crate::json::JsonProblem;

phrases! {
    /// The reason why a document or a history cannot be used: lower case, without a full stop.
    pub enum BadDidDocument {
        NoJson { why: JsonProblem },
        NoObject,
        AnotherDocument,
        TwoKeysOfOneName,
        TooManyEntries { name: &'static str, most: usize },
        // A history, and its entries.
        HistoryNoText,
        HistoryLength { count: usize },
        HistoryOfAnother,
        HistoryEntry { number: usize, why: Phrase },
        NoApprovals,
        ApprovalsNoJson { why: JsonProblem },
        NotApproved { number: usize, count: usize, threshold: usize },
        EntryNoJson { why: JsonProblem },
        EntryNoObject,
        EntryLacks { name: &'static str },
        EntryAfterEnd,
        AnotherHash,
        AnotherBeginning,
        NoHash,
        NoTime,
        WrongTime,
        NoKeysAsCommitted,
        NoCommitment,
        KeyNotCommitted,
        SignedByAnother,
        DocumentOfAnother,
        NotPortable,
        NoCanonicalForm,
        UnknownParameter { name: String },
        WrongParameter { name: &'static str },
        AnotherVersion,
    }
}

phrases! {
    /// The reason why a DID is not looked up.
    pub enum DidProblem {
        NoDomain,
        NoHash,
        StrangeCharacters,
        StrangePath,
        DomainIsNone,
        AddressInDigits,
        PortNoNumber,
    }
}

phrases! {
    /// A DID that names no place where a document could stand.
    pub enum BadDid {
        NoLocation { did: String, why: DidProblem },
    }
}
