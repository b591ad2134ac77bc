//! A writer that writes without end.

use protocol::{
    Envelope, Hash, ReplicaEffect,
    log::{LogUsage, Quota, QuotaLimit},
};

use crate::world::{NcReplica, SC, SigningAgency, TN, batches};

fn with(most: impl FnOnce(&mut LogUsage)) -> Quota {
    let mut quota = Quota::default();
    most(&mut quota.most);
    quota
}

/// 3,000 bytes at once, and as many a day.
fn by_day() -> Quota {
    Quota {
        most: LogUsage {
            bytes: 12_000,
            ..Quota::default().most
        },
        bytes_a_day: 3000,
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

fn limits(effects: &[ReplicaEffect]) -> Vec<QuotaLimit> {
    let limits = effects.iter().filter_map(|effect| match effect {
        ReplicaEffect::Deferred { limit, .. } => Some(*limit),
        _ => None,
    });
    limits.collect()
}

#[test]
fn each_quota_defers_the_agency_that_reached_it_and_tells_it_once() {
    let quotas = [
        (QuotaLimit::Bytes, with(|most| most.bytes = 3000)),
        (QuotaLimit::Puts, with(|most| most.puts = 10)),
        (QuotaLimit::Rate, by_day()),
    ];
    for (limit, quota) in quotas {
        let (mut nc, mut sc, mut tn) = NcReplica::new(quota);
        let (hostile, honest) = (line(&mut sc, 20), line(&mut tn, 3));
        let mut told = Vec::new();
        let mut written = 0;
        for envelope in &hostile {
            let effects = nc.push(SC, &sc, std::slice::from_ref(envelope));
            told.extend(limits(&effects));
            written += batches(&effects)
                .iter()
                .map(|batch| batch.envelopes.len())
                .sum::<usize>();
        }
        assert_eq!(told, [limit], "it is told once");
        assert!((3..20).contains(&written), "{limit:?}: {written} were written");
        assert_eq!(nc.replica.deferred()[&sc.genesis()].limit, limit);
        nc.push(TN, &tn, &honest);
        assert_eq!(nc.log(&tn).len(), 3, "{limit:?}: TN is deferred too");
        // What the deferred ones revoke is known all the same.
        let shown = nc.log(&sc).answers().unwrap().len();
        assert_eq!(shown, hostile.len(), "{limit:?}");
    }
}

#[test]
fn a_rate_that_was_reached_is_forgotten_with_time_and_that_is_told() {
    let (mut nc, mut sc, _) = NcReplica::new(by_day());
    let line = line(&mut sc, 20);
    nc.push(SC, &sc, &line);
    let before = nc.log(&sc).len();
    assert!(nc.replica.deferred().contains_key(&sc.genesis()) && before < 15);
    nc.wait(86_400);
    // The peer was gone for a day, and comes back.
    let effects = nc.push(SC, &sc, &line[before..before + 2]);
    assert_eq!(nc.log(&sc).len(), before + 2);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Released { .. }))
    );
    assert!(nc.replica.deferred().is_empty());
}

#[test]
fn a_deferred_agency_is_as_fresh_as_its_last_heartbeat_that_is_here() {
    let (mut nc, mut sc, _) = NcReplica::new(with(|most| most.puts = 5));
    let line = line(&mut sc, 8);
    let early = sc.heartbeat(&[line[4].hash()], nc.now);
    let signed = line[..5].iter().map(Envelope::signed).collect();
    nc.push_signed(SC, &sc, signed, Some(early));
    let fresh = nc.log(&sc).freshness().unwrap();
    let late = sc.heartbeat(&[line[7].hash()], nc.now.plus_seconds(60));
    nc.now = nc.now.plus_seconds(60);
    let signed = line[5..].iter().map(Envelope::signed).collect();
    nc.push_signed(SC, &sc, signed, Some(late));
    assert_eq!(nc.log(&sc).freshness(), Some(fresh));
    assert_eq!(nc.log(&sc).len(), 5);
}
