use verification::foreign_list;

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const AT_ONCE: usize = 4;

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn place(agency: &str, issuer: &str, number: usize) -> ListLocation {
    ListLocation {
        agency: agency.parse().unwrap(),
        issuer: issuer.to_owned(),
        list: format!("https://{issuer}.example/{number:04}"),
    }
}

fn named(agency: &str, issuer: &str, count: usize) -> Vec<(ListLocation, VerificationMethods)> {
    (0..count)
        .map(|number| (place(agency, issuer, number), VerificationMethods::default()))
        .collect()
}

/// A list of about so many bytes.
fn list(bytes: usize) -> Arc<ExternalStatusList> {
    let ids: Vec<String> = (0..bytes / 260).map(|n| format!("\"{n:04}\"")).collect();
    let text = format!(r#"{{"issuer": "i", "revokedCredentials": [{}]}}"#, ids.join(","));
    Arc::new(foreign_list::read(text.as_bytes(), |_| None).unwrap())
}

fn had(list: &Arc<ExternalStatusList>, at: Timestamp, good_for: i64) -> ListFetchOutcome {
    ListFetchOutcome::Had(FetchedList {
        list: list.clone(),
        fetched_at: at,
        good_until: at.plus_seconds(good_for),
    })
}

fn down() -> ListFetchOutcome {
    ListFetchOutcome::Failed(ListFetchError::NotHad("it is down".into()))
}

/// Lets fetches take their seconds, at most four at once, until nothing is due; gives when each was done, in seconds.
fn play(
    plan: &mut FetchSchedule,
    takes: impl Fn(&ListLocation) -> i64,
    list: &Arc<ExternalStatusList>,
) -> BTreeMap<ListLocation, i64> {
    let (mut now, mut under_way, mut done) = (NOW, Vec::<(Timestamp, ListFetch)>::new(), BTreeMap::new());
    loop {
        while under_way.len() < AT_ONCE {
            let Some(turn) = plan.next(now) else { break };
            under_way.push((now.plus_seconds(takes(&turn.place)), turn));
        }
        let Some(first) = (0..under_way.len()).min_by_key(|n| under_way[*n].0) else {
            return done;
        };
        let (at, turn) = under_way.swap_remove(first);
        now = at;
        done.entry(turn.place.clone()).or_insert_with(|| now.seconds_since(NOW));
        // It is not due again before all is over.
        plan.every = 1_000_000;
        plan.done(&turn, had(list, now, 2_000_000), now, 0.5);
    }
}

#[test]
fn an_agency_with_slow_hosts_holds_up_no_list_of_another() {
    let takes = |place: &ListLocation| if place.issuer == "slow" { 20 } else { 1 };
    let last = |done: &BTreeMap<ListLocation, i64>| {
        let of_it = done.iter().filter(|(place, _)| place.issuer == "good");
        assert_eq!(of_it.clone().count(), 10, "all are fetched");
        of_it.map(|(_, at)| *at).max().unwrap()
    };
    // Whoever is named first; two agencies of slow hosts, too.
    for slow in [&["US-AA"][..], &["US-ZZ"], &["US-AA", "US-ZZ"]] {
        let mut plan = FetchSchedule::new(300);
        let slow_ones = slow.iter().flat_map(|id| named(id, "slow", 200));
        plan.want(slow_ones.chain(named("US-SC", "good", 10)), NOW);
        let done = play(&mut plan, takes, &list(0));
        assert_eq!(done.len(), slow.len() * 200 + 10);
        let last = last(&done);
        assert!(last <= 11 + 20, "{slow:?}: {last} s");
    }
    // The control: if one agency names them all, its own wait.
    let mut plan = FetchSchedule::new(300);
    plan.want(
        named("US-SC", "slow", 200)
            .into_iter()
            .chain(named("US-SC", "good", 10)),
        NOW,
    );
    for share in plan.shares.values_mut() {
        for ((issuer, _), listed) in &mut share.lists {
            listed.due = if issuer == "slow" { NOW.plus_seconds(-1) } else { NOW };
        }
    }
    let alone = last(&play(&mut plan, takes, &list(0)));
    assert!(alone > 1_000, "{alone} s");
}

#[test]
fn an_agency_that_names_thousands_of_large_lists_takes_no_room_from_another() {
    let large = list(1_900_000);
    let kept = |plan: &FetchSchedule, of: &str, issuer: &str, count: usize| {
        let all = (0..count).map(|n| place(of, issuer, n));
        all.filter(|p| {
            plan.look(&p.agency, &p.issuer, &p.list)
                .is_some_and(|l| l.kept.is_some())
        })
        .count()
    };
    let mut plan = FetchSchedule::new(300);
    let flood = named("US-AA", "flood", 5_000);
    plan.want(flood.iter().cloned().chain(named("US-SC", "good", 8)), NOW);
    let done = play(&mut plan, |_| 0, &large);
    assert_eq!(done.len(), MOST_LISTS + 8, "not all of them are even fetched");
    assert_eq!(kept(&plan, "US-SC", "good", 8), 8);
    assert_eq!(kept(&plan, "US-AA", "flood", 5_000), 8);
    let (aa, sc) = (agency("US-AA"), agency("US-SC"));
    assert!(plan.leaves_out(&aa) && !plan.leaves_out(&sc));
    assert!(plan.shares.values().all(|share| share.weight <= MOST_BYTES));
    let counts = plan.counts(NOW);
    assert_eq!(
        [counts[&aa].named, counts[&aa].fresh, counts[&aa].failing],
        [5_000, 8, MOST_LISTS - 8]
    );
    assert_eq!([counts[&sc].named, counts[&sc].fresh, counts[&sc].failing], [8, 8, 0]);
    // They stay when the flood is named anew, and room is free again when it is gone.
    plan.want(
        named("US-AA", "other", 300)
            .into_iter()
            .chain(named("US-SC", "good", 8)),
        NOW,
    );
    assert_eq!(kept(&plan, "US-SC", "good", 8), 8);
    assert_eq!(plan.shares[&aa].weight, 0);

    // The control: with one share for all, the lists of the agency are lost.
    let mut plan = FetchSchedule::new(300);
    plan.want(
        flood
            .into_iter()
            .map(|(p, m)| {
                (
                    ListLocation {
                        agency: sc.clone(),
                        ..p
                    },
                    m,
                )
            })
            .chain(named("US-SC", "good", 8)),
        NOW,
    );
    play(&mut plan, |_| 0, &large);
    assert_eq!(kept(&plan, "US-SC", "good", 8), 0);
}

#[test]
fn a_list_is_fetched_again_in_time_and_after_failures_less_and_less_often() {
    let short = list(0);
    let mut plan = FetchSchedule::new(300);
    plan.want(named("US-SC", "good", 1), NOW);
    let due = |plan: &FetchSchedule, now: Timestamp| plan.next_due().unwrap().seconds_since(now);
    for (good_for, chance, again) in [
        (86_400, 0.0, 225),
        (86_400, 1.0, 375),
        (60, 0.0, 22),
        (60, 1.0, 37),
        (1, 0.5, 10),
    ] {
        let turn = plan.next(NOW.plus_seconds(1_000)).unwrap();
        assert!(plan.next(NOW.plus_seconds(1_000)).is_none(), "it is under way");
        plan.done(&turn, had(&short, NOW, good_for), NOW, chance);
        assert_eq!(due(&plan, NOW), again, "{good_for} {chance}");
    }
    let mut now = NOW.plus_seconds(1_000);
    let mut told = Vec::new();
    for pause in [30, 60, 120, 240, 300, 300] {
        let turn = plan.next(now).unwrap();
        told.push(plan.done(&turn, down(), now, 0.5));
        assert_eq!(due(&plan, now), pause);
        now = now.plus_seconds(pause);
    }
    assert_eq!(
        told.iter().flatten().collect::<Vec<_>>(),
        [&ListHealthChange::Fails],
        "it is told once"
    );
    let (sc, at) = (agency("US-SC"), place("US-SC", "good", 0));
    let listed = plan.look(&sc, &at.issuer, &at.list).unwrap();
    assert_eq!(listed.failed.as_ref().unwrap().since, NOW.plus_seconds(1_000));
    assert!(listed.kept.is_some(), "what was had stays, with its age");
    let turn = plan.next(now).unwrap();
    assert_eq!(plan.done(&turn, ListFetchOutcome::Later, now, 0.5), None);
    assert_eq!(due(&plan, now), LATER);
    now = now.plus_seconds(LATER);
    let turn = plan.next(now).unwrap();
    assert_eq!(
        plan.done(&turn, had(&short, now, 86_400), now, 0.5),
        Some(ListHealthChange::IsBack)
    );
    // A clock that is set back by a year keeps nothing waiting.
    assert!(plan.next(now).is_none());
    assert!(plan.next(now.plus_seconds(-31_536_000)).is_some());
}

#[test]
fn other_keys_make_it_due_and_what_is_no_longer_named_is_forgotten() {
    let short = list(0);
    let mut plan = FetchSchedule::new(300);
    let [(one, _)] = named("US-SC", "good", 1).try_into().unwrap();
    let with = |key: &str| -> (ListLocation, VerificationMethods) {
        let methods = serde_json::from_value(serde_json::json!([
            {"id": "#1", "publicKeyMultibase": key, "public_key_multibase": key}
        ]));
        (one.clone(), Arc::new(methods.unwrap()))
    };
    plan.want([with("z1")], NOW);
    let first = plan.next(NOW).unwrap();
    plan.done(&first, had(&short, NOW, 86_400), NOW, 0.5);
    plan.want([with("z1")], NOW);
    assert_eq!(plan.next_due(), Some(NOW.plus_seconds(300)), "nothing is new");
    plan.want([with("z2")], NOW.plus_seconds(1));
    assert_eq!(
        plan.next_due(),
        Some(NOW.plus_seconds(LEAST_PAUSE)),
        "soon, and not at once"
    );
    plan.want([with("z3")], NOW.plus_seconds(100));
    let turn = plan.next(NOW.plus_seconds(100)).unwrap();
    assert_eq!(turn.methods, with("z3").1);
    // While it is under way it is named no more, and named again: what comes is of another time.
    plan.want([], NOW);
    assert!(plan.look(&one.agency, &one.issuer, &one.list).is_none());
    plan.want([with("z3")], NOW);
    assert_eq!(plan.done(&turn, had(&short, NOW, 86_400), NOW, 0.5), None);
    assert!(plan.look(&one.agency, &one.issuer, &one.list).unwrap().kept.is_none());
    assert!(plan.next(NOW).unwrap().is_first);
}
