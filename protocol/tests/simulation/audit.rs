//! What must hold at the end of every schedule.

use std::collections::BTreeSet;

use protocol::Row;

use crate::world::World;

impl World {
    pub(crate) fn assert_all_agree(&self) {
        for agency in &self.pinned {
            let mut rows: Option<Vec<Row>> = None;
            let mut heads = None;
            for site in &self.sites {
                let log = site.replica.logs().get(agency).expect("every site knows every agency");
                let mut built = log.rows().unwrap();
                let mut folded = log.fold_without_automerge();
                built.sort();
                folded.sort();
                assert_eq!(built, folded, "automerge and the fold without it differ");
                let on_disk: Vec<&Vec<Vec<u8>>> = site
                    .disk
                    .rows
                    .iter()
                    .filter(|((a, _, _), _)| a == agency)
                    .map(|(_, values)| values)
                    .collect();
                let mut by_place = built.clone();
                by_place.sort_by_key(|row| (row.document.to_string(), row.key.clone()));
                assert_eq!(
                    by_place.iter().map(|row| &row.values).collect::<Vec<_>>(),
                    on_disk,
                    "the disk's rows differ"
                );
                assert_eq!(
                    rows.get_or_insert_with(|| built.clone()),
                    &built,
                    "two sites differ in rows"
                );
                assert_eq!(
                    heads.get_or_insert_with(|| log.document_heads()),
                    &log.document_heads(),
                    "in automerge heads"
                );
                let stored: BTreeSet<Vec<u8>> = site
                    .disk
                    .envelopes
                    .iter()
                    .map(|(_, envelope)| protocol::signed::encode(envelope))
                    .collect();
                assert_eq!(stored.len(), site.disk.envelopes.len(), "an envelope is stored twice");
            }
        }
    }

    pub(crate) fn assert_nothing_acknowledged_is_lost(&self) {
        for site in &self.sites {
            for other in &self.sites {
                let rows = other.replica.logs()[&site.home].rows().unwrap();
                for index in &site.acknowledged {
                    let key = format!("r/{index}");
                    assert!(
                        rows.iter().any(|row| row.key == key),
                        "a revocation that was acknowledged is gone"
                    );
                }
            }
        }
    }
}
