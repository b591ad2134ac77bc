//! The damage to each agency that is found while the store is read.

use std::collections::BTreeMap;

use protocol::{Hash, Replica, log::AgencyLog, replica::LoadOutcome};

use storage::{AgencyRemoval, MovedEnvelope};

/// The damage of one agency, as it is found.
#[derive(Debug, Default)]
pub(super) struct AgencyDamage {
    pub(super) removal: AgencyRemoval,
    pub(super) count: usize,
    pub(super) first: Option<String>,
    /// True if no key log is filed under this agency.
    pub(super) is_stray: bool,
    /// True if the store lacks envelopes that this process knew to be in it.
    pub(super) went_back: bool,
}

impl AgencyDamage {
    pub(super) fn note(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{what}: {why}"));
    }

    pub(super) fn in_words(&self) -> String {
        let first = self.first.as_deref().unwrap_or_default();
        let damaged = match self.count {
            0 => "none damaged".to_owned(),
            count => format!("{count} damaged, among them {first}"),
        };
        match self.removal.moved_aside.len() {
            0 => damaged,
            1 => format!(
                "{damaged}; 1 sound envelope that follows what is not here set aside, and nothing of it lost: it comes back \
                 by itself once that is here again"
            ),
            count => format!(
                "{damaged}; {count} sound envelopes that follow what is not here set aside, and nothing of them lost: they \
                 come back by themselves once that is here again"
            ),
        }
    }

    /// Notes where an envelope came, which the store has at this position.
    pub(super) fn note_placed(&mut self, position: i64, placed: LoadOutcome) {
        let LoadOutcome::SetAside {
            agency,
            name,
            rows,
            damage,
        } = placed
        else {
            return;
        };
        if let Some(why) = damage {
            self.note("envelope", &why);
        }
        self.removal.moved_aside.push(MovedEnvelope {
            position,
            agency,
            name,
            rows,
        });
    }
}

/// The damage that is found, by the agency that it is filed under.
pub(super) type DamageByAgency = BTreeMap<Vec<u8>, AgencyDamage>;

pub(super) fn damage_of<'a>(all: &'a mut DamageByAgency, agency: &[u8]) -> &'a mut AgencyDamage {
    let found = all.entry(agency.to_vec()).or_default();
    found.removal.agency = agency.to_vec();
    found
}

/// Lists what is to be taken out of the store, with the rows that follow from what stays.
pub(super) fn removals(damage: &mut DamageByAgency, replica: &Replica) -> Vec<AgencyRemoval> {
    let removal = |found: &mut AgencyDamage| {
        let note = found.in_words();
        let agency = <[u8; 32]>::try_from(found.removal.agency.as_slice()).map(Hash);
        let log = agency.ok().and_then(|agency| replica.logs().get(&agency));
        let log = log.filter(|log: &&AgencyLog| log.base().is_none());
        AgencyRemoval {
            agency: found.removal.agency.clone(),
            everything: found.removal.everything,
            envelopes: found.removal.envelopes.clone(),
            moved_aside: std::mem::take(&mut found.removal.moved_aside),
            heartbeats: found.removal.heartbeats.clone(),
            checkpoint: found.removal.checkpoint,
            countersignature: found.removal.countersignature,
            rows: log.and_then(|log| log.rows().ok()),
            set_aside: found.removal.set_aside.clone(),
            quarantine: found.removal.quarantine.clone(),
            note,
        }
    };
    damage.values_mut().map(removal).collect()
}
