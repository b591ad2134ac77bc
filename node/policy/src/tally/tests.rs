//! The short way of a single badge's sum, held against the way of many. A failure names its seed; `SEED=n` runs it alone.

use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use registry_schema::{
    PolicyEntry,
    acceptance::{RuleCondition, RuleScope},
    worth::{LimitWindow, WorthFormula, WorthLimit, WorthRates},
};

use super::*;
use crate::facts::LicensePeriod;

const ROUNDS: u64 = 3_000;
const PURPOSE: Purpose = Purpose::Renewal;

fn at() -> Timestamp {
    "2026-11-23".parse().unwrap()
}

fn amount(rng: &mut SmallRng) -> Decimal {
    Decimal::whole(rng.random_range(0..6))
}

fn rule(rng: &mut SmallRng, number: u32) -> PolicyEntry {
    let windows = [LimitWindow::Lifetime, LimitWindow::License, LimitWindow::Years(5)];
    let limit = |rng: &mut SmallRng| WorthLimit {
        amount: rng.random_bool(0.6).then(|| amount(rng)),
        badges: rng.random_bool(0.3).then(|| rng.random_range(0..3)),
        within: *windows.get(rng.random_range(0..3_usize)).unwrap(),
    };
    let conditions = [
        RuleCondition::EarnedWithinLicense,
        RuleCondition::AssessedBlind,
        RuleCondition::Shown("certificate".to_owned()),
        RuleCondition::AtLeastHours(Decimal::whole(4)),
    ];
    PolicyEntry::Worth(WorthRule {
        // Some ids come twice: versions that contradict each other.
        id: format!("rule-{}", number - u32::from(number > 0 && rng.random_bool(0.1))),
        says: "a rule".to_owned(),
        citation: "a source".to_owned(),
        purposes: vec![PURPOSE],
        applies_to: RuleScope {
            achievements: rng.random_bool(0.3).then(|| "a".to_owned()).into_iter().collect(),
            collections: rng
                .random_bool(0.2)
                .then(|| "nobody-knows".to_owned())
                .into_iter()
                .collect(),
            ..RuleScope::default()
        },
        from: None,
        until: None,
        unit: ["PDP", "CEU"].get(rng.random_range(0..2_usize)).unwrap().to_string(),
        counts: WorthFormula::Per(WorthRates {
            micro_credential: rng.random_bool(0.4).then(|| amount(rng)),
            clock_hour: Some(Decimal::whole(1)),
            ..WorthRates::default()
        }),
        requires: conditions.into_iter().filter(|_| rng.random_bool(0.3)).collect(),
        limits: (0..rng.random_range(0..3)).map(|_| limit(rng)).collect(),
        approver: None,
        derived: None,
    })
}

fn badge(rng: &mut SmallRng) -> BadgeFacts {
    let earned = at().years_earlier(rng.random_range(1..8));
    BadgeFacts {
        id: "badge".to_owned(),
        recognized_for: rng.random_bool(0.9).then(|| vec![PURPOSE]),
        achievement: rng.random_bool(0.8).then(|| "a".to_owned()),
        earned: rng.random_bool(0.8).then_some(earned),
        clock_hours: rng.random_bool(0.8).then(|| Decimal::whole(rng.random_range(1..9))),
        assessed_blind: rng.random_bool(0.7).then(|| rng.random_bool(0.7)),
        shown: rng
            .random_bool(0.7)
            .then(|| ("certificate".to_owned(), true))
            .into_iter()
            .collect(),
        license: rng.random_bool(0.7).then(|| LicensePeriod {
            from: at().years_earlier(6),
            until: at().plus_seconds(86_400),
        }),
        ..BadgeFacts::default()
    }
}

#[test]
fn a_single_badge_counts_the_same_the_short_way_and_the_way_of_many() {
    let seeds = match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..ROUNDS,
    };
    let (mut counted, mut doubted, mut cut) = (0, 0, 0);
    for seed in seeds.clone() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let rules: Vec<PolicyEntry> = (0..rng.random_range(1..9)).map(|number| rule(rng, number)).collect();
        let policy = Policy::new(rules);
        let facts = badge(rng);
        let tally = policy.tally(std::slice::from_ref(&facts), PURPOSE, at());
        let values = &tally.badges.first().unwrap().values;
        for sum in &tally.sums {
            let of_unit = values
                .iter()
                .filter(|value| counts_units(value) && value.rule.unit == sum.unit);
            let of_unit: Vec<CountedBadge<'_, '_>> = of_unit.map(|value| (&facts, value)).collect();
            let many = policy.sum_of_many(sum.unit, &of_unit, PURPOSE, at());
            assert_eq!(*sum, many, "SEED={seed}: {facts:#?}");
            assert_eq!(
                policy.sum_of_one(sum.unit, &of_unit, PURPOSE, at()),
                many,
                "SEED={seed}"
            );
            // Each reason is told, however many values have others between.
            for (_, value) in &of_unit {
                let (WorthAmount::Of(_), WorthEligibility::NotKnown(because)) = (value.amount, &value.standing) else {
                    continue;
                };
                for condition in because.iter() {
                    let told = sum.because.contains(&format!("whether {condition}"));
                    assert!(told, "SEED={seed}: {condition} is not in {:?}", sum.because);
                }
            }
            let most = of_unit.iter().filter_map(|(_, value)| match value.amount {
                WorthAmount::Of(amount) if value.standing == WorthEligibility::Counts => Some(amount),
                _ => None,
            });
            counted += usize::from(sum.counted > Decimal::ZERO);
            doubted += usize::from(sum.in_doubt > Decimal::ZERO && !sum.because.is_empty());
            cut += usize::from(facts.achievement.is_some() && most.max().is_some_and(|most| most > sum.counted));
        }
    }
    if seeds.end - seeds.start > 1 {
        // It was tried on what it is for.
        assert!(counted > 300 && doubted > 300 && cut > 30, "{counted} {doubted} {cut}");
    }
}
