//! From JSON-LD to the hash of canonical N-Quads, refusing whatever would not end up in them.

mod fast;
mod poison;
mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxjsonld::{JsonLdLoadDocumentOptions, JsonLdParser, JsonLdRemoteDocument};
use oxrdf::{Dataset, GraphName, NamedNodeRef, NamedOrBlankNode, Quad, Term, dataset::CanonicalizationAlgorithm};
use serde_json::{Map, Value, json};

use super::{Doubt, Invalid, Stop, suite::Hash};
use crate::contexts;

/// What undefined terms expand to; no context defines a term under it.
const UNDEFINED: &str = "urn:undefined:";
/// Far above any badge.
const MAX_QUADS: usize = 10_000;

/// The hash of the document's canonical N-Quads.
pub(super) fn hash(document: &Map<String, Value>, hash: Hash) -> Result<Vec<u8>, Stop> {
    hash_without(document, None, hash)
}

/// The same, as if the outermost object did not have this entry; so nobody has to copy all the others.
pub(super) fn hash_without(document: &Map<String, Value>, without: Option<&str>, hash: Hash) -> Result<Vec<u8>, Stop> {
    walk::check(document, without)?;
    let canonical = match short_way(document, without, hash) {
        Some(canonical) => canonical,
        None => {
            let mut rest = document.clone();
            without.and_then(|key| rest.remove(key));
            by_libraries(&rest, hash)?
        }
    };
    Ok(hash.of(canonical.as_bytes()))
}

/// The short way, if it goes: it names blank nodes by SHA-256, so suites that do so by another hash go the long one.
fn short_way(document: &Map<String, Value>, without: Option<&str>, hash: Hash) -> Option<String> {
    match hash {
        Hash::Sha256 => fast::canonical(document, without),
        Hash::Sha384 => None,
    }
}

/// Canonical N-Quads by the short way, if it goes: for those who compare the two.
#[must_use]
pub fn canonical_fast(document: &Map<String, Value>) -> Option<String> {
    walk::check(document, None).ok()?;
    fast::canonical(document, None)
}

/// Canonical N-Quads by the libraries, if they make some.
#[must_use]
pub fn canonical_by_libraries(document: &Map<String, Value>) -> Option<String> {
    walk::check(document, None).ok()?;
    by_libraries(document, Hash::Sha256).ok()
}

/// The long way, which is always right.
fn by_libraries(document: &Map<String, Value>, hash: Hash) -> Result<String, Stop> {
    let text = Value::Object(with_vocabulary(document)).to_string();
    // The two libraries have `unreachable!` on paths that a hostile document may find: that must cost this badge
    // its answer, and nobody else theirs.
    catch_unwind(AssertUnwindSafe(|| canonical(&text, hash)))
        .unwrap_or_else(|_| Err(too_complex("its JSON-LD cannot be processed")))
}

fn uncovered(what: &str) -> Stop {
    Stop::Invalid(Invalid::Uncovered(what.chars().take(120).collect()))
}

fn too_complex(why: impl Into<String>) -> Stop {
    Stop::Doubt(Doubt::TooComplex(why.into()))
}

/// Adds a vocabulary under which every undefined term shows itself.
fn with_vocabulary(document: &Map<String, Value>) -> Map<String, Value> {
    let mut document = document.clone();
    let mut contexts = match document.remove("@context") {
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    contexts.push(json!({"@vocab": UNDEFINED}));
    document.insert("@context".to_owned(), Value::Array(contexts));
    document
}

fn load(
    url: &str,
    _: &JsonLdLoadDocumentOptions,
) -> Result<JsonLdRemoteDocument, Box<dyn std::error::Error + Send + Sync>> {
    let context = contexts::find(url).ok_or("not compiled in")?;
    Ok(JsonLdRemoteDocument {
        document: context.json.as_bytes().to_vec(),
        document_url: url.to_owned(),
    })
}

/// Canonical N-Quads (RDFC-1.0) of a document.
fn canonical(text: &str, hash: Hash) -> Result<String, Stop> {
    let mut dataset = Dataset::new();
    // Lenient, because strict drops a quad with a malformed IRI without a word: here it is seen, and refused.
    for quad in JsonLdParser::new()
        .lenient()
        .for_slice(text)
        .with_load_document_callback(load)
    {
        let quad = quad.map_err(|e| {
            let why: String = e.to_string().chars().take(160).collect();
            Stop::Invalid(Invalid::Malformed(format!("the badge is no JSON-LD: {why}")))
        })?;
        check(&quad)?;
        dataset.insert(&quad);
        if dataset.len() > MAX_QUADS {
            return Err(too_complex(format!("it makes more than {MAX_QUADS} statements")));
        }
    }
    if dataset.is_empty() {
        return Err(Stop::Invalid(Invalid::Malformed(
            "there is nothing that it could cover".to_owned(),
        )));
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
fn check(quad: &Quad) -> Result<(), Stop> {
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

fn named(iri: &str) -> Result<(), Stop> {
    if let Some(term) = iri.strip_prefix(UNDEFINED) {
        return Err(uncovered(term));
    }
    if NamedNodeRef::new(iri).is_err() {
        return Err(uncovered(iri));
    }
    Ok(())
}
