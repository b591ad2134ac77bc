//! Applicants that sign with software of their own prove it before they are registered, and are registered as that.

use super::*;
use crate::{
    MAX_STATUS_LISTS,
    issuer::{MAX_ID_BYTES, MAX_KEYS},
};

fn key(issuer: &str, name: usize) -> VerificationMethod {
    VerificationMethod {
        id: format!("{issuer}#{name}"),
        public_key_multibase: format!("z6Mk{name}"),
        from: None,
        until: None,
        compromised: None,
    }
}

pub(super) fn proof(issuer: &str) -> RegistrationStep {
    RegistrationStep::Prove {
        issuer: issuer.into(),
        keys: vec![key(issuer, 1)],
        status_lists: vec![format!("https://a.example/{}", issuer.len())],
    }
}

#[test]
fn what_was_proved_last_before_the_decision_counts_and_nothing_after_it() {
    let mut file = RegistrationFixture::new();
    assert_eq!(file.case().proven, None);
    file.does("applicant", proof("did:web:a.example")).unwrap();
    file.does("ann", review("yes")).unwrap();
    file.now = NOW.plus_seconds(60);
    file.does("applicant", proof("did:web:other.example")).unwrap();
    file.does("bo", review("yes")).unwrap();
    let proven = file.case().proven.unwrap();
    assert_eq!(
        (proven.issuer.as_str(), proven.keys.len()),
        ("did:web:other.example", 1)
    );
    assert_eq!(proven.own.seen, NOW.plus_seconds(60));
    assert_eq!(proven.own.status_lists, ["https://a.example/21"]);
    file.does("cy", approve(NOW)).unwrap();
    for phase in ["registered", "renewed"] {
        let said = file.does("applicant", proof("did:web:third.example"));
        assert!(matches!(said, Err(StepRefusal::Illegal { .. })), "{phase}: {said:?}");
        file.does("applicant", RegistrationStep::Renew).ok();
    }
    assert_eq!(file.case().proven.unwrap(), proven, "a renewal keeps it");
}

type ProofMutation = fn(&mut String, &mut Vec<VerificationMethod>, &mut Vec<String>);

#[test]
fn a_proof_keeps_to_the_limits_of_an_entry() {
    let case = RegistrationFixture::new().case();
    let says = |spoil: ProofMutation| {
        let RegistrationStep::Prove {
            mut issuer,
            mut keys,
            mut status_lists,
        } = proof("did:web:a.example")
        else {
            panic!("a proof")
        };
        spoil(&mut issuer, &mut keys, &mut status_lists);
        let step = RegistrationStep::Prove {
            issuer,
            keys,
            status_lists,
        };
        case.allows(&StepActor::Applicant, &step, None, &rubric(), NOW)
    };
    assert_eq!(says(|_, _, _| {}), Ok(()));
    let broken: [ProofMutation; 6] = [
        |issuer, _, _| issuer.clear(),
        |issuer, _, _| *issuer = "x".repeat(MAX_ID_BYTES + 1),
        |_, keys, _| keys.clear(),
        |issuer, keys, _| *keys = (0..=MAX_KEYS).map(|name| key(issuer, name)).collect(),
        |_, _, lists| *lists = (0..=MAX_STATUS_LISTS).map(|i| format!("https://a/{i}")).collect(),
        |_, _, lists| lists.push("https://a b".into()),
    ];
    for spoil in broken {
        assert!(matches!(says(spoil), Err(StepRefusal::Invalid(_))));
    }
}
