//! A signature that holds, by a key that no agency registers.

use registry_schema::{Finding, quotable};

use super::{Case, finding};
use crate::{codes::Code, names::LikeName};

/// How many names are told that a name is like.
const MAX_ALIKE: usize = 3;

impl Case<'_> {
    /// Whether an agency of this federation whose word counts registers the issuer.
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
        let said = match self.badge.issuer_name.as_deref().and_then(quotable::name) {
            Some(name) => format!("the name “{name}” is only what the file says"),
            None => "the file names no issuer".to_owned(),
        };
        let what = format!("{how}, and no agency of this federation registers it; {said}");
        finding(Code::IssuerUnregistered, what)
    }

    /// That the name in the file is like others' names, if nobody here knows who signed.
    pub(super) fn resembling(&self) -> Option<Finding> {
        let real = self.evidence.like_names.iter().map(|one| self.like_name_in_words(one));
        let real: Vec<String> = real.take(MAX_ALIKE).collect();
        let claimed = self.badge.issuer_name.as_deref().and_then(quotable::name)?;
        let what = format!(
            "the name “{claimed}” in the file is like that of {}",
            real.join(", and of ")
        );
        (!real.is_empty()).then(|| {
            finding(
                Code::IssuerNameResembles,
                format!("{what}; nothing shows that they signed it"),
            )
        })
    }

    /// `“Palmetto Educator Institute”, an issuer of South Carolina`
    pub(in crate::judge) fn like_name_in_words(&self, like: &LikeName) -> String {
        let name = quotable::name(&like.name).unwrap_or_else(|| like.agency.to_string());
        match like.is_agency {
            true => format!("“{name}”, an agency of this federation ({})", like.agency),
            false => format!("“{name}”, an issuer of {}", self.name(&like.agency)),
        }
    }
}
