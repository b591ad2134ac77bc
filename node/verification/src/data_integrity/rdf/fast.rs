//! The short way to canonical N-Quads, for documents as issuers write them: contexts compiled once, statements written
//! straight from the JSON, blank nodes told apart at first sight.
//!
//! It gives exactly what `oxjsonld` and `oxrdf` give, or it **declines**, and these are asked. It never errs: whatever
//! is malformed, unusual or refused is theirs to name. It declines on
//!
//! * contexts that redefine protected terms, and contexts in an inner object;
//! * keywords as keys (`@id`, `@value`, `@graph`, `@nest`, …), undefined terms, terms of type `@json` or in a graph,
//!   and terms with a vocabulary of their own where an object stands
//!   (so a badge of VCDM 1.1 with a status or a schema goes the long way; these have such terms there);
//! * two types of one object that each bring a vocabulary;
//! * relative and compact IRIs, and whatever is no IRI;
//! * lists in lists, arrays in arrays, a list of one thing that is no array;
//! * numbers with more than 15 digits, or beyond what a double holds exactly;
//! * U+FFFE and U+FFFF in text, which implementations escape differently;
//! * two blank nodes that look alike (RDFC-1.0, §4.4, step 5), or an empty graph.

mod canonical;
mod contexts;
mod statements;
mod terms;

use super::RdfInput;

/// Canonical N-Quads (RDFC-1.0) of a document that passed the walk; `None` if that takes the long way.
pub(super) fn canonical(document: RdfInput<'_>) -> Option<String> {
    let vocabulary = contexts::compiled(document.contexts()?, document.way)?;
    let statements = statements::of(document, &vocabulary)?;
    canonical::lines(statements)
}

#[cfg(test)]
mod tests;
