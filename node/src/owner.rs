//! The check of whose store lies in a node's place: another agency's is refused, whoever would open it. Its operators'
//! tokens, its credentials and its issuers' keys would be taken for this agency's.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use protocol::Hash;

use crate::config::Config;
use storage::Store;

/// The relation of a store to the agency of a data directory.
#[derive(Debug, PartialEq, Eq)]
enum StoreOwner {
    /// It is this agency's.
    This,
    /// It is from before stores said whose they are.
    Unsaid,
    /// The owner that it names is nobody that it knows, and it knows this agency: a disk gave back something else than was
    /// written.
    Damaged,
    /// It is another agency's, as it says.
    Another(String),
}

/// Opens the store of a data directory, to look into it or to write beside its node.
///
/// # Errors
/// If it cannot be opened, or is another agency's.
pub(crate) async fn open(data: &Path, config: &Config) -> anyhow::Result<Store> {
    let store = Store::open(data, config.postgres()?.as_ref()).await?;
    match check(data, config, &store).await {
        Ok(StoreOwner::Damaged) => close(store, damaged(data)).await,
        Ok(_) => Ok(store),
        Err(error) => close(store, error).await,
    }
}

/// Opens the store of a data directory for a node that starts. A store that does not say whose it is, is this agency's from then
/// on.
///
/// # Errors
/// If it cannot be opened, or is another agency's.
pub(crate) async fn open_to_run(data: &Path, config: &Config, term: Duration) -> anyhow::Result<Store> {
    let store = Store::open_to_run(data, config.postgres()?.as_ref(), term).await?;
    let checked = match check(data, config, &store).await {
        Ok(StoreOwner::Damaged) => Err(damaged(data)),
        Ok(StoreOwner::Unsaid) => claim(config, &store).await,
        checked => checked.map(drop),
    };
    match checked {
        Ok(()) => Ok(store),
        Err(error) => close(store, error).await,
    }
}

/// Opens the store of a data directory, to mend it: where it says damaged words of whose it is, they are mended too; gives
/// whether they were.
///
/// # Errors
/// If it cannot be opened, or is another agency's.
pub(crate) async fn open_to_repair(data: &Path, config: &Config) -> anyhow::Result<(Store, bool)> {
    let store = Store::open(data, config.postgres()?.as_ref()).await?;
    let mended = match check(data, config, &store).await {
        Ok(StoreOwner::Damaged) => claim_anew(config, &store).await,
        checked => checked.map(|_| false),
    };
    match mended {
        Ok(mended) => Ok((store, mended)),
        Err(error) => close(store, error).await,
    }
}

async fn close<T>(store: Store, error: anyhow::Error) -> anyhow::Result<T> {
    store.close().await;
    Err(error)
}

fn home(config: &Config) -> anyhow::Result<Hash> {
    config.genesis.parse().context("`genesis` in the configuration")
}

async fn claim(config: &Config, store: &Store) -> anyhow::Result<()> {
    if store.claim(home(config)?).await? {
        tracing::info!(agency = %config.agency, "the store did not say whose it is: from now on it is this agency's, and opens for no other");
    }
    Ok(())
}

async fn claim_anew(config: &Config, store: &Store) -> anyhow::Result<bool> {
    store.claim_anew(home(config)?).await?;
    Ok(true)
}

fn damaged(data: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "what the store in `{}` says of whose it is, is damaged: `comityd repair` mends it",
        data.display()
    )
}

/// Compares what the store says with what the configuration says.
///
/// # Errors
/// If it is another agency's.
async fn check(data: &Path, config: &Config, store: &Store) -> anyhow::Result<StoreOwner> {
    let home = home(config)?;
    match look(store, home).await? {
        StoreOwner::Another(said) => anyhow::bail!(
            "the store of `{}` is another agency's: it says {said}, and comity.toml says {} with the first key-log entry `{home}`. \
             Nothing was changed: put this agency's own store, or a backup of it, in its place (with PostgreSQL, name its own \
             `database`)",
            data.display(),
            config.agency
        ),
        owner => Ok(owner),
    }
}

async fn look(store: &Store, home: Hash) -> anyhow::Result<StoreOwner> {
    let Some(said) = store.owner().await? else {
        return Ok(StoreOwner::Unsaid);
    };
    if said == home.0.as_slice() {
        return Ok(StoreOwner::This);
    }
    if !store.has_key_log(&said).await? && store.has_key_log(&home.0).await? {
        return Ok(StoreOwner::Damaged);
    }
    let Ok(genesis) = <[u8; 32]>::try_from(said.as_slice()).map(Hash) else {
        return Ok(StoreOwner::Another("something that is no agency's".to_owned()));
    };
    // Its key log may be damaged as well, which matters little here.
    let name = store.key_log(genesis).await.ok().flatten();
    let name = name.map_or_else(|| "an agency".to_owned(), |log| log.founding().agency.to_string());
    Ok(StoreOwner::Another(format!(
        "{name} with the first key-log entry `{genesis}`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_says_whose_it_is_and_keeps_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), None).await.unwrap();
        let [ours, theirs] = [Hash([1; 32]), Hash([2; 32])];
        assert_eq!(look(&store, ours).await.unwrap(), StoreOwner::Unsaid);
        assert!(store.claim(ours).await.unwrap());
        assert!(!store.claim(theirs).await.unwrap(), "who came first counts");
        assert_eq!(look(&store, ours).await.unwrap(), StoreOwner::This);
        let StoreOwner::Another(said) = look(&store, theirs).await.unwrap() else {
            panic!("it is another's");
        };
        assert!(said.contains(&ours.to_string()), "{said}");
    }
}
