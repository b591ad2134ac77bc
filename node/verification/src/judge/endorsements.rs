//! The words of others on a badge, its issuer or its achievement, within the badge (Open Badges 3.0, §8.4). Each is told with
//! whether its own signature holds, and whether it was withdrawn as far as the federation's own lists say; **none ever
//! changes the verdict**, and nobody outside is asked anything about one.

use registry_schema::{CheckOutcome, Issuer, Phrase, quotable, verdict::EndorsementTarget};
use serde_json::Value;

use super::{
    EndorsementDetail, FindingDetail, JudgeContext, JudgedEndorsement, JudgedFinding, finding, local_date, proof,
};
use crate::{
    OpenBadge, StatusEntry, StatusEvidence,
    badge::{parse_any, types},
    codes::Code,
    data_integrity::{self, ProofOutcome, Undecidable, VerifiedProof},
    formats::BadgeFormat,
    home, jwt, multikey,
};

/// More than these in one badge are counted, not checked: each costs a signature.
const MAX_CHECKED: usize = 10;

/// In characters: who endorses.
const MAX_NAME: usize = 120;

/// One endorsement, as it stands in the badge.
struct EmbeddedEndorsement<'a> {
    of: EndorsementTarget,
    /// The id of what it stands in.
    subject: Option<&'a str>,
    value: &'a Value,
}

/// The maker of each endorsement in a badge, and where its status stands: of as many as are looked at, in their order.
#[must_use]
pub fn endorsed_status(badge: &OpenBadge) -> Vec<(String, Vec<StatusEntry>)> {
    let found = found(badge);
    let looked_at = found.iter().take(MAX_CHECKED);
    looked_at
        .map(|one| {
            read(one.value)
                .map(|read| (read.issuer_id, read.status))
                .unwrap_or_default()
        })
        .collect()
}

fn read(value: &Value) -> Result<OpenBadge, Phrase> {
    match value {
        Value::String(text) if jwt::is_token(text) => {
            jwt::read(text, BadgeFormat::Jwt).map_err(|why| why.stopped.into())
        }
        Value::Object(_) => parse_any(value.clone(), BadgeFormat::Json).map_err(|why| why.stopped.into()),
        _ => Err(EndorsementDetail::Unreadable.into()),
    }
}

/// All endorsements in a badge.
fn found(badge: &OpenBadge) -> Vec<EmbeddedEndorsement<'_>> {
    let document = &badge.document;
    let achievement = document
        .get("credentialSubject")
        .and_then(|subject| subject.get("achievement"));
    let places = [
        (EndorsementTarget::Badge, Some(document)),
        (EndorsementTarget::Issuer, document.get("issuer")),
        (EndorsementTarget::Achievement, achievement),
    ];
    let mut found = Vec::new();
    for (of, place) in places {
        let Some(place) = place else { continue };
        let subject = place.get("id").and_then(Value::as_str);
        for key in ["endorsement", "endorsementJwt"] {
            let values = match place.get(key) {
                None | Some(Value::Null) => &[],
                Some(Value::Array(many)) => many.as_slice(),
                Some(one) => std::slice::from_ref(one),
            };
            found.extend(values.iter().map(|value| EmbeddedEndorsement { of, subject, value }));
        }
    }
    found
}

impl JudgeContext<'_> {
    /// The result for each endorsement, and a finding for those that do not hold or were not checked.
    pub(super) fn endorsements(&self) -> (Vec<JudgedEndorsement>, Vec<JudgedFinding>) {
        let found = found(self.badge);
        let known = &self.evidence.endorsements;
        let known = known.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..]));
        let looked_at = found.iter().take(MAX_CHECKED).zip(known);
        let told: Vec<JudgedEndorsement> = looked_at.map(|(one, status)| self.endorsement(one, status)).collect();
        let count = |outcome: CheckOutcome| told.iter().filter(|one| one.code.outcome() == outcome).count();
        let (failed, total) = (count(CheckOutcome::Failed), found.len());
        let unchecked = total - told.len() + count(CheckOutcome::CouldNotCheck);
        let mut findings = Vec::new();
        if failed > 0 {
            let what = FindingDetail::EndorsementsInvalid { total, count: failed };
            findings.push(finding(Code::ProofEndorsementInvalid, what));
        }
        if unchecked > 0 {
            let what = FindingDetail::EndorsementsNotChecked {
                total,
                count: unchecked,
            };
            findings.push(finding(Code::ProofEndorsementsNotChecked, what));
        }
        (told, findings)
    }

    /// Returns true if others say something of it within it.
    pub(super) fn has_endorsements(&self) -> bool {
        !found(self.badge).is_empty()
    }

    fn endorsement(&self, found: &EmbeddedEndorsement<'_>, status: &[StatusEvidence]) -> JudgedEndorsement {
        let (by, code, detail) = match read(found.value) {
            Err(why) => (None, Code::StructureInvalid, why),
            Ok(read) => {
                let (code, detail) = self.endorses(&read, found.subject, status);
                let registered = self.registers(&read.issuer_id).map(|issuer| issuer.name.as_str());
                let registered = registered.filter(|_| code == Code::ProofValid);
                let by = match registered {
                    Some(name) => Some(quotable::plain(name.chars().take(MAX_NAME).collect())),
                    None => read.issuer_name.as_deref().and_then(quotable::claimed),
                };
                let by = by.unwrap_or_else(|| {
                    let id: String = read.issuer_id.chars().take(MAX_NAME).collect();
                    quotable::identifier(id)
                });
                (Some(by).filter(|by| !by.is_empty()), code, detail)
            }
        };
        JudgedEndorsement {
            by,
            of: found.of,
            code,
            detail,
        }
    }

    /// The finding on an endorsement: of several things against it, the first.
    fn endorses(&self, read: &OpenBadge, subject: Option<&str>, status: &[StatusEvidence]) -> (Code, Phrase) {
        if !types(read.document.get("type")).any(|kind| kind == "EndorsementCredential") {
            return (Code::StructureInvalid, EndorsementDetail::NoEndorsementType.into());
        }
        let about = read.document.pointer("/credentialSubject/id").and_then(Value::as_str);
        if about.is_none() || about != subject {
            return (Code::StructureInvalid, EndorsementDetail::AboutSomethingElse.into());
        }
        let outcome = match &read.token {
            Some(token) => token.verify(&read.document, &read.issuer_id, multikey::key_in_method),
            None => data_integrity::verify(&read.document, multikey::key_in_method),
        };
        // Under no vocabulary that is known here, the signature is unchecked, not wrong.
        if let ProofOutcome::CouldNotCheck(doubt @ Undecidable::UnknownContext { .. }) = &outcome {
            return (Code::StructureUnknownContext, doubt.into());
        }
        let dated_by = self.registers(&read.issuer_id).map(|issuer| &issuer.agency);
        let signature = proof::signature(&outcome, self.question, dated_by);
        let ProofOutcome::Valid(signatures) = &outcome else {
            return (signature.code, signature.detail);
        };
        if signature.outcome() != CheckOutcome::Passed {
            return (signature.code, signature.detail);
        }
        if let Some(against) = self.endorser(read, signatures) {
            return against;
        }
        let at = self.question.at;
        if self.question.now_is_in_doubt() && (read.valid_from.is_some() || read.valid_until.is_some()) {
            return (Code::DatesClockInDoubt, FindingDetail::ClockInDoubtForDates.into());
        }
        if let Some(until) = read.valid_until.filter(|until| *until < at) {
            let on = local_date(self.question, dated_by, until);
            return (Code::DatesExpired, EndorsementDetail::ExpiredOn { on }.into());
        }
        if let Some(from) = read.valid_from.filter(|from| at < *from) {
            let from = local_date(self.question, dated_by, from);
            return (Code::DatesNotYetValid, EndorsementDetail::GoodFrom { from }.into());
        }
        let against = match read.status.is_empty() {
            true => None,
            false => self.withdrawn(read, status),
        };
        match against {
            Some(against) => against,
            // A key shows that the file is whole, and not who made it.
            None if self.registers(&read.issuer_id).is_none() => {
                (Code::IssuerUnregistered, EndorsementDetail::SignerUnknown.into())
            }
            None => {
                let detail = match read.status.is_empty() {
                    true => EndorsementDetail::Signed,
                    false => EndorsementDetail::SignedAndNotWithdrawn,
                };
                (Code::ProofValid, detail.into())
            }
        }
    }

    /// The entry of whoever endorses in the list of an agency of this federation.
    fn registers(&self, id: &str) -> Option<&Issuer> {
        let own = home::entries(self.evidence, &self.homes, &self.badge.issuer_id);
        let others = self.evidence.endorsers.iter();
        let mut all = own.chain(others).filter(|issuer| issuer.id == id);
        all.find(|issuer| issuer.is_sound() && !self.evidence.expelled.contains_key(&issuer.agency))
    }

    /// The finding against its status: the gravest first. What nobody here knows is not checked, never fine.
    fn withdrawn(&self, read: &OpenBadge, status: &[StatusEvidence]) -> Option<(Code, Phrase)> {
        let said = read.status.iter().enumerate().flat_map(|(i, entry)| {
            // The federation's lists are of revocations and of suspensions, one bit an entry.
            let known = status.get(i).filter(|_| entry.is_bitstring() && entry.size == Some(1));
            match known {
                Some(known @ StatusEvidence::Listed { .. }) => self.entry(known, &mut None),
                _ => vec![finding(
                    Code::StatusUnreachable,
                    EndorsementDetail::WithdrawalNotChecked,
                )],
            }
        });
        let said: Vec<JudgedFinding> = said.collect();
        let of = |outcome: CheckOutcome| said.iter().find(|f| f.outcome() == outcome);
        let against = of(CheckOutcome::Failed).or_else(|| of(CheckOutcome::CouldNotCheck))?;
        Some((against.code, against.detail.clone()))
    }

    /// The objection to the key, unless the endorser's own name holds it, or it is a listed key of the badge's issuer.
    fn endorser(&self, read: &OpenBadge, signatures: &[VerifiedProof]) -> Option<(Code, Phrase)> {
        let own = multikey::key_of_did(&read.issuer_id);
        let listed = match read.issuer_id == self.badge.issuer_id {
            true => self.own_keys(),
            false => Vec::new(),
        };
        if own.is_none() && listed.is_empty() {
            return Some((Code::IssuerUnresolvable, EndorsementDetail::KeysUnknown.into()));
        }
        let is_theirs =
            |signature: &VerifiedProof| own.as_ref() == Some(&signature.key) || listed.contains(&signature.key);
        match signatures.iter().any(is_theirs) {
            true => None,
            false => Some((Code::IssuerKeyNotIssuers, EndorsementDetail::AnotherKey.into())),
        }
    }
}
