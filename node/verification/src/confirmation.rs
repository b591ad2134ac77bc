//! The question to the home agency about a badge whose key somebody stole: whether it issued this very badge.

use aws_lc_rs::digest::{SHA256, digest};
use registry_schema::AgencyId;
use serde_json::Value;

use crate::{
    Evidence, OpenBadge, VerificationQuestion,
    codes::Code,
    home::{self, HomeAgencies},
    judge,
};

/// SHA-256, in hexadecimal, of what a badge says: its canonical JSON (RFC 8785) without its proof. The same for a badge and
/// for the token that carries the same content. None, if it has no canonical form.
#[must_use]
pub fn digest_of(document: &Value) -> Option<String> {
    let Value::Object(content) = document else {
        return None;
    };
    let mut content = content.clone();
    content.remove("proof");
    let canonical = serde_json_canonicalizer::to_vec(&content).ok()?;
    let hash = digest(&SHA256, &canonical);
    Some(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The agency to be asked whether it issued this badge, if its word is needed: it says that the key which signed the
/// badge is compromised. In every other case nobody is asked.
#[must_use]
pub fn needed(badge: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> Option<AgencyId> {
    // Most badges' issuers have no such key; then the signature is not looked at twice.
    let homes = HomeAgencies::of(evidence, &question.agency, &badge.issuer_id);
    let mut issuers = home::entries(evidence, &homes, &badge.issuer_id);
    let home = issuers.find(|issuer| {
        let mut methods = issuer.verification_methods.iter();
        methods.any(|method| method.compromised.is_some())
    })?;
    let findings = judge::apart_from_structure(badge, evidence, question);
    let waits = findings
        .iter()
        .any(|finding| finding.code == Code::IssuerKeyCompromised);
    waits.then(|| home.agency.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_digest_is_of_all_that_a_badge_says_and_not_of_its_proof() {
        let badge = json!({"id": "urn:x", "name": "A", "proof": {"created": "2026"}});
        let other_order = json!({"name": "A", "id": "urn:x"});
        assert_eq!(digest_of(&badge), digest_of(&other_order));
        assert_eq!(digest_of(&badge).map(|text| text.len()), Some(64));
        assert_ne!(digest_of(&badge), digest_of(&json!({"id": "urn:x", "name": "B"})));
        assert_eq!(digest_of(&json!("text")), None);
    }
}
