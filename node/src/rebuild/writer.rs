//! The writer key of a rebuilt node: the root signs for it, and ends the one that is lost.

use anyhow::Context as _;
use protocol::{KeyLog, PublicKey, key_log::KeyEnd};

use super::RebuildOptions;
use crate::Node;
use agency::{
    registrar::{Actor, ProposedAct},
    root::EntryFile,
};

/// Has the root let this node write, where it may not yet; gives what was signed, in words. Without the root's keys nothing
/// is signed.
///
/// # Errors
/// If it is not clear which key is lost, or the root's keys are not enough.
pub(super) async fn let_write(node: &Node, rebuilding: &RebuildOptions, hand: &Actor) -> anyhow::Result<Vec<String>> {
    let mut signed = Vec::new();
    if rebuilding.roots.is_empty() {
        return Ok(signed);
    }
    let log = node.registrar.key_log().await?;
    let here = node.registrar.keys_here()?;
    let may_write = here.iter().any(|key| log.writers().contains(key));
    let lost = lost(&log, &here, may_write, &rebuilding.lost)?;
    let mut wishes = Vec::new();
    if !may_write {
        let key = here.first().copied();
        wishes.push(ProposedAct::AddWriter { kinds: vec![], key });
    }
    wishes.extend(badge_keys(node, &log, may_write).await?);
    wishes.extend(lost.into_iter().map(|key| ProposedAct::EndWriter {
        key,
        end: KeyEnd::Retired,
        last: None,
        before: None,
    }));
    for wish in wishes {
        let proposal = node.registrar.propose(wish, hand).await?;
        let mut file = EntryFile {
            entry: proposal.entry,
            key_log: node.registrar.key_log().await?,
        };
        let act = file.entry.claim()?.act.to_string();
        file.sign(&rebuilding.roots)?;
        let entered = node.registrar.enter(&file.to_text()?, false, hand).await;
        entered.with_context(|| format!("the root does not let this node write ({act})"))?;
        signed.push(act);
    }
    Ok(signed)
}

/// The keys that end: those that are named; or, where a new one begins, the only one there is.
fn lost(log: &KeyLog, here: &[PublicKey], may_write: bool, named: &[PublicKey]) -> anyhow::Result<Vec<PublicKey>> {
    let elsewhere: Vec<PublicKey> = log.writers().into_iter().filter(|key| !here.contains(key)).collect();
    if !named.is_empty() {
        for key in named {
            anyhow::ensure!(
                elsewhere.contains(key),
                "the agency has no good writer key `{key}` that is not here"
            );
        }
        return Ok(named.to_vec());
    }
    match elsewhere.as_slice() {
        _ if may_write => Ok(vec![]),
        [] => Ok(vec![]),
        [one] => Ok(vec![*one]),
        several => {
            let keys: Vec<String> = several.iter().map(ToString::to_string).collect();
            anyhow::bail!(
                "the agency has several writer keys that are not here: say with --lost which of them is lost, and leave out \
                 those of other stores that still run: {}",
                keys.join(", ")
            )
        }
    }
}

/// The agency's own statements are signed by the badge key that is here; the only one of before, which is lost, ends.
async fn badge_keys(node: &Node, log: &KeyLog, may_write: bool) -> anyhow::Result<Vec<ProposedAct>> {
    let mut wishes = Vec::new();
    if may_write || node.registrar.badge_key().await.is_ok() {
        return Ok(wishes);
    }
    let key = node.registrar.badge_key_here()?;
    let all = log.authority().badge_keys();
    let live: Vec<PublicKey> = all
        .iter()
        .filter(|(_, end)| end.is_none())
        .map(|(key, _)| *key)
        .collect();
    wishes.push(ProposedAct::AddBadgeKey(key));
    if let [one] = live.as_slice() {
        wishes.push(ProposedAct::EndBadgeKey(*one, KeyEnd::Retired));
    }
    Ok(wishes)
}

#[cfg(test)]
mod tests {
    use protocol::{
        Hash, RootKeySet, SigningKey,
        key_log::{Founding, WriterKey, found},
    };
    use registry_schema::Timestamp;

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn log(writers: &[u8]) -> KeyLog {
        let founding = Founding {
            agency: "US-SC".parse().unwrap(),
            name: "South Carolina".into(),
            url: "https://sc.example".into(),
            root: RootKeySet::single(key(1).public()),
            next_root: Hash([0; 32]),
            writers: writers
                .iter()
                .map(|seed| WriterKey::of_all(key(*seed).public()))
                .collect(),
            badge_keys: vec![],
        };
        found(founding, &[&key(1)], Timestamp(1_700_000_000_000)).unwrap()
    }

    #[test]
    fn the_key_that_is_lost_ends_and_that_of_another_store_does_not() {
        let public = |seed: u8| key(seed).public();
        let told = |writers: &[u8], here: &[u8], named: &[u8]| {
            let here: Vec<PublicKey> = here.iter().map(|seed| public(*seed)).collect();
            let named: Vec<PublicKey> = named.iter().map(|seed| public(*seed)).collect();
            let log = log(writers);
            let may_write = here.iter().any(|key| log.writers().contains(key));
            lost(&log, &here, may_write, &named)
        };
        assert_eq!(told(&[2], &[9], &[]).unwrap(), [public(2)], "the only one");
        assert_eq!(
            told(&[2, 3], &[2], &[]).unwrap(),
            [],
            "the other one is another store's"
        );
        let several = told(&[2, 3], &[9], &[]).unwrap_err().to_string();
        assert!(
            several.contains("--lost") && several.contains(&public(3).to_string()),
            "{several}"
        );
        assert_eq!(told(&[2, 3], &[9], &[3]).unwrap(), [public(3)]);
        assert!(told(&[2], &[9], &[4]).is_err(), "not one of the agency's");
        assert!(told(&[2], &[2], &[2]).is_err(), "it is here");
    }
}
