use std::collections::BTreeSet;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::*;
use crate::criteria::{
    DeclaredRubric, ResponsibleParty, Rubric, RubricComponent, RubricCounts, RubricGate, RubricStandard, UnmetGate,
};

mod proofs;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn rubric() -> Rubric {
    let component = |id: &str| RubricComponent {
        id: id.into(),
        demands: "it is so".into(),
        role: ResponsibleParty::Issuer,
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
        gate: RubricGate::All,
        reviewers: 2,
        separate_decider: true,
        expect: None,
        standards: vec![RubricStandard {
            id: "s".into(),
            title: "S".into(),
            components: vec![component("a"), component("b")],
        }],
    }
}

fn scores(a: &str, b: &str) -> ComponentScores {
    [("a", a), ("b", b)]
        .map(|(id, level)| (id.to_owned(), level.to_owned()))
        .into()
}

fn operator(name: &str) -> StepActor {
    StepActor::Operator(name.into())
}

/// A case, and everything that was done in it.
struct RegistrationFixture {
    steps: Vec<TakenStep>,
    now: Timestamp,
}

impl RegistrationFixture {
    fn new() -> Self {
        let first = TakenStep {
            at: NOW,
            by: StepActor::Applicant,
            step: RegistrationStep::Apply,
            rubric: Some(rubric().reference()),
            issuer: None,
        };
        Self {
            steps: vec![first],
            now: NOW,
        }
    }

    fn case(&self) -> RegistrationCase {
        RegistrationCase::of(&self.steps).unwrap()
    }

    fn write(&mut self, by: StepActor, step: RegistrationStep) {
        let issuer = matches!(step, RegistrationStep::Approve { .. }).then(|| "did:example:1".to_owned());
        let rubric = (step == RegistrationStep::Renew).then(|| rubric().reference());
        self.steps.push(TakenStep {
            at: self.now,
            by,
            step,
            rubric,
            issuer,
        });
    }

    fn does(&mut self, who: &str, step: RegistrationStep) -> Result<CasePhase, StepRefusal> {
        let by = if who == "applicant" {
            StepActor::Applicant
        } else {
            operator(who)
        };
        self.case().allows(&by, &step, Some("because"), &rubric(), self.now)?;
        self.write(by, step);
        Ok(self.case().phase)
    }
}

fn review(level: &str) -> RegistrationStep {
    RegistrationStep::Review {
        scores: scores(level, "yes"),
    }
}

fn approve(now: Timestamp) -> RegistrationStep {
    RegistrationStep::Approve {
        conditions: vec!["the rubric stays public".into()],
        until: now.plus_seconds(3 * 365 * 86_400),
        provider: None,
    }
}

fn notice(now: Timestamp) -> RegistrationStep {
    RegistrationStep::Notice {
        of: IntendedMeasure::Withdrawal,
        respond_by: now.plus_seconds(14 * 86_400),
    }
}

fn registered() -> RegistrationFixture {
    let mut file = RegistrationFixture::new();
    file.does("ann", review("yes")).unwrap();
    file.does("bo", review("yes")).unwrap();
    assert_eq!(file.does("cy", approve(NOW)), Ok(CasePhase::Registered));
    file
}

#[test]
fn nobody_is_approved_before_two_reviewers_found_everything_met_and_a_third_decides() {
    let mut file = RegistrationFixture::new();
    let gate = |file: &mut RegistrationFixture| match file.does("cy", approve(NOW)) {
        Err(StepRefusal::Gate(unmet)) => unmet,
        other => panic!("{other:?}"),
    };
    assert_eq!(gate(&mut file), [UnmetGate::Reviewers { have: 0, need: 2 }]);
    assert_eq!(file.does("ann", review("partly")), Ok(CasePhase::UnderReview));
    assert_eq!(
        gate(&mut file).len(),
        2,
        "one reviewer, and a component that is not met"
    );
    file.does("bo", review("yes")).unwrap();
    let short = UnmetGate::Components {
        short: vec!["a".into()],
        met: 1,
        need: 2,
    };
    assert_eq!(gate(&mut file), [short]);
    // The same person twice is one reviewer; the later scores count.
    file.does("ann", review("yes")).unwrap();
    assert!(matches!(
        file.does("ann", approve(NOW)),
        Err(StepRefusal::AnotherPerson(_))
    ));
    assert_eq!(file.does("cy", approve(NOW)), Ok(CasePhase::Registered));
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
    assert!(matches!(
        file.does("cy", RegistrationStep::Withdraw),
        Err(StepRefusal::Illegal { .. })
    ));
    file.does("cy", notice(NOW)).unwrap();
    assert!(matches!(
        file.does("cy", RegistrationStep::Withdraw),
        Err(StepRefusal::TooEarly(_))
    ));
    let answer = RegistrationStep::Evidence {
        component: Some("a".into()),
        link: None,
    };
    file.does("applicant", answer).unwrap();
    file.now = NOW.plus_seconds(14 * 86_400);
    assert_eq!(file.does("cy", RegistrationStep::Withdraw), Ok(CasePhase::Withdrawn));
    assert_eq!(file.case().possible(), [StepKind::Appeal]);
    file.does("applicant", RegistrationStep::Appeal).unwrap();
    let decide = |granted| RegistrationStep::DecideAppeal { granted };
    assert!(matches!(
        file.does("cy", decide(true)),
        Err(StepRefusal::AnotherPerson(_))
    ));
    assert_eq!(file.does("dee", decide(false)), Ok(CasePhase::Withdrawn));
    assert_eq!(file.case().possible(), [], "an appeal is heard once");
}

#[test]
fn an_appeal_that_is_granted_takes_the_decision_back() {
    let granted = RegistrationStep::DecideAppeal { granted: true };
    let mut refused = RegistrationFixture::new();
    assert_eq!(refused.does("cy", RegistrationStep::Refuse), Ok(CasePhase::Refused));
    refused.does("applicant", RegistrationStep::Appeal).unwrap();
    assert_eq!(refused.does("dee", granted.clone()), Ok(CasePhase::Submitted));
    let mut suspended = registered();
    suspended.does("cy", RegistrationStep::Suspend).unwrap();
    suspended.does("applicant", RegistrationStep::Appeal).unwrap();
    assert_eq!(suspended.does("dee", granted.clone()), Ok(CasePhase::Registered));
    let mut renewal = registered();
    renewal.does("applicant", RegistrationStep::Renew).unwrap();
    renewal.does("ann", review("no")).unwrap();
    assert!(matches!(renewal.does("cy", approve(NOW)), Err(StepRefusal::Gate(_))));
    assert_eq!(renewal.does("cy", RegistrationStep::Refuse), Ok(CasePhase::Registered));
    renewal.does("applicant", RegistrationStep::Appeal).unwrap();
    renewal.does("dee", granted).unwrap();
    assert!(renewal.case().round.is_some_and(|round| round.reviews.is_empty()));
}

#[test]
fn what_a_step_says_keeps_to_its_limits() {
    let case = registered().case();
    let says = |step: &RegistrationStep, note: Option<&str>| case.allows(&operator("cy"), step, note, &rubric(), NOW);
    assert!(
        matches!(
            says(&RegistrationStep::Suspend, Some(" ")),
            Err(StepRefusal::Invalid(_))
        ),
        "a reason is given"
    );
    assert!(says(&RegistrationStep::Suspend, Some("the rubric is not public")).is_ok());
    assert!(matches!(
        says(&RegistrationStep::Suspend, Some(&"x".repeat(MAX_NOTE + 1))),
        Err(StepRefusal::Invalid(_))
    ));
    assert!(matches!(
        says(&notice(NOW.plus_seconds(-15 * 86_400)), Some("x")),
        Err(StepRefusal::Invalid(_))
    ));
    let case = RegistrationFixture::new().case();
    let says = |step: &RegistrationStep| case.allows(&StepActor::Applicant, step, None, &rubric(), NOW);
    let link = |link: &str| RegistrationStep::Evidence {
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
        assert!(matches!(says(&link(bad)), Err(StepRefusal::Invalid(_))), "{bad}");
    }
    assert!(matches!(
        says(&review("yes")),
        Err(StepRefusal::NotTheApplicants(StepKind::Review))
    ));
    let unknown = RegistrationStep::Review {
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
    let counts = RubricCounts {
        standards: 13,
        components: 29,
        gate: RubricGate::All,
    };
    let known = [DeclaredRubric {
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
        |r| r.gate = RubricGate::AtLeast(3),
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
fn any_step(rng: &mut StdRng, now: Timestamp) -> RegistrationStep {
    let level = *["no", "partly", "yes", "yes", "yes"].choose(rng).unwrap();
    match StepKind::ALL.choose(rng).unwrap() {
        StepKind::Apply => RegistrationStep::Apply,
        StepKind::Evidence => RegistrationStep::Evidence {
            component: Some("a".into()),
            link: None,
        },
        StepKind::Prove => proofs::proof("did:web:a.example"),
        StepKind::Review => review(level),
        StepKind::Approve => approve(now),
        StepKind::Refuse => RegistrationStep::Refuse,
        StepKind::Notice => RegistrationStep::Notice {
            of: *[IntendedMeasure::Suspension, IntendedMeasure::Withdrawal]
                .choose(rng)
                .unwrap(),
            respond_by: now.plus_seconds(86_400),
        },
        StepKind::Suspend => RegistrationStep::Suspend,
        StepKind::Reinstate => RegistrationStep::Reinstate,
        StepKind::Withdraw => RegistrationStep::Withdraw,
        StepKind::Renew => RegistrationStep::Renew,
        StepKind::Close => RegistrationStep::Close,
        StepKind::Appeal => RegistrationStep::Appeal,
        StepKind::DecideAppeal => RegistrationStep::DecideAppeal { granted: rng.random() },
    }
}

/// Checks what must hold of any history a second time and in another way: by looking back from each step.
fn broken_promises(steps: &[TakenStep]) -> BTreeSet<&'static str> {
    let mut broken = BTreeSet::new();
    let kinds: Vec<StepKind> = steps.iter().map(|taken| taken.step.kind()).collect();
    for (i, taken) in steps.iter().enumerate() {
        let before = &steps[..i];
        // Reviews count for one decision.
        let decided = before
            .iter()
            .rposition(|t| matches!(t.step.kind(), StepKind::Approve | StepKind::Refuse | StepKind::Withdraw));
        let round = before.get(decided.unwrap_or(0)..).unwrap_or_default();
        match &taken.step {
            RegistrationStep::Approve { .. } => {
                let mut last = BTreeMap::new();
                for one in round {
                    if let (RegistrationStep::Review { scores }, StepActor::Operator(name)) = (&one.step, &one.by) {
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
            RegistrationStep::Withdraw => {
                let noticed = before.iter().any(
                    |t| matches!(t.step, RegistrationStep::Notice { of: IntendedMeasure::Withdrawal, respond_by } if respond_by <= taken.at),
                );
                if !noticed {
                    broken.insert("ended without a notice");
                }
            }
            RegistrationStep::DecideAppeal { .. } => {
                let appealed = kinds[..i].iter().rposition(|kind| *kind == StepKind::Appeal);
                let decided = appealed.and_then(|at| {
                    before[..at]
                        .iter()
                        .rfind(|t| matches!(t.step.kind(), StepKind::Refuse | StepKind::Suspend | StepKind::Withdraw))
                });
                if decided.is_none_or(|t| t.by == taken.by) {
                    broken.insert("an appeal decided by the one it is against, or against nothing");
                }
            }
            RegistrationStep::Prove { .. }
                if kinds[..i].contains(&StepKind::Approve) && !kinds[..i].contains(&StepKind::Withdraw) =>
            {
                broken.insert("a registered issuer took another identifier");
            }
            _ if taken.by == StepActor::Applicant && !taken.step.kind().is_applicants() => {
                broken.insert("an applicant did what operators do");
            }
            _ => {}
        }
        if kinds[..i].contains(&StepKind::Close) {
            broken.insert("something after it was closed");
        }
    }
    broken
}

/// Random steps; `checked` says whether the state machine is asked.
fn random_history(rng: &mut StdRng, checked: bool) -> Vec<TakenStep> {
    let mut file = RegistrationFixture::new();
    for _ in 0..60 {
        file.now = file.now.plus_seconds(rng.random_range(0..40_000));
        let who = *["applicant", "ann", "bo", "cy", "dee"].choose(rng).unwrap();
        let step = any_step(rng, file.now);
        if !checked {
            let by = if who == "applicant" {
                StepActor::Applicant
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
            Err(StepRefusal::Illegal { kind, .. }) => assert!(!possible.contains(&kind), "{kind:?}"),
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
    assert_eq!(reached.len(), StepKind::ALL.len(), "seed {seed}: {reached:?}");
    assert_eq!(unchecked.len(), 7, "seed {seed}: {unchecked:?}");
}
