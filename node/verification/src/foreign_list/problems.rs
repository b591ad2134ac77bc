//! The words for status lists that say nothing about a badge, as values.

use registry_schema::{Phrase, WrittenTime, phrases};

use crate::{
    StructureFault,
    bitstring::BadBitstring,
    data_integrity::{ComplexityProblem, InvalidProof, ProofProblem, Undecidable, UnknownVocabulary},
    formats::UnreadableReason,
};

phrases! {
    /// The reason why a document is not the status list that is looked for.
    pub enum StatusListProblem {
        Unreadable { why: UnreadableReason },
        // Its signature: what is said of a badge's, of a list.
        Unsigned,
        Altered,
        Uncovered { what: String },
        MalformedProof { why: ProofProblem },
        UnknownSuite { name: String },
        UnknownContext { vocabulary: UnknownVocabulary },
        UnknownKey { method: String },
        NoKeyNamed,
        TooComplex { why: ComplexityProblem },
        // Its content.
        FaultyDate { fault: Phrase },
        Ended { at: WrittenTime },
        NotOneList,
        NoSubject,
        UnknownKind,
        NoEncodedList,
        BadEncodedList { why: BadBitstring },
        NoTtl,
        NoRevocations,
        RevokedWithoutId,
        NoIssuer,
        // What the badge says of it.
        AnotherList,
        AnotherKind,
        AnotherPurpose { purpose: String },
    }
}

phrases! {
    /// The reason why a badge's entry cannot be used with any list.
    pub enum StatusEntryProblem {
        NoId,
        NoIndex,
        NoSize,
        MeaningsMissing,
    }
}

impl From<InvalidProof> for StatusListProblem {
    fn from(why: InvalidProof) -> Self {
        match why {
            InvalidProof::Missing => Self::Unsigned,
            InvalidProof::Mismatch => Self::Altered,
            InvalidProof::Uncovered { what } => Self::Uncovered { what },
            InvalidProof::Malformed { why } => Self::MalformedProof { why },
        }
    }
}

impl From<Undecidable> for StatusListProblem {
    fn from(why: Undecidable) -> Self {
        match why {
            Undecidable::UnknownSuite { name } => Self::UnknownSuite { name },
            Undecidable::UnknownContext { vocabulary } => Self::UnknownContext { vocabulary },
            Undecidable::UnknownKey { method } => Self::UnknownKey { method },
            Undecidable::NoKeyNamed => Self::NoKeyNamed,
            Undecidable::TooComplex { why } => Self::TooComplex { why },
        }
    }
}

impl From<&StructureFault> for StatusListProblem {
    fn from(fault: &StructureFault) -> Self {
        Self::FaultyDate { fault: fault.into() }
    }
}
