//! Documents that cannot be built: one agency's quarantine, and nobody else's. The fault is one that a test switches on.

use protocol::{
    ReplicaEffect,
    log::Quota,
    mutant::{Mutant, switch_on},
};

use crate::world::{NcReplica, SC, TN};

#[test]
fn an_agency_whose_documents_cannot_be_built_is_alone_in_quarantine_and_comes_out_of_it() {
    let (mut nc, mut sc, mut tn) = NcReplica::new(Quota::default());
    let first = sc.revoke((0, vec![]), 5);
    let beat = sc.heartbeat(&[first.hash()], nc.now);
    nc.push_signed(SC, &sc, vec![first.signed()], Some(beat));
    assert!(nc.log(&sc).freshness().is_some());

    switch_on(Some(Mutant::DocumentsBreak));
    // The fault is at the key `r/11`.
    let broken = sc.revoke((1, vec![first.hash()]), 11);
    let effects = nc.push(SC, &sc, std::slice::from_ref(&broken));
    let told = |effects: &[ReplicaEffect]| {
        let quarantined = effects
            .iter()
            .filter(|effect| matches!(effect, ReplicaEffect::Quarantined { .. }));
        quarantined.count()
    };
    assert_eq!(told(&effects), 1, "{effects:?}");
    assert!(nc.replica.quarantined().contains_key(&sc.genesis()));
    assert_eq!(nc.log(&sc).freshness(), None, "nothing of it is fresh");
    assert_eq!(
        nc.log(&sc).answers().unwrap().len(),
        2,
        "what it took away stays taken away"
    );
    // It is told once, and goes on being kept.
    let third = sc.revoke((2, vec![broken.hash()]), 12);
    assert_eq!(told(&nc.push(SC, &sc, std::slice::from_ref(&third))), 0);
    assert_eq!(nc.log(&sc).answers().unwrap().len(), 3);
    // Nobody else notices.
    let other = tn.revoke((0, vec![]), 7);
    let beat = tn.heartbeat(&[other.hash()], nc.now);
    nc.push_signed(TN, &tn, vec![other.signed()], Some(beat));
    assert!(nc.log(&tn).freshness().is_some());
    // Tried again in vain, the next pause is longer.
    let pause = |nc: &NcReplica| nc.replica.quarantined()[&sc.genesis()].again.seconds_since(nc.now);
    nc.wait(61);
    assert_eq!(pause(&nc), 120);

    switch_on(None);
    let effects = nc.wait(121);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Released { .. })),
        "{effects:?}"
    );
    assert!(nc.replica.quarantined().is_empty());
    assert!(nc.log(&sc).freshness().is_some());
    assert_eq!(nc.log(&sc).rows().unwrap().len(), 3);
}
