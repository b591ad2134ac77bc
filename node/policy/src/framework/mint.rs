//! Frameworks that nobody has published in a form for machines: an agency mints identifiers for what is known of them.
//! **No text is invented**: an item whose wording is not known is named by its kind and number, and says so.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BadFramework, Framework, FrameworkElement, FrameworkSource, MAX_ITEMS, MAX_TEXT, ParsedFramework};
use crate::file;

/// A definition to mint from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkDefinition {
    /// The version of this form: 1.
    format: u32,
    /// The name in identifiers: lower-case letters, digits and hyphens.
    id: String,
    title: String,
    #[serde(default)]
    creator: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    /// The place at which it is written.
    locator: String,
    /// The gaps in what is known of it, for people.
    #[serde(default)]
    note: Option<String>,
    /// Items whose names are known.
    #[serde(default)]
    item: Vec<NamedItem>,
    /// Items of which only the number is known.
    #[serde(default)]
    numbered: Option<NumberedItems>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedItem {
    id: String,
    says: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    /// The id of the item that it stands below.
    #[serde(default)]
    below: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberedItems {
    kind: String,
    count: usize,
}

/// The definitions that come with the node: made from what could be read about each framework, and no more.
pub const SAMPLES: [(&str, &str); 3] = [
    ("ncpts", include_str!("../../frameworks/ncpts.toml")),
    ("nc-dlc-teachers", include_str!("../../frameworks/nc-dlc-teachers.toml")),
    (
        "learning-forward-2022",
        include_str!("../../frameworks/learning-forward-2022.toml"),
    ),
];

/// A definition that comes with the node, by its id.
#[must_use]
pub fn sample(id: &str) -> Option<&'static str> {
    SAMPLES.iter().find(|(known, _)| *known == id).map(|(_, text)| *text)
}

/// Mints the items of a definition below `base`, the agency's URL: the same definition always gives the same identifiers.
///
/// # Errors
/// [`BadFramework`], with line and column where its form is wrong.
pub fn read(text: &str, base: &str) -> Result<ParsedFramework, BadFramework> {
    let definition: FrameworkDefinition = file::read(text).map_err(|e| {
        BadFramework(format!(
            "it is neither a CASE package nor a definition to mint from: {e}"
        ))
    })?;
    if definition.format != 1 {
        return Err(BadFramework(format!(
            "`format` is {}: this version reads 1",
            definition.format
        )));
    }
    let ids = definition.item.iter().map(|item| &item.id).chain([&definition.id]);
    for id in ids {
        if !registry_schema::policy::is_id(id) {
            return Err(BadFramework(format!(
                "`{id}` is no id: 1 to 64 lower-case letters, digits and hyphens"
            )));
        }
    }
    let count = definition.numbered.as_ref().map_or(0, |numbered| numbered.count);
    if definition.item.len().saturating_add(count) > MAX_ITEMS {
        return Err(BadFramework(format!("a framework has at most {MAX_ITEMS} items")));
    }
    let texts = definition.item.iter().map(|item| &item.says).chain([&definition.title]);
    if texts
        .into_iter()
        .any(|text| text.trim().is_empty() || text.len() > MAX_TEXT)
    {
        return Err(BadFramework(format!("a title or `says` has 1 to {MAX_TEXT} bytes")));
    }
    let base = base.trim_end_matches('/');
    let uri = format!("{base}/v1/frameworks/{}", definition.id);
    let named = |id: &str| format!("{}.{id}", definition.id);
    let at = |id: &str| format!("{uri}#{id}");
    let numbered = definition.numbered.iter().flat_map(|numbered| {
        (1..=numbered.count).map(|nth| FrameworkElement {
            id: named(&nth.to_string()),
            uri: at(&nth.to_string()),
            code: Some(nth.to_string()),
            statement: format!("{} {nth} (its wording is not held here)", numbered.kind),
            kind: Some(numbered.kind.clone()),
            subjects: Vec::new(),
            parents: Vec::new(),
        })
    });
    let with_names = definition.item.iter().map(|item| FrameworkElement {
        id: named(&item.id),
        uri: at(&item.id),
        code: item.code.clone(),
        statement: item.says.clone(),
        kind: item.kind.clone(),
        subjects: item.subjects.clone(),
        parents: item.below.iter().map(|below| named(below)).collect(),
    });
    let items: Vec<FrameworkElement> = numbered.chain(with_names).collect();
    super::without_twins(&items)?;
    let known: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let mut parents = items.iter().flat_map(|item| &item.parents);
    if let Some(missing) = parents.find(|parent| !known.contains(parent.as_str())) {
        return Err(BadFramework(format!(
            "an item stands below `{missing}`, which the definition does not have"
        )));
    }
    let (items, depth) = super::in_order(items)?;
    Ok(ParsedFramework {
        framework: Framework {
            uri,
            id: definition.id,
            title: definition.title,
            creator: definition.creator,
            version: definition.version.or(Some(definition.locator)),
            subjects: definition.subjects,
            source: FrameworkSource::Minted,
            items,
        },
        depth,
        notes: definition.note.into_iter().collect(),
    })
}
