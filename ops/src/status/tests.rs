//! Tests of `status`.

use api_types::{
    agencies::{ForkResponse, IssuerListCounts},
    hindrances::{HindranceReport, Hindrances},
    peers::PeerMembership,
};
use registry_schema::AgencyFreshness;

use super::{asked::AgencyForks, *};
use crate::{client::tests::canned, peer::tests::peer};

/// An agency that is known and has one issuer.
fn agency(id: &str) -> AgencyResponse {
    AgencyResponse {
        id: id.parse().unwrap(),
        name: "South Carolina".into(),
        url: String::new(),
        home: false,
        last_heard: "2026-11-23T13:58:11Z".parse().ok(),
        good_until: None,
        freshness: AgencyFreshness::Fresh,
        expelled_since: None,
        left_since: None,
        disputed: false,
        forks: 0,
        hindrances: Hindrances::default(),
        issuers: 2,
        recognitions: 1,
        issuers_lists: None,
    }
}

#[test]
fn lists_that_cannot_be_had_are_told() {
    let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
    assert_eq!(issuers_lists(&agency("US-SC"), now), None);
    let some = AgencyResponse {
        issuers_lists: Some(IssuerListCounts {
            named: 3,
            fresh: 2,
            failing: 1,
            oldest: "2026-11-23T13:58:11Z".parse().ok(),
        }),
        ..agency("US-SC")
    };
    let some = issuers_lists(&some, now).unwrap().replace('\n', " ");
    assert_eq!(
        some.trim(),
        "US-SC's issuers with keys of their own: 2 of 3 status lists are here and fresh, the oldest from 4 minutes ago; \
         1 could not be had when last tried, and the node's log says why"
    );
}

#[test]
fn dead_peers_and_forks_are_told_with_how_many_there_are() {
    let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
    let peer = |number: usize, connected: bool, membership: PeerMembership| PeerResponse {
        membership,
        connected,
        turns_away: number == 4,
        freshness: match number.is_multiple_of(2) {
            true => AgencyFreshness::Fresh,
            false => AgencyFreshness::Ended,
        },
        ..peer(&format!("US-NC:d{number}"))
    };
    let (member, left) = (PeerMembership::Member, PeerMembership::Left);
    let all: Vec<PeerResponse> = (0..50).map(|number| peer(number, false, member)).collect();
    let told = away(&all).unwrap();
    assert!(
        told.starts_with("50 of 50 peers are not connected: US-NC:d0, "),
        "{told}"
    );
    assert!(
        told.contains("and 38 more") && told.contains("US-NC:d4: each connection is closed at the other side"),
        "{told}"
    );
    let told = stale(&all).unwrap();
    assert!(told.contains("of 25 nothing fresh is known"), "{told}");
    assert_eq!(away(&[peer(1, true, member), peer(2, false, left)]), None);
    assert_eq!(away(&[]), None);
    // One that is connected, and whose last word is too old, is told as well; by the node's word, whatever the time here.
    assert!(stale(&[peer(1, true, member)]).is_some());
    assert_eq!(stale(&[peer(2, true, member), peer(1, false, left)]), None);
    assert!(is_one_lost(&[peer(1, true, member)]) && !is_one_lost(&[peer(2, true, member)]));
    let just_met = |connected| PeerResponse {
        freshness: AgencyFreshness::NeverHeard,
        ..peer(3, connected, member)
    };
    assert!(is_one_lost(&[just_met(false)]) && !is_one_lost(&[just_met(true)]));
    let hindered_peer = PeerResponse {
        agency: "US-TN".parse().unwrap(),
        freshness: AgencyFreshness::IncompleteHere,
        hindrances: Hindrances {
            quarantined: Some(HindranceReport {
                why: "1 damaged".into(),
                since: "2026-11-23T13:58:11Z".parse().unwrap(),
            }),
            deferred: None,
        },
        ..peer(1, true, member)
    };
    let peers = [peer(1, true, member), hindered_peer];
    let told = quarantined(&peers, now);
    assert_eq!(
        told.as_deref(),
        Some("US-TN is in quarantine, and its badges are \"could not check\" (begun 4 minutes ago): 1 damaged")
    );
    assert_eq!(deferred(&peers, now), None);

    let sound = agency("US-SC");
    let forks = AgencyResponse {
        forks: 2,
        ..agency("US-TN")
    };
    assert_eq!(forked(std::slice::from_ref(&sound), &[]), None);
    let told = forked(&[sound.clone(), forks.clone()], &[]).unwrap();
    assert!(told.starts_with("US-TN: 2 forks of its log are proven"), "{told}");
    // What somebody looked into is told, and is no alarm; a further one is.
    let fork = |id: &str, acknowledged_at| ForkResponse {
        id: id.into(),
        writer: String::new(),
        sequence: 3,
        envelopes: Vec::new(),
        proof: String::new(),
        acknowledged_at,
    };
    let known = |listed| {
        [AgencyForks {
            agency: "US-TN".parse().unwrap(),
            listed,
            acknowledged: Vec::new(),
        }]
    };
    let at = "2026-11-23T13:58:11Z".parse().ok();
    let all = [sound, forks];
    let half = known(vec![fork("a", at), fork("b", None)]);
    let told = forked(&all, &half).unwrap();
    assert!(told.starts_with("US-TN: 1 fork of its log is proven"), "{told}");
    let both = known(vec![fork("a", at), fork("b", at)]);
    assert_eq!(forked(&all, &both), None);
    let told = acknowledged(&all, &both, now).unwrap();
    assert!(
        told.starts_with("US-TN: 2 forks of its log are proven and acknowledged, last 4 minutes ago"),
        "{told}"
    );
    assert_eq!(acknowledged(&all, &[], now), None);
}

#[test]
fn the_list_that_fills_is_told_and_those_that_are_full_are_not() {
    let list = |issuer: &str, list: u32, percent: u32| StatusListFill {
        list,
        issuer: issuer.into(),
        percent,
        nearly_full: percent >= 80,
        opened: None,
        reserved: percent,
        slots: 100,
    };
    assert_eq!(
        filled_lists(&[
            list("did:key:z1", 1, 100),
            list("did:key:z1", 2, 3),
            list("did:key:z2", 3, 79)
        ]),
        [""; 0]
    );
    let told = filled_lists(&[
        list("did:key:z1", 1, 100),
        list("did:key:z1", 2, 81),
        list("did:key:z2", 3, 0),
    ]);
    let told = told.concat().replace('\n', " ");
    assert_eq!(
        told,
        "the status list 2 of did:key:z1 is reserved to 81 percent: when it is full, a further one is opened by itself"
    );
}

#[test]
fn an_agency_is_a_row() {
    let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
    let agency = AgencyResponse {
        freshness: AgencyFreshness::NeverHeard,
        ..agency("US-SC")
    };
    assert_eq!(
        row(&agency, now),
        ["US-SC", "South Carolina", "4 minutes ago", "no", "2", "1"]
    );
}

#[test]
fn an_agency_is_as_fresh_as_its_node_says() {
    use AgencyFreshness::{ClockInDoubt, Ended, Expelled, Fresh, IncompleteHere, NeverHeard};
    let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
    let fresh = |freshness: AgencyFreshness, until: &str, since: &str| {
        let past = "2026-11-23T13:02:11Z".parse().ok();
        let agency = AgencyResponse {
            freshness,
            good_until: until.parse().ok(),
            left_since: past.filter(|_| since == "left_since"),
            expelled_since: past.filter(|_| since == "expelled_since"),
            ..agency("US-SC")
        };
        row(&agency, now)[3].clone()
    };
    let [ahead, past] = ["2026-11-23T16:02:11Z", "2026-11-23T12:02:11Z"];
    assert_eq!(fresh(Fresh, ahead, "heard"), "for another 2 hours");
    assert_eq!(fresh(Fresh, "null", "heard"), "always");
    assert_eq!(fresh(Ended, past, "heard"), "ended 2 hours ago");
    // Whatever date it has, it is not called fresh while the node does not.
    for not in [ClockInDoubt, IncompleteHere, NeverHeard] {
        assert!(fresh(not, ahead, "heard").starts_with("no"), "{not:?}");
    }
    assert_eq!(fresh(Fresh, ahead, "left_since"), "left: for another 2 hours");
    assert_eq!(fresh(Expelled, ahead, "expelled_since"), "expelled");
}

#[tokio::test]
async fn what_a_node_cannot_answer_is_named_and_keeps_nothing_back() {
    let why = r#"{"type":"/help/node.unavailable","status":503,"detail":"the store cannot be used"}"#;
    let (node, _requests) = canned("503 Service Unavailable", "application/problem+json", why);
    let session = CommandContext {
        client: crate::client::tests::client(&node),
        out: out::OutputWriter::new(false),
        profile: crate::profile::Profile::default(),
        yes: false,
        dry_run: false,
    };
    // The first question is answered with a problem, and the others by nobody.
    let asked = NodeAnswers::of(&session).await;
    assert!(asked.agencies.is_none() && asked.peers.is_none());
    let head = head("http://node.example/", false, "its server does not answer\n", None);
    assert_eq!(head, "http://node.example/: not ready: its server does not answer");
    let text = in_words(&head, &asked, &AgencyWarnings::default(), session.now());
    assert!(text.starts_with(&head), "{text}");
    for not in [
        "does not say which version it is: the store cannot be used\n",
        "does not say its peers: cannot reach the node",
    ] {
        assert!(text.contains(not), "{text}");
    }
    assert_eq!(exit(false, &asked, &AgencyWarnings::default()), Exit::Negative);
    assert_eq!(exit(true, &asked, &AgencyWarnings::default()), Exit::CouldNotCheck);
    let json = as_json(&asked, &AgencyWarnings::default(), false, "no", session.now()).unwrap();
    let json: Value = serde_json::from_str(json.get()).unwrap();
    assert_eq!((&json["agencies"], &json["ready"]), (&Value::Null, &json!(false)));
    assert!(json["unread"].as_array().unwrap().len() >= 3, "{json}");
}
