//! Many starts, and many badges.

use super::*;

/// Issues through one process of a store whose peers answer at once, or never do.
fn issue(world: &mut SlotModel, count: usize) {
    let (at, before) = (world.processes.len() - 1, world.handed_out.len());
    while world.handed_out.len() < before + count {
        world.issue(at, ISSUERS[0]);
        for (abroad, linked) in world.abroad.iter_mut().zip(world.disks[0].linked) {
            if linked {
                abroad.learn(&world.disks[0].log, usize::MAX);
            }
        }
        assert_eq!(world.twice, None);
    }
}

#[test]
fn two_thousand_restarts_use_up_one_list() {
    let mut world = SlotModel::new(1, BrokenRule::Nothing);
    for _ in 0..2_000 {
        world.start(0);
        issue(&mut world, 3);
        world.processes.clear();
    }
    assert_eq!(world.handed_out.len(), 6_000);
    assert_eq!(world.disks[0].lists.len(), 1, "16 slots a start");
}

#[test]
fn two_thousand_restarts_without_a_peer_end_in_nothing_but_more_lists() {
    let mut world = SlotModel::new(2, BrokenRule::Nothing);
    world.disks[0].linked = [false; PEERS.len()];
    for _ in 0..2_000 {
        world.start(0);
        issue(&mut world, 3);
        world.processes.clear();
    }
    assert_eq!(world.handed_out.len(), 6_000);
    assert_eq!(world.disks[0].lists.len(), 2_000);
}

/// A set of slots, by list.
#[derive(Default)]
struct SlotSet(BTreeMap<u32, Vec<u64>>);

impl SlotSet {
    fn give(&mut self, place: SlotPlace) -> bool {
        let bits = self
            .0
            .entry(place.list)
            .or_insert_with(|| vec![0; LIST_SLOTS as usize / 64]);
        let (word, bit) = (&mut bits[place.slot as usize / 64], 1 << (place.slot % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

#[test]
fn one_issuer_has_ten_million_badges() {
    const MOST: u32 = 10_000_000;
    let mut rng = StdRng::seed_from_u64(3);
    let mut book = SlotBook::begin(7);
    let (mut log, mut lists, mut given) = (ModelLog::default(), Vec::new(), SlotSet::default());
    let mut count = 0;
    while count < MOST {
        let Some(place) = book.take(ISSUERS[0], &log) else {
            let mut numbers = StdRng::seed_from_u64(lists.len() as u64);
            let number = || numbers.random_range(0..=u32::MAX >> 1);
            // Those before are full: there are only those that still fill.
            let newest = lists.last().copied();
            let reserving = book.plan(ISSUERS[0], (newest.as_slice(), &PEERS[..1]), &log, number, &mut rng);
            if reserving.opens {
                lists.push(reserving.list);
            }
            let reserved = log.lists.entry(reserving.list.number).or_default();
            reserved.extend(reserving.spans.iter().map(|span| (*span, Some(7))));
            book.keep(ISSUERS[0], reserving, &mut rng);
            continue;
        };
        // The rest of what was reserved with it as well, without a look at the list for each.
        let rest = std::mem::take(&mut book.by_issuer.get_mut(ISSUERS[0]).unwrap().free);
        for place in [place].into_iter().chain(rest) {
            assert!(given.give(place), "{place:?} twice");
            count += 1;
        }
    }
    assert_eq!(
        lists.len(),
        MOST.div_ceil(LIST_SLOTS) as usize,
        "each is filled to its end"
    );
    // Whatever the order of the lists, a full one is passed over.
    let reserving = book.plan(ISSUERS[0], (&lists, &PEERS[..1]), &log, || 0, &mut rng);
    assert_eq!(Some(&reserving.list), lists.last());
}

#[test]
fn a_list_is_filled_to_its_last_slot_in_units_and_in_blocks() {
    for seed in 0..3 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut reserved = BTreeMap::new();
        let mut all = BTreeSet::new();
        loop {
            let wanted = 16 << rng.random_range(0..5);
            let spans = pick(&reserved, wanted, &mut rng);
            if spans.is_empty() {
                break;
            }
            assert!(slots(spans.iter()) <= wanted, "seed {seed}");
            for span in spans {
                assert!(
                    span.slots().all(|slot| all.insert(slot)),
                    "seed {seed}: {span:?} overlaps"
                );
                reserved.insert(span, None);
            }
        }
        assert_eq!(all.len(), LIST_SLOTS as usize, "seed {seed}");
    }
}

/// Slots that an older version reserved, in whole blocks and by nobody's name, are not touched.
#[test]
fn what_was_reserved_before_starts_had_names_stays_so() {
    let mut log = ModelLog::default();
    let old: BTreeMap<SlotSpan, Option<u64>> = (0..511).map(|block| (SlotSpan::Block(block), None)).collect();
    log.lists.insert(5, old);
    let mut rng: Box<dyn Rng> = Box::new(StdRng::seed_from_u64(4));
    let witness = Some(PEERS[0]);
    let plan = |log: &ModelLog, witness, rng: &mut Box<dyn Rng>| {
        SlotBook::begin(1).plan(
            ISSUERS[0],
            (&[IssuerStatusList { number: 5, witness }], &PEERS[..1]),
            log,
            || 6,
            rng,
        )
    };
    let reserving = plan(&log, witness, &mut rng);
    assert_eq!(reserving.list.number, 5);
    assert!(
        reserving
            .spans
            .iter()
            .all(|span| span.slots().start >= 511 * BLOCK_SLOTS)
    );
    let reserving = plan(&log, None, &mut rng);
    assert_eq!(
        (reserving.list.number, reserving.opens),
        (6, true),
        "a list without a witness"
    );
    log.lists.get_mut(&5).unwrap().insert(SlotSpan::Block(511), None);
    let reserving = plan(&log, witness, &mut rng);
    assert_eq!((reserving.list.number, reserving.opens), (6, true), "a full list");
}
