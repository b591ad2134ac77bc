//! Things that cannot be told, because an agency has not been heard from; **and which agency that is**: the one asked, one
//! that it follows, or the issuer's own, whose registration a recognition rests on.

use registry_schema::{AgencyId, Phrase, recognition::RecognitionEntry};

use super::JudgeContext;
use crate::{
    Freshness,
    codes::Code,
    followed::{self, HomeStatus, ListFreshness, RecognitionPath},
    judge::{FindingDetail, JudgedFinding, JudgedRecognition, finding},
};

impl JudgeContext<'_> {
    pub(super) fn trust_list(&self, agency: &AgencyId) -> Freshness {
        let heard = self.evidence.trust_lists.get(agency).copied();
        heard.unwrap_or(Freshness::Never)
    }

    /// Returns true if it is the agency that is silent, and not this node that cannot tell.
    pub(in crate::judge) fn is_silent(&self, list: Freshness) -> bool {
        let told = match list {
            Freshness::Heard { .. } | Freshness::Never => true,
            Freshness::ClockInDoubt | Freshness::IncompleteHere => false,
        };
        told && !self.is_fresh(list) && !self.question.knowing_is_in_doubt()
    }

    /// The reason why the trust list of an agency does not count, if it does not.
    fn fault(&self, agency: &AgencyId) -> Option<Phrase> {
        let list = self.trust_list(agency);
        match self.is_fresh(list) {
            true => None,
            false if self.question.knowing_is_in_doubt() => Some(FindingDetail::ClockInDoubtForLists.into()),
            false => Some(list.fault(self.name(agency))),
        }
    }

    pub(super) fn is_heard(&self, agency: &AgencyId) -> bool {
        self.fault(agency).is_none()
    }

    /// Returns true if the word of an agency is missing, of those whose lists are kept here.
    pub(super) fn is_any_unheard(&self) -> bool {
        self.evidence.trust_lists.keys().any(|agency| !self.is_heard(agency))
    }

    /// That nothing is known of whom an agency recognizes.
    pub(super) fn stale(&self, agency: &AgencyId) -> JudgedFinding {
        let (name, list) = (self.name(agency), self.trust_list(agency));
        let detail = match list {
            _ if self.question.knowing_is_in_doubt() => FindingDetail::ClockInDoubtForLists.into(),
            Freshness::Heard { as_of, .. } => FindingDetail::TrustListTooOld {
                agency: name,
                since: as_of.moment(),
            }
            .into(),
            Freshness::Never => FindingDetail::TrustListNeverHeard { agency: name }.into(),
            Freshness::ClockInDoubt | Freshness::IncompleteHere => list.fault(name),
        };
        self.because_of(agency, detail)
    }

    fn because_of(&self, agency: &AgencyId, detail: Phrase) -> JudgedFinding {
        let is_silent = self.is_silent(self.trust_list(agency));
        JudgedFinding {
            as_of: self.trust_list(agency).as_of().filter(|_| is_silent),
            agency: is_silent.then(|| agency.clone()),
            ..finding(Code::RecognitionStale, detail)
        }
    }

    /// A recognition that would count, if the lists that it rests on were fresh; with each agency whose list is not.
    pub(super) fn in_doubt(&self) -> Option<JudgedFinding> {
        let held = self.held(ListFreshness::Any);
        let first = held.first()?;
        let path = first.path().into_iter();
        let mut silent: Vec<AgencyId> = path.filter(|agency| !self.is_heard(agency)).collect();
        let home = self.silent_home(first.entry);
        let (whose, mut found) = match (silent.first(), home) {
            (Some(first), _) => (first.clone(), self.stale(first)),
            (None, Some(home)) => (home.clone(), self.unheard_home(first.entry, home)),
            (None, None) => return None,
        };
        silent.extend(home.cloned());
        // One reason of this node's own holds for all of them.
        let mut told: Vec<Phrase> = self.fault(&whose).into_iter().collect();
        for other in silent.iter().filter(|agency| **agency != whose) {
            if let Some(fault) = self.fault(other).filter(|fault| !told.contains(fault)) {
                found.detail = found.detail.and(FindingDetail::AndFault { fault: fault.clone() });
                told.push(fault);
            }
        }
        Some(found)
    }

    /// The issuer's own agency, if the recognition rests on its word and that is too old.
    fn silent_home<'e>(&self, entry: &'e RecognitionEntry) -> Option<&'e AgencyId> {
        let home = &entry.recognition.issuer.agency;
        (self.home(entry) == HomeStatus::Stale).then_some(home)
    }

    /// That a recognition stands, as long as the issuer is registered at home; and that nobody can tell whether it is.
    fn unheard_home(&self, entry: &RecognitionEntry, home: &AgencyId) -> JudgedFinding {
        let fault = self.fault(home).unwrap_or_else(|| Phrase::Clauses(Vec::new()));
        let detail = match self.is_silent(self.trust_list(home)) {
            true => FindingDetail::RecognizesWhileRegistered {
                agency: self.name(&entry.agency),
                home: self.name(home),
                fault,
            }
            .into(),
            false => fault,
        };
        self.because_of(home, detail)
    }

    /// All agencies that recognize the issuer for this badge, the asked one first, its own before those that it follows; of
    /// each, why it could not be told whether it still holds, if it could not.
    pub(super) fn recognizers(&self, held: &[RecognitionPath<'_>]) -> Vec<JudgedRecognition> {
        let asked = &self.question.agency;
        let stands = |entry: &&RecognitionEntry| {
            let last = followed::home(self.evidence, entry, &self.sought(), ListFreshness::Any);
            self.holds(entry) && last == HomeStatus::Stands
        };
        let mut all: Vec<JudgedRecognition> = self
            .entries()
            .filter(stands)
            .map(|entry| {
                let doubt = self.fault(&entry.agency);
                let doubt = doubt.or_else(|| self.fault(self.silent_home(entry)?));
                recognized(entry, doubt)
            })
            .collect();
        all.sort_by(|a, b| (a.agency != *asked, &a.agency).cmp(&(b.agency != *asked, &b.agency)));
        let through = |held: &RecognitionPath<'_>, in_doubt: Option<Phrase>| JudgedRecognition {
            agency: asked.clone(),
            scope: Phrase::from(&held.entry.recognition.scope),
            purposes: held.purposes.clone(),
            from: held.from(),
            until: held.until(),
            path: held.path(),
            in_doubt,
        };
        let is_followed = |held: &&RecognitionPath<'_>| !held.via.is_empty();
        let mut followed: Vec<JudgedRecognition> = held
            .iter()
            .filter(is_followed)
            .map(|held| through(held, None))
            .collect();
        if self.is_any_unheard() {
            let open = self.held(ListFreshness::Any);
            let is_open = |other: &&RecognitionPath<'_>| held.iter().all(|held| held.entry != other.entry);
            for other in open.iter().filter(is_followed).filter(is_open) {
                let doubt = other.path().iter().find_map(|agency| self.fault(agency));
                let doubt = doubt.or_else(|| self.fault(self.silent_home(other.entry)?));
                followed.push(through(other, doubt));
            }
        }
        let own = all.iter().filter(|by| by.agency == *asked).count();
        all.splice(own..own, followed);
        all
    }
}

fn recognized(entry: &RecognitionEntry, in_doubt: Option<Phrase>) -> JudgedRecognition {
    JudgedRecognition {
        agency: entry.agency.clone(),
        scope: Phrase::from(&entry.recognition.scope),
        purposes: entry.recognition.purposes.clone(),
        from: entry.recognition.from,
        until: entry.recognition.until,
        path: vec![entry.agency.clone()],
        in_doubt,
    }
}
