//! Every finding's code: what it is called, what it means, and what to do next. `/help/{code}` shows it.
//!
//! Codes are stable: others build on them. Adding one is free; changing one is a breaking change. Check and outcome
//! belong to the code, so that no code is ever used for two answers.

use registry_schema::{Check, CheckOutcome};

/// A code, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeExplanation {
    /// The code itself.
    pub code: Code,
    /// Its name in JSON and in `/help/{code}`.
    pub name: &'static str,
    /// The check that reports it.
    pub check: Check,
    /// With which outcome.
    pub outcome: CheckOutcome,
    /// Its name for people.
    pub title: &'static str,
    /// Its meaning, and what to do next.
    pub text: &'static str,
}

/// All codes, in the order of the checks.
#[must_use]
pub const fn all() -> &'static [CodeExplanation] {
    table::ALL
}

/// The explanation of a code by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static CodeExplanation> {
    table::ALL.iter().find(|e| e.name == name)
}

mod table;

pub use table::Code;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_name_under_its_check_and_an_explanation() {
        let names: BTreeSet<_> = all().iter().map(|e| e.name).collect();
        assert_eq!(names.len(), all().len());
        for e in all() {
            // What is wrong with a whole agency is reported by the check that needs it.
            let prefix = e.name.split_once('.').map(|(check, _)| check);
            assert!(
                prefix == Some(e.check.as_str()) || prefix == Some("agency"),
                "{}",
                e.name
            );
            assert_eq!(find(e.name), Some(e));
            assert_eq!(
                (e.code.as_str(), e.code.check(), e.code.outcome()),
                (e.name, e.check, e.outcome)
            );
            assert!(!e.title.ends_with('.') && e.text.ends_with('.'), "{}", e.name);
            assert!(
                (1..=4).contains(&e.text.matches(". ").count().saturating_add(1)),
                "{}",
                e.name
            );
        }
        assert_eq!(find("status.nonsense"), None);
    }
}
