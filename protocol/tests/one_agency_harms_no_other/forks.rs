//! A writer that shows many histories.

use protocol::{
    DocumentRow, Envelope, Hash, ReplicaEffect,
    log::{AgencyLog, AppendOutcome, MAX_SIBLINGS, Quota},
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use registry_schema::StatusReason;

use crate::world::{NOW, NcReplica, SC, SigningAgency, TN};

fn sorted(mut rows: Vec<DocumentRow>) -> Vec<DocumentRow> {
    rows.sort();
    rows
}

fn rows(log: &AgencyLog) -> Vec<DocumentRow> {
    sorted(log.rows().unwrap())
}

fn folded(log: &AgencyLog) -> Vec<DocumentRow> {
    sorted(log.fold_without_automerge().unwrap())
}

fn kept(log: &mut AgencyLog, envelope: &Envelope) {
    assert!(matches!(
        log.append(envelope.clone()).unwrap(),
        AppendOutcome::Kept { .. }
    ));
}

#[test]
fn a_fork_makes_no_document_anew_however_many_there_are() {
    let mut sc = SigningAgency::new(2, "US-SC");
    let mut log = AgencyLog::new(sc.log.clone());
    let first = sc.revoke((0, vec![]), 900);
    kept(&mut log, &first);
    for sibling in sc.siblings(&(1, vec![first.hash()]), 400) {
        kept(&mut log, &sibling);
    }
    let work = log.work();
    assert_eq!((work.puts, work.rebuilt, work.fetched), (401, 0, 0));
    assert!(rows(&log) == folded(&log));
}

/// Forks all along a history, late: each would rename what came after it, if names depended on it.
#[test]
fn forks_that_come_late_all_along_a_history_make_no_document_anew() {
    let mut sc = SigningAgency::new(2, "US-SC");
    let mut log = AgencyLog::new(sc.log.clone());
    let mut line = vec![sc.revoke((0, vec![]), 0)];
    for index in 1..100 {
        let before = line[line.len() - 1].hash();
        line.push(sc.revoke((index, vec![before]), index));
    }
    for envelope in &line {
        kept(&mut log, envelope);
    }
    for (number, before) in (1..).zip(&line) {
        let late = sc.revoke((number, vec![before.hash()]), 1000 + number);
        kept(&mut log, &late);
    }
    let work = log.work();
    assert_eq!((work.puts, work.rebuilt, work.fetched), (200, 0, 0));
    assert!(rows(&log) == folded(&log));
    // The last of them is the only one of its number.
    assert_eq!(log.count_forks(), 99);
}

#[test]
fn joins_and_forks_in_any_order_of_arrival_give_the_same_rows() {
    for seed in 0..20 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut sc = SigningAgency::new(2, "US-SC");
        let mut whole = AgencyLog::new(sc.log.clone());
        let mut all = Vec::new();
        for index in 0..60 {
            let mut parents: Vec<Hash> = whole.heads();
            parents.shuffle(&mut rng);
            parents.truncate(1 + index % 3);
            parents.sort_unstable();
            let number = (0..100).find(|number| {
                let tried = sc.revoke((*number, parents.clone()), u32::try_from(index).unwrap());
                let keeping = whole.append(tried.clone()).unwrap();
                let is_kept = matches!(keeping, AppendOutcome::Kept { .. });
                all.extend(is_kept.then_some(tried));
                is_kept
            });
            assert!(number.is_some(), "seed {seed}: no number fits");
            if index % 4 == 0 {
                // Another beside the last one.
                let last: &Envelope = &all[all.len() - 1];
                let next = (last.header().sequence, last.header().parents.clone());
                let beside = sc.revoke(next, 500 + u32::try_from(index).unwrap());
                kept(&mut whole, &beside);
                all.push(beside);
            }
        }
        let mut again = AgencyLog::new(sc.log.clone());
        while !all.is_empty() {
            all.shuffle(&mut rng);
            let missing =
                |envelope: &Envelope| matches!(again.append(envelope.clone()).unwrap(), AppendOutcome::Missing(_));
            let before = all.len();
            all.retain(missing);
            assert!(all.len() < before, "seed {seed}: what was kept once is not kept again");
        }
        assert!(
            rows(&again) == rows(&whole),
            "seed {seed}: another order gives other rows"
        );
        assert_eq!((again.work().rebuilt, whole.work().rebuilt), (0, 0), "seed {seed}");
        let forks = |log: &AgencyLog| log.forks().collect::<Vec<_>>();
        assert_eq!(
            forks(&again),
            forks(&whole),
            "seed {seed}: another order tells other forks"
        );
    }
}

#[test]
fn of_envelopes_beside_each_other_the_sixteen_with_the_smallest_names_are_taken_whatever_the_order() {
    for seed in 0..10 {
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut nc, mut sc, _) = NcReplica::new(Quota::default());
        let first = sc.revoke((0, vec![]), 900);
        nc.push(SC, &sc, std::slice::from_ref(&first));
        let mut siblings = sc.siblings(&(1, vec![first.hash()]), 100);
        let mut names: Vec<Hash> = siblings.iter().map(Envelope::hash).collect();
        names.sort_unstable();
        siblings.shuffle(&mut rng);
        for some in siblings.chunks(7) {
            nc.push(SC, &sc, some);
        }
        let log = nc.log(&sc);
        let smallest = names.iter().take(MAX_SIBLINGS);
        assert!(smallest.into_iter().all(|name| log.holds(name)), "seed {seed}");
        assert!(log.len() < 80, "seed {seed}: {} are kept", log.len());
        assert!(nc.replica.deferred().contains_key(&sc.genesis()), "seed {seed}");
        // What is not taken in takes away all the same.
        let shown = log.answers().unwrap();
        let revoked = shown.iter().filter(|row| row.key.starts_with("r/")).count();
        assert_eq!(revoked, 101, "seed {seed}");
    }
}

#[test]
fn a_join_is_taken_in_with_all_that_it_joins_however_many_stand_beside_them() {
    let (mut nc, mut sc, _) = NcReplica::new(Quota::default());
    let first = sc.revoke((0, vec![]), 900);
    let mut siblings = sc.siblings(&(1, vec![first.hash()]), 40);
    siblings.sort_by_key(Envelope::hash);
    nc.push(SC, &sc, std::slice::from_ref(&first));
    nc.push(SC, &sc, &siblings);
    assert_eq!(nc.log(&sc).len(), 1 + MAX_SIBLINGS);
    // Its writer knows only the other ones.
    let mut parents: Vec<Hash> = siblings[MAX_SIBLINGS..2 * MAX_SIBLINGS]
        .iter()
        .map(Envelope::hash)
        .collect();
    parents.sort_unstable();
    let join = sc.revoke((2, parents), 901);
    nc.push(SC, &sc, std::slice::from_ref(&join));
    assert!(!nc.log(&sc).holds(&join.hash()));
    nc.push(SC, &sc, &siblings[MAX_SIBLINGS..2 * MAX_SIBLINGS]);
    nc.push(SC, &sc, std::slice::from_ref(&join));
    assert!(nc.log(&sc).holds(&join.hash()));
}

#[test]
fn an_agency_that_used_up_its_share_of_work_waits_and_another_does_not() {
    let (mut nc, mut sc, mut tn) = NcReplica::new(Quota {
        work_at_once: 1000,
        work_a_second: 10,
        ..Quota::default()
    });
    let mut line: Vec<Envelope> = Vec::new();
    for number in 0..40_u32 {
        let puts = (0..50).map(|put| status_list::revoke(0, number * 50 + put, StatusReason::Misconduct, NOW));
        let before = line.last().map(Envelope::hash).into_iter().collect();
        line.push(sc.seal((number, before), puts.collect()));
    }
    for some in line.chunks(3) {
        nc.push(SC, &sc, some);
    }
    let taken = nc.log(&sc).len();
    assert!((10..20).contains(&taken), "{taken} of 40 were taken in at once");
    // Nothing more is even looked at.
    let work = nc.log(&sc).work();
    nc.push(SC, &sc, &line);
    assert_eq!(nc.log(&sc).work(), work);
    let honest = tn.revoke((0, vec![]), 7);
    nc.push(TN, &tn, std::slice::from_ref(&honest));
    assert!(nc.log(&tn).holds(&honest.hash()), "TN had to wait for SC");
    // With time there is more, and it is asked for.
    let effects = nc.wait(60);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Call { peer: SC, .. }))
    );
    nc.push(SC, &sc, &line);
    let more = nc.log(&sc).len();
    assert!((taken + 1..40).contains(&more), "{more} of 40");
    for _ in 0..10 {
        nc.wait(60);
        nc.push(SC, &sc, &line);
    }
    assert_eq!(nc.log(&sc).len(), 40, "in the end all of it is here");
}
