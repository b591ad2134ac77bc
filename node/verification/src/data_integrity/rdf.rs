//! From JSON-LD to the hash of canonical N-Quads, refusing whatever would not end up in them.

mod fast;
mod poison;
mod record;
mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxjsonld::{JsonLdLoadDocumentOptions, JsonLdParser, JsonLdRemoteDocument};
use oxrdf::{Dataset, GraphName, NamedNodeRef, NamedOrBlankNode, Quad, Term, dataset::CanonicalizationAlgorithm};
use serde_json::{Map, Value, json};

use super::{
    ComplexityProblem, HashingError, InvalidProof, ProofProblem, Undecidable, UnknownVocabulary, malformed,
    suite::{Digest, HashAlgorithm},
};
use crate::contexts;

/// The prefix that undefined terms expand to; no context defines a term under it.
const UNDEFINED: &str = "urn:undefined:";
/// Far above any badge.
const MAX_QUADS: usize = 10_000;

/// The terms that a document may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedTerms {
    /// Those of the contexts that are compiled in: a badge's.
    Known,
    /// Those, the examples' of the W3C, and terms that the document names itself. **Never for badges**: whoever may
    /// write a context may rename `validUntil`.
    Any,
}

/// The way in which a document may be made canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canonicalization {
    /// The short way if it goes, else the long one, which can take a hundred milliseconds.
    Any,
    /// The short way with contexts that were met before, or the document is called too complex.
    Short,
}

/// A document to be made canonical.
#[derive(Debug, Clone, Copy)]
pub(super) struct RdfInput<'a> {
    pub(super) object: &'a Map<String, Value>,
    /// The entry of the outermost object that does not count; so nobody has to copy all the others.
    pub(super) without: Option<&'a str>,
    /// The contexts to read it under; its own, if absent.
    pub(super) context: Option<&'a Value>,
    pub(super) terms: AllowedTerms,
    pub(super) way: Canonicalization,
}

impl<'a> RdfInput<'a> {
    /// All of it, under its own contexts.
    pub(super) const fn whole(object: &'a Map<String, Value>, terms: AllowedTerms) -> Self {
        Self {
            object,
            without: None,
            context: None,
            terms,
            way: Canonicalization::Any,
        }
    }

    /// The contexts that count.
    pub(super) fn contexts(self) -> Option<&'a Value> {
        self.context.or_else(|| self.object.get("@context"))
    }

    /// A copy with the entries and contexts that count.
    pub(super) fn copied(self) -> Map<String, Value> {
        let mut copy = self.object.clone();
        self.without.and_then(|key| copy.remove(key));
        if let Some(context) = self.context {
            copy.insert("@context".to_owned(), context.clone());
        }
        copy
    }
}

/// The hash of the document's canonical N-Quads.
pub(super) fn hash(document: RdfInput<'_>, hash: HashAlgorithm) -> Result<Digest, HashingError> {
    walk::check(document)?;
    let canonical = match short_way(document, hash) {
        Some(canonical) => canonical,
        None if document.way == Canonicalization::Short => return Err(too_complex(ComplexityProblem::LongWay)),
        None => by_libraries(document.copied(), hash)?,
    };
    Ok(hash.of(canonical.as_bytes()))
}

/// The short way, if it goes: it names blank nodes by SHA-256, so suites that do so by another hash go the long one.
fn short_way(document: RdfInput<'_>, hash: HashAlgorithm) -> Option<String> {
    match hash {
        HashAlgorithm::Sha256 => fast::canonical(document),
        HashAlgorithm::Sha384 => None,
    }
}

/// Canonical N-Quads by the short way, if it goes: for those who compare the two.
#[must_use]
pub fn canonical_fast(document: &Map<String, Value>) -> Option<String> {
    let document = RdfInput::whole(document, AllowedTerms::Known);
    walk::check(document).ok()?;
    fast::canonical(document)
}

/// Canonical N-Quads by the libraries, if they make some.
#[must_use]
pub fn canonical_by_libraries(document: &Map<String, Value>) -> Option<String> {
    walk::check(RdfInput::whole(document, AllowedTerms::Known)).ok()?;
    by_libraries(document.clone(), HashAlgorithm::Sha256).ok()
}

/// The long way, which is always right.
fn by_libraries(mut document: Map<String, Value>, hash: HashAlgorithm) -> Result<String, HashingError> {
    document.values().try_for_each(numbers)?;
    close_all(&mut document);
    close(&mut document);
    let text = Value::Object(document).to_string();
    // The two libraries have `unreachable!` on paths that a hostile document may find: that must cost this badge
    // its answer, and nobody else theirs.
    catch_unwind(AssertUnwindSafe(|| canonical(&text, hash)))
        .unwrap_or_else(|_| Err(too_complex(ComplexityProblem::Unprocessable)))
}

/// Refuses numbers of which processors make different texts, so that what another signed rightly is never called altered:
/// `oxjsonld` 0.2.7 writes all digits of a double, and JSON-LD 1.1 (API, §8.2.2) asks for sixteen; and JavaScript does not
/// tell whole numbers from 2^53 on from their neighbours.
fn numbers(value: &Value) -> Result<(), HashingError> {
    match value {
        Value::Object(object) => object.values().try_for_each(numbers),
        Value::Array(items) => items.iter().try_for_each(numbers),
        Value::Number(number) => {
            let is_plain = match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => whole.unsigned_abs() < 1 << 53,
                (None, Some(double)) if number.is_f64() => format!("{double:.15e}").parse() == Ok(double),
                _ => false,
            };
            match is_plain {
                true => Ok(()),
                false => Err(too_complex(ComplexityProblem::AmbiguousNumber {
                    number: number.to_string(),
                })),
            }
        }
        _ => Ok(()),
    }
}

fn uncovered(what: &str) -> HashingError {
    HashingError::Invalid(InvalidProof::Uncovered {
        what: what.chars().take(120).collect(),
    })
}

const fn too_complex(why: ComplexityProblem) -> HashingError {
    HashingError::Doubt(Undecidable::TooComplex { why })
}

/// Adds a vocabulary under which every undefined term shows itself, unless the contexts bring one of their own.
fn close(object: &mut Map<String, Value>) {
    let mut contexts = match object.remove("@context") {
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for context in &mut contexts {
        // Some write `{"@context": {…}}` where `{…}` is meant, and processors read it so.
        while let Some(inner) = context.get_mut("@context").map(Value::take) {
            *context = inner;
        }
    }
    record::bring(object, &mut contexts);
    let own = contexts.iter().rev().find_map(|context| match context {
        Value::String(url) => contexts::find_example(url).map(|_| true),
        other => other.get("@vocab").map(Value::is_string),
    });
    if own != Some(true) {
        contexts.push(json!({"@vocab": UNDEFINED}));
    }
    object.insert("@context".to_owned(), Value::Array(contexts));
}

/// The same in every inner object that names contexts: where a term resets them, the outer vocabulary is gone.
fn close_all(object: &mut Map<String, Value>) {
    for (key, value) in object {
        if key != "@context" {
            close_within(value);
        }
    }
}

fn close_within(value: &mut Value) {
    match value {
        Value::Object(object) => {
            close_all(object);
            if object.contains_key("@context") {
                close(object);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close_within),
        _ => {}
    }
}

fn load(
    url: &str,
    _: &JsonLdLoadDocumentOptions,
) -> Result<JsonLdRemoteDocument, Box<dyn std::error::Error + Send + Sync>> {
    // Whether a document may name an example, the walk has asked.
    let context = contexts::find(url)
        .or_else(|| contexts::find_example(url))
        .ok_or("not compiled in")?;
    Ok(JsonLdRemoteDocument {
        document: context.json.as_bytes().to_vec(),
        document_url: url.to_owned(),
    })
}

/// Canonical N-Quads (RDFC-1.0) of a document.
fn canonical(text: &str, hash: HashAlgorithm) -> Result<String, HashingError> {
    let mut dataset = Dataset::new();
    // Lenient, because strict drops a quad with a malformed IRI without a word: here it is seen, and refused.
    for quad in JsonLdParser::new()
        .lenient()
        .for_slice(text)
        .with_load_document_callback(load)
    {
        let quad = quad.map_err(|e| {
            malformed(ProofProblem::NoJsonLd {
                why: e.to_string().chars().take(160).collect(),
            })
        })?;
        check(&quad)?;
        dataset.insert(&quad);
        if dataset.len() > MAX_QUADS {
            return Err(too_complex(ComplexityProblem::Statements { most: MAX_QUADS }));
        }
    }
    if dataset.is_empty() {
        return Err(malformed(ProofProblem::CoversNothing));
    }
    poison::guard(&dataset)?;
    dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
        hash_algorithm: hash.within_rdf(),
    });
    let mut lines: Vec<String> = dataset.iter().map(|quad| format!("{quad} .\n")).collect();
    lines.sort_unstable();
    Ok(lines.concat())
}

/// Every IRI of a quad is a real one, and a defined one.
fn check(quad: &Quad) -> Result<(), HashingError> {
    named(quad.predicate.as_str())?;
    if let NamedOrBlankNode::NamedNode(node) = &quad.subject {
        named(node.as_str())?;
    }
    match &quad.object {
        Term::NamedNode(node) => named(node.as_str())?,
        Term::Literal(literal) => named(literal.datatype().as_str())?,
        Term::BlankNode(_) => {}
    }
    if let GraphName::NamedNode(node) = &quad.graph_name {
        named(node.as_str())?;
    }
    Ok(())
}

fn named(iri: &str) -> Result<(), HashingError> {
    if let Some(term) = iri.strip_prefix(UNDEFINED) {
        return Err(uncovered(term));
    }
    if !is_plain_iri(iri) && NamedNodeRef::new(iri).is_err() {
        return Err(uncovered(iri));
    }
    Ok(())
}

/// Returns true if a text is an IRI of the plainest sort (RFC 3987, §2.2): letters, digits, `-._~/:` and at most one `#`, and
/// no port. All others are asked about more slowly.
fn is_plain_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let authority_ends = path
        .strip_prefix("//")
        .map(|after| after.find('/').unwrap_or(after.len()));
    let has_port = authority_ends.is_some_and(|end| path.as_bytes().iter().take(end + 2).any(|b| *b == b':'));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/' | b':');
    !has_port && path.bytes().all(plain) && fragment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `oxjsonld` 0.2.7 keeps the outer vocabulary where a term resets all contexts, which it should not (JSON-LD 1.1,
    /// §4.1.8); this holds whatever it does.
    #[test]
    fn every_context_in_a_document_shows_what_it_leaves_undefined() {
        let mut document = json!({
            "@context": "https://www.w3.org/ns/credentials/v2",
            "verifiableCredential": [{"@context": ["https://www.w3.org/ns/credentials/v2"], "x": {"@context": []}}],
            "own": {"@context": [{"@vocab": "https://example.org/#"}]},
            "none": {"@context": [{"@vocab": "https://example.org/#"}, {"@vocab": null}]},
        });
        let document = document.as_object_mut().unwrap();
        close_all(document);
        close(document);
        let document = Value::Object(document.clone());
        let last = |place: &str| document.pointer(place).unwrap().as_array().unwrap().last().cloned();
        let shown = Some(json!({"@vocab": UNDEFINED}));
        for place in [
            "/@context",
            "/verifiableCredential/0/@context",
            "/verifiableCredential/0/x/@context",
            "/none/@context",
        ] {
            assert_eq!(last(place), shown, "{place}");
        }
        assert_ne!(last("/own/@context"), shown);
    }

    /// Every text of a few parts that are likely to go wrong together.
    #[test]
    fn what_looks_like_a_plain_iri_is_an_iri() {
        let parts = [
            "", "a", "1", ":", "/", "//", "#", "?", "%", "[", "]", "@", "-", ".", "~", " ", "é", "http:",
        ];
        let mut plain = 0;
        for number in 0..parts.len().pow(5) {
            let mut text = String::new();
            let mut rest = number;
            for _ in 0..5 {
                text.push_str(parts[rest % parts.len()]);
                rest /= parts.len();
            }
            if is_plain_iri(&text) {
                plain += 1;
                assert!(NamedNodeRef::new(&text).is_ok(), "`{text}`");
            }
        }
        assert!(plain > 10_000, "only {plain}");
        assert!(is_plain_iri("https://www.w3.org/ns/credentials#x") && is_plain_iri("urn:uuid:1"));
        assert!(!is_plain_iri("https://a:b/") && !is_plain_iri("a#b") && !is_plain_iri("a:b#c#d"));
    }
}
