//! The things that a repair is about to take out of the store, as they stand there: the last copy of them may be evidence.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use protocol::{DocumentId, DocumentRow, Hash, signed::encode};
use registry_schema::Timestamp;

use super::{
    AgencyRemoval, AuditRecord, Store, StoreError, audit,
    db::{Tx, within, writing},
    log::decode,
};

/// Something that is taken out, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedRecord {
    /// The table that it is in.
    pub table: &'static str,
    /// The agency that it is filed under.
    pub agency: Vec<u8>,
    /// The name that tells it from others in the table: a hash or a key, in hexadecimal or as text.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A row of the entries that does not follow from the log, and what takes its place.
#[derive(Clone, Debug)]
pub struct UnfoundedEntry {
    /// The agency whose it is.
    pub agency: Hash,
    /// The document.
    pub document: DocumentId,
    /// The key.
    pub key: String,
    /// The values that stood there; none, if they cannot be read.
    pub stood: Option<Vec<Vec<u8>>>,
    /// The values that follow from the log.
    pub follows: Vec<Vec<u8>>,
}

/// A list of all that is about to be taken out.
#[derive(Debug, Default)]
pub struct RemovalList {
    /// All of it.
    pub copied: Vec<RemovedRecord>,
    /// The rows that do not follow from the log.
    pub unfounded: Vec<UnfoundedEntry>,
}

impl Store {
    /// Returns what these removals would take out; nothing is changed.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn to_take_out(&self, removals: &[AgencyRemoval]) -> Result<RemovalList, StoreError> {
        let mut tx = self.db.snapshot().await?;
        let mut found = RemovalList::default();
        for removal in removals {
            copy(&mut tx, removal, &mut found.copied).await?;
            if let (Ok(agency), Some(rows), false) = (
                <[u8; 32]>::try_from(removal.agency.as_slice()).map(Hash),
                &removal.rows,
                removal.everything,
            ) {
                unfounded(&mut tx, agency, rows, &mut found).await?;
            }
        }
        tx.commit().await?;
        Ok(found)
    }

    /// Takes out what operators decided about a peer, which cannot be read.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn take_out_peer(&self, agency: &str, at: Timestamp) -> Result<(), StoreError> {
        let (mut tx, _) = self.begin().await?;
        writing!(&mut tx, sqlx::query("DELETE FROM peers WHERE agency = $1").bind(agency))?;
        let act = AuditRecord {
            at,
            who: "repair".into(),
            act: "store.peer",
            subject: agency.to_owned(),
            note: None,
        };
        audit::insert(&mut tx, &act).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn copy(tx: &mut Tx, removal: &AgencyRemoval, copied: &mut Vec<RemovedRecord>) -> Result<(), StoreError> {
    let agency = || removal.agency.clone();
    let mut add = |table: &'static str, rows: Vec<(Vec<u8>, Vec<u8>)>| {
        copied.extend(rows.into_iter().map(|(name, bytes)| RemovedRecord {
            table,
            agency: agency(),
            name: HEXLOWER.encode(&name),
            bytes,
        }));
    };
    let all: [(&'static str, &'static str, bool); 6] = [
        (
            "key_logs",
            "SELECT agency, entries FROM key_logs WHERE agency = $1",
            false,
        ),
        (
            "envelopes",
            "SELECT hash, bytes FROM envelopes WHERE agency = $1",
            false,
        ),
        (
            "heartbeats",
            "SELECT writer, bytes FROM heartbeats WHERE agency = $1",
            false,
        ),
        (
            "checkpoints",
            "SELECT bytes, pages FROM checkpoints WHERE agency = $1",
            removal.checkpoint,
        ),
        (
            "held",
            "SELECT agency, bytes FROM held WHERE agency = $1",
            removal.countersignature,
        ),
        (
            "set_aside",
            "SELECT hash, bytes FROM set_aside WHERE agency = $1",
            false,
        ),
    ];
    for (table, sql, goes) in all {
        if goes || removal.everything {
            add(table, within!(tx, sqlx::query_as(sql).bind(agency()), fetch_all)?);
        }
    }
    if removal.everything {
        return Ok(());
    }
    for position in &removal.envelopes {
        let sql = "SELECT hash, bytes FROM envelopes WHERE agency = $1 AND position = $2";
        let rows = within!(tx, sqlx::query_as(sql).bind(agency()).bind(position), fetch_all)?;
        add("envelopes", rows);
    }
    let named = [
        (
            "heartbeats",
            "SELECT writer, bytes FROM heartbeats WHERE agency = $1 AND writer = $2",
            &removal.heartbeats,
        ),
        (
            "set_aside",
            "SELECT hash, bytes FROM set_aside WHERE agency = $1 AND hash = $2",
            &removal.set_aside,
        ),
    ];
    for (table, sql, names) in named {
        for name in names {
            let rows = within!(tx, sqlx::query_as(sql).bind(agency()).bind(name.clone()), fetch_all)?;
            add(table, rows);
        }
    }
    Ok(())
}

/// Finds the rows of an agency that stand otherwise than they follow from its log.
async fn unfounded(tx: &mut Tx, agency: Hash, rows: &[DocumentRow], found: &mut RemovalList) -> Result<(), StoreError> {
    let sql = "SELECT document, name, surviving FROM entries WHERE agency = $1";
    let stored: Vec<(String, String, Vec<u8>)> = within!(tx, sqlx::query_as(sql).bind(agency.0.to_vec()), fetch_all)?;
    let due: BTreeMap<(String, &str), &DocumentRow> = rows
        .iter()
        .map(|row| ((row.document.to_string(), row.key.as_str()), row))
        .collect();
    for (document, key, surviving) in stored {
        let row = due.get(&(document.clone(), key.as_str()));
        let follows = row.map_or_else(Vec::new, |row| row.values.clone());
        if surviving == encode(&follows) {
            continue;
        }
        found.copied.push(RemovedRecord {
            table: "entries",
            agency: agency.0.to_vec(),
            name: format!("{document} {key}"),
            bytes: surviving.clone(),
        });
        let Ok(document) = document.parse() else { continue };
        found.unfounded.push(UnfoundedEntry {
            agency,
            document,
            key,
            stood: decode(&surviving).ok(),
            follows,
        });
    }
    Ok(())
}
