//! Comprehensive Learner Records (1EdTech CLR 2.0, §C.1): a credential about a learner that holds other credentials, each
//! with a proof of its own.

use serde_json::Value;

use super::{OpenBadge, parse_any, types};
use crate::{
    formats::{BadgeFormat, NextStep, UnreadableBadge, UnreadableReason, enveloped},
    jwt,
};

/// The type of a record.
pub(super) const KIND: &str = "ClrCredential";

/// The most badges that a record may hold: each costs a signature. Their bytes are within those of the file.
pub const MAX_PARTS: usize = 100;

/// Reads a record and the badges in it.
///
/// # Errors
/// If it holds too many, or holds them in no list.
pub(super) fn parse(document: Value, form: BadgeFormat) -> Result<OpenBadge, UnreadableBadge> {
    let listed = match document.pointer("/credentialSubject/verifiableCredential") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    if listed.is_empty() {
        return Err(UnreadableBadge::new(
            UnreadableReason::RecordWithoutBadges,
            NextStep::AskForRecordWithBadges,
        ));
    }
    if listed.len() > MAX_PARTS {
        return Err(UnreadableBadge::new(
            UnreadableReason::RecordTooLarge { most: MAX_PARTS },
            NextStep::SendBadgesApart,
        ));
    }
    let parts = listed.iter().map(part).collect();
    let mut record = parse_any(document, form)?;
    record.parts = parts;
    Ok(record)
}

fn part(value: &Value) -> Result<OpenBadge, UnreadableBadge> {
    if types(value.get("type")).any(|kind| kind == KIND) {
        return Err(UnreadableBadge::new(
            UnreadableReason::RecordWithinRecord,
            NextStep::SendInnerRecord,
        ));
    }
    let part = match enveloped(value).or_else(|| value.as_str().filter(|text| jwt::is_token(text))) {
        Some(token) => jwt::read(token, BadgeFormat::Jwt)?,
        None => super::parse(value.clone(), BadgeFormat::Json)?,
    };
    match part.is_record() {
        true => Err(UnreadableBadge::new(
            UnreadableReason::RecordWithinRecord,
            NextStep::SendInnerRecord,
        )),
        false => Ok(part),
    }
}
