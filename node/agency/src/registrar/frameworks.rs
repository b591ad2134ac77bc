//! Frameworks that achievements align to: this agency's own data, which never replicates.

use std::{collections::BTreeSet, sync::Arc};

use policy::framework::{Framework, ParsedFramework};
use registry_schema::{Alignment, RecognitionScope};

use super::{Actor, ChangeConsequences, ProposedChange, Registrar, RegistrarError, within};
use storage::{FrameworkRow, LocalWrite, NewFramework};

/// Most frameworks that are kept.
const MOST_FRAMEWORKS: usize = 100;

/// Most subjects in which students are tested.
const MOST_TESTED: usize = 50;

/// Most items that an achievement is aligned to.
const MOST_ALIGNMENTS: usize = 20;

/// Most bytes of the items of a scope to which it is added what stands below them: beside the rest of a recognition, this
/// fits into one value of the log.
const MOST_SCOPE_BYTES: usize = 8 * 1024;

impl Registrar {
    /// Keeps a framework, in the place of an earlier version of it.
    ///
    /// # Errors
    /// [`RegistrarError`], if there are too many, or the node cannot write.
    pub async fn import_framework(
        &self,
        read: ParsedFramework,
        tested: Vec<String>,
        hand: &Actor,
    ) -> Result<NewFramework, RegistrarError> {
        let _acting = self.write_lock.lock().await;
        if tested.len() > MOST_TESTED {
            return Err(RegistrarError::Invalid(format!(
                "at most {MOST_TESTED} subjects are tested"
            )));
        }
        for subject in &tested {
            within("a tested subject", subject, 200)?;
        }
        let known = self.store.frameworks().await?;
        if known.len() >= MOST_FRAMEWORKS && !known.iter().any(|row| row.id == read.framework.id) {
            return Err(RegistrarError::Conflict(format!(
                "at most {MOST_FRAMEWORKS} frameworks are kept"
            )));
        }
        let new = NewFramework {
            framework: read.framework,
            depth: read.depth,
            tested,
            at: self.clock.now(),
            by: hand.who.clone(),
        };
        if !hand.dry_run {
            let act = self.act(hand, "framework.import", &new.framework.id, None);
            let own = [LocalWrite::Framework(Box::new(new.clone())), act];
            self.store
                .commit(&protocol::WriteBatch::default(), &own, new.at)
                .await?;
        }
        Ok(new)
    }

    /// Keeps a framework no more. What badges say that they are aligned to stays as it is; but alignment to an item counts no
    /// more for those above it, and no new badge can be aligned to it.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this id, or the node cannot write.
    pub async fn remove_framework(&self, id: &str, hand: &Actor) -> Result<FrameworkRow, RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let row = self.store.framework_row(id).await?;
        let row = row
            .ok_or_else(|| RegistrarError::Unknown(format!("there is no framework `{id}` here: see /v1/frameworks")))?;
        if !hand.dry_run {
            let act = self.act(hand, "framework.remove", id, None);
            let own = [LocalWrite::FrameworkRemoved { id: id.to_owned() }, act];
            self.store
                .commit(&protocol::WriteBatch::default(), &own, self.clock.now())
                .await?;
        }
        Ok(row)
    }

    /// Works out what it would change if the framework with this id were another, or none: badges aligned to an item count as
    /// aligned to those above it.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn framework_consequences(
        &self,
        id: &str,
        new: Option<&Framework>,
    ) -> Result<ChangeConsequences, RegistrarError> {
        let new = new.map(|framework| Arc::new(framework.clone()));
        self.consequences(ProposedChange::Framework(id.to_owned(), new)).await
    }

    /// A scope, and with its items what stands below them by the frameworks that are kept here: so every node gives this
    /// agency's answer, whichever frameworks it has. What would be too much for one recognition stays as it is.
    pub(super) async fn with_what_stands_below(
        &self,
        scope: RecognitionScope,
    ) -> Result<RecognitionScope, RegistrarError> {
        let RecognitionScope::Aligned(items) = scope else {
            return Ok(scope);
        };
        let named: BTreeSet<String> = items.iter().cloned().collect();
        let mut below: BTreeSet<String> = BTreeSet::new();
        for id in self.store.frameworks_with(&items).await? {
            if let Some(row) = self.store.framework_row(&id).await? {
                below.extend(self.store.framework(&row).await?.items_below(&named));
            }
        }
        let whole = RecognitionScope::Aligned(items.iter().cloned().chain(below).collect());
        let bytes: usize = whole.ids().iter().map(String::len).sum();
        let fits = whole.is_within_limits() && bytes <= MOST_SCOPE_BYTES;
        Ok(if fits { whole } else { RecognitionScope::Aligned(items) })
    }

    /// The alignments to these items, which are named by identifier or URI.
    ///
    /// # Errors
    /// [`RegistrarError`], if no framework that was imported has one of them, or two have.
    pub async fn alignments(&self, items: &[String]) -> Result<Vec<Alignment>, RegistrarError> {
        if items.len() > MOST_ALIGNMENTS {
            return Err(RegistrarError::Invalid(format!(
                "an achievement is aligned to at most {MOST_ALIGNMENTS} items"
            )));
        }
        let mut alignments: Vec<Alignment> = Vec::new();
        for named in items {
            let found = self.store.framework_items(named).await?;
            let [(framework, item)] = found.as_slice() else {
                let said = match found.is_empty() {
                    true => format!("no framework here has the item `{named}`: see `comity framework list`"),
                    false => format!("several frameworks have the item `{named}`: name it by its URI"),
                };
                return Err(RegistrarError::Unknown(said));
            };
            if alignments.iter().any(|known| known.target_url == item.uri) {
                continue;
            }
            alignments.push(Alignment {
                target_url: item.uri.clone(),
                target_name: item.statement.clone(),
                target_code: item.code.clone(),
                target_framework: Some(framework.clone()),
            });
        }
        Ok(alignments)
    }
}
