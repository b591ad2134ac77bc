use std::collections::BTreeSet;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::*;
use crate::criteria::{Component, Declared, Expected, Gate, Part, Rubric, Standard, Unmet};

mod proofs;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn rubric() -> Rubric {
    let component = |id: &str| Component {
        id: id.into(),
        demands: "it is so".into(),
        role: Part::Issuer,
        demanded_by: vec!["NEA".into()],
    };
    Rubric {
        format: 1,
        id: "test".into(),
        version: "1".into(),
        title: "Test".into(),
        approved_by: "nobody".into(),
        levels: ["no", "partly", "yes"].map(String::from).to_vec(),
        met_from: "yes".into(),
        gate: Gate::All,
        reviewers: 2,
        separate_decider: true,
        expect: None,
        standards: vec![Standard {
            id: "s".into(),
            title: "S".into(),
            components: vec![component("a"), component("b")],
        }],
    }
}

fn scores(a: &str, b: &str) -> Scores {
    [("a", a), ("b", b)]
        .map(|(id, level)| (id.to_owned(), level.to_owned()))
        .into()
}

fn operator(name: &str) -> By {
    By::Operator(name.into())
}

/// A case, and everything that was done in it.
struct File {
    steps: Vec<Taken>,
    now: Timestamp,
}

impl File {
    fn new() -> Self {
        let first = Taken {
            at: NOW,
            by: By::Applicant,
            step: Step::Apply,
            rubric: Some(rubric().reference()),
            issuer: None,
        };
        Self {
            steps: vec![first],
            now: NOW,
        }
    }

    fn case(&self) -> Case {
        Case::of(&self.steps).unwrap()
    }

    fn write(&mut self, by: By, step: Step) {
        let issuer = matches!(step, Step::Approve { .. }).then(|| "did:example:1".to_owned());
        let rubric = (step == Step::Renew).then(|| rubric().reference());
        self.steps.push(Taken {
            at: self.now,
            by,
            step,
            rubric,
            issuer,
        });
    }

    fn does(&mut self, who: &str, step: Step) -> Result<Phase, NotNow> {
        let by = if who == "applicant" {
            By::Applicant
        } else {
            operator(who)
        };
        self.case().allows(&by, &step, Some("because"), &rubric(), self.now)?;
        self.write(by, step);
        Ok(self.case().phase)
    }
}

fn review(level: &str) -> Step {
    Step::Review {
        scores: scores(level, "yes"),
    }
}

fn approve(now: Timestamp) -> Step {
    Step::Approve {
        conditions: vec!["the rubric stays public".into()],
        until: now.plus_seconds(3 * 365 * 86_400),
        provider: None,
    }
}

fn notice(now: Timestamp) -> Step {
    Step::Notice {
        of: Intent::Withdrawal,
        respond_by: now.plus_seconds(14 * 86_400),
    }
}

fn registered() -> File {
    let mut file = File::new();
    file.does("ann", review("yes")).unwrap();
    file.does("bo", review("yes")).unwrap();
    assert_eq!(file.does("cy", approve(NOW)), Ok(Phase::Registered));
    file
}

#[test]
fn nobody_is_approved_before_two_reviewers_found_everything_met_and_a_third_decides() {
    let mut file = File::new();
    let gate = |file: &mut File| match file.does("cy", approve(NOW)) {
        Err(NotNow::Gate(unmet)) => unmet,
        other => panic!("{other:?}"),
    };
    assert_eq!(gate(&mut file), [Unmet::Reviewers { have: 0, need: 2 }]);
    assert_eq!(file.does("ann", review("partly")), Ok(Phase::UnderReview));
    assert_eq!(
        gate(&mut file).len(),
        2,
        "one reviewer, and a component that is not met"
    );
    file.does("bo", review("yes")).unwrap();
    let short = Unmet::Components {
        short: vec!["a".into()],
        met: 1,
        need: 2,
    };
    assert_eq!(gate(&mut file), [short]);
    // The same person twice is one reviewer; the later scores count.
    file.does("ann", review("yes")).unwrap();
    assert!(matches!(file.does("ann", approve(NOW)), Err(NotNow::AnotherPerson(_))));
    assert_eq!(file.does("cy", approve(NOW)), Ok(Phase::Registered));
    let case = file.case();
    assert_eq!(case.issuer.as_deref(), Some("did:example:1"));
    assert_eq!(case.conditions, ["the rubric stays public"]);
    assert!(
        case.until
            .is_some_and(|until| case.has_lapsed(until) && !case.has_lapsed(NOW))
    );
}

#[test]
fn a_registration_ends_only_after_a_notice_that_gave_time_to_answer() {
    let mut file = registered();
    assert!(matches!(file.does("cy", Step::Withdraw), Err(NotNow::Illegal { .. })));
    file.does("cy", notice(NOW)).unwrap();
    assert!(matches!(file.does("cy", Step::Withdraw), Err(NotNow::TooEarly(_))));
    let answer = Step::Evidence {
        component: Some("a".into()),
        link: None,
    };
    file.does("applicant", answer).unwrap();
    file.now = NOW.plus_seconds(14 * 86_400);
    assert_eq!(file.does("cy", Step::Withdraw), Ok(Phase::Withdrawn));
    assert_eq!(file.case().possible(), [Kind::Appeal]);
    file.does("applicant", Step::Appeal).unwrap();
    let decide = |granted| Step::DecideAppeal { granted };
    assert!(matches!(file.does("cy", decide(true)), Err(NotNow::AnotherPerson(_))));
    assert_eq!(file.does("dee", decide(false)), Ok(Phase::Withdrawn));
    assert_eq!(file.case().possible(), [], "an appeal is heard once");
}

#[test]
fn an_appeal_that_is_granted_takes_the_decision_back() {
    let granted = Step::DecideAppeal { granted: true };
    let mut refused = File::new();
    assert_eq!(refused.does("cy", Step::Refuse), Ok(Phase::Refused));
    refused.does("applicant", Step::Appeal).unwrap();
    assert_eq!(refused.does("dee", granted.clone()), Ok(Phase::Submitted));
    let mut suspended = registered();
    suspended.does("cy", Step::Suspend).unwrap();
    suspended.does("applicant", Step::Appeal).unwrap();
    assert_eq!(suspended.does("dee", granted.clone()), Ok(Phase::Registered));
    let mut renewal = registered();
    renewal.does("applicant", Step::Renew).unwrap();
    renewal.does("ann", review("no")).unwrap();
    assert!(matches!(renewal.does("cy", approve(NOW)), Err(NotNow::Gate(_))));
    assert_eq!(renewal.does("cy", Step::Refuse), Ok(Phase::Registered));
    renewal.does("applicant", Step::Appeal).unwrap();
    renewal.does("dee", granted).unwrap();
    assert!(renewal.case().round.is_some_and(|round| round.reviews.is_empty()));
}

#[test]
fn what_a_step_says_keeps_to_its_limits() {
    let case = registered().case();
    let says = |step: &Step, note: Option<&str>| case.allows(&operator("cy"), step, note, &rubric(), NOW);
    assert!(
        matches!(says(&Step::Suspend, Some(" ")), Err(NotNow::Invalid(_))),
        "a reason is given"
    );
    assert!(says(&Step::Suspend, Some("the rubric is not public")).is_ok());
    assert!(matches!(
        says(&Step::Suspend, Some(&"x".repeat(MAX_NOTE + 1))),
        Err(NotNow::Invalid(_))
    ));
    assert!(matches!(
        says(&notice(NOW.plus_seconds(-15 * 86_400)), Some("x")),
        Err(NotNow::Invalid(_))
    ));
    let case = File::new().case();
    let says = |step: &Step| case.allows(&By::Applicant, step, None, &rubric(), NOW);
    let link = |link: &str| Step::Evidence {
        component: None,
        link: Some(link.into()),
    };
    assert!(says(&link("https://a.example/e")).is_ok());
    for bad in [
        "javascript:alert(1)",
        "https://a b",
        "ftp://a",
        &format!("https://{}", "x".repeat(500)),
    ] {
        assert!(matches!(says(&link(bad)), Err(NotNow::Invalid(_))), "{bad}");
    }
    assert!(matches!(
        says(&review("yes")),
        Err(NotNow::NotTheApplicants(Kind::Review))
    ));
    let unknown = Step::Review {
        scores: scores("yes", "excellent"),
    };
    let said = case
        .allows(&operator("ann"), &unknown, None, &rubric(), NOW)
        .unwrap_err();
    assert!(said.to_string().contains("`excellent` is no level"), "{said}");
}

#[test]
fn a_rubric_is_what_it_says_and_what_is_known_of_it() {
    assert_eq!(rubric().check(&[]), Ok(()));
    let counts = Expected {
        standards: 13,
        components: 29,
        gate: Gate::All,
    };
    let known = [Declared {
        id: "nc_2024",
        title: "Known",
        approved_by: "NC",
        counts,
    }];
    for id in ["nc_2024", "nc-2024"] {
        let claims = Rubric {
            id: id.into(),
            ..rubric()
        };
        let said = claims.check(&known).unwrap_err().to_string();
        assert!(
            said.contains("13 standards with 29 components") && said.contains("1 standards with 2"),
            "{said}"
        );
    }
    let own = rubric().counts();
    let broken: [fn(&mut Rubric); 9] = [
        |r| r.format = 2,
        |r| r.met_from = "excellent".into(),
        |r| r.levels.push("no".into()),
        |r| r.reviewers = 0,
        |r| r.gate = Gate::AtLeast(3),
        |r| r.standards.clear(),
        |r| r.standards[0].components[1].id = "a".into(),
        |r| r.standards[0].components[1].demands.clear(),
        |r| r.version = "1/2".into(),
    ];
    for spoil in broken {
        let mut bad = Rubric {
            expect: Some(own),
            ..rubric()
        };
        assert_eq!(bad.check(&known), Ok(()));
        spoil(&mut bad);
        assert!(bad.check(&known).is_err(), "{bad:?}");
    }
}

/// Any step, sensible or not.
fn any_step(rng: &mut StdRng, now: Timestamp) -> Step {
    let level = *["no", "partly", "yes", "yes", "yes"].choose(rng).unwrap();
    match Kind::ALL.choose(rng).unwrap() {
        Kind::Apply => Step::Apply,
        Kind::Evidence => Step::Evidence {
            component: Some("a".into()),
            link: None,
        },
        Kind::Prove => proofs::proof("did:web:a.example"),
        Kind::Review => review(level),
        Kind::Approve => approve(now),
        Kind::Refuse => Step::Refuse,
        Kind::Notice => Step::Notice {
            of: *[Intent::Suspension, Intent::Withdrawal].choose(rng).unwrap(),
            respond_by: now.plus_seconds(86_400),
        },
        Kind::Suspend => Step::Suspend,
        Kind::Reinstate => Step::Reinstate,
        Kind::Withdraw => Step::Withdraw,
        Kind::Renew => Step::Renew,
        Kind::Close => Step::Close,
        Kind::Appeal => Step::Appeal,
        Kind::DecideAppeal => Step::DecideAppeal { granted: rng.random() },
    }
}

/// Checks what must hold of any history a second time and in another way: by looking back from each step.
fn broken_promises(steps: &[Taken]) -> BTreeSet<&'static str> {
    let mut broken = BTreeSet::new();
    let kinds: Vec<Kind> = steps.iter().map(|taken| taken.step.kind()).collect();
    for (i, taken) in steps.iter().enumerate() {
        let before = &steps[..i];
        // Reviews count for one decision.
        let decided = before
            .iter()
            .rposition(|t| matches!(t.step.kind(), Kind::Approve | Kind::Refuse | Kind::Withdraw));
        let round = before.get(decided.unwrap_or(0)..).unwrap_or_default();
        match &taken.step {
            Step::Approve { .. } => {
                let mut last = BTreeMap::new();
                for one in round {
                    if let (Step::Review { scores }, By::Operator(name)) = (&one.step, &one.by) {
                        last.insert(name.clone(), scores.clone());
                    }
                }
                if last.len() < 2 || last.values().any(|scores| scores.values().any(|level| level != "yes")) {
                    broken.insert("approved below the gate");
                }
                if last.keys().any(|name| taken.by.is(name)) {
                    broken.insert("decided by a reviewer");
                }
            }
            Step::Withdraw => {
                let noticed = before.iter().any(
                    |t| matches!(t.step, Step::Notice { of: Intent::Withdrawal, respond_by } if respond_by <= taken.at),
                );
                if !noticed {
                    broken.insert("ended without a notice");
                }
            }
            Step::DecideAppeal { .. } => {
                let appealed = kinds[..i].iter().rposition(|kind| *kind == Kind::Appeal);
                let decided = appealed.and_then(|at| {
                    before[..at]
                        .iter()
                        .rfind(|t| matches!(t.step.kind(), Kind::Refuse | Kind::Suspend | Kind::Withdraw))
                });
                if decided.is_none_or(|t| t.by == taken.by) {
                    broken.insert("an appeal decided by the one it is against, or against nothing");
                }
            }
            Step::Prove { .. } if kinds[..i].contains(&Kind::Approve) && !kinds[..i].contains(&Kind::Withdraw) => {
                broken.insert("a registered issuer took another identifier");
            }
            _ if taken.by == By::Applicant && !taken.step.kind().is_applicants() => {
                broken.insert("an applicant did what operators do");
            }
            _ => {}
        }
        if kinds[..i].contains(&Kind::Close) {
            broken.insert("something after it was closed");
        }
    }
    broken
}

/// Random steps; `checked` says whether the state machine is asked.
fn random_history(rng: &mut StdRng, checked: bool) -> Vec<Taken> {
    let mut file = File::new();
    for _ in 0..60 {
        file.now = file.now.plus_seconds(rng.random_range(0..40_000));
        let who = *["applicant", "ann", "bo", "cy", "dee"].choose(rng).unwrap();
        let step = any_step(rng, file.now);
        if !checked {
            let by = if who == "applicant" {
                By::Applicant
            } else {
                operator(who)
            };
            file.write(by, step);
            continue;
        }
        let case = file.case();
        let possible = case.possible();
        match file.does(who, step.clone()) {
            Ok(_) => assert!(
                possible.contains(&step.kind()),
                "{step:?} was taken and not named as possible"
            ),
            Err(NotNow::Illegal { kind, .. }) => assert!(!possible.contains(&kind), "{kind:?}"),
            Err(_) => assert_eq!(file.case(), case, "what is refused changes nothing"),
        }
    }
    file.steps
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn no_order_of_steps_breaks_due_process() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut reached, mut unchecked) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..3_000 {
        let steps = random_history(&mut rng, true);
        let broken = broken_promises(&steps);
        assert!(
            broken.is_empty(),
            "seed {seed}, round {round}: {broken:?} in {steps:#?}"
        );
        reached.extend(steps.iter().map(|taken| taken.step.kind()));
        if round < 100 {
            unchecked.extend(broken_promises(&random_history(&mut rng, false)));
        }
    }
    // The walk reaches every kind of step, and a machine that allowed everything would break every promise.
    assert_eq!(reached.len(), Kind::ALL.len(), "seed {seed}: {reached:?}");
    assert_eq!(unchecked.len(), 7, "seed {seed}: {unchecked:?}");
}
