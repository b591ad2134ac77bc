//! The agencies that recognize an issuer: each itself, and through agencies whose recognitions it accepts. **Pure.**
//!
//! A chain counts only if every statement in it holds at the moment asked about, covers the use, is no longer than any
//! of its statements allows, and — beyond the first — says that it may be followed. What a stale list says counts for
//! nothing.

use std::collections::{BTreeMap, VecDeque};

use registry_schema::{
    AgencyId, Purpose, QueryTime, Timestamp,
    recognition::{AgencyRecognitionEntry, MAX_DEPTH, RecognitionEntry},
};

use crate::{Evidence, Freshness};

/// The object of a search: an issuer's badges of one kind.
#[derive(Clone, Copy, Debug)]
pub struct RecognitionQuery<'a> {
    /// The issuer's id.
    pub issuer: &'a str,
    /// The achievement's id; none stands for all that it issues.
    pub achievement: Option<&'a str>,
    /// The items of frameworks that the achievement is aligned to.
    pub alignments: &'a [String],
    /// The moment asked about.
    pub asked: QueryTime,
    /// The badge's own date, if there is a badge.
    pub issued: Option<Timestamp>,
    /// For each recognition of the evidence, whether the entry that it stands for vouches for the key that signed the badge;
    /// all do, if absent.
    pub vouched: Option<&'a [bool]>,
}

impl RecognitionQuery<'_> {
    /// Returns true if the recognition with this place in the evidence is of the issuer, and vouches.
    pub(crate) fn is_meant(&self, place: usize, entry: &RecognitionEntry) -> bool {
        let vouches = self.vouched.is_none_or(|all| all.get(place) == Some(&true));
        entry.recognition.issuer.id == self.issuer && vouches
    }
}

/// A recognition of the issuer, and the way from the asked agency to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognitionPath<'a> {
    /// The recognition of the issuer.
    pub entry: &'a RecognitionEntry,
    /// The asked agency's statement about the next agency first; empty, if the asked agency itself recognizes the issuer.
    pub via: Vec<&'a AgencyRecognitionEntry>,
    /// The purposes that every statement on the way names.
    pub purposes: Vec<Purpose>,
}

impl RecognitionPath<'_> {
    /// The agencies on the way, the asked one last.
    #[must_use]
    pub fn path(&self) -> Vec<AgencyId> {
        let others = self.via.iter().rev().map(|hop| hop.agency.clone());
        std::iter::once(self.entry.agency.clone()).chain(others).collect()
    }

    /// The moment at which the first of its statements begins to hold no longer.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        let hops = self.via.iter().map(|hop| hop.recognition.until);
        std::iter::once(self.entry.recognition.until)
            .chain(hops)
            .flatten()
            .min()
    }

    /// Since when all of its statements hold.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        let hops = self.via.iter().map(|hop| hop.recognition.from);
        hops.fold(self.entry.recognition.from, Timestamp::max)
    }

    /// Returns true if a badge that names no status list is accepted: only where the asked agency itself says so.
    #[must_use]
    pub fn accepts_without_status(&self) -> bool {
        self.via.is_empty() && self.entry.recognition.accepts_without_status
    }

    /// The conditions of all its statements.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        let hops = self.via.iter().flat_map(|hop| &hop.recognition.basis.conditions);
        let all = hops.chain(&self.entry.recognition.basis.conditions);
        all.map(String::as_str)
    }
}

/// The lists that may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFreshness {
    /// Only those that are fresh at this moment.
    FreshAt(Timestamp),
    /// All, to find out what an answer would rest on.
    Any,
}

/// A way from the asked agency to another, and what is left of its reach.
struct PartialPath<'a> {
    at: &'a AgencyId,
    via: Vec<&'a AgencyRecognitionEntry>,
    purposes: Vec<Purpose>,
    left: u8,
}

/// All recognitions of the issuer that count for this agency: its own first, then the shortest ways. The order of rows
/// in the evidence does not matter.
#[must_use]
pub fn held<'a>(
    evidence: &'a Evidence,
    agency: &'a AgencyId,
    sought: &RecognitionQuery<'_>,
    lists: ListFreshness,
) -> Vec<RecognitionPath<'a>> {
    let mut of_agency: BTreeMap<&AgencyId, Vec<&RecognitionEntry>> = BTreeMap::new();
    for (place, entry) in evidence.recognitions.iter().enumerate() {
        if sought.is_meant(place, entry) && counts(evidence, entry, sought, lists) {
            of_agency.entry(&entry.agency).or_default().push(entry);
        }
    }
    let mut hops: BTreeMap<&AgencyId, Vec<&AgencyRecognitionEntry>> = BTreeMap::new();
    for hop in &evidence.agency_recognitions {
        let covers = hop.recognition.scope.covers(sought.achievement, sought.alignments);
        if covers && !hop.waits && hop.holds(sought.asked, sought.issued) {
            hops.entry(&hop.agency).or_default().push(hop);
        }
    }
    of_agency
        .values_mut()
        .for_each(|all| all.sort_by_key(|e| &e.recognition.id));
    hops.values_mut()
        .for_each(|all| all.sort_by_key(|h| (&h.recognition.of, &h.recognition.id)));

    let mut found: Vec<RecognitionPath<'a>> = Vec::new();
    let mut seen: BTreeMap<&AgencyId, Vec<(Vec<Purpose>, u8)>> = BTreeMap::new();
    let mut ways = VecDeque::from([PartialPath {
        at: agency,
        via: Vec::new(),
        purposes: Purpose::ALL.to_vec(),
        left: MAX_DEPTH,
    }]);
    while let Some(way) = ways.pop_front() {
        if !believed(evidence, way.at, lists) {
            continue;
        }
        // A way that reaches no further and serves no more than an earlier one adds nothing; so cycles end.
        let before = seen.entry(way.at).or_default();
        if before
            .iter()
            .any(|(p, left)| *left >= way.left && within(&way.purposes, p))
        {
            continue;
        }
        before.push((way.purposes.clone(), way.left));
        let is_asked = way.via.is_empty();
        for entry in of_agency.get(way.at).into_iter().flatten() {
            let purposes = common(&way.purposes, &entry.recognition.purposes);
            let known = found
                .iter()
                .any(|held| held.entry == *entry && within(&purposes, &held.purposes));
            if !purposes.is_empty() && !known && (is_asked || entry.recognition.basis.may_be_followed) {
                found.push(RecognitionPath {
                    entry,
                    via: way.via.clone(),
                    purposes,
                });
            }
        }
        for hop in hops.get(way.at).into_iter().flatten() {
            let reach = way.left.min(hop.recognition.depth);
            let purposes = common(&way.purposes, &hop.recognition.purposes);
            if reach == 0 || purposes.is_empty() || !(is_asked || hop.recognition.basis.may_be_followed) {
                continue;
            }
            let mut via = way.via.clone();
            via.push(hop);
            ways.push_back(PartialPath {
                at: &hop.recognition.of,
                via,
                purposes,
                left: reach - 1,
            });
        }
    }
    found
}

/// Checks that the recognition itself counts: it holds, covers the badge, and the issuer's home agency says nothing else.
fn counts(evidence: &Evidence, entry: &RecognitionEntry, sought: &RecognitionQuery<'_>, lists: ListFreshness) -> bool {
    !entry.waits
        && entry.holds(sought.asked, sought.issued)
        && entry.recognition.scope.covers(sought.achievement, sought.alignments)
        && home(evidence, entry, sought, lists) == HomeStatus::Stands
}

/// The word of the issuer's home agency on it, where the recognition follows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HomeStatus {
    /// It is registered, or the recognition does not ask.
    Stands,
    /// It was suspended or ended by then, or is not on the list.
    Ended,
    /// The list is too old to say.
    Stale,
}

/// The word of the issuer's home agency on it.
pub(crate) fn home(
    evidence: &Evidence,
    entry: &RecognitionEntry,
    sought: &RecognitionQuery<'_>,
    lists: ListFreshness,
) -> HomeStatus {
    let home = &entry.recognition.issuer.agency;
    if entry.recognition.basis.stands_alone {
        return HomeStatus::Stands;
    }
    // A home agency that nobody here knows registers nobody who could be recognized; what is known is the entry itself.
    let heard = evidence.trust_lists.get(home);
    if let (Some(list), ListFreshness::FreshAt(now)) = (heard, lists)
        && entry.agency != *home
        && !list.is_fresh(now)
    {
        return HomeStatus::Stale;
    }
    let ended =
        |said: &registry_schema::recognition::Registration| said.issuer == sought.issuer && !said.holds(sought.asked);
    if evidence.registrations.get(home).is_some_and(ended) {
        return HomeStatus::Ended;
    }
    let listed = |issuer: &registry_schema::Issuer| issuer.id == sought.issuer && issuer.agency == *home;
    if heard.is_some_and(|list| *list != Freshness::Never) && !evidence.issuers.iter().any(listed) {
        return HomeStatus::Ended;
    }
    HomeStatus::Stands
}

fn believed(evidence: &Evidence, agency: &AgencyId, lists: ListFreshness) -> bool {
    let heard = evidence.trust_lists.get(agency).copied().unwrap_or(Freshness::Never);
    match lists {
        ListFreshness::Any => true,
        ListFreshness::FreshAt(now) => heard.is_fresh(now),
    }
}

fn within(some: &[Purpose], all: &[Purpose]) -> bool {
    some.iter().all(|purpose| all.contains(purpose))
}

fn common(one: &[Purpose], other: &[Purpose]) -> Vec<Purpose> {
    one.iter().copied().filter(|purpose| other.contains(purpose)).collect()
}

#[cfg(test)]
mod tests;
