//! The first page: one question, one box.

use askama::Template;
use registry_schema::{AgencyId, CredentialCode, Purpose};

use super::words::{plain, sentence};

/// `GET /`: asks for a badge.
#[derive(Debug, Template)]
#[template(path = "verify.html")]
pub(crate) struct VerifyPage {
    agencies: Vec<SelectOption>,
    purposes: Vec<SelectOption>,
    problem: Option<String>,
    example: CredentialCode,
    text: String,
    at: String,
    known: String,
}

#[derive(Debug)]
struct SelectOption {
    value: String,
    words: String,
    chosen: bool,
}

impl VerifyPage {
    /// `agency` is the one whose answer is asked for; `agencies` are all that can be chosen; `problem` says why the last
    /// try brought no answer.
    pub(crate) fn new(
        agency: &AgencyId,
        agency_name: &str,
        agencies: &[(AgencyId, String)],
        problem: Option<&str>,
    ) -> Self {
        let choice = |id: &AgencyId, name: &str| SelectOption {
            value: id.to_string(),
            words: plain(name, 60),
            chosen: id == agency,
        };
        let mut choices: Vec<SelectOption> = agencies.iter().map(|(id, name)| choice(id, name)).collect();
        if !choices.iter().any(|c| c.chosen) {
            choices.push(choice(agency, agency_name));
        }
        choices.sort_by(|a, b| a.words.cmp(&b.words));
        let purposes = Purpose::ALL
            .into_iter()
            .map(|p| SelectOption {
                value: p.as_str().to_owned(),
                words: p.in_words().to_owned(),
                chosen: false,
            })
            .collect();
        Self {
            agencies: choices,
            purposes,
            problem: problem.map(|p| sentence(p, 300)),
            example: CredentialCode::new(agency.code_letters(), 0x1_9A4E_C27B_5D13),
            text: String::new(),
            at: String::new(),
            known: String::new(),
        }
    }

    /// Keeps what was typed before the problem, so that nobody types it twice. The dates are those of being good and of
    /// being known.
    pub(crate) fn with_answers(mut self, text: &str, purpose: Option<Purpose>, (at, known): (&str, &str)) -> Self {
        self.text = text.chars().take(2_000).collect();
        self.at = at.chars().take(10).collect();
        self.known = known.chars().take(10).collect();
        for choice in &mut self.purposes {
            choice.chosen = purpose.is_some_and(|p| p.as_str() == choice.value);
        }
        self
    }
}
