//! The four lines of an answer, and the one about the person.

mod recognition;
mod status;

use registry_schema::{
    AgencyId, Check, CheckOutcome, Finding, IssuerStanding, Timestamp, Verdict, VerdictKind, quotable,
};

use super::words::{StatusMark, finding, listed, plain, sentence};

pub(super) const NAME: usize = 160;
pub(super) const DETAIL: usize = 500;

#[derive(Debug)]
pub(super) struct VerdictLine {
    pub(super) label: &'static str,
    pub(super) mark: StatusMark,
    pub(super) text: String,
    /// True if the text is a name, which may be of any script.
    pub(super) is_name: bool,
    pub(super) notes: Vec<String>,
}

/// The verdict, and what the lines need to know beside it.
pub(super) struct VerdictView<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) agency_name: &'a dyn Fn(&AgencyId) -> String,
    pub(super) now: Timestamp,
}

impl VerdictView<'_> {
    pub(super) fn name(&self, agency: &AgencyId) -> String {
        plain(&(self.agency_name)(agency), 60)
    }

    pub(super) fn finding(&self, check: Check) -> Option<&Finding> {
        finding(&self.verdict.findings, check)
    }

    pub(super) fn outcome(&self, check: Check) -> Option<CheckOutcome> {
        self.finding(check).map(|f| f.outcome)
    }

    /// A check that was not reported was not made.
    pub(super) fn mark(&self, check: Check) -> StatusMark {
        self.outcome(check)
            .map_or(StatusMark::Aside, |o| StatusMark::of(check, o))
    }

    /// The sign of a check that is about the issuer's word: worth nothing while it is open whether the issuer said it.
    pub(super) fn mark_if_genuine(&self, check: Check) -> StatusMark {
        match self.mark(check) {
            StatusMark::Holds if !self.genuine() => StatusMark::Aside,
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

    /// Returns true if signature and key both held: only then may the page say what the badge says of itself.
    pub(super) fn genuine(&self) -> bool {
        [Check::Proof, Check::Issuer]
            .iter()
            .all(|c| self.outcome(*c) == Some(CheckOutcome::Passed))
    }

    pub(super) fn issued_by(&self) -> VerdictLine {
        let label = "Issued by";
        let Some(issuer) = &self.verdict.issuer else {
            let text = "Not known. The file could not be read that far.".to_owned();
            return VerdictLine {
                label,
                mark: StatusMark::Aside,
                text,
                is_name: false,
                notes: Vec::new(),
            };
        };
        let is_signed = self.outcome(Check::Issuer) == Some(CheckOutcome::NotApplicable);
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
        worst.extend((!is_name).then_some(StatusMark::Aside));
        let order = [StatusMark::Fails, StatusMark::Unknown, StatusMark::Aside];
        let mark = order
            .into_iter()
            .find(|m| worst.contains(m))
            .unwrap_or(StatusMark::Holds);
        VerdictLine {
            label,
            mark,
            text: name,
            is_name,
            notes,
        }
    }

    /// A name that is only what the file says: no agency registers whoever signed it, if that is known at all.
    fn only_said(&self, name: Option<&str>, is_signed: bool) -> VerdictLine {
        let text = match name.and_then(quotable::claimed) {
            Some(name) => format!("“{name}”"),
            None => "The file names no issuer.".to_owned(),
        };
        let worst = [Check::Proof, Check::Issuer].map(|c| self.mark(c));
        let (mark, notes) = match is_signed {
            true => (
                StatusMark::Stranger,
                vec![
                    "That is what the file says. Anyone can write that name.",
                    "No agency here registers whoever signed it.",
                ],
            ),
            false => {
                let mark = [StatusMark::Fails, StatusMark::Unknown]
                    .into_iter()
                    .find(|m| worst.contains(m));
                let note = "That is what the file says. It could not be confirmed.";
                (mark.unwrap_or(StatusMark::Aside), vec![note])
            }
        };
        VerdictLine {
            label: "Says it is from",
            mark,
            text,
            is_name: true,
            notes: notes.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The line of a check that was not reached.
    fn unreached(&self, label: &'static str) -> VerdictLine {
        let because = match self.verdict.verdict {
            VerdictKind::Unreadable => "The file could not be read",
            _ => "An earlier check did not hold",
        };
        VerdictLine {
            label,
            mark: StatusMark::Aside,
            text: format!("Not checked. {because}."),
            is_name: false,
            notes: Vec::new(),
        }
    }

    pub(super) fn counts_for(&self) -> VerdictLine {
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
            VerdictKind::Accepted if !amounts.is_empty() => (StatusMark::Holds, sentence(&listed(&amounts, 6), DETAIL)),
            VerdictKind::Accepted => {
                let unknown = self.outcome(Check::Worth) == Some(CheckOutcome::CouldNotCheck);
                let mark = if unknown {
                    StatusMark::Unknown
                } else {
                    StatusMark::Aside
                };
                (
                    mark,
                    self.detail(Check::Worth, &format!("No published rate in {here}.")),
                )
            }
            VerdictKind::NotRecognized => (
                StatusMark::Aside,
                format!("Nothing in {here}, while it is not recognized."),
            ),
            VerdictKind::NotValid => (StatusMark::Aside, "Nothing, because it is not valid.".to_owned()),
            VerdictKind::CouldNotCheck => (StatusMark::Aside, self.not_told_yet()),
            VerdictKind::Unreadable => return self.unreached(label),
        };
        if mark != StatusMark::Holds {
            notes.clear();
        }
        notes.dedup();
        VerdictLine {
            label,
            mark,
            text,
            is_name: false,
            notes,
        }
    }

    /// Says why nothing is told of what it counts for: what could not be checked, in the words of the first that could not.
    fn not_told_yet(&self) -> String {
        let open = |f: &&Finding| f.outcome == CheckOutcome::CouldNotCheck && f.check != Check::Holder;
        let mut open = self.verdict.findings.iter().filter(open);
        let why = open.find(|f| !f.code.ends_with(".not_checked") && f.check != Check::Worth);
        match why.map(|f| sentence(&f.detail, DETAIL)).filter(|why| !why.is_empty()) {
            Some(why) => format!("It could not be told, because not everything could be checked. {why}"),
            None => "It could not be told, because not everything could be checked.".to_owned(),
        }
    }

    pub(super) fn person(&self) -> VerdictLine {
        let label = "Is it this person?";
        let subject = self.verdict.credential.as_ref().and_then(|c| c.subject.as_ref());
        let name = subject
            .and_then(|s| s.name.as_deref())
            .map(|n| plain(n, NAME))
            .filter(|n| !n.is_empty());
        let shown =
            subject.is_some_and(|s| s.identity_checked) && self.outcome(Check::Holder) == Some(CheckOutcome::Passed);
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
            StatusMark::Holds
        } else if self.outcome(Check::Holder) == Some(CheckOutcome::Failed) {
            StatusMark::Fails
        } else {
            let compare = if name.is_some() {
                " Compare the name with a photo ID."
            } else {
                ""
            };
            notes.push(format!("This check did not look at who is presenting it.{compare}"));
            StatusMark::Unknown
        };
        let detail = self.detail(Check::Holder, "");
        if mark == StatusMark::Fails && !detail.is_empty() {
            notes.push(detail);
        }
        VerdictLine {
            label,
            mark,
            text: says,
            is_name: false,
            notes,
        }
    }
}
