//! The effects of a change of whom this agency trusts, or of its policy, told before it is made: on its own badges, and on
//! those that are checked here. **No person and no badge is named; each number names its base.**
//!
//! Every badge is answered twice by the same rules, once as things stand and once as they would: what is told is what
//! differs, in verdict or in worth.

mod change;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use policy::{BadgeFacts, BadgeTransition, Policy, what_changes};
use registry_schema::{
    AgencyId, Purpose, QueryTime, RecognitionWithdrawal, StatusState, Timestamp, recognition::Registration,
};
use verification::{
    Evidence, facts,
    facts::BadgeResults,
    followed::{ListFreshness, RecognitionQuery},
};

pub use change::ProposedChange;

use super::{Registrar, RegistrarError, internal, not_ready};
use crate::{check_counter::months_before, evidence::of_issuer, registry::AgencyState};
use storage::CredentialRow;

/// Most of this agency's own badges over which consequences are counted: the newest.
const MOST_BADGES: i64 = 10_000;

/// For how many months checks are counted, this one included.
const MONTHS: i64 = 12;

/// Of how many achievements of this agency a badge is read, for the hours that it states.
const MOST_READ: i64 = 500;

/// Most lines that are told of each base.
const MOST_LINES: usize = 200;

/// The effects that a change would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeConsequences {
    /// Over how many of this agency's newest badges it was counted, revoked and suspended ones left out.
    pub badges: usize,
    /// The changes for them, by issuer and achievement, in words; for a license, approvals and whatever else is not in the
    /// store, "could not check" stands on both sides.
    pub own: Vec<String>,
    /// The number of checks of badges here in the last 12 months, for answers of this agency; one that was checked twice
    /// counts twice.
    pub checks: i64,
    /// The changes for badges of those issuers and achievements, counted in checks, in words.
    pub checked: Vec<String>,
}

/// Badges of one issuer and achievement that are answered alike, and how many they are.
struct BadgeGroup {
    issuer: String,
    achievement: Option<String>,
    /// The items that it is aligned to, if that is known.
    aligned: Option<Vec<String>>,
    dated: Timestamp,
    stated: BadgeResults,
    count: i64,
}

/// The facts that are the same for all badges.
struct ChangeContext {
    home: AgencyId,
    now: Timestamp,
    /// The evidence of the lists on each issuer, before and after.
    evidence: BTreeMap<String, (Evidence, Evidence)>,
    /// This agency's policy, before and after.
    policies: (Arc<Policy>, Arc<Policy>),
    /// The statements of frameworks, before and after.
    placed: (ItemAncestry, ItemAncestry),
    /// The names that issuers and achievements go by.
    names: BTreeMap<String, String>,
}

/// The statements of frameworks on the items that badges are aligned to, and on those that lists and rules name.
#[derive(Clone, Debug, Default)]
struct ItemAncestry {
    /// By an item, those above it.
    above: BTreeMap<String, BTreeSet<String>>,
    /// Those that a framework here has.
    kept: BTreeSet<String>,
}

impl Registrar {
    /// Works out what withdrawing a recognition, of an issuer or of an agency, would do.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn withdrawal_consequences(
        &self,
        id: &str,
        stay_good: bool,
    ) -> Result<ChangeConsequences, RegistrarError> {
        let withdrawal = RecognitionWithdrawal {
            at: self.clock.now(),
            earlier_badges_stay_good: stay_good,
        };
        self.consequences(ProposedChange::Withdrawal(id.to_owned(), withdrawal))
            .await
    }

    /// Works out what another standing of one of its issuers would do.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn standing_consequences(&self, said: Registration) -> Result<ChangeConsequences, RegistrarError> {
        self.consequences(ProposedChange::Standing(said)).await
    }

    /// Works out what a change would do.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn consequences(&self, change: ProposedChange) -> Result<ChangeConsequences, RegistrarError> {
        let now = self.clock.now();
        let issued = self.store.newest_credentials(MOST_BADGES).await?;
        let checks = self.checks(now).await?;
        let aligned = self.store.all_alignments().await?;
        let stated = self.stated().await?;
        let items: BTreeSet<String> = aligned.values().flatten().cloned().collect();
        let (own, mut scene) = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            let active = |badge: &&CredentialRow| {
                let place = u32::try_from(badge.list).ok().zip(u32::try_from(badge.slot).ok());
                let state = place.and_then(|(list, slot)| Some(home.list(list)?.state(slot).0));
                state.is_none_or(|state| state == StatusState::Active)
            };
            let own: Vec<&CredentialRow> = issued.iter().filter(active).collect();
            let asked = own.iter().map(|badge| &badge.issuer);
            let asked: BTreeSet<&String> = asked.chain(checks.iter().map(|(issuer, ..)| issuer)).collect();
            let supposed = change.rows().map(|rows| registry.supposing(rows));
            let evidence: BTreeMap<String, (Evidence, Evidence)> = asked
                .into_iter()
                .map(|issuer| {
                    let before = of_issuer(&registry, issuer, now);
                    let mut after = match &supposed {
                        Some(supposed) => of_issuer(supposed, issuer, now),
                        None => before.clone(),
                    };
                    change.apply(&mut after, &home.id, issuer);
                    (issuer.clone(), (before, after))
                })
                .collect();
            let names = evidence.iter().filter_map(|(id, (before, _))| {
                let name = &before.issuers.first()?.name;
                Some((id.clone(), format!("{name} (`{id}`)")))
            });
            let achievements = own
                .iter()
                .map(|badge| (badge.achievement.clone(), format!("\"{}\"", badge.name)));
            let old = home.policy().cloned().unwrap_or_default();
            let supposed_policy = supposed.map(|supposed| {
                let home = supposed.home().and_then(AgencyState::policy);
                home.cloned().unwrap_or_default()
            });
            let scene = ChangeContext {
                home: home.id.clone(),
                now,
                names: achievements.chain(names).collect(),
                policies: (old.clone(), change.policy().or(supposed_policy).unwrap_or(old)),
                placed: (ItemAncestry::default(), ItemAncestry::default()),
                evidence,
            };
            let own = own.into_iter().map(|badge| BadgeGroup {
                issuer: badge.issuer.clone(),
                achievement: Some(badge.achievement.clone()).filter(|id| !id.is_empty()),
                aligned: Some(aligned.get(&badge.achievement).into_iter().flatten().cloned().collect()),
                dated: Timestamp(badge.valid_from),
                stated: stated.get(&badge.achievement).copied().unwrap_or_default(),
                count: 1,
            });
            (own.collect::<Vec<BadgeGroup>>(), scene)
        };
        scene.placed = self.placed(&scene, &items, &change).await?;
        let checked = checks.into_iter().map(|(issuer, achievement, count)| BadgeGroup {
            issuer,
            aligned: aligned.get(&achievement).map(|items| items.iter().cloned().collect()),
            stated: stated.get(&achievement).copied().unwrap_or_default(),
            achievement: Some(achievement).filter(|id| !id.is_empty()),
            // What was checked here is dated before now.
            dated: now.plus_seconds(-1),
            count,
        });
        let checked: Vec<BadgeGroup> = checked.collect();
        // Thousands of badges take a moment: not on the thread that answers others.
        tokio::task::spawn_blocking(move || scene.told(&own, &checked))
            .await
            .map_err(internal)
    }

    /// Looks up what frameworks say of these items, and of all that are asked for; before the change, and after it.
    async fn placed(
        &self,
        scene: &ChangeContext,
        items: &BTreeSet<String>,
        change: &ProposedChange,
    ) -> Result<(ItemAncestry, ItemAncestry), RegistrarError> {
        let mut asked = items.clone();
        for evidence in scene.evidence.values().flat_map(|(before, after)| [before, after]) {
            asked.extend(facts::items_named(evidence).into_iter().map(str::to_owned));
        }
        for policy in [&scene.policies.0, &scene.policies.1] {
            asked.extend(policy.items_named().map(str::to_owned));
        }
        let before = ItemAncestry {
            above: self.store.items_above(items, None).await?,
            kept: self.store.items_kept(&asked, None).await?,
        };
        let ProposedChange::Framework(id, new) = change else {
            return Ok((before.clone(), before));
        };
        let mut after = ItemAncestry {
            above: self.store.items_above(items, Some(id)).await?,
            kept: self.store.items_kept(&asked, Some(id)).await?,
        };
        for framework in new.iter() {
            for (item, found) in framework.items_above(items) {
                after.above.entry(item).or_default().extend(found);
            }
            after.kept.extend(framework.items.iter().map(|item| item.uri.clone()));
        }
        Ok((before, after))
    }

    /// Counts the checks of badges here in the last 12 months, by issuer and achievement.
    pub(super) async fn checks(&self, now: Timestamp) -> Result<Vec<(String, String, i64)>, RegistrarError> {
        self.checked.write(&self.store, now).await?;
        Ok(self.store.checked(months_before(now, MONTHS - 1)).await?)
    }

    /// Reads what this agency's badges state of themselves: by achievement, as one of its badges does.
    async fn stated(&self) -> Result<BTreeMap<String, BadgeResults>, RegistrarError> {
        let mut stated = BTreeMap::new();
        for (achievement, id) in self.store.badge_of_each(MOST_READ).await? {
            let document = self.store.badge(&id).await?;
            let document = document.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
            if let Some(document) = document {
                stated.insert(achievement, facts::stated(&document));
            }
        }
        Ok(stated)
    }
}

impl ChangeContext {
    fn told(&self, own: &[BadgeGroup], checked: &[BadgeGroup]) -> ChangeConsequences {
        let (of_own, of_checked) = (self.turned(own), self.turned(checked));
        let words = |found: &policy::what_if::PolicyImpact, one, many| {
            let name = |id: &str| self.names.get(id).cloned().unwrap_or_else(|| format!("`{id}`"));
            let all = found.changes.iter().map(|change| change.counted_in(one, many, &name));
            let mut lines: Vec<String> = all.take(MOST_LINES).collect();
            if let Some(more @ 1..) = found.changes.len().checked_sub(MOST_LINES) {
                lines.push(format!("and {more} more changes, not listed"));
            }
            lines
        };
        ChangeConsequences {
            badges: of_own.badges,
            own: words(&of_own, "badge of", "badges of"),
            checks: i64::try_from(of_checked.badges).unwrap_or(i64::MAX),
            checked: words(&of_checked, "check of a badge of", "checks of badges of"),
        }
    }

    fn turned(&self, badges: &[BadgeGroup]) -> policy::what_if::PolicyImpact {
        let both: Vec<(BadgeFacts, BadgeFacts, usize)> = badges
            .iter()
            .filter_map(|badge| {
                let (before, after) = self.evidence.get(&badge.issuer)?;
                let (was, is) = (
                    self.facts(badge, before, &self.placed.0, &self.policies.0),
                    self.facts(badge, after, &self.placed.1, &self.policies.1),
                );
                Some((was, is, usize::try_from(badge.count).unwrap_or(0)))
            })
            .collect();
        let turns = both.iter().map(|(was, is, count)| BadgeTransition {
            was: (self.policies.0.as_ref(), was),
            is: (self.policies.1.as_ref(), is),
            count: *count,
        });
        what_changes(turns, &Purpose::ALL, self.now)
    }

    fn facts(&self, badge: &BadgeGroup, evidence: &Evidence, placed: &ItemAncestry, policy: &Policy) -> BadgeFacts {
        let named = badge.aligned.iter().flatten();
        let with_above = named.clone().filter_map(|item| placed.above.get(item)).flatten();
        let is_placed = named.clone().all(|item| placed.kept.contains(item));
        let of_lists = facts::items_named(evidence).into_iter();
        let asked = of_lists.chain(policy.items_named()).filter(|_| !is_placed);
        let unplaced: BTreeSet<&str> = asked.filter(|item| !placed.kept.contains(*item)).collect();
        let alignments: BTreeSet<String> = named.chain(with_above).cloned().collect();
        let alignments: Vec<String> = alignments.into_iter().collect();
        let sought = RecognitionQuery {
            issuer: &badge.issuer,
            achievement: badge.achievement.as_deref(),
            alignments: &alignments,
            asked: QueryTime::now(self.now),
            issued: Some(badge.dated),
            vouched: None,
        };
        let mut known = facts::of_lists(evidence, &self.home, &sought, ListFreshness::FreshAt(self.now));
        let unplaced: Vec<String> = unplaced.into_iter().map(str::to_owned).collect();
        if known.recognized_for.as_ref().is_some_and(Vec::is_empty) && !unplaced.is_empty() {
            // As the verdict has it: not known, where it would be recognized if it stood below.
            let alignments = [alignments.as_slice(), &unplaced].concat();
            let below = RecognitionQuery {
                alignments: &alignments,
                ..sought
            };
            let would = facts::of_lists(evidence, &self.home, &below, ListFreshness::Any).recognized_for;
            if would.is_some_and(|uses| !uses.is_empty()) {
                known.recognized_for = None;
            }
        }
        BadgeFacts {
            unplaced,
            alignments: badge.aligned.is_some().then_some(alignments),
            clock_hours: badge.stated.clock_hours,
            ceus: badge.stated.ceus,
            mastery: badge.stated.mastery,
            assessed_blind: badge.stated.assessed_blind,
            ..known
        }
    }
}
