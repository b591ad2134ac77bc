//! Whether the asked agency recognizes the issuer for this badge, and who else does.

use registry_schema::{
    AgencyId, Check, Finding, Purpose, Timestamp, recognition::RecognitionEntry, verdict::RecognizedBy,
};

use super::{Case, finding};
use crate::{Freshness, codes::Code};

/// What came of it.
pub(super) struct Recognized {
    pub(super) finding: Finding,
    /// For what the asked agency recognizes it.
    pub(super) purposes: Vec<Purpose>,
    /// All agencies that do, the asked one first.
    pub(super) recognized_by: Vec<RecognizedBy>,
    /// The age of the asked agency's trust list, if it was heard.
    pub(super) as_of: Option<Timestamp>,
}

impl Case<'_> {
    /// The entries for this badge's issuer; others are none of its business, and those of an expelled agency count no more.
    fn entries(&self) -> impl Iterator<Item = &RecognitionEntry> {
        self.evidence
            .recognitions
            .iter()
            .filter(|e| e.recognition.issuer.id == self.badge.issuer_id)
            .filter(|e| !self.evidence.expelled.contains_key(&e.agency))
    }

    fn covers(&self, entry: &RecognitionEntry) -> bool {
        entry.recognition.scope.covers(self.badge.achievement_id.as_deref())
    }

    fn holds(&self, entry: &RecognitionEntry) -> bool {
        !entry.waits && entry.holds(self.question.at, self.badge.valid_from) && self.covers(entry)
    }

    /// Whether the entry would hold, if its agency's records had one history.
    fn waits(&self, entry: &RecognitionEntry) -> bool {
        entry.waits && entry.holds(self.question.at, self.badge.valid_from) && self.covers(entry) && self.serves(entry)
    }

    fn serves(&self, entry: &RecognitionEntry) -> bool {
        entry.recognition.serves(self.question.purpose)
    }

    /// The asked agency's entries that make a badge accepted.
    pub(super) fn holding_here(&self) -> impl Iterator<Item = &RecognitionEntry> {
        self.entries()
            .filter(|e| e.agency == self.question.agency && self.holds(e) && self.serves(e))
    }

    pub(super) fn recognition(&self) -> Recognized {
        let agency = &self.question.agency;
        let list = self
            .evidence
            .trust_lists
            .get(agency)
            .copied()
            .unwrap_or(Freshness::Never);
        let mut recognized_by: Vec<RecognizedBy> = self.entries().filter(|e| self.holds(e)).map(recognized).collect();
        recognized_by.sort_by(|a, b| (a.agency != *agency, &a.agency).cmp(&(b.agency != *agency, &b.agency)));
        let mut purposes: Vec<Purpose> = self
            .holding_here()
            .flat_map(|e| e.recognition.purposes.iter().copied())
            .collect();
        purposes.sort_unstable();
        purposes.dedup();
        let name = self.name(agency);
        let mut finding = if let Some(expelled) = self.expelled(agency, Check::Recognition) {
            expelled
        } else if !list.is_fresh(self.question.now) {
            let detail = match list.as_of() {
                Some(as_of) => {
                    format!(
                        "the trust list of {name} is too old: not heard from since {}",
                        as_of.in_words()
                    )
                }
                None => format!("the trust list of {name} was never heard"),
            };
            finding(Code::RecognitionStale, detail)
        } else if let Some(entry) = self.holding_here().next() {
            let until = match entry.recognition.until {
                Some(until) => format!(" until {}", until.date_in_words()),
                None => String::new(),
            };
            let (scope, from) = (&entry.recognition.scope, entry.recognition.from.date_in_words());
            let purposes = words(&purposes);
            let detail = format!("{name} recognizes the issuer: {scope}, for {purposes}, since {from}{until}");
            finding(Code::RecognitionRecognized, detail)
        } else if self.entries().any(|e| e.agency == *agency && self.waits(e)) {
            let detail = format!("the records of {name} have two histories, and its recognition stands in one of them");
            finding(Code::RecognitionForked, detail)
        } else {
            self.not_recognized(&name)
        };
        finding.as_of = list.as_of();
        Recognized {
            finding,
            purposes,
            recognized_by,
            as_of: list.as_of(),
        }
    }

    /// Says what is nearest to a recognition here, and who else has one.
    fn not_recognized(&self, name: &str) -> Finding {
        let at = self.question.at;
        let here: Vec<_> = self.entries().filter(|e| e.agency == self.question.agency).collect();
        let in_force = |e: &&&RecognitionEntry| e.holds(at, self.badge.valid_from);
        let others = self.others();
        let others = match others.is_empty() {
            true => "no other agency recognizes it for this".to_owned(),
            false => format!("recognized by {}", others.join(", ")),
        };
        let say = |code: Code, what: String| finding(code, format!("{what}; {others}"));
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
        if let Some((entry, withdrawn)) = here
            .iter()
            .find_map(|e| e.withdrawn.as_ref().filter(|w| w.at <= at).map(|w| (e, w)))
        {
            let kept = match withdrawn.earlier_badges_stay_good && entry.recognition.in_term(at) {
                true => ", and this badge is not dated before that",
                false => "",
            };
            let on = withdrawn.at.date_in_words();
            return say(
                Code::RecognitionWithdrawn,
                format!("{name} withdrew its recognition on {on}{kept}"),
            );
        }
        if let Some(entry) = here.first() {
            let from = entry.recognition.from.date_in_words();
            let term = match entry.recognition.until {
                Some(until) => format!("from {from} until {}", until.date_in_words()),
                None => format!("from {from}"),
            };
            let what = format!("{name} recognizes the issuer {term}, not on {}", at.date_in_words());
            return say(Code::RecognitionNotAtThatDate, what);
        }
        say(Code::RecognitionNone, format!("{name} does not recognize the issuer"))
    }

    /// The names of the other agencies that recognize it for this use.
    pub(super) fn others(&self) -> Vec<String> {
        let here = &self.question.agency;
        let mut ids: Vec<&AgencyId> = self
            .entries()
            .filter(|e| e.agency != *here && self.holds(e) && self.serves(e))
            .map(|e| &e.agency)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|a| self.name(a)).collect()
    }
}

/// `license renewal and a stipend`
pub(super) fn words(purposes: &[Purpose]) -> String {
    let words: Vec<&str> = purposes.iter().map(|p| p.in_words()).collect();
    match words.as_slice() {
        [] => "no use".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn recognized(entry: &RecognitionEntry) -> RecognizedBy {
    RecognizedBy {
        agency: entry.agency.clone(),
        scope: entry.recognition.scope.to_string(),
        purposes: entry.recognition.purposes.clone(),
        from: entry.recognition.from,
        until: entry.recognition.until,
        path: vec![entry.agency.clone()],
    }
}
