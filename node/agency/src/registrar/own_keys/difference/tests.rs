use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

const SEEN: Timestamp = Timestamp(1_000_000);
const NOW: Timestamp = Timestamp(2_000_000);

fn key(name: &str, from: Option<i64>, until: Option<i64>) -> VerificationMethod {
    VerificationMethod {
        id: format!("did:web:a.example#{name}"),
        public_key_multibase: format!("z6Mk{name}"),
        from: from.map(Timestamp),
        until: until.map(Timestamp),
        compromised: None,
    }
}

/// The name of each key, its term and what became of it.
fn told(
    listed: &[VerificationMethod],
    published: &[VerificationMethod],
) -> Vec<(String, Option<i64>, Option<i64>, KeyDifference)> {
    let all = difference(listed, published, SEEN, NOW).into_iter();
    all.map(|(method, became)| {
        let name = method.public_key_multibase.trim_start_matches("z6Mk").to_owned();
        (name, method.from.map(|at| at.0), method.until.map(|at| at.0), became)
    })
    .collect()
}

#[test]
fn a_new_key_is_one_since_the_last_look_and_one_that_is_gone_until_now() {
    let was = [key("a", None, None), key("b", Some(5), None)];
    let is = [key("b", None, None), key("c", None, None)];
    let expected = [
        ("a".to_owned(), None, Some(NOW.0), KeyDifference::Gone),
        ("b".to_owned(), Some(5), None, KeyDifference::Same),
        ("c".to_owned(), Some(SEEN.0), None, KeyDifference::New),
    ];
    assert_eq!(told(&was, &is), expected);
}

#[test]
fn terms_that_the_issuer_publishes_are_taken_as_given() {
    let was = [key("a", Some(5), None)];
    let is = [key("a", Some(7), Some(1_500_000)), key("b", Some(1_500_000), None)];
    let expected = [
        ("a".to_owned(), Some(7), Some(1_500_000), KeyDifference::OtherTerm),
        ("b".to_owned(), Some(1_500_000), None, KeyDifference::New),
    ];
    assert_eq!(told(&was, &is), expected);
    // Looked at again, the same history changes nothing.
    let again: Vec<_> = difference(&was, &is, SEEN, NOW)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    let became = difference(&again, &is, NOW, Timestamp(3_000_000));
    assert!(
        became.iter().all(|(_, became)| *became == KeyDifference::Same),
        "{became:?}"
    );
}

#[test]
fn a_key_that_comes_back_does_not_make_good_what_it_signed_in_between() {
    let was = [key("a", None, Some(900_000))];
    let expected = [
        ("a".to_owned(), None, Some(900_000), KeyDifference::Same),
        ("a".to_owned(), Some(SEEN.0), None, KeyDifference::New),
    ];
    assert_eq!(told(&was, &[key("a", None, None)]), expected);
    // One whose end had not come when it was last looked was there all the time.
    let was = [key("a", None, Some(1_500_000))];
    let expected = [("a".to_owned(), None, None, KeyDifference::OtherTerm)];
    assert_eq!(told(&was, &[key("a", None, None)]), expected);
}

#[test]
fn another_key_under_the_same_name_is_another_key() {
    let other = VerificationMethod {
        public_key_multibase: "z6Mkother".into(),
        ..key("a", None, None)
    };
    let all = told(&[key("a", None, None)], &[other]);
    assert_eq!(
        all.iter().map(|(.., became)| *became).collect::<Vec<_>>(),
        [KeyDifference::Gone, KeyDifference::New]
    );
}

/// Random documents, look after look.
#[test]
#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn no_key_vanishes_and_none_that_is_compromised_becomes_sound() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut gone, mut stolen) = (0, 0);
    for _ in 0..2_000 {
        let mut listed: Vec<VerificationMethod> = Vec::new();
        let mut seen = SEEN;
        for _ in 0..8 {
            let now = seen.plus_seconds(rng.random_range(1..1_000));
            let mut published = Vec::new();
            for name in ["a", "b", "c", "d"] {
                if rng.random_bool(0.5) {
                    let mut moment = || rng.random_bool(0.2).then(|| rng.random_range(0..5_000_000));
                    let (from, until) = (moment(), moment());
                    let mut one = key(name, from, until);
                    if rng.random_bool(0.2) {
                        one.id.push('x');
                    }
                    published.push(one);
                }
            }
            let new = difference(&listed, &published, seen, now);
            for old in &listed {
                let same: Vec<_> = new.iter().filter(|(one, _)| is_same(old, one)).collect();
                assert!(!same.is_empty(), "seed {seed}: {old:?} vanished");
                let is_sound = same.iter().any(|(one, _)| one.compromised.is_none());
                assert!(
                    old.compromised.is_none() || !is_sound,
                    "seed {seed}: {old:?} became sound"
                );
                stolen += usize::from(old.compromised.is_some());
            }
            for (one, became) in &new {
                let stands = published.iter().any(|other| is_same(one, other));
                assert!(
                    stands || one.until.is_some_and(|until| until <= now),
                    "seed {seed}: {one:?} is open"
                );
                gone += usize::from(*became == KeyDifference::Gone);
                // What it signed before the last look, and could not have, stays so.
                let had = listed.iter().any(|old| is_same(old, one));
                let given = published
                    .iter()
                    .any(|other| is_same(one, other) && other.from.is_some());
                assert!(had || given || one.from == Some(seen), "seed {seed}: {one:?}");
            }
            listed = new.into_iter().map(|(one, _)| one).collect();
            if let Some(one) = listed.iter_mut().find(|_| rng.random_bool(0.1)) {
                one.compromised = Some(now);
            }
            seen = now;
        }
    }
    assert!(
        gone > 100 && stolen > 100,
        "seed {seed}: the walk met {gone} and {stolen}"
    );
}
