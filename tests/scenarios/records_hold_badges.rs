//! A Comprehensive Learner Record has an answer, and each badge in it has its own: in the API, on the page, in the
//! command. What others say within a badge is withdrawn where its endorser withdraws it.

use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, IssuedBadge, TeacherScenario, VerdictAssertions as _, program};
use verification::{IssuerSigningKey, data_integrity, multikey};

/// A record of South Carolina's issuer about Jordan Avery, with these badges.
async fn record(federation: &Federation, like: &IssuedBadge, badges: &[Value], signer: &IssuerSigningKey) -> Vec<u8> {
    let issuer = like.document["issuer"].clone();
    let unsigned = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:5b9c9c6a-0f2a-4a1e-9f0e-3a2b8a5d7c01",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "partial": true,
        "issuer": issuer,
        "validFrom": like.document["validFrom"],
        "credentialStatus": like.document["credentialStatus"],
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "identifier": like.document["credentialSubject"]["identifier"],
            "verifiableCredential": badges,
        },
    });
    let (_, method) = multikey::did_key(&signer.public_key());
    let signed = data_integrity::sign(unsigned, signer, &method, federation.clock().now());
    signed.expect("a record").to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_badge_in_a_record_has_its_answer_in_api_page_and_command() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let key = sc.badge_key_of(&issuer.id).await;
    let revoked = sc.issues(&issuer, "Jordan Avery").await;
    let of_riley = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation.awaits(nc, &revoked, VerdictKind::NotValid).await;
    federation.awaits(nc, &of_riley, VerdictKind::Accepted).await;
    let tampered: Value = serde_json::from_slice(&badge.tampered()).expect("JSON");

    let parts = [
        badge.document.clone(),
        revoked.document.clone(),
        tampered,
        of_riley.document.clone(),
        json!({
            "@context": "https://www.w3.org/ns/credentials/v2",
            "type": "EnvelopedVerifiableCredential",
            "id": "data:application/vc+jwt,eyJhbGciOiJFZERTQSJ9.e.e",
        }),
    ];
    let file = record(&federation, &badge, &parts, &key).await;
    let verdict = nc.employer().verifies_bytes(&file).await.is(VerdictKind::Accepted);
    let kinds: Vec<VerdictKind> = verdict.credentials.iter().map(|part| part.verdict).collect();
    use VerdictKind::{Accepted, NotValid, Unreadable};
    assert_eq!(kinds, [Accepted, NotValid, NotValid, Accepted, Unreadable]);
    verdict.credentials[1].finding("status.revoked");
    verdict.credentials[2].finding("proof.invalid");
    verdict.credentials[3].finding("holder.another");
    verdict.finding("holder.another");
    let counted = "It holds 5 badges: 2 accepted, 2 not valid, 1 not readable.";
    assert!(verdict.sentence.contains(counted), "{}", verdict.sentence);

    let page = nc.employer().drops_on_the_page(&file).await.with_status(200).text();
    let table = page
        .split("The badges in this record")
        .nth(1)
        .expect("a table of badges");
    assert_eq!(table.matches("data-label=\"Answer\"").count(), 5, "{table}");
    for words in [
        "Accepted",
        "Not valid",
        "revoked",
        "names another person than the record",
    ] {
        assert!(table.contains(words), "the page lacks `{words}`: {table}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.json");
    std::fs::write(&path, &file).expect("a file");
    let path = path.to_str().expect("a path");
    let ended = program::comity(["verify", "--node", nc.url(), path]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout.matches(badge_name(&badge)).count(), 4, "{}", ended.stdout);
    for words in [
        "holds",
        "revoked",
        "changed after it was issued",
        "names another person than the record",
    ] {
        assert!(ended.stdout.contains(words), "`{words}`: {}", ended.stdout);
    }

    // With nothing but somebody else's badge it is not good.
    let file = record(&federation, &badge, &[of_riley.document], &key).await;
    let verdict = nc.employer().verifies_bytes(&file).await;
    verdict
        .is(VerdictKind::CouldNotCheck)
        .finding("recognition.badges_not_checked");
    federation.audit().await;
}

fn badge_name(badge: &IssuedBadge) -> &str {
    badge.document["credentialSubject"]["achievement"]["name"]
        .as_str()
        .expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endorsement_is_withdrawn_by_its_endorser_and_the_badge_stays_good() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let key = sc.badge_key_of(&issuer.id).await;
    let (_, method) = multikey::did_key(&key.public_key());
    let now = federation.clock().now();
    // The endorsement's status stands at a place of another badge's.
    let place = sc.issues(&issuer, "Riley Brooks").await;
    let mut unsigned = badge.document.clone();
    unsigned.as_object_mut().expect("an object").remove("proof");
    let about = unsigned["credentialSubject"]["achievement"]["id"].clone();
    let praise = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:11111111-2222-4333-8444-555555555555",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Praise",
        "issuer": unsigned["issuer"],
        "validFrom": unsigned["validFrom"],
        "credentialStatus": place.document["credentialStatus"],
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": "thorough"},
    });
    let sign = |document| data_integrity::sign(document, &key, &method, now).expect("a signature");
    unsigned["credentialSubject"]["achievement"]["endorsement"] = json!([sign(praise)]);
    let file = sign(unsigned).to_string().into_bytes();

    federation.awaits(nc, &place, VerdictKind::Accepted).await;
    let verdict = nc.employer().verifies_bytes(&file).await.is(VerdictKind::Accepted);
    assert_eq!(
        verdict.endorsements[0].code, "proof.valid",
        "{:#?}",
        verdict.endorsements
    );
    sc.revokes(&place, StatusReason::IssuedInError).await;
    federation.awaits(nc, &place, VerdictKind::NotValid).await;
    let verdict = nc.employer().verifies_bytes(&file).await;
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
    assert_eq!(
        verdict.endorsements[0].code, "status.revoked",
        "{:#?}",
        verdict.endorsements
    );
    verdict.finding("proof.endorsement_invalid");
    federation.audit().await;
}
