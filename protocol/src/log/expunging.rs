//! Values that a statute wants gone: a tombstone hides them at once, and drops their bytes after seven days.

use registry_schema::Timestamp;

use super::{AgencyLog, BTreeSet, DocumentId, DocumentRow, Envelope, Hash, KeptEnvelope};
use crate::{document::LogError, status_list};

/// The seconds after a tombstone until the bytes are dropped: seven days, in which a mistaken one is noticed.
pub(super) const EXPUNGE_AFTER_SECONDS: i64 = 7 * 86_400;

impl AgencyLog {
    /// The kept envelopes of which a value is missing that no tombstone explains: to be asked for again.
    #[must_use]
    pub const fn gaps(&self) -> &BTreeSet<Hash> {
        &self.gaps
    }

    /// The places of an envelope's missing values that no tombstone explains: what stands there is not known.
    pub(super) fn untold<'a>(
        &self,
        kept: &KeptEnvelope,
        envelope: &'a Envelope,
    ) -> BTreeSet<(&'a DocumentId, &'a str)> {
        if !kept.has_gaps {
            return BTreeSet::new();
        }
        let is_explained = |(document, key): &(&DocumentId, &str)| {
            let slot = status_list::slot_of(key);
            slot.is_some_and(|slot| self.explained.contains(&((*document).clone(), slot)))
        };
        envelope.gaps().filter(|place| !is_explained(place)).collect()
    }

    /// Notes the tombstones that an envelope puts, whether they count or not.
    pub(super) fn note_buried(&mut self, envelope: &Envelope) {
        let slots = envelope
            .puts()
            .filter_map(|(document, key, _)| Some((document.clone(), status_list::hidden_slot(key)?)));
        self.buried.extend(slots);
    }

    /// Returns true if a value is missing in a kept envelope that nobody ever said was to be expunged.
    pub(crate) fn was_stripped(&self, hash: &Hash) -> bool {
        let kept = self.kept.get(hash).filter(|_| self.gaps.contains(hash));
        let envelope = kept.and_then(|kept| self.fetch(kept).ok());
        envelope.is_some_and(|envelope| {
            let mut gaps = envelope.gaps();
            gaps.any(|(document, key)| {
                let slot = status_list::slot_of(key).map(|slot| (document.clone(), slot));
                slot.is_none_or(|slot| !self.buried.contains(&slot))
            })
        })
    }

    /// Returns true if an envelope is among these or before one of them.
    pub(crate) fn reaches(&self, heads: &[Hash], envelope: &Hash) -> bool {
        let place = |hash: &Hash| self.kept.get(hash).map(|kept| &kept.place);
        let sought = place(envelope);
        let mut heads = heads.iter().filter_map(place);
        sought.is_some_and(|sought| heads.any(|head| head.covers(sought)))
    }

    /// Looks at all missing values anew.
    pub(super) fn note_gaps(&mut self) -> Result<(), LogError> {
        let mut gaps = BTreeSet::new();
        for (hash, kept) in self.kept.iter().filter(|(_, kept)| kept.has_gaps) {
            let envelope = self.fetch(kept)?;
            if !self.untold(kept, &envelope).is_empty() {
                gaps.insert(*hash);
            }
        }
        self.gaps = gaps;
        Ok(())
    }

    /// Notes the tombstones among rows that altered: they explain gaps that were there before them.
    pub(super) fn note_tombstones(&mut self, rows: &[DocumentRow]) -> Result<(), LogError> {
        let found = tombstones_in(rows);
        let new: BTreeSet<_> = found.difference(&self.explained).cloned().collect();
        if !new.is_empty() {
            self.explained.extend(new.iter().cloned());
            self.gaps_due |= !self.gaps.is_empty();
            self.stale.extend(self.with_gaps_at(&new, &self.gaps)?);
        }
        Ok(())
    }

    /// Takes these for all tombstones of some documents, which were built again.
    pub(super) fn take_tombstones(
        &mut self,
        found: BTreeSet<(DocumentId, u32)>,
        of: impl Fn(&DocumentId) -> bool,
    ) -> Result<(), LogError> {
        let (known, others): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(&mut self.explained)
            .into_iter()
            .partition(|(document, _)| of(document));
        let differ: BTreeSet<_> = known.symmetric_difference(&found).cloned().collect();
        self.explained = others;
        self.explained.extend(found);
        if !differ.is_empty() {
            let gaps = self.kept.iter().filter(|(_, kept)| kept.has_gaps);
            let gaps: BTreeSet<Hash> = gaps.map(|(hash, _)| *hash).collect();
            self.stale.extend(self.with_gaps_at(&differ, &gaps)?);
            self.note_gaps()?;
        }
        Ok(())
    }

    /// The documents in which these envelopes lack a value at one of these slots.
    fn with_gaps_at(
        &self,
        slots: &BTreeSet<(DocumentId, u32)>,
        envelopes: &BTreeSet<Hash>,
    ) -> Result<BTreeSet<DocumentId>, LogError> {
        let mut documents = BTreeSet::new();
        for kept in envelopes.iter().filter_map(|hash| self.kept.get(hash)) {
            let envelope = self.fetch(kept)?;
            for (document, key) in envelope.gaps() {
                let slot = status_list::slot_of(key).map(|slot| (document.clone(), slot));
                if slot.is_some_and(|slot| slots.contains(&slot)) {
                    documents.insert(document.clone());
                }
            }
        }
        Ok(documents)
    }

    /// Drops the bytes of values that were expunged long enough ago; gives the envelopes that changed, to be stored
    /// in the place of the old ones.
    ///
    /// # Errors
    /// [`LogError`], if a document cannot be read.
    pub fn expunge(&mut self, now: Timestamp) -> Result<Vec<Envelope>, LogError> {
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
        // The documents in memory hold the values too.
        let held = all
            .1
            .iter()
            .filter(|_| !changed.is_empty())
            .map(|(document, _)| document.clone());
        self.stale.extend(held);
        self.expunged = Some(all);
        self.settle()?;
        Ok(changed)
    }
}

/// The slots that the tombstones among these rows hide.
pub(super) fn tombstones_in(rows: &[DocumentRow]) -> BTreeSet<(DocumentId, u32)> {
    let lists = rows
        .iter()
        .filter(|row| matches!(row.document, DocumentId::StatusList(_)));
    let standing = lists.filter(|row| !row.values.is_empty());
    standing
        .filter_map(|row| Some((row.document.clone(), status_list::hidden_slot(&row.key)?)))
        .collect()
}
