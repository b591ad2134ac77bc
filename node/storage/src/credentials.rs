//! Credentials that this agency issued, and the keys of its issuers.

use registry_schema::{CredentialCode, Timestamp};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
};
use crate::look_up::LookupPermit;

/// The place before every row of a list that begins with the newest.
pub const NEWEST: (i64, String) = (i64::MAX, String::new());

/// A credential as it is stored, with its badge.
#[derive(Clone, Debug, FromRow)]
pub struct SignedCredentialRow {
    /// The record that is kept of it.
    #[sqlx(flatten)]
    pub issued: CredentialRow,
    /// The signed badge, as JSON.
    pub document: String,
}

/// The columns of a credential of which it is to be seen whether they agree; none of one that cannot be read.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Its `id`.
    pub id: Option<String>,
    /// Its short code.
    pub code: Option<String>,
    /// The issuer's id.
    pub issuer: Option<String>,
    /// Its status list.
    pub list: Option<i64>,
    /// Its index in that list.
    pub slot: Option<i64>,
    /// The signed badge, as JSON.
    pub document: Option<String>,
}

impl<'r, R: Row> FromRow<'r, R> for StoredCredential
where
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id").ok(),
            code: row.try_get("code").ok(),
            issuer: row.try_get("issuer").ok(),
            list: row.try_get("list").ok(),
            slot: row.try_get("slot").ok(),
            document: row.try_get("document").ok(),
        })
    }
}

/// A credential as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct CredentialRow {
    /// Its `id`.
    pub id: String,
    /// Its short code.
    #[sqlx(try_from = "String")]
    pub code: CredentialCode,
    /// The issuer's id.
    pub issuer: String,
    /// The achievement's id.
    pub achievement: String,
    /// The achievement's name.
    pub name: String,
    /// The holder's name.
    pub subject: String,
    /// Good from, in milliseconds since 1970.
    pub valid_from: i64,
    /// Good up to.
    pub valid_until: Option<i64>,
    /// Its status list.
    pub list: i64,
    /// Its index in that list.
    pub slot: i64,
}

impl CredentialRow {
    /// Good from.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        Timestamp(self.valid_from)
    }

    /// Good up to.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.valid_until.map(Timestamp)
    }
}

/// An issuer's secret.
#[derive(Clone)]
pub struct IssuerKey {
    /// The issuer's id.
    pub issuer: String,
    /// The secret from which its badge key follows.
    pub seed: KeySeed,
}

/// The secret bytes of a key, as many as its kind wants; not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySeed(pub Vec<u8>);

impl TryFrom<Vec<u8>> for KeySeed {
    type Error = &'static str;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        matches!(bytes.len(), 32 | 48)
            .then_some(Self(bytes))
            .ok_or("a key of another length")
    }
}

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuerKey({})", self.issuer)
    }
}

impl std::fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

pub(super) async fn insert(tx: &mut Tx, new: &SignedCredentialRow) -> Result<(), StoreError> {
    let c = &new.issued;
    writing!(
        tx,
        sqlx::query(
            "INSERT INTO credentials
             (id, code, issuer, achievement, name, subject, valid_from, valid_until, list, slot, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&c.id)
        .bind(c.code.compact())
        .bind(&c.issuer)
        .bind(&c.achievement)
        .bind(&c.name)
        .bind(&c.subject)
        .bind(c.valid_from)
        .bind(c.valid_until)
        .bind(c.list)
        .bind(c.slot)
        .bind(&new.document)
    )?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    writing!(tx, sqlx::query("DELETE FROM credentials WHERE id = $1").bind(id))?;
    Ok(())
}

const COLUMNS: &str = "id, code, issuer, achievement, name, subject, valid_from, valid_until, list, slot";
const ALL_COLUMNS: &str = "id, code, issuer, achievement, name, subject, valid_from, valid_until, list, slot, document";

impl Store {
    /// The credential with this code, for whoever has leave to look it up.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn credential_by_code(
        &self,
        code: CredentialCode,
        _: LookupPermit,
    ) -> Result<Option<SignedCredentialRow>, StoreError> {
        let sql = format!("SELECT {ALL_COLUMNS} FROM credentials WHERE code = $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(code.compact()),
            fetch_optional
        )?)
    }

    /// The credential with this id.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn credential_by_id(&self, id: &str) -> Result<Option<SignedCredentialRow>, StoreError> {
        let sql = format!("SELECT {ALL_COLUMNS} FROM credentials WHERE id = $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id),
            fetch_optional
        )?)
    }

    /// The credential at this slot of a status list.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn credential_at(&self, list: u32, slot: u32) -> Result<Option<SignedCredentialRow>, StoreError> {
        let sql = format!("SELECT {ALL_COLUMNS} FROM credentials WHERE list = $1 AND slot = $2");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .bind(i64::from(list))
                .bind(i64::from(slot)),
            fetch_optional
        )?)
    }

    /// The newest credentials that come after a place in their order, which is by beginning and id; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn credentials(
        &self,
        (at, id): &(i64, String),
        limit: i64,
    ) -> Result<Vec<SignedCredentialRow>, StoreError> {
        let sql = format!(
            "SELECT {ALL_COLUMNS} FROM credentials WHERE valid_from < $1 OR (valid_from = $1 AND id > $2)
             ORDER BY valid_from DESC, id LIMIT $3"
        );
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(at).bind(id).bind(limit),
            fetch_all
        )?)
    }

    /// The newest credentials, at most `limit`, without their badges: to be counted, and not to be acted on.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn newest_credentials(&self, limit: i64) -> Result<Vec<CredentialRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials ORDER BY valid_from DESC, id LIMIT $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit),
            fetch_all
        )?)
    }

    /// Returns what the rows say, whether it can be right or not, by id after the first `skipped`; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn stored_credentials(&self, skipped: i64, limit: i64) -> Result<Vec<StoredCredential>, StoreError> {
        let sql = "SELECT id, code, issuer, list, slot, document FROM credentials ORDER BY id LIMIT $1 OFFSET $2";
        Ok(reading!(
            self,
            sqlx::query_as(sql).bind(limit).bind(skipped),
            fetch_all
        )?)
    }

    /// Counts the credentials of this issuer that are kept here.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn credentials_of(&self, issuer: &str) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(*) FROM credentials WHERE issuer = $1";
        let (count,): (i64,) = reading!(self, sqlx::query_as(sql).bind(issuer), fetch_one)?;
        Ok(count)
    }

    /// The signed badge of a credential, as JSON.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn badge(&self, id: &str) -> Result<Option<String>, StoreError> {
        let found: Option<(String,)> = reading!(
            self,
            sqlx::query_as("SELECT document FROM credentials WHERE id = $1").bind(id),
            fetch_optional
        )?;
        Ok(found.map(|(document,)| document))
    }

    /// For each achievement one of its badges, by its id; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn badge_of_each(&self, limit: i64) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT achievement, MIN(id) FROM credentials GROUP BY achievement ORDER BY achievement LIMIT $1";
        Ok(reading!(self, sqlx::query_as(sql).bind(limit), fetch_all)?)
    }
}
