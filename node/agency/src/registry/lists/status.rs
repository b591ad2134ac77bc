//! The statements of one status list about its slots.

use std::collections::BTreeMap;

use protocol::status_list::SlotSpan;
use registry_schema::{
    StatusChange, StatusState,
    status::{BLOCK_SLOTS, UNIT_SLOTS},
};

use super::StatusList;

impl StatusList {
    /// The revocation of a slot.
    #[must_use]
    pub fn revoked(&self, index: u32) -> Option<StatusChange> {
        self.revoked.get(&index).copied()
    }

    /// The last suspension or reinstatement of a slot.
    #[must_use]
    pub fn suspended(&self, index: u32) -> Option<StatusChange> {
        self.suspended.get(&index).copied()
    }

    /// The slots that are revoked.
    pub fn all_revoked(&self) -> impl Iterator<Item = u32> {
        self.revoked.keys().copied()
    }

    /// The slots that are suspended.
    pub fn all_suspended(&self) -> impl Iterator<Item = u32> {
        self.suspended
            .iter()
            .filter(|(_, change)| change.state == StatusState::Suspended)
            .map(|(index, _)| *index)
    }

    /// The spans of slots that are taken, each with the start of a writer that alone reserved it, if one did.
    #[must_use]
    pub const fn reserved(&self) -> &BTreeMap<SlotSpan, Option<u64>> {
        &self.reserved
    }

    /// Returns true if a slot may have been given to a credential.
    #[must_use]
    pub fn is_reserved(&self, index: u32) -> bool {
        let spans = [SlotSpan::Block(index / BLOCK_SLOTS), SlotSpan::Unit(index / UNIT_SLOTS)];
        spans.iter().any(|span| self.reserved.contains_key(span))
    }

    /// The status of a slot, and since when it has it.
    #[must_use]
    pub fn state(&self, index: u32) -> (StatusState, Option<StatusChange>) {
        match (self.revoked(index), self.suspended(index)) {
            (Some(change), _) => (StatusState::Revoked, Some(change)),
            (None, Some(change)) => (change.state, Some(change)),
            (None, None) => (StatusState::Active, None),
        }
    }
}
