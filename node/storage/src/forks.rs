//! The proven forks of agencies' logs that operators have looked into.

use protocol::Hash;
use registry_schema::Timestamp;

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
    log::hash,
};

/// An operator's word that a proven fork was looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkAcknowledgement {
    /// The agency whose log has the fork: the hash of its first key-log entry.
    pub agency: Hash,
    /// The name of the fork's proof.
    pub fork: Hash,
    /// The moment.
    pub at: Timestamp,
    /// The operator.
    pub who: String,
    /// The operator's note; stays at home.
    pub note: Option<String>,
}

/// A row of the table: fork, moment, operator, note.
type StoredAcknowledgement = (Vec<u8>, i64, String, Option<String>);

pub(super) async fn insert(tx: &mut Tx, said: &ForkAcknowledgement) -> Result<(), StoreError> {
    let sql = "INSERT INTO fork_acknowledgements (agency, fork, at, who, note) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (agency, fork) DO NOTHING";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(said.agency.0.to_vec())
            .bind(said.fork.0.to_vec())
            .bind(said.at.0)
            .bind(&said.who)
            .bind(&said.note)
    )?;
    Ok(())
}

impl Store {
    /// Returns the forks of an agency's log that operators have looked into, the first that was first.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn fork_acknowledgements(&self, agency: Hash) -> Result<Vec<ForkAcknowledgement>, StoreError> {
        let sql = "SELECT fork, at, who, note FROM fork_acknowledgements WHERE agency = $1 ORDER BY at, fork";
        let rows: Vec<StoredAcknowledgement> = reading!(self, sqlx::query_as(sql).bind(agency.0.to_vec()), fetch_all)?;
        let read = rows.into_iter().map(|(fork, at, who, note)| {
            Ok(ForkAcknowledgement {
                agency,
                fork: hash(&fork)?,
                at: Timestamp(at),
                who,
                note,
            })
        });
        read.collect()
    }
}
