//! Verifications: badges in, verdicts out.

use registry_schema::Verdict;
use serde::{Deserialize, Serialize};

/// The question about a badge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct VerificationQuery {
    /// The agency whose answer is wanted: `US-TN`. This node's own, if absent.
    pub agency: Option<String>,
    /// For which use: `renewal`. Any, if absent.
    pub purpose: Option<String>,
    /// The moment at which the badge should have been good. A day (`2026-11-23`) is the whole day by the calendar of the agency
    /// asked: good on that day is good at its end, and today is now. An exact moment is `2026-11-23T14:02:11Z`. Nothing that
    /// lies ahead. Now, if absent.
    pub at: Option<String>,
    /// The moment whose knowledge is asked for: the answer rests only on what had arrived at this node by then, or by the end
    /// of that day. At the earliest when the node began to keep it, at the latest now. All that is known now, if absent;
    /// given alone, it is the moment at which the badge should have been good, too.
    pub known: Option<String>,
    /// The language of the words in the answer: `en` or `es`. The one that fits `Accept-Language` best, if absent.
    pub lang: Option<String>,
}

impl VerificationQuery {
    /// The same as parameters of a request.
    pub fn pairs(&self) -> [(&'static str, Option<String>); 5] {
        [
            ("at", self.at.clone()),
            ("known", self.known.clone()),
            ("purpose", self.purpose.clone()),
            ("agency", self.agency.clone()),
            ("lang", self.lang.clone()),
        ]
    }
}

/// The answer about one row: a Verdict, and which row it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkVerdict {
    /// The line of the upload on which the badge begins, or its place in the archive; from 1 on.
    pub row: u64,
    /// The file's name in the archive, or the code or link that was sent; absent for a badge that stood on a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The answer.
    #[serde(flatten)]
    pub verdict: Verdict,
}
