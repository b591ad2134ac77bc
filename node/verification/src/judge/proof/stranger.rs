//! Names that are not whose they seem: of a signer whom no agency registers, and of one issuer that has another's.

use registry_schema::{CheckOutcome, Finding, IssuerStanding, quotable};

use super::{JudgeContext, finding};
use crate::{codes::Code, home, judge::recognition::RecognitionOutcome, names::SimilarName};

/// The most names that are told of those that a name is like.
const MAX_ALIKE: usize = 3;

impl JudgeContext<'_> {
    /// Returns true if an agency of this federation whose word counts registers the issuer.
    pub(super) fn registers_issuer(&self) -> bool {
        let (evidence, id) = (self.evidence, &self.badge.issuer_id);
        let kept = evidence.recognitions.iter().map(|entry| &entry.recognition.issuer);
        let mut all = evidence.issuers.iter().chain(kept);
        all.any(|issuer| {
            issuer.id == *id && self.homes.count(&issuer.agency) && !evidence.expelled.contains_key(&issuer.agency)
        })
    }

    /// A signature that holds, by a key that nobody here knows: what is shown is that, and never who signed.
    pub(super) fn unregistered(&self, how: &str) -> Finding {
        let said = match self.claimed_name() {
            Some(name) => format!("the name “{name}” is only what the file says"),
            None => "the file names no issuer".to_owned(),
        };
        let what = format!("{how}, and no agency of this federation registers it; {said}");
        finding(Code::IssuerUnregistered, what)
    }

    /// That the name in the file is like others' names, if nobody here knows who signed.
    pub(super) fn resembling(&self) -> Option<Finding> {
        let claimed = self.claimed_name()?;
        let real = self.alike(&claimed, |is_same, real| match is_same {
            true => format!("the same as that of {real}"),
            false => format!("like that of {real}"),
        });
        let what = format!("the name “{claimed}” in the file is {}", real.join(", and "));
        (!real.is_empty()).then(|| {
            finding(
                Code::IssuerNameResembles,
                format!("{what}; nothing shows that they signed it"),
            )
        })
    }

    /// That other agencies' issuers which are recognized here have the name of this one, or one like it, while this one is not
    /// recognized: any agency can register an issuer of any name.
    pub(in crate::judge) fn namesakes(
        &self,
        standing: IssuerStanding,
        recognition: &RecognitionOutcome,
    ) -> Option<Finding> {
        let name = self.namesake_of(standing, recognition)?;
        let here = self.name(&self.question.agency);
        let others = self.alike(&name, |is_same, real| match is_same {
            true => format!("{real}, has this name"),
            false => format!("{real}, has a name like “{name}”"),
        });
        let what = others.join(", and another, ");
        let detail =
            format!("another issuer, {what}, and is recognized in {here}; nothing shows that this badge is from it");
        (!others.is_empty()).then(|| finding(Code::IssuerNameResembles, detail))
    }

    /// The same as a sentence of the answer: ` Another issuer with this name, …, is recognized there.`
    pub(in crate::judge) fn namesake_in_words(
        &self,
        standing: IssuerStanding,
        recognition: &RecognitionOutcome,
    ) -> String {
        let name = self.namesake_of(standing, recognition);
        let other = name.and_then(|name| {
            let mut others = self.alike(&name, |is_same, real| match is_same {
                true => format!(" Another issuer with this name, {real}, is recognized: this badge is not from it."),
                false => {
                    format!(" Another issuer with a name like this, {real}, is recognized: this badge is not from it.")
                }
            });
            (!others.is_empty()).then(|| others.swap_remove(0))
        });
        other.unwrap_or_default()
    }

    /// The name of an issuer that an agency registers, where it is not recognized and another of a like name is.
    fn namesake_of(&self, standing: IssuerStanding, recognition: &RecognitionOutcome) -> Option<String> {
        let is_recognized = recognition.before_rules == CheckOutcome::Passed;
        if standing != IssuerStanding::Registered || is_recognized || self.evidence.like_names.is_empty() {
            return None;
        }
        let listed = home::entry(self.evidence, &self.homes, &self.badge.issuer_id)?;
        quotable::name(&listed.name)
    }

    /// The names that a shown one is like, each told once; with whether a reader sees any difference.
    fn alike(&self, shown: &str, say: impl Fn(bool, String) -> String) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for like in &self.evidence.like_names {
            let words = say(self.is_same(shown, like), self.like_name_in_words(like));
            if !told.contains(&words) {
                told.push(words);
            }
        }
        told.truncate(MAX_ALIKE);
        told
    }

    /// Returns true if a name that is shown is, letter by letter, the one that it is like.
    pub(in crate::judge) fn is_same(&self, shown: &str, like: &SimilarName) -> bool {
        quotable::name(&like.name).as_deref() == Some(shown)
    }

    /// `“Palmetto Educator Institute”, an issuer of South Carolina`
    pub(in crate::judge) fn like_name_in_words(&self, like: &SimilarName) -> String {
        let name = quotable::name(&like.name).unwrap_or_else(|| like.agency.to_string());
        match like.is_agency {
            true => format!("“{name}”, an agency of this federation ({})", like.agency),
            false => format!("“{name}”, an issuer of {}", self.name(&like.agency)),
        }
    }
}
