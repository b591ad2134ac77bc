//! Issuers' keys, sealed; and the status lists that are theirs.

use protocol::Hash;
use registry_schema::Timestamp;

use super::{
    IssuerKey, KeySeed, Store, StoreError,
    db::{Tx, reading, within, writing},
    log::hash,
};
use platform::seal::SealingKey;

/// A status list of an issuer whose key is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerStatusList {
    /// Its number.
    pub number: u32,
    /// The agency whose word is needed before more of it is used; without one, only the start that opened it uses it.
    pub witness: Option<Hash>,
}

/// Issuer, secret, the seal's name.
type IssuerKeyRow = (String, Vec<u8>, Option<String>);

pub(super) async fn insert(
    tx: &mut Tx,
    seal: Option<&SealingKey>,
    issuer: &str,
    KeySeed(secret): &KeySeed,
) -> Result<(), StoreError> {
    if seal.is_none() {
        // Who once sealed keeps none in clear.
        let sql = "SELECT seal FROM issuer_keys WHERE seal IS NOT NULL LIMIT 1";
        let sealed: Option<(String,)> = within!(&mut *tx, sqlx::query_as(sql), fetch_optional)?;
        if let Some((name,)) = sealed {
            return Err(StoreError::Sealed(name));
        }
    }
    let (kept, name) = closed(seal, issuer, secret)?;
    writing!(
        tx,
        sqlx::query("INSERT INTO issuer_keys (issuer, seed, seal) VALUES ($1, $2, $3)")
            .bind(issuer)
            .bind(kept)
            .bind(name)
    )?;
    Ok(())
}

pub(super) async fn insert_list(
    tx: &mut Tx,
    issuer: &str,
    list: IssuerStatusList,
    at: Timestamp,
) -> Result<(), StoreError> {
    writing!(
        tx,
        sqlx::query("INSERT INTO issuer_lists (list, issuer, opened_at, witness) VALUES ($1, $2, $3, $4)")
            .bind(i64::from(list.number))
            .bind(issuer)
            .bind(at.0)
            .bind(list.witness.map(|agency| agency.0.to_vec()))
    )?;
    Ok(())
}

fn number(list: i64) -> Result<u32, StoreError> {
    u32::try_from(list).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn closed(seal: Option<&SealingKey>, issuer: &str, secret: &[u8]) -> Result<(Vec<u8>, Option<String>), StoreError> {
    let Some(seal) = seal else {
        return Ok((secret.to_vec(), None));
    };
    let sealed = seal.close(issuer, secret);
    let sealed = sealed.ok_or_else(|| StoreError::Unreadable("a key cannot be sealed".into()))?;
    Ok((sealed, Some(seal.name().to_owned())))
}

impl Store {
    /// Seals issuers' keys from now on, and opens those that this seal sealed. Said once.
    pub fn use_seal(&self, seal: SealingKey) {
        // A second one would be a bug of ours; the first stays.
        let _ = self.seal.set(seal);
    }

    /// The name of the seal under which some issuer's key is kept that the seal in use does not open.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn sealed_by_another(&self) -> Result<Option<String>, StoreError> {
        let own = self.seal.get().map_or("", SealingKey::name);
        let sql = "SELECT seal FROM issuer_keys WHERE seal IS NOT NULL AND seal <> $1 LIMIT 1";
        let found: Option<(String,)> = reading!(self, sqlx::query_as(sql).bind(own), fetch_optional)?;
        Ok(found.map(|(name,)| name))
    }

    /// Seals the keys that are kept in clear, as earlier versions kept them; gives how many there were. This process holds the
    /// lease.
    ///
    /// # Errors
    /// [`StoreError`], and then none was sealed.
    pub async fn seal_keys(&self) -> Result<usize, StoreError> {
        let Some(seal) = self.seal.get() else { return Ok(0) };
        let (mut tx, _) = self.begin().await?;
        let sql = "SELECT issuer, seed FROM issuer_keys WHERE seal IS NULL";
        let clear: Vec<(String, Vec<u8>)> = within!(&mut tx, sqlx::query_as(sql), fetch_all)?;
        for (issuer, secret) in &clear {
            let (kept, name) = closed(Some(seal), issuer, secret)?;
            writing!(
                &mut tx,
                sqlx::query("UPDATE issuer_keys SET seed = $2, seal = $3 WHERE issuer = $1")
                    .bind(issuer)
                    .bind(kept)
                    .bind(name)
            )?;
        }
        if !clear.is_empty() {
            tx.commit().await?;
        }
        Ok(clear.len())
    }

    /// The key of an issuer, if this node keeps it.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read, or the key is sealed with another seal than this node's.
    pub async fn issuer_key(&self, issuer: &str) -> Result<Option<IssuerKey>, StoreError> {
        let sql = "SELECT issuer, seed, seal FROM issuer_keys WHERE issuer = $1";
        let found: Option<IssuerKeyRow> = reading!(self, sqlx::query_as(sql).bind(issuer), fetch_optional)?;
        found.map(|row| self.opened(row)).transpose()
    }

    /// The key of the issuer that has this status list.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read, or the key is sealed with another seal than this node's.
    pub async fn issuer_key_of_list(&self, list: u32) -> Result<Option<IssuerKey>, StoreError> {
        let sql = "SELECT issuer, seed, seal FROM issuer_keys
                   WHERE issuer = (SELECT issuer FROM issuer_lists WHERE list = $1)";
        let found: Option<IssuerKeyRow> = reading!(self, sqlx::query_as(sql).bind(i64::from(list)), fetch_optional)?;
        found.map(|row| self.opened(row)).transpose()
    }

    /// All issuers that a key is kept of, with the key, or why it cannot be used.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn issuer_keys(&self) -> Result<Vec<(String, Result<IssuerKey, StoreError>)>, StoreError> {
        let sql = "SELECT issuer, seed, seal FROM issuer_keys ORDER BY issuer";
        let found: Vec<IssuerKeyRow> = reading!(self, sqlx::query_as(sql), fetch_all)?;
        let opened = found.into_iter().map(|row| (row.0.clone(), self.opened(row)));
        Ok(opened.collect())
    }

    /// The status lists of an issuer, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn lists_of(&self, issuer: &str) -> Result<Vec<IssuerStatusList>, StoreError> {
        let sql = "SELECT list, witness FROM issuer_lists WHERE issuer = $1 ORDER BY opened_at, list";
        let found: Vec<(i64, Option<Vec<u8>>)> = reading!(self, sqlx::query_as(sql).bind(issuer), fetch_all)?;
        let list = |(list, witness): (i64, Option<Vec<u8>>)| {
            let witness = witness.as_deref().map(hash).transpose()?;
            let number = number(list)?;
            Ok(IssuerStatusList { number, witness })
        };
        found.into_iter().map(list).collect()
    }

    /// All status lists of issuers whose keys are kept here: issuer, number, and since when.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn issuer_lists(&self) -> Result<Vec<(String, u32, Timestamp)>, StoreError> {
        let sql = "SELECT issuer, list, opened_at FROM issuer_lists ORDER BY issuer, opened_at, list";
        let found: Vec<(String, i64, i64)> = reading!(self, sqlx::query_as(sql), fetch_all)?;
        let found = found.into_iter();
        found
            .map(|(issuer, list, at)| Ok((issuer, number(list)?, Timestamp(at))))
            .collect()
    }

    fn opened(&self, (issuer, kept, seal): IssuerKeyRow) -> Result<IssuerKey, StoreError> {
        let secret = match seal {
            None => kept,
            Some(name) => {
                let own = self.seal.get().filter(|own| own.name() == name);
                let own = own.ok_or(StoreError::Sealed(name))?;
                let opened = own.open(&issuer, &kept);
                opened.ok_or_else(|| StoreError::IssuerKeyDamaged(issuer.clone()))?
            }
        };
        let seed = KeySeed::try_from(secret).map_err(|_| StoreError::IssuerKeyDamaged(issuer.clone()))?;
        Ok(IssuerKey { issuer, seed })
    }
}
