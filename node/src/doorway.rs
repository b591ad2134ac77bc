//! Places at a door, shared fairly among the addresses that come to it. Used where connections come in, before anything is
//! known of who sends them: HTTP ([`crate::serve`]) and libp2p ([`crate::network`]).
//!
//! A newcomer always finds a place while somebody else has more than their share: whoever has most loses the connection
//! that has been of no use longest. So an address that takes all it can get takes from itself.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Duration,
};

use futures::task::AtomicWaker;
use tokio::time::Instant;

use crate::lock::Lock;

/// How long a visitor may keep the other side waiting before it counts as one that does nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// The customer behind an address: an IPv4 address, or an IPv6 network of /64, of which one customer has all.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

/// How many visitors a door has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DoorLimits {
    pub(crate) in_all: usize,
    /// Of one customer.
    pub(crate) of_one: usize,
}

/// The places at a door. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Doorway(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: DoorLimits,
    began: Instant,
    inside: Lock<Inside>,
    /// By how much tests are later, in milliseconds.
    #[cfg(test)]
    later: AtomicU64,
}

#[derive(Debug, Default)]
struct Inside {
    last: u64,
    total: usize,
    visits: BTreeMap<IpAddr, BTreeMap<u64, Arc<Visit>>>,
}

/// A place that is taken.
#[derive(Debug, Default)]
struct Visit {
    shown_out: AtomicBool,
    waker: AtomicWaker,
    /// How many requests are being answered.
    at_work: AtomicUsize,
    /// Whether the other side keeps an answer waiting.
    stalled: AtomicBool,
    /// When it last got on, in milliseconds since the door opened.
    since: AtomicU64,
}

impl Visit {
    /// Since when it has done nothing, if that may cost it the place.
    fn idle_since(&self, now: u64) -> Option<u64> {
        let since = self.since.load(Ordering::Acquire);
        let waits = self.stalled.load(Ordering::Acquire) && now.saturating_sub(since) >= millis(PATIENCE);
        (waits || self.at_work.load(Ordering::Acquire) == 0).then_some(since)
    }

    fn show_out(&self) {
        self.shown_out.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Doorway {
    pub(crate) fn new(limits: DoorLimits) -> Self {
        Self(Arc::new(Shared {
            limits,
            began: Instant::now(),
            inside: Lock::default(),
            #[cfg(test)]
            later: AtomicU64::new(0),
        }))
    }

    /// Takes a place for a customer; another may have to go for it. None, if all places are in use and nobody has more
    /// than this customer.
    pub(crate) fn enter(&self, customer: IpAddr) -> Option<Visitor> {
        let now = self.now();
        let (number, visit) = self.0.inside.with(|inside| self.admit(inside, customer, now))?;
        Some(Visitor {
            door: self.clone(),
            customer,
            number,
            visit,
        })
    }

    fn admit(&self, inside: &mut Inside, customer: IpAddr, now: u64) -> Option<(u64, Arc<Visit>)> {
        let own = inside.visits.get(&customer).map_or(0, BTreeMap::len);
        if own >= self.0.limits.of_one {
            inside.make_room(customer, now, false)?;
        } else if inside.total >= self.0.limits.in_all {
            let most = inside.visits.iter().max_by_key(|(_, visits)| visits.len());
            let (most, count) = most.map(|(customer, visits)| (*customer, visits.len()))?;
            if count > own + 1 {
                inside.make_room(most, now, true)?;
            } else {
                inside.make_room_anywhere(now)?;
            }
        }
        inside.last += 1;
        inside.total += 1;
        let number = inside.last;
        let visit = Arc::new(Visit::default());
        visit.since.store(now, Ordering::Release);
        inside.visits.entry(customer).or_default().insert(number, visit.clone());
        Some((number, visit))
    }

    fn now(&self) -> u64 {
        let now = millis(self.0.began.elapsed());
        #[cfg(test)]
        let now = now + self.0.later.load(Ordering::Acquire);
        now
    }

    #[cfg(test)]
    fn wait(&self, duration: Duration) {
        self.0.later.fetch_add(millis(duration), Ordering::AcqRel);
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.0.inside.with(|inside| inside.total)
    }
}

impl Inside {
    /// Shows out one of a customer's visitors: the one that has done nothing longest, or, `at_any_cost`, the oldest.
    fn make_room(&mut self, customer: IpAddr, now: u64, at_any_cost: bool) -> Option<()> {
        let visits = self.visits.get(&customer)?;
        let idle = visits
            .iter()
            .filter_map(|(number, visit)| Some((visit.idle_since(now)?, *number)))
            .min()
            .map(|(_, number)| number);
        let oldest = || visits.keys().next().copied().filter(|_| at_any_cost);
        let number = idle.or_else(oldest)?;
        self.remove(customer, number)?.show_out();
        Some(())
    }

    /// Shows out whoever has done nothing longest.
    fn make_room_anywhere(&mut self, now: u64) -> Option<()> {
        let all = self.visits.iter().flat_map(|(customer, visits)| {
            let idle = |(number, visit): (&u64, &Arc<Visit>)| Some((visit.idle_since(now)?, *customer, *number));
            visits.iter().filter_map(idle)
        });
        let (_, customer, number) = all.min()?;
        self.remove(customer, number)?.show_out();
        Some(())
    }

    fn remove(&mut self, customer: IpAddr, number: u64) -> Option<Arc<Visit>> {
        let visits = self.visits.get_mut(&customer)?;
        let visit = visits.remove(&number)?;
        if visits.is_empty() {
            self.visits.remove(&customer);
        }
        self.total -= 1;
        Some(visit)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whoever has a place, until it is dropped or the place is needed for another.
#[derive(Debug)]
pub(crate) struct Visitor {
    door: Doorway,
    customer: IpAddr,
    number: u64,
    visit: Arc<Visit>,
}

impl Visitor {
    /// Whether the place went to another; `waker` is woken when it does.
    pub(crate) fn is_shown_out(&self, waker: &Waker) -> bool {
        self.visit.waker.register(waker);
        self.visit.shown_out.load(Ordering::Acquire)
    }

    /// Waits until the place goes to another.
    pub(crate) async fn shown_out(&self) {
        std::future::poll_fn(|context| match self.is_shown_out(context.waker()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        })
        .await;
    }

    /// Takes the place away.
    pub(crate) fn show_out(&self) {
        self.visit.show_out();
    }

    /// Begins a request.
    pub(crate) fn begins(&self) {
        self.visit.at_work.fetch_add(1, Ordering::AcqRel);
        self.gets_on();
    }

    /// Ends a request: its answer is sent, or given up.
    pub(crate) fn ends(&self) {
        self.gets_on();
        self.visit.at_work.fetch_sub(1, Ordering::AcqRel);
    }

    /// Notes that the other side takes what it is sent.
    pub(crate) fn gets_on(&self) {
        self.visit.since.store(self.door.now(), Ordering::Release);
        self.visit.stalled.store(false, Ordering::Release);
    }

    /// Notes that the other side takes nothing at the moment.
    pub(crate) fn stalls(&self) {
        self.visit.since.store(self.door.now(), Ordering::Release);
        self.visit.stalled.store(true, Ordering::Release);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        // None, if it was shown out.
        self.door
            .0
            .inside
            .with(|inside| inside.remove(self.customer, self.number));
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_out(visitor: &Visitor) -> bool {
        visitor.is_shown_out(Waker::noop())
    }

    fn door(in_all: usize, of_one: usize) -> Doorway {
        Doorway::new(DoorLimits { in_all, of_one })
    }

    #[test]
    fn who_takes_all_places_gives_one_to_each_newcomer() {
        let door = door(8, 8);
        let greedy: Vec<Visitor> = (0..8).filter_map(|_| door.enter(ip(1))).collect();
        assert_eq!(greedy.len(), 8);
        let newcomers: Vec<Visitor> = (2..6).filter_map(|last| door.enter(ip(last))).collect();
        assert_eq!(newcomers.len(), 4);
        assert_eq!(greedy.iter().filter(|visitor| is_out(visitor)).count(), 4);
        assert!(greedy.iter().take(4).all(is_out), "the oldest go");
        assert!(newcomers.iter().all(|visitor| !is_out(visitor)));
        assert_eq!(door.taken(), 8);
    }

    #[test]
    fn a_customer_beyond_its_share_loses_its_own_and_nobody_elses() {
        let door = door(100, 2);
        let other = door.enter(ip(2)).unwrap();
        let [first, second] = [door.enter(ip(1)).unwrap(), door.enter(ip(1)).unwrap()];
        first.begins();
        let third = door.enter(ip(1)).unwrap();
        assert!(is_out(&second), "the one without a request");
        assert!(!is_out(&first) && !is_out(&other));
        third.begins();
        assert!(door.enter(ip(1)).is_none(), "both are at work");
        first.stalls();
        assert!(door.enter(ip(1)).is_none(), "it may be slow for a moment");
        door.wait(PATIENCE);
        assert!(door.enter(ip(1)).is_some(), "it reads nothing");
        assert!(is_out(&first) && !is_out(&third));
    }

    #[test]
    fn those_at_work_are_safe_among_equals_and_not_from_a_newcomer_if_one_has_more() {
        let door = door(3, 3);
        let [a, b, c] = [1, 2, 3].map(|last| door.enter(ip(last)).unwrap());
        for visitor in [&a, &b, &c] {
            visitor.begins();
        }
        assert!(door.enter(ip(4)).is_none(), "all have one, and use it");
        b.ends();
        let d = door.enter(ip(4)).unwrap();
        assert!(is_out(&b));
        drop((a, d));
        let e = door.enter(ip(3)).unwrap();
        let f = door.enter(ip(3)).unwrap();
        e.begins();
        f.begins();
        assert!(door.enter(ip(5)).is_some(), "one has all three");
        assert!(is_out(&c));
    }

    #[test]
    fn an_ipv6_customer_is_one_and_a_mapped_address_is_its_own() {
        let of = |text: &str| customer(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2:bbbb::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), ip(1));
    }

    /// However customers come, work and go: the sums are right, the limits hold, and a customer with nothing gets in
    /// whenever somebody has more than one.
    #[test]
    #[expect(clippy::print_stdout, reason = "a random test prints its seed")]
    fn no_order_of_comings_and_goings_breaks_the_shares() {
        let seed: u64 = rand::rng().random();
        println!("seed {seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        let limits = DoorLimits { in_all: 16, of_one: 6 };
        let door = Doorway::new(limits);
        let mut here: Vec<(u8, Visitor)> = Vec::new();
        for _ in 0..4_000 {
            let last = chance.random_range(0..20);
            let heaviest = (0..20)
                .map(|one| here.iter().filter(|(who, _)| *who == one).count())
                .max();
            match chance.random_range(0..4) {
                0 | 1 => {
                    let own = here.iter().filter(|(who, _)| *who == last).count();
                    match door.enter(ip(last)) {
                        Some(visitor) => {
                            if chance.random() {
                                visitor.begins();
                            }
                            here.push((last, visitor));
                        }
                        None => assert!(own > 0 || heaviest == Some(1), "{own} {heaviest:?}"),
                    }
                }
                2 if !here.is_empty() => drop(here.swap_remove(chance.random_range(0..here.len()))),
                _ => door.wait(Duration::from_millis(100)),
            }
            here.retain(|(_, visitor)| !is_out(visitor));
            assert_eq!(door.taken(), here.len());
            assert!(here.len() <= limits.in_all);
            for one in 0..20 {
                assert!(here.iter().filter(|(who, _)| *who == one).count() <= limits.of_one);
            }
        }
    }
}
