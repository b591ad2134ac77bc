//! Issuers outside the federation: keys from their own documents, status from their own lists.

use CheckOutcome::{CouldNotCheck, Failed, NotApplicable, Passed};

use super::*;
use crate::{
    VerificationKey,
    data_integrity::VerifiedProof,
    did::ResolvedKeys,
    evidence::ResolvedIssuer,
    foreign_list::{ExternalStatus, StatusEntryProblem, StatusListError, StatusListProblem},
};

const DID: &str = "did:web:badges.example";
const METHOD: &str = "did:web:badges.example#1";

fn method(id: &str, key: &VerificationKey) -> VerificationMethod {
    VerificationMethod {
        id: id.to_owned(),
        public_key_multibase: multikey::encode(key),
        from: None,
        until: None,
        compromised: None,
    }
}

fn stranger_key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[99; 32]).unwrap()
}

fn signed_by(key: &IssuerSigningKey) -> Vec<VerifiedProof> {
    vec![VerifiedProof {
        verification_method: METHOD.to_owned(),
        key: key.public_key(),
        created: Some(t("2026-11-23T13:00:00Z")),
        expires: None,
    }]
}

fn found(value: u32) -> ExternalStatus {
    ExternalStatus {
        issuer: DID.to_owned(),
        signatures: signed_by(&key()),
        value,
        message: None,
    }
}

fn fetched(found: Result<ExternalStatus, StatusListError>) -> StatusEvidence {
    StatusEvidence::Fetched {
        list: "https://badges.example/status/1".to_owned(),
        found,
        valid_from: None,
        freshness: fresh(),
    }
}

/// A badge of an issuer that nobody lists; its document and its two lists were fetched, and all is well.
fn foreign() -> JudgeFixture {
    let mut world = world_of(DID);
    world.method = METHOD.to_owned();
    world.evidence.issuers.clear();
    world.evidence.recognitions.clear();
    world.evidence.resolved = Some(Ok(ResolvedIssuer {
        keys: ResolvedKeys {
            issuing: vec![method(METHOD, &key().public_key())],
            ..ResolvedKeys::default()
        },
        freshness: fresh(),
    }));
    world.evidence.status = vec![fetched(Ok(found(0))), fetched(Ok(found(0)))];
    world
}

/// Changes what the first list, that of revocations, says; or the second, of suspensions.
fn list(world: &mut JudgeFixture, which: usize, change: impl FnOnce(&mut ExternalStatus)) {
    let StatusEvidence::Fetched { found: Ok(found), .. } = &mut world.evidence.status[which] else {
        panic!("a list that was read");
    };
    change(found);
}

fn resolved(world: &mut JudgeFixture) -> &mut ResolvedKeys {
    match &mut world.evidence.resolved {
        Some(Ok(resolved)) => &mut resolved.keys,
        other => panic!("{other:?}"),
    }
}

type PublishedCase = (
    &'static str,
    fn(&mut JudgeFixture),
    VerdictKind,
    &'static str,
    CheckOutcome,
    &'static str,
);

/// Name, what is spoilt, the verdict, one finding with its outcome, and words that it holds.
const ROWS: &[PublishedCase] = &[
    (
        "all is well",
        |_| {},
        VerdictKind::NotRecognized,
        "issuer.unregistered",
        NotApplicable,
        "the document that the signer itself publishes",
    ),
    (
        "all is well",
        |_| {},
        VerdictKind::NotRecognized,
        "status.active",
        Passed,
        "not revoked, by the issuer's own list as of 23 November 2026, 14:00 UTC",
    ),
    (
        "a key that may not issue",
        |w| {
            let keys = resolved(w);
            keys.other = std::mem::take(&mut keys.issuing);
            keys.issuing = vec![method("did:web:badges.example#2", &stranger_key().public_key())];
        },
        VerdictKind::NotValid,
        "issuer.key_not_issuers",
        Failed,
        "does not stand under `assertionMethod`",
    ),
    (
        "no key that may issue",
        |w| {
            let keys = resolved(w);
            keys.other = std::mem::take(&mut keys.issuing);
        },
        VerdictKind::NotValid,
        "issuer.key_not_issuers",
        Failed,
        "does not stand under `assertionMethod`",
    ),
    (
        "a key that is gone",
        |w| resolved(w).issuing = vec![method("did:web:badges.example#2", &stranger_key().public_key())],
        VerdictKind::CouldNotCheck,
        "proof.unknown_key",
        CouldNotCheck,
        "no longer stands, in the issuer's own document",
    ),
    (
        "another's key in its own name",
        |w| {
            w.signer = stranger_key();
            w.method = multikey::did_key(&stranger_key().public_key()).1;
        },
        VerdictKind::NotValid,
        "issuer.key_not_issuers",
        Failed,
        "another key than the issuer's",
    ),
    (
        "a key whose term was over",
        |w| resolved(w).issuing[0].until = Some(t("2026-01-01")),
        VerdictKind::NotValid,
        "issuer.key_not_issuers",
        Failed,
        "only until 1 January 2026",
    ),
    (
        "no document",
        |w| {
            w.evidence.resolved = Some(Err(Phrase::Verbatim(
                "`badges.example` could not be reached".to_owned(),
            )))
        },
        VerdictKind::CouldNotCheck,
        "issuer.unresolvable",
        CouldNotCheck,
        "could not be had: `badges.example` could not be reached",
    ),
    (
        "a document without keys",
        |w| resolved(w).issuing.clear(),
        VerdictKind::CouldNotCheck,
        "issuer.unresolvable",
        CouldNotCheck,
        "names no key that may issue",
    ),
    (
        "a document of the day before yesterday",
        |w| match &mut w.evidence.resolved {
            Some(Ok(resolved)) => resolved.freshness = stale(),
            other => panic!("{other:?}"),
        },
        VerdictKind::CouldNotCheck,
        "issuer.unresolvable",
        CouldNotCheck,
        "too long ago",
    ),
    (
        "revoked",
        |w| list(w, 0, |f| f.value = 1),
        VerdictKind::NotValid,
        "status.revoked",
        Failed,
        "revoked by its issuer",
    ),
    (
        "suspended",
        |w| list(w, 1, |f| f.value = 1),
        VerdictKind::NotValid,
        "status.suspended",
        Failed,
        "suspended by its issuer",
    ),
    (
        "revoked by a list that is old",
        |w| {
            list(w, 0, |f| f.value = 1);
            if let StatusEvidence::Fetched { freshness, .. } = &mut w.evidence.status[0] {
                *freshness = Freshness::Heard {
                    as_of: t("2026-11-23T00:00:00Z"),
                    good_until: t("2026-11-23T01:00:00Z"),
                };
            }
        },
        VerdictKind::NotValid,
        "status.revoked",
        Failed,
        "revoked",
    ),
    (
        "an old list",
        |w| {
            if let StatusEvidence::Fetched { freshness, .. } = &mut w.evidence.status[0] {
                *freshness = stale();
            }
        },
        VerdictKind::CouldNotCheck,
        "status.stale",
        CouldNotCheck,
        "fetched 20 November 2026",
    ),
    (
        "a list by another",
        |w| list(w, 0, |f| f.issuer = "did:web:other.example".to_owned()),
        VerdictKind::CouldNotCheck,
        "status.list_unverified",
        CouldNotCheck,
        "by `did:web:other.example` and not by the badge's issuer",
    ),
    (
        "a list that another signed",
        |w| list(w, 0, |f| f.signatures = signed_by(&stranger_key())),
        VerdictKind::CouldNotCheck,
        "status.list_unverified",
        CouldNotCheck,
        "another key than the issuer's",
    ),
    (
        "a list whose signature is over",
        |w| list(w, 0, |f| f.signatures[0].expires = Some(t("2026-11-23T14:00:00Z"))),
        VerdictKind::CouldNotCheck,
        "status.list_unverified",
        CouldNotCheck,
        "has expired",
    ),
    (
        "a list that does not hold yet",
        |w| {
            if let StatusEvidence::Fetched { valid_from, .. } = &mut w.evidence.status[0] {
                *valid_from = Some(t("2026-11-24"));
            }
        },
        VerdictKind::CouldNotCheck,
        "status.list_unverified",
        CouldNotCheck,
        "does not hold yet",
    ),
    (
        "a list that does not verify",
        |w| {
            w.evidence.status[0] = fetched(Err(StatusListError::Verification {
                why: StatusListProblem::NoSubject,
            }))
        },
        VerdictKind::CouldNotCheck,
        "status.list_unverified",
        CouldNotCheck,
        "it is about no list",
    ),
    (
        "a short list",
        |w| w.evidence.status[0] = fetched(Err(StatusListError::Length { has: 8, least: 131_072 })),
        VerdictKind::CouldNotCheck,
        "status.list_too_short",
        CouldNotCheck,
        "8 entries",
    ),
    (
        "a place beyond the end",
        |w| w.evidence.status[0] = fetched(Err(StatusListError::Range { place: 7 })),
        VerdictKind::CouldNotCheck,
        "status.out_of_range",
        CouldNotCheck,
        "place 7",
    ),
    (
        "an entry that cannot be used",
        |w| {
            w.evidence.status[0] = fetched(Err(StatusListError::Malformed {
                why: StatusEntryProblem::NoIndex,
            }))
        },
        VerdictKind::CouldNotCheck,
        "status.malformed",
        CouldNotCheck,
        "no usable index",
    ),
    (
        "a list that nobody signed",
        |w| list(w, 0, |f| f.signatures.clear()),
        VerdictKind::NotRecognized,
        "status.active",
        Passed,
        "which nobody signed",
    ),
    (
        "revoked now, and asked about the past",
        |w| {
            w.question.at = t("2026-06-01");
            list(w, 0, |f| f.value = 1);
        },
        VerdictKind::CouldNotCheck,
        "status.unknown_then",
        CouldNotCheck,
        "revoked now; since when",
    ),
    (
        "not suspended now, and asked about the past",
        |w| w.question.at = t("2026-06-01"),
        VerdictKind::CouldNotCheck,
        "status.unknown_then",
        CouldNotCheck,
        "not suspended now; whether it was on 1 June 2026",
    ),
    (
        "never revoked, and asked about the past",
        |w| w.question.at = t("2026-06-01"),
        VerdictKind::CouldNotCheck,
        "status.active",
        Passed,
        "not revoked",
    ),
];

#[test]
fn each_foreign_world_has_its_verdict() {
    for (name, spoil, kind, code, outcome, words) in ROWS {
        let mut world = foreign();
        spoil(&mut world);
        let verdict = world.verdict();
        audit(name, &verdict);
        assert_eq!(verdict.verdict, *kind, "{name}: {verdict:#?}");
        let finding = verdict
            .findings
            .iter()
            .find(|f| f.code == *code && f.detail.contains(words));
        let finding = finding.unwrap_or_else(|| panic!("{name}: no {code} with `{words}`: {verdict:#?}"));
        assert_eq!(finding.outcome, *outcome, "{name}");
    }
}

/// A list of notes decides nothing, and does not stand in for one of revocations.
#[test]
fn a_note_of_the_issuer_is_told_and_decides_nothing() {
    let mut world = foreign();
    let note = |world: &mut JudgeFixture, which: usize| {
        world.unsigned["credentialStatus"][which]["statusPurpose"] = "message".into();
        list(world, which, |f| {
            f.value = 2;
            f.message = Some("under review".to_owned());
        });
    };
    note(&mut world, 1);
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::NotRecognized, "{verdict:#?}");
    let told = verdict.findings.iter().find(|f| f.code == "status.message").unwrap();
    assert!(
        told.detail.ends_with("the issuer notes there: under review"),
        "{}",
        told.detail
    );
    assert_eq!(verdict.status.state, StatusState::Active);
    note(&mut world, 0);
    let verdict = world.verdict();
    assert!(verdict.findings.iter().any(|f| f.code == "status.none"), "{verdict:#?}");
    assert_ne!(verdict.status.state, StatusState::Active);
}

/// Keys that an agency vouched for count alone: no document on the web adds a key to them.
#[test]
fn a_document_on_the_web_adds_no_key_to_an_issuer_that_agencies_know() {
    let mut world = world_of(DID);
    world.evidence.resolved = foreign().evidence.resolved;
    match &mut world.evidence.resolved {
        Some(Ok(resolved)) => resolved.keys.issuing = vec![method(METHOD, &stranger_key().public_key())],
        other => panic!("{other:?}"),
    }
    assert_eq!(
        world.verdict().verdict,
        VerdictKind::Accepted,
        "the recognition's key does"
    );
    world.signer = stranger_key();
    world.method = METHOD.to_owned();
    assert_eq!(world.verdict().verdict, VerdictKind::CouldNotCheck);
}
