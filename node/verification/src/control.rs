//! Proof of control: whether somebody who names itself by an identifier can sign as it does. It is given a challenge, and
//! sends a trial credential with the challenge in it, signed with its software. **Nothing is fetched here**: the
//! issuer's keys are brought.
//!
//! The challenge counts only where the issuer itself writes. Issuers let earners type their own name or evidence, and a
//! badge that was got in this way shows nothing about who holds the issuer's key.

use registry_schema::{Phrase, Timestamp, VerificationMethod, phrases};
use serde_json::Value;

use crate::{
    OpenBadge,
    data_integrity::{self, InvalidProof, ProofOutcome, Undecidable},
    did::ResolvedKeys,
    multikey,
};

/// Fields whose content is not the issuer's own word: what earners bring, and what others say.
const OF_OTHERS: [&str; 5] = ["proof", "evidence", "endorsement", "endorsementJwt", "@context"];

phrases! {
    /// The reason why a trial credential does not prove control: lower case, without a full stop.
    pub enum ControlError {
        // It carries no signature, or one that does not hold.
        Signature { why: InvalidProof },
        // It could not be found out whether its signature holds.
        CouldNotCheck { why: Undecidable },
        // None of the issuer's keys signed it.
        AnotherKey { issuer: String },
        // The challenge is not in it.
        NoChallenge { challenge: String },
    }
}

impl From<&ControlError> for Phrase {
    fn from(why: &ControlError) -> Self {
        why.clone().into()
    }
}

/// Checks that a key that issues for the badge's issuer at this moment signed the badge, with the challenge in it. `keys` are
/// those of the issuer's own document.
///
/// # Errors
/// Why not.
pub fn proves(badge: &OpenBadge, keys: &ResolvedKeys, challenge: &str, now: Timestamp) -> Result<(), ControlError> {
    let is_current = |method: &&VerificationMethod| {
        method.from.is_none_or(|from| from <= now) && method.until.is_none_or(|until| now < until)
    };
    let current: Vec<_> = keys
        .issuing
        .iter()
        .filter(is_current)
        .filter_map(|method| Some((method.id.as_str(), multikey::decode(&method.public_key_multibase).ok()?)))
        .collect();
    let others = keys.issuing.iter().chain(&keys.other);
    let key_of = |name: &str| {
        let now = current.iter().find(|(id, _)| *id == name).map(|(_, key)| key.clone());
        let named = |method: &&VerificationMethod| method.id == name;
        now.or_else(|| multikey::decode(&others.clone().find(named)?.public_key_multibase).ok())
            .or_else(|| multikey::key_in_method(name))
    };
    let outcome = match &badge.token {
        Some(token) => token.verify(&badge.document, &badge.issuer_id, key_of),
        None => data_integrity::verify(&badge.document, key_of),
    };
    match outcome {
        ProofOutcome::Valid(signatures) => {
            let is_issuers = |key| current.iter().any(|(_, own)| own == key);
            if !signatures.iter().any(|signature| is_issuers(&signature.key)) {
                return Err(ControlError::AnotherKey {
                    issuer: badge.issuer_id.chars().take(200).collect(),
                });
            }
        }
        ProofOutcome::Invalid(why) => return Err(ControlError::Signature { why }),
        ProofOutcome::CouldNotCheck(why) => return Err(ControlError::CouldNotCheck { why }),
    }
    if challenge.is_empty() || !is_written(&badge.document, challenge) {
        return Err(ControlError::NoChallenge {
            challenge: challenge.to_owned(),
        });
    }
    Ok(())
}

/// Returns true if the issuer wrote this text into its credential.
fn is_written(document: &Value, text: &str) -> bool {
    let Value::Object(fields) = document else { return false };
    fields
        .iter()
        .filter(|(name, _)| !OF_OTHERS.contains(&name.as_str()))
        .any(|(name, value)| match name.as_str() {
            // Of the subject, what it achieved is the issuer's word.
            "credentialSubject" => {
                let subjects = value
                    .as_array()
                    .map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                subjects
                    .iter()
                    .filter_map(|subject| subject.get("achievement"))
                    .any(|it| holds(it, text))
            }
            _ => holds(value, text),
        })
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.contains(text),
        Value::Array(all) => all.iter().any(|one| holds(one, text)),
        Value::Object(fields) => {
            let mut own = fields.iter().filter(|(name, _)| !OF_OTHERS.contains(&name.as_str()));
            own.any(|(_, one)| holds(one, text))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
