//! Sentences for people, in each language: those of verdicts so far. Policies, problems, pages and the command line make their own,
//! in English, until they come here.
//!
//! A [`Phrase`] comes in as a value, and goes out as words of a [`Language`]. The messages are in `locales/`, one folder a
//! language, in the syntax of [Project Fluent](https://projectfluent.org/fluent/guide/). English is complete by the tests; so is
//! every other language, with the same arguments. **Nothing here decides anything**: no IO, no clock, no state.
//!
//! To add a sentence: add its variant to a `phrases!` enum beside the code that says it, and its message to each language. To
//! add a language: add its folder, and its row to [`Language`].

mod catalogue;
mod language;
mod time;

pub use catalogue::{Catalogue, sources};
pub use language::{Language, UnknownLanguage};
pub use registry_schema::{Phrase, Wording};
