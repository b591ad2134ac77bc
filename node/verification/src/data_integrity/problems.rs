//! The words for proofs that do not hold, or cannot be checked, as values.

use registry_schema::phrases;

use crate::keys::KeyProblem;

phrases! {
    /// The fault of a proof that is malformed: a Data Integrity proof's, or a token's.
    pub enum ProofProblem {
        NoObject,
        AnotherPurpose { expected: &'static str },
        AnotherChallenge,
        AnotherDomain,
        NoKeyNamed,
        NoSignature,
        NoMoment,
        AnotherKindOfKey,
        OtherContexts,
        // A chain of proofs.
        PreviousNoText,
        PreviousUnknown,
        PreviousTwice,
        PreviousMissing,
        // What it covers.
        NoCanonicalJson,
        NoJsonLd { why: String },
        CoversNothing,
        InnerStatement { key: &'static str },
        // A token's own.
        NotSigned,
        SharedSecret { alg: String },
        HeaderMember { name: &'static str },
        HeaderNoText { name: &'static str },
        AnotherTypeOfToken,
        TokenWithinToken,
        AnotherAlgorithm { alg: String, kind: &'static str },
        TwoKeys,
        UnusableKey { why: KeyProblem },
    }
}

phrases! {
    /// The reason why a document is too large or too tangled to be checked.
    pub enum ComplexityProblem {
        Signatures { most: usize },
        Objects { most: usize },
        Contexts { most: usize },
        Statements { most: usize },
        LongWay,
        Unprocessable,
        AmbiguousNumber { number: String },
        BlankNodes,
        NamelessParts,
        TwoVocabularies,
    }
}

phrases! {
    /// A vocabulary that this node does not have.
    pub enum UnknownVocabulary {
        Named { url: String },
        ListWithinList,
        InBadge,
        InDocument,
    }
}

phrases! {
    /// The reason why a document could not be signed, beside those why a proof would not hold.
    pub enum SigningProblem {
        NoObject,
        SignedAlready,
        AnotherKindOfKey { kind: &'static str },
        UnusableKey { why: KeyProblem },
    }
}

impl UnknownVocabulary {
    pub(crate) fn named(url: &str) -> Self {
        Self::Named {
            url: url.chars().take(200).collect(),
        }
    }
}
