//! Restrictions count as soon as they are held, whatever date they carry: a date is the word of a clock that may be wrong.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use registry_schema::{
    RecognitionWithdrawal,
    recognition::{AgencyRecognition, AgencyRecognitionEntry, RecognitionBasis, Registration, RegistrationStanding},
};

use super::*;

/// A restriction with this date, put into the evidence.
type RestrictionCase = (&'static str, fn(&mut JudgeFixture, Timestamp));

fn withdrawal(at: Timestamp) -> Option<RecognitionWithdrawal> {
    Some(RecognitionWithdrawal {
        at,
        earlier_badges_stay_good: false,
    })
}

fn change_at(state: StatusState, at: Timestamp) -> Option<StatusChange> {
    let reason = StatusReason::IssuedInError;
    Some(StatusChange { state, at, reason })
}

fn status(world: &mut JudgeFixture, place: usize, of: (Option<StatusChange>, Option<StatusChange>)) {
    let StatusEvidence::Listed { revoked, suspended, .. } = &mut world.evidence.status[place] else {
        panic!("a list of the federation's");
    };
    (*revoked, *suspended) = of;
}

fn stands(world: &mut JudgeFixture, standing: RegistrationStanding, at: Timestamp, until: Option<Timestamp>) {
    let issuer = world.here().recognition.issuer.id.clone();
    let said = Registration {
        issuer,
        standing,
        at,
        until,
    };
    world.evidence.registrations.insert(id("US-SC"), said);
}

/// North Carolina accepts what Tennessee recognizes, and recognizes nobody itself.
fn follows(world: &mut JudgeFixture) {
    world.evidence.recognitions.truncate(1);
    world.evidence.recognitions[0].recognition.basis.may_be_followed = true;
    world.evidence.agency_recognitions.push(AgencyRecognitionEntry {
        agency: id("US-NC"),
        recognition: AgencyRecognition {
            id: "2".to_owned(),
            of: id("US-TN"),
            key_log: "0".repeat(64),
            scope: RecognitionScope::All,
            purposes: vec![Purpose::Renewal],
            from: t("2026-01-01"),
            until: None,
            depth: 1,
            basis: RecognitionBasis::default(),
        },
        withdrawn: None,
        waits: false,
    });
}

const RESTRICTIONS: [RestrictionCase; 11] = [
    ("revoked in the first list", |w, at| {
        status(w, 0, (change_at(StatusState::Revoked, at), None))
    }),
    ("revoked in the second list", |w, at| {
        status(w, 1, (change_at(StatusState::Revoked, at), None))
    }),
    ("suspended", |w, at| {
        status(w, 1, (None, change_at(StatusState::Suspended, at)))
    }),
    ("revoked and suspended", |w, at| {
        let of = (
            change_at(StatusState::Revoked, at),
            change_at(StatusState::Suspended, Timestamp(i64::MAX)),
        );
        status(w, 0, of);
    }),
    ("recognition withdrawn", |w, at| w.here().withdrawn = withdrawal(at)),
    ("registration suspended", |w, at| {
        stands(w, RegistrationStanding::Suspended, at, None)
    }),
    ("registration ended", |w, at| {
        stands(w, RegistrationStanding::Ended, at, None)
    }),
    ("the key compromised", |w, at| {
        w.evidence.issuers[0].verification_methods[0].compromised = Some(at)
    }),
    ("the home agency expelled", |w, at| {
        w.evidence.expelled.insert(id("US-SC"), at);
    }),
    ("the followed recognition withdrawn", |w, at| {
        follows(w);
        w.evidence.recognitions[0].withdrawn = withdrawal(at);
    }),
    ("the following withdrawn", |w, at| {
        follows(w);
        w.evidence.agency_recognitions[0].withdrawn = withdrawal(at);
    }),
];

#[test]
fn the_worlds_are_well_before_anything_is_taken_away() {
    let mut following = world();
    follows(&mut following);
    for world in [world(), following] {
        let verdict = world.verdict();
        assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:#?}", verdict.findings);
    }
}

/// The promise: asked about now, a badge with a held restriction is never accepted, whatever dates stand on the restriction,
/// and on whatever clock now is told. What is asked about the past is never accepted by an act dated ahead of now.
#[test]
#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn what_is_held_against_a_badge_counts_now_whatever_its_date() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let (first, end) = (t("2026-11-23T14:00:00Z"), t("2026-11-23T14:14:59Z"));
    for (name, restrict) in RESTRICTIONS {
        let signed = world();
        let badge = signed.badge();
        for round in 0..60 {
            let mut world = world();
            let now = Timestamp(chance.random_range(first.0..end.0));
            (world.question.at, world.question.now) = (now, now);
            if chance.random_bool(0.3) {
                world.question.known = Some(now);
                world.question.now = Timestamp(chance.random_range(now.0..now.0 + 1_000_000_000));
            }
            let dates = [
                i64::MIN,
                i64::MIN + 1,
                -1,
                0,
                1,
                now.0 - 1,
                now.0,
                now.0 + 1,
                now.0 + 172_800_000,
                i64::MAX - 1,
                i64::MAX,
            ];
            let date = Timestamp(match dates.get(round) {
                Some(date) => *date,
                None if chance.random_bool(0.5) => chance.random(),
                None => now.0 + chance.random_range(-400_000_000..400_000_000),
            });
            restrict(&mut world, date);
            let verdict = judge(&badge, &world.evidence, &world.question);
            audit(name, &verdict);
            assert_ne!(
                verdict.verdict,
                VerdictKind::Accepted,
                "{name}, dated {}: {}",
                date.0,
                verdict.sentence
            );
            // A question about the past: accepted only by an act that surely came later.
            world.question.at = Timestamp(now.0 - chance.random_range(1..1_000_000_000));
            let verdict = judge(&badge, &world.evidence, &world.question);
            audit(name, &verdict);
            if verdict.verdict == VerdictKind::Accepted {
                let surely_later = world.question.at < date && date <= world.question.knowing();
                assert!(surely_later, "{name}, dated {}: {}", date.0, verdict.sentence);
            }
        }
    }
}

#[test]
fn a_date_that_lies_ahead_is_told_as_the_agencys_clocks() {
    for (restrict, sentence) in [
        (
            RESTRICTIONS[0].1,
            "Not valid: this badge was revoked by South Carolina (issued in error); that agency's clock dated it ahead, to \
             25 November 2026.",
        ),
        (
            RESTRICTIONS[2].1,
            "Not valid: this badge was suspended by South Carolina (issued in error); that agency's clock dated it ahead, to \
             25 November 2026; it can be reinstated.",
        ),
    ] {
        let mut world = world();
        restrict(&mut world, t("2026-11-25T14:02:11Z"));
        assert_eq!(world.verdict().sentence, sentence);
    }
    let mut withdrawn = world();
    RESTRICTIONS[4].1(&mut withdrawn, t("2026-11-25"));
    let verdict = withdrawn.verdict();
    let found = verdict
        .findings
        .iter()
        .find(|f| f.code == "recognition.withdrawn")
        .unwrap();
    assert!(
        found.detail.starts_with(
            "North Carolina withdrew its recognition, and its clock dated that ahead, to 25 November 2026"
        ),
        "{}",
        found.detail
    );
    // What no calendar holds is told as such.
    let mut never = world();
    RESTRICTIONS[0].1(&mut never, Timestamp(i64::MAX));
    let sentence = never.verdict().sentence;
    assert!(
        sentence.ends_with("dated it ahead, to a day after the year 9999."),
        "{sentence}"
    );
}

#[test]
fn a_day_asked_about_is_the_asked_agencys_whole_day() {
    // In North Carolina, 15 August ends at four in the morning in UTC.
    let (noon, end) = (t("2026-08-15T16:00:00Z"), t("2026-08-16T03:59:59.999Z"));
    let asked = |spoil: &dyn Fn(&mut JudgeFixture)| {
        let mut world = world();
        world.question.at = end;
        spoil(&mut world);
        world.verdict()
    };
    let well = asked(&|_| {});
    assert_eq!(
        (well.verdict, well.sentence.as_str()),
        (
            VerdictKind::Accepted,
            "Accepted in North Carolina for license renewal on August 15, 2026."
        )
    );
    // A badge is good on its first day, and what is revoked on that day is.
    let first = asked(&|w| w.unsigned["validFrom"] = noon.to_string().into());
    assert_eq!(first.verdict, VerdictKind::Accepted, "{}", first.sentence);
    let revoked = asked(&|w| RESTRICTIONS[0].1(w, noon));
    assert_eq!(
        revoked.sentence,
        "Not valid on August 15, 2026: this badge was revoked on 15 August 2026 by South Carolina (issued in error)."
    );
    let later = asked(&|w| RESTRICTIONS[0].1(w, Timestamp(end.0 + 1)));
    assert_eq!(
        later.sentence,
        "Accepted in North Carolina for license renewal on August 15, 2026. It has been revoked since."
    );
    let unrecognized = asked(&|w| w.evidence.recognitions.clear());
    assert_eq!(
        unrecognized.sentence,
        "Genuine, but North Carolina does not recognize its issuer. This is about August 15, 2026."
    );
    let stale = asked(&|w| w.listed(|_, _, freshness| *freshness = Freshness::Never));
    assert_eq!(
        stale.sentence,
        "Could not check for August 15, 2026: South Carolina was never heard from."
    );
    let known = asked(&|w| w.question.known = Some(end));
    assert!(
        known
            .sentence
            .ends_with(" This is by what was known here at the end of August 15, 2026."),
        "{}",
        known.sentence
    );
    // An exact moment stays one, and what was undone since is told however short ago it is.
    let moment = asked(&|w| {
        w.question.at = t("2026-11-23T13:00:00Z");
        RESTRICTIONS[0].1(w, t("2026-11-23T13:30:00Z"));
    });
    assert_eq!(
        moment.sentence,
        "Accepted in North Carolina for license renewal, as of 23 November 2026, 13:00 UTC. It has been revoked since."
    );
}

/// Anybody can copy the status entry of a badge of another agency's issuer, whether that one is revoked or not.
#[test]
fn a_copied_status_entry_says_neither_that_a_badge_holds_nor_that_it_is_revoked() {
    for is_revoked in [false, true] {
        let mut world = world();
        for entry in &mut world.evidence.status {
            if let StatusEvidence::Listed { agency, revoked, .. } = entry {
                *agency = id("US-TN");
                *revoked = is_revoked.then(|| change(StatusState::Revoked, "2026-06-30"));
            }
        }
        let verdict = world.verdict();
        let codes: Vec<&str> = verdict.findings.iter().map(|f| f.code.as_str()).collect();
        assert!(codes.contains(&"status.list_unverified"), "{verdict:#?}");
        assert!(
            !codes.contains(&"status.active") && !codes.contains(&"status.revoked"),
            "{verdict:#?}"
        );
        assert_eq!(verdict.verdict, VerdictKind::CouldNotCheck);
        assert_eq!(
            (verdict.status.state, verdict.status.fresh_as_of),
            (StatusState::Unknown, None)
        );
    }
}
