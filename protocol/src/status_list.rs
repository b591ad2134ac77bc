//! What may be put in a status list, and how it folds.
//!
//! | key | value | rule |
//! |---|---|---|
//! | `r/<index>` | `[reason, time]` | write-once: void while a non-void one is its ancestor; of two concurrent ones the earlier time is shown |
//! | `s/<index>` | `[suspended, reason, time]` | a register; on conflict suspended wins |
//! | `a/<block>` | `[time]` | reserves 256 slots for one start of one writer |
//!
//! There is no un-revoke: Bitstring Status List v1.0 (§2.1) calls a revocation not reversible.

use minicbor::{Decode, Encode};
use registry_schema::{
    Reason, StatusChange, StatusState, Timestamp,
    status::{BLOCK_SLOTS, LIST_SLOTS},
};

use crate::{
    envelope::{DocumentId, Put, canonical_number},
    signed::encode,
};

#[derive(Encode, Decode)]
struct Revoked {
    #[n(0)]
    reason: Reason,
    #[n(1)]
    at: Timestamp,
}

#[derive(Encode, Decode)]
struct Suspended {
    #[n(0)]
    suspended: bool,
    #[n(1)]
    reason: Reason,
    #[n(2)]
    at: Timestamp,
}

#[derive(Encode, Decode)]
struct Reserved {
    #[n(0)]
    at: Timestamp,
}

/// What one key of a status list says, after folding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The credential at this index is revoked, for ever.
    Revoked {
        /// Which slot.
        index: u32,
        /// When and why.
        change: StatusChange,
    },
    /// The credential at this index is suspended, or was and is active again.
    Suspended {
        /// Which slot.
        index: u32,
        /// When and why; its state says which of the two.
        change: StatusChange,
    },
    /// The block of 256 slots is taken.
    Reserved {
        /// Which block, from 0 to 511.
        block: u32,
    },
}

/// The put that revokes.
#[must_use]
pub fn revoke(list: u32, index: u32, reason: Reason, at: Timestamp) -> Put {
    put(list, format!("r/{index}"), encode(&Revoked { reason, at }))
}

/// The put that suspends, or reinstates.
#[must_use]
pub fn suspend(list: u32, index: u32, suspended: bool, reason: Reason, at: Timestamp) -> Put {
    put(list, format!("s/{index}"), encode(&Suspended { suspended, reason, at }))
}

/// The put that reserves a block of slots.
#[must_use]
pub fn reserve(list: u32, block: u32, at: Timestamp) -> Put {
    put(list, format!("a/{block}"), encode(&Reserved { at }))
}

fn put(list: u32, key: String, value: Vec<u8>) -> Put {
    Put {
        document: DocumentId::StatusList(list),
        key,
        value,
    }
}

/// What the surviving values of a key say; nothing, if the key or a value breaks a rule.
#[must_use]
pub fn fold(key: &str, values: &[Vec<u8>]) -> Option<Entry> {
    match parse(key)? {
        Key::Revoked(index) => {
            let all: Option<Vec<Revoked>> = values.iter().map(|v| exactly(v)).collect();
            let first = all?.into_iter().min_by_key(|r| (r.at, r.reason))?;
            let change = StatusChange {
                state: StatusState::Revoked,
                at: first.at,
                reason: first.reason,
            };
            Some(Entry::Revoked { index, change })
        }
        Key::Suspended(index) => {
            let all: Option<Vec<Suspended>> = values.iter().map(|v| exactly(v)).collect();
            let first = all?.into_iter().min_by_key(|s| (!s.suspended, s.at, s.reason))?;
            let state = if first.suspended {
                StatusState::Suspended
            } else {
                StatusState::Active
            };
            Some(Entry::Suspended {
                index,
                change: StatusChange {
                    state,
                    at: first.at,
                    reason: first.reason,
                },
            })
        }
        Key::Reserved(block) => {
            let all: Option<Vec<Reserved>> = values.iter().map(|v| exactly(v)).collect();
            all.filter(|a| !a.is_empty()).map(|_| Entry::Reserved { block })
        }
    }
}

/// Whether a put obeys the rules of this kind of document.
pub(crate) fn admits(key: &str, value: &[u8]) -> bool {
    fold(key, &[value.to_vec()]).is_some()
}

/// Whether a key, once put, cannot be put again by a later envelope.
pub(crate) fn is_write_once(key: &str) -> bool {
    key.starts_with("r/")
}

enum Key {
    Revoked(u32),
    Suspended(u32),
    Reserved(u32),
}

fn parse(key: &str) -> Option<Key> {
    let (kind, number) = key.split_once('/')?;
    let number = canonical_number(number)?;
    match kind {
        "r" if number < LIST_SLOTS => Some(Key::Revoked(number)),
        "s" if number < LIST_SLOTS => Some(Key::Suspended(number)),
        "a" if number < LIST_SLOTS / BLOCK_SLOTS => Some(Key::Reserved(number)),
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
        let later = revoke(0, 7, Reason::Misconduct, NOON.plus_seconds(5)).value;
        let earlier = revoke(0, 7, Reason::IssuedInError, NOON).value;
        for values in [[later.clone(), earlier.clone()], [earlier, later]] {
            let Some(Entry::Revoked { change, .. }) = fold("r/7", &values) else {
                panic!("a revocation")
            };
            assert_eq!((change.at, change.reason), (NOON, Reason::IssuedInError));
        }
    }

    #[test]
    fn on_conflict_suspended_wins() {
        let lifted = suspend(0, 7, false, Reason::Administrative, NOON).value;
        let suspended = suspend(0, 7, true, Reason::EvidenceInvalid, NOON.plus_seconds(9)).value;
        let Some(Entry::Suspended { change, .. }) = fold("s/7", &[lifted, suspended]) else {
            panic!("a suspension")
        };
        assert_eq!(change.state, StatusState::Suspended);
    }

    #[test]
    fn what_breaks_a_rule_is_void() {
        let good = revoke(0, 7, Reason::Misconduct, NOON).value;
        assert!(admits("r/131071", &good));
        for key in ["r/131072", "r/07", "r/-1", "r/", "x/7", "a/512", "r/7/7", ""] {
            assert!(!admits(key, &good), "{key}");
        }
        assert!(!admits("r/7", b""));
        assert!(!admits("r/7", &[good, vec![0]].concat()));
    }
}
