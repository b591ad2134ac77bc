//! Files that an officer gets wrong, decisions that name their rules, and changes that show their consequences.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use policy::{BadgeFacts, Policy, diff, file, samples, what_if};
use registry_schema::{PolicyEntry, Purpose, Timestamp, VerdictKind, policy::PolicyFile};

fn now() -> Timestamp {
    "2026-11-23".parse().unwrap()
}

fn parsed(agency: &str) -> PolicyFile {
    file::parse(samples::of(agency).unwrap()).unwrap()
}

fn recognized(id: &str) -> BadgeFacts {
    BadgeFacts {
        id: id.into(),
        issuer: "did:example:a".into(),
        achievement: Some(id.into()),
        recognized_for: Some(vec![Purpose::Renewal]),
        ..BadgeFacts::default()
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_by_line_and_column() {
    let good = samples::of("US-TN").unwrap();
    let line = |needle: &str| good.lines().position(|line| line.contains(needle)).unwrap() + 1;
    let rule = line("[[worth]]");
    for (was, is, expected) in [
        (
            "unit = \"PDP\"\ncounts",
            "unit = PDP\ncounts",
            format!("line {}, column 8: ", line("unit = \"PDP\"")),
        ),
        (
            "\"earned_within_license\"",
            "\"earned_within_licence\"",
            format!(
                "line {}, column 13: unknown variant `earned_within_licence`",
                line("requires")
            ),
        ),
        (
            "approver =",
            "aprover =",
            format!("line {}, column 1: unknown field `aprover`", line("approver")),
        ),
        (
            "micro_credential = 6",
            "micro_credential = 6.125",
            format!("line {}, column ", line("counts = ")),
        ),
        (
            "id = \"tn-pdp\"",
            "id = \"TN PDP\"",
            format!(
                "line {}, column 6: `TN PDP` is no id: write 1 to 64 lower-case letters, digits and hyphens, at `\"TN PDP\"`",
                rule + 1
            ),
        ),
        (
            "id = \"tn-advancement\"",
            "id = \"tn-renewal\"",
            format!(
                "line {}, column 6: the id `tn-renewal` is taken",
                line("id = \"tn-advancement\"")
            ),
        ),
        (
            "approver =",
            "from = 2024-07-01\napprover =",
            format!("line {}, column 8: ", line("approver")),
        ),
        (
            "approver =",
            "from = \"2025-01-01\"\nuntil = \"2024-01-01\"\napprover =",
            format!(
                "line {}, column 9: `until` is `2024-01-01T00:00:00Z`, before `from`",
                line("approver") + 1
            ),
        ),
        (
            "\"earned_within_license\"",
            "{ criterion_met = \"public-rubric\" }",
            format!(
                "line {}, column 12: the policy has no criterion `public-rubric`",
                line("requires")
            ),
        ),
        (
            "format = 1",
            "format = 2",
            format!(
                "line {}, column 10: `format` is `2`: this version reads 1, at `2`",
                line("format = 1")
            ),
        ),
        (
            "purposes = [\"renewal\", \"advancement\"]",
            "purposes = []",
            format!("line {}, column 12: `purposes` names at least one", line("purposes")),
        ),
        (
            "says = \"Each micro",
            "says = \"\"#",
            format!(
                "line {}, column 8: `says` has 0 characters: write 1 to 1000",
                line("says = \"Each micro")
            ),
        ),
    ] {
        assert!(good.contains(was), "{was}");
        let wrong = file::parse(&good.replacen(was, is, 1)).unwrap_err().to_string();
        assert!(wrong.starts_with(&expected), "{is}: expected {expected} …, got {wrong}");
        assert!(!wrong.ends_with('.') && wrong.contains('`'), "{wrong}");
    }
    let date = file::parse(&good.replacen("approver =", "from = 2024-07-01\napprover =", 1))
        .unwrap_err()
        .to_string();
    assert!(date.contains("write dates in quotes"), "{date}");
}

#[test]
fn all_faults_of_a_file_are_said_at_once() {
    let text = samples::of("US-TN")
        .unwrap()
        .replace("amount = 60", "amount = 60\nwhom = \"\"")
        .replace("id = \"tn-pdp\"", "id = \"-?\"");
    assert_eq!(file::parse(&text).unwrap_err().0.len(), 2);
}

#[test]
fn a_file_that_is_too_long_is_refused_unread() {
    let text = "#".repeat(file::MAX_BYTES + 1);
    assert!(
        file::parse(&text)
            .unwrap_err()
            .to_string()
            .contains("write at most 1048576")
    );
}

#[test]
fn a_value_that_is_not_in_its_one_form_is_none() {
    let entry = parsed("US-TN").entries().into_iter().nth(1).unwrap();
    let (key, value) = (entry.key(), entry.to_cbor());
    assert_eq!(key, "worth/tn-pdp");
    assert_eq!(PolicyEntry::from_cbor(&key, &value), Some(entry));
    assert_eq!(
        PolicyEntry::from_cbor("worth/other", &value),
        None,
        "the key names another"
    );
    assert_eq!(
        PolicyEntry::from_cbor("requirement/tn-pdp", &value),
        None,
        "the key names another kind"
    );
    assert_eq!(PolicyEntry::from_cbor("pictures/tn-pdp", &value), None, "no kind");
    let longer = [value.as_slice(), &[0xf6]].concat();
    assert_eq!(PolicyEntry::from_cbor(&key, &longer), None, "more behind it");
    for cut in 0..value.len() {
        assert_eq!(PolicyEntry::from_cbor(&key, &value[..cut]), None, "{cut} bytes of it");
    }
}

#[test]
fn a_decision_names_the_rules_that_made_it() {
    let policy = Policy::new(parsed("US-SC").entries());
    let mut facts = recognized("b");
    let unknown = policy.decide(&facts, Purpose::Renewal, now());
    assert_eq!(unknown.verdict, VerdictKind::CouldNotCheck);
    assert_eq!(unknown.rules().collect::<Vec<_>>(), ["sc-approved-provider"]);
    assert_eq!(
        unknown.to_string(),
        "could not check: rule `sc-approved-provider` (ed.sc.gov renewal provider page; carolinacred.org): not known \
         whether its provider is not a third party and its issuer meets the criterion `state-approved-provider`"
    );
    facts.provider = Some(registry_schema::acceptance::ProviderKind::ThirdParty);
    let failed = policy.decide(&facts, Purpose::Renewal, now());
    assert_eq!(failed.verdict, VerdictKind::NotRecognized);
    assert!(
        failed
            .to_string()
            .ends_with("demands that its provider is not a third party"),
        "{failed}"
    );
    facts.provider = Some(registry_schema::acceptance::ProviderKind::District);
    facts.criteria.insert("state-approved-provider".into(), true);
    let accepted = policy.decide(&facts, Purpose::Renewal, now());
    assert_eq!((accepted.verdict, accepted.rules().count()), (VerdictKind::Accepted, 1));
    facts.recognized_for = None;
    let open = policy.decide(&facts, Purpose::Renewal, now());
    assert_eq!((open.verdict, open.by_recognition), (VerdictKind::CouldNotCheck, true));
}

#[test]
fn a_rule_counts_from_its_first_moment_up_to_its_last() {
    let mut file = parsed("US-GA");
    let rule = &mut file.worth[0];
    (rule.from, rule.until) = (Some("2026-01-01".parse().unwrap()), Some("2027-01-01".parse().unwrap()));
    let policy = Policy::new(file.entries());
    let facts = BadgeFacts {
        clock_hours: Some("10".parse().unwrap()),
        ..recognized("b")
    };
    for (at, worth) in [
        ("2025-12-31T23:59:59Z", "no published rate"),
        ("2026-01-01", "1 PLU"),
        ("2026-12-31T23:59:59Z", "1 PLU"),
        ("2027-01-01", "no published rate"),
    ] {
        let tally = policy.tally(std::slice::from_ref(&facts), Purpose::Renewal, at.parse().unwrap());
        assert_eq!(tally.worth_in_words(), worth, "{at}");
    }
}

#[test]
fn concurrent_versions_of_a_rule_are_never_the_weaker_one() {
    let sc = parsed("US-SC");
    let mut weaker = sc.acceptance[0].clone();
    weaker.requires.truncate(1);
    let mut entries = sc.entries();
    entries.push(PolicyEntry::Acceptance(weaker));
    let facts = BadgeFacts {
        provider: Some(registry_schema::acceptance::ProviderKind::District),
        ..recognized("b")
    };
    assert_eq!(
        Policy::new(entries).decide(&facts, Purpose::Renewal, now()).verdict,
        VerdictKind::CouldNotCheck
    );

    let ga = parsed("US-GA");
    let mut other = ga.worth[0].clone();
    other.counts = registry_schema::worth::WorthFormula::Per(registry_schema::worth::WorthRates {
        clock_hour: Some("1".parse().unwrap()),
        ..Default::default()
    });
    let mut entries = ga.entries();
    entries.push(PolicyEntry::Worth(other));
    let facts = BadgeFacts {
        clock_hours: Some("10".parse().unwrap()),
        ..recognized("b")
    };
    let policy = Policy::new(entries);
    let tally = policy.tally(&[facts], Purpose::Renewal, now());
    assert_eq!(
        tally.worth_in_words(),
        "0 PLUs (more, once it is known which version of rule `ga-plu` holds)".replace("PLUs", "PLU")
    );
}

#[test]
fn a_difference_is_said_rule_by_rule() {
    let old = parsed("US-TN");
    let mut new = old.clone();
    new.worth[0].unit = "CEU".into();
    new.requirement.remove(0);
    new.criterion.push(registry_schema::criteria::Criterion {
        id: "public-rubric".into(),
        demands: "The rubric is public.".into(),
        citation: "found with Digital Promise".into(),
        met_by: vec![],
    });
    new.requirement.reverse();
    let said: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "criterion `public-rubric` added: The rubric is public.",
            "worth rule `tn-pdp` changed: `unit` was \"PDP\", is now \"CEU\"",
            "requirement `tn-renewal` removed; it said: Renewal takes 60 PDP.",
        ]
    );
    assert!(diff(&old, &old).is_empty());
}

#[test]
fn the_consequences_of_a_change_are_counted_by_issuer_and_name_their_base() {
    let ga = parsed("US-GA");
    let mut stricter = ga.clone();
    stricter.acceptance.push(registry_schema::acceptance::AcceptanceRule {
        id: "at-least-ten".into(),
        says: "It stands for at least 10 clock hours.".into(),
        citation: "a test".into(),
        purposes: vec![Purpose::Renewal],
        applies_to: Default::default(),
        from: None,
        until: None,
        requires: vec![registry_schema::acceptance::RuleCondition::AtLeastHours(
            "10".parse().unwrap(),
        )],
        one_of: vec![],
    });
    let badges: Vec<BadgeFacts> = (1..=12)
        .map(|hours| BadgeFacts {
            clock_hours: Some(hours.to_string().parse().unwrap()),
            issuer: if hours % 2 == 0 {
                "did:example:even".into()
            } else {
                "did:example:odd".into()
            },
            achievement: Some("reading".into()),
            ..recognized(&format!("badge-{hours}"))
        })
        .collect();
    let (old, new) = (Policy::new(ga.entries()), Policy::new(stricter.entries()));
    let consequences = what_if(&old, &new, &badges, &Purpose::ALL, now());
    assert_eq!(consequences.badges, 12);
    assert_eq!(consequences.changes.iter().map(|change| change.count).sum::<usize>(), 9);
    let said = consequences.changes[0].to_string();
    assert_eq!(
        said,
        "1 badge of `did:example:even`, achievement `reading`, for license renewal: from accepted, 0.2 PLU to not recognized"
    );
    assert!(!said.contains("badge-"), "no badge is named");
    assert!(what_if(&old, &old, &badges, &Purpose::ALL, now()).changes.is_empty());
}

#[test]
fn the_model_can_be_adopted_and_does_what_it_says() {
    let policy = Policy::new(file::parse(samples::MODEL).unwrap().entries());
    let mut facts = BadgeFacts {
        clock_hours: Some("45".parse().unwrap()),
        assessed_blind: Some(true),
        earned: Some("2025-01-01".parse().unwrap()),
        license: Some(policy::facts::LicensePeriod {
            from: "2022-07-01".parse().unwrap(),
            until: "2027-07-01".parse().unwrap(),
        }),
        ..recognized("a")
    };
    for criterion in ["public-rubric", "calibrated-assessors", "integrity-and-due-process"] {
        let before = policy.decide(&facts, Purpose::Renewal, now()).verdict;
        assert_eq!(before, VerdictKind::CouldNotCheck, "without {criterion}");
        facts.criteria.insert(criterion.into(), true);
    }
    let second = BadgeFacts {
        id: "b".into(),
        achievement: Some("b".into()),
        ..facts.clone()
    };
    let tally = policy.tally(&[facts.clone(), second], Purpose::Renewal, now());
    assert_eq!(
        tally.to_string(),
        "2 of 2 recognized for license renewal: 60 clock hours"
    );
    facts.assessed_blind = Some(false);
    facts.provider = Some(registry_schema::acceptance::ProviderKind::ThirdParty);
    assert_eq!(
        policy.decide(&facts, Purpose::Renewal, now()).verdict,
        VerdictKind::NotRecognized
    );
}
