//! Finds the rules that may speak of a badge, so that a long policy costs a verdict little.

use std::collections::HashMap;

use registry_schema::{
    Purpose, Timestamp,
    acceptance::{AcceptanceRule, AppliesTo},
    worth::WorthRule,
};

use crate::Facts;

/// What an index needs to know of a rule.
pub(crate) trait Rule {
    fn id(&self) -> &str;
    fn purposes(&self) -> &[Purpose];
    fn applies_to(&self) -> &AppliesTo;
    fn term(&self) -> (Option<Timestamp>, Option<Timestamp>);

    fn in_force(&self, at: Timestamp) -> bool {
        let (from, until) = self.term();
        from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
    }
}

macro_rules! rule {
    ($kind:ty) => {
        impl Rule for $kind {
            fn id(&self) -> &str {
                &self.id
            }
            fn purposes(&self) -> &[Purpose] {
                &self.purposes
            }
            fn applies_to(&self) -> &AppliesTo {
                &self.applies_to
            }
            fn term(&self) -> (Option<Timestamp>, Option<Timestamp>) {
                (self.from, self.until)
            }
        }
    };
}
rule!(AcceptanceRule);
rule!(WorthRule);

/// Rules by purpose, and within it by what they speak of: achievements or issuers by name, or anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index<T> {
    rules: Vec<T>,
    by_purpose: Vec<Room>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Room {
    /// Those that name neither achievements nor issuers.
    general: Vec<usize>,
    /// Those that name achievements, under each.
    by_achievement: HashMap<String, Vec<usize>>,
    /// All of those, for a badge whose achievement is not known.
    of_achievements: Vec<usize>,
    /// Those that name issuers and no achievements, under each.
    by_issuer: HashMap<String, Vec<usize>>,
}

impl<T: Rule> Index<T> {
    pub(crate) fn new(mut rules: Vec<T>) -> Self {
        rules.sort_by(|a, b| a.id().cmp(b.id()));
        let mut by_purpose = vec![Room::default(); Purpose::ALL.len()];
        for (at, rule) in rules.iter().enumerate() {
            for purpose in rule.purposes() {
                if let Some(room) = by_purpose.get_mut(*purpose as usize) {
                    room.add(at, rule.applies_to());
                }
            }
        }
        Self { rules, by_purpose }
    }

    pub(crate) fn all(&self) -> &[T] {
        &self.rules
    }

    /// The rules in force at a moment that may speak of a badge for a use.
    pub(crate) fn candidates<'i>(
        &'i self,
        purpose: Purpose,
        facts: &Facts,
        at: Timestamp,
    ) -> impl Iterator<Item = &'i T> {
        let room = self.by_purpose.get(purpose as usize);
        let named = room.and_then(|room| match &facts.achievement {
            Some(achievement) => room.by_achievement.get(achievement),
            None => Some(&room.of_achievements),
        });
        let of_issuer = room.and_then(|room| room.by_issuer.get(&facts.issuer));
        let places = room.map(|room| &room.general).into_iter().chain(named).chain(of_issuer);
        let rules = places.flatten().filter_map(|place| self.rules.get(*place));
        rules.filter(move |rule| rule.in_force(at))
    }
}

impl Room {
    fn add(&mut self, at: usize, scope: &AppliesTo) {
        if !scope.achievements.is_empty() {
            self.of_achievements.push(at);
            for achievement in &scope.achievements {
                self.by_achievement.entry(achievement.clone()).or_default().push(at);
            }
        } else if !scope.issuers.is_empty() {
            for issuer in &scope.issuers {
                self.by_issuer.entry(issuer.clone()).or_default().push(at);
            }
        } else {
            self.general.push(at);
        }
    }
}
