//! Keeping envelopes, and building documents on them.
//!
//! Envelopes come in lots: what is to be built again after some of them is built once, when the lot is over. A fork alone
//! makes nothing anew; only keys that end, values that come late and tombstones that are void do, and then only in the
//! documents that they concern.

use super::{
    AgencyLog, CheckpointComparison, DocumentId, DocumentRow, Envelope, EnvelopePosition, Hash, InvalidStatement,
    KeptEnvelope, KeyLog, LogError, WriterValidity, expunging::tombstones_in, sum,
};
use crate::mutant::mutant;
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of keeping an envelope.
#[derive(Debug)]
pub enum AppendOutcome {
    /// It is kept, and altered these rows.
    Kept {
        /// The rows, as they are now; one without values is gone.
        rows: Vec<DocumentRow>,
        /// Two envelopes of one writer with one number, found by this one.
        fork: Option<(Hash, Hash)>,
        /// The history's verdict on the checkpoint that stood in for it, once it reaches it.
        compared: Option<CheckpointComparison>,
        /// True if the answers are to be made anew: what counted before its time is kept now.
        renewed: bool,
    },
    /// It was kept before.
    Known,
    /// It was kept before, with values missing that are here now; these rows altered.
    Filled(Vec<DocumentRow>),
    /// These parents are not kept yet.
    Missing(Vec<Hash>),
    /// It can never be kept.
    Refused(InvalidStatement),
}

/// Documents that could not be built, and the rows that are answered meanwhile.
#[derive(Debug)]
pub(super) struct BuildFailure {
    why: LogError,
    rows: BTreeMap<(DocumentId, String), DocumentRow>,
}

impl AgencyLog {
    /// Keeps a verified envelope, once its parents are kept, and builds the documents on.
    ///
    /// # Errors
    /// [`LogError::Scratch`], if the scratch place fails: the log must then be built again from the store.
    pub fn append(&mut self, envelope: Envelope) -> Result<AppendOutcome, LogError> {
        let mut keeping = self.keep_in_lot(envelope)?;
        let more = self.settle()?;
        if let AppendOutcome::Kept { rows, .. } | AppendOutcome::Filled(rows) = &mut keeping {
            rows.extend(more);
        }
        Ok(keeping)
    }

    /// The same for one of several: [`AgencyLog::settle`] comes after the last.
    ///
    /// # Errors
    /// [`LogError::Scratch`], as for [`AgencyLog::append`].
    pub fn keep_in_lot(&mut self, envelope: Envelope) -> Result<AppendOutcome, LogError> {
        let hash = envelope.hash();
        if let Some(known) = self.kept.get(&hash) {
            if !self.gaps.contains(&hash) {
                return Ok(AppendOutcome::Known);
            }
            let mut filled = self.fetch(known)?;
            if !filled.fill(&envelope) {
                return Ok(AppendOutcome::Known);
            }
            self.replace(&filled)?;
            self.stale.extend(built_by(&filled));
            self.gaps_due = true;
            // What was expunged may be back.
            self.expunged = None;
            return Ok(AppendOutcome::Filled(vec![]));
        }
        let parents = &envelope.header().parents;
        let missing: Vec<Hash> = parents.iter().filter(|p| !self.holds(p)).copied().collect();
        if !missing.is_empty() {
            self.note_joined(parents, &missing);
            return Ok(AppendOutcome::Missing(missing));
        }
        if self.next_sequence(&envelope.header().writer, parents) != envelope.header().sequence {
            return Ok(AppendOutcome::Refused(InvalidStatement::Rule(
                "an envelope's number counts its writer's own envelopes before it",
            )));
        }
        let bytes = envelope.packed();
        let blob = self.blobs.put(&bytes)?;
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.order.push(hash);
        self.joined.remove(&hash);

        let parts = self.note_family(hash, &envelope);
        let place = self.place(hash, &envelope);
        let closes_a_cut = self.cuts.wants(&hash);
        let kept = KeptEnvelope {
            place: place.clone(),
            index: self.order.len() - 1,
            writer: envelope.header().writer,
            time: envelope.header().time,
            blob,
            sum: sum(&bytes),
            has_gaps: envelope.gaps().next().is_some(),
            grants: envelope.grants(),
        };
        self.usage.bytes += bytes.len() as u64;
        self.usage.puts += envelope.header().puts.len() as u64;
        self.note_buried(&envelope);
        if !self.untold(&kept, &envelope).is_empty() {
            self.gaps.insert(hash);
        }
        self.kept.insert(hash, kept);
        let fork = if mutant!(ForksGoUnnoted) {
            None
        } else {
            self.note_forks(hash, &envelope, &parts)
        };
        self.waiting_due = true;
        if closes_a_cut {
            self.take_cuts();
        }
        let rows = self.build(&envelope, &place)?;
        self.count_pending();
        self.orphans.has_come(&hash);
        let was_orphan = self.is_orphan_no_more(&hash)?;
        let renewed = self.take_up(&envelope) || was_orphan;
        let compared = self.leave_base()?;
        Ok(AppendOutcome::Kept {
            rows,
            fork,
            compared,
            renewed,
        })
    }

    /// Ends a lot: builds again what is due, once, and gives the rows that altered by it.
    ///
    /// # Errors
    /// [`LogError::Scratch`], as for [`AgencyLog::append`].
    pub fn settle(&mut self) -> Result<Vec<DocumentRow>, LogError> {
        if std::mem::take(&mut self.gaps_due) {
            self.note_gaps()?;
        }
        let mut rows = Vec::new();
        while !self.stale.is_empty() && self.failure.is_none() {
            rows.extend(self.rebuild()?);
        }
        if self.failure.is_some() && std::mem::take(&mut self.waiting_due) {
            rows.extend(self.fold_instead()?);
        }
        self.count_pending();
        if std::mem::take(&mut self.waiting_due) {
            self.note_waiting()?;
        }
        Ok(rows)
    }

    /// Builds what an envelope puts, but where documents are to be built again anyway.
    fn build(&mut self, envelope: &Envelope, place: &EnvelopePosition) -> Result<Vec<DocumentRow>, LogError> {
        if self.failure.is_some() {
            return Ok(vec![]);
        }
        let stale = std::mem::take(&mut self.stale);
        let built = self.build_in(envelope, place, &|document| !stale.contains(document));
        self.stale = stale;
        let rows = self.or_fail(built)?.unwrap_or_default();
        self.note_tombstones(&rows)?;
        Ok(rows)
    }

    fn build_in(
        &mut self,
        envelope: &Envelope,
        place: &EnvelopePosition,
        concerns: &dyn Fn(&DocumentId) -> bool,
    ) -> Result<Vec<DocumentRow>, LogError> {
        let kept = self.kept.get(&envelope.hash());
        let untold = kept.map(|kept| self.untold(kept, envelope)).unwrap_or_default();
        let cuts = &self.cuts;
        let writer = envelope.header().writer;
        let may_put = |document: &DocumentId, key: &str, value: &[u8]| {
            !untold.contains(&(document, key)) && cuts.may_put(&writer, place, (document, key, value))
        };
        self.documents.build(envelope, place, concerns, &may_put)
    }

    /// Builds the stale documents again; gives the rows that altered, without values those that are gone.
    fn rebuild(&mut self) -> Result<Vec<DocumentRow>, LogError> {
        let agency = self.key_log.genesis();
        let stale = std::mem::take(&mut self.stale);
        let is_stale = |document: &DocumentId| stale.contains(document);
        let read = self.documents.rows_of(agency, is_stale);
        let before = self.or_fail(read)?.unwrap_or_default();
        self.documents.forget(is_stale);
        self.work.rebuilt += stale.len() as u64;
        for index in 0..self.order.len() {
            let kept = self.order.get(index).and_then(|hash| self.kept.get(hash));
            let concerned = kept.filter(|kept| {
                let branch = self.branch(kept.place.branch);
                branch.is_none_or(|branch| !branch.documents.is_disjoint(&stale))
            });
            let Some(kept) = concerned else { continue };
            let (envelope, place) = (self.fetch(kept)?, kept.place.clone());
            self.work.fetched += 1;
            let built = self.build_in(&envelope, &place, &is_stale);
            if self.or_fail(built)?.is_none() {
                return Ok(vec![]);
            }
        }
        let read = self.documents.rows_of(agency, is_stale);
        let after = self.or_fail(read)?.unwrap_or_default();
        self.take_tombstones(tombstones_in(&after), is_stale)?;
        Ok(altered(&before, after))
    }

    /// Takes the cuts as they follow from what is kept; what counts otherwise now is to be built again.
    pub(super) fn take_cuts(&mut self) {
        let kept = &self.kept;
        let cuts = WriterValidity::of(&self.key_log, |hash| kept.get(hash).map(|kept| kept.place.clone()));
        let differing = self.cuts.differing(&cuts);
        let concerned = self.branches.iter().filter(|branch| differing.contains(&branch.writer));
        let concerned = concerned.flat_map(|branch| &branch.documents);
        self.stale.extend(concerned.cloned());
        if !self.cuts.has_same_histories(&cuts) {
            let all = self.branches.iter().flat_map(|branch| &branch.documents);
            self.stale.extend(all.cloned());
        }
        self.cuts = cuts;
    }

    /// Takes a key log with more entries in it: what counts otherwise now is to be built again.
    pub(super) fn take_key_log(&mut self) {
        self.take_cuts();
        self.waiting_due = true;
    }

    /// The log of the same envelopes under another key log.
    pub(super) fn under(&self, key_log: KeyLog) -> Result<Self, LogError> {
        let mut supposed = Self::new(key_log);
        for envelope in self.envelopes() {
            supposed.keep_in_lot(envelope?)?;
        }
        supposed.settle()?;
        Ok(supposed)
    }

    /// The reason why the documents of this log cannot be built, if they cannot: until they can, its rows are folded without
    /// them, all its grants wait, and nothing of it is fresh.
    #[must_use]
    pub fn failure(&self) -> Option<&LogError> {
        self.failure.as_ref().map(|failure| &failure.why)
    }

    /// Builds the documents again that could not be built; gives the rows that altered, if they are built now.
    ///
    /// # Errors
    /// [`LogError::Scratch`], as for [`AgencyLog::append`].
    pub fn mend(&mut self) -> Result<Vec<DocumentRow>, LogError> {
        let Some(failure) = self.failure.take() else {
            return Ok(vec![]);
        };
        let all = self.branches.iter().flat_map(|branch| &branch.documents);
        self.stale.extend(all.cloned());
        self.waiting_due = true;
        self.settle()?;
        if let Some(again) = &mut self.failure {
            again.rows = failure.rows;
            return Ok(vec![]);
        }
        let before: Vec<DocumentRow> = failure.rows.into_values().collect();
        Ok(altered(&before, self.rows()?))
    }

    /// Gives what was built; none, if it cannot be: then the log goes on without documents.
    fn or_fail<T>(&mut self, built: Result<T, LogError>) -> Result<Option<T>, LogError> {
        match built {
            Ok(built) => Ok(Some(built)),
            Err(LogError::Scratch(lost)) => Err(lost.into()),
            Err(why) => {
                let rows = self.documents.rows(self.key_log.genesis()).unwrap_or_default();
                let rows = rows
                    .into_iter()
                    .map(|row| ((row.document.clone(), row.key.clone()), row));
                let rows = rows.collect();
                self.failure = Some(BuildFailure { why, rows });
                self.documents = super::AgencyDocuments::default();
                self.stale.clear();
                self.waiting_due = true;
                Ok(None)
            }
        }
    }

    /// The rows that altered, without documents.
    fn fold_instead(&mut self) -> Result<Vec<DocumentRow>, LogError> {
        self.work.fetched += self.order.len() as u64;
        let after = self.fold_without_automerge()?;
        self.waiting = self.all_grants(&after);
        let Some(failure) = &mut self.failure else {
            return Ok(vec![]);
        };
        let before: Vec<DocumentRow> = std::mem::take(&mut failure.rows).into_values().collect();
        let rows = after.iter().cloned();
        failure.rows = rows.map(|row| ((row.document.clone(), row.key.clone()), row)).collect();
        Ok(altered(&before, after))
    }

    fn all_grants(&self, rows: &[DocumentRow]) -> BTreeSet<(DocumentId, String)> {
        let grants = rows.iter().filter(|row| row.document.is_grant(&row.key));
        grants.map(|row| (row.document.clone(), row.key.clone())).collect()
    }
}

/// The documents that an envelope puts something in, as far as documents are built.
pub(super) fn built_by(envelope: &Envelope) -> impl Iterator<Item = DocumentId> {
    let documents = envelope.puts().map(|(document, ..)| document);
    documents
        .filter(|document| !matches!(document, DocumentId::Unknown(_)))
        .cloned()
}

/// The rows that differ; without values those that are gone.
fn altered(before: &[DocumentRow], after: Vec<DocumentRow>) -> Vec<DocumentRow> {
    let place = |row: &DocumentRow| (row.document.clone(), row.key.clone());
    let known: BTreeMap<(DocumentId, String), &DocumentRow> = before.iter().map(|row| (place(row), row)).collect();
    let here: BTreeSet<(DocumentId, String)> = after.iter().map(place).collect();
    let gone = before.iter().filter(|row| !here.contains(&place(row)));
    let gone: Vec<DocumentRow> = gone
        .map(|row| DocumentRow {
            values: vec![],
            ..row.clone()
        })
        .collect();
    let is_new = |row: &DocumentRow| known.get(&place(row)).is_none_or(|before| *before != row);
    let mut rows: Vec<DocumentRow> = after.into_iter().filter(is_new).collect();
    if !mutant!(GoneRowsStay) {
        rows.extend(gone);
    }
    rows
}
