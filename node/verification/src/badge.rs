//! The parsed view of a badge: what its file says, before anything of it is believed.
//!
//! A file that is no credential at all is [`UnreadableBadge`]. A credential with a wrong structure is still an
//! [`OpenBadge`], with its [`StructureFault`]s, so that it can be shown and judged `not_valid`.
//!
//! A value of the wrong type is always a fault and never "absent": JSON-LD lets the same signed statement be written
//! in several ways, and an expiry date or a status that this view overlooked would be a way around it.

mod problems;
mod record;
mod structure;

pub use problems::{FaultyPlace, StructureProblem};
pub use record::MAX_PARTS;
pub(crate) use structure::{is_url, moment, types};

use std::collections::BTreeMap;

use registry_schema::{Phrase, Timestamp};
use serde_json::Value;

use crate::{
    formats::{BadgeFormat, NextStep, UnreadableBadge, UnreadableReason},
    jwt::VcJwt,
};

/// A badge, as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenBadge {
    /// The whole document; what the proof covers. Of a token, the credential in it.
    pub document: Value,
    /// The form in which it came.
    pub form: BadgeFormat,
    /// The token that carried it, if it came as one; then this is what secures it. An image may hold one, too.
    pub token: Option<VcJwt>,
    /// The data model that it is written in.
    pub model: DataModel,
    /// Its `id`.
    pub id: Option<String>,
    /// `issuer`, or `issuer.id`; empty, with a fault, if there is none.
    pub issuer_id: String,
    /// `issuer.name`.
    pub issuer_name: Option<String>,
    /// `credentialSubject.achievement.id`.
    pub achievement_id: Option<String>,
    /// `credentialSubject.achievement.name`, or else the credential's own name.
    pub achievement_name: Option<String>,
    /// `credentialSubject.id`: the holder's DID, if the badge is bound to one.
    pub subject_id: Option<String>,
    /// The earner's name: an `IdentityObject` of type `name` that is not hashed, or `credentialSubject.name`.
    pub subject_name: Option<String>,
    /// `validFrom` (VCDM 1.1: `issuanceDate`).
    pub valid_from: Option<Timestamp>,
    /// `validUntil` (VCDM 1.1: `expirationDate`).
    pub valid_until: Option<Timestamp>,
    /// The entries of `credentialStatus`, in their order.
    pub status: Vec<StatusEntry>,
    /// The faults of its structure.
    pub faults: Vec<StructureFault>,
    /// The badges in a Comprehensive Learner Record, in its order; none in a badge.
    pub parts: Vec<Result<Self, UnreadableBadge>>,
}

impl OpenBadge {
    /// Checks that it is a Comprehensive Learner Record, which holds badges.
    #[must_use]
    pub fn is_record(&self) -> bool {
        types(self.document.get("type")).any(|kind| kind == record::KIND)
    }
}

/// The version of the Verifiable Credentials Data Model, by the first context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataModel {
    /// 1.1, of older wallets.
    V1,
    /// 2.0.
    V2,
}

/// One entry of `credentialStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// Its type: `BitstringStatusListEntry`, `StatusList2021Entry`, `1EdTechRevocationList`, or another.
    pub kind: String,
    /// `statusPurpose`: `revocation`, `suspension`, or another.
    pub purpose: Option<String>,
    /// The list's URL.
    pub list: String,
    /// The place in the list; none for kinds that have no places.
    pub index: Option<u32>,
    /// `statusSize`: how many bits one status has; 1 if it does not say, none if it says something else than a number.
    pub size: Option<u8>,
    /// `statusMessages`: what each status means.
    pub messages: BTreeMap<u32, String>,
}

impl StatusEntry {
    /// Returns true if this crate knows how to read the list that the entry points to.
    #[must_use]
    pub fn is_bitstring(&self) -> bool {
        matches!(self.kind.as_str(), "BitstringStatusListEntry" | "StatusList2021Entry")
    }
}

/// Something wrong with a credential's structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureFault {
    /// Its path: `credentialSubject.achievement.name`.
    pub place: String,
    /// The fault.
    pub what: StructureProblem,
}

impl From<&StructureFault> for Phrase {
    fn from(fault: &StructureFault) -> Self {
        let StructureFault { place, what } = fault.clone();
        FaultyPlace::At { place, what }.into()
    }
}

/// Reads a document that is already JSON.
///
/// # Errors
/// If it is no credential at all.
pub fn parse(document: Value, form: BadgeFormat) -> Result<OpenBadge, UnreadableBadge> {
    let Value::Object(object) = &document else {
        return Err(UnreadableBadge::new(
            UnreadableReason::FileWithoutObject,
            NextStep::SendAsReceived,
        ));
    };
    let has_type = |name: &str| types(object.get("type")).any(|t| t == name);
    if has_type("VerifiablePresentation") {
        return Err(UnreadableBadge::new(
            UnreadableReason::Presentation,
            NextStep::AskForBadge,
        ));
    }
    if has_type("EnvelopedVerifiableCredential") {
        return Err(UnreadableBadge::new(
            UnreadableReason::UnknownEnvelope,
            NextStep::AskForKnownForm,
        ));
    }
    if has_type("Assertion") {
        return Err(UnreadableBadge::new(
            UnreadableReason::OlderBadge,
            NextStep::AskForOpenBadge,
        ));
    }
    match has_type(record::KIND) {
        true => record::parse(document, form),
        false => parse_any(document, form),
    }
}

/// The same for credentials of any kind, badges or not.
///
/// # Errors
/// If it is no credential at all.
pub(crate) fn parse_any(document: Value, form: BadgeFormat) -> Result<OpenBadge, UnreadableBadge> {
    let object = document.as_object().filter(|object| {
        types(object.get("type")).any(|kind| kind == "VerifiableCredential") || object.contains_key("credentialSubject")
    });
    let Some(object) = object else {
        return Err(UnreadableBadge::new(
            UnreadableReason::NoCredential,
            NextStep::SendAsReceived,
        ));
    };
    let mut badge = structure::read(object);
    badge.document = document;
    badge.form = form;
    Ok(badge)
}
