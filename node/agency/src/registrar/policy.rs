//! The acts of this agency on its policy.
//!
//! A policy is applied as a whole file; only what differs is written. The past stays answerable: a rule that the file
//! no longer has ends now, and one that it changes is kept, ended, beside its new version.

use std::{collections::BTreeMap, sync::Arc};

use policy::{Policy, diff::EntryChange};
use protocol::{Put, policy as document};
use registry_schema::{
    PolicyEntry, Timestamp,
    policy::{MAX_ENTRIES, PolicyEntryKind, PolicyFile},
};

use super::{Actor, ChangeConsequences, Registrar, RegistrarError, not_ready};
use crate::registry::AgencyState;

/// Most puts that are written at once; an envelope holds 256, and 256 KiB.
const PUTS_AT_ONCE: usize = 200;
const BYTES_AT_ONCE: usize = 192 * 1024;

/// The outcome of applying a policy, real or foreseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPolicy {
    /// The differences from the policy that stood, rule by rule, in words.
    pub differences: Vec<String>,
    /// The changes for badges, in verdict or in worth.
    pub consequences: ChangeConsequences,
}

impl Registrar {
    /// Makes a policy the agency's.
    ///
    /// # Errors
    /// [`RegistrarError`], if it is another agency's, is too long, takes an id that an ended rule has, or the node cannot write.
    pub async fn apply_policy(&self, mut file: PolicyFile, hand: &Actor) -> Result<AppliedPolicy, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let now = self.clock.now().whole_seconds();
        let standing = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            match &file.about.agency {
                Some(agency) if *agency != home.id => {
                    let said = format!(
                        "this is the policy of `{agency}`, and this node is of `{}`: adopt it, or correct `about.agency`",
                        home.id
                    );
                    return Err(RegistrarError::Invalid(said));
                }
                _ => file.about.agency = Some(home.id.clone()),
            }
            PolicyVersions::of(home)
        };
        standing.keep_beginnings(&mut file);
        let was = standing.in_force(now, &file);
        let mut puts: BTreeMap<String, Put> = BTreeMap::new();
        let mut put = |put: Put| puts.insert(put.key.clone(), put);
        let differences = policy::diff(&was, &file);
        let (old_entries, new_entries) = (by_place(&was), by_place(&file));
        for difference in &differences {
            let place = (difference.kind, difference.id.clone());
            match (&difference.change, old_entries.get(&place), new_entries.get(&place)) {
                (EntryChange::Removed(_), Some(old), _) => {
                    put(ended(old, now).map_or_else(|| document::take_away(old), |old| document::say(&old)));
                }
                (EntryChange::Changed(_), Some(old), Some(new)) => {
                    let (old, new) = standing.succeeded(old, new, now);
                    old.into_iter().for_each(|old| {
                        put(document::say(&old));
                    });
                    put(document::say(&new));
                }
                (_, _, Some(new)) => {
                    standing.is_free(new)?;
                    put(document::say(new));
                }
                _ => {}
            }
        }
        if !standing.0.contains_key(PolicyEntryKind::About.as_str()) {
            put(document::say(&PolicyEntry::About(file.about.clone())));
        }
        // What several writers contradicted each other about is settled by saying it again.
        for versions in standing.0.values().filter(|versions| versions.len() > 1) {
            let place = versions.first().map(|entry| (entry.kind(), entry.id().to_owned()));
            if let Some(entry) = place.and_then(|place| new_entries.get(&place)) {
                puts.entry(entry.key()).or_insert_with(|| document::say(entry));
            }
        }
        for put in puts.values() {
            checked(put)?;
        }
        let after = standing.after(&puts);
        if after.len() > MAX_ENTRIES {
            let said = format!(
                "with what has ended, the policy would have {} entries: at most {MAX_ENTRIES}",
                after.len()
            );
            return Err(RegistrarError::Invalid(said));
        }
        let consequences = self
            .consequences(super::ProposedChange::Policy(Arc::new(Policy::new(after))))
            .await?;
        let said = format!("{} differences", differences.len());
        let mut act = vec![self.act(hand, "policy.apply", &file.about.title, Some(said))];
        let batches = batches(puts.into_values().collect());
        let count = batches.len();
        for (done, some) in batches.into_iter().enumerate() {
            let written = self.write(&mut turn, hand, some, std::mem::take(&mut act)).await;
            written.map_err(|error| match done {
                0 => error,
                _ => RegistrarError::PartlyDone(format!(
                    "{done} of {count} parts of the policy are written, and the next is not: {error}; apply the same file again"
                )),
            })?;
        }
        Ok(AppliedPolicy {
            differences: differences.iter().map(ToString::to_string).collect(),
            consequences,
        })
    }
}

fn by_place(file: &PolicyFile) -> BTreeMap<(PolicyEntryKind, String), PolicyEntry> {
    let entries = file.entries().into_iter();
    entries
        .map(|entry| ((entry.kind(), entry.id().to_owned()), entry))
        .collect()
}

/// The policy that stands: by key, all versions.
struct PolicyVersions(BTreeMap<String, Vec<PolicyEntry>>);

impl PolicyVersions {
    fn of(home: &AgencyState) -> Self {
        let mut by_key: BTreeMap<String, Vec<PolicyEntry>> = BTreeMap::new();
        for entry in home.policy_entries() {
            by_key.entry(entry.key()).or_default().push(entry.clone());
        }
        Self(by_key)
    }

    /// The policy that is in force, or will be, as a file; with the new file's title, where none stands yet.
    fn in_force(&self, now: Timestamp, new: &PolicyFile) -> PolicyFile {
        let entries = self.0.values().filter_map(|versions| versions.first());
        let in_force = entries
            .filter(|entry| entry.term().1.is_none_or(|until| now < until))
            .cloned();
        let about = PolicyEntry::About(new.about.clone());
        PolicyFile::of(std::iter::once(about).chain(in_force)).unwrap_or_else(|| new.clone())
    }

    /// A rule of a file that does not say from when keeps the beginning that stands.
    fn keep_beginnings(&self, file: &mut PolicyFile) {
        let from = |kind: PolicyEntryKind, id: &str| self.0.get(&format!("{kind}/{id}"))?.first()?.term().0;
        for rule in &mut file.acceptance {
            rule.from = rule.from.or_else(|| from(PolicyEntryKind::Acceptance, &rule.id));
        }
        for rule in &mut file.worth {
            rule.from = rule.from.or_else(|| from(PolicyEntryKind::Worth, &rule.id));
        }
        for it in &mut file.requirement {
            it.from = it.from.or_else(|| from(PolicyEntryKind::Requirement, &it.id));
        }
    }

    /// An id that an ended rule has is not taken again: the past needs it.
    fn is_free(&self, entry: &PolicyEntry) -> Result<(), RegistrarError> {
        if self.0.contains_key(&entry.key()) && entry.kind() != PolicyEntryKind::About {
            let said = format!(
                "`{}` is the id of a rule that has ended: give the new one another",
                entry.id()
            );
            return Err(RegistrarError::Conflict(said));
        }
        Ok(())
    }

    /// The old version of a changed rule, ended and under an id of its own, and the new one, which begins then. What has
    /// no term, or has not begun, is replaced.
    fn succeeded(&self, old: &PolicyEntry, new: &PolicyEntry, now: Timestamp) -> (Option<PolicyEntry>, PolicyEntry) {
        let begins = match new.term().0 {
            Some(from) if Some(from) != old.term().0 => from,
            _ => now,
        };
        let Some(kept) = ended(old, begins) else {
            return (None, new.clone());
        };
        let day: String = begins
            .to_string()
            .chars()
            .take(10)
            .filter(char::is_ascii_digit)
            .collect();
        let stem: String = old.id().chars().take(40).collect();
        let ids = (1..=99).map(|nth| format!("{stem}-until-{day}-{nth}"));
        let free = ids
            .into_iter()
            .find(|id| !self.0.contains_key(&format!("{}/{id}", old.kind())));
        match free {
            Some(id) => (Some(named(kept, id)), beginning(new.clone(), begins)),
            None => (None, new.clone()),
        }
    }

    /// All entries once these puts are written.
    fn after(&self, puts: &BTreeMap<String, Put>) -> Vec<PolicyEntry> {
        let kept = self.0.iter().filter(|(key, _)| !puts.contains_key(*key));
        let kept = kept.flat_map(|(_, versions)| versions.iter().cloned());
        let written = puts
            .values()
            .flat_map(|put| document::fold(&put.key, std::slice::from_ref(&put.value)));
        kept.chain(written).collect()
    }
}

/// The entry, ended at this moment; none, if it has no term or had not begun by then.
fn ended(entry: &PolicyEntry, at: Timestamp) -> Option<PolicyEntry> {
    if entry.term().0.is_some_and(|from| at <= from) {
        return None;
    }
    let earlier = |until: Option<Timestamp>| Some(until.map_or(at, |until| until.min(at)));
    let mut entry = entry.clone();
    match &mut entry {
        PolicyEntry::Acceptance(rule) => rule.until = earlier(rule.until),
        PolicyEntry::Worth(rule) => rule.until = earlier(rule.until),
        PolicyEntry::Requirement(it) => it.until = earlier(it.until),
        PolicyEntry::About(_) | PolicyEntry::Criterion(_) | PolicyEntry::Collection(_) => return None,
    }
    Some(entry)
}

fn named(mut entry: PolicyEntry, id: String) -> PolicyEntry {
    match &mut entry {
        PolicyEntry::Acceptance(rule) => rule.id = id,
        PolicyEntry::Worth(rule) => rule.id = id,
        PolicyEntry::Requirement(it) => it.id = id,
        PolicyEntry::About(_) | PolicyEntry::Criterion(_) | PolicyEntry::Collection(_) => {}
    }
    entry
}

fn beginning(mut entry: PolicyEntry, at: Timestamp) -> PolicyEntry {
    match &mut entry {
        PolicyEntry::Acceptance(rule) => rule.from = Some(at),
        PolicyEntry::Worth(rule) => rule.from = Some(at),
        PolicyEntry::Requirement(it) => it.from = Some(at),
        PolicyEntry::About(_) | PolicyEntry::Criterion(_) | PolicyEntry::Collection(_) => {}
    }
    entry
}

/// A put that breaks a rule would be void: an operator is told so instead. A rule that keeps its beginning can come to
/// end before it.
fn checked(put: &Put) -> Result<(), RegistrarError> {
    if put.value.is_empty() || !document::fold(&put.key, std::slice::from_ref(&put.value)).is_empty() {
        return Ok(());
    }
    let said = format!(
        "`{}` would end before it begins, or is too long: correct its `from` and `until`",
        put.key
    );
    Err(RegistrarError::Invalid(said))
}

/// The puts in as many writes as their number and length need.
fn batches(puts: Vec<Put>) -> Vec<Vec<Put>> {
    let mut all: Vec<Vec<Put>> = Vec::new();
    let mut bytes = 0;
    for put in puts {
        let long = put.key.len() + put.value.len() + 64;
        match all.last_mut() {
            Some(last) if last.len() < PUTS_AT_ONCE && bytes + long <= BYTES_AT_ONCE => {
                bytes += long;
                last.push(put);
            }
            _ => {
                bytes = long;
                all.push(vec![put]);
            }
        }
    }
    all
}
