//! One unit's sum: each achievement once, under the rule where it brings most, within every rule's limits.

use std::collections::BTreeMap;

use registry_schema::{Decimal, worth::WorthRule};

use super::TallyCredit;
use crate::{BadgeFacts, value::RuleWorth};

/// Most ways to spread achievements over rules that are tried out. Only an achievement of which a teacher holds
/// several badges that fall under different rules of one unit can be spread at all.
const MOST_WAYS: usize = 4_096;

/// All badges for one achievement: what they bring under each rule. Only one of them counts.
#[derive(Default)]
pub(super) struct AchievementOffers<'a, 'p> {
    /// One a rule.
    options: Vec<RuleOffer<'a, 'p>>,
}

/// The amount that a badge brings under a rule.
#[derive(Clone, Copy)]
pub(super) struct RuleOffer<'a, 'p> {
    rule: &'p WorthRule,
    /// The rule's place in the order of ids.
    place: u32,
    is_limited: bool,
    amount: Decimal,
    facts: &'a BadgeFacts,
}

impl<'a, 'p> RuleOffer<'a, 'p> {
    pub(super) const fn of(value: &RuleWorth<'p>, amount: Decimal, facts: &'a BadgeFacts) -> Self {
        Self {
            rule: value.rule,
            place: value.place,
            is_limited: value.is_limited,
            amount,
            facts,
        }
    }

    /// The amount that counts of it, if nothing else is under its rule.
    fn alone(&self) -> Decimal {
        if !self.is_limited {
            return self.amount;
        }
        let limits = &self.rule.limits;
        if limits.iter().any(|limit| limit.badges == Some(0)) {
            return Decimal::ZERO;
        }
        let most = limits.iter().filter_map(|limit| limit.amount).min();
        most.map_or(self.amount, |most| self.amount.min(most))
    }
}

impl<'a, 'p> AchievementOffers<'a, 'p> {
    /// Takes one more badge in; under each rule the one that brings most stays.
    pub(super) fn offer(&mut self, offers: Vec<RuleOffer<'a, 'p>>) {
        if self.options.is_empty() {
            self.options = offers;
            self.options.sort_by_key(|offer| offer.place);
            return;
        }
        for offer in offers {
            match self.options.binary_search_by_key(&offer.place, |known| known.place) {
                Ok(nth) => {
                    if let Some(known) = self.options.get_mut(nth).filter(|known| known.amount < offer.amount) {
                        *known = offer;
                    }
                }
                Err(nth) => self.options.insert(nth, offer),
            }
        }
    }

    fn greatest(&self) -> Option<&RuleOffer<'a, 'p>> {
        let by_amount =
            |a: &&RuleOffer<'a, 'p>, b: &&RuleOffer<'a, 'p>| a.amount.cmp(&b.amount).then(b.place.cmp(&a.place));
        self.options.iter().max_by(by_amount)
    }
}

/// The offer of a single badge where it brings most; of equals, under the rule whose id comes first.
#[derive(Default)]
pub(super) struct BestOffer<'a, 'p>(Option<(Decimal, RuleOffer<'a, 'p>)>);

impl<'a, 'p> BestOffer<'a, 'p> {
    pub(super) fn offer(&mut self, offer: RuleOffer<'a, 'p>) {
        let counts = offer.alone();
        let is_better = self
            .0
            .as_ref()
            .is_none_or(|(most, best)| *most < counts || (*most == counts && offer.place < best.place));
        if is_better {
            self.0 = Some((counts, offer));
        }
    }

    pub(super) fn sum(&self) -> (Decimal, Vec<TallyCredit<'p>>) {
        let chosen: Vec<&RuleOffer<'a, 'p>> = self.0.iter().map(|(_, offer)| offer).collect();
        credited(&chosen)
    }
}

/// The greatest sum within all limits, and what each badge brings to it.
pub(super) fn best<'p>(groups: &[AchievementOffers<'_, 'p>]) -> (Decimal, Vec<TallyCredit<'p>>) {
    let mut ways: usize = 1;
    let mut settled: Vec<&RuleOffer<'_, 'p>> = Vec::new();
    let mut contested: Vec<Vec<&RuleOffer<'_, 'p>>> = Vec::new();
    for group in groups {
        let options: Vec<&RuleOffer<'_, 'p>> = group.options.iter().collect();
        match options.as_slice() {
            [] => {}
            [only] => settled.push(only),
            several if ways.saturating_mul(several.len()) <= MOST_WAYS => {
                ways *= several.len();
                contested.push(options);
            }
            _ => settled.extend(group.greatest()),
        }
    }
    let way = |mut number: usize| {
        let mut chosen = settled.clone();
        for options in &contested {
            chosen.extend(options.get(number % options.len()));
            number /= options.len();
        }
        chosen
    };
    let sums = (0..ways).map(|number| credited(&way(number)));
    let mut greatest: Option<(Decimal, Vec<TallyCredit<'p>>)> = None;
    for (sum, credits) in sums {
        if greatest.as_ref().is_none_or(|(known, _)| *known < sum) {
            greatest = Some((sum, credits));
        }
    }
    greatest.unwrap_or_default()
}

/// The sum of these, each rule within its limits.
fn credited<'p>(offers: &[&RuleOffer<'_, 'p>]) -> (Decimal, Vec<TallyCredit<'p>>) {
    let mut by_rule: BTreeMap<&str, Vec<&RuleOffer<'_, 'p>>> = BTreeMap::new();
    for offer in offers {
        by_rule.entry(offer.rule.id.as_str()).or_default().push(offer);
    }
    let mut sum = Decimal::ZERO;
    let mut credits = Vec::new();
    for offers in by_rule.values_mut() {
        offers.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.facts.id.cmp(&b.facts.id)));
        let limits = offers
            .first()
            .map(|offer| offer.rule.limits.as_slice())
            .unwrap_or_default();
        let most_badges = limits.iter().filter_map(|limit| limit.badges).min();
        let mut left = limits.iter().filter_map(|limit| limit.amount).min();
        let counted = most_badges.map_or(offers.len(), |most| offers.len().min(most as usize));
        for offer in offers.iter().take(counted) {
            let amount = left.map_or(offer.amount, |left| offer.amount.min(left));
            left = left.map(|left| left.minus(amount));
            sum = sum.plus(amount);
            credits.push(TallyCredit {
                badge: offer.facts.id.clone(),
                category: offer.facts.category.clone(),
                rule: offer.rule,
                amount,
            });
        }
    }
    (sum, credits)
}
