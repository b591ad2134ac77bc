//! The languages, and how a reader asks for one.

use std::{fmt, str::FromStr};

use registry_schema::{Phrase, Wording};
use unic_langid::LanguageIdentifier;

use crate::catalogue::Catalogue;

/// The longest list of wishes that is read, in bytes.
const LONGEST_WISH: usize = 1_000;

/// A language in which this software speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English, as in the United States.
    #[default]
    English,
    /// Spanish, as in the United States.
    Spanish,
}

/// The text names no language that is spoken here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLanguage(pub String);

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
        write!(
            f,
            "`{}` is no language that is spoken here: one of {}",
            self.0,
            known.join(", ")
        )
    }
}

impl std::error::Error for UnknownLanguage {}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// The tag of the language (BCP 47), as `lang` in HTML and `Content-Language` have it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language's own name for itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    pub(crate) fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }

    /// The language that fits best the wishes of an `Accept-Language` header (RFC 9110, §12.5.4); English, if none does.
    #[must_use]
    pub fn of_wishes(wishes: &str) -> Self {
        if wishes.len() > LONGEST_WISH {
            return Self::default();
        }
        let weighed = wishes.split(',').filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            (weight > 0.0).then(|| Some((tag.trim().parse::<Self>().ok()?, weight)))?
        });
        // Of those that are wished for alike, the first.
        let best = weighed.reduce(|best, one| if one.1 > best.1 { one } else { best });
        best.map(|(language, _)| language).unwrap_or_default()
    }

    /// The language of a POSIX locale: `es_US.UTF-8`. English, if it is none of ours, as `C` is.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let tag = locale.split(['.', '@']).next().unwrap_or_default();
        tag.parse().unwrap_or_default()
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a tag: `es`, `es-MX`.
    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        let asked: Option<LanguageIdentifier> = tag.parse().ok();
        let is_it = |language: &Self| {
            asked
                .as_ref()
                .is_some_and(|asked| asked.language == language.identifier().language)
        };
        let unknown = || UnknownLanguage(tag.chars().take(40).collect());
        Self::ALL.into_iter().find(is_it).ok_or_else(unknown)
    }
}

impl Wording for Language {
    fn say(&self, phrase: &Phrase) -> String {
        Catalogue::of(*self).say(phrase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wished_for_most_is_spoken_and_english_where_none_is_known() {
        for (wishes, spoken) in [
            ("es", Language::Spanish),
            ("es-MX,es;q=0.9,en;q=0.8", Language::Spanish),
            ("fr;q=0.9, es;q=0.5, en;q=0.1", Language::Spanish),
            ("en-GB,es;q=0.5", Language::English),
            ("fr", Language::English),
            ("", Language::English),
            (";;;q=,,,", Language::English),
            ("en;q=0.1,es;q=0.9", Language::Spanish),
        ] {
            assert_eq!(Language::of_wishes(wishes), spoken, "{wishes}");
        }
        assert_eq!(Language::of_wishes(&"es,".repeat(1_000)), Language::English);
        assert_eq!(Language::of_locale("es_US.UTF-8"), Language::Spanish);
        assert_eq!(Language::of_locale("C"), Language::English);
        assert!("xx".parse::<Language>().is_err());
    }
}
