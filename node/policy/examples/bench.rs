//! What a policy costs a verdict: `cargo run --release -p policy --example bench`. At most 10 µs with 500 rules.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers; a broken sample ends it"
)]

use std::{hint::black_box, time::Instant};

use policy::{Facts, Policy, file, samples};
use registry_schema::{
    Decimal, PolicyEntry, Purpose, Timestamp,
    acceptance::{AcceptanceRule, AppliesTo, Condition},
    worth::{Counts, Rates, WorthRule},
};

const ROUNDS: u32 = 20_000;
const MOST_MICROSECONDS: f64 = 10.0;

fn acceptance(number: usize, purposes: Vec<Purpose>, applies_to: AppliesTo) -> PolicyEntry {
    PolicyEntry::Acceptance(AcceptanceRule {
        id: format!("accept-{number}"),
        says: "a rule".into(),
        citation: "a source".into(),
        purposes,
        applies_to,
        from: Some(Timestamp(0)),
        until: None,
        requires: vec![Condition::AtLeastHours(Decimal::whole(4)), Condition::AssessedBlind],
        one_of: Vec::new(),
    })
}

fn worth(number: usize, purposes: Vec<Purpose>, applies_to: AppliesTo) -> PolicyEntry {
    PolicyEntry::Worth(WorthRule {
        id: format!("worth-{number}"),
        says: "a rule".into(),
        citation: "a source".into(),
        purposes,
        applies_to,
        from: Some(Timestamp(0)),
        until: None,
        unit: "PDP".into(),
        counts: Counts::Per(Rates {
            clock_hour: Some(Decimal::whole(1)),
            ..Rates::default()
        }),
        requires: vec![Condition::EarnedWithinLicense],
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
            0 => AppliesTo::default(),
            n if n < 6 => AppliesTo {
                achievements: vec![format!("a-{}", number / 10)],
                ..AppliesTo::default()
            },
            _ => AppliesTo {
                issuers: vec![format!("i-{}", number % 40)],
                ..AppliesTo::default()
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
        0 => acceptance(number, vec![Purpose::Renewal], AppliesTo::default()),
        _ => worth(number, vec![Purpose::Renewal], AppliesTo::default()),
    }))
}

/// The median of several runs, in microseconds.
fn microseconds(mut run: impl FnMut()) -> f64 {
    let mut runs: Vec<f64> = (0..7)
        .map(|_| {
            let begin = Instant::now();
            (0..ROUNDS).for_each(|_| run());
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

fn main() {
    let at: Timestamp = "2026-11-23".parse().expect("a date");
    let facts = Facts {
        id: "badge".into(),
        issuer: "i-7".into(),
        recognized_for: Some(vec![Purpose::Renewal]),
        achievement: Some("a-3".into()),
        earned: Some(at),
        clock_hours: Some(Decimal::whole(10)),
        assessed_blind: Some(true),
        ..Facts::default()
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
        ("500 rules that all govern", all_govern(500), None),
    ];
    println!(
        "{:<28} {:>12} {:>12} {:>12}",
        "policy", "decide µs", "values µs", "both µs"
    );
    let mut is_met = true;
    for (name, policy, most) in &rows {
        let decide = microseconds(|| {
            black_box(policy.decide(black_box(&facts), Purpose::Renewal, at));
        });
        let values = microseconds(|| {
            black_box(policy.values(black_box(&facts), Purpose::Renewal, at));
        });
        let held = most.is_none_or(|most| decide + values <= most);
        is_met &= held;
        println!(
            "{name:<28} {decide:>12.2} {values:>12.2} {:>12.2}{}",
            decide + values,
            if held { "" } else { "  too slow" }
        );
    }
    std::process::exit(i32::from(!is_met));
}
