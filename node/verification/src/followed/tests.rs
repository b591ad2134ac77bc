#![expect(clippy::print_stdout, reason = "a seed, so that chance can be had again")]

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use registry_schema::{
    Issuer, Recognition, RecognitionScope, RecognitionWithdrawal,
    recognition::{AgencyRecognition, RecognitionBasis, Registration, RegistrationStanding},
};

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn id(n: usize) -> AgencyId {
    format!("US-A{n}").parse().unwrap()
}

fn fresh() -> Freshness {
    Freshness::Heard {
        as_of: NOW,
        good_until: NOW.plus_seconds(60),
    }
}

const STALE: Freshness = Freshness::Heard {
    as_of: Timestamp(0),
    good_until: Timestamp(1),
};

/// Recognition by `by` of the issuer, whose home is agency 0.
fn of_issuer(by: usize, purposes: &[Purpose], may_be_followed: bool) -> RecognitionEntry {
    RecognitionEntry {
        agency: id(by),
        recognition: Recognition {
            id: format!("rec-{by}"),
            issuer: Issuer {
                id: "did:example:1".into(),
                name: "One".into(),
                agency: id(0),
                verification_methods: vec![],
                url: None,
                provider: None,
                own_keys: None,
            },
            scope: RecognitionScope::All,
            purposes: purposes.to_vec(),
            from: Timestamp(0),
            until: None,
            accepts_without_status: true,
            basis: RecognitionBasis {
                may_be_followed,
                ..RecognitionBasis::default()
            },
        },
        withdrawn: None,
        waits: false,
    }
}

fn of_agency(by: usize, of: usize, depth: u8, may_be_followed: bool) -> AgencyRecognitionEntry {
    AgencyRecognitionEntry {
        agency: id(by),
        recognition: AgencyRecognition {
            id: format!("rec-{by}-{of}-{depth}-{may_be_followed}"),
            of: id(of),
            key_log: "0".repeat(64),
            scope: RecognitionScope::All,
            purposes: vec![Purpose::Renewal, Purpose::Salary],
            from: Timestamp(0),
            until: None,
            depth,
            basis: RecognitionBasis {
                may_be_followed,
                ..RecognitionBasis::default()
            },
        },
        withdrawn: None,
        waits: false,
    }
}

fn world(agencies: usize, issuers: Vec<RecognitionEntry>, hops: Vec<AgencyRecognitionEntry>) -> Evidence {
    Evidence {
        issuers: vec![of_issuer(0, &[], false).recognition.issuer],
        recognitions: issuers,
        agency_recognitions: hops,
        trust_lists: (0..agencies).map(|n| (id(n), fresh())).collect(),
        ..Evidence::default()
    }
}

fn paths(evidence: &Evidence, asked: usize) -> Vec<Vec<AgencyId>> {
    let sought = RecognitionQuery {
        issuer: "did:example:1",
        achievement: None,
        alignments: &[],
        asked: QueryTime::now(NOW),
        issued: None,
        vouched: None,
    };
    held(evidence, &id(asked), &sought, ListFreshness::FreshAt(NOW))
        .iter()
        .map(RecognitionPath::path)
        .collect()
}

#[test]
fn an_agency_is_followed_only_where_both_sides_say_so() {
    let renewal = [Purpose::Renewal];
    let both = world(3, vec![of_issuer(1, &renewal, true)], vec![of_agency(2, 1, 1, false)]);
    assert_eq!(paths(&both, 2), [[id(1), id(2)]]);
    let not_there = world(3, vec![of_issuer(1, &renewal, false)], vec![of_agency(2, 1, 1, false)]);
    assert!(paths(&not_there, 2).is_empty());
    let not_here = world(3, vec![of_issuer(1, &renewal, true)], vec![]);
    assert!(paths(&not_here, 2).is_empty());
    let another_purpose = world(
        3,
        vec![of_issuer(1, &[Purpose::Stipend], true)],
        vec![of_agency(2, 1, 1, false)],
    );
    assert!(paths(&another_purpose, 2).is_empty());
    let sought = RecognitionQuery {
        issuer: "did:example:1",
        achievement: None,
        alignments: &[],
        asked: QueryTime::now(NOW),
        issued: None,
        vouched: None,
    };
    let asked = id(2);
    let found = held(&both, &asked, &sought, ListFreshness::FreshAt(NOW));
    assert!(
        !found[0].accepts_without_status(),
        "that is for the asked agency itself to say"
    );
}

#[test]
fn a_chain_ends_where_its_depth_a_withdrawal_or_a_stale_list_ends_it() {
    let chain = |depth: u8| {
        let hops = vec![of_agency(3, 2, depth, false), of_agency(2, 1, 1, true)];
        world(4, vec![of_issuer(1, &[Purpose::Renewal], true)], hops)
    };
    assert_eq!(paths(&chain(2), 3), [[id(1), id(2), id(3)]]);
    assert!(paths(&chain(1), 3).is_empty(), "too deep");
    let mut stale = chain(2);
    stale.trust_lists.insert(id(2), STALE);
    assert!(paths(&stale, 3).is_empty());
    let mut withdrawn = chain(2);
    withdrawn.agency_recognitions[1].withdrawn = Some(RecognitionWithdrawal {
        at: NOW,
        earlier_badges_stay_good: false,
    });
    assert!(paths(&withdrawn, 3).is_empty());
    let mut unwilling = chain(2);
    unwilling.agency_recognitions[1].recognition.basis.may_be_followed = false;
    assert!(paths(&unwilling, 3).is_empty());
    let mut forked = chain(2);
    forked.agency_recognitions[0].waits = true;
    assert!(paths(&forked, 3).is_empty());
}

#[test]
fn a_recognition_follows_the_issuers_home_unless_it_stands_alone() {
    let mut evidence = world(2, vec![of_issuer(1, &[Purpose::Renewal], false)], vec![]);
    assert_eq!(paths(&evidence, 1), [[id(1)]]);
    let said = |standing, at| Registration {
        issuer: "did:example:1".into(),
        standing,
        at: Timestamp(at),
        until: None,
    };
    let suspended = said(RegistrationStanding::Suspended, NOW.0);
    evidence.registrations.insert(id(0), suspended);
    assert!(paths(&evidence, 1).is_empty());
    evidence.recognitions[0].recognition.basis.stands_alone = true;
    assert_eq!(paths(&evidence, 1), [[id(1)]]);
    evidence.recognitions[0].recognition.basis.stands_alone = false;
    evidence
        .registrations
        .insert(id(0), said(RegistrationStanding::Ended, NOW.0 + 1));
    assert!(
        paths(&evidence, 1).is_empty(),
        "what is held counts, though its date lies ahead"
    );
    evidence.registrations.clear();
    assert_eq!(paths(&evidence, 1), [[id(1)]]);
    evidence.trust_lists.insert(id(0), STALE);
    assert!(paths(&evidence, 1).is_empty(), "not known");
    evidence.trust_lists.insert(id(0), fresh());
    evidence.issuers.clear();
    assert!(paths(&evidence, 1).is_empty(), "no longer listed");
}

/// The definition itself, told by walking every simple chain: slow, and without any of the cuts of [`held`].
fn by_definition(evidence: &Evidence, asked: usize) -> Vec<(AgencyId, Vec<Purpose>)> {
    fn walk(
        evidence: &Evidence,
        at: &AgencyId,
        via: &mut Vec<AgencyRecognitionEntry>,
        found: &mut Vec<(AgencyId, Vec<Purpose>)>,
    ) {
        if !evidence.trust_lists[at].is_fresh(NOW) {
            return;
        }
        for entry in evidence.recognitions.iter().filter(|e| e.agency == *at) {
            // Both consents, and no statement's depth is exceeded: after the nth there are `via.len() - n` agencies.
            let consent = via.is_empty()
                || (entry.recognition.basis.may_be_followed
                    && via.iter().skip(1).all(|hop| hop.recognition.basis.may_be_followed));
            let long = via.len();
            let reach = long <= usize::from(MAX_DEPTH)
                && via
                    .iter()
                    .enumerate()
                    .all(|(n, hop)| long - n <= usize::from(hop.recognition.depth));
            let mut purposes = entry.recognition.purposes.clone();
            for hop in via.iter() {
                purposes.retain(|p| hop.recognition.purposes.contains(p));
            }
            if consent && reach && !purposes.is_empty() {
                found.push((entry.agency.clone(), purposes));
            }
        }
        if via.len() > usize::from(MAX_DEPTH) {
            return;
        }
        for hop in evidence.agency_recognitions.iter().filter(|h| h.agency == *at) {
            via.push(hop.clone());
            walk(evidence, &hop.recognition.of, via, found);
            via.pop();
        }
    }
    let mut found = Vec::new();
    walk(evidence, &id(asked), &mut Vec::new(), &mut found);
    let mut united: BTreeMap<AgencyId, Vec<Purpose>> = BTreeMap::new();
    for (agency, purposes) in found {
        united.entry(agency).or_default().extend(purposes);
    }
    tidied(united)
}

fn tidied(united: BTreeMap<AgencyId, Vec<Purpose>>) -> Vec<(AgencyId, Vec<Purpose>)> {
    let tidy = |(agency, mut purposes): (AgencyId, Vec<Purpose>)| {
        purposes.sort_unstable();
        purposes.dedup();
        (agency, purposes)
    };
    united.into_iter().map(tidy).collect()
}

fn found(evidence: &Evidence, asked: usize) -> Vec<(AgencyId, Vec<Purpose>)> {
    let sought = RecognitionQuery {
        issuer: "did:example:1",
        achievement: None,
        alignments: &[],
        asked: QueryTime::now(NOW),
        issued: None,
        vouched: None,
    };
    let asked = id(asked);
    let mut united: BTreeMap<AgencyId, Vec<Purpose>> = BTreeMap::new();
    for held in held(evidence, &asked, &sought, ListFreshness::FreshAt(NOW)) {
        united
            .entry(held.entry.agency.clone())
            .or_default()
            .extend(held.purposes.clone());
    }
    tidied(united)
}

#[test]
fn random_federations_follow_the_definition_whatever_the_order_of_rows() {
    let chosen = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = chosen.unwrap_or_else(|| rand::rng().random());
    println!("COMITY_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut longest = 0;
    for _ in 0..2_000 {
        let agencies = rng.random_range(2..=6);
        let some = |rng: &mut StdRng| -> Vec<Purpose> {
            Purpose::ALL
                .into_iter()
                .take(3)
                .filter(|_| rng.random_bool(0.7))
                .collect()
        };
        let issuers = (0..agencies)
            .filter(|_| rng.random_bool(0.4))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|by| of_issuer(by, &some(&mut rng), rng.random_bool(0.8)))
            .collect();
        let hops = (0..rng.random_range(0..12))
            .map(|n| {
                let (by, of) = (rng.random_range(0..agencies), rng.random_range(0..agencies));
                let mut hop = of_agency(by, of, rng.random_range(1..=MAX_DEPTH), rng.random_bool(0.8));
                hop.recognition.id = format!("rec-{n}");
                hop.recognition.purposes = some(&mut rng);
                hop
            })
            .collect();
        let mut evidence = world(agencies, issuers, hops);
        if rng.random_bool(0.3) {
            evidence.trust_lists.insert(id(rng.random_range(1..agencies)), STALE);
        }
        let asked = rng.random_range(0..agencies);
        let expected = by_definition(&evidence, asked);
        assert_eq!(found(&evidence, asked), expected, "seed {seed}: {evidence:#?}");
        let before = paths(&evidence, asked);
        evidence.recognitions.shuffle(&mut rng);
        evidence.agency_recognitions.shuffle(&mut rng);
        assert_eq!(paths(&evidence, asked), before, "seed {seed}");
        longest = before.iter().map(Vec::len).max().unwrap_or(0).max(longest);
    }
    assert!(longest >= 4, "seed {seed}: no long chain was made, only {longest}");
}
