//! The reasons that something is not certain, each once: the words are made when all are known, however many rules say them.

use std::{collections::BTreeSet, sync::Arc};

use registry_schema::{acceptance::RuleCondition, worth::LimitWindow};

use crate::{
    conditions::{ConditionSet, ConditionSubset, SharedConditions},
    value::{RuleWorth, WorthAmount, WorthEligibility},
};

/// The things that are not known.
pub(super) struct UncertaintyReasons<'p> {
    asked: &'p ConditionSet,
    /// The demands of worth rules, one list after the other: numbers of conditions.
    demands: &'p [u32],
    /// The policy's conditions of which it is not known whether they hold: by their numbers.
    numbers: Vec<u64>,
    /// Others of which it is not known, besides.
    conditions: Vec<&'p RuleCondition>,
    /// The ones of a rule's own that were taken in last ([`ConditionSubset::key`]).
    last: Option<(u32, u32)>,
    /// The shared ones that were taken in last.
    shared: SharedConditions<'p>,
    hours: bool,
    earned: bool,
    achievement: bool,
    others: BTreeSet<String>,
}

impl<'p> UncertaintyReasons<'p> {
    pub(super) const fn new((asked, demands): (&'p ConditionSet, &'p [u32])) -> Self {
        Self {
            asked,
            demands,
            numbers: Vec::new(),
            conditions: Vec::new(),
            last: None,
            shared: None,
            hours: false,
            earned: false,
            achievement: false,
            others: BTreeSet::new(),
        }
    }

    /// Takes in what is not known about a value; nothing more, if the value before it said the same.
    #[inline]
    pub(super) fn take(&mut self, value: &RuleWorth<'p>) {
        if let (WorthAmount::Of(_), WorthEligibility::NotKnown(because)) = (&value.amount, &value.standing)
            && because
                .key()
                .is_some_and(|(first, marked)| marked != 0 && self.last == Some((first, marked)))
        {
            return;
        }
        self.take_in(value);
    }

    fn take_in(&mut self, value: &RuleWorth<'p>) {
        match (&value.amount, &value.standing) {
            (_, WorthEligibility::Excluded(_)) => {}
            (WorthAmount::NotStated, _) => self.hours = true,
            (WorthAmount::Contradictory, _) => {
                self.others
                    .insert(format!("which version of rule `{}` holds", value.rule.id));
            }
            (_, WorthEligibility::NotKnown(conditions)) if !conditions.is_empty() => self.whether(conditions),
            (_, WorthEligibility::NotKnown(_))
                if value
                    .rule
                    .limits
                    .iter()
                    .any(|limit| matches!(limit.within, LimitWindow::Years(_))) =>
            {
                self.earned = true;
            }
            // The rule that may speak of it instead says so itself.
            (_, WorthEligibility::NotKnown(_)) if !value.is_specific => {}
            (_, WorthEligibility::NotKnown(_)) => {
                self.others
                    .insert(format!("whether rule `{}` speaks of it", value.rule.id));
            }
            (_, WorthEligibility::Counts) => self.achievement = true,
        }
    }

    fn whether(&mut self, because: &ConditionSubset<'p>) {
        self.last = because.key();
        let (places, license) = because.places();
        for place in places {
            let Some(number) = self.demands.get(place as usize) else {
                continue;
            };
            if self.numbers.is_empty() {
                self.numbers.resize(self.asked.len() / 64 + 1, 0);
            }
            if let Some(word) = self.numbers.get_mut(*number as usize / 64) {
                *word |= 1 << (number % 64);
            }
        }
        if license {
            self.add(&RuleCondition::EarnedWithinLicense);
        }
        let Some(shared) = because.shared() else {
            return;
        };
        if self.shared.as_ref().is_some_and(|taken| Arc::ptr_eq(taken, shared)) {
            return;
        }
        for condition in shared.iter() {
            self.add(condition);
        }
        self.shared = Some(shared.clone());
    }

    fn add(&mut self, condition: &'p RuleCondition) {
        if !self.conditions.contains(&condition) {
            self.conditions.push(condition);
        }
    }

    /// In words that stand after "not known".
    pub(super) fn in_words(self) -> BTreeSet<String> {
        let mut words = self.others;
        for (nth, word) in self.numbers.iter().enumerate().filter(|(_, word)| **word != 0) {
            let set = (0..64).filter(|bit| word & (1 << bit) != 0);
            let conditions = set.filter_map(|bit| self.asked.condition(nth * 64 + bit));
            words.extend(conditions.map(|condition| format!("whether {condition}")));
        }
        words.extend(self.conditions.iter().map(|condition| format!("whether {condition}")));
        for (is_so, said) in [
            (self.hours, "how many hours it stands for"),
            (self.earned, "when it was earned"),
            (self.achievement, "which achievement it is for"),
        ] {
            if is_so {
                words.insert(said.to_owned());
            }
        }
        words
    }
}
