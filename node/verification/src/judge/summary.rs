//! The parts of the file that the answer repeats: names and identifiers, fit to be shown by whoever reads the answer.

use registry_schema::{
    IssuerStanding, quotable,
    verdict::{CredentialSummary, IssuerSummary, SubjectSummary},
};

use super::JudgeContext;
use crate::home;

impl JudgeContext<'_> {
    /// The badge as the file has it. Where no agency registers whoever signed, pictures and signs are left out of its texts: a
    /// tick that a stranger writes is the stranger's.
    pub(super) fn credential(&self, standing: IssuerStanding) -> CredentialSummary {
        let badge = self.badge;
        let text = |text: &Option<String>| {
            let text = text.as_deref()?;
            let shown = match standing {
                IssuerStanding::Registered => quotable::plain(text.to_owned()),
                IssuerStanding::Unregistered => quotable::unadorned(text),
            };
            Some(shown).filter(|shown| !shown.trim().is_empty())
        };
        CredentialSummary {
            id: badge.id.clone().map(quotable::identifier),
            code: self.evidence.code,
            name: text(&badge.achievement_name),
            subject: Some(SubjectSummary {
                name: text(&badge.subject_name),
                identity_checked: false,
            }),
            valid_from: badge.valid_from,
            valid_until: badge.valid_until,
        }
    }

    /// The issuer: its name as an agency lists it, or else as the file says.
    pub(super) fn issuer_summary(&self, standing: IssuerStanding) -> IssuerSummary {
        let listed = home::entry(self.evidence, &self.homes, &self.badge.issuer_id);
        let registered = listed.map(|listed| quotable::plain(listed.name.clone()));
        IssuerSummary {
            id: quotable::identifier(self.badge.issuer_id.clone()),
            name: registered.or_else(|| self.claimed_name()),
            agency: listed.map(|issuer| issuer.agency.clone()),
            standing,
        }
    }

    /// The name that the file gives its issuer, as it may be shown; none, if nothing of it is a name.
    pub(super) fn claimed_name(&self) -> Option<String> {
        self.badge.issuer_name.as_deref().and_then(quotable::claimed)
    }
}
