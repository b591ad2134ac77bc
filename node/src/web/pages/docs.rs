//! The page for developers: made from the OpenAPI document, so that it cannot tell of other routes than there are.

mod openapi;

use askama::Template;

use self::openapi::{FieldDoc, RouteGroup};
use super::words::{self, TextSpan, pieces, plain};

/// A genuine badge of an issuer that nobody recognizes: anyone can check it at any node.
pub(crate) const SAMPLE_BADGE: &str = include_str!("../../../assets/sample-badge.json");

/// A sample of a Verdict.
const SAMPLE_VERDICT: &str = include_str!("../../../assets/sample-verdict.json");

/// The parts of the page that are the same at every node and at any time.
#[derive(Debug, Clone)]
pub(crate) struct ApiReference {
    about: String,
    groups: Vec<RouteGroup>,
    answer: Vec<FieldDoc>,
    problem: Vec<FieldDoc>,
    errors: Vec<ErrorEntry>,
}

/// An error that a request can meet.
#[derive(Debug, Clone)]
pub(crate) struct ErrorEntry {
    /// The end of its `type`.
    pub(crate) code: &'static str,
    /// The words that it shows.
    pub(crate) title: &'static str,
    /// Its HTTP status.
    pub(crate) status: u16,
}

impl ApiReference {
    /// Reads the document once.
    pub(crate) fn new(document: &utoipa::openapi::OpenApi, errors: Vec<ErrorEntry>) -> Self {
        let read = serde_json::to_value(document).and_then(serde_json::from_value::<openapi::OpenApiDocument>);
        let document = read.unwrap_or_else(|error| {
            tracing::error!(%error, "the OpenAPI document cannot be read: /docs is empty");
            openapi::OpenApiDocument::default()
        });
        // Everything in an answer is there or null: that a member is required says nothing to its reader.
        let told = |shape: &str| -> Vec<FieldDoc> {
            let always = |field| FieldDoc {
                kind: String::new(),
                ..field
            };
            document.fields(shape).into_iter().map(always).collect()
        };
        let mut answer = told("Verdict");
        answer.sort_by_key(|field| SAMPLE_VERDICT.find(&format!("\n  \"{}\"", field.name)));
        Self {
            about: document.info.description.clone(),
            answer,
            problem: told("ProblemResponse"),
            groups: document.groups(&errors),
            errors,
        }
    }
}

/// `GET /docs`.
#[derive(Debug, Template)]
#[template(path = "docs.html")]
pub(crate) struct DocsPage<'a> {
    reference: &'a ApiReference,
    about: Vec<TextSpan>,
    url: String,
    agency: String,
    verdicts: Vec<(&'static str, words::StatusMark, &'static str)>,
    sample: &'static str,
}

impl<'a> DocsPage<'a> {
    /// `url` is where this node answers; `agency` is the name of the agency that runs it.
    pub(crate) fn new(reference: &'a ApiReference, url: &str, agency: &str) -> Self {
        use words::StatusMark;
        Self {
            about: pieces(&reference.about),
            reference,
            url: plain(url.trim_end_matches('/'), 200),
            agency: plain(agency, 60),
            verdicts: vec![
                (
                    "accepted",
                    StatusMark::Holds,
                    "Genuine, in date, neither revoked nor suspended, and recognized for this use.",
                ),
                (
                    "not_recognized",
                    StatusMark::NotRecognized,
                    "No recognition covers it. Genuine only if issuer.standing is registered; if it is unregistered, the \
                     signature holds, and nobody here knows whose it is: never show the name in the file as the signer's.",
                ),
                (
                    "not_valid",
                    StatusMark::Fails,
                    "Altered, revoked, suspended or out of date. Every finding is reported.",
                ),
                (
                    "could_not_check",
                    StatusMark::Unknown,
                    "Something needed was out of reach or too old. Try again; never treat it as a no.",
                ),
                ("unreadable", StatusMark::Torn, "The file is no badge that we know."),
            ],
            sample: SAMPLE_VERDICT.trim_end(),
        }
    }
}

/// `GET /docs/{group}`: the routes of one kind.
#[derive(Debug, Template)]
#[template(path = "docs_group.html")]
pub(crate) struct DocsGroupPage<'a> {
    group: &'a RouteGroup,
}

impl<'a> DocsGroupPage<'a> {
    /// The page with this name, if there is one.
    pub(crate) fn of(reference: &'a ApiReference, slug: &str) -> Option<Self> {
        let group = reference.groups.iter().find(|group| group.slug == slug)?;
        Some(Self { group })
    }

    /// All of them.
    #[cfg(test)]
    pub(crate) fn all(reference: &'a ApiReference) -> Vec<Self> {
        reference.groups.iter().map(|group| Self { group }).collect()
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::{Verdict, VerdictKind};
    use serde_json::Value;
    use verification::{IssuerSigningKey, credential, data_integrity, multikey};

    use super::*;

    #[test]
    fn the_sample_verdict_has_every_field_and_no_other() {
        let shown: Value = serde_json::from_str(SAMPLE_VERDICT).unwrap();
        let verdict: Verdict = serde_json::from_value(shown.clone()).unwrap();
        assert_eq!(verdict.verdict, VerdictKind::Accepted);
        assert_eq!(serde_json::to_value(&verdict).unwrap(), shown);
    }

    /// The key is no secret: whoever signs with it is recognized by nobody.
    #[test]
    fn the_sample_badge_is_signed_as_it_stands() {
        let key = IssuerSigningKey::from_seed(&[1; 32]).unwrap();
        let (issuer_id, method) = multikey::did_key(&key.public_key());
        let day = "2026-07-01".parse().unwrap();
        let unsigned = credential::build(&credential::CredentialContent {
            id: "https://badges.example/credentials/sample".into(),
            issuer_id,
            issuer_name: "Example Badges".into(),
            issuer_url: None,
            subject_name: "Alex Jordan".into(),
            subject_id: None,
            achievement: registry_schema::Achievement {
                id: "https://badges.example/achievements/sample".into(),
                name: "Sample Badge".into(),
                description: "Shows what an answer looks like.".into(),
                criteria: "None: this is a sample.".into(),
                alignment: vec![],
                clock_hours: None,
                assessed_blind: None,
            },
            valid_from: day,
            valid_until: None,
            status: None,
        });
        let badge = data_integrity::sign(unsigned, &key, &method, day).unwrap();
        let badge = format!("{badge:#}\n");
        if std::env::var_os("COMITY_WRITE_SAMPLES").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample-badge.json");
            std::fs::write(file, &badge).unwrap();
        }
        assert_eq!(badge, SAMPLE_BADGE, "write it anew with COMITY_WRITE_SAMPLES=1");
    }
}
