//! Slots in status lists: which place a new credential gets.
//!
//! Invariant: no place, a list and an index in it, is ever handed out twice: not after a crash or an orderly stop, not by
//! a restored backup, a copy of the store, or a second process. Three rules hold it, in [`book`]:
//!
//! * A start, which is one taking of the lease, hands out only what it reserved itself, by a put that carries its random
//!   name, on disk before the first of those slots is used.
//! * In a list that it opened itself, whose number is random, it does so at once. In an older list it waits for the word of
//!   a peer: one that holds this agency's log exactly as it is here, the reservation included. A start on a restored
//!   backup, which cannot know what was reserved after it, learns it from that peer, or opens lists of its own.
//! * A slot that several starts reserved is nobody's.
//!
//! **Known to be broken:** where peers have not heard of each other, each can confirm another start, and both hand out the
//! same slots: schedule 740 of the model in `book/tests.rs` does it with every rule in force.
//!
//! A start begins with 16 slots and reserves more at a time the more it issues, so that a restart uses up little. When the
//! lists of an issuer are full, or none may be used, it gets a further one.

mod book;

use std::time::{Duration, Instant};

use protocol::{Hash, Replica, status_list};
use rand::RngExt as _;
use registry_schema::{Timestamp, status::LIST_SLOTS};

pub(super) use self::book::SlotPlace;
use self::book::{KnownLists as _, Reserving, SlotBook};
use super::{NotDone, Registrar, not_ready};
use crate::storage::{OwnWrite, Unavailable};

/// How long a reservation in an older list waits for the word of a peer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it looks whether that word is here.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often reserving is tried for one credential: an older list, one that is opened, and once more.
const MOST_TRIES: usize = 4;
/// From this part of a list on, it is said that it fills.
const NEARLY_FULL_PERCENT: u32 = 80;

/// The places that this process may hand out while it holds the lease.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// In which epoch of the lease it began.
    epoch: Option<i64>,
    book: SlotBook,
}

/// How full a status list of this agency is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFill {
    /// The list's number.
    pub list: u32,
    /// Whose badges are in it.
    pub issuer: String,
    /// Since when; none, if it is older than this was kept.
    pub opened: Option<Timestamp>,
    /// How many of its slots are reserved.
    pub reserved: u32,
    /// How many there are.
    pub slots: u32,
}

impl ListFill {
    /// The reserved part, in percent.
    #[must_use]
    pub const fn percent(&self) -> u32 {
        self.reserved.saturating_mul(100) / self.slots
    }

    /// Whether it is nearly full, so that a further list will be opened soon.
    #[must_use]
    pub const fn is_nearly_full(&self) -> bool {
        self.percent() >= NEARLY_FULL_PERCENT
    }
}

impl Slots {
    /// The book of the start that holds the lease now. Another epoch is another start: what an earlier one reserved and did
    /// not use is used by nobody.
    fn of(&mut self, epoch: Option<i64>) -> &mut SlotBook {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.book = SlotBook::begin(rand::rng().random());
        }
        &mut self.book
    }
}

impl Registrar {
    /// A place for a new credential of an issuer, that nobody had before.
    pub(super) async fn new_place(&self, slots: &mut Slots, issuer: &str) -> Result<SlotPlace, NotDone> {
        let epoch = self.store.held().ok_or(Unavailable::Deposed)?;
        let book = slots.of(Some(epoch));
        for _ in 0..MOST_TRIES {
            let registry = self.registry.snapshot();
            if let Some(place) = book.take(issuer, registry.home().ok_or_else(not_ready)?) {
                return Ok(place);
            }
            self.reserve(book, issuer).await?;
        }
        Err(NotDone::Unavailable(
            "no place in a status list could be reserved: try again".into(),
        ))
    }

    /// Reserves further places for an issuer, in one of its lists or in one that is opened for it.
    async fn reserve(&self, book: &mut SlotBook, issuer: &str) -> Result<(), NotDone> {
        let lists = self.store.lists_of(issuer).await?;
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let number = || rand::rng().random_range(0..=u32::MAX >> 1);
        let reserving = book.plan(issuer, &lists, home, number, &mut rand::rng());
        let now = self.clock.now();
        let put = |span| status_list::reserve(reserving.list, span, Some(book.start()), now);
        let puts = reserving.spans.iter().copied().map(put).collect();
        let own = reserving.opens.then(|| OwnWrite::IssuerList {
            issuer: issuer.to_owned(),
            list: reserving.list,
        });
        self.author.write(puts, own.into_iter().collect()).await?;
        if book.needs_word(&reserving) && !self.is_confirmed(book, &reserving).await {
            tracing::info!(
                list = reserving.list,
                "no peer confirms what was reserved in a status list: this start opens lists of its own"
            );
            book.stand_alone();
            return Ok(());
        }
        self.tell_of_fill(issuer, &reserving);
        book.keep(issuer, reserving, &mut rand::rng());
        Ok(())
    }

    /// Whether a peer says that it holds this agency's log as it is here, and no other start reserved the same.
    async fn is_confirmed(&self, book: &SlotBook, reserving: &Reserving) -> bool {
        let asked = Instant::now();
        loop {
            let registry = self.registry.snapshot();
            if !registry.is_anybody_connected() {
                return false;
            }
            let home = registry.home_hash();
            match self.author.look(move |replica| is_held_abroad(replica, home)).await {
                Ok(true) => {
                    let registry = self.registry.snapshot();
                    return registry.home().is_some_and(|home| book.is_sole(reserving, home));
                }
                Ok(false) if asked.elapsed() < PATIENCE => tokio::time::sleep(LOOK_EVERY).await,
                Ok(false) | Err(_) => return false,
            }
        }
    }

    /// Says in the log that a list is nearly full, when it comes to that.
    fn tell_of_fill(&self, issuer: &str, reserving: &Reserving) {
        let registry = self.registry.snapshot();
        let Some(reserved) = registry.home().and_then(|home| home.reserved(reserving.list)) else {
            return;
        };
        let now: u32 = book::slots(reserved.keys());
        let before = now.saturating_sub(book::slots(reserving.spans.iter()));
        let from = LIST_SLOTS / 100 * NEARLY_FULL_PERCENT;
        if before < from && now >= from {
            tracing::warn!(
                issuer,
                list = reserving.list,
                "a status list is reserved to {NEARLY_FULL_PERCENT} percent: when it is full, a further one is opened by itself"
            );
        }
    }

    /// The status lists of the issuers whose keys this store keeps, and how full each is.
    ///
    /// # Errors
    /// [`NotDone`], if the store cannot be read.
    pub async fn list_fill(&self) -> Result<Vec<ListFill>, NotDone> {
        let lists = self.store.issuer_lists().await?;
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let fill = lists.into_iter().map(|(issuer, list, opened)| ListFill {
            list,
            issuer,
            opened: (opened > Timestamp(0)).then_some(opened),
            reserved: home.reserved(list).map_or(0, |reserved| book::slots(reserved.keys())),
            slots: LIST_SLOTS,
        });
        Ok(fill.collect())
    }
}

/// Whether a peer holds this agency's log exactly as it is here: all of ours, and all that it has of it is here.
fn is_held_abroad(replica: &Replica, home: Hash) -> bool {
    let Some(log) = replica.logs().get(&home).filter(|log| log.missing() == 0) else {
        return false;
    };
    let mut holders = replica.reach().values();
    holders.any(|held| {
        let heads = &held.get().heads;
        heads.iter().all(|head| log.holds(head)) && log.beyond(heads) == 0
    })
}
