//! The reasons why the asked agency does not recognize the issuer for this badge, and who else does.

use registry_schema::{
    ActEffect, AgencyId, Argument, Phrase, Timestamp,
    recognition::{RecognitionEntry, RegistrationStanding},
};

use super::JudgeContext;
use crate::{
    codes::Code,
    followed::HomeStatus,
    judge::{
        FindingDetail, JudgedFinding, finding,
        phrases::{asked_use, uses},
    },
};

impl JudgeContext<'_> {
    /// Returns true if the issuer's own agency has suspended the registration that a recognition follows.
    pub(in crate::judge) fn is_suspended_at_home(&self, entry: &RecognitionEntry) -> bool {
        let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
        said.is_some_and(|said| said.issuer == self.badge.issuer_id && said.standing == RegistrationStanding::Suspended)
    }

    /// Says what is nearest to a recognition here, and who else has one.
    pub(super) fn not_recognized(&self, name: &str) -> JudgedFinding {
        let here: Vec<_> = self.entries().filter(|e| e.agency == self.question.agency).collect();
        let asked = self.question.asked();
        let in_force = |e: &&&RecognitionEntry| e.holds(asked, self.badge.valid_from);
        let agency = name.to_owned();
        if let Some(entry) = here.iter().find(|e| self.holds(e) && self.home(e) == HomeStatus::Ended) {
            let home = std::slice::from_ref(&entry.recognition.issuer.agency);
            let found = self.beside_others(Code::RecognitionEndedAtHome, self.ended_at_home(agency, entry));
            return self.by_the_oldest(found, home);
        }
        if let Some(entry) = here.iter().find(|e| self.holds(e)) {
            let detail = FindingDetail::WrongPurpose {
                agency,
                purposes: uses(&entry.recognition.purposes),
                asked: asked_use(self.question.purpose),
            };
            return self.beside_others(Code::RecognitionWrongPurpose, detail);
        }
        if here.iter().any(|e| in_force(&e)) {
            let detail = FindingDetail::NotForThisAchievement { agency };
            return self.beside_others(Code::RecognitionOutOfScope, detail);
        }
        if let Some(detail) = here.iter().find_map(|entry| self.withdrawn_recognition(&agency, entry)) {
            return self.beside_others(Code::RecognitionWithdrawn, detail);
        }
        if let Some(entry) = here.first() {
            let (from, on) = (entry.recognition.from.day(), self.then());
            let detail = match entry.recognition.until.map(Timestamp::day) {
                Some(until) => FindingDetail::NotOnThatDateUntil {
                    agency,
                    from,
                    until,
                    on,
                },
                None => FindingDetail::NotOnThatDate { agency, from, on },
            };
            return self.beside_others(Code::RecognitionNotAtThatDate, detail);
        }
        let all = self.evidence.recognitions.iter();
        let mut of_it = all.filter(|e| e.recognition.issuer.id == self.badge.issuer_id);
        let detail = match of_it.find(|e| e.agency == self.question.agency) {
            Some(other) => FindingDetail::KeyNotListedAtHome {
                agency,
                home: self.name(&other.recognition.issuer.agency),
            },
            None => FindingDetail::DoesNotRecognize { agency },
        };
        self.beside_others(Code::RecognitionNone, detail)
    }

    /// The finding, and who else recognizes it.
    fn beside_others(&self, code: Code, detail: FindingDetail) -> JudgedFinding {
        let others = self.others();
        let others = match others.is_empty() {
            true if self.is_any_unheard() => FindingDetail::NoOtherHeard,
            true => FindingDetail::NoOther,
            false => FindingDetail::RecognizedByOthers {
                agencies: Argument::row(others),
            },
        };
        finding(code, Phrase::from(detail).and(others))
    }

    /// That the registration which a recognition follows has ended, or is suspended.
    fn ended_at_home(&self, agency: String, entry: &RecognitionEntry) -> FindingDetail {
        let asked = self.question.asked();
        let home = self.name(&entry.recognition.issuer.agency);
        let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
        let ahead = said.filter(|said| asked.effect_of(said.at) == ActEffect::DatedAhead);
        let ahead = ahead.map(|said| said.at.day());
        match (self.is_suspended_at_home(entry), ahead) {
            (true, None) => FindingDetail::FollowsRegistrationSuspended { agency, home },
            (true, Some(to)) => FindingDetail::FollowsRegistrationSuspendedAhead { agency, home, to },
            (false, None) => FindingDetail::FollowsRegistrationEnded { agency, home },
            (false, Some(to)) => FindingDetail::FollowsRegistrationEndedAhead { agency, home, to },
        }
    }

    /// That a recognition was withdrawn, if it was.
    fn withdrawn_recognition(&self, agency: &str, entry: &RecognitionEntry) -> Option<FindingDetail> {
        let withdrawn = entry.withdrawn.as_ref()?;
        let effect = self.question.asked().effect_of(withdrawn.at);
        if !effect.takes_away() {
            return None;
        }
        let agency = agency.to_owned();
        let kept = withdrawn.earlier_badges_stay_good && entry.recognition.in_term(self.question.at);
        let day = withdrawn.at.day();
        Some(match (effect, kept) {
            (ActEffect::DatedAhead | ActEffect::Unclear, true) => FindingDetail::WithdrawnAheadKept { agency, to: day },
            (ActEffect::DatedAhead | ActEffect::Unclear, false) => FindingDetail::WithdrawnAhead { agency, to: day },
            (ActEffect::Counts | ActEffect::Later, true) => FindingDetail::WithdrawnOnKept { agency, on: day },
            (ActEffect::Counts | ActEffect::Later, false) => FindingDetail::WithdrawnOn { agency, on: day },
        })
    }

    /// The names of the other agencies that recognize it for this use, as far as they were heard from in time.
    pub(in crate::judge) fn others(&self) -> Vec<String> {
        let here = &self.question.agency;
        let mut ids: Vec<&AgencyId> = self
            .entries()
            .filter(|e| e.agency != *here && self.is_heard(&e.agency) && self.counts(e) && self.serves(e))
            .map(|e| &e.agency)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|a| self.name(a)).collect()
    }
}
