//! Of a badge that is not shown to be its signer's, nothing that a list says is told as if it were about the badge.

use serde_json::json;

use super::*;

/// Nothing of its status is told.
fn tells_no_status(name: &str, verdict: &Verdict) {
    audit(name, verdict);
    let status = &verdict.status;
    assert_eq!(
        (status.state, status.fresh_as_of, &status.source),
        (StatusState::Unknown, None, &None),
        "{name}"
    );
    let of_status: Vec<&Finding> = verdict.findings.iter().filter(|f| f.check == Check::Status).collect();
    assert_eq!(of_status[0].code, "status.not_checked", "{name}: {of_status:?}");
    assert!(
        of_status[0].detail.starts_with("not told, because "),
        "{name}: {of_status:?}"
    );
    assert!(of_status[0].as_of.is_none() && of_status[0].agency.is_none(), "{name}");
    assert!(
        of_status.iter().all(|f| f.outcome == CheckOutcome::CouldNotCheck),
        "{name}: {of_status:?}"
    );
}

/// A thing that is done to a badge, and how.
type TamperCase = (&'static str, fn(&mut JudgeFixture));

#[test]
fn a_badge_that_is_not_genuine_has_no_status() {
    let spoils: [TamperCase; 6] = [
        ("altered", |w| w.forge = |d| d["name"] = json!("Superintendent")),
        ("its status altered", |w| {
            w.forge = |d| {
                for entry in d["credentialStatus"].as_array_mut().unwrap() {
                    entry["statusListIndex"] = json!("77");
                }
            };
        }),
        ("something added", |w| w.forge = |d| d["grade"] = json!("A")),
        ("no signature", |w| {
            w.forge = |d| drop(d.as_object_mut().unwrap().remove("proof"))
        }),
        ("another's key", |w| {
            w.signer = IssuerSigningKey::from_seed(&[9; 32]).unwrap();
            w.method = multikey::did_key(&w.signer.public_key()).1;
        }),
        ("no status, and altered", |w| {
            w.unsigned.as_object_mut().unwrap().remove("credentialStatus");
            w.forge = |d| d["name"] = json!("Superintendent");
        }),
    ];
    for (name, spoil) in spoils {
        for is_revoked in [false, true] {
            let mut world = world();
            spoil(&mut world);
            if is_revoked {
                world.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03")));
            }
            let verdict = world.verdict();
            assert_eq!(verdict.verdict, VerdictKind::NotValid, "{name}");
            assert!(!verdict.sentence.contains("revoked"), "{name}: {}", verdict.sentence);
            tells_no_status(name, &verdict);
        }
    }
}

/// Evidence against a badge is not kept back for want of a signature that can be read here.
#[test]
fn a_badge_that_is_not_shown_to_be_genuine_is_not_called_good_and_may_be_called_revoked() {
    let spoils: [TamperCase; 3] = [
        ("another suite", |w| {
            w.forge = |d| d["proof"]["cryptosuite"] = json!("ecdsa-sd-2023")
        }),
        ("too tangled", |w| w.forge = |d| d["name"] = json!("_:b")),
        ("a stolen key", |w| {
            w.evidence.issuers[0].verification_methods[0].compromised = Some(t("2026-06-01"));
        }),
    ];
    for (name, spoil) in spoils {
        let mut world = world();
        spoil(&mut world);
        let verdict = world.verdict();
        assert_eq!(
            verdict.verdict,
            VerdictKind::CouldNotCheck,
            "{name}: {}",
            verdict.sentence
        );
        tells_no_status(name, &verdict);
        world.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03")));
        let verdict = world.verdict();
        assert_eq!(
            (verdict.verdict, verdict.status.state),
            (VerdictKind::NotValid, StatusState::Revoked),
            "{name}"
        );
    }
    // A signature that is past its own end has held.
    let text = include_bytes!("../../../fixtures/digitalbazaar-ob-3.0.3-expiring-proof.json");
    let badge = formats::read(text).unwrap();
    let mut expired = world_of(&badge.issuer_id.clone());
    expired.evidence.status.truncate(1);
    expired.question.at = t("2027-01-15T09:00:00Z");
    let verdict = judge(&badge, &expired.evidence, &expired.question);
    assert!(
        verdict.findings.iter().any(|f| f.code == "proof.expired"),
        "{verdict:#?}"
    );
    assert_eq!(verdict.status.state, StatusState::Active);
}

#[test]
fn where_there_is_no_status_nobody_was_heard() {
    let mut world = world();
    world.unsigned.as_object_mut().unwrap().remove("credentialStatus");
    world.here().recognition.accepts_without_status = true;
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted);
    assert_eq!((verdict.status.fresh_as_of, &verdict.status.source), (None, &None));
    let none = verdict.findings.iter().find(|f| f.check == Check::Status).unwrap();
    assert_eq!((none.code.as_str(), none.as_of), ("status.none", None));
    // The list of who is recognized was, and its finding says so.
    let recognized = verdict.findings.iter().find(|f| f.check == Check::Recognition).unwrap();
    assert_eq!(recognized.as_of, fresh().as_of());
}
