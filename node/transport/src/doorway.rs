//! Places at a door, shared fairly among the addresses that come to it. Used where connections come in, before anything is
//! known of who sends them: the node's HTTP server and libp2p ([`crate::network`]).
//!
//! A newcomer always finds a place while somebody else has more than their share: whoever has most loses the connection
//! that is of least use. Nobody loses a place to one who has as many, or more: so an address that takes all it can get
//! takes from itself, and several of them never hold more than even shares while others wait. Visitors that turn out to be
//! welcome, such as operators, move on to places that are kept for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Duration,
};

use futures::task::AtomicWaker;
use tokio::time::Instant;

use crate::client::ClientAddress;
use platform::lock::Lock;

/// The time for which a visitor may keep the other side waiting before it counts as one that does nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// The bytes a second that are expected of a sender.
const LEAST_A_SECOND: u64 = 32 * 1024;
/// For so long a body may take to begin, before it is measured by its bytes.
const SLOW_START: Duration = Duration::from_secs(1);

/// The numbers of visitors that a door has room for.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionLimits {
    /// The most at once, of all customers together; the welcome are not counted.
    pub in_all: usize,
    /// The most at once of one customer ([`ClientAddress`]).
    pub of_one: usize,
    /// The further places for the welcome ([`ConnectionPermit::is_welcome`]).
    pub welcome: usize,
}

/// The places at a door. Clones share them.
#[derive(Clone, Debug)]
pub struct ConnectionLimiter(Arc<LimiterState>);

#[derive(Debug)]
struct LimiterState {
    limits: AdmissionLimits,
    began: Instant,
    inside: Lock<OpenConnections>,
    /// By how much tests are later, in milliseconds.
    #[cfg(test)]
    later: AtomicU64,
}

#[derive(Debug, Default)]
struct OpenConnections {
    last: u64,
    total: usize,
    visits: BTreeMap<ClientAddress, BTreeMap<u64, Arc<ConnectionSlot>>>,
    /// Those that count for no customer, and lose their places to nobody.
    welcome: BTreeSet<u64>,
}

/// A place that is taken.
#[derive(Debug, Default)]
struct ConnectionSlot {
    shown_out: AtomicBool,
    waker: AtomicWaker,
    /// True while nobody has listened to it yet.
    unheard: AtomicBool,
    /// The number of requests that are being answered.
    at_work: AtomicUsize,
    /// True while the other side keeps an answer waiting.
    stalled: AtomicBool,
    /// The time at which it last got on, in milliseconds since the door opened.
    since: AtomicU64,
    /// The number of requests' bodies that are on their way.
    receiving: AtomicUsize,
    /// Since when they are, and how many bytes of them have come.
    receiving_since: AtomicU64,
    received: AtomicU64,
}

/// The use of a visit, the least first: in this order places are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ConnectionActivity {
    /// Nothing has been asked for a while, or the other side does not take its answer.
    Idle,
    /// Its request arrives more slowly than an honest line brings it.
    Slow,
    /// It came, or was answered, just now, and has had no time to ask.
    New,
    /// Nobody has listened to it yet: it may have asked long ago.
    Unheard,
    /// It is being answered.
    AtWork,
}

impl ConnectionSlot {
    /// Its use, and since when it has been of that use.
    fn standing(&self, now: u64) -> (ConnectionActivity, u64) {
        let since = self.since.load(Ordering::Acquire);
        let is_past_patience = now.saturating_sub(since) >= millis(PATIENCE);
        let standing = if self.unheard.load(Ordering::Acquire) {
            ConnectionActivity::Unheard
        } else if self.at_work.load(Ordering::Acquire) == 0 {
            if is_past_patience {
                ConnectionActivity::Idle
            } else {
                ConnectionActivity::New
            }
        } else if self.stalled.load(Ordering::Acquire) && is_past_patience {
            ConnectionActivity::Idle
        } else if self.is_slow(now) {
            return (ConnectionActivity::Slow, self.receiving_since.load(Ordering::Acquire));
        } else {
            ConnectionActivity::AtWork
        };
        (standing, since)
    }

    /// Tells whether less of a body has come than an honest line would have brought by now.
    fn is_slow(&self, now: u64) -> bool {
        if self.receiving.load(Ordering::Acquire) == 0 {
            return false;
        }
        let taken = now.saturating_sub(self.receiving_since.load(Ordering::Acquire));
        let measured = taken.saturating_sub(millis(SLOW_START));
        self.received.load(Ordering::Acquire) < measured.saturating_mul(LEAST_A_SECOND) / 1_000
    }

    fn show_out(&self) {
        self.shown_out.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl ConnectionLimiter {
    /// A door with so many places, all of them free.
    pub fn new(limits: AdmissionLimits) -> Self {
        Self(Arc::new(LimiterState {
            limits,
            began: Instant::now(),
            inside: Lock::default(),
            #[cfg(test)]
            later: AtomicU64::new(0),
        }))
    }

    /// Takes a place for a customer, an address or a network; another may have to go for it. None, if all places
    /// are in use and nobody has more than this customer.
    pub fn enter(&self, customer: ClientAddress) -> Option<ConnectionPermit> {
        let now = self.now();
        let (number, visit) = self.0.inside.with(|inside| self.admit(inside, customer, now))?;
        Some(ConnectionPermit {
            door: self.clone(),
            customer,
            number,
            visit,
        })
    }

    fn admit(
        &self,
        inside: &mut OpenConnections,
        customer: ClientAddress,
        now: u64,
    ) -> Option<(u64, Arc<ConnectionSlot>)> {
        let own = inside.visits.get(&customer).map_or(0, BTreeMap::len);
        if own >= self.0.limits.of_one {
            inside.make_room(customer, now, false)?;
        } else if inside.total >= self.0.limits.in_all {
            let most = inside.visits.iter().max_by_key(|(_, visits)| visits.len());
            let (most, count) = most.map(|(customer, visits)| (*customer, visits.len()))?;
            if count > own + 1 {
                inside.make_room(most, now, true)?;
            } else {
                inside.make_room_among_equals(customer, own, now)?;
            }
        }
        inside.last += 1;
        inside.total += 1;
        let number = inside.last;
        let visit = Arc::new(ConnectionSlot::default());
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

    /// The number of places that are taken, those of the welcome not counted.
    pub fn taken(&self) -> usize {
        self.0.inside.with(|inside| inside.total)
    }
}

impl OpenConnections {
    /// Shows out the visitor of a customer's that is of least use; one at work only `at_any_cost`.
    fn make_room(&mut self, customer: ClientAddress, now: u64, at_any_cost: bool) -> Option<()> {
        let visits = self.visits.get(&customer)?;
        let all = visits.iter().map(|(number, visit)| (visit.standing(now), *number));
        let ((standing, _), number) = all.min()?;
        if standing == ConnectionActivity::AtWork && !at_any_cost {
            return None;
        }
        self.remove(customer, number)?.show_out();
        Some(())
    }

    /// Shows out whoever is of least use and not at work, of those who have more than this customer, or of its own. Who has
    /// fewer is never the one.
    fn make_room_among_equals(&mut self, customer: ClientAddress, own: usize, now: u64) -> Option<()> {
        let those = self
            .visits
            .iter()
            .filter(|(who, visits)| visits.len() > own || **who == customer);
        let all = those.flat_map(|(who, visits)| {
            let of_it = |(number, visit): (&u64, &Arc<ConnectionSlot>)| (visit.standing(now), *who, *number);
            visits.iter().map(of_it)
        });
        let ((standing, _), who, number) = all.min()?;
        if standing == ConnectionActivity::AtWork {
            return None;
        }
        self.remove(who, number)?.show_out();
        Some(())
    }

    /// Frees a visitor's place, if it still has one.
    fn leave(&mut self, customer: ClientAddress, number: u64) {
        if !self.welcome.remove(&number) {
            self.remove(customer, number);
        }
    }

    fn remove(&mut self, customer: ClientAddress, number: u64) -> Option<Arc<ConnectionSlot>> {
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
pub struct ConnectionPermit {
    door: ConnectionLimiter,
    customer: ClientAddress,
    number: u64,
    visit: Arc<ConnectionSlot>,
}

impl ConnectionPermit {
    /// Tells whether the place went to another; `waker` is woken when it does.
    pub fn is_shown_out(&self, waker: &Waker) -> bool {
        self.visit.waker.register(waker);
        self.visit.shown_out.load(Ordering::Acquire)
    }

    /// Waits until the place goes to another.
    pub async fn shown_out(&self) {
        std::future::poll_fn(|context| match self.is_shown_out(context.waker()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        })
        .await;
    }

    /// Takes the place away.
    pub fn show_out(&self) {
        self.visit.show_out();
    }

    /// Moves it to a place that is kept for the welcome, if one is free: it counts for no customer, and nobody takes the
    /// place away.
    pub fn is_welcome(&self) {
        self.door.0.inside.with(|inside| {
            let has_room = inside.welcome.len() < self.door.0.limits.welcome;
            if has_room && inside.remove(self.customer, self.number).is_some() {
                inside.welcome.insert(self.number);
            }
        });
    }

    /// Notes that nobody has listened to it yet: what that costs is not its fault.
    pub fn waits_to_be_heard(&self) {
        self.visit.unheard.store(true, Ordering::Release);
    }

    /// Notes that what it had said by now was heard.
    pub fn is_heard(&self) {
        if self.visit.unheard.swap(false, Ordering::AcqRel) {
            self.visit.since.store(self.door.now(), Ordering::Release);
        }
    }

    /// Notes that a body begins to arrive.
    pub fn receives(&self) {
        if self.visit.receiving.fetch_add(1, Ordering::AcqRel) == 0 {
            self.visit.received.store(0, Ordering::Release);
            self.visit.receiving_since.store(self.door.now(), Ordering::Release);
        }
    }

    /// Notes that so many bytes of a body came.
    pub fn received(&self, bytes: usize) {
        self.visit.received.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    /// Notes that a body is here, or is not read any more.
    pub fn has_received(&self) {
        self.visit.receiving.fetch_sub(1, Ordering::AcqRel);
    }

    /// Begins a request.
    pub fn begins(&self) {
        self.visit.at_work.fetch_add(1, Ordering::AcqRel);
        self.gets_on();
    }

    /// Ends a request: its answer is sent, or given up.
    pub fn ends(&self) {
        self.gets_on();
        self.visit.at_work.fetch_sub(1, Ordering::AcqRel);
    }

    /// Notes that the other side takes what it is sent.
    pub fn gets_on(&self) {
        self.visit.since.store(self.door.now(), Ordering::Release);
        self.visit.stalled.store(false, Ordering::Release);
    }

    /// Notes that the other side takes nothing at the moment.
    pub fn stalls(&self) {
        self.visit.since.store(self.door.now(), Ordering::Release);
        self.visit.stalled.store(true, Ordering::Release);
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        // None, if it was shown out.
        self.door
            .0
            .inside
            .with(|inside| inside.leave(self.customer, self.number));
    }
}

#[cfg(test)]
mod tests;
