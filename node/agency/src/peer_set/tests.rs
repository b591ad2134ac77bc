use super::*;

fn ticket(agency: &str, genesis: u8, node: &str) -> Ticket {
    Ticket {
        agency: agency.parse().unwrap(),
        name: String::new(),
        genesis: Hash([genesis; 32]),
        node: node.into(),
        addresses: vec![],
        url: String::new(),
    }
}

fn roster() -> PeerSet {
    PeerSet::new(ticket("US-NC", 1, "nc"), vec![ticket("US-SC", 2, "sc")]).unwrap()
}

#[test]
fn a_name_stays_pinned_to_its_log_even_after_it_left() {
    let mut roster = roster();
    let impostor = ticket("US-SC", 3, "other");
    assert!(matches!(roster.admits(&impostor), Err(AdmissionError::Pinned(why)) if why.contains("another log")));
    let row = roster
        .removing(&"US-SC".parse().unwrap(), false, "pat", Timestamp(5))
        .unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.pinned(), [Hash([1; 32])].into());
    assert!(matches!(roster.admits(&impostor), Err(AdmissionError::Pinned(_))));
    // The agency itself may come back.
    let row = roster.adding(&ticket("US-SC", 2, "sc"), "pat", Timestamp(6)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.pinned(), [Hash([1; 32]), Hash([2; 32])].into());
}

#[test]
fn a_name_that_an_operator_lets_go_of_may_be_anybodys_but_not_one_of_the_configuration() {
    let mut roster = roster();
    let tn: AgencyId = "US-TN".parse().unwrap();
    let row = roster.adding(&ticket("US-TN", 4, "tn"), "pat", Timestamp(5)).unwrap();
    roster.read(&[row]).unwrap();
    let rebuilt = ticket("US-TN", 5, "tn");
    assert!(matches!(roster.admits(&rebuilt), Err(AdmissionError::Pinned(_))));
    let row = roster.unpinning(&tn, "pat", Timestamp(6)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!((roster.of(&tn), roster.genesis(&tn)), (None, None));
    let row = roster.adding(&rebuilt, "pat", Timestamp(7)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.genesis(&tn), Some(&Hash([5; 32])));
    for kept in ["US-SC", "US-NC", "US-XX"] {
        assert_eq!(
            roster.unpinning(&kept.parse().unwrap(), "pat", Timestamp(8)),
            None,
            "{kept}"
        );
    }
}

#[test]
fn neither_a_log_nor_a_node_has_two_names() {
    let roster = roster();
    for wrong in [
        ticket("US-TN", 2, "tn"),
        ticket("US-TN", 4, "sc"),
        ticket("US-NC", 9, "x"),
    ] {
        assert!(
            matches!(roster.admits(&wrong), Err(AdmissionError::Pinned(_))),
            "{wrong:?}"
        );
    }
    assert_eq!(roster.admits(&ticket("US-XX", 1, "nc2")), Err(AdmissionError::Own));
    assert_eq!(
        roster.admits(&ticket("US-NC", 1, "nc")),
        Err(AdmissionError::Own),
        "itself"
    );
    assert_eq!(roster.admits(&ticket("US-TN", 4, "tn")), Ok(()));
    assert!(
        PeerSet::new(
            ticket("US-NC", 1, "nc"),
            vec![ticket("US-SC", 2, "a"), ticket("US-SC", 3, "b")]
        )
        .is_err()
    );
}

#[test]
fn another_store_of_the_own_agency_is_a_peer_and_no_other_agency() {
    let mut roster = roster();
    let mut second = ticket("US-NC", 1, "nc2");
    second.url = "https://second.example".into();
    let row = roster.adding(&second, "pat", Timestamp(6)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.store_urls().collect::<Vec<_>>(), ["https://second.example"]);
    assert!(roster.others().all(|(id, _)| id.as_str() == "US-SC"));
    assert_eq!(roster.of(&"US-NC".parse().unwrap()), None);
    let own = "US-NC".parse().unwrap();
    let row = roster.removing(&own, false, "pat", Timestamp(7)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.store_urls().count(), 0);
    assert!(
        roster.pinned().contains(&Hash([1; 32])),
        "the own log is followed for good"
    );
    assert!(
        roster.removing(&own, true, "pat", Timestamp(8)).is_none(),
        "nobody expels itself"
    );
}

#[test]
fn a_second_node_of_an_agency_is_added_to_the_first_and_a_new_address_replaces_the_old_one() {
    let mut roster = roster();
    let row = roster.adding(&ticket("US-SC", 2, "sc2"), "pat", Timestamp(6)).unwrap();
    roster.read(&[row]).unwrap();
    assert_eq!(roster.of(&"US-SC".parse().unwrap()).unwrap().tickets.len(), 2);
    let mut moved = ticket("US-SC", 2, "sc2");
    moved.addresses = vec!["/ip4/192.0.2.1/tcp/1".into()];
    let row = roster.adding(&moved, "pat", Timestamp(7)).unwrap();
    roster.read(&[row]).unwrap();
    let tickets = &roster.of(&"US-SC".parse().unwrap()).unwrap().tickets;
    assert_eq!(tickets.len(), 2);
    assert!(tickets.contains(&moved));
}
