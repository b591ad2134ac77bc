//! Values that a statute wants gone: a tombstone hides them at once, and drops their bytes after seven days.

use registry_schema::Timestamp;

use super::{AgencyLog, BTreeSet, DocumentId, Envelope, Hash, Row};
use crate::{document::Broken, status_list};

/// How long after a tombstone the bytes are dropped, in seconds: seven days, in which a mistaken one is noticed.
pub(super) const EXPUNGE_AFTER_SECONDS: i64 = 7 * 86_400;

impl AgencyLog {
    /// The kept envelopes of which a value is missing that no tombstone explains: to be asked for again.
    #[must_use]
    pub const fn gaps(&self) -> &BTreeSet<Hash> {
        &self.gaps
    }

    pub(super) fn note_gaps(&mut self) -> Result<(), Broken> {
        self.gaps.clear();
        if !self.kept.values().any(|kept| kept.has_gaps) {
            return Ok(());
        }
        let tombstones = self.documents.tombstones();
        let explained = |document: &DocumentId, key: &str| {
            let index = status_list::slot_of(key);
            index.is_some_and(|index| tombstones.contains(&(document.clone(), index)))
        };
        let mut gaps = BTreeSet::new();
        for (hash, kept) in self.kept.iter().filter(|(_, kept)| kept.has_gaps) {
            let envelope = self.fetch(kept)?;
            if envelope.gaps().any(|(document, key)| !explained(document, key)) {
                gaps.insert(*hash);
            }
        }
        self.gaps = gaps;
        Ok(())
    }

    /// A tombstone explains gaps that were there before it.
    pub(super) fn note_tombstones(&mut self, rows: &[Row]) -> Result<(), Broken> {
        let is_tombstone = |row: &Row| status_list::is_tombstone(&row.key);
        if !self.gaps.is_empty() && rows.iter().any(is_tombstone) {
            self.note_gaps()?;
        }
        Ok(())
    }

    /// Drops the bytes of values that were expunged long enough ago; gives the envelopes that changed, to be stored
    /// in the place of the old ones.
    ///
    /// # Errors
    /// [`Broken`], if a document cannot be read.
    pub fn expunge(&mut self, now: Timestamp) -> Result<Vec<Envelope>, Broken> {
        let due: BTreeSet<(DocumentId, u32)> = self
            .rows()?
            .into_iter()
            .filter_map(|row| {
                let (index, at) = status_list::tombstone(&row.key, &row.values)?;
                (now.seconds_since(at) >= EXPUNGE_AFTER_SECONDS).then_some((row.document, index))
            })
            .collect();
        let all = (self.order.len(), due);
        // Nothing came since the last time.
        if all.1.is_empty() || self.expunged.as_ref() == Some(&all) {
            return Ok(vec![]);
        }
        let due = &all.1;
        let is_due = |document: &DocumentId, key: &str| {
            let index = status_list::slot_of(key);
            index.is_some_and(|index| due.contains(&(document.clone(), index)))
        };
        let mut changed = Vec::new();
        for hash in self.order.clone() {
            let Some(kept) = self.kept.get(&hash) else { continue };
            let mut envelope = self.fetch(kept)?;
            if envelope.expunge(is_due) {
                self.replace(&envelope)?;
                changed.push(envelope);
            }
        }
        self.expunged = Some(all);
        if !changed.is_empty() {
            // The documents in memory hold the values too.
            self.rebuild()?;
        }
        Ok(changed)
    }
}
