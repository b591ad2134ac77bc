//! One unit's sum: each achievement once, under the rule where it brings most, within every rule's limits.

use std::collections::BTreeMap;

use registry_schema::{Decimal, worth::WorthRule};

use super::Credit;
use crate::Facts;

/// Most ways to spread achievements over rules that are tried out. Only an achievement of which a teacher holds
/// several badges that fall under different rules of one unit can be spread at all.
const MOST_WAYS: usize = 4_096;

/// All badges for one achievement: what they bring under each rule. Only one of them counts.
#[derive(Default)]
pub(super) struct Group<'p> {
    options: BTreeMap<&'p str, Offer<'p>>,
}

#[derive(Clone)]
struct Offer<'p> {
    rule: &'p WorthRule,
    amount: Decimal,
    badge: String,
    category: Option<String>,
}

impl<'p> Group<'p> {
    /// Takes one more badge in; under each rule the one that brings most stays.
    pub(super) fn offer(&mut self, rule: &'p WorthRule, amount: Decimal, facts: &Facts) {
        let known = self.options.get(rule.id.as_str());
        if known.is_none_or(|known| known.amount < amount) {
            let offer = Offer {
                rule,
                amount,
                badge: facts.id.clone(),
                category: facts.category.clone(),
            };
            self.options.insert(rule.id.as_str(), offer);
        }
    }

    fn greatest(&self) -> Option<&Offer<'p>> {
        let by_amount =
            |a: &&Offer<'p>, b: &&Offer<'p>| a.amount.cmp(&b.amount).then_with(|| b.rule.id.cmp(&a.rule.id));
        self.options.values().max_by(by_amount)
    }
}

/// The greatest sum within all limits, and what each badge brings to it.
pub(super) fn best<'p>(groups: &[Group<'p>]) -> (Decimal, Vec<Credit<'p>>) {
    let mut ways: usize = 1;
    let mut settled: Vec<&Offer<'p>> = Vec::new();
    let mut contested: Vec<Vec<&Offer<'p>>> = Vec::new();
    for group in groups {
        let options: Vec<&Offer<'p>> = group.options.values().collect();
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
    let mut greatest: Option<(Decimal, Vec<Credit<'p>>)> = None;
    for (sum, credits) in sums {
        if greatest.as_ref().is_none_or(|(known, _)| *known < sum) {
            greatest = Some((sum, credits));
        }
    }
    greatest.unwrap_or_default()
}

/// The sum of these, each rule within its limits.
fn credited<'p>(offers: &[&Offer<'p>]) -> (Decimal, Vec<Credit<'p>>) {
    let mut by_rule: BTreeMap<&str, Vec<&Offer<'p>>> = BTreeMap::new();
    for offer in offers {
        by_rule.entry(offer.rule.id.as_str()).or_default().push(offer);
    }
    let mut sum = Decimal::ZERO;
    let mut credits = Vec::new();
    for offers in by_rule.values_mut() {
        offers.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.badge.cmp(&b.badge)));
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
            credits.push(Credit {
                badge: offer.badge.clone(),
                category: offer.category.clone(),
                rule: offer.rule,
                amount,
            });
        }
    }
    (sum, credits)
}
