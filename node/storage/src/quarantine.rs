//! Agencies in quarantine, those of which more exists than is taken in, and what of the latter counts all the same.

use protocol::{
    DocumentRow, Hash, WriteBatch,
    log::QuotaLimit,
    replica::{Deferral, Quarantine, QuarantineCause},
    signed::encode,
};
use registry_schema::Timestamp;

use super::{
    StoreError, StoreSnapshot,
    db::{Tx, within, writing},
    log::{decode, hash},
    restoring::{MovedEnvelope, StoredEnvelope},
};

/// A restriction in an envelope that was set aside: document, key, value.
type SetAsideRestriction = (String, String, minicbor::bytes::ByteVec);

/// A row of the table of quarantines.
type QuarantineRow = (Vec<u8>, String, String, i64, i64, i64, i64);

/// Writes what a batch says of quarantines, deferrals and what is set aside.
pub(super) async fn write(tx: &mut Tx, batch: &WriteBatch, change: i64) -> Result<(), StoreError> {
    for (agency, quarantine) in &batch.quarantined {
        match quarantine {
            Some(quarantine) => put(tx, agency.0.to_vec(), quarantine).await?,
            None => {
                let sql = "DELETE FROM quarantines WHERE agency = $1";
                writing!(tx, sqlx::query(sql).bind(agency.0.to_vec()))?;
            }
        }
    }
    for (agency, deferral) in &batch.deferred {
        match deferral {
            Some(Deferral { limit, since }) => {
                let sql = "INSERT INTO deferrals (agency, reached, since) VALUES ($1, $2, $3)
                           ON CONFLICT (agency) DO UPDATE SET reached = excluded.reached, since = excluded.since";
                writing!(
                    tx,
                    sqlx::query(sql)
                        .bind(agency.0.to_vec())
                        .bind(limit.code())
                        .bind(since.0)
                )?;
            }
            None => {
                let sql = "DELETE FROM deferrals WHERE agency = $1";
                writing!(tx, sqlx::query(sql).bind(agency.0.to_vec()))?;
            }
        }
    }
    for (envelope, rows) in &batch.set_aside {
        let sql = "INSERT INTO set_aside (hash, agency, bytes, restrictions, changed) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (hash) DO NOTHING";
        writing!(
            tx,
            sqlx::query(sql)
                .bind(envelope.hash().0.to_vec())
                .bind(envelope.header().agency.0.to_vec())
                .bind(encode(&envelope.signed()))
                .bind(encode(&restrictions_of(rows)))
                .bind(change)
        )?;
    }
    for name in &batch.taken_up {
        let sql = "DELETE FROM set_aside WHERE hash = $1";
        writing!(tx, sqlx::query(sql).bind(name.0.to_vec()))?;
    }
    Ok(())
}

/// Moves an envelope from the log to what is set aside; it was kept once. It comes back when what it follows is here.
pub(super) async fn move_aside(
    tx: &mut Tx,
    filed_under: &[u8],
    moved: &MovedEnvelope,
    change: i64,
) -> Result<(), StoreError> {
    let MovedEnvelope {
        position,
        agency,
        name,
        rows,
    } = moved;
    let sql = "INSERT INTO set_aside (hash, agency, bytes, restrictions, changed, was_kept)
               SELECT $1, $2, bytes, $3, $4, 1 FROM envelopes WHERE agency = $5 AND position = $6
               ON CONFLICT (hash) DO UPDATE SET agency = excluded.agency, bytes = excluded.bytes,
               restrictions = excluded.restrictions, changed = excluded.changed, was_kept = 1";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(name.0.to_vec())
            .bind(agency.0.to_vec())
            .bind(encode(&restrictions_of(rows)))
            .bind(change)
            .bind(filed_under.to_vec())
            .bind(position)
    )?;
    let sql = "DELETE FROM envelopes WHERE agency = $1 AND position = $2";
    writing!(tx, sqlx::query(sql).bind(filed_under.to_vec()).bind(position))?;
    Ok(())
}

fn restrictions_of(rows: &[DocumentRow]) -> Vec<SetAsideRestriction> {
    let restrictions = rows.iter().flat_map(|row| {
        let values = row.values.iter();
        values.map(|value| (row.document.to_string(), row.key.clone(), value.clone().into()))
    });
    restrictions.collect()
}

/// Writes an agency's quarantine in the place of the one before.
pub(super) async fn put(tx: &mut Tx, agency: Vec<u8>, quarantine: &Quarantine) -> Result<(), StoreError> {
    let (cause, why) = match &quarantine.why {
        QuarantineCause::Document(why) => ("document", why),
        QuarantineCause::Stored(why) => ("stored", why),
    };
    let sql = "INSERT INTO quarantines (agency, cause, why, since, again, pause, lost_word)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (agency) DO UPDATE SET cause = excluded.cause, why = excluded.why, since = excluded.since,
               again = excluded.again, pause = excluded.pause, lost_word = excluded.lost_word";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(agency.clone())
            .bind(cause)
            .bind(why.as_str())
            .bind(quarantine.since.0)
            .bind(quarantine.again.0)
            .bind(quarantine.pause)
            .bind(i64::from(quarantine.lost_word))
    )?;
    Ok(())
}

/// The agency that an envelope is filed under, and what it takes away; none, if it cannot be read.
pub(super) type AgencyRestrictions = (Vec<u8>, Option<Vec<DocumentRow>>);

/// Returns what envelopes take away that were set aside after a transaction.
pub(super) async fn restrictions(tx: &mut Tx, since: i64) -> Result<Vec<AgencyRestrictions>, StoreError> {
    let sql = "SELECT agency, restrictions FROM set_aside WHERE changed > $1 ORDER BY changed, hash";
    let found: Vec<(Vec<u8>, Vec<u8>)> = within!(tx, sqlx::query_as(sql).bind(since), fetch_all)?;
    let read = |agency: &[u8], restrictions: &[u8]| -> Option<Vec<DocumentRow>> {
        let agency = hash(agency).ok()?;
        let restrictions: Vec<SetAsideRestriction> = decode(restrictions).ok()?;
        let row = |(document, key, value): SetAsideRestriction| {
            Some(DocumentRow {
                agency,
                document: document.parse().ok()?,
                key,
                values: vec![value.into()],
            })
        };
        restrictions.into_iter().map(row).collect()
    };
    let rows = found.into_iter().map(|(agency, restrictions)| {
        let rows = read(&agency, &restrictions);
        (agency, rows)
    });
    Ok(rows.collect())
}

/// An envelope that is set aside, as the table has it.
type SetAsideRow = (Vec<u8>, Vec<u8>, Vec<u8>, i64);

impl StoreSnapshot {
    /// The quarantines, by agency. One that cannot be read is one all the same.
    pub async fn quarantines(&mut self) -> Result<Vec<(Hash, Quarantine)>, StoreError> {
        let sql = "SELECT agency, cause, why, since, again, pause, lost_word FROM quarantines";
        let rows: Vec<QuarantineRow> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        let read = |(agency, cause, why, since, again, pause, lost_word): QuarantineRow| {
            let quarantine = Quarantine {
                why: match cause.as_str() {
                    "document" => QuarantineCause::Document(why),
                    _ => QuarantineCause::Stored(why),
                },
                since: Timestamp(since),
                again: Timestamp(again),
                pause: pause.max(1),
                lost_word: lost_word != 0,
            };
            Some((hash(&agency).ok()?, quarantine))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The deferrals, by agency.
    pub async fn deferrals(&mut self) -> Result<Vec<(Hash, Deferral)>, StoreError> {
        let sql = "SELECT agency, reached, since FROM deferrals";
        let rows: Vec<(Vec<u8>, String, i64)> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        let read = |(agency, reached, since): (Vec<u8>, String, i64)| {
            let limit = QuotaLimit::of_code(&reached)?;
            let since = Timestamp(since);
            Some((hash(&agency).ok()?, Deferral { limit, since }))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The envelopes that are set aside, with the agency that each is filed under, and whether each was kept once.
    pub async fn set_aside(&mut self) -> Result<Vec<(Vec<u8>, StoredEnvelope, bool)>, StoreError> {
        let sql = "SELECT agency, hash, bytes, was_kept FROM set_aside ORDER BY changed, hash";
        let rows: Vec<SetAsideRow> = within!(&mut self.0, sqlx::query_as(sql), fetch_all)?;
        let read = |(agency, name, bytes, was_kept)| {
            let envelope = StoredEnvelope {
                position: 0,
                name,
                bytes,
            };
            (agency, envelope, was_kept != 0)
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
