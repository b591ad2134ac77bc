//! The list of all messages of this crate, which the catalogue is held against.

use registry_schema::MessageSignature;

use super::phrases::{
    AcceptedUse, AnswerSentence, AuthorshipDoubt, ConditionalUse, CountedBadges, EndorsementDetail, FindingDetail,
    ForeignList, HeadlineClause, LikeName, ListFault, ListNote, NameLikeness, NamedRule, Namesake, NotRecognizedClause,
    RecognitionSubject, SignerKeyPlace, UnnamedUse, UseReason,
};
use crate::{
    JsonProblem, JwkProblem, KeyProblem,
    badge::{FaultyPlace, StructureProblem},
    bitstring::BadBitstring,
    bulk::ZipProblem,
    control::ControlError,
    data_integrity::{
        ComplexityProblem, InvalidProof, ProofProblem, SigningProblem, Undecidable, UnknownVocabulary,
        UnsignableCredential,
    },
    did::{BadDid, BadDidDocument, DidProblem},
    foreign_list::{StatusEntryProblem, StatusListError, StatusListProblem},
    formats::{NextStep, OtherFileKind, SvgProblem, UnreadableReason},
    jwt::{TokenPart, TokenProblem},
};

/// The messages of this crate.
pub const MESSAGES: &[&[MessageSignature]] = &[
    FindingDetail::MESSAGES,
    ListFault::MESSAGES,
    SignerKeyPlace::MESSAGES,
    AuthorshipDoubt::MESSAGES,
    RecognitionSubject::MESSAGES,
    ListNote::MESSAGES,
    ForeignList::MESSAGES,
    LikeName::MESSAGES,
    NameLikeness::MESSAGES,
    Namesake::MESSAGES,
    UseReason::MESSAGES,
    ConditionalUse::MESSAGES,
    NamedRule::MESSAGES,
    UnnamedUse::MESSAGES,
    EndorsementDetail::MESSAGES,
    HeadlineClause::MESSAGES,
    AnswerSentence::MESSAGES,
    AcceptedUse::MESSAGES,
    NotRecognizedClause::MESSAGES,
    CountedBadges::MESSAGES,
    // Files and what stands in them.
    UnreadableReason::MESSAGES,
    NextStep::MESSAGES,
    OtherFileKind::MESSAGES,
    SvgProblem::MESSAGES,
    ZipProblem::MESSAGES,
    JsonProblem::MESSAGES,
    TokenProblem::MESSAGES,
    TokenPart::MESSAGES,
    FaultyPlace::MESSAGES,
    StructureProblem::MESSAGES,
    // Signatures.
    InvalidProof::MESSAGES,
    Undecidable::MESSAGES,
    ProofProblem::MESSAGES,
    ComplexityProblem::MESSAGES,
    UnknownVocabulary::MESSAGES,
    SigningProblem::MESSAGES,
    UnsignableCredential::MESSAGES,
    KeyProblem::MESSAGES,
    JwkProblem::MESSAGES,
    ControlError::MESSAGES,
    // What issuers publish.
    StatusListError::MESSAGES,
    StatusListProblem::MESSAGES,
    StatusEntryProblem::MESSAGES,
    BadBitstring::MESSAGES,
    BadDid::MESSAGES,
    DidProblem::MESSAGES,
    BadDidDocument::MESSAGES,
];
