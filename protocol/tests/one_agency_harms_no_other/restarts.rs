//! Things that a restart must not forget: quarantines, deferrals, and what is revoked in envelopes that are not kept.

use protocol::{
    Envelope, Hash, ReplicaEffect,
    log::{LogUsage, Quota, QuotaLimit},
    replica::{Quarantine, QuarantineCause},
};

use crate::world::{NcReplica, SC, SigningAgency};

fn five_puts() -> Quota {
    Quota {
        most: LogUsage {
            puts: 5,
            ..Quota::default().most
        },
        ..Quota::default()
    }
}

fn line(of: &mut SigningAgency, count: u32) -> Vec<Envelope> {
    let mut line: Vec<Envelope> = Vec::new();
    for number in 0..count {
        let before: Vec<Hash> = line.last().map(Envelope::hash).into_iter().collect();
        line.push(of.revoke((number, before), number));
    }
    line
}

#[test]
fn what_is_revoked_beyond_a_quota_is_known_after_a_restart() {
    let (mut nc, mut sc, tn) = NcReplica::new(five_puts());
    let line = line(&mut sc, 8);
    let mut written = nc.push(SC, &sc, &line);
    assert_eq!(nc.log(&sc).len(), 5);
    let answers = nc.log(&sc).answers().unwrap();
    assert_eq!(answers.len(), 8);

    nc.restarts(&written, five_puts(), &sc, &tn);
    assert_eq!(nc.log(&sc).len(), 5);
    assert_eq!(nc.log(&sc).answers().unwrap(), answers);
    assert_eq!(nc.replica.deferred()[&sc.genesis()].limit, QuotaLimit::Puts);

    // Once it may be kept, it is, and nothing of it is kept apart.
    nc.restarts(&written, Quota::default(), &sc, &tn);
    let effects = nc.push(SC, &sc, &line[5..]);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Released { .. }))
    );
    let batch = crate::world::batches(&effects)[0];
    assert_eq!(batch.taken_up.len(), 3);
    assert_eq!(batch.deferred[&sc.genesis()], None);
    written.extend(effects);
    assert_eq!(nc.log(&sc).rows().unwrap().len(), 8);
    assert_eq!(nc.log(&sc).answers().unwrap().len(), 8);
}

/// An envelope that a disk lost comes back from a peer; what was sound, and followed it, counts before and is kept after,
/// whatever its limits.
#[test]
fn what_follows_a_lost_envelope_counts_and_comes_back_by_itself() {
    let (mut nc, mut sc, tn) = NcReplica::new(Quota::default());
    let line = line(&mut sc, 2000);
    let heartbeat = sc.heartbeat(&[line[1999].hash()], nc.now);
    let written = nc.push_signed(SC, &sc, vec![line[0].signed()], None);
    let orphans: Vec<Envelope> = line[2..].iter().rev().cloned().collect();
    nc.restarts_with(&written, &orphans, Quota::default(), (&sc, &tn));
    assert_eq!(nc.log(&sc).len(), 1);
    assert_eq!(nc.log(&sc).count_orphans(), 1998);
    assert_eq!(nc.log(&sc).answers().unwrap().len(), 1999);

    let effects = nc.push_signed(SC, &sc, vec![line[1].signed()], Some(heartbeat));
    assert_eq!(nc.log(&sc).count_orphans(), 0);
    assert_eq!(nc.log(&sc).rows().unwrap().len(), 2000);
    assert!(nc.log(&sc).freshness().is_some());
    let batch = crate::world::batches(&effects)[0];
    let kept: Vec<Hash> = batch.envelopes.iter().map(Envelope::hash).collect();
    assert_eq!(kept, line[1..].iter().map(Envelope::hash).collect::<Vec<_>>());
    assert_eq!(batch.taken_up.len(), 1998);

    // Where the store has the parents already, a moment's time is enough.
    nc.restarts_with(&written, &line[1..], Quota::default(), (&sc, &tn));
    nc.wait(1);
    assert_eq!(nc.log(&sc).len(), 2000);
}

#[cfg(feature = "mutants")]
#[test]
fn documents_that_cannot_be_built_are_in_quarantine_after_a_restart() {
    use protocol::mutant::{Mutant, switch_on};

    let (mut nc, mut sc, tn) = NcReplica::new(Quota::default());
    switch_on(Some(Mutant::DocumentsBreak));
    let broken = sc.revoke((0, vec![]), 11);
    let written = nc.push(SC, &sc, std::slice::from_ref(&broken));
    let quarantine = nc.replica.quarantined()[&sc.genesis()].clone();
    switch_on(None);
    // Whatever was wrong is mended in the program that starts now; that is tried, and told, before anything is fresh.
    nc.restarts(&written, Quota::default(), &sc, &tn);
    assert_eq!(nc.replica.quarantined()[&sc.genesis()], quarantine);
    let beat = sc.heartbeat(&[broken.hash()], nc.now);
    nc.push_signed(SC, &sc, vec![], Some(beat));
    assert_eq!(nc.log(&sc).freshness(), None);
    let effects = nc.wait(61);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Released { .. }))
    );
    assert!(nc.log(&sc).freshness().is_some());
}

/// A store lost its newest envelope, a revocation. An older word of its writer is whole and within its term: a peer that
/// tells it makes nothing fresh.
#[test]
fn an_older_word_than_was_known_here_makes_nothing_fresh() {
    let (mut nc, mut sc, tn) = NcReplica::new(Quota::default());
    let line = line(&mut sc, 2);
    let old = sc.heartbeat(&[line[0].hash()], nc.now);
    let new = sc.heartbeat(&[line[1].hash()], nc.now.plus_seconds(1));
    let signed = || line.iter().map(Envelope::signed).collect();
    let written = nc.push_signed(SC, &sc, signed(), Some(new.clone()));
    let mut damaged = written;
    for effect in &mut damaged {
        if let ReplicaEffect::Persist(batch) = effect {
            batch.envelopes.truncate(1);
            batch.rows.truncate(1);
        }
    }
    nc.restarts(&damaged, Quota::default(), &sc, &tn);
    nc.push_signed(SC, &sc, vec![], Some(old));
    assert_eq!(nc.log(&sc).freshness(), None);
    nc.push_signed(SC, &sc, signed(), Some(new));
    assert!(nc.log(&sc).freshness().is_some());
}

/// Damage to the word itself: only one from after that is believed to be the newest.
#[test]
fn a_quarantine_that_lost_a_word_ends_with_one_from_after_it() {
    let (mut nc, mut sc, tn) = NcReplica::new(Quota::default());
    let first = sc.revoke((0, vec![]), 1);
    let before = sc.heartbeat(&[first.hash()], nc.now);
    let mut written = nc.push(SC, &sc, std::slice::from_ref(&first));
    nc.now = nc.now.plus_seconds(60);
    let quarantine = Quarantine {
        lost_word: true,
        ..Quarantine::new(QuarantineCause::Stored("a heartbeat".into()), nc.now)
    };
    written.push(ReplicaEffect::Persist(protocol::WriteBatch {
        quarantined: [(sc.genesis(), Some(quarantine))].into(),
        ..protocol::WriteBatch::default()
    }));
    nc.restarts(&written, Quota::default(), &sc, &tn);
    nc.push_signed(SC, &sc, vec![], Some(before));
    nc.wait(1);
    assert_eq!(nc.log(&sc).freshness(), None);
    let after = sc.heartbeat(&[first.hash()], nc.now);
    nc.push_signed(SC, &sc, vec![], Some(after));
    nc.wait(1);
    assert!(nc.replica.quarantined().is_empty());
    assert!(nc.log(&sc).freshness().is_some());
}
