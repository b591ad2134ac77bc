//! The contexts of this crate, compiled (JSON-LD 1.1 API, §4.1 and §4.2, as far as they need it).

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use serde_json::{Map, Value};

use super::{
    super::{Canonicalization, named},
    terms::{ActiveContext, TermDefinition, TermTable, TypeMapping, Vocabulary},
};
use crate::contexts;

/// The most lists of contexts that are remembered; real badges use a handful.
const MAX_REMEMBERED: usize = 32;
/// More contexts than any badge lists.
const MAX_LISTED: usize = 8;
/// The most times that one definition may lead to another.
const MAX_STEPS: usize = 4;

type LocalContext = &'static Map<String, Value>;
type VocabularyCache = Vec<(Vec<&'static str>, Option<Arc<Vocabulary>>)>;

/// The vocabulary of a document's `@context`; `None` if that takes the long way, or if nobody compiled it yet and only
/// the short way is open: compiling takes longer than all the rest.
pub(super) fn compiled(context: &Value, way: Canonicalization) -> Option<Arc<Vocabulary>> {
    static KNOWN: RwLock<VocabularyCache> = RwLock::new(Vec::new());
    let urls = match context {
        Value::Array(urls) if urls.len() <= MAX_LISTED => urls.as_slice(),
        Value::Array(_) => return None,
        one => std::slice::from_ref(one),
    };
    {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        let same = |listed: &[&str]| listed.len() == urls.len() && listed.iter().zip(urls).all(|(a, b)| b == a);
        if let Some((_, vocabulary)) = known.iter().find(|(listed, _)| same(listed)) {
            return vocabulary.clone();
        }
    }
    if way == Canonicalization::Short {
        return None;
    }
    let of = |url: &Value| Some(contexts::find(url.as_str()?)?.url);
    let urls: Vec<&'static str> = urls.iter().map(of).collect::<Option<_>>()?;
    let vocabulary = compile(&urls).map(Arc::new);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MAX_REMEMBERED {
        known.remove(0);
    }
    known.push((urls, vocabulary.clone()));
    vocabulary
}

/// The content of each context.
static PARSED: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
    let parse = |c: &contexts::JsonLdContext| (c.url, serde_json::from_str(c.json).unwrap_or_default());
    contexts::ALL.iter().map(parse).collect()
});

fn compile(urls: &[&'static str]) -> Option<Vocabulary> {
    let mut vocabulary = Vocabulary::default();
    for url in urls {
        let local = PARSED.get(url)?.get("@context")?.as_object()?;
        let terms = define(local, vocabulary.scope())?;
        vocabulary.terms.extend(terms)?;
    }
    let is = |name: &str, keyword: &str| vocabulary.terms.get(name).is_some_and(|t| t.iri == keyword);
    if !is("id", "@id") || !is("type", "@type") {
        return None;
    }
    let brought = |(name, term): (&'static str, &TermDefinition)| {
        let scope = term.scope?;
        Some((name, scope.as_object().and_then(|local| brings(local, &vocabulary))))
    };
    vocabulary.of_types = vocabulary.terms.iter().filter_map(brought).collect();
    Some(vocabulary)
}

/// The terms that a type's own context brings; `None` if it redefines what it must not.
fn brings(local: LocalContext, vocabulary: &Vocabulary) -> Option<TermTable> {
    let terms = define(local, vocabulary.scope())?;
    let keeps = |name: &str, keyword: &str| terms.get(name).is_none_or(|t| t.iri == keyword);
    let allowed = terms.may_follow(|name| vocabulary.terms.get(name)) && keeps("id", "@id") && keeps("type", "@type");
    allowed.then_some(terms)
}

/// The terms that one context defines on top of others; `None` if it has something that none of ours has.
fn define(local: LocalContext, scope: ActiveContext<'_>) -> Option<TermTable> {
    let mut terms = TermTable::default();
    let is_protected = match local.get("@protected") {
        None => false,
        Some(value) => value.as_bool()?,
    };
    for (name, value) in local {
        match name.as_str() {
            "@protected" => {}
            "@version" if value.as_f64() == Some(1.1) => {}
            plain if !plain.contains(['@', ':', '/']) && !plain.is_empty() => {
                let term = ContextReader { local, scope }.term(value, is_protected)?;
                terms.put(plain, term)?;
            }
            _ => return None,
        }
    }
    Some(terms)
}

/// Reads the definitions of one context.
#[derive(Clone, Copy)]
struct ContextReader<'v> {
    local: LocalContext,
    scope: ActiveContext<'v>,
}

impl ContextReader<'_> {
    fn term(self, value: &'static Value, is_protected: bool) -> Option<TermDefinition> {
        let (id, details) = match value {
            Value::String(id) => (id.as_str(), None),
            Value::Object(details) => (details.get("@id")?.as_str()?, Some(details)),
            _ => return None,
        };
        let iri = self.iri(id, MAX_STEPS)?;
        let is_keyword = matches!(iri.as_str(), "@id" | "@type");
        let is_prefix = iri.ends_with([':', '/', '?', '#', '[', ']', '@']);
        // Whether a definition in the long form makes a prefix, implementations disagree.
        if !is_keyword && named(&iri).is_err() || is_prefix && details.is_some() {
            return None;
        }
        let mut term = TermDefinition {
            iri,
            kind: TypeMapping::Plain,
            is_list: false,
            is_prefix,
            is_protected,
            scope: None,
        };
        let (mut datatype, mut is_graph) = (None, false);
        for (key, value) in details.into_iter().flatten() {
            match (key.as_str(), value.as_str()) {
                ("@id", _) | ("@container", Some("@set")) => {}
                ("@container", Some("@list")) => term.is_list = true,
                ("@container", Some("@graph")) => is_graph = true,
                ("@type", Some(of)) => datatype = Some(of),
                ("@context", _) => term.scope = Some(value),
                _ => return None,
            }
        }
        term.kind = match (datatype, term.scope) {
            _ if is_keyword || is_graph => TypeMapping::Other,
            (Some("@vocab"), None) => TypeMapping::Term(TermTable::default()),
            (Some("@vocab"), Some(scope)) => TypeMapping::Term(define(scope.as_object()?, self.scope)?),
            (Some("@json" | "@none"), _) | (_, Some(_)) => TypeMapping::Other,
            (Some("@id"), None) => TypeMapping::Iri,
            (Some(of), None) => TypeMapping::Typed(self.iri(of, MAX_STEPS).filter(|iri| named(iri).is_ok())?),
            (None, None) => TypeMapping::Plain,
        };
        Some(term)
    }

    /// IRI expansion (§5.2), first with the terms of this context, whatever their order.
    fn iri(self, text: &str, steps: usize) -> Option<String> {
        let steps = steps.checked_sub(1)?;
        if matches!(text, "@id" | "@type") {
            return Some(text.to_owned());
        }
        if let Some(iri) = self.term_iri(text, steps) {
            return Some(iri);
        }
        let (prefix, rest) = text.split_once(':')?;
        if rest.starts_with("//") {
            return Some(text.to_owned());
        }
        match self.term_iri(prefix, steps) {
            Some(iri) => Some(iri + rest),
            None => Some(text.to_owned()),
        }
    }

    fn term_iri(self, name: &str, steps: usize) -> Option<String> {
        let here = self.local.get(name).map(|d| d.get("@id").unwrap_or(d));
        match here {
            Some(id) => self.iri(id.as_str()?, steps),
            None => self.scope.term(name).map(|term| term.iri.clone()),
        }
    }
}
