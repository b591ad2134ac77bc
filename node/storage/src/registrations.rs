//! Rubrics, applications and their steps. What replicates of them is in the agency's trust list; the rest stays here.

use sqlx::FromRow;

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
};

/// A version of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RubricRow {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The moment at which it was imported, in milliseconds since 1970.
    pub imported_at: i64,
    /// By which operator.
    pub imported_by: String,
    /// The rubric itself, as JSON.
    pub content: String,
}

/// An applicant: somebody who wants to be an issuer.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct ApplicationRow {
    /// The application's id.
    pub id: String,
    /// The name under which it wants to issue.
    pub name: String,
    /// Its public page.
    pub url: Option<String>,
    /// The contact for it, as JSON; never leaves this agency.
    pub contact: String,
    /// SHA-256 of the applicant's token.
    pub token_hash: Vec<u8>,
    /// The moment at which it applied, in milliseconds since 1970.
    pub applied_at: i64,
    /// The phase in which the case stands, in a word; follows from the steps.
    pub phase: String,
}

impl std::fmt::Debug for ApplicationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApplicationRow({}, {})", self.id, self.phase)
    }
}

/// A step of a case. It is written once: the tables refuse to change or delete it.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct StepRow {
    /// The application's id.
    pub application: String,
    /// From 1, without a gap.
    pub number: i64,
    /// The moment, in milliseconds since 1970.
    pub at: i64,
    /// The operator who took it; none, if it was the applicant.
    pub who: Option<String>,
    /// The step itself, as JSON.
    pub step: String,
    /// The note on what else was said.
    pub note: Option<String>,
    /// Set if everybody may read the note.
    pub note_is_public: i64,
    /// The rubric of the review that it opens.
    pub rubric_id: Option<String>,
    /// The version of that rubric.
    pub rubric_version: Option<String>,
    /// The issuer that it registered.
    pub issuer: Option<String>,
}

impl std::fmt::Debug for StepRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StepRow({} {}: {})", self.application, self.number, self.step)
    }
}

pub(super) async fn insert_rubric(tx: &mut Tx, row: &RubricRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO rubrics (id, version, imported_at, imported_by, content) VALUES ($1, $2, $3, $4, $5)";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(&row.id)
            .bind(&row.version)
            .bind(row.imported_at)
            .bind(&row.imported_by)
            .bind(&row.content)
    )?;
    Ok(())
}

pub(super) async fn insert_application(tx: &mut Tx, row: &ApplicationRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO applications (id, name, url, contact, token_hash, applied_at, phase)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(&row.id)
            .bind(&row.name)
            .bind(&row.url)
            .bind(&row.contact)
            .bind(&row.token_hash)
            .bind(row.applied_at)
            .bind(&row.phase)
    )?;
    Ok(())
}

pub(super) async fn insert_step(tx: &mut Tx, row: &StepRow, phase: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO application_steps
               (application, number, at, who, step, note, note_is_public, rubric_id, rubric_version, issuer)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(&row.application)
            .bind(row.number)
            .bind(row.at)
            .bind(&row.who)
            .bind(&row.step)
            .bind(&row.note)
            .bind(row.note_is_public)
            .bind(&row.rubric_id)
            .bind(&row.rubric_version)
            .bind(&row.issuer)
    )?;
    writing!(
        tx,
        sqlx::query("UPDATE applications SET phase = $2 WHERE id = $1")
            .bind(&row.application)
            .bind(phase)
    )?;
    Ok(())
}

pub(super) async fn set_contact(tx: &mut Tx, application: &str, contact: &str) -> Result<(), StoreError> {
    writing!(
        tx,
        sqlx::query("UPDATE applications SET contact = $2 WHERE id = $1")
            .bind(application)
            .bind(contact)
    )?;
    Ok(())
}

const APPLICATION: &str = "id, name, url, contact, token_hash, applied_at, phase";

impl Store {
    /// All versions of all rubrics, the newest import first; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn rubrics(&self) -> Result<Vec<RubricRow>, StoreError> {
        let sql = "SELECT id, version, imported_at, imported_by, content FROM rubrics
                   ORDER BY imported_at DESC, id, version LIMIT 1000";
        Ok(reading!(self, sqlx::query_as(sql), fetch_all)?)
    }

    /// A version of a rubric.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn rubric(&self, id: &str, version: &str) -> Result<Option<RubricRow>, StoreError> {
        let sql = "SELECT id, version, imported_at, imported_by, content FROM rubrics WHERE id = $1 AND version = $2";
        Ok(reading!(
            self,
            sqlx::query_as(sql).bind(id).bind(version),
            fetch_optional
        )?)
    }

    /// The application with this id.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn application(&self, id: &str) -> Result<Option<ApplicationRow>, StoreError> {
        let sql = format!("SELECT {APPLICATION} FROM applications WHERE id = $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id),
            fetch_optional
        )?)
    }

    /// The application to which this token belongs, by the token's hash.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn application_by_token(&self, token_hash: [u8; 32]) -> Result<Option<ApplicationRow>, StoreError> {
        let sql = format!("SELECT {APPLICATION} FROM applications WHERE token_hash = $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(token_hash.to_vec()),
            fetch_optional
        )?)
    }

    /// The application whose approval registered this issuer.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn application_of_issuer(&self, issuer: &str) -> Result<Option<ApplicationRow>, StoreError> {
        let sql = format!(
            "SELECT {APPLICATION} FROM applications
             WHERE id = (SELECT application FROM application_steps WHERE issuer = $1)"
        );
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(issuer),
            fetch_optional
        )?)
    }

    /// The newest applications that come after a place in their order, which is by time and id; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn applications(&self, (at, id): &(i64, String), limit: i64) -> Result<Vec<ApplicationRow>, StoreError> {
        let sql = format!(
            "SELECT {APPLICATION} FROM applications WHERE applied_at < $1 OR (applied_at = $1 AND id > $2)
             ORDER BY applied_at DESC, id LIMIT $3"
        );
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(at).bind(id).bind(limit),
            fetch_all
        )?)
    }

    /// The steps of a case, in their order.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn application_steps(&self, application: &str) -> Result<Vec<StepRow>, StoreError> {
        let sql = "SELECT application, number, at, who, step, note, note_is_public, rubric_id, rubric_version, issuer
                   FROM application_steps WHERE application = $1 ORDER BY number";
        Ok(reading!(self, sqlx::query_as(sql).bind(application), fetch_all)?)
    }

    /// The applications in one of these phases whose last step was before a moment and whose contact is not this one; at
    /// most 1,000.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn contacts_before(
        &self,
        before: i64,
        phases: [&str; 3],
        other_than: &str,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM applications WHERE (phase = $1 OR phase = $2 OR phase = $3) AND contact <> $4
                   AND (SELECT MAX(at) FROM application_steps WHERE application = id) < $5 ORDER BY id LIMIT 1000";
        let [first, second, third] = phases;
        let rows: Vec<(String,)> = reading!(
            self,
            sqlx::query_as(sql)
                .bind(first)
                .bind(second)
                .bind(third)
                .bind(other_than)
                .bind(before),
            fetch_all
        )?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Counts the applications that wait for a decision; and tells when the newest but so many came, for each of two
    /// numbers.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn applications_waiting(
        &self,
        open: [&str; 2],
        newer: [i64; 2],
    ) -> Result<(i64, Option<i64>, Option<i64>), StoreError> {
        let sql = "SELECT (SELECT COUNT(*) FROM applications WHERE phase = $1 OR phase = $2),
                          (SELECT applied_at FROM applications ORDER BY applied_at DESC LIMIT 1 OFFSET $3),
                          (SELECT applied_at FROM applications ORDER BY applied_at DESC LIMIT 1 OFFSET $4)";
        let ([one, other], [first, second]) = (open, newer);
        Ok(reading!(
            self,
            sqlx::query_as(sql).bind(one).bind(other).bind(first).bind(second),
            fetch_one
        )?)
    }
}
