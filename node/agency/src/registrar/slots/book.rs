//! The places that one start may hand out, and what it reserves next. No clock, no store: whoever drives it writes what
//! it plans, and asks the list's witness where it must.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Hash, status_list::SlotSpan};
use rand::{
    RngExt as _,
    seq::{IndexedRandom as _, SliceRandom as _},
};
use registry_schema::status::{BLOCK_SLOTS, LIST_SLOTS, UNIT_SLOTS};

use crate::registry::AgencyState;
use storage::IssuerStatusList;

const BLOCKS: u32 = LIST_SLOTS / BLOCK_SLOTS;
const UNITS_OF_A_BLOCK: u32 = BLOCK_SLOTS / UNIT_SLOTS;

/// The place of a credential's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::registrar) struct SlotPlace {
    pub(in crate::registrar) list: u32,
    pub(in crate::registrar) slot: u32,
}

/// A reservation that a start is about to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotReservation {
    pub(super) list: IssuerStatusList,
    /// True if the list is a new one, of this issuer.
    pub(super) opens: bool,
    pub(super) spans: Vec<SlotSpan>,
}

/// The knowledge of this agency's status lists.
pub(super) trait StatusListLookup {
    /// The reservations in a list, with the start that alone made each; none, if nothing is known of the list.
    fn reserved(&self, list: u32) -> Option<&BTreeMap<SlotSpan, Option<u64>>>;
}

impl StatusListLookup for AgencyState {
    fn reserved(&self, list: u32) -> Option<&BTreeMap<SlotSpan, Option<u64>>> {
        self.list(list).map(crate::registry::StatusList::reserved)
    }
}

/// The reservations of one start, by issuer.
#[derive(Debug, Default)]
pub(super) struct SlotBook {
    /// The start's random name.
    start: u64,
    /// Set once a witness did not answer: from then on this start uses lists without a witness, which are its own.
    stands_alone: bool,
    /// The lists without a witness that this start opened: nobody else reserves anything in them.
    own: BTreeSet<u32>,
    by_issuer: BTreeMap<String, IssuerSlots>,
}

#[derive(Debug, Default)]
struct IssuerSlots {
    /// In random order, so that an index tells nothing about when.
    free: Vec<SlotPlace>,
    /// The number of slots that were reserved last.
    last: u32,
}

impl SlotBook {
    /// The book of a start with this random name.
    pub(super) fn begin(start: u64) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    /// The start's random name.
    pub(super) const fn start(&self) -> u64 {
        self.start
    }

    /// A place for a credential of this issuer; none, if more must be reserved first.
    pub(super) fn take(&mut self, issuer: &str, known: &impl StatusListLookup) -> Option<SlotPlace> {
        let free = &mut self.by_issuer.get_mut(issuer)?.free;
        while let Some(place) = free.pop() {
            if is_reserved_by(self.start, place, known) {
                return Some(place);
            }
        }
        None
    }

    /// Plans what to reserve next for an issuer with these lists, the oldest first, while these agencies can be witnesses;
    /// `number` makes numbers for new lists.
    pub(super) fn plan(
        &self,
        issuer: &str,
        (lists, witnesses): (&[IssuerStatusList], &[Hash]),
        known: &impl StatusListLookup,
        mut number: impl FnMut() -> u32,
        rng: &mut impl rand::Rng,
    ) -> SlotReservation {
        let last = self.by_issuer.get(issuer).map_or(0, |slots| slots.last);
        let wanted = (last * 2).clamp(UNIT_SLOTS, BLOCK_SLOTS);
        let nothing = BTreeMap::new();
        for list in lists.iter().copied().filter(|list| self.may_use(*list, witnesses)) {
            let spans = pick(known.reserved(list.number).unwrap_or(&nothing), wanted, rng);
            if !spans.is_empty() {
                return SlotReservation {
                    list,
                    opens: false,
                    spans,
                };
            }
        }
        let is_taken = |number| lists.iter().any(|list| list.number == number) || known.reserved(number).is_some();
        let mut new = number();
        while is_taken(new) {
            new = number();
        }
        let witness = witnesses.choose(rng).copied().filter(|_| !self.stands_alone);
        SlotReservation {
            list: IssuerStatusList { number: new, witness },
            opens: true,
            spans: pick(&nothing, wanted, rng),
        }
    }

    fn may_use(&self, list: IssuerStatusList, witnesses: &[Hash]) -> bool {
        match list.witness {
            None => self.own.contains(&list.number),
            Some(witness) => !self.stands_alone && witnesses.contains(&witness),
        }
    }

    /// The agency that must confirm this before its slots are used, as another start may have reserved in that list; none,
    /// where no other can know of the list, or use it.
    pub(super) const fn needs_word(reserving: &SlotReservation) -> Option<Hash> {
        if reserving.opens { None } else { reserving.list.witness }
    }

    /// Returns true if this start alone reserved these slots, as far as is known.
    pub(super) fn is_sole(&self, reserving: &SlotReservation, known: &impl StatusListLookup) -> bool {
        let slots = reserving.spans.iter().flat_map(|span| span.slots());
        let list = reserving.list.number;
        slots
            .into_iter()
            .all(|slot| is_reserved_by(self.start, SlotPlace { list, slot }, known))
    }

    /// The witness does not confirm: from now on this start uses lists of its own.
    pub(super) const fn stand_alone(&mut self) {
        self.stands_alone = true;
    }

    /// Keeps a reservation that is on disk, and confirmed where it must be: its slots may be used.
    pub(super) fn keep(&mut self, issuer: &str, reserving: SlotReservation, rng: &mut impl rand::Rng) {
        let SlotReservation { list, opens, spans } = reserving;
        if opens && list.witness.is_none() {
            self.own.insert(list.number);
        }
        let of_issuer = self.by_issuer.entry(issuer.to_owned()).or_default();
        of_issuer.last = slots(spans.iter());
        let places = spans.into_iter().flat_map(SlotSpan::slots);
        of_issuer.free.extend(places.map(|slot| SlotPlace {
            list: list.number,
            slot,
        }));
        of_issuer.free.shuffle(rng);
    }
}

/// Counts the slots of these spans.
pub(super) fn slots<'a>(spans: impl Iterator<Item = &'a SlotSpan>) -> u32 {
    spans.map(|span| span.slots().end - span.slots().start).sum()
}

/// Returns true if this start reserved a place, and no other did.
fn is_reserved_by(start: u64, place: SlotPlace, known: &impl StatusListLookup) -> bool {
    let Some(reserved) = known.reserved(place.list) else {
        return false;
    };
    let SlotPlace { slot, .. } = place;
    let spans = [SlotSpan::Block(slot / BLOCK_SLOTS), SlotSpan::Unit(slot / UNIT_SLOTS)];
    let mut by = spans.iter().filter_map(|span| reserved.get(span));
    by.clone().count() > 0 && by.all(|by| *by == Some(start))
}

/// Free spans of about so many slots, chosen at random; none, if the list is full. A part of a block is taken where part of
/// it is taken already, so that whole blocks last.
fn pick(reserved: &BTreeMap<SlotSpan, Option<u64>>, wanted: u32, rng: &mut impl rand::Rng) -> Vec<SlotSpan> {
    // For each block: whether all of it is taken, and which units are.
    let mut blocks = vec![(false, 0u16); BLOCKS as usize];
    for span in reserved.keys() {
        match *span {
            SlotSpan::Block(block) => {
                if let Some(taken) = blocks.get_mut(block as usize) {
                    taken.0 = true;
                }
            }
            SlotSpan::Unit(unit) => {
                if let Some(taken) = blocks.get_mut((unit / UNITS_OF_A_BLOCK) as usize) {
                    taken.1 |= 1 << (unit % UNITS_OF_A_BLOCK);
                }
            }
        }
    }
    let whole: Vec<u32> = (0..BLOCKS)
        .zip(&blocks)
        .filter_map(|(block, taken)| (*taken == (false, 0)).then_some(block))
        .collect();
    if wanted >= BLOCK_SLOTS
        && let Some(block) = whole.choose(rng)
    {
        return vec![SlotSpan::Block(*block)];
    }
    let free_units = |block: u32, units: u16| {
        let free = (0..UNITS_OF_A_BLOCK).filter(move |unit| units & (1 << unit) == 0);
        free.map(move |unit| SlotSpan::Unit(block * UNITS_OF_A_BLOCK + unit))
    };
    let broken = (0..BLOCKS).zip(&blocks).filter(|(_, (all, units))| !all && *units != 0);
    let mut free: Vec<SlotSpan> = broken
        .flat_map(|(block, (_, units))| free_units(block, *units))
        .collect();
    free.shuffle(rng);
    let count = (wanted / UNIT_SLOTS) as usize;
    if free.len() < count && !whole.is_empty() {
        let at = rng.random_range(0..whole.len());
        let mut further: Vec<SlotSpan> = whole
            .get(at)
            .map(|block| free_units(*block, 0).collect())
            .unwrap_or_default();
        further.shuffle(rng);
        free.extend(further);
    }
    free.truncate(count);
    free
}

#[cfg(test)]
mod tests;
