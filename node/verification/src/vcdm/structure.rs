//! The rules of VCDM 2.0 (and 1.1) for any credential, each with the fault it gives.

use serde_json::Value;

use super::related;
use crate::json::JsonObject;
use crate::{
    StructureFault,
    badge::{StructureProblem, is_url, moment, types},
    contexts::{CREDENTIALS_V1, CREDENTIALS_V2},
};

const MAX_FAULTS: usize = 20;
/// More than any document has in one place.
const MAX_PARTS: usize = 64;

/// The faults, in the order in which they were met.
#[derive(Default)]
pub(super) struct CredentialFaults(Vec<StructureFault>);

impl CredentialFaults {
    pub(super) fn add(&mut self, place: &str, what: StructureProblem) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(StructureFault {
                place: place.to_owned(),
                what,
            });
        }
    }

    pub(super) fn all(self) -> Vec<StructureFault> {
        self.0
    }

    /// A URL that may be absent, but is one if it is there (§4.4).
    pub(super) fn url(&mut self, object: &JsonObject, key: &str, place: &str) {
        if object.contains_key(key) && !object.get(key).and_then(Value::as_str).is_some_and(is_url) {
            self.add(place, StructureProblem::NoUrl);
        }
    }

    fn needed_url(&mut self, object: &JsonObject, key: &str, place: &str) {
        if !object.contains_key(key) {
            self.add(place, StructureProblem::Missing);
        }
        self.url(object, key, place);
    }

    /// One or more texts (§4.5).
    fn kind(&mut self, object: &JsonObject, place: &str) {
        let fine = match object.get("type") {
            Some(Value::String(one)) => !one.is_empty(),
            Some(Value::Array(many)) => !many.is_empty() && many.iter().all(Value::is_string),
            _ => false,
        };
        if !fine {
            self.add(
                place,
                if object.contains_key("type") {
                    StructureProblem::NoText
                } else {
                    StructureProblem::Missing
                },
            );
        }
    }

    /// The objects of a property with one or more; what is no object is a fault.
    pub(super) fn objects<'a>(&mut self, object: &'a JsonObject, key: &str) -> Vec<&'a JsonObject> {
        let many = match object.get(key) {
            None => &[],
            Some(Value::Array(many)) => many.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if many.len() > MAX_PARTS {
            self.add(key, StructureProblem::TooManyParts);
        }
        let found: Vec<_> = many.iter().take(MAX_PARTS).map(Value::as_object).collect();
        if found.contains(&None) {
            self.add(key, StructureProblem::NoObject);
        }
        found.into_iter().flatten().collect()
    }

    /// A text, or language value objects (§11.1).
    fn words(&mut self, object: &JsonObject, key: &str, place: &str) {
        let word = |value: &Value| match value {
            Value::String(_) => true,
            Value::Object(value) => {
                value.get("@value").is_some_and(Value::is_string)
                    && value.iter().all(|(key, value)| {
                        matches!(key.as_str(), "@value" | "@language" | "@direction") && value.is_string()
                    })
            }
            _ => false,
        };
        let fine = match object.get(key) {
            None => true,
            Some(Value::Array(many)) => !many.is_empty() && many.iter().all(word),
            Some(one) => word(one),
        };
        if !fine {
            self.add(place, StructureProblem::NoWords);
        }
    }

    /// The version of the data model, by the first context (§4.3).
    pub(super) fn context(&mut self, object: &JsonObject) -> bool {
        let list = match object.get("@context") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => &[],
        };
        let first = list.first().and_then(Value::as_str);
        let is_v1 = first == Some(CREDENTIALS_V1);
        if !is_v1 && first != Some(CREDENTIALS_V2) {
            self.add("@context", StructureProblem::BeginsOtherwise { first: CREDENTIALS_V2 });
        }
        let fine = |context: &Value| context.is_object() || context.as_str().is_some_and(is_url);
        if !list.iter().all(fine) {
            self.add("@context", StructureProblem::ListsNeitherUrlNorObject);
        }
        is_v1
    }

    pub(super) fn has_type(&mut self, object: &JsonObject, name: &'static str) {
        self.kind(object, "type");
        if !has_type(object, name) {
            self.add("type", StructureProblem::LacksType { name });
        }
    }

    fn dates(&mut self, object: &JsonObject) {
        let mut read = |key: &str| {
            let value = object.get(key)?;
            let found = value.as_str().and_then(moment);
            if found.is_none() {
                self.add(key, StructureProblem::NoMoment);
            }
            found
        };
        let from = [read("validFrom"), read("issuanceDate")].into_iter().flatten().max();
        let until = [read("validUntil"), read("expirationDate")].into_iter().flatten().min();
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            self.add("validUntil", StructureProblem::BeforeBeginning);
        }
    }

    /// Parts that say by their type how they are read (§4.10, §4.11 and §5).
    fn typed_parts(&mut self, object: &JsonObject) {
        for key in [
            "credentialStatus",
            "credentialSchema",
            "refreshService",
            "termsOfUse",
            "evidence",
        ] {
            for part in self.objects(object, key) {
                self.kind(part, &format!("{key}.type"));
                let id = format!("{key}.id");
                if key == "credentialSchema" {
                    self.needed_url(part, "id", &id);
                } else {
                    self.url(part, "id", &id);
                }
            }
        }
    }
}

pub(super) fn has_type(object: &JsonObject, name: &str) -> bool {
    types(object.get("type")).any(|kind| kind == name)
}

/// The faults of a credential.
pub(super) fn credential(object: &JsonObject) -> Vec<StructureFault> {
    let mut faults = CredentialFaults::default();
    let is_v1 = faults.context(object);
    faults.has_type(object, "VerifiableCredential");
    faults.url(object, "id", "id");
    faults.words(object, "name", "name");
    faults.words(object, "description", "description");
    match object.get("issuer") {
        Some(Value::Object(issuer)) => {
            faults.needed_url(issuer, "id", "issuer.id");
            faults.words(issuer, "name", "issuer.name");
            faults.words(issuer, "description", "issuer.description");
        }
        _ => faults.needed_url(object, "issuer", "issuer"),
    }
    if !object.contains_key("credentialSubject") {
        faults.add("credentialSubject", StructureProblem::Missing);
    }
    let subjects = faults.objects(object, "credentialSubject");
    if subjects.iter().any(|subject| subject.is_empty()) || object.get("credentialSubject").is_some_and(is_empty_list) {
        faults.add("credentialSubject", StructureProblem::SaysNothing);
    }
    for subject in subjects {
        faults.url(subject, "id", "credentialSubject.id");
    }
    faults.dates(object);
    if is_v1 && !object.contains_key("issuanceDate") {
        faults.add("issuanceDate", StructureProblem::Missing);
    }
    faults.typed_parts(object);
    related::check(object, &mut faults);
    faults.all()
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}
