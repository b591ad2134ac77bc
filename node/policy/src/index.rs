//! Finds the rules that may speak of a badge, so that a long policy costs a verdict little.

use std::collections::{BTreeMap, HashMap};

use registry_schema::{
    Purpose, Timestamp,
    acceptance::{AcceptanceRule, RuleCondition, RuleScope},
    worth::{WorthFormula, WorthRule},
};

use crate::{BadgeFacts, conditions::ConditionSet};

/// The properties of a rule that an index needs to know.
pub(crate) trait IndexedRule {
    fn id(&self) -> &str;
    fn purposes(&self) -> &[Purpose];
    fn applies_to(&self) -> &RuleScope;
    fn term(&self) -> (Option<Timestamp>, Option<Timestamp>);

    /// The unit that is counted, for rules that count something.
    fn unit(&self) -> &str;
    /// The conditions that each of them demands.
    fn requires(&self) -> &[RuleCondition];
    /// The amount that it counts, if it counts something.
    fn counts(&self) -> Option<&WorthFormula>;
    /// Returns true if more has to be looked at than what it demands: alternatives, or limits.
    fn has_more(&self) -> bool;
}

macro_rules! rule {
    ($kind:ty, $unit:expr, $counts:expr, $more:ident) => {
        impl IndexedRule for $kind {
            fn id(&self) -> &str {
                &self.id
            }
            fn purposes(&self) -> &[Purpose] {
                &self.purposes
            }
            fn applies_to(&self) -> &RuleScope {
                &self.applies_to
            }
            fn term(&self) -> (Option<Timestamp>, Option<Timestamp>) {
                (self.from, self.until)
            }
            fn unit(&self) -> &str {
                let unit: fn(&Self) -> &str = $unit;
                unit(self)
            }
            fn requires(&self) -> &[RuleCondition] {
                &self.requires
            }
            fn counts(&self) -> Option<&WorthFormula> {
                let counts: fn(&Self) -> Option<&WorthFormula> = $counts;
                counts(self)
            }
            fn has_more(&self) -> bool {
                !self.$more.is_empty()
            }
        }
    };
}
rule!(AcceptanceRule, |_| "", |_| None, one_of);
rule!(WorthRule, |rule| &rule.unit, |rule| Some(&rule.counts), limits);

/// Rules by purpose, and within it by what they speak of: achievements or issuers by name, or anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleIndex<T> {
    rules: Vec<T>,
    /// Of each rule, what is asked of it every time.
    marks: Vec<RuleSummary>,
    /// The numbers of what they demand, one list after the other; each list once, however many rules have it.
    demands: Vec<u32>,
    by_purpose: Vec<PurposeIndex>,
    lists: usize,
    units: usize,
    counts: usize,
}

/// The properties that are asked of a rule every time, side by side with others': a rule itself lies far from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleSummary {
    from: i64,
    until: i64,
    /// The place of its demands among all demands: the same for rules that demand the same.
    pub(crate) demands: (u32, u32),
    /// The number of that list.
    pub(crate) list: u32,
    /// The number of what it counts: the same for the same unit.
    pub(crate) unit: u32,
    /// The number of how much it counts: the same for the same rates.
    pub(crate) counts: u32,
    /// True if more has to be looked at than what it demands: alternatives, or limits.
    pub(crate) has_more: bool,
    /// True if it speaks of every badge.
    pub(crate) is_all: bool,
    /// True if another rule has its id.
    pub(crate) has_twin: bool,
}

/// A rule that may speak of a badge.
#[derive(Debug)]
pub(crate) struct CandidateRule<'i, T> {
    /// Its place among all, in the order of their ids.
    pub(crate) place: u32,
    pub(crate) rule: &'i T,
    pub(crate) mark: &'i RuleSummary,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PurposeIndex {
    /// Those that name neither achievements nor issuers.
    general: Vec<u32>,
    /// Those that name achievements, under each.
    by_achievement: HashMap<String, Vec<u32>>,
    /// All of those, for a badge whose achievement is not known.
    of_achievements: Vec<u32>,
    /// Those that name issuers and no achievements, under each.
    by_issuer: HashMap<String, Vec<u32>>,
}

impl<T: IndexedRule> RuleIndex<T> {
    pub(crate) fn new(mut rules: Vec<T>, asked: &mut ConditionSet) -> Self {
        rules.sort_by(|a, b| a.id().cmp(b.id()));
        let mut by_purpose = vec![PurposeIndex::default(); Purpose::ALL.len()];
        let mut units: BTreeMap<&str, u32> = BTreeMap::new();
        let mut rates: BTreeMap<String, u32> = BTreeMap::new();
        let mut marks: Vec<RuleSummary> = Vec::with_capacity(rules.len());
        let numbered = asked.number(rules.iter().map(IndexedRule::requires));
        let mut demands: Vec<u32> = Vec::new();
        let mut lists: BTreeMap<Vec<u32>, (u32, (u32, u32))> = BTreeMap::new();
        for ((place, rule), numbers) in (0_u32..).zip(&rules).zip(numbered) {
            for purpose in rule.purposes() {
                if let Some(room) = by_purpose.get_mut(*purpose as usize) {
                    room.add(place, rule.applies_to());
                }
            }
            let next = u32::try_from(units.len()).unwrap_or(u32::MAX);
            let (from, until) = rule.term();
            let number = u32::try_from(lists.len()).unwrap_or(u32::MAX);
            let (list, range) = *lists.entry(numbers).or_insert_with_key(|numbers| {
                let first = u32::try_from(demands.len()).unwrap_or(u32::MAX);
                demands.extend(numbers);
                (number, (first, u32::try_from(demands.len()).unwrap_or(u32::MAX)))
            });
            marks.push(RuleSummary {
                from: from.map_or(i64::MIN, |from| from.0),
                until: until.map_or(i64::MAX, |until| until.0),
                demands: range,
                list,
                unit: *units.entry(rule.unit()).or_insert(next),
                counts: {
                    let next = u32::try_from(rates.len()).unwrap_or(u32::MAX);
                    *rates.entry(format!("{:?}", rule.counts())).or_insert(next)
                },
                has_more: rule.has_more(),
                is_all: rule.applies_to().is_all(),
                has_twin: false,
            });
        }
        for (nth, pair) in rules.windows(2).enumerate() {
            if matches!(pair, [one, other] if one.id() == other.id()) {
                let twins = marks.iter_mut().skip(nth).take(2);
                twins.for_each(|mark| mark.has_twin = true);
            }
        }
        let (lists, units, counts) = (lists.len(), units.len(), rates.len());
        Self {
            rules,
            marks,
            demands,
            by_purpose,
            lists,
            units,
            counts,
        }
    }

    pub(crate) fn all(&self) -> &[T] {
        &self.rules
    }

    /// The demands of its rules, one list after the other: numbers of conditions.
    pub(crate) fn demands(&self) -> &[u32] {
        &self.demands
    }

    /// The demands of a rule: numbers of conditions.
    pub(crate) fn demanded(&self, mark: &RuleSummary) -> &[u32] {
        let (first, last) = mark.demands;
        self.demands.get(first as usize..last as usize).unwrap_or_default()
    }

    /// The number of different lists of conditions that its rules demand.
    pub(crate) const fn lists(&self) -> usize {
        self.lists
    }

    /// The number of different things that its rules count.
    pub(crate) const fn units(&self) -> usize {
        self.units
    }

    /// In how many different ways they count it.
    pub(crate) const fn counts(&self) -> usize {
        self.counts
    }

    fn places(&self, purpose: Purpose, facts: &BadgeFacts) -> [&[u32]; 3] {
        let Some(room) = self.by_purpose.get(purpose as usize) else {
            return [&[]; 3];
        };
        let named = match &facts.achievement {
            Some(achievement) => room.by_achievement.get(achievement),
            None => Some(&room.of_achievements),
        };
        let of_issuer = room.by_issuer.get(&facts.issuer);
        [
            &room.general,
            named.map_or(&[], Vec::as_slice),
            of_issuer.map_or(&[], Vec::as_slice),
        ]
    }

    /// At most how many rules may speak of a badge for a use.
    pub(crate) fn most(&self, purpose: Purpose, facts: &BadgeFacts) -> usize {
        self.places(purpose, facts).iter().map(|places| places.len()).sum()
    }

    /// Shows the rules in force at a moment that may speak of a badge for a use.
    pub(crate) fn each<'i>(
        &'i self,
        purpose: Purpose,
        facts: &BadgeFacts,
        at: Timestamp,
        mut show: impl FnMut(CandidateRule<'i, T>),
    ) {
        for places in self.places(purpose, facts) {
            for place in places {
                let nth = *place as usize;
                let Some((mark, rule)) = self.marks.get(nth).zip(self.rules.get(nth)) else {
                    continue;
                };
                if mark.from <= at.0 && at.0 < mark.until {
                    show(CandidateRule {
                        place: *place,
                        rule,
                        mark,
                    });
                }
            }
        }
    }
}

impl PurposeIndex {
    fn add(&mut self, at: u32, scope: &RuleScope) {
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
