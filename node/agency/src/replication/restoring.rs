//! Making a replica from one moment of the store.
//!
//! One agency's damage is that agency's: what of it does not verify, and what rests on that, is left out, taken out of the
//! store, and asked of peers again. Damage of the own log alone stops a node, until `comityd repair` took it out.

use std::collections::BTreeSet;

use protocol::{
    Checkpoint, Countersignature, Hash, KeyLog, Replica, Signed, SignedEnvelope,
    replica::{AskedAgencies, LoadOutcome, Quarantine, QuarantineCause, ReplicaLoader, StoreDamage},
};
use registry_schema::Timestamp;

mod damage;

use damage::{AgencyDamage, DamageByAgency, damage_of, removals};

use super::{NodeIdentity, WriteError};
use storage::{AgencyRemoval, Store, StoreError, StoreSnapshot, driver_mutant, from_cbor, key_log_from_cbor};

/// The number of envelopes that are read from the store at once.
const ENVELOPES_AT_ONCE: i64 = 512;

/// The progress of restoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RestoringProgress {
    /// Of how many agencies all envelopes are read.
    pub agencies: usize,
    /// Of how many they are to be read.
    pub of: usize,
    /// The number of envelopes that are read.
    pub envelopes: usize,
}

/// A replica as the store has it, and what was damaged there.
pub(crate) struct RestoredReplica {
    pub(crate) replica: Replica,
    pub(crate) removals: Vec<AgencyRemoval>,
    /// True if the transaction whose outcome was unknown is there.
    pub(super) settled: Option<bool>,
    /// True if the own log was repaired, and has not been heard from peers since; or if another process wrote to it.
    pub(super) awaits_own_log: bool,
    /// True if the store lacks what this process knew to be in the own log.
    lacks_own: bool,
}

impl RestoredReplica {
    /// The agencies of which what is damaged could be what a badge's answer rests on.
    pub(crate) fn harmed(&self, home: Hash) -> impl Iterator<Item = Hash> {
        let harms = move |removal: &&AgencyRemoval| {
            let is_own = removal.agency == home.0.as_slice();
            removal.quarantine.is_some() || (is_own && (removal.everything || removal.harms_the_log()))
        };
        let harmed = self.removals.iter().filter(harms);
        let harmed = harmed.filter_map(|removal| <[u8; 32]>::try_from(removal.agency.as_slice()).ok().map(Hash));
        harmed.chain(self.lacks_own.then_some(home))
    }
}

impl NodeIdentity {
    /// The replica as the store has it, all of it of one moment.
    ///
    /// # Errors
    /// [`WriteError`], if the store cannot be read, or the own log is damaged.
    pub(crate) async fn restore(
        &self,
        store: &Store,
        now: Timestamp,
        tell: &(dyn Fn(RestoringProgress) + Send + Sync),
    ) -> Result<RestoredReplica, WriteError> {
        let restored = self.read(store, now, tell).await?;
        let is_own = |removal: &&AgencyRemoval| removal.agency == self.home.0.as_slice();
        if let Some(own) = restored.removals.iter().find(is_own)
            && (own.everything || own.harms_the_log())
        {
            return Err(WriteError::OwnLogDamaged(own.note.clone()));
        }
        Ok(restored)
    }

    /// Finds what is damaged in the store, the own log included, and rows that do not follow from the log beside them: what a
    /// repair takes out, or makes again.
    ///
    /// # Errors
    /// [`WriteError`], if the store cannot be read.
    pub async fn to_repair(&self, store: &Store, now: Timestamp) -> Result<Vec<AgencyRemoval>, WriteError> {
        let mut restored = self.read(store, now, &|_| ()).await?;
        for (agency, log) in restored.replica.logs() {
            let is_noted = restored.removals.iter().any(|one| one.agency == agency.0);
            if let (false, None, Ok(rows)) = (is_noted, log.base(), log.rows()) {
                let anew = store.differing(*agency, &rows).await?;
                restored.removals.extend(anew.map(|count| AgencyRemoval {
                    agency: agency.0.to_vec(),
                    rows: Some(rows),
                    note: format!("{count} rows that do not follow from its log, which are made again"),
                    ..AgencyRemoval::default()
                }));
            }
        }
        Ok(restored.removals)
    }

    /// The replica as the store has it, whatever is damaged.
    ///
    /// # Errors
    /// [`WriteError`], if the store or the own key log in it cannot be read.
    pub(crate) async fn read(
        &self,
        store: &Store,
        now: Timestamp,
        tell: &(dyn Fn(RestoringProgress) + Send + Sync),
    ) -> Result<RestoredReplica, WriteError> {
        let mut moment = store.moment().await?;
        let mut damage = DamageByAgency::new();
        let key_logs = read_key_logs(&mut moment, &mut damage).await?;
        let own = key_logs.iter().find(|log| log.genesis() == self.home);
        let Some(own) = own else {
            let why = damage.remove(self.home.0.as_slice()).and_then(|own| own.first);
            return Err(why.map_or(WriteError::OwnKeyLogLost, WriteError::OwnLogDamaged));
        };
        let (key, former_keys) = self.writer_keys(own)?;
        let known: BTreeSet<Vec<u8>> = key_logs.iter().map(|log| log.genesis().0.to_vec()).collect();
        let mut restoring = ReplicaLoader::begin(self.settings(key, former_keys), key_logs);
        for agency in moment.agencies_with_envelopes().await? {
            if !known.contains(&agency) {
                let found = damage_of(&mut damage, &agency);
                found.is_stray = !found.removal.everything;
                found.removal.everything = true;
                found.note("envelopes", &StoreDamage::NoKeyLog);
                read_misfiled(&mut moment, &agency, &mut restoring, found).await?;
            }
        }
        let mut progress = RestoringProgress {
            of: known.len(),
            ..RestoringProgress::default()
        };
        for agency in &known {
            tell(progress);
            read_envelopes(&mut moment, agency, &mut restoring, &mut damage, &mut progress, tell).await?;
            progress.agencies += 1;
        }
        tell(progress);
        read_statements(&mut moment, &mut restoring, &mut damage).await?;
        read_quarantines(&mut moment, &mut restoring, &mut damage).await?;
        let awaits_own_log = moment.awaits_own_log().await?;
        let is_written_elsewhere = moment.is_written_elsewhere().await?;
        let asked = match moment.was_rebuilt().await? {
            true => AskedAgencies::AllFollowed,
            false => AskedAgencies::Holders,
        };
        moment.end().await?;
        let forgets = driver_mutant!(store.faults(), ForgetsDurableHeads);
        let lost = self
            .durable
            .lacking(|agency, envelope| forgets || restoring.holds(agency, envelope));
        for (agency, count) in &lost {
            tracing::error!(%agency, count, "the store is older than it was: it lacks the newest envelopes that this process had in it");
            if *agency != self.home && known.contains(agency.0.as_slice()) {
                let found = damage_of(&mut damage, &agency.0);
                found.went_back = true;
                found.note(
                    "log",
                    &"the store is older than it was: the newest envelopes of this agency are gone from it",
                );
            }
        }
        self.put_into_quarantine(&mut restoring, &mut damage, now);
        let went_back = lost.contains_key(&self.home);
        let lacks_own = went_back || restoring.lacking().contains(&self.home);
        let mut replica = restoring.end()?;
        // Where an own heartbeat names what is not here, writing on could be a fork. Who has nobody to ask goes on.
        if awaits_own_log || went_back || (lacks_own && !replica.knows_own_log()) {
            replica.await_own_log(asked);
        }
        if is_written_elsewhere {
            replica.stop_beside_another();
        }
        let removals = removals(&mut damage, &replica);
        Ok(RestoredReplica {
            replica,
            removals,
            settled: None,
            awaits_own_log: awaits_own_log || is_written_elsewhere,
            lacks_own: went_back,
        })
    }
}

impl NodeIdentity {
    /// Puts the agencies into quarantine of which something was damaged or is missing that was here.
    fn put_into_quarantine(&self, restoring: &mut ReplicaLoader, damage: &mut DamageByAgency, now: Timestamp) {
        for agency in restoring.lacking().clone() {
            let is_noted = damage.contains_key(agency.0.as_slice()) || restoring.is_quarantined(&agency);
            if !is_noted && agency != self.home {
                damage_of(damage, &agency.0).note("log", &"envelopes that it names as its newest are not here");
            }
        }
        for (agency, found) in damage {
            let Ok(agency) = <[u8; 32]>::try_from(agency.as_slice()).map(Hash) else {
                continue;
            };
            let removal = &found.removal;
            let loses_word = found.went_back
                || removal.everything
                || !removal.heartbeats.is_empty()
                || !removal.set_aside.is_empty();
            // A checkpoint stands in for a history, and what a peer holds of our own log says nothing of its own.
            let is_heard = restoring.is_heard(&agency);
            let harms = loses_word || removal.harms_the_log() || !is_heard;
            let is_known = !found.is_stray || self.pinned.contains(&agency);
            if agency == self.home || !is_known || !harms {
                continue;
            }
            let why = QuarantineCause::Stored(found.in_words());
            let quarantine = Quarantine {
                lost_word: loses_word || removal.checkpoint,
                ..Quarantine::new(why, now)
            };
            found.removal.quarantine = restoring.quarantine(agency, quarantine);
        }
    }
}

/// Reads the quarantines and deferrals, and what is set aside.
async fn read_quarantines(
    moment: &mut StoreSnapshot,
    restoring: &mut ReplicaLoader,
    damage: &mut DamageByAgency,
) -> Result<(), StoreError> {
    for (agency, quarantine) in moment.quarantines().await? {
        let _ = restoring.quarantine(agency, quarantine);
    }
    for (agency, deferral) in moment.deferrals().await? {
        restoring.defer(agency, deferral);
    }
    for (agency, stored, was_kept) in moment.set_aside().await? {
        let again = (|| {
            let of = Hash(agency.as_slice().try_into().map_err(|_| StoreDamage::Misnamed)?);
            let name = Hash(stored.name.as_slice().try_into().map_err(|_| StoreDamage::Misnamed)?);
            let signed = readable(&stored.bytes)?;
            if was_kept {
                restoring.hold_for_parents(of, name, signed)
            } else {
                restoring.set_aside(of, name, signed)
            }
        })();
        if let Err(why) = again {
            let why = of_the_store(why)?;
            let found = damage_of(damage, &agency);
            found.removal.set_aside.push(stored.name);
            found.note("envelope that was set aside", &why);
        }
    }
    Ok(())
}

async fn read_key_logs(moment: &mut StoreSnapshot, damage: &mut DamageByAgency) -> Result<Vec<KeyLog>, StoreError> {
    let mut key_logs = Vec::new();
    for (agency, entries) in moment.key_logs().await? {
        let log = key_log_from_cbor(&entries).map_err(|error| error.to_string());
        match log {
            Ok(log) if log.genesis().0.as_slice() == agency => key_logs.push(log),
            other => {
                let why = other.err().unwrap_or_else(|| StoreDamage::Misnamed.to_string());
                let found = damage_of(damage, &agency);
                found.removal.everything = true;
                found.note("key log", &why);
            }
        }
    }
    Ok(key_logs)
}

async fn read_envelopes(
    moment: &mut StoreSnapshot,
    agency: &[u8],
    restoring: &mut ReplicaLoader,
    damage: &mut DamageByAgency,
    progress: &mut RestoringProgress,
    tell: &(dyn Fn(RestoringProgress) + Send + Sync),
) -> Result<(), StoreError> {
    let mut after = i64::MIN;
    let mut first = None;
    loop {
        let some = moment.envelopes(agency, after, ENVELOPES_AT_ONCE).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.position;
        progress.envelopes += some.len();
        tell(*progress);
        for stored in some {
            first.get_or_insert(stored.position);
            let why = match keep(agency, &stored.name, &stored.bytes, restoring) {
                Ok(LoadOutcome::Kept) => continue,
                Ok(placed) => {
                    damage_of(damage, agency).note_placed(stored.position, placed);
                    continue;
                }
                Err(why) => of_the_store(why)?,
            };
            let found = damage_of(damage, agency);
            found.removal.envelopes.push(stored.position);
            found.note("envelope", &why);
        }
        // Building documents is work; whoever else waits for this thread comes first.
        tokio::task::yield_now().await;
    }
}

/// Sets sound envelopes aside that are filed under an agency that is not here.
async fn read_misfiled(
    moment: &mut StoreSnapshot,
    agency: &[u8],
    restoring: &mut ReplicaLoader,
    found: &mut AgencyDamage,
) -> Result<(), StoreError> {
    let mut after = i64::MIN;
    loop {
        let some = moment.envelopes(agency, after, ENVELOPES_AT_ONCE).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.position;
        for stored in some {
            let placed = readable(&stored.bytes).and_then(|signed| restoring.set_aside_misfiled(signed));
            match placed.map_err(of_the_store) {
                Ok(placed) => found.note_placed(stored.position, placed),
                Err(why) => drop(why?),
            }
        }
    }
}

fn keep(agency: &[u8], name: &[u8], bytes: &[u8], restoring: &mut ReplicaLoader) -> Result<LoadOutcome, StoreDamage> {
    let agency = Hash(agency.try_into().map_err(|_| StoreDamage::Misnamed)?);
    let signed: SignedEnvelope = readable(bytes)?;
    let name = name.try_into().map_or_else(|_| Hash::of(&[name]), Hash);
    restoring.keep(agency, name, signed)
}

/// Damage of what the store holds; an error, if it is this process's scratch place that failed, and nothing is damaged.
fn of_the_store(why: StoreDamage) -> Result<StoreDamage, StoreError> {
    match why {
        StoreDamage::Scratch(why) => Err(StoreError::Scratch(why)),
        damage => Ok(damage),
    }
}

fn readable<T: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> Result<T, StoreDamage> {
    from_cbor(bytes).map_err(|error| StoreDamage::Unverified(error.to_string()))
}

async fn read_statements(
    moment: &mut StoreSnapshot,
    restoring: &mut ReplicaLoader,
    damage: &mut DamageByAgency,
) -> Result<(), StoreError> {
    let of = |agency: &[u8]| agency.try_into().map(Hash).map_err(|_| StoreDamage::Misnamed);
    for stored in moment.heartbeats().await? {
        let heard = of(&stored.agency).and_then(|agency| restoring.hear(agency, readable(&stored.bytes)?));
        if let Err(why) = heard {
            let why = of_the_store(why)?;
            let found = damage_of(damage, &stored.agency);
            found.removal.heartbeats.push(stored.writer);
            found.note("heartbeat", &why);
        }
    }
    for (agency, bytes, pages) in moment.checkpoints().await? {
        let adopted = of(&agency).and_then(|of| {
            let signed: Signed<Checkpoint> = readable(&bytes)?;
            let pages: Vec<minicbor::bytes::ByteVec> = readable(&pages)?;
            restoring.adopt(of, signed, pages.into_iter().map(Into::into).collect())
        });
        if let Err(why) = adopted {
            let why = of_the_store(why)?;
            let found = damage_of(damage, &agency);
            found.removal.checkpoint = true;
            found.note("checkpoint", &why);
        }
    }
    for stored in moment.countersignatures().await? {
        let held = of(&stored.agency).and_then(|holder| {
            let signed: Signed<Countersignature> = readable(&stored.bytes)?;
            restoring.countersigned(holder, signed)
        });
        if let Err(why) = held {
            let why = of_the_store(why)?;
            let found = damage_of(damage, &stored.agency);
            found.removal.countersignature = true;
            found.note("countersignature", &why);
        }
    }
    Ok(())
}
