//! The meaning of terms in one object: by the document's contexts, and by what the object's type brings.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use serde_json::Value;

/// The meaning of a term.
#[derive(Debug, PartialEq)]
pub(super) struct TermDefinition {
    /// Its IRI, or a keyword.
    pub(super) iri: String,
    pub(super) kind: TypeMapping,
    pub(super) is_list: bool,
    /// Compact IRIs may begin with it.
    pub(super) is_prefix: bool,
    pub(super) is_protected: bool,
    /// Its own `@context`.
    pub(super) scope: Option<&'static Value>,
}

/// The way in which the values of a term are read.
#[derive(Debug, PartialEq)]
pub(super) enum TypeMapping {
    /// As they are.
    Plain,
    /// As literals of this type.
    Typed(String),
    /// Strings are IRIs.
    Iri,
    /// Strings are terms; these come on top of the object's.
    Term(TermTable),
    /// In a way that the short way does not know.
    Other,
}

impl TermDefinition {
    /// Returns true if `self` may be defined where `old` stood (§4.2.2, step 27). `oxjsonld` takes two scopes for one only if
    /// they come from the same file.
    fn may_follow(&self, old: &Self) -> bool {
        let same_scope = match (self.scope, old.scope) {
            (None, None) => true,
            (Some(new), Some(old)) => std::ptr::eq(new, old),
            _ => false,
        };
        let same = self.iri == old.iri
            && self.kind == old.kind
            && self.is_list == old.is_list
            && self.is_prefix == old.is_prefix;
        !old.is_protected || same && same_scope
    }
}

/// A table by name. What stands in it comes from our own contexts, so nobody can make it slow.
pub(super) type NameTable<T> = HashMap<&'static str, T, BuildHasherDefault<NameHasher>>;

/// Multiplies and rotates, eight bytes at a time.
#[derive(Debug, Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut mix = |eight| {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(eight)).wrapping_mul(0x517c_c1b7_2722_0a95);
        };
        let (whole, rest) = bytes.as_chunks::<8>();
        whole.iter().copied().for_each(&mut mix);
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        mix(eight);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The terms of one context.
#[derive(Debug, Default, PartialEq)]
pub(super) struct TermTable {
    by_name: NameTable<TermDefinition>,
    prefixes: Vec<&'static str>,
}

impl TermTable {
    pub(super) fn get(&self, name: &str) -> Option<&TermDefinition> {
        self.by_name.get(name)
    }

    /// Defines a term; `None` if it is protected and means something else.
    pub(super) fn put(&mut self, name: &'static str, term: TermDefinition) -> Option<()> {
        if let Some(old) = self.get(name).filter(|old| old.is_protected) {
            return term.may_follow(old).then_some(());
        }
        self.prefixes.retain(|prefix| *prefix != name);
        if term.is_prefix {
            self.prefixes.push(name);
        }
        self.by_name.insert(name, term);
        Some(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &TermDefinition)> {
        self.by_name.iter().map(|(name, term)| (*name, term))
    }

    /// Puts all of `newer` on top.
    pub(super) fn extend(&mut self, newer: Self) -> Option<()> {
        newer
            .by_name
            .into_iter()
            .try_for_each(|(name, term)| self.put(name, term))
    }

    /// Returns true if these can be defined where `older` are.
    pub(super) fn may_follow<'t>(&self, older: impl Fn(&str) -> Option<&'t TermDefinition>) -> bool {
        self.iter()
            .all(|(name, term)| older(name).is_none_or(|old| term.may_follow(old)))
    }
}

/// The terms that one object may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActiveContext<'v> {
    pub(super) of_document: &'v TermTable,
    /// The terms that its type brings.
    pub(super) of_type: Option<&'v TermTable>,
}

impl<'v> ActiveContext<'v> {
    pub(super) fn term(self, name: &str) -> Option<&'v TermDefinition> {
        let own = self.of_type.and_then(|terms| terms.get(name));
        own.or_else(|| self.of_document.get(name))
    }

    pub(super) fn is_prefix(self, name: &str) -> bool {
        let own = self.of_type.is_some_and(|terms| terms.prefixes.contains(&name));
        own || self.of_document.prefixes.contains(&name)
    }
}

/// All that a list of contexts defines.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    pub(super) terms: TermTable,
    /// The terms that types bring. `None` where that is more than the short way knows.
    pub(super) of_types: NameTable<Option<TermTable>>,
}

impl Vocabulary {
    pub(super) const fn scope(&self) -> ActiveContext<'_> {
        ActiveContext {
            of_document: &self.terms,
            of_type: None,
        }
    }
}
