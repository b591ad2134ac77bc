//! From JSON-LD to the hash of canonical N-Quads, refusing whatever would not end up in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use aws_lc_rs::digest::{SHA256, digest};
use oxjsonld::{JsonLdLoadDocumentOptions, JsonLdParser, JsonLdRemoteDocument};
use oxrdf::{
    BlankNode, Dataset, GraphName, NamedNode, NamedOrBlankNode, Quad, Term,
    dataset::{CanonicalizationAlgorithm, CanonicalizationHashAlgorithm},
};
use serde_json::{Map, Value, json};

use super::{Doubt, Invalid, Stop};
use crate::contexts;

/// What undefined terms expand to; no context defines a term under it.
const UNDEFINED: &str = "urn:undefined:";
/// Limits, each far above any badge. Reading a context costs a millisecond; so may an object with a type.
const MAX_OBJECTS: usize = 512;
const MAX_CONTEXTS: usize = 24;
const MAX_QUADS: usize = 10_000;
/// RDFC-1.0 tries every order of blank nodes that look alike ("dataset poisoning"): factorial in their number.
const MAX_ALIKE: usize = 5;
const MAX_ALIKE_IN_ALL: usize = 16;

/// SHA-256 of the document's canonical N-Quads.
pub(super) fn hash(document: &Map<String, Value>) -> Result<[u8; 32], Stop> {
    let own_id = ["id", "@id"]
        .into_iter()
        .find_map(|key| document.get(key))
        .and_then(Value::as_str);
    let mut seen = Seen {
        own_id,
        ..Seen::default()
    };
    seen.object(document)?;
    let text = Value::Object(with_vocabulary(document)).to_string();
    // The two libraries have `unreachable!` on paths that a hostile document may find: that must cost this badge
    // its answer, and nobody else theirs.
    let canonical = catch_unwind(AssertUnwindSafe(|| canonical(&text))).unwrap_or_else(|_| {
        Err(Stop::Doubt(Doubt::TooComplex(
            "its JSON-LD cannot be processed".to_owned(),
        )))
    })?;
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, canonical.as_bytes()).as_ref()) {
        *to = *from;
    }
    Ok(bytes)
}

fn uncovered(what: &str) -> Stop {
    Stop::Invalid(Invalid::Uncovered(what.chars().take(120).collect()))
}

fn too_complex(why: impl Into<String>) -> Stop {
    Stop::Doubt(Doubt::TooComplex(why.into()))
}

/// What only a credential itself may say of itself, in its outermost object.
const ABOUT_ITSELF: [&str; 7] = [
    "credentialStatus",
    "credentialSubject",
    "expirationDate",
    "issuanceDate",
    "issuer",
    "validFrom",
    "validUntil",
];

/// What was met while walking the JSON.
#[derive(Default)]
struct Seen<'a> {
    /// The `id` of the outermost object.
    own_id: Option<&'a str>,
    objects: usize,
    contexts: usize,
}

impl Seen<'_> {
    /// Refuses what could make the signed statement and the JSON that people see differ. `@context` itself is not
    /// signed, only what it makes of the document; so a context written into the document could rename `validUntil`,
    /// and an IRI as a key, `@nest` or `@graph` could hide it, without the signature noticing.
    fn object(&mut self, object: &Map<String, Value>) -> Result<(), Stop> {
        self.objects += 1;
        if self.objects > MAX_OBJECTS {
            return Err(too_complex(format!("it has more than {MAX_OBJECTS} objects")));
        }
        if self.objects > 1 {
            self.inner(object)?;
        }
        one_scope(object)?;
        for (key, value) in object {
            match key.as_str() {
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
    fn inner(&self, object: &Map<String, Value>) -> Result<(), Stop> {
        let is_itself = ["id", "@id"]
            .into_iter()
            .filter_map(|key| object.get(key))
            .any(|id| id.as_str() == self.own_id);
        let moved = ABOUT_ITSELF.into_iter().find(|key| object.contains_key(*key));
        match moved {
            Some(key) if is_itself && self.own_id.is_some() => Err(Stop::Invalid(Invalid::Malformed(format!(
                "the badge tells its own `{key}` in an inner part"
            )))),
            _ => Ok(()),
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), Stop> {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            Value::String(text) if text.starts_with("_:") => Err(too_complex("it names blank nodes")),
            _ => Ok(()),
        }
    }

    fn context(&mut self, value: &Value) -> Result<(), Stop> {
        self.contexts += 1;
        if self.contexts > MAX_CONTEXTS {
            return Err(too_complex(format!("it names contexts more than {MAX_CONTEXTS} times")));
        }
        let unknown = |name: &str| Stop::Doubt(Doubt::UnknownContext(name.chars().take(200).collect()));
        match value {
            Value::String(url) if contexts::find(url).is_some() => Ok(()),
            Value::String(url) => Err(unknown(url)),
            Value::Array(items) => items.iter().try_for_each(|item| match item {
                Value::Array(_) => Err(unknown("a list within a list")),
                item => self.context(item),
            }),
            _ => Err(unknown("a context written into the badge itself")),
        }
    }
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
/// the others. Such a badge may be right, so it must not be called altered.
fn one_scope(object: &Map<String, Value>) -> Result<(), Stop> {
    let types = object
        .get("type")
        .or_else(|| object.get("@type"))
        .and_then(Value::as_array);
    let names = types.into_iter().flatten().filter_map(Value::as_str);
    if names.filter(|name| SCOPED.contains(*name)).count() > 1 {
        return Err(too_complex("one part of it has two types that each bring a vocabulary"));
    }
    Ok(())
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
fn canonical(text: &str) -> Result<String, Stop> {
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
    guard(&dataset)?;
    dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
        hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
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

/// Counts blank nodes that look alike at first sight (RDFC-1.0, §4.6), before anything is tried in every order.
fn guard(dataset: &Dataset) -> Result<(), Stop> {
    let mut around: BTreeMap<String, Vec<Quad>> = BTreeMap::new();
    for quad in dataset {
        let quad = quad.into_owned();
        let mut touched: Vec<String> = blanks(&quad).map(|b| b.as_str().to_owned()).collect();
        touched.dedup();
        for name in touched {
            around.entry(name).or_default().push(quad.clone());
        }
    }
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for (name, quads) in &around {
        let mut lines: Vec<String> = quads.iter().map(|q| seen_from(q, name)).collect();
        lines.sort_unstable();
        *alike.entry(lines.concat()).or_default() += 1;
    }
    let groups: Vec<usize> = alike.into_values().filter(|n| *n > 1).collect();
    if groups.iter().any(|n| *n > MAX_ALIKE) || groups.iter().sum::<usize>() > MAX_ALIKE_IN_ALL {
        return Err(too_complex("it repeats the same nameless part too often"));
    }
    Ok(())
}

fn blanks(quad: &Quad) -> impl Iterator<Item = &BlankNode> {
    let subject = match &quad.subject {
        NamedOrBlankNode::BlankNode(b) => Some(b),
        NamedOrBlankNode::NamedNode(_) => None,
    };
    let object = match &quad.object {
        Term::BlankNode(b) => Some(b),
        _ => None,
    };
    let graph = match &quad.graph_name {
        GraphName::BlankNode(b) => Some(b),
        _ => None,
    };
    [subject, object, graph].into_iter().flatten()
}

/// A quad with one blank node named `a` and all others `z`.
fn seen_from(quad: &Quad, name: &str) -> String {
    let label = |b: &BlankNode| BlankNode::new_unchecked(if b.as_str() == name { "a" } else { "z" });
    let mut quad = quad.clone();
    if let NamedOrBlankNode::BlankNode(b) = &quad.subject {
        quad.subject = label(b).into();
    }
    if let Term::BlankNode(b) = &quad.object {
        quad.object = label(b).into();
    }
    if let GraphName::BlankNode(b) = &quad.graph_name {
        quad.graph_name = label(b).into();
    }
    quad.to_string()
}
