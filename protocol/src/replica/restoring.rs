//! Making a replica from what the store holds.

use super::{AgencyLog, BTreeMap, BTreeSet, Failed, Hash, KeyLog, OwnLog, Replica, Settings, SigningKey, Verified};
use crate::{
    checkpoint::{Checkpoint, Held},
    envelope::SignedEnvelope,
    heartbeat::Heartbeat,
    log::Keeping,
    mutant::mutant,
    signed::Signed,
};

/// What a store holds: in the order in which it was written.
#[derive(Debug, Default)]
pub struct Stored {
    /// Key logs.
    pub key_logs: Vec<KeyLog>,
    /// Envelopes with their agency, in the order in which they were kept.
    pub envelopes: Vec<(Hash, SignedEnvelope)>,
    /// Counted heartbeats with their agency.
    pub heartbeats: Vec<(Hash, Signed<Heartbeat>)>,
    /// Of each agency the newest checkpoint, with its pages.
    pub checkpoints: Vec<(Hash, Signed<Checkpoint>, Vec<Vec<u8>>)>,
    /// Countersignatures for our own log, with the holder's agency.
    pub held: Vec<(Hash, Signed<Held>)>,
}

/// A replica in the making. A store can hold more envelopes than fit into memory at once, so they come some at a time.
#[derive(Debug)]
pub struct Restoring {
    settings: Settings,
    logs: BTreeMap<Hash, AgencyLog>,
}

impl Restoring {
    /// Begins with key logs alone.
    #[must_use]
    pub fn begin(settings: Settings, key_logs: Vec<KeyLog>) -> Self {
        let within = |log: KeyLog| (log.genesis(), AgencyLog::within(log, settings.attic.clone()));
        Self {
            logs: key_logs.into_iter().map(within).collect(),
            settings,
        }
    }

    /// Keeps the next envelopes of the store. Signatures are checked again: a disk is not to be trusted blindly either.
    ///
    /// # Errors
    /// [`Failed`], if the store holds what it should not.
    pub fn keep(&mut self, envelopes: Vec<(Hash, SignedEnvelope)>) -> Result<(), Failed> {
        for (agency, signed) in envelopes {
            let log = self.logs.get_mut(&agency).ok_or(Failed::NoKeyLog)?;
            let envelope = signed.verify(log.key_log())?;
            match log.keep_in_lot(envelope)? {
                Keeping::Missing(_) => return Err(Failed::StoreOrder),
                Keeping::Refused(refused) => return Err(Failed::Own(refused)),
                Keeping::Kept { .. } | Keeping::Known | Keeping::Filled(_) => {}
            }
        }
        Ok(())
    }

    /// The replica, once all envelopes are kept: with what else is stored.
    ///
    /// # Errors
    /// [`Failed`], if the store holds what it should not.
    pub fn end(self, stored: Stored) -> Result<Replica, Failed> {
        let Self { settings, mut logs } = self;
        for log in logs.values_mut() {
            log.settle()?;
        }
        for (agency, signed) in stored.heartbeats {
            let log = logs.get_mut(&agency).ok_or(Failed::NoKeyLog)?;
            let heartbeat = Heartbeat::read(signed, log.key_log())?;
            let issued = heartbeat.get().issued;
            log.hear(heartbeat, issued);
        }
        let mut checkpoints: BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)> = BTreeMap::new();
        for (agency, signed, pages) in stored.checkpoints {
            let log = logs.get_mut(&agency).ok_or(Failed::NoKeyLog)?;
            let checkpoint = Checkpoint::read(signed, log.key_log())?;
            let behind = !checkpoint.get().heads.iter().all(|head| log.holds(head));
            // One whose history is not all here stands in for it again. A damaged one is fetched again.
            if behind && agency != settings.home && !log.adopt(checkpoint.clone(), pages.clone()).unwrap_or(false) {
                continue;
            }
            checkpoints.insert(agency, (checkpoint, pages));
        }
        let mut reach = BTreeMap::new();
        for (holder, signed) in stored.held {
            let log = logs.get(&holder).ok_or(Failed::NoKeyLog)?;
            reach.insert(holder, Held::read(signed, log.key_log())?);
        }
        let home_log = logs.get(&settings.home).ok_or(Failed::NoKeyLog)?.key_log();
        let alone = is_alone(&settings, home_log);
        let own_log = if alone { OwnLog::Known } else { OwnLog::Asking(None) };
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
            deferred: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            conduct: BTreeMap::new(),
        })
    }
}

impl Replica {
    /// A replica that holds what the store holds, all of which is at hand.
    ///
    /// # Errors
    /// [`Failed`], if the store holds what it should not.
    pub fn restore(settings: Settings, mut stored: Stored) -> Result<Self, Failed> {
        let mut restoring = Restoring::begin(settings, std::mem::take(&mut stored.key_logs));
        restoring.keep(std::mem::take(&mut stored.envelopes))?;
        restoring.end(stored)
    }
}

/// Whether nobody else can have this agency's log: no other agency is followed, and no key that has not ended is at another
/// store of this one.
fn is_alone(settings: &Settings, key_log: &KeyLog) -> bool {
    let own = [&settings.key].into_iter().chain(&settings.former_keys);
    let own: BTreeSet<_> = own.map(SigningKey::public).collect();
    let no_other_store = mutant!(AloneNeverWaits) || key_log.writers().iter().all(|writer| own.contains(writer));
    no_other_store && settings.pinned.iter().all(|agency| *agency == settings.home)
}
