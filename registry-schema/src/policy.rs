//! Policies: all that an agency says about what it accepts and what that counts for.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    AgencyId, Timestamp,
    acceptance::{AcceptanceRule, RuleCondition, RuleScope},
    criteria::{BadgeCollection, Criterion},
    worth::{Requirement, WorthFormula, WorthRule},
};

mod check;

pub use check::{PolicyEntryFault, is_id};

/// Most entries of a policy.
pub const MAX_ENTRIES: usize = 2_000;

/// One thing that a policy says. Each is put under a key of its own ([`PolicyEntry::key`]), so that two officers who
/// change different rules at once do not undo each other's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyEntry {
    /// A description of the policy.
    About(PolicyDescription),
    /// A rule on what is demanded of badges.
    Acceptance(AcceptanceRule),
    /// A rule on what badges count for.
    Worth(WorthRule),
    /// An amount that is needed.
    Requirement(Requirement),
    /// A demand on issuers.
    Criterion(Criterion),
    /// A collection of badges that a rule speaks of.
    Collection(BadgeCollection),
}

/// A description of a policy, in plain language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyDescription {
    /// Its title. At most 200 characters.
    #[n(0)]
    pub title: String,
    /// The agency whose policy it is; none for a model that any may adopt.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// An explanation of what it does, in plain language. At most 4,000 characters.
    #[n(2)]
    pub explanation: String,
    /// The title of the model that it was adopted from, if it was.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted_from: Option<String>,
}

/// A whole policy, as a file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// The version of this form: 1.
    pub format: u32,
    /// The description of the policy.
    pub about: PolicyDescription,
    /// The demands on issuers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criterion: Vec<Criterion>,
    /// The collections of badges that the rules speak of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collection: Vec<BadgeCollection>,
    /// The rules on what is demanded of badges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<AcceptanceRule>,
    /// The rules on what badges count for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worth: Vec<WorthRule>,
    /// The amounts that are needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirement: Vec<Requirement>,
}

impl PolicyFile {
    /// Its entries, in the order in which a policy is read.
    #[must_use]
    pub fn entries(&self) -> Vec<PolicyEntry> {
        let mut entries = vec![PolicyEntry::About(self.about.clone())];
        entries.extend(self.criterion.iter().cloned().map(PolicyEntry::Criterion));
        entries.extend(self.collection.iter().cloned().map(PolicyEntry::Collection));
        entries.extend(self.acceptance.iter().cloned().map(PolicyEntry::Acceptance));
        entries.extend(self.worth.iter().cloned().map(PolicyEntry::Worth));
        entries.extend(self.requirement.iter().cloned().map(PolicyEntry::Requirement));
        entries
    }

    /// The file of these entries; nothing, if none says what the policy is.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = PolicyEntry>) -> Option<Self> {
        let (mut criterion, mut collection, mut acceptance) = (Vec::new(), Vec::new(), Vec::new());
        let (mut worth, mut requirement, mut about) = (Vec::new(), Vec::new(), None);
        for entry in entries {
            match entry {
                PolicyEntry::About(it) => about = Some(it),
                PolicyEntry::Criterion(it) => criterion.push(it),
                PolicyEntry::Collection(it) => collection.push(it),
                PolicyEntry::Acceptance(it) => acceptance.push(it),
                PolicyEntry::Worth(it) => worth.push(it),
                PolicyEntry::Requirement(it) => requirement.push(it),
            }
        }
        Some(Self {
            format: 1,
            about: about?,
            criterion,
            collection,
            acceptance,
            worth,
            requirement,
        })
    }
}

/// The kinds of entries, in the order in which a policy is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyEntryKind {
    /// [`PolicyDescription`].
    About,
    /// [`Criterion`].
    Criterion,
    /// [`BadgeCollection`].
    Collection,
    /// [`AcceptanceRule`].
    Acceptance,
    /// [`WorthRule`].
    Worth,
    /// [`Requirement`].
    Requirement,
}

impl PolicyEntryKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::About,
        Self::Criterion,
        Self::Collection,
        Self::Acceptance,
        Self::Worth,
        Self::Requirement,
    ];

    /// Its name in a policy file, and at the beginning of a key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::Criterion => "criterion",
            Self::Collection => "collection",
            Self::Acceptance => "acceptance",
            Self::Worth => "worth",
            Self::Requirement => "requirement",
        }
    }
}

impl fmt::Display for PolicyEntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PolicyEntry {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> PolicyEntryKind {
        match self {
            Self::About(_) => PolicyEntryKind::About,
            Self::Acceptance(_) => PolicyEntryKind::Acceptance,
            Self::Worth(_) => PolicyEntryKind::Worth,
            Self::Requirement(_) => PolicyEntryKind::Requirement,
            Self::Criterion(_) => PolicyEntryKind::Criterion,
            Self::Collection(_) => PolicyEntryKind::Collection,
        }
    }

    /// Its id; `about` for what the policy is.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::About(_) => "about",
            Self::Acceptance(rule) => &rule.id,
            Self::Worth(rule) => &rule.id,
            Self::Requirement(requirement) => &requirement.id,
            Self::Criterion(criterion) => &criterion.id,
            Self::Collection(collection) => &collection.id,
        }
    }

    /// The key under which it is put: `about`, `worth/tn-pdp`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::About(_) => PolicyEntryKind::About.as_str().to_owned(),
            _ => format!("{}/{}", self.kind(), self.id()),
        }
    }

    /// Its value under that key: CBOR in its one form.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        // Writing to memory cannot fail, so neither can this.
        let written = match self {
            Self::About(it) => minicbor::to_vec(it),
            Self::Acceptance(it) => minicbor::to_vec(it),
            Self::Worth(it) => minicbor::to_vec(it),
            Self::Requirement(it) => minicbor::to_vec(it),
            Self::Criterion(it) => minicbor::to_vec(it),
            Self::Collection(it) => minicbor::to_vec(it),
        };
        written.unwrap_or_default()
    }

    /// Reads what [`PolicyEntry::to_cbor`] wrote; nothing, if key or value breaks a rule, or if the value is not in
    /// its one form.
    #[must_use]
    pub fn from_cbor(key: &str, value: &[u8]) -> Option<Self> {
        let (kind, _) = key.split_once('/').unwrap_or((key, ""));
        let entry = match PolicyEntryKind::ALL.into_iter().find(|k| k.as_str() == kind)? {
            PolicyEntryKind::About => Self::About(minicbor::decode(value).ok()?),
            PolicyEntryKind::Acceptance => Self::Acceptance(minicbor::decode(value).ok()?),
            PolicyEntryKind::Worth => Self::Worth(minicbor::decode(value).ok()?),
            PolicyEntryKind::Requirement => Self::Requirement(minicbor::decode(value).ok()?),
            PolicyEntryKind::Criterion => Self::Criterion(minicbor::decode(value).ok()?),
            PolicyEntryKind::Collection => Self::Collection(minicbor::decode(value).ok()?),
        };
        let is_exact = entry.key() == key && entry.to_cbor() == value;
        (is_exact && entry.check().is_ok()).then_some(entry)
    }

    /// The term in which it is in force; an entry that has none is always.
    #[must_use]
    pub const fn term(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        match self {
            Self::Acceptance(rule) => (rule.from, rule.until),
            Self::Worth(rule) => (rule.from, rule.until),
            Self::Requirement(requirement) => (requirement.from, requirement.until),
            Self::About(_) | Self::Criterion(_) | Self::Collection(_) => (None, None),
        }
    }

    /// The ids of criteria and collections that it speaks of.
    #[must_use]
    pub fn mentions(&self) -> Vec<(PolicyEntryKind, &str)> {
        let (applies_to, conditions): (Option<&RuleScope>, Vec<&RuleCondition>) = match self {
            Self::Acceptance(rule) => (
                Some(&rule.applies_to),
                rule.requires.iter().chain(rule.one_of.iter().flatten()).collect(),
            ),
            Self::Worth(rule) => (Some(&rule.applies_to), rule.requires.iter().collect()),
            _ => (None, Vec::new()),
        };
        let collections = applies_to.into_iter().flat_map(|it| &it.collections);
        let criteria = conditions.into_iter().filter_map(|condition| match condition {
            RuleCondition::CriterionMet(id) => Some((PolicyEntryKind::Criterion, id.as_str())),
            _ => None,
        });
        criteria
            .chain(collections.map(|id| (PolicyEntryKind::Collection, id.as_str())))
            .collect()
    }

    /// Returns true if it is a worth rule that says that there is no published rate.
    #[must_use]
    pub const fn has_no_rate(&self) -> bool {
        matches!(
            self,
            Self::Worth(WorthRule {
                counts: WorthFormula::NoPublishedRate,
                ..
            })
        )
    }
}
