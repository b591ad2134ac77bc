//! The shipped samples of rules, readable, each with its source.

use askama::Template;
use policy::{file, samples};
use registry_schema::{Purpose, policy::PolicyFile};

use super::words::sentence;

/// `GET /sample-rules`.
#[derive(Debug, Template)]
#[template(path = "sample_rules.html")]
pub(crate) struct SampleRulesPage {
    samples: Vec<SampleRulesView>,
    purposes: Vec<(&'static str, &'static str)>,
    problem: Option<String>,
}

#[derive(Debug)]
struct SampleRulesView {
    agency: &'static str,
    whose: String,
    explanation: String,
    /// The purpose of each rule, its text, and the place where it is written.
    rules: Vec<(String, String, String)>,
}

impl SampleRulesPage {
    /// `problem` says why the last try brought no answer.
    ///
    /// # Errors
    /// If a shipped sample is no policy, which a test excludes.
    pub(crate) fn new(problem: Option<&str>) -> Result<Self, file::BadPolicyFile> {
        let mut shown = Vec::new();
        for (agency, text) in samples::SAMPLES {
            shown.push(SampleRulesView::of(agency, file::parse(text)?));
        }
        shown.sort_by(|a, b| a.whose.cmp(&b.whose));
        Ok(Self {
            samples: shown,
            purposes: Purpose::ALL.map(|use_| (use_.as_str(), use_.in_words())).to_vec(),
            problem: problem.map(|text| sentence(text, 300)),
        })
    }
}

impl SampleRulesView {
    fn of(agency: &'static str, file: PolicyFile) -> Self {
        let uses = |purposes: &[Purpose]| {
            let words: Vec<&str> = purposes.iter().map(|purpose| purpose.in_words()).collect();
            words.join(", ")
        };
        let accepted = file.acceptance.iter();
        let accepted = accepted.map(|rule| {
            (
                format!("Accepted for {}", uses(&rule.purposes)),
                &rule.says,
                &rule.citation,
            )
        });
        let worth = file.worth.iter();
        let worth = worth.map(|rule| {
            (
                format!("Counts for {}", uses(&rule.purposes)),
                &rule.says,
                &rule.citation,
            )
        });
        let needed = file.requirement.iter();
        let needed = needed.map(|rule| {
            (
                format!("Needed for {}", rule.purpose.in_words()),
                &rule.says,
                &rule.citation,
            )
        });
        let rules = accepted.chain(worth).chain(needed);
        Self {
            agency,
            rules: rules
                .map(|(what, says, citation)| (what, says.clone(), citation.clone()))
                .collect(),
            explanation: file.about.explanation.clone(),
            whose: whose(&file.about.title).to_owned(),
        }
    }
}

/// `Kentucky` of `Kentucky: what a micro-credential counts for`.
fn whose(title: &str) -> &str {
    title.split_once(": ").map_or(title, |(whose, _)| whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_every_sample_is_on_the_page_with_its_source() {
        let html = SampleRulesPage::new(None).unwrap().render().unwrap();
        assert!(html.len() < 50_000, "{}", html.len());
        let escaped = |text: &str| {
            askama::filters::escape(text, askama::filters::Html)
                .unwrap()
                .to_string()
        };
        for (agency, text) in samples::SAMPLES {
            let sample = file::parse(text).unwrap();
            assert!(html.contains(&format!("value=\"{agency}\"")), "{agency}");
            for rule in &sample.worth {
                assert!(html.contains(&escaped(&rule.says)), "{agency}: {}", rule.says);
                assert!(html.contains(&escaped(&rule.citation)), "{agency}: {}", rule.citation);
            }
        }
        assert!(html.contains("not legal advice"));
    }
}
