//! One moment of the store, from which a replica is restored; and what was found damaged in it is taken out.
//!
//! Rows are given as they are, with the agency that each is filed under: one that cannot be read is that agency's damage,
//! and no error of the store.

use protocol::{DocumentId, DocumentRow, Hash, WriteBatch, replica::Quarantine, signed::encode};
use registry_schema::Timestamp;

use super::{
    AuditRecord, Store, StoreError, audit,
    db::{Tx, within, writing},
    log::{self, decode, hash},
    quarantine,
};

/// One moment of the store. Everything that is read through it was committed together.
#[derive(Debug)]
pub struct StoreSnapshot(pub(super) Tx);

/// An envelope as the store has it.
#[derive(Debug)]
pub struct StoredEnvelope {
    /// Its place in the order in which envelopes were kept.
    pub position: i64,
    /// The name that it is filed under.
    pub name: Vec<u8>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A heartbeat, or a countersignature, as the store has it.
#[derive(Debug)]
pub struct StoredStatement {
    /// The agency that it is filed under.
    pub agency: Vec<u8>,
    /// The writer, of a heartbeat.
    pub writer: Vec<u8>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A sound envelope that is moved from the log to what is set aside.
#[derive(Debug)]
pub struct MovedEnvelope {
    /// Its place among the envelopes.
    pub position: i64,
    /// Its agency, which may not be the one that it was filed under.
    pub agency: Hash,
    /// Its name.
    pub name: Hash,
    /// The rows of it that count meanwhile.
    pub rows: Vec<DocumentRow>,
}

/// The things that are taken out of the store, of one agency.
#[derive(Debug, Default)]
pub struct AgencyRemoval {
    /// The agency, as its rows are filed.
    pub agency: Vec<u8>,
    /// True if all of it goes.
    pub everything: bool,
    /// The places of its envelopes that go.
    pub envelopes: Vec<i64>,
    /// Its sound envelopes that are set aside, until what they follow is here again.
    pub moved_aside: Vec<MovedEnvelope>,
    /// The writers whose heartbeats go.
    pub heartbeats: Vec<Vec<u8>>,
    /// True if its checkpoint goes.
    pub checkpoint: bool,
    /// True if its countersignature for our own log goes.
    pub countersignature: bool,
    /// The names of envelopes that were set aside and go.
    pub set_aside: Vec<Vec<u8>>,
    /// Its quarantine, if this puts it into one.
    pub quarantine: Option<Quarantine>,
    /// Its rows as they follow from what stays; none, if they cannot be told.
    pub rows: Option<Vec<DocumentRow>>,
    /// A note of how many things were damaged, and of the first of them, for the audit trail.
    pub note: String,
}

/// A row of the table of entries: document, key, values.
type StoredEntry = (String, String, Vec<u8>);

impl StoreSnapshot {
    /// All key logs: the agency that each is filed under, and its entries' bytes.
    pub async fn key_logs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let sql = "SELECT agency, entries FROM key_logs ORDER BY agency";
        Ok(within!(&mut self.0, sqlx::query_as(sql), fetch_all)?)
    }

    /// The agencies that envelopes are filed under.
    pub async fn agencies_with_envelopes(&mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT DISTINCT agency FROM envelopes";
        let found: Vec<(Vec<u8>,)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        Ok(found.into_iter().map(|(agency,)| agency).collect())
    }

    /// The next envelopes of an agency, at most so many, after a place.
    pub async fn envelopes(&mut self, agency: &[u8], after: i64, most: i64) -> Result<Vec<StoredEnvelope>, StoreError> {
        let sql = "SELECT position, hash, bytes FROM envelopes
                   WHERE agency = $1 AND position > $2 ORDER BY position LIMIT $3";
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = within!(
            &mut self.0,
            sqlx::query_as(sql).bind(agency.to_vec()).bind(after).bind(most),
            fetch_all
        )?;
        let stored = rows
            .into_iter()
            .map(|(position, name, bytes)| StoredEnvelope { position, name, bytes });
        Ok(stored.collect())
    }

    /// All heartbeats.
    pub async fn heartbeats(&mut self) -> Result<Vec<StoredStatement>, StoreError> {
        let sql = "SELECT agency, writer, bytes FROM heartbeats";
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        let stored = rows
            .into_iter()
            .map(|(agency, writer, bytes)| StoredStatement { agency, writer, bytes });
        Ok(stored.collect())
    }

    /// All countersignatures for our own log.
    pub async fn countersignatures(&mut self) -> Result<Vec<StoredStatement>, StoreError> {
        let sql = "SELECT agency, bytes FROM held";
        let rows: Vec<(Vec<u8>, Vec<u8>)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        let stored = rows.into_iter().map(|(agency, bytes)| StoredStatement {
            agency,
            writer: vec![],
            bytes,
        });
        Ok(stored.collect())
    }

    /// All checkpoints: agency, statement, pages.
    pub async fn checkpoints(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>, StoreError> {
        let sql = "SELECT agency, bytes, pages FROM checkpoints";
        Ok(within!(&mut self.0, sqlx::query_as(sql), fetch_all)?)
    }

    /// Returns true if the own log was repaired, and has not been heard from peers since.
    pub async fn awaits_own_log(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT at FROM own_log_repairs";
        let rows: Vec<(i64,)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        Ok(!rows.is_empty())
    }

    /// Returns true if another process wrote to the own log with this store's key, and no operator has ended that since.
    pub async fn is_written_elsewhere(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT at FROM own_log_intrusions";
        let rows: Vec<(i64,)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        Ok(!rows.is_empty())
    }

    /// Returns true if the store was once made again from others' files.
    pub async fn was_rebuilt(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT lost_before FROM lost_records";
        let rows: Vec<(i64,)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        Ok(!rows.is_empty())
    }

    /// Ends it.
    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

impl Store {
    /// The store as it is now, for as long as it takes to read it.
    pub async fn moment(&self) -> Result<StoreSnapshot, StoreError> {
        Ok(StoreSnapshot(self.db.snapshot().await?))
    }

    /// Notes that all of the own log is here again, and that nobody else writes to it.
    pub async fn has_own_log(&self) -> Result<(), StoreError> {
        let (mut tx, _) = self.begin().await?;
        for sql in ["DELETE FROM own_log_repairs", "DELETE FROM own_log_intrusions"] {
            writing!(&mut tx, sqlx::query(sql))?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts the rows of an agency that stand otherwise in the table of entries than here; none, if all stand so.
    pub async fn differing(&self, agency: Hash, rows: &[DocumentRow]) -> Result<Option<usize>, StoreError> {
        let mut tx = self.db.snapshot().await?;
        let differing = differing(&mut tx, agency, rows).await?;
        tx.commit().await?;
        Ok(Some(differing.len()).filter(|count| *count > 0))
    }

    /// Takes out what is damaged, in one transaction, and writes down that it did; with `home`, also of the own log, which is
    /// then not written to before peers have given it again.
    pub async fn take_out(
        &self,
        removals: &[AgencyRemoval],
        home: Option<Hash>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut tx, change) = self.begin().await?;
        let is_own = |removal: &&AgencyRemoval| home.is_some_and(|home| home.0.as_slice() == removal.agency);
        if let Some(own) = removals.iter().find(is_own)
            && own.harms_the_log()
        {
            let sql = "INSERT INTO own_log_repairs (at) VALUES ($1)";
            writing!(&mut tx, sqlx::query(sql).bind(at.0))?;
        }
        for removal in removals {
            for moved in &removal.moved_aside {
                quarantine::move_aside(&mut tx, &removal.agency, moved, change).await?;
            }
            take_out(&mut tx, removal).await?;
            if let Some(quarantine) = &removal.quarantine {
                quarantine::put(&mut tx, removal.agency.clone(), quarantine).await?;
            }
            if let Ok(agency) = hash(&removal.agency)
                && let Some(rows) = &removal.rows
                && !removal.everything
            {
                let rows = differing(&mut tx, agency, rows).await?;
                let batch = WriteBatch {
                    rows,
                    ..WriteBatch::default()
                };
                log::write(&mut tx, &batch, log::WriteStamp { change, at }).await?;
            }
            let act = AuditRecord {
                at,
                who: "node".into(),
                act: "store.quarantine",
                subject: filed_under(&removal.agency),
                note: Some(removal.note.clone()),
            };
            audit::insert(&mut tx, &act).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl AgencyRemoval {
    /// Returns true if envelopes are no longer in the log.
    pub const fn harms_the_log(&self) -> bool {
        !self.envelopes.is_empty() || !self.moved_aside.is_empty()
    }

    /// The agency, for people.
    pub fn agency_in_words(&self) -> String {
        filed_under(&self.agency)
    }
}

fn filed_under(bytes: &[u8]) -> String {
    hash(bytes).map_or_else(
        |_| format!("{} bytes that are no hash", bytes.len()),
        |hash| hash.to_string(),
    )
}

async fn take_out(tx: &mut Tx, removal: &AgencyRemoval) -> Result<(), StoreError> {
    let agency = || removal.agency.clone();
    if removal.everything {
        for sql in [
            "DELETE FROM key_logs WHERE agency = $1",
            "DELETE FROM envelopes WHERE agency = $1",
            "DELETE FROM heartbeats WHERE agency = $1",
            "DELETE FROM checkpoints WHERE agency = $1",
            "DELETE FROM held WHERE agency = $1",
            "DELETE FROM set_aside WHERE agency = $1",
        ] {
            writing!(tx, sqlx::query(sql).bind(agency()))?;
        }
        return Ok(());
    }
    for position in &removal.envelopes {
        writing!(
            tx,
            sqlx::query("DELETE FROM envelopes WHERE agency = $1 AND position = $2")
                .bind(agency())
                .bind(position)
        )?;
    }
    for writer in &removal.heartbeats {
        writing!(
            tx,
            sqlx::query("DELETE FROM heartbeats WHERE agency = $1 AND writer = $2")
                .bind(agency())
                .bind(writer.clone())
        )?;
    }
    for name in &removal.set_aside {
        let sql = "DELETE FROM set_aside WHERE agency = $1 AND hash = $2";
        writing!(tx, sqlx::query(sql).bind(agency()).bind(name.clone()))?;
    }
    for (goes, sql) in [
        (removal.checkpoint, "DELETE FROM checkpoints WHERE agency = $1"),
        (removal.countersignature, "DELETE FROM held WHERE agency = $1"),
    ] {
        if goes {
            writing!(tx, sqlx::query(sql).bind(agency()))?;
        }
    }
    Ok(())
}

/// The rows of an agency that stand otherwise in the table of entries than here; those that are not here have no values.
async fn differing(tx: &mut Tx, agency: Hash, rows: &[DocumentRow]) -> Result<Vec<DocumentRow>, StoreError> {
    let sql = "SELECT document, name, surviving FROM entries WHERE agency = $1";
    let stored: Vec<StoredEntry> = within!(tx, sqlx::query_as(sql).bind(agency.0.to_vec()), fetch_all)?;
    let mut due: std::collections::BTreeMap<(String, &str), &DocumentRow> = rows
        .iter()
        .map(|row| ((row.document.to_string(), row.key.as_str()), row))
        .collect();
    let mut differing = Vec::new();
    for (document, key, surviving) in &stored {
        let row = due.remove(&(document.clone(), key.as_str()));
        let values = row.map_or_else(Vec::new, |row| row.values.clone());
        if *surviving == encode(&values) {
            continue;
        }
        let is_read: Result<Vec<Vec<u8>>, StoreError> = decode(surviving);
        let document: Result<DocumentId, _> = document.parse();
        if let Ok(document) = document {
            tracing::debug!(%document, key, damaged = is_read.is_err(), "an entry is written anew");
            differing.push(DocumentRow {
                agency,
                document,
                key: key.clone(),
                values,
            });
        }
    }
    differing.extend(due.into_values().cloned());
    Ok(differing)
}
