//! A policy as a file that an officer can read: TOML, with what is wrong said by line and column.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::policy::{MAX_ENTRIES, PolicyEntryKind, PolicyFile};
use serde::de::DeserializeOwned;
use toml::de::DeTable;

/// Longest policy file, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Longest CBOR form of one entry, in bytes: what fits in one value of an agency's document.
pub const MAX_ENTRY_BYTES: usize = 16 * 1024;

/// A fault in a file, and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}{}", near(input))]
pub struct PolicyFileFault {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// The fault and what to do: lower case, no full stop.
    pub what: String,
    /// The text that stands there, shortened; may be empty.
    pub input: String,
}

fn near(input: &str) -> String {
    if input.is_empty() {
        String::new()
    } else {
        format!(", at `{input}`")
    }
}

/// Everything that is wrong with a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct BadPolicyFile(pub Vec<PolicyFileFault>);

/// Reads a policy.
///
/// # Errors
/// [`BadPolicyFile`]: the first thing that cannot be read, or else all entries that break a limit, with their places.
pub fn parse(text: &str) -> Result<PolicyFile, BadPolicyFile> {
    let file: PolicyFile = read(text)?;
    let wrong = faults(text, &file);
    if wrong.is_empty() {
        Ok(file)
    } else {
        Err(BadPolicyFile(wrong))
    }
}

/// Writes a policy as a file that [`parse`] reads.
///
/// # Errors
/// If TOML cannot hold it, which is said in words.
pub fn write(file: &PolicyFile) -> Result<String, String> {
    toml::to_string_pretty(file).map_err(|error| error.to_string())
}

/// Reads any kind of file of this crate.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, BadPolicyFile> {
    if text.len() > MAX_BYTES {
        let what = format!("the file has {} bytes: write at most {MAX_BYTES}", text.len());
        return Err(BadPolicyFile(vec![PolicyFileFault {
            line: 1,
            column: 1,
            what,
            input: String::new(),
        }]));
    }
    toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        let said = error.message().lines().next().unwrap_or_default().trim_end_matches('.');
        // Our own types say what to do; the parser does not.
        let what = match said.contains(": write ") {
            true => said.to_owned(),
            false => format!("{said}: {}", what_to_do(said, excerpt(text, &at))),
        };
        BadPolicyFile(vec![wrong(text, at, what)])
    })
}

fn what_to_do(message: &str, input: &str) -> &'static str {
    let is_date = input.len() >= 8 && input.starts_with(|c: char| c.is_ascii_digit()) && input.contains('-');
    if is_date {
        "write dates in quotes, such as \"2026-07-01\""
    } else if message.contains("unknown field") || message.contains("unknown variant") {
        "check its spelling, or leave it out"
    } else if message.contains("missing field") {
        "add it here"
    } else if message.contains("duplicate") {
        "leave one of them out"
    } else if message.contains("invalid type") {
        "see the schema for what belongs here"
    } else {
        "see toml.io for how such a file is written"
    }
}

fn excerpt<'t>(text: &'t str, at: &std::ops::Range<usize>) -> &'t str {
    let there = text.get(at.clone()).unwrap_or_default();
    let there = if there.is_empty() {
        text.get(at.start..).unwrap_or_default()
    } else {
        there
    };
    there.lines().next().unwrap_or_default().trim()
}

pub(crate) fn wrong(text: &str, at: std::ops::Range<usize>, what: String) -> PolicyFileFault {
    let before = text.get(..at.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let input = excerpt(text, &at).chars().take(80).collect();
    PolicyFileFault {
        line,
        column,
        what,
        input,
    }
}

/// Returns the faults in entries that could be read.
fn faults(text: &str, file: &PolicyFile) -> Vec<PolicyFileFault> {
    let places = SourcePositions::of(text);
    let mut found = Vec::new();
    if file.format != 1 {
        let what = format!("`format` is `{}`: this version reads 1", file.format);
        found.push(wrong(text, places.top("format"), what));
    }
    let entries = file.entries();
    if entries.len() > MAX_ENTRIES {
        let what = format!("the policy has {} entries: write at most {MAX_ENTRIES}", entries.len());
        found.push(wrong(text, 0..0, what));
    }
    let known: BTreeSet<(PolicyEntryKind, &str)> = entries.iter().map(|entry| (entry.kind(), entry.id())).collect();
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    let mut count: BTreeMap<PolicyEntryKind, usize> = BTreeMap::new();
    for entry in &entries {
        let nth = count.entry(entry.kind()).or_default();
        let place = |field: &str| places.find(entry.kind(), *nth, field);
        if let Err(fault) = entry.check() {
            found.push(wrong(text, place(fault.field), fault.what));
        }
        if !ids.insert(entry.id()) {
            let what = format!("the id `{}` is taken: give each entry one of its own", entry.id());
            found.push(wrong(text, place("id"), what));
        }
        for (kind, id) in entry.mentions().into_iter().filter(|mention| !known.contains(mention)) {
            let field = if kind == PolicyEntryKind::Collection {
                "applies_to"
            } else {
                "requires"
            };
            let what = format!("the policy has no {kind} `{id}`: add `[[{kind}]]` with this id, or correct it");
            found.push(wrong(text, place(field), what));
        }
        let bytes = entry.to_cbor().len();
        if bytes > MAX_ENTRY_BYTES {
            let what = format!("the entry takes {bytes} bytes, more than {MAX_ENTRY_BYTES}: make two of it");
            found.push(wrong(text, place("id"), what));
        }
        *nth += 1;
    }
    found.sort_by_key(|wrong| (wrong.line, wrong.column));
    found
}

/// The places at which things stand in a file.
struct SourcePositions<'t>(Option<toml::Spanned<DeTable<'t>>>);

impl<'t> SourcePositions<'t> {
    fn of(text: &'t str) -> Self {
        Self(DeTable::parse(text).ok())
    }

    fn top(&self, field: &str) -> std::ops::Range<usize> {
        let found = self.0.as_ref().and_then(|table| table.get_ref().get(field));
        found.map_or(0..0, |value| value.span())
    }

    /// The place of a field of the nth entry of a kind; that of the entry, if the field is not there.
    fn find(&self, kind: PolicyEntryKind, nth: usize, field: &str) -> std::ops::Range<usize> {
        let of_kind = self.0.as_ref().and_then(|table| table.get_ref().get(kind.as_str()));
        let Some(of_kind) = of_kind else { return 0..0 };
        let entry = match of_kind.get_ref().as_array() {
            Some(entries) => entries.get(nth),
            None => Some(of_kind),
        };
        let Some(entry) = entry else { return of_kind.span() };
        let field = entry.get_ref().as_table().and_then(|table| table.get(field));
        field.map_or_else(|| entry.span(), toml::Spanned::span)
    }
}
