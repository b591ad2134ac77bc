//! Places that are shared fairly among those who ask for them, for work that takes long and that many may cause.
//!
//! Nobody holds more than a share; most places are kept for those who hold none; and of those who wait, whoever holds fewest
//! comes first, one after the other. So who asks for much waits for themselves, and who asks for one thing gets a place at
//! once, or the next that is free and is not another's who waits longer. Nobody loses a place: what is under way cannot
//! always be broken off, such as the look-up of a name.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    hash::Hash,
    sync::Arc,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use platform::lock::Lock;

/// The limits to the number of places.
#[derive(Clone, Copy, Debug)]
pub(super) struct FairLimits {
    pub(super) in_all: usize,
    /// The most that one asker may hold.
    pub(super) of_one: usize,
    /// The number that only those may take who hold none.
    pub(super) for_the_first: usize,
}

/// Whoever may ask for a place.
pub(super) trait PermitAsker: Clone + Debug + Eq + Hash + Send + Sync + 'static {}

impl<K: Clone + Debug + Eq + Hash + Send + Sync + 'static> PermitAsker for K {}

/// The places. They are shared by their `Arc`.
#[derive(Debug)]
pub(super) struct FairSemaphore<K: PermitAsker> {
    limits: FairLimits,
    state: Lock<SemaphoreState<K>>,
}

#[derive(Debug)]
struct SemaphoreState<K: PermitAsker> {
    taken: usize,
    /// Counts those who come to wait, and the turns.
    last: u64,
    askers: HashMap<K, AskerShare<K>>,
}

/// The share of one asker: what it holds and waits for.
#[derive(Debug)]
struct AskerShare<K: PermitAsker> {
    holds: usize,
    /// The turn at which it is served, among those who hold as many.
    turn: u64,
    waiting: BTreeMap<u64, oneshot::Sender<FairPermit<K>>>,
}

/// A place that is held, until it is dropped.
#[derive(Debug)]
pub(super) struct FairPermit<K: PermitAsker> {
    places: Arc<FairSemaphore<K>>,
    who: K,
}

/// Somebody who waits for a place, until it is dropped.
struct PermitWaiter<K: PermitAsker> {
    places: Arc<FairSemaphore<K>>,
    who: K,
    number: u64,
}

/// There was no place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPermit {
    /// The asker holds others itself.
    OfOwn,
    /// Others hold them.
    OfOthers,
}

impl<K: PermitAsker> FairSemaphore<K> {
    pub(super) fn new(limits: FairLimits) -> Arc<Self> {
        let state = SemaphoreState {
            taken: 0,
            last: 0,
            askers: HashMap::new(),
        };
        Arc::new(Self {
            limits,
            state: Lock::new(state),
        })
    }

    /// Waits for a place, until this moment.
    ///
    /// # Errors
    /// [`NoPermit`], if there was none by then.
    pub(super) async fn enter(self: &Arc<Self>, who: K, until: Instant) -> Result<FairPermit<K>, NoPermit> {
        let (sender, given) = oneshot::channel();
        let waiting = PermitWaiter {
            number: self.state.with(|state| state.queue(&who, sender)),
            places: self.clone(),
            who,
        };
        self.hand_out();
        match timeout_at(until, given).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(self.state.with(|state| match state.holds(&waiting.who) {
                0 => NoPermit::OfOthers,
                _ => NoPermit::OfOwn,
            })),
        }
    }

    /// Gives what is free to those whose turn it is.
    fn hand_out(self: &Arc<Self>) {
        while let Some((who, waits)) = self.state.with(|state| state.next(self.limits)) {
            let places = self.clone();
            // Who waits no longer gives it back by not taking it.
            let _ = waits.send(FairPermit { places, who });
        }
    }

    /// The number of places that are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.state.with(|state| state.taken)
    }
}

impl<K: PermitAsker> SemaphoreState<K> {
    fn holds(&self, who: &K) -> usize {
        self.askers.get(who).map_or(0, |share| share.holds)
    }

    fn queue(&mut self, who: &K, sender: oneshot::Sender<FairPermit<K>>) -> u64 {
        self.last += 1;
        let number = self.last;
        let share = self.askers.entry(who.clone()).or_insert_with(|| AskerShare {
            holds: 0,
            turn: number,
            waiting: BTreeMap::new(),
        });
        if share.waiting.is_empty() {
            share.turn = number;
        }
        share.waiting.insert(number, sender);
        number
    }

    /// Returns who gets the next place, if one is free that anybody may take who waits.
    fn next(&mut self, limits: FairLimits) -> Option<(K, oneshot::Sender<FairPermit<K>>)> {
        let free = limits.in_all.saturating_sub(self.taken);
        let may = |share: &AskerShare<K>| match share.holds {
            0 => free > 0,
            holds => holds < limits.of_one && free > limits.for_the_first,
        };
        let waiting = self
            .askers
            .iter_mut()
            .filter(|(_, share)| !share.waiting.is_empty() && may(share));
        let (who, share) = waiting.min_by_key(|(_, share)| (share.holds, share.turn))?;
        let (_, sender) = share.waiting.pop_first()?;
        self.last += 1;
        self.taken += 1;
        share.holds += 1;
        share.turn = self.last;
        Some((who.clone(), sender))
    }

    fn change(&mut self, who: &K, change: impl FnOnce(&mut AskerShare<K>)) {
        if let Some(share) = self.askers.get_mut(who) {
            change(share);
            if share.holds == 0 && share.waiting.is_empty() {
                self.askers.remove(who);
            }
        }
    }
}

impl<K: PermitAsker> Drop for FairPermit<K> {
    fn drop(&mut self) {
        self.places.state.with(|state| {
            state.taken -= 1;
            state.change(&self.who, |share| share.holds -= 1);
        });
        self.places.hand_out();
    }
}

impl<K: PermitAsker> Drop for PermitWaiter<K> {
    fn drop(&mut self) {
        // Out of the lock: a place may be in it, which is given back.
        let gone = self.places.state.with(|state| {
            let mut gone = None;
            state.change(&self.who, |share| gone = share.waiting.remove(&self.number));
            gone
        });
        drop(gone);
    }
}

#[cfg(test)]
mod tests;
