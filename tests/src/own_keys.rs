//! Issuers that sign with software and keys of their own, and agencies that register and recognize them.

use api_types::{recognitions::RecognitionRequest, routes};
use registry_schema::{Check, Issuer, Purpose, RecognitionScope, Timestamp, Verdict, VerdictKind};
use serde_json::{Value, json};
use verification::{IssuerSigningKey, data_integrity, multikey};

use crate::{Publisher, TestAgency, VerdictAssertions as _, eventually, forge};

/// A key pair, by a number.
///
/// # Panics
/// If it cannot be made.
pub fn key(number: u8) -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[number; 32]).expect("a key")
}

/// The public half, as a Multikey.
pub fn text_of(key: &IssuerSigningKey) -> String {
    multikey::encode(&key.public_key())
}

/// Publishes a `did:web` document in which these keys issue, by name, and these do not.
pub fn publishes(publisher: &Publisher, issuing: &[(&str, &IssuerSigningKey)], others: &[(&str, &IssuerSigningKey)]) {
    let did = publisher.did();
    let method = |(name, key): &(&str, &IssuerSigningKey)| {
        json!({
            "id": format!("{did}#{name}"), "type": "Multikey", "controller": did, "publicKeyMultibase": text_of(key),
        })
    };
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": issuing.iter().chain(others).map(method).collect::<Vec<_>>(),
        "assertionMethod": issuing.iter().map(|(name, _)| format!("{did}#{name}")).collect::<Vec<_>>(),
    });
    publisher.lays_out("/.well-known/did.json", "application/did+json", document.to_string());
}

/// A badge of its did:web without a status, signed with this key at this moment.
pub fn issues(publisher: &Publisher, (name, key): (&str, &IssuerSigningKey), at: Timestamp) -> Vec<u8> {
    Publisher::issues_as(&publisher.did(), &format!("{}#{name}", publisher.did()), key, at)
}

/// Recognizes an issuer, also for badges without a status.
pub async fn recognizes(agency: &TestAgency, issuer: &str) {
    let purposes = [Purpose::Renewal, Purpose::ProfessionalLearning];
    let new = RecognitionRequest {
        accepts_without_status: true,
        ..RecognitionRequest::new(issuer, &purposes, RecognitionScope::All)
    };
    agency.calls(&routes::RECOGNIZE, &[], &new).await.with_status(201);
}

/// Waits until an agency knows the issuer as it stands elsewhere.
pub async fn knows(agency: &TestAgency, issuer: &Issuer) {
    eventually("the issuer's entry", async || {
        let reply = agency.employer().reads(&path_of(&issuer.id)).await;
        let known = (reply.status == 200).then(|| reply.json::<Issuer>());
        match known.as_ref() == Some(issuer) {
            true => Ok(()),
            false => Err(format!("{known:?}")),
        }
    })
    .await;
}

/// Returns the path of an issuer's entry; a did:web with a port has a `%` in it.
pub fn path_of(id: &str) -> String {
    format!("/v1/issuers/{}", id.replace('%', "%25"))
}

/// Asserts that a badge without a status is accepted, as [`recognizes`] allows it.
///
/// # Panics
/// If it is not.
pub fn is_accepted(verdict: Verdict) -> Verdict {
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
    assert_eq!(verdict.codes(Check::Status), ["status.none"], "{verdict:#?}");
    verdict
}

/// A trial badge with this text in the description of its achievement, not signed yet.
///
/// # Panics
/// If it cannot be made.
pub fn trial(did: &str, description: &str, status: Option<&str>) -> Value {
    let mut badge: Value = serde_json::from_slice(&forge::by_a_stranger(status)).expect("JSON");
    badge.as_object_mut().expect("an object").remove("proof");
    badge["issuer"]["id"] = json!(did);
    badge["credentialSubject"]["achievement"]["description"] = json!(description);
    badge
}

/// Signs it.
///
/// # Panics
/// If it cannot be signed.
pub fn signed(badge: Value, method: &str, key: &IssuerSigningKey, now: Timestamp) -> Vec<u8> {
    let signed = data_integrity::sign(badge, key, method, now);
    signed.expect("a signature").to_string().into_bytes()
}
