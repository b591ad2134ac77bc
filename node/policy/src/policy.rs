//! A policy, ready to be asked.

use std::{borrow::Cow, collections::BTreeMap};

use registry_schema::{
    PolicyEntry, Timestamp,
    acceptance::AcceptanceRule,
    criteria::{BadgeCollection, Criterion},
    policy::PolicyDescription,
    worth::{Requirement, WorthRule},
};

use crate::{
    BadgeFacts,
    conditions::{ConditionSet, ConditionTruth},
    index::RuleIndex,
};

/// A policy, indexed. Made once, asked often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    about: Option<PolicyDescription>,
    criteria: Vec<Criterion>,
    /// By id; several versions, where concurrent writers contradict each other.
    collections: BTreeMap<String, Vec<BadgeCollection>>,
    pub(crate) acceptance: RuleIndex<AcceptanceRule>,
    pub(crate) worth: RuleIndex<WorthRule>,
    /// The conditions that all rules demand.
    pub(crate) asked: ConditionSet,
    requirements: Vec<Requirement>,
    /// The criteria that issuers were found to meet, by issuer.
    met: BTreeMap<String, Vec<String>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new([])
    }
}

impl Policy {
    /// The policy of these entries.
    ///
    /// Several entries of the same kind and id are versions that were written without knowing of each other, and none is
    /// preferred: of an acceptance rule all versions must hold; a worth rule gives no amount until its agency settles it;
    /// whether a badge belongs to a collection is known only where all versions agree.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = PolicyEntry>) -> Self {
        let (mut about, mut criteria, mut requirements) = (None, Vec::<Criterion>::new(), Vec::new());
        let (mut acceptance, mut worth) = (Vec::new(), Vec::new());
        let mut collections: BTreeMap<String, Vec<BadgeCollection>> = BTreeMap::new();
        for entry in entries {
            match entry {
                PolicyEntry::About(it) => about = about.or(Some(it)),
                PolicyEntry::Criterion(it) => criteria.push(it),
                PolicyEntry::Collection(it) => collections.entry(it.id.clone()).or_default().push(it),
                PolicyEntry::Acceptance(rule) => acceptance.push(rule),
                PolicyEntry::Worth(rule) => worth.push(rule),
                PolicyEntry::Requirement(it) => requirements.push(it),
            }
        }
        let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for criterion in &criteria {
            for issuer in &criterion.met_by {
                met.entry(issuer.clone()).or_default().push(criterion.id.clone());
            }
        }
        let mut asked = ConditionSet::default();
        Self {
            about,
            criteria,
            collections,
            acceptance: RuleIndex::new(acceptance, &mut asked),
            worth: RuleIndex::new(worth, &mut asked),
            asked,
            requirements,
            met,
        }
    }

    /// The description of the policy, if it gives one.
    #[must_use]
    pub const fn about(&self) -> Option<&PolicyDescription> {
        self.about.as_ref()
    }

    /// Its criteria for issuers.
    #[must_use]
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// The amounts that are needed, and the use of each.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Its worth rules, by id.
    #[must_use]
    pub fn worth_rules(&self) -> &[WorthRule] {
        self.worth.all()
    }

    /// Its acceptance rules, by id.
    #[must_use]
    pub fn acceptance_rules(&self) -> &[AcceptanceRule] {
        self.acceptance.all()
    }

    /// The items of frameworks that its rules name.
    pub fn items_named(&self) -> impl Iterator<Item = &str> {
        let accepted = self.acceptance_rules().iter().map(|rule| &rule.applies_to);
        let worth = self.worth_rules().iter().map(|rule| &rule.applies_to);
        accepted
            .chain(worth)
            .flat_map(|scope| scope.aligned_to.iter().map(String::as_str))
    }

    /// The facts, with what the policy itself says of the issuer: the criteria that it was found to meet.
    #[must_use]
    pub fn known<'f>(&self, facts: &'f BadgeFacts) -> Cow<'f, BadgeFacts> {
        let Some(met) = self.met.get(&facts.issuer) else {
            return Cow::Borrowed(facts);
        };
        let mut facts = facts.clone();
        for id in met {
            facts.criteria.entry(id.clone()).or_insert(true);
        }
        Cow::Owned(facts)
    }

    /// The requirements for a use that are in force.
    pub(crate) fn needs(&self, purpose: registry_schema::Purpose, at: Timestamp) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().filter(move |it| {
            it.purpose == purpose && it.from.is_none_or(|from| from <= at) && it.until.is_none_or(|until| at < until)
        })
    }

    /// Decides whether a badge belongs to a collection.
    pub(crate) fn collects(&self, id: &str, facts: &BadgeFacts) -> ConditionTruth {
        if facts
            .collections
            .as_ref()
            .is_some_and(|ids| ids.iter().any(|known| known == id))
        {
            return Some(true);
        }
        let listed = self.collections.get(id).into_iter().flatten().map(|collection| {
            let by_issuer = collection.issuers.contains(&facts.issuer);
            match &facts.achievement {
                _ if by_issuer => Some(true),
                // Nothing is listed yet: not known, unless the badge's collections are.
                _ if collection.issuers.is_empty() && collection.achievements.is_empty() => {
                    facts.collections.as_ref().map(|_| false)
                }
                Some(achievement) => Some(collection.achievements.contains(achievement)),
                None if collection.achievements.is_empty() => Some(false),
                None => None,
            }
        });
        let mut listed = listed.collect::<Vec<ConditionTruth>>().into_iter();
        let first = listed.next()?;
        if listed.all(|other| other == first) {
            first
        } else {
            None
        }
    }
}
