//! What a withdrawal would change, before it is done.

use std::collections::BTreeMap;

use registry_schema::{Purpose, StatusState, Timestamp, Withdrawal};
use verification::followed::{self, Lists, Sought};

use super::{NotDone, Registrar, not_ready};
use crate::evidence::of_issuer;

/// Most of this agency's own badges over which consequences are counted: the newest.
const MOST_BADGES: i64 = 10_000;

/// What a withdrawal would change for this agency's own badges. **No person and no badge is named.**
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalConsequences {
    /// Over how many of this agency's newest badges it was counted, revoked and suspended ones left out.
    pub badges: usize,
    /// What changes, by issuer, in words.
    pub changes: Vec<String>,
}

impl Registrar {
    /// What withdrawing a recognition, of an issuer or of an agency, would change here.
    ///
    /// # Errors
    /// [`NotDone`], if the store cannot be read.
    pub async fn withdrawal_consequences(&self, id: &str, stay_good: bool) -> Result<WithdrawalConsequences, NotDone> {
        let now = self.clock.now();
        let issued = self.store.credentials(MOST_BADGES).await?;
        let registry = self.registry.read();
        let home = registry.home().ok_or_else(not_ready)?;
        let withdrawal = Withdrawal {
            at: now,
            earlier_badges_stay_good: stay_good,
        };
        let mut evidence = BTreeMap::new();
        let mut counts: BTreeMap<(String, Vec<Purpose>, Vec<Purpose>), usize> = BTreeMap::new();
        let mut badges = 0;
        for badge in &issued {
            let state = u32::try_from(badge.list).ok().zip(u32::try_from(badge.slot).ok());
            let state = state.and_then(|(list, slot)| Some(home.list(list)?.state(slot).0));
            if state.is_some_and(|state| state != StatusState::Active) {
                continue;
            }
            badges += 1;
            let (before, after) = evidence.entry(badge.issuer.as_str()).or_insert_with(|| {
                let before = of_issuer(&registry, &badge.issuer, now);
                let mut after = before.clone();
                let own = after
                    .recognitions
                    .iter_mut()
                    .filter(|e| e.agency == home.id && e.recognition.id == id);
                own.for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
                let own = after.agency_recognitions.iter_mut();
                own.filter(|e| e.agency == home.id && e.recognition.id == id)
                    .for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
                (before, after)
            });
            let sought = Sought {
                issuer: &badge.issuer,
                achievement: Some(&badge.achievement),
                alignments: &[],
                at: now,
                issued: Some(Timestamp(badge.valid_from)),
            };
            let purposes = |evidence: &verification::Evidence| {
                let held = followed::held(evidence, &home.id, &sought, Lists::FreshAt(now));
                let mut purposes: Vec<Purpose> = held.into_iter().flat_map(|held| held.purposes).collect();
                purposes.sort_unstable();
                purposes.dedup();
                purposes
            };
            let (was, is) = (purposes(before), purposes(after));
            if was != is {
                *counts.entry((badge.issuer.clone(), was, is)).or_default() += 1;
            }
        }
        let words = |purposes: &[Purpose]| -> String {
            let words: Vec<&str> = purposes.iter().map(|purpose| purpose.in_words()).collect();
            if words.is_empty() {
                "not recognized".to_owned()
            } else {
                format!("accepted for {}", words.join(", "))
            }
        };
        let changes = counts.into_iter().map(|((issuer, was, is), count)| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} badge{s} of `{issuer}`: from {} to {}", words(&was), words(&is))
        });
        Ok(WithdrawalConsequences {
            badges,
            changes: changes.collect(),
        })
    }
}
