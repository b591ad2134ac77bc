//! The faults that a badge can have, one row each, and what is then said.

use registry_schema::{
    Purpose, RecognitionScope, RecognitionWithdrawal, StatusState,
    VerdictKind::{self, Accepted, CouldNotCheck, NotRecognized, NotValid},
    recognition::RegistrationStanding,
};
use serde_json::json;

use super::{JudgeFixture, change, id, stale, stands, t};
use crate::{Freshness, IssuerSigningKey, StatusEvidence, multikey};

/// A world that is broken, the verdict, the sentence, and the codes that must be among the findings.
pub(super) type BadgeFaultCase = (
    &'static str,
    fn(&mut JudgeFixture),
    VerdictKind,
    &'static str,
    &'static [&'static str],
);

pub(super) fn rows() -> Vec<BadgeFaultCase> {
    [
        recognized_for_what(),
        recognition_that_does_not_hold(),
        revoked_or_suspended(),
        status_lists_not_heard(),
        without_status(),
        recognition_not_known(),
        out_of_date(),
        signature_that_does_not_hold(),
        key_that_was_retired(),
        beyond_this_version(),
        not_well_formed(),
        which_fault_goes_first(),
    ]
    .concat()
}

/// Shows for what, and by whom, the issuer is recognized.
fn recognized_for_what() -> Vec<BadgeFaultCase> {
    vec![
        (
            "all is well",
            |_| {},
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &["recognition.recognized"],
        ),
        (
            "any purpose",
            |w| {
                w.question.purpose = None;
                w.here().recognition.purposes.push(Purpose::Stipend);
            },
            Accepted,
            "Accepted in North Carolina for license renewal and a stipend.",
            &[],
        ),
        (
            "not recognized here",
            |w| drop(w.evidence.recognitions.pop()),
            NotRecognized,
            "Genuine, but North Carolina does not recognize its issuer. Tennessee does.",
            &[
                "recognition.none",
                "status.active",
                "proof.valid",
                "issuer.key_is_issuers",
            ],
        ),
        (
            "recognized nowhere",
            |w| w.evidence.recognitions.clear(),
            NotRecognized,
            "Genuine, but North Carolina does not recognize its issuer.",
            &["recognition.none"],
        ),
        (
            "wrong purpose",
            |w| w.question.purpose = Some(Purpose::ProfessionalLearning),
            NotRecognized,
            "Genuine, but North Carolina recognizes its issuer for license renewal, not for professional learning. Tennessee does.",
            &["recognition.wrong_purpose"],
        ),
        (
            "out of scope",
            |w| {
                w.here().recognition.scope =
                    RecognitionScope::Achievements(vec!["https://academy.example/a/other".to_owned()])
            },
            NotRecognized,
            "Genuine, but North Carolina recognizes its issuer for other badges, not for this one. Tennessee does.",
            &["recognition.out_of_scope"],
        ),
    ]
}

/// Shows a recognition that ended, or that is another issuer's.
fn recognition_that_does_not_hold() -> Vec<BadgeFaultCase> {
    vec![
        (
            "term over",
            |w| w.here().recognition.until = Some(t("2026-06-30")),
            NotRecognized,
            "Genuine, but North Carolina's recognition of its issuer does not cover 23 November 2026. Tennessee does.",
            &["recognition.not_at_that_date"],
        ),
        (
            "withdrawn",
            |w| {
                w.here().withdrawn = Some(RecognitionWithdrawal {
                    at: t("2026-06-30"),
                    earlier_badges_stay_good: false,
                })
            },
            NotRecognized,
            "Genuine, but North Carolina no longer recognizes its issuer. Tennessee does.",
            &["recognition.withdrawn"],
        ),
        (
            "suspended at home",
            |w| stands(w, RegistrationStanding::Suspended),
            NotRecognized,
            "Genuine, but its issuer's registration at home is suspended for now, which North Carolina follows.",
            &["recognition.ended_at_home"],
        ),
        (
            "no longer registered at home",
            |w| stands(w, RegistrationStanding::Ended),
            NotRecognized,
            "Genuine, but its issuer is no longer registered at home, which North Carolina follows.",
            &["recognition.ended_at_home"],
        ),
        (
            "withdrawn, but this badge is spared",
            |w| {
                w.here().withdrawn = Some(RecognitionWithdrawal {
                    at: t("2026-06-30"),
                    earlier_badges_stay_good: true,
                })
            },
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &[],
        ),
        (
            "recognition of another issuer does not count",
            |w| w.here().recognition.issuer.id = "did:example:other".to_owned(),
            NotRecognized,
            "Genuine, but North Carolina does not recognize its issuer. Tennessee does.",
            &["recognition.none"],
        ),
    ]
}

/// Shows what became of the badge, and when.
fn revoked_or_suspended() -> Vec<BadgeFaultCase> {
    vec![
        (
            "revoked",
            |w| w.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03T10:00:00Z"))),
            NotValid,
            "Not valid: this badge was revoked on 3 March 2026 by South Carolina (issued in error).",
            &["status.revoked", "recognition.recognized"],
        ),
        (
            "revoked, though the list is old",
            |w| {
                w.listed(|revoked, _, freshness| {
                    *revoked = Some(change(StatusState::Revoked, "2026-03-03T10:00:00Z"));
                    *freshness = stale();
                });
            },
            NotValid,
            "Not valid: this badge was revoked on 3 March 2026 by South Carolina (issued in error).",
            &["status.revoked"],
        ),
        (
            "suspended",
            |w| w.listed(|_, suspended, _| *suspended = Some(change(StatusState::Suspended, "2026-03-03T10:00:00Z"))),
            NotValid,
            "Not valid: this badge was suspended on 3 March 2026 by South Carolina (issued in error); it can be reinstated.",
            &["status.suspended"],
        ),
        (
            "reinstated",
            |w| w.listed(|_, suspended, _| *suspended = Some(change(StatusState::Active, "2026-03-03T10:00:00Z"))),
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &["status.active"],
        ),
        (
            "good then, revoked since",
            |w| {
                w.question.at = t("2026-02-01");
                w.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03T10:00:00Z")));
            },
            Accepted,
            "Accepted in North Carolina for license renewal, as of 1 February 2026. It has been revoked since.",
            &["status.active"],
        ),
        (
            "reinstated after the date asked",
            |w| {
                w.question.at = t("2026-02-01");
                w.listed(|_, suspended, _| *suspended = Some(change(StatusState::Active, "2026-03-03T10:00:00Z")));
            },
            CouldNotCheck,
            "Could not check: it was reinstated on 3 March 2026; whether it was already suspended on 1 February 2026 is not known here.",
            &["status.unknown_then"],
        ),
    ]
}

/// Shows status lists that are old, or were not read.
fn status_lists_not_heard() -> Vec<BadgeFaultCase> {
    vec![
        (
            "stale status list",
            |w| w.listed(|_, _, freshness| *freshness = stale()),
            CouldNotCheck,
            "Could not check: South Carolina has not been heard from since 20 November 2026, 14:02 UTC.",
            &["status.stale", "recognition.recognized"],
        ),
        (
            "one of two lists stale",
            |w| {
                if let StatusEvidence::Listed { freshness, .. } = &mut w.evidence.status[1] {
                    *freshness = stale();
                }
            },
            CouldNotCheck,
            "Could not check: South Carolina has not been heard from since 20 November 2026, 14:02 UTC.",
            &["status.stale", "status.active"],
        ),
        (
            "never heard",
            |w| w.listed(|_, _, freshness| *freshness = Freshness::Never),
            CouldNotCheck,
            "Could not check: South Carolina was never heard from.",
            &["status.stale"],
        ),
        (
            "unreachable list",
            |w| {
                w.evidence.status[0] = StatusEvidence::Unreachable {
                    list: "https://sc.example/v1/status-lists/1".to_owned(),
                    why: registry_schema::Phrase::Verbatim("no agency of this federation keeps it".to_owned()),
                };
            },
            CouldNotCheck,
            "Could not check: the status list `https://sc.example/v1/status-lists/1` was not read: no agency of this federation keeps it.",
            &["status.unreachable"],
        ),
        (
            "no evidence for a status entry",
            |w| w.evidence.status.truncate(1),
            CouldNotCheck,
            "Could not check: nothing is known here of its status list.",
            &["status.unreachable"],
        ),
    ]
}

/// Shows badges that name no status list.
fn without_status() -> Vec<BadgeFaultCase> {
    vec![
        (
            "no status, which the agency does not accept",
            |w| drop(w.unsigned.as_object_mut().unwrap().remove("credentialStatus")),
            CouldNotCheck,
            "Could not check: the badge says nowhere whether it was revoked, and North Carolina wants to know.",
            &["status.missing"],
        ),
        (
            "no status, which the agency accepts",
            |w| {
                w.unsigned.as_object_mut().unwrap().remove("credentialStatus");
                w.here().recognition.accepts_without_status = true;
            },
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &["status.none"],
        ),
        (
            "no status, not recognized",
            |w| {
                w.unsigned.as_object_mut().unwrap().remove("credentialStatus");
                w.evidence.recognitions.pop();
            },
            NotRecognized,
            "Genuine, but North Carolina does not recognize its issuer. Tennessee does.",
            &["status.none"],
        ),
    ]
}

/// Shows what the recognizing agency's records leave open.
fn recognition_not_known() -> Vec<BadgeFaultCase> {
    vec![
        (
            "old trust list, recognized",
            |w| _ = w.evidence.trust_lists.insert(id("US-NC"), stale()),
            CouldNotCheck,
            "Could not check: the trust list of North Carolina is too old: not heard from since 20 November 2026, 14:02 UTC.",
            &["recognition.stale"],
        ),
        (
            "old trust list, not recognized",
            |w| {
                w.evidence.recognitions.clear();
                w.evidence.trust_lists.clear();
            },
            CouldNotCheck,
            "Could not check: the trust list of North Carolina was never heard.",
            &["recognition.stale"],
        ),
        (
            "the recognizing agency's records have two histories",
            |w| w.evidence.recognitions.iter_mut().for_each(|entry| entry.waits = true),
            CouldNotCheck,
            "Could not check: the records of North Carolina have two histories, and its recognition stands in one of them.",
            &["agency.forked"],
        ),
        (
            "recognized for an item that no framework here has",
            |w| {
                let items = vec!["urn:item:above".to_owned()];
                let entries = w.evidence.recognitions.iter_mut();
                entries.for_each(|entry| entry.recognition.scope = RecognitionScope::Aligned(items.clone()));
                w.evidence.unplaced = items;
            },
            CouldNotCheck,
            "Could not check: North Carolina recognizes the issuer for what is aligned to `urn:item:above`, and no framework at this node says whether what this badge is aligned to stands below that.",
            &["recognition.framework_unknown"],
        ),
    ]
}

/// Shows a badge out of its dates.
fn out_of_date() -> Vec<BadgeFaultCase> {
    vec![
        (
            "expired",
            |w| w.question.at = t("2031-06-01"),
            NotValid,
            "Not valid: this badge expired on January 15, 2031.",
            &["dates.expired"],
        ),
        (
            "not yet valid",
            |w| w.question.at = t("2026-01-02"),
            NotValid,
            "Not valid: this badge is good from January 15, 2026 on.",
            &["dates.not_yet_valid"],
        ),
    ]
}

/// Shows signatures that are missing, or that do not hold.
fn signature_that_does_not_hold() -> Vec<BadgeFaultCase> {
    vec![
        (
            "altered",
            |w| w.forge = |d| d["credentialSubject"]["achievement"]["name"] = json!("Superintendent"),
            NotValid,
            "Not valid: the signature does not match: the badge was changed after it was issued, or another key signed it.",
            &[
                "proof.invalid",
                "issuer.not_checked",
                "dates.in_date",
                "status.not_checked",
                "recognition.recognized",
            ],
        ),
        (
            "something added",
            |w| w.forge = |d| d["grade"] = json!("A"),
            NotValid,
            "Not valid: the signature does not cover `grade`, so anyone could have written it there.",
            &["proof.uncovered_field"],
        ),
        (
            "no signature",
            |w| w.forge = |d| drop(d.as_object_mut().unwrap().remove("proof")),
            NotValid,
            "Not valid: the badge carries no signature.",
            &["proof.missing", "issuer.not_checked"],
        ),
        (
            "signed by somebody else",
            |w| {
                w.signer = IssuerSigningKey::from_seed(&[9; 32]).unwrap();
                w.method = multikey::did_key(&w.signer.public_key()).1;
            },
            NotValid,
            "Not valid: another key than the issuer's signed it.",
            &["proof.valid", "issuer.key_not_issuers"],
        ),
        (
            "altered, and signed by somebody else",
            |w| {
                w.signer = IssuerSigningKey::from_seed(&[9; 32]).unwrap();
                w.method = multikey::did_key(&w.signer.public_key()).1;
                w.forge = |d| d["name"] = json!("x");
            },
            NotValid,
            "Not valid: the signature does not match: the badge was changed after it was issued, or another key signed it.",
            &["proof.invalid", "issuer.key_not_issuers"],
        ),
    ]
}

/// Shows a key that the issuer has retired.
fn key_that_was_retired() -> Vec<BadgeFaultCase> {
    vec![
        (
            "the key was retired before it signed",
            |w| {
                w.evidence.issuers[0].verification_methods[0].until = Some(t("2026-01-10"));
                w.evidence.recognitions.clear();
            },
            NotValid,
            "Not valid: the key was the issuer's only until 10 January 2026.",
            &["issuer.key_not_issuers"],
        ),
        (
            "the key was retired after it signed",
            |w| {
                w.evidence.issuers[0].verification_methods[0].until = Some(t("2026-02-10"));
                w.here().recognition.issuer.verification_methods.clear();
            },
            Accepted,
            "Accepted in North Carolina for license renewal.",
            &["issuer.key_is_issuers"],
        ),
    ]
}

/// Shows what this version cannot read.
fn beyond_this_version() -> Vec<BadgeFaultCase> {
    vec![
        (
            "a kind of signature that we do not know",
            |w| w.forge = |d| d["proof"]["cryptosuite"] = json!("ecdsa-sd-2023"),
            CouldNotCheck,
            "Could not check: the signature is of a kind that this version cannot check: `ecdsa-sd-2023`.",
            &["proof.unknown_suite", "issuer.not_checked"],
        ),
        (
            "a vocabulary that we do not have",
            |w| {
                w.forge = |d| {
                    d["@context"]
                        .as_array_mut()
                        .unwrap()
                        .push(json!("https://x.example/ctx"))
                }
            },
            CouldNotCheck,
            "Could not check: the badge uses terms from `https://x.example/ctx`, a vocabulary that this node does not have.",
            &["structure.unknown_context", "proof.not_checked"],
        ),
        (
            "too tangled",
            |w| w.forge = |d| d["name"] = json!("_:b"),
            CouldNotCheck,
            "Could not check: the badge is too large or too tangled to check: it names blank nodes.",
            &["proof.too_complex"],
        ),
    ]
}

/// Shows badges that lack something, or say it in a wrong way.
fn not_well_formed() -> Vec<BadgeFaultCase> {
    vec![
        (
            "no achievement",
            |w| {
                drop(
                    w.unsigned["credentialSubject"]
                        .as_object_mut()
                        .unwrap()
                        .remove("achievement"),
                )
            },
            NotValid,
            "Not valid: the badge is not well formed (`credentialSubject.achievement` is missing).",
            &["structure.invalid", "proof.valid"],
        ),
        (
            "an index that is none",
            |w| w.unsigned["credentialStatus"][0]["statusListIndex"] = json!("first"),
            NotValid,
            "Not valid: the badge is not well formed (`credentialStatus.statusListIndex` is no whole number written as text).",
            &["structure.invalid"],
        ),
        (
            "a date without a time zone",
            |w| w.unsigned["validUntil"] = json!("2031-01-15"),
            NotValid,
            "Not valid: the badge is not well formed (`validUntil` is no date and time with a time zone, like 2026-11-23T14:02:11Z).",
            &["structure.invalid", "dates.not_checked"],
        ),
    ]
}

/// Shows which of several faults is told.
fn which_fault_goes_first() -> Vec<BadgeFaultCase> {
    vec![
        (
            "not valid goes before could not check and not recognized",
            |w| {
                w.listed(|revoked, _, _| *revoked = Some(change(StatusState::Revoked, "2026-03-03T10:00:00Z")));
                w.evidence.status[1] = StatusEvidence::Unreachable {
                    list: "x".to_owned(),
                    why: registry_schema::Phrase::Verbatim("y".to_owned()),
                };
                w.evidence.recognitions.clear();
            },
            NotValid,
            "Not valid: this badge was revoked on 3 March 2026 by South Carolina (issued in error).",
            &["status.revoked", "status.unreachable", "recognition.none"],
        ),
        (
            "could not check goes before not recognized",
            |w| {
                w.listed(|_, _, freshness| *freshness = stale());
                w.evidence.recognitions.clear();
            },
            CouldNotCheck,
            "Could not check: South Carolina has not been heard from since 20 November 2026, 14:02 UTC.",
            &["status.stale", "recognition.none"],
        ),
    ]
}
