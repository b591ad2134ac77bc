//! Comprehensive Learner Records: each badge in one is judged on its own, and the record is no better than the best.

use serde_json::json;

use super::*;
use crate::UnreadableReason;

/// The world's badge, signed.
fn badge(world: &JudgeFixture) -> Value {
    let created = t("2026-01-15T09:00:00Z");
    data_integrity::sign(world.unsigned.clone(), &world.signer, &world.method, created).unwrap()
}

/// A badge that was changed after it was signed.
fn forged(world: &JudgeFixture) -> Value {
    let mut badge = badge(world);
    badge["credentialSubject"]["achievement"]["name"] = json!("Brain surgery");
    badge
}

/// A world whose badge is a record with these badges, and what is known about each.
fn record(badges: Vec<Value>) -> JudgeFixture {
    let mut world = world();
    world.evidence.parts = vec![world.evidence.clone(); badges.len()];
    let status = world.unsigned["credentialStatus"].clone();
    world.unsigned = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:5b9c9c6a-0f2a-4a1e-9f0e-3a2b8a5d7c01",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "partial": true,
        "issuer": world.unsigned["issuer"],
        "validFrom": "2026-01-15T09:00:00Z",
        "credentialStatus": status,
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "verifiableCredential": badges,
        },
    });
    world
}

fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn a_record_is_accepted_and_each_badge_in_it_has_an_answer_of_its_own() {
    let world = world();
    let all = record(vec![badge(&world), forged(&world), badge(&world)]);
    let verdict = all.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:#?}", verdict.findings);
    assert_eq!(
        verdict.sentence,
        "Accepted in North Carolina for license renewal. It holds 3 badges: 2 accepted, 1 not valid."
    );
    audit("a record", &verdict);
    let kinds: Vec<VerdictKind> = verdict.credentials.iter().map(|part| part.verdict).collect();
    assert_eq!(
        kinds,
        [VerdictKind::Accepted, VerdictKind::NotValid, VerdictKind::Accepted]
    );
    for (i, part) in verdict.credentials.iter().enumerate() {
        audit(&format!("badge {i}"), part);
        assert!(part.credentials.is_empty());
    }
    assert!(codes(&verdict.credentials[1]).contains(&"proof.invalid"));
    assert_eq!(verdict.credential.unwrap().name.as_deref(), Some("Transcript"));
}

#[test]
fn a_record_is_no_better_than_its_best_badge() {
    let world = world();
    let good = badge(&world);
    let cases: [(&str, JudgeFixture, VerdictKind, &str); 4] = [
        (
            "all forged",
            record(vec![forged(&world), forged(&world)]),
            VerdictKind::NotValid,
            "structure.no_valid_badge",
        ),
        (
            "none recognized",
            {
                let mut all = record(vec![good.clone()]);
                all.evidence.parts[0].recognitions.clear();
                all
            },
            VerdictKind::NotRecognized,
            "recognition.no_badge",
        ),
        (
            "nothing known",
            {
                let mut all = record(vec![good.clone(), good.clone()]);
                all.evidence.parts.clear();
                all
            },
            VerdictKind::CouldNotCheck,
            "recognition.badges_not_checked",
        ),
        (
            "the record itself is revoked",
            {
                let mut all = record(vec![good.clone()]);
                all.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03")));
                all
            },
            VerdictKind::NotValid,
            "status.revoked",
        ),
    ];
    for (name, all, kind, code) in cases {
        let verdict = all.verdict();
        assert_eq!(verdict.verdict, kind, "{name}: {:#?}", verdict.findings);
        assert!(codes(&verdict).contains(&code), "{name}: {:?}", codes(&verdict));
        audit(name, &verdict);
    }
    let world = record(vec![good]);
    let verdict = JudgeFixture {
        forge: |signed| {
            let more = signed["credentialSubject"]["verifiableCredential"][0].clone();
            signed["credentialSubject"]["verifiableCredential"] = json!([more, more]);
            signed["credentialSubject"]["verifiableCredential"][1]["id"] = json!("urn:uuid:1");
        },
        ..world
    }
    .verdict();
    assert_eq!(
        verdict.verdict,
        VerdictKind::NotValid,
        "a badge was put in after signing"
    );
    assert!(codes(&verdict).contains(&"proof.invalid"));
    assert_eq!(
        verdict.credentials[0].verdict,
        VerdictKind::Accepted,
        "it stands by itself"
    );
}

#[test]
fn a_record_has_between_one_and_a_hundred_badges_and_no_record() {
    let world = world();
    let small = json!({"@context": [], "type": ["VerifiableCredential"], "credentialSubject": {}});
    let read = |badges: Vec<Value>| formats::read(record(badges).unsigned.to_string().as_bytes());
    assert_eq!(read(vec![]).unwrap_err().stopped, UnreadableReason::RecordWithoutBadges);
    assert_eq!(read(vec![small.clone(); 100]).unwrap().parts.len(), 100);
    let many = read(vec![small; 101]).unwrap_err();
    assert_eq!(many.stopped, UnreadableReason::RecordTooLarge { most: 100 });
    let inner = record(vec![badge(&world)]).unsigned;
    let nested = read(vec![inner, json!("no token"), json!(7)]).unwrap();
    assert!(nested.parts.iter().all(Result::is_err));
    let within = nested.parts[0].as_ref().unwrap_err();
    assert_eq!(within.stopped, UnreadableReason::RecordWithinRecord);
}

/// The test files of 1EdTech's own validator: signed by its software, with keys that only the issuers' URLs name.
#[test]
fn records_of_1edtech_are_read_and_their_signatures_checked() {
    let read = |bytes: &[u8]| {
        let record = formats::read(bytes).unwrap();
        let mut evidence = world().evidence;
        evidence.parts = vec![evidence.clone(); record.parts.len()];
        let verdict = judge(&record, &evidence, &world().question);
        audit("1EdTech", &verdict);
        verdict
    };
    let verdict = read(include_bytes!("../../../fixtures/1edtech-clr-2.0.1.json"));

    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
    for one in [&verdict, &verdict.credentials[0]] {
        assert!(codes(one).contains(&"proof.valid"), "{one:#?}");
        assert!(codes(one).contains(&"issuer.unresolvable"), "{one:#?}");
        assert!(codes(one).contains(&"structure.valid"), "{one:#?}");
    }
    let token = read(include_bytes!("../../../fixtures/1edtech-clr.jwt"));

    assert!(!token.credentials.is_empty());
}

/// The same record, with this name and id of its learner.
fn about(mut record: JudgeFixture, name: Option<&str>, id: &str) -> JudgeFixture {
    let subject = &mut record.unsigned["credentialSubject"];
    subject["id"] = json!(id);
    if let Some(name) = name {
        subject["identifier"] = json!([
            {"type": "IdentityObject", "hashed": false, "identityType": "name", "identityHash": name},
        ]);
    }
    record
}

#[test]
fn a_record_that_packs_somebody_elses_badge_is_not_good_for_it() {
    let mut world = world();
    let of_jordan = badge(&world);
    let identity = "/credentialSubject/identifier/0/identityHash";
    assert_eq!(world.unsigned.pointer(identity), Some(&json!("Jordan Ávila")));
    world.unsigned["credentialSubject"]["id"] = json!("did:example:jordan");
    let with_id = badge(&world);
    let verdict_on = |badges: Vec<Value>, name: Option<&str>, id: &str| {
        let verdict = about(record(badges), name, id).verdict();
        audit("learners", &verdict);
        verdict.credentials.iter().for_each(|part| audit("a part", part));
        verdict
    };

    for (name, id) in [
        (Some("Jordan Ávila"), "did:example:learner"),
        (Some("ÁVILA,  Jordan"), "did:example:learner"),
        (Some("Jordan T. Ávila"), "did:example:learner"),
        // Nothing to compare: ids alone differ for one person.
        (None, "did:example:learner"),
    ] {
        let verdict = verdict_on(vec![of_jordan.clone()], name, id);
        assert_eq!(verdict.verdict, VerdictKind::Accepted, "{name:?}");
        assert!(!codes(&verdict).contains(&"holder.another"), "{name:?}");
        assert!(!codes(&verdict.credentials[0]).contains(&"holder.another"), "{name:?}");
    }
    // The same id is the same person, whatever name she bore.
    let renamed = verdict_on(vec![with_id], Some("Jordan Brooks"), "did:example:jordan");
    assert_eq!(renamed.verdict, VerdictKind::Accepted);
    assert!(!codes(&renamed).contains(&"holder.another"));

    let packed = verdict_on(vec![of_jordan.clone()], Some("Riley Brooks"), "did:example:riley");
    assert_eq!(packed.verdict, VerdictKind::CouldNotCheck, "{:#?}", packed.findings);
    assert!(codes(&packed).contains(&"recognition.badges_not_checked"));
    assert!(codes(&packed).contains(&"holder.another"));
    assert!(
        packed
            .sentence
            .ends_with("One of them names another person than the record."),
        "{}",
        packed.sentence
    );
    let part = &packed.credentials[0];
    assert_eq!(part.verdict, VerdictKind::Accepted, "by itself it is what it is");
    assert!(part.sentence.ends_with("It names another person than the record."));
    assert!(
        !packed.findings.iter().any(|f| f.detail.contains("Jordan")),
        "no name is told"
    );

    // One word in common is no name in common.
    for name in ["Jordan", "Jordan Brooks", "Ávila"] {
        let other = verdict_on(vec![of_jordan.clone()], Some(name), "did:example:riley");
        assert_eq!(other.verdict, VerdictKind::CouldNotCheck, "{name}");
    }

    // Beside one of her own it lends nothing and takes nothing away.
    let mut own = self::world();
    *own.unsigned.pointer_mut(identity).unwrap() = json!("Riley Brooks");
    let both = verdict_on(vec![badge(&own), of_jordan], Some("Riley Brooks"), "did:example:riley");
    assert_eq!(both.verdict, VerdictKind::Accepted);
    let told = both.findings.iter().find(|f| f.code == "holder.another").unwrap();
    assert!(told.detail.starts_with("badge 2 in this record"), "{}", told.detail);
}
