//! The line that says who recognizes the issuer.

use registry_schema::{Check, CheckOutcome, VerdictKind, verdict::RecognizingAgency};

use super::{DETAIL, VerdictLine, VerdictView};
use crate::web::pages::{
    issuers::uses,
    words::{for_use, listed, plain, sentence, term},
};

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

impl VerdictView<'_> {
    pub(in crate::web::pages) fn recognized_by(&self) -> VerdictLine {
        let label = "Recognized by";
        let verdict = self.verdict;
        let mark = self.mark_if_genuine(Check::Recognition);
        let here = self.name(&verdict.agency);
        let (own, others): (Vec<_>, Vec<_>) = verdict.recognized_by.iter().partition(|r| r.agency == verdict.agency);
        let held = own.iter().filter(|r| r.in_doubt.is_none());
        // Of what could not be told to hold still, nobody is said to recognize it.
        let serving = others
            .iter()
            .filter(|r| r.in_doubt.is_none() && verdict.purpose.is_none_or(|p| r.purposes.contains(&p)));
        let is_any_open = others.iter().any(|r| r.in_doubt.is_some());
        let each = |r: &&RecognizingAgency| format!("{}: {}.", self.name(&r.agency), self.terms(r));
        let mut notes = Vec::new();
        let text = match self.outcome(Check::Recognition) {
            _ if verdict.verdict == VerdictKind::Unreadable => return self.unreached(label),
            None | Some(CheckOutcome::NotApplicable) => return self.unreached(label),
            Some(CheckOutcome::Passed) => {
                notes.extend(held.take(3).map(|r| sentence(&self.terms(r), DETAIL)));
                let heard: Vec<(String, String)> =
                    serving.map(|r| (self.name(&r.agency), term(r.from, r.until))).collect();
                notes.extend(also(&heard));
                notes.extend(others.iter().filter(|r| r.in_doubt.is_some()).take(4).map(each));
                notes.extend(self.doubts(others.iter().copied()));
                if self.genuine() {
                    here
                } else {
                    format!("{here} recognizes the issuer that the file names.")
                }
            }
            Some(CheckOutcome::Failed) => {
                let names: Vec<String> = serving.map(|r| self.name(&r.agency)).collect();
                notes.extend(own.iter().take(3).chain(others.iter().take(4)).map(each));
                notes.extend(self.doubts(&verdict.recognized_by));
                match (names.is_empty(), own.is_empty()) {
                    (_, false) => format!("{here}, but not {}.", for_use(verdict.purpose)),
                    (true, true) if is_any_open => {
                        format!("Not by {here}, and by no other agency that was heard from in time.")
                    }
                    (true, true) => format!("Not by {here}, and by no other agency that this node knows."),
                    (false, true) => format!("Not by {here}, but by {}.", listed(&names, 4)),
                }
            }
            Some(CheckOutcome::CouldNotCheck) => {
                notes.push(self.detail(Check::Recognition, "It is not known why."));
                notes.extend(own.iter().take(3).chain(others.iter().take(4)).map(each));
                notes.extend(self.doubts(&verdict.recognized_by));
                format!("Could not be checked for {here}.")
            }
        };
        VerdictLine {
            label,
            mark,
            text,
            is_name: false,
            notes,
        }
    }

    /// Lists the recognitions that could not be told to hold still, and why: each reason once.
    fn doubts<'r>(&self, all: impl IntoIterator<Item = &'r RecognizingAgency>) -> Vec<String> {
        let mut doubts: Vec<(&str, Vec<String>)> = Vec::new();
        for by in all {
            let (Some(why), who) = (by.in_doubt.as_deref(), self.name(&by.agency)) else {
                continue;
            };
            match doubts.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) if names.contains(&who) => {}
                Some((_, names)) => names.push(who),
                None => doubts.push((why, vec![who])),
            }
        }
        let said = doubts.iter().map(|(why, names)| {
            let (who, why) = (listed(names, 4), plain(why, DETAIL));
            format!("Whether this by {who} still holds could not be told: {why}.")
        });
        said.collect()
    }

    /// Says what a recognition covers, for what, how long, and through whom it came.
    fn terms(&self, r: &RecognizingAgency) -> String {
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
}
