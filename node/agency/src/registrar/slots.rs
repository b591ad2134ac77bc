//! Slots in status lists: which place a new credential gets.
//!
//! Invariant: no place, a list and an index in it, is ever handed out twice: not after a crash or an orderly stop, not by
//! a restored backup, a copy of the store, or a second process. Three rules hold it, in [`book`]:
//!
//! * A start, which is one taking of the lease, hands out only what it reserved itself, by a put that carries its random
//!   name, on disk before the first of those slots is used.
//! * A list is opened, under a random number, with a witness: one of the peers that are connected. What is reserved with the
//!   opening is used at once, for nobody else knows of the list. Whatever is reserved in it later, by the start that opened
//!   it or by any other, waits for the word of that witness, and of no other: it must hold this agency's log exactly as it is
//!   here, the reservation included. A start on a restored backup or on a copy learns from it what was reserved meanwhile.
//! * A list that is opened while nobody can be a witness is used by the start that opened it, and by no other.
//! * A slot that several starts reserved is nobody's.
//!
//! Why one witness for each list, and not the word of any peer: two starts on copies of a store could each be confirmed by a
//! peer that has not heard of the other. What the rules rest on: a witness forgets nothing (one that is itself restored from
//! a backup at the same time could), and a copy of a store is not a copy of a running process.
//!
//! A start begins with 16 slots and reserves more at a time the more it issues, so that a restart uses up little. When the
//! lists of an issuer are full, or none may be used, it gets a further one.

mod book;

use std::time::{Duration, Instant};

use protocol::{Hash, Replica, status_list};
use rand::RngExt as _;
use registry_schema::{Timestamp, status::LIST_SLOTS};

pub(super) use self::book::SlotPlace;
use self::book::{SlotBook, SlotReservation, StatusListLookup as _};
use super::{Registrar, RegistrarError, WriteGuard, not_ready};
use crate::{registry::Registry, replication::LogVersion};
use storage::{LocalWrite, StoreError};

/// The time that a reservation waits for the word of the list's witness.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause between two looks for that word.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The number of tries to reserve for one credential: an older list, one that is opened, and once more.
const MOST_TRIES: usize = 4;
/// From this part of a list on, it is said that it fills.
const NEARLY_FULL_PERCENT: u32 = 80;

/// The places that this process may hand out while it holds the lease.
#[derive(Debug, Default)]
pub(super) struct SlotAllocator {
    /// In which epoch of the lease it began.
    epoch: Option<i64>,
    book: SlotBook,
}

/// The degree to which a status list of this agency is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFill {
    /// The list's number.
    pub list: u32,
    /// The issuer of the badges in it.
    pub issuer: String,
    /// Since when; none, if it is older than this was kept.
    pub opened: Option<Timestamp>,
    /// The number of its slots that are reserved.
    pub reserved: u32,
    /// The number of all its slots.
    pub slots: u32,
}

impl ListFill {
    /// The reserved part, in percent.
    #[must_use]
    pub const fn percent(&self) -> u32 {
        self.reserved.saturating_mul(100) / self.slots
    }

    /// Returns true if it is nearly full, so that a further list will be opened soon.
    #[must_use]
    pub const fn is_nearly_full(&self) -> bool {
        self.percent() >= NEARLY_FULL_PERCENT
    }
}

impl SlotAllocator {
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
    pub(super) async fn new_place(&self, turn: &mut WriteGuard<'_>, issuer: &str) -> Result<SlotPlace, RegistrarError> {
        let epoch = self.store.held().ok_or(StoreError::Deposed)?;
        let version = turn.version.as_mut().ok_or_else(not_ready)?;
        let book = turn.slots.of(Some(epoch));
        for _ in 0..MOST_TRIES {
            let registry = self.registry.snapshot();
            if let Some(place) = book.take(issuer, registry.home().ok_or_else(not_ready)?) {
                return Ok(place);
            }
            self.reserve(book, version, issuer).await?;
        }
        Err(RegistrarError::Unavailable(
            "no place in a status list could be reserved: try again".into(),
        ))
    }

    /// Reserves further places for an issuer, in one of its lists or in one that is opened for it.
    async fn reserve(&self, book: &mut SlotBook, version: &mut LogVersion, issuer: &str) -> Result<(), RegistrarError> {
        let lists = self.store.lists_of(issuer).await?;
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let number = || rand::rng().random_range(0..=u32::MAX >> 1);
        let witnesses = self.witnesses(&registry).await?;
        let reserving = book.plan(issuer, (&lists, &witnesses), home, number, &mut rand::rng());
        let now = self.clock.now();
        let put = |span| status_list::reserve(reserving.list.number, span, Some(book.start()), now);
        let puts = reserving.spans.iter().copied().map(put).collect();
        let own = reserving.opens.then(|| LocalWrite::IssuerList {
            issuer: issuer.to_owned(),
            list: reserving.list,
        });
        self.author.write(version, puts, own.into_iter().collect()).await?;
        if let Some(witness) = SlotBook::needs_word(&reserving)
            && !self.is_confirmed(book, &reserving, witness).await
        {
            tracing::info!(
                list = reserving.list.number,
                %witness,
                "the witness does not confirm what was reserved in a status list: this start opens lists of its own"
            );
            book.stand_alone();
            return Ok(());
        }
        self.tell_of_fill(issuer, &reserving);
        book.keep(issuer, reserving, &mut rand::rng());
        Ok(())
    }

    /// The peers that are connected and have ever said that they hold this agency's log.
    async fn witnesses(&self, registry: &Registry) -> Result<Vec<Hash>, RegistrarError> {
        let connected: Vec<Hash> = registry.connected_peers().collect();
        let holds = move |replica: &Replica| {
            let hold = connected
                .into_iter()
                .filter(|agency| replica.countersignatures().contains_key(agency));
            hold.collect::<Vec<Hash>>()
        };
        Ok(self.author.look(holds).await?)
    }

    /// Returns true if this agency says that it holds our log as it is here, and no other start reserved the same.
    async fn is_confirmed(&self, book: &SlotBook, reserving: &SlotReservation, witness: Hash) -> bool {
        let asked = Instant::now();
        loop {
            let registry = self.registry.snapshot();
            if registry.transport(&witness).is_none() {
                return false;
            }
            let home = registry.home_hash();
            match self.author.look(move |replica| holds_all(replica, witness, home)).await {
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
    fn tell_of_fill(&self, issuer: &str, reserving: &SlotReservation) {
        let registry = self.registry.snapshot();
        let Some(reserved) = registry.home().and_then(|home| home.reserved(reserving.list.number)) else {
            return;
        };
        let now: u32 = book::slots(reserved.keys());
        let before = now.saturating_sub(book::slots(reserving.spans.iter()));
        let from = LIST_SLOTS / 100 * NEARLY_FULL_PERCENT;
        if before < from && now >= from {
            tracing::warn!(
                issuer,
                list = reserving.list.number,
                "a status list is reserved to {NEARLY_FULL_PERCENT} percent: when it is full, a further one is opened by itself"
            );
        }
    }

    /// The status lists of the issuers whose keys this store keeps, and how full each is.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn list_fill(&self) -> Result<Vec<ListFill>, RegistrarError> {
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

/// Returns true if a peer holds this agency's log exactly as it is here: all of ours, and all that it has of it is here.
fn holds_all(replica: &Replica, peer: Hash, home: Hash) -> bool {
    let Some(log) = replica.logs().get(&home).filter(|log| log.missing() == 0) else {
        return false;
    };
    replica.countersignatures().get(&peer).is_some_and(|held| {
        let heads = &held.get().heads;
        heads.iter().all(|head| log.holds(head)) && log.beyond(heads) == 0
    })
}
