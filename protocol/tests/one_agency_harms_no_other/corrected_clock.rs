//! An agency's word that is dated ahead, and a clock that was ahead and believed it.

use protocol::{ReplicaEvent, log::Quota};

use crate::world::{NcReplica, SC, batches};

const DAY: i64 = 86_400;

/// Tells whether SC is fresh, and whether its heartbeat leaves the disk, once a person corrected a clock that was a day ahead.
fn corrected() -> (bool, bool) {
    let (mut nc, mut sc, _) = NcReplica::new(Quota::default());
    let envelope = sc.revoke((0, vec![]), 1);
    let right = nc.now;
    nc.now = right.plus_seconds(DAY);
    let heartbeat = sc.heartbeat(&[envelope.hash()], nc.now);
    nc.push_signed(SC, &sc, vec![envelope.signed()], Some(heartbeat));
    assert!(nc.log(&sc).freshness().is_some());
    nc.now = right;
    let effects = nc.handle(ReplicaEvent::ClockAccepted);
    let forgotten = batches(&effects).into_iter().flat_map(|batch| &batch.forgotten);
    let goes = forgotten.filter(|(agency, _)| *agency == sc.genesis()).count() == 1;
    let is_fresh = nc.log(&sc).freshness().is_some();

    // What it signs by the right time counts at once.
    let heartbeat = sc.heartbeat(&[envelope.hash()], right);
    nc.push_signed(SC, &sc, vec![], Some(heartbeat));
    let heard = nc.log(&sc).freshness().map(|(as_of, _)| as_of);
    if !is_fresh {
        assert_eq!(heard, Some(right));
    }
    // What a peer still has of the wrong time does not.
    let heartbeat = sc.heartbeat(&[envelope.hash()], right.plus_seconds(DAY));
    nc.push_signed(SC, &sc, vec![], Some(heartbeat));
    assert_eq!(nc.log(&sc).freshness().map(|(as_of, _)| as_of), heard);
    (is_fresh, goes)
}

#[test]
fn a_word_that_is_dated_ahead_counts_no_more_once_a_person_corrected_the_clock() {
    assert_eq!(corrected(), (false, true));
}

#[cfg(feature = "mutants")]
mod mutants {
    use protocol::mutant::{Mutant, switch_on};

    /// The test above can fail.
    #[test]
    fn a_replica_that_keeps_words_that_are_dated_ahead_is_noticed() {
        switch_on(Some(Mutant::KeepsWordsAhead));
        let seen = super::corrected();
        switch_on(None);
        assert_eq!(seen, (true, false));
    }
}
