//! Gathers what storage and the registry know about one badge. All the IO of a verification is here, and none of it
//! leaves this node: nobody learns which badge is being checked.

use std::{cmp::Reverse, collections::BTreeSet};

use protocol::trust_list;
use registry_schema::{AgencyId, Issuer, Phrase, QueryTime, Timestamp};
use verification::{
    Evidence, OpenBadge, StatusEntry, StatusEvidence, facts,
    followed::{self, ListFreshness, RecognitionQuery},
    judge::endorsed_status,
    names::{FoldedName, SimilarName},
};

use crate::registry::{AgencyState, Registry, status_then};
use storage::{Store, StoreError};

/// Everything that is known here about this badge, for an answer of this agency.
///
/// # Errors
/// [`StoreError`], if the store cannot be read.
pub async fn gather(
    badge: &OpenBadge,
    registry: &Registry,
    store: &Store,
    agency: &AgencyId,
    now: Timestamp,
) -> Result<Evidence, StoreError> {
    // Only what this agency's issuers issued has a code here; the store is not asked about others' badges.
    let is_own = |home: &AgencyState| home.issuer(&badge.issuer_id).is_some();
    let own_id = badge.id.as_ref().filter(|_| registry.home().is_some_and(is_own));
    let code = match own_id {
        Some(id) => store.credential_by_id(id).await?.map(|kept| kept.issued.code),
        None => None,
    };
    let mut evidence = {
        let mut evidence = of_issuer(registry, &badge.issuer_id, now);
        evidence.code = code;
        evidence.policy = registry.agency(agency).and_then(|lists| lists.policy()).cloned();
        let known = |entry: &StatusEntry, issuer: &str| status(entry, issuer, registry, now);
        evidence.status = badge
            .status
            .iter()
            .map(|entry| known(entry, &badge.issuer_id))
            .collect();
        for (issuer, entries) in endorsed_status(badge) {
            let known: Vec<StatusEvidence> = entries.iter().map(|entry| known(entry, &issuer)).collect();
            evidence.endorsements.push(known);
            evidence.endorsers.extend(entries_of(registry, &issuer));
        }
        evidence.like_names = like_names(badge, registry, &evidence, agency, now);
        evidence
    };
    place(badge, &mut evidence, store).await?;
    Ok(evidence)
}

/// Most names that a badge's issuer's name is said to be like.
const MOST_ALIKE: usize = 3;

/// Most alignments of a badge of which it is looked up what stands above them.
const MOST_ALIGNED: usize = 50;

/// Looks up what stands above the items that the badge is aligned to, where a list or rule asks for items at all; and for
/// which of those nobody here can say.
async fn place(badge: &OpenBadge, evidence: &mut Evidence, store: &Store) -> Result<(), StoreError> {
    let asked: BTreeSet<String> = facts::items_named(evidence).into_iter().map(str::to_owned).collect();
    let named = facts::alignments(&badge.document).unwrap_or_default();
    let named: BTreeSet<String> = named.into_iter().take(MOST_ALIGNED).collect();
    if asked.is_empty() || named.is_empty() {
        return Ok(());
    }
    let above: BTreeSet<String> = store.items_above(&named, None).await?.into_values().flatten().collect();
    let placed = store.items_kept(&named, None).await?;
    let mut targets = facts::targets(&badge.document);
    if !targets.all(|url| url.is_some_and(|url| placed.contains(url))) {
        let known = store.items_kept(&asked, None).await?;
        let open = asked
            .into_iter()
            .filter(|item| !known.contains(item) && !named.contains(item));
        evidence.unplaced = open.collect();
    }
    evidence.above = above.into_iter().collect();
    Ok(())
}

/// Everything that was known here about this badge at an earlier moment, from the registry as it was then. What issuers
/// outside the federation had published is another's to add.
///
/// # Errors
/// [`StoreError`], if the store cannot be read.
pub async fn gather_then(
    badge: &OpenBadge,
    registry: &Registry,
    store: &Store,
    agency: &AgencyId,
    then: Timestamp,
) -> Result<Evidence, StoreError> {
    let mut evidence = of_issuer(registry, &badge.issuer_id, then);
    if let Some(id) = &badge.id {
        evidence.code = store.credential_by_id(id).await?.map(|kept| kept.issued.code);
    }
    evidence.policy = registry.agency(agency).and_then(|lists| lists.policy()).cloned();
    for entry in &badge.status {
        let known = status_then(registry, store, entry, &badge.issuer_id, then);
        evidence.status.push(known.await?);
    }
    for (issuer, entries) in endorsed_status(badge) {
        let mut known = Vec::with_capacity(entries.len());
        for entry in &entries {
            known.push(status_then(registry, store, entry, &issuer, then).await?);
        }
        evidence.endorsements.push(known);
        evidence.endorsers.extend(entries_of(registry, &issuer));
    }
    evidence.like_names = like_names(badge, registry, &evidence, agency, then);
    // A framework says which item stands below which; of that, only what is known now is known.
    place(badge, &mut evidence, store).await?;
    Ok(evidence)
}

/// The entries of an issuer in all agencies' lists.
fn entries_of(registry: &Registry, issuer: &str) -> Vec<Issuer> {
    let all = registry.agencies().into_iter();
    all.filter_map(|lists| lists.issuer(issuer).cloned()).collect()
}

/// Names of agencies, and of their issuers, that the name of a badge's issuer is like, if no agency registers the issuer; if one
/// does, of those alone whom the asked agency recognizes while it does not recognize this one. The likest first.
fn like_names(
    badge: &OpenBadge,
    registry: &Registry,
    evidence: &Evidence,
    asked: &AgencyId,
    now: Timestamp,
) -> Vec<SimilarName> {
    let is_expelled = |agency: &AgencyId| evidence.expelled.contains_key(agency);
    let agencies = || registry.agencies().into_iter().filter(|lists| !is_expelled(&lists.id));
    let mut registered = evidence.issuers.iter().filter(|issuer| !is_expelled(&issuer.agency));
    let mut like: Vec<SimilarName> = match registered.next() {
        // Of one that is recognized, nobody is misled by its name.
        Some(_) if is_recognized(evidence, asked, &badge.issuer_id, now) => return Vec::new(),
        Some(own) => {
            let name = FoldedName::new(&own.name);
            let is_other = |like: &SimilarName| !like.is_agency && like.agency != own.agency;
            let is_recognized_one = |like: &SimilarName| {
                let named = |issuer: &&Issuer| issuer.name == like.name && issuer.id != badge.issuer_id;
                let issuers = registry.agency(&like.agency).into_iter().flat_map(AgencyState::issuers);
                let mut ids = issuers.filter(named).map(|issuer| issuer.id.as_str());
                ids.any(|id| is_recognized(&of_issuer(registry, id, now), asked, id, now))
            };
            let like = agencies().flat_map(|lists| lists.like_names(&name).collect::<Vec<_>>());
            like.filter(is_other).filter(is_recognized_one).collect()
        }
        None => {
            let Some(claimed) = badge.issuer_name.as_deref() else {
                return Vec::new();
            };
            let claimed = FoldedName::new(claimed);
            let like = agencies().flat_map(|lists| lists.like_names(&claimed).collect::<Vec<_>>());
            like.collect()
        }
    };
    let mut told: Vec<SimilarName> = Vec::new();
    like.retain(|one| {
        let is_new = !told.contains(one);
        told.push(one.clone());
        is_new
    });
    like.sort_by_key(|one| (Reverse(one.likeness), one.is_agency));
    like.truncate(MOST_ALIKE);
    like
}

/// Checks whether an agency recognizes an issuer for any of its badges, itself or through those that it follows, by lists of
/// any age.
fn is_recognized(evidence: &Evidence, asked: &AgencyId, issuer: &str, now: Timestamp) -> bool {
    let at = QueryTime::new(now, now);
    let of_it = evidence
        .recognitions
        .iter()
        .filter(|entry| entry.recognition.issuer.id == issuer);
    let mut own = of_it.filter(|entry| entry.agency == *asked && !entry.waits);
    if own.any(|entry| entry.holds(at, None)) {
        return true;
    }
    let sought = RecognitionQuery {
        issuer,
        achievement: None,
        alignments: &[],
        asked: at,
        issued: None,
        vouched: None,
    };
    !followed::held(evidence, asked, &sought, ListFreshness::Any).is_empty()
}

/// Gathers what all agencies' lists say of an issuer.
pub fn of_issuer(registry: &Registry, issuer: &str, now: Timestamp) -> Evidence {
    let roster = registry.roster();
    let others = roster.others().map(|(id, _)| id);
    let expelled = others.clone().filter_map(|id| Some((id.clone(), roster.expelled(id)?)));
    let left = others.filter_map(|id| Some((id.clone(), roster.left(id)?)));
    let mut evidence = Evidence {
        expelled: expelled.collect(),
        left: left.collect(),
        ..Evidence::default()
    };
    let key = trust_list::issuer_key(issuer);
    for lists in registry.agencies() {
        evidence.agency_names.insert(lists.id.clone(), lists.name.clone());
        evidence
            .trust_lists
            .insert(lists.id.clone(), registry.freshness(lists, now));
        evidence.issuers.extend(lists.issuer(issuer).cloned());
        evidence.recognitions.extend(lists.recognitions_of(issuer));
        // A name that another node pinned to another agency says nothing here.
        let pinned = |hash: &str, id: &AgencyId| registry.pin(id).is_some_and(|pin| pin.to_string() == hash);
        let hops = lists
            .agency_recognitions()
            .filter(|hop| pinned(&hop.recognition.key_log, &hop.recognition.of))
            // Nobody is followed through an agency that was expelled.
            .filter(|hop| roster.expelled(&hop.recognition.of).is_none() && roster.expelled(&hop.agency).is_none());
        evidence.agency_recognitions.extend(hops);
        if let Some(said) = lists.registration_at(&key) {
            evidence.registrations.insert(lists.id.clone(), said.clone());
        }
    }
    evidence
}

fn status(entry: &StatusEntry, issuer: &str, registry: &Registry, now: Timestamp) -> StatusEvidence {
    let listed = entry
        .index
        .and_then(|index| Some((index, registry.status_list_of(&entry.list, issuer)?)));
    match listed {
        Some((index, (lists, number))) => StatusEvidence::Listed {
            agency: lists.id.clone(),
            revoked: lists.list(number).and_then(|list| list.revoked(index)),
            suspended: lists.list(number).and_then(|list| list.suspended(index)),
            freshness: registry.freshness(lists, now),
        },
        None => StatusEvidence::Unreachable {
            list: entry.list.clone(),
            why: Phrase::Verbatim("no agency of this federation keeps it".into()),
        },
    }
}
