//! Verifiable credentials and presentations of any kind, as the Verifiable Credentials Data Model has them: what the
//! endpoints of the VC API judge.
//!
//! **This is no answer about a badge.** Whether anybody recognizes the issuer is not asked, an issuer whose keys are
//! nowhere listed is only warned of, and a document may define terms of its own. [`judge()`](crate::judge()) asks all of
//! that, and allows none of it.

mod presentation;
mod related;
mod structure;

use registry_schema::{Check, CheckOutcome, Timestamp};
use serde_json::{Map, Value};

pub use self::presentation::{Presentation, read_presentation, verify_presentation};
use crate::{
    Evidence, IssuerSigningKey, OpenBadge, StructureFault, VerificationQuestion, badge,
    codes::Code,
    contexts::{CREDENTIALS_V1, DATA_INTEGRITY_V1, DATA_INTEGRITY_V2},
    data_integrity::{self, AllowedTerms, Cryptosuite, SignError},
    formats::{self, BadgeFormat, NextStep, UnreadableBadge, UnreadableReason},
    json::{self, JsonProblem},
    judge,
    judge::JudgedFinding,
};

/// The checks that are asked for, beside structure, proof and issuer, which always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedChecks {
    /// Set to check that it is in date.
    pub dates: bool,
    /// Set to check that it is not revoked or suspended.
    pub status: bool,
}

impl RequestedChecks {
    /// All of them.
    pub const ALL: Self = Self {
        dates: true,
        status: true,
    };
}

/// The findings, by what they mean for the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerificationFindings {
    /// Any of these, and it is not verified.
    pub errors: Vec<JudgedFinding>,
    /// Findings that the asker should know all the same.
    pub warnings: Vec<JudgedFinding>,
}

impl VerificationFindings {
    /// Returns true if nothing speaks against it.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.errors.is_empty()
    }

    fn add(&mut self, findings: impl IntoIterator<Item = JudgedFinding>, checks: RequestedChecks) {
        for finding in findings {
            let counts = match finding.check {
                Check::Structure | Check::Proof => finding.outcome() != CheckOutcome::Passed,
                // Where nobody lists the issuer, its name is only what the signer calls himself.
                Check::Issuer => finding.outcome() == CheckOutcome::Failed,
                Check::Dates => checks.dates && finding.outcome() != CheckOutcome::Passed,
                Check::Status => {
                    checks.status && matches!(finding.outcome(), CheckOutcome::Failed | CheckOutcome::CouldNotCheck)
                }
                Check::Recognition | Check::Worth | Check::Holder => false,
            };
            if counts {
                self.errors.push(finding);
            } else if finding.outcome() != CheckOutcome::Passed {
                self.warnings.push(finding);
            }
        }
    }
}

/// Reads strict JSON: no key twice, no deep nesting, a bounded number of values.
///
/// # Errors
/// Where reading stopped, and why.
pub fn read_json(bytes: &[u8]) -> Result<Value, JsonProblem> {
    json::read(bytes)
}

/// A credential as the VC API carries it: an object, one in an envelope, or a token.
///
/// # Errors
/// If it is no credential at all.
pub fn read_credential(value: Value) -> Result<OpenBadge, UnreadableBadge> {
    match value {
        Value::String(token) if token.starts_with("ey") => formats::read(token.as_bytes()),
        Value::Object(object) if structure::has_type(&object, "EnvelopedVerifiableCredential") => {
            formats::read(Value::Object(object).to_string().as_bytes())
        }
        Value::Object(object) => badge::parse_any(Value::Object(object), BadgeFormat::Json),
        _ => Err(UnreadableBadge::new(
            UnreadableReason::NeitherObjectNorToken,
            NextStep::SendCredential,
        )),
    }
}

/// Checks a credential: its structure, its proofs, whether the key is its issuer's, and what else is asked for.
#[must_use]
pub fn verify_credential(
    credential: &OpenBadge,
    evidence: &Evidence,
    question: &VerificationQuestion,
    checks: RequestedChecks,
) -> VerificationFindings {
    let mut answer = VerificationFindings::default();
    let faults = credential.document.as_object().map(structure::credential);
    answer.add(invalid(faults.unwrap_or_default()), checks);
    answer.add(judge::apart_from_structure(credential, evidence, question), checks);
    answer
}

fn invalid(faults: Vec<StructureFault>) -> impl Iterator<Item = JudgedFinding> {
    faults
        .into_iter()
        .map(|fault| judge::finding(Code::StructureInvalid, &fault))
}

/// The faults of a credential that is to be issued.
#[must_use]
pub fn faults(credential: &Map<String, Value>) -> Vec<StructureFault> {
    structure::credential(credential)
}

/// Signs a credential, whatever it is about. VCDM 1.1 has no words for such proofs, so it gets the context that has.
///
/// # Errors
/// As [`data_integrity::sign_with`].
pub fn sign(
    mut credential: Map<String, Value>,
    suite: Cryptosuite,
    key: &IssuerSigningKey,
    verification_method: &str,
    created: Timestamp,
) -> Result<Value, SignError> {
    if let Some(Value::Array(contexts)) = credential.get_mut("@context") {
        let has = |url: &str| contexts.iter().any(|context| context == url);
        if has(CREDENTIALS_V1) && !has(DATA_INTEGRITY_V1) && !has(DATA_INTEGRITY_V2) {
            contexts.push(Value::from(DATA_INTEGRITY_V2));
        }
    }
    let document = Value::Object(credential);
    data_integrity::sign_under(AllowedTerms::Any, suite, document, key, verification_method, created)
}

#[cfg(test)]
mod tests;
