//! The difference between two policies, rule by rule, in words.

use std::{collections::BTreeMap, fmt};

use registry_schema::{
    PolicyEntry,
    policy::{PolicyEntryKind, PolicyFile},
};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDifference {
    /// Of which kind of entry.
    pub kind: PolicyEntryKind,
    /// Of the entry with this id.
    pub id: String,
    /// The change.
    pub change: EntryChange,
}

/// The change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChange {
    /// It is new; what it says.
    Added(String),
    /// It is gone; what it said.
    Removed(String),
    /// These fields differ.
    Changed(Vec<FieldChange>),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name in the file.
    pub field: String,
    /// The value before, as the file writes it.
    pub was: Option<String>,
    /// The value now.
    pub is: Option<String>,
}

/// Returns the differences between two policies, in the order in which a policy is read. Order in the files is of no account.
#[must_use]
pub fn diff(old: &PolicyFile, new: &PolicyFile) -> Vec<PolicyDifference> {
    let by_key = |file: &PolicyFile| -> BTreeMap<(PolicyEntryKind, String), PolicyEntry> {
        file.entries()
            .into_iter()
            .map(|entry| ((entry.kind(), entry.id().to_owned()), entry))
            .collect()
    };
    let (old, new) = (by_key(old), by_key(new));
    let mut found = Vec::new();
    let mut keys: Vec<&(PolicyEntryKind, String)> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let change = match (old.get(key), new.get(key)) {
            (None, Some(entry)) => EntryChange::Added(says(entry)),
            (Some(entry), None) => EntryChange::Removed(says(entry)),
            (Some(was), Some(is)) if was != is => EntryChange::Changed(fields(was, is)),
            _ => continue,
        };
        found.push(PolicyDifference {
            kind: key.0,
            id: key.1.clone(),
            change,
        });
    }
    found
}

fn says(entry: &PolicyEntry) -> String {
    match entry {
        PolicyEntry::About(about) => about.title.clone(),
        PolicyEntry::Acceptance(rule) => rule.says.clone(),
        PolicyEntry::Worth(rule) => rule.says.clone(),
        PolicyEntry::Requirement(it) => it.says.clone(),
        PolicyEntry::Criterion(it) => it.demands.clone(),
        PolicyEntry::Collection(it) => it.says.clone(),
    }
}

fn fields(was: &PolicyEntry, is: &PolicyEntry) -> Vec<FieldChange> {
    let (was, is) = (table(was), table(is));
    let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| was.get(*name) != is.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            was: was.get(name).map(ToString::to_string),
            is: is.get(name).map(ToString::to_string),
        })
        .collect()
}

/// The fields of an entry as the file has them.
fn table(entry: &PolicyEntry) -> toml::Table {
    let table = match entry {
        PolicyEntry::About(it) => toml::Table::try_from(it),
        PolicyEntry::Acceptance(it) => toml::Table::try_from(it),
        PolicyEntry::Worth(it) => toml::Table::try_from(it),
        PolicyEntry::Requirement(it) => toml::Table::try_from(it),
        PolicyEntry::Criterion(it) => toml::Table::try_from(it),
        PolicyEntry::Collection(it) => toml::Table::try_from(it),
    };
    table.unwrap_or_default()
}

impl fmt::Display for PolicyDifference {
    /// `worth rule `tn-pdp` changed: `unit` was "PDP", is now "CEU"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            PolicyEntryKind::Acceptance => "acceptance rule",
            PolicyEntryKind::Worth => "worth rule",
            other => other.as_str(),
        };
        match &self.change {
            EntryChange::Added(says) => write!(f, "{kind} `{}` added: {says}", self.id),
            EntryChange::Removed(says) => write!(f, "{kind} `{}` removed; it said: {says}", self.id),
            EntryChange::Changed(fields) => {
                write!(f, "{kind} `{}` changed: ", self.id)?;
                for (count, FieldChange { field, was, is }) in fields.iter().enumerate() {
                    f.write_str(if count == 0 { "" } else { "; " })?;
                    match (was, is) {
                        (Some(was), Some(is)) => write!(f, "`{field}` was {was}, is now {is}")?,
                        (None, Some(is)) => write!(f, "`{field}` is new: {is}")?,
                        (Some(was), None) => write!(f, "`{field}` is gone; it was {was}")?,
                        (None, None) => {}
                    }
                }
                Ok(())
            }
        }
    }
}
