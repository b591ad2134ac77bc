//! An agency's own examples: badges and a date, with the verdict and the worth that its policy must give.

use std::{collections::BTreeMap, fmt};

use registry_schema::{AgencyId, Purpose, Timestamp, VerdictKind};
use serde::{Deserialize, Serialize};

use crate::{
    BadgeFacts, Policy,
    file::{self, BadPolicyFile},
};

/// A file of cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCaseFile {
    /// The badges that cases speak of, by name. Each is what is known of one badge, but for `id` and `recognized_for`.
    pub badge: BTreeMap<String, BadgeFacts>,
    /// The cases.
    pub case: Vec<PolicyCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCase {
    /// The point that it shows.
    pub shows: String,
    /// The agency whose answer it is; needed where a file speaks of several.
    pub agency: Option<AgencyId>,
    /// For which use.
    pub purpose: Purpose,
    /// At which date.
    pub at: Timestamp,
    /// The badges, by name. A name that stands twice is the same badge shown twice.
    pub badges: Vec<String>,
    /// The further facts known of all of them: the license, approvals.
    #[serde(default)]
    pub known: Option<BadgeFacts>,
    /// Of these badges, those whose issuer the agency does not recognize for this use.
    #[serde(default)]
    pub not_recognized: Vec<String>,
    /// The verdict that is expected.
    pub verdict: VerdictKind,
    /// The worth that is expected, in the words of the answer: `30 of 60 PDP`.
    pub worth: String,
    /// The source in which the rule is written, or `no published rate`.
    pub citation: String,
}

/// A case whose answer is another than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseMismatch {
    /// The point that the case shows.
    pub shows: String,
    /// The verdict and worth that were expected.
    pub expected: (VerdictKind, String),
    /// Those that the policy gives, or what is wrong with the case itself.
    pub got: Result<(VerdictKind, String), String>,
}

/// Reads a file of cases.
///
/// # Errors
/// [`BadPolicyFile`], with line and column.
pub fn parse(text: &str) -> Result<PolicyCaseFile, BadPolicyFile> {
    file::read(text)
}

impl PolicyCaseFile {
    /// Runs the cases of an agency, or those that name none, against its policy; gives how many ran and all that missed.
    #[must_use]
    pub fn run(&self, policy: &Policy, agency: Option<&AgencyId>) -> (usize, Vec<CaseMismatch>) {
        let ours = self
            .case
            .iter()
            .filter(|case| case.agency.is_none() || case.agency.as_ref() == agency);
        let mut count = 0;
        let mut misses = Vec::new();
        for case in ours {
            count += 1;
            let expected = (case.verdict, case.worth.clone());
            let got = self.answer(case, policy);
            if got.as_ref() != Ok(&expected) {
                misses.push(CaseMismatch {
                    shows: case.shows.clone(),
                    expected,
                    got,
                });
            }
        }
        (count, misses)
    }

    /// Returns the answer of a policy in a case.
    ///
    /// # Errors
    /// If the case names a badge that the file does not describe.
    pub fn answer(&self, case: &PolicyCase, policy: &Policy) -> Result<(VerdictKind, String), String> {
        let badges: Result<Vec<BadgeFacts>, String> = case.badges.iter().map(|name| self.facts(case, name)).collect();
        let badges = badges?;
        let tally = policy.tally(&badges, case.purpose, case.at);
        Ok((tally.verdict(), tally.worth_in_words()))
    }

    fn facts(&self, case: &PolicyCase, name: &str) -> Result<BadgeFacts, String> {
        let badge = self.badge.get(name);
        let badge = badge.ok_or_else(|| format!("the file describes no badge `{name}`: add `[badge.{name}]`"))?;
        let mut facts = badge.clone();
        facts.id = name.to_owned();
        facts.achievement = facts.achievement.or_else(|| Some(name.to_owned()));
        facts.recognized_for = Some(match case.not_recognized.iter().any(|other| other == name) {
            true => Vec::new(),
            false => vec![case.purpose],
        });
        if let Some(known) = &case.known {
            facts.license = known.license.or(facts.license);
            facts.evidence_handed_in = known.evidence_handed_in.or(facts.evidence_handed_in);
            facts.used_before = known.used_before.or(facts.used_before);
            facts.achievement_approved = known.achievement_approved.or(facts.achievement_approved);
            facts.criteria.extend(known.criteria.clone());
            facts.approved_by.extend(known.approved_by.clone());
            facts.prior_approval_by.extend(known.prior_approval_by.clone());
            facts.shown.extend(known.shown.clone());
            facts.recorded_in.extend(known.recorded_in.clone());
        }
        Ok(facts)
    }
}

impl fmt::Display for CaseMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, worth) = &self.expected;
        write!(f, "{}: expected {} and `{worth}`, ", self.shows, verdict.as_str())?;
        match &self.got {
            Ok((verdict, worth)) => write!(f, "got {} and `{worth}`", verdict.as_str()),
            Err(why) => f.write_str(why),
        }
    }
}
