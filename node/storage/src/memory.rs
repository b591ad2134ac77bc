//! The state that this node answered from at an earlier moment: rows with the time at which they arrived here, and how fresh
//! each agency's log was. The triggers of migration 0011 keep what a row was before.

use protocol::{DocumentId, DocumentRow, Hash, WriteBatch, signed::encode, status_list};
use registry_schema::Timestamp;

use super::{
    Store, StoreError,
    db::{Tx, reading, within, writing},
    log::{decode, hash},
};

/// A row, as the tables have it: agency, document, name, values.
type HistoryRow = (Vec<u8>, String, String, Vec<u8>);

/// A slot of a status list of an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSlot {
    /// The agency whose list it is.
    pub agency: Hash,
    /// The number of the list.
    pub list: u32,
    /// The place in it.
    pub index: u32,
}

/// The standing of an agency from some moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatusRow {
    /// The row's position.
    pub position: i64,
    /// From when on.
    pub at: Timestamp,
    /// The agency, and how it stood; in its own form.
    pub standing: Vec<u8>,
}

/// To what standings are thinned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompactionInterval {
    /// The standings that tell an hour.
    Hours,
    /// The standings that tell a day.
    Days,
}

/// Hides from what was, too, what an expunging hides now: its reason and time are gone, the bit stays.
pub(super) async fn hide(tx: &mut Tx, batch: &WriteBatch) -> Result<(), StoreError> {
    let slot = |row: &&DocumentRow| status_list::hidden_slot(&row.key).is_some();
    for tombstone in batch.rows.iter().chain(&batch.history).filter(slot) {
        let Some(index) = status_list::hidden_slot(&tombstone.key) else {
            continue;
        };
        for key in [format!("r/{index}"), format!("s/{index}")] {
            let hidden = status_list::behind_tombstone(&key, &tombstone.values);
            let sql = "UPDATE former_entries SET surviving = $1
                       WHERE agency = $2 AND document = $3 AND name = $4 AND surviving <> $5";
            writing!(
                tx,
                sqlx::query(sql)
                    .bind(encode(&hidden))
                    .bind(tombstone.agency.0.to_vec())
                    .bind(tombstone.document.to_string())
                    .bind(key.clone())
                    .bind(encode(&Vec::<Vec<u8>>::new()))
            )?;
        }
    }
    Ok(())
}

impl Store {
    /// Since when this node keeps what it knew.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn remembers_since(&self) -> Result<Timestamp, StoreError> {
        let (since,): (i64,) = reading!(self, sqlx::query_as("SELECT since FROM memory"), fetch_one)?;
        Ok(Timestamp(since))
    }

    /// Keeps how agencies stand from this moment on.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn keep_standings(&self, at: Timestamp, standings: &[(Hash, Vec<u8>)]) -> Result<(), StoreError> {
        let (mut tx, _) = self.begin().await?;
        for (agency, standing) in standings {
            writing!(
                &mut tx,
                sqlx::query("INSERT INTO standings (agency, at, standing) VALUES ($1, $2, $3)")
                    .bind(agency.0.to_vec())
                    .bind(at.0)
                    .bind(standing)
            )?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Up to when the standings were thinned out to this grain; if not yet, since when they are kept.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn thinned_up_to(&self, grain: CompactionInterval) -> Result<Timestamp, StoreError> {
        let sql = "SELECT since, hours_up_to, days_up_to FROM memory";
        let (since, hours, days): (i64, i64, i64) = reading!(self, sqlx::query_as(sql), fetch_one)?;
        let up_to = match grain {
            CompactionInterval::Hours => hours,
            CompactionInterval::Days => days,
        };
        Ok(Timestamp(up_to.max(since)))
    }

    /// Returns what was kept of the agencies' standings from one moment on and before another, by agency and time.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn standings_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<LogStatusRow>, StoreError> {
        let sql = "SELECT position, at, standing FROM standings WHERE at >= $1 AND at < $2 ORDER BY agency, position";
        let found: Vec<(i64, i64, Vec<u8>)> = reading!(self, sqlx::query_as(sql).bind(from.0).bind(to.0), fetch_all)?;
        let kept = found.into_iter().map(|(position, at, standing)| LogStatusRow {
            position,
            at: Timestamp(at),
            standing,
        });
        Ok(kept.collect())
    }

    /// Thins the standings out up to a moment: without some rows, and with others saying more.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn thin_standings(
        &self,
        grain: CompactionInterval,
        up_to: Timestamp,
        gone: &[i64],
        longer: &[(i64, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let (mut tx, _) = self.begin().await?;
        for position in gone {
            writing!(
                &mut tx,
                sqlx::query("DELETE FROM standings WHERE position = $1").bind(position)
            )?;
        }
        for (position, standing) in longer {
            let sql = "UPDATE standings SET standing = $1 WHERE position = $2";
            writing!(&mut tx, sqlx::query(sql).bind(standing).bind(position))?;
        }
        let sql = match grain {
            CompactionInterval::Hours => "UPDATE memory SET hours_up_to = $1",
            CompactionInterval::Days => "UPDATE memory SET days_up_to = $1",
        };
        writing!(&mut tx, sqlx::query(sql).bind(up_to.0))?;
        tx.commit().await?;
        Ok(())
    }

    /// The rows of all trust lists and policies that had arrived here by this moment, and how each agency stood then.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn lists_then(&self, then: Timestamp) -> Result<(Vec<DocumentRow>, Vec<Vec<u8>>), StoreError> {
        let mut tx = self.db.snapshot().await?;
        let sql = "SELECT agency, document, name, surviving FROM entries
                   WHERE document IN ('trust-list', 'policy') AND since <= $1
                   UNION ALL
                   SELECT agency, document, name, surviving FROM former_entries
                   WHERE document IN ('trust-list', 'policy') AND since <= $1 AND until > $1";
        let found: Vec<HistoryRow> = within!(&mut tx, sqlx::query_as(sql).bind(then.0), fetch_all)?;
        let rows = found.into_iter().map(row).collect::<Result<_, _>>()?;
        let sql = "SELECT standing FROM standings WHERE position IN
                   (SELECT MAX(position) FROM standings WHERE at <= $1 GROUP BY agency)";
        let standings: Vec<(Vec<u8>,)> = within!(&mut tx, sqlx::query_as(sql).bind(then.0), fetch_all)?;
        tx.commit().await?;
        Ok((rows, standings.into_iter().map(|(standing,)| standing).collect()))
    }

    /// Returns what had arrived here about a slot by this moment.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn slot_then(&self, slot: &StatusSlot, then: Timestamp) -> Result<Vec<DocumentRow>, StoreError> {
        let sql = "SELECT agency, document, name, surviving FROM entries
                   WHERE agency = $1 AND document = $2 AND name IN ($3, $4) AND since <= $5
                   UNION ALL
                   SELECT agency, document, name, surviving FROM former_entries
                   WHERE agency = $1 AND document = $2 AND name IN ($3, $4) AND since <= $5 AND until > $5";
        let found: Vec<HistoryRow> = reading!(
            self,
            sqlx::query_as(sql)
                .bind(slot.agency.0.to_vec())
                .bind(DocumentId::StatusList(slot.list).to_string())
                .bind(format!("r/{}", slot.index))
                .bind(format!("s/{}", slot.index))
                .bind(then.0),
            fetch_all
        )?;
        found.into_iter().map(row).collect()
    }
}

fn row((agency, document, key, surviving): HistoryRow) -> Result<DocumentRow, StoreError> {
    let unknown = |_| StoreError::Unreadable(format!("no document is called `{document}`"));
    Ok(DocumentRow {
        agency: hash(&agency)?,
        document: document.parse().map_err(unknown)?,
        key,
        values: decode(&surviving)?,
    })
}
