//! The registered claims of a token (RFC 7519, §4.1), beside what the credential says of the same.

use registry_schema::Timestamp;
use serde_json::{Value, json};

use super::TokenProblem;
use crate::json::JsonObject;
use crate::{
    OpenBadge,
    badge::{StructureFault, StructureProblem},
    contexts::CREDENTIALS_V1,
};

/// No part of a credential; taken out of it before it is looked at.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
/// The last second of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The registered claims of a token.
pub(super) struct JwtClaims {
    /// Set if the credential stood in `vc`: then the claims stand for members that it lacks (VCDM 1.1, §6.3.1).
    filling: bool,
    iss: Option<String>,
    sub: Option<String>,
    jti: Option<String>,
    exp: Option<Timestamp>,
    nbf: Option<Timestamp>,
    iat: Option<Timestamp>,
    faults: Vec<StructureFault>,
}

/// Parts the credential from the claims.
pub(super) fn split(mut payload: JsonObject) -> Result<(JsonObject, JwtClaims), TokenProblem> {
    let mut faults = Vec::new();
    let registered: JsonObject = REGISTERED
        .into_iter()
        .filter_map(|name| payload.remove_entry(name))
        .collect();
    let credential = match payload.remove("vc") {
        None => None,
        Some(Value::Object(credential)) => Some(credential),
        Some(_) => return Err(TokenProblem::ClaimNoObject),
    };
    let beside = ["@context", "credentialSubject", "issuer", "type"];
    if credential.is_some() && beside.iter().any(|name| payload.contains_key(*name)) {
        return Err(TokenProblem::TwoCredentials);
    }
    let mut text = |name: &str| match registered.get(name) {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            faults.push(fault(name, StructureProblem::NoText));
            None
        }
    };
    let (iss, sub, jti) = (text("iss"), text("sub"), text("jti"));
    let mut date = |name: &str| {
        let moment = registered.get(name).map(moment);
        if moment == Some(None) {
            faults.push(fault(name, StructureProblem::NoSeconds));
        }
        moment.flatten()
    };
    let (exp, nbf, iat) = (date("exp"), date("nbf"), date("iat"));
    let claims = JwtClaims {
        filling: credential.is_some(),
        iss,
        sub,
        jti,
        exp,
        nbf,
        iat,
        faults,
    };
    Ok((credential.unwrap_or(payload), claims))
}

fn fault(place: &str, what: StructureProblem) -> StructureFault {
    StructureFault {
        place: place.to_owned(),
        what,
    }
}

/// A `NumericDate`: seconds, perhaps with a fraction.
#[expect(clippy::cast_possible_truncation, reason = "its range is checked")]
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|s| (0.0..=LAST_SECOND).contains(s))?;
    Some(Timestamp((seconds * 1000.0) as i64))
}

impl JwtClaims {
    /// Puts in what the credential leaves to the claims; what it says itself stays, and is compared later.
    pub(super) fn fill(&self, mut credential: JsonObject) -> JsonObject {
        if !self.filling {
            return credential;
        }
        let (from, until) = if is_v1(&credential) {
            ("issuanceDate", "expirationDate")
        } else {
            ("validFrom", "validUntil")
        };
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let date = |moment: Option<Timestamp>| moment.map(|m| json!(m.to_string()));
        for (name, value) in [
            ("id", text(&self.jti)),
            ("issuer", text(&self.iss)),
            (from, date(self.nbf)),
            (until, date(self.exp)),
        ] {
            if let Some(value) = value.filter(|_| !credential.contains_key(name)) {
                credential.insert(name.to_owned(), value);
            }
        }
        for (name, id) in [("issuer", &self.iss), ("credentialSubject", &self.sub)] {
            if let (Some(Value::Object(inner)), Some(id)) = (credential.get_mut(name), id)
                && !inner.contains_key("id")
            {
                inner.insert("id".to_owned(), Value::from(id.as_str()));
            }
        }
        credential
    }

    /// Claims and credential must not say two things. Of two dates the stricter counts, as ever.
    pub(super) fn compare(&self, badge: &mut OpenBadge) {
        let mut faults = self.faults.clone();
        let issuer = Some(badge.issuer_id.as_str());
        for (name, claim, said, what) in [
            ("iss", &self.iss, issuer, StructureProblem::NotIssuer),
            (
                "sub",
                &self.sub,
                badge.subject_id.as_deref(),
                StructureProblem::NotSubject,
            ),
            ("jti", &self.jti, badge.id.as_deref(), StructureProblem::NotId),
        ] {
            if let (Some(claim), Some(said)) = (claim, said)
                && claim != said
            {
                faults.push(fault(name, what));
            }
        }
        badge.faults.extend(faults);
        badge.valid_from = [badge.valid_from, self.nbf].into_iter().flatten().max();
        if self.filling {
            badge.valid_until = [badge.valid_until, self.exp].into_iter().flatten().min();
        }
    }

    /// The moment at which the token was made, as far as it says.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.iat.or(self.nbf)
    }

    /// The end of the signature, where it is not simply the end of the badge.
    pub(super) fn expires(&self, badge: &OpenBadge) -> Option<Timestamp> {
        let end = badge.valid_until.map(Timestamp::whole_seconds);
        self.exp.filter(|exp| Some(exp.whole_seconds()) != end)
    }
}

fn is_v1(credential: &JsonObject) -> bool {
    let contexts = credential.get("@context");
    let first = contexts
        .and_then(Value::as_array)
        .and_then(|all| all.first())
        .or(contexts);
    first.and_then(Value::as_str) == Some(CREDENTIALS_V1)
}
