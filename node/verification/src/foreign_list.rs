//! Status lists that issuers outside the federation publish: Bitstring Status List v1.0, StatusList2021, and 1EdTech's
//! revocation list. **Nothing is fetched here**; somebody brings the bytes.
//!
//! Reading a list checks its proof. Whether the key is the badge's issuer's, and whether the list is fresh, is the
//! judge's to say.

mod problems;

use std::collections::BTreeMap;

use registry_schema::{Phrase, Timestamp, phrases};
use serde_json::{Map, Value};

pub use problems::{StatusEntryProblem, StatusListProblem};

use crate::{
    OpenBadge, StatusEntry, VerificationKey,
    bitstring::{self, Bitstring},
    data_integrity::{self, ProofOutcome, VerifiedProof},
    formats, json,
};

/// The largest size of one status, in bits.
pub const MAX_SIZE: u8 = 8;

phrases! {
    /// The reason why a list says nothing about a badge, by the errors of Bitstring Status List v1.0, §3.4. What could not be
    /// had at all (`STATUS_RETRIEVAL_ERROR`) is [`crate::StatusEvidence::Unreachable`].
    pub enum StatusListError {
        // `STATUS_VERIFICATION_ERROR`: it is no list of that issuer, or not for that purpose.
        Verification { why: StatusListProblem },
        // `STATUS_LIST_LENGTH_ERROR`: it has fewer entries than would hide who is asked about.
        Length { has: usize, least: u32 },
        // `RANGE_ERROR`: the badge names a place that the list does not have.
        Range { place: u32 },
        // `MALFORMED_VALUE_ERROR`: the badge's entry cannot be used with any list.
        Malformed { why: StatusEntryProblem },
    }
}

impl From<&StatusListError> for Phrase {
    fn from(why: &StatusListError) -> Self {
        why.clone().into()
    }
}

/// A list, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalStatusList {
    id: Option<String>,
    issuer: String,
    signatures: Vec<VerifiedProof>,
    /// From when on it holds, if it says so.
    pub valid_from: Option<Timestamp>,
    /// Until when it holds, if it says so.
    pub valid_until: Option<Timestamp>,
    /// For how many milliseconds it may be kept, if it says so.
    pub ttl: Option<u64>,
    content: ExternalListContent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ExternalListContent {
    Bits {
        purposes: Vec<String>,
        bits: Bitstring,
    },
    /// The ids of revoked credentials, with the reasons that their issuer gives.
    Revocations(BTreeMap<String, Option<String>>),
}

/// The word of a list on one badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalStatus {
    /// The issuer of the list.
    pub issuer: String,
    /// The signatures on it; nobody signs 1EdTech's lists, which count because of where they stand.
    pub signatures: Vec<VerifiedProof>,
    /// The status: 0 is unset.
    pub value: u32,
    /// The meaning of this value, as the badge or the list tells it.
    pub message: Option<String>,
}

fn unverified(why: impl Into<StatusListProblem>) -> StatusListError {
    StatusListError::Verification { why: why.into() }
}

const fn malformed(why: StatusEntryProblem) -> StatusListError {
    StatusListError::Malformed { why }
}

/// Reads a list and checks its proof; `key_of` knows the keys of verification methods.
///
/// # Errors
/// [`StatusListError::Verification`], if it is no list or its proof does not hold.
pub fn read(
    bytes: &[u8],
    key_of: impl Fn(&str) -> Option<VerificationKey>,
) -> Result<ExternalStatusList, StatusListError> {
    if let Some(list) = revocations(bytes) {
        return list;
    }
    let credential =
        formats::read(bytes).map_err(|why| unverified(StatusListProblem::Unreadable { why: why.stopped }))?;
    let outcome = match &credential.token {
        Some(token) => token.verify(&credential.document, &credential.issuer_id, &key_of),
        None => data_integrity::verify(&credential.document, &key_of),
    };
    let signatures = match outcome {
        ProofOutcome::Valid(signatures) => signatures,
        ProofOutcome::Invalid(why) => return Err(unverified(why)),
        ProofOutcome::CouldNotCheck(why) => return Err(unverified(why)),
    };
    if let Some(broken) = credential.faults.iter().find(|f| is_date(&f.place)) {
        return Err(unverified(broken));
    }
    let (purposes, bits, ttl) = bits(&credential)?;
    Ok(ExternalStatusList {
        id: credential.id,
        issuer: credential.issuer_id,
        signatures,
        valid_from: credential.valid_from,
        valid_until: credential.valid_until,
        ttl,
        content: ExternalListContent::Bits { purposes, bits },
    })
}

fn is_date(place: &str) -> bool {
    matches!(
        place,
        "validFrom" | "validUntil" | "issuanceDate" | "expirationDate" | "exp" | "nbf"
    )
}

/// The subject of a list credential (Bitstring Status List v1.0, §2.2; StatusList2021, §3.2).
fn bits(credential: &OpenBadge) -> Result<(Vec<String>, Bitstring, Option<u64>), StatusListError> {
    let subject = match credential.document.get("credentialSubject") {
        Some(Value::Object(subject)) => subject,
        Some(Value::Array(one)) => match one.as_slice() {
            [Value::Object(subject)] => subject,
            _ => return Err(unverified(StatusListProblem::NotOneList)),
        },
        _ => return Err(unverified(StatusListProblem::NoSubject)),
    };
    let has = |value: Option<&Value>, kind: &str| {
        value.is_some_and(|v| v == kind || v.as_array().is_some_and(|all| all.iter().any(|one| one == kind)))
    };
    let of_kind =
        |outer: &str, inner: &str| has(credential.document.get("type"), outer) && has(subject.get("type"), inner);
    let bitstring = of_kind("BitstringStatusListCredential", "BitstringStatusList");
    if !bitstring && !of_kind("StatusList2021Credential", "StatusList2021") {
        return Err(unverified(StatusListProblem::UnknownKind));
    }
    let purposes = match subject.get("statusPurpose") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    };
    let encoded = subject
        .get("encodedList")
        .and_then(Value::as_str)
        .ok_or_else(|| unverified(StatusListProblem::NoEncodedList))?;
    // StatusList2021 wrote base64 in any of its ways; gzip always begins with `H4sI` then.
    let older = || format!("u{}", encoded.trim_end_matches('=').replace('+', "-").replace('/', "_"));
    let decoded = match bitstring || encoded.starts_with('u') {
        true => bitstring::decode(encoded, 0),
        false => bitstring::decode(&older(), 0),
    };
    let ttl = match subject.get("ttl") {
        None => None,
        Some(ttl) => Some(ttl.as_u64().ok_or_else(|| unverified(StatusListProblem::NoTtl))?),
    };
    Ok((
        purposes,
        decoded.map_err(|why| unverified(StatusListProblem::BadEncodedList { why }))?,
        ttl,
    ))
}

/// 1EdTech's revocation list (1EdTech Revocation List 1.0): the ids of revoked credentials, unsigned.
fn revocations(bytes: &[u8]) -> Option<Result<ExternalStatusList, StatusListError>> {
    let Ok(Value::Object(object)) = json::read(bytes) else {
        return None;
    };
    let named = object
        .get("revokedCredentials")
        .or_else(|| object.get("revokedCredential"))?;
    let read = || {
        let all = named
            .as_array()
            .ok_or_else(|| unverified(StatusListProblem::NoRevocations))?;
        let mut revoked = BTreeMap::new();
        for one in all {
            let id = one.as_str().or_else(|| one.get("id")?.as_str());
            let id = id.ok_or_else(|| unverified(StatusListProblem::RevokedWithoutId))?;
            if one.get("revoked") != Some(&Value::Bool(false)) {
                let reason = one.get("revocationReason").and_then(Value::as_str);
                revoked.insert(id.to_owned(), reason.map(|r| r.chars().take(200).collect()));
            }
        }
        Ok(ExternalStatusList {
            id: text(&object, "id"),
            issuer: text(&object, "issuer")
                .or_else(|| text(object.get("issuer")?.as_object()?, "id"))
                .ok_or_else(|| unverified(StatusListProblem::NoIssuer))?,
            signatures: vec![],
            valid_from: None,
            valid_until: None,
            ttl: None,
            content: ExternalListContent::Revocations(revoked),
        })
    };
    Some(read())
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}

impl ExternalStatusList {
    /// The bytes that it takes in memory, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.content {
            ExternalListContent::Bits { bits, .. } => bits.len() / 8 + 1_024,
            ExternalListContent::Revocations(revoked) => revoked.keys().map(|id| id.len() + 256).sum::<usize>() + 1_024,
        }
    }

    /// Looks up a badge, by its id and its status entry. `least` is the smallest number of entries to believe:
    /// [`bitstring::MIN_ENTRIES`], unless an operator knows an issuer whose lists are shorter.
    ///
    /// # Errors
    /// [`StatusListError`]: then it says nothing, and never "not revoked".
    pub fn look_up(
        &self,
        badge_id: Option<&str>,
        entry: &StatusEntry,
        least: u32,
    ) -> Result<ExternalStatus, StatusListError> {
        if self
            .id
            .as_ref()
            .is_some_and(|id| id.starts_with("https://") && *id != entry.list)
        {
            return Err(unverified(StatusListProblem::AnotherList));
        }
        let (value, message) = match &self.content {
            ExternalListContent::Revocations(_) if entry.is_bitstring() => {
                return Err(unverified(StatusListProblem::AnotherKind));
            }
            ExternalListContent::Revocations(revoked) => {
                let id = badge_id.ok_or_else(|| malformed(StatusEntryProblem::NoId))?;
                let found = revoked.get(id);
                (u32::from(found.is_some()), found.cloned().flatten())
            }
            ExternalListContent::Bits { .. } if !entry.is_bitstring() => {
                return Err(unverified(StatusListProblem::AnotherKind));
            }
            ExternalListContent::Bits { purposes, bits } => {
                let value = of_bits(purposes, bits, entry, least)?;
                (value, entry.messages.get(&value).cloned())
            }
        };
        Ok(ExternalStatus {
            issuer: self.issuer.clone(),
            signatures: self.signatures.clone(),
            value,
            message,
        })
    }
}

/// Bitstring Status List v1.0, §3.2, from the purpose on.
fn of_bits(purposes: &[String], bits: &Bitstring, entry: &StatusEntry, least: u32) -> Result<u32, StatusListError> {
    let purpose = entry.purpose.as_deref().unwrap_or_default();
    if !purposes.iter().any(|p| p == purpose) {
        return Err(unverified(StatusListProblem::AnotherPurpose {
            purpose: purpose.chars().take(40).collect(),
        }));
    }
    let index = entry.index.ok_or_else(|| malformed(StatusEntryProblem::NoIndex))?;
    let size = entry.size.filter(|size| (1..=MAX_SIZE).contains(size));
    let size = u32::from(size.ok_or_else(|| malformed(StatusEntryProblem::NoSize))?);
    // Bitstring Status List v1.0, §2.1: a status of several bits means what its message says, and each has one.
    if size > 1 && !(0..1_u32 << size).all(|status| entry.messages.contains_key(&status)) {
        return Err(malformed(StatusEntryProblem::MeaningsMissing));
    }
    let has = bits.len() / usize::try_from(size).unwrap_or(1);
    if has < usize::try_from(least).unwrap_or(usize::MAX) {
        return Err(StatusListError::Length { has, least });
    }
    let mut value = 0;
    for nth in 0..size {
        let place = index.checked_mul(size).and_then(|first| first.checked_add(nth));
        let bit = place
            .and_then(|place| bits.bit(place))
            .ok_or(StatusListError::Range { place: index })?;
        value = value << 1 | u32::from(bit);
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
