//! The reasons why the asked agency does not recognize the issuer for this badge, and who else does.

use registry_schema::{
    ActEffect, AgencyId, Finding, Purpose,
    recognition::{RecognitionEntry, RegistrationStanding},
};

use super::{JudgeContext, words};
use crate::{codes::Code, followed::HomeStatus, judge::finding};

impl JudgeContext<'_> {
    /// Returns true if the issuer's own agency has suspended the registration that a recognition follows.
    pub(in crate::judge) fn is_suspended_at_home(&self, entry: &RecognitionEntry) -> bool {
        let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
        said.is_some_and(|said| said.issuer == self.badge.issuer_id && said.standing == RegistrationStanding::Suspended)
    }

    /// Says what is nearest to a recognition here, and who else has one.
    pub(super) fn not_recognized(&self, name: &str) -> Finding {
        let at = self.question.at;
        let here: Vec<_> = self.entries().filter(|e| e.agency == self.question.agency).collect();
        let asked = self.question.asked();
        let in_force = |e: &&&RecognitionEntry| e.holds(asked, self.badge.valid_from);
        let others = self.others();
        let others = match others.is_empty() {
            true if self.is_any_unheard() => {
                "no other agency that was heard from in time recognizes it for this".to_owned()
            }
            true => "no other agency recognizes it for this".to_owned(),
            false => format!("recognized by {}", others.join(", ")),
        };
        let say = |code: Code, what: String| finding(code, format!("{what}; {others}"));
        if let Some(entry) = here.iter().find(|e| self.holds(e) && self.home(e) == HomeStatus::Ended) {
            let home = self.name(&entry.recognition.issuer.agency);
            let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
            let stands = match self.is_suspended_at_home(entry) {
                true => "the issuer's registration is suspended, and can be reinstated",
                false => "the issuer is not registered on that date",
            };
            let ahead = match said {
                Some(said) if asked.effect_of(said.at) == ActEffect::DatedAhead => {
                    format!(" ({home}'s clock dated that ahead, to {})", said.at.date_in_words())
                }
                _ => String::new(),
            };
            let what = format!("{name} follows {home}, where {stands}{ahead}");
            let home = std::slice::from_ref(&entry.recognition.issuer.agency);
            return self.by_the_oldest(say(Code::RecognitionEndedAtHome, what), home);
        }
        if let Some(entry) = here.iter().find(|e| self.holds(e)) {
            let purposes = words(&entry.recognition.purposes);
            let asked = self.question.purpose.map_or("this use", Purpose::in_words);
            return say(
                Code::RecognitionWrongPurpose,
                format!("{name} recognizes the issuer for {purposes}, not for {asked}"),
            );
        }
        if here.iter().any(|e| in_force(&e)) {
            return say(
                Code::RecognitionOutOfScope,
                format!("{name} recognizes the issuer, but not for this achievement"),
            );
        }
        if let Some((entry, withdrawn, effect)) = here.iter().find_map(|e| {
            e.withdrawn
                .as_ref()
                .map(|w| (e, w, asked.effect_of(w.at)))
                .filter(|(.., e)| e.takes_away())
        }) {
            let kept = match withdrawn.earlier_badges_stay_good && entry.recognition.in_term(at) {
                true => ", and this badge is not dated before that",
                false => "",
            };
            let on = withdrawn.at.date_in_words();
            let what = match effect {
                ActEffect::DatedAhead | ActEffect::Unclear => {
                    format!("{name} withdrew its recognition, and its clock dated that ahead, to {on}{kept}")
                }
                ActEffect::Counts | ActEffect::Later => format!("{name} withdrew its recognition on {on}{kept}"),
            };
            return say(Code::RecognitionWithdrawn, what);
        }
        if let Some(entry) = here.first() {
            let from = entry.recognition.from.date_in_words();
            let term = match entry.recognition.until {
                Some(until) => format!("from {from} until {}", until.date_in_words()),
                None => format!("from {from}"),
            };
            let what = format!("{name} recognizes the issuer {term}, not on {}", self.then());
            return say(Code::RecognitionNotAtThatDate, what);
        }
        let all = self.evidence.recognitions.iter();
        let mut of_it = all.filter(|e| e.recognition.issuer.id == self.badge.issuer_id);
        if let Some(other) = of_it.find(|e| e.agency == self.question.agency) {
            let home = self.name(&other.recognition.issuer.agency);
            let what = format!(
                "{name} recognizes the issuer as {home} lists it, and {home} does not list the key that signed"
            );
            return say(Code::RecognitionNone, what);
        }
        say(Code::RecognitionNone, format!("{name} does not recognize the issuer"))
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
