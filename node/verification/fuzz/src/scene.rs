//! South Carolina's issuer, recognized by North Carolina; what it issued, and who else is there.

use std::sync::LazyLock;

use registry_schema::{
    Achievement, AgencyId, Issuer, Purpose, Recognition, RecognitionScope, Timestamp, VerificationMethod,
    recognition::{RecognitionBasis, RecognitionEntry},
    verdict::{CredentialSummary, Verdict, VerdictKind},
};
use serde_json::{Value, json};
use verification::{
    Evidence, Freshness, IssuerSigningKey, KeyKind, OpenBadge, StatusEntry, StatusEvidence, VerificationQuestion,
    bitstring::{Bitstring, MIN_ENTRIES},
    codes, credential,
    credential::{CredentialContent, NewStatusList, StatusLocation},
    data_integrity::{self, Cryptosuite},
    jwt, multikey,
};

/// The moment at which everything was issued.
const ISSUED: &str = "2026-01-15T09:00:00Z";
/// The list that the badges name.
pub const LIST: &str = "https://sc.example/v1/status-lists/1";

/// A document that was honestly issued: the file, and what it says.
pub struct HonestDocument {
    /// For the names of seeds.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// The summary of it that its verdict shows.
    pub shown: CredentialSummary,
    /// Its status entries, sorted by list.
    pub status: Vec<StatusEntry>,
}

/// The scene.
pub struct FuzzFixture {
    /// The issuer's key.
    pub key: IssuerSigningKey,
    /// The issuer.
    pub did: String,
    /// The name of its key.
    pub method: String,
    /// A key that nobody vouches for.
    pub attacker: IssuerSigningKey,
    /// The badge, before it is signed.
    pub unsigned: Value,
    /// Everything that the issuer signed.
    pub honest: Vec<HonestDocument>,
    /// A status list of the issuer's.
    pub list: Value,
    question: VerificationQuestion,
    evidence: Evidence,
}

/// The one scene.
pub static SCENE: LazyLock<FuzzFixture> = LazyLock::new(FuzzFixture::new);

#[expect(clippy::expect_used, reason = "written here")]
pub fn t(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[expect(clippy::expect_used, reason = "written here")]
fn agency(text: &str) -> AgencyId {
    text.parse().expect("an agency")
}

fn fresh() -> Freshness {
    Freshness::Heard {
        as_of: t("2026-11-23T14:00:00Z"),
        good_until: t("2026-11-23T14:15:00Z"),
    }
}

fn badge(did: &str, number: u8) -> Value {
    credential::build(&CredentialContent {
        id: format!("urn:uuid:6d1a0f62-4f0e-4a8c-8a70-0d5fb2b0a0{number:02}"),
        issuer_id: did.to_owned(),
        issuer_name: "Example Educator Academy".to_owned(),
        issuer_url: Some("https://academy.example".to_owned()),
        subject_name: "Jordan Ávila".to_owned(),
        subject_id: None,
        achievement: Achievement {
            id: "https://academy.example/a/teaching-with-data".to_owned(),
            name: "Teaching with Data".to_owned(),
            description: "Uses evidence of learning.".to_owned(),
            criteria: "Three pieces of evidence.".to_owned(),
            alignment: Vec::new(),
            clock_hours: None,
            assessed_blind: None,
        },
        valid_from: t(ISSUED),
        valid_until: Some(t("2031-01-15T09:00:00Z")),
        status: Some(StatusLocation {
            revocation_list: LIST.to_owned(),
            suspension_list: "https://sc.example/v1/status-lists/2".to_owned(),
            index: 94_567,
        }),
    })
}

impl FuzzFixture {
    #[expect(clippy::expect_used, reason = "written here")]
    fn new() -> Self {
        let key = IssuerSigningKey::from_seed(&[41; 32]).expect("a key");
        let attacker = IssuerSigningKey::from_seed(&[66; 32]).expect("a key");
        let (did, method) = multikey::did_key(&key.public_key());
        let evidence = evidence(&[(&did, &method, &key)]);
        let question = VerificationQuestion {
            agency: agency("US-NC"),
            purpose: Some(Purpose::Renewal),
            at: t("2026-11-23T14:02:00Z"),
            known: None,
            now: t("2026-11-23T14:02:00Z"),
            clock_in_doubt: false,
        };
        let unsigned = badge(&did, 1);
        let sign = |suite: Cryptosuite, document: Value| {
            data_integrity::sign_with(suite, document, &key, &method, t(ISSUED)).expect("a proof")
        };
        let p256 = IssuerSigningKey::from_secret(KeyKind::P256, &[42; 32]).expect("a key");
        let of_p256 = multikey::did_key(&p256.public_key());
        let rdf = sign(Cryptosuite::EddsaRdfc2022, unsigned.clone());
        let jcs = sign(Cryptosuite::EddsaJcs2022, badge(&did, 2));
        let token = jwt::sign(badge(&did, 3), &key, &method, t(ISSUED)).expect("a token");
        let mut twice = badge(&did, 4);
        let mut proofs = vec![];
        for suite in [Cryptosuite::EddsaRdfc2022, Cryptosuite::EddsaJcs2022] {
            proofs.push(sign(suite, twice.clone())["proof"].take());
        }
        twice["proof"] = Value::Array(proofs);
        let record = sign(Cryptosuite::EddsaRdfc2022, record(&did, &rdf, &token));
        let ecdsa = data_integrity::sign(badge(&of_p256.0, 6), &p256, &of_p256.1, t(ISSUED)).expect("a proof");
        let list = credential::status_list(&NewStatusList {
            id: LIST.to_owned(),
            issuer_id: did.clone(),
            purpose: "revocation".to_owned(),
            list: Bitstring::new(MIN_ENTRIES),
            valid_from: t(ISSUED),
            valid_until: None,
            ttl: 300_000,
        });
        let list = sign(Cryptosuite::EddsaRdfc2022, list);
        let evidence = Evidence {
            issuers: [
                evidence.issuers,
                self::evidence(&[(&of_p256.0, &of_p256.1, &p256)]).issuers,
            ]
            .concat(),
            recognitions: [
                evidence.recognitions,
                self::evidence(&[(&of_p256.0, &of_p256.1, &p256)]).recognitions,
            ]
            .concat(),
            ..evidence
        };
        let mut scene = Self {
            key,
            did,
            method,
            attacker,
            unsigned,
            honest: vec![],
            list,
            question,
            evidence,
        };
        for (name, bytes) in [
            ("rdf", rdf.to_string()),
            ("jcs", jcs.to_string()),
            ("token", token),
            ("two-proofs", twice.to_string()),
            ("record", record.to_string()),
            ("ecdsa", ecdsa.to_string()),
        ] {
            let bytes = bytes.into_bytes();
            let badge = verification::formats::read(&bytes).expect("a badge");
            let verdict = scene.judges(&badge);
            assert_eq!(
                verdict.verdict,
                VerdictKind::Accepted,
                "{name}: {:#?}",
                verdict.findings
            );
            let shown = verdict.credential.expect("a summary");
            scene.honest.push(HonestDocument {
                name,
                bytes,
                shown,
                status: status(&badge),
            });
        }
        scene
    }

    /// The verdict on a badge.
    pub fn judges(&self, badge: &OpenBadge) -> Verdict {
        let known = |badge: &OpenBadge| {
            badge
                .status
                .iter()
                .map(
                    |entry| match entry.list.starts_with("https://sc.example/v1/status-lists/") {
                        true => StatusEvidence::Listed {
                            agency: agency("US-SC"),
                            revoked: None,
                            suspended: None,
                            freshness: fresh(),
                        },
                        false => StatusEvidence::Unreachable {
                            list: entry.list.clone(),
                            why: registry_schema::Phrase::Verbatim("it was not asked for".to_owned()),
                        },
                    },
                )
                .collect()
        };
        let part = |part: &Result<OpenBadge, _>| Evidence {
            status: part.as_ref().map(known).unwrap_or_default(),
            ..self.evidence.clone()
        };
        let evidence = Evidence {
            status: known(badge),
            parts: badge.parts.iter().map(part).collect(),
            ..self.evidence.clone()
        };
        let verdict = verification::judge(badge, &evidence, &self.question);
        let verdict = verdict.in_words(&words::Language::English);
        audit(&verdict);
        verdict
    }
}

/// The status entries of a badge, sorted, as their order says nothing.
pub fn status(badge: &OpenBadge) -> Vec<StatusEntry> {
    let mut status = badge.status.clone();
    status.sort_by(|a, b| (&a.list, a.index).cmp(&(&b.list, b.index)));
    status.dedup();
    status
}

/// A Comprehensive Learner Record with a badge and a token.
fn record(did: &str, badge: &Value, token: &str) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:5b9c9c6a-0f2a-4a1e-9f0e-3a2b8a5d7c01",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "partial": true,
        "issuer": {"id": did, "type": ["Profile"], "name": "Example Educator Academy"},
        "validFrom": ISSUED,
        "credentialStatus": badge["credentialStatus"],
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "verifiableCredential": [badge, {
                "@context": "https://www.w3.org/ns/credentials/v2",
                "type": "EnvelopedVerifiableCredential",
                "id": format!("data:application/vc+jwt,{token}"),
            }],
        },
    })
}

fn evidence(issuers: &[(&str, &str, &IssuerSigningKey)]) -> Evidence {
    let issuers: Vec<Issuer> = issuers
        .iter()
        .map(|(id, method, key)| Issuer {
            id: (*id).to_owned(),
            name: "Palmetto Academy".to_owned(),
            agency: agency("US-SC"),
            verification_methods: vec![VerificationMethod {
                id: (*method).to_owned(),
                public_key_multibase: multikey::encode(&key.public_key()),
                from: None,
                until: None,
                compromised: None,
            }],
            url: None,
            provider: None,
            own_keys: None,
        })
        .collect();
    let recognitions = issuers.iter().map(|issuer| RecognitionEntry {
        agency: agency("US-NC"),
        recognition: Recognition {
            id: "1".to_owned(),
            issuer: issuer.clone(),
            scope: RecognitionScope::All,
            purposes: vec![Purpose::Renewal],
            from: t("2026-01-01"),
            until: None,
            accepts_without_status: true,
            basis: RecognitionBasis::default(),
        },
        withdrawn: None,
        waits: false,
    });
    Evidence {
        recognitions: recognitions.collect(),
        issuers,
        trust_lists: [(agency("US-NC"), fresh())].into(),
        ..Evidence::default()
    }
}

/// Every check reports in its order, in words, and an accepted badge has nothing against it.
fn audit(verdict: &Verdict) {
    use registry_schema::{Check, CheckOutcome};
    let order: Vec<Check> = verdict.findings.iter().map(|finding| finding.check).collect();
    assert!(order.is_sorted(), "{order:?}");
    let mut all = order;
    all.dedup();
    assert_eq!(all.len(), 8, "a check is silent: {all:?}");
    for finding in &verdict.findings {
        let known = codes::find(&finding.code).map(|code| code.outcome);
        assert_eq!(known, Some(finding.outcome), "{}", finding.code);
        assert!(!finding.detail.is_empty());
        let harmless = matches!(finding.check, Check::Worth | Check::Holder)
            || !matches!(finding.outcome, CheckOutcome::Failed | CheckOutcome::CouldNotCheck);
        assert!(
            harmless || verdict.verdict != VerdictKind::Accepted,
            "accepted with {finding:?}"
        );
    }
    // A page shows it.
    assert!(serde_json::to_string(verdict).is_ok());
}
