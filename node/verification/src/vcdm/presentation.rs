//! Presentations: credentials that a holder shows, signed by the holder or not.

use serde_json::{Map, Value};

use super::{RequestedChecks, VerificationFindings, invalid, read_credential, structure::CredentialFaults};
use crate::{
    OpenBadge, StructureFault, UnreadableBadge, VerificationQuestion,
    badge::StructureProblem,
    codes::Code,
    data_integrity::{self, AllowedTerms, Canonicalization, ExpectedProof, ProofOutcome},
    formats::{NextStep, UnreadableReason},
    judge,
    judge::JudgedFinding,
    multikey,
};

/// More credentials than this in one presentation are not looked at: each costs a signature.
const MAX_CREDENTIALS: usize = 32;

/// A presentation, and the credentials in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    document: Value,
    faults: Vec<StructureFault>,
    /// The credentials, in their order.
    pub credentials: Vec<OpenBadge>,
}

/// Reads a presentation.
///
/// # Errors
/// If it is none, or one of its credentials is none.
pub fn read_presentation(value: Value) -> Result<Presentation, UnreadableBadge> {
    let Value::Object(object) = value else {
        return Err(UnreadableBadge::new(
            UnreadableReason::NoObject,
            NextStep::SendPresentation,
        ));
    };
    let mut faults = CredentialFaults::default();
    faults.context(&object);
    faults.has_type(&object, "VerifiablePresentation");
    faults.url(&object, "id", "id");
    match object.get("holder") {
        Some(Value::Object(holder)) if holder.contains_key("id") => faults.url(holder, "id", "holder.id"),
        Some(Value::Object(_)) => faults.add("holder.id", StructureProblem::Missing),
        _ => faults.url(&object, "holder", "holder"),
    }
    let mut credentials = Vec::new();
    for credential in faults
        .objects(&object, "verifiableCredential")
        .into_iter()
        .take(MAX_CREDENTIALS + 1)
    {
        credentials.push(read_credential(Value::Object(credential.clone()))?);
    }
    if credentials.len() > MAX_CREDENTIALS {
        return Err(UnreadableBadge::new(
            UnreadableReason::PresentationTooLarge { most: MAX_CREDENTIALS },
            NextStep::SendApart,
        ));
    }
    Ok(Presentation {
        faults: faults.all(),
        document: Value::Object(object),
        credentials,
    })
}

/// Checks a presentation: its structure and its holder's proof, if there is one; where a challenge or a domain was
/// given out, there has to be. Its credentials are the caller's to check.
#[must_use]
pub fn verify_presentation(
    presentation: &Presentation,
    challenge: Option<&str>,
    domain: Option<&str>,
    question: &VerificationQuestion,
) -> VerificationFindings {
    let mut answer = VerificationFindings::default();
    answer.add(invalid(presentation.faults.clone()), RequestedChecks::ALL);
    let empty = Map::new();
    let object = presentation.document.as_object().unwrap_or(&empty);
    if object.contains_key("proof") || challenge.is_some() || domain.is_some() {
        answer.add(
            proof(presentation, object, challenge, domain, question),
            RequestedChecks::ALL,
        );
    }
    answer
}

fn proof(
    presentation: &Presentation,
    object: &Map<String, Value>,
    challenge: Option<&str>,
    domain: Option<&str>,
    question: &VerificationQuestion,
) -> Vec<JudgedFinding> {
    let expected = ExpectedProof {
        purpose: "authentication",
        challenge,
        domain,
        terms: AllowedTerms::Any,
        way: Canonicalization::Any,
    };
    let outcome = data_integrity::verify_as(&presentation.document, &expected, multikey::key_in_method);
    let mut findings = vec![judge::proof::signature(&outcome, question, None)];
    let holder = object.get("holder");
    let holder = holder.and_then(|holder| holder.get("id").unwrap_or(holder).as_str());
    let key = holder.and_then(multikey::key_of_did);
    if let (ProofOutcome::Valid(signatures), Some(key)) = (outcome, key)
        && !signatures.iter().any(|signature| signature.key == key)
    {
        findings.push(judge::finding(
            Code::ProofInvalid,
            judge::FindingDetail::AnotherKeyThanHolder,
        ));
    }
    findings
}
