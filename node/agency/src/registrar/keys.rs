//! The agency's own key log: what its root could do next, and taking in what it did.

use std::path::PathBuf;

use protocol::{
    DocumentId, DocumentRow, Hash, KeyLog, PublicKey,
    key_log::{KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterKey, WriterScope},
    replica::ReplicaFailure,
    status_list::{self, StatusListEntry},
};
use registry_schema::Timestamp;

use super::{Actor, ChangeConsequences, ProposedChange, Registrar, RegistrarError, not_ready};
use crate::{
    replication::WriteError,
    root::{self, WritingAbility},
};
use platform::keys;

/// The act that the root is asked for.
#[derive(Clone, Debug)]
pub enum ProposedAct {
    /// Let a new key of this node write.
    AddWriter {
        /// To which kinds of documents; to all, if none is named.
        kinds: Vec<String>,
        /// A key of another node of this agency; one is made here, if absent.
        key: Option<PublicKey>,
    },
    /// Let a writer key write these documents only.
    ScopeWriter {
        /// The key.
        key: PublicKey,
        /// To which kinds of documents.
        kinds: Vec<String>,
    },
    /// End a writer key.
    EndWriter {
        /// The key.
        key: PublicKey,
        /// The way in which it ends.
        end: KeyEnd,
        /// Its last good envelopes; all that are here, if absent and it retires.
        last: Option<Vec<Hash>>,
        /// In their place: everything that it dated before this moment is good.
        before: Option<Timestamp>,
    },
    /// Let a key sign the agency's own statements.
    AddBadgeKey(PublicKey),
    /// End a badge key.
    EndBadgeKey(PublicKey, KeyEnd),
}

/// An entry that the root could sign, and what would come of it.
#[derive(Clone, Debug)]
pub struct KeyLogProposal {
    /// The entry, to be carried to the root.
    pub entry: SignedKeyLogEntry,
    /// True if the key in it is an example: a dry run makes none that lasts.
    pub is_example: bool,
    /// The number of kept envelopes of the key that would count no more.
    pub voided: usize,
    /// The rows that would alter: as they are, and as they would be.
    pub changes: Vec<(DocumentRow, DocumentRow)>,
    /// Slots whose revocation would be gone: to be revoked again, by a key that is good.
    pub unrevoked: Vec<(u32, u32)>,
}

impl Registrar {
    /// This agency's key log.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn key_log(&self) -> Result<KeyLog, RegistrarError> {
        let home = self.registry.snapshot().home_hash();
        self.store.key_log(home).await?.ok_or_else(not_ready)
    }

    /// The public halves of the writer keys that are on this machine.
    ///
    /// # Errors
    /// [`RegistrarError`], if the files cannot be read.
    pub fn keys_here(&self) -> Result<Vec<PublicKey>, RegistrarError> {
        let keys =
            keys::writers(&self.keys_folder()).map_err(|error| RegistrarError::Unavailable(format!("{error:#}")))?;
        Ok(keys.iter().map(protocol::SigningKey::public).collect())
    }

    /// The writer keys on this machine that the key log never named: a ceremony that did not come to its end, or a further
    /// store before its first.
    ///
    /// # Errors
    /// [`RegistrarError`], if the files cannot be read.
    pub fn unused_keys(&self, key_log: &KeyLog) -> Result<Vec<PublicKey>, RegistrarError> {
        let mut keys = self.keys_here()?;
        keys.retain(|key| key_log.authority().writer(key).is_none());
        Ok(keys)
    }

    /// Tells whether the agency can write, and this node for it.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store or the files of the keys cannot be read.
    pub async fn ability(&self) -> Result<WritingAbility, RegistrarError> {
        Ok(WritingAbility::of(&self.key_log().await?, &self.keys_here()?))
    }

    /// The public half of the badge key on this machine.
    pub fn badge_key_here(&self) -> Result<PublicKey, RegistrarError> {
        let unavailable = |error: &dyn std::fmt::Display| RegistrarError::Unavailable(format!("{error:#}"));
        let seed = keys::load(&self.keys_folder(), "badge.key").map_err(|error| unavailable(&error))?;
        let key = protocol::SigningKey::from_seed(&seed).map_err(|error| unavailable(&error))?;
        Ok(key.public())
    }

    /// The key with which the agency signs documents of its own, and the key log that names it.
    ///
    /// # Errors
    /// [`RegistrarError`], if it is not on this machine, or the key log does not name it or has ended it.
    pub async fn badge_key(&self) -> Result<(verification::IssuerSigningKey, KeyLog), RegistrarError> {
        let log = self.key_log().await?;
        let seed = keys::load(&self.keys_folder(), "badge.key")
            .map_err(|error| RegistrarError::Unavailable(format!("{error:#}")))?;
        let key = verification::IssuerSigningKey::from_seed(&seed)
            .map_err(|error| RegistrarError::Unavailable(error.to_string()))?;
        let mut live = log.authority().badge_keys().iter().filter(|(_, end)| end.is_none());
        let named = live.any(|(public, _)| public.0.as_slice() == key.public_key().as_bytes());
        if !named {
            return Err(RegistrarError::Unavailable(
                "the key log does not name this machine's badge key".into(),
            ));
        }
        Ok((key, log))
    }

    fn keys_folder(&self) -> PathBuf {
        self.keys.clone()
    }

    /// Prepares what the root would have to sign for this, and works out what would come of it.
    ///
    /// # Errors
    /// [`RegistrarError`], if the key log forbids it, or something that it names is not there.
    pub async fn propose(&self, wish: ProposedAct, hand: &Actor) -> Result<KeyLogProposal, RegistrarError> {
        // What a key is to end with is looked up in all that this agency wrote.
        let _turn = self.turn_of_the_root(false).await?;
        let key_log = self.key_log().await?;
        let mut is_example = false;
        let act = match wish {
            ProposedAct::AddWriter { kinds, key } => {
                let key = match (key, self.unused_keys(&key_log)?.first()) {
                    (Some(key), _) => key,
                    // One that was made for a ceremony that did not come to its end does for this one.
                    (None, Some(unused)) => *unused,
                    (None, None) if hand.dry_run => {
                        is_example = true;
                        keys::example()
                    }
                    (None, None) => keys::create_writer(&self.keys_folder())
                        .map_err(|error| RegistrarError::Unavailable(format!("{error:#}")))?,
                };
                let scope = scope(kinds);
                KeyLogAct::WriterAdded(WriterKey { key, scope })
            }
            ProposedAct::ScopeWriter { key, kinds } => KeyLogAct::WriterScoped {
                key,
                scope: scope(kinds),
                last: self.last(key, None).await?,
            },
            ProposedAct::EndWriter { key, end, last, before } => {
                let last = match (last, before, end) {
                    (Some(mut last), _, _) => {
                        last.sort_unstable();
                        last.dedup();
                        last
                    }
                    (None, Some(before), _) => self.last(key, Some(before)).await?,
                    (None, None, KeyEnd::Retired) => self.last(key, None).await?,
                    (None, None, KeyEnd::Compromised) => {
                        return Err(RegistrarError::Invalid(
                            "say what the key wrote before it was stolen: the last good envelopes, or the moment up to \
                             which its envelopes are good"
                                .into(),
                        ));
                    }
                };
                KeyLogAct::WriterEnded { key, last, end }
            }
            ProposedAct::AddBadgeKey(key) => KeyLogAct::BadgeKeyAdded(key),
            ProposedAct::EndBadgeKey(key, end) => KeyLogAct::BadgeKeyEnded { key, end },
        };
        let refused = |error: protocol::signed::InvalidStatement| RegistrarError::Invalid(error.to_string());
        let entry = key_log.propose(act.clone(), self.clock.now()).map_err(refused)?;
        let (voided, changes) = self.supposed(act).await?;
        let unrevoked = unrevoked(&changes);
        Ok(KeyLogProposal {
            entry,
            is_example,
            voided,
            changes,
            unrevoked,
        })
    }

    /// Works out what would come of an act of the root: how many kept envelopes would count no more, and the rows that would
    /// alter, as they are and as they would be.
    async fn supposed(&self, act: KeyLogAct) -> Result<(usize, Vec<(DocumentRow, DocumentRow)>), RegistrarError> {
        let home = self.registry.snapshot().home_hash();
        let looked = self.author.look(move |replica| {
            let voided = match &act {
                KeyLogAct::WriterEnded { key, last, .. } => {
                    replica.logs().get(&home).map_or(0, |log| log.count_beyond(key, last))
                }
                _ => 0,
            };
            replica.consequences(&act).map(|changes| (voided, changes))
        });
        let looked = looked.await?;
        looked.map_err(|error: ReplicaFailure| RegistrarError::Invalid(error.to_string()))
    }

    /// Works out what the verdicts would be, if rows altered so: which grants, recognitions and rules would be void.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn key_consequences(
        &self,
        changes: &[(DocumentRow, DocumentRow)],
    ) -> Result<Option<ChangeConsequences>, RegistrarError> {
        if changes.is_empty() {
            return Ok(None);
        }
        let after = changes.iter().map(|(_, after)| after.clone()).collect();
        Ok(Some(self.consequences(ProposedChange::Rows(after)).await?))
    }

    /// The rows that would alter by an entry that the root signed, before it is added, and the slots whose revocation would
    /// be gone.
    ///
    /// # Errors
    /// [`RegistrarError`], if it is no entry, or the store cannot be read.
    pub async fn entry_changes(
        &self,
        text: &str,
    ) -> Result<(Vec<(DocumentRow, DocumentRow)>, Vec<(u32, u32)>), RegistrarError> {
        let entry = root::entry_from_text(text).map_err(|error| RegistrarError::Invalid(format!("{error:#}")))?;
        let claim = entry
            .claim()
            .map_err(|error| RegistrarError::Invalid(error.to_string()))?;
        let (_, changes) = self.supposed(claim.act).await?;
        let unrevoked = unrevoked(&changes);
        Ok((changes, unrevoked))
    }

    /// The last envelopes of a key that are here, or those before a moment by its own dates.
    async fn last(&self, key: PublicKey, before: Option<Timestamp>) -> Result<Vec<Hash>, RegistrarError> {
        let home = self.registry.snapshot().home_hash();
        let found = self.author.look(move |replica| {
            let log = replica.logs().get(&home)?;
            Some(match before {
                None => log.last_of(&key),
                Some(before) => log.last_of_before(&key, before),
            })
        });
        found.await?.ok_or_else(not_ready)
    }

    /// Adds an entry that the root signed to the agency's key log. One after which the agency can do no more what it could,
    /// only if that is `agreed`.
    ///
    /// # Errors
    /// [`RegistrarError`], if the root did not sign it, it does not follow the last one, it ends what nobody agreed to end, or the node
    /// cannot write.
    pub async fn enter(&self, text: &str, agreed: bool, hand: &Actor) -> Result<KeyLog, RegistrarError> {
        let mut turn = self.turn_of_the_root(hand.dry_run).await?;
        let entry = root::entry_from_text(text).map_err(|error| RegistrarError::Invalid(format!("{error:#}")))?;
        let claim = entry
            .claim()
            .map_err(|error| RegistrarError::Invalid(error.to_string()))?;
        if entry.signers().next().is_none() {
            return Err(RegistrarError::Conflict(
                "nobody has signed this entry yet: where the root's key is, `comityd root sign FILE --root KEY`; then apply that file"
                    .into(),
            ));
        }
        let checked = entry.clone();
        let check = self.author.look(move |replica| replica.check_entry(&checked)).await?;
        check.map_err(|refused| RegistrarError::Conflict(refused.to_string()))?;
        let ends = root::endings(&self.key_log().await?, &claim.act);
        let ends = ends.map_err(|refused| RegistrarError::Conflict(refused.to_string()))?;
        if !agreed && !hand.dry_run && !ends.is_empty() {
            let ends: Vec<String> = ends.iter().map(ToString::to_string).collect();
            return Err(RegistrarError::Conflict(format!(
                "{}. If that is meant: `comity key apply --yes-end-this-agency`",
                ends.join("; ")
            )));
        }
        if !hand.dry_run {
            let act = self.act(
                hand,
                "key_log.entry",
                &entry.name().to_string(),
                Some(claim.act.to_string()),
            );
            let entered = self.author.enter(turn.version()?, entry, vec![act]).await;
            entered.map_err(|error| match error {
                WriteError::Entry(refused) => RegistrarError::Conflict(refused.to_string()),
                other => other.into(),
            })?;
        }
        self.key_log().await
    }
}

/// The slots whose revocation would be gone.
fn unrevoked(changes: &[(DocumentRow, DocumentRow)]) -> Vec<(u32, u32)> {
    let gone = changes.iter().filter_map(|(before, after)| unrevokes(before, after));
    gone.collect()
}

fn scope(mut kinds: Vec<String>) -> WriterScope {
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        WriterScope::All
    } else {
        WriterScope::Kinds(kinds)
    }
}

/// The slot that is revoked before and not after.
fn unrevokes(before: &DocumentRow, after: &DocumentRow) -> Option<(u32, u32)> {
    let DocumentId::StatusList(list) = before.document else {
        return None;
    };
    match status_list::fold(&before.key, &before.values)? {
        StatusListEntry::Revoked { index, .. } if after.values.is_empty() => Some((list, index)),
        _ => None,
    }
}
