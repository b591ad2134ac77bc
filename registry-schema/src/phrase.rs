//! Phrases: sentences for people that are not in a language yet. Values travel; whoever faces a reader says them in that
//! reader's language, by a [`Wording`].
//!
//! A phrase is the name of a message and its arguments. [`phrases!`](crate::phrases) makes an enum of them, each variant a
//! message with its arguments as typed fields; the messages themselves, in every language, stand in the catalogue of the crate
//! `words`, whose tests hold both against each other. **Nothing here is in any language, and no code reads what was said.**

use jiff::civil::{Date, DateTime};

use crate::{
    Purpose, StatusReason, Timestamp,
    recognition::{Attestation, ScopeSummary},
};

/// Something to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A message of the catalogue.
    Message {
        /// Its name: `FindingDetail-Expired`.
        id: &'static str,
        /// Its arguments, by their names.
        arguments: Vec<(&'static str, Argument)>,
    },
    /// Clauses of one sentence: `revoked by South Carolina; it can be reinstated`.
    Clauses(Vec<Self>),
    /// Whole sentences, one after the other.
    Sentences(Vec<Self>),
    /// The words of somebody else: a name, or what an agency wrote. They are shown as they stand, in every language.
    Verbatim(String),
}

/// An argument of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Text that is the same in every language: a name, an identifier.
    Text(String),
    /// A number, by which a message may choose its form.
    Number(i64),
    /// A day or a moment.
    Time(WrittenTime),
    /// A phrase within the phrase.
    Phrase(Box<Phrase>),
    /// A list.
    List(Conjunction, Vec<Self>),
}

/// The word before the last item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conjunction {
    /// `a, b and c`
    And,
    /// `a, b or c`
    Or,
    /// `a, b, c`
    None,
}

/// A day or a moment as it is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenTime {
    /// The day by UTC: `3 March 2026`.
    UtcDay(Timestamp),
    /// The moment by UTC: `3 March 2026, 14:02 UTC`.
    UtcMoment(Timestamp),
    /// A day of somebody's calendar: `August 15, 2026`.
    Day(Date),
    /// A moment by somebody's clock: `August 15, 2026, 8:00 PM`.
    Moment(DateTime),
}

/// The name of a message, and those of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The name of the message.
    pub id: &'static str,
    /// The names of its arguments.
    pub arguments: &'static [&'static str],
}

/// The messages of this crate.
pub const MESSAGES: &[&[MessageSignature]] = &[
    Purpose::MESSAGES,
    Attestation::MESSAGES,
    StatusReason::MESSAGES,
    ScopeSummary::MESSAGES,
];

/// A language in which phrases are said.
pub trait Wording {
    /// Says a phrase.
    fn say(&self, phrase: &Phrase) -> String;
}

impl Phrase {
    /// A message without arguments.
    #[must_use]
    pub const fn message(id: &'static str) -> Self {
        Self::Message {
            id,
            arguments: Vec::new(),
        }
    }

    /// The phrase with another clause behind it.
    #[must_use]
    pub fn and(self, clause: impl Into<Self>) -> Self {
        let mut clauses = match self {
            Self::Clauses(clauses) => clauses,
            one => vec![one],
        };
        match clause.into() {
            Self::Clauses(more) => clauses.extend(more),
            one => clauses.push(one),
        }
        Self::Clauses(clauses)
    }

    /// The phrase with another clause behind it, if there is one.
    #[must_use]
    pub fn and_maybe(self, clause: Option<impl Into<Self>>) -> Self {
        match clause {
            Some(clause) => self.and(clause),
            None => self,
        }
    }

    /// The clauses of the phrase.
    #[must_use]
    pub fn clauses(&self) -> &[Self] {
        match self {
            Self::Clauses(clauses) => clauses,
            one => std::slice::from_ref(one),
        }
    }
}

impl From<Phrase> for Argument {
    fn from(phrase: Phrase) -> Self {
        Self::Phrase(Box::new(phrase))
    }
}

impl From<WrittenTime> for Argument {
    fn from(time: WrittenTime) -> Self {
        Self::Time(time)
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Argument {
    fn from(text: &'static str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Argument {
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Argument {
    fn from(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Argument {
    fn from(count: u32) -> Self {
        Self::Number(count.into())
    }
}

impl From<i64> for Argument {
    fn from(count: i64) -> Self {
        Self::Number(count)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Argument {
    /// A list whose last items are joined by "and".
    fn from(items: Vec<T>) -> Self {
        Self::List(Conjunction::And, items.into_iter().map(T::into).collect())
    }
}

impl Argument {
    /// A list whose last items are joined by "or".
    #[must_use]
    pub fn any_of<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(Conjunction::Or, items.into_iter().map(T::into).collect())
    }

    /// A list without a word before its last item.
    #[must_use]
    pub fn row<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(Conjunction::None, items.into_iter().map(T::into).collect())
    }
}

/// Makes an enum of phrases. Each variant is a message of the catalogue, named `Enum-Variant`; its fields are the message's
/// arguments. What it says stands in the catalogue, in every language.
#[macro_export]
macro_rules! phrases {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident {
        $($variant:ident $({ $($field:ident: $type:ty),* $(,)? })?),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $(
                #[doc = concat!("The message `", stringify!($name), "-", stringify!($variant), "` of the catalogue.")]
                $variant $({
                    $(
                        #[doc = concat!("The argument `", stringify!($field), "` of the message.")]
                        $field: $type,
                    )*
                })?,
            )*
        }

        impl $name {
            /// The messages that these phrases are.
            pub const MESSAGES: &'static [$crate::phrase::MessageSignature] = &[
                $($crate::phrase::MessageSignature {
                    id: concat!(stringify!($name), "-", stringify!($variant)),
                    arguments: &[$($(stringify!($field)),*)?],
                },)*
            ];
        }

        impl From<$name> for $crate::phrase::Phrase {
            fn from(phrase: $name) -> Self {
                match phrase {
                    $($name::$variant $({ $($field),* })? => Self::Message {
                        id: concat!(stringify!($name), "-", stringify!($variant)),
                        arguments: vec![
                            $($((stringify!($field), $crate::phrase::Argument::from($field)),)*)?
                        ],
                    },)*
                }
            }
        }

        impl From<$name> for $crate::phrase::Argument {
            fn from(phrase: $name) -> Self {
                Self::from($crate::phrase::Phrase::from(phrase))
            }
        }
    };
}

/// Makes phrases of the values of an enum that stands elsewhere: each is the message `Enum-Variant`.
#[macro_export]
macro_rules! value_phrases {
    ($name:ident { $($variant:ident),* $(,)? }) => {
        impl $name {
            /// The messages that these values are.
            pub const MESSAGES: &'static [$crate::phrase::MessageSignature] = &[
                $($crate::phrase::MessageSignature {
                    id: concat!(stringify!($name), "-", stringify!($variant)),
                    arguments: &[],
                },)*
            ];
        }

        impl From<$name> for $crate::phrase::Phrase {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::message(concat!(stringify!($name), "-", stringify!($variant))),)*
                }
            }
        }

        impl From<$name> for $crate::phrase::Argument {
            fn from(value: $name) -> Self {
                Self::from($crate::phrase::Phrase::from(value))
            }
        }
    };
}
