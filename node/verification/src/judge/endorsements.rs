//! What others say of a badge, its issuer or its achievement, within the badge (Open Badges 3.0, §8.4). Each is told with
//! whether its own signature holds; **none ever changes the verdict**, and nobody is asked anything about one.

use registry_schema::{
    Finding, Outcome,
    verdict::{Endorsed, Endorsement},
};
use serde_json::Value;

use super::{Case, finding, proof};
use crate::{
    OpenBadge, Unreadable,
    badge::{parse_any, types},
    codes::Code,
    data_integrity::{self, Doubt, ProofOutcome, Signature},
    formats::Form,
    jwt, multikey,
};

/// More than these in one badge are counted, not checked: each costs a signature.
const MAX_CHECKED: usize = 10;

/// In characters: who endorses.
const MAX_NAME: usize = 120;

/// One endorsement, as it stands in the badge.
struct Found<'a> {
    of: Endorsed,
    /// The id of what it stands in.
    subject: Option<&'a str>,
    value: &'a Value,
}

impl Case<'_> {
    /// What was found of each endorsement, and a finding for those that do not hold or were not checked.
    pub(super) fn endorsements(&self) -> (Vec<Endorsement>, Vec<Finding>) {
        let found = self.found();
        let told: Vec<Endorsement> = found
            .iter()
            .take(MAX_CHECKED)
            .map(|one| self.endorsement(one))
            .collect();
        let count = |outcome: Outcome| told.iter().filter(|one| one.outcome == outcome).count();
        let (failed, total) = (count(Outcome::Failed), found.len());
        let unchecked = total - told.len() + count(Outcome::CouldNotCheck);
        let mut findings = Vec::new();
        if failed > 0 {
            let what = format!("of the badge's endorsements by others ({total}), {failed} do not hold");
            findings.push(finding(Code::ProofEndorsementInvalid, what));
        }
        if unchecked > 0 {
            let what = format!("of the badge's endorsements by others ({total}), {unchecked} could not be checked");
            findings.push(finding(Code::ProofEndorsementsNotChecked, what));
        }
        (told, findings)
    }

    /// Whether others say something of it within it.
    pub(super) fn has_endorsements(&self) -> bool {
        !self.found().is_empty()
    }

    fn found(&self) -> Vec<Found<'_>> {
        let document = &self.badge.document;
        let achievement = document
            .get("credentialSubject")
            .and_then(|subject| subject.get("achievement"));
        let places = [
            (Endorsed::Badge, Some(document)),
            (Endorsed::Issuer, document.get("issuer")),
            (Endorsed::Achievement, achievement),
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
                found.extend(values.iter().map(|value| Found { of, subject, value }));
            }
        }
        found
    }

    fn endorsement(&self, found: &Found<'_>) -> Endorsement {
        let read = match found.value {
            Value::String(text) if jwt::is_token(text) => jwt::read(text, Form::Jwt),
            Value::Object(_) => parse_any(found.value.clone(), Form::Json),
            _ => Err(Unreadable::new("it is neither an object nor a token", "")),
        };
        let (by, code, detail) = match read {
            Err(why) => (None, Code::StructureInvalid, why.stopped),
            Ok(read) => {
                let (code, detail) = self.endorses(&read, found.subject);
                let by = read.issuer_name.as_deref().unwrap_or(&read.issuer_id);
                let by: String = by.chars().take(MAX_NAME).collect();
                (Some(by).filter(|by| !by.is_empty()), code, detail)
            }
        };
        Endorsement {
            by,
            of: found.of,
            outcome: code.outcome(),
            code: code.as_str().to_owned(),
            detail,
        }
    }

    /// What is found of an endorsement: of several things against it, the first.
    fn endorses(&self, read: &OpenBadge, subject: Option<&str>) -> (Code, String) {
        if !types(read.document.get("type")).any(|kind| kind == "EndorsementCredential") {
            return (
                Code::StructureInvalid,
                "it lacks the type EndorsementCredential".to_owned(),
            );
        }
        let about = read.document.pointer("/credentialSubject/id").and_then(Value::as_str);
        if about.is_none() || about != subject {
            let what = "it is about something else than what it stands in";
            return (Code::StructureInvalid, what.to_owned());
        }
        let outcome = match &read.token {
            Some(token) => token.verify(&read.document, &read.issuer_id, multikey::key_in_method),
            None => data_integrity::verify(&read.document, multikey::key_in_method),
        };
        // Under no vocabulary that is known here, the signature is unchecked, not wrong.
        if let ProofOutcome::CouldNotCheck(doubt @ Doubt::UnknownContext(_)) = &outcome {
            return (Code::StructureUnknownContext, doubt.to_string());
        }
        let signature = proof::signature(&outcome, self.question.at);
        let ProofOutcome::Valid(signatures) = &outcome else {
            return (code_of(&signature), signature.detail);
        };
        if signature.outcome != Outcome::Passed {
            return (code_of(&signature), signature.detail);
        }
        if let Some(against) = self.endorser(read, signatures) {
            return against;
        }
        let at = self.question.at;
        if let Some(until) = read.valid_until.filter(|until| *until < at) {
            return (Code::DatesExpired, format!("it expired on {}", until.date_in_words()));
        }
        if let Some(from) = read.valid_from.filter(|from| at < *from) {
            let on = from.date_in_words();
            return (Code::DatesNotYetValid, format!("it is good from {on} on"));
        }
        let open = match read.status.is_empty() {
            true => "",
            false => "; whether it was withdrawn since was not asked",
        };
        (Code::ProofValid, format!("whoever is named signed it{open}"))
    }

    /// What is against the key, unless the endorser's own name holds it, or it is a listed key of the badge's issuer.
    fn endorser(&self, read: &OpenBadge, signatures: &[Signature]) -> Option<(Code, String)> {
        let own = multikey::key_of_did(&read.issuer_id);
        let listed = match read.issuer_id == self.badge.issuer_id {
            true => self.listed_keys().into_iter().map(|known| known.key).collect(),
            false => Vec::new(),
        };
        if own.is_none() && listed.is_empty() {
            let what = "the keys of whoever is named are not known here, and nobody was asked for them";
            return Some((Code::IssuerUnresolvable, what.to_owned()));
        }
        let is_theirs = |signature: &Signature| own.as_ref() == Some(&signature.key) || listed.contains(&signature.key);
        match signatures.iter().any(is_theirs) {
            true => None,
            false => Some((
                Code::IssuerKeyNotIssuers,
                "another key than that of whoever is named signed it".to_owned(),
            )),
        }
    }
}

fn code_of(finding: &Finding) -> Code {
    crate::codes::find(&finding.code).map_or(Code::ProofNotChecked, |known| known.code)
}
