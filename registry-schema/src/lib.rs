//! The plain values of a federated registry of educators' micro-credentials.
//!
//! This crate has **no keys, no CRDTs, no SQL, no HTTP, no clock and no async**. It names the things that an
//! agency, an employer and a peer talk about, reads them from text, and writes them as text.
//!
//! # Glossary
//!
//! * **agency**: a state or a body that runs a node and answers for its own lists ([`AgencyId`]).
//! * **issuer**: who signs a badge; a DID or a URL, home at one agency ([`Issuer`]).
//! * **achievement**: what a teacher shows; the `Achievement` of Open Badges 3.0 ([`Achievement`]).
//! * **credential**: one teacher's badge for one achievement; it never leaves its agency's node except by its
//!   holder's hand ([`Credential`]).
//! * **registration**: an agency's word that an issuer is its own, after an application that was reviewed against a
//!   **rubric** ([`registration`], [`criteria::Rubric`]).
//! * **recognition**: an agency's statement that it accepts an issuer's badges, in a scope, for purposes, for a
//!   term ([`Recognition`]). **Withdrawal** ends it ([`RecognitionWithdrawal`]).
//! * **revocation**: final. **Suspension**: can be lifted ([`status`]).
//! * **trust list**: an agency's issuers and recognitions. **Status list**: its revocations and suspensions, by index.
//! * **policy**: what an agency demands of badges beyond recognition ([`acceptance`]), what they count for ([`worth`]),
//!   and what it demands of issuers ([`criteria`]); each entry a value of its own ([`PolicyEntry`]).
//! * **verdict**: one of five answers about a badge, with every finding ([`Verdict`]).

pub mod acceptance;
pub mod achievement;
pub mod agency;
pub mod asked;
pub mod code;
pub mod credential;
pub mod criteria;
pub mod decimal;
pub mod freshness;
pub mod issuer;
pub mod phrase;
pub mod policy;
pub mod quotable;
pub mod recognition;
pub mod registration;
pub mod status;
pub mod term;
pub mod time;
pub mod verdict;
pub mod worth;
pub mod zone;

pub use achievement::{Achievement, Alignment};
pub use agency::AgencyId;
pub use asked::{ActEffect, QueryDate, QueryTime};
pub use code::CredentialCode;
pub use credential::Credential;
pub use decimal::Decimal;
pub use freshness::AgencyFreshness;
pub use issuer::{ExternalKeys, Issuer, MAX_STATUS_LIST_BYTES, MAX_STATUS_LISTS, VerificationMethod};
pub use phrase::{Argument, Conjunction, MessageSignature, Phrase, Wording, WrittenTime};
pub use policy::PolicyEntry;
pub use recognition::{Purpose, Recognition, RecognitionScope, RecognitionWithdrawal};
pub use status::{StatusChange, StatusReason, StatusState};
pub use term::TermDate;
pub use time::Timestamp;
pub use verdict::{Check, CheckOutcome, Finding, IssuerStanding, Verdict, VerdictKind};
pub use zone::LocalDay;
