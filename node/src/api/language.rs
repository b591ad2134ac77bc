//! The language of an answer: the one that `?lang=` names, or else the one that fits `Accept-Language` best.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use registry_schema::{Phrase, Wording as _};
use words::Language;

/// The longest query in which a language is looked for, in bytes.
const LONGEST_QUERY: usize = 8 * 1024;

/// The language in which whoever asks wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReaderLanguage(pub(crate) Language);

/// Says a phrase in English, where answers are in no other language yet.
pub(crate) fn in_english(phrase: impl Into<Phrase>) -> String {
    Language::English.say(&phrase.into())
}

impl ReaderLanguage {
    fn of(parts: &Parts) -> Self {
        let query = parts
            .uri
            .query()
            .filter(|query| query.len() <= LONGEST_QUERY)
            .unwrap_or_default();
        let named = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        if let Some(language) = named.and_then(|tag| tag.parse().ok()) {
            return Self(language);
        }
        let wishes = parts.headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let wishes: Vec<&str> = wishes.filter_map(|wish| wish.to_str().ok()).collect();
        Self(Language::of_wishes(&wishes.join(",")))
    }

    /// The response, which says in which language it is, and that others may get another.
    pub(crate) fn answered(self, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.0.tag()));
        headers.append(header::VARY, HeaderValue::from_static("accept-language"));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for ReaderLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn spoken(uri: &str, wishes: &[&str]) -> Language {
        let request = wishes.iter().fold(Request::get(uri), |request, wish| {
            request.header("accept-language", *wish)
        });
        ReaderLanguage::of(&request.body(()).unwrap().into_parts().0).0
    }

    #[test]
    fn the_language_that_the_address_names_goes_before_what_the_browser_wishes() {
        for (uri, wishes, language) in [
            ("/", &[][..], Language::English),
            ("/", &["es-MX,es;q=0.9"], Language::Spanish),
            ("/?lang=en", &["es"], Language::English),
            ("/?at=2026-08-15&lang=es", &["en"], Language::Spanish),
            ("/?lang=xx", &["es"], Language::Spanish),
            ("/", &["fr", "es"], Language::Spanish),
        ] {
            assert_eq!(spoken(uri, wishes), language, "{uri} {wishes:?}");
        }
    }
}
