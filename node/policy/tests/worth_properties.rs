//! The properties that must hold of every tally, tried on random policies and badges. A failure names its seed; `SEED=n` runs
//! it alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeMap;

use policy::{BadgeFacts, Policy, facts::LicensePeriod};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use registry_schema::{
    Decimal, PolicyEntry, Purpose, Timestamp,
    acceptance::{AcceptanceRule, RuleCondition, RuleScope},
    criteria::BadgeCollection,
    worth::{CredentialSet, CredentialSetPart, LimitWindow, WorthFormula, WorthLimit, WorthRates, WorthRule},
};

const ROUNDS: u64 = 1_500;
const PURPOSE: Purpose = Purpose::Renewal;

fn seeds() -> Vec<u64> {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..ROUNDS).collect(),
    }
}

fn date(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    date("2026-11-23")
}

fn amount(rng: &mut SmallRng) -> Decimal {
    format!("{}.{:02}", rng.random_range(0..12), rng.random_range(0..100))
        .parse()
        .unwrap()
}

fn some<T>(rng: &mut SmallRng, value: T) -> Option<T> {
    rng.random_bool(0.8).then_some(value)
}

fn category(achievement: u32) -> String {
    ["literacy", "subject", "general"][achievement as usize % 3].to_owned()
}

fn badge(rng: &mut SmallRng, number: usize) -> BadgeFacts {
    let achievement = rng.random_range(0..8_u32);
    let issuer = rng.random_range(0..3_u32);
    BadgeFacts {
        id: format!("badge-{number}"),
        issuer: format!("issuer-{issuer}"),
        recognized_for: match rng.random_range(0..10) {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(vec![PURPOSE]),
        },
        achievement: rng.random_bool(0.95).then(|| format!("achievement-{achievement}")),
        category: Some(category(achievement)),
        earned: {
            let days = rng.random_range(0..2_500_i64);
            some(rng, date("2020-01-01").plus_seconds(86_400 * days))
        },
        clock_hours: {
            let hours = amount(rng);
            some(rng, hours)
        },
        ceus: {
            let ceus = amount(rng);
            some(rng, ceus)
        },
        mastery: some(rng, Decimal::whole(70 + 5 * achievement)),
        assessed_blind: some(rng, achievement % 2 == 0),
        license: some(
            rng,
            LicensePeriod {
                from: date("2021-01-01"),
                until: date("2027-01-01"),
            },
        ),
        ..BadgeFacts::default()
    }
}

fn scope(rng: &mut SmallRng) -> RuleScope {
    match rng.random_range(0..5) {
        0 => RuleScope {
            issuers: vec![format!("issuer-{}", rng.random_range(0..3))],
            ..RuleScope::default()
        },
        1 => RuleScope {
            achievements: (0..3)
                .map(|_| format!("achievement-{}", rng.random_range(0..8)))
                .collect(),
            ..RuleScope::default()
        },
        2 => RuleScope {
            collections: vec!["some".into()],
            ..RuleScope::default()
        },
        _ => RuleScope::default(),
    }
}

fn conditions(rng: &mut SmallRng) -> Vec<RuleCondition> {
    let all = [
        RuleCondition::AssessedBlind,
        RuleCondition::AtLeastMastery(Decimal::whole(80)),
        RuleCondition::EarnedWithinLicense,
        RuleCondition::AtLeastHours(Decimal::whole(3)),
    ];
    all.into_iter().filter(|_| rng.random_bool(0.15)).collect()
}

fn limits(rng: &mut SmallRng) -> Vec<WorthLimit> {
    let windows = [LimitWindow::Lifetime, LimitWindow::License, LimitWindow::Years(5)];
    let mut limits = Vec::new();
    for within in windows {
        if rng.random_bool(0.3) {
            let most = amount(rng);
            let amount = some(rng, most);
            limits.push(WorthLimit {
                amount,
                badges: Some(rng.random_range(1..5)),
                within,
            });
        }
    }
    limits
}

fn policy(rng: &mut SmallRng) -> Policy {
    let rules = (0..rng.random_range(1..5)).map(|number| {
        let counts = match rng.random_range(0..6) {
            0 => WorthFormula::NoPublishedRate,
            1 => WorthFormula::Meets("something".into()),
            2 => WorthFormula::SetOf(vec![CredentialSet {
                count: 5,
                parts: vec![CredentialSetPart {
                    category: "literacy".into(),
                    count: 2,
                }],
                within_years: rng.random_bool(0.5).then_some(2),
                also: Vec::new(),
                achieves: "something".into(),
            }]),
            3 => WorthFormula::Per(WorthRates {
                micro_credential: Some(amount(rng)),
                ..WorthRates::default()
            }),
            _ => WorthFormula::Per(WorthRates {
                clock_hour: Some(amount(rng)),
                ceu: Some(amount(rng)),
                ..WorthRates::default()
            }),
        };
        PolicyEntry::Worth(WorthRule {
            id: format!("rule-{number}"),
            says: "a rule".into(),
            citation: "a test".into(),
            purposes: vec![PURPOSE],
            applies_to: scope(rng),
            from: None,
            until: None,
            unit: if rng.random_bool(0.8) {
                "PDP".into()
            } else {
                "CEU".into()
            },
            counts,
            requires: conditions(rng),
            limits: limits(rng),
            approver: None,
            derived: None,
        })
    });
    let mut entries: Vec<PolicyEntry> = rules.collect();
    let requires = conditions(rng);
    if !requires.is_empty() {
        entries.push(PolicyEntry::Acceptance(AcceptanceRule {
            id: "accept".into(),
            says: "a rule".into(),
            citation: "a test".into(),
            purposes: vec![PURPOSE],
            applies_to: scope(rng),
            from: None,
            until: None,
            requires,
            one_of: Vec::new(),
        }));
    }
    entries.push(PolicyEntry::Collection(BadgeCollection {
        id: "some".into(),
        says: "a collection".into(),
        issuers: Vec::new(),
        achievements: if rng.random_bool(0.7) {
            vec!["achievement-1".into(), "achievement-2".into()]
        } else {
            Vec::new()
        },
    }));
    for entry in &entries {
        entry.check().unwrap();
    }
    Policy::new(entries)
}

/// The sure part of a tally: each unit's sum, each set's progress, and how many requirements are met.
type CertainTally = (BTreeMap<String, Decimal>, BTreeMap<String, u32>, usize);

fn sure(policy: &Policy, badges: &[BadgeFacts]) -> CertainTally {
    let tally = policy.tally(badges, PURPOSE, now());
    let sums = tally
        .sums
        .iter()
        .map(|sum| (sum.unit.to_owned(), sum.counted))
        .collect();
    let sets = tally.sets.iter().map(|set| (set.rule.id.clone(), set.have)).collect();
    (sums, sets, tally.meets.iter().filter(|met| met.is_certain).count())
}

/// Returns true if nothing of `before` is less in `after`.
fn is_no_less(before: &CertainTally, after: &CertainTally) -> bool {
    before
        .0
        .iter()
        .all(|(unit, sum)| after.0.get(unit).unwrap_or(&Decimal::ZERO) >= sum)
        && before
            .1
            .iter()
            .all(|(rule, have)| after.1.get(rule).unwrap_or(&0) >= have)
        && after.2 >= before.2
}

#[test]
fn the_order_of_badges_does_not_matter() {
    for seed in seeds() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let mut badges: Vec<BadgeFacts> = (0..rng.random_range(0..12)).map(|n| badge(rng, n)).collect();
        let before = policy.tally(&badges, PURPOSE, now());
        badges.shuffle(rng);
        assert_eq!(before, policy.tally(&badges, PURPOSE, now()), "SEED={seed}");
    }
}

#[test]
fn no_limit_is_ever_exceeded_and_the_credits_are_the_sum() {
    let mut reached = 0;
    for seed in seeds() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let badges: Vec<BadgeFacts> = (0..rng.random_range(0..16)).map(|n| badge(rng, n)).collect();
        for sum in policy.tally(&badges, PURPOSE, now()).sums {
            let total = sum
                .credits
                .iter()
                .fold(Decimal::ZERO, |total, credit| total.plus(credit.amount));
            assert_eq!(total, sum.counted, "SEED={seed}");
            for rule in policy.worth_rules() {
                let credits: Vec<_> = sum.credits.iter().filter(|credit| credit.rule.id == rule.id).collect();
                let total = credits
                    .iter()
                    .fold(Decimal::ZERO, |total, credit| total.plus(credit.amount));
                for limit in &rule.limits {
                    assert!(
                        limit.amount.is_none_or(|most| total <= most),
                        "SEED={seed}: {} {total}",
                        rule.id
                    );
                    assert!(
                        limit.badges.is_none_or(|most| credits.len() <= most as usize),
                        "SEED={seed}: {}",
                        rule.id
                    );
                    reached += usize::from(limit.amount == Some(total));
                }
            }
        }
    }
    assert!(
        reached > 50 || seeds().len() == 1,
        "limits were hardly ever reached: {reached}"
    );
}

#[test]
fn duplicates_never_count_twice() {
    for seed in seeds() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let badges: Vec<BadgeFacts> = (0..rng.random_range(1..10)).map(|n| badge(rng, n)).collect();
        let again: Vec<BadgeFacts> = badges.iter().cloned().cycle().take(badges.len() * 2).collect();
        assert_eq!(sure(&policy, &badges), sure(&policy, &again), "SEED={seed}");
        for sum in policy.tally(&badges, PURPOSE, now()).sums {
            let achievement = |id: &str| badges.iter().find(|b| b.id == id).and_then(|b| b.achievement.clone());
            let mut counted: Vec<_> = sum.credits.iter().map(|credit| achievement(&credit.badge)).collect();
            let all = counted.len();
            counted.sort();
            counted.dedup();
            assert_eq!(counted.len(), all, "SEED={seed}: an achievement counts twice");
        }
    }
}

#[test]
fn one_more_badge_never_lowers_a_sum() {
    for seed in seeds() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let mut badges: Vec<BadgeFacts> = Vec::new();
        let mut before = sure(&policy, &badges);
        for number in 0..rng.random_range(1..14) {
            badges.push(badge(rng, number));
            let after = sure(&policy, &badges);
            assert!(is_no_less(&before, &after), "SEED={seed}: {before:?} fell to {after:?}");
            before = after;
        }
    }
}

#[test]
fn what_is_not_known_never_counts() {
    for seed in seeds() {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let badges: Vec<BadgeFacts> = (0..rng.random_range(1..10)).map(|n| badge(rng, n)).collect();
        // Forgetting can only take away, whatever is forgotten.
        let forgotten: Vec<BadgeFacts> = badges
            .iter()
            .cloned()
            .map(|mut facts| {
                match rng.random_range(0..7) {
                    0 => facts.recognized_for = None,
                    1 => facts.mastery = None,
                    2 => facts.assessed_blind = None,
                    3 => facts.license = None,
                    4 => facts.earned = None,
                    5 => facts.achievement = None,
                    _ => {}
                }
                facts
            })
            .collect();
        let (less, all) = (sure(&policy, &forgotten), sure(&policy, &badges));
        assert!(is_no_less(&less, &all), "SEED={seed}: {all:?} rose to {less:?} on less");
        for facts in &forgotten {
            let known = badges.iter().find(|b| b.id == facts.id).unwrap();
            let one = |facts: &BadgeFacts| policy.decide(facts, PURPOSE, now()).verdict;
            use registry_schema::VerdictKind::Accepted;
            assert!(
                one(facts) != Accepted || one(known) == Accepted,
                "SEED={seed}: {} accepted on less",
                facts.id
            );
        }
    }
}

/// A sum that knows neither limits nor duplicates: the properties above must see what is wrong with it.
#[test]
fn the_properties_see_a_sum_that_is_made_wrongly() {
    let naive = |policy: &Policy, badges: &[BadgeFacts]| -> Decimal {
        let each = badges.iter().flat_map(|b| {
            policy
                .tally(std::slice::from_ref(b), PURPOSE, now())
                .sums
                .into_iter()
                .map(|s| s.counted)
                .collect::<Vec<_>>()
        });
        each.fold(Decimal::ZERO, Decimal::plus)
    };
    let (mut twice, mut above) = (0, 0);
    for seed in 0..ROUNDS {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let policy = policy(rng);
        let badges: Vec<BadgeFacts> = (0..rng.random_range(1..10)).map(|n| badge(rng, n)).collect();
        let again: Vec<BadgeFacts> = badges.iter().cloned().cycle().take(badges.len() * 2).collect();
        twice += u32::from(naive(&policy, &badges) != naive(&policy, &again));
        let real = sure(&policy, &badges)
            .0
            .values()
            .fold(Decimal::ZERO, |all, one| all.plus(*one));
        above += u32::from(naive(&policy, &badges) > real);
    }
    assert!(twice > 100 && above > 100, "{twice} {above}");
}
