//! One realistic answer of each kind, for the tests.

use registry_schema::{
    AgencyId, Check, CheckOutcome, CredentialCode, Finding, Issuer, IssuerStanding, Purpose, Recognition,
    RecognitionScope, RecognitionWithdrawal, StatusState, Timestamp, Verdict, VerdictKind,
    recognition::RecognitionEntry,
    verdict::{CredentialSummary, CredentialWorth, IssuerSummary, RecognizingAgency, StatusSummary, SubjectSummary},
};

pub(crate) const KINDS: [VerdictKind; 5] = [
    VerdictKind::Accepted,
    VerdictKind::NotRecognized,
    VerdictKind::NotValid,
    VerdictKind::CouldNotCheck,
    VerdictKind::Unreadable,
];

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-23T14:06:30Z")
}

pub(crate) fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

pub(crate) fn agency_name(id: &AgencyId) -> String {
    let name = match id.as_str() {
        "US-NC" => "North Carolina",
        "US-SC" => "South Carolina",
        "US-TN" => "Tennessee",
        other => other,
    };
    name.to_owned()
}

fn finding(check: Check, outcome: CheckOutcome, code: &str, detail: &str, as_of: Option<&str>) -> Finding {
    Finding {
        check,
        outcome,
        code: code.to_owned(),
        detail: detail.to_owned(),
        as_of: as_of.map(at),
        // Whose word it is, where somebody was heard.
        agency: as_of.map(|_| match check {
            Check::Status => agency("US-SC"),
            _ => agency("US-NC"),
        }),
    }
}

const HEARD: &str = "2026-11-23T14:02:11Z";
const DID: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

fn recognized(id: &str, until: Option<&str>) -> RecognizingAgency {
    RecognizingAgency {
        agency: agency(id),
        scope: "all achievements".to_owned(),
        purposes: vec![Purpose::ProfessionalLearning, Purpose::Renewal],
        from: at("2025-07-01"),
        until: until.map(at),
        path: vec![agency(id)],
        in_doubt: None,
    }
}

/// The findings about a file in which there is no badge.
fn unreadable_findings() -> Vec<Finding> {
    let mut findings = [
        (Check::Structure, "structure.unreadable"),
        (Check::Proof, "proof.not_checked"),
        (Check::Issuer, "issuer.not_checked"),
        (Check::Dates, "dates.not_checked"),
        (Check::Status, "status.not_checked"),
        (Check::Recognition, "recognition.not_checked"),
        (Check::Worth, "worth.not_checked"),
        (Check::Holder, "holder.not_checked"),
    ]
    .map(|(check, code)| {
        finding(
            check,
            CheckOutcome::CouldNotCheck,
            code,
            "there was no badge to check",
            None,
        )
    })
    .to_vec();
    findings[0] = finding(
        Check::Structure,
        CheckOutcome::Failed,
        "structure.unreadable",
        "a PNG picture with no badge inside: no iTXt chunk with the keyword `openbadgecredential` in 14 chunks",
        None,
    );
    findings
}

pub(crate) fn verdict(kind: VerdictKind) -> Verdict {
    let mut v = accepted();
    v.verdict = kind;
    match kind {
        VerdictKind::Accepted => {}
        VerdictKind::NotRecognized => {
            "Genuine, but South Carolina does not recognize its issuer. North Carolina and Tennessee do."
                .clone_into(&mut v.sentence);
            v.agency = agency("US-SC");
            v.purpose = None;
            v.findings[5] = finding(
                Check::Recognition,
                CheckOutcome::Failed,
                "recognition.none",
                "South Carolina has no recognition of Carolina Educators’ Learning Collaborative",
                Some(HEARD),
            );
            v.findings[6] = finding(
                Check::Worth,
                CheckOutcome::NotApplicable,
                "worth.no_published_rate",
                "South Carolina has published no rate for this badge",
                None,
            );
            v.recognized_by = vec![recognized("US-NC", None), recognized("US-TN", Some("2027-06-30"))];
            v.worth.clear();
        }
        VerdictKind::NotValid => {
            "Not valid: this badge was revoked on 3 March 2026 by South Carolina (issued in error)."
                .clone_into(&mut v.sentence);
            v.findings[3] = finding(
                Check::Dates,
                CheckOutcome::Failed,
                "dates.expired",
                "expired on June 29, 2026",
                None,
            );
            v.findings[4] = finding(
                Check::Status,
                CheckOutcome::Failed,
                "status.revoked",
                "revoked on 3 March 2026 by South Carolina: issued in error",
                Some(HEARD),
            );
            v.credential.as_mut().unwrap().valid_until = Some(at("2026-06-30"));
            v.status.state = StatusState::Revoked;
            v.worth.clear();
        }
        VerdictKind::CouldNotCheck => {
            "Could not check: South Carolina has not been heard from since 19 November 2026, 09:12 UTC."
                .clone_into(&mut v.sentence);
            let stale = "2026-11-19T09:12:00Z";
            v.findings[4] = finding(
                Check::Status,
                CheckOutcome::CouldNotCheck,
                "status.stale",
                "South Carolina has not been heard from since 19 November 2026, 09:12 UTC",
                Some(stale),
            );
            v.status = StatusSummary {
                state: StatusState::Unknown,
                fresh_as_of: Some(at(stale)),
                source: Some("US-SC".to_owned()),
            };
            v.worth.clear();
        }
        VerdictKind::Unreadable => {
            "This file is not a badge that we can read.".clone_into(&mut v.sentence);
            v.findings = unreadable_findings();
            v.credential = None;
            v.issuer = None;
            v.status = StatusSummary {
                state: StatusState::Unknown,
                fresh_as_of: None,
                source: None,
            };
            v.recognized_by.clear();
            v.worth.clear();
            v.receipt = None;
        }
    }
    v
}

/// A badge by a key that nobody registers, in the name of somebody else.
pub(crate) fn unknown_signer(name: &str) -> Verdict {
    let mut v = verdict(VerdictKind::NotRecognized);
    v.sentence = format!(
        "Signed, but nobody here knows the signer. The file says it is from “{name}”. Anyone can write that name."
    );
    v.recognized_by.clear();
    v.findings[2] = finding(
        Check::Issuer,
        CheckOutcome::NotApplicable,
        "issuer.unregistered",
        "the key that signed is held by the signer's own identifier, and no agency of this federation registers it",
        None,
    );
    let like = finding(
        Check::Issuer,
        CheckOutcome::NotApplicable,
        "issuer.name_resembles",
        "the name in the file is like that of “Palmetto Educator Institute”, an issuer of South Carolina; nothing shows that \
         they signed it",
        None,
    );
    v.findings.insert(3, like);
    v.issuer = Some(IssuerSummary {
        id: DID.to_owned(),
        name: Some(name.to_owned()),
        agency: None,
        standing: IssuerStanding::Unregistered,
    });
    v
}

fn accepted() -> Verdict {
    let passed = CheckOutcome::Passed;
    Verdict {
        verdict: VerdictKind::Accepted,
        sentence: "Accepted in North Carolina for license renewal.".to_owned(),
        agency: agency("US-NC"),
        purpose: Some(Purpose::Renewal),
        at: at("2026-11-23T14:06:29Z"),
        known: None,
        endorsements: vec![],
        credentials: vec![],
        checked_at: at("2026-11-23T14:06:29Z"),
        findings: vec![
            finding(
                Check::Structure,
                passed,
                "structure.valid",
                "a well-formed Open Badges 3.0 credential",
                None,
            ),
            finding(
                Check::Proof,
                passed,
                "proof.valid",
                "signature (eddsa-rdfc-2022) matches: the file is as it was issued",
                None,
            ),
            finding(
                Check::Issuer,
                passed,
                "issuer.key_is_issuers",
                "signed with a key of Carolina Educators’ Learning Collaborative",
                Some(HEARD),
            ),
            finding(
                Check::Dates,
                passed,
                "dates.in_date",
                "good since 12 January 2026, with no end date",
                None,
            ),
            finding(
                Check::Status,
                passed,
                "status.active",
                "neither revoked nor suspended by South Carolina as of 23 November 2026, 14:02 UTC",
                Some(HEARD),
            ),
            finding(
                Check::Recognition,
                passed,
                "recognition.recognized",
                "recognized by North Carolina for license renewal since 1 July 2025",
                Some("2026-11-23T14:06:00Z"),
            ),
            finding(Check::Worth, passed, "worth.rate", "1.5 CEU under NC-CEU-1", None),
            finding(
                Check::Holder,
                CheckOutcome::CouldNotCheck,
                "holder.not_checked",
                "whether it belongs to the person who shows it was not checked: the badge carries a name; compare it with an identity document",
                None,
            ),
        ],
        credential: Some(CredentialSummary {
            id: Some("urn:uuid:0c6f7f4e-6f0c-4d0e-9a55-6b3b6f8f9a11".to_owned()),
            code: Some(CredentialCode::new(*b"SC", 0x2_1234_5678_9abc)),
            name: Some("Facilitating Student Discourse in Mathematics".to_owned()),
            subject: Some(SubjectSummary {
                name: Some("Jordan A. Ellis".to_owned()),
                identity_checked: false,
            }),
            valid_from: Some(at("2026-01-12")),
            valid_until: None,
        }),
        issuer: Some(IssuerSummary {
            id: DID.to_owned(),
            name: Some("Carolina Educators’ Learning Collaborative".to_owned()),
            agency: Some(agency("US-SC")),
            standing: IssuerStanding::Registered,
        }),
        status: StatusSummary {
            state: StatusState::Active,
            fresh_as_of: Some(at(HEARD)),
            source: Some("US-SC".to_owned()),
        },
        recognized_by: vec![recognized("US-NC", None), recognized("US-TN", Some("2027-06-30"))],
        worth: vec![CredentialWorth {
            agency: agency("US-NC"),
            purpose: Purpose::Renewal,
            unit: "CEU".to_owned(),
            amount: "1.5".to_owned(),
            rule: "15 clock hours at 0.1 CEU each; the public school unit certifies".to_owned(),
            citation: "16 NCAC 06C .0307".to_owned(),
        }],
        receipt: Some("/v1/receipts/7f3c9a52e1".to_owned()),
    }
}

pub(crate) fn issuers() -> (Vec<Issuer>, Vec<RecognitionEntry>) {
    let issuer = |name: &str, home: &str, id: &str| Issuer {
        id: id.to_owned(),
        name: name.to_owned(),
        agency: agency(home),
        verification_methods: Vec::new(),
        url: None,
        provider: None,
        own_keys: None,
    };
    let issuers = vec![
        issuer("Carolina Educators’ Learning Collaborative", "US-SC", DID),
        issuer("Blue Ridge Literacy Institute", "US-NC", "did:web:literacy.example"),
        issuer(
            "Volunteer State STEM Center",
            "US-TN",
            "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
        ),
        issuer(
            "Mountain Classroom Studio",
            "US-TN",
            "https://badges.mountain.example/issuer",
        ),
    ];
    let entry =
        |of: usize, by: &str, purposes: &[Purpose], until: Option<&str>, withdrawn: Option<&str>| RecognitionEntry {
            agency: agency(by),
            recognition: Recognition {
                id: format!("{by}-{of}"),
                issuer: issuers[of].clone(),
                scope: if of == 1 {
                    RecognitionScope::Achievements(vec![String::new(); 3])
                } else {
                    RecognitionScope::All
                },
                purposes: purposes.to_vec(),
                from: at("2025-07-01"),
                until: until.map(at),
                accepts_without_status: false,
                basis: registry_schema::recognition::RecognitionBasis::default(),
            },
            withdrawn: withdrawn.map(|w| RecognitionWithdrawal {
                at: at(w),
                earlier_badges_stay_good: true,
            }),
            waits: false,
        };
    let recognitions = vec![
        entry(0, "US-TN", &Purpose::ALL, Some("2027-06-30"), None),
        entry(
            0,
            "US-NC",
            &[Purpose::ProfessionalLearning, Purpose::Renewal],
            None,
            None,
        ),
        entry(1, "US-NC", &[Purpose::Endorsement], Some("2028-06-30"), None),
        entry(2, "US-TN", &[Purpose::Renewal, Purpose::Advancement], None, None),
        entry(2, "US-NC", &[Purpose::Renewal], None, Some("2026-05-11")),
    ];
    (issuers, recognitions)
}
