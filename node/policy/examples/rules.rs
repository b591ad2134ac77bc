//! The cost of a policy in a verdict: `cargo run --release -p policy --example rules`. At most 10 µs with 500 rules, even if
//! all of them govern the badge. A verdict makes one tally for each use that is asked about: whether the rules accept the
//! badge, and what it counts for.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers; a broken sample ends it"
)]

use std::{hint::black_box, time::Instant};

use policy::{BadgeFacts, Policy, file, samples};
use registry_schema::{
    Decimal, PolicyEntry, Purpose, Timestamp,
    acceptance::{AcceptanceRule, RuleCondition, RuleScope},
    worth::{WorthFormula, WorthRates, WorthRule},
};

const RUNS: u32 = 200;
const ROUNDS: u32 = 100;
const MOST_MICROSECONDS: f64 = 10.0;

fn acceptance(number: usize, purposes: Vec<Purpose>, applies_to: RuleScope) -> PolicyEntry {
    PolicyEntry::Acceptance(AcceptanceRule {
        id: format!("accept-{number}"),
        says: "a rule".into(),
        citation: "a source".into(),
        purposes,
        applies_to,
        from: Some(Timestamp(0)),
        until: None,
        requires: vec![
            RuleCondition::AtLeastHours(Decimal::whole(4)),
            RuleCondition::AssessedBlind,
        ],
        one_of: Vec::new(),
    })
}

fn worth(number: usize, purposes: Vec<Purpose>, applies_to: RuleScope) -> PolicyEntry {
    PolicyEntry::Worth(WorthRule {
        id: format!("worth-{number}"),
        says: "a rule".into(),
        citation: "a source".into(),
        purposes,
        applies_to,
        from: Some(Timestamp(0)),
        until: None,
        unit: "PDP".into(),
        counts: WorthFormula::Per(WorthRates {
            clock_hour: Some(Decimal::whole(1)),
            ..WorthRates::default()
        }),
        requires: vec![RuleCondition::EarnedWithinLicense],
        limits: Vec::new(),
        approver: None,
        derived: None,
    })
}

/// A policy as a state might have it: rules for all purposes; nine in ten speak of named achievements or issuers.
fn mixed(rules: usize) -> Policy {
    Policy::new((0..rules).map(|number| {
        let purpose = Purpose::ALL[number % Purpose::ALL.len()];
        let applies_to = match number % 10 {
            0 => RuleScope::default(),
            n if n < 6 => RuleScope {
                achievements: vec![format!("a-{}", number / 10)],
                ..RuleScope::default()
            },
            _ => RuleScope {
                issuers: vec![format!("i-{}", number % 40)],
                ..RuleScope::default()
            },
        };
        match number % 2 {
            0 => acceptance(number, vec![purpose], applies_to),
            _ => worth(number, vec![purpose], applies_to),
        }
    }))
}

/// The worst: every rule speaks of every badge, for the purpose that is asked about.
fn all_govern(rules: usize) -> Policy {
    Policy::new((0..rules).map(|number| match number % 2 {
        0 => acceptance(number, vec![Purpose::Renewal], RuleScope::default()),
        _ => worth(number, vec![Purpose::Renewal], RuleScope::default()),
    }))
}

/// The least of many short runs, in microseconds: what else the machine does meanwhile only adds to it.
fn microseconds(mut run: impl FnMut()) -> f64 {
    let runs = (0..RUNS).map(|_| {
        let begin = Instant::now();
        (0..ROUNDS).for_each(|_| run());
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
    });
    runs.fold(f64::INFINITY, f64::min)
}

fn main() {
    let at: Timestamp = "2026-11-23".parse().expect("a date");
    let facts = BadgeFacts {
        id: "badge".into(),
        issuer: "i-7".into(),
        recognized_for: Some(vec![Purpose::Renewal]),
        achievement: Some("a-3".into()),
        earned: Some(at),
        clock_hours: Some(Decimal::whole(10)),
        assessed_blind: Some(true),
        ..BadgeFacts::default()
    };
    let sample = file::parse(samples::of("US-TN").expect("a sample")).expect("a policy");
    let rows = [
        (
            "Tennessee's sample",
            Policy::new(sample.entries()),
            Some(MOST_MICROSECONDS),
        ),
        ("500 rules, mixed", mixed(500), Some(MOST_MICROSECONDS)),
        ("2,000 rules, mixed", mixed(2_000), None),
        ("500 rules that all govern", all_govern(500), Some(MOST_MICROSECONDS)),
    ];
    println!(
        "{:<28} {:>12} {:>12} {:>12}",
        "policy", "decide µs", "values µs", "verdict µs"
    );
    let mut is_met = true;
    for (name, policy, most) in &rows {
        let decide = microseconds(|| {
            black_box(policy.decide(black_box(&facts), Purpose::Renewal, at));
        });
        let values = microseconds(|| {
            black_box(policy.values(black_box(&facts), Purpose::Renewal, at));
        });
        let verdict = microseconds(|| {
            let one = std::slice::from_ref(black_box(&facts));
            black_box(policy.tally(one, Purpose::Renewal, at));
        });
        let held = most.is_none_or(|most| verdict <= most);
        is_met &= held;
        println!(
            "{name:<28} {decide:>12.2} {values:>12.2} {verdict:>12.2}{}",
            if held { "" } else { "  too slow" }
        );
    }
    std::process::exit(i32::from(!is_met));
}
