//! Peers that misbehave again and again, and countersignatures without end.

use protocol::{
    CallId, Countersignature, Hash, Heartbeat, ReplicaEffect, ReplicaEvent, SyncRequest, SyncResponse, log::Quota,
    message::LogSummary,
};

use crate::world::{NOW, NcReplica, SC, TN, batches, expulsions, key};

#[test]
fn a_peer_that_misbehaves_is_turned_away_longer_each_time_and_told_of_once_a_pause() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    let agency = sc.genesis();
    let mut pauses = Vec::new();
    let mut said = 0;
    for _ in 0..2000 {
        let mut effects = nc.handle(ReplicaEvent::Connected { peer: SC, agency });
        effects.extend(nc.handle(ReplicaEvent::Asked {
            peer: SC,
            call: CallId(1),
            request: vec![0xff],
        }));
        said += 1;
        pauses.extend(expulsions(&effects));
        nc.now = nc.now.plus_seconds(1);
    }
    // 5, 10, 20 … and in 2,000 seconds no more than nine of them.
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280], "of {said}");
    // While it is turned away nobody answers it; the others are answered.
    let request = SyncRequest::Exchange(vec![]);
    assert!(nc.asked(SC, &request).is_empty());
    let answered = nc.asked(TN, &request);
    assert!(
        answered
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Answer { .. }))
    );
    // And once it is over, it is.
    nc.wait(3600);
    nc.handle(ReplicaEvent::Connected { peer: SC, agency });
    let answered = nc.asked(SC, &request);
    assert!(
        answered
            .iter()
            .any(|effect| matches!(effect, ReplicaEffect::Answer { .. }))
    );
}

#[test]
fn a_peer_that_comes_back_too_early_is_sent_away_and_nothing_is_written_down() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    nc.handle(ReplicaEvent::Asked {
        peer: SC,
        call: CallId(1),
        request: vec![],
    });
    let agency = sc.genesis();
    let effects = nc.handle(ReplicaEvent::Connected { peer: SC, agency });
    assert!(
        matches!(effects.as_slice(), [ReplicaEffect::TurnAway { peer: SC, seconds: 5 }]),
        "{effects:?}"
    );
}

#[test]
fn countersignatures_without_end_are_written_when_they_change_and_once_a_second() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    let home = nc.replica.logs().keys().copied().find(|log| {
        let log = &nc.replica.logs()[log];
        log.key_log().writers() == [key(1).public()]
    });
    let home = home.unwrap();
    let held = |heads: Vec<Hash>, at: i64| {
        let held = Countersignature {
            version: 1,
            agency: sc.genesis(),
            writer: key(2).public(),
            key_log: sc.log.head(),
            of: home,
            heads,
            at: registry_schema::Timestamp(NOW.0 + at),
        };
        key(2).sign(&held).unwrap().signed().clone()
    };
    let mut written = 0;
    for at in 0..1000 {
        written += batches(&nc.handle(ReplicaEvent::Posted(held(vec![Hash([7; 32])], at)))).len();
    }
    assert_eq!(written, 1, "the same is written again");
    nc.now = nc.now.plus_seconds(2);
    for at in 0..1000 {
        let heads = vec![Hash([u8::try_from(at % 2).unwrap(); 32])];
        written += batches(&nc.asked(SC, &SyncRequest::Held(held(heads, 2000 + at)))).len();
    }
    assert_eq!(written, 2, "what changes often is written each time");
    // The last word is not lost.
    nc.wait(2);
    let reach = &nc.replica.countersignatures()[&sc.genesis()];
    assert_eq!(reach.get().heads, [Hash([1; 32])]);
}

#[test]
fn a_peer_that_does_not_hold_the_own_log_does_not_end_the_wait_for_it() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    let agency = sc.genesis();
    nc.handle(ReplicaEvent::Disconnected(SC));
    let effects = nc.handle(ReplicaEvent::Connected { peer: SC, agency });
    nc.answer(&effects, |request| {
        matches!(request, SyncRequest::Exchange(_)).then(|| SyncResponse::Exchange(vec![]))
    });
    assert!(!nc.replica.may_write(nc.now), "it never heard of its own log");
    let home = nc.replica.summaries().into_iter().find(|summary| {
        let log = &nc.replica.logs()[&summary.agency];
        log.key_log().writers() == [key(1).public()]
    });
    nc.asked(SC, &SyncRequest::Exchange(home.into_iter().collect()));
    assert!(nc.replica.may_write(nc.now));
}

/// A peer that signed ahead of the time, and took it back, is heard as it is now: nobody doubts the own clock for what was.
#[test]
fn a_peer_whose_clock_was_ahead_is_believed_again_once_it_is_right() {
    let (mut nc, sc, _) = NcReplica::new(Quota::default());
    let says = |nc: &mut NcReplica, seconds: i64| {
        let issued = NOW.plus_seconds(seconds);
        let heartbeat = Heartbeat {
            version: 1,
            agency: sc.genesis(),
            writer: key(2).public(),
            key_log: sc.log.head(),
            heads: vec![],
            issued,
            next_by: issued.plus_seconds(3600),
            checkpoint: None,
        };
        let summary = LogSummary {
            agency: sc.genesis(),
            key_log: vec![sc.log.head()],
            heads: vec![],
            heartbeats: vec![key(2).sign(&heartbeat).unwrap().signed().clone()],
        };
        nc.asked(SC, &SyncRequest::Exchange(vec![summary]));
        nc.replica.clocks_of_peers()[&sc.genesis()].issued
    };
    for (said, known) in [(0, 0), (10_800, 10_800), (20, 20), (40, 40)] {
        assert_eq!(says(&mut nc, said), NOW.plus_seconds(known));
    }
    // A little older is what was said before, come late.
    assert_eq!(says(&mut nc, 30), NOW.plus_seconds(40));
}
