//! A log that begins with a checkpoint: it answers from the checkpoint's rows while the history behind it is fetched.

use std::collections::BTreeSet;

use super::{AgencyLog, DocumentId, DocumentRow, Envelope, Hash, LogError};
use crate::{
    checkpoint::{self, BadCheckpointPage, Checkpoint},
    key_log::KeyEnd,
    signed::Verified,
    status_list,
};

/// The checkpoint that stands in for the history, with its pages.
#[derive(Debug)]
pub(super) struct CheckpointBase {
    checkpoint: Verified<Checkpoint>,
    pages: Vec<Vec<u8>>,
}

/// Most envelopes whose restrictions count before they are kept, and most bytes of them: they are stored as they came.
const MAX_ABOVE: usize = 1024;
const MAX_ABOVE_BYTES: usize = 16 << 20;

/// The history's verdict on the checkpoint that stood in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointComparison {
    /// The same rows.
    Same,
    /// Other rows: the writer signed a checkpoint that is not what its log says.
    Differs,
    /// They cannot be compared any more: a key ended since, or a value was expunged.
    Unknown,
}

impl AgencyLog {
    /// Begins with a checkpoint whose pages are all here. Says whether it did: not with one whose writer may not write
    /// all of it, or not any more.
    ///
    /// # Errors
    /// [`BadCheckpointPage`], if a page is none, or not the one that the checkpoint names.
    pub fn adopt(&mut self, checkpoint: Verified<Checkpoint>, pages: Vec<Vec<u8>>) -> Result<bool, BadCheckpointPage> {
        if checkpoint::names(&pages) != checkpoint.get().pages {
            return Err(BadCheckpointPage);
        }
        let rows = rows_of(self.key_log.genesis(), &pages)?;
        let mut live = self.key_log.authority().live_writers();
        let scope = live
            .find(|(key, _)| **key == checkpoint.get().writer)
            .map(|(_, scope)| scope);
        if !scope.is_some_and(|scope| rows.iter().all(|row| scope.holds(&row.document))) {
            return Ok(false);
        }
        self.base = Some(CheckpointBase { checkpoint, pages });
        Ok(true)
    }

    /// The checkpoint that stands in for the history, while it does.
    #[must_use]
    pub fn base(&self) -> Option<&Verified<Checkpoint>> {
        self.base.as_ref().map(|base| &base.checkpoint)
    }

    /// The rows to answer from: the checkpoint's, with what was revoked since, while it stands in for the history;
    /// otherwise those that follow from the envelopes. What was revoked after the checkpoint stands until its envelope is
    /// kept, be it after the history is here.
    ///
    /// # Errors
    /// [`LogError`], if a document cannot be read.
    pub fn answers(&self) -> Result<Vec<DocumentRow>, LogError> {
        let mut rows = match &self.base {
            Some(base) => rows_of(self.key_log.genesis(), &base.pages).unwrap_or_default(),
            None => self.rows()?,
        };
        let here: BTreeSet<(DocumentId, String)> = match &self.base {
            Some(_) => BTreeSet::new(),
            None => rows.iter().map(|row| (row.document.clone(), row.key.clone())).collect(),
        };
        // What is revoked by what is here needs no word from ahead.
        let told = |row: &&DocumentRow| {
            status_list::is_write_once(&row.key) && here.contains(&(row.document.clone(), row.key.clone()))
        };
        let above = self.above.values().flatten().chain(self.orphans.rows());
        rows.extend(above.filter(|row| !told(row)).cloned());
        Ok(rows)
    }

    /// Counts at once what an envelope from after the checkpoint revokes or suspends, though its ancestors are not
    /// here; gives those rows. Everything else in it waits.
    pub fn count_restrictions(&mut self, envelope: &Envelope) -> Vec<DocumentRow> {
        if self.base.is_none() {
            return vec![];
        }
        self.count_what_it_takes_away(envelope)
    }

    /// The same for an envelope that is not taken in, though it could be.
    pub(crate) fn count_what_it_takes_away(&mut self, envelope: &Envelope) -> Vec<DocumentRow> {
        // As what a retired key restricts counts beyond its end, so it does while it is not kept yet.
        let writer = self.key_log.authority().writer(&envelope.header().writer);
        let writer = writer.filter(|writer| writer.end != Some(KeyEnd::Compromised));
        let scope = writer
            .and_then(|writer| writer.terms.last())
            .map(|term| term.scope.clone());
        scope.map_or_else(Vec::new, |scope| {
            self.set_aside(envelope, |document| scope.holds(document))
        })
    }

    /// The same for an envelope that was set aside before. Its writer was good then; whether this is within what a key that
    /// ended since left behind is known once the envelope is kept.
    pub(crate) fn count_again(&mut self, envelope: &Envelope) -> Vec<DocumentRow> {
        let (writer, key_log) = (envelope.header().writer, self.key_log.clone());
        self.set_aside(envelope, |document| key_log.ever_lets_write(&writer, document))
    }

    fn set_aside(&mut self, envelope: &Envelope, lets: impl Fn(&DocumentId) -> bool) -> Vec<DocumentRow> {
        let (name, bytes) = (envelope.hash(), envelope.packed().len());
        let is_full = self.above.len() >= MAX_ABOVE || self.above_bytes.saturating_add(bytes) > MAX_ABOVE_BYTES;
        if is_full || self.above.contains_key(&name) || self.orphans.holds(&name) || self.holds(&name) {
            return vec![];
        }
        let rows = self.restrictions_of(envelope, lets);
        if !rows.is_empty() {
            self.above.insert(name, rows.clone());
            self.above_bytes += bytes;
        }
        rows
    }

    /// The revocations and suspensions in an envelope that its writer was ever let write.
    pub(super) fn restrictions_ever(&self, envelope: &Envelope) -> Vec<DocumentRow> {
        let writer = &envelope.header().writer;
        self.restrictions_of(envelope, |document| self.key_log.ever_lets_write(writer, document))
    }

    fn restrictions_of(&self, envelope: &Envelope, lets: impl Fn(&DocumentId) -> bool) -> Vec<DocumentRow> {
        let agency = self.key_log.genesis();
        let restricts = |(document, key, value): &(&DocumentId, &str, &[u8])| {
            let is_status = matches!(document, DocumentId::StatusList(_)) && lets(document);
            is_status && status_list::restricts(key, value)
        };
        envelope
            .puts()
            .filter(restricts)
            .map(|(document, key, value)| DocumentRow {
                agency,
                document: document.clone(),
                key: key.to_owned(),
                values: vec![value.to_vec()],
            })
            .collect()
    }

    /// Keeps no longer apart what an envelope takes away, which is kept now. Says whether it did.
    pub(super) fn take_up(&mut self, envelope: &Envelope) -> bool {
        let was_aside = self.above.remove(&envelope.hash()).is_some();
        if was_aside {
            self.above_bytes = self.above_bytes.saturating_sub(envelope.packed().len());
        }
        was_aside
    }

    /// Compares, once the history reaches the checkpoint's heads: then the log stands on its own.
    pub(super) fn leave_base(&mut self) -> Result<Option<CheckpointComparison>, LogError> {
        let Some(it) = self.base.as_ref().map(|base| base.checkpoint.get()) else {
            return Ok(None);
        };
        if !it.heads.iter().all(|head| self.kept.contains_key(head)) {
            return Ok(self.leave_lost_base().then_some(CheckpointComparison::Unknown));
        }
        let has_gaps = self.kept.values().any(|kept| kept.has_gaps);
        let compared = if it.key_log != self.key_log.head() || has_gaps || !self.cuts.missing().is_empty() {
            CheckpointComparison::Unknown
        } else if checkpoint::names(&checkpoint::pages(&self.fold_at(&it.heads)?)) == it.pages {
            CheckpointComparison::Same
        } else {
            CheckpointComparison::Differs
        };
        self.base = None;
        Ok(Some(compared))
    }

    /// Leaves a checkpoint whose history is lost: its writer was restored from an older backup, and a later word of it
    /// counts here without that history. What the checkpoint revoked stands. Says whether it did.
    pub(crate) fn leave_lost_base(&mut self) -> bool {
        let Some(it) = self.base.as_ref().map(|base| base.checkpoint.get()) else {
            return false;
        };
        let later = self.counted_of(&it.writer).filter(|word| word.get().issued > it.issued);
        if later.is_none() || it.heads.iter().all(|head| self.kept.contains_key(head)) {
            return false;
        }
        if let Some(base) = self.base.take() {
            let rows = rows_of(self.key_log.genesis(), &base.pages).unwrap_or_default();
            let restricts = |row: &DocumentRow| status_list::is_write_once(&row.key);
            self.above
                .insert(base.checkpoint.hash(), rows.into_iter().filter(restricts).collect());
        }
        true
    }

    /// Returns true if no value is missing that a tombstone does not explain, and no envelope that ends a key's term: else
    /// the rows are not yet what the key log makes of them, and nobody may sign for them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.base.is_none() && self.gaps.is_empty() && self.is_fresh_in_itself()
    }

    /// Returns true if nothing keeps this log from being fresh but its heartbeats.
    pub(crate) fn is_fresh_in_itself(&self) -> bool {
        self.failure.is_none() && self.cuts.missing().is_empty()
    }

    /// The pages of this log's rows as they are now, if these are the heads.
    ///
    /// # Errors
    /// [`LogError`], if a document cannot be read.
    pub fn pages_at(&self, heads: &[Hash]) -> Result<Option<Vec<Vec<u8>>>, LogError> {
        if self.base.is_some() || self.heads() != heads || !self.is_whole() {
            return Ok(None);
        }
        Ok(Some(checkpoint::pages(&self.rows()?)))
    }
}

fn rows_of(agency: Hash, pages: &[Vec<u8>]) -> Result<Vec<DocumentRow>, BadCheckpointPage> {
    let mut rows = Vec::new();
    for page in pages {
        rows.extend(checkpoint::read_page(agency, page)?);
    }
    Ok(rows)
}
