//! What a change to this agency's trust list would do, before it is done: to its own badges, and to those that are checked
//! here. **No person and no badge is named; each number names its base.**

use std::collections::BTreeMap;

use registry_schema::{Purpose, StatusState, Timestamp, Withdrawal, recognition::Registration};
use verification::{
    Evidence,
    followed::{self, Lists, Sought},
};

use super::{NotDone, Registrar, not_ready};
use crate::{checked::months_before, evidence::of_issuer};

/// Most of this agency's own badges over which consequences are counted: the newest.
const MOST_BADGES: i64 = 10_000;

/// For how many months checks are counted, this one included.
const MONTHS: i64 = 12;

/// What a change would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequences {
    /// Over how many of this agency's newest badges it was counted, revoked and suspended ones left out.
    pub badges: usize,
    /// What changes for them, by issuer, in words.
    pub own: Vec<String>,
    /// How many checks of badges there were here in the last 12 months, for answers of this agency; one that was checked
    /// twice counts twice.
    pub checks: i64,
    /// What changes for badges of those issuers and achievements, counted in checks, in words.
    pub checked: Vec<String>,
}

/// A change that is asked about.
pub(super) enum Change<'a> {
    /// A recognition with this id, of an issuer or of an agency, is withdrawn.
    Withdrawal(&'a str, Withdrawal),
    /// One of this agency's issuers stands otherwise.
    Standing(Registration),
}

impl Registrar {
    /// What withdrawing a recognition, of an issuer or of an agency, would do.
    ///
    /// # Errors
    /// [`NotDone`], if the store cannot be read.
    pub async fn withdrawal_consequences(&self, id: &str, stay_good: bool) -> Result<Consequences, NotDone> {
        let withdrawal = Withdrawal {
            at: self.clock.now(),
            earlier_badges_stay_good: stay_good,
        };
        self.consequences(&Change::Withdrawal(id, withdrawal)).await
    }

    /// What another standing of one of its issuers would do.
    ///
    /// # Errors
    /// [`NotDone`], if the store cannot be read.
    pub async fn standing_consequences(&self, said: Registration) -> Result<Consequences, NotDone> {
        self.consequences(&Change::Standing(said)).await
    }

    async fn consequences(&self, change: &Change<'_>) -> Result<Consequences, NotDone> {
        let now = self.clock.now();
        let issued = self.store.credentials(MOST_BADGES).await?;
        let checks = self.checks(now).await?;
        let aligned = self.store.all_alignments().await?;
        let registry = self.registry.read();
        let home = registry.home().ok_or_else(not_ready)?;
        let mut evidence: BTreeMap<String, (Evidence, Evidence)> = BTreeMap::new();
        let mut turns = |issuer: &str, achievement: &str, issued: Timestamp| {
            let (before, after) = evidence.entry(issuer.to_owned()).or_insert_with(|| {
                let before = of_issuer(&registry, issuer, now);
                let mut after = before.clone();
                change.apply(&mut after, home);
                (before, after)
            });
            let alignments: Vec<String> = aligned.get(achievement).into_iter().flatten().cloned().collect();
            let sought = Sought {
                issuer,
                achievement: Some(achievement).filter(|id| !id.is_empty()),
                alignments: &alignments,
                at: now,
                issued: Some(issued),
            };
            let purposes = |evidence: &Evidence| {
                let held = followed::held(evidence, &home.id, &sought, Lists::FreshAt(now));
                let mut purposes: Vec<Purpose> = held.into_iter().flat_map(|held| held.purposes).collect();
                purposes.sort_unstable();
                purposes.dedup();
                purposes
            };
            let (was, is) = (purposes(before), purposes(after));
            (was != is).then(|| (issuer.to_owned(), was, is))
        };
        let mut own: BTreeMap<Turn, i64> = BTreeMap::new();
        let mut badges = 0;
        for badge in &issued {
            let state = u32::try_from(badge.list).ok().zip(u32::try_from(badge.slot).ok());
            let state = state.and_then(|(list, slot)| Some(home.list(list)?.state(slot).0));
            if state.is_some_and(|state| state != StatusState::Active) {
                continue;
            }
            badges += 1;
            if let Some(turn) = turns(&badge.issuer, &badge.achievement, Timestamp(badge.valid_from)) {
                *own.entry(turn).or_default() += 1;
            }
        }
        let mut checked: BTreeMap<Turn, i64> = BTreeMap::new();
        for (issuer, achievement, number) in &checks {
            // What was checked here is dated before now.
            if let Some(turn) = turns(issuer, achievement, now.plus_seconds(-1)) {
                *checked.entry(turn).or_default() += number;
            }
        }
        Ok(Consequences {
            badges,
            own: in_words(own, "badge of", "badges of"),
            checks: checks.iter().map(|(_, _, number)| number).sum(),
            checked: in_words(checked, "check of a badge of", "checks of badges of"),
        })
    }

    /// How often badges were checked here in the last 12 months, by issuer and achievement.
    pub(super) async fn checks(&self, now: Timestamp) -> Result<Vec<(String, String, i64)>, NotDone> {
        self.checked.write(&self.store, now).await?;
        Ok(self.store.checked(months_before(now, MONTHS - 1)).await?)
    }
}

/// An issuer, and for what its badges were and would be accepted.
type Turn = (String, Vec<Purpose>, Vec<Purpose>);

fn in_words(turns: BTreeMap<Turn, i64>, one: &str, many: &str) -> Vec<String> {
    let words = |purposes: &[Purpose]| -> String {
        let words: Vec<&str> = purposes.iter().map(|purpose| purpose.in_words()).collect();
        if words.is_empty() {
            "not recognized".to_owned()
        } else {
            format!("accepted for {}", words.join(", "))
        }
    };
    let said = turns.into_iter().map(|((issuer, was, is), count)| {
        let of = if count == 1 { one } else { many };
        format!("{count} {of} `{issuer}`: from {} to {}", words(&was), words(&is))
    });
    said.collect()
}

impl Change<'_> {
    fn apply(&self, evidence: &mut Evidence, home: &crate::registry::AgencyLists) {
        match self {
            Self::Withdrawal(id, withdrawal) => {
                let own = evidence.recognitions.iter_mut();
                own.filter(|e| e.agency == home.id && e.recognition.id == *id)
                    .for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
                let own = evidence.agency_recognitions.iter_mut();
                own.filter(|e| e.agency == home.id && e.recognition.id == *id)
                    .for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
            }
            Self::Standing(said) => {
                if evidence.issuers.iter().any(|issuer| issuer.id == said.issuer) {
                    evidence.registrations.insert(home.id.clone(), said.clone());
                }
            }
        }
    }
}
