//! JSON-LD contexts, compiled in. **Nothing is ever fetched**: whoever could change what a context says between
//! signing and reading could change what a signature means.
//!
//! Origin, licence and SHA-256 of each file stand in `contexts/README.md`; a test compares.

use serde_json::{Map, Value};

use crate::data_integrity::UnknownVocabulary;

/// A context that this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLdContext {
    /// The URL by which documents name it.
    pub url: &'static str,
    /// The file in `contexts/`.
    pub file: &'static str,
    /// Its content, byte for byte.
    pub json: &'static str,
}

macro_rules! contexts {
    ($($url:literal => $file:literal,)*) => {
        /// All of them.
        pub const ALL: &[JsonLdContext] =
            &[$(JsonLdContext { url: $url, file: $file, json: include_str!(concat!("../contexts/", $file)) }),*];
    };
}

/// Verifiable Credentials Data Model 2.0.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// Verifiable Credentials Data Model 1.1.
pub const CREDENTIALS_V1: &str = "https://www.w3.org/2018/credentials/v1";
/// The terms of Data Integrity proofs, for documents of VCDM 1.1.
pub const DATA_INTEGRITY_V2: &str = "https://w3id.org/security/data-integrity/v2";
/// The same, older.
pub const DATA_INTEGRITY_V1: &str = "https://w3id.org/security/data-integrity/v1";
/// Open Badges 3.0, the newest; ours are issued with it.
pub const OPEN_BADGES: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/// The beginning of the URL of every context of Comprehensive Learner Records 2.0.
pub(crate) const LEARNER_RECORDS_PREFIX: &str = "https://purl.imsglobal.org/spec/clr/v2p0/context";
/// The beginning of the URL of every Open Badges 3.0 context.
pub const OPEN_BADGES_PREFIX: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context";

contexts! {
    "https://www.w3.org/ns/credentials/v2" => "credentials-v2.json",
    "https://www.w3.org/2018/credentials/v1" => "credentials-v1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context.json" => "ob-v3p0-context-3.0.0.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json" => "ob-v3p0-context-3.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json" => "ob-v3p0-context-3.0.2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json" => "ob-v3p0-context-3.0.3.json",
    "https://purl.imsglobal.org/spec/clr/v2p0/context.json" => "clr-v2p0-context.json",
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json" => "clr-v2p0-context-2.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json" => "ob-v3p0-extensions.json",
    "https://w3id.org/security/data-integrity/v1" => "data-integrity-v1.json",
    "https://w3id.org/security/data-integrity/v2" => "data-integrity-v2.json",
    "https://w3id.org/security/multikey/v1" => "multikey-v1.json",
    "https://w3id.org/security/suites/ed25519-2020/v1" => "ed25519-2020-v1.json",
    "https://www.w3.org/ns/credentials/status/v1" => "bitstring-status-list-v1.json",
    "https://w3id.org/vc/status-list/2021/v1" => "status-list-2021-v1.json",
}

/// The vocabulary of the W3C's own examples and test suites. It makes every term a defined one, so it is for standards'
/// endpoints alone and stands in no table that a badge is read with. It says what VCDM 2.0, §B.1 states of it.
const EXAMPLES_V2: JsonLdContext = JsonLdContext {
    url: "https://www.w3.org/ns/credentials/examples/v2",
    file: "credentials-examples-v2.json",
    json: r#"{"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}"#,
};

/// The example context with this URL.
pub(crate) fn find_example(url: &str) -> Option<&'static JsonLdContext> {
    const FOUND: &JsonLdContext = &EXAMPLES_V2;
    (url == FOUND.url).then_some(FOUND)
}

/// The context with this URL.
#[must_use]
pub fn find(url: &str) -> Option<&'static JsonLdContext> {
    ALL.iter().find(|c| c.url == url)
}

/// The first context that a document names, in whatever part, and that is not compiled in.
pub(crate) fn unknown_in(object: &Map<String, Value>) -> Option<UnknownVocabulary> {
    object.iter().find_map(|(key, value)| match (key.as_str(), value) {
        ("@context", Value::Array(items)) => items.iter().find_map(unknown),
        ("@context", one) => unknown(one),
        (_, value) => unknown_within(value),
    })
}

fn unknown_within(value: &Value) -> Option<UnknownVocabulary> {
    match value {
        Value::Object(object) => unknown_in(object),
        Value::Array(items) => items.iter().find_map(unknown_within),
        _ => None,
    }
}

fn unknown(context: &Value) -> Option<UnknownVocabulary> {
    match context {
        Value::String(url) if find(url).is_some() => None,
        Value::String(url) => Some(UnknownVocabulary::named(url)),
        Value::Array(_) => Some(UnknownVocabulary::ListWithinList),
        _ => Some(UnknownVocabulary::InBadge),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;

    #[test]
    fn each_file_is_the_one_that_its_readme_names() {
        let readme = include_str!("../contexts/README.md");
        for context in ALL {
            let hash: String = digest(&SHA256, context.json.as_bytes())
                .as_ref()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            let row = readme.lines().find(|l| l.contains(&format!("| `{}` |", context.file)));
            let row = row.unwrap_or_else(|| panic!("{} is not in contexts/README.md", context.file));
            assert!(
                row.contains(context.url),
                "{} has another URL in the table",
                context.file
            );
            assert!(row.contains(&hash), "{} was changed: {hash}", context.file);
        }
        assert_eq!(readme.lines().filter(|l| l.starts_with("| `")).count(), ALL.len());
    }

    #[test]
    fn each_context_is_json_with_a_context_and_no_vocabulary_of_its_own() {
        for context in ALL {
            let json: Value = serde_json::from_str(context.json).unwrap();
            assert!(json["@context"].is_object(), "{}", context.url);
            // A default vocabulary would make every misspelt term a defined one.
            assert!(json["@context"].get("@vocab").is_none(), "{}", context.url);
        }
    }
}
