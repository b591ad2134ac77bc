//! The authority after an entry of a key log: who may do what.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    MAX_KEYS,
    act::{Founding, KeyEnd, KeyLogAct, WriterKey, WriterScope},
    address::check_address,
};
use crate::{
    cosigned::RootKeySet,
    envelope::MAX_PARENTS,
    signed::{Hash, InvalidStatement, PublicKey},
};

/// The authority of each key: who may do what.
#[derive(Clone, Debug)]
pub struct KeyAuthority {
    root: RootKeySet,
    next_root: Hash,
    /// Shared: every entry of a key log keeps what holds after it.
    writers: BTreeMap<PublicKey, Arc<WriterRights>>,
    badge_keys: BTreeMap<PublicKey, Option<KeyEnd>>,
}

/// The rights of a writer key, now and before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterRights {
    /// Its terms, the oldest first. An envelope is in the first term whose last envelopes are it or descend from it;
    /// one in no closed term is in the open one; without an open one it counts for nothing.
    pub terms: Vec<Arc<WriterTerm>>,
    /// The way in which it ended, if it did.
    pub end: Option<KeyEnd>,
}

/// The documents that a writer key may write, up to certain envelopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterTerm {
    /// The documents.
    pub scope: WriterScope,
    /// The last envelopes of this term; none while it is open.
    pub last: Option<Vec<Hash>>,
}

impl KeyAuthority {
    pub(super) fn founded(founding: &Founding) -> Result<Self, InvalidStatement> {
        if founding.name.is_empty() || founding.name.len() > 200 {
            return Err(InvalidStatement::Rule("a name has 1 to 200 bytes"));
        }
        check_address(&founding.url)?;
        if founding.writers.is_empty() || founding.writers.len() > 16 || founding.badge_keys.len() > 16 {
            return Err(InvalidStatement::Rule(
                "an agency begins with 1 to 16 writer keys and at most 16 badge keys",
            ));
        }
        founding.root.check()?;
        let mut authority = Self {
            root: founding.root.clone(),
            next_root: founding.next_root,
            writers: BTreeMap::new(),
            badge_keys: BTreeMap::new(),
        };
        for writer in &founding.writers {
            authority.add_writer(writer)?;
        }
        for key in &founding.badge_keys {
            authority.add_badge_key(*key)?;
        }
        Ok(authority)
    }

    /// The root that must have signed this act.
    pub(super) fn signs(&self, act: &KeyLogAct) -> Option<RootKeySet> {
        match act {
            KeyLogAct::Founded(_) => None,
            KeyLogAct::RootRotated { root, .. } => (root.commitment() == self.next_root).then(|| root.clone()),
            _ => Some(self.root.clone()),
        }
    }

    /// The authority after this act.
    pub(super) fn after(&self, act: &KeyLogAct) -> Result<Self, InvalidStatement> {
        let mut next = self.clone();
        match act {
            KeyLogAct::Founded(_) => return Err(InvalidStatement::Rule("an agency is founded once")),
            KeyLogAct::WriterAdded(writer) => next.add_writer(writer)?,
            KeyLogAct::WriterScoped { key, scope, last } => {
                scope.check()?;
                let writer = next.ending(key, last)?;
                if writer.end.is_some() {
                    return Err(InvalidStatement::Rule("a key that ended gets no other scope"));
                }
                close(writer, last);
                writer.terms.push(Arc::new(WriterTerm {
                    scope: scope.clone(),
                    last: None,
                }));
            }
            KeyLogAct::WriterEnded { key, last, end } => {
                let writer = next.ending(key, last)?;
                close(writer, last);
                writer.end = Some(*end);
            }
            KeyLogAct::BadgeKeyAdded(key) => next.add_badge_key(*key)?,
            KeyLogAct::BadgeKeyEnded { key, end } => {
                let known = next.badge_keys.get_mut(key);
                *known.ok_or(InvalidStatement::Rule("only a badge key that was added can end"))? = Some(*end);
            }
            KeyLogAct::RootRotated { root, next_root } => {
                root.check()?;
                if root.commitment() != self.next_root {
                    return Err(InvalidStatement::Rule("the new root is not what was committed to"));
                }
                next.root = root.clone();
                next.next_root = *next_root;
            }
        }
        Ok(next)
    }

    fn add_writer(&mut self, writer: &WriterKey) -> Result<(), InvalidStatement> {
        writer.scope.check()?;
        let term = WriterTerm {
            scope: writer.scope.clone(),
            last: None,
        };
        let begun = WriterRights {
            terms: vec![Arc::new(term)],
            end: None,
        };
        let known = self.writers.insert(writer.key, Arc::new(begun));
        if known.is_some() || self.writers.len() > MAX_KEYS {
            return Err(InvalidStatement::Rule(
                "a writer key is added once; an agency has at most 128 in its life",
            ));
        }
        Ok(())
    }

    fn add_badge_key(&mut self, key: PublicKey) -> Result<(), InvalidStatement> {
        let known = self.badge_keys.insert(key, None);
        if known.is_some() || self.badge_keys.len() > MAX_KEYS {
            return Err(InvalidStatement::Rule(
                "a badge key is added once; an agency has at most 128 in its life",
            ));
        }
        Ok(())
    }

    fn ending(&mut self, key: &PublicKey, last: &[Hash]) -> Result<&mut WriterRights, InvalidStatement> {
        if last.len() > MAX_PARENTS || !last.is_sorted_by(|a, b| a < b) {
            return Err(InvalidStatement::Rule("at most 16 last envelopes, sorted, each once"));
        }
        let writer = self.writers.get_mut(key).map(Arc::make_mut);
        writer.ok_or(InvalidStatement::Rule("only a writer key that was added can end"))
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> &RootKeySet {
        &self.root
    }

    /// The commitment to the next root.
    #[must_use]
    pub const fn next_root(&self) -> Hash {
        self.next_root
    }

    /// The rights of a writer key; none, if it was never added.
    #[must_use]
    pub fn writer(&self, key: &PublicKey) -> Option<&WriterRights> {
        self.writers.get(key).map(AsRef::as_ref)
    }

    /// All writer keys, ended ones included.
    #[must_use]
    pub const fn writers(&self) -> &BTreeMap<PublicKey, Arc<WriterRights>> {
        &self.writers
    }

    /// The writer keys that have not ended, with what they may write now.
    pub fn live_writers(&self) -> impl Iterator<Item = (&PublicKey, &WriterScope)> {
        let live = self.writers.iter().filter(|(_, writer)| writer.end.is_none());
        live.filter_map(|(key, writer)| Some((key, &writer.terms.last()?.scope)))
    }

    /// The badge keys, and how those ended that did.
    #[must_use]
    pub const fn badge_keys(&self) -> &BTreeMap<PublicKey, Option<KeyEnd>> {
        &self.badge_keys
    }
}

/// Closes the open term; of a key that ended, the last term is closed anew.
fn close(writer: &mut WriterRights, last: &[Hash]) {
    if let Some(term) = writer.terms.last_mut() {
        Arc::make_mut(term).last = Some(last.to_vec());
    }
}
