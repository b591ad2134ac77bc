//! The catalogue: the messages of each language, and how a phrase is said with them.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use registry_schema::{Argument, Conjunction, Phrase};

use crate::{Language, time};

macro_rules! sources {
    ($($file:literal),* $(,)?) => {
        /// The files of a language's messages: name and text.
        #[must_use]
        pub const fn sources(language: Language) -> &'static [(&'static str, &'static str)] {
            match language {
                Language::English => &[$(($file, include_str!(concat!("../locales/en/", $file)))),*],
                Language::Spanish => &[$(($file, include_str!(concat!("../locales/es/", $file)))),*],
            }
        }
    };
}

sources![
    "findings.ftl",
    "verdict.ftl",
    "values.ftl",
    "files.ftl",
    "proofs.ftl",
    "published.ftl",
];

/// The messages of one language.
pub struct Catalogue {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(Language::English));
static SPANISH: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(Language::Spanish));

impl Catalogue {
    /// The catalogue of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Spanish => &SPANISH,
        }
    }

    fn new(language: Language) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // Strangers' words are shown within `bdi`, and their controls are taken out before.
        bundle.set_use_isolating(false);
        for (_, text) in sources(language) {
            // What does not parse is left out; the tests say that all does.
            let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(sound, _)| sound);
            let _ = bundle.add_resource(resource);
        }
        Self { language, bundle }
    }

    /// Says a phrase; what no message says is said by the message's name.
    pub(crate) fn say(&self, phrase: &Phrase) -> String {
        match phrase {
            Phrase::Message { id, arguments } => self.message(id, arguments).unwrap_or_else(|| (*id).to_owned()),
            Phrase::Clauses(clauses) => self.joined(clauses, "; "),
            Phrase::Sentences(sentences) => self.joined(sentences, " "),
            Phrase::Verbatim(text) => text.clone(),
        }
    }

    fn joined(&self, phrases: &[Phrase], between: &str) -> String {
        let said: Vec<String> = phrases
            .iter()
            .map(|phrase| self.say(phrase))
            .filter(|said| !said.is_empty())
            .collect();
        said.join(between)
    }

    fn message(&self, id: &str, arguments: &[(&'static str, Argument)]) -> Option<String> {
        let pattern = self.bundle.get_message(id)?.value()?;
        let mut named = FluentArgs::with_capacity(arguments.len());
        for (name, argument) in arguments {
            named.set(*name, self.value(argument));
        }
        let mut missing = Vec::new();
        Some(
            self.bundle
                .format_pattern(pattern, Some(&named), &mut missing)
                .into_owned(),
        )
    }

    fn value(&self, argument: &Argument) -> FluentValue<'static> {
        match argument {
            Argument::Number(number) => FluentValue::from(*number),
            other => FluentValue::from(self.text(other)),
        }
    }

    fn text(&self, argument: &Argument) -> String {
        match argument {
            Argument::Text(text) => text.clone(),
            Argument::Number(number) => number.to_string(),
            Argument::Time(at) => time::written(*at, self.language),
            Argument::Phrase(phrase) => self.say(phrase),
            Argument::List(conjunction, items) => {
                let items: Vec<String> = items.iter().map(|item| self.text(item)).collect();
                self.list(*conjunction, &items)
            }
        }
    }

    fn list(&self, conjunction: Conjunction, items: &[String]) -> String {
        let ([rest @ .., last], true) = (items, items.len() > 1) else {
            return items.concat();
        };
        let before = match conjunction {
            Conjunction::None => return items.join(", "),
            Conjunction::And => self.language.and(last),
            Conjunction::Or => self.language.or(last),
        };
        format!("{} {before} {last}", rest.join(", "))
    }
}

impl Language {
    const fn and(self, last: &str) -> &'static str {
        match self {
            Self::English => "and",
            Self::Spanish if sounds_like_i(last) => "e",
            Self::Spanish => "y",
        }
    }

    const fn or(self, last: &str) -> &'static str {
        match self {
            Self::English => "or",
            Self::Spanish if matches!(last.as_bytes(), [b'o' | b'O', ..]) => "u",
            Self::Spanish => "o",
        }
    }
}

/// Returns true if a Spanish word begins with the sound of `i`: `y` before it becomes `e`.
const fn sounds_like_i(word: &str) -> bool {
    match word.as_bytes() {
        [b'h' | b'H', b'i' | b'I', b'e' | b'a' | b'o', ..] => false,
        [b'i' | b'I', ..] | [b'h' | b'H', b'i' | b'I', ..] => true,
        _ => false,
    }
}
