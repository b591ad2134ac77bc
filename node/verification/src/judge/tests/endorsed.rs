//! Endorsements within a badge: their signatures are checked where the key is known without asking, and no answer
//! about one is an answer about the badge.

use registry_schema::verdict::{Endorsement, EndorsementTarget};
use serde_json::json;

use super::*;

const ABOUT: &str = "urn:uuid:0f0e7b1c-6a0e-4a53-9a37-6f2a2f3f7a11";

fn praise(issuer: &str, about: &str) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:11111111-2222-4333-8444-555555555555",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Praise",
        "issuer": {"id": issuer, "type": ["Profile"], "name": "Praise Board"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": "the best of all"},
    })
}

fn endorser() -> (IssuerSigningKey, String, String) {
    let key = IssuerSigningKey::from_seed(&[9; 32]).unwrap();
    let (did, method) = multikey::did_key(&key.public_key());
    (key, did, method)
}

/// The entry of the endorser in South Carolina's list.
fn registered(world: &mut JudgeFixture) {
    let mut issuer = world.evidence.issuers[0].clone();
    (issuer.id, issuer.name) = (endorser().1, "Praise Board".to_owned());
    issuer.verification_methods.clear();
    world.evidence.endorsers = vec![issuer];
}

fn signed(document: Value) -> Value {
    let (key, _, method) = endorser();
    data_integrity::sign(document, &key, &method, t("2026-01-02")).unwrap()
}

/// The answer about a badge with these endorsements of its achievement.
fn with(endorsements: Vec<Value>, tokens: Vec<String>) -> (Vec<Endorsement>, Verdict) {
    let mut world = world();
    registered(&mut world);
    let achievement = &mut world.unsigned["credentialSubject"]["achievement"];
    achievement["id"] = json!(ABOUT);
    achievement["endorsement"] = json!(endorsements);
    if !tokens.is_empty() {
        achievement["endorsementJwt"] = json!(tokens);
    }
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:#?}", verdict.findings);
    audit("endorsed", &verdict);
    (verdict.endorsements.clone(), verdict)
}

#[test]
fn an_endorsement_that_its_endorser_signed_holds() {
    let (key, did, method) = endorser();
    let document = praise(&did, ABOUT);
    let token = crate::jwt::sign(document.clone(), &key, &method, t("2026-01-02")).unwrap();
    let (told, verdict) = with(vec![signed(document)], vec![token]);
    assert_eq!(told.len(), 2);
    for one in told {
        assert_eq!(
            (one.outcome, one.code.as_str()),
            (CheckOutcome::Passed, "proof.valid"),
            "{one:?}"
        );
        assert_eq!(
            (one.of, one.by.as_deref()),
            (EndorsementTarget::Achievement, Some("Praise Board"))
        );
    }
    assert!(verdict.findings.iter().all(|f| !f.code.contains("endorsement")));
}

#[test]
fn an_endorsement_that_does_not_hold_is_named_and_changes_no_verdict() {
    let (_, did, _) = endorser();
    let mut altered = signed(praise(&did, ABOUT));
    altered["credentialSubject"]["endorsementComment"] = json!("mediocre");
    let mut expired = praise(&did, ABOUT);
    expired["validUntil"] = json!("2026-02-01T00:00:00Z");
    let another = multikey::did_key(&IssuerSigningKey::from_seed(&[10; 32]).unwrap().public_key()).0;
    for (document, code, outcome) in [
        (altered, "proof.invalid", CheckOutcome::Failed),
        (praise(&did, ABOUT), "proof.missing", CheckOutcome::Failed),
        (
            signed(praise(&did, "urn:uuid:else")),
            "structure.invalid",
            CheckOutcome::Failed,
        ),
        (
            signed(praise(&another, ABOUT)),
            "issuer.key_not_issuers",
            CheckOutcome::Failed,
        ),
        (signed(expired), "dates.expired", CheckOutcome::Failed),
        (
            signed(praise("https://board.example", ABOUT)),
            "issuer.unresolvable",
            CheckOutcome::CouldNotCheck,
        ),
    ] {
        let (told, verdict) = with(vec![document], vec![]);
        assert_eq!((told[0].code.as_str(), told[0].outcome), (code, outcome), "{told:?}");
        let finding = match outcome {
            CheckOutcome::Failed => "proof.endorsement_invalid",
            _ => "proof.endorsements_not_checked",
        };
        assert!(verdict.findings.iter().any(|f| f.code == finding), "{code}");
    }
}

/// 1EdTech's own sample, whose key only its issuer's URL names.
#[test]
fn an_endorsement_of_1edtech_is_read_and_its_key_is_nobodys_here() {
    let document: Value = serde_json::from_slice(include_bytes!("../../../fixtures/1edtech-endorsement.json")).unwrap();
    let about = document["credentialSubject"]["id"].clone();
    let mut world = world();
    world.unsigned["credentialSubject"]["achievement"]["id"] = about;
    world.unsigned["credentialSubject"]["achievement"]["endorsement"] = json!([document]);
    let verdict = world.verdict();
    assert_eq!(
        verdict.endorsements[0].code, "issuer.unresolvable",
        "{:?}",
        verdict.endorsements
    );
    assert_eq!(verdict.verdict, VerdictKind::Accepted);
}

#[test]
fn more_endorsements_than_are_checked_are_counted() {
    let (key, did, method) = endorser();
    let token = crate::jwt::sign(praise(&did, ABOUT), &key, &method, t("2026-01-02")).unwrap();
    let (told, verdict) = with(vec![], vec![token; 25]);
    assert_eq!(told.len(), 10);
    let finding = verdict
        .findings
        .iter()
        .find(|f| f.code == "proof.endorsements_not_checked")
        .unwrap();
    assert!(finding.detail.contains("(25), 15 could not"), "{}", finding.detail);
}

/// The answer on an endorsement with two status entries, of which this is known.
fn with_status(known: Vec<StatusEvidence>) -> (Endorsement, Verdict) {
    let (_, did, _) = endorser();
    let mut document = praise(&did, ABOUT);
    document["credentialStatus"] = world().unsigned["credentialStatus"].clone();
    let mut world = world();
    registered(&mut world);
    let achievement = &mut world.unsigned["credentialSubject"]["achievement"];
    achievement["id"] = json!(ABOUT);
    achievement["endorsement"] = json!([signed(document)]);
    world.evidence.endorsements = vec![known];
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:#?}", verdict.findings);
    audit("endorsed", &verdict);
    (verdict.endorsements[0].clone(), verdict)
}

#[test]
fn an_endorsement_that_was_withdrawn_does_not_hold_and_an_unasked_one_is_not_fine() {
    let listed = |revoked: Option<&str>, suspended: Option<&str>, freshness| StatusEvidence::Listed {
        agency: id("US-SC"),
        revoked: revoked.map(|at| change(StatusState::Revoked, at)),
        suspended: suspended.map(|at| change(StatusState::Suspended, at)),
        freshness,
    };
    let fine = || listed(None, None, fresh());
    let unreachable = || StatusEvidence::Unreachable {
        list: "https://board.example/status".to_owned(),
        why: Phrase::Verbatim("no agency of this federation keeps it".to_owned()),
    };
    for (known, code, outcome) in [
        (vec![fine(), fine()], "proof.valid", CheckOutcome::Passed),
        (
            vec![listed(Some("2026-03-03"), None, fresh()), fine()],
            "status.revoked",
            CheckOutcome::Failed,
        ),
        (
            vec![unreachable(), listed(None, Some("2026-03-03"), stale())],
            "status.suspended",
            CheckOutcome::Failed,
        ),
        (
            vec![fine(), listed(None, None, stale())],
            "status.stale",
            CheckOutcome::CouldNotCheck,
        ),
        (
            vec![fine(), unreachable()],
            "status.unreachable",
            CheckOutcome::CouldNotCheck,
        ),
        (vec![fine()], "status.unreachable", CheckOutcome::CouldNotCheck),
        (vec![], "status.unreachable", CheckOutcome::CouldNotCheck),
    ] {
        let (told, verdict) = with_status(known);
        assert_eq!((told.code.as_str(), told.outcome), (code, outcome), "{told:?}");
        let finding = match outcome {
            CheckOutcome::Failed => Some("proof.endorsement_invalid"),
            CheckOutcome::CouldNotCheck => Some("proof.endorsements_not_checked"),
            _ => None,
        };
        let told = verdict
            .findings
            .iter()
            .find(|f| f.code.starts_with("proof.endorsement"));
        assert_eq!(told.map(|f| f.code.as_str()), finding);
    }
}

#[test]
fn where_the_status_of_endorsements_stands_is_told_in_their_order_and_bounded() {
    let (key, did, method) = endorser();
    let mut document = praise(&did, ABOUT);
    document["credentialStatus"] = world().unsigned["credentialStatus"].clone();
    let token = crate::jwt::sign(document.clone(), &key, &method, t("2026-01-02")).unwrap();
    let mut world = world();
    let achievement = &mut world.unsigned["credentialSubject"]["achievement"];
    achievement["endorsement"] = json!([praise(&did, ABOUT), document, 7]);
    achievement["endorsementJwt"] = json!(vec![token; 25]);
    let badge = crate::badge::parse(world.unsigned, formats::BadgeFormat::Json).unwrap();
    let entries: Vec<usize> = endorsed_status(&badge).iter().map(|(_, status)| status.len()).collect();
    assert_eq!(entries, [0, 2, 0, 2, 2, 2, 2, 2, 2, 2]);
    assert!(endorsed_status(&formats::read(&signed(praise(&did, ABOUT)).to_string().into_bytes()).unwrap()).is_empty());
}
