//! The walk over the JSON before anything is made of it.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Map, Value};

use super::{
    AllowedTerms, ComplexityProblem, HashingError, ProofProblem, RdfInput, Undecidable, UnknownVocabulary, malformed,
    record, record::is_record, too_complex, uncovered,
};
use crate::contexts;

/// Limits, each far above any badge. Reading a context costs a millisecond; so may an object with a type.
const MAX_OBJECTS: usize = 512;
const MAX_CONTEXTS: usize = 24;
/// The same for a Comprehensive Learner Record: as many as a hundred ordinary badges have.
const MAX_OBJECTS_OF_A_RECORD: usize = 2560;
const MAX_CONTEXTS_OF_A_RECORD: usize = 420;

/// Refuses what is too much, what names contexts that we do not have, and what could hide a statement from a reader.
pub(super) fn check(document: RdfInput<'_>) -> Result<(), HashingError> {
    let own_id = ["id", "@id"]
        .into_iter()
        .find_map(|key| document.object.get(key))
        .and_then(Value::as_str);
    let (max_objects, max_contexts) = match is_record(document.object) {
        true => (MAX_OBJECTS_OF_A_RECORD, MAX_CONTEXTS_OF_A_RECORD),
        false => (MAX_OBJECTS, MAX_CONTEXTS),
    };
    let mut seen = DocumentWalk {
        max_objects,
        max_contexts,
        own_id,
        without: document.without,
        terms: document.terms,
        own_context: document.context.is_some(),
        objects: 0,
        contexts: 0,
    };
    if let Some(context) = document.context {
        seen.context(context)?;
    }
    seen.object(document.object)
}

/// The statements that only a credential itself may make of itself, in its outermost object.
const ABOUT_ITSELF: [&str; 7] = [
    "credentialStatus",
    "credentialSubject",
    "expirationDate",
    "issuanceDate",
    "issuer",
    "validFrom",
    "validUntil",
];

/// Everything that was met while walking the JSON.
struct DocumentWalk<'a> {
    /// The `id` of the outermost object.
    own_id: Option<&'a str>,
    /// The entry of the outermost object that does not count.
    without: Option<&'a str>,
    terms: AllowedTerms,
    /// The document's contexts are others than those in it, which do not count then.
    own_context: bool,
    objects: usize,
    contexts: usize,
    max_objects: usize,
    max_contexts: usize,
}

impl DocumentWalk<'_> {
    /// Refuses what could make the signed statement and the JSON that people see differ. `@context` itself is not
    /// signed, only what it makes of the document; so a context written into the document could rename `validUntil`,
    /// and an IRI as a key, `@nest` or `@graph` could hide it, without the signature noticing.
    fn object(&mut self, object: &Map<String, Value>) -> Result<(), HashingError> {
        self.objects += 1;
        if self.objects > self.max_objects {
            return Err(too_complex(ComplexityProblem::Objects { most: self.max_objects }));
        }
        let is_document = self.objects == 1;
        if !is_document {
            self.inner(object)?;
        }
        for (key, value) in object {
            if matches!(key.as_str(), "type" | "@type") {
                one_scope(value, object)?;
            }
            match key.as_str() {
                own if is_document && Some(own) == self.without => {}
                "@context" if is_document && self.own_context => {}
                "@context" => self.context(value)?,
                "@id" | "@type" | "@value" | "@language" | "@direction" => self.value(value)?,
                other if other.starts_with('@') || other.contains(':') || other.is_empty() => {
                    return Err(uncovered(other));
                }
                _ => self.value(value)?,
            }
        }
        Ok(())
    }

    /// Two objects with one `id` are one thing to JSON-LD, so a line may be moved from one to the other without the
    /// signature noticing: an end date into an endorsement *of* this badge, say.
    fn inner(&self, object: &Map<String, Value>) -> Result<(), HashingError> {
        let Some(own_id) = self.own_id else {
            return Ok(());
        };
        let (mut is_itself, mut about_itself) = (false, None);
        // One pass: looking each name up costs more.
        for (key, value) in object {
            match key.as_str() {
                "id" | "@id" => is_itself |= value.as_str() == Some(own_id),
                own => about_itself = about_itself.or_else(|| ABOUT_ITSELF.into_iter().find(|key| *key == own)),
            }
        }
        match about_itself.filter(|_| is_itself) {
            Some(key) => Err(malformed(ProofProblem::InnerStatement { key })),
            None => Ok(()),
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), HashingError> {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            Value::String(text) if text.starts_with("_:") => Err(too_complex(ComplexityProblem::BlankNodes)),
            _ => Ok(()),
        }
    }

    fn context(&mut self, value: &Value) -> Result<(), HashingError> {
        self.contexts += 1;
        if self.contexts > self.max_contexts {
            let most = self.max_contexts;
            return Err(too_complex(ComplexityProblem::Contexts { most }));
        }
        let unknown = |vocabulary| HashingError::Doubt(Undecidable::UnknownContext { vocabulary });
        match value {
            Value::String(url) if contexts::find(url).is_some() => Ok(()),
            Value::String(url) if self.terms == AllowedTerms::Any && contexts::find_example(url).is_some() => Ok(()),
            Value::String(url) => Err(unknown(UnknownVocabulary::named(url))),
            Value::Object(own) if self.terms == AllowedTerms::Any => own_terms(own),
            Value::Array(items) => items.iter().try_for_each(|item| match item {
                Value::Array(_) => Err(unknown(UnknownVocabulary::ListWithinList)),
                item => self.context(item),
            }),
            _ => Err(unknown(UnknownVocabulary::InBadge)),
        }
    }
}

/// An IRI, or one that begins with a prefix; neither a keyword, nor another term, which may stand for one, nor a blank
/// node: with names for these, a document could tie them into any graph.
fn is_name(iri: &str) -> bool {
    iri.contains(':') && !iri.starts_with('@') && !iri.starts_with("_:")
}

/// Contexts written into a document may name things, and nothing else: no scopes, no containers, no keywords renamed.
fn own_terms(context: &Map<String, Value>) -> Result<(), HashingError> {
    let strange = || {
        HashingError::Doubt(Undecidable::UnknownContext {
            vocabulary: UnknownVocabulary::InDocument,
        })
    };
    if let (1, Some(Value::Object(inner))) = (context.len(), context.get("@context")) {
        return own_terms(inner);
    }
    for (name, value) in context {
        let plain = match (name.as_str(), value) {
            ("@vocab", value) => value.is_null() || value.as_str().is_some_and(is_name),
            ("@protected", value) => value.is_boolean(),
            ("@version", value) => value.as_f64() == Some(1.1),
            (name, _) if name.starts_with('@') || name.is_empty() => false,
            (_, Value::String(iri)) => is_name(iri),
            (_, Value::Object(details)) => details.iter().all(|(key, value)| {
                matches!((key.as_str(), value), ("@id", Value::String(iri)) if is_name(iri))
                    || matches!((key.as_str(), value), ("@type", Value::String(kind)) if kind == "@id" || !kind.starts_with('@'))
                    || matches!((key.as_str(), value), ("@protected", Value::Bool(_)))
            }),
            _ => false,
        };
        if !plain {
            return Err(strange());
        }
    }
    Ok(())
}

/// Types that bring a vocabulary of their own (JSON-LD 1.1, §4.1.8), in any context that we have.
static SCOPED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut types = BTreeSet::new();
    for context in contexts::ALL {
        let json: Value = serde_json::from_str(context.json).unwrap_or_default();
        let terms = json.get("@context").and_then(Value::as_object).into_iter().flatten();
        types.extend(
            terms
                .filter(|(_, term)| term.get("@context").is_some())
                .map(|(name, _)| name.clone()),
        );
    }
    types
});

/// `oxjsonld` 0.2.7 uses only the last of several vocabularies that one object's types bring, and drops the terms of
/// the others. Such a badge may be right, so it must not be called altered. Of some, what the second type brings is put
/// into the contexts ([`super::record`]).
fn one_scope(types: &Value, object: &Map<String, Value>) -> Result<(), HashingError> {
    let names = types
        .as_array()
        .filter(|types| types.len() > 1)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let names = names.filter(|name| !record::is_brought(object, name));
    if names.filter(|name| SCOPED.contains(*name)).count() > 1 {
        return Err(too_complex(ComplexityProblem::TwoVocabularies));
    }
    Ok(())
}
