//! The words for proofs that do not hold, or cannot be checked, as values.

use registry_schema::{Phrase, phrases};

use super::SignError;
use crate::keys::KeyProblem;

phrases! {
    /// The reason why a proof does not hold.
    pub enum InvalidProof {
        // There is none.
        Missing,
        // The signature is another's, or the content was changed.
        Mismatch,
        // The signature covers less than the document says.
        Uncovered { what: String },
        // The proof itself is malformed.
        Malformed { why: ProofProblem },
    }
}

phrases! {
    /// The reason why a proof could not be checked.
    pub enum Undecidable {
        // No proof is of a kind that we know.
        UnknownSuite { name: String },
        // A context that is not compiled in.
        UnknownContext { vocabulary: UnknownVocabulary },
        // Nobody told us the key of this verification method.
        UnknownKey { method: String },
        // Neither a verification method is named, nor is the key there.
        NoKeyNamed,
        // The document is larger or more tangled than we look at.
        TooComplex { why: ComplexityProblem },
    }
}

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
    /// A credential that cannot be signed, and why.
    pub enum UnsignableCredential {
        IllFormed { fault: Phrase },
        AsDocument { why: Phrase },
        AsToken { why: Phrase },
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

impl From<&InvalidProof> for Phrase {
    fn from(why: &InvalidProof) -> Self {
        why.clone().into()
    }
}

impl From<&Undecidable> for Phrase {
    fn from(why: &Undecidable) -> Self {
        why.clone().into()
    }
}

impl From<&SignError> for Phrase {
    fn from(why: &SignError) -> Self {
        match why {
            SignError::NoObject => SigningProblem::NoObject.into(),
            SignError::Signed => SigningProblem::SignedAlready.into(),
            SignError::Invalid(why) => why.into(),
            SignError::Doubt(why) => why.into(),
            SignError::OtherKind(kind) => SigningProblem::AnotherKindOfKey { kind }.into(),
            SignError::Key(why) => SigningProblem::UnusableKey {
                why: (*why).clone().into(),
            }
            .into(),
        }
    }
}
