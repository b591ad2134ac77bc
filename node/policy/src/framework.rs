//! Frameworks: what achievements align to. Imported from CASE packages ([`case`]), or minted by an agency where nobody
//! has given the items identifiers ([`mint`]).
//!
//! A framework is an agency's own local data; it never replicates, and names no person.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub mod case;
pub mod coverage;
pub mod mint;

/// Most items of a framework.
pub const MAX_ITEMS: usize = 50_000;

/// Most associations of a package.
pub const MAX_ASSOCIATIONS: usize = 200_000;

/// The greatest depth at which items may stand below each other.
pub const MAX_DEPTH: usize = 32;

/// The longest package or definition that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest statement or title, in bytes.
pub const MAX_TEXT: usize = 20_000;

/// The longest identifier, URI or code, in bytes: as long as one in a scope may be.
pub const MAX_ID: usize = registry_schema::recognition::MAX_SCOPE_ID_BYTES;

/// A framework, in one form whatever it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framework {
    /// Its identifier: the `identifier` of the `CFDocument`.
    pub id: String,
    /// Its URI.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// The creator, if that is known.
    pub creator: Option<String>,
    /// The version, if it says so.
    pub version: Option<String>,
    /// The subjects that it says it is about.
    pub subjects: Vec<String>,
    /// The source that it came from.
    pub source: FrameworkSource,
    /// Its items; parents stand before their children.
    pub items: Vec<FrameworkElement>,
}

/// The source that a framework came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameworkSource {
    /// A CASE package that its publisher made.
    Case,
    /// Minted by this agency: the names are the publisher's, the identifiers are the agency's.
    Minted,
}

impl FrameworkSource {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Minted => "minted",
        }
    }
}

/// An item of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameworkElement {
    /// Its identifier: the `identifier` of the `CFItem`.
    pub id: String,
    /// Its URI: what alignments name.
    pub uri: String,
    /// The code that people know it by: `6.RP.A.1`.
    pub code: Option<String>,
    /// The text of the item.
    pub statement: String,
    /// The kind of item that it is: `Standard`.
    pub kind: Option<String>,
    /// The subjects that it says it is about, itself.
    pub subjects: Vec<String>,
    /// The identifiers of the items that it stands below.
    pub parents: Vec<String>,
}

/// A framework that was read, and what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedFramework {
    /// The framework.
    pub framework: Framework,
    /// The depth at which its items stand below each other: 1, if none does.
    pub depth: usize,
    /// The parts of the file that were left out, in words; at most [`MOST_NOTES`], and a last one that counts the rest.
    pub notes: Vec<String>,
}

/// Most notes on what was left out.
pub const MOST_NOTES: usize = 20;

/// The reason that a file is no framework: lower case, no full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadFramework(pub String);

/// Reads a file: a CASE package in JSON, or else a definition to mint from in TOML. `base` is the agency's URL, below
/// which minted items are named.
///
/// # Errors
/// [`BadFramework`], with what is wrong.
pub fn read(bytes: &[u8], base: &str) -> Result<ParsedFramework, BadFramework> {
    if bytes.len() > MAX_BYTES {
        return Err(BadFramework(format!(
            "a framework has at most {} MiB",
            MAX_BYTES / (1024 * 1024)
        )));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| BadFramework(format!("it is no text in UTF-8: {e}")))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.contains("\\u0000") {
        return Err(BadFramework("it holds a character that no text has: `\\u0000`".into()));
    }
    if text.trim_start().starts_with('{') {
        case::read(text)
    } else {
        mint::read(text, base)
    }
}

impl Framework {
    /// For each of these items, by its URI, the URIs of those above it; those that stand at the top, or are not here, are
    /// left out.
    #[must_use]
    pub fn items_above(&self, items: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
        let by_id: BTreeMap<&str, &FrameworkElement> = self.items.iter().map(|item| (item.id.as_str(), item)).collect();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in self.items.iter().filter(|item| items.contains(&item.uri)) {
            let mut above = BTreeSet::new();
            let mut open: Vec<&str> = item.parents.iter().map(String::as_str).collect();
            while let Some(id) = open.pop() {
                if let Some(parent) = by_id.get(id)
                    && above.insert(parent.uri.clone())
                {
                    open.extend(parent.parents.iter().map(String::as_str));
                }
            }
            if !above.is_empty() {
                found.insert(item.uri.clone(), above);
            }
        }
        found
    }
}

impl Framework {
    /// The URIs of all that stands below these items, which are named by theirs; without those themselves.
    #[must_use]
    pub fn items_below(&self, items: &BTreeSet<String>) -> BTreeSet<String> {
        let mut inside: BTreeSet<&str> = BTreeSet::new();
        let mut below = BTreeSet::new();
        // Parents come before their children.
        for item in &self.items {
            let is_below = item.parents.iter().any(|parent| inside.contains(parent.as_str()));
            if is_below && !items.contains(&item.uri) {
                below.insert(item.uri.clone());
            }
            if is_below || items.contains(&item.uri) {
                inside.insert(&item.id);
            }
        }
        below
    }
}

/// Puts parents before children, and refuses circles and too deep trees; gives the depth.
fn in_order(items: Vec<FrameworkElement>) -> Result<(Vec<FrameworkElement>, usize), BadFramework> {
    let mut children: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut waits_for: Vec<usize> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        waits_for.push(item.parents.len());
        for parent in &item.parents {
            children.entry(parent).or_default().push(at);
        }
    }
    let mut depths = vec![1_usize; items.len()];
    let mut order = Vec::with_capacity(items.len());
    let mut ready: std::collections::VecDeque<usize> =
        (0..items.len()).filter(|at| waits_for.get(*at) == Some(&0)).collect();
    while let Some(at) = ready.pop_front() {
        order.push(at);
        let depth = depths.get(at).copied().unwrap_or(1) + 1;
        for child in items
            .get(at)
            .and_then(|item| children.get(item.id.as_str()))
            .into_iter()
            .flatten()
        {
            if let Some(known) = depths.get_mut(*child) {
                *known = depth.max(*known);
            }
            if let Some(left) = waits_for.get_mut(*child) {
                *left -= 1;
                if *left == 0 {
                    ready.push_back(*child);
                }
            }
        }
    }
    if order.len() < items.len() {
        let circle = (0..items.len()).find(|at| waits_for.get(*at).is_some_and(|left| *left > 0));
        let named = circle.and_then(|at| items.get(at)).map_or("", |item| item.id.as_str());
        return Err(BadFramework(format!(
            "its items stand below each other in a circle: see `isChildOf` from item `{named}` upwards"
        )));
    }
    let deepest = depths.iter().copied().max().unwrap_or(1);
    if deepest > MAX_DEPTH {
        return Err(BadFramework(format!(
            "its items stand {deepest} deep below each other: at most {MAX_DEPTH}"
        )));
    }
    let mut items: Vec<Option<FrameworkElement>> = items.into_iter().map(Some).collect();
    let ordered = order.into_iter().filter_map(|at| items.get_mut(at)?.take()).collect();
    Ok((ordered, deepest))
}

/// Refuses two items of one identifier, or of one URI: an alignment names one item.
fn without_twins(items: &[FrameworkElement]) -> Result<(), BadFramework> {
    let (mut ids, mut uris) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        if !ids.insert(item.id.as_str()) || !uris.insert(item.uri.as_str()) {
            return Err(BadFramework(format!(
                "two items have the identifier or URI of `{}`",
                item.id
            )));
        }
    }
    Ok(())
}

/// Notes, of which only so many are kept.
#[derive(Default)]
struct ImportNotes {
    kept: Vec<String>,
    more: usize,
}

impl ImportNotes {
    fn add(&mut self, note: impl FnOnce() -> String) {
        if self.kept.len() < MOST_NOTES {
            self.kept.push(note());
        } else {
            self.more += 1;
        }
    }

    fn all(mut self) -> Vec<String> {
        if self.more > 0 {
            self.kept.push(format!("{} more were left out likewise", self.more));
        }
        self.kept
    }
}
