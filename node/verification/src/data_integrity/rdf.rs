//! From JSON-LD to the hash of canonical N-Quads, refusing whatever would not end up in them.

mod poison;
mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxjsonld::{JsonLdLoadDocumentOptions, JsonLdParser, JsonLdRemoteDocument};
use oxrdf::{Dataset, GraphName, NamedNode, NamedOrBlankNode, Quad, Term, dataset::CanonicalizationAlgorithm};
use serde_json::{Map, Value, json};

use super::{Doubt, Invalid, Stop, suite::Hash};
use crate::contexts;

/// What undefined terms expand to; no context defines a term under it.
const UNDEFINED: &str = "urn:undefined:";
/// Far above any badge.
const MAX_QUADS: usize = 10_000;

/// The hash of the document's canonical N-Quads.
pub(super) fn hash(document: &Map<String, Value>, hash: Hash) -> Result<Vec<u8>, Stop> {
    walk::check(document)?;
    let text = Value::Object(with_vocabulary(document)).to_string();
    // The two libraries have `unreachable!` on paths that a hostile document may find: that must cost this badge
    // its answer, and nobody else theirs.
    let canonical = catch_unwind(AssertUnwindSafe(|| canonical(&text, hash))).unwrap_or_else(|_| {
        Err(Stop::Doubt(Doubt::TooComplex(
            "its JSON-LD cannot be processed".to_owned(),
        )))
    })?;
    Ok(hash.of(canonical.as_bytes()))
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
    named(&quad.predicate)?;
    if let NamedOrBlankNode::NamedNode(node) = &quad.subject {
        named(node)?;
    }
    match &quad.object {
        Term::NamedNode(node) => named(node)?,
        Term::Literal(literal) => named(&literal.datatype().into_owned())?,
        Term::BlankNode(_) => {}
    }
    if let GraphName::NamedNode(node) = &quad.graph_name {
        named(node)?;
    }
    Ok(())
}

fn named(node: &NamedNode) -> Result<(), Stop> {
    if let Some(term) = node.as_str().strip_prefix(UNDEFINED) {
        return Err(uncovered(term));
    }
    if NamedNode::new(node.as_str()).is_err() {
        return Err(uncovered(node.as_str()));
    }
    Ok(())
}
