//! Making a replica from what the store holds.

use super::{
    AgencyLog, BTreeMap, BTreeSet, Deferral, DocumentRow, Hash, KeyLog, NewestCheckpoints, OwnLog, Quarantine, Replica,
    ReplicaFailure, ReplicaSettings, Verified, own_log,
};
use crate::{
    checkpoint::{Checkpoint, Countersignature},
    document::LogError,
    envelope::{Envelope, SignedEnvelope},
    heartbeat::{Heartbeat, UnverifiedStatement},
    log::AppendOutcome,
    signed::Signed,
};

/// The content of a store, in the order in which it was written.
#[derive(Debug, Default)]
pub struct StoreContents {
    /// Key logs.
    pub key_logs: Vec<KeyLog>,
    /// Envelopes with their agency, in the order in which they were kept.
    pub envelopes: Vec<(Hash, SignedEnvelope)>,
    /// Counted heartbeats with their agency.
    pub heartbeats: Vec<(Hash, Signed<Heartbeat>)>,
    /// Of each agency the newest checkpoint, with its pages.
    pub checkpoints: Vec<(Hash, Signed<Checkpoint>, Vec<Vec<u8>>)>,
    /// Countersignatures for our own log, with the holder's agency.
    pub held: Vec<(Hash, Signed<Countersignature>)>,
    /// Envelopes that were set aside, with their agency.
    pub set_aside: Vec<(Hash, SignedEnvelope)>,
    /// Envelopes that were kept once and are set aside until their parents are here again, with their agency.
    pub orphans: Vec<(Hash, SignedEnvelope)>,
    /// Quarantines, by agency.
    pub quarantined: BTreeMap<Hash, Quarantine>,
    /// Deferrals, by agency.
    pub deferred: BTreeMap<Hash, Deferral>,
}

/// A replica in the making. A store can hold more envelopes than fit into memory at once, so they come some at a time.
///
/// A disk is not to be trusted blindly, so all of it is verified again. What does not verify is *damage*: it is left out,
/// and so is what rests on it. That harms the agency whose it is, and no other: its heartbeats name what is missing, so
/// nothing of it is fresh until peers have given it again.
#[derive(Debug)]
pub struct ReplicaLoader {
    settings: ReplicaSettings,
    logs: BTreeMap<Hash, AgencyLog>,
    checkpoints: NewestCheckpoints,
    reach: BTreeMap<Hash, Verified<Countersignature>>,
    quarantined: BTreeMap<Hash, Quarantine>,
    deferred: BTreeMap<Hash, Deferral>,
    /// Agencies of which a word is here that names what is not.
    lacking: BTreeSet<Hash>,
}

/// Something that the store holds and that is not believed: it is to be taken out of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreDamage {
    /// It does not verify.
    #[error("it does not verify: {0}")]
    Unverified(String),
    /// Its name in the store is not its own.
    #[error("its name in the store is not its own")]
    Misnamed,
    /// Something that it follows is not here.
    #[error("what it follows is not here")]
    Orphaned,
    /// No key log of its agency is here.
    #[error("no key log of its agency is here")]
    NoKeyLog,
    /// This process could not build on it, and nothing can be said of what the store holds.
    #[error("{0}")]
    Scratch(String),
}

impl From<LogError> for StoreDamage {
    fn from(broken: LogError) -> Self {
        // A log whose documents cannot be built goes on without them: what comes here is of the scratch place.
        Self::Scratch(broken.to_string())
    }
}

/// The outcome for an envelope that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadOutcome {
    /// It is kept.
    Kept,
    /// It is sound, and set aside: what it follows is not here, or its name in the store is not its own.
    SetAside {
        /// Its agency.
        agency: Hash,
        /// Its name.
        name: Hash,
        /// The rows of it that count meanwhile.
        rows: Vec<DocumentRow>,
        /// The damage in how the store had it, if there is any.
        damage: Option<StoreDamage>,
    },
}

impl From<UnverifiedStatement> for StoreDamage {
    fn from(why: UnverifiedStatement) -> Self {
        Self::Unverified(why.to_string())
    }
}

impl ReplicaLoader {
    /// Begins with key logs alone.
    #[must_use]
    pub fn begin(settings: ReplicaSettings, key_logs: Vec<KeyLog>) -> Self {
        let within = |log: KeyLog| (log.genesis(), AgencyLog::within(log, settings.blobs.clone()));
        Self {
            logs: key_logs.into_iter().map(within).collect(),
            settings,
            checkpoints: BTreeMap::new(),
            reach: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            deferred: BTreeMap::new(),
            lacking: BTreeSet::new(),
        }
    }

    /// Keeps the next envelope of an agency, which the store holds under this name.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn keep(&mut self, agency: Hash, name: Hash, signed: SignedEnvelope) -> Result<LoadOutcome, StoreDamage> {
        let log = self.logs.get_mut(&agency).ok_or(StoreDamage::NoKeyLog)?;
        let envelope = signed.verify(log.key_log())?;
        if envelope.hash() != name {
            return Self::aside(log, &envelope, Some(StoreDamage::Misnamed));
        }
        match log.keep_in_lot(envelope.clone()) {
            Ok(AppendOutcome::Kept { .. } | AppendOutcome::Known | AppendOutcome::Filled(_)) => Ok(LoadOutcome::Kept),
            Ok(AppendOutcome::Missing(_)) => Self::aside(log, &envelope, None),
            Ok(AppendOutcome::Refused(refused)) => Err(StoreDamage::Unverified(refused.to_string())),
            Err(broken) => Err(broken.into()),
        }
    }

    /// Sets an envelope aside that the store holds under an agency that is not here, if it is sound and of one that is.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn set_aside_misfiled(&mut self, signed: SignedEnvelope) -> Result<LoadOutcome, StoreDamage> {
        for log in self.logs.values_mut() {
            if let Ok(envelope) = signed.clone().verify(log.key_log()) {
                return Self::aside(log, &envelope, Some(StoreDamage::NoKeyLog));
            }
        }
        Err(StoreDamage::NoKeyLog)
    }

    fn aside(
        log: &mut AgencyLog,
        envelope: &Envelope,
        damage: Option<StoreDamage>,
    ) -> Result<LoadOutcome, StoreDamage> {
        let rows = log.hold_for_parents(envelope);
        Ok(LoadOutcome::SetAside {
            agency: log.key_log().genesis(),
            name: envelope.hash(),
            rows: rows.map_err(StoreDamage::from)?,
            damage,
        })
    }

    /// Sets an envelope aside again that was kept once, which the store holds under this name.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn hold_for_parents(&mut self, agency: Hash, name: Hash, signed: SignedEnvelope) -> Result<(), StoreDamage> {
        let log = self.logs.get_mut(&agency).ok_or(StoreDamage::NoKeyLog)?;
        let envelope = signed.verify(log.key_log())?;
        if log.holds(&envelope.hash()) && envelope.hash() != name {
            return Err(StoreDamage::Misnamed);
        }
        Self::aside(log, &envelope, None).map(drop)
    }

    /// Takes in a counted heartbeat.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn hear(&mut self, agency: Hash, signed: Signed<Heartbeat>) -> Result<(), StoreDamage> {
        let log = self.logs.get_mut(&agency).ok_or(StoreDamage::NoKeyLog)?;
        let heartbeat = Heartbeat::read(signed, log.key_log())?;
        log.settle().map_err(StoreDamage::from)?;
        if !log.hear_again(heartbeat) {
            self.lacking.insert(agency);
        }
        Ok(())
    }

    /// Agencies of which envelopes are missing that were here: heartbeats name them that counted once.
    #[must_use]
    pub const fn lacking(&self) -> &BTreeSet<Hash> {
        &self.lacking
    }

    /// Returns true if an envelope of an agency is here.
    #[must_use]
    pub fn holds(&self, agency: &Hash, envelope: &Hash) -> bool {
        self.logs.get(agency).is_some_and(|log| log.holds(envelope))
    }

    /// Returns true if an agency was heard, and all that it said is here.
    #[must_use]
    pub fn is_heard(&self, agency: &Hash) -> bool {
        self.logs.get(agency).is_some_and(AgencyLog::would_be_fresh)
    }

    /// Counts again what an envelope takes away that was set aside, which the store holds under this name.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn set_aside(&mut self, agency: Hash, name: Hash, signed: SignedEnvelope) -> Result<(), StoreDamage> {
        let log = self.logs.get_mut(&agency).ok_or(StoreDamage::NoKeyLog)?;
        let envelope = signed.verify(log.key_log())?;
        if envelope.hash() != name {
            return Err(StoreDamage::Misnamed);
        }
        log.count_again(&envelope);
        Ok(())
    }

    /// Says that an agency is in quarantine, whatever else is found of it; the own one never is. Of two the later cause
    /// counts, and if either took its newest word, that is lost. Gives what counts.
    pub fn quarantine(&mut self, agency: Hash, mut quarantine: Quarantine) -> Option<Quarantine> {
        if agency == self.settings.home {
            return None;
        }
        let before = self.quarantined.get(&agency);
        quarantine.lost_word |= before.is_some_and(|before| before.lost_word);
        self.quarantined.insert(agency, quarantine.clone());
        Some(quarantine)
    }

    /// Returns true if an agency is in quarantine.
    #[must_use]
    pub fn is_quarantined(&self, agency: &Hash) -> bool {
        self.quarantined.contains_key(agency)
    }

    /// Says that more of an agency is known to exist than is taken in.
    pub fn defer(&mut self, agency: Hash, deferral: Deferral) {
        self.deferred.insert(agency, deferral);
    }

    /// Takes in an agency's newest checkpoint, with its pages, once all its envelopes are kept.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn adopt(&mut self, agency: Hash, signed: Signed<Checkpoint>, pages: Vec<Vec<u8>>) -> Result<(), StoreDamage> {
        let log = self.logs.get_mut(&agency).ok_or(StoreDamage::NoKeyLog)?;
        let checkpoint = Checkpoint::read(signed, log.key_log())?;
        let behind = !checkpoint.get().heads.iter().all(|head| log.holds(head));
        // One whose history is not all here stands in for it again. A damaged one is fetched again.
        if behind && agency != self.settings.home && !log.adopt(checkpoint.clone(), pages.clone()).unwrap_or(false) {
            return Err(StoreDamage::Orphaned);
        }
        self.checkpoints.insert(agency, (checkpoint, pages));
        Ok(())
    }

    /// Takes in a holder's countersignature for our own log.
    ///
    /// # Errors
    /// [`StoreDamage`], if it is left out.
    pub fn countersigned(&mut self, holder: Hash, signed: Signed<Countersignature>) -> Result<(), StoreDamage> {
        let log = self.logs.get(&holder).ok_or(StoreDamage::NoKeyLog)?;
        let held = Countersignature::read(signed, log.key_log())?;
        self.reach.insert(holder, held);
        Ok(())
    }

    /// The replica.
    ///
    /// # Errors
    /// [`ReplicaFailure`], if the own key log is not here.
    pub fn end(self) -> Result<Replica, ReplicaFailure> {
        let Self {
            settings,
            mut logs,
            checkpoints,
            reach,
            quarantined,
            deferred,
            lacking: _,
        } = self;
        // What envelopes that came later make of those before them is built once.
        for (agency, log) in &mut logs {
            log.settle()?;
            log.hold_back(quarantined.contains_key(agency));
        }
        let home_log = logs.get(&settings.home).ok_or(ReplicaFailure::NoKeyLog)?.key_log();
        let holders = own_log::holders(&settings, home_log, reach.keys());
        let own_log = OwnLog::at_start(holders);
        Ok(Replica {
            settings,
            logs,
            own_log,
            sessions: BTreeMap::new(),
            last_call: 0,
            last_beat: None,
            last_expunging: None,
            checkpoints,
            adopting: BTreeMap::new(),
            declined: BTreeSet::new(),
            reach,
            postings: BTreeMap::new(),
            accounts: BTreeMap::new(),
            behind: BTreeSet::new(),
            deferred,
            quarantined,
            conduct: BTreeMap::new(),
            clocks: BTreeMap::new(),
            first_met: None,
            is_to_greet: false,
            doubts_time: false,
        })
    }
}

impl Replica {
    /// A replica that holds what the store holds, all of which is at hand and undamaged.
    ///
    /// # Errors
    /// [`ReplicaFailure`], if the store holds what it should not.
    pub fn restore(settings: ReplicaSettings, stored: StoreContents) -> Result<Self, ReplicaFailure> {
        let home = settings.home;
        let mut restoring = ReplicaLoader::begin(settings, stored.key_logs);
        for (agency, signed) in stored.envelopes {
            let name = signed.name();
            let placed = restoring.keep(agency, name, signed).map_err(ReplicaFailure::Stored)?;
            if placed != LoadOutcome::Kept {
                return Err(ReplicaFailure::Stored(StoreDamage::Orphaned));
            }
        }
        for (agency, signed) in stored.heartbeats {
            restoring.hear(agency, signed).map_err(ReplicaFailure::Stored)?;
        }
        for (agency, signed, pages) in stored.checkpoints {
            match restoring.adopt(agency, signed, pages) {
                Err(StoreDamage::Orphaned) if agency != home => {}
                result => result.map_err(ReplicaFailure::Stored)?,
            }
        }
        for (holder, signed) in stored.held {
            restoring
                .countersigned(holder, signed)
                .map_err(ReplicaFailure::Stored)?;
        }
        for (agency, signed) in stored.set_aside {
            let name = signed.name();
            restoring
                .set_aside(agency, name, signed)
                .map_err(ReplicaFailure::Stored)?;
        }
        for (agency, signed) in stored.orphans {
            let name = signed.name();
            restoring
                .hold_for_parents(agency, name, signed)
                .map_err(ReplicaFailure::Stored)?;
        }
        for (agency, quarantine) in stored.quarantined {
            let _ = restoring.quarantine(agency, quarantine);
        }
        for (agency, deferral) in stored.deferred {
            restoring.defer(agency, deferral);
        }
        restoring.end()
    }
}
