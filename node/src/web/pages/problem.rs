//! The page for a request that could not be answered.

use askama::Template;

use super::words::{plain, sentence};

/// An error as a page: what happened, and the way back.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(crate) struct ProblemPage {
    status: u16,
    title: String,
    detail: String,
}

impl ProblemPage {
    /// `status` is the HTTP status; `title` says what happened, `detail` what can be done about it.
    pub(crate) fn new(status: u16, title: &str, detail: &str) -> Self {
        Self {
            status,
            title: plain(title, 200),
            detail: sentence(detail, 600),
        }
    }
}
