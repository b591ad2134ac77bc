//! One page for each code, and an index of them. What a code means is told where the code is made.

use askama::Template;
use registry_schema::Check;
use verification::codes;

use super::words::{self, TextSpan, pieces, plain};

/// `GET /help/{code}`.
#[derive(Debug, Template)]
#[template(path = "help.html")]
pub(crate) struct HelpPage {
    code: String,
    title: String,
    explanation: String,
}

impl HelpPage {
    /// A page for a code of any kind. In `explanation`, an empty line begins a new paragraph.
    pub(crate) fn new(code: &str, title: &str, explanation: &str) -> Self {
        Self {
            code: plain(code, 60),
            title: plain(title, 120),
            explanation: explanation.to_owned(),
        }
    }

    /// The page of a finding's code.
    pub(crate) fn for_code(code: &str) -> Option<Self> {
        codes::find(code).map(|e| Self::new(e.name, e.title, e.text))
    }

    fn paragraphs(&self) -> impl Iterator<Item = Vec<TextSpan>> {
        self.explanation
            .split("\n\n")
            .filter(|p| !p.trim().is_empty())
            .map(pieces)
    }
}

/// `GET /help`: the codes of all findings, by check, and of all errors.
#[derive(Debug, Template)]
#[template(path = "help_index.html")]
pub(crate) struct HelpIndexPage {
    groups: Vec<HelpGroup>,
}

#[derive(Debug)]
struct HelpGroup {
    title: &'static str,
    entries: Vec<HelpEntry>,
}

#[derive(Debug)]
struct HelpEntry {
    code: &'static str,
    title: &'static str,
    shape: &'static str,
    outcome: &'static str,
}

impl HelpIndexPage {
    /// All codes, in the order of the checks; then `errors` and `warnings`, each with its title.
    pub(crate) fn new(errors: &[(&'static str, &'static str)], warnings: &[(&'static str, &'static str)]) -> Self {
        let mut groups: Vec<(Check, HelpGroup)> = Vec::new();
        for e in codes::all() {
            let entry = HelpEntry {
                code: e.name,
                title: e.title,
                shape: words::StatusMark::of(e.check, e.outcome).shape(),
                outcome: words::outcome(e.check, e.outcome),
            };
            match groups.last_mut() {
                Some((check, group)) if *check == e.check => group.entries.push(entry),
                _ => groups.push((
                    e.check,
                    HelpGroup {
                        title: words::check(e.check),
                        entries: vec![entry],
                    },
                )),
            }
        }
        let beside = |outcome: &'static str| {
            move |&(code, title): &(&'static str, &'static str)| HelpEntry {
                code,
                title,
                shape: words::StatusMark::Aside.shape(),
                outcome,
            }
        };
        let errors = HelpGroup {
            title: "When a request cannot be answered",
            entries: errors.iter().map(beside("Error")).collect(),
        };
        let warnings = HelpGroup {
            title: "What a node warns its operators of",
            entries: warnings.iter().map(beside("Warning")).collect(),
        };
        let checks = groups.into_iter().map(|(_, group)| group);
        Self {
            groups: checks
                .chain([errors, warnings].into_iter().filter(|g| !g.entries.is_empty()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_index_and_has_a_page() {
        let index = HelpIndexPage::new(
            &[("request.invalid", "What cannot be")],
            &[("root.at_home", "A root key")],
        )
        .render()
        .unwrap();
        for code in ["request.invalid", "root.at_home"] {
            assert!(index.contains(&format!("href=\"/help/{code}\"")), "{index}");
        }
        for e in codes::all() {
            assert!(index.contains(&format!("href=\"/help/{}\"", e.name)), "{}", e.name);
            assert!(
                HelpPage::for_code(e.name).unwrap().render().unwrap().contains(e.name),
                "{}",
                e.name
            );
        }
        assert!(HelpPage::for_code("no.such").is_none());
    }
}
