//! The pages: the same values that the API returns, for people.
//!
//! Each page is a plain struct with a constructor and a template beside it in `node/templates`. **No IO, no clock,
//! no HTTP, no JavaScript, nothing loaded from anyone else.** What a badge or a peer says is text and stays text: it is
//! shortened and cleaned in [`words::plain`] and escaped by the template, and it never becomes a link of its own choosing.

mod agencies;
mod apply;
mod docs;
mod frameworks;
mod help;
mod issuers;
mod lines;
mod many;
mod next_steps;
mod own_keys;
mod problem;
mod sample_rules;
mod verdict;
mod verify;
mod within;
mod words;

pub(crate) use agencies::{AgenciesPage, AgencyRow};
pub(crate) use apply::{ApplicationPage, AppliedPage, ApplyPage, FieldError, FormValues, IssuerPage};
pub(crate) use docs::{ApiReference, DocsGroupPage, DocsPage, ErrorEntry, SAMPLE_BADGE};
pub(crate) use frameworks::{FrameworkPage, FrameworksPage};
pub(crate) use help::{HelpIndexPage, HelpPage};
pub(crate) use issuers::IssuersPage;
pub(crate) use many::ManyPage;
pub(crate) use problem::ProblemPage;
pub(crate) use sample_rules::SampleRulesPage;
pub(crate) use verdict::VerdictPage;
pub(crate) use verify::VerifyPage;
pub(crate) use words::ago;

/// The one stylesheet, served at `/assets/style.css`.
pub(crate) const STYLESHEET: &str = include_str!("../../assets/style.css");

/// The icon in the browser's tab, served at `/assets/icon.svg`.
pub(crate) const ICON: &str = include_str!("../../assets/icon.svg");

/// The content that the pages need from a browser and nothing more; the tests hold the templates to it.
pub(crate) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
