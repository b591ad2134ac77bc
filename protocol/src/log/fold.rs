//! The rows without automerge.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgencyLog, DocumentId, DocumentRow, EnvelopePosition, Hash, LogError, VectorClock, family};
use crate::{document::admits, status_list};

/// The puts that stand at each place, and where in the log they were made.
type SurvivingPuts<'a> = BTreeMap<(DocumentId, String), Vec<(&'a EnvelopePosition, Vec<u8>)>>;

impl AgencyLog {
    /// The same rows from the parents alone, without automerge: a put survives while no later one replaced it.
    /// For tests, for diagnosis, and for rows as they once were.
    ///
    /// # Errors
    /// [`LogError`], if an envelope is not where it was put.
    pub fn fold_without_automerge(&self) -> Result<Vec<DocumentRow>, LogError> {
        self.fold_at(&self.heads())
    }

    /// The rows as they were when these were the newest envelopes.
    ///
    /// # Errors
    /// [`LogError`], if an envelope is not where it was put.
    pub fn fold_at(&self, heads: &[Hash]) -> Result<Vec<DocumentRow>, LogError> {
        let mut reach = VectorClock::new();
        for kept in heads.iter().filter_map(|head| self.kept.get(head)) {
            family::extend(&mut reach, &kept.place);
        }
        let is_reached =
            |place: &EnvelopePosition| reach.get(&place.branch).is_some_and(|reach| place.position <= *reach);
        let mut standing = SurvivingPuts::new();
        let kept = self.order.iter().filter_map(|hash| self.kept.get(hash));
        for kept in kept.filter(|kept| is_reached(&kept.place)) {
            let writer = &kept.writer;
            let envelope = self.fetch(kept)?;
            let untold = self.untold(kept, &envelope);
            for (document, key, value) in envelope.puts() {
                let counts = admits(document, key, value)
                    && !untold.contains(&(document, key))
                    && self.cuts.may_put(writer, &kept.place, (document, key, value));
                if !counts {
                    continue;
                }
                let here = standing.entry((document.clone(), key.to_owned())).or_default();
                let write_once = matches!(document, DocumentId::StatusList(_)) && status_list::is_write_once(key);
                if write_once && here.iter().any(|(place, _)| kept.place.covers(place)) {
                    continue;
                }
                here.retain(|(place, _)| !kept.place.covers(place));
                here.push((&kept.place, value.to_vec()));
            }
        }
        let agency = self.key_log.genesis();
        let mut rows = Vec::new();
        for ((document, key), values) in standing {
            let values: BTreeSet<Vec<u8>> = values.into_iter().map(|(_, value)| value).collect();
            if !values.is_empty() {
                rows.push(DocumentRow {
                    agency,
                    document,
                    key,
                    values: values.into_iter().collect(),
                });
            }
        }
        Ok(status_list::hide_expunged(rows))
    }
}
