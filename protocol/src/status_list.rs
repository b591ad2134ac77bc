//! The entries of a status list, and how they fold.
//!
//! | key | value | rule |
//! |---|---|---|
//! | `r/<index>` | `[reason, time]` | write-once: void while a non-void one is its ancestor; of two concurrent ones the earlier time is shown |
//! | `s/<index>` | `[suspended, reason, time]` | a register; on conflict suspended wins |
//! | `a/<block>`, `u/<unit>` | `[time, start or left out]` | reserves 256 or 16 slots for one start of one writer, which the random number names |
//! | `x/<index>` | `[time, suspended]` | a tombstone: hides reason and time of the slot at once; the bits stay |
//!
//! There is no un-revoke: Bitstring Status List v1.0 (§2.1) calls a revocation not reversible.

use std::{collections::BTreeMap, ops::Range};

use minicbor::{Decode, Encode};
use registry_schema::{
    StatusChange, StatusReason, StatusState, Timestamp,
    status::{BLOCK_SLOTS, LIST_SLOTS, UNIT_SLOTS},
};

use crate::{
    document::DocumentRow,
    envelope::{DocumentId, EXPUNGED, Put, canonical_number},
    mutant::mutant,
    signed::encode,
};

#[derive(Encode, Decode)]
struct RevocationValue {
    #[n(0)]
    reason: StatusReason,
    #[n(1)]
    at: Timestamp,
}

#[derive(Encode, Decode)]
struct SuspensionValue {
    #[n(0)]
    suspended: bool,
    #[n(1)]
    reason: StatusReason,
    #[n(2)]
    at: Timestamp,
}

#[derive(Encode, Decode)]
struct ReservationValue {
    #[n(0)]
    at: Timestamp,
    /// Trailing, so that what was reserved before starts had names stays as it is.
    #[n(1)]
    start: Option<u64>,
}

#[derive(Encode, Decode)]
struct ExpungementValue {
    #[n(0)]
    at: Timestamp,
    #[n(1)]
    suspended: bool,
}

/// The time that stands where the true one was expunged. Before any date that can be asked for: an expunged
/// revocation holds for all of them.
pub const UNTOLD: Timestamp = Timestamp(0);

/// Slots that are reserved together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotSpan {
    /// 256 slots: which block, from 0 to 511.
    Block(u32),
    /// 16 slots: which unit, from 0 to 8,191.
    Unit(u32),
}

impl SlotSpan {
    /// Its slots.
    #[must_use]
    pub const fn slots(self) -> Range<u32> {
        let (first, size) = match self {
            Self::Block(block) => (block * BLOCK_SLOTS, BLOCK_SLOTS),
            Self::Unit(unit) => (unit * UNIT_SLOTS, UNIT_SLOTS),
        };
        first..first + size
    }
}

/// The meaning of one key of a status list, after folding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusListEntry {
    /// The credential at this index is revoked, for ever.
    Revoked {
        /// The slot.
        index: u32,
        /// The time and the reason.
        change: StatusChange,
    },
    /// The credential at this index is suspended, or was and is active again.
    Suspended {
        /// The slot.
        index: u32,
        /// The time and the reason; its state says which of the two.
        change: StatusChange,
    },
    /// These slots are taken.
    Reserved {
        /// The slots.
        span: SlotSpan,
        /// The start of a writer that alone reserved them; none, if several did, or none was named.
        start: Option<u64>,
    },
    /// Reason and time of this slot are hidden.
    Expunged {
        /// The slot.
        index: u32,
    },
}

/// The put that revokes.
#[must_use]
pub fn revoke(list: u32, index: u32, reason: StatusReason, at: Timestamp) -> Put {
    put(list, format!("r/{index}"), revoked_value(reason, at))
}

/// The value that says that a slot is revoked.
pub(crate) fn revoked_value(reason: StatusReason, at: Timestamp) -> Vec<u8> {
    encode(&RevocationValue { reason, at })
}

/// The put that suspends, or reinstates.
#[must_use]
pub fn suspend(list: u32, index: u32, suspended: bool, reason: StatusReason, at: Timestamp) -> Put {
    put(
        list,
        format!("s/{index}"),
        encode(&SuspensionValue { suspended, reason, at }),
    )
}

/// The put that reserves slots for the start of a writer with this random name.
#[must_use]
pub fn reserve(list: u32, span: SlotSpan, start: Option<u64>, at: Timestamp) -> Put {
    let key = match span {
        SlotSpan::Block(block) => format!("a/{block}"),
        SlotSpan::Unit(unit) => format!("u/{unit}"),
    };
    put(list, key, encode(&ReservationValue { at, start }))
}

/// The put that hides reason and time of a slot; `suspended` says what its bit in the suspension list stays.
#[must_use]
pub fn expunge(list: u32, index: u32, suspended: bool, at: Timestamp) -> Put {
    put(list, format!("x/{index}"), encode(&ExpungementValue { at, suspended }))
}

fn put(list: u32, key: String, value: Vec<u8>) -> Put {
    Put {
        document: DocumentId::StatusList(list),
        key,
        value,
    }
}

/// The meaning of the surviving values of a key; nothing, if the key or a value breaks a rule.
#[must_use]
pub fn fold(key: &str, values: &[Vec<u8>]) -> Option<StatusListEntry> {
    match parse(key)? {
        StatusListKey::Revoked(index) => {
            let revoked = |value: &Vec<u8>| match value.as_slice() {
                EXPUNGED => Some(RevocationValue {
                    reason: StatusReason::Unspecified,
                    at: UNTOLD,
                }),
                value => exactly(value),
            };
            let all: Option<Vec<RevocationValue>> = values.iter().map(revoked).collect();
            let first = all?.into_iter().min_by_key(|r| (r.at, r.reason))?;
            let change = StatusChange {
                state: StatusState::Revoked,
                at: first.at,
                reason: first.reason,
            };
            Some(StatusListEntry::Revoked { index, change })
        }
        StatusListKey::Suspended(index) => {
            let suspended = |value: &Vec<u8>| match value.as_slice() {
                EXPUNGED => Some(hidden(true)),
                value => exactly(value),
            };
            let all: Option<Vec<SuspensionValue>> = values.iter().map(suspended).collect();
            let first = all?.into_iter().min_by_key(|s| (!s.suspended, s.at, s.reason))?;
            let state = if first.suspended {
                StatusState::Suspended
            } else {
                StatusState::Active
            };
            Some(StatusListEntry::Suspended {
                index,
                change: StatusChange {
                    state,
                    at: first.at,
                    reason: first.reason,
                },
            })
        }
        StatusListKey::Reserved(span) => {
            let all: Option<Vec<ReservationValue>> = values.iter().map(|v| exactly(v)).collect();
            let all = all.filter(|all| !all.is_empty())?;
            let start = match all.as_slice() {
                [one] => one.start,
                _ => None,
            };
            Some(StatusListEntry::Reserved { span, start })
        }
        StatusListKey::Expunged(index) => {
            let all: Option<Vec<ExpungementValue>> = values.iter().map(|v| exactly(v)).collect();
            all.filter(|x| !x.is_empty())
                .map(|_| StatusListEntry::Expunged { index })
        }
    }
}

const fn hidden(suspended: bool) -> SuspensionValue {
    SuspensionValue {
        suspended,
        reason: StatusReason::Unspecified,
        at: UNTOLD,
    }
}

/// The slot that a tombstone hides, and since when; the earliest, if there are several.
pub(crate) fn tombstone(key: &str, values: &[Vec<u8>]) -> Option<(u32, Timestamp)> {
    let StatusListKey::Expunged(index) = parse(key)? else {
        return None;
    };
    let all: Option<Vec<ExpungementValue>> = values.iter().map(|v| exactly(v)).collect();
    Some((index, all?.into_iter().map(|x| x.at).min()?))
}

/// The slot whose reason and time are hidden, if this key is a tombstone's.
#[must_use]
pub fn hidden_slot(key: &str) -> Option<u32> {
    match parse(key)? {
        StatusListKey::Expunged(index) => Some(index),
        StatusListKey::Revoked(_) | StatusListKey::Suspended(_) | StatusListKey::Reserved(_) => None,
    }
}

/// The slot whose revocation or suspension stands at this key: what a tombstone hides.
pub(crate) fn slot_of(key: &str) -> Option<u32> {
    match parse(key)? {
        StatusListKey::Revoked(index) | StatusListKey::Suspended(index) => Some(index),
        StatusListKey::Reserved(_) | StatusListKey::Expunged(_) => None,
    }
}

/// The values that stand at a key that a tombstone with these values hides.
#[must_use]
pub fn behind_tombstone(key: &str, tombstones: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if mutant!(TombstonesHideAll) {
        return vec![];
    }
    if is_write_once(key) {
        return vec![EXPUNGED.to_vec()];
    }
    let mut all = tombstones.iter().filter_map(|value| exactly::<ExpungementValue>(value));
    vec![encode(&hidden(all.any(|x| x.suspended)))]
}

/// Hides in rows what their tombstones hide.
pub(crate) fn hide_expunged(mut rows: Vec<DocumentRow>) -> Vec<DocumentRow> {
    let tombstones: BTreeMap<(DocumentId, u32), Vec<Vec<u8>>> = rows
        .iter()
        .filter(|row| matches!(row.document, DocumentId::StatusList(_)))
        .filter_map(|row| {
            Some((
                (row.document.clone(), tombstone(&row.key, &row.values)?.0),
                row.values.clone(),
            ))
        })
        .collect();
    for row in &mut rows {
        let slot = slot_of(&row.key).map(|slot| (row.document.clone(), slot));
        if let Some(values) = slot.and_then(|slot| tombstones.get(&slot)) {
            row.values = behind_tombstone(&row.key, values);
        }
    }
    rows
}

/// Checks that a put obeys the rules of this kind of document.
pub(crate) fn admits(key: &str, value: &[u8]) -> bool {
    fold(key, &[value.to_vec()]).is_some()
}

/// Returns true if a put takes something away: a revocation, or a suspension.
pub(crate) fn restricts(key: &str, value: &[u8]) -> bool {
    match fold(key, &[value.to_vec()]) {
        Some(StatusListEntry::Revoked { .. }) => true,
        Some(StatusListEntry::Suspended { change, .. }) => change.state == StatusState::Suspended,
        _ => false,
    }
}

/// Returns true if a key, once put, cannot be put again by a later envelope.
pub(crate) fn is_write_once(key: &str) -> bool {
    key.starts_with("r/")
}

/// Returns true if a key reserves slots.
pub(crate) fn reserves(key: &str) -> bool {
    matches!(parse(key), Some(StatusListKey::Reserved(_)))
}

enum StatusListKey {
    Revoked(u32),
    Suspended(u32),
    Reserved(SlotSpan),
    Expunged(u32),
}

fn parse(key: &str) -> Option<StatusListKey> {
    let (kind, number) = key.split_once('/')?;
    let number = canonical_number(number)?;
    match kind {
        "r" if number < LIST_SLOTS => Some(StatusListKey::Revoked(number)),
        "s" if number < LIST_SLOTS => Some(StatusListKey::Suspended(number)),
        "x" if number < LIST_SLOTS => Some(StatusListKey::Expunged(number)),
        "a" if number < LIST_SLOTS / BLOCK_SLOTS => Some(StatusListKey::Reserved(SlotSpan::Block(number))),
        "u" if number < LIST_SLOTS / UNIT_SLOTS => Some(StatusListKey::Reserved(SlotSpan::Unit(number))),
        _ => None,
    }
}

/// A value in its one encoding.
pub(crate) fn exactly<T: Encode<()> + for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    let value: T = minicbor::decode(bytes).ok()?;
    (encode(&value) == bytes).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_000_000);

    #[test]
    fn of_two_concurrent_revocations_the_earlier_is_shown() {
        let later = revoke(0, 7, StatusReason::Misconduct, NOON.plus_seconds(5)).value;
        let earlier = revoke(0, 7, StatusReason::IssuedInError, NOON).value;
        for values in [[later.clone(), earlier.clone()], [earlier, later]] {
            let Some(StatusListEntry::Revoked { change, .. }) = fold("r/7", &values) else {
                panic!("a revocation")
            };
            assert_eq!((change.at, change.reason), (NOON, StatusReason::IssuedInError));
        }
    }

    #[test]
    fn on_conflict_suspended_wins() {
        let lifted = suspend(0, 7, false, StatusReason::Administrative, NOON).value;
        let suspended = suspend(0, 7, true, StatusReason::EvidenceInvalid, NOON.plus_seconds(9)).value;
        let Some(StatusListEntry::Suspended { change, .. }) = fold("s/7", &[lifted, suspended]) else {
            panic!("a suspension")
        };
        assert_eq!(change.state, StatusState::Suspended);
    }

    #[test]
    fn a_tombstone_hides_reason_and_time_and_leaves_the_bits() {
        let row = |put: Put| DocumentRow {
            agency: crate::Hash([0; 32]),
            document: put.document,
            key: put.key,
            values: vec![put.value],
        };
        let rows = vec![
            row(revoke(0, 7, StatusReason::Misconduct, NOON)),
            row(revoke(0, 8, StatusReason::Misconduct, NOON)),
            row(suspend(0, 7, false, StatusReason::Misconduct, NOON)),
            row(expunge(0, 7, false, NOON)),
        ];
        let hidden = hide_expunged(rows.clone());
        assert_eq!(hidden[1], rows[1]);
        let told: Vec<Option<StatusListEntry>> = hidden.iter().map(|row| fold(&row.key, &row.values)).collect();
        assert!(
            matches!(told[0], Some(StatusListEntry::Revoked { index: 7, change }) if change.at == UNTOLD && change.reason == StatusReason::Unspecified)
        );
        assert!(
            matches!(told[2], Some(StatusListEntry::Suspended { change, .. }) if change.state == StatusState::Active && change.at == UNTOLD)
        );
    }

    #[test]
    fn slots_that_two_starts_reserved_are_neithers() {
        let span = SlotSpan::Unit(8191);
        let one = reserve(0, span, Some(1), NOON).value;
        let other = reserve(0, span, Some(2), NOON).value;
        let unnamed = reserve(0, span, None, NOON).value;
        let start = |values: &[Vec<u8>]| match fold("u/8191", values) {
            Some(StatusListEntry::Reserved { span: told, start }) => (told, start),
            other => panic!("{other:?}"),
        };
        assert_eq!(start(std::slice::from_ref(&one)), (span, Some(1)));
        assert_eq!(start(&[one, other]), (span, None));
        assert_eq!(start(&[unnamed]), (span, None));
        assert_eq!(span.slots(), 131_056..131_072);
        assert_eq!(SlotSpan::Block(511).slots(), 130_816..131_072);
    }

    #[test]
    fn what_breaks_a_rule_is_void() {
        let good = revoke(0, 7, StatusReason::Misconduct, NOON).value;
        assert!(admits("r/131071", &good));
        for key in ["r/131072", "r/07", "r/-1", "r/", "y/7", "a/512", "u/8192", "r/7/7", ""] {
            assert!(!admits(key, &good), "{key}");
        }
        assert!(!admits("r/7", b""));
        assert!(!admits("r/7", &[good, vec![0]].concat()));
    }
}
