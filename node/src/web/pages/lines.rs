//! The four lines of an answer, and the one about the person.

use registry_schema::{
    AgencyId, Check, Finding, IssuerStanding, Outcome, StatusState, Timestamp, Verdict, VerdictKind, quotable,
    verdict::RecognizedBy,
};

use super::{
    issuers::uses,
    words::{Mark, ago, finding, for_use, listed, plain, sentence, since, term},
};

pub(super) const NAME: usize = 160;
pub(super) const DETAIL: usize = 500;

#[derive(Debug)]
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) mark: Mark,
    pub(super) text: String,
    /// Whether the text is a name, which may be of any script.
    pub(super) is_name: bool,
    pub(super) notes: Vec<String>,
}

/// What the lines need to know beside the verdict.
pub(super) struct Teller<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) agency_name: &'a dyn Fn(&AgencyId) -> String,
    pub(super) now: Timestamp,
}

/// `Also by South Carolina and Tennessee (since 1 July 2025).` Terms are told apart where they differ.
fn also(others: &[(String, String)]) -> Option<String> {
    let (_, first) = others.first()?;
    if others.iter().all(|(_, term)| term == first) {
        let names: Vec<String> = others.iter().map(|(name, _)| name.clone()).collect();
        return Some(format!("Also by {} ({first}).", listed(&names, 4)));
    }
    let each: Vec<String> = others.iter().map(|(name, term)| format!("{name} ({term})")).collect();
    Some(format!("Also by {}.", listed(&each, 4)))
}

impl Teller<'_> {
    pub(super) fn name(&self, agency: &AgencyId) -> String {
        plain(&(self.agency_name)(agency), 60)
    }

    pub(super) fn finding(&self, check: Check) -> Option<&Finding> {
        finding(&self.verdict.findings, check)
    }

    pub(super) fn outcome(&self, check: Check) -> Option<Outcome> {
        self.finding(check).map(|f| f.outcome)
    }

    /// A check that was not reported was not made.
    pub(super) fn mark(&self, check: Check) -> Mark {
        self.outcome(check).map_or(Mark::Aside, |o| Mark::of(check, o))
    }

    /// The sign of a check that is about the issuer's word: worth nothing while it is open whether the issuer said it.
    fn mark_if_genuine(&self, check: Check) -> Mark {
        match self.mark(check) {
            Mark::Holds if !self.genuine() => Mark::Aside,
            mark => mark,
        }
    }

    /// The detail of a check as a sentence, or `otherwise`.
    pub(super) fn detail(&self, check: Check, otherwise: &str) -> String {
        let detail = self
            .finding(check)
            .map(|f| sentence(&f.detail, DETAIL))
            .filter(|d| !d.is_empty());
        detail.unwrap_or_else(|| otherwise.to_owned())
    }

    /// Whether signature and key both held: only then may the page say what the badge says of itself.
    pub(super) fn genuine(&self) -> bool {
        [Check::Proof, Check::Issuer]
            .iter()
            .all(|c| self.outcome(*c) == Some(Outcome::Passed))
    }

    pub(super) fn issued_by(&self) -> Line {
        let label = "Issued by";
        let Some(issuer) = &self.verdict.issuer else {
            let text = "Not known. The file could not be read that far.".to_owned();
            return Line {
                label,
                mark: Mark::Aside,
                text,
                is_name: false,
                notes: Vec::new(),
            };
        };
        let is_signed = self.outcome(Check::Issuer) == Some(Outcome::NotApplicable);
        if is_signed || (issuer.standing == IssuerStanding::Unregistered && issuer.agency.is_none()) {
            return self.only_said(issuer.name.as_deref(), is_signed);
        }
        let named = issuer.name.as_deref().and_then(quotable::name);
        let is_name = named.is_some();
        let name = named.unwrap_or_else(|| "The file names no issuer.".to_owned());
        let mut notes = Vec::new();
        match (&issuer.agency, self.genuine()) {
            (Some(agency), true) => notes.push(format!("An issuer of {}.", self.name(agency))),
            (None, true) => notes.push("No agency of this federation has it as its own issuer.".to_owned()),
            (_, false) => notes.push("That is what the file says. It could not be confirmed.".to_owned()),
        }
        let mut worst = [Check::Proof, Check::Issuer].map(|c| self.mark(c)).to_vec();
        // No tick beside a name that is none.
        worst.extend((!is_name).then_some(Mark::Aside));
        let order = [Mark::Fails, Mark::Unknown, Mark::Aside];
        let mark = order.into_iter().find(|m| worst.contains(m)).unwrap_or(Mark::Holds);
        Line {
            label,
            mark,
            text: name,
            is_name,
            notes,
        }
    }

    /// A name that is only what the file says: no agency registers whoever signed it, if that is known at all.
    fn only_said(&self, name: Option<&str>, is_signed: bool) -> Line {
        let text = match name.and_then(quotable::name) {
            Some(name) => format!("“{name}”"),
            None => "The file names no issuer.".to_owned(),
        };
        let worst = [Check::Proof, Check::Issuer].map(|c| self.mark(c));
        let (mark, notes) = match is_signed {
            true => (
                Mark::Stranger,
                vec![
                    "That is what the file says. Anyone can write that name.",
                    "No agency here registers whoever signed it.",
                ],
            ),
            false => {
                let mark = [Mark::Fails, Mark::Unknown].into_iter().find(|m| worst.contains(m));
                let note = "That is what the file says. It could not be confirmed.";
                (mark.unwrap_or(Mark::Aside), vec![note])
            }
        };
        Line {
            label: "Says it is from",
            mark,
            text,
            is_name: true,
            notes: notes.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn recognized_by(&self) -> Line {
        let label = "Recognized by";
        let verdict = self.verdict;
        let mark = self.mark_if_genuine(Check::Recognition);
        let here = self.name(&verdict.agency);
        let (own, others): (Vec<_>, Vec<_>) = verdict.recognized_by.iter().partition(|r| r.agency == verdict.agency);
        let own: Vec<String> = own.iter().take(3).map(|r| self.terms(r)).collect();
        let each = |r: &&RecognizedBy| format!("{}: {}.", self.name(&r.agency), self.terms(r));
        let serving = others
            .iter()
            .filter(|r| verdict.purpose.is_none_or(|p| r.purposes.contains(&p)));
        let mut notes = Vec::new();
        let text = match self.outcome(Check::Recognition) {
            _ if verdict.verdict == VerdictKind::Unreadable => return self.unreached(label),
            None | Some(Outcome::NotApplicable) => return self.unreached(label),
            Some(Outcome::Passed) => {
                notes.extend(own.iter().map(|terms| sentence(terms, DETAIL)));
                let others: Vec<(String, String)> =
                    serving.map(|r| (self.name(&r.agency), term(r.from, r.until))).collect();
                notes.extend(also(&others));
                if self.genuine() {
                    here
                } else {
                    format!("{here} recognizes the issuer that the file names.")
                }
            }
            Some(Outcome::Failed) => {
                let names: Vec<String> = serving.map(|r| self.name(&r.agency)).collect();
                notes.extend(own.iter().map(|terms| format!("{here}: {terms}.")));
                notes.extend(others.iter().take(4).map(each));
                match (names.is_empty(), own.is_empty()) {
                    (_, false) => format!("{here}, but not {}.", for_use(verdict.purpose)),
                    (true, true) => format!("Not by {here}, and by no other agency that this node knows."),
                    (false, true) => format!("Not by {here}, but by {}.", listed(&names, 4)),
                }
            }
            Some(Outcome::CouldNotCheck) => {
                notes.push(self.detail(Check::Recognition, "It is not known why."));
                notes.extend(own.iter().map(|terms| format!("When last heard: {terms}.")));
                notes.extend(others.iter().take(4).map(each));
                format!("Could not be checked for {here}.")
            }
        };
        Line {
            label,
            mark,
            text,
            is_name: false,
            notes,
        }
    }

    /// What a recognition covers, for what, how long, and through whom it came.
    fn terms(&self, r: &RecognizedBy) -> String {
        let through: Vec<String> = r
            .path
            .iter()
            .filter(|a| **a != r.agency)
            .map(|a| self.name(a))
            .collect();
        let through = if through.is_empty() {
            String::new()
        } else {
            format!(", through {}", listed(&through, 4))
        };
        format!(
            "{}, for {}, {}{through}",
            plain(&r.scope, 120),
            uses(&r.purposes),
            term(r.from, r.until)
        )
    }

    /// Whose list the status comes from.
    pub(super) fn source(&self) -> Option<String> {
        let source = self.verdict.status.source.as_deref()?;
        Some(
            source
                .parse::<AgencyId>()
                .map_or_else(|_| plain(source, 120), |id| self.name(&id)),
        )
    }

    /// When the status was last heard: its own list's age, or that of the oldest list that the answer rests on.
    fn heard_at(&self) -> Option<Timestamp> {
        let own = self.finding(Check::Status).and_then(|f| f.as_of);
        own.or(self.verdict.status.fresh_as_of)
    }

    fn heard(&self) -> Option<String> {
        let at = self.heard_at()?;
        Some(match (self.source(), self.outcome(Check::Status)) {
            (_, Some(Outcome::NotApplicable)) => return None,
            (Some(who), Some(Outcome::CouldNotCheck)) => {
                format!("{who} has not been heard from {}.", since(at, self.now))
            }
            (None, Some(Outcome::CouldNotCheck)) => format!("Last heard {}.", ago(at, self.now)),
            (Some(who), _) => format!("Heard from {who} {}.", ago(at, self.now)),
            (None, _) => format!("Heard {}.", ago(at, self.now)),
        })
    }

    pub(super) fn not_revoked(&self) -> Line {
        let as_of = "Not revoked, as of";
        let mark = self.mark_if_genuine(Check::Status);
        let heard = self.heard();
        let (label, text) = match (self.verdict.status.state, self.outcome(Check::Status)) {
            _ if self.verdict.verdict == VerdictKind::Unreadable => return self.unreached(as_of),
            (_, None) => return self.unreached(as_of),
            (StatusState::Revoked, _) => ("Revoked", self.detail(Check::Status, "This badge was revoked.")),
            (StatusState::Suspended, _) => ("Suspended", self.detail(Check::Status, "This badge is suspended.")),
            (StatusState::Active, Some(Outcome::Passed)) => {
                let detail = self.detail(Check::Status, "Neither revoked nor suspended.");
                let (text, notes) = match heard {
                    // Who says so and as of when stands above; what happened later does not.
                    Some(heard) => {
                        let later = detail.split_once("; ").map(|(_, later)| format!("But {later}"));
                        (
                            heard,
                            [Some("Neither revoked nor suspended.".to_owned()), later]
                                .into_iter()
                                .flatten()
                                .collect(),
                        )
                    }
                    None => (detail, Vec::new()),
                };
                return Line {
                    label: as_of,
                    mark,
                    text,
                    is_name: false,
                    notes,
                };
            }
            (_, outcome) => {
                let detail = self.detail(Check::Status, "Not known.");
                match heard {
                    Some(heard) if outcome == Some(Outcome::CouldNotCheck) => {
                        let said = detail.contains("not been heard from");
                        let notes = if said { Vec::new() } else { vec![detail] };
                        return Line {
                            label: as_of,
                            mark,
                            text: heard,
                            is_name: false,
                            notes,
                        };
                    }
                    None if outcome == Some(Outcome::CouldNotCheck) => {
                        return Line {
                            label: as_of,
                            mark,
                            text: "Not known.".to_owned(),
                            is_name: false,
                            notes: vec![detail],
                        };
                    }
                    _ => (as_of, detail),
                }
            }
        };
        Line {
            label,
            mark,
            text,
            is_name: false,
            notes: heard.into_iter().collect(),
        }
    }

    /// The line of a check that was not reached.
    fn unreached(&self, label: &'static str) -> Line {
        let because = match self.verdict.verdict {
            VerdictKind::Unreadable => "The file could not be read",
            _ => "An earlier check did not hold",
        };
        Line {
            label,
            mark: Mark::Aside,
            text: format!("Not checked. {because}."),
            is_name: false,
            notes: Vec::new(),
        }
    }

    pub(super) fn counts_for(&self) -> Line {
        let label = "Counts for";
        let here = self.name(&self.verdict.agency);
        let mut amounts = Vec::new();
        let mut notes = Vec::new();
        for worth in self.verdict.worth.iter().take(6) {
            amounts.push(format!(
                "{} {} for {}",
                plain(&worth.amount, 20),
                plain(&worth.unit, 40),
                worth.purpose.in_words()
            ));
            notes.push(format!(
                "{} ({}).",
                sentence(&worth.rule, 200).trim_end_matches('.'),
                plain(&worth.citation, 160)
            ));
        }
        // An amount stands here only where the badge is accepted: nobody should read one from the line of a no.
        let (mark, text) = match self.verdict.verdict {
            VerdictKind::Accepted if !amounts.is_empty() => (Mark::Holds, sentence(&listed(&amounts, 6), DETAIL)),
            VerdictKind::Accepted => {
                let unknown = self.outcome(Check::Worth) == Some(Outcome::CouldNotCheck);
                let mark = if unknown { Mark::Unknown } else { Mark::Aside };
                (
                    mark,
                    self.detail(Check::Worth, &format!("No published rate in {here}.")),
                )
            }
            VerdictKind::NotRecognized => (Mark::Aside, format!("Nothing in {here}, while it is not recognized.")),
            VerdictKind::NotValid => (Mark::Aside, "Nothing, because it is not valid.".to_owned()),
            VerdictKind::CouldNotCheck => (
                Mark::Aside,
                "Nothing can be said before the check is complete.".to_owned(),
            ),
            VerdictKind::Unreadable => return self.unreached(label),
        };
        if mark != Mark::Holds {
            notes.clear();
        }
        notes.dedup();
        Line {
            label,
            mark,
            text,
            is_name: false,
            notes,
        }
    }

    pub(super) fn person(&self) -> Line {
        let label = "Is it this person?";
        let subject = self.verdict.credential.as_ref().and_then(|c| c.subject.as_ref());
        let name = subject
            .and_then(|s| s.name.as_deref())
            .map(|n| plain(n, NAME))
            .filter(|n| !n.is_empty());
        let shown = subject.is_some_and(|s| s.identity_checked) && self.outcome(Check::Holder) == Some(Outcome::Passed);
        let holds = match self.verdict.verdict {
            VerdictKind::Accepted => true,
            VerdictKind::NotRecognized => !self.verdict.is_by_someone_unknown(),
            _ => false,
        };
        let says = match (&name, holds) {
            (Some(name), true) => format!("The badge was issued to {name}."),
            (Some(name), false) => format!("The file names {name}."),
            (None, _) if self.verdict.credential.is_none() => "No name could be read from the file.".to_owned(),
            (None, _) => "The badge carries no name.".to_owned(),
        };
        let mut notes = Vec::new();
        let mark = if shown {
            notes.push("The person who sent it has shown that it is theirs.".to_owned());
            Mark::Holds
        } else if self.outcome(Check::Holder) == Some(Outcome::Failed) {
            Mark::Fails
        } else {
            let compare = if name.is_some() {
                " Compare the name with a photo ID."
            } else {
                ""
            };
            notes.push(format!("This check did not look at who is presenting it.{compare}"));
            Mark::Unknown
        };
        let detail = self.detail(Check::Holder, "");
        if mark == Mark::Fails && !detail.is_empty() {
            notes.push(detail);
        }
        Line {
            label,
            mark,
            text: says,
            is_name: false,
            notes,
        }
    }
}
