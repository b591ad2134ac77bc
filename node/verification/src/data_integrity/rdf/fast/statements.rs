//! From JSON to statements (JSON-LD 1.1 API, §5.1 and §8.1).

use serde_json::{Map, Number, Value};

use super::{
    super::{MAX_QUADS, RdfInput, named},
    terms::{ActiveContext, TermDefinition, TypeMapping, Vocabulary},
};

const FIRST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first";
const REST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest";
const NIL: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil";
const TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
const DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";
const INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";
const STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
const MAX_DEPTH: usize = 64;
/// The first whole number that a double does not tell from its neighbour.
const TOO_LARGE: f64 = 9_007_199_254_740_992.0;
/// The most digits that JavaScript, like everybody else, writes exactly.
const MAX_DIGITS: usize = 15;

/// The end of a statement about a blank node as long as the node has no label.
pub(super) const NAMELESS: &str = "_:z .\n";

/// A statement without its subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct TripleSpan {
    /// The subject's number.
    pub(super) subject: usize,
    /// The place of predicate and object in the text.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The object's number, if it is a blank node.
    pub(super) blank: Option<usize>,
}

/// All statements that a document makes.
#[derive(Debug, Default)]
pub(super) struct TripleSet<'d> {
    /// Predicates and objects, one after the other, each with the end of its line.
    pub(super) text: String,
    pub(super) all: Vec<TripleSpan>,
    /// Subjects by number: their IRIs; none for blank nodes.
    pub(super) subjects: Vec<Option<&'d str>>,
}

/// The statements of a document; `None` if that takes the long way.
pub(super) fn of<'d>(document: RdfInput<'d>, vocabulary: &Vocabulary) -> Option<TripleSet<'d>> {
    let mut reader = TripleReader {
        vocabulary,
        without: document.without,
        made: TripleSet::default(),
        depth: 0,
    };
    reader.made.text.reserve(8 * 1024);
    reader.made.all.reserve(96);
    reader.node(document.object, vocabulary.scope())?;
    let made = reader.made;
    (!made.all.is_empty() && made.all.len() <= MAX_QUADS).then_some(made)
}

struct TripleReader<'d, 'v> {
    vocabulary: &'v Vocabulary,
    /// The entry of the document that does not count.
    without: Option<&'v str>,
    made: TripleSet<'d>,
    depth: usize,
}

impl<'d> TripleReader<'d, '_> {
    /// Reads an object within another, which had `outer`; gives its number.
    fn node(&mut self, object: &'d Map<String, Value>, outer: ActiveContext<'_>) -> Option<usize> {
        let is_document = self.depth == 0;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let types = match object.get("type") {
            None => &[],
            Some(Value::Array(types)) => types.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let mut scope = self.vocabulary.scope();
        for name in types {
            if let Some(brought) = self.vocabulary.of_types.get(name.as_str()?) {
                if scope.of_type.is_some() {
                    return None;
                }
                scope.of_type = Some(brought.as_ref()?);
            }
        }
        let id = match object.get("id") {
            None => None,
            Some(id) => Some(absolute(id.as_str()?, scope)?),
        };
        // An object of nothing but `id` keeps the outer object's terms; `oxjsonld` takes a `type` beside it for nothing.
        if let (Some(id), Some(kept)) = (id, outer.of_type)
            && object.len() == 1 + usize::from(object.contains_key("type"))
        {
            absolute(id, outer)?;
            let same = |name: &Value| name.as_str().is_some_and(|name| kept.get(name).is_none());
            let agree = scope
                .of_type
                .is_none_or(|brought| brought.may_follow(|name| kept.get(name)));
            if !types.iter().all(same) || !agree {
                return None;
            }
        }
        let number = self.subject(id);
        for name in types {
            let name = name.as_str()?;
            let iri = match scope.of_document.get(name) {
                Some(term) if term.iri.starts_with('@') => return None,
                Some(term) => term.iri.as_str(),
                None => absolute(
                    name,
                    ActiveContext {
                        of_type: outer.of_type,
                        ..scope
                    },
                )?,
            };
            self.names(number, TYPE, iri);
        }
        for (key, value) in object {
            match key.as_str() {
                "id" | "type" => {}
                "@context" if is_document => {}
                own if is_document && Some(own) == self.without => {}
                key => self.property(number, scope.term(key)?, value, scope)?,
            }
        }
        self.depth -= 1;
        Some(number)
    }

    fn property(
        &mut self,
        number: usize,
        term: &TermDefinition,
        value: &'d Value,
        scope: ActiveContext<'_>,
    ) -> Option<()> {
        match (&term.kind, value) {
            (TypeMapping::Other, _) => None,
            (_, Value::Array(items)) if term.is_list => self.list(number, term, items, scope),
            (_, Value::Null) => Some(()),
            _ if term.is_list => None,
            (_, Value::Array(items)) => items
                .iter()
                .filter(|item| !item.is_null())
                .try_for_each(|item| self.value(number, &term.iri, &term.kind, item, scope)),
            (kind, one) => self.value(number, &term.iri, kind, one, scope),
        }
    }

    fn list(
        &mut self,
        number: usize,
        term: &TermDefinition,
        items: &'d [Value],
        scope: ActiveContext<'_>,
    ) -> Option<()> {
        let (mut before, mut predicate) = (number, term.iri.as_str());
        for item in items.iter().filter(|item| !item.is_null()) {
            let cell = self.subject(None);
            self.points(before, predicate, cell);
            self.value(cell, FIRST, &term.kind, item, scope)?;
            (before, predicate) = (cell, REST);
        }
        self.names(before, predicate, NIL);
        Some(())
    }

    fn value(
        &mut self,
        number: usize,
        predicate: &str,
        kind: &TypeMapping,
        value: &'d Value,
        scope: ActiveContext<'_>,
    ) -> Option<()> {
        let datatype = |otherwise| match kind {
            TypeMapping::Plain => Some(otherwise),
            TypeMapping::Typed(datatype) => Some(datatype.as_str()),
            _ => None,
        };
        match (value, kind) {
            (Value::Object(object), _) => {
                if matches!(kind, TypeMapping::Term(_)) {
                    return None;
                }
                let inner = self.node(object, scope)?;
                match self.made.subjects.get(inner).copied().flatten() {
                    Some(iri) => self.names(number, predicate, iri),
                    None => self.points(number, predicate, inner),
                }
            }
            (Value::String(text), TypeMapping::Iri) => self.names(number, predicate, absolute(text, scope)?),
            (Value::String(text), TypeMapping::Term(terms)) => {
                if !terms.may_follow(|name| scope.term(name)) {
                    return None;
                }
                let term = terms.get(text).or_else(|| scope.term(text))?;
                if term.iri.starts_with('@') {
                    return None;
                }
                self.names(number, predicate, &term.iri);
            }
            (Value::String(text), _) => self.literal(number, predicate, text, datatype(STRING)?)?,
            (Value::Bool(truth), _) => {
                let text = if *truth { "true" } else { "false" };
                self.literal(number, predicate, text, datatype(BOOLEAN)?)?;
            }
            (Value::Number(n), _) => {
                let (text, natural) = digits(n)?;
                let datatype = datatype(natural).filter(|d| *d != DOUBLE || natural == DOUBLE)?;
                self.literal(number, predicate, &text, datatype)?;
            }
            (Value::Null | Value::Array(_), _) => return None,
        }
        Some(())
    }

    fn subject(&mut self, iri: Option<&'d str>) -> usize {
        self.made.subjects.push(iri);
        self.made.subjects.len() - 1
    }

    /// A statement whose object has an IRI.
    fn names(&mut self, subject: usize, predicate: &str, iri: &str) {
        self.write(subject, predicate, None, |text| {
            text.push('<');
            text.push_str(iri);
            text.push_str("> .\n");
        });
    }

    /// A statement whose object is a blank node.
    fn points(&mut self, subject: usize, predicate: &str, blank: usize) {
        self.write(subject, predicate, Some(blank), |text| text.push_str(NAMELESS));
    }

    fn literal(&mut self, subject: usize, predicate: &str, value: &str, datatype: &str) -> Option<()> {
        let mut whole = Some(());
        self.write(subject, predicate, None, |text| {
            text.push('"');
            whole = escaped(value, text);
            text.push('"');
            if datatype != STRING {
                text.push_str("^^<");
                text.push_str(datatype);
                text.push('>');
            }
            text.push_str(" .\n");
        });
        whole
    }

    fn write(&mut self, subject: usize, predicate: &str, blank: Option<usize>, object: impl FnOnce(&mut String)) {
        let text = &mut self.made.text;
        let from = text.len();
        text.push('<');
        text.push_str(predicate);
        text.push_str("> ");
        object(text);
        let to = text.len();
        self.made.all.push(TripleSpan {
            subject,
            from,
            to,
            blank,
        });
    }
}

/// The text, if it is an IRI and nothing else.
fn absolute<'t>(text: &'t str, scope: ActiveContext<'_>) -> Option<&'t str> {
    let (scheme, _) = text.split_once(':')?;
    (!scope.is_prefix(scheme) && named(text).is_ok()).then_some(text)
}

/// Writes text as canonical N-Quads do (RDFC-1.0, §5); `None` if implementations disagree on how.
fn escaped(value: &str, text: &mut String) -> Option<()> {
    // U+FFFE and U+FFFF begin with the byte 0xef.
    let special = |b: u8| b < 0x20 || matches!(b, b'"' | b'\\' | 0x7f | 0xef);
    let mut rest = value;
    while let Some(at) = rest.bytes().position(special) {
        let (plain, from) = rest.split_at(at);
        text.push_str(plain);
        let mut chars = from.chars();
        match chars.next()? {
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{fffe}' | '\u{ffff}' => return None,
            control @ ('\0'..' ' | '\u{7f}') => text.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => text.push(other),
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(())
}

/// A number as RDF writes it (JSON-LD 1.1 API, §8.2.2), and its natural type.
fn digits(number: &Number) -> Option<(String, &'static str)> {
    let value = number.as_f64()?;
    if value.abs() >= TOO_LARGE {
        return None;
    }
    if !number.is_f64() {
        return Some((number.to_string(), INTEGER));
    }
    // JSON's `-0`, at which implementations differ, is one of these.
    if value == 0.0 {
        return None;
    }
    if value.fract() == 0.0 {
        return Some((value.to_string(), INTEGER));
    }
    let mut text = format!("{value:E}");
    let mantissa = text.find('E')?;
    if text.bytes().take(mantissa).filter(u8::is_ascii_digit).count() > MAX_DIGITS {
        return None;
    }
    if !text.contains('.') {
        text.insert_str(mantissa, ".0");
    }
    Some((text, DOUBLE))
}
