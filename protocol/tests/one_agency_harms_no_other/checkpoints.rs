//! Checkpoints that cost too much, or are none.

use protocol::{
    Checkpoint, Hash, Misbehaviour, ReplicaEffect, Signed, SyncRequest, SyncResponse, checkpoint,
    log::{AgencyLog, Quota, QuotaLimit},
    message::ByteString,
};
use registry_schema::Timestamp;

use crate::world::{NcReplica, SC, SigningAgency, key};

fn signed(of: &SigningAgency, head: Hash, pages: Vec<Hash>, issued: Timestamp) -> Signed<Checkpoint> {
    let checkpoint = Checkpoint {
        version: 1,
        agency: of.genesis(),
        writer: key(of.seed).public(),
        key_log: of.log.head(),
        heads: vec![head],
        envelopes: 1,
        issued,
        next_by: issued.plus_seconds(3600),
        pages,
    };
    key(of.seed).sign(&checkpoint).unwrap().signed().clone()
}

/// A heartbeat that names a checkpoint, told by SC's peer; its statement and pages as `respond` gives them.
fn begin(
    nc: &mut NcReplica,
    sc: &SigningAgency,
    statement: &Signed<Checkpoint>,
    page: impl Fn(Hash) -> Option<Vec<u8>>,
) -> Vec<ReplicaEffect> {
    let heartbeat = protocol::Heartbeat {
        version: 1,
        agency: sc.genesis(),
        writer: key(sc.seed).public(),
        key_log: sc.log.head(),
        heads: vec![Hash([8; 32])],
        issued: nc.now,
        next_by: nc.now.plus_seconds(3600),
        checkpoint: Some(statement.name()),
    };
    let heartbeat = key(sc.seed).sign(&heartbeat).unwrap().signed().clone();
    let mut effects = nc.asked(SC, &SyncRequest::Exchange(vec![sc.summary(&[], vec![heartbeat])]));
    let mut all = Vec::new();
    while !effects.is_empty() {
        let after = nc.answer(&effects, |request| match request {
            SyncRequest::Checkpoint { .. } => Some(SyncResponse::Checkpoint(Some(statement.clone()))),
            SyncRequest::Rows { page: name, .. } => Some(SyncResponse::Rows(page(*name).map(ByteString))),
            _ => None,
        });
        all.extend(std::mem::replace(&mut effects, after));
    }
    all
}

fn asked_for_pages(effects: &[ReplicaEffect]) -> usize {
    let calls = effects.iter().filter(|effect| match effect {
        ReplicaEffect::Call { request, .. } => matches!(SyncRequest::read(request), Ok(SyncRequest::Rows { .. })),
        _ => false,
    });
    calls.count()
}

fn two_pages(sc: &mut SigningAgency) -> Vec<Vec<u8>> {
    let mut log = AgencyLog::new(sc.log.clone());
    let put =
        |list| protocol::status_list::revoke(list, 3, registry_schema::StatusReason::Misconduct, crate::world::NOW);
    log.append(sc.seal((0, vec![]), vec![put(0), put(1)])).unwrap();
    let pages = checkpoint::pages(&log.rows().unwrap());
    assert_eq!(pages.len(), 2);
    pages
}

#[test]
fn a_page_that_is_named_again_and_again_is_never_fetched() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    let statement = signed(&sc, Hash([8; 32]), vec![Hash([9; 32]); 4096], nc.now);
    let effects = begin(&mut nc, &sc, &statement, |_| None);
    assert_eq!(asked_for_pages(&effects), 0);
    assert!(effects.iter().any(|effect| matches!(
        effect,
        ReplicaEffect::Expel {
            why: Misbehaviour::Refused(_),
            ..
        }
    )));
}

#[test]
fn a_checkpoint_that_is_too_large_is_declined_without_harm_and_the_history_serves() {
    for quota in [
        Quota {
            checkpoint_rows: 1,
            ..Quota::default()
        },
        Quota {
            checkpoint_bytes: 40,
            ..Quota::default()
        },
    ] {
        let (mut nc, mut sc, _) = NcReplica::new(quota);
        let pages = two_pages(&mut sc);
        let statement = signed(&sc, Hash([8; 32]), checkpoint::names(&pages), nc.now);
        let effects = begin(&mut nc, &sc, &statement, |name| {
            pages.iter().find(|page| Hash::of(&[page]) == name).cloned()
        });
        let told = effects.iter().filter(|effect| {
            matches!(
                effect,
                ReplicaEffect::Deferred {
                    limit: QuotaLimit::Checkpoint,
                    ..
                }
            )
        });
        assert_eq!(told.count(), 1);
        assert!(nc.log(&sc).base().is_none());
        assert!(
            !effects
                .iter()
                .any(|effect| matches!(effect, ReplicaEffect::Expel { .. }))
        );
        // Nobody asks for it again.
        let again = begin(&mut nc, &sc, &statement, |_| None);
        assert_eq!(asked_for_pages(&again), 0);
        let first = sc.revoke((0, vec![]), 7);
        nc.push(SC, &sc, &[first]);
        assert_eq!(nc.log(&sc).len(), 1);
    }
}

#[test]
fn a_page_that_is_none_ends_it_when_it_comes_and_not_after_all_the_others() {
    let (mut nc, mut sc, _) = NcReplica::new(Quota::default());
    let mut pages = vec![vec![0xff; 100]];
    pages.extend(two_pages(&mut sc));
    let statement = signed(&sc, Hash([8; 32]), checkpoint::names(&pages), nc.now);
    let effects = begin(&mut nc, &sc, &statement, |name| {
        pages.iter().find(|page| Hash::of(&[page]) == name).cloned()
    });
    assert_eq!(asked_for_pages(&effects), 1);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::FalseCheckpoint { .. }))
    );
    assert!(nc.log(&sc).base().is_none());
}

#[test]
fn a_sound_checkpoint_is_begun_with() {
    let (mut nc, mut sc, _) = NcReplica::new(Quota::default());
    let pages = two_pages(&mut sc);
    let statement = signed(&sc, Hash([8; 32]), checkpoint::names(&pages), nc.now);
    begin(&mut nc, &sc, &statement, |name| {
        pages.iter().find(|page| Hash::of(&[page]) == name).cloned()
    });
    assert!(nc.log(&sc).base().is_some());
    assert_eq!(nc.log(&sc).answers().unwrap().len(), 2);
}
