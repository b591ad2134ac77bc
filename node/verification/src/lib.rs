//! The credibility of a badge: formats, proofs, status, and the one function that judges.
//!
//! This crate has **no IO, no async, no clock and no storage**; nothing in it fetches. Whoever calls it brings the
//! file's bytes, the [`Evidence`] and both moments; it answers with a [`Verdict`](registry_schema::Verdict). So the
//! same code answers the page, the API, the command line and a receipt that is checked offline years later.
//!
//! The path of a badge: [`formats::read`] makes an [`OpenBadge`] of bytes, or says where reading stopped
//! ([`UnreadableBadge`]); the node gathers [`Evidence`]; [`judge()`] runs every check, hides none behind an earlier
//! failure, and has no default outcome.
//!
//! Making badges stands beside reading them, so that both are tested against each other: [`credential`] builds
//! unsigned documents, [`data_integrity::sign`] and [`jwt::sign`] sign them, [`bitstring`] packs status lists.

pub mod badge;
pub mod bitstring;
pub mod bulk;
pub mod codes;
pub mod confirmation;
pub mod contexts;
pub mod control;
pub mod credential;
pub mod data_integrity;
pub mod did;
pub mod evidence;
pub mod facts;
pub mod followed;
pub mod foreign_list;
pub mod formats;
mod home;
mod json;
pub mod judge;
mod jwk;
pub mod jwt;
mod keys;
pub mod multikey;
pub mod names;
pub mod vcdm;

pub use badge::{OpenBadge, StatusEntry, StructureFault};
pub use evidence::{Evidence, Freshness, StatusEvidence, VerificationQuestion};
pub use formats::{NextStep, UnreadableBadge, UnreadableReason};
pub use json::JsonProblem;
pub use judge::{judge, try_judge_fast, unreachable, unreadable};
pub use keys::{BadKey, IssuerSigningKey, JwkProblem, KeyKind, KeyProblem, VerificationKey};

/// Says a phrase in English, for tests.
#[cfg(test)]
pub(crate) fn said(phrase: impl Into<registry_schema::Phrase>) -> String {
    use registry_schema::Wording as _;
    words::Language::English.say(&phrase.into())
}
