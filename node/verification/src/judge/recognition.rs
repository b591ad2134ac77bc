//! Whether the asked agency recognizes the issuer for this badge, and who else does.

use registry_schema::{
    AgencyId, Check, Effect, Finding, Outcome, Purpose, Timestamp,
    recognition::{RecognitionEntry, RegistrationStanding},
    verdict::{IssuerStanding, RecognizedBy},
};

use super::{Case, finding, rules::Ruled};
use crate::{
    Freshness,
    codes::Code,
    facts,
    followed::{self, Held, Home, Lists, Sought},
};

/// What came of it.
pub(super) struct Recognized {
    pub(super) finding: Finding,
    /// For what the asked agency recognizes it, before its rules.
    pub(super) purposes: Vec<Purpose>,
    /// For what it accepts it, by its rules as well.
    pub(super) accepted: Vec<Purpose>,
    /// What whoever decides has to see to, in words; the same for all uses that are accepted.
    pub(super) provided: Vec<String>,
    /// Whether the issuer is recognized, whatever the rules say.
    pub(super) before_rules: Outcome,
    /// All agencies that do, the asked one first.
    pub(super) recognized_by: Vec<RecognizedBy>,
    /// The age of the asked agency's trust list, if it was heard.
    pub(super) as_of: Option<Timestamp>,
}

impl Case<'_> {
    /// The entries for this badge's issuer, as a home agency registers it that lists the key; others are none of its business,
    /// and those of an expelled agency count no more.
    fn entries(&self) -> impl Iterator<Item = &RecognitionEntry> {
        let sought = self.sought();
        let all = self.evidence.recognitions.iter().enumerate();
        all.filter(move |(place, entry)| sought.is_meant(*place, entry))
            .map(|(_, entry)| entry)
            .filter(|e| !self.evidence.expelled.contains_key(&e.agency))
    }

    fn covers(&self, entry: &RecognitionEntry) -> bool {
        let sought = self.sought();
        entry.recognition.scope.covers(sought.achievement, sought.alignments)
    }

    /// The items of frameworks that the badge is aligned to, with those above them that this node knows.
    pub(super) fn alignments(&self) -> &[String] {
        self.alignments.get_or_init(|| {
            let named = facts::alignments(&self.badge.document).unwrap_or_default();
            let above = self.evidence.above.iter().filter(|item| !named.contains(item));
            let above: Vec<String> = above.cloned().collect();
            named.into_iter().chain(above).collect()
        })
    }

    /// What is looked for in the lists.
    pub(super) fn sought(&self) -> Sought<'_> {
        Sought {
            issuer: &self.badge.issuer_id,
            achievement: self.badge.achievement_id.as_deref(),
            alignments: self.alignments(),
            asked: self.question.asked(),
            issued: self.badge.valid_from,
            vouched: self.vouched.get().map(Vec::as_slice),
        }
    }

    fn home(&self, entry: &RecognitionEntry) -> Home {
        followed::home(
            self.evidence,
            entry,
            &self.sought(),
            Lists::FreshAt(self.question.knowing()),
        )
    }

    fn holds(&self, entry: &RecognitionEntry) -> bool {
        !entry.waits && entry.holds(self.question.asked(), self.badge.valid_from) && self.covers(entry)
    }

    /// Whether it holds, and the issuer's home agency says nothing else.
    fn counts(&self, entry: &RecognitionEntry) -> bool {
        self.holds(entry) && self.home(entry) == Home::Stands
    }

    /// Whether the entry would hold, if its agency's records had one history.
    fn waits(&self, entry: &RecognitionEntry) -> bool {
        let holds = entry.holds(self.question.asked(), self.badge.valid_from);
        entry.waits && holds && self.covers(entry) && self.serves(entry)
    }

    fn serves(&self, entry: &RecognitionEntry) -> bool {
        entry.recognition.serves(self.question.purpose)
    }

    /// The recognitions that make a badge accepted: the asked agency's own first, then those that it follows.
    pub(super) fn holding_here(&self) -> Vec<Held<'_>> {
        self.held(Lists::FreshAt(self.question.knowing()))
    }

    fn held(&self, lists: Lists) -> Vec<Held<'_>> {
        let mut held = followed::held(self.evidence, &self.question.agency, &self.sought(), lists);
        held.retain(|held| self.question.purpose.is_none_or(|p| held.purposes.contains(&p)));
        held
    }

    /// Whether a recognition of the asked agency itself names this achievement, and not only its issuer.
    pub(super) fn names_the_achievement(&self) -> bool {
        facts::names_the_achievement(&self.holding_here())
    }

    /// What the asked agency recognizes. Where nothing shows who made the badge, that is about the issuer that the file names.
    pub(super) fn recognition(&self, issuer: IssuerStanding) -> Recognized {
        let agency = &self.question.agency;
        let list = self
            .evidence
            .trust_lists
            .get(agency)
            .copied()
            .unwrap_or(Freshness::Never);
        let held = self.holding_here();
        let mut recognized_by: Vec<RecognizedBy> = self.entries().filter(|e| self.counts(e)).map(recognized).collect();
        recognized_by.sort_by(|a, b| (a.agency != *agency, &a.agency).cmp(&(b.agency != *agency, &b.agency)));
        let followed = held
            .iter()
            .filter(|held| !held.via.is_empty())
            .map(|held| RecognizedBy {
                agency: agency.clone(),
                scope: held.entry.recognition.scope.to_string(),
                purposes: held.purposes.clone(),
                from: held.from(),
                until: held.until(),
                path: held.path(),
            });
        let own = recognized_by.iter().filter(|by| by.agency == *agency).count();
        recognized_by.splice(own..own, followed.collect::<Vec<_>>());
        let mut purposes: Vec<Purpose> = held.iter().flat_map(|held| held.purposes.iter().copied()).collect();
        purposes.sort_unstable();
        purposes.dedup();
        let name = self.name(agency);
        let mut as_of = list.as_of();
        let finding = if let Some(expelled) = self.expelled(agency, Check::Recognition) {
            expelled
        } else if !self.is_fresh(list) {
            self.stale(&name, list)
        } else if let Some(first) = held.first() {
            as_of = std::iter::once(as_of)
                .chain(first.path().iter().map(|a| self.as_of(a)))
                .flatten()
                .min();
            finding(
                Code::RecognitionRecognized,
                self.recognized_in_words(&name, issuer, first, &purposes),
            )
        } else if self.entries().any(|e| e.agency == *agency && self.waits(e)) {
            let detail = format!("the records of {name} have two histories, and its recognition stands in one of them");
            finding(Code::RecognitionForked, detail)
        } else if let Some((stale, since)) = self.in_doubt() {
            as_of = since;
            stale
        } else if let Some(unknown) = self.by_an_unplaced_item(&name) {
            unknown
        } else {
            self.not_recognized(&name)
        };
        let before_rules = finding.outcome;
        let ruled = match before_rules {
            Outcome::Passed => self.rules(finding, &name, &purposes),
            _ => Ruled::of(finding, &purposes),
        };
        let mut finding = ruled.finding;
        finding.as_of = as_of;
        Recognized {
            finding,
            before_rules,
            accepted: ruled.accepted,
            provided: ruled.provided,
            purposes,
            recognized_by,
            as_of,
        }
    }

    fn as_of(&self, agency: &AgencyId) -> Option<Timestamp> {
        self.evidence.trust_lists.get(agency).and_then(|list| list.as_of())
    }

    fn stale(&self, name: &str, list: Freshness) -> Finding {
        let detail = match list.as_of() {
            _ if self.question.knowing_is_in_doubt() => crate::evidence::CLOCK_IN_DOUBT.to_owned(),
            Some(as_of) => {
                let since = as_of.in_words();
                format!("the trust list of {name} is too old: not heard from since {since}")
            }
            None if list == Freshness::Never => format!("the trust list of {name} was never heard"),
            None => list.fault(name),
        };
        finding(Code::RecognitionStale, detail)
    }

    /// A recognition that would count, if a list that it rests on were fresh.
    fn in_doubt(&self) -> Option<(Finding, Option<Timestamp>)> {
        let held = self.held(Lists::Any);
        let first = held.first()?;
        let home = &first.entry.recognition.issuer.agency;
        let now = self.question.knowing();
        let known = |agency: &AgencyId| {
            self.evidence
                .trust_lists
                .get(agency)
                .copied()
                .unwrap_or(Freshness::Never)
        };
        let too_old = first
            .path()
            .into_iter()
            .chain([home.clone()])
            .find(|a| !known(a).is_fresh(now))?;
        let list = known(&too_old);
        Some((self.stale(&self.name(&too_old), list), list.as_of()))
    }

    /// A recognition that would count, if what the badge is aligned to stood below an item that no framework here has.
    fn by_an_unplaced_item(&self, name: &str) -> Option<Finding> {
        let unplaced = &self.evidence.unplaced;
        let below = |item: &String| {
            let alignments = [self.alignments(), std::slice::from_ref(item)].concat();
            let sought = Sought {
                alignments: &alignments,
                ..self.sought()
            };
            let held = followed::held(self.evidence, &self.question.agency, &sought, Lists::Any);
            let asked = self.question.purpose;
            held.iter().any(|held| asked.is_none_or(|p| held.purposes.contains(&p)))
        };
        let item: String = unplaced.iter().find(|item| below(item))?.chars().take(200).collect();
        let detail = format!(
            "{name} recognizes the issuer for what is aligned to `{item}`, and no framework at this node says whether \
             what this badge is aligned to stands below that"
        );
        Some(finding(Code::RecognitionFrameworkUnknown, detail))
    }

    fn recognized_in_words(&self, name: &str, issuer: IssuerStanding, held: &Held<'_>, purposes: &[Purpose]) -> String {
        let whom = match issuer {
            IssuerStanding::Registered => "the issuer",
            IssuerStanding::Unregistered => "the issuer that the file names",
        };
        let until = match held.until() {
            Some(until) => format!(" until {}", until.date_in_words()),
            None => String::new(),
        };
        let through: Vec<String> = held.path().iter().rev().skip(1).map(|a| self.name(a)).collect();
        let through = match through.as_slice() {
            [] => String::new(),
            some => format!(" through {}", some.join(", then ")),
        };
        let conditions: Vec<&str> = held.conditions().collect();
        let conditions = match conditions.as_slice() {
            [] => String::new(),
            some => format!("; on condition that {}", some.join(", and ")),
        };
        let (scope, from) = (&held.entry.recognition.scope, held.from().date_in_words());
        let rests = match held.entry.recognition.basis.attestation {
            registry_schema::recognition::Attestation::OwnReview => String::new(),
            other => format!("; this rests on {}", other.in_words()),
        };
        let purposes = words(purposes);
        format!("{name} recognizes {whom}{through}: {scope}, for {purposes}, since {from}{until}{rests}{conditions}")
    }

    /// Whether the issuer's own agency has suspended the registration that a recognition follows.
    pub(super) fn is_suspended_at_home(&self, entry: &RecognitionEntry) -> bool {
        let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
        said.is_some_and(|said| said.issuer == self.badge.issuer_id && said.standing == RegistrationStanding::Suspended)
    }

    /// Says what is nearest to a recognition here, and who else has one.
    fn not_recognized(&self, name: &str) -> Finding {
        let at = self.question.at;
        let here: Vec<_> = self.entries().filter(|e| e.agency == self.question.agency).collect();
        let asked = self.question.asked();
        let in_force = |e: &&&RecognitionEntry| e.holds(asked, self.badge.valid_from);
        let others = self.others();
        let others = match others.is_empty() {
            true => "no other agency recognizes it for this".to_owned(),
            false => format!("recognized by {}", others.join(", ")),
        };
        let say = |code: Code, what: String| finding(code, format!("{what}; {others}"));
        if let Some(entry) = here.iter().find(|e| self.holds(e) && self.home(e) == Home::Ended) {
            let home = self.name(&entry.recognition.issuer.agency);
            let said = self.evidence.registrations.get(&entry.recognition.issuer.agency);
            let stands = match self.is_suspended_at_home(entry) {
                true => "the issuer's registration is suspended, and can be reinstated",
                false => "the issuer is not registered on that date",
            };
            let ahead = match said {
                Some(said) if asked.effect_of(said.at) == Effect::DatedAhead => {
                    format!(" ({home}'s clock dated that ahead, to {})", said.at.date_in_words())
                }
                _ => String::new(),
            };
            let what = format!("{name} follows {home}, where {stands}{ahead}");
            return say(Code::RecognitionEndedAtHome, what);
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
                Effect::DatedAhead | Effect::Unclear => {
                    format!("{name} withdrew its recognition, and its clock dated that ahead, to {on}{kept}")
                }
                Effect::Counts | Effect::Later => format!("{name} withdrew its recognition on {on}{kept}"),
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

    /// The names of the other agencies that recognize it for this use.
    pub(super) fn others(&self) -> Vec<String> {
        let here = &self.question.agency;
        let mut ids: Vec<&AgencyId> = self
            .entries()
            .filter(|e| e.agency != *here && self.counts(e) && self.serves(e))
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
