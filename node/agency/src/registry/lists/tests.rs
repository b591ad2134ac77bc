use protocol::Hash;

use super::*;

fn issuer(agency: &str) -> Issuer {
    Issuer {
        id: "did:web:academy.example".into(),
        name: "Academy".into(),
        agency: agency.parse().unwrap(),
        verification_methods: vec![],
        url: None,
        provider: None,
        own_keys: None,
    }
}

/// Sets the row of an issuer in its trust list.
fn says(lists: &mut AgencyState, issuer: &Issuer) {
    let put = trust_list::register(issuer);
    lists.set(&DocumentRow {
        agency: Hash([7; 32]),
        document: put.document,
        key: put.key,
        values: vec![put.value],
    });
}

#[test]
fn an_agency_lists_issuers_of_its_own_and_of_no_other() {
    let mut lists = AgencyState::new("US-VA".parse().unwrap(), String::new(), String::new());
    says(&mut lists, &issuer("US-SC"));
    assert_eq!(lists.issuers().count(), 0, "in the name of another");
    says(&mut lists, &issuer("US-VA"));
    assert_eq!(lists.issuers().count(), 1);
    says(&mut lists, &issuer("US-SC"));
    assert_eq!(lists.issuers().count(), 0, "what stood there is replaced");
}

/// Somebody who gives another's address as its own keeps none of the other's lists.
#[test]
fn at_one_address_the_issuers_home_keeps_the_lists_and_nobody_else() {
    let url = "https://registry.example";
    let [sc, va, nc] = ["US-SC", "US-VA", "US-NC"].map(|id| id.parse::<AgencyId>().unwrap());
    let own = protocol::Ticket {
        agency: nc.clone(),
        name: String::new(),
        genesis: Hash([9; 32]),
        node: String::new(),
        addresses: vec![],
        url: String::new(),
    };
    let mut registry = crate::registry::Registry::empty(crate::peer_set::PeerSet::new(own, vec![]).unwrap());
    let at = |id: &AgencyId| AgencyState::new(id.clone(), String::new(), url.to_owned());
    let list = format!("{url}/v1/status-lists/7-revocation");
    let kept_by = |registry: &crate::registry::Registry, issuer: &str| {
        let found = registry.status_list_of(&list, issuer);
        found.map(|(lists, number)| (lists.id.to_string(), number))
    };

    let mut honest = at(&sc);
    says(&mut honest, &issuer("US-SC"));
    registry.agencies.insert(Hash([2; 32]), Arc::new(honest));
    assert_eq!(kept_by(&registry, "did:web:academy.example"), Some(("US-SC".into(), 7)));
    // Whichever of them is found first.
    for genesis in [Hash([1; 32]), Hash([3; 32])] {
        registry.agencies.insert(genesis, Arc::new(at(&va)));
        assert_eq!(kept_by(&registry, "did:web:academy.example"), Some(("US-SC".into(), 7)));
        assert_eq!(kept_by(&registry, "did:web:nobody.example"), None, "nobody's issuer");
        registry.agencies.remove(&genesis);
    }
}
