//! The check of whether the asked agency recognizes the issuer for this badge, and who else does.

mod refused;
mod silence;

use registry_schema::{
    AgencyId, Argument, Check, CheckOutcome, Phrase, Purpose, Timestamp,
    recognition::{Attestation, RecognitionEntry},
    verdict::IssuerStanding,
};

use super::{
    FindingDetail, JudgeContext, JudgedFinding, JudgedRecognition, RecognitionSubject, finding, oldest, phrases::uses,
    rules::AcceptanceOutcome,
};
use crate::{
    codes::Code,
    facts,
    followed::{self, HomeStatus, ListFreshness, RecognitionPath, RecognitionQuery},
};

/// The outcome of that check.
pub(super) struct RecognitionOutcome {
    pub(super) finding: JudgedFinding,
    /// For what the asked agency recognizes it, before its rules.
    pub(super) purposes: Vec<Purpose>,
    /// For what it accepts it, by its rules as well.
    pub(super) accepted: Vec<Purpose>,
    /// The conditions that whoever decides has to see to; the same for all uses that are accepted.
    pub(super) provided: Vec<Phrase>,
    /// The outcome of recognition alone, whatever the rules say.
    pub(super) before_rules: CheckOutcome,
    /// All agencies that do, the asked one first.
    pub(super) recognized_by: Vec<JudgedRecognition>,
    /// The age of the asked agency's trust list, if it was heard.
    pub(super) as_of: Option<Timestamp>,
}

impl JudgeContext<'_> {
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

    /// The issuer and the kind of badge to look for in the lists.
    pub(super) fn sought(&self) -> RecognitionQuery<'_> {
        RecognitionQuery {
            issuer: &self.badge.issuer_id,
            achievement: self.badge.achievement_id.as_deref(),
            alignments: self.alignments(),
            asked: self.question.asked(),
            issued: self.badge.valid_from,
            vouched: self.vouched.get().map(Vec::as_slice),
        }
    }

    fn home(&self, entry: &RecognitionEntry) -> HomeStatus {
        followed::home(
            self.evidence,
            entry,
            &self.sought(),
            ListFreshness::FreshAt(self.question.knowing()),
        )
    }

    fn holds(&self, entry: &RecognitionEntry) -> bool {
        !entry.waits && entry.holds(self.question.asked(), self.badge.valid_from) && self.covers(entry)
    }

    /// Checks that it holds, and the issuer's home agency says nothing else.
    fn counts(&self, entry: &RecognitionEntry) -> bool {
        self.holds(entry) && self.home(entry) == HomeStatus::Stands
    }

    /// Returns true if the entry would hold, if its agency's records had one history.
    fn waits(&self, entry: &RecognitionEntry) -> bool {
        let holds = entry.holds(self.question.asked(), self.badge.valid_from);
        entry.waits && holds && self.covers(entry) && self.serves(entry)
    }

    fn serves(&self, entry: &RecognitionEntry) -> bool {
        entry.recognition.serves(self.question.purpose)
    }

    /// The recognitions that make a badge accepted: the asked agency's own first, then those that it follows.
    pub(super) fn holding_here(&self) -> Vec<RecognitionPath<'_>> {
        self.held(ListFreshness::FreshAt(self.question.knowing()))
    }

    fn held(&self, lists: ListFreshness) -> Vec<RecognitionPath<'_>> {
        let mut held = followed::held(self.evidence, &self.question.agency, &self.sought(), lists);
        held.retain(|held| self.question.purpose.is_none_or(|p| held.purposes.contains(&p)));
        held
    }

    /// Returns true if a recognition of the asked agency itself names this achievement, and not only its issuer.
    pub(super) fn names_the_achievement(&self) -> bool {
        facts::names_the_achievement(&self.holding_here())
    }

    /// The asked agency's recognition. Where nothing shows who made the badge, that is about the issuer that the file names.
    pub(super) fn recognition(&self, issuer: IssuerStanding) -> RecognitionOutcome {
        let agency = &self.question.agency;
        let list = self.trust_list(agency);
        let held = self.holding_here();
        let recognized_by = self.recognizers(&held);
        let mut purposes: Vec<Purpose> = held.iter().flat_map(|held| held.purposes.iter().copied()).collect();
        purposes.sort_unstable();
        purposes.dedup();
        let name = self.name(agency);
        let finding = if let Some(expelled) = self.expelled(agency, Check::Recognition) {
            expelled
        } else if !self.is_fresh(list) {
            self.stale(agency)
        } else if let Some(first) = held.first() {
            let said = self.recognizes(&name, issuer, first, &purposes);
            self.by_the_oldest(finding(Code::RecognitionRecognized, said), &first.path())
        } else if self.entries().any(|e| e.agency == *agency && self.waits(e)) {
            let agency = name.clone();
            finding(Code::RecognitionForked, FindingDetail::TwoHistories { agency })
        } else if let Some(stale) = self.in_doubt() {
            stale
        } else if let Some(unknown) = self.by_an_unplaced_item(&name) {
            unknown
        } else {
            self.not_recognized(&name)
        };
        let (whose, since) = match (&finding.agency, finding.as_of) {
            (None, None) if finding.code == Code::RecognitionStale => (None, None),
            (None, None) => (Some(agency.clone()), list.as_of()),
            (whose, since) => (whose.clone(), since),
        };
        let before_rules = finding.outcome();
        let ruled = match before_rules {
            CheckOutcome::Passed => self.rules(finding, &name, &purposes),
            _ => AcceptanceOutcome::of(finding, &purposes),
        };
        let finding = JudgedFinding {
            as_of: since,
            agency: whose,
            ..ruled.finding
        };
        RecognitionOutcome {
            before_rules,
            accepted: ruled.accepted,
            provided: ruled.provided,
            purposes,
            recognized_by,
            as_of: oldest([finding.as_of, list.as_of()]),
            finding,
        }
    }

    fn as_of(&self, agency: &AgencyId) -> Option<Timestamp> {
        self.trust_list(agency).as_of()
    }

    /// A finding that rests on the lists of all these agencies: as old as the oldest of them.
    fn by_the_oldest(&self, found: JudgedFinding, agencies: &[AgencyId]) -> JudgedFinding {
        let ages = agencies.iter().filter_map(|agency| Some((self.as_of(agency)?, agency)));
        match ages.min() {
            Some((as_of, agency)) => JudgedFinding {
                as_of: Some(as_of),
                agency: Some(agency.clone()),
                ..found
            },
            None => found,
        }
    }

    /// A recognition that would count, if what the badge is aligned to stood below an item that no framework here has.
    fn by_an_unplaced_item(&self, name: &str) -> Option<JudgedFinding> {
        let unplaced = &self.evidence.unplaced;
        let below = |item: &String| {
            let alignments = [self.alignments(), std::slice::from_ref(item)].concat();
            let sought = RecognitionQuery {
                alignments: &alignments,
                ..self.sought()
            };
            let held = followed::held(self.evidence, &self.question.agency, &sought, ListFreshness::Any);
            let asked = self.question.purpose;
            held.iter().any(|held| asked.is_none_or(|p| held.purposes.contains(&p)))
        };
        let item: String = unplaced.iter().find(|item| below(item))?.chars().take(200).collect();
        let agency = name.to_owned();
        let detail = FindingDetail::FrameworkUnknown { agency, item };
        Some(finding(Code::RecognitionFrameworkUnknown, detail))
    }

    fn recognizes(
        &self,
        name: &str,
        issuer: IssuerStanding,
        held: &RecognitionPath<'_>,
        purposes: &[Purpose],
    ) -> Phrase {
        let agency = name.to_owned();
        let whom = match issuer {
            IssuerStanding::Registered => RecognitionSubject::Issuer,
            IssuerStanding::Unregistered => RecognitionSubject::NamedIssuer,
        };
        let until = held.until().map(Timestamp::day);
        let through: Vec<String> = held.path().iter().rev().skip(1).map(|a| self.name(a)).collect();
        let recognition = &held.entry.recognition;
        let (scope, from, purposes) = (Phrase::from(&recognition.scope), held.from().day(), uses(purposes));
        let said = match (through.is_empty(), until) {
            (true, None) => FindingDetail::Recognizes {
                agency,
                whom,
                scope,
                purposes,
                from,
            },
            (true, Some(until)) => FindingDetail::RecognizesUntil {
                agency,
                whom,
                scope,
                purposes,
                from,
                until,
            },
            (false, None) => FindingDetail::RecognizesThrough {
                agency,
                whom,
                through: Argument::row(through),
                scope,
                purposes,
                from,
            },
            (false, Some(until)) => FindingDetail::RecognizesThroughUntil {
                agency,
                whom,
                through: Argument::row(through),
                scope,
                purposes,
                from,
                until,
            },
        };
        let rests = match recognition.basis.attestation {
            Attestation::OwnReview => None,
            other => Some(FindingDetail::RestsOn { what: other.into() }),
        };
        let conditions: Vec<Phrase> = held
            .conditions()
            .map(|text| Phrase::Verbatim(text.to_owned()))
            .collect();
        let conditions = (!conditions.is_empty()).then_some(FindingDetail::OnCondition { conditions });
        Phrase::from(said).and_maybe(rests).and_maybe(conditions)
    }
}
