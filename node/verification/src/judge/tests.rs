mod agencies;
mod at_once;
mod beside;
mod clock_in_doubt;
mod compromised;
mod dates;
mod endorsed;
mod files;
mod fuzz;
mod liars;
mod namesakes;
mod not_genuine;
mod proofs;
mod published;
mod records;
mod restrictions;
mod rows;
mod rules;
mod silence;
mod tokens;
mod unknown_signers;
mod worth;

use std::collections::BTreeSet;

use registry_schema::{
    Finding, Issuer, Purpose, Recognition, RecognitionScope, StatusChange, StatusReason, Verdict, VerificationMethod,
    recognition::RecognitionEntry,
};
use serde_json::Value;
use words::Language;

use super::*;
use crate::{Freshness, IssuerSigningKey, StatusEvidence, codes, credential, data_integrity, formats, multikey};

/// Judges, and says the answer in English.
fn judge(badge: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> Verdict {
    super::judge(badge, evidence, question).in_words(&Language::English)
}

fn try_judge_fast(badge: &OpenBadge, evidence: &Evidence, question: &VerificationQuestion) -> Option<Verdict> {
    Some(super::try_judge_fast(badge, evidence, question)?.in_words(&Language::English))
}

fn unreadable(why: &UnreadableBadge, question: &VerificationQuestion) -> Verdict {
    super::unreadable(why, question).in_words(&Language::English)
}

fn t(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

fn key() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[7; 32]).unwrap()
}

fn fresh() -> Freshness {
    Freshness::Heard {
        as_of: t("2026-11-23T14:00:00Z"),
        good_until: t("2026-11-23T14:15:00Z"),
    }
}

fn stale() -> Freshness {
    Freshness::Heard {
        as_of: t("2026-11-20T14:02:00Z"),
        good_until: t("2026-11-20T14:17:00Z"),
    }
}

fn change(state: StatusState, at: &str) -> StatusChange {
    StatusChange {
        state,
        at: t(at),
        reason: StatusReason::IssuedInError,
    }
}

/// A world in which everything is well: South Carolina's issuer, recognized by North Carolina for renewal and by
/// Tennessee for everything. Each test breaks something.
struct JudgeFixture {
    unsigned: Value,
    signer: IssuerSigningKey,
    method: String,
    /// Changes the signed document.
    forge: fn(&mut Value),
    evidence: Evidence,
    question: VerificationQuestion,
}

fn world() -> JudgeFixture {
    let did = multikey::did_key(&key().public_key()).0;
    world_of(&did)
}

fn world_of(issuer_id: &str) -> JudgeFixture {
    let (_, method) = multikey::did_key(&key().public_key());
    let mut new = credential::tests::example(&key());
    new.issuer_id = issuer_id.to_owned();
    let issuer = Issuer {
        id: issuer_id.to_owned(),
        name: "Palmetto Academy".to_owned(),
        agency: id("US-SC"),
        verification_methods: vec![VerificationMethod {
            id: method.clone(),
            public_key_multibase: multikey::encode(&key().public_key()),
            from: None,
            until: None,
            compromised: None,
        }],
        url: None,
        provider: None,
        own_keys: None,
    };
    let recognition = |agency: &str, purposes: &[Purpose]| RecognitionEntry {
        agency: id(agency),
        recognition: Recognition {
            id: "1".to_owned(),
            issuer: issuer.clone(),
            scope: RecognitionScope::All,
            purposes: purposes.to_vec(),
            from: t("2026-01-01"),
            until: None,
            accepts_without_status: false,
            basis: registry_schema::recognition::RecognitionBasis::default(),
        },
        withdrawn: None,
        waits: false,
    };
    let listed = || StatusEvidence::Listed {
        agency: id("US-SC"),
        revoked: None,
        suspended: None,
        freshness: fresh(),
    };
    let names = [
        ("US-NC", "North Carolina"),
        ("US-SC", "South Carolina"),
        ("US-TN", "Tennessee"),
    ];
    JudgeFixture {
        unsigned: credential::build(&new),
        signer: key(),
        method,
        forge: |_| {},
        evidence: Evidence {
            agency_names: names.into_iter().map(|(a, n)| (id(a), n.to_owned())).collect(),
            issuers: vec![issuer.clone()],
            recognitions: vec![
                recognition("US-TN", &[Purpose::ProfessionalLearning, Purpose::Renewal]),
                recognition("US-NC", &[Purpose::Renewal]),
            ],
            trust_lists: [(id("US-NC"), fresh()), (id("US-TN"), fresh())].into(),
            status: vec![listed(), listed()],
            ..Evidence::default()
        },
        question: VerificationQuestion {
            agency: id("US-NC"),
            purpose: Some(Purpose::Renewal),
            at: t("2026-11-23T14:02:11Z"),
            known: None,
            now: t("2026-11-23T14:02:11Z"),
            clock_in_doubt: false,
        },
    }
}

impl JudgeFixture {
    fn badge(&self) -> OpenBadge {
        let created = t("2026-01-15T09:00:00Z");
        let mut signed = data_integrity::sign(self.unsigned.clone(), &self.signer, &self.method, created).unwrap();
        (self.forge)(&mut signed);
        formats::read(signed.to_string().as_bytes()).unwrap()
    }

    fn verdict(&self) -> Verdict {
        judge(&self.badge(), &self.evidence, &self.question)
    }

    fn here(&mut self) -> &mut RecognitionEntry {
        &mut self.evidence.recognitions[1]
    }

    fn listed(&mut self, with: fn(&mut Option<StatusChange>, &mut Option<StatusChange>, &mut Freshness)) {
        for entry in &mut self.evidence.status {
            if let StatusEvidence::Listed {
                revoked,
                suspended,
                freshness,
                ..
            } = entry
            {
                with(revoked, suspended, freshness);
            }
        }
    }
}

/// Asserts what holds for every verdict, whatever went in.
fn audit(name: &str, verdict: &Verdict) {
    let order: Vec<Check> = verdict.findings.iter().map(|f| f.check).collect();
    assert!(order.is_sorted(), "{name}: {order:?}");
    let all: BTreeSet<Check> = order.into_iter().collect();
    assert_eq!(all.len(), 8, "{name}: every check reports");
    for f in &verdict.findings {
        let known = codes::find(&f.code).unwrap_or_else(|| panic!("{name}: {} is not in the table", f.code));
        assert_eq!(known.outcome, f.outcome, "{name}");
        assert!(!f.detail.is_empty() && !f.detail.ends_with('.'), "{name}: {}", f.detail);
    }
    let sentence = &verdict.sentence;
    assert!(
        sentence.ends_with('.') && !sentence.contains("..") && !sentence.contains("  "),
        "{name}: {sentence}"
    );
    if verdict.verdict == VerdictKind::Accepted {
        let bad = [CheckOutcome::Failed, CheckOutcome::CouldNotCheck];
        let counts = |f: &&Finding| f.check != Check::Worth && f.check != Check::Holder;
        assert!(
            verdict
                .findings
                .iter()
                .filter(counts)
                .all(|f| !bad.contains(&f.outcome)),
            "{name}"
        );
        assert_eq!(verdict.recognized_by[0].agency, verdict.agency, "{name}");
    }
}

#[test]
fn each_world_has_its_verdict_its_sentence_and_its_findings() {
    let mut seen = BTreeSet::new();
    for (name, spoil, kind, sentence, codes) in rows::rows()
        .into_iter()
        .chain(agencies::rows())
        .chain(compromised::rows())
    {
        let mut world = world();
        spoil(&mut world);
        let verdict = world.verdict();
        assert_eq!(verdict.sentence, sentence, "{name}");
        assert_eq!(verdict.verdict, kind, "{name}");
        for code in codes {
            assert!(
                verdict.findings.iter().any(|f| f.code == *code),
                "{name}: no {code} in {:?}",
                verdict.findings
            );
        }
        audit(name, &verdict);
        seen.extend(verdict.findings.into_iter().map(|f| f.code));
    }
    // Every code can be had, and each that is not had above has a test of its own.
    let elsewhere = [
        "structure.no_valid_badge",
        "structure.unreadable",
        "structure.unreachable",
        "proof.unknown_key",
        "proof.endorsement_invalid",
        "proof.endorsements_not_checked",
        "proof.expired",
        "proof.clock_in_doubt",
        "issuer.clock_in_doubt",
        "dates.clock_in_doubt",
        "issuer.unregistered",
        "issuer.name_resembles",
        "issuer.unresolvable",
        "status.list_unverified",
        "status.list_too_short",
        "status.out_of_range",
        "status.malformed",
        "status.message",
        "recognition.no_badge",
        "recognition.badges_not_checked",
        "recognition.not_checked",
        "recognition.conditional",
        "recognition.rule_not_met",
        "recognition.rule_depends",
        "worth.not_checked",
        "worth.recognition_in_doubt",
        "worth.rate",
        "worth.depends",
        "worth.rule_not_met",
        "worth.stale",
        "holder.another",
    ];
    for code in codes::all().iter().map(|code| code.name) {
        assert_ne!(seen.contains(code), elsewhere.contains(&code), "{code}");
    }
}

/// The issuer's own agency says that its registration stands so, from a day before the check.
fn stands(world: &mut JudgeFixture, standing: registry_schema::recognition::RegistrationStanding) {
    let said = registry_schema::recognition::Registration {
        issuer: world.here().recognition.issuer.id.clone(),
        standing,
        at: t("2026-06-30"),
        until: None,
    };
    world.evidence.registrations.insert(id("US-SC"), said);
}

/// All 4,096 ways in which the six checks that count can turn out.
#[test]
fn the_verdict_follows_from_the_outcomes_alone() {
    use CheckOutcome::{CouldNotCheck, Failed, NotApplicable, Passed};
    let checks = [
        Check::Structure,
        Check::Proof,
        Check::Issuer,
        Check::Dates,
        Check::Status,
        Check::Recognition,
    ];
    let outcomes = [Passed, Failed, CouldNotCheck, NotApplicable];
    for case in 0..4_usize.pow(6) {
        let turned: Vec<CheckOutcome> = (0..6).map(|i| outcomes[case / 4_usize.pow(i) % 4]).collect();
        let outcomes: Vec<(Check, CheckOutcome)> = checks.iter().copied().zip(turned.iter().copied()).collect();
        let (badge, recognition) = (&turned[..5], turned[5]);
        let expected = if badge.contains(&Failed) {
            VerdictKind::NotValid
        } else if turned.contains(&CouldNotCheck) {
            VerdictKind::CouldNotCheck
        } else if recognition == Failed {
            VerdictKind::NotRecognized
        } else if turned.iter().enumerate().all(|(i, o)| *o == Passed || i == 4) {
            VerdictKind::Accepted
        } else {
            // A check that says "not applicable" where it always applies is no reason to accept.
            VerdictKind::CouldNotCheck
        };
        assert_eq!(precedence_of(&outcomes), expected, "{turned:?}");
        // A missing check is never a passed one.
        for i in 0..outcomes.len() {
            let mut fewer = outcomes.clone();
            fewer.remove(i);
            assert_ne!(precedence_of(&fewer), VerdictKind::Accepted, "{turned:?} without {i}");
        }
    }
}

#[test]
fn the_summary_says_who_what_and_how_old() {
    let mut world = world();
    let verdict = world.verdict();
    let credential = verdict.credential.unwrap();
    assert_eq!(credential.name.as_deref(), Some("Teaching with Data"));
    assert_eq!(credential.subject.unwrap().name.as_deref(), Some("Jordan Ávila"));
    let issuer = verdict.issuer.unwrap();
    assert_eq!(
        (issuer.name.as_deref(), issuer.agency),
        (Some("Palmetto Academy"), Some(id("US-SC")))
    );
    assert_eq!(verdict.status.state, StatusState::Active);
    assert_eq!(verdict.status.fresh_as_of, Some(t("2026-11-23T14:00:00Z")));
    assert_eq!(verdict.status.source.as_deref(), Some("South Carolina"));
    let who: Vec<_> = verdict.recognized_by.iter().map(|r| r.agency.as_str()).collect();
    assert_eq!(who, ["US-NC", "US-TN"]);
    world.listed(|_, _, freshness| *freshness = stale());
    let verdict = world.verdict();
    assert_eq!(verdict.status.state, StatusState::Unknown);
    assert_eq!(verdict.status.fresh_as_of, Some(t("2026-11-20T14:02:00Z")));
    world.listed(|_, _, freshness| *freshness = Freshness::Never);
    assert_eq!(world.verdict().status.fresh_as_of, None);
}

#[test]
fn a_did_web_issuer_needs_a_listed_key() {
    let issuer = "did:web:academy.example";
    let mut listed = world_of(issuer);
    listed.method = format!("{issuer}#key-1");
    let method = listed.method.clone();
    let name = |w: &mut JudgeFixture| {
        w.evidence.issuers[0].verification_methods[0].id.clone_from(&method);
    };
    name(&mut listed);
    assert_eq!(
        listed.verdict().verdict,
        VerdictKind::Accepted,
        "{}",
        listed.verdict().sentence
    );
    // The same badge where nobody lists the issuer: neither accepted nor called invalid.
    let mut unlisted = world_of(issuer);
    unlisted.method.clone_from(&method);
    unlisted.evidence.issuers.clear();
    unlisted.evidence.recognitions.clear();
    let verdict = unlisted.verdict();
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
    for code in ["proof.unknown_key", "issuer.unresolvable"] {
        assert!(
            verdict.findings.iter().any(|f| f.code == code),
            "{code}: {:?}",
            verdict.findings
        );
    }
    audit("unlisted", &verdict);
    // Signed by a key that holds itself, under the name of an issuer that has keys.
    let mut thief = world_of(issuer);
    thief.signer = IssuerSigningKey::from_seed(&[9; 32]).unwrap();
    thief.method = format!("{issuer}#{}", multikey::encode(&thief.signer.public_key()));
    let verdict = thief.verdict();
    assert_eq!(verdict.verdict, VerdictKind::NotValid);
    assert_eq!(verdict.sentence, "Not valid: another key than the issuer's signed it.");
    // And under the name of one that nobody lists.
    thief.evidence.issuers.clear();
    thief.evidence.recognitions.clear();
    assert_eq!(thief.verdict().verdict, VerdictKind::CouldNotCheck);
    // The keys of another issuer in the evidence never count.
    let mut mixed = world_of(issuer);
    mixed.evidence.recognitions.clear();
    mixed.evidence.issuers[0].id = "did:web:other.example".to_owned();
    assert_eq!(mixed.verdict().verdict, VerdictKind::CouldNotCheck);
}

#[test]
fn a_badge_that_could_not_be_fetched_is_could_not_check() {
    let verdict = unreachable(
        Phrase::Verbatim("the node of US-SC did not answer".to_owned()),
        &world().question,
    )
    .in_words(&Language::English);
    assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
    assert_eq!(verdict.sentence, "Could not check: the node of US-SC did not answer.");
    assert!(verdict.findings.iter().all(|f| f.outcome != CheckOutcome::Passed));
    audit("unreachable", &verdict);
}

#[test]
fn an_unreadable_file_is_a_verdict_too() {
    let why = formats::read(b"hello").unwrap_err();
    let verdict = unreadable(&why, &world().question);
    assert_eq!(verdict.verdict, VerdictKind::Unreadable);
    assert!(
        verdict
            .sentence
            .starts_with("This file is not a badge that we can read: "),
        "{}",
        verdict.sentence
    );
    audit("unreadable", &verdict);
}
