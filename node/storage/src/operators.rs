//! Operators: who may act for this agency. Their tokens are kept as hashes.

use registry_schema::Timestamp;

use super::{
    Store, StoreError,
    db::{reading, writing},
};

impl Store {
    /// Adds an operator, or gives an existing one another token. Needs no lease: a command beside the node does it, and
    /// every process reads this table at each request.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn put_operator(&self, name: &str, token_hash: [u8; 32], at: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.db.begin().await?;
        let tx = &mut transaction;
        let sql = "INSERT INTO operators (name, token_hash, added_at) VALUES ($1, $2, $3)
                   ON CONFLICT (name) DO UPDATE SET token_hash = excluded.token_hash";
        writing!(tx, sqlx::query(sql).bind(name).bind(token_hash.to_vec()).bind(at.0))?;
        transaction.commit().await?;
        Ok(())
    }

    /// The operator with this token.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn operator(&self, token_hash: [u8; 32]) -> Result<Option<String>, StoreError> {
        let found: Option<(String,)> = reading!(
            self,
            sqlx::query_as("SELECT name FROM operators WHERE token_hash = $1").bind(token_hash.to_vec()),
            fetch_optional
        )?;
        Ok(found.map(|(name,)| name))
    }
}
