//! A relay that leaves values out of another agency's envelopes.

use minicbor::bytes::{ByteArray, ByteVec};
use protocol::{
    DocumentRow, Envelope, Misbehaviour, ReplicaEffect, Signed, SignedEnvelope, SyncRequest, SyncResponse,
    envelope::EnvelopeHeader,
    log::Quota,
    signed::{decode, encode},
    status_list,
};
use registry_schema::StatusReason;

use crate::world::{NcReplica, SC, SigningAgency, TN, batches};

fn rows_of(nc: &NcReplica, sc: &SigningAgency) -> Vec<DocumentRow> {
    let mut rows = nc.log(sc).rows().unwrap();
    rows.sort();
    rows
}

fn folded_of(nc: &NcReplica, sc: &SigningAgency) -> Vec<DocumentRow> {
    let mut rows = nc.log(sc).fold_without_automerge().unwrap();
    rows.sort();
    rows
}

/// The same envelope without its values.
fn stripped(envelope: &Envelope) -> SignedEnvelope {
    let (header, values): (Signed<EnvelopeHeader>, Vec<Option<(ByteArray<16>, ByteVec)>>) =
        decode(&encode(&envelope.signed())).unwrap();
    let none: Vec<Option<(ByteArray<16>, ByteVec)>> = values.iter().map(|_| None).collect();
    decode(&encode(&(header, none))).unwrap()
}

/// NC knows two envelopes of SC, freshly, and is given a third by TN, stripped.
fn scene() -> (NcReplica, SigningAgency, SigningAgency, Envelope) {
    let (mut nc, mut sc, tn) = NcReplica::new(Quota::default());
    let suspended = status_list::suspend(0, 5, true, StatusReason::Administrative, nc.now);
    let first = sc.seal((0, vec![]), vec![suspended]);
    let second = sc.revoke((1, vec![first.hash()]), 8);
    let beat = sc.heartbeat(&[second.hash()], nc.now);
    nc.push_signed(SC, &sc, vec![first.signed(), second.signed()], Some(beat));
    let lifted = status_list::suspend(0, 5, false, StatusReason::Administrative, nc.now);
    let third = sc.seal((2, vec![second.hash()]), vec![lifted]);
    (nc, sc, tn, third)
}

#[test]
fn an_envelope_without_a_value_replaces_nothing_that_is_known_and_takes_no_freshness_away() {
    let (mut nc, sc, _, third) = scene();
    let (rows, fresh) = (nc.log(&sc).rows().unwrap(), nc.log(&sc).freshness());
    assert!(fresh.is_some());
    nc.now = nc.now.plus_seconds(30);
    let late = sc.heartbeat(&[third.hash()], nc.now);
    let effects = nc.push_signed(TN, &sc, vec![stripped(&third)], Some(late.clone()));
    assert!(
        batches(&effects)
            .iter()
            .all(|batch| batch.heartbeats.iter().all(|h| *h.signed() != late))
    );
    assert_eq!(nc.log(&sc).rows().unwrap(), rows);
    assert_eq!(
        nc.log(&sc).freshness(),
        fresh,
        "what was fresh stays as fresh as it was"
    );
    assert!(nc.log(&sc).missing() > 0);
    // Whole, from whoever has it.
    nc.push_signed(SC, &sc, vec![third.signed()], Some(late.clone()));
    let (as_of, _) = nc.log(&sc).freshness().unwrap();
    assert_eq!(as_of, nc.now);
    assert_ne!(nc.log(&sc).rows().unwrap(), rows);
    assert!(rows_of(&nc, &sc) == folded_of(&nc, &sc));
}

#[test]
fn who_says_that_it_holds_all_of_it_and_leaves_a_value_out_is_blamed() {
    let (mut nc, sc, _, third) = scene();
    let late = sc.heartbeat(&[third.hash()], nc.now);
    let effects = nc.push_signed(TN, &sc, vec![stripped(&third)], None);
    let summary = sc.summary(&[third.hash()], vec![late]);
    nc.asked(TN, &SyncRequest::Exchange(vec![summary]));
    let is_asked = |request: &SyncRequest| matches!(request, SyncRequest::Whole { .. });
    let effects = nc.answer(&effects, |request| {
        is_asked(request).then(|| SyncResponse::Envelopes {
            envelopes: vec![stripped(&third)],
            more: false,
        })
    });
    let blamed = effects.iter().any(|effect| {
        matches!(
            effect,
            ReplicaEffect::Expel {
                peer: TN,
                why: Misbehaviour::Stripped,
                ..
            }
        )
    });
    assert!(blamed, "{effects:?}");
}

/// The tombstone is on its way: whoever passes the envelope on as it has it did nothing wrong.
#[test]
fn who_passes_on_what_was_expunged_is_not_blamed() {
    let (mut nc, mut sc, _, third) = scene();
    let tombstone = sc.seal((3, vec![third.hash()]), vec![status_list::expunge(0, 5, false, nc.now)]);
    nc.push_signed(TN, &sc, vec![stripped(&third)], None);
    let rebuilt = nc.log(&sc).work().rebuilt;
    // It tells of more than is here.
    let late = sc.heartbeat(&[tombstone.hash()], nc.now);
    let summary = sc.summary(&[tombstone.hash()], vec![late.clone()]);
    let effects = nc.asked(TN, &SyncRequest::Exchange(vec![summary]));
    let effects = nc.answer(&effects, |request| match request {
        SyncRequest::Whole { .. } => Some(SyncResponse::Envelopes {
            envelopes: vec![stripped(&third)],
            more: false,
        }),
        SyncRequest::Envelopes { .. } => Some(SyncResponse::Envelopes {
            envelopes: vec![stripped(&third), tombstone.signed()],
            more: false,
        }),
        _ => None,
    });
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Expel { .. })),
        "{effects:?}"
    );
    assert_eq!(nc.log(&sc).missing(), 0, "the tombstone explains it");
    assert!(rows_of(&nc, &sc) == folded_of(&nc, &sc));
    assert!(nc.log(&sc).work().rebuilt <= rebuilt + 1, "one document, once");
}
