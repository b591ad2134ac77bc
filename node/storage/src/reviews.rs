//! The rubrics that this agency's cases are reviewed against.

use sqlx::FromRow;

use super::{Store, StoreError, db::reading};

/// The number of cases in a phase that were last opened against a version of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RubricReviewCount {
    /// The phase in which they stand, in a word.
    pub phase: String,
    /// The rubric.
    pub rubric_id: String,
    /// Its version.
    pub rubric_version: String,
    /// The number of them.
    pub cases: i64,
}

impl Store {
    /// Against which versions of rubrics cases were opened last, by phase.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn reviewed_against(&self) -> Result<Vec<RubricReviewCount>, StoreError> {
        let sql = "SELECT a.phase, s.rubric_id, s.rubric_version, COUNT(*) AS cases
                   FROM applications a JOIN application_steps s ON s.application = a.id
                   WHERE s.number = (SELECT MAX(number) FROM application_steps
                                     WHERE application = a.id AND rubric_id IS NOT NULL)
                   GROUP BY a.phase, s.rubric_id, s.rubric_version ORDER BY a.phase, s.rubric_id, s.rubric_version";
        Ok(reading!(self, sqlx::query_as(sql), fetch_all)?)
    }
}
